#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "model/format/tensorflow/tensorflow.h"
#include "tests/lib/written_fixture.h"
#include "tests/lib/net.h"

enum { BUF_LIMIT = 1 << 20 };

#define INPUT "input: 'data' input_shape { dim: 1 dim: 2 dim: 5 dim: 7 }\n"
#define LAYER(name, type, bottom, more)                                                            \
    "layer { name: '" name "' type: '" type "' bottom: '" bottom "' top: '" name "' " more " }\n"

static float numbers[4096];

static int fill_numbers(void **state)
{
    (void)state;
    for (size_t i = 0; i < 4096; i++)
        numbers[i] = (float)i + 1;
    return 0;
}

static struct graph *load(const char *prototxt, const struct buf *weights)
{
    struct error error = {""};
    struct graph *graph;

    if (net_load(prototxt, weights, &graph, &error))
        fail_msg("%s", error.text);
    return graph;
}

static void write_net(struct written *written, const char *prototxt, const struct buf *weights,
                      bool explicit_padding)
{
    struct graph *graph = load(prototxt, weights);
    struct error error = {""};

    memset(written, 0, sizeof *written);
    buf_init(&written->bytes, BUF_LIMIT);
    net_temporary("", 0, written->path);
    unlink(written->path);
    if (tensorflow_write(graph, explicit_padding, written->path, &error))
        fail_msg("%s", error.text);
    written_read_back(written);
    unlink(written->path);
    graph_free(graph);
}

static void end(struct written *written, struct buf *weights)
{
    buf_free(&written->bytes);
    if (weights)
        buf_free(weights);
}

/* ---- tests ---- */

static void the_batch_of_the_placeholder_is_free_and_channels_come_last(void **state)
{
    struct wire_field value, shape, dim, size;
    struct written w;
    const int64_t expected[] = {-1, 5, 7, 2};

    (void)state;
    write_net(&w, INPUT LAYER("r", "ReLU", "data", ""), NULL, false);
    written_expect_op(&w, "data", "Placeholder");
    assert_true(written_has_attr(&w, "data", "shape", &value));
    assert_true(written_find(&value, TF_ATTR_SHAPE, 0, &shape));
    for (size_t i = 0; i < 4; i++) {
        assert_true(written_find(&shape, TF_SHAPE_DIM, i, &dim));
        assert_true(written_find(&dim, TF_DIM_SIZE, 0, &size));
        assert_true((int64_t)size.value == expected[i]);
    }
    written_expect_op(&w, "r", "Relu");
    written_expect_input(&w, "r", 0, "data");
    end(&w, NULL);
}

#define PADDED                                                                                     \
    INPUT LAYER("c", "Convolution", "data",                                                        \
                "convolution_param { num_output: 3 kernel_size: 3 stride: 2 pad_h: 1 pad_w: 2 }")

static const struct shape padded_shapes[] = {{4, {3, 2, 3, 3}}, {1, {3}}};

static void a_convolution_is_pad_and_valid_with_weights_in_hwio(void **state)
{
    static const int32_t pads[] = {0, 0, 1, 1, 2, 2, 0, 0};
    const unsigned char *bytes;
    struct buf weights;
    struct written w;

    (void)state;
    buf_init(&weights, BUF_LIMIT);
    net_weights(&weights, "c", 2, padded_shapes, numbers);
    write_net(&w, PADDED, &weights, false);
    written_expect_op(&w, "c", "BiasAdd");
    written_expect_input(&w, "c", 0, "c/Conv2D");
    written_expect_input(&w, "c", 1, "c/biases");
    written_expect_op(&w, "c/Conv2D", "Conv2D");
    written_expect_input(&w, "c/Conv2D", 0, "c/Pad");
    written_expect_text(&w, "c/Conv2D", "padding", "VALID");
    written_expect_ints(&w, "c/Conv2D", "strides", 4, (const int64_t[]){1, 2, 2, 1});
    bytes = written_content(&w, "c/Pad/paddings", sizeof pads);
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(written_int_at(bytes, i), pads[i]);
    bytes = written_content(&w, "c/weights", 54 * sizeof(float));
    for (size_t o = 0; o < 3; o++) {
        for (size_t i = 0; i < 2; i++) {
            for (size_t k = 0; k < 9; k++)
                assert_true(written_float_at(bytes, (k * 2 + i) * 3 + o) ==
                            numbers[(o * 2 + i) * 9 + k]);
        }
    }
    end(&w, &weights);
}

