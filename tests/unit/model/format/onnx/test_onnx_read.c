/* Models built node by node are run and compared with numbers worked out by hand. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/engine.h"
#include "model/format/onnx/onnx_proto.h"
#include "tests/lib/onnx_fixture.h"
#include "tests/lib/protobuf.h"

/* ---- windows ---- */

static void auto_pad_puts_the_odd_row_behind_or_before(void **state)
{
    static const float upper[] = {5, 7, 13, 15}, lower[] = {0, 2, 8, 10};

    (void)state;
    for (int behind = 0; behind < 2; behind++) {
        struct onnx_model model = onnx_plane(11, 4, 4);
        onnx_model_text(&model, "auto_pad", behind ? "SAME_UPPER" : "SAME_LOWER");
        onnx_model_ints(&model, "kernel_shape", 2, (const int64_t[]){2, 2});
        onnx_model_ints(&model, "strides", 2, (const int64_t[]){2, 2});
        onnx_model_node(&model, "MaxPool", "x", "y");
        /* Nothing is odd here: both ways are the same. */
        onnx_expect(&model, onnx_counting, 4, (const int64_t[]){1, 1, 2, 2}, upper);
        model = onnx_plane(11, 4, 4);
        onnx_model_text(&model, "auto_pad", behind ? "SAME_UPPER" : "SAME_LOWER");
        onnx_model_ints(&model, "kernel_shape", 2, (const int64_t[]){1, 1});
        onnx_model_ints(&model, "strides", 2, (const int64_t[]){2, 2});
        onnx_model_node(&model, "MaxPool", "x", "y");
        onnx_expect(&model, onnx_counting, 4, (const int64_t[]){1, 1, 2, 2}, lower);
    }
    for (int behind = 0; behind < 2; behind++) {
        static const float want[2][4] = {{0, 1, 2, 3}, {1, 2, 3, 3}};
        struct onnx_model model = onnx_plane(11, 1, 4);
        onnx_model_text(&model, "auto_pad", behind ? "SAME_UPPER" : "SAME_LOWER");
        onnx_model_ints(&model, "kernel_shape", 2, (const int64_t[]){1, 2});
        onnx_model_node(&model, "MaxPool", "x", "y");
        onnx_expect(&model, onnx_counting, 4, (const int64_t[]){1, 1, 1, 4}, want[behind]);
    }
}

static void the_average_counts_padding_if_it_is_told_to(void **state)
{
    (void)state;
    for (int include = 0; include < 2; include++) {
        static const float sums[2][3] = {{0, 1.5F, 3}, {0, 1.5F, 1.5F}};
        struct onnx_model model = onnx_plane(11, 1, 4);
        onnx_model_int(&model, "count_include_pad", include);
        onnx_model_ints(&model, "kernel_shape", 2, (const int64_t[]){1, 2});
        onnx_model_ints(&model, "strides", 2, (const int64_t[]){1, 2});
        onnx_model_ints(&model, "pads", 4, (const int64_t[]){0, 1, 0, 1});
        onnx_model_node(&model, "AveragePool", "x", "y");
        onnx_expect(&model, onnx_counting, 4, (const int64_t[]){1, 1, 1, 3}, sums[include]);
    }
}

static void ceil_mode_drops_a_window_that_begins_behind_the_image(void **state)
{
    static const float want[] = {1, 4};
    struct onnx_model model = onnx_plane(10, 1, 5);

    (void)state;
    onnx_model_int(&model, "ceil_mode", 1);
    onnx_model_ints(&model, "kernel_shape", 2, (const int64_t[]){1, 2});
    onnx_model_ints(&model, "strides", 2, (const int64_t[]){1, 3});
    onnx_model_node(&model, "MaxPool", "x", "y");
    onnx_expect(&model, onnx_counting, 4, (const int64_t[]){1, 1, 1, 2}, want);
}

