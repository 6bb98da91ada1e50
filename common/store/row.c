#include "common/store/row.h"

#include <string.h>

static const struct store_value *find(const struct store_row *row, const char *name)
{
    static const struct store_value nothing = {.kind = VALUE_NULL};
    for (size_t i = 0; i < row->columns; i++)
        if (strcmp(row->names[i], name) == 0)
            return &row->values[i];
    return &nothing;
}

const char *row_text(const struct store_row *row, const char *name)
{
    const struct store_value *value = find(row, name);
    return value->kind == VALUE_TEXT ? value->text : "";
}

int64_t row_integer(const struct store_row *row, const char *name)
{
    const struct store_value *value = find(row, name);
    return value->kind == VALUE_INTEGER ? value->integer : 0;
}

double row_real(const struct store_row *row, const char *name)
{
    const struct store_value *value = find(row, name);
    return value->kind == VALUE_REAL      ? value->real
           : value->kind == VALUE_INTEGER ? (double)value->integer
                                          : 0;
}
