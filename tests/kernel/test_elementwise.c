/* The operators that work on elements or small neighbourhoods, against their formulas in double
 * precision. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/operator.h"
#include "tests/lib/random.h"

enum { N = 2, C = 7, H = 3, W = 5, PLANE = H * W, COUNT = N * C * PLANE };

static struct operator_test open_test(enum operator_kind kind, uint32_t inputs, uint64_t *random,
                                      const union parameters *parameters, bool extremes)
{
    struct operator_test test = {.kind = kind, .input_count = inputs, .parameters = *parameters};

    for (uint32_t i = 0; i < inputs; i++)
        test.shapes[i] = (struct shape){.dims = 4, .dim = {N, C, H, W}};
    assert_true(operator_open(&test, random, extremes));
    return test;
}

static void expect_near(float value, double expected, double tolerance)
{
    if (!(fabs((double)value - expected) <= tolerance * fmax(1e-3, fabs(expected))))
        fail_msg("%.9g instead of %.9g", (double)value, expected);
}

/* Runs both ways: to another buffer and in place. */
#define RUN_BOTH(test, i, expected, tolerance)                                                     \
    for (int in_place = 0; in_place < 2; in_place++) {                                             \
        assert_true(operator_run(&(test), in_place));                                              \
        for (size_t i = 0; i < (test).output.count; i++)                                           \
            expect_near((test).output.data[i], expected, tolerance);                               \
        operator_close(&(test));                                                                   \
        if (!in_place)                                                                             \
            assert_true(operator_open(&(test), &random, false));                                   \
    }

static void relu_keeps_its_slope(void **state)
{
    static const float slopes[] = {0, 0.25F, -1};
    uint64_t random = 8;

    (void)state;
    for (size_t s = 0; s < 3; s++) {
        union parameters parameters = {.relu = {slopes[s]}};
        struct operator_test test = open_test(OPERATOR_RELU, 1, &random, &parameters, true);
        const struct guarded *in = &test.inputs[0];
        RUN_BOTH(test, i, (double)in->data[i] * (in->data[i] < 0 ? (double)slopes[s] : 1), 1e-6)
    }
}

static double eltwise(const struct operator_test *test, size_t i)
{
    const struct eltwise_parameters *p = &test->parameters.eltwise;
    double a = test->inputs[0].data[i], b = test->inputs[1].data[i], c = test->inputs[2].data[i];

    if (p->operation == ELTWISE_PRODUCT)
        return a * b * c;
    if (p->operation == ELTWISE_MAX)
        return fmax(a, fmax(b, c));
    if (p->coefficients)
        return a * (double)p->coefficients[0] + b * (double)p->coefficients[1] +
               c * (double)p->coefficients[2];
    return a + b + c;
}

static void eltwise_combines_all_inputs(void **state)
{
    static const float coefficients[] = {1, -1, 0.5F};
    static const struct eltwise_parameters cases[] = {
        {.operation = ELTWISE_PRODUCT},
        {.operation = ELTWISE_SUM},
        {.operation = ELTWISE_SUM, .coefficients = coefficients},
        {.operation = ELTWISE_MAX}};
    uint64_t random = 9;

    (void)state;
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        union parameters parameters = {.eltwise = cases[c]};
        struct operator_test test = open_test(OPERATOR_ELTWISE, 3, &random, &parameters, false);
        RUN_BOTH(test, i, eltwise(&test, i), 1e-3)
    }
}

static void batch_norm_divides_by_its_third_blob(void **state)
{
    uint64_t random = 10;

    (void)state;
    for (int learned = 0; learned < 2; learned++) {
        union parameters parameters = {.batch_norm = {.epsilon = 1e-3F}};
        struct operator_test test = open_test(OPERATOR_BATCH_NORM, 1, &random, &parameters, false);
        for (size_t i = 0; i < C; i++)
            test.weights[1].data[i] = 0.5F + fabsf(test.weights[1].data[i]);
        test.weights[2].data[0] = learned ? 999.0F : 0;
        assert_true(operator_run(&test, false));
        for (size_t i = 0; i < COUNT; i++) {
            double f = learned ? 1.0 / 999 : 0;
            size_t c = i / PLANE % C;
            double mean = (double)test.weights[0].data[c] * f;
            double variance = (double)test.weights[1].data[c] * f;
            expect_near(test.output.data[i],
                        ((double)test.inputs[0].data[i] - mean) / sqrt(variance + 1e-3), 1e-5);
        }
        operator_close(&test);
    }
}

