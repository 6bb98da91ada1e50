#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/terminal.h"

static char *wrapped(const char *text, size_t indent, size_t columns)
{
    char *memory = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&memory, &size);
    terminal_wrap(out, text, indent, columns);
    fclose(out);
    return memory;
}

static void assert_written(const char *text, const char *expected)
{
    char *memory = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&memory, &size);
    terminal_write(out, text);
    fclose(out);
    assert_string_equal(memory, expected);
    free(memory);
}

static void width_counts_columns_not_bytes(void **state)
{
    (void)state;
    assert_int_equal(terminal_width(""), 0);
    assert_int_equal(terminal_width("bear"), 4);
    assert_int_equal(terminal_width("\xc3\xa9t\xc3\xa9"), 3);
    assert_int_equal(terminal_width("\xe7\x86\x8a\xe7\x8c\xab"), 4);         /* bear cat, in CJK */
    assert_int_equal(terminal_width("e\xcc\x81"), 1);                        /* combining acute */
    assert_int_equal(terminal_width("\xd7\x93\xd7\x91"), 2);                 /* Hebrew */
    assert_int_equal(terminal_width("\xf0\x9f\x90\xbb"), 2);                 /* an emoji */
    assert_int_equal(terminal_width("\xff\x1b[31m\xe2\x80\xae"), 1 + 5 + 1); /* shown as '?' */
}

static void nothing_that_a_terminal_obeys_comes_out(void **state)
{
    (void)state;
    assert_written("a\nb\tc\x1b[2Jd\x7f", "a?b?c?[2Jd?");
    assert_written("\xc2\x9b"
                   "31m \xc2\x85",
                   "?31m ?"); /* CSI and NEL of C1 */
    assert_written("\xe2\x80\xaegnp.exe\xe2\x81\xa6 \xd8\x9c\xe2\x80\x8b", "?gnp.exe? ??");
    assert_written("\xff\xc3 \xed\xa0\x80", "?? ???");
    assert_written("\xcd\xb8", "?"); /* U+0378, unassigned: nobody knows how wide it would be */
    assert_written("caf\xc3\xa9 \xe7\x86\x8a <b>", "caf\xc3\xa9 \xe7\x86\x8a <b>");
}

static void words_are_wrapped_where_a_line_ends(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t indent, columns;
        const char *expected;
    } cases[] = {
        {"", 0, 20, "\n"},
        {"one two three", 0, 20, "one two three\n"},
        {"one two three", 0, 13, "one two three\n"},
        {"one two three", 0, 12, "one two\nthree\n"},
        {"one two three", 4, 12, "one two\n    three\n"},
        {"one  two ", 0, 20, "one two\n"},
        {"12345678901234567890", 2, 10, "12345678\n  90123456\n  7890\n"},
        {"a 12345678901", 0, 10, "a\n1234567890\n1\n"},
        {"\xe7\x86\x8a\xe7\x86\x8a\xe7\x86\x8a", 0, 5, "\xe7\x86\x8a\xe7\x86\x8a\n\xe7\x86\x8a\n"},
        {"holds in 95 % of all", 0, 12, "holds in\n95 % of all\n"},
        {"a\nb", 0, 20, "a?b\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *text = wrapped(cases[i].text, cases[i].indent, cases[i].columns);
        assert_string_equal(text, cases[i].expected);
        free(text);
    }
}

static void columns_come_from_the_environment_where_there_is_no_terminal(void **state)
{
    (void)state;
    FILE *out = tmpfile();
    unsetenv("COLUMNS");
    assert_int_equal(terminal_columns(out), TERMINAL_PLAIN);
    setenv("COLUMNS", "132", 1);
    assert_int_equal(terminal_columns(out), 132);
    setenv("COLUMNS", "3", 1);
    assert_int_equal(terminal_columns(out), TERMINAL_NARROWEST);
    static const char *const wrong[] = {"", "wide", "-5", "0", "99999999999999999999"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        setenv("COLUMNS", wrong[i], 1);
        assert_int_equal(terminal_columns(out), TERMINAL_PLAIN);
    }
    assert_false(terminal_styled(out));
    fclose(out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(width_counts_columns_not_bytes),
        cmocka_unit_test(nothing_that_a_terminal_obeys_comes_out),
        cmocka_unit_test(words_are_wrapped_where_a_line_ends),
        cmocka_unit_test(columns_come_from_the_environment_where_there_is_no_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
