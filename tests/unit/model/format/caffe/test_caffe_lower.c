/* Layers that Caffe has no single layer for are written as several that compute the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine/comparison.h"
#include "tests/lib/conversion_fixture.h"
#include "tests/lib/graph_fixture.h"

enum { ROUNDS = 400, PER_NET = 20 };

#define CHECK(call)                                                                                \
    do {                                                                                           \
        struct error error = {""};                                                                 \
        if (call)                                                                                  \
            fail_msg("%s", error.text);                                                            \
    } while (0)

static const struct model_write_options options = {.format = MODEL_CAFFE};

/* Runs both; every value must be there under its name with the same numbers, up to `bound` of the
 * value's largest. Frees the graph. */
static void expect_same(struct graph *graph, double bound)
{
    struct graph *back = conversion_through_caffe(graph);
    const struct comparison_result *result;
    struct comparison *comparison;

    conversion_clean(NULL);
    CHECK(comparison_create(graph, back, &comparison, &error));
    CHECK(comparison_run_probes(comparison, &error));
    result = comparison_result(comparison);
    assert_int_equal(result->layer_count, graph->value_count);
    for (size_t i = 0; i < result->layer_count; i++) {
        const struct comparison_layer *layer = &result->layers[i];
        if (layer->pairing != PAIRING_NAME || !(layer->relative <= bound))
            fail_msg("'%s' differs by %g", layer->name, layer->relative);
    }
    assert_int_equal(back->output_count, graph->output_count);
    comparison_free(comparison);
    graph_free(back);
    graph_free(graph);
}

/* An image whose sides are often smaller than a kernel. */
static uint32_t small_image(struct maker *maker)
{
    return maker_input(
        maker, (struct shape){
                   4, {1, MAKER_CHANNELS, maker_between(maker, 1, 9), maker_between(maker, 1, 9)}});
}

static struct window uneven_window(struct maker *maker, const struct shape *in)
{
    struct window w;

    for (int axis = 0; axis < 2; axis++) {
        int64_t missing;
        w.kernel[axis] = maker_between(maker, 1, 5);
        w.stride[axis] = maker_between(maker, 1, 5);
        w.dilation[axis] = 1;
        w.pad[axis] = maker_below(maker, (uint32_t)w.kernel[axis]);
        w.pad_end[axis] = maker_below(maker, (uint32_t)w.kernel[axis]);
        missing = w.kernel[axis] - in->dim[2 + axis] - w.pad[axis] - w.pad_end[axis];
        if (missing > 0)
            w.kernel[axis] -= missing;
        if (w.pad[axis] >= w.kernel[axis])
            w.pad[axis] = w.kernel[axis] - 1;
        if (w.pad_end[axis] >= w.kernel[axis])
            w.pad_end[axis] = w.kernel[axis] - 1;
        if (w.kernel[axis] > in->dim[2 + axis] + w.pad[axis] + w.pad_end[axis])
            w.kernel[axis] = 1;
        if (w.kernel[axis] == 1)
            w.pad[axis] = w.pad_end[axis] = 0;
    }
    return w;
}

static void uneven_padding_of_convolutions_is_exact(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= ROUNDS / PER_NET; seed++) {
        struct maker maker = maker_create(seed);
        for (int i = 0; i < PER_NET; i++) {
            uint32_t input = small_image(&maker);
            union parameters p = {
                .convolution = {.window = uneven_window(&maker, &maker.graph->values[input].shape),
                                .outputs = 2,
                                .group = maker_between(&maker, 1, 2),
                                .bias = maker_coin(&maker)}};
            maker_add(&maker, OPERATOR_CONVOLUTION, &p, &input, 1, 1);
        }
        expect_same(maker.graph, 1e-6);
    }
}

static void pool(enum pooling_method method, bool exclude_pad, double bound)
{
    for (uint64_t seed = 1; seed <= ROUNDS / PER_NET; seed++) {
        struct maker maker = maker_create(seed);
        for (int i = 0; i < PER_NET; i++) {
            uint32_t input = small_image(&maker);
            union parameters p = {
                .pooling = {.window = uneven_window(&maker, &maker.graph->values[input].shape),
                            .method = method,
                            .exclude_pad = exclude_pad,
                            .ceiling = maker_coin(&maker)}};
            /* Else windows without a pixel would be divided by nothing. */
            for (int axis = 0; axis < 2 && method == POOLING_AVERAGE; axis++) {
                if (p.pooling.window.stride[axis] > p.pooling.window.kernel[axis])
                    p.pooling.window.stride[axis] = p.pooling.window.kernel[axis];
            }
            maker_add(&maker, OPERATOR_POOLING, &p, &input, 1, 1);
        }
        expect_same(maker.graph, bound);
    }
}

static void uneven_windows_of_maxima_are_exact(void **state)
{
    (void)state;
    pool(POOLING_MAX, false, 0);
}

static void averages_keep_their_divisors(void **state)
{
    (void)state;
    pool(POOLING_AVERAGE, false, 1e-6);
    pool(POOLING_AVERAGE, true, 1e-6);
}

