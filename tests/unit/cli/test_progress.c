#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/progress.h"

static void durations_read_as_people_say_them(void **state)
{
    (void)state;
    char text[32];
    progress_duration(12.4, text, sizeof text);
    assert_string_equal(text, "12s");
    progress_duration(185, text, sizeof text);
    assert_string_equal(text, "3m05s");
    progress_duration(3720, text, sizeof text);
    assert_string_equal(text, "1h02m");
    progress_duration(-5, text, sizeof text);
    assert_string_equal(text, "0s");
}

static void the_bar_fills_with_the_share_that_ended(void **state)
{
    (void)state;
    char text[256];
    struct progress half = {.enqueued = 100, .pending = 50, .done = 40, .failed = 10, .rate = 5};
    progress_line(&half, 120, text, sizeof text);
    assert_string_equal(text,
                        "[####################--------------------]  50 %  50/100  5.0/s  10s "
                        "left  10 failed");
}

static void hundred_percent_means_that_nothing_is_open(void **state)
{
    (void)state;
    char text[256];
    struct progress nearly = {.enqueued = 1000, .pending = 1, .done = 999};
    progress_line(&nearly, 120, text, sizeof text);
    assert_non_null(strstr(text, " 99 %"));
    struct progress empty = {0};
    progress_line(&empty, 120, text, sizeof text);
    assert_non_null(strstr(text, "100 %"));
}

static void a_narrow_terminal_gets_a_shorter_line(void **state)
{
    (void)state;
    char text[256];
    struct progress half = {.enqueued = 1000000, .pending = 500000, .done = 500000, .rate = 123.4};
    for (unsigned columns = 20; columns < 140; columns++) {
        progress_line(&half, columns, text, sizeof text);
        assert_true(strlen(text) <= columns);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations_read_as_people_say_them),
        cmocka_unit_test(the_bar_fills_with_the_share_that_ended),
        cmocka_unit_test(hundred_percent_means_that_nothing_is_open),
        cmocka_unit_test(a_narrow_terminal_gets_a_shorter_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
