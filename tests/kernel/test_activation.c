/* The activations against their formulas in double precision, to another buffer and in place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/operator.h"
#include "tests/lib/random.h"

typedef double formula(const union parameters *parameters, double x);

static bool near(float value, double expected, double tolerance)
{
    if (isnan(expected) || isinf((float)expected))
        return isnan(expected) ? isnan(value) : value == (float)expected;
    return fabs((double)value - expected) <= tolerance * fmax(1e-6, fabs(expected));
}

static void expect_formula(const struct operator_test *test, const struct guarded *in, formula *f,
                           double tolerance)
{
    for (size_t i = 0; i < in->count; i++) {
        double expected = f(&test->parameters, (double)in->data[i]);
        if (!near(test->output.data[i], expected, tolerance))
            fail_msg("f(%.9g) is %.9g instead of %.9g", (double)in->data[i],
                     (double)test->output.data[i], expected);
    }
}

/* Shapes of one to four axes; every third input holds extremes, every other wide numbers. */
static void check(enum operator_kind kind, union parameters parameters, formula *f,
                  double tolerance)
{
    uint64_t random = 31;

    for (unsigned round = 0; round < 24; round++) {
        struct operator_test test = {.kind = kind, .input_count = 1, .parameters = parameters};
        test.shapes[0].dims = round % 4 + 1;
        for (unsigned i = 0; i < test.shapes[0].dims; i++)
            test.shapes[0].dim[i] = 1 + random_below(&random, 9);
        assert_true(operator_open(&test, &random, round % 3 == 0));
        for (size_t i = 0; i < test.inputs[0].count && round % 2; i++)
            test.inputs[0].data[i] *= 30;
        assert_true(operator_run(&test, round % 5 == 0));
        expect_formula(&test, &test.inputs[0], f, tolerance);
        operator_close(&test);
    }
}

static double elu(const union parameters *p, double x)
{
    return x > 0 ? x : (double)p->elu.alpha * (exp(x) - 1);
}

static double sigmoid(const union parameters *p, double x)
{
    (void)p;
    return 1 / (1 + exp(-x));
}

static double swish(const union parameters *p, double x)
{
    return x * sigmoid(p, (double)p->swish.beta * x);
}

static double hyperbolic(const union parameters *p, double x)
{
    (void)p;
    return tanh(x);
}

static double magnitude(const union parameters *p, double x)
{
    (void)p;
    return fabs(x);
}

static double softplus(const union parameters *p, double x)
{
    (void)p;
    return x > 0 ? x + log(1 + exp(-x)) : log(1 + exp(x));
}

static double step_function(const union parameters *p, double x)
{
    return x > (double)p->threshold.threshold;
}

static double clip(const union parameters *p, double x)
{
    return fmax((double)p->clip.low, fmin(x, (double)p->clip.high));
}

static void activations_follow_their_formulas(void **state)
{
    (void)state;
    check(OPERATOR_ELU, (union parameters){.elu = {1}}, elu, 1e-6);
    check(OPERATOR_ELU, (union parameters){.elu = {0.3F}}, elu, 1e-6);
    check(OPERATOR_SIGMOID, (union parameters){.relu = {0}}, sigmoid, 1e-6);
    check(OPERATOR_SWISH, (union parameters){.swish = {1}}, swish, 1e-6);
    check(OPERATOR_SWISH, (union parameters){.swish = {-2.5F}}, swish, 1e-6);
    check(OPERATOR_TANH, (union parameters){.relu = {0}}, hyperbolic, 1e-6);
    check(OPERATOR_ABS_VAL, (union parameters){.relu = {0}}, magnitude, 0);
    check(OPERATOR_BNLL, (union parameters){.relu = {0}}, softplus, 1e-6);
    check(OPERATOR_THRESHOLD, (union parameters){.threshold = {0}}, step_function, 0);
    check(OPERATOR_THRESHOLD, (union parameters){.threshold = {0.5F}}, step_function, 0);
    check(OPERATOR_CLIP, (union parameters){.clip = {0, 6}}, clip, 0);
    check(OPERATOR_CLIP, (union parameters){.clip = {-0.5F, INFINITY}}, clip, 0);
}

