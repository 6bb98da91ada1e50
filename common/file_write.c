/* The writing half of file.h: a temporary name beside the target, synced, then renamed. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"

enum { PIECE = 1 << 16 };

static enum status io_error(struct error *error, const char *path, const char *what)
{
    bool full = errno == ENOSPC || errno == EDQUOT;
    return error_set(error, full ? STATUS_FULL : STATUS_IO, "%s: %s: %s; %s", path, what,
                     strerror(errno),
                     full ? "free some space" : "check the path and its permissions");
}

/* Gives `temporary` (open as `file`) its final name once it is `whole` and safely on disk; errno
 * says why it is not whole. */
static enum status publish(FILE *file, bool whole, const char *temporary, const char *path,
                           struct error *error)
{
    bool safe = whole && fflush(file) == 0 && fsync(fileno(file)) == 0;
    int cause = errno;
    if (fclose(file) != 0 && safe) {
        safe = false;
        cause = errno;
    }
    if (safe && rename(temporary, path) == 0)
        return STATUS_OK;
    errno = safe ? errno : cause;
    enum status status = io_error(error, path, "cannot be written");
    unlink(temporary);
    return status;
}

static enum status open_temporary(const char *path, struct buf *name, FILE **file,
                                  struct error *error)
{
    buf_init(name, 1 << 13);
    if (buf_printf(name, "%s.%ld.tmp", path, (long)getpid()))
        return error_set(error, STATUS_DATA, "%s: the path is too long", path);
    int descriptor = open(name->data, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0664);
    *file = descriptor < 0 ? NULL : fdopen(descriptor, "wb");
    return *file ? STATUS_OK : io_error(error, path, "cannot be written");
}

/* Renaming onto a device or a pipe would remove it. */
static bool is_special(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode);
}

static enum status write_through(const char *path, const void *bytes, size_t size,
                                 struct error *error)
{
    FILE *file = fopen(path, "wbe");
    if (!file)
        return io_error(error, path, "cannot be written");
    bool whole = fwrite(bytes, 1, size, file) == size && fflush(file) == 0;
    int cause = errno;
    fclose(file);
    errno = cause;
    return whole ? STATUS_OK : io_error(error, path, "cannot be written");
}

static enum status replace(const char *path, const void *bytes, size_t size, struct error *error)
{
    struct buf temporary;
    FILE *file = NULL;
    enum status status = open_temporary(path, &temporary, &file, error);
    if (!status) {
        bool whole = fwrite(bytes, 1, size, file) == size;
        status = publish(file, whole, temporary.data, path, error);
    }
    buf_free(&temporary);
    return status;
}

enum status file_write(const char *path, const void *bytes, size_t size, struct error *error)
{
    if (is_special(path))
        return write_through(path, bytes, size, error);
    char *target = realpath(path, NULL); /* not the link, of which /dev/stdout is one */
    enum status status = replace(target ? target : path, bytes, size, error);
    free(target);
    return status;
}

enum status file_copy(const char *from, const char *to, struct error *error)
{
    struct buf temporary = {0};
    FILE *out = NULL;
    char *piece = malloc(PIECE);
    enum status status = STATUS_OK;
    FILE *in = fopen(from, "rb");
    if (!in)
        status = io_error(error, from, "cannot be read");
    else if (!piece)
        status = error_set(error, STATUS_MEMORY, "%s: out of memory", from);
    else
        status = open_temporary(to, &temporary, &out, error);
    if (status)
        goto out;
    size_t n;
    while ((n = fread(piece, 1, PIECE, in)) > 0 && fwrite(piece, 1, n, out) == n)
        continue;
    status = publish(out, !ferror(in) && !ferror(out), temporary.data, to, error);
out:
    if (in)
        fclose(in);
    free(piece);
    buf_free(&temporary);
    return status;
}
