#include "daemon/breaker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { THRESHOLD = 3, FIRST_MS = 1000, CAP_MS = 8000 };

static struct breaker fresh(uint64_t seed)
{
    struct breaker breaker;
    breaker_init(&breaker, THRESHOLD, FIRST_MS, CAP_MS, seed);
    return breaker;
}

static void fail_calls(struct breaker *breaker, unsigned count, int64_t now_ms)
{
    for (unsigned i = 0; i < count; i++)
        breaker_failure(breaker, breaker_begin(breaker, now_ms), now_ms);
}

/* Moves the clock to the end of the pause and lets the probe begin. */
static uint32_t begin_probe(struct breaker *breaker, int64_t *now_ms)
{
    *now_ms += breaker_wait_ms(breaker, *now_ms);
    assert_true(breaker_allows(breaker, *now_ms));
    return breaker_begin(breaker, *now_ms);
}

static void failures_in_a_row_open_it(void **state)
{
    (void)state;
    struct breaker breaker = fresh(1);
    fail_calls(&breaker, THRESHOLD - 1, 10);
    assert_int_equal(breaker_state(&breaker), BREAKER_CLOSED);
    assert_true(breaker_allows(&breaker, 10));
    fail_calls(&breaker, 1, 20);
    assert_int_equal(breaker_state(&breaker), BREAKER_OPEN);
    assert_false(breaker_allows(&breaker, 20));
}

static void a_success_between_failures_keeps_it_closed(void **state)
{
    (void)state;
    struct breaker breaker = fresh(1);
    for (int i = 0; i < 10; i++) {
        fail_calls(&breaker, THRESHOLD - 1, i);
        breaker_success(&breaker, breaker_begin(&breaker, i), i);
    }
    assert_int_equal(breaker_state(&breaker), BREAKER_CLOSED);
}

static void one_probe_goes_out_after_the_pause(void **state)
{
    (void)state;
    struct breaker breaker = fresh(2);
    int64_t now = 100;
    fail_calls(&breaker, THRESHOLD, now);
    begin_probe(&breaker, &now);
    assert_int_equal(breaker_state(&breaker), BREAKER_HALF_OPEN);
    assert_false(breaker_allows(&breaker, now + 1000000));
    assert_int_equal(breaker_wait_ms(&breaker, now), -1);
}

static void a_good_probe_closes_it(void **state)
{
    (void)state;
    struct breaker breaker = fresh(3);
    int64_t now = 100;
    fail_calls(&breaker, THRESHOLD, now);
    {
        uint32_t probe = begin_probe(&breaker, &now);
        breaker_success(&breaker, probe, now);
    }
    assert_int_equal(breaker_state(&breaker), BREAKER_CLOSED);
    assert_int_equal(breaker_away_ms(&breaker, now), 0);
    fail_calls(&breaker, THRESHOLD - 1, now);
    assert_int_equal(breaker_state(&breaker), BREAKER_CLOSED);
}

static void a_cancelled_probe_makes_way_for_another(void **state)
{
    (void)state;
    struct breaker breaker = fresh(4);
    int64_t now = 100;
    fail_calls(&breaker, THRESHOLD, now);
    {
        uint32_t probe = begin_probe(&breaker, &now);
        breaker_cancel(&breaker, probe, now);
    }
    assert_int_equal(breaker_state(&breaker), BREAKER_OPEN);
    assert_true(breaker_allows(&breaker, now));
}

static void pauses_double_up_to_the_cap_and_vary(void **state)
{
    (void)state;
    static const int64_t limits[] = {FIRST_MS, 2000, 4000, CAP_MS, CAP_MS, CAP_MS};
    int64_t longest[6] = {0},
            shortest[6] = {INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX};
    for (uint64_t seed = 0; seed < 2000; seed++) {
        struct breaker breaker = fresh(seed);
        int64_t now = 5;
        fail_calls(&breaker, THRESHOLD, now);
        for (int i = 0; i < 6; i++) {
            int64_t pause = breaker_wait_ms(&breaker, now);
            assert_in_range(pause, 1, limits[i]);
            longest[i] = pause > longest[i] ? pause : longest[i];
            shortest[i] = pause < shortest[i] ? pause : shortest[i];
            {
                uint32_t probe = begin_probe(&breaker, &now);
                breaker_failure(&breaker, probe, now);
            }
        }
    }
    for (int i = 0; i < 6; i++) { /* full jitter: the whole range is used */
        assert_true(longest[i] > limits[i] * 9 / 10);
        assert_true(shortest[i] < limits[i] / 10);
    }
}

