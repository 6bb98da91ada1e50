#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/report/figure.h"

static char text[FIGURE_SIZE];

static void zero_has_no_sign(void **state)
{
    (void)state;
    assert_string_equal(figure_fixed(-0.0, 3, text), "0.000");
    assert_string_equal(figure_fixed(-0.0004, 3, text), "0.000");
    assert_string_equal(figure_fixed(-0.0006, 3, text), "-0.001");
    assert_string_equal(figure_signed(0.0004, 3, text), "0.000");
    assert_string_equal(figure_signed(-0.0, 3, text), "0.000");
    assert_string_equal(figure_signed(0.25, 2, text), "+0.25");
    assert_string_equal(figure_interval(-0.0001, 0.25, 2, text), "[0.00, 0.25]");
}

static void what_is_no_number_is_a_dash(void **state)
{
    (void)state;
    const double none[] = {NAN, -NAN, INFINITY, -INFINITY};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        assert_string_equal(figure_fixed(none[i], 3, text), "-");
        assert_string_equal(figure_signed(none[i], 3, text), "-");
        assert_string_equal(figure_small(none[i], text), "-");
        assert_string_equal(figure_p(none[i], text), "-");
        assert_string_equal(figure_interval(0, none[i], 3, text), "-");
    }
    assert_string_equal(figure_share(0, 0, text), "-");
}

static void small_numbers_are_told_from_none(void **state)
{
    (void)state;
    assert_string_equal(figure_p(0.00009, text), "< 0.0001");
    assert_string_equal(figure_p(0, text), "< 0.0001");
    assert_string_equal(figure_p(0.0001, text), "0.0001");
    assert_string_equal(figure_p(1, text), "1.0000");
    assert_string_equal(figure_small(0, text), "0");
    assert_string_equal(figure_small(-0.0, text), "0");
    assert_string_equal(figure_small(1.25e-7, text), "1.2e-07");
    assert_string_equal(figure_small(0.0132, text), "0.0132");
    assert_string_equal(figure_share(1, 1000000, text), "< 0.1 %");
    assert_string_equal(figure_share(999999, 1000000, text), "> 99.9 %");
    assert_string_equal(figure_share(0, 7, text), "0.0 %");
    assert_string_equal(figure_share(7, 7, text), "100.0 %");
}

static void huge_numbers_have_an_exponent(void **state)
{
    (void)state;
    assert_string_equal(figure_fixed(999999.25, 3, text), "999999.250");
    assert_string_equal(figure_fixed(1e6, 3, text), "1e+06");
    assert_string_equal(figure_fixed(-1e70, 3, text), "-1e+70");
    assert_string_equal(figure_fixed(1.2345e300, 3, text), "1.23e+300");
    assert_string_equal(figure_signed(1.2345e6, 3, text), "+1.23e+06");
    assert_string_equal(figure_signed(-1e70, 3, text), "-1e+70");
    assert_string_equal(figure_small(1e70, text), "1e+70");
    assert_string_equal(figure_interval(-1e70, 0.5, 3, text), "[-1e+70, 0.500]");
}

static void huge_numbers_fit(void **state)
{
    (void)state;
    assert_true(strlen(figure_fixed(-1e300, 3, text)) < FIGURE_SIZE);
    assert_true(strlen(figure_interval(-1e300, 1e300, 3, text)) < FIGURE_SIZE);
    assert_string_equal(figure_count(UINT64_MAX, text), "18446744073709551615");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zero_has_no_sign),
        cmocka_unit_test(what_is_no_number_is_a_dash),
        cmocka_unit_test(small_numbers_are_told_from_none),
        cmocka_unit_test(huge_numbers_have_an_exponent),
        cmocka_unit_test(huge_numbers_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
