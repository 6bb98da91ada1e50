/* Resizing and ROIPooling against loops that follow their definitions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "model/shape.h"
#include "tests/lib/operator.h"
#include "tests/lib/random.h"

enum { ROUNDS = 400 };

static double pixel(const float *plane, int64_t width, int64_t y, int64_t x)
{
    return (double)plane[y * width + x];
}

/* Where output pixel i lies in an input of `in` pixels. */
static double source_of(enum resize_coordinates coordinates, int64_t in, int64_t out, int64_t i)
{
    double ratio = (double)in / (double)out;

    if (coordinates == RESIZE_CORNERS)
        return out > 1 ? (double)(i * (in - 1)) / (double)(out - 1) : 0;
    return coordinates == RESIZE_HALF_PIXEL ? ((double)i + 0.5) * ratio - 0.5 : (double)i * ratio;
}

static int64_t clamped(double at, int64_t in)
{
    return at < 0 ? 0 : at > (double)(in - 1) ? in - 1 : (int64_t)at;
}

/* The smallest step that a coordinate can be from a whole number without being one is far above
 * this. */
static const double tie = 1e-9;

static int64_t nearest_of(enum resize_coordinates coordinates, int64_t in, int64_t out, int64_t i)
{
    double at = source_of(coordinates, in, out, i);

    if (coordinates == RESIZE_CORNERS || coordinates == RESIZE_HALF_PIXEL)
        at += 0.5;
    return clamped(floor(at + tie), in);
}

static double resized(const struct operator_test *test, const float *plane, int64_t y, int64_t x)
{
    const struct resize_parameters *p = &test->parameters.resize;
    const struct shape *in = &test->shapes[0], *out = &test->output_shape;
    int64_t crop = -p->pad, width = in->dim[3], at[2] = {y, x}, low[2], high[2], extent[2];
    double part[2];

    for (int axis = 0; axis < 2; axis++) {
        double source;
        extent[axis] = in->dim[2 + axis] + p->pad + p->pad_end;
        source = source_of(p->coordinates, extent[axis], out->dim[2 + axis], at[axis]);
        low[axis] = clamped(floor(source), extent[axis]) + crop;
        high[axis] = clamped(floor(source) + 1, extent[axis]) + crop;
        part[axis] = source - floor(source);
        if (p->interpolation == RESIZE_NEAREST) {
            low[axis] = high[axis] =
                crop + nearest_of(p->coordinates, extent[axis], out->dim[2 + axis], at[axis]);
            part[axis] = 0;
        }
    }
    return (1 - part[0]) * ((1 - part[1]) * pixel(plane, width, low[0], low[1]) +
                            part[1] * pixel(plane, width, low[0], high[1])) +
           part[0] * ((1 - part[1]) * pixel(plane, width, high[0], low[1]) +
                      part[1] * pixel(plane, width, high[0], high[1]));
}

static void compare_resized(const struct operator_test *test)
{
    const struct shape *in = &test->shapes[0], *out = &test->output_shape;
    bool exact = test->parameters.resize.interpolation == RESIZE_NEAREST;
    const float *value = test->output.data;

    for (int64_t plane = 0; plane < out->dim[0] * out->dim[1]; plane++) {
        const float *from = test->inputs[0].data + plane * in->dim[2] * in->dim[3];
        for (int64_t y = 0; y < out->dim[2]; y++) {
            for (int64_t x = 0; x < out->dim[3]; x++, value++) {
                double expected = resized(test, from, y, x);
                if (!(fabs((double)*value - expected) <= (exact ? 0 : 1e-5)))
                    fail_msg("%g instead of %g at %d, %d", (double)*value, expected, (int)y,
                             (int)x);
            }
        }
    }
}

