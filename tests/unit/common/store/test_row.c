#include "common/store/row.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const char *const names[] = {"run", "count", "share", "detail"};
static const struct store_value values[] = {{.kind = VALUE_TEXT, .text = "bears"},
                                            {.kind = VALUE_INTEGER, .integer = -7},
                                            {.kind = VALUE_REAL, .real = 0.5},
                                            {.kind = VALUE_NULL}};
static const struct store_row row = {4, names, values};

static void columns_are_found_by_name(void **state)
{
    (void)state;
    assert_string_equal(row_text(&row, "run"), "bears");
    assert_int_equal(row_integer(&row, "count"), -7);
    assert_true(row_real(&row, "share") == 0.5);
    assert_true(row_real(&row, "count") == -7);
}

static void what_is_of_another_kind_or_not_there_is_nothing(void **state)
{
    (void)state;
    assert_string_equal(row_text(&row, "count"), "");
    assert_string_equal(row_text(&row, "detail"), "");
    assert_string_equal(row_text(&row, "Run"), "");
    assert_int_equal(row_integer(&row, "run"), 0);
    assert_int_equal(row_integer(&row, "share"), 0);
    assert_int_equal(row_integer(&row, "cou"), 0);
    assert_true(row_real(&row, "run") == 0);
    assert_true(row_real(&row, "detail") == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_are_found_by_name),
        cmocka_unit_test(what_is_of_another_kind_or_not_there_is_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
