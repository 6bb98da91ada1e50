#include "model/format/mapping.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const unsigned char nothing[1];

enum status mapping_open(const char *path, struct mapping **out, struct error *error)
{
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct mapping *mapping = calloc(1, sizeof *mapping);
    enum status status = STATUS_OK;
    struct stat info;

    *out = NULL;
    if (file < 0) {
        status = error_set(error, STATUS_IO, "%s: %s", path, strerror(errno));
    } else if (!mapping) {
        status = error_set(error, STATUS_MEMORY, "%s: out of memory", path);
    } else if (fstat(file, &info)) {
        status = error_set(error, STATUS_IO, "%s: %s", path, strerror(errno));
    } else if (!S_ISREG(info.st_mode)) {
        status = error_set(error, STATUS_IO, "%s: is not a regular file", path);
    } else if (info.st_size == 0) {
        mapping->bytes = nothing;
    } else {
        void *bytes = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, file, 0);
        if (bytes == MAP_FAILED)
            status = error_set(error, STATUS_IO, "%s: cannot be mapped: %s", path, strerror(errno));
        mapping->bytes = bytes;
        mapping->size = (size_t)info.st_size;
    }
    if (file >= 0)
        close(file);
    if (status) {
        free(mapping);
        return status;
    }
    mapping->device = info.st_dev;
    mapping->inode = info.st_ino;
    *out = mapping;
    return status;
}

void mapping_close(struct mapping *mapping)
{
    if (!mapping)
        return;
    if (mapping->size)
        munmap((void *)(uintptr_t)mapping->bytes, mapping->size);
    free(mapping);
}
