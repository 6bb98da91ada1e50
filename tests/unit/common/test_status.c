#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/status.h"
#include "common/utf8.h"

static void error_is_one_line_of_text_whatever_it_quotes(void **state)
{
    (void)state;
    struct error error;
    assert_int_equal(error_set(&error, STATUS_DATA, "%s", "a\nb\x1b[2Jc\x7f\xe4 \xc3\xa4"),
                     STATUS_DATA);
    assert_string_equal(error.text, "a?b?[2Jc?? \xc3\xa4");
    error_prefix(&error, STATUS_DATA, "%s", "file\xff\n");
    assert_string_equal(error.text, "file??: a?b?[2Jc?? \xc3\xa4");
}

static void text_that_is_cut_stays_utf8(void **state)
{
    (void)state;
    struct error error;
    char text[2 * sizeof error.text];
    for (size_t shift = 0; shift < 2; shift++) {
        memset(text, 'x', shift);
        for (size_t i = shift; i + 2 < sizeof text; i += 2)
            memcpy(text + i, "\xc3\xa4", 3);
        error_set(&error, STATUS_DATA, "%s", text);
        assert_int_equal(strlen(error.text), sizeof error.text - 1);
        assert_true(utf8_valid(error.text));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(error_is_one_line_of_text_whatever_it_quotes),
        cmocka_unit_test(text_that_is_cut_stays_utf8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
