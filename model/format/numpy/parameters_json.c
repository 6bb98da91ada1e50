#include "model/format/numpy/parameters_json.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "model/fields.h"

/* ---- writing ---- */

/* The fewest digits that a reader turns into the same float by way of a double; always with a
 * point or an exponent, because JSON's integers have no negative zero. */
static void write_float(FILE *out, float value)
{
    char text[40];

    if (isinf(value)) {
        fputs(value < 0 ? "\"-inf\"" : "\"inf\"", out);
        return;
    }
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, (double)value);
        if ((float)strtod(text, NULL) == value)
            break;
    }
    fprintf(out, "%s%s", text, strpbrk(text, ".e") ? "" : ".0");
}

static void write_element(FILE *out, const struct field *field, const void *values, size_t index)
{
    switch (field->type) {
    case FIELD_INT:
        fprintf(out, "%" PRId64, ((const int64_t *)values)[index]);
        break;
    case FIELD_BYTE:
        fprintf(out, "%u", (unsigned)((const uint8_t *)values)[index]);
        break;
    case FIELD_FLOAT:
        write_float(out, ((const float *)values)[index]);
        break;
    case FIELD_BOOL:
        fputs(((const bool *)values)[index] ? "true" : "false", out);
        break;
    case FIELD_WORD:
        json_write_text(out, field->words[((const unsigned *)values)[index] - field->first_word]);
        break;
    }
}

void parameters_json_write(const struct node *node, FILE *out)
{
    const struct field *fields = fields_of(node->op->kind);

    for (const struct field *field = fields; field->name; field++) {
        const void *values = field_in(field, &node->parameters);
        size_t count = field_count(field, node);
        fprintf(out, "%s\"%s\": ", field == fields ? "" : ", ", field->name);
        if (field->form != FIELD_ONE)
            fputc('[', out);
        for (size_t i = 0; i < count; i++) {
            fputs(i ? ", " : "", out);
            write_element(out, field, values, i);
        }
        if (field->form != FIELD_ONE)
            fputc(']', out);
    }
}

static bool is_in_range(const struct field *field, const void *values, size_t index)
{
    double value = field->low;

    if (field->type == FIELD_FLOAT)
        value = (double)((const float *)values)[index];
    else if (field->type == FIELD_INT)
        value = (double)((const int64_t *)values)[index];
    /* False for NaN. */
    return value >= field->low && value <= field->high;
}

bool parameters_json_sayable(const struct node *node)
{
    for (const struct field *field = fields_of(node->op->kind); field->name; field++) {
        const void *values = field_in(field, &node->parameters);
        for (size_t i = 0; i < field_count(field, node); i++) {
            if (!is_in_range(field, values, i))
                return false;
        }
    }
    return true;
}

/* ---- reading ---- */

/* The first problem sticks. */
struct reading {
    struct graph *graph;
    struct node *node;
    struct error *error;
    enum status status;
};

static void fail(struct reading *reading, const struct field *field, const char *format, ...)
    PRINTF_LIKE(3, 4);

static void fail(struct reading *reading, const struct field *field, const char *format, ...)
{
    char text[256];
    va_list arguments;

    if (reading->status)
        return;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    reading->status = graph_error(reading->graph, reading->node, reading->error, STATUS_DATA,
                                  "parameter '%s' %s", field->name, text);
}

static int64_t read_int(struct reading *reading, const struct field *field, const json_t *value)
{
    json_int_t number = json_integer_value(value);

    if (json_is_integer(value) && (double)number >= field->low && (double)number <= field->high)
        return number;
    fail(reading, field, "must be from %.0f to %.0f", field->low, field->high);
    return 0;
}

static float read_float(struct reading *reading, const struct field *field, const json_t *value)
{
    const char *text = json_string_value(value);
    double number = json_number_value(value);

    if (text && (!strcmp(text, "inf") || !strcmp(text, "-inf")))
        number = *text == '-' ? -(double)INFINITY : (double)INFINITY;
    else if (!json_is_number(value) || isinf((float)number))
        fail(reading, field, "must be a number that a float can hold, or \"inf\"");
    if (number < field->low || number > field->high)
        fail(reading, field, "is out of range");
    return reading->status ? 0 : (float)number;
}