/* batch_norm_layer.cpp with use_global_stats: false: the blobs are not looked at. */
static void batch_norm_can_measure_the_batch_itself(void **state)
{
    union parameters parameters = {.batch_norm = {1e-3F, true}};
    uint64_t random = 17;
    struct operator_test test = open_test(OPERATOR_BATCH_NORM, 1, &random, &parameters, false);
    const float *in = test.inputs[0].data;
    double mean[C] = {0}, variance[C] = {0};

    (void)state;
    for (size_t i = 0; i < COUNT; i++)
        mean[i / PLANE % C] += (double)in[i] / (N * PLANE);
    for (size_t i = 0; i < COUNT; i++)
        variance[i / PLANE % C] += pow((double)in[i] - mean[i / PLANE % C], 2) / (N * PLANE);
    for (int in_place = 0; in_place < 2; in_place++) {
        assert_true(operator_run(&test, in_place));
        for (size_t i = 0; i < COUNT; i++) {
            size_t c = i / PLANE % C;
            expect_near(test.output.data[i], ((double)in[i] - mean[c]) / sqrt(variance[c] + 1e-3),
                        1e-5);
        }
    }
    operator_close(&test);
}

static void scale_repeats_its_slice(void **state)
{
    uint64_t random = 11;
    /* axis, axes, how many elements share a factor, how many factors there are */
    static const int64_t cases[][4] = {
        {1, 1, PLANE, C}, {0, -1, 1, COUNT}, {-2, 1, W, H}, {1, 2, W, C * H}, {0, 0, COUNT, 1}};

    (void)state;
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        union parameters parameters = {.scale = {cases[c][0], cases[c][1], true}};
        struct operator_test test = open_test(OPERATOR_SCALE, 1, &random, &parameters, false);
        size_t inner = (size_t)cases[c][2], count = (size_t)cases[c][3];
        assert_int_equal(test.weights[0].count, count);
        RUN_BOTH(test, i,
                 (double)test.inputs[0].data[i] * (double)test.weights[0].data[i / inner % count] +
                     (double)test.weights[1].data[i / inner % count],
                 1e-4)
    }
}

static void scale_takes_its_factor_from_a_second_input(void **state)
{
    union parameters parameters = {.scale = {0, 1, false}};
    struct operator_test test = {.kind = OPERATOR_SCALE,
                                 .input_count = 2,
                                 .parameters = parameters,
                                 .shapes = {{4, {N, C, H, W}}, {2, {N, C}}}};
    uint64_t random = 12;

    (void)state;
    assert_true(operator_open(&test, &random, false));
    RUN_BOTH(test, i, (double)test.inputs[0].data[i] * (double)test.inputs[1].data[i / PLANE], 1e-6)
}

static void scale_may_add_a_learned_bias_to_a_second_input(void **state)
{
    union parameters parameters = {.scale = {1, 1, true}};
    struct operator_test test = {.kind = OPERATOR_SCALE,
                                 .input_count = 2,
                                 .parameters = parameters,
                                 .shapes = {{4, {N, C, H, W}}, {1, {C}}}};
    uint64_t random = 18;

    (void)state;
    assert_true(operator_open(&test, &random, false));
    assert_int_equal(test.node.weight_count, 1);
    RUN_BOTH(test, i,
             (double)test.inputs[0].data[i] * (double)test.inputs[1].data[i / PLANE % C] +
                 (double)test.weights[0].data[i / PLANE % C],
             1e-4)
}

/* axis, axes (of one input), how many elements share a number, how many numbers there are */
static void bias_adds_a_slice_learned_or_given(void **state)
{
    static const int64_t cases[][4] = {{1, 1, PLANE, C},
                                       {0, -1, 1, COUNT},
                                       {-2, 2, 1, PLANE},
                                       {0, 2, PLANE, N * C},
                                       {1, 0, COUNT, 1}};
    uint64_t random = 19;

    (void)state;
    for (size_t c = 0; c < 2 * sizeof cases / sizeof *cases; c++) {
        const int64_t *one = cases[c / 2];
        bool learned = c % 2;
        size_t inner = (size_t)one[2], count = (size_t)one[3];
        int64_t axis = one[0] < 0 ? one[0] + 4 : one[0], axes = one[1] < 0 ? 4 - axis : one[1];
        struct operator_test test = {.kind = OPERATOR_BIAS,
                                     .input_count = learned ? 1 : 2,
                                     .parameters = {.bias = {one[0], one[1], false}},
                                     .shapes = {{4, {N, C, H, W}}, {(unsigned)axes, {0}}}};
        memcpy(test.shapes[1].dim, test.shapes[0].dim + axis, (size_t)axes * sizeof(int64_t));
        assert_true(operator_open(&test, &random, false));
        const struct guarded *bias = learned ? &test.weights[0] : &test.inputs[1];
        assert_int_equal(bias->count, count);
        RUN_BOTH(test, i, (double)test.inputs[0].data[i] + (double)bias->data[i / inner % count],
                 1e-4)
    }
}

