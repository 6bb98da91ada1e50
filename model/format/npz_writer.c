/* Writing of .npz archives. */
#include "model/format/npz.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/buf.h"
#include "model/format/crc32.h"

enum { LOCAL_SIZE = 30, CENTRAL_SIZE = 46, END_SIZE = 22 };
enum { NAME_MAX_SIZE = 4096, ENTRIES_MAX = 65534, ATTEMPTS_MAX = 100, DIRECTORY_MAX = 64 << 20 };

struct npz_writer {
    char *path, *temporary;
    FILE *file;
    uint64_t offset;
    size_t count;
    struct buf directory; /* the central directory so far */
};

static enum status fail_io(const struct npz_writer *writer, struct error *error)
{
    return error_set(error, errno == ENOSPC || errno == EDQUOT ? STATUS_FULL : STATUS_IO, "%s: %s",
                     writer->path, strerror(errno));
}

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
    if (writer->file) {
        fclose(writer->file);
        unlink(writer->temporary);
    }
    buf_free(&writer->directory);
    free(writer->temporary);
    free(writer->path);
    free(writer);
}

/* Makes "PATH.PID-N.tmp" with the permissions that a file at `path` would get. */
static FILE *open_temporary(const char *path, char **name)
{
    int file = -1;
    FILE *stream;

    for (int attempt = 0; file < 0 && attempt < ATTEMPTS_MAX; attempt++) {
        free(*name);
        if (asprintf(name, "%s.%ld-%d.tmp", path, (long)getpid(), attempt) < 0) {
            *name = NULL;
            return NULL;
        }
        file = open(*name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (file < 0 && errno != EEXIST)
            return NULL;
    }
    stream = file < 0 ? NULL : fdopen(file, "wb");
    if (!stream && file >= 0) {
        close(file);
        unlink(*name);
    }
    return stream;
}

enum status npz_write_begin(const char *path, struct npz_writer **out, struct error *error)
{
    struct npz_writer *writer = calloc(1, sizeof *writer);
    enum status status = STATUS_OK;

    *out = NULL;
    if (!writer)
        return error_set(error, STATUS_MEMORY, "%s: out of memory", path);
    buf_init(&writer->directory, DIRECTORY_MAX);
    writer->path = strdup(path);
    if (!writer->path) {
        status = error_set(error, STATUS_MEMORY, "%s: out of memory", path);
    } else {
        writer->file = open_temporary(path, &writer->temporary);
        if (!writer->file)
            status = fail_io(writer, error);
    }
    if (status)
        npz_write_cancel(writer);
    else
        *out = writer;
    return status;
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

/* Fills the fields that local header and directory share, from "version needed" on (APPNOTE 4.4).
 * The date is zip's first day, 1980-01-01: equal content gives equal files. */
static void put_entry(unsigned char *at, uint32_t crc, uint64_t size, size_t name_size)
{
    put16(at, 20);         /* version needed: 2.0 */
    put16(at + 8, 0x0021); /* date */
    put32(at + 10, crc);
    put32(at + 14, size);
    put32(at + 18, size);
    put16(at + 22, name_size);
}

static enum status add_to_directory(struct npz_writer *writer, const char *name, size_t name_size,
                                    uint32_t crc, uint64_t size)
{
    unsigned char central[CENTRAL_SIZE] = {'P', 'K', 1, 2};
    enum status status;

    put16(central + 4, 20);
    put_entry(central + 6, crc, size, name_size);
    put32(central + 42, writer->offset);
    status = buf_append(&writer->directory, central, sizeof central);
    return status ? status : buf_append(&writer->directory, name, name_size);
}

static bool write_all(struct npz_writer *writer, const void *bytes, size_t size)
{
    return fwrite(bytes, 1, size, writer->file) == size;
}

static enum status check_entry(const struct npz_writer *writer, const char *name, size_t name_size,
                               uint64_t size, struct error *error)
{
    if (name_size > NAME_MAX_SIZE || writer->count == ENTRIES_MAX)
        return error_set(error, STATUS_LIMIT, "%s: too many or too long names for an .npz",
                         writer->path);
    if (writer->offset + size + LOCAL_SIZE + name_size > UINT32_MAX)
        return error_set(error, STATUS_LIMIT, "%s: would pass 4 GB, the limit of plain zip files",
                         writer->path);
    if (has_name(writer, name, name_size))
        return error_set(error, STATUS_DATA, "%s: two arrays would be called '%s'", writer->path,
                         name);
    return STATUS_OK;
}

enum status npz_write_add(struct npz_writer *writer, const char *name, unsigned dims,
                          const int64_t *shape, const float *data, struct error *error)
{
    unsigned char local[LOCAL_SIZE] = {'P', 'K', 3, 4};
    char header[NPY_HEADER_MAX], entry[NAME_MAX_SIZE + 8];
    size_t header_size = npy_header(dims, shape, header), count = 1, name_size;
    enum status status;
    uint64_t size;
    uint32_t crc;

    if (!header_size || strlen(name) > NAME_MAX_SIZE - 4)
        return error_set(error, STATUS_LIMIT,
                         "%s: array '%.100s' has too many dimensions or too "
                         "long a name",
                         writer->path, name);
    for (unsigned i = 0; i < dims; i++) {
        if (shape[i] < 0 || __builtin_mul_overflow(count, (size_t)shape[i], &count))
            return error_set(error, STATUS_LIMIT, "%s: array '%s' is too large", writer->path,
                             name);
    }
    name_size = (size_t)snprintf(entry, sizeof entry, "%s.npy", name);
    if (__builtin_mul_overflow(count, sizeof *data, &size) ||
        __builtin_add_overflow(size, header_size, &size) || size > UINT32_MAX)
        size = UINT32_MAX;
    status = check_entry(writer, entry, name_size, size, error);
    if (status)
        return status;
    crc = crc32_update(crc32_update(0, header, header_size), data, count * sizeof *data);
    put_entry(local + 4, crc, size, name_size);
    if (add_to_directory(writer, entry, name_size, crc, size))
        return error_set(error, STATUS_MEMORY, "%s: out of memory", writer->path);
    writer->count++;
    if (!write_all(writer, local, sizeof local) || !write_all(writer, entry, name_size) ||
        !write_all(writer, header, header_size) || !write_all(writer, data, count * sizeof *data))
        return fail_io(writer, error);
    writer->offset += LOCAL_SIZE + name_size + size;
    return STATUS_OK;
}

static bool write_end(struct npz_writer *writer)
{
    unsigned char end[END_SIZE] = {'P', 'K', 5, 6};

    put16(end + 8, writer->count);
    put16(end + 10, writer->count);
    put32(end + 12, writer->directory.size);
    put32(end + 16, writer->offset);
    return (!writer->directory.size ||
            write_all(writer, writer->directory.data, writer->directory.size)) &&
           write_all(writer, end, sizeof end);
}

enum status npz_write_finish(struct npz_writer *writer, struct error *error)
{
    enum status status = STATUS_OK;

    if (!write_end(writer) || fflush(writer->file) || fsync(fileno(writer->file))) {
        status = fail_io(writer, error);
    } else if (rename(writer->temporary, writer->path)) {
        status = fail_io(writer, error);
    } else {
        fclose(writer->file);
        writer->file = NULL;
    }
    npz_write_cancel(writer);
    return status;
}
