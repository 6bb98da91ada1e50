#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/format/caffe/caffe.h"
#include "tests/lib/net.h"
#include "tests/lib/protobuf.h"

enum { BUF_LIMIT = 1 << 20 };

#define INPUT "input: 'data' input_shape { dim: 1 dim: 2 dim: 5 dim: 5 }\n"
#define CONVOLUTION                                                                                \
    "layer { name: 'c' type: 'Convolution' bottom: 'data' top: 'c'\n"                              \
    "  convolution_param { num_output: 3 kernel_size: 2 } }\n"

static const struct shape shapes[] = {{4, {3, 2, 2, 2}}, {1, {3}}};
static float numbers[27];

static int fill_numbers(void **state)
{
    (void)state;
    for (size_t i = 0; i < 27; i++)
        numbers[i] = (float)i + 0.5F;
    return 0;
}

static void good_weights(struct buf *out)
{
    buf_init(out, BUF_LIMIT);
    protobuf_text(out, 1, "a net");
    net_weights(out, "c", 2, shapes, numbers);
}

/* Loads and expects an error whose line holds `text`. */
static void refuse(const char *prototxt, const struct buf *weights, enum status expected,
                   const char *text)
{
    struct error error = {""};
    struct graph *graph;
    enum status status = net_load(prototxt, weights, &graph, &error);

    if (status != expected || !strstr(error.text, text))
        fail_msg("status %d, '%s' instead of %d, '%s'", status, error.text, expected, text);
    assert_null(graph);
    assert_null(strchr(error.text, '\n'));
}

static void refuse_text(const char *prototxt, enum status expected, const char *text)
{
    struct buf weights;

    good_weights(&weights);
    refuse(prototxt, &weights, expected, text);
    buf_free(&weights);
}

static struct graph *load(const char *prototxt, const struct buf *weights)
{
    struct error error = {""};
    struct graph *graph;

    if (net_load(prototxt, weights, &graph, &error))
        fail_msg("%s", error.text);
    return graph;
}

static void expect_numbers(const struct graph *graph)
{
    const struct node *node = &graph->nodes[1];
    float values[24];

    assert_int_equal(node->weight_count, 2);
    assert_int_equal(node->weights[0].count, 24);
    assert_int_equal(node->weights[1].shape.dims, 1);
    weight_copy(&node->weights[0], values);
    assert_memory_equal(values, numbers, sizeof values);
    weight_copy(&node->weights[1], values);
    assert_memory_equal(values, numbers + 24, 3 * sizeof *values);
}

static void packed_floats_stay_in_the_mapped_file(void **state)
{
    struct buf weights;

    (void)state;
    good_weights(&weights);
    struct graph *graph = load(INPUT CONVOLUTION, &weights);
    const unsigned char *bytes = graph->nodes[1].weights[0].bytes;
    expect_numbers(graph);
    assert_true(bytes > graph->mappings->mapping->bytes &&
                bytes < graph->mappings->mapping->bytes + graph->mappings->mapping->size);
    graph_free(graph);
    buf_free(&weights);
}

/* V1: other field numbers, four legacy dimensions, floats one by one or as doubles. */
static void add_v1_blob(struct buf *layer, const uint64_t dims[4], const float *data, bool doubles)
{
    struct buf blob;

    buf_init(&blob, BUF_LIMIT);
    for (uint32_t i = 0; i < 4; i++)
        protobuf_varint(&blob, 1 + i, dims[i]);
    for (uint64_t i = 0; i < dims[0] * dims[1] * dims[2] * dims[3]; i++) {
        double wide = data[i];
        uint64_t bits;
        uint32_t narrow;
        memcpy(&bits, &wide, sizeof bits);
        memcpy(&narrow, &data[i], sizeof narrow);
        if (doubles)
            protobuf_fixed64(&blob, 8, bits);
        else
            protobuf_fixed32(&blob, 5, narrow);
    }
    protobuf_message(layer, 6, &blob);
    buf_free(&blob);
}

static void v1_files_with_legacy_shapes_and_loose_numbers_are_read(void **state)
{
    static const uint64_t dims[2][4] = {{3, 2, 2, 2}, {1, 1, 1, 3}};

    (void)state;
    for (int doubles = 0; doubles < 2; doubles++) {
        struct buf layer, weights;
        buf_init(&layer, BUF_LIMIT);
        buf_init(&weights, BUF_LIMIT);
        protobuf_text(&layer, 4, "c");
        add_v1_blob(&layer, dims[0], numbers, doubles);
        add_v1_blob(&layer, dims[1], numbers + 24, doubles);
        protobuf_message(&weights, 2, &layer);
        struct graph *graph =
            load("input: 'data' input_dim: 1 input_dim: 2 input_dim: 5 input_dim: 5\n"
                 "layers { name: 'c' type: CONVOLUTION bottom: 'data' top: 'c'\n"
                 "  convolution_param { num_output: 3 kernel_size: 2 } }\n",
                 &weights);
        expect_numbers(graph);
        graph_free(graph);
        buf_free(&layer);
        buf_free(&weights);
    }
}

