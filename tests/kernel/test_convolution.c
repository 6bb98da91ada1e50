#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/operator.h"
#include "tests/lib/random.h"

enum { ROUNDS = 300 };

/* One output by the definition, adding in the order channel, row, column: the same bits. */
static float convolve(const struct operator_test *test, int64_t n, int64_t o, int64_t oy,
                      int64_t ox)
{
    const struct convolution_parameters *p = &test->parameters.convolution;
    const struct shape *in = &test->shapes[0];
    int64_t channels = in->dim[1] / p->group, first = o / (p->outputs / p->group) * channels;
    const float *weight =
        test->weights[0].data + o * channels * p->window.kernel[0] * p->window.kernel[1];
    float sum = 0;

    for (int64_t c = 0; c < channels; c++) {
        for (int64_t ky = 0; ky < p->window.kernel[0]; ky++) {
            for (int64_t kx = 0; kx < p->window.kernel[1]; kx++, weight++) {
                int64_t y =
                    oy * p->window.stride[0] - p->window.pad[0] + ky * p->window.dilation[0];
                int64_t x =
                    ox * p->window.stride[1] - p->window.pad[1] + kx * p->window.dilation[1];
                if (y < 0 || y >= in->dim[2] || x < 0 || x >= in->dim[3])
                    continue;
                sum += *weight *
                       test->inputs[0]
                           .data[((n * in->dim[1] + first + c) * in->dim[2] + y) * in->dim[3] + x];
            }
        }
    }
    return p->bias ? sum + test->weights[1].data[o] : sum;
}

static void compare(const struct operator_test *test)
{
    const struct shape *out = &test->output_shape;
    const float *value = test->output.data;

    for (int64_t n = 0; n < out->dim[0]; n++) {
        for (int64_t o = 0; o < out->dim[1]; o++) {
            for (int64_t y = 0; y < out->dim[2]; y++) {
                for (int64_t x = 0; x < out->dim[3]; x++, value++) {
                    float expected = convolve(test, n, o, y, x);
                    if (!(*value == expected))
                        fail_msg("%g instead of %g", (double)*value, (double)expected);
                }
            }
        }
    }
}

static bool run(struct operator_test *test, uint64_t *random, bool extremes)
{
    if (!operator_open(test, random, extremes))
        return false;
    assert_true(operator_run(test, false));
    compare(test);
    operator_close(test);
    return true;
}

static void random_shapes_give_the_definitions_bits(void **state)
{
    uint64_t random = 3;

    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        struct operator_test test = {.kind = OPERATOR_CONVOLUTION, .input_count = 1};
        struct convolution_parameters *p = &test.parameters.convolution;
        p->group = random_whole(&random, 1, 3);
        p->outputs = p->group * random_whole(&random, 1, 11);
        p->bias = random_below(&random, 2);
        for (int axis = 0; axis < 2; axis++) {
            p->window.kernel[axis] = random_whole(&random, 1, 4);
            p->window.stride[axis] = random_whole(&random, 1, 3);
            p->window.pad[axis] = random_whole(&random, 0, 3);
            p->window.pad_end[axis] = random_whole(&random, 0, 3);
            p->window.dilation[axis] = random_whole(&random, 1, 2);
        }
        test.shapes[0] = (struct shape){
            .dims = 4,
            .dim = {random_whole(&random, 1, 3), p->group * random_whole(&random, 1, 5),
                    random_whole(&random, 1, 15), random_whole(&random, 1, 30)}};
        run(&test, &random, round % 3 == 0);
    }
}

/* One input channel per group: no matrix product. */
static void depthwise_filters_give_the_definitions_bits(void **state)
{
    uint64_t random = 6;
    int ran = 0;

    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        struct operator_test test = {.kind = OPERATOR_CONVOLUTION, .input_count = 1};
        struct convolution_parameters *p = &test.parameters.convolution;
        p->group = random_whole(&random, 1, 5);
        p->outputs = p->group * random_whole(&random, 1, 3);
        p->bias = random_below(&random, 2);
        for (int axis = 0; axis < 2; axis++) {
            p->window.kernel[axis] = random_whole(&random, 1, 5);
            p->window.stride[axis] = random_whole(&random, 1, 3);
            p->window.pad[axis] = random_whole(&random, 0, 6);
            p->window.pad_end[axis] = random_whole(&random, 0, 6);
            p->window.dilation[axis] = random_whole(&random, 1, 3);
        }
        test.shapes[0] =
            (struct shape){.dims = 4,
                           .dim = {random_whole(&random, 1, 3), p->group,
                                   random_whole(&random, 1, 9), random_whole(&random, 1, 40)}};
        ran += run(&test, &random, round % 3 == 0);
    }
    assert_true(ran > ROUNDS / 2);
}

/* More columns than one block of the cache holds. */
static void many_columns_are_worked_off_in_blocks(void **state)
{
    struct operator_test test = {
        .kind = OPERATOR_CONVOLUTION, .input_count = 1, .shapes = {{4, {1, 90, 25, 25}}}};
    uint64_t random = 4;

    (void)state;
    test.parameters.convolution = (struct convolution_parameters){.window = {.kernel = {3, 3},
                                                                             .stride = {1, 1},
                                                                             .pad = {1, 1},
                                                                             .pad_end = {1, 1},
                                                                             .dilation = {1, 1}},
                                                                  .outputs = 5,
                                                                  .group = 1,
                                                                  .bias = true};
    assert_true(run(&test, &random, false));
}

static void expect_inner_product(const struct operator_test *test)
{
    const struct inner_product_parameters *p = &test->parameters.inner_product;
    size_t columns = (size_t)p->outputs, rows = test->output.count / columns;
    size_t depth = test->inputs[0].count / rows;

    for (size_t i = 0; i < test->output.count; i++) {
        size_t row = i / columns, column = i % columns;
        float sum = 0;
        for (size_t k = 0; k < depth; k++)
            sum += test->inputs[0].data[row * depth + k] *
                   test->weights[0].data[p->transpose ? k * columns + column : column * depth + k];
        if (p->bias)
            sum += test->weights[1].data[column];
        assert_true(test->output.data[i] == sum);
    }
}

static void inner_products_give_the_definitions_bits(void **state)
{
    uint64_t random = 5;

    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        struct operator_test test = {
            .kind = OPERATOR_INNER_PRODUCT,
            .input_count = 1,
            .shapes = {{3,
                        {random_whole(&random, 1, 9), random_whole(&random, 1, 20),
                         random_whole(&random, 1, 9)}}}};
        test.parameters.inner_product =
            (struct inner_product_parameters){.outputs = random_whole(&random, 1, 40),
                                              .axis = random_whole(&random, -2, 2),
                                              .bias = random_below(&random, 2),
                                              .transpose = random_below(&random, 2)};
        assert_true(operator_open(&test, &random, round % 3 == 0));
        assert_true(operator_run(&test, false));
        expect_inner_product(&test);
        operator_close(&test);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_shapes_give_the_definitions_bits),
        cmocka_unit_test(depthwise_filters_give_the_definitions_bits),
        cmocka_unit_test(many_columns_are_worked_off_in_blocks),
        cmocka_unit_test(inner_products_give_the_definitions_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
