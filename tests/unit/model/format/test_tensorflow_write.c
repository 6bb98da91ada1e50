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

#include "common/file.h"
#include "model/format/tensorflow.h"
#include "model/format/tensorflow_fields.h"
#include "model/format/wire.h"
#include "tests/lib/net.h"

enum { NODES = 200, BUF_LIMIT = 1 << 20, FILE_LIMIT = 1 << 20 };

#define INPUT "input: 'data' input_shape { dim: 1 dim: 2 dim: 5 dim: 7 }\n"
#define LAYER(name, type, bottom, more)                                                            \
    "layer { name: '" name "' type: '" type "' bottom: '" bottom "' top: '" name "' " more " }\n"

/* A GraphDef, read with nothing but the wire format. */
struct written {
    char path[64];
    struct buf bytes;
    size_t count;
    struct wire_field nodes[NODES];
};

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

static struct wire open_field(const struct wire_field *field)
{
    return wire_open("f", field->bytes, field->size);
}

static void read_back(struct written *written)
{
    struct error error = {""};
    struct wire_field field;
    struct wire wire;

    if (file_read(written->path, &written->bytes, &error))
        fail_msg("%s", error.text);
    wire = wire_open("f", (const unsigned char *)written->bytes.data, written->bytes.size);
    while (wire_next(&wire, &field)) {
        if (field.number != TF_GRAPH_NODE)
            continue;
        assert_true(written->count < NODES);
        written->nodes[written->count++] = field;
    }
    assert_int_equal(wire_status(&wire, &error), STATUS_OK);
}

static void write_net(struct written *written, const char *prototxt, const struct buf *weights,
                      bool explicit_padding)
{
    struct graph *graph = load(prototxt, weights);
    struct error error = {""};

    memset(written, 0, sizeof *written);
    buf_init(&written->bytes, FILE_LIMIT);
    net_temporary("", 0, written->path);
    unlink(written->path);
    if (tensorflow_write(graph, explicit_padding, written->path, &error))
        fail_msg("%s", error.text);
    read_back(written);
    unlink(written->path);
    graph_free(graph);
}

static bool text_is(const struct wire_field *field, const char *text)
{
    return field->size == strlen(text) && !memcmp(field->bytes, text, field->size);
}

/* The `index`th field `number` of a message. */
static bool find(const struct wire_field *message, uint32_t number, size_t index,
                 struct wire_field *out)
{
    struct wire wire = open_field(message);

    while (wire_next(&wire, out)) {
        if (out->number == number && !index--)
            return true;
    }
    return false;
}

static const struct wire_field *node_of(const struct written *written, const char *name)
{
    struct wire_field field;

    for (size_t i = 0; i < written->count; i++) {
        if (find(&written->nodes[i], TF_NODE_NAME, 0, &field) && text_is(&field, name))
            return &written->nodes[i];
    }
    fail_msg("no node '%s'", name);
    return NULL;
}

static size_t count_op(const struct written *written, const char *op)
{
    struct wire_field field;
    size_t count = 0;

    for (size_t i = 0; i < written->count; i++)
        count += find(&written->nodes[i], TF_NODE_OP, 0, &field) && text_is(&field, op);
    return count;
}

static void expect_op(const struct written *written, const char *name, const char *op)
{
    struct wire_field field;

    assert_true(find(node_of(written, name), TF_NODE_OP, 0, &field));
    if (!text_is(&field, op))
        fail_msg("'%s' is %.*s instead of %s", name, (int)field.size, (const char *)field.bytes,
                 op);
}

static void expect_input(const struct written *written, const char *name, size_t index,
                         const char *input)
{
    struct wire_field field;

    assert_true(find(node_of(written, name), TF_NODE_INPUT, index, &field));
    if (!text_is(&field, input))
        fail_msg("input %zu of '%s' is %.*s instead of %s", index, name, (int)field.size,
                 (const char *)field.bytes, input);
}

/* The AttrValue of an attribute. */
static bool has_attr(const struct written *written, const char *name, const char *key,
                     struct wire_field *out)
{
    struct wire_field entry, field;

