/* sql: the text of sql/, embedded at build by embed_sql.sh.
 *
 * Immutable; any thread may read it. Each array is in the order of its file names and ends with a
 * NULL name behind its count.
 */
#ifndef COMMON_STORE_SQL_H
#define COMMON_STORE_SQL_H

#include <stddef.h>

struct sql_text {
    const char *name; /* the file's name without ".sql" */
    const char *text; /* without lines that are comments */
};

/* Migration i takes the schema from version i to i + 1; the file's number is i + 1. */
extern const struct sql_text sql_migrations[];
extern const size_t sql_migrations_count;

extern const struct sql_text sql_statements[];
extern const size_t sql_statements_count;

/* One CREATE VIEW each, under the view's name. */
extern const struct sql_text sql_views[];
extern const size_t sql_views_count;

#endif
