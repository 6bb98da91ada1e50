/* Networks of random layers go through Caffe's files and come back as they were. */
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

#include "tests/lib/conversion_fixture.h"
#include "tests/lib/graph_fixture.h"

enum { SEEDS = 60, BATCH = 2, CHANNELS = MAKER_CHANNELS };

static void same_numbers(const struct node *a, const struct node *b)
{
    assert_int_equal(a->weight_count, b->weight_count);
    for (uint32_t i = 0; i < a->weight_count; i++) {
        assert_int_equal(a->weights[i].shape.dims, b->weights[i].shape.dims);
        assert_memory_equal(a->weights[i].shape.dim, b->weights[i].shape.dim,
                            a->weights[i].shape.dims * sizeof(int64_t));
        assert_memory_equal(a->weights[i].bytes, b->weights[i].bytes,
                            a->weights[i].count * sizeof(float));
    }
}

static void same_list(const void *a, const void *b, size_t size)
{
    assert_int_equal(a != NULL, b != NULL);
    if (a && size)
        assert_memory_equal(a, b, size);
}

static void same_boxes(const struct prior_box_parameters *a, const struct prior_box_parameters *b)
{
    assert_int_equal(a->min_count, b->min_count);
    assert_int_equal(a->max_count, b->max_count);
    assert_int_equal(a->ratio_count, b->ratio_count);
    assert_int_equal(a->variance_count, b->variance_count);
    same_list(a->min_sizes, b->min_sizes, a->min_count * sizeof(float));
    same_list(a->max_sizes, b->max_sizes, a->max_count * sizeof(float));
    same_list(a->ratios, b->ratios, a->ratio_count * sizeof(float));
    same_list(a->variances, b->variances, a->variance_count * sizeof(float));
    assert_memory_equal(a->image, b->image, sizeof a->image);
    assert_memory_equal(a->step, b->step, sizeof a->step);
    assert_true(a->flip == b->flip && a->clip == b->clip && a->offset == b->offset);
}

/* The bytes of the operator's own parameters, but for the lists behind pointers. */
static void same_parameters(const struct node *a, const struct node *b)
{
    union parameters x = a->parameters, y = b->parameters;

    switch (a->op->kind) {
    case OPERATOR_ELTWISE:
        same_list(x.eltwise.coefficients, y.eltwise.coefficients, a->input_count * sizeof(float));
        x.eltwise.coefficients = y.eltwise.coefficients = NULL;
        break;
    case OPERATOR_SLICE:
        assert_int_equal(x.slice.point_count, y.slice.point_count);
        if (x.slice.point_count)
            same_list(x.slice.points, y.slice.points, x.slice.point_count * sizeof(int64_t));
        x.slice.points = y.slice.points = NULL;
        break;
    case OPERATOR_PRIOR_BOX:
        same_boxes(&x.prior_box, &y.prior_box);
        return;
    default:
        break;
    }
    assert_memory_equal(&x, &y, sizeof x);
}

static void same_networks(const struct graph *a, const struct graph *b)
{
    assert_int_equal(a->node_count, b->node_count);
    assert_int_equal(a->value_count, b->value_count);
    for (size_t i = 0; i < a->node_count; i++) {
        const struct node *x = &a->nodes[i], *y = &b->nodes[i];
        assert_string_equal(x->op->name, y->op->name);
        assert_int_equal(x->input_count, y->input_count);
        assert_int_equal(x->output_count, y->output_count);
        for (uint32_t j = 0; j < x->input_count; j++)
            assert_string_equal(a->values[x->inputs[j]].name, b->values[y->inputs[j]].name);
        for (uint32_t j = 0; j < x->output_count; j++)
            assert_string_equal(a->values[x->outputs[j]].name, b->values[y->outputs[j]].name);
        same_parameters(x, y);
        same_numbers(x, y);
    }
}

/* ---- layers that Caffe has ---- */

static struct window window(struct maker *maker)
{
    struct window w;

    for (int axis = 0; axis < 2; axis++) {
        w.kernel[axis] = maker_between(maker, 1, 3);
        w.stride[axis] = maker_between(maker, 1, w.kernel[axis]);
        w.pad[axis] = w.pad_end[axis] = maker_below(maker, (uint32_t)w.kernel[axis]);
        w.dilation[axis] = 1;
    }
    return w;
}