    for (size_t i = 0; find(node_of(written, name), TF_NODE_ATTR, i, &entry); i++) {
        if (find(&entry, TF_ENTRY_KEY, 0, &field) && text_is(&field, key))
            return find(&entry, TF_ENTRY_VALUE, 0, out);
    }
    return false;
}

static void expect_text(const struct written *written, const char *name, const char *key,
                        const char *text)
{
    struct wire_field value, field;

    assert_true(has_attr(written, name, key, &value));
    assert_true(find(&value, TF_ATTR_S, 0, &field));
    if (!text_is(&field, text))
        fail_msg("%s of '%s' is %.*s", key, name, (int)field.size, (const char *)field.bytes);
}

static void expect_ints(const struct written *written, const char *name, const char *key,
                        size_t count, const int64_t *expected)
{
    struct wire_field value, list, field;
    struct wire wire;
    uint64_t number;

    assert_true(has_attr(written, name, key, &value));
    assert_true(find(&value, TF_ATTR_LIST, 0, &list));
    assert_true(find(&list, TF_ATTR_I, 0, &field));
    wire = open_field(&field);
    for (size_t i = 0; i < count; i++) {
        assert_true(wire_varint(&wire, &number));
        assert_int_equal(number, expected[i]);
    }
    assert_true(wire.at == wire.end);
}

/* The content of a constant, of `size` bytes. */
static const unsigned char *content(const struct written *written, const char *name, size_t size)
{
    struct wire_field value, tensor, field;

    assert_true(has_attr(written, name, "value", &value));
    assert_true(find(&value, TF_ATTR_TENSOR, 0, &tensor));
    assert_true(find(&tensor, TF_TENSOR_CONTENT, 0, &field));
    assert_int_equal(field.size, size);
    return field.bytes;
}

static float float_at(const unsigned char *bytes, size_t index)
{
    float value;

    memcpy(&value, bytes + index * sizeof value, sizeof value);
    return value;
}

