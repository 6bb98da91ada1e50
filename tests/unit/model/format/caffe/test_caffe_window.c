/* Caffe's parameters of layers with windows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "model/shape.h"
#include "tests/lib/net.h"

enum { TEXT = 512, WEIGHTS = 20000 };

static const char *const net = "input: 'd' input_shape { dim: 1 dim: 6 dim: 9 dim: 11 }\n"
                               "layer { name: 'l' type: '%s' bottom: 'd' top: 't' %s }";

/* Loads one layer with as many zeros for weights as `shapes` say. */
static enum status load(const char *type, const char *parameters, const struct shape *shapes,
                        size_t count, struct graph **graph, struct error *error)
{
    static const float zeros[WEIGHTS];
    char text[TEXT];
    struct buf weights;
    enum status status;

    buf_init(&weights, 1 << 20);
    net_weights(&weights, "l", count, shapes, zeros);
    snprintf(text, sizeof text, net, type, parameters);
    status = net_load(text, count ? &weights : NULL, graph, error);
    buf_free(&weights);
    return status;
}

static struct graph *accept(const char *type, const char *parameters, const struct shape *shapes,
                            size_t count, const char *expected)
{
    struct error error = {""};
    struct graph *graph;
    char text[SHAPE_TEXT];

    if (load(type, parameters, shapes, count, &graph, &error))
        fail_msg("%s", error.text);
    assert_string_equal(shape_text(&graph->values[1].shape, text), expected);
    return graph;
}

static void refuse(const char *type, const char *parameters, enum status expected, const char *text)
{
    struct error error = {""};
    struct graph *graph;
    enum status status = load(type, parameters, NULL, 0, &graph, &error);

    if (status != expected || !strstr(error.text, text) || !strstr(error.text, "layer 'l'"))
        fail_msg("status %d, '%s' instead of %d, '%s'", status, error.text, expected, text);
}

static void forks_have_one_filter_per_channel(void **state)
{
    static const char *const types[] = {"ConvolutionDepthwise", "DepthwiseConvolution",
                                        "DepthwiseConv"};
    static const struct shape shapes[] = {{4, {6, 1, 3, 3}}, {1, {6}}};

    (void)state;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        struct graph *graph =
            accept(types[i], "convolution_param { num_output: 6 kernel_size: 3 pad: 1 stride: 2 }",
                   shapes, 2, "1x6x5x6");
        assert_int_equal(graph->nodes[1].parameters.convolution.group, 6);
        graph_free(graph);
    }
    struct graph *graph = accept("DepthwiseConvolution",
                                 "convolution_param { num_output: 6 kernel_size: 3 group: 3 }",
                                 (const struct shape[]){{4, {6, 2, 3, 3}}, {1, {6}}}, 2, "1x6x7x9");
    assert_int_equal(graph->nodes[1].parameters.convolution.group, 3);
    graph_free(graph);
}

static void deconvolution_has_such_a_fork_too(void **state)
{
    static const struct shape shapes[] = {{4, {6, 1, 3, 3}}, {1, {6}}};

    (void)state;
    graph_free(accept("DeconvolutionDepthwise",
                      "convolution_param { num_output: 6 kernel_size: 3 pad: 1 stride: 2 }", shapes,
                      2, "1x6x17x21"));
    refuse("DeconvolutionDepthwise", "convolution_param { num_output: 12 kernel_size: 3 }",
           STATUS_DATA, "group 12 does not divide 6 inputs and 12 outputs");
}

static void version_1_types_are_words(void **state)
{
    static const char *const types[] = {"ABSVAL", "BNLL", "EXP",  "MVN",     "POWER",
                                        "RELU",   "LRN",  "TANH", "SIGMOID", "THRESHOLD"};
    struct error error = {""};
    struct graph *graph;
    char text[TEXT];

    (void)state;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        snprintf(text, sizeof text,
                 "input: 'd' input_dim: 1 input_dim: 6 input_dim: 9 input_dim: 11\n"
                 "layers { name: 'l' type: %s bottom: 'd' top: 't' }",
                 types[i]);
        if (net_load(text, NULL, &graph, &error))
            fail_msg("%s", error.text);
        graph_free(graph);
    }
    snprintf(text, sizeof text,
             "input: 'd' input_dim: 1 input_dim: 6 input_dim: 9 input_dim: 11\n"
             "layers { name: 'l' type: DECONVOLUTION bottom: 'd' top: 't' convolution_param {\n"
             "num_output: 2 kernel_size: 4 stride: 2 weight_filler { type: 'bilinear' } } }");
    if (net_load(text, NULL, &graph, &error))
        fail_msg("%s", error.text);
    assert_int_equal(graph->nodes[1].parameters.deconvolution.group, 1);
    graph_free(graph);
}