static void add_windows(struct maker *maker)
{
    union parameters p = {.convolution = {.window = window(maker),
                                          .outputs = 2 * maker_between(maker, 1, 3),
                                          .group = maker_between(maker, 1, 2),
                                          .bias = maker_coin(maker)}};

    p.convolution.window.dilation[0] = maker_between(maker, 1, 2);
    p.convolution.window.dilation[1] = maker_between(maker, 1, 2);
    maker_add_to_image(maker, OPERATOR_CONVOLUTION, &p);
    maker_add_to_image(maker, OPERATOR_DECONVOLUTION, &p);
    p = (union parameters){.pooling = {.method = (enum pooling_method)maker_below(maker, 2),
                                       .window = window(maker),
                                       .ceiling = maker_coin(maker)}};
    maker_add_to_image(maker, OPERATOR_POOLING, &p);
    p = (union parameters){.pooling = {.method = POOLING_AVERAGE,
                                       .global = true,
                                       .ceiling = true,
                                       .window = {.stride = {1, 1}, .dilation = {1, 1}}}};
    maker_add_to_image(maker, OPERATOR_POOLING, &p);
    p = (union parameters){.inner_product = {.outputs = maker_between(maker, 1, 5),
                                             .axis = maker_coin(maker) ? 1 : -2,
                                             .bias = maker_coin(maker),
                                             .transpose = maker_coin(maker)}};
    maker_add_to_image(maker, OPERATOR_INNER_PRODUCT, &p);
    p = (union parameters){
        .lrn = {.local_size = 1 + 2 * maker_below(maker, 3),
                .alpha = maker_number(maker),
                .beta = maker_coin(maker) ? 0.75F : maker_number(maker),
                .k = maker_coin(maker) ? 1 : maker_number(maker),
                .region = maker_coin(maker) ? LRN_ACROSS_CHANNELS : LRN_WITHIN_CHANNEL}};
    maker_add_to_image(maker, OPERATOR_LRN, &p);
}

static void add_activations(struct maker *maker)
{
    static const enum operator_kind plain[] = {OPERATOR_SIGMOID, OPERATOR_TANH, OPERATOR_ABS_VAL,
                                               OPERATOR_BNLL};
    union parameters p = {.relu = {maker_coin(maker) ? 0 : maker_number(maker)}};

    maker_add_to_image(maker, OPERATOR_RELU, &p);
    p = (union parameters){.prelu = {maker_coin(maker)}};
    maker_add_to_image(maker, OPERATOR_PRELU, &p);
    p = (union parameters){.elu = {maker_coin(maker) ? 1 : maker_number(maker)}};
    maker_add_to_image(maker, OPERATOR_ELU, &p);
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        maker_add_to_image(maker, plain[i], &(union parameters){.relu = {0}});
    p = (union parameters){.power = {maker_number(maker), maker_number(maker),
                                     maker_coin(maker) ? 0 : maker_number(maker)}};
    maker_add_to_image(maker, OPERATOR_POWER, &p);
    p = (union parameters){
        .exp = {maker_coin(maker) ? -1 : maker_number(maker), maker_number(maker), -0.0F}};
    maker_add_to_image(maker, OPERATOR_EXP, &p);
    p = (union parameters){.log = {maker_coin(maker) ? -1 : 2, 1, maker_number(maker)}};
    maker_add_to_image(maker, OPERATOR_LOG, &p);
    p = (union parameters){.threshold = {maker_number(maker)}};
    maker_add_to_image(maker, OPERATOR_THRESHOLD, &p);
    p = (union parameters){
        .clip = {maker_coin(maker) ? -INFINITY : 0, maker_coin(maker) ? INFINITY : 6}};
    maker_add_to_image(maker, OPERATOR_CLIP, &p);
    p = (union parameters){.swish = {maker_coin(maker) ? 1 : maker_number(maker)}};
    maker_add_to_image(maker, OPERATOR_SWISH, &p);
    p = (union parameters){.dropout = {maker_coin(maker) ? 0.5F : 0.1F}};
    maker_add_to_image(maker, OPERATOR_DROPOUT, &p);
}