static int32_t int_at(const unsigned char *bytes, size_t index)
{
    int32_t value;

    memcpy(&value, bytes + index * sizeof value, sizeof value);
    return value;
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
    expect_op(&w, "data", "Placeholder");
    assert_true(has_attr(&w, "data", "shape", &value));
    assert_true(find(&value, TF_ATTR_SHAPE, 0, &shape));
    for (size_t i = 0; i < 4; i++) {
        assert_true(find(&shape, TF_SHAPE_DIM, i, &dim));
        assert_true(find(&dim, TF_DIM_SIZE, 0, &size));
        assert_true((int64_t)size.value == expected[i]);
    }
    expect_op(&w, "r", "Relu");
    expect_input(&w, "r", 0, "data");
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
    expect_op(&w, "c", "BiasAdd");
    expect_input(&w, "c", 0, "c/Conv2D");
    expect_input(&w, "c", 1, "c/biases");
    expect_op(&w, "c/Conv2D", "Conv2D");
    expect_input(&w, "c/Conv2D", 0, "c/Pad");
    expect_text(&w, "c/Conv2D", "padding", "VALID");
    expect_ints(&w, "c/Conv2D", "strides", 4, (const int64_t[]){1, 2, 2, 1});
    bytes = content(&w, "c/Pad/paddings", sizeof pads);
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(int_at(bytes, i), pads[i]);
    bytes = content(&w, "c/weights", 54 * sizeof(float));
    for (size_t o = 0; o < 3; o++) {
        for (size_t i = 0; i < 2; i++) {
            for (size_t k = 0; k < 9; k++)
                assert_true(float_at(bytes, (k * 2 + i) * 3 + o) == numbers[(o * 2 + i) * 9 + k]);
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
    expect_input(&w, "c/Conv2D", 0, "data");
    expect_text(&w, "c/Conv2D", "padding", "EXPLICIT");
    expect_ints(&w, "c/Conv2D", "explicit_paddings", 8, (const int64_t[]){0, 0, 1, 1, 2, 2, 0, 0});
    assert_int_equal(count_op(&w, "Pad"), 0);
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
    expect_op(&w, "c", "DepthwiseConv2dNative");
    /* Output 3 is the second filter of channel 1. */
    assert_true(float_at(content(&w, "c/depthwise_weights", 36 * sizeof(float)), 3) == numbers[27]);
    end(&w, NULL);
    buf_clear(&weights);
    net_weights(&weights, "c", 1, &grouped, numbers);
    write_net(&w,
              "input: 'data' input_shape { dim: 1 dim: 4 dim: 5 dim: 7 }" LAYER(
                  "c", "Convolution", "data",
                  "convolution_param { num_output: 6 kernel_size: 1 group: 2 bias_term: false }"),
              &weights, false);
    expect_op(&w, "c", "ConcatV2");
    expect_op(&w, "c/Split", "Split");
    expect_input(&w, "c/Conv2D_1", 0, "c/Split:1");
    /* Input 1 to output 0 of the second group. */
    assert_true(float_at(content(&w, "c/weights_1", 24), 3) == numbers[7]);
    end(&w, &weights);
}

#define POOL(bottom, more) LAYER("p", "Pooling", bottom, "pooling_param { " more " }")

static void zeros_pad_a_maximum_only_of_what_is_never_negative(void **state)
{
    struct written w;

    (void)state;
    write_net(&w, INPUT LAYER("r", "ReLU", "data", "") POOL("r", "kernel_size: 2 stride: 1 pad: 1"),
              NULL, false);
    expect_op(&w, "p/Pad", "Pad");
    expect_op(&w, "p", "MaxPool");
    expect_text(&w, "p", "padding", "VALID");
    end(&w, NULL);
    write_net(&w, INPUT POOL("data", "kernel_size: 2 stride: 1 pad: 1"), NULL, false);
    expect_op(&w, "p/Pad", "PadV2");
    assert_true(float_at(content(&w, "p/Pad/constant_values", 4), 0) < -3e38F);
    expect_text(&w, "p", "padding", "VALID");
    end(&w, NULL);
}

/* 5 x 7 with kernel 4, stride 3: padding 1 before either axis is what SAME does, 0 is not. */
static void same_is_written_only_where_it_means_the_same_windows(void **state)
{
    struct written w;

    (void)state;
    write_net(&w, INPUT POOL("data", "kernel_size: 4 stride: 3 pad: 1"), NULL, false);
    expect_text(&w, "p", "padding", "SAME");
    expect_input(&w, "p", 0, "data");
    end(&w, NULL);
    write_net(&w, INPUT POOL("data", "kernel_size: 4 stride: 3"), NULL, false);
    expect_text(&w, "p", "padding", "VALID");
    expect_op(&w, "p/Pad", "PadV2");
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
    expect_op(&w, "p", "Mul");
    expect_input(&w, "p", 0, "p/AvgPool");
    expect_text(&w, "p/AvgPool", "padding", "VALID");
    map = content(&w, "p/correction", 6 * sizeof(float));
    assert_true(float_at(map, 0) == 1 && float_at(map, 1) == 1);
    assert_true(float_at(map, 2) == 16.0F / (4 * 3));
    assert_true(float_at(map, 3) == 1);
    end(&w, NULL);
    write_net(&w,
              INPUT LAYER("p", "Pooling", "data",
                          "pooling_param { pool: AVE kernel_size: 3 stride: 1 pad: 1 }"),
              NULL, false);
    expect_op(&w, "p", "AvgPool");
    expect_op(&w, "p/Pad", "Pad");
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
    expect_op(&w, "p", "Mean");
    assert_true(has_attr(&w, "p", "keep_dims", &value));
    assert_true(find(&value, TF_ATTR_B, 0, &flag) && flag.value == 1);
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
    assert_int_equal(count_op(&w, "Transpose"), 0);
    expect_op(&w, "d", "Identity");
    expect_op(&w, "f", "MatMul");
    bytes = content(&w, "f/weights", 210 * sizeof(float));
    for (size_t c = 0; c < 2; c++) {
        for (size_t p = 0; p < 35; p++) {
            for (size_t o = 0; o < 3; o++)
                assert_true(float_at(bytes, (p * 2 + c) * 3 + o) == numbers[o * 70 + c * 35 + p]);
        }
    }
    end(&w, NULL);
    /* Another reader of the flattened image gets Caffe's order, and the product, too. */
    write_net(&w,
              INPUT LAYER("l", "Flatten", "data", "") LAYER("s", "Sigmoid", "l", "")
                  LAYER("f", "InnerProduct", "l",
                        "inner_product_param { num_output: 3 bias_term: false }"),
              &weights, false);
    assert_int_equal(count_op(&w, "Transpose"), 1);
    assert_true(float_at(content(&w, "f/weights", 840), 3) == numbers[1]);
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
    expect_op(&w, "s", "FusedBatchNorm");
    expect_input(&w, "s", 0, "data");
    expect_text(&w, "s", TF_HINT_BATCH_NORM, "b");
    assert_true(float_at(content(&w, "s/BatchNorm/moving_mean", 8), 1) == 2);
    assert_true(float_at(content(&w, "s/BatchNorm/moving_variance", 8), 0) == 3);
    assert_true(float_at(content(&w, "s/BatchNorm/gamma", 8), 1) == 2);
    end(&w, NULL);
    /* A BatchNorm that somebody else reads stays. */
    write_net(&w,
              INPUT LAYER("b", "BatchNorm", "data", "") LAYER("s", "Scale", "b", "")
                  LAYER("r", "ReLU", "b", ""),
              &weights, false);
    expect_op(&w, "b", "FusedBatchNorm");
    expect_op(&w, "s", "Mul");
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
    assert_true(has_attr(&w, "n", "alpha", &value));
    assert_true(find(&value, TF_ATTR_F, 0, &number));
    memcpy(&alpha, &number.value, sizeof alpha);
    assert_true(alpha == 0.5F / 5);
    assert_true(has_attr(&w, "n", "depth_radius", &value));
    assert_true(find(&value, TF_ATTR_I, 0, &number) && number.value == 2);
    end(&w, NULL);
}

static void every_output_of_a_slice_has_a_node_of_its_name(void **state)
{
    const unsigned char *begin;
    struct written w;

    (void)state;
    write_net(&w, INPUT "layer { name: 's' type: 'Slice' bottom: 'data' top: 'a' top: 'b' }", NULL,
              false);
    expect_op(&w, "a", "Slice");
    expect_op(&w, "b", "Slice");
    begin = content(&w, "b/begin", 16);
    assert_int_equal(int_at(begin, 3), 1);
    assert_int_equal(int_at(content(&w, "b/size", 16), 0), -1);
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
    expect_op(&w, "u", "Slice");
    expect_input(&w, "u", 0, "u/conv2d_transpose");
    expect_op(&w, "u/conv2d_transpose", "Conv2DBackpropInput");
    expect_input(&w, "u/conv2d_transpose", 0, "u/stack");
    expect_input(&w, "u/stack", 0, "u/strided_slice_0");
    expect_text(&w, "u/conv2d_transpose", "padding", "VALID");
    /* H, W, O, I */
    assert_true(float_at(content(&w, "u/weights", 96 * 4), 1) == numbers[48]);
    end(&w, &weights);
}

static void names_that_tensorflow_refuses_are_mended_and_kept(void **state)
{
    struct written w;

    (void)state;
    write_net(&w, INPUT LAYER("a b", "ReLU", "data", "") LAYER("a_b", "TanH", "a b", ""), NULL,
              false);
    expect_op(&w, "a_b", "Tanh");
    expect_op(&w, "a_b_1", "Relu");
    expect_text(&w, "a_b_1", TF_HINT_NAME, "a b");
    expect_input(&w, "a_b", 0, "a_b_1");
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
    expect_op(&w, "r", "Transpose");
    expect_input(&w, "r", 0, "r/NCHW_1");
    expect_op(&w, "r/NCHW_1", "Reshape");
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
    assert_int_equal(tfjs_write(graph, folder, &error), STATUS_IO);
    unlink(folder);
    if (tfjs_write(graph, folder, &error))
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_batch_of_the_placeholder_is_free_and_channels_come_last),
        cmocka_unit_test(a_convolution_is_pad_and_valid_with_weights_in_hwio),
        cmocka_unit_test(explicit_padding_needs_no_pad),
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