static void convolutions_that_do_not_fit_name_the_layer(void **state)
{
    (void)state;
    refuse("Convolution", "convolution_param { num_output: 4 kernel_size: 3 group: 4 }",
           STATUS_DATA, "group 4 does not divide 6 inputs and 4 outputs");
    refuse("Convolution", "convolution_param { num_output: 4 kernel_size: 6 dilation: 2 }",
           STATUS_DATA, "the kernel is larger than the padded input");
    refuse("Convolution", "convolution_param { num_output: 4 kernel_size: [3, 3, 3] }",
           STATUS_UNSUPPORTED, "has 3 values, but images have two axes");
    refuse("ConvolutionDepthwise", "convolution_param { kernel_size: 3 }", STATUS_DATA,
           "num_output is missing");
    refuse("Deconvolution", "convolution_param { num_output: 4 kernel_size: 2 pad: 9 }",
           STATUS_DATA, "its padding leaves nothing of the output");
    refuse("Deconvolution", "convolution_param { num_output: 4 kernel_size: 2 group: 4 }",
           STATUS_DATA, "group 4 does not divide");
}

static void convolution_wants_four_axes(void **state)
{
    struct error error = {""};
    struct graph *graph;

    (void)state;
    assert_int_equal(net_load("input: 'd' input_shape { dim: 1 dim: 6 dim: 9 }\n"
                              "layer { name: 'l' type: 'Convolution' bottom: 'd' top: 't'\n"
                              "convolution_param { num_output: 4 kernel_size: 3 } }",
                              NULL, &graph, &error),
                     STATUS_DATA);
    assert_non_null(strstr(error.text, "layer 'l': convolution wants N x C x H x W"));
}

static void deconvolution_weights_count_the_inputs_first(void **state)
{
    static const struct shape shapes[] = {{4, {6, 2, 4, 3}}, {1, {4}}};
    struct graph *graph = accept("Deconvolution",
                                 "convolution_param { num_output: 4 group: 2 kernel_h: 4 "
                                 "kernel_w: 3 stride: 2 pad: 1 dilation: [1, 2] }",
                                 shapes, 2, "1x4x18x23");

    (void)state;
    assert_int_equal(graph->nodes[1].parameters.deconvolution.window.pad_end[1], 1);
    graph_free(graph);
}

/* filler.hpp, BilinearFiller: the same triangle for each pair of channels. */
static void a_bilinear_deconvolution_needs_no_weights(void **state)
{
    static const float triangle[] = {0.25F, 0.75F, 0.75F, 0.25F};
    struct graph *graph = accept("Deconvolution",
                                 "convolution_param { num_output: 4 group: 2 kernel_size: 4 "
                                 "stride: 2 weight_filler { type: 'bilinear' } }",
                                 NULL, 0, "1x4x20x24");
    const struct weight *weights = graph->nodes[1].weights;

    (void)state;
    assert_int_equal(graph->nodes[1].weight_count, 2);
    assert_int_equal(weights[0].count, 6 * 2 * 16);
    for (size_t i = 0; i < weights[0].count; i++)
        assert_true(weight_at(&weights[0], i) == triangle[i / 4 % 4] * triangle[i % 4]);
    for (size_t i = 0; i < 4; i++)
        assert_true(weight_at(&weights[1], i) == 0);
    struct weight turned = weights[0];
    assert_true(weight_permute(&turned, (const uint8_t[]){2, 3, 1, 0}));
    for (size_t i = 0; i < turned.count; i++)
        assert_true(weight_at(&turned, i) == triangle[i / 48] * triangle[i / 12 % 4]);
    graph_free(graph);
}

static void other_weights_may_not_be_missing(void **state)
{
    (void)state;
    refuse("Deconvolution", "convolution_param { num_output: 6 kernel_size: 4 }", STATUS_DATA,
           "its weights are missing");
    refuse("Deconvolution",
           "convolution_param { num_output: 6 kernel_size: 4 weight_filler { type: 'xavier' } }",
           STATUS_DATA, "its weights are missing");
    refuse("Deconvolution",
           "convolution_param { num_output: 6 kernel_size: 4 weight_filler { type: 'bilinear' }\n"
           "bias_filler { type: 'constant' value: 1 } }",
           STATUS_DATA, "its weights are missing");
    refuse("Convolution",
           "convolution_param { num_output: 6 kernel_size: 4 weight_filler { type: 'bilinear' } }",
           STATUS_DATA, "its weights are missing");
    refuse("Deconvolution",
           "convolution_param { num_output: 6 kernel_h: 4 kernel_w: 3 weight_filler { type: "
           "'bilinear' } }",
           STATUS_DATA, "needs a square kernel");
    refuse("Deconvolution",
           "convolution_param { num_output: 6 kernel_size: 3000 weight_filler { type: 'bilinear' } "
           "}",
           STATUS_LIMIT, "goes up to kernels of 2048");
}

