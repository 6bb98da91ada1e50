#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/buf.h"
#include "model/format/mapping.h"
#include "model/model.h"
#include "tests/lib/net.h"

enum { BUF_LIMIT = 1 << 20 };

/* Dictionaries of layers, as Python 2 wrote them with protocol 2. */
#define HEADER "{'descr': '|O', 'fortran_order': False, 'shape': (), }"
#define OBJECTS                                                                                    \
    "cnumpy.core.multiarray\n_reconstruct\nq\1(cnumpy\nndarray\nq\2(K\0tU\1btRq\3"                 \
    "(K\1)cnumpy\ndtype\nq\4(U\2O8K\0K\1tRq\5(K\3U\1|NNNJ\377\377\377\377J\377\377\377\377K\77tb"  \
    "I00\n]"
#define FLOATS "h\4(U\2f4K\0K\1tRq\6(K\3U\1<NNNJ\377\377\377\377J\377\377\377\377K\0tbq\7"

static void begin(struct buf *out)
{
    buf_init(out, BUF_LIMIT);
    assert_int_equal(buf_append(out, "\223NUMPY\1\0\66\0" HEADER, 10 + sizeof HEADER - 1),
                     STATUS_OK);
    assert_int_equal(buf_append(out, "\x80\2" OBJECTS, sizeof OBJECTS + 1), STATUS_OK);
    /* The type is noted and dropped. */
    assert_int_equal(buf_append(out, FLOATS "0}", sizeof FLOATS + 1), STATUS_OK);
}

static void put(struct buf *out, const void *bytes, size_t size)
{
    assert_int_equal(buf_append(out, bytes, size), STATUS_OK);
}

static void put_key(struct buf *out, const char *key)
{
    unsigned char size = (unsigned char)strlen(key);

    put(out, "U", 1);
    put(out, &size, 1);
    put(out, key, size);
}

static void put_array(struct buf *out, const struct shape *shape, bool fortran, const float *data)
{
    size_t size = sizeof *data;

    put(out, "h\1(h\2(K\0tU\1btR(K\1(", 18);
    for (unsigned i = 0; i < shape->dims; i++) {
        unsigned char extent[] = {'K', (unsigned char)shape->dim[i]};
        put(out, extent, sizeof extent);
        size *= (size_t)shape->dim[i];
    }
    put(out, fortran ? "th\7I01\n" : "th\7I00\n", 7);
    unsigned char length[] = {'T', (unsigned char)size, (unsigned char)(size >> 8), 0, 0};
    put(out, length, sizeof length);
    put(out, data, size);
    put(out, "tb", 2);
}

static void end(struct buf *out)
{
    put(out, "atb.", 4);
}

static enum status load(const char *prototxt, const struct buf *npy, struct graph **graph,
                        struct error *error)
{
    return net_load(prototxt, npy, graph, error);
}

static struct graph *expect_load(const char *prototxt, const struct buf *npy)
{
    struct error error = {""};
    struct graph *graph;

    if (load(prototxt, npy, &graph, &error))
        fail_msg("%s", error.text);
    return graph;
}

static void refuse(const char *prototxt, const struct buf *npy, enum status expected,
                   const char *text)
{
    struct error error = {""};
    struct graph *graph;
    enum status status = load(prototxt, npy, &graph, &error);

    if (status != expected || !strstr(error.text, text))
        fail_msg("status %d, '%s' instead of %d, '%s'", status, error.text, expected, text);
    assert_null(graph);
}

#define INPUT "input: 'data' input_shape { dim: 1 dim: 2 dim: 3 dim: 3 }\n"
#define CONVOLUTION                                                                                \
    "layer { name: 'a/c' type: 'Convolution' bottom: 'data' top: 'c'\n"                            \
    "  convolution_param { num_output: 3 kernel_size: 2 } }\n"
#define FC                                                                                         \
    "layer { name: 'fc' type: 'InnerProduct' bottom: 'c' top: 'fc'\n"                              \
    "  inner_product_param { num_output: 2 } }\n"

static float numbers[64];

static int fill_numbers(void **state)
{
    (void)state;
    for (size_t i = 0; i < 64; i++)
        numbers[i] = (float)i + 0.25F;
    return 0;
}

static const struct shape hwio = {4, {2, 2, 2, 3}}, oihw = {4, {3, 2, 2, 2}}, vector3 = {1, {3}},
                          rows = {2, {12, 2}}, vector2 = {1, {2}}, square = {2, {12, 12}};

static void put_convolution(struct buf *out, const char *name, const struct shape *shape)
{
    put_key(out, name);
    put(out, "}", 1);
    put_key(out, "weights");
    put_array(out, shape, false, numbers);
    put(out, "s", 1);
    put_key(out, "biases");
    put_array(out, &vector3, false, numbers + 24);
    put(out, "ss", 2);
}

static void put_fc(struct buf *out, const char *name, bool fortran)
{
    put_key(out, name);
    put(out, "](", 2);
    put_array(out, &rows, fortran, numbers);
    put_array(out, &vector2, false, numbers + 24);
    put(out, "es", 2);
}

