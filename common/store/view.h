/* view: the texts of sql/views, for the files of this folder only. Any thread. */
#ifndef COMMON_STORE_VIEW_H
#define COMMON_STORE_VIEW_H

#include <stddef.h>

#include "common/status.h"
#include "common/text_file.h"

struct store;

/* Length of a CREATE statement without the semicolon and what is around it: SQLite keeps the text
 * of a view like that. */
size_t view_length(const char *text);

/* The SELECT of a CREATE VIEW: from behind its AS, `*length` bytes. */
const char *view_body(const char *text, size_t *length);

/* Makes the view a temporary one of this connection, which stands in front of the database's own;
 * only the rows that meet `condition` unless NULL. */
enum status view_create_temporary(struct store *store, const struct text_file *view,
                                  const char *condition, struct error *error) MUST_CHECK;

/* The CREATE VIEW of the view `name`; NULL when there is none. */
const char *view_find(const char *name);

#endif