static void a_maximum_may_be_dilated(void **state)
{
    static const float want[] = {2, 3, 4, 2};
    struct onnx_model model = onnx_plane(10, 1, 5);

    (void)state;
    onnx_model_ints(&model, "kernel_shape", 2, (const int64_t[]){1, 2});
    onnx_model_ints(&model, "dilations", 2, (const int64_t[]){1, 3});
    onnx_model_ints(&model, "pads", 4, (const int64_t[]){0, 1, 0, 1});
    onnx_model_node(&model, "MaxPool", "x", "y");
    onnx_expect(&model, onnx_counting, 4, (const int64_t[]){1, 1, 1, 4}, want);
}

static void output_padding_adds_rows_behind_the_last(void **state)
{
    static const float ones[] = {1}, want[] = {0, 0, 1, 0};
    struct onnx_model model = onnx_plane(11, 1, 2);

    (void)state;
    onnx_model_floats(&model, "w", 4, (const int64_t[]){1, 1, 1, 1}, ones);
    onnx_model_ints(&model, "strides", 2, (const int64_t[]){1, 2});
    onnx_model_ints(&model, "output_padding", 2, (const int64_t[]){0, 1});
    onnx_model_node(&model, "ConvTranspose", "x w", "y");
    onnx_expect(&model, onnx_counting, 4, (const int64_t[]){1, 1, 1, 4}, want);
}

/* ---- what changed from opset to opset ---- */

static void softmax_before_13_looks_at_all_axes_behind(void **state)
{
    static const float zeros[4] = {0};

    (void)state;
    for (int64_t opset = 11; opset <= 13; opset += 2) {
        static const float quarters[] = {0.25F, 0.25F, 0.25F, 0.25F}, ones[] = {1, 1, 1, 1};
        struct onnx_model model = onnx_plane(opset, 2, 2);
        onnx_model_int(&model, "axis", 1);
        onnx_model_node(&model, "Softmax", "x", "y");
        onnx_expect(&model, zeros, 4, (const int64_t[]){1, 1, 2, 2}, opset < 13 ? quarters : ones);
    }
}

static void limits_of_clip_are_attributes_before_11(void **state)
{
    static const float low[] = {1}, want[] = {1, 1, 2, 3};
    struct onnx_model model = onnx_vector(7, 4);

    (void)state;
    onnx_model_float(&model, "min", 1);
    onnx_model_node(&model, "Clip", "x", "y");
    onnx_expect(&model, onnx_counting, 2, (const int64_t[]){1, 4}, want);
    model = onnx_vector(13, 4);
    onnx_model_floats(&model, "low", 0, NULL, low);
    onnx_model_node(&model, "Clip", "x low", "y");
    onnx_expect(&model, onnx_counting, 2, (const int64_t[]){1, 4}, want);
}

static void a_slice_is_said_by_attributes_or_inputs(void **state)
{
    static const int64_t one = 1, three = 3, back = -1;
    static const float want[] = {1, 2};
    struct onnx_model model = onnx_vector(9, 4);

    (void)state;
    onnx_model_ints(&model, "starts", 1, &one);
    onnx_model_ints(&model, "ends", 1, &three);
    onnx_model_ints(&model, "axes", 1, &one);
    onnx_model_node(&model, "Slice", "x", "y");
    onnx_expect(&model, onnx_counting, 2, (const int64_t[]){1, 2}, want);
    model = onnx_vector(13, 4);
    onnx_model_integers(&model, "one", 1, &one);
    onnx_model_integers(&model, "back", 1, &back);
    onnx_model_node(&model, "Slice", "x one back one", "y");
    onnx_expect(&model, onnx_counting, 2, (const int64_t[]){1, 2}, want);
}