static void explicit_padding_needs_no_pad(void **state)
{
    struct buf weights;
    struct written w;

    (void)state;
    buf_init(&weights, BUF_LIMIT);
    net_weights(&weights, "c", 2, padded_shapes, numbers);
    write_net(&w, PADDED, &weights, true);
    written_expect_input(&w, "c/Conv2D", 0, "data");
    written_expect_text(&w, "c/Conv2D", "padding", "EXPLICIT");
    written_expect_ints(&w, "c/Conv2D", "explicit_paddings", 8,
                        (const int64_t[]){0, 0, 1, 1, 2, 2, 0, 0});
    assert_int_equal(written_count_op(&w, "Pad"), 0);
    end(&w, &weights);
}

static void groups_are_split_and_concatenated_and_single_channels_are_depthwise(void **state)
{
    static const struct shape shape = {4, {4, 1, 3, 3}}, grouped = {4, {6, 2, 1, 1}};
    struct buf weights;
    struct written w;

    (void)state;
    buf_init(&weights, BUF_LIMIT);
    net_weights(&weights, "c", 1, &shape, numbers);
    write_net(&w,
              INPUT LAYER("c", "Convolution", "data",
                          "convolution_param { num_output: 4 kernel_size: 3 group: 2 bias_term: "
                          "false }"),
              &weights, false);
    written_expect_op(&w, "c", "DepthwiseConv2dNative");
    /* Output 3 is the second filter of channel 1. */
    assert_true(written_float_at(written_content(&w, "c/depthwise_weights", 36 * sizeof(float)),
                                 3) == numbers[27]);
    end(&w, NULL);
    buf_clear(&weights);
    net_weights(&weights, "c", 1, &grouped, numbers);
    write_net(&w,
              "input: 'data' input_shape { dim: 1 dim: 4 dim: 5 dim: 7 }" LAYER(
                  "c", "Convolution", "data",
                  "convolution_param { num_output: 6 kernel_size: 1 group: 2 bias_term: false }"),
              &weights, false);
    written_expect_op(&w, "c", "ConcatV2");
    written_expect_op(&w, "c/Split", "Split");
    written_expect_input(&w, "c/Conv2D_1", 0, "c/Split:1");
    /* Input 1 to output 0 of the second group. */
    assert_true(written_float_at(written_content(&w, "c/weights_1", 24), 3) == numbers[7]);
    end(&w, &weights);
}

#define POOL(bottom, more) LAYER("p", "Pooling", bottom, "pooling_param { " more " }")

static void zeros_pad_a_maximum_only_of_what_is_never_negative(void **state)
{
    struct written w;

    (void)state;
    write_net(&w, INPUT LAYER("r", "ReLU", "data", "") POOL("r", "kernel_size: 2 stride: 1 pad: 1"),
              NULL, false);
    written_expect_op(&w, "p/Pad", "Pad");
    written_expect_op(&w, "p", "MaxPool");
    written_expect_text(&w, "p", "padding", "VALID");
    end(&w, NULL);
    write_net(&w, INPUT POOL("data", "kernel_size: 2 stride: 1 pad: 1"), NULL, false);
    written_expect_op(&w, "p/Pad", "PadV2");
    assert_true(written_float_at(written_content(&w, "p/Pad/constant_values", 4), 0) < -3e38F);
    written_expect_text(&w, "p", "padding", "VALID");
    end(&w, NULL);
}

