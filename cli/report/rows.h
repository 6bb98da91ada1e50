/* rows: the rows of a view as an array of structs, by a table of columns. */
#ifndef CLI_REPORT_ROWS_H
#define CLI_REPORT_ROWS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/store/store.h"
#include "model/arena.h"

/* What a column becomes: `const char *` (NULL stays NULL), `uint64_t`, `int64_t`, `double` (NULL is
 * NAN), `bool` (whether the column is anything but NULL, 0 and ""). */
enum field_kind { FIELD_TEXT, FIELD_COUNT, FIELD_SIGNED, FIELD_REAL, FIELD_FLAG };

struct field {
    const char *column;
    enum field_kind kind;
    size_t offset;
};

/* `fields` end with a NULL column. A column that the view does not have leaves its field zero. */
struct rows_form {
    const char *view;
    const struct field *fields;
    size_t size; /* of the struct */
    const char *where, *is,
        *isnt; /* NULL, or only rows whose column `where` is (isn't) this text */
    int (*order)(const void *a, const void *b); /* of qsort; NULL: as they come */
};

/* *data (caller frees) and *count: the rows of `run` (NULL: all). Texts live in `arena`. At most
 * 65,536 rows, or STATUS_LIMIT. */
enum status rows_read(struct store *store, const struct rows_form *form, const char *run,
                      struct arena *arena, void **data, size_t *count,
                      struct error *error) MUST_CHECK;

#endif
