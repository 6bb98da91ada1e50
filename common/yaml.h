/* yaml: a bounded, typed view of one YAML document (libyaml underneath).
 *
 * Configuration and manifests are read through this. The document becomes a tree in which every
 * node knows its line, so that an error can say "FILE:LINE: key: what was expected". Ceilings: file
 * 1 MiB, depth 32, 100000 nodes; aliases are refused (a "billion laughs" cannot be built).
 */
#ifndef COMMON_YAML_H
#define COMMON_YAML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/status.h"

struct yaml; /* a document; owns all its nodes and strings */

enum yaml_kind { YAML_SCALAR, YAML_LIST, YAML_MAP };

struct yaml_node {
    enum yaml_kind kind;
    unsigned line;           /* from 1 */
    const char *key;         /* of an entry of a map, else NULL */
    const char *text;        /* of a scalar, else NULL */
    bool quoted;             /* a quoted scalar is never a number, bool or null */
    struct yaml_node *first; /* first child of a list or map */
    struct yaml_node *next;  /* next sibling */
};

/* Reads the file, or the text (then `name` stands for it in errors). Caller frees *out with
 * yaml_close. An empty document is a map without entries. Errors: STATUS_IO, STATUS_DATA,
 * STATUS_LIMIT. */
enum status yaml_read_file(const char *path, struct yaml **out, struct error *error) MUST_CHECK;
enum status yaml_read_text(const char *name, const char *text, size_t size, struct yaml **out,
                           struct error *error) MUST_CHECK;
/* Not called yaml_free: libyaml exports that name, and a program's own would replace it. NULL is
 * fine. */
void yaml_close(struct yaml *yaml);

/* The root node and the name used in errors; both live as long as the document. */
const struct yaml_node *yaml_root(const struct yaml *yaml);
const char *yaml_name(const struct yaml *yaml);

/* The child of a map called `key`; NULL when absent or `node` is NULL or no map. */
const struct yaml_node *yaml_get(const struct yaml_node *node, const char *key);

/* Typed reading of a scalar: STATUS_DATA with "FILE:LINE: key: expected a number, ..." otherwise.
 */
enum status yaml_to_double(const struct yaml *yaml, const struct yaml_node *node, double *value,
                           struct error *error) MUST_CHECK;
enum status yaml_to_int(const struct yaml *yaml, const struct yaml_node *node, int64_t *value,
                        struct error *error) MUST_CHECK;
enum status yaml_to_bool(const struct yaml *yaml, const struct yaml_node *node, bool *value,
                         struct error *error) MUST_CHECK;

/* error_set with "FILE:LINE: KEY: " in front. */
enum status yaml_error(const struct yaml *yaml, const struct yaml_node *node, enum status status,
                       struct error *error, const char *format, ...) PRINTF_LIKE(5, 6);

#endif