/* pooling_layer.cpp: padding in one direction has the last window of both looked at. */
static void pooling_borders_are_caffes(void **state)
{
    (void)state;
    graph_free(accept("Pooling",
                      "pooling_param { kernel_h: 3 kernel_w: 1 stride_h: 2 stride_w: 4 pad_h: 1 "
                      "pad_w: 0 }",
                      NULL, 0, "1x6x5x3"));
    graph_free(accept("Pooling",
                      "pooling_param { kernel_h: 3 kernel_w: 1 stride_h: 2 stride_w: 6 pad_h: 0 "
                      "pad_w: 0 }",
                      NULL, 0, "1x6x4x3"));
    graph_free(accept("Pooling",
                      "pooling_param { kernel_h: 3 kernel_w: 1 stride_h: 2 stride_w: 6 pad_h: 1 "
                      "pad_w: 0 }",
                      NULL, 0, "1x6x5x2"));
}

/* ceil((9 - 12) / 4) + 1 is 1; rounding down, or with a stride of 3, nothing is left. */
static void one_window_may_be_larger_than_the_input_when_rounding_up(void **state)
{
    (void)state;
    graph_free(
        accept("Pooling", "pooling_param { kernel_size: 12 stride: 4 }", NULL, 0, "1x6x1x1"));
    refuse("Pooling", "pooling_param { kernel_size: 12 stride: 3 }", STATUS_DATA,
           "the kernel is larger than the padded input");
    refuse("Pooling", "pooling_param { kernel_size: 12 stride: 4 round_mode: FLOOR }", STATUS_DATA,
           "the kernel is larger than the padded input");
}

static void stochastic_pooling_has_no_padding(void **state)
{
    struct graph *graph =
        accept("Pooling", "pooling_param { pool: STOCHASTIC kernel_size: 3 stride: 2 }", NULL, 0,
               "1x6x4x5");

    (void)state;
    assert_int_equal(graph->nodes[1].parameters.pooling.method, POOLING_STOCHASTIC);
    graph_free(graph);
    refuse("Pooling", "pooling_param { pool: STOCHASTIC kernel_size: 3 pad: 1 }", STATUS_DATA,
           "stochastic pooling has no padding");
    refuse("Pooling", "pooling_param { kernel_size: 12 pad: 1 }", STATUS_DATA,
           "the kernel is larger than the padded input");
    refuse("Pooling", "pooling_param { kernel_size: 2 pad: 2 }", STATUS_DATA,
           "the padding must be smaller than the kernel");
}

static void lrn_wants_an_odd_size(void **state)
{
    (void)state;
    refuse("LRN", "lrn_param { local_size: 4 }", STATUS_DATA, "LRN needs an odd local_size");
    graph_free(accept("LRN", "lrn_param { norm_region: WITHIN_CHANNEL }", NULL, 0, "1x6x9x11"));
}

static void inner_products_take_an_axis_and_transposed_weights(void **state)
{
    static const struct shape turned[] = {{2, {11, 5}}};

    (void)state;
    graph_free(accept("InnerProduct",
                      "inner_product_param { num_output: 5 axis: -1 transpose: true bias_term: "
                      "false }",
                      turned, 1, "1x6x9x5"));
    refuse("InnerProduct", "inner_product_param { num_output: 5 axis: 4 }", STATUS_DATA,
           "`axis` lies outside its input");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forks_have_one_filter_per_channel),
        cmocka_unit_test(deconvolution_has_such_a_fork_too),
        cmocka_unit_test(version_1_types_are_words),
        cmocka_unit_test(convolutions_that_do_not_fit_name_the_layer),
        cmocka_unit_test(convolution_wants_four_axes),
        cmocka_unit_test(deconvolution_weights_count_the_inputs_first),
        cmocka_unit_test(a_bilinear_deconvolution_needs_no_weights),
        cmocka_unit_test(other_weights_may_not_be_missing),
        cmocka_unit_test(pooling_borders_are_caffes),
        cmocka_unit_test(one_window_may_be_larger_than_the_input_when_rounding_up),
        cmocka_unit_test(stochastic_pooling_has_no_padding),
        cmocka_unit_test(lrn_wants_an_odd_size),
        cmocka_unit_test(inner_products_take_an_axis_and_transposed_weights),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
