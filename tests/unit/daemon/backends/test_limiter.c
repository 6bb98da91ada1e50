#include "daemon/backends/limiter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { CEILING = 16 };

static void a_round_of_answers_adds_one(void **state)
{
    (void)state;
    struct limiter limiter;
    limiter_init(&limiter);
    assert_int_equal(limiter_limit(&limiter, CEILING), 4);
    for (int i = 0; i < 5; i++)
        limiter_answered(&limiter, CEILING);
    assert_int_equal(limiter_limit(&limiter, CEILING), 5);
}

static void the_ceiling_holds(void **state)
{
    (void)state;
    struct limiter limiter;
    limiter_init(&limiter);
    for (int i = 0; i < 10000; i++)
        limiter_answered(&limiter, CEILING);
    assert_int_equal(limiter_limit(&limiter, CEILING), CEILING);
    assert_int_equal(limiter_limit(&limiter, 2), 2);
    assert_int_equal(limiter_limit(&limiter, 0), 1);
}

static void one_overload_halves_once(void **state)
{
    (void)state;
    struct limiter limiter;
    uint64_t calls[8];
    limiter_init(&limiter);
    for (int i = 0; i < 10000; i++)
        limiter_answered(&limiter, CEILING);
    for (int i = 0; i < 8; i++)
        calls[i] = limiter_begin(&limiter);
    for (int i = 0; i < 8; i++)
        limiter_failed(&limiter, calls[i], CEILING);
    assert_int_equal(limiter_limit(&limiter, CEILING), 8);
    limiter_failed(&limiter, limiter_begin(&limiter), CEILING);
    assert_int_equal(limiter_limit(&limiter, CEILING), 4);
}

static void one_call_is_always_allowed(void **state)
{
    (void)state;
    struct limiter limiter;
    limiter_init(&limiter);
    for (int i = 0; i < 100; i++)
        limiter_failed(&limiter, limiter_begin(&limiter), CEILING);
    assert_int_equal(limiter_limit(&limiter, CEILING), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_round_of_answers_adds_one),
        cmocka_unit_test(the_ceiling_holds),
        cmocka_unit_test(one_overload_halves_once),
        cmocka_unit_test(one_call_is_always_allowed),
    };
    return cmocka_run_group_tests_name("limiter", tests, NULL, NULL);
}