static void planes_are_resized_by_all_three_conventions(void **state)
{
    uint64_t random = 31;

    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        struct operator_test test = {.kind = OPERATOR_RESIZE, .input_count = 1};
        struct resize_parameters *p = &test.parameters.resize;
        *p = (struct resize_parameters){.interpolation = round % 2 ? RESIZE_LINEAR : RESIZE_NEAREST,
                                        .coordinates = (enum resize_coordinates)(round / 2 % 3),
                                        .scale = {1, 1},
                                        .shrink = 1,
                                        .zoom = 1};
        test.shapes[0] =
            (struct shape){4,
                           {random_whole(&random, 1, 2), 3, random_whole(&random, 3, 12),
                            random_whole(&random, 3, 12)}};
        switch (random_below(&random, 4)) {
        case 0:
            p->size[0] = random_whole(&random, 1, 30);
            p->size[1] = random_whole(&random, 1, 30);
            break;
        case 1:
            p->scale[0] = random_whole(&random, 1, 4);
            p->scale[1] = random_whole(&random, 1, 4);
            break;
        case 2:
            p->shrink = random_whole(&random, 1, 3);
            p->zoom = random_whole(&random, 1, 4);
            break;
        default: /* the second input gives the size */
            test.input_count = 2;
            test.shapes[1] = (struct shape){
                4, {1, 1, random_whole(&random, 1, 20), random_whole(&random, 1, 20)}};
        }
        p->pad = -random_whole(&random, 0, 1);
        p->pad_end = -random_whole(&random, 0, 1);
        assert_true(operator_open(&test, &random, false));
        assert_true(operator_run(&test, false));
        compare_resized(&test);
        operator_close(&test);
    }
}

/* Numbers to hold the loops above against: 1 2 3 widened to 5 and 6. */
static void corners_stay_where_they_are(void **state)
{
    static const float corners[] = {1, 1.5F, 2, 2.5F, 3}, twice[] = {1, 1, 2, 2, 3, 3},
                       half[] = {1, 1.25F, 1.75F, 2.25F, 2.75F, 3};
    uint64_t random = 32;

    (void)state;
    for (int i = 0; i < 3; i++) {
        struct operator_test test = {
            .kind = OPERATOR_RESIZE, .input_count = 1, .shapes = {{4, {1, 1, 1, 3}}}};
        struct resize_parameters *p = &test.parameters.resize;
        const float *expected = i == 0 ? corners : i == 1 ? twice : half;
        *p = (struct resize_parameters){.interpolation = i == 1 ? RESIZE_NEAREST : RESIZE_LINEAR,
                                        .coordinates = i == 0   ? RESIZE_CORNERS
                                                       : i == 1 ? RESIZE_ASYMMETRIC
                                                                : RESIZE_HALF_PIXEL,
                                        .scale = {1, i ? 2 : 1},
                                        .shrink = 1,
                                        .zoom = i ? 1 : 2};
        assert_true(operator_open(&test, &random, false));
        for (int x = 0; x < 3; x++)
            test.inputs[0].data[x] = (float)(x + 1);
        assert_true(operator_run(&test, false));
        assert_int_equal(test.output.count, i ? 6 : 5);
        for (size_t x = 0; x < test.output.count; x++)
            assert_true(test.output.data[x] == expected[x]);
        operator_close(&test);
    }
}

/* One bin of one region: the largest pixel, 0 when it holds none. */
static float roi_bin(const struct operator_test *test, const float *plane, const float *roi,
                     int64_t y, int64_t x)
{
    const struct roi_pooling_parameters *p = &test->parameters.roi_pooling;
    int64_t height = test->shapes[0].dim[2], width = test->shapes[0].dim[3];
    int64_t left = (int64_t)roundf(roi[1] * p->spatial_scale);
    int64_t top = (int64_t)roundf(roi[2] * p->spatial_scale);
    int64_t columns = (int64_t)roundf(roi[3] * p->spatial_scale) - left + 1;
    int64_t rows = (int64_t)roundf(roi[4] * p->spatial_scale) - top + 1;
    float bin_height = (float)(rows < 1 ? 1 : rows) / (float)p->height;
    float bin_width = (float)(columns < 1 ? 1 : columns) / (float)p->width;
    bool empty = true;
    float best = 0;

    for (int64_t h = 0; h < height; h++) {
        for (int64_t w = 0; w < width; w++) {
            if ((float)(h - top) < floorf((float)y * bin_height) ||
                (float)(h - top) >= ceilf((float)(y + 1) * bin_height) ||
                (float)(w - left) < floorf((float)x * bin_width) ||
                (float)(w - left) >= ceilf((float)(x + 1) * bin_width))
                continue;
            if (empty || plane[h * width + w] > best)
                best = plane[h * width + w];
            empty = false;
        }
    }
    return best;
}