static void deconvolutions_reach_beyond_and_cut_unevenly(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= ROUNDS / PER_NET; seed++) {
        struct maker maker = maker_create(seed);
        for (int i = 0; i < PER_NET; i++) {
            uint32_t input = maker_input(&maker, (struct shape){4, {1, 4, 3, 4}});
            union parameters p = {.deconvolution = {.outputs = 2,
                                                    .group = maker_between(&maker, 1, 2),
                                                    .bias = maker_coin(&maker)}};
            struct window *w = &p.deconvolution.window;
            for (int axis = 0; axis < 2; axis++) {
                w->kernel[axis] = maker_between(&maker, 1, 4);
                w->stride[axis] = maker_between(&maker, 1, 4);
                w->dilation[axis] = maker_between(&maker, 1, 2);
                w->pad[axis] = maker_below(&maker, 2);
                w->pad_end[axis] = maker_between(&maker, 1 - w->stride[axis], 1);
                if (w->kernel[axis] == 1 && w->stride[axis] == 1)
                    w->pad[axis] = w->pad_end[axis] = 0;
            }
            maker_add(&maker, OPERATOR_DECONVOLUTION, &p, &input, 1, 1);
        }
        expect_same(maker.graph, 1e-6);
    }
}

static void padding_with_zeros_becomes_a_convolution(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= ROUNDS / PER_NET; seed++) {
        struct maker maker = maker_create(seed);
        for (int i = 0; i < PER_NET; i++) {
            union parameters p = {.pad = {.dims = 4}};
            for (int axis = 1; axis < 4; axis++) {
                p.pad.begin[axis] = maker_below(&maker, 4);
                p.pad.end[axis] = maker_below(&maker, 4);
            }
            if (maker_coin(&maker))
                p.pad.begin[1] = p.pad.end[1] = 0;
            maker_add_to_image(&maker, OPERATOR_PAD, &p);
        }
        expect_same(maker.graph, 0);
    }
}

static void pixels_are_repeated_by_any_whole_factors(void **state)
{
    struct maker maker = maker_create(1);

    (void)state;
    for (int i = 0; i < PER_NET; i++) {
        union parameters p = {
            .resize = {.interpolation = RESIZE_NEAREST,
                       .coordinates = maker_coin(&maker) ? RESIZE_HALF_PIXEL : RESIZE_ASYMMETRIC,
                       .scale = {1, 1},
                       .shrink = 1,
                       .zoom = 1}};
        uint32_t inputs[] = {maker_image(&maker), maker_image(&maker)};
        if (maker_coin(&maker)) {
            p.resize.size[0] = MAKER_SIDE * maker_between(&maker, 1, 3);
            p.resize.size[1] = MAKER_SIDE * maker_between(&maker, 1, 3);
        }
        maker_add(&maker, OPERATOR_RESIZE, &p, inputs, p.resize.size[0] ? 1 : 2, 1);
    }
    expect_same(maker.graph, 0);
}

static void what_caffe_cannot_say_is_named_and_nothing_is_left_behind(void **state)
{
    static const char *const expected[] = {
        "random: Caffe has no layers that do the same as 4 layers: 'Pad0_0' (Pad: pads with",
        "'Pad1_0' (Pad: pads other axes", "'Interp2_0' (Interp: linear, and the corners",
        "'Interp3_0' (Interp: nearest neighbours, not by a whole factor)"};
    struct maker maker = maker_create(1);
    uint32_t input = maker_image(&maker);
    union parameters p = {.pad = {.dims = 4, .end = {0, 0, 1, 1}, .value = 1}};
    struct error error = {""};

    (void)state;
    maker.made = 0;
    maker_add(&maker, OPERATOR_PAD, &p, &input, 1, 1);
    p.pad = (struct pad_parameters){.dims = 4, .begin = {1}};
    maker_add(&maker, OPERATOR_PAD, &p, &input, 1, 1);
    p.resize = (struct resize_parameters){.interpolation = RESIZE_LINEAR,
                                          .coordinates = RESIZE_HALF_PIXEL,
                                          .size = {18, 18},
                                          .scale = {1, 1},
                                          .shrink = 1,
                                          .zoom = 1};
    maker_add(&maker, OPERATOR_RESIZE, &p, &input, 1, 1);
    p.resize.interpolation = RESIZE_NEAREST;
    p.resize.size[0] = 17;
    maker_add(&maker, OPERATOR_RESIZE, &p, &input, 1, 1);
    assert_int_equal(graph_finish(maker.graph, &error), STATUS_OK);
    assert_int_equal(model_write(maker.graph, &options, conversion_stem(), &error),
                     STATUS_UNSUPPORTED);
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        if (!strstr(error.text, expected[i]))
            fail_msg("'%s' without '%s'", error.text, expected[i]);
    }
    assert_int_not_equal(access(conversion_prototxt(), F_OK), 0);
    assert_int_not_equal(access(conversion_caffemodel(), F_OK), 0);
    graph_free(maker.graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(uneven_padding_of_convolutions_is_exact, conversion_clean),
        cmocka_unit_test_teardown(uneven_windows_of_maxima_are_exact, conversion_clean),
        cmocka_unit_test_teardown(averages_keep_their_divisors, conversion_clean),
        cmocka_unit_test_teardown(deconvolutions_reach_beyond_and_cut_unevenly, conversion_clean),
        cmocka_unit_test_teardown(padding_with_zeros_becomes_a_convolution, conversion_clean),
        cmocka_unit_test_teardown(pixels_are_repeated_by_any_whole_factors, conversion_clean),
        cmocka_unit_test_teardown(what_caffe_cannot_say_is_named_and_nothing_is_left_behind,
                                  conversion_clean),
    };
    return cmocka_run_group_tests(tests, conversion_setup, conversion_teardown);
}