static void operands_that_do_not_fit_are_refused(void **state)
{
    static const struct shape operands[] = {{1, {C + 1}}, {2, {N, C}}, {4, {N, C, H, W}}};
    uint64_t random = 20;

    (void)state;
    for (size_t i = 0; i < sizeof operands / sizeof *operands; i++) {
        struct operator_test test = {.kind = i % 2 ? OPERATOR_SCALE : OPERATOR_BIAS,
                                     .input_count = 2,
                                     .parameters = {.scale = {1, 1, false}},
                                     .shapes = {{4, {N, C, H, W}}, operands[i]}};
        assert_false(operator_open(&test, &random, false));
    }
}

static double lrn(const struct operator_test *test, size_t i)
{
    const struct lrn_parameters *p = &test->parameters.lrn;
    int64_t c = (int64_t)(i / PLANE % C), n = (int64_t)i / PLANE / C, radius = p->local_size / 2;
    double sum = 0;

    for (int64_t k = c - radius; k <= c + radius; k++) {
        double x = k < 0 || k >= C
                       ? 0
                       : (double)test->inputs[0].data[(size_t)(n * C + k) * PLANE + i % PLANE];
        sum += x * x;
    }
    return (double)test->inputs[0].data[i] *
           pow((double)p->k + (double)p->alpha / (double)p->local_size * sum, -(double)p->beta);
}

static void lrn_divides_alpha_by_its_size(void **state)
{
    static const struct lrn_parameters cases[] = {{5, 1, 0.75F, 1, LRN_ACROSS_CHANNELS},
                                                  {3, 2, 0.5F, 2, LRN_ACROSS_CHANNELS},
                                                  {15, 1e-4F, 0.75F, 1, LRN_ACROSS_CHANNELS},
                                                  {1, 1, 0.75F, 1, LRN_ACROSS_CHANNELS}};
    uint64_t random = 13;

    (void)state;
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        union parameters parameters = {.lrn = cases[c]};
        struct operator_test test = open_test(OPERATOR_LRN, 1, &random, &parameters, false);
        assert_true(operator_run(&test, false));
        for (size_t i = 0; i < COUNT; i++)
            expect_near(test.output.data[i], lrn(&test, i), 1e-5);
        operator_close(&test);
    }
}

/* lrn_layer.cpp: within a channel the constant is 1, whatever k says. */
static void lrn_within_a_channel_takes_the_mean_of_the_window(void **state)
{
    union parameters parameters = {.lrn = {3, 2, 0.75F, 5, LRN_WITHIN_CHANNEL}};
    uint64_t random = 14;
    struct operator_test test = open_test(OPERATOR_LRN, 1, &random, &parameters, false);

    (void)state;
    assert_true(operator_run(&test, false));
    for (size_t i = 0; i < COUNT; i++) {
        int64_t y = (int64_t)(i / W % H), x = (int64_t)(i % W);
        double sum = 0;
        for (int64_t dy = -1; dy <= 1; dy++) {
            for (int64_t dx = -1; dx <= 1; dx++) {
                if (y + dy >= 0 && y + dy < H && x + dx >= 0 && x + dx < W)
                    sum += pow((double)test.inputs[0].data[(int64_t)i + dy * W + dx], 2);
            }
        }
        expect_near(test.output.data[i],
                    (double)test.inputs[0].data[i] * pow(1 + 2 * sum / 9, -0.75), 1e-5);
    }
    operator_close(&test);
}

