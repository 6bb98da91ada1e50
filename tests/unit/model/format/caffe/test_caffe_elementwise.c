/* Caffe's parameters of layers that work element by element or reduce. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "model/shape.h"
#include "tests/lib/net.h"

enum { TEXT = 512 };

static const char *const net = "input: 'd' input_shape { dim: 2 dim: 6 dim: 3 dim: 4 }\n"
                               "layer { name: 'l' type: '%s' bottom: 'd' top: 't' %s }";

static const float numbers[64] = {1, 2, 3};

/* The parameters of a layer without weights, whose output must have this shape. */
static union parameters read_layer(const char *type, const char *parameters, const char *expected)
{
    struct error error = {""};
    struct graph *graph;
    char text[TEXT];

    snprintf(text, sizeof text, net, type, parameters);
    if (net_load(text, NULL, &graph, &error))
        fail_msg("%s", error.text);
    assert_string_equal(shape_text(&graph->values[1].shape, text), expected);
    union parameters result = graph->nodes[1].parameters;
    graph_free(graph);
    return result;
}

static void expect_weights(const char *type, const char *parameters, size_t count,
                           const struct shape *shapes)
{
    struct error error = {""};
    struct graph *graph;
    char text[TEXT];
    struct buf weights;

    buf_init(&weights, 1 << 16);
    net_weights(&weights, "l", count, shapes, numbers);
    snprintf(text, sizeof text, net, type, parameters);
    if (net_load(text, &weights, &graph, &error))
        fail_msg("%s", error.text);
    assert_int_equal(graph->nodes[1].weight_count, count);
    graph_free(graph);
    buf_free(&weights);
}

static void refuse(const char *type, const char *parameters, const char *expected)
{
    struct error error = {""};
    struct graph *graph;
    char text[TEXT];

    snprintf(text, sizeof text, net, type, parameters);
    assert_int_equal(net_load(text, NULL, &graph, &error), STATUS_DATA);
    if (!strstr(error.text, expected) || !strstr(error.text, ":2"))
        fail_msg("'%s' lacks '%s'", error.text, expected);
}

#define SAME "2x6x3x4"

static void activations_have_caffes_defaults(void **state)
{
    (void)state;
    assert_true(read_layer("ELU", "", SAME).elu.alpha == 1);
    assert_true(read_layer("Threshold", "", SAME).threshold.threshold == 0);
    assert_true(read_layer("Swish", "", SAME).swish.beta == 1);
    assert_true(read_layer("Dropout", "", SAME).dropout.ratio == 0.5F);
    union parameters p = read_layer("Power", "", SAME);
    assert_true(p.power.power == 1 && p.power.scale == 1 && p.power.shift == 0);
    p = read_layer("Exp", "", SAME);
    assert_true(p.exp.base == -1 && p.exp.scale == 1 && p.exp.shift == 0);
    p = read_layer("ReLU6", "", SAME);
    assert_true(p.clip.low == 0 && p.clip.high == 6);
    read_layer("Sigmoid", "sigmoid_param { engine: CAFFE }", SAME);
    read_layer("TanH", "tanh_param { engine: CAFFE }", SAME);
    read_layer("AbsVal", "", SAME);
    read_layer("BNLL", "", SAME);
}

static void activations_take_their_parameters(void **state)
{
    (void)state;
    assert_true(
        read_layer("ReLU", "relu_param { negative_slope: 0.1 }", SAME).relu.negative_slope == 0.1F);
    assert_true(read_layer("ELU", "elu_param { alpha: 0.5 }", SAME).elu.alpha == 0.5F);
    assert_true(read_layer("Dropout", "dropout_param { dropout_ratio: 0.3 }", SAME).dropout.ratio ==
                0.3F);
    union parameters p = read_layer("Power", "power_param { power: 2 scale: -1 shift: 0.5 }", SAME);
    assert_true(p.power.power == 2 && p.power.scale == -1 && p.power.shift == 0.5F);
    p = read_layer("Log", "log_param { base: 10 scale: 2 shift: 3 }", SAME);
    assert_true(p.log.base == 10 && p.log.scale == 2 && p.log.shift == 3);
    p = read_layer("Clip", "clip_param { min: -1 max: 1e9 }", SAME);
    assert_true(p.clip.low == -1 && p.clip.high == 1e9F);
    refuse("Exp", "exp_param { base: 0 }", "base must be positive, or -1 for e");
    refuse("Log", "log_param { base: -2 }", "base must be positive, or -1 for e");
    refuse("Log", "log_param { base: 1 }", "there is no logarithm to the base 1");
    refuse("Power", "power_param { scale: nan }", "parameter 'scale' is not a number");
    refuse("Swish", "swish_param { beta: nan }", "parameter 'beta' is not a number");
    refuse("Clip", "clip_param { min: 6 max: 1 }", "make no range");
    refuse("Clip", "clip_param { min: 0 }", "clip_param needs min and max");
    refuse("Clip", "", "clip_param needs min and max");
}