/* Convolution (2,2,2,3) and InnerProduct, whose 12 rows are 2x2 pixels of 3 channels. */
static void expect_turned(const struct graph *graph, bool fortran)
{
    const struct weight *conv = &graph->nodes[1].weights[0], *fc = &graph->nodes[2].weights[0];

    for (size_t o = 0; o < 3; o++) {
        for (size_t i = 0; i < 2; i++) {
            for (size_t at = 0; at < 4; at++)
                assert_true(weight_at(conv, (o * 2 + i) * 4 + at) == numbers[(at * 2 + i) * 3 + o]);
        }
    }
    for (size_t o = 0; o < 2; o++) {
        for (size_t c = 0; c < 3; c++) {
            for (size_t at = 0; at < 4; at++) {
                size_t row = at * 3 + c;
                assert_true(weight_at(fc, o * 12 + c * 4 + at) ==
                            numbers[fortran ? o * 12 + row : row * 2 + o]);
            }
        }
    }
    assert_true(weight_at(&graph->nodes[1].weights[1], 2) == numbers[26]);
}

static void layers_of_python_2_are_turned_into_caffes_order(void **state)
{
    (void)state;
    for (int fortran = 0; fortran < 2; fortran++) {
        struct buf out;
        begin(&out);
        put_convolution(&out, fortran ? "a/c" : "a_c", &hwio);
        put_fc(&out, fortran ? "fc_1" : "fc", fortran);
        end(&out);
        struct graph *graph = expect_load(INPUT CONVOLUTION FC, &out);
        expect_turned(graph, fortran);
        graph_free(graph);
        buf_free(&out);
    }
}

static void the_file_holds_the_bytes_of_arrays(void **state)
{
    struct buf out;

    (void)state;
    begin(&out);
    put_convolution(&out, "a/c", &hwio);
    end(&out);
    struct graph *graph = expect_load(INPUT CONVOLUTION, &out);
    const struct mapping *mapping = graph->mappings->mapping;
    const unsigned char *bytes = graph->nodes[1].weights[0].bytes;
    assert_true(bytes > mapping->bytes && bytes < mapping->bytes + mapping->size);
    graph_free(graph);
    buf_free(&out);
}

static void caffes_own_order_is_told_by_the_shapes(void **state)
{
    struct buf out;

    (void)state;
    begin(&out);
    put_convolution(&out, "a/c", &oihw);
    end(&out);
    struct graph *graph = expect_load(INPUT CONVOLUTION, &out);
    for (size_t i = 0; i < 24; i++)
        assert_true(weight_at(&graph->nodes[1].weights[0], i) == numbers[i]);
    graph_free(graph);
    buf_free(&out);
}

static void a_file_in_both_orders_is_refused(void **state)
{
    struct buf out;

    (void)state;
    begin(&out);
    put_convolution(&out, "a/c", &oihw);
    put_fc(&out, "fc", false);
    end(&out);
    refuse(INPUT CONVOLUTION FC, &out, STATUS_DATA,
           "'a/c' is in Caffe's order of axes and layer 'fc' in TensorFlow's");
    buf_free(&out);
}

/* BatchNorm and the Scale behind it were merged. */
#define NORM                                                                                       \
    "input: 'data' input_shape { dim: 1 dim: 3 dim: 2 dim: 2 }\n"                                  \
    "layer { name: 'bn' type: 'BatchNorm' bottom: 'data' top: 'x' }\n"
#define SCALE                                                                                      \
    "layer { name: 's' type: 'Scale' bottom: 'x' top: 'x' scale_param { bias_term: true } }\n"

static void put_norm(struct buf *out, const char *const keys[4])
{
    put_key(out, "bn");
    put(out, "}(", 2);
    for (size_t i = 0; i < 4; i++) {
        put_key(out, keys[i]);
        put_array(out, &vector3, false, numbers + 3 * i);
    }
    put(out, "us", 2);
}

static void a_merged_batch_norm_is_split_over_both_layers(void **state)
{
    static const char *const keys[][4] = {{"mean", "variance", "scale", "offset"},
                                          {"mean", "var", "scale", "bias"}};

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct buf out;
        begin(&out);
        put_norm(&out, keys[i]);
        end(&out);
        struct graph *graph = expect_load(NORM SCALE, &out);
        const struct node *norm = &graph->nodes[1], *scale = &graph->nodes[2];
        assert_true(weight_at(&norm->weights[0], 1) == numbers[1]);
        assert_true(weight_at(&norm->weights[1], 1) == numbers[4]);
        assert_true(weight_at(&norm->weights[2], 0) == 1);
        assert_true(weight_at(&scale->weights[0], 1) == numbers[7]);
        assert_true(weight_at(&scale->weights[1], 1) == numbers[10]);
        refuse(NORM, &out, STATUS_DATA, "no Scale layer alone follows it");
        graph_free(graph);
        buf_free(&out);
    }
}

static void an_array_that_the_layer_does_not_take_is_refused(void **state)
{
    struct buf out;

    (void)state;
    begin(&out);
    put_key(&out, "a/c");
    put(&out, "}", 1);
    put_key(&out, "mask");
    put_array(&out, &vector3, false, numbers);
    put(&out, "ss", 2);
    end(&out);
    refuse(INPUT CONVOLUTION, &out, STATUS_UNSUPPORTED,
           "layer 'a/c': its entry has an array 'mask'");
    buf_free(&out);
}

