/* columns: a table for people, in the first of three layouts that a line has room for:
 *
 *   aligned   a line for each row; long text in the last column goes on below itself
 *   below     what names the row on a line of its own, its cells aligned on the next
 *   cards     a line for each cell, with its title in front
 *
 * Cells are shown as terminal_write shows them. Failures (no memory, more than COLUMNS_LIMIT bytes
 * of cells) are kept until columns_write tells them.
 */
#ifndef CLI_REPORT_COLUMNS_H
#define CLI_REPORT_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "common/status.h"

enum { COLUMNS_MOST = 96, COLUMNS_LIMIT = 64 << 20 };

enum column_kind {
    COLUMN_LABEL, /* names the row; these come first */
    COLUMN_NUMBER,
    COLUMN_TEXT
};

struct columns;

/* NULL: no memory. */
struct columns *columns_create(void);
void columns_free(struct columns *columns);

/* Adds a column. `group`, NULL or the title above several columns in a row, and `title` are kept
 * as pointers. */
void columns_add(struct columns *columns, enum column_kind kind, const char *group,
                 const char *title);

/* Fills cell after cell, row after row. The text is copied. */
void columns_cell(struct columns *columns, const char *text);

/* How many columns of a terminal the aligned layout needs. */
size_t columns_width(const struct columns *columns);

size_t columns_rows(const struct columns *columns);

/* Writes it with lines of at most `width`; titles stand out when `styled`. */
enum status columns_write(struct columns *columns, FILE *out, size_t width, bool styled) MUST_CHECK;

#endif
