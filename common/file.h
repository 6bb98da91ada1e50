/* file: whole files: read with a ceiling, written all or not at all. */
#ifndef COMMON_FILE_H
#define COMMON_FILE_H

#include "common/buf.h"
#include "common/status.h"

/* Appends the content of `path` to `out`, whose limit is the ceiling; pipes and /dev/null
 * are files, too. Any thread. Errors: STATUS_IO, STATUS_LIMIT (then out is unchanged or holds a
 * part), STATUS_MEMORY; the line names the path. */
enum status file_read(const char *path, struct buf *out, struct error *error) MUST_CHECK;

/* Writes a file through a temporary name beside it, synced before it is renamed: `path` holds the
 * old content or the new one, never a part. A link stays one, so does a device or a pipe, which
 * gets the bytes as they come. Any thread. STATUS_FULL when the disk is full, else STATUS_IO. */
enum status file_write(const char *path, const void *bytes, size_t size,
                       struct error *error) MUST_CHECK;

/* Copies a file in pieces, likewise all or nothing; `to` is a regular file or none yet. */
enum status file_copy(const char *from, const char *to, struct error *error) MUST_CHECK;

#endif