static void a_slice_with_steps_ends_where_it_says(void **state)
{
    static const int64_t axes[] = {2, 3}, from[] = {0, 1}, steps[] = {1, 2};
    static const struct {
        int64_t end, width;
    } cuts[] = {{4, 2}, {5, 2}, {6, 3}, {7, 3}, {99, 3}, {-3, 2}};
    static const float want[] = {1, 3, 5};

    (void)state;
    for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
        const int64_t to[] = {1, cuts[i].end};
        struct onnx_model model = onnx_plane(11, 1, 7);
        onnx_model_integers(&model, "from", 2, from);
        onnx_model_integers(&model, "to", 2, to);
        onnx_model_integers(&model, "axes", 2, axes);
        onnx_model_integers(&model, "steps", 2, steps);
        onnx_model_node(&model, "Slice", "x from to axes steps", "y");
        onnx_expect(&model, onnx_counting, 4, (const int64_t[]){1, 1, 1, cuts[i].width}, want);
    }
}

/* From opset 18 axes may be given; an empty list, and an input that opset 13 does not know, are
 * none. */
static void padding_without_axes_is_of_all(void **state)
{
    static const float want[] = {0, 0, 1, 2, 0};
    static const int64_t pads[] = {0, 1, 0, 1};

    (void)state;
    for (int64_t opset = 13; opset <= 18; opset += 5) {
        struct onnx_model model = onnx_vector(opset, 3);
        onnx_model_integers(&model, "pads", 4, pads);
        onnx_model_integers(&model, "axes", 0, NULL);
        onnx_model_node(&model, "Pad", "x pads - axes", "y");
        onnx_expect(&model, onnx_counting, 2, (const int64_t[]){1, 5}, want);
    }
}

static void inputs_that_must_be_there_are_not_left_out(void **state)
{
    static const char *const types[] = {"Sum", "Max", "Mean", "Concat"};

    (void)state;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        struct onnx_model model = onnx_vector(8, 3);
        onnx_model_node(&model, types[i], "x - x", "y");
        onnx_expect_refusal(&model, STATUS_DATA, "input 1 is left out");
    }
}

static void a_zero_in_a_shape_copies_the_extent(void **state)
{
    static const int64_t shape[] = {0, 2, -1};
    struct onnx_model model = onnx_vector(13, 6);

    (void)state;
    onnx_model_integers(&model, "shape", 3, shape);
    onnx_model_node(&model, "Reshape", "x shape", "y");
    onnx_expect(&model, onnx_counting, 3, (const int64_t[]){1, 2, 3}, onnx_counting);
}

static void shapes_computed_by_the_model_are_known(void **state)
{
    static const int64_t zero = 0, rest = -1;
    struct onnx_model model = onnx_plane(13, 2, 3);

    (void)state;
    onnx_model_integers(&model, "zero", 1, &zero);
    onnx_model_integers(&model, "rest", 1, &rest);
    onnx_model_node(&model, "Shape", "x", "s");
    onnx_model_node(&model, "Gather", "s zero", "n");
    onnx_model_int(&model, "axis", 0);
    onnx_model_node(&model, "Concat", "n rest", "shape");
    onnx_model_node(&model, "Reshape", "x shape", "y");
    onnx_expect(&model, onnx_counting, 2, (const int64_t[]){1, 6}, onnx_counting);
}

static void the_nearest_pixel_follows_coordinates_and_rounding(void **state)
{
    static const float scales[] = {1, 1, 1, 2}, want[] = {0, 0, 1, 1, 2, 2};
    static const char *const modes[][2] = {
        {"asymmetric", "floor"}, {"half_pixel", "round_prefer_floor"}, {"half_pixel", "ceil"}};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct onnx_model model = onnx_plane(13, 1, 3);
        onnx_model_floats(&model, "scales", 1, (const int64_t[]){4}, scales);
        onnx_model_text(&model, "coordinate_transformation_mode", modes[i][0]);
        onnx_model_text(&model, "nearest_mode", modes[i][1]);
        onnx_model_node(&model, "Resize", "x - scales", "y");
        onnx_expect(&model, onnx_counting, 4, (const int64_t[]){1, 1, 1, 6}, want);
    }
    struct onnx_model model = onnx_plane(13, 1, 3);
    onnx_model_floats(&model, "scales", 1, (const int64_t[]){4}, scales);
    onnx_model_text(&model, "coordinate_transformation_mode", modes[2][0]);
    onnx_model_text(&model, "nearest_mode", modes[2][1]);
    onnx_model_node(&model, "Resize", "x - scales", "y");
    onnx_expect_refusal(&model, STATUS_UNSUPPORTED, "no equal");
}

