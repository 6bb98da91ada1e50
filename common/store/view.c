#include "common/store/view.h"

#include <ctype.h>
#include <string.h>

#include "common/store/connection.h"
#include "common/store/sql.h"

size_t view_length(const char *text)
{
    size_t length = strlen(text);
    while (length && (isspace((unsigned char)text[length - 1]) || text[length - 1] == ';'))
        length--;
    return length;
}

const char *view_body(const char *text, size_t *length)
{
    const char *as = strstr(text, " AS\n");
    const char *body = as ? as + strlen(" AS\n") : text;
    *length = view_length(body);
    return body;
}

enum status view_create_temporary(struct store *store, const struct text_file *view,
                                  const char *condition, struct error *error)
{
    size_t length;
    const char *body = view_body(view->text, &length);
    char *text =
        sqlite3_mprintf("DROP VIEW IF EXISTS temp.%s;"
                        "CREATE TEMP VIEW %s AS %s%.*s%s%s",
                        view->name, view->name, condition ? "SELECT * FROM (" : "", (int)length,
                        body, condition ? ") WHERE " : "", condition ? condition : "");
    enum status status = text ? connection_execute(store, text, error)
                              : error_set(error, STATUS_MEMORY, "%s: out of memory", store->path);
    sqlite3_free(text);
    return status;
}

const char *view_find(const char *name)
{
    for (size_t i = 0; i < sql_views_count; i++)
        if (strcmp(sql_views[i].name, name) == 0)
            return sql_views[i].text;
    return NULL;
}
