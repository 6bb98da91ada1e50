#include "model/format/npz.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/arena.h"
#include "model/format/crc32.h"
#include "model/format/mapping.h"

/* Sizes of the fixed parts and their signatures (APPNOTE 4.3.7, 4.3.12, 4.3.16). */
enum { LOCAL_SIZE = 30, CENTRAL_SIZE = 46, END_SIZE = 22, COMMENT_MAX = 65535 };
enum { LOCAL_MAGIC = 0x04034b50, CENTRAL_MAGIC = 0x02014b50, END_MAGIC = 0x06054b50 };
enum { MEMORY_MAX = 64 << 20 };

struct entry {
    const char *name;
    const unsigned char *bytes;
    size_t size;
    uint32_t crc;
};

struct npz {
    struct mapping *mapping;
    struct arena arena;
    const char *path;
    struct entry *entries;
    size_t count;
};

static uint32_t get16(const unsigned char *at)
{
    return at[0] | (uint32_t)at[1] << 8;
}

static uint32_t get32(const unsigned char *at)
{
    return get16(at) | get16(at + 2) << 16;
}

static enum status fail(const struct npz *npz, struct error *error, const char *what)
{
    return error_set(error, STATUS_DATA, "%s: is not a usable .npz archive: %s", npz->path, what);
}

/* The end record stands last but for a comment. */
static const unsigned char *find_end(const struct mapping *mapping)
{
    for (size_t back = END_SIZE; back <= mapping->size && back <= END_SIZE + COMMENT_MAX; back++) {
        const unsigned char *at = mapping->bytes + mapping->size - back;
        if (get32(at) == END_MAGIC && get16(at + 20) == back - END_SIZE)
            return at;
    }
    return NULL;
}

/* Finds the entry's bytes behind its local header. */
static enum status locate(const struct npz *npz, struct entry *entry, const unsigned char *central,
                          struct error *error)
{
    const struct mapping *mapping = npz->mapping;
    size_t offset = get32(central + 42), start;

    entry->crc = get32(central + 16);
    entry->size = get32(central + 20);
    if (get16(central + 8) & 1)
        return fail(npz, error, "it is encrypted");
    if (get16(central + 10) != 0)
        return error_set(error, STATUS_UNSUPPORTED,
                         "%s: '%s' is compressed; save with numpy.savez(), not savez_compressed()",
                         npz->path, entry->name);
    if (entry->size == UINT32_MAX || offset == UINT32_MAX)
        return error_set(error, STATUS_UNSUPPORTED, "%s: '%s' is larger than 4 GB", npz->path,
                         entry->name);
    if (offset > mapping->size || mapping->size - offset < LOCAL_SIZE ||
        get32(mapping->bytes + offset) != LOCAL_MAGIC)
        return fail(npz, error, "its directory points nowhere");
    start = offset + LOCAL_SIZE + get16(mapping->bytes + offset + 26) +
            get16(mapping->bytes + offset + 28);
    if (start > mapping->size || entry->size > mapping->size - start ||
        get32(central + 24) != entry->size)
        return fail(npz, error, "an entry passes the end of the file");
    entry->bytes = mapping->bytes + start;
    return STATUS_OK;
}

static enum status read_entry(struct npz *npz, const unsigned char *at, size_t room, size_t *size,
                              struct error *error)
{
    struct entry *entry = &npz->entries[npz->count];
    size_t name_size;

    if (room < CENTRAL_SIZE || get32(at) != CENTRAL_MAGIC)
        return fail(npz, error, "its directory is damaged");
    name_size = get16(at + 28);
    *size = CENTRAL_SIZE + name_size + get16(at + 30) + get16(at + 32);
    if (room < *size)
        return fail(npz, error, "its directory is damaged");
    if (memchr(at + CENTRAL_SIZE, '\0', name_size))
        return fail(npz, error, "a name holds a zero byte");
    if (name_size >= 4 && !memcmp(at + CENTRAL_SIZE + name_size - 4, ".npy", 4))
        name_size -= 4;
    entry->name = arena_text(&npz->arena, (const char *)at + CENTRAL_SIZE, name_size);
    if (!entry->name)
        return arena_fail(&npz->arena, error);
    npz->count++;
    return locate(npz, entry, at, error);
}

static enum status read_directory(struct npz *npz, struct error *error)
{
    const unsigned char *end = find_end(npz->mapping), *at;
    enum status status = STATUS_OK;
    size_t count, offset, size, used = 0;

    if (!end)
        return fail(npz, error, "it has no directory; is it cut?");
    count = get16(end + 10);
    size = get32(end + 12);
    offset = get32(end + 16);
    if (offset > (size_t)(end - npz->mapping->bytes) ||
        size > (size_t)(end - npz->mapping->bytes) - offset)
        return fail(npz, error, "its directory points nowhere");
    npz->entries = arena_alloc(&npz->arena, count, sizeof *npz->entries);
    if (!npz->entries)
        return arena_fail(&npz->arena, error);
    at = npz->mapping->bytes + offset;
    for (size_t i = 0; i < count && !status; i++) {
        status = read_entry(npz, at, size, &used, error);
        if (!status) {
            at += used;
            size -= used;
        }
    }
    return status;
}

enum status npz_open(const char *path, struct npz **out, struct error *error)
{
    struct npz *npz = calloc(1, sizeof *npz);
    enum status status;

    *out = NULL;
    if (!npz)
        return error_set(error, STATUS_MEMORY, "%s: out of memory", path);
    arena_init(&npz->arena, MEMORY_MAX);
    status = mapping_open(path, &npz->mapping, error);
    if (!status) {
        npz->path = arena_text(&npz->arena, path, strlen(path));
        status = npz->path ? read_directory(npz, error) : arena_fail(&npz->arena, error);
    }
    if (status)
        npz_close(npz);
    else
        *out = npz;
    return status;
}

void npz_close(struct npz *npz)
{
    if (!npz)
        return;
    mapping_close(npz->mapping);
    arena_free(&npz->arena);
    free(npz);
}

size_t npz_count(const struct npz *npz)
{
    return npz->count;
}

const char *npz_name(const struct npz *npz, size_t index)
{
    return npz->entries[index].name;
}

enum status npz_find(const struct npz *npz, const char *name, struct npy_array *out,
                     struct error *error)
{
    char label[512];

    *out = (struct npy_array){.dims = 0};
    for (size_t i = 0; i < npz->count; i++) {
        const struct entry *entry = &npz->entries[i];
        if (strcmp(entry->name, name) != 0)
            continue;
        snprintf(label, sizeof label, "%s: %s", npz->path, name);
        if (crc32_update(0, entry->bytes, entry->size) != entry->crc)
            return error_set(error, STATUS_DATA, "%s: its checksum is wrong; the file is damaged",
                             label);
        return npy_parse(label, entry->bytes, entry->size, out, error);
    }
    return error_set(error, STATUS_DATA, "%s: holds no array called '%s'", npz->path, name);
}
