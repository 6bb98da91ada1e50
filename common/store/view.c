#include "common/store/view.h"

#include <ctype.h>
#include <string.h>

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

const char *view_find(const char *name)
{
    for (size_t i = 0; i < sql_views_count; i++)
        if (strcmp(sql_views[i].name, name) == 0)
            return sql_views[i].text;
    return NULL;
}