static void a_caffemodel_cut_at_any_byte_is_refused(void **state)
{
    struct buf weights;
    size_t good = 0;

    (void)state;
    good_weights(&weights);
    for (size_t size = 0; size < weights.size; size++) {
        struct buf cut = {.data = weights.data, .size = size};
        struct error error = {""};
        struct graph *graph;
        enum status status = net_load(INPUT CONVOLUTION, &cut, &graph, &error);
        good += status == STATUS_OK;
        assert_true(status == STATUS_OK || error.text[0]);
        graph_free(graph);
    }
    assert_int_equal(good, 0);
    buf_free(&weights);
}

static void any_flipped_byte_gives_a_graph_or_an_error(void **state)
{
    struct buf weights;

    (void)state;
    good_weights(&weights);
    for (size_t i = 0; i < weights.size; i++) {
        for (int flip = 0; flip < 3; flip++) {
            static const char masks[] = {0x01, (char)0x80, (char)0xff};
            struct error error = {""};
            struct graph *graph;
            weights.data[i] ^= masks[flip];
            enum status status = net_load(INPUT CONVOLUTION, &weights, &graph, &error);
            weights.data[i] ^= masks[flip];
            assert_int_equal(status == STATUS_OK, graph != NULL);
            graph_free(graph);
        }
    }
    buf_free(&weights);
}

static void weights_that_do_not_fit_name_the_layer_and_both_shapes(void **state)
{
    static const struct shape wrong[] = {{4, {3, 1, 4, 2}}, {1, {3}}};
    struct buf weights;

    (void)state;
    buf_init(&weights, BUF_LIMIT);
    net_weights(&weights, "c", 2, wrong, numbers);
    refuse(INPUT CONVOLUTION, &weights, STATUS_DATA,
           "layer 'c': weight blob 0 must be 3x2x2x2 but the file holds 3x1x4x2");
    buf_clear(&weights);
    net_weights(&weights, "c", 1, shapes, numbers);
    refuse(INPUT CONVOLUTION, &weights, STATUS_DATA,
           "layer 'c': Convolution needs 2 weight blobs and the file holds 1");
    buf_clear(&weights);
    net_weights(&weights, "other", 2, shapes, numbers);
    refuse(INPUT CONVOLUTION, &weights, STATUS_DATA, "layer 'c': its weights are missing");
    refuse(INPUT CONVOLUTION, NULL, STATUS_DATA, ":2: layer 'c': its weights are missing");
    buf_free(&weights);
}

static void weights_given_twice_are_refused(void **state)
{
    struct buf weights;

    (void)state;
    good_weights(&weights);
    net_weights(&weights, "c", 2, shapes, numbers);
    refuse(INPUT CONVOLUTION, &weights, STATUS_DATA,
           "layer 'c': the file has weights for it twice");
    buf_free(&weights);
}

static void shapes_that_lie_are_refused(void **state)
{
    struct buf weights, layer, blob, dims, shape;

    (void)state;
    buf_init(&weights, BUF_LIMIT);
    buf_init(&layer, BUF_LIMIT);
    buf_init(&blob, BUF_LIMIT);
    buf_init(&dims, BUF_LIMIT);
    buf_init(&shape, BUF_LIMIT);
    static const uint64_t lies[][3] = {{65536, 65536, 65536}, {UINT64_MAX, 1, 1}, {4, 6, 2}};
    static const char *const answers[] = {"more than 2147483647 elements", "negative",
                                          "shape has 48 elements but the file holds 24"};
    for (size_t i = 0; i < 3; i++) {
        for (size_t j = 0; j < 3; j++)
            protobuf_raw_varint(&dims, lies[i][j]);
        protobuf_message(&shape, 1, &dims);
        protobuf_message(&blob, 7, &shape);
        protobuf_bytes(&blob, 5, numbers, 24 * sizeof *numbers);
        protobuf_text(&layer, 1, "c");
        protobuf_message(&layer, 7, &blob);
        protobuf_message(&weights, 100, &layer);
        refuse(INPUT CONVOLUTION, &weights, STATUS_DATA, answers[i]);
        buf_clear(&weights);
    }
    buf_free(&weights);
    buf_free(&layer);
    buf_free(&blob);
    buf_free(&dims);
    buf_free(&shape);
}