/* ---- arithmetic ---- */

static void gemm_multiplies_alpha_and_beta(void **state)
{
    static const float b[] = {1, 2, 3, 4, 5, 6}, c[] = {1, -1, 2};
    static const float want[] = {2 * 4 + 3, 2 * 5 - 3, 2 * 6 + 6};
    struct onnx_model model = onnx_vector(13, 2);

    (void)state;
    onnx_model_floats(&model, "b", 2, (const int64_t[]){2, 3}, b);
    onnx_model_floats(&model, "c", 1, (const int64_t[]){3}, c);
    onnx_model_float(&model, "alpha", 2);
    onnx_model_float(&model, "beta", 3);
    onnx_model_node(&model, "Gemm", "x b c", "y");
    onnx_expect(&model, onnx_counting, 2, (const int64_t[]){1, 3}, want);
}

static void numbers_of_every_width_are_read(void **state)
{
    static const float want[] = {1.5F, 2.5F};

    (void)state;
    for (int wide = 0; wide < 3; wide++) {
        static const uint16_t halves[] = {0x3e00, 0x3e00}, brains[] = {0x3fc0, 0x3fc0};
        static const double doubles[] = {1.5, 1.5};
        struct onnx_model model = onnx_vector(13, 2);
        struct buf tensor;
        buf_init(&tensor, 1 << 16);
        protobuf_varint(&tensor, ONNX_TENSOR_DIMS, 2);
        protobuf_varint(&tensor, ONNX_TENSOR_DATA_TYPE,
                        wide == 0   ? ONNX_FLOAT16
                        : wide == 1 ? ONNX_BFLOAT16
                                    : ONNX_DOUBLE);
        protobuf_text(&tensor, ONNX_TENSOR_NAME, "c");
        if (wide == 2)
            protobuf_bytes(&tensor, ONNX_TENSOR_DOUBLE_DATA, doubles, sizeof doubles);
        else
            protobuf_bytes(&tensor, ONNX_TENSOR_RAW_DATA, wide ? brains : halves, sizeof halves);
        onnx_model_tensor(&model, &tensor);
        onnx_model_node(&model, "Add", "x c", "y");
        onnx_expect(&model, onnx_counting, 2, (const int64_t[]){1, 2}, want);
    }
}

static void whole_numbers_become_floats_beside_floats(void **state)
{
    static const int64_t whole[] = {3};
    static const float half[] = {0.5F}, want[] = {0, 1.5F, 3};
    struct onnx_model model = onnx_vector(13, 3);

    (void)state;
    onnx_model_integers(&model, "i", 1, whole);
    onnx_model_floats(&model, "f", 1, (const int64_t[]){1}, half);
    onnx_model_node(&model, "Mul", "i f", "c");
    onnx_model_node(&model, "Mul", "x c", "y");
    onnx_expect(&model, onnx_counting, 2, (const int64_t[]){1, 3}, want);
}

static void initializers_may_stand_among_the_inputs(void **state)
{
    static const float two[] = {2}, want[] = {0, 2, 4};
    struct onnx_model model = onnx_vector(7, 3);

    (void)state;
    onnx_model_input(&model, "c", 1, (const int64_t[]){1});
    onnx_model_floats(&model, "c", 1, (const int64_t[]){1}, two);
    onnx_model_node(&model, "Mul", "x c", "y");
    onnx_expect(&model, onnx_counting, 2, (const int64_t[]){1, 3}, want);
}

/* ---- bad files ---- */