static void a_dropout_that_scales_at_test_time_is_a_power(void **state)
{
    union parameters p =
        read_layer("Dropout", "dropout_param { dropout_ratio: 0.25 scale_train: false }", SAME);

    (void)state;
    assert_true(p.power.power == 1 && p.power.scale == 0.75F && p.power.shift == 0);
}

static void learned_layers_have_caffes_weights(void **state)
{
    static const struct shape channels = {1, {6}}, one = {0, {0}}, plane = {2, {3, 4}};
    static const struct shape statistics[] = {{1, {6}}, {1, {6}}, {1, {1}}};

    (void)state;
    expect_weights("PReLU", "", 1, &channels);
    expect_weights("PReLU", "prelu_param { channel_shared: true }", 1, &one);
    expect_weights("Bias", "", 1, &channels);
    expect_weights("Bias", "bias_param { axis: -2 num_axes: -1 }", 1, &plane);
    expect_weights("Bias", "bias_param { num_axes: 0 }", 1, &one);
    expect_weights("Normalize", "norm_param { channel_shared: false across_spatial: false }", 1,
                   &channels);
    expect_weights("Normalize", "", 1, &one);
    expect_weights("BatchNorm", "batch_norm_param { use_global_stats: false }", 3, statistics);
    refuse("PReLU", "", "its weights are missing");
    refuse("Bias", "bias_param { axis: 3 num_axes: 2 }", "the operand has more axes");
    refuse("Bias", "bias_param { axis: 4 }", "`axis` lies outside its input");
}

static void arg_max_and_reduction_shape_their_outputs(void **state)
{
    (void)state;
    union parameters p = read_layer("ArgMax", "", "2x1x1x1");
    assert_true(p.arg_max.top_k == 1 && !p.arg_max.has_axis && !p.arg_max.out_max_val);
    read_layer("ArgMax", "argmax_param { out_max_val: true top_k: 5 }", "2x2x5x1");
    read_layer("ArgMax", "argmax_param { axis: 0 }", "1x6x3x4");
    read_layer("ArgMax", "argmax_param { axis: -3 top_k: 2 }", "2x2x3x4");
    refuse("ArgMax", "argmax_param { axis: 4 }", "`axis` lies outside its input");
    refuse("ArgMax", "argmax_param { axis: 1 top_k: 7 }", "top_k must be 1 to");
    p = read_layer("Reduction", "", "scalar");
    assert_true(p.reduction.operation == REDUCTION_SUM && p.reduction.coefficient == 1);
    p = read_layer("Reduction", "reduction_param { operation: MEAN axis: 1 coeff: 2 }", "2");
    assert_true(p.reduction.operation == REDUCTION_MEAN && p.reduction.coefficient == 2);
    /* ReductionOp counts from 1. */
    p = read_layer("Reduction", "reduction_param { operation: 3 axis: -1 }", "2x6x3");
    assert_int_equal(p.reduction.operation, REDUCTION_SUMSQ);
    refuse("Reduction", "reduction_param { operation: 0 }", "operation must be SUM, ASUM");
    refuse("Reduction", "reduction_param { axis: 4 }", "`axis` lies outside its input");
}

static void normalizations_have_caffes_defaults(void **state)
{
    (void)state;
    union parameters p = read_layer("MVN", "", SAME);
    assert_true(p.mvn.normalize_variance && !p.mvn.across_channels && p.mvn.epsilon == 1e-9F);
    p = read_layer("MVN", "mvn_param { normalize_variance: false across_channels: true eps: 1 }",
                   SAME);
    assert_true(!p.mvn.normalize_variance && p.mvn.across_channels && p.mvn.epsilon == 1);
    assert_int_equal(read_layer("Softmax", "softmax_param { axis: -1 }", SAME).softmax.axis, -1);
}

