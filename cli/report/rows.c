#include "cli/report/rows.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS_MAX = 65536, ROWS_FIRST = 16 };

struct reading {
    const struct rows_form *form;
    struct arena *arena;
    char *data;
    size_t count, room;
    enum status status;
};

static bool is_wanted(const struct rows_form *form, size_t columns, const char *const *names,
                      const struct store_value *values)
{
    for (size_t i = 0; form->where && i < columns; i++) {
        const char *text = values[i].kind == VALUE_TEXT ? values[i].text : "";
        if (strcmp(names[i], form->where) == 0)
            return (!form->is || strcmp(text, form->is) == 0) &&
                   (!form->isnt || strcmp(text, form->isnt) != 0);
    }
    return true;
}

static double real_of(const struct store_value *value)
{
    return value->kind == VALUE_REAL      ? value->real
           : value->kind == VALUE_INTEGER ? (double)value->integer
                                          : (double)NAN;
}

/* A column keeps its type in every row, but for NULL and sums that happen to be whole. */
static int64_t integer_of(const struct store_value *value)
{
    return value->kind == VALUE_INTEGER ? value->integer : 0;
}

static bool is_set(const struct store_value *value)
{
    return value->kind == VALUE_TEXT ? *value->text != '\0' : integer_of(value) != 0;
}

static enum status put_field(struct arena *arena, const struct field *field, char *row,
                             const struct store_value *value)
{
    void *place = row + field->offset;
    const char *text = NULL;
    switch (field->kind) {
    case FIELD_TEXT:
        if (value->kind == VALUE_TEXT) {
            text = arena_text(arena, value->text, strlen(value->text));
            if (!text)
                return arena_fail(arena, NULL);
        }
        memcpy(place, &text, sizeof text);
        break;
    case FIELD_COUNT:
        *(uint64_t *)place = (uint64_t)integer_of(value);
        break;
    case FIELD_SIGNED:
        *(int64_t *)place = integer_of(value);
        break;
    case FIELD_REAL:
        *(double *)place = real_of(value);
        break;
    case FIELD_FLAG:
        *(bool *)place = is_set(value);
        break;
    }
    return STATUS_OK;
}

static enum status make_room(struct reading *reading)
{
    if (reading->count < reading->room)
        return STATUS_OK;
    if (reading->count == ROWS_MAX)
        return STATUS_LIMIT;
    size_t room = reading->room ? 2 * reading->room : ROWS_FIRST;
    char *data = realloc(reading->data, room * reading->form->size);
    if (!data)
        return STATUS_MEMORY;
    reading->data = data;
    reading->room = room;
    return STATUS_OK;
}

static int take_row(void *context, size_t columns, const char *const *names,
                    const struct store_value *values)
{
    struct reading *reading = context;
    if (!is_wanted(reading->form, columns, names, values))
        return 0;
    reading->status = make_room(reading);
    if (reading->status)
        return 1;
    char *row = reading->data + reading->count * reading->form->size;
    memset(row, 0, reading->form->size);
    for (size_t i = 0; !reading->status && i < columns; i++)
        for (const struct field *field = reading->form->fields; field->column; field++)
            if (!reading->status && strcmp(field->column, names[i]) == 0)
                reading->status = put_field(reading->arena, field, row, &values[i]);
    reading->count++;
    return reading->status != STATUS_OK;
}

enum status rows_read(struct store *store, const struct rows_form *form, const char *run,
                      struct arena *arena, void **data, size_t *count, struct error *error)
{
    struct reading reading = {.form = form, .arena = arena};
    enum status status = store_rows(store, form->view, run, take_row, &reading, error);
    if (!status)
        status = reading.status;
    if (status == STATUS_LIMIT)
        error_set(error, status,
                  "report: %s has more rows than a report may have (%d, or 64 MiB of text); name "
                  "one run with --run",
                  form->view, ROWS_MAX);
    if (status) {
        free(reading.data);
        return status;
    }
    if (form->order && reading.count)
        qsort(reading.data, reading.count, form->size, form->order);
    *data = reading.data;
    *count = reading.count;
    return STATUS_OK;
}