/* 5 x 7 with kernel 4, stride 3: padding 1 before either axis is what SAME does, 0 is not. */
static void same_is_written_only_where_it_means_the_same_windows(void **state)
{
    struct written w;

    (void)state;
    write_net(&w, INPUT POOL("data", "kernel_size: 4 stride: 3 pad: 1"), NULL, false);
    written_expect_text(&w, "p", "padding", "SAME");
    written_expect_input(&w, "p", 0, "data");
    end(&w, NULL);
    write_net(&w, INPUT POOL("data", "kernel_size: 4 stride: 3"), NULL, false);
    written_expect_text(&w, "p", "padding", "VALID");
    written_expect_op(&w, "p/Pad", "PadV2");
    end(&w, NULL);
}

/* 5 x 7 with kernel 4, stride 3, padding 1: 2 x 3 windows, of which the last column holds 2. */
static void averages_at_the_border_are_divided_as_caffe_does(void **state)
{
    const unsigned char *map;
    struct written w;

    (void)state;
    write_net(&w,
              INPUT LAYER("p", "Pooling", "data",
                          "pooling_param { pool: AVE kernel_size: 4 stride: 3 pad: 1 }"),
              NULL, false);
    written_expect_op(&w, "p", "Mul");
    written_expect_input(&w, "p", 0, "p/AvgPool");
    written_expect_text(&w, "p/AvgPool", "padding", "VALID");
    map = written_content(&w, "p/correction", 6 * sizeof(float));
    assert_true(written_float_at(map, 0) == 1 && written_float_at(map, 1) == 1);
    assert_true(written_float_at(map, 2) == 16.0F / (4 * 3));
    assert_true(written_float_at(map, 3) == 1);
    end(&w, NULL);
    write_net(&w,
              INPUT LAYER("p", "Pooling", "data",
                          "pooling_param { pool: AVE kernel_size: 3 stride: 1 pad: 1 }"),
              NULL, false);
    written_expect_op(&w, "p", "AvgPool");
    written_expect_op(&w, "p/Pad", "Pad");
    end(&w, NULL);
}

static void a_global_pooling_keeps_its_axes(void **state)
{
    struct wire_field value, flag;
    struct written w;

    (void)state;
    write_net(
        &w, INPUT LAYER("p", "Pooling", "data", "pooling_param { pool: AVE global_pooling: true }"),
        NULL, false);
    written_expect_op(&w, "p", "Mean");
    assert_true(written_has_attr(&w, "p", "keep_dims", &value));
    assert_true(written_find(&value, TF_ATTR_B, 0, &flag) && flag.value == 1);
    end(&w, NULL);
}

static void columns_of_a_product_follow_the_order_of_the_flattened_image(void **state)
{
    static const struct shape shape = {2, {3, 70}};
    const unsigned char *bytes;
    struct buf weights;
    struct written w;

    (void)state;
    buf_init(&weights, BUF_LIMIT);
    net_weights(&weights, "f", 1, &shape, numbers);
    write_net(&w,
              INPUT LAYER("l", "Flatten", "data", "") LAYER("d", "Dropout", "l", "")
                  LAYER("f", "InnerProduct", "d",
                        "inner_product_param { num_output: 3 bias_term: false }"),
              &weights, false);
    assert_int_equal(written_count_op(&w, "Transpose"), 0);
    written_expect_op(&w, "d", "Identity");
    written_expect_op(&w, "f", "MatMul");
    bytes = written_content(&w, "f/weights", 210 * sizeof(float));
    for (size_t c = 0; c < 2; c++) {
        for (size_t p = 0; p < 35; p++) {
            for (size_t o = 0; o < 3; o++)
                assert_true(written_float_at(bytes, (p * 2 + c) * 3 + o) ==
                            numbers[o * 70 + c * 35 + p]);
        }
    }
    end(&w, NULL);
    /* Another reader of the flattened image gets Caffe's order, and the product, too. */
    write_net(&w,
              INPUT LAYER("l", "Flatten", "data", "") LAYER("s", "Sigmoid", "l", "")
                  LAYER("f", "InnerProduct", "l",
                        "inner_product_param { num_output: 3 bias_term: false }"),
              &weights, false);
    assert_int_equal(written_count_op(&w, "Transpose"), 1);
    assert_true(written_float_at(written_content(&w, "f/weights", 840), 3) == numbers[1]);
    end(&w, &weights);
}

