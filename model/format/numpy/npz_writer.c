/* Writing of .npz archives. */
#include "model/format/numpy/npz.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/buf.h"
#include "model/format/numpy/crc32.h"
#include "model/format/output.h"

enum { LOCAL_SIZE = 30, LOCAL_CRC = 14, CENTRAL_SIZE = 46, END_SIZE = 22 };
enum { NAME_MAX_SIZE = 4096, ENTRIES_MAX = 65534, DIRECTORY_MAX = 64 << 20 };

/* The extra field that fills up a local header: id, size, alignment, zeros. */
enum { ALIGNMENT = 64, EXTRA_ID = 0xD935, EXTRA_MIN = 6 };

enum { NAME_IS_UTF8 = 1 << 11 }; /* general purpose flag, APPNOTE 4.4.4 */

struct npz_writer {
    char *path, *temporary; /* temporary: NULL when it is written to `path` itself */
    struct output *output;
    size_t count;
    struct buf directory; /* the central directory so far */
};

static void put16(unsigned char *at, uint64_t value)
{
    at[0] = (unsigned char)value;
    at[1] = (unsigned char)(value >> 8);
}

static void put32(unsigned char *at, uint64_t value)
{
    put16(at, value);
    put16(at + 2, value >> 16);
}

void npz_write_cancel(struct npz_writer *writer)
{
    if (!writer)
        return;
    output_discard(writer->output);
    buf_free(&writer->directory);
    free(writer->temporary);
    free(writer->path);
    free(writer);
}

static enum status begin(const char *path, bool temporary, struct npz_writer **out,
                         struct error *error)
{
    struct npz_writer *writer = calloc(1, sizeof *writer);
    enum status status = STATUS_OK;

    *out = NULL;
    if (!writer)
        return error_set(error, STATUS_MEMORY, "%s: out of memory", path);
    buf_init(&writer->directory, DIRECTORY_MAX);
    writer->path = strdup(path);
    if (!writer->path ||
        (temporary && asprintf(&writer->temporary, "%s.%ld.tmp", path, (long)getpid()) < 0)) {
        writer->temporary = NULL;
        status = error_set(error, STATUS_MEMORY, "%s: out of memory", path);
    } else {
        /* One left behind by an earlier process of this number. */
        if (temporary)
            unlink(writer->temporary);
        status = output_create(temporary ? writer->temporary : path, &writer->output, error);
        if (status == STATUS_IO)
            error_set(error, status, "%s: cannot be created: %s", path, strerror(errno));
    }
    if (status)
        npz_write_cancel(writer);
    else
        *out = writer;
    return status;
}

enum status npz_write_begin(const char *path, struct npz_writer **out, struct error *error)
{
    return begin(path, true, out, error);
}

enum status npz_write_create(const char *path, struct npz_writer **out, struct error *error)
{
    return begin(path, false, out, error);
}

static bool has_name(const struct npz_writer *writer, const char *name, size_t size)
{
    const unsigned char *at = (const unsigned char *)writer->directory.data;

    for (size_t i = 0; i < writer->count; i++) {
        size_t length = at[28] | (size_t)at[29] << 8;
        if (length == size && !memcmp(at + CENTRAL_SIZE, name, size))
            return true;
        at += CENTRAL_SIZE + length;
    }
    return false;
}

/* An array on its way into the archive. */
struct entry {
    char name[NAME_MAX_SIZE + 8], header[NPY_HEADER_MAX];
    size_t name_size, header_size;
    uint64_t offset, size;
    uint32_t crc;
};

/* Fills the fields that local header and directory share, from "version needed" on (APPNOTE 4.4).
 * The date is zip's first day, 1980-01-01: equal content gives equal files. */
static void put_entry(unsigned char *at, const struct entry *entry)
{
    bool ascii = true;

    for (size_t i = 0; i < entry->name_size; i++)
        ascii = ascii && !((unsigned char)entry->name[i] & 0x80);
    put16(at, 20); /* version needed: 2.0 */
    put16(at + 2, ascii ? 0 : NAME_IS_UTF8);
    put16(at + 8, 0x0021); /* date */
    put32(at + 10, entry->crc);
    put32(at + 14, entry->size);
    put32(at + 18, entry->size);
    put16(at + 22, entry->name_size);
}

static enum status add_to_directory(struct npz_writer *writer, const struct entry *entry)
{
    unsigned char central[CENTRAL_SIZE] = {'P', 'K', 1, 2};
    enum status status;

    put16(central + 4, 20);
    put_entry(central + 6, entry);
    put32(central + 42, entry->offset);
    status = buf_append(&writer->directory, central, sizeof central);
    return status ? status : buf_append(&writer->directory, entry->name, entry->name_size);
}