static void unknown_operators_are_named_at_once(void **state)
{
    struct onnx_model model = onnx_vector(13, 3);

    (void)state;
    onnx_model_node(&model, "Loop", "x", "a");
    onnx_model_node(&model, "Relu", "a", "b");
    onnx_model_node(&model, "Einsum", "b", "y");
    onnx_expect_refusal(&model, STATUS_UNSUPPORTED,
                        "2 nodes of a type that is not supported: 'a' (Loop), 'y' "
                        "(Einsum)");
}

static void nodes_stand_in_order(void **state)
{
    struct onnx_model model = onnx_vector(13, 3);

    (void)state;
    onnx_model_node(&model, "Relu", "a", "y");
    onnx_model_node(&model, "Relu", "x", "a");
    onnx_expect_refusal(&model, STATUS_DATA, "'a' is made by no node before it");
}

static void a_name_is_made_once(void **state)
{
    struct onnx_model model = onnx_vector(13, 3);

    (void)state;
    onnx_model_node(&model, "Relu", "x", "y");
    onnx_model_node(&model, "Tanh", "x", "y");
    onnx_expect_refusal(&model, STATUS_DATA, "'y'");
}

static void free_extents_want_a_shape(void **state)
{
    struct onnx_model model;

    (void)state;
    onnx_model_begin(&model, 13);
    onnx_model_input(&model, "x", 4, (const int64_t[]){0, 3, 0, 0});
    onnx_model_node(&model, "Relu", "x", "y");
    onnx_expect_refusal(&model, STATUS_DATA, "--input-shape");
}

static void old_and_unknown_opsets_are_refused(void **state)
{
    static const int64_t opsets[] = {0, 6, 99};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct onnx_model model = onnx_vector(opsets[i], 3);
        onnx_model_node(&model, "Relu", "x", "y");
        onnx_expect_refusal(&model, STATUS_UNSUPPORTED, "opset");
    }
}

static void tensors_hold_what_their_shapes_say(void **state)
{
    static const uint64_t dims[][2] = {{3, 1}, {UINT64_MAX, 2}, {1 << 30, 1 << 30}};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct onnx_model model = onnx_vector(13, 2);
        struct buf tensor;
        buf_init(&tensor, 1 << 16);
        protobuf_varint(&tensor, ONNX_TENSOR_DIMS, dims[i][0]);
        protobuf_varint(&tensor, ONNX_TENSOR_DIMS, dims[i][1]);
        protobuf_varint(&tensor, ONNX_TENSOR_DATA_TYPE, ONNX_FLOAT);
        protobuf_text(&tensor, ONNX_TENSOR_NAME, "c");
        protobuf_bytes(&tensor, ONNX_TENSOR_RAW_DATA, onnx_counting, 8);
        onnx_model_tensor(&model, &tensor);
        onnx_model_node(&model, "Add", "x c", "y");
        onnx_expect_refusal(&model, i == 2 ? STATUS_LIMIT : STATUS_DATA, "tensor 'c'");
    }
}

/* A network with something of everything, for damage. */
static struct onnx_model varied(void)
{
    static const float weights[36] = {1, 2, 3}, scales[] = {1, 1, 2, 2};
    static const int64_t shape[] = {0, -1};
    struct onnx_model model;

    onnx_model_begin(&model, 13);
    onnx_model_input(&model, "x", 4, (const int64_t[]){0, 2, 5, 5});
    onnx_model_floats(&model, "w", 4, (const int64_t[]){2, 2, 3, 3}, weights);
    onnx_model_floats(&model, "scales", 1, (const int64_t[]){4}, scales);
    onnx_model_integers(&model, "shape", 2, shape);
    onnx_model_ints(&model, "pads", 4, (const int64_t[]){1, 1, 1, 1});
    onnx_model_node(&model, "Conv", "x w", "a");
    onnx_model_float(&model, "alpha", 0.5F);
    onnx_model_node(&model, "LeakyRelu", "a", "b");
    onnx_model_ints(&model, "kernel_shape", 2, (const int64_t[]){2, 2});
    onnx_model_node(&model, "AveragePool", "b", "c");
    onnx_model_text(&model, "coordinate_transformation_mode", "asymmetric");
    onnx_model_text(&model, "nearest_mode", "floor");
    onnx_model_node(&model, "Resize", "c - scales", "d");
    onnx_model_node(&model, "Reshape", "d shape", "e");
    onnx_model_node(&model, "Softmax", "e", "y");
    onnx_model_output(&model, "y");
    onnx_model_end(&model);
    return model;
}

