#include "common/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { PIECE = 64 << 10 };

static enum status fail(struct error *error, const char *path)
{
    return error_set(error, STATUS_IO, "%s: %s", path, strerror(errno));
}

static enum status read_all(int fd, const char *path, struct buf *out, struct error *error)
{
    char piece[PIECE];
    for (;;) {
        ssize_t n = read(fd, piece, sizeof piece);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail(error, path);
        if (n == 0)
            return STATUS_OK;
        enum status status = buf_append(out, piece, (size_t)n);
        if (status == STATUS_LIMIT)
            return error_set(error, status, "%s: larger than the %zu bytes that are allowed", path,
                             out->limit);
        if (status)
            return error_set(error, status, "%s: %s", path, status_text(status));
    }
}

enum status file_read(const char *path, struct buf *out, struct error *error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return fail(error, path);
    enum status status = read_all(fd, path, out, error);
    close(fd);
    return status;
}