static void layers_are_chosen_by_phase(void **state)
{
    struct graph *graph =
        load(INPUT "layer { name: 'a' type: 'ReLU' bottom: 'data' top: 'a'\n"
                   "  include { phase: TRAIN } }\n"
                   "layer { name: 'b' type: 'ReLU' bottom: 'data' top: 'a'\n"
                   "  include { phase: TEST } }\n"
                   "layer { name: 'c' type: 'Accuracy' bottom: 'nothing' top: 'x'\n"
                   "  exclude { phase: TEST } }\n"
                   "layer { name: 'd' type: 'ReLU' bottom: 'a' top: 'd' include { stage: 's' } }\n"
                   "layer { name: 'e' type: 'ReLU' bottom: 'a' top: 'e' exclude { min_level: 1 } }",
             NULL);

    (void)state;
    assert_int_equal(graph->node_count, 3);
    assert_string_equal(graph->nodes[1].name, "b");
    assert_string_equal(graph->nodes[2].name, "e");
    graph_free(graph);
}

/* protobuf's text format takes the number of an enum's word as well as the word. */
static void enums_may_be_numbers(void **state)
{
    static const enum operator_kind kinds[] = {OPERATOR_INPUT,   OPERATOR_POOLING, OPERATOR_LRN,
                                               OPERATOR_ELTWISE, OPERATOR_ARG_MAX, OPERATOR_ABS_VAL,
                                               OPERATOR_SOFTMAX};
    struct graph *graph =
        load("layers { name: 'd' type: 5 top: 'x' top: 'y' include { phase: 0 } }\n"
             "layers { name: 'd' type: 29 top: 'x' top: 'y' include { phase: 1 }\n"
             "  memory_data_param { batch_size: 1 channels: 3 height: 4 width: 4 } }\n"
             "layers { name: 'p' type: 17 bottom: 'x' top: 'p'\n"
             "  pooling_param { pool: 1 round_mode: 1 kernel_size: 2 engine: 1 } }\n"
             "layers { name: 'n' type: 0xf bottom: 'p' top: 'n' lrn_param { norm_region: 1 } }\n"
             "layers { name: 'e' type: 25 bottom: 'n' bottom: 'n' top: 'e'\n"
             "  eltwise_param { operation: 2 } }\n"
             "layers { name: 'm' type: 30 bottom: 'e' top: 'm' }\n"
             "layers { name: 'a' type: 35 bottom: 'e' top: 'a' }\n"
             "layers { name: 'l' type: 21 bottom: 'a' bottom: 'y' top: 'l' }\n",
             NULL);

    (void)state;
    assert_int_equal(graph->node_count, sizeof kinds / sizeof *kinds);
    for (size_t i = 0; i < graph->node_count; i++)
        assert_int_equal(graph->nodes[i].op->kind, kinds[i]);
    assert_int_equal(graph->nodes[1].parameters.pooling.method, POOLING_AVERAGE);
    assert_false(graph->nodes[1].parameters.pooling.ceiling);
    assert_int_equal(graph->nodes[2].parameters.lrn.region, LRN_WITHIN_CHANNEL);
    assert_int_equal(graph->nodes[3].parameters.eltwise.operation, ELTWISE_MAX);
    graph_free(graph);
    refuse_text(INPUT "layers { name: 'x' type: 11 } layers { name: 'y' type: 0 }\n"
                      "layers { name: 'z' type: 40 } layers { name: 'u' type: 1a }",
                STATUS_UNSUPPORTED, "not supported: 'x' (IM2COL), 'y' (NONE), 'z' (40), 'u' (1a)");
    refuse_text(INPUT "layer { name: 'x' type: 17 }", STATUS_DATA, "a text in quotes");
}

