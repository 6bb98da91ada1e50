#include "model/format/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "model/format/numpy/crc32.h"
#include "model/weight_turn.h"

/* One write() takes no more than a part: for larger ones the kernel makes larger and larger pages
 * in its cache, and looking for those costs more than the copy. */
enum { BUFFER_SIZE = 1 << 20, PART_SIZE = 256 << 10, ROOM_ALIGN = 64 };

struct output {
    char *path;
    int fd;
    int problem; /* errno of the first failure */
    uint64_t size;
    size_t used;
    unsigned char *buffer;
    float *room; /* for turned weights; NULL before the first */
};

static void free_output(struct output *output)
{
    free(output->path);
    free(output->buffer);
    free(output->room);
    free(output);
}

enum status output_create(const char *path, struct output **out, struct error *error)
{
    struct output *output = calloc(1, sizeof *output);

    *out = NULL;
    if (output) {
        output->path = strdup(path);
        output->buffer = malloc(BUFFER_SIZE);
    }
    if (!output || !output->path || !output->buffer) {
        if (output)
            free_output(output);
        return error_set(error, STATUS_MEMORY, "%s: out of memory", path);
    }
    output->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (output->fd < 0) {
        enum status status =
            error_set(error, STATUS_IO, "%s: cannot be created: %s", path, strerror(errno));
        free_output(output);
        return status;
    }
    *out = output;
    return STATUS_OK;
}

/* Past `offset`; the parts of a turned weight do not come in order. */
static void write_at(struct output *output, uint64_t offset, const unsigned char *bytes,
                     size_t size)
{
    while (size && !output->problem) {
        size_t part = size < PART_SIZE ? size : PART_SIZE;
        ssize_t wrote = pwrite(output->fd, bytes, part, (off_t)offset);
        if (wrote < 0) {
            output->problem = errno == EINTR ? 0 : errno;
            continue;
        }
        bytes += wrote;
        offset += (uint64_t)wrote;
        size -= (size_t)wrote;
    }
}

static void flush(struct output *output)
{
    write_at(output, output->size - output->used, output->buffer, output->used);
    output->used = 0;
}

void output_write(struct output *output, const void *bytes, size_t size)
{
    if (size > BUFFER_SIZE - output->used)
        flush(output);
    if (size >= BUFFER_SIZE)
        write_at(output, output->size, bytes, size);
    else if (size) {
        memcpy(output->buffer + output->used, bytes, size);
        output->used += size;
    }
    output->size += size;
}

void output_replace(struct output *output, uint64_t offset, const void *bytes, size_t size)
{
    uint64_t written = output->size - output->used;

    if (offset < written && offset + size > written) {
        flush(output);
        written = output->size;
    }
    if (offset < written)
        write_at(output, offset, bytes, size);
    else
        memcpy(output->buffer + (offset - written), bytes, size);
}

/* ---- weights ---- */

/* A weight on its way out. */
struct passage {
    struct output *output;
    uint64_t offset; /* where it begins */
    size_t size;     /* of all of it, in bytes */
    uint32_t *crc;   /* NULL: not asked for */
};

/* The sum of a whole is the exclusive or of what its parts give at their places. */
static void add_to_sum(const struct passage *passage, size_t at, const void *bytes, size_t size)
{
    if (passage->crc)
        *passage->crc ^= crc32_shift(crc32_update(0, bytes, size), passage->size - at - size);
}

static void write_stretch(void *context, size_t first, const float *numbers, size_t count)
{
    struct passage *passage = context;
    size_t at = first * sizeof *numbers, size = count * sizeof *numbers;

    add_to_sum(passage, at, numbers, size);
    write_at(passage->output, passage->offset + at, (const unsigned char *)numbers, size);
}

static void write_turned(struct passage *passage, const struct weight *weight)
{
    struct output *output = passage->output;

    if (!output->room)
        output->room = aligned_alloc(ROOM_ALIGN, WEIGHT_TURN_ROOM * sizeof *output->room);
    flush(output);
    output->size += passage->size;
    if (output->room)
        weight_turn(weight, output->room, WEIGHT_TURN_ROOM, write_stretch, passage);
    else /* the output's own buffer comes from malloc and is aligned for floats */
        weight_turn(weight, (float *)(void *)output->buffer, BUFFER_SIZE / sizeof(float),
                    write_stretch, passage);
}

/* Summed and written part by part, so that memory is read once. */
static void write_contiguous(struct passage *passage, const unsigned char *bytes)
{
    for (size_t done = 0, part; done < passage->size; done += part) {
        part = passage->size - done < PART_SIZE ? passage->size - done : PART_SIZE;
        add_to_sum(passage, done, bytes + done, part);
        output_write(passage->output, bytes + done, part);
    }
}

/* Asks for the place of a large weight at once: that costs the file system less than page by page,
 * and a full one is found before anything is written. Not all of them can do it. */
static void reserve(struct output *output, size_t size)
{
    if (output->problem || size < BUFFER_SIZE)
        return;
    if (fallocate(output->fd, 0, (off_t)output->size, (off_t)size) && errno == ENOSPC)
        output->problem = ENOSPC;
}

static void write_weight(struct output *output, const struct weight *weight, uint32_t *crc)
{
    struct passage passage = {.output = output,
                              .offset = output->size,
                              .size = weight->count * sizeof(float),
                              .crc = crc};

    reserve(output, passage.size);
    if (!weight_is_contiguous(weight))
        write_turned(&passage, weight);
    else if (crc)
        write_contiguous(&passage, weight->bytes);
    else
        output_write(output, weight->bytes, passage.size);
}

void output_weight(struct output *output, const struct weight *weight)
{
    write_weight(output, weight, NULL);
}

uint32_t output_weight_crc(struct output *output, const struct weight *weight)
{
    uint32_t crc = 0;

    write_weight(output, weight, &crc);
    return crc;
}

void output_sync(struct output *output)
{
    flush(output);
    if (!output->problem && fsync(output->fd))
        output->problem = errno;
}

uint64_t output_size(const struct output *output)
{
    return output->size;
}

enum status output_close(struct output *output, struct error *error)
{
    enum status status = STATUS_OK;

    if (!output)
        return STATUS_OK;
    flush(output);
    if (close(output->fd) && !output->problem)
        output->problem = errno;
    if (output->problem) {
        status = error_set(error, output->problem == ENOSPC ? STATUS_FULL : STATUS_IO,
                           "%s: cannot be written: %s", output->path, strerror(output->problem));
        unlink(output->path);
    }
    free_output(output);
    return status;
}

void output_discard(struct output *output)
{
    if (!output)
        return;
    close(output->fd);
    unlink(output->path);
    free_output(output);
}
