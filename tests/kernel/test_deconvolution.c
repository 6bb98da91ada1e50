#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>

#include <cmocka.h>

#include "tests/lib/operator.h"
#include "tests/lib/random.h"

enum { ROUNDS = 300 };

/* A sum and the sum of its terms' magnitudes, which bounds the rounding. */
struct sum {
    double value, magnitude;
};

static void add(struct sum *sum, double term)
{
    sum->value += term;
    sum->magnitude += fabs(term);
}

/* Adds what input pixel (y, x) of all the group's channels gives to one output pixel. */
static void add_pixel(const struct operator_test *test, int64_t n, int64_t o, const int64_t at[2],
                      const int64_t tap[2], struct sum *sum)
{
    const struct convolution_parameters *p = &test->parameters.deconvolution;
    const struct shape *in = &test->shapes[0];
    int64_t outputs = p->outputs / p->group, channels = in->dim[1] / p->group;
    int64_t first = o / outputs * channels;

    for (int64_t i = first; i < first + channels; i++) {
        int64_t weight =
            ((i * outputs + o % outputs) * p->window.kernel[0] + tap[0]) * p->window.kernel[1] +
            tap[1];
        add(sum, (double)test->weights[0].data[weight] *
                     (double)test->inputs[0]
                         .data[((n * in->dim[1] + i) * in->dim[2] + at[0]) * in->dim[3] + at[1]]);
    }
}

/* By the definition: the input pixels (y, x) with y * stride - pad + tap * dilation = oy. */
static struct sum deconvolve(const struct operator_test *test, int64_t n, int64_t o, int64_t oy,
                             int64_t ox)
{
    const struct convolution_parameters *p = &test->parameters.deconvolution;
    const struct window *w = &p->window;
    struct sum sum = {0, 0};
    int64_t tap[2];

    for (tap[0] = 0; tap[0] < w->kernel[0]; tap[0]++) {
        for (tap[1] = 0; tap[1] < w->kernel[1]; tap[1]++) {
            int64_t y = oy + w->pad[0] - tap[0] * w->dilation[0];
            int64_t x = ox + w->pad[1] - tap[1] * w->dilation[1];
            const int64_t at[2] = {y / w->stride[0], x / w->stride[1]};
            if (y >= 0 && x >= 0 && y % w->stride[0] == 0 && x % w->stride[1] == 0 &&
                at[0] < test->shapes[0].dim[2] && at[1] < test->shapes[0].dim[3])
                add_pixel(test, n, o, at, tap, &sum);
        }
    }
    if (p->bias)
        add(&sum, (double)test->weights[1].data[o]);
    return sum;
}

static void compare(const struct operator_test *test)
{
    const struct shape *out = &test->output_shape;
    const float *value = test->output.data;

    for (int64_t n = 0; n < out->dim[0]; n++) {
        for (int64_t o = 0; o < out->dim[1]; o++) {
            for (int64_t y = 0; y < out->dim[2]; y++) {
                for (int64_t x = 0; x < out->dim[3]; x++, value++) {
                    struct sum expected = deconvolve(test, n, o, y, x);
                    if (!(fabs((double)*value - expected.value) <=
                          1e-5 * expected.magnitude + 1e-37))
                        fail_msg("%g instead of %g", (double)*value, expected.value);
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

/* Fewer than the stride are added behind the last row by a negative pad_end. */
static void random_shapes_follow_the_definition(void **state)
{
    uint64_t random = 21;
    int ran = 0;

    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        struct operator_test test = {.kind = OPERATOR_DECONVOLUTION, .input_count = 1};
        struct convolution_parameters *p = &test.parameters.deconvolution;
        p->group = random_whole(&random, 1, 3);
        p->outputs = p->group * random_whole(&random, 1, 4);
        p->bias = random_below(&random, 2);
        for (int axis = 0; axis < 2; axis++) {
            p->window.kernel[axis] = random_whole(&random, 1, 5);
            p->window.stride[axis] = random_whole(&random, 1, 4);
            p->window.pad[axis] = random_whole(&random, 0, 3);
            p->window.pad_end[axis] = random_whole(&random, 1 - p->window.stride[axis], 3);
            p->window.dilation[axis] = random_whole(&random, 1, 2);
        }
        test.shapes[0] = (struct shape){
            .dims = 4,
            .dim = {random_whole(&random, 1, 2), p->group * random_whole(&random, 1, 5),
                    random_whole(&random, 1, 6), random_whole(&random, 1, 15)}};
        ran += run(&test, &random, round % 3 == 0);
    }
    assert_true(ran > ROUNDS / 2);
}

/* More pixels than one block of the cache holds. */
static void many_pixels_are_worked_off_in_blocks(void **state)
{
    struct operator_test test = {
        .kind = OPERATOR_DECONVOLUTION, .input_count = 1, .shapes = {{4, {1, 200, 19, 20}}}};
    uint64_t random = 22;

    (void)state;
    test.parameters.deconvolution = (struct convolution_parameters){
        .window = {.kernel = {2, 2}, .stride = {2, 2}, .dilation = {1, 1}},
        .outputs = 2,
        .group = 1};
    assert_true(run(&test, &random, false));
    assert_int_equal(test.output_shape.dim[2], 38);
}

/* The size of base_conv_layer.cpp's way back: stride * (in - 1) + dilated kernel - 2 * pad. */
static void the_output_is_what_the_convolution_would_take(void **state)
{
    struct operator_test test = {
        .kind = OPERATOR_DECONVOLUTION, .input_count = 1, .shapes = {{4, {1, 3, 16, 12}}}};
    uint64_t random = 23;

    (void)state;
    test.parameters.deconvolution = (struct convolution_parameters){.window = {.kernel = {64, 5},
                                                                               .stride = {32, 3},
                                                                               .pad = {16, 1},
                                                                               .pad_end = {16, -1},
                                                                               .dilation = {1, 2}},
                                                                    .outputs = 3,
                                                                    .group = 3};
    assert_true(run(&test, &random, false));
    assert_int_equal(test.output_shape.dim[2], 32 * 15 + 64 - 32);
    assert_int_equal(test.output_shape.dim[3], 3 * 11 + 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_shapes_follow_the_definition),
        cmocka_unit_test(many_pixels_are_worked_off_in_blocks),
        cmocka_unit_test(the_output_is_what_the_convolution_would_take),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