static void mistakes_in_the_prototxt_are_named_with_their_line(void **state)
{
    (void)state;
    refuse_text("layers { layer { name: 'x' type: 'conf' } }", STATUS_UNSUPPORTED,
                ":1: 1 layer of a type that is not supported: 'x' (conf)");
    refuse_text(INPUT "layer { name: 'x' type: 'Foo' }\nlayer { name: 'y' type: 'Bar' }",
                STATUS_UNSUPPORTED, "2 layers of a type that is not supported: 'x' (Foo), 'y'");
    refuse_text(INPUT "layer { name: 'x' bottom: 'data' }", STATUS_DATA, "layer 'x' has no type");
    refuse_text(INPUT "layer { name: 'x' type: RELU }", STATUS_DATA, "a text in quotes");
    refuse_text(INPUT "layers { name: 'x' type: 'ReLU' }", STATUS_DATA, "without quotes");
    refuse_text(INPUT "layer { } layers { }", STATUS_DATA, "cannot stand in one file");
    refuse_text("name: 'nothing else'", STATUS_DATA, "holds no layers");
    refuse_text("input: 'data' layer { name: 'x' type: 'ReLU' bottom: 'data' top: 'x' }",
                STATUS_DATA, "input 'data' has no shape");
    refuse_text(INPUT "\nlayer { name: 'c' type: 'Convolution' bottom: 'data' top: 'c'\n"
                      " convolution_param { num_output: 3 kernel_size: 2\n strid: 2 } }",
                STATUS_UNSUPPORTED, ":5: 'strid' is not a field of 'convolution_param'");
    refuse_text(INPUT "layer { name: 'c' type: 'Convolution' bottom: 'data' top: 'c'\n"
                      " convolution_param { num_output: 4 kernel_size: 2 group: 3 } }",
                STATUS_DATA, "group 3 does not divide 2 inputs and 4 outputs");
    refuse_text(INPUT "layer { name: 'c' type: 'Convolution' bottom: 'data' top: 'c'\n"
                      " convolution_param { num_output: 4 kernel_size: 6 } }",
                STATUS_DATA, "the kernel is larger than the padded input (its input is 1x2x5x5)");
    refuse_text(INPUT "layer { name: 'p' type: 'Pooling' bottom: 'data' top: 'p'\n"
                      " pooling_param { kernel_size: 2 pad: 2 } }",
                STATUS_DATA, "the padding must be smaller than the kernel");
}

static void absurd_dimensions_are_refused(void **state)
{
    (void)state;
    refuse_text("input: 'd' input_shape { dim: 65536 dim: 65536 dim: 65536 }\n"
                "layer { name: 'r' type: 'ReLU' bottom: 'd' top: 'r' }",
                STATUS_DATA, "more than 2147483647 elements");
    refuse_text("input: 'd' input_shape { dim: 1 dim: -3 }\n"
                "layer { name: 'r' type: 'ReLU' bottom: 'd' top: 'r' }",
                STATUS_DATA, "'dim' is -3, but must be between 1");
    refuse_text(INPUT "layer { name: 'c' type: 'Convolution' bottom: 'data' top: 'c'\n"
                      " convolution_param { num_output: 2147483647 kernel_size: 1 pad: 1000000 } }",
                STATUS_DATA, "more than 2147483647 elements");
    refuse_text("input: 'd' input_shape { dim: 1 dim: 2 dim: 3 dim: 4 dim: 5 dim: 6 dim: 7\n"
                "dim: 8 dim: 9 }\nlayer { name: 'r' type: 'ReLU' bottom: 'd' top: 'r' }",
                STATUS_LIMIT, "more than 8 dimensions");
}

static void files_are_told_by_content(void **state)
{
    static const char numpy[] = "PK\3\4 and so on", text[] = INPUT;
    struct buf other = {.data = (char *)(uintptr_t)numpy, .size = sizeof numpy};

    (void)state;
    refuse(INPUT CONVOLUTION, &other, STATUS_DATA, "is an .npz archive");
    other = (struct buf){.data = (char *)(uintptr_t)text, .size = sizeof text - 1};
    refuse(INPUT CONVOLUTION, &other, STATUS_DATA, "is a prototxt; these do not make a model");
    other = (struct buf){.data = NULL, .size = 0};
    refuse(INPUT CONVOLUTION, &other, STATUS_DATA, "is empty");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packed_floats_stay_in_the_mapped_file),
        cmocka_unit_test(v1_files_with_legacy_shapes_and_loose_numbers_are_read),
        cmocka_unit_test(a_caffemodel_cut_at_any_byte_is_refused),
        cmocka_unit_test(any_flipped_byte_gives_a_graph_or_an_error),
        cmocka_unit_test(weights_that_do_not_fit_name_the_layer_and_both_shapes),
        cmocka_unit_test(weights_given_twice_are_refused),
        cmocka_unit_test(shapes_that_lie_are_refused),
        cmocka_unit_test(layers_are_chosen_by_phase),
        cmocka_unit_test(enums_may_be_numbers),
        cmocka_unit_test(mistakes_in_the_prototxt_are_named_with_their_line),
        cmocka_unit_test(absurd_dimensions_are_refused),
        cmocka_unit_test(files_are_told_by_content),
    };
    return cmocka_run_group_tests(tests, fill_numbers, NULL);
}
