#include "daemon/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <uv.h>

#include <cmocka.h>

static int64_t wall_s = 1000000;

/* Stands before libuv's: the wall clock that the test sets. */
int uv_gettimeofday(uv_timeval64_t *now)
{
    *now = (uv_timeval64_t){.tv_sec = wall_s};
    return 0;
}

static void a_wall_clock_that_is_set_changes_nothing(void **state)
{
    (void)state;
    int64_t first = clock_unix_ms();
    assert_in_range(first, 1000000 * 1000, 1000000 * 1000 + 60000);
    wall_s -= 3600;
    int64_t second = clock_unix_ms();
    assert_in_range(second, first, first + 60000);
    wall_s += 7200;
    assert_in_range(clock_unix_ms(), second, second + 60000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_wall_clock_that_is_set_changes_nothing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
