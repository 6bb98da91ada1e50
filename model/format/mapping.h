/* mapping: a whole file, read-only in memory. */
#ifndef MODEL_FORMAT_MAPPING_H
#define MODEL_FORMAT_MAPPING_H

#include <stddef.h>
#include <sys/types.h>

#include "common/status.h"

struct mapping {
    const unsigned char *bytes; /* never NULL; not NUL-terminated */
    size_t size;
    dev_t device; /* which file it is, by whatever name it was opened */
    ino_t inode;
};

/* Maps a regular file. The caller frees *out with mapping_close(); the file must not be shortened
 * meanwhile. STATUS_IO names the file. Any thread. */
enum status mapping_open(const char *path, struct mapping **out, struct error *error) MUST_CHECK;

/* NULL is fine. */
void mapping_close(struct mapping *mapping);

#endif
