/* The operators that gather many numbers: ArgMax, Reduction, MVN, Normalize, against naive loops.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/operator.h"
#include "tests/lib/random.h"

enum { ROUNDS = 200 };

static struct shape random_shape(uint64_t *random, unsigned low, unsigned high)
{
    struct shape shape = {.dims = low + random_below(random, high - low + 1)};

    for (unsigned i = 0; i < shape.dims; i++)
        shape.dim[i] = 1 + random_below(random, 6);
    return shape;
}

static size_t product(const struct shape *shape, unsigned from, unsigned to)
{
    size_t count = 1;

    for (unsigned i = from; i < to; i++)
        count *= (size_t)shape->dim[i];
    return count;
}

static void expect_near(float value, double expected, double magnitude)
{
    if (!(fabs((double)value - expected) <= 1e-5 * magnitude + 1e-37))
        fail_msg("%.9g instead of %.9g", (double)value, expected);
}

/* ---- ArgMax ---- */

/* How many of the list stand before element `index`: the larger, and the later equal ones. */
static size_t rank_of(const float *list, size_t count, size_t stride, size_t index)
{
    size_t rank = 0;

    for (size_t i = 0; i < count; i++)
        rank += list[i * stride] > list[index * stride] ||
                (list[i * stride] == list[index * stride] && i > index);
    return rank;
}

/* Output number k of the list that begins at `list`: its index and its value. */
static void expect_choice(const float *list, size_t count, size_t stride, size_t k,
                          const float *index, const float *value)
{
    for (size_t i = 0; i < count; i++) {
        if (rank_of(list, count, stride, i) != k)
            continue;
        if (index)
            assert_true(*index == (float)i);
        if (value)
            assert_true(*value == list[i * stride]);
        return;
    }
    fail();
}

static void check_lists(const struct operator_test *test)
{
    const struct arg_max_parameters *p = &test->parameters.arg_max;
    const struct shape *in = &test->shapes[0];
    unsigned axis = p->has_axis ? (unsigned)(p->axis < 0 ? p->axis + in->dims : p->axis) : 0;
    size_t outer = p->has_axis ? product(in, 0, axis) : (size_t)in->dim[0];
    size_t stride = p->has_axis ? product(in, axis + 1, in->dims) : 1;
    size_t count = test->inputs[0].count / outer / stride, top_k = (size_t)p->top_k;

    for (size_t i = 0; i < outer * stride * top_k; i++) {
        size_t k = i / stride % top_k, o = i / stride / top_k;
        const float *list = test->inputs[0].data + o * count * stride + i % stride;
        const float *out = test->output.data;
        if (p->has_axis)
            expect_choice(list, count, stride, k, p->out_max_val ? NULL : out + i,
                          p->out_max_val ? out + i : NULL);
        else if (p->out_max_val)
            expect_choice(list, count, 1, k, out + 2 * o * top_k + k,
                          out + (2 * o + 1) * top_k + k);
        else
            expect_choice(list, count, 1, k, out + i, NULL);
    }
}

/* Few different numbers, so that many are equal. */
static void arg_max_ranks_as_caffe_sorts_pairs(void **state)
{
    uint64_t random = 41;
    int ran = 0;

    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        struct operator_test test = {.kind = OPERATOR_ARG_MAX, .input_count = 1};
        struct arg_max_parameters *p = &test.parameters.arg_max;
        test.shapes[0] = random_shape(&random, 1, 4);
        p->has_axis = random_below(&random, 2);
        p->axis = (int64_t)random_below(&random, 2 * test.shapes[0].dims) - test.shapes[0].dims;
        p->out_max_val = random_below(&random, 2);
        p->top_k = 1 + random_below(&random, 3);
        if (!operator_open(&test, &random, false))
            continue;
        for (size_t i = 0; i < test.inputs[0].count; i++)
            test.inputs[0].data[i] = (float)random_below(&random, 5) - 2;
        assert_true(operator_run(&test, false));
        check_lists(&test);
        operator_close(&test);
        ran++;
    }
    assert_true(ran > ROUNDS / 3);
}

