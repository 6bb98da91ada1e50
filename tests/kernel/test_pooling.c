#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <float.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/operator.h"
#include "tests/lib/random.h"

enum { ROUNDS = 500 };

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* pooling_layer.cpp, Forward_cpu(), and pooling_layer.cu, StoPoolForwardTest(), for one output; the
 * average in double. */
static float pool(const struct operator_test *test, const float *plane, int64_t ph, int64_t pw)
{
    const struct pooling_parameters *p = &test->parameters.pooling;
    const struct window *w = &p->window;
    int64_t height = test->shapes[0].dim[2], width = test->shapes[0].dim[3];
    int64_t hstart = p->global ? 0 : ph * w->stride[0] - w->pad[0];
    int64_t wstart = p->global ? 0 : pw * w->stride[1] - w->pad[1];
    int64_t hend = smaller(hstart + (p->global ? height : w->kernel[0]), height + w->pad_end[0]);
    int64_t wend = smaller(wstart + (p->global ? width : w->kernel[1]), width + w->pad_end[1]);
    int64_t size = (hend - hstart) * (wend - wstart);
    float best = -FLT_MAX, weight = FLT_MIN, weighted = 0;
    double sum = 0;
    int64_t pixels = 0;

    for (int64_t h = hstart < 0 ? 0 : hstart; h < smaller(hend, height); h++) {
        for (int64_t x = wstart < 0 ? 0 : wstart; x < smaller(wend, width); x++) {
            float value = plane[h * width + x];
            best = value > best ? value : best;
            sum += (double)value;
            weight += value;
            weighted += value * value;
            pixels++;
        }
    }
    if (p->method == POOLING_STOCHASTIC)
        return weighted / weight;
    return p->method == POOLING_MAX ? best
                                    : (float)(sum / (double)(p->exclude_pad ? pixels : size));
}

static void compare(const struct operator_test *test)
{
    const struct shape *in = &test->shapes[0], *out = &test->output_shape;
    const float *value = test->output.data;

    for (int64_t plane = 0; plane < out->dim[0] * out->dim[1]; plane++) {
        for (int64_t y = 0; y < out->dim[2]; y++) {
            for (int64_t x = 0; x < out->dim[3]; x++, value++) {
                float expected =
                    pool(test, test->inputs[0].data + plane * in->dim[2] * in->dim[3], y, x);
                /* Bits, because an empty average window of Caffe is a NaN. */
                if (memcmp(value, &expected, sizeof expected) != 0 && *value != expected &&
                    (*value == *value || expected == expected))
                    fail_msg("%g instead of %g", (double)*value, (double)expected);
            }
        }
    }
}

static void random_shapes_are_pooled_as_caffe_does(void **state)
{
    uint64_t random = 6;
    int ran = 0;

    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        struct operator_test test = {.kind = OPERATOR_POOLING, .input_count = 1};
        struct pooling_parameters *p = &test.parameters.pooling;
        p->method = (enum pooling_method)random_below(&random, 3);
        p->exclude_pad = random_below(&random, 2);
        p->ceiling = random_below(&random, 2);
        p->global = random_below(&random, 8) == 0;
        for (int axis = 0; axis < 2; axis++) {
            p->window.kernel[axis] = random_whole(&random, 1, 5);
            p->window.stride[axis] = p->global ? 1 : random_whole(&random, 1, 4);
            bool padded = !p->global && p->method != POOLING_STOCHASTIC;
            int64_t most = padded ? p->window.kernel[axis] - 1 : 0;
            p->window.pad[axis] = random_whole(&random, 0, most);
            p->window.pad_end[axis] = random_whole(&random, 0, most);
            p->window.dilation[axis] = 1;
        }
        test.shapes[0] =
            (struct shape){.dims = 4,
                           .dim = {random_whole(&random, 1, 2), random_whole(&random, 1, 3),
                                   random_whole(&random, 1, 12), random_whole(&random, 1, 12)}};
        if (!operator_open(&test, &random, round % 2))
            continue;
        assert_true(operator_run(&test, false));
        compare(&test);
        operator_close(&test);
        ran++;
    }
    assert_true(ran > ROUNDS / 2);
}

/* Else what is left after its subtraction is noise, which a division by the deviation makes large.
 */
static void the_average_of_equal_numbers_is_that_number(void **state)
{
    uint64_t random = 8;
    struct operator_test test = {
        .kind = OPERATOR_POOLING, .input_count = 1, .shapes = {{4, {1, 1, 7, 5}}}};

    (void)state;
    test.parameters.pooling =
        (struct pooling_parameters){.method = POOLING_AVERAGE,
                                    .window = {.stride = {1, 1}, .dilation = {1, 1}},
                                    .global = true};
    assert_true(operator_open(&test, &random, false));
    for (int n = 1; n <= 100; n++) {
        for (size_t i = 0; i < 35; i++)
            test.inputs[0].data[i] = (float)n * 0.3F;
        assert_true(operator_run(&test, false));
        assert_true(test.output.data[0] == (float)n * 0.3F);
    }
    operator_close(&test);
}

/* The border case that other frameworks get wrong: 3x3, stride 2, no padding, over 4x4 with
 * rounding up: the last window hangs over by one and counts 2 columns. */
static void the_divisor_counts_padding_but_no_overhang(void **state)
{
    uint64_t random = 7;
    struct operator_test test = {
        .kind = OPERATOR_POOLING, .input_count = 1, .shapes = {{4, {1, 1, 4, 4}}}};

    (void)state;
    test.parameters.pooling = (struct pooling_parameters){
        .method = POOLING_AVERAGE,
        .window = {.kernel = {3, 3}, .stride = {2, 2}, .dilation = {1, 1}},
        .ceiling = true};
    assert_true(operator_open(&test, &random, false));
    for (size_t i = 0; i < 16; i++)
        test.inputs[0].data[i] = 1;
    assert_true(operator_run(&test, false));
    assert_int_equal(test.output.count, 4);
    for (size_t i = 0; i < 4; i++)
        assert_true(test.output.data[i] == 1);
    operator_close(&test);

    test.parameters.pooling.window.pad_end[0] = test.parameters.pooling.window.pad_end[1] = 1;
    test.parameters.pooling.window.pad[0] = test.parameters.pooling.window.pad[1] = 1;
    assert_true(operator_open(&test, &random, false));
    for (size_t i = 0; i < 16; i++)
        test.inputs[0].data[i] = 1;
    assert_true(operator_run(&test, false));
    assert_int_equal(test.output.count, 9);
    assert_true(test.output.data[0] == 4.0F / 9);
    assert_true(test.output.data[8] == 1.0F / 4);
    operator_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_shapes_are_pooled_as_caffe_does),
        cmocka_unit_test(the_average_of_equal_numbers_is_that_number),
        cmocka_unit_test(the_divisor_counts_padding_but_no_overhang),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
