/* row: a row of a public view (store_rows), asked for its columns by name.
 *
 * Lives as long as the row: during the callback. Columns may be added to views, so their places say
 * nothing.
 */
#ifndef COMMON_STORE_ROW_H
#define COMMON_STORE_ROW_H

#include "common/store/store.h"

struct store_row {
    size_t columns;
    const char *const *names;
    const struct store_value *values;
};

/* "" for NULL, a number, and a column that the view does not have. */
const char *row_text(const struct store_row *row, const char *name);

/* 0 for NULL, what is no integer, and a column that the view does not have. */
int64_t row_integer(const struct store_row *row, const char *name);

/* 0 for NULL, what is no number, and a column that the view does not have. */
double row_real(const struct store_row *row, const char *name);

#endif