static void add_statistics(struct maker *maker)
{
    union parameters p = {.softmax = {maker_coin(maker) ? 1 : -1, false}};

    maker_add_to_image(maker, OPERATOR_SOFTMAX, &p);
    p = (union parameters){
        .arg_max = {.top_k = maker_between(maker, 1, 3), .has_axis = maker_coin(maker)}};
    p.arg_max.axis = p.arg_max.has_axis ? 1 : 0;
    p.arg_max.out_max_val = maker_coin(maker);
    maker_add_to_image(maker, OPERATOR_ARG_MAX, &p);
    p = (union parameters){.reduction = {(enum reduction_operation)maker_below(maker, 4),
                                         maker_coin(maker) ? 1 : -2,
                                         maker_coin(maker) ? 1 : maker_number(maker)}};
    maker_add_to_image(maker, OPERATOR_REDUCTION, &p);
    p = (union parameters){.mvn = {maker_coin(maker), maker_coin(maker),
                                   maker_coin(maker) ? 1e-9F : maker_number(maker)}};
    maker_add_to_image(maker, OPERATOR_MVN, &p);
    p = (union parameters){.normalize = {maker_coin(maker), maker_coin(maker),
                                         maker_coin(maker) ? 1e-10F : maker_number(maker)}};
    maker_add_to_image(maker, OPERATOR_NORMALIZE, &p);
    p = (union parameters){
        .batch_norm = {maker_coin(maker) ? 1e-5F : maker_number(maker), maker_coin(maker)}};
    maker_add_to_image(maker, OPERATOR_BATCH_NORM, &p);
    p = (union parameters){.scale = {.axis = maker_between(maker, 0, 2),
                                     .num_axes = maker_between(maker, -1, 2),
                                     .bias = maker_coin(maker)}};
    if (!p.scale.num_axes)
        p.scale.num_axes = 1;
    maker_add_to_image(maker, OPERATOR_SCALE, &p);
    p.scale.bias = false;
    maker_add_to_image(maker, OPERATOR_BIAS, &p);
}

static void add_pairs(struct maker *maker)
{
    uint32_t inputs[] = {maker_image(maker), maker_image(maker), 0};
    float *coefficients = arena_alloc(&maker->graph->arena, 2, sizeof *coefficients);
    union parameters p = {.eltwise = {.operation = (enum eltwise_operation)maker_below(maker, 3)}};

    coefficients[0] = maker_number(maker);
    coefficients[1] = -maker_number(maker);
    if (p.eltwise.operation == ELTWISE_SUM && maker_coin(maker))
        p.eltwise.coefficients = coefficients;
    maker_add(maker, OPERATOR_ELTWISE, &p, inputs, 2, 1);
    p = (union parameters){.concat = {maker_coin(maker) ? 1 : -1}};
    maker_add(maker, OPERATOR_CONCAT, &p, inputs, 2, 1);
    p = (union parameters){.crop = {.axis = maker_coin(maker) ? 2 : 3}};
    p.crop.offset_count = (unsigned)maker_below(maker, 2);
    maker_add(maker, OPERATOR_CROP, &p, inputs, 2, 1);
    maker_add(maker, OPERATOR_SPLIT, &(union parameters){.relu = {0}}, inputs, 1, 3);
    maker_add(maker, OPERATOR_SILENCE, &(union parameters){.relu = {0}}, inputs, 2, 0);
    inputs[2] = maker_input(maker, (struct shape){2, {BATCH, CHANNELS}});
    p = (union parameters){.scale = {.axis = 0, .num_axes = 1}};
    maker_add(maker, OPERATOR_SCALE, &p, (uint32_t[]){inputs[0], inputs[2]}, 2, 1);
    maker_add(maker, OPERATOR_BIAS, &p, (uint32_t[]){inputs[0], inputs[2]}, 2, 1);
}

static void add_layouts(struct maker *maker)
{
    int64_t *points = arena_alloc(&maker->graph->arena, 1, sizeof *points);
    uint32_t input = maker_image(maker);
    union parameters p = {.slice = {.axis = maker_coin(maker) ? 1 : -3}};

    points[0] = maker_between(maker, 1, 3);
    p.slice.points = maker_coin(maker) ? points : NULL;
    p.slice.point_count = p.slice.points != NULL;
    maker_add(maker, OPERATOR_SLICE, &p, &input, 1, 2);
    p = (union parameters){.flatten = {maker_coin(maker) ? 1 : 2, maker_coin(maker) ? -1 : 2}};
    maker_add_to_image(maker, OPERATOR_FLATTEN, &p);
    p = (union parameters){.reshape = {.shape = {3, {0, -1, 3}}, .axis = 0, .num_axes = -1}};
    if (maker_coin(maker))
        p.reshape = (struct reshape_parameters){.shape = {2, {2, -1}}, .axis = 1, .num_axes = 1};
    maker_add_to_image(maker, OPERATOR_RESHAPE, &p);
    p = (union parameters){.permute = {.dims = 4, .order = {0, 2, 3, 1, 4, 5, 6, 7}}};
    maker_add_to_image(maker, OPERATOR_PERMUTE, &p);
    p = (union parameters){.tile = {maker_coin(maker) ? 1 : 2, maker_between(maker, 1, 3)}};
    maker_add_to_image(maker, OPERATOR_TILE, &p);
    p = (union parameters){.shuffle_channel = {maker_coin(maker) ? 2 : 4}};
    maker_add_to_image(maker, OPERATOR_SHUFFLE_CHANNEL, &p);
}

