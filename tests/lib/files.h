/* files: the files of one folder, read once and kept, for servers that answer thousands of times a
 * second. Names with ".." and absolute names are refused; at most 512 MiB are kept. One thread.
 */
#ifndef TESTS_LIB_FILES_H
#define TESTS_LIB_FILES_H

#include <stdbool.h>
#include <stddef.h>

#include "common/status.h"

struct files;

struct file {
    const char *type; /* Content-Type told by the ending */
    char *bytes;
    size_t size;
};

/* Caller frees *out. The root is not looked at before the first file is asked for. */
enum status files_create(const char *root, struct files **out) MUST_CHECK;
void files_free(struct files *files);

/* The file `name` under the root; NULL when there is none. Lives as long as `files`. */
const struct file *files_get(struct files *files, const char *name);

/* The file at `path`, wherever it is. */
const struct file *files_get_path(struct files *files, const char *path);

#endif