static void pauses_start_small_again_after_a_recovery(void **state)
{
    (void)state;
    struct breaker breaker = fresh(5);
    int64_t now = 0;
    fail_calls(&breaker, THRESHOLD, now);
    for (int i = 0; i < 5; i++) {
        uint32_t probe = begin_probe(&breaker, &now);
        breaker_failure(&breaker, probe, now);
    }
    {
        uint32_t probe = begin_probe(&breaker, &now);
        breaker_success(&breaker, probe, now);
    }
    fail_calls(&breaker, THRESHOLD, now);
    assert_in_range(breaker_wait_ms(&breaker, now), 1, FIRST_MS);
}

static void old_failures_do_not_end_the_probe(void **state)
{
    (void)state;
    struct breaker breaker = fresh(6);
    int64_t now = 0;
    uint32_t old = breaker_begin(&breaker, now);
    fail_calls(&breaker, THRESHOLD, now);
    uint32_t probe = begin_probe(&breaker, &now);
    breaker_failure(&breaker, old, now);
    breaker_cancel(&breaker, old, now);
    assert_int_equal(breaker_state(&breaker), BREAKER_HALF_OPEN);
    breaker_failure(&breaker, probe, now);
    assert_int_equal(breaker_state(&breaker), BREAKER_OPEN);
}

static void an_old_success_still_proves_the_service_is_there(void **state)
{
    (void)state;
    struct breaker breaker = fresh(7);
    uint32_t old = breaker_begin(&breaker, 0);
    fail_calls(&breaker, THRESHOLD, 0);
    breaker_success(&breaker, old, 1);
    assert_int_equal(breaker_state(&breaker), BREAKER_CLOSED);
}

static void away_counts_from_the_first_failure_of_the_row(void **state)
{
    (void)state;
    struct breaker breaker = fresh(8);
    fail_calls(&breaker, THRESHOLD - 1, 100);
    assert_int_equal(breaker_away_ms(&breaker, 150), 0);
    fail_calls(&breaker, 1, 200);
    assert_int_equal(breaker_away_ms(&breaker, 200), 100);
    int64_t now = 200;
    {
        uint32_t probe = begin_probe(&breaker, &now);
        breaker_failure(&breaker, probe, now);
    }
    assert_int_equal(breaker_away_ms(&breaker, 90000), 89900);
}

static void zero_settings_are_raised_to_one(void **state)
{
    (void)state;
    struct breaker breaker;
    breaker_init(&breaker, 0, 0, 0, 0);
    fail_calls(&breaker, 1, 7);
    assert_int_equal(breaker_state(&breaker), BREAKER_OPEN);
    assert_int_equal(breaker_wait_ms(&breaker, 7), 1);
    assert_int_equal(breaker_away_ms(&breaker, 7), 1);
}

/* Any order of events: the state is one of three, HALF_OPEN has exactly one probe out, and a
 * service that answers again is always found. */
static void random_histories_keep_the_invariants(void **state)
{
    (void)state;
    uint64_t random = 42;
    struct breaker breaker = fresh(9);
    int64_t now = 0;
    uint32_t tickets[16];
    size_t out = 0;
    for (int step = 0; step < 200000; step++) {
        random = random * 6364136223846793005U + 1442695040888963407U;
        unsigned dice = (unsigned)(random >> 33);
        now += dice % 50;
        enum breaker_state before = breaker_state(&breaker);
        if (dice % 3 == 0 && out < 16 && breaker_allows(&breaker, now)) {
            tickets[out++] = breaker_begin(&breaker, now);
            assert_int_equal(breaker_state(&breaker),
                             before == BREAKER_CLOSED ? BREAKER_CLOSED : BREAKER_HALF_OPEN);
        } else if (out > 0) {
            size_t which = dice / 3 % out;
            uint32_t ticket = tickets[which];
            tickets[which] = tickets[--out];
            unsigned kind = dice / 64 % 8;
            (kind == 0   ? breaker_success
             : kind == 1 ? breaker_cancel
                         : breaker_failure)(&breaker, ticket, now);
            if (kind == 0)
                assert_int_equal(breaker_state(&breaker), BREAKER_CLOSED);
        }
        assert_in_range(breaker_wait_ms(&breaker, now) + 1, 0, CAP_MS + 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(failures_in_a_row_open_it),
        cmocka_unit_test(a_success_between_failures_keeps_it_closed),
        cmocka_unit_test(one_probe_goes_out_after_the_pause),
        cmocka_unit_test(a_good_probe_closes_it),
        cmocka_unit_test(a_cancelled_probe_makes_way_for_another),
        cmocka_unit_test(pauses_double_up_to_the_cap_and_vary),
        cmocka_unit_test(pauses_start_small_again_after_a_recovery),
        cmocka_unit_test(old_failures_do_not_end_the_probe),
        cmocka_unit_test(an_old_success_still_proves_the_service_is_there),
        cmocka_unit_test(away_counts_from_the_first_failure_of_the_row),
        cmocka_unit_test(zero_settings_are_raised_to_one),
        cmocka_unit_test(random_histories_keep_the_invariants),
    };
    return cmocka_run_group_tests_name("breaker", tests, NULL, NULL);
}
