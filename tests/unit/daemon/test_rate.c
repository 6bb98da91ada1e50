#include "daemon/rate.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* Measures each two seconds that `growth` were more; returns the time. */
static int64_t measure(struct rate *rate, int64_t now_ms, uint64_t growth, unsigned times)
{
    for (unsigned i = 0; i < times; i++) {
        now_ms += 2000;
        rate_measure(rate, rate->count + growth, now_ms);
    }
    return now_ms;
}

static void steady_growth_is_its_rate(void **state)
{
    (void)state;
    struct rate rate = {.at_ms = 5000};
    measure(&rate, 5000, 300, 1);
    assert_true(rate.per_s == 150);
    measure(&rate, 7000, 300, 30);
    assert_true(fabs(rate.per_s - 150) < 1e-9);
}

static void what_begins_after_a_rest_is_not_mixed_with_it(void **state)
{
    (void)state;
    struct rate rate = {.at_ms = 5000};
    int64_t now = measure(&rate, 5000, 300, 5);
    now = measure(&rate, now, 0, 30);
    assert_true(rate.per_s < 1);
    now = measure(&rate, now, 150, 1); /* from the middle of the two seconds on */
    assert_true(rate.per_s == 75);
    now = measure(&rate, now, 300, 1);
    assert_true(fabs(rate.per_s - 112.5) < 1e-9);
    measure(&rate, now, 300, 3);
    assert_true(fabs(rate.per_s - 135) < 1e-9);
}

static void slow_work_is_not_taken_for_bursts(void **state)
{
    (void)state;
    struct rate rate = {.at_ms = 5000};
    int64_t now = measure(&rate, 5000, 1, 1);
    for (int i = 0; i < 20; i++) {
        now = measure(&rate, now, 0, 9);
        now = measure(&rate, now, 1, 1);
    }
    assert_true(rate.per_s < 0.15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steady_growth_is_its_rate),
        cmocka_unit_test(what_begins_after_a_rest_is_not_mixed_with_it),
        cmocka_unit_test(slow_work_is_not_taken_for_bursts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