static void compare_regions(const struct operator_test *test)
{
    const struct shape *in = &test->shapes[0], *out = &test->output_shape;
    const float *value = test->output.data;

    for (int64_t n = 0; n < out->dim[0]; n++) {
        const float *roi = test->inputs[1].data + n * 5;
        for (int64_t c = 0; c < in->dim[1]; c++) {
            const float *plane =
                test->inputs[0].data + ((int64_t)roi[0] * in->dim[1] + c) * in->dim[2] * in->dim[3];
            for (int64_t y = 0; y < out->dim[2]; y++) {
                for (int64_t x = 0; x < out->dim[3]; x++, value++)
                    assert_true(*value == roi_bin(test, plane, roi, y, x));
            }
        }
    }
}

static void regions_are_pooled_into_bins(void **state)
{
    uint64_t random = 33;

    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        struct operator_test test = {.kind = OPERATOR_ROI_POOLING, .input_count = 2};
        struct roi_pooling_parameters *p = &test.parameters.roi_pooling;
        p->height = random_whole(&random, 1, 5);
        p->width = random_whole(&random, 1, 5);
        p->spatial_scale = round % 2 ? 0.0625F : 0.3F;
        test.shapes[0] = (struct shape){4,
                                        {random_whole(&random, 1, 3), 2,
                                         random_whole(&random, 1, 9), random_whole(&random, 1, 9)}};
        test.shapes[1] = (struct shape){.dims = round % 3 ? 2 : 4, .dim = {4, 5, 1, 1}};
        assert_true(operator_open(&test, &random, false));
        for (size_t n = 0; n < 4; n++) {
            float *roi = test.inputs[1].data + n * 5;
            roi[0] = (float)random_below(&random, (uint32_t)test.shapes[0].dim[0]);
            for (int i = 1; i < 5; i++) /* also upside down, and beside the image */
                roi[i] = (float)random_between(&random, -10, 12 / (double)p->spatial_scale);
        }
        assert_true(operator_run(&test, false));
        assert_int_equal(test.status, STATUS_OK);
        compare_regions(&test);
        operator_close(&test);
    }
}

static void a_region_of_no_image_is_an_error(void **state)
{
    static const float bad[][5] = {{2, 0, 0, 1, 1},        {-1, 0, 0, 1, 1},    {NAN, 0, 0, 1, 1},
                                   {0, NAN, 0, 1, 1},      {0, 0, 0, 1, 1e30F}, {1e20F, 0, 0, 1, 1},
                                   {0, 0, -INFINITY, 1, 1}};
    uint64_t random = 34;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct operator_test test = {.kind = OPERATOR_ROI_POOLING,
                                     .input_count = 2,
                                     .shapes = {{4, {2, 1, 3, 3}}, {2, {1, 5}}},
                                     .parameters.roi_pooling = {2, 2, 1}};
        assert_true(operator_open(&test, &random, false));
        memcpy(test.inputs[1].data, bad[i], sizeof bad[i]);
        assert_true(operator_run(&test, false));
        assert_int_equal(test.status, STATUS_DATA);
        operator_close(&test);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(planes_are_resized_by_all_three_conventions),
        cmocka_unit_test(corners_stay_where_they_are),
        cmocka_unit_test(regions_are_pooled_into_bins),
        cmocka_unit_test(a_region_of_no_image_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
