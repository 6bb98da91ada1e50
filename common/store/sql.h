/* sql: the text of sql/, embedded at build by common/embed.sh. */
#ifndef COMMON_STORE_SQL_H
#define COMMON_STORE_SQL_H

#include "common/text_file.h"

/* Migration i takes the schema from version i to i + 1; the file's number is i + 1. */
extern const struct text_file sql_migrations[];
extern const size_t sql_migrations_count;

extern const struct text_file sql_statements[];
extern const size_t sql_statements_count;

/* One CREATE VIEW each, under the view's name. */
extern const struct text_file sql_views[];
extern const size_t sql_views_count;

#endif
