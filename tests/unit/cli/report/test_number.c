#include "cli/report/number.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void thousands_stand_apart(void **state)
{
    (void)state;
    assert_string_equal(number_count(0).text, "0");
    assert_string_equal(number_count(999).text, "999");
    assert_string_equal(number_count(4081).text, "4,081");
    assert_string_equal(number_count(UINT64_MAX).text, "18,446,744,073,709,551,615");
}

static void signs_are_real_ones(void **state)
{
    (void)state;
    assert_string_equal(number_fixed(-0.25, 3).text, "\u22120.250");
    assert_string_equal(number_signed(0.016, 3).text, "+0.016");
    assert_string_equal(number_signed(-0.0001, 3).text, "0.000");
    assert_string_equal(number_range(0.8, 0.832, 3).text, "0.800\u20130.832");
    assert_string_equal(number_signed_range(-0.1, 0.2, 1).text, "\u22120.1 to +0.2");
}

static void tiny_numbers_have_powers(void **state)
{
    (void)state;
    assert_string_equal(number_small(0).text, "0");
    assert_string_equal(number_small(3.14e-7).text, "3.1\u00a0\u00d7\u00a010\u207b\u2077");
    assert_string_equal(number_small(-2e-12).text,
                        "\u22122.0\u00a0\u00d7\u00a010\u207b\u00b9\u00b2");
    assert_string_equal(number_small(0.125).text, "0.1250");
}

static void what_is_not_known_is_a_dash(void **state)
{
    (void)state;
    static const double odd[] = {NAN, INFINITY, -INFINITY};
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(number_fixed(odd[i], 3).text, "\u2013");
        assert_string_equal(number_signed(odd[i], 3).text, "\u2013");
        assert_string_equal(number_range(odd[i], 1, 3).text, "\u2013");
        assert_string_equal(number_signed_range(1, odd[i], 3).text, "\u2013");
        assert_string_equal(number_p(odd[i]).text, "\u2013");
        assert_string_equal(number_small(odd[i]).text, "\u2013");
        assert_string_equal(number_ms(odd[i]).text, "\u2013");
    }
    assert_string_equal(number_share(0, 0).text, "\u2013");
}

static void times_choose_their_unit(void **state)
{
    (void)state;
    assert_string_equal(number_ms(0.423).text, "0.42\u00a0ms");
    assert_string_equal(number_ms(12.3).text, "12\u00a0ms");
    assert_string_equal(number_ms(3440).text, "3.4\u00a0s");
    assert_string_equal(number_ms(120000).text, "2.0\u00a0min");
    assert_string_equal(number_time(1795420800).text, "2026-11-23 08:00:00");
    assert_string_equal(number_duration(40).text, "40\u00a0s");
    assert_string_equal(number_duration(12000).text, "3\u00a0h\u00a020\u00a0min");
    assert_string_equal(number_duration(187200).text, "2\u00a0d\u00a04\u00a0h");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(thousands_stand_apart),    cmocka_unit_test(signs_are_real_ones),
        cmocka_unit_test(tiny_numbers_have_powers), cmocka_unit_test(what_is_not_known_is_a_dash),
        cmocka_unit_test(times_choose_their_unit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
