#include "cli/report/svg.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* What every scale promises, whatever it was made of. */
static void assert_sound(const struct svg_scale *scale)
{
    assert_true(isfinite(scale->low) && isfinite(scale->high));
    assert_true(scale->low < scale->high);
    assert_in_range(scale->tick_count, 1, SVG_TICKS);
    double slack = 1e-9 * (scale->high - scale->low);
    for (size_t i = 0; i < scale->tick_count; i++) {
        assert_true(scale->ticks[i] >= scale->low - slack);
        assert_true(scale->ticks[i] <= scale->high + slack);
        assert_true(i == 0 || scale->ticks[i] > scale->ticks[i - 1]);
    }
    assert_in_range(scale->digits, 0, 9);
}

static void a_linear_scale_ends_at_round_numbers(void **state)
{
    (void)state;
    struct svg_scale scale = svg_linear(0.777, 0.888, 4);
    assert_sound(&scale);
    assert_float_equal(scale.low, 0.76, 1e-9);
    assert_float_equal(scale.high, 0.90, 1e-9);
    assert_int_equal(scale.digits, 2);
    assert_float_equal(svg_at(&scale, 0.83), 50, 1e-9);
}

static void a_scale_around_zero_has_a_tick_there(void **state)
{
    (void)state;
    for (double reach = 0.001; reach < 2; reach *= 1.37) {
        struct svg_scale scale = svg_linear(-reach, reach, 3);
        bool found = false;
        assert_sound(&scale);
        for (size_t i = 0; i < scale.tick_count; i++)
            found |= fabs(scale.ticks[i]) < 1e-15;
        assert_true(found);
    }
}

static void a_logarithmic_scale_covers_its_values(void **state)
{
    (void)state;
    for (double low = 0.01; low < 1e4; low *= 3.3)
        for (double factor = 1.1; factor < 1e7; factor *= 5.7) {
            struct svg_scale scale = svg_logarithmic(low, low * factor);
            assert_sound(&scale);
            assert_true(scale.low <= low * (1 + 1e-9));
            assert_true(scale.high >= low * factor * (1 - 1e-9));
            assert_true(scale.low * 2.5 > low * (1 - 1e-9));
        }
}

static void odd_values_make_sound_scales(void **state)
{
    (void)state;
    static const double odd[] = {0, 1, -1, 1e-300, 1e300, -1e300, NAN, INFINITY, -INFINITY, 0.3};
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++)
        for (size_t k = 0; k < sizeof odd / sizeof odd[0]; k++) {
            struct svg_scale linear = svg_linear(odd[i], odd[k], 5);
            struct svg_scale logarithmic = svg_logarithmic(odd[i], odd[k]);
            assert_sound(&linear);
            assert_sound(&logarithmic);
            for (size_t n = 0; n < sizeof odd / sizeof odd[0]; n++) {
                double at = svg_at(&linear, odd[n]), log_at = svg_at(&logarithmic, odd[n]);
                assert_true(at >= 0 && at <= 100 && log_at >= 0 && log_at <= 100);
            }
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_linear_scale_ends_at_round_numbers),
        cmocka_unit_test(a_scale_around_zero_has_a_tick_there),
        cmocka_unit_test(a_logarithmic_scale_covers_its_values),
        cmocka_unit_test(odd_values_make_sound_scales),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