static void add_resizing(struct maker *maker)
{
    union parameters p = {.resize = {.interpolation = RESIZE_LINEAR,
                                     .coordinates = RESIZE_CORNERS,
                                     .scale = {1, 1},
                                     .shrink = 1,
                                     .zoom = 1,
                                     .pad = -maker_below(maker, 2),
                                     .pad_end = -maker_below(maker, 2)}};
    uint32_t inputs[2];

    if (maker_coin(maker)) {
        p.resize.size[0] = maker_between(maker, 1, 20);
        p.resize.size[1] = maker_between(maker, 1, 20);
    } else {
        p.resize.shrink = maker_between(maker, 1, 3);
        p.resize.zoom = maker_between(maker, 1, 3);
    }
    maker_add_to_image(maker, OPERATOR_RESIZE, &p);
    p.resize = (struct resize_parameters){.interpolation = RESIZE_LINEAR,
                                          .coordinates = RESIZE_CORNERS,
                                          .scale = {1, 1},
                                          .shrink = 1,
                                          .zoom = 1};
    inputs[0] = maker_image(maker);
    inputs[1] = maker_image(maker);
    maker_add(maker, OPERATOR_RESIZE, &p, inputs, 2, 1);
    p.resize.interpolation = RESIZE_NEAREST;
    p.resize.coordinates = RESIZE_ASYMMETRIC;
    p.resize.scale[0] = p.resize.scale[1] = maker_between(maker, 1, 3);
    maker_add_to_image(maker, OPERATOR_RESIZE, &p);
}

static void add_detection(struct maker *maker)
{
    uint32_t inputs[3] = {maker_image(maker), maker_input(maker, (struct shape){2, {3, 5}})};
    float *sizes = arena_alloc(&maker->graph->arena, 8, sizeof *sizes);
    union parameters p = {.roi_pooling = {maker_between(maker, 1, 4), 3, 0.0625F}};

    maker_add(maker, OPERATOR_ROI_POOLING, &p, inputs, 2, 1);
    for (size_t i = 0; i < 8; i++)
        sizes[i] = (float)(i + 1) * maker_number(maker);
    sizes[1] = sizes[0] + 1;
    p = (union parameters){
        .prior_box = {.min_count = 1,
                      .min_sizes = sizes,
                      .max_count = 1,
                      .max_sizes = sizes + 1,
                      .ratio_count = 2,
                      .ratios = sizes + 2,
                      .variance_count = 4,
                      .variances = sizes + 4,
                      .flip = maker_coin(maker),
                      .clip = maker_coin(maker),
                      .image = {300, 200},
                      .step = {maker_number(maker), maker_coin(maker) ? 16 : 8.5F},
                      .offset = maker_coin(maker) ? 0.5F : 0.25F}};
    inputs[1] = maker_image(maker);
    maker_add(maker, OPERATOR_PRIOR_BOX, &p, inputs, 2, 1);
    inputs[0] = maker_input(maker, (struct shape){2, {1, 8}});
    inputs[1] = maker_input(maker, (struct shape){2, {1, 6}});
    inputs[2] = maker_input(maker, (struct shape){3, {1, 2, 8}});
    p = (union parameters){
        .detection_output = {.classes = 3,
                             .background = maker_coin(maker) ? 0 : -1,
                             .nms_top_k = maker_coin(maker) ? -1 : 400,
                             .keep_top_k = maker_coin(maker) ? -1 : 200,
                             .share_location = true,
                             .variance_in_target = maker_coin(maker),
                             .code = (enum detection_code)maker_between(maker, 1, 3),
                             .nms_threshold = maker_number(maker),
                             .nms_eta = maker_coin(maker) ? 1 : 0.5F,
                             .confidence_threshold = maker_number(maker)}};
    maker_add(maker, OPERATOR_DETECTION_OUTPUT, &p, inputs, 3, 1);
}

static void every_operator_comes_back_as_it_was(void **state)
{
    bool seen[OPERATOR_COUNT] = {false};

    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct maker maker = maker_create(seed);
        add_windows(&maker);
        add_activations(&maker);
        add_statistics(&maker);
        add_pairs(&maker);
        add_layouts(&maker);
        add_resizing(&maker);
        add_detection(&maker);
        struct graph *back = conversion_through_caffe(maker.graph);
        same_networks(maker.graph, back);
        for (size_t i = 0; i < back->node_count; i++)
            seen[back->nodes[i].op->kind] = true;
        graph_free(back);
        graph_free(maker.graph);
        conversion_clean(NULL);
    }
    for (int kind = 0; kind < OPERATOR_COUNT; kind++)
        assert_true(seen[kind] || kind == OPERATOR_PAD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(every_operator_comes_back_as_it_was, conversion_clean),
    };
    return cmocka_run_group_tests(tests, conversion_setup, conversion_teardown);
}
