#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "daemon/backoff.h"

static void delay_stays_below_the_doubling_ceiling(void **state)
{
    (void)state;
    struct backoff backoff;
    backoff_seed(&backoff, 1);
    for (uint32_t tries = 1; tries <= 40; tries++) {
        int64_t ceiling = tries < 10 ? 1000 << (tries - 1) : 300000;
        ceiling = ceiling > 300000 ? 300000 : ceiling;
        int64_t highest = 0;
        for (int i = 0; i < 2000; i++) {
            int64_t delay = backoff_delay(&backoff, 1000, 300000, tries, -1);
            assert_in_range(delay, 0, ceiling);
            highest = delay > highest ? delay : highest;
        }
        assert_true(highest > ceiling * 9 / 10); /* full jitter reaches up to it */
    }
}

static void delay_is_spread_evenly(void **state)
{
    (void)state;
    struct backoff backoff;
    backoff_seed(&backoff, 7);
    int quarter[4] = {0};
    for (int i = 0; i < 40000; i++)
        quarter[backoff_delay(&backoff, 3, 3, 1, -1)]++;
    for (int i = 0; i < 4; i++)
        assert_in_range(quarter[i], 9500, 10500);
}

static void retry_after_is_a_minimum_but_not_believed_without_end(void **state)
{
    (void)state;
    struct backoff backoff;
    backoff_seed(&backoff, 3);
    for (int i = 0; i < 100; i++)
        assert_int_equal(backoff_delay(&backoff, 100, 1000, 1, 5000), 5000);
    assert_int_equal(backoff_delay(&backoff, 100, 1000, 1, INT64_MAX), BACKOFF_MINIMUM_CAP_MS);
}

static void extreme_settings_do_not_overflow(void **state)
{
    (void)state;
    struct backoff backoff;
    backoff_seed(&backoff, 9);
    assert_int_equal(backoff_delay(&backoff, 0, 1000, 5, -1), 0);
    assert_int_equal(backoff_delay(&backoff, 1000, 0, 5, -1), 0);
    for (int i = 0; i < 1000; i++)
        assert_true(backoff_delay(&backoff, INT64_MAX / 2, INT64_MAX - 1, UINT32_MAX, -1) >= 0);
}

static void equal_seeds_give_equal_delays(void **state)
{
    (void)state;
    struct backoff a, b;
    backoff_seed(&a, 42);
    backoff_seed(&b, 42);
    for (int i = 0; i < 100; i++)
        assert_int_equal(backoff_random(&a, 1000000), backoff_random(&b, 1000000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(delay_stays_below_the_doubling_ceiling),
        cmocka_unit_test(delay_is_spread_evenly),
        cmocka_unit_test(retry_after_is_a_minimum_but_not_believed_without_end),
        cmocka_unit_test(extreme_settings_do_not_overflow),
        cmocka_unit_test(equal_seeds_give_equal_delays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