static void expect_arg_max_shape(const struct arg_max_parameters *parameters, struct shape in,
                                 struct shape expected)
{
    struct operator_test test = {.kind = OPERATOR_ARG_MAX,
                                 .input_count = 1,
                                 .parameters = {.arg_max = *parameters},
                                 .shapes = {in}};
    uint64_t random = 42;

    assert_true(operator_open(&test, &random, false));
    assert_int_equal(test.output_shape.dims, expected.dims);
    for (unsigned i = 0; i < expected.dims; i++)
        assert_int_equal(test.output_shape.dim[i], expected.dim[i]);
    operator_close(&test);
}

/* argmax_layer.cpp, Reshape() */
static void arg_max_has_three_axes_or_its_inputs(void **state)
{
    const struct arg_max_parameters plain = {.top_k = 2},
                                    values = {.top_k = 2, .out_max_val = true},
                                    axis = {.top_k = 3, .axis = 1, .has_axis = true};

    (void)state;
    expect_arg_max_shape(&plain, (struct shape){2, {4, 10}}, (struct shape){3, {4, 1, 2}});
    expect_arg_max_shape(&values, (struct shape){4, {4, 3, 2, 2}}, (struct shape){4, {4, 2, 2, 1}});
    expect_arg_max_shape(&axis, (struct shape){4, {4, 7, 2, 2}}, (struct shape){4, {4, 3, 2, 2}});
}

static void arg_max_puts_nan_behind_all_numbers(void **state)
{
    struct operator_test test = {.kind = OPERATOR_ARG_MAX,
                                 .input_count = 1,
                                 .parameters = {.arg_max = {.top_k = 4}},
                                 .shapes = {{2, {1, 4}}}};
    const float list[] = {NAN, -INFINITY, NAN, 1}, expected[] = {3, 1, 2, 0};
    uint64_t random = 43;

    (void)state;
    assert_true(operator_open(&test, &random, false));
    memcpy(test.inputs[0].data, list, sizeof list);
    assert_true(operator_run(&test, false));
    assert_memory_equal(test.output.data, expected, sizeof expected);
    operator_close(&test);
}

static void arg_max_refuses_more_than_there_are(void **state)
{
    struct operator_test test = {.kind = OPERATOR_ARG_MAX,
                                 .input_count = 1,
                                 .parameters = {.arg_max = {.top_k = 5}},
                                 .shapes = {{2, {3, 4}}}};
    uint64_t random = 44;

    (void)state;
    assert_false(operator_open(&test, &random, false));
}

/* ---- Reduction ---- */

static void expect_reduction(const struct operator_test *test)
{
    const struct reduction_parameters *p = &test->parameters.reduction;
    size_t rows = test->output.count, count = test->inputs[0].count / rows;

    for (size_t row = 0; row < rows; row++) {
        double sums[4] = {0}, *sum = &sums[p->operation], c = (double)p->coefficient;
        for (size_t i = 0; i < count; i++) {
            double x = (double)test->inputs[0].data[row * count + i];
            sums[REDUCTION_SUM] += x;
            sums[REDUCTION_ASUM] += fabs(x);
            sums[REDUCTION_SUMSQ] += x * x;
            sums[REDUCTION_MEAN] += x / (double)count;
        }
        expect_near(test->output.data[row], c * *sum,
                    fabs(c) * (sums[REDUCTION_ASUM] + sums[REDUCTION_SUMSQ]));
    }
}

static void reductions_sum_all_axes_from_one_on(void **state)
{
    uint64_t random = 45;

    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        struct operator_test test = {.kind = OPERATOR_REDUCTION, .input_count = 1};
        struct reduction_parameters *p = &test.parameters.reduction;
        test.shapes[0] = random_shape(&random, 1, 5);
        p->operation = (enum reduction_operation)random_below(&random, 4);
        p->axis = (int64_t)random_below(&random, 2 * test.shapes[0].dims) - test.shapes[0].dims;
        p->coefficient = random_below(&random, 2) ? 1 : -2.5F;
        assert_true(operator_open(&test, &random, round % 2));
        assert_int_equal(test.output_shape.dims,
                         p->axis < 0 ? p->axis + test.shapes[0].dims : p->axis);
        assert_true(operator_run(&test, false));
        expect_reduction(&test);
        operator_close(&test);
    }
}

