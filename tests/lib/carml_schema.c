#include "tests/lib/carml_schema.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum field_type { STRING, NUMBER, BOOL, MAP_OF_NUMBERS, OBJECT, LIST, TIMEOUT, TRACE_LEVEL, END };

/* One known name, its type, and what is inside an OBJECT or a LIST's elements. */
struct field {
    const char *name;
    enum field_type type;
    const struct field *inside;
};

static const struct field id_fields[] = {{"id", STRING, NULL}, {NULL, END, NULL}};

static const struct field data_fields[] = {
    {"id", STRING, NULL}, {"data", STRING, NULL}, {NULL, END, NULL}};

static const struct field gpu_fields[] = {
    {"per_process_gpu_memory_fraction", NUMBER, NULL},
    {"allocator_type", STRING, NULL},
    {"visible_device_list", STRING, NULL},
    {"force_gpu_compatible", BOOL, NULL},
    {NULL, END, NULL},
};

static const struct field execution_fields[] = {
    {"trace_level", TRACE_LEVEL, NULL},  {"device_count", MAP_OF_NUMBERS, NULL},
    {"timeout_in_ms", TIMEOUT, NULL},    {"trace_id", OBJECT, id_fields},
    {"gpu_options", OBJECT, gpu_fields}, {NULL, END, NULL},
};

static const struct field option_fields[] = {
    {"batch_size", NUMBER, NULL},
    {"feature_limit", NUMBER, NULL},
    {"request_id", STRING, NULL},
    {"agent", STRING, NULL},
    {"gpu_metrics", STRING, NULL},
    {"execution_options", OBJECT, execution_fields},
    {NULL, END, NULL},
};

static const struct field open_fields[] = {
    {"framework_name", STRING, NULL},
    {"framework_version", STRING, NULL},
    {"model_name", STRING, NULL},
    {"model_version", STRING, NULL},
    {"persist", BOOL, NULL},
    {"options", OBJECT, option_fields},
    {NULL, END, NULL},
};

static const struct field urls_fields[] = {
    {"predictor", OBJECT, id_fields},
    {"urls", LIST, data_fields},
    {"options", OBJECT, option_fields},
    {NULL, END, NULL},
};

static const struct field images_fields[] = {
    {"predictor", OBJECT, id_fields},
    {"images", LIST, data_fields},
    {"options", OBJECT, option_fields},
    {NULL, END, NULL},
};

static const struct field close_fields[] = {
    {"id", STRING, NULL},
    {"predictor", OBJECT, id_fields},
    {"force", BOOL, NULL},
    {NULL, END, NULL},
};

static const struct field *const request_fields[] = {
    [REQUEST_OPEN] = open_fields,     [REQUEST_URLS] = urls_fields,
    [REQUEST_IMAGES] = images_fields, [REQUEST_CLOSE] = close_fields,
    [REQUEST_RESET] = close_fields,
};

static const char *const levels_a[] = {
    "NO_TRACE",   "STEP_TRACE", "FRAMEWORK_TRACE", "CPU_ONLY_TRACE", "HARDWARE_TRACE",
    "FULL_TRACE", NULL};
static const char *const levels_b[] = {
    "NO_TRACE",        "APPLICATION_TRACE", "MODEL_TRACE",
    "FRAMEWORK_TRACE", "ML_LIBRARY_TRACE",  "SYSTEM_LIBRARY_TRACE",
    "HARDWARE_TRACE",  "FULL_TRACE",        NULL};

/* Where a check stands and what it found. */
struct check {
    enum generation generation;
    unsigned code;
    char *message;
    size_t size;
};

static void wrong_type(struct check *check, const char *name)
{
    check->code = 400;
    snprintf(check->message, check->size,
             "parsing body body from \"\" failed, because json: cannot unmarshal value into Go "
             "struct field %s",
             name);
}

static void check_level(struct check *check, const json_t *value)
{
    const char *const *levels = check->generation == GENERATION_A ? levels_a : levels_b;
    const char *word = json_string_value(value);
    if (!word) {
        wrong_type(check, "trace_level");
        return;
    }
    for (size_t i = 0; levels[i]; i++)
        if (!strcmp(levels[i], word))
            return;
    check->code = 606;
    int used = snprintf(check->message, check->size,
                        "options.execution_options.trace_level in body should be one of [");
    for (size_t i = 0; levels[i] && used > 0 && (size_t)used < check->size; i++)
        used += snprintf(check->message + used, check->size - (size_t)used, "%s%s", i ? " " : "",
                         levels[i]);
    if (used > 0 && (size_t)used < check->size)
        snprintf(check->message + used, check->size - (size_t)used, "]");
}

static void check_fields(struct check *check, const struct field *fields, const json_t *object,
                         const char *name);

static void check_list(struct check *check, const struct field *field, const json_t *list)
{
    if (!json_is_array(list))
        wrong_type(check, field->name);
    for (size_t i = 0; i < json_array_size(list) && !check->code; i++)
        check_fields(check, field->inside, json_array_get(list, i), field->name);
}

static bool is_map_of_numbers(const json_t *map)
{
    for (void *at = json_object_iter((json_t *)(uintptr_t)map); at;
         at = json_object_iter_next((json_t *)(uintptr_t)map, at))
        if (!json_is_integer(json_object_iter_value(at)))
            return false;
    return json_is_object(map);
}

static bool is_plain_type(const struct check *check, enum field_type type, const json_t *value)
{
    switch (type) {
    case NUMBER:
        return json_is_number(value);
    case BOOL:
        return json_is_boolean(value);
    case MAP_OF_NUMBERS:
        return is_map_of_numbers(value);
    case TIMEOUT: /* a number in A, a string in B */
        return check->generation == GENERATION_A ? json_is_number(value) : json_is_string(value);
    default:
        return json_is_string(value);
    }
}

static void check_fields(struct check *check, const struct field *fields, const json_t *object,
                         const char *name)
{
    if (json_is_null(object))
        return;
    if (!json_is_object(object)) {
        wrong_type(check, name);
        return;
    }
    for (const struct field *field = fields; field->name && !check->code; field++) {
        const json_t *value = json_object_get(object, field->name);
        if (!value || json_is_null(value))
            continue;
        if (field->type == OBJECT)
            check_fields(check, field->inside, value, field->name);
        else if (field->type == LIST)
            check_list(check, field, value);
        else if (field->type == TRACE_LEVEL)
            check_level(check, value);
        else if (!is_plain_type(check, field->type, value))
            wrong_type(check, field->name);
    }
}

unsigned schema_check(enum request_kind kind, enum generation generation, const json_t *body,
                      char *message, size_t size)
{
    struct check check = {generation, 0, message, size};
    check_fields(&check, request_fields[kind], body, "body");
    return check.code;
}

const char *schema_string(const json_t *object, const char *name)
{
    const char *value = json_string_value(json_object_get(object, name));
    return value ? value : "";
}