static void a_batch_norm_and_its_scale_are_one_node_with_divided_statistics(void **state)
{
    static const struct shape norm[] = {{1, {2}}, {1, {2}}, {1, {1}}};
    static const float statistics[] = {4, 8, 12, 16, 4};
    struct buf weights;
    struct written w;

    (void)state;
    buf_init(&weights, BUF_LIMIT);
    net_weights(&weights, "b", 3, norm, statistics);
    net_weights(&weights, "s", 1, norm, numbers);
    write_net(&w, INPUT LAYER("b", "BatchNorm", "data", "") LAYER("s", "Scale", "b", ""), &weights,
              false);
    written_expect_op(&w, "s", "FusedBatchNorm");
    written_expect_input(&w, "s", 0, "data");
    written_expect_text(&w, "s", TF_HINT_BATCH_NORM, "b");
    assert_true(written_float_at(written_content(&w, "s/BatchNorm/moving_mean", 8), 1) == 2);
    assert_true(written_float_at(written_content(&w, "s/BatchNorm/moving_variance", 8), 0) == 3);
    assert_true(written_float_at(written_content(&w, "s/BatchNorm/gamma", 8), 1) == 2);
    end(&w, NULL);
    /* A BatchNorm that somebody else reads stays. */
    write_net(&w,
              INPUT LAYER("b", "BatchNorm", "data", "") LAYER("s", "Scale", "b", "")
                  LAYER("r", "ReLU", "b", ""),
              &weights, false);
    written_expect_op(&w, "b", "FusedBatchNorm");
    written_expect_op(&w, "s", "Mul");
    end(&w, &weights);
}

static void lrn_takes_alpha_per_element(void **state)
{
    struct wire_field value, number;
    struct written w;
    float alpha;

    (void)state;
    write_net(&w, INPUT LAYER("n", "LRN", "data", "lrn_param { local_size: 5 alpha: 0.5 k: 2 }"),
              NULL, false);
    assert_true(written_has_attr(&w, "n", "alpha", &value));
    assert_true(written_find(&value, TF_ATTR_F, 0, &number));
    memcpy(&alpha, &number.value, sizeof alpha);
    assert_true(alpha == 0.5F / 5);
    assert_true(written_has_attr(&w, "n", "depth_radius", &value));
    assert_true(written_find(&value, TF_ATTR_I, 0, &number) && number.value == 2);
    end(&w, NULL);
    /* Within a channel Caffe has 1 in the place of k. */
    write_net(&w,
              INPUT LAYER("n", "LRN", "data",
                          "lrn_param { local_size: 3 k: 2 norm_region: WITHIN_CHANNEL }"),
              NULL, false);
    assert_true(written_float_at(written_content(&w, "n/bias", sizeof alpha), 0) == 1);
    end(&w, NULL);
}

static void every_output_of_a_slice_has_a_node_of_its_name(void **state)
{
    const unsigned char *begin;
    struct written w;

    (void)state;
    write_net(&w, INPUT "layer { name: 's' type: 'Slice' bottom: 'data' top: 'a' top: 'b' }", NULL,
              false);
    written_expect_op(&w, "a", "Slice");
    written_expect_op(&w, "b", "Slice");
    begin = written_content(&w, "b/begin", 16);
    assert_int_equal(written_int_at(begin, 3), 1);
    assert_int_equal(written_int_at(written_content(&w, "b/size", 16), 0), -1);
    end(&w, NULL);
}