static unsigned read_word(struct reading *reading, const struct field *field, const json_t *value)
{
    const char *text = json_string_value(value);

    for (unsigned i = 0; text && field->words[i]; i++) {
        if (!strcmp(text, field->words[i]))
            return field->first_word + i;
    }
    fail(reading, field, "must be '%s', '%s' ...", field->words[0], field->words[1]);
    return field->first_word;
}

static void read_element(struct reading *reading, const struct field *field, const json_t *value,
                         void *values, size_t index)
{
    switch (field->type) {
    case FIELD_INT:
        ((int64_t *)values)[index] = read_int(reading, field, value);
        break;
    case FIELD_BYTE:
        ((uint8_t *)values)[index] = (uint8_t)read_int(reading, field, value);
        break;
    case FIELD_FLOAT:
        ((float *)values)[index] = read_float(reading, field, value);
        break;
    case FIELD_BOOL:
        ((bool *)values)[index] = json_is_true(value);
        if (!json_is_boolean(value))
            fail(reading, field, "must be true or false");
        break;
    case FIELD_WORD:
        ((unsigned *)values)[index] = read_word(reading, field, value);
        break;
    }
}

/* An earlier field whose count this one shares. */
static bool shares_count(const struct field *table, const struct field *field)
{
    for (; table < field; table++) {
        if (table->form == FIELD_AXES && table->count == field->count)
            return true;
    }
    return false;
}

/* Notes how many axes are used; where the values stand. */
static void *take_axes(struct reading *reading, const struct field *field, size_t count)
{
    unsigned char *parameters = (unsigned char *)&reading->node->parameters;
    unsigned *axes = (unsigned *)(void *)(parameters + field->count);
    bool shared = shares_count(fields_of(reading->node->op->kind), field);

    if (count > SHAPE_MAX_DIMS)
        fail(reading, field, "has more than %d elements", SHAPE_MAX_DIMS);
    else if (shared && *axes != count)
        fail(reading, field, "must have %u elements", *axes);
    else
        *axes = (unsigned)count;
    return parameters + field->offset;
}

/* Makes room in the arena for a list, which stays NULL when it is empty. */
static void *make_list(struct reading *reading, const struct field *field, size_t count)
{
    unsigned char *parameters = (unsigned char *)&reading->node->parameters;
    void **list = (void **)(void *)(parameters + field->offset);

    if (field->form == FIELD_LIST)
        *(size_t *)(void *)(parameters + field->count) = count;
    else if (count && count != reading->node->input_count)
        fail(reading, field, "must have one element for each input, or none");
    if (!count || reading->status)
        return NULL;
    *list = arena_alloc(&reading->graph->arena, count, field_size(field->type));
    if (!*list)
        reading->status = arena_fail(&reading->graph->arena, reading->error);
    return *list;
}

static void read_field(struct reading *reading, const struct field *field, const json_t *value)
{
    size_t count = json_array_size(value);
    void *values = field_at(field, &reading->node->parameters);

    if (field->form == FIELD_ONE) {
        read_element(reading, field, value, values, 0);
        return;
    }
    if (!json_is_array(value)) {
        fail(reading, field, "must be a list");
        return;
    }
    if (field->form == FIELD_AXES)
        values = take_axes(reading, field, count);
    else if (field->form != FIELD_PAIR)
        values = make_list(reading, field, count);
    else if (count != 2)
        fail(reading, field, "must have two elements");
    for (size_t i = 0; i < count && !reading->status; i++)
        read_element(reading, field, json_array_get(value, i), values, i);
}

enum status parameters_json_read(struct graph *graph, struct node *node, const json_t *object,
                                 struct error *error)
{
    struct reading reading = {.graph = graph, .node = node, .error = error};
    size_t known = 0;

    for (const struct field *field = fields_of(node->op->kind); field->name; field++) {
        const json_t *value = json_object_get(object, field->name);
        if (value)
            read_field(&reading, field, value);
        else if (!field->later)
            fail(&reading, field, "is missing");
        known += value != NULL;
        if (reading.status)
            return reading.status;
    }
    if (json_object_size(object) != known)
        return graph_error(graph, node, error, STATUS_UNSUPPORTED,
                           "%s has a parameter that is not known here", node->op->name);
    return fields_check(graph, node, error);
}
