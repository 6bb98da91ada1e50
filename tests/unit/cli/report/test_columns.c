#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/report/columns.h"
#include "cli/terminal.h"

static struct columns *animals(void)
{
    struct columns *columns = columns_create();
    columns_add(columns, COLUMN_LABEL, NULL, "animal");
    columns_add(columns, COLUMN_NUMBER, NULL, "legs");
    columns_add(columns, COLUMN_TEXT, NULL, "what it does");
    static const char *const cells[] = {
        "\xe7\x86\x8a bear",  "4",     "sleeps through the whole of the winter",
        "caf\xc3\xa9\x1b[2J", "12345", "opens\nlate"};
    for (size_t i = 0; i < sizeof cells / sizeof cells[0]; i++)
        columns_cell(columns, cells[i]);
    return columns;
}

static void assert_columns(struct columns *columns, size_t width, bool styled, const char *expected)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_int_equal(columns_write(columns, out, width, styled), STATUS_OK);
    fclose(out);
    assert_string_equal(text, expected);
    free(text);
    columns_free(columns);
}

static void a_wide_line_holds_a_row(void **state)
{
    (void)state;
    assert_columns(animals(), 80, false,
                   "animal     legs  what it does\n"
                   "\xe7\x86\x8a bear       4  sleeps through the whole of the winter\n"
                   "caf\xc3\xa9?[2J  12345  opens?late\n");
}

static void long_text_goes_on_below_itself(void **state)
{
    (void)state;
    assert_columns(animals(), 46, false,
                   "animal     legs  what it does\n"
                   "\xe7\x86\x8a bear       4  sleeps through the whole of\n"
                   "                 the winter\n"
                   "caf\xc3\xa9?[2J  12345  opens?late\n");
}

static void names_get_a_line_where_a_row_does_not_fit(void **state)
{
    (void)state;
    assert_columns(animals(), 35, false,
                   "   legs  what it does\n"
                   "\xe7\x86\x8a bear\n"
                   "      4  sleeps through the whole\n"
                   "         of the winter\n"
                   "caf\xc3\xa9?[2J\n"
                   "  12345  opens?late\n");
}

static void cells_get_a_line_each_on_a_narrow_terminal(void **state)
{
    (void)state;
    assert_columns(animals(), 30, false,
                   "\xe7\x86\x8a bear\n"
                   "  legs          4\n"
                   "  what it does  sleeps through\n"
                   "                the whole of\n"
                   "                the winter\n"
                   "caf\xc3\xa9?[2J\n"
                   "  legs          12345\n"
                   "  what it does  opens?late\n");
}

static void groups_stand_above_their_columns(void **state)
{
    (void)state;
    struct columns *columns = columns_create();
    columns_add(columns, COLUMN_LABEL, NULL, "model");
    static const char *const groups[] = {"Caffe", "a very long framework name"};
    for (size_t g = 0; g < 2; g++) {
        columns_add(columns, COLUMN_NUMBER, groups[g], "n");
        columns_add(columns, COLUMN_NUMBER, groups[g], "p");
    }
    static const char *const cells[] = {"A", "1", "0.5", "20", "0.25"};
    for (size_t i = 0; i < sizeof cells / sizeof cells[0]; i++)
        columns_cell(columns, cells[i]);
    assert_int_equal(columns_width(columns), 45);
    assert_columns(columns, 45, true,
                   "\033[1m         Caffe     a very long framework name\n"
                   "model    n    p     n                       p\n\033[0m"
                   "A        1  0.5    20                    0.25\n");
}

static void a_table_without_rows_is_nothing(void **state)
{
    (void)state;
    struct columns *columns = columns_create();
    columns_add(columns, COLUMN_LABEL, NULL, "model");
    assert_columns(columns, 80, true, "");
}

static void too_many_columns_are_told(void **state)
{
    (void)state;
    struct columns *columns = columns_create();
    for (size_t i = 0; i <= COLUMNS_MOST; i++)
        columns_add(columns, COLUMN_NUMBER, NULL, "n");
    columns_cell(columns, "1");
    assert_int_equal(columns_write(columns, stdout, 80, false), STATUS_LIMIT);
    columns_free(columns);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wide_line_holds_a_row),
        cmocka_unit_test(long_text_goes_on_below_itself),
        cmocka_unit_test(names_get_a_line_where_a_row_does_not_fit),
        cmocka_unit_test(cells_get_a_line_each_on_a_narrow_terminal),
        cmocka_unit_test(groups_stand_above_their_columns),
        cmocka_unit_test(a_table_without_rows_is_nothing),
        cmocka_unit_test(too_many_columns_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
