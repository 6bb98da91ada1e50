#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "cli/emit.h"

static const char *const names[] = {"url", "n", "p", "label"};

static char *emitted(enum emit_format format, const char *const *columns, size_t rows,
                     const struct store_value *values)
{
    char *text = NULL;
    size_t size = 0;
    struct emitter *emitter;
    FILE *out = open_memstream(&text, &size);
    assert_int_equal(emitter_create(out, format, columns, &emitter), STATUS_OK);
    for (size_t i = 0; i < rows; i++)
        assert_int_equal(emitter_row(emitter, 4, names, values + 4 * i), 0);
    assert_int_equal(emitter_end(emitter), rows);
    emitter_free(emitter);
    fclose(out);
    return text;
}

static const struct store_value nasty[] = {
    {.kind = VALUE_TEXT, .text = "http://e/a,b\"c"},
    {.kind = VALUE_INTEGER, .integer = -7},
    {.kind = VALUE_REAL, .real = 0.1},
    {.kind = VALUE_TEXT, .text = "line\nbreak \x01 \xff \xc3\xa9"},
    {.kind = VALUE_TEXT, .text = ""},
    {.kind = VALUE_NULL},
    {.kind = VALUE_REAL, .real = NAN},
    {.kind = VALUE_NULL},
};

static void json_is_valid_whatever_the_labels_hold(void **state)
{
    (void)state;
    char *text = emitted(EMIT_JSON, NULL, 2, nasty);
    json_error_t error;
    json_t *json = json_loads(text, 0, &error);
    if (!json)
        fail_msg("%s in %s", error.text, text);
    assert_int_equal(json_array_size(json), 2);
    json_t *row = json_array_get(json, 0);
    assert_string_equal(json_string_value(json_object_get(row, "url")), "http://e/a,b\"c");
    assert_true(json_real_value(json_object_get(row, "p")) == 0.1);
    assert_string_equal(json_string_value(json_object_get(row, "label")),
                        "line\nbreak \x01 \xef\xbf\xbd \xc3\xa9");
    assert_true(json_is_null(json_object_get(json_array_get(json, 1), "p")));
    json_decref(json);
    free(text);
}

static void csv_quotes_what_needs_quotes(void **state)
{
    (void)state;
    char *text = emitted(EMIT_CSV, NULL, 1, nasty);
    assert_string_equal(text, "url,n,p,label\n\"http://e/a,b\"\"c\",-7,0.1,\"line\nbreak \x01 "
                              "\xef\xbf\xbd \xc3\xa9\"\n");
    free(text);
}

static void csv_does_not_change_what_was_recorded(void **state)
{
    (void)state;
    static const struct store_value values[] = {
        {.kind = VALUE_TEXT, .text = "=HYPERLINK(\"x\")"},
        {.kind = VALUE_TEXT, .text = " @a "},
        {.kind = VALUE_TEXT, .text = "\r"},
        {.kind = VALUE_TEXT, .text = "\"\""},
    };
    char *text = emitted(EMIT_CSV, NULL, 1, values);
    assert_string_equal(text,
                        "url,n,p,label\n\"=HYPERLINK(\"\"x\"\")\", @a ,\"\r\",\"\"\"\"\"\"\n");
    free(text);
}

static void a_table_shows_the_chosen_columns_without_control_characters(void **state)
{
    (void)state;
    static const char *const chosen[] = {"n", "label", NULL};
    char *text = emitted(EMIT_TABLE, chosen, 1, nasty);
    assert_string_equal(text, " n  label\n-7  line?break ? ? \xc3\xa9\n");
    free(text);
}

static void rows_beyond_the_sample_still_come_out(void **state)
{
    (void)state;
    enum { ROWS = EMIT_SAMPLE * 3 };
    struct store_value *values = calloc(ROWS * 4, sizeof *values);
    for (size_t i = 0; i < ROWS * 4; i++)
        values[i] = (struct store_value){.kind = VALUE_INTEGER, .integer = (int64_t)i};
    char *text = emitted(EMIT_TABLE, NULL, ROWS, values);
    size_t lines = 0;
    for (char *c = text; *c; c++)
        lines += *c == '\n';
    assert_int_equal(lines, ROWS + 1);
    free(text);
    free(values);
}

static void no_rows_are_an_empty_json_array(void **state)
{
    (void)state;
    char *text = emitted(EMIT_JSON, NULL, 0, NULL);
    assert_string_equal(text, "[]\n");
    free(text);
}

static void huge_numbers_have_an_exponent_in_tables(void **state)
{
    (void)state;
    struct store_value values[4];
    memcpy(values, nasty, sizeof values);
    values[2].real = -1e70;
    char *text = emitted(EMIT_TABLE, NULL, 1, values);
    assert_non_null(strstr(text, " -1e+70 "));
    free(text);
    text = emitted(EMIT_CSV, NULL, 1, values);
    assert_non_null(strstr(text, "-1e+70"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_is_valid_whatever_the_labels_hold),
        cmocka_unit_test(csv_quotes_what_needs_quotes),
        cmocka_unit_test(csv_does_not_change_what_was_recorded),
        cmocka_unit_test(a_table_shows_the_chosen_columns_without_control_characters),
        cmocka_unit_test(rows_beyond_the_sample_still_come_out),
        cmocka_unit_test(no_rows_are_an_empty_json_array),
        cmocka_unit_test(huge_numbers_have_an_exponent_in_tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
