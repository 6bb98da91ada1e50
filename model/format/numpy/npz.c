#include "model/format/numpy/npz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/arena.h"
#include "model/format/numpy/crc32.h"

/* Sizes of the fixed parts and their signatures (APPNOTE 4.3.7, 4.3.12, 4.3.14 to 4.3.16). */
enum { LOCAL_SIZE = 30, CENTRAL_SIZE = 46, END_SIZE = 22, COMMENT_MAX = 65535 };
enum { END64_SIZE = 56, LOCATOR64_SIZE = 20, ZIP64_ID = 1 };
enum { LOCAL_MAGIC = 0x04034b50, CENTRAL_MAGIC = 0x02014b50, END_MAGIC = 0x06054b50 };
enum { END64_MAGIC = 0x06064b50, LOCATOR64_MAGIC = 0x07064b50 };

struct entry {
    const char *name;
    const unsigned char *bytes;
    uint64_t offset, size;
    uint32_t crc;
};

struct npz {
    struct mapping *mapping;
    const unsigned char *bytes; /* of the mapping, which the graph may have taken over */
    size_t file_size;
    struct arena arena;
    const char *path;
    struct entry *entries;
    size_t count;
    size_t *by_name; /* indices of entries, sorted */
};

static uint32_t get16(const unsigned char *at)
{
    return at[0] | (uint32_t)at[1] << 8;
}

static uint32_t get32(const unsigned char *at)
{
    return get16(at) | get16(at + 2) << 16;
}

static uint64_t get64(const unsigned char *at)
{
    return get32(at) | (uint64_t)get32(at + 4) << 32;
}

static enum status fail(const struct npz *npz, struct error *error, const char *what)
{
    return error_set(error, STATUS_DATA, "%s: is not a usable .npz archive: %s", npz->path, what);
}

/* ---- the directory ---- */

/* Where the central directory stands. */
struct directory {
    uint64_t count, size, offset, limit; /* it must end before `limit` */
};

/* The end record stands last but for a comment. */
static const unsigned char *find_end(const struct npz *npz)
{
    for (size_t back = END_SIZE; back <= npz->file_size && back <= END_SIZE + COMMENT_MAX; back++) {
        const unsigned char *at = npz->bytes + npz->file_size - back;
        if (get32(at) == END_MAGIC && get16(at + 20) == back - END_SIZE)
            return at;
    }
    return NULL;
}

/* Archives above 4 GB or 65,534 entries have a second end record, found through its locator. */
static enum status read_end64(const struct npz *npz, struct directory *directory,
                              struct error *error)
{
    const unsigned char *locator, *end;
    uint64_t offset;

    if (directory->limit < LOCATOR64_SIZE + END64_SIZE)
        return fail(npz, error, "its zip64 directory is missing");
    locator = npz->bytes + directory->limit - LOCATOR64_SIZE;
    offset = get64(locator + 8);
    if (get32(locator) != LOCATOR64_MAGIC ||
        offset > directory->limit - LOCATOR64_SIZE - END64_SIZE)
        return fail(npz, error, "its zip64 directory is missing");
    end = npz->bytes + offset;
    if (get32(end) != END64_MAGIC)
        return fail(npz, error, "its zip64 directory is missing");
    directory->count = get64(end + 32);
    directory->size = get64(end + 40);
    directory->offset = get64(end + 48);
    directory->limit = offset;
    return STATUS_OK;
}

static enum status find_directory(const struct npz *npz, struct directory *directory,
                                  struct error *error)
{
    const unsigned char *end = find_end(npz);
    enum status status = STATUS_OK;

    if (!end)
        return fail(npz, error, "it has no directory; is it cut?");
    *directory = (struct directory){.count = get16(end + 10),
                                    .size = get32(end + 12),
                                    .offset = get32(end + 16),
                                    .limit = (uint64_t)(end - npz->bytes)};
    if (directory->count == UINT16_MAX || directory->size == UINT32_MAX ||
        directory->offset == UINT32_MAX)
        status = read_end64(npz, directory, error);
    if (status)
        return status;
    if (directory->offset > directory->limit ||
        directory->size > directory->limit - directory->offset)
        return fail(npz, error, "its directory points nowhere");
    if (directory->count > directory->size / CENTRAL_SIZE)
        return fail(npz, error, "its directory is shorter than the number of its entries");
    return STATUS_OK;
}