static void shapes_that_fit_no_order_name_the_layer(void **state)
{
    static const struct shape wrong = {4, {1, 4, 2, 3}};
    struct buf out;

    (void)state;
    begin(&out);
    put_convolution(&out, "a/c", &wrong);
    end(&out);
    refuse(INPUT CONVOLUTION, &out, STATUS_DATA,
           "layer 'a/c': its weights are 1x4x2x3 but must be 3x2x2x2 in Caffe's order");
    buf_free(&out);
}

/* An array that says it is larger than its bytes. */
static void an_array_without_its_bytes_is_refused(void **state)
{
    struct buf out;

    (void)state;
    begin(&out);
    put_key(&out, "a/c");
    put_array(&out, &vector3, false, numbers);
    /* One more number in the shape. */
    for (size_t i = out.size - 40; i < out.size; i++) {
        if (!memcmp(out.data + i, "(K\3t", 4))
            out.data[i + 2] = 4;
    }
    put(&out, "s", 1);
    end(&out);
    refuse(INPUT CONVOLUTION, &out, STATUS_DATA, "does not hold as many bytes");
    buf_free(&out);
}

static void a_pickle_cut_at_any_byte_is_refused(void **state)
{
    struct buf out;

    (void)state;
    begin(&out);
    put_convolution(&out, "a/c", &hwio);
    end(&out);
    for (size_t size = 1; size < out.size; size++) {
        struct buf cut = {.data = out.data, .size = size};
        struct error error = {""};
        struct graph *graph;
        assert_int_not_equal(load(INPUT CONVOLUTION, &cut, &graph, &error), STATUS_OK);
        assert_true(error.text[0]);
    }
    buf_free(&out);
}

static void any_flipped_byte_gives_a_graph_or_an_error(void **state)
{
    static const char masks[] = {0x01, 0x10, (char)0x80, (char)0xff};
    struct buf out;

    (void)state;
    begin(&out);
    put_convolution(&out, "a/c", &hwio);
    put_fc(&out, "fc", true);
    end(&out);
    for (size_t i = 0; i < out.size; i++) {
        for (size_t mask = 0; mask < sizeof masks; mask++) {
            struct error error = {""};
            struct graph *graph;
            out.data[i] ^= masks[mask];
            enum status status = load(INPUT CONVOLUTION FC, &out, &graph, &error);
            out.data[i] ^= masks[mask];
            assert_int_equal(status == STATUS_OK, graph != NULL);
            graph_free(graph);
        }
    }
    buf_free(&out);
}

/* When nothing tells the order, it is TensorFlow's. */
static void square_weights_are_taken_as_turned(void **state)
{
    static const char net[] = "input: 'data' input_shape { dim: 1 dim: 12 }\n"
                              "layer { name: 'fc' type: 'InnerProduct' bottom: 'data' top: 'fc'\n"
                              "  inner_product_param { num_output: 12 bias_term: false } }\n";
    float values[144];
    struct buf out;

    (void)state;
    for (size_t i = 0; i < 144; i++)
        values[i] = (float)i;
    begin(&out);
    put_key(&out, "fc");
    put(&out, "}", 1);
    put_key(&out, "weights");
    put_array(&out, &square, false, values);
    put(&out, "ss", 2);
    end(&out);
    struct graph *graph = expect_load(net, &out);
    assert_true(weight_at(&graph->nodes[1].weights[0], 1) == 12);
    graph_free(graph);
    buf_free(&out);
}

static void a_plain_array_is_no_dictionary(void **state)
{
    static const char plain[] =
        "\223NUMPY\1\0\70\0{'descr': '<f4', 'fortran_order': False, 'shape': (0,)}\n";
    struct buf out;

    (void)state;
    buf_init(&out, BUF_LIMIT);
    put(&out, plain, sizeof plain - 1);
    refuse(INPUT CONVOLUTION, &out, STATUS_DATA, "holds one plain array, not a dictionary");
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layers_of_python_2_are_turned_into_caffes_order),
        cmocka_unit_test(the_file_holds_the_bytes_of_arrays),
        cmocka_unit_test(caffes_own_order_is_told_by_the_shapes),
        cmocka_unit_test(a_file_in_both_orders_is_refused),
        cmocka_unit_test(a_merged_batch_norm_is_split_over_both_layers),
        cmocka_unit_test(an_array_that_the_layer_does_not_take_is_refused),
        cmocka_unit_test(shapes_that_fit_no_order_name_the_layer),
        cmocka_unit_test(an_array_without_its_bytes_is_refused),
        cmocka_unit_test(a_pickle_cut_at_any_byte_is_refused),
        cmocka_unit_test(any_flipped_byte_gives_a_graph_or_an_error),
        cmocka_unit_test(square_weights_are_taken_as_turned),
        cmocka_unit_test(a_plain_array_is_no_dictionary),
    };
    return cmocka_run_group_tests(tests, fill_numbers, NULL);
}