static double power(const union parameters *p, double x)
{
    /* Rounded as the product and the sum are in float32. */
    float inner = (float)x * p->power.scale + p->power.shift;

    return pow((double)inner, (double)p->power.power);
}

static double exponential(const union parameters *p, double x)
{
    double base = p->exp.base == -1 ? exp(1) : (double)p->exp.base;

    return pow(base, (double)p->exp.shift + (double)p->exp.scale * x);
}

static double logarithm(const union parameters *p, double x)
{
    double base = p->log.base == -1 ? 1 : log((double)p->log.base);

    return log((double)p->log.shift + (double)p->log.scale * x) / base;
}

static void powers_and_logarithms_take_scale_and_shift(void **state)
{
    (void)state;
    check(OPERATOR_POWER, (union parameters){.power = {2, 1, 0}}, power, 1e-6);
    check(OPERATOR_POWER, (union parameters){.power = {1, -0.5F, 3}}, power, 1e-6);
    check(OPERATOR_POWER, (union parameters){.power = {0.5F, 1, 2}}, power, 1e-6);
    check(OPERATOR_POWER, (union parameters){.power = {-1, 2, 0}}, power, 1e-6);
    check(OPERATOR_POWER, (union parameters){.power = {0, 2, 1}}, power, 0);
    check(OPERATOR_POWER, (union parameters){.power = {3, 0, 2}}, power, 0);
    /* The exponent is rounded to float32 once: e^60 is off by up to 60 units. */
    check(OPERATOR_EXP, (union parameters){.exp = {-1, 1, 0}}, exponential, 1e-5);
    check(OPERATOR_EXP, (union parameters){.exp = {2, -1.5F, 3}}, exponential, 1e-5);
    check(OPERATOR_LOG, (union parameters){.log = {-1, 1, 40}}, logarithm, 1e-6);
    check(OPERATOR_LOG, (union parameters){.log = {10, 2, 61}}, logarithm, 1e-6);
    check(OPERATOR_LOG, (union parameters){.log = {-1, 1, 0}}, logarithm, 1e-6);
}

/* power_layer.cpp: a scale or power of 0 hides its input. */
static void a_constant_power_hides_what_is_no_number(void **state)
{
    struct operator_test test = {.kind = OPERATOR_POWER,
                                 .input_count = 1,
                                 .parameters = {.power = {2, 0, 3}},
                                 .shapes = {{1, {2}}}};
    uint64_t random = 32;

    (void)state;
    assert_true(operator_open(&test, &random, false));
    test.inputs[0].data[0] = NAN;
    test.inputs[0].data[1] = INFINITY;
    assert_true(operator_run(&test, false));
    assert_true(test.output.data[0] == 9 && test.output.data[1] == 9);
    operator_close(&test);
}

static void prelu_has_a_slope_for_each_channel_or_one(void **state)
{
    uint64_t random = 33;

    (void)state;
    for (unsigned round = 0; round < 40; round++) {
        bool shared = round % 2;
        struct operator_test test = {.kind = OPERATOR_PRELU,
                                     .input_count = 1,
                                     .parameters = {.prelu = {shared}},
                                     .shapes = {{round % 3 + 2, {2, 3, 4, 5}}}};
        assert_true(operator_open(&test, &random, round % 4 == 0));
        assert_true(operator_run(&test, round % 5 == 0));
        size_t plane = test.output.count / 6;
        for (size_t i = 0; i < test.output.count; i++) {
            float x = test.inputs[0].data[i];
            float slope = test.weights[0].data[shared ? 0 : i / plane % 3];
            assert_true(
                near(test.output.data[i], x > 0 ? (double)x : (double)x * (double)slope, 1e-6));
        }
        operator_close(&test);
    }
}

static void prelu_wants_channels(void **state)
{
    struct operator_test test = {.kind = OPERATOR_PRELU, .input_count = 1, .shapes = {{1, {4}}}};
    uint64_t random = 34;

    (void)state;
    assert_false(operator_open(&test, &random, false));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(activations_follow_their_formulas),
        cmocka_unit_test(powers_and_logarithms_take_scale_and_shift),
        cmocka_unit_test(a_constant_power_hides_what_is_no_number),
        cmocka_unit_test(prelu_has_a_slope_for_each_channel_or_one),
        cmocka_unit_test(prelu_wants_channels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