/* Damage gives an error or another network, never a crash. */
static void try_to_load(const char *bytes, size_t size, bool must_fail)
{
    struct error error = {""};
    struct graph *graph = NULL;
    enum status status = onnx_model_load(bytes, size, &graph, &error);

    if (must_fail && !status)
        fail_msg("a file cut to %zu bytes is read", size);
    if (status && (!*error.text || strchr(error.text, '\n')))
        fail_msg("'%s' is not one line", error.text);
    graph_free(graph);
}

static void cut_files_are_refused_at_every_byte(void **state)
{
    struct onnx_model model = varied();
    struct error error = {""};
    struct graph *graph;

    (void)state;
    if (onnx_model_load(model.bytes.data, model.bytes.size, &graph, &error))
        fail_msg("%s", error.text);
    graph_free(graph);
    for (size_t size = 0; size < model.bytes.size; size++)
        try_to_load(model.bytes.data, size, true);
    onnx_model_free(&model);
}

static void flipped_bytes_never_crash(void **state)
{
    struct onnx_model model = varied();

    (void)state;
    for (size_t i = 0; i < model.bytes.size; i++) {
        static const unsigned char flips[] = {0x01, 0x80, 0xff};
        for (size_t j = 0; j < sizeof flips; j++) {
            model.bytes.data[i] = (char)(model.bytes.data[i] ^ flips[j]);
            try_to_load(model.bytes.data, model.bytes.size, false);
            model.bytes.data[i] = (char)(model.bytes.data[i] ^ flips[j]);
        }
    }
    onnx_model_free(&model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(auto_pad_puts_the_odd_row_behind_or_before),
        cmocka_unit_test(the_average_counts_padding_if_it_is_told_to),
        cmocka_unit_test(ceil_mode_drops_a_window_that_begins_behind_the_image),
        cmocka_unit_test(a_maximum_may_be_dilated),
        cmocka_unit_test(output_padding_adds_rows_behind_the_last),
        cmocka_unit_test(softmax_before_13_looks_at_all_axes_behind),
        cmocka_unit_test(limits_of_clip_are_attributes_before_11),
        cmocka_unit_test(a_slice_is_said_by_attributes_or_inputs),
        cmocka_unit_test(a_slice_with_steps_ends_where_it_says),
        cmocka_unit_test(padding_without_axes_is_of_all),
        cmocka_unit_test(inputs_that_must_be_there_are_not_left_out),
        cmocka_unit_test(a_zero_in_a_shape_copies_the_extent),
        cmocka_unit_test(shapes_computed_by_the_model_are_known),
        cmocka_unit_test(the_nearest_pixel_follows_coordinates_and_rounding),
        cmocka_unit_test(gemm_multiplies_alpha_and_beta),
        cmocka_unit_test(numbers_of_every_width_are_read),
        cmocka_unit_test(whole_numbers_become_floats_beside_floats),
        cmocka_unit_test(initializers_may_stand_among_the_inputs),
        cmocka_unit_test(unknown_operators_are_named_at_once),
        cmocka_unit_test(nodes_stand_in_order),
        cmocka_unit_test(a_name_is_made_once),
        cmocka_unit_test(free_extents_want_a_shape),
        cmocka_unit_test(old_and_unknown_opsets_are_refused),
        cmocka_unit_test(tensors_hold_what_their_shapes_say),
        cmocka_unit_test(cut_files_are_refused_at_every_byte),
        cmocka_unit_test(flipped_bytes_never_crash)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