static void the_size_of_a_deconvolution_follows_the_batch(void **state)
{
    static const struct shape shape = {4, {2, 3, 4, 4}};
    struct buf weights;
    struct written w;

    (void)state;
    buf_init(&weights, BUF_LIMIT);
    net_weights(&weights, "u", 1, &shape, numbers);
    write_net(&w,
              INPUT LAYER("u", "Deconvolution", "data",
                          "convolution_param { num_output: 3 kernel_size: 4 stride: 2 pad: 1 "
                          "bias_term: false }"),
              &weights, false);
    written_expect_op(&w, "u", "Slice");
    written_expect_input(&w, "u", 0, "u/conv2d_transpose");
    written_expect_op(&w, "u/conv2d_transpose", "Conv2DBackpropInput");
    written_expect_input(&w, "u/conv2d_transpose", 0, "u/stack");
    written_expect_input(&w, "u/stack", 0, "u/strided_slice_0");
    written_expect_text(&w, "u/conv2d_transpose", "padding", "VALID");
    /* H, W, O, I */
    assert_true(written_float_at(written_content(&w, "u/weights", 96 * 4), 1) == numbers[48]);
    end(&w, &weights);
}

static void names_that_tensorflow_refuses_are_mended_and_kept(void **state)
{
    struct written w;

    (void)state;
    write_net(&w, INPUT LAYER("a b", "ReLU", "data", "") LAYER("a_b", "TanH", "a b", ""), NULL,
              false);
    written_expect_op(&w, "a_b", "Tanh");
    written_expect_op(&w, "a_b_1", "Relu");
    written_expect_text(&w, "a_b_1", TF_HINT_NAME, "a b");
    written_expect_input(&w, "a_b", 0, "a_b_1");
    end(&w, NULL);
}

static void outputs_of_the_network_have_channels_last(void **state)
{
    struct written w;

    (void)state;
    write_net(&w,
              INPUT LAYER("r", "Reshape", "data",
                          "reshape_param { shape { dim: 0 dim: 7 dim: 2 dim: 5 } }"),
              NULL, false);
    written_expect_op(&w, "r", "Transpose");
    written_expect_input(&w, "r", 0, "r/NCHW_1");
    written_expect_op(&w, "r/NCHW_1", "Reshape");
    end(&w, NULL);
}

static void all_layers_that_cannot_be_said_are_named_at_once(void **state)
{
    struct error error = {""};
    struct graph *graph = load(
        INPUT LAYER("p", "Pooling", "data", "pooling_param { pool: STOCHASTIC kernel_size: 2 }")
            LAYER("q", "Pooling", "p", "pooling_param { pool: STOCHASTIC kernel_size: 2 }"),
        NULL);

    (void)state;
    assert_int_equal(tensorflow_write(graph, false, "/tmp/never-made.pb", &error),
                     STATUS_UNSUPPORTED);
    assert_non_null(strstr(error.text, "'p' (Pooling: stochastic), 'q' (Pooling: stochastic)"));
    assert_int_equal(access("/tmp/never-made.pb", F_OK), -1);
    graph_free(graph);
}

static void a_tensorflow_js_model_is_a_topology_without_numbers_and_shards(void **state)
{
    static const struct shape shapes[] = {{4, {3, 2, 3, 3}}, {1, {3}}};
    char folder[64], path[128];
    struct error error = {""};
    struct buf weights;
    struct graph *graph;
    json_t *json, *list;
    FILE *shard;

    (void)state;
    buf_init(&weights, BUF_LIMIT);
    net_weights(&weights, "c", 2, shapes, numbers);
    graph = load(PADDED, &weights);
    net_temporary("", 0, folder);
    assert_int_equal(tfjs_write(graph, false, folder, &error), STATUS_IO);
    unlink(folder);
    if (tfjs_write(graph, false, folder, &error))
        fail_msg("%s", error.text);
    snprintf(path, sizeof path, "%s/model.json", folder);
    json = json_load_file(path, 0, NULL);
    assert_string_equal(json_string_value(json_object_get(json, "format")), "graph-model");
    list = json_object_get(json_array_get(json_object_get(json, "weightsManifest"), 0), "weights");
    assert_int_equal(json_array_size(list), 3);
    unlink(path);
    snprintf(path, sizeof path, "%s/group1-shard1of1.bin", folder);
    shard = fopen(path, "rb");
    assert_non_null(shard);
    fseek(shard, 0, SEEK_END);
    assert_int_equal(ftell(shard), (54 + 3 + 8) * 4);
    fclose(shard);
    unlink(path);
    assert_int_equal(rmdir(folder), 0);
    json_decref(json);
    graph_free(graph);
    buf_free(&weights);
}