static void softmax_sums_to_one_however_large_its_input(void **state)
{
    uint64_t random = 15;

    (void)state;
    for (int64_t axis = -1; axis < 4; axis++) {
        union parameters parameters = {.softmax = {axis, false}};
        struct operator_test test = open_test(OPERATOR_SOFTMAX, 1, &random, &parameters, true);
        const int64_t *dim = test.shapes[0].dim;
        int64_t at = axis < 0 ? 3 : axis, stride = 1;
        for (int64_t d = at + 1; d < 4; d++)
            stride *= dim[d];
        assert_true(operator_run(&test, false));
        for (int64_t i = 0; i < COUNT; i++) {
            double sum = 0;
            for (int64_t k = 0; k < dim[at]; k++)
                sum +=
                    (double)test.output
                        .data[i / (stride * dim[at]) * stride * dim[at] + k * stride + i % stride];
            expect_near((float)sum, 1, 1e-5);
        }
        operator_close(&test);
    }
}

static void the_logarithm_of_softmax_is_finite_however_small_it_is(void **state)
{
    uint64_t random = 17;

    (void)state;
    for (int64_t axis = 0; axis < 4; axis++) {
        union parameters parameters = {.softmax = {axis, true}};
        struct operator_test test = open_test(OPERATOR_SOFTMAX, 1, &random, &parameters, true);
        const int64_t *dim = test.shapes[0].dim;
        int64_t stride = 1, part;
        for (int64_t d = axis + 1; d < 4; d++)
            stride *= dim[d];
        part = stride * dim[axis];
        for (int64_t i = 0; i < COUNT; i++)
            test.inputs[0].data[i] *= 1000;
        assert_true(operator_run(&test, false));
        for (int64_t i = 0; i < COUNT; i++) {
            const float *x = test.inputs[0].data + i / part * part + i % stride;
            double best = -INFINITY, sum = 0;
            for (int64_t k = 0; k < dim[axis]; k++)
                best = fmax(best, (double)x[k * stride]);
            for (int64_t k = 0; k < dim[axis]; k++)
                sum += exp((double)x[k * stride] - best);
            expect_near(test.output.data[i], (double)test.inputs[0].data[i] - best - log(sum),
                        1e-5);
        }
        operator_close(&test);
    }
}

static void concat_joins_along_any_axis(void **state)
{
    uint64_t random = 16;

    (void)state;
    for (unsigned axis = 0; axis < 4; axis++) {
        struct operator_test test = {
            .kind = OPERATOR_CONCAT, .input_count = 3, .parameters = {.concat = {axis}}};
        for (uint32_t i = 0; i < 3; i++) {
            test.shapes[i] = (struct shape){.dims = 4, .dim = {N, C, H, W}};
            test.shapes[i].dim[axis] += i;
        }
        assert_true(operator_open(&test, &random, false));
        assert_true(operator_run(&test, false));
        for (size_t i = 0; i < test.output.count; i++) {
            size_t inner = 1, extent = (size_t)test.output_shape.dim[axis], input = 0;
            for (unsigned d = axis + 1; d < 4; d++)
                inner *= (size_t)test.output_shape.dim[d];
            size_t position = i / inner % extent, outer = i / inner / extent;
            while (position >= (size_t)test.shapes[input].dim[axis])
                position -= (size_t)test.shapes[input++].dim[axis];
            extent = (size_t)test.shapes[input].dim[axis];
            assert_true(test.output.data[i] ==
                        test.inputs[input].data[(outer * extent + position) * inner + i % inner]);
        }
        operator_close(&test);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(relu_keeps_its_slope),
        cmocka_unit_test(eltwise_combines_all_inputs),
        cmocka_unit_test(batch_norm_divides_by_its_third_blob),
        cmocka_unit_test(batch_norm_can_measure_the_batch_itself),
        cmocka_unit_test(scale_repeats_its_slice),
        cmocka_unit_test(scale_takes_its_factor_from_a_second_input),
        cmocka_unit_test(scale_may_add_a_learned_bias_to_a_second_input),
        cmocka_unit_test(bias_adds_a_slice_learned_or_given),
        cmocka_unit_test(operands_that_do_not_fit_are_refused),
        cmocka_unit_test(lrn_divides_alpha_by_its_size),
        cmocka_unit_test(lrn_within_a_channel_takes_the_mean_of_the_window),
        cmocka_unit_test(softmax_sums_to_one_however_large_its_input),
        cmocka_unit_test(the_logarithm_of_softmax_is_finite_however_small_it_is),
        cmocka_unit_test(concat_joins_along_any_axis),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