static enum status check_entry(const struct npz_writer *writer, const struct entry *entry,
                               struct error *error)
{
    if (writer->count == ENTRIES_MAX)
        return error_set(error, STATUS_LIMIT, "%s: more than %d arrays", writer->path, ENTRIES_MAX);
    if (entry->offset + entry->size + LOCAL_SIZE + entry->name_size + EXTRA_MIN + ALIGNMENT >
        UINT32_MAX)
        return error_set(error, STATUS_LIMIT, "%s: would pass 4 GB, the limit of plain zip files",
                         writer->path);
    if (has_name(writer, entry->name, entry->name_size))
        return error_set(error, STATUS_DATA, "%s: two arrays would be called '%.*s'", writer->path,
                         (int)entry->name_size - 4, entry->name);
    return STATUS_OK;
}

static enum status prepare(const struct npz_writer *writer, const char *name,
                           const struct weight *weight, struct entry *entry, struct error *error)
{
    size_t size = strlen(name);

    entry->header_size = npy_header(weight->shape.dims, weight->shape.dim, entry->header);
    if (!entry->header_size || size > NAME_MAX_SIZE)
        return error_set(error, STATUS_LIMIT,
                         "%s: array '%.100s' has too many dimensions or too long a name",
                         writer->path, name);
    entry->name_size = (size_t)snprintf(entry->name, sizeof entry->name, "%s.npy", name);
    entry->offset = output_size(writer->output);
    entry->size = entry->header_size + (uint64_t)weight->count * sizeof(float);
    return check_entry(writer, entry, error);
}

/* Its sum is known, and put in, once the numbers have passed. */
static void write_local(const struct npz_writer *writer, const struct entry *entry)
{
    unsigned char local[LOCAL_SIZE] = {'P', 'K', 3, 4}, extra[EXTRA_MIN + ALIGNMENT] = {0};
    uint64_t end = entry->offset + LOCAL_SIZE + entry->name_size + EXTRA_MIN;
    size_t extra_size = EXTRA_MIN + (size_t)(-end % ALIGNMENT);

    put_entry(local + 4, entry);
    put16(local + 28, extra_size);
    put16(extra, EXTRA_ID);
    put16(extra + 2, extra_size - 4);
    put16(extra + 4, ALIGNMENT);
    output_write(writer->output, local, sizeof local);
    output_write(writer->output, entry->name, entry->name_size);
    output_write(writer->output, extra, extra_size);
}

enum status npz_write_weight(struct npz_writer *writer, const char *name,
                             const struct weight *weight, struct error *error)
{
    struct entry entry = {.size = 0};
    enum status status = prepare(writer, name, weight, &entry, error);
    unsigned char crc[4];

    if (status)
        return status;
    write_local(writer, &entry);
    output_write(writer->output, entry.header, entry.header_size);
    entry.crc = crc32_shift(crc32_update(0, entry.header, entry.header_size),
                            weight->count * sizeof(float));
    entry.crc ^= output_weight_crc(writer->output, weight);
    put32(crc, entry.crc);
    output_replace(writer->output, entry.offset + LOCAL_CRC, crc, sizeof crc);
    if (add_to_directory(writer, &entry))
        return error_set(error, STATUS_MEMORY, "%s: out of memory", writer->path);
    writer->count++;
    return STATUS_OK;
}

enum status npz_write_add(struct npz_writer *writer, const char *name, unsigned dims,
                          const int64_t *shape, const float *data, struct error *error)
{
    struct shape extents = {.dims = dims};
    struct weight weight;
    size_t count = 1;

    if (dims > SHAPE_MAX_DIMS)
        return error_set(error, STATUS_LIMIT, "%s: array '%.100s' has too many dimensions",
                         writer->path, name);
    for (unsigned i = 0; i < dims; i++) {
        if (shape[i] < 0 || __builtin_mul_overflow(count, (size_t)shape[i], &count) ||
            count > UINT32_MAX)
            return error_set(error, STATUS_LIMIT, "%s: array '%.100s' is too large", writer->path,
                             name);
        extents.dim[i] = shape[i];
    }
    weight = weight_make(&extents, data);
    return npz_write_weight(writer, name, &weight, error);
}

static void write_end(struct npz_writer *writer)
{
    unsigned char end[END_SIZE] = {'P', 'K', 5, 6};

    put16(end + 8, writer->count);
    put16(end + 10, writer->count);
    put32(end + 12, writer->directory.size);
    put32(end + 16, output_size(writer->output));
    output_write(writer->output, writer->directory.data, writer->directory.size);
    output_write(writer->output, end, sizeof end);
}

enum status npz_write_finish(struct npz_writer *writer, struct error *error)
{
    enum status status;

    write_end(writer);
    if (writer->temporary)
        output_sync(writer->output);
    status = output_close(writer->output, error);
    writer->output = NULL;
    if (!status && writer->temporary && rename(writer->temporary, writer->path)) {
        status = error_set(error, STATUS_IO, "%s: %s", writer->path, strerror(errno));
        unlink(writer->temporary);
    }
    npz_write_cancel(writer);
    return status;
}