/* eltwise_layer.cpp: MAX passes over its coefficients, PROD refuses them. */
static void eltwise_takes_coefficients_for_sums(void **state)
{
    union parameters p;

    (void)state;
    p = read_layer("Eltwise", "bottom: 'd' eltwise_param { operation: MAX coeff: 2 coeff: 3 }",
                   SAME);
    assert_null(p.eltwise.coefficients);
    refuse("Eltwise", "bottom: 'd' eltwise_param { operation: PROD coeff: 2 coeff: 3 }",
           "Eltwise takes one coeff per bottom");
    refuse("Eltwise", "bottom: 'd' eltwise_param { coeff: 2 }",
           "Eltwise takes one coeff per bottom");
}

/* SENet's fork: one number per channel times the second bottom plus the third. */
#define SQUEEZED                                                                                   \
    "input: 'a' input_shape { dim: 2 dim: 6 dim: 1 dim: 1 }\n"                                     \
    "input: 'x' input_shape { dim: 2 dim: 6 dim: 3 dim: 4 }\n"                                     \
    "input: 'y' input_shape { dim: 2 dim: 6 dim: 3 dim: 4 }\n"

static void an_axpy_is_a_scale_and_a_sum(void **state)
{
    struct error error = {""};
    struct graph *graph;
    const struct node *flat, *scale, *sum;

    (void)state;
    if (net_load(SQUEEZED "layer { name: 'se' type: 'Axpy' bottom: 'a' bottom: 'x' bottom: 'y' "
                          "top: 'se' }",
                 NULL, &graph, &error))
        fail_msg("%s", error.text);
    assert_int_equal(graph->node_count, 6);
    flat = &graph->nodes[3], scale = &graph->nodes[4], sum = &graph->nodes[5];
    assert_int_equal(flat->op->kind, OPERATOR_FLATTEN);
    assert_int_equal(flat->inputs[0], 0);
    assert_int_equal(graph->values[flat->outputs[0]].shape.dims, 2);
    assert_int_equal(scale->op->kind, OPERATOR_SCALE);
    assert_int_equal(scale->inputs[0], 1);
    assert_int_equal(scale->inputs[1], flat->outputs[0]);
    assert_int_equal(scale->parameters.scale.axis, 0);
    assert_int_equal(sum->op->kind, OPERATOR_ELTWISE);
    assert_int_equal(sum->parameters.eltwise.operation, ELTWISE_SUM);
    assert_int_equal(sum->inputs[0], scale->outputs[0]);
    assert_int_equal(sum->inputs[1], 2);
    assert_string_equal(graph->values[sum->outputs[0]].name, "se");
    graph_free(graph);
}

static void an_axpy_that_does_not_fit_is_refused(void **state)
{
    struct error error = {""};
    struct graph *graph;

    (void)state;
    assert_int_equal(net_load(SQUEEZED "layer { name: 'se' type: 'Axpy' bottom: 'a' bottom: 'x' "
                                       "top: 'se' }",
                              NULL, &graph, &error),
                     STATUS_DATA);
    assert_non_null(strstr(error.text, "layer 'se' (Axpy) needs 3 bottoms and 1 top"));
    assert_int_equal(net_load(SQUEEZED "layer { name: 'se' type: 'Axpy' bottom: 'x' bottom: 'x' "
                                       "bottom: 'y' top: 'se' }",
                              NULL, &graph, &error),
                     STATUS_DATA);
    assert_non_null(strstr(error.text, "'se/Scale'"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(activations_have_caffes_defaults),
        cmocka_unit_test(activations_take_their_parameters),
        cmocka_unit_test(a_dropout_that_scales_at_test_time_is_a_power),
        cmocka_unit_test(learned_layers_have_caffes_weights),
        cmocka_unit_test(arg_max_and_reduction_shape_their_outputs),
        cmocka_unit_test(normalizations_have_caffes_defaults),
        cmocka_unit_test(eltwise_takes_coefficients_for_sums),
        cmocka_unit_test(an_axpy_is_a_scale_and_a_sum),
        cmocka_unit_test(an_axpy_that_does_not_fit_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