/* ---- MVN ---- */

static void expect_mvn(const struct operator_test *test, const float *in)
{
    const struct mvn_parameters *p = &test->parameters.mvn;
    size_t parts = product(&test->output_shape, 0, p->across_channels ? 1 : 2);
    size_t count = test->output.count / parts;

    for (size_t part = 0; part < parts; part++) {
        double mean = 0, variance = 0;
        for (size_t i = 0; i < count; i++)
            mean += (double)in[part * count + i] / (double)count;
        for (size_t i = 0; i < count; i++)
            variance += pow((double)in[part * count + i] - mean, 2) / (double)count;
        for (size_t i = 0; i < count; i++) {
            double divisor = p->normalize_variance ? sqrt(variance) + (double)p->epsilon : 1;
            expect_near(test->output.data[part * count + i],
                        ((double)in[part * count + i] - mean) / divisor, 1 / divisor);
        }
    }
}

static void mvn_gives_mean_0_and_deviation_1(void **state)
{
    uint64_t random = 46;

    (void)state;
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct operator_test test = {.kind = OPERATOR_MVN,
                                     .input_count = 1,
                                     .parameters = {.mvn = {.normalize_variance = round % 2,
                                                            .across_channels = round / 2 % 2,
                                                            .epsilon = round % 3 ? 1e-3F : 0.5F}}};
        test.shapes[0] = random_shape(&random, 1, 4);
        assert_true(operator_open(&test, &random, false));
        assert_int_equal(test.output_shape.dims, 4);
        assert_true(operator_run(&test, round / 4 % 2));
        expect_mvn(&test, test.inputs[0].data);
        operator_close(&test);
    }
}

/* ---- Normalize ---- */

static void expect_normalize(const struct operator_test *test)
{
    const struct normalize_parameters *p = &test->parameters.normalize;
    const struct shape *in = &test->shapes[0];
    size_t channels = (size_t)in->dim[1], plane = product(in, 2, in->dims);

    for (size_t i = 0; i < test->output.count; i++) {
        const float *image = test->inputs[0].data + i / (channels * plane) * channels * plane;
        size_t channel = i / plane % channels;
        double sum = (double)p->epsilon, factor;
        for (size_t j = 0; j < channels * plane; j++)
            sum += p->across_spatial || j % plane == i % plane ? pow((double)image[j], 2) : 0;
        factor = (double)test->weights[0].data[p->channel_shared ? 0 : channel];
        double expected = (double)test->inputs[0].data[i] / sqrt(sum) * factor;
        expect_near(test->output.data[i], expected, fabs(expected));
    }
}

static void normalize_divides_by_the_l2_norm(void **state)
{
    uint64_t random = 47;

    (void)state;
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct operator_test test = {.kind = OPERATOR_NORMALIZE,
                                     .input_count = 1,
                                     .parameters = {.normalize = {.across_spatial = round % 2,
                                                                  .channel_shared = round / 2 % 2,
                                                                  .epsilon = 1e-10F}}};
        test.shapes[0] = random_shape(&random, 2, 4);
        assert_true(operator_open(&test, &random, round % 3 == 0));
        assert_true(operator_run(&test, round / 4 % 2));
        expect_normalize(&test);
        operator_close(&test);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arg_max_ranks_as_caffe_sorts_pairs),
        cmocka_unit_test(arg_max_has_three_axes_or_its_inputs),
        cmocka_unit_test(arg_max_puts_nan_behind_all_numbers),
        cmocka_unit_test(arg_max_refuses_more_than_there_are),
        cmocka_unit_test(reductions_sum_all_axes_from_one_on),
        cmocka_unit_test(mvn_gives_mean_0_and_deviation_1),
        cmocka_unit_test(normalize_divides_by_the_l2_norm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
