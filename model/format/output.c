#include "model/format/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A turned weight is gathered in parts so large that what lies close together in the source serves
 * several rows of the result. */
enum { BUFFER_SIZE = 1 << 20, TURN_FLOATS = 4 << 20 };

struct output {
    char *path;
    int fd;
    int problem; /* errno of the first failure */
    uint64_t size;
    size_t used;
    unsigned char *buffer;
};

enum status output_create(const char *path, struct output **out, struct error *error)
{
    struct output *output = calloc(1, sizeof *output);

    *out = NULL;
    if (output) {
        output->path = strdup(path);
        output->buffer = malloc(BUFFER_SIZE);
    }
    if (!output || !output->path || !output->buffer) {
        if (output) {
            free(output->path);
            free(output->buffer);
        }
        free(output);
        return error_set(error, STATUS_MEMORY, "%s: out of memory", path);
    }
    output->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (output->fd < 0) {
        enum status status =
            error_set(error, STATUS_IO, "%s: cannot be created: %s", path, strerror(errno));
        free(output->path);
        free(output->buffer);
        free(output);
        return status;
    }
    *out = output;
    return STATUS_OK;
}

static void write_out(struct output *output, const unsigned char *bytes, size_t size)
{
    while (size && !output->problem) {
        ssize_t wrote = write(output->fd, bytes, size);
        if (wrote < 0) {
            output->problem = errno == EINTR ? 0 : errno;
            continue;
        }
        bytes += wrote;
        size -= (size_t)wrote;
    }
}

static void flush(struct output *output)
{
    write_out(output, output->buffer, output->used);
    output->used = 0;
}

void output_write(struct output *output, const void *bytes, size_t size)
{
    output->size += size;
    if (size > BUFFER_SIZE - output->used)
        flush(output);
    if (size >= BUFFER_SIZE) {
        write_out(output, bytes, size);
        return;
    }
    if (size)
        memcpy(output->buffer + output->used, bytes, size);
    output->used += size;
}

/* Through `room` floats at `buffer`. */
static void write_turned(struct output *output, const struct weight *weight, float *buffer,
                         size_t room)
{
    for (size_t done = 0, part; done < weight->count; done += part) {
        part = weight->count - done < room ? weight->count - done : room;
        weight_read(weight, done, part, buffer);
        write_out(output, (const unsigned char *)buffer, part * sizeof *buffer);
    }
    output->size += weight->count * sizeof *buffer;
}

void output_weight(struct output *output, const struct weight *weight)
{
    size_t room = weight->count < TURN_FLOATS ? weight->count : TURN_FLOATS;
    float *buffer;

    if (weight_is_contiguous(weight)) {
        output_write(output, weight->bytes, weight->count * sizeof(float));
        return;
    }
    flush(output);
    buffer = room * sizeof *buffer > BUFFER_SIZE ? malloc(room * sizeof *buffer) : NULL;
    /* The output's own buffer comes from malloc and is aligned for floats. */
    if (buffer)
        write_turned(output, weight, buffer, room);
    else
        write_turned(output, weight, (float *)(void *)output->buffer, BUFFER_SIZE / sizeof *buffer);
    free(buffer);
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
    free(output->path);
    free(output->buffer);
    free(output);
    return status;
}

void output_discard(struct output *output)
{
    if (!output)
        return;
    close(output->fd);
    unlink(output->path);
    free(output->path);
    free(output->buffer);
    free(output);
}