/* ---- entries ---- */

/* Replaces those numbers of a directory entry that did not fit (APPNOTE 4.5.3): in this order, and
 * only those, they stand in the extra field. */
static enum status read_zip64(const struct npz *npz, const unsigned char *extra, size_t extra_size,
                              uint64_t *numbers[], size_t count, struct error *error)
{
    while (extra_size >= 4) {
        size_t size = get16(extra + 2);
        if (size > extra_size - 4)
            break;
        if (get16(extra) == ZIP64_ID) {
            for (size_t i = 0; i < count; i++) {
                if (*numbers[i] != UINT32_MAX)
                    continue;
                if (size < 8)
                    return fail(npz, error, "a zip64 size is missing");
                *numbers[i] = get64(extra + 4);
                extra += 8;
                size -= 8;
            }
            return STATUS_OK;
        }
        extra += 4 + size;
        extra_size -= 4 + size;
    }
    return STATUS_OK;
}

static enum status check_local(const struct npz *npz, struct entry *entry,
                               const unsigned char *central, struct error *error)
{
    const unsigned char *local = npz->bytes + entry->offset;
    uint64_t start, name_size = get16(central + 28);

    if (entry->offset > npz->file_size || npz->file_size - entry->offset < LOCAL_SIZE ||
        get32(local) != LOCAL_MAGIC)
        return fail(npz, error, "its directory points nowhere");
    start = entry->offset + LOCAL_SIZE + get16(local + 26) + get16(local + 28);
    if (start > npz->file_size || entry->size > npz->file_size - start)
        return fail(npz, error, "an entry passes the end of the file");
    if (get16(local + 8) != 0 || get16(local + 26) != name_size ||
        memcmp(local + LOCAL_SIZE, central + CENTRAL_SIZE, name_size) != 0)
        return fail(npz, error, "its directory and an entry contradict each other");
    entry->bytes = npz->bytes + start;
    return STATUS_OK;
}

/* Finds the entry's bytes behind its local header. */
static enum status locate(const struct npz *npz, struct entry *entry, const unsigned char *central,
                          struct error *error)
{
    uint64_t stored = get32(central + 20);
    uint64_t *numbers[] = {&entry->size, &stored, &entry->offset};
    enum status status;

    entry->crc = get32(central + 16);
    entry->size = get32(central + 24);
    entry->offset = get32(central + 42);
    if (get16(central + 8) & 1)
        return fail(npz, error, "it is encrypted");
    if (get16(central + 10) != 0)
        return error_set(error, STATUS_UNSUPPORTED,
                         "%s: '%s' is compressed: saved with numpy.savez_compressed(); save it "
                         "with numpy.savez()",
                         npz->path, entry->name);
    status = read_zip64(npz, central + CENTRAL_SIZE + get16(central + 28), get16(central + 30),
                        numbers, sizeof numbers / sizeof *numbers, error);
    if (status)
        return status;
    if (stored != entry->size)
        return fail(npz, error, "a stored entry has two sizes");
    return check_local(npz, entry, central, error);
}

static enum status read_entry(struct npz *npz, const unsigned char *at, uint64_t room,
                              uint64_t *size, struct error *error)
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

/* ---- order ---- */

static int compare_offsets(const void *left, const void *right, void *context)
{
    const struct entry *entries = context, *a = &entries[*(const size_t *)left],
                       *b = &entries[*(const size_t *)right];
    return (a->offset > b->offset) - (a->offset < b->offset);
}

static int compare_names(const void *left, const void *right, void *context)
{
    const struct entry *entries = context;
    return strcmp(entries[*(const size_t *)left].name, entries[*(const size_t *)right].name);
}

/* No bytes may be counted twice, or a small file would hold any amount of data. */
static enum status check_overlap(struct npz *npz, struct error *error)
{
    qsort_r(npz->by_name, npz->count, sizeof *npz->by_name, compare_offsets, npz->entries);
    for (size_t i = 1; i < npz->count; i++) {
        const struct entry *before = &npz->entries[npz->by_name[i - 1]],
                           *entry = &npz->entries[npz->by_name[i]];
        uint64_t end = (uint64_t)(before->bytes - npz->bytes) + before->size;
        if (entry->offset < end)
            return error_set(error, STATUS_DATA,
                             "%s: is not a usable .npz archive: '%s' and '%s' overlap", npz->path,
                             before->name, entry->name);
    }
    return STATUS_OK;
}

