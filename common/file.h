/* file: a whole file in memory, with a ceiling. */
#ifndef COMMON_FILE_H
#define COMMON_FILE_H

#include "common/buf.h"
#include "common/status.h"

/* Appends the content of `path` to `out`, whose limit is the ceiling; pipes and /dev/null
 * are files, too. Any thread. Errors: STATUS_IO, STATUS_LIMIT (then out is unchanged or holds a
 * part), STATUS_MEMORY; the line names the path. */
enum status file_read(const char *path, struct buf *out, struct error *error) MUST_CHECK;

#endif