/* Text in model.json is base64: VALID, EXPLICIT. */
static void a_tensorflow_js_model_pads_explicitly_when_asked_to(void **state)
{
    static const char *const words[] = {"\"VkFMSUQ=\"", "\"RVhQTElDSVQ=\""};
    static const struct shape shapes[] = {{4, {3, 2, 3, 3}}, {1, {3}}};
    char folder[64], path[128], text[8192];
    struct error error = {""};
    struct buf weights;
    struct graph *graph;

    (void)state;
    buf_init(&weights, BUF_LIMIT);
    net_weights(&weights, "c", 2, shapes, numbers);
    graph = load(PADDED, &weights);
    net_temporary("", 0, folder);
    unlink(folder);
    for (int explicit = 0; explicit < 2; explicit ++) {
        FILE *file;
        if (tfjs_write(graph, explicit, folder, &error))
            fail_msg("%s", error.text);
        snprintf(path, sizeof path, "%s/model.json", folder);
        file = fopen(path, "r");
        assert_non_null(file);
        text[fread(text, 1, sizeof text - 1, file)] = '\0';
        fclose(file);
        assert_non_null(strstr(text, words[explicit]));
        assert_null(strstr(text, words[!explicit]));
        unlink(path);
        snprintf(path, sizeof path, "%s/group1-shard1of1.bin", folder);
        unlink(path);
        assert_int_equal(rmdir(folder), 0);
    }
    graph_free(graph);
    buf_free(&weights);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_batch_of_the_placeholder_is_free_and_channels_come_last),
        cmocka_unit_test(a_convolution_is_pad_and_valid_with_weights_in_hwio),
        cmocka_unit_test(explicit_padding_needs_no_pad),
        cmocka_unit_test(a_tensorflow_js_model_pads_explicitly_when_asked_to),
        cmocka_unit_test(groups_are_split_and_concatenated_and_single_channels_are_depthwise),
        cmocka_unit_test(zeros_pad_a_maximum_only_of_what_is_never_negative),
        cmocka_unit_test(same_is_written_only_where_it_means_the_same_windows),
        cmocka_unit_test(averages_at_the_border_are_divided_as_caffe_does),
        cmocka_unit_test(a_global_pooling_keeps_its_axes),
        cmocka_unit_test(columns_of_a_product_follow_the_order_of_the_flattened_image),
        cmocka_unit_test(a_batch_norm_and_its_scale_are_one_node_with_divided_statistics),
        cmocka_unit_test(lrn_takes_alpha_per_element),
        cmocka_unit_test(every_output_of_a_slice_has_a_node_of_its_name),
        cmocka_unit_test(the_size_of_a_deconvolution_follows_the_batch),
        cmocka_unit_test(names_that_tensorflow_refuses_are_mended_and_kept),
        cmocka_unit_test(outputs_of_the_network_have_channels_last),
        cmocka_unit_test(all_layers_that_cannot_be_said_are_named_at_once),
        cmocka_unit_test(a_tensorflow_js_model_is_a_topology_without_numbers_and_shards),
    };
    return cmocka_run_group_tests(tests, fill_numbers, NULL);
}