static enum status sort_names(struct npz *npz, struct error *error)
{
    qsort_r(npz->by_name, npz->count, sizeof *npz->by_name, compare_names, npz->entries);
    for (size_t i = 1; i < npz->count; i++) {
        if (!compare_names(&npz->by_name[i - 1], &npz->by_name[i], npz->entries))
            return error_set(error, STATUS_DATA,
                             "%s: is not a usable .npz archive: it holds '%s' twice", npz->path,
                             npz->entries[npz->by_name[i]].name);
    }
    return STATUS_OK;
}

static enum status read_directory(struct npz *npz, struct error *error)
{
    struct directory directory = {.count = 0};
    const unsigned char *at;
    enum status status = find_directory(npz, &directory, error);
    uint64_t used = 0;

    if (status)
        return status;
    npz->entries = arena_alloc(&npz->arena, directory.count, sizeof *npz->entries);
    npz->by_name = arena_alloc(&npz->arena, directory.count, sizeof *npz->by_name);
    if (!npz->entries || !npz->by_name)
        return arena_fail(&npz->arena, error);
    at = npz->bytes + directory.offset;
    for (uint64_t i = 0; i < directory.count && !status; i++) {
        npz->by_name[i] = i;
        status = read_entry(npz, at, directory.size, &used, error);
        if (!status) {
            at += used;
            directory.size -= used;
        }
    }
    if (!status)
        status = check_overlap(npz, error);
    return status ? status : sort_names(npz, error);
}

enum status npz_open(const char *path, struct npz **out, struct error *error)
{
    struct npz *npz = calloc(1, sizeof *npz);
    enum status status;

    *out = NULL;
    if (!npz)
        return error_set(error, STATUS_MEMORY, "%s: out of memory", path);
    status = mapping_open(path, &npz->mapping, error);
    if (!status) {
        npz->bytes = npz->mapping->bytes;
        npz->file_size = npz->mapping->size;
        /* A directory entry of 46 bytes becomes an entry, its name and its place in the order. */
        arena_init(&npz->arena, 4 * npz->file_size + 4096);
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

struct mapping **npz_mapping(struct npz *npz)
{
    return &npz->mapping;
}

size_t npz_count(const struct npz *npz)
{
    return npz->count;
}

const char *npz_name(const struct npz *npz, size_t index)
{
    return npz->entries[index].name;
}

int64_t npz_index(const struct npz *npz, const char *name)
{
    size_t low = 0, high = npz->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2, index = npz->by_name[middle];
        int order = strcmp(npz->entries[index].name, name);
        if (!order)
            return (int64_t)index;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return -1;
}

enum { LABEL_SIZE = 512 };

static enum status check_sum(const struct npz *npz, const struct entry *entry,
                             char label[LABEL_SIZE], struct error *error)
{
    snprintf(label, LABEL_SIZE, "%s: %s", npz->path, entry->name);
    if (crc32_update(0, entry->bytes, entry->size) != entry->crc)
        return error_set(error, STATUS_DATA, "%s: its checksum is wrong; the file is damaged",
                         label);
    return STATUS_OK;
}

enum status npz_find(const struct npz *npz, const char *name, struct npy_array *out,
                     struct error *error)
{
    int64_t index = npz_index(npz, name);
    const struct entry *entry = index < 0 ? NULL : &npz->entries[index];
    char label[LABEL_SIZE];
    enum status status;

    *out = (struct npy_array){.dims = 0};
    if (!entry)
        return error_set(error, STATUS_DATA, "%s: holds no array called '%s'", npz->path, name);
    status = check_sum(npz, entry, label, error);
    return status ? status : npy_parse(label, entry->bytes, entry->size, out, error);
}

enum status npz_look(const struct npz *npz, size_t index, struct npy_view *out, struct error *error)
{
    const struct entry *entry = &npz->entries[index];
    char label[LABEL_SIZE];
    enum status status = check_sum(npz, entry, label, error);

    return status ? status : npy_look(label, entry->bytes, entry->size, out, error);
}
