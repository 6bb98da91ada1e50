/* file: files named on the command line, and models named there. */
#ifndef CLI_FILE_H
#define CLI_FILE_H

#include "cli/command.h"
#include "common/buf.h"

/* Appends the whole file. STATUS_LIMIT when it is larger than the buffer may become. */
enum status file_read(const char *path, struct buf *out, struct error *error) MUST_CHECK;

/* Copies a file into a new one (through a temporary name; an older one is replaced). */
enum status file_copy(const char *from, const char *to, struct error *error) MUST_CHECK;

/* Writes a whole file the same way. */
enum status file_write(const char *path, const void *bytes, size_t size,
                       struct error *error) MUST_CHECK;

/* Reads the manifest that `model` names: a path (it contains a '/' or ends in .yml or .yaml) or a name of the
 * catalogue, NAME or NAME:VERSION. Caller frees *out with manifest_free. */
enum status cli_find_manifest(struct cli *cli, const char *model, struct manifest **out,
                              struct error *error) MUST_CHECK;

#endif
