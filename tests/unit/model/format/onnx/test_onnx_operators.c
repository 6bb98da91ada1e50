/* Operators whose meaning depends on the opset, on attributes, or on how many outputs they have. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/lib/onnx_fixture.h"

static struct onnx_model enlarged(int64_t opset, const char *coordinates, const char *rounding,
                                  const char *mode)
{
    static const float scales[] = {1, 1, 1, 2};
    struct onnx_model model = onnx_plane(opset, 1, 3);

    onnx_model_floats(&model, "scales", 1, (const int64_t[]){4}, scales);
    onnx_model_text(&model, "coordinate_transformation_mode", coordinates);
    onnx_model_text(&model, "nearest_mode", rounding);
    onnx_model_text(&model, "mode", mode);
    onnx_model_node(&model, "Resize", "x - scales", "y");
    return model;
}

static void half_pixels_of_tensorflow_are_read(void **state)
{
    static const float want[] = {0, 0, 1, 1, 2, 2};
    struct onnx_model model = enlarged(11, "tf_half_pixel_for_nn", "floor", "nearest");

    (void)state;
    onnx_expect(&model, onnx_counting, 4, (const int64_t[]){1, 1, 1, 6}, want);
    model = enlarged(11, "tf_half_pixel_for_nn", "round_prefer_floor", "nearest");
    onnx_expect_refusal(&model, STATUS_UNSUPPORTED, "coordinates and rounding have no equal");
    model = enlarged(11, "tf_half_pixel_for_nn", "floor", "linear");
    onnx_expect_refusal(&model, STATUS_UNSUPPORTED, "its coordinates have no equal");
}

static void pixels_that_only_happen_to_be_those_of_corners_are_refused_as_they_are(void **state)
{
    struct onnx_model model = enlarged(13, "half_pixel", "floor", "nearest");

    (void)state;
    onnx_expect_refusal(&model, STATUS_UNSUPPORTED, "no equal among half pixels and plain ratios");
}

static struct onnx_model normalised(int64_t opset, const char *outputs)
{
    static const float one[] = {1}, half[] = {0.5F}, zero[] = {0};
    struct onnx_model model = onnx_plane(opset, 1, 3);

    onnx_model_floats(&model, "one", 1, (const int64_t[]){1}, one);
    onnx_model_floats(&model, "half", 1, (const int64_t[]){1}, half);
    onnx_model_floats(&model, "zero", 1, (const int64_t[]){1}, zero);
    onnx_model_float(&model, "epsilon", 0);
    onnx_model_node(&model, "BatchNormalization", "x half one zero one", outputs);
    return model;
}

static void further_outputs_of_batch_normalisation_mean_training(void **state)
{
    static const float want[] = {1, 1.5F, 2};
    struct onnx_model model = normalised(9, "y");

    (void)state;
    onnx_expect(&model, onnx_counting, 4, (const int64_t[]){1, 1, 1, 3}, want);
    model = normalised(9, "y - - - -");
    onnx_expect(&model, onnx_counting, 4, (const int64_t[]){1, 1, 1, 3}, want);
    model = normalised(9, "y m v s t");
    onnx_expect_refusal(&model, STATUS_UNSUPPORTED, "training mode");
}

static void a_logarithm_of_softmax_is_finite_far_below_the_largest(void **state)
{
    static const float in[] = {-300, 0, 200}, want[] = {-500, -200, 0};

    (void)state;
    for (int64_t opset = 9; opset <= 13; opset += 4) {
        struct onnx_model model = onnx_vector(opset, 3);
        onnx_model_node(&model, "LogSoftmax", "x", "y");
        onnx_expect(&model, in, 2, (const int64_t[]){1, 3}, want);
    }
}

static struct onnx_model turned(int64_t size, const char *output)
{
    static const int64_t last = -1, low = INT64_MIN, axis = 1;
    struct onnx_model model = onnx_vector(13, size);

    onnx_model_integers(&model, "last", 1, &last);
    onnx_model_integers(&model, "low", 1, &low);
    onnx_model_integers(&model, "axis", 1, &axis);
    onnx_model_integers(&model, "step", 1, &last);
    onnx_model_node(&model, "Slice", "x last low axis step", output);
    return model;
}

static void a_tensor_back_to_front_may_be_read_by_anyone(void **state)
{
    static const float want[] = {3, 2, 1, 0}, twice[] = {6, 4, 2, 0};
    struct onnx_model model = turned(4, "y");

    (void)state;
    onnx_expect(&model, onnx_counting, 2, (const int64_t[]){1, 4}, want);
    model = turned(4, "t");
    onnx_model_node(&model, "Add", "t t", "y");
    onnx_expect(&model, onnx_counting, 2, (const int64_t[]){1, 4}, twice);
    model = turned(1000, "t");
    onnx_model_node(&model, "Relu", "t", "y");
    onnx_expect_refusal(&model, STATUS_UNSUPPORTED, "no run are supported up to 256");
}

static struct onnx_model branch(const char *type)
{
    struct onnx_model model;
    char output[32];

    onnx_model_begin(&model, 13);
    snprintf(output, sizeof output, "inner %s", type);
    output[5] = '_';
    onnx_model_node(&model, type, "x", output);
    onnx_model_output(&model, output);
    return model;
}

/* As PyTorch asks how large an axis is before squeeze(). */
static struct onnx_model choosing(int64_t size, const char *otherwise)
{
    static const int64_t one = 1, three = 3;
    struct onnx_model model = onnx_vector(13, size), yes = branch("Neg"), no = branch(otherwise);

    onnx_model_integers(&model, "one", 1, &one);
    onnx_model_integers(&model, "three", 1, &three);
    onnx_model_node(&model, "Shape", "x", "shape");
    onnx_model_node(&model, "Gather", "shape one", "size");
    onnx_model_node(&model, "Equal", "size three", "condition");
    onnx_model_graph(&model, "then_branch", &yes);
    onnx_model_graph(&model, "else_branch", &no);
    onnx_model_node(&model, "If", "condition", "z");
    onnx_model_node(&model, "Neg", "z", "y");
    return model;
}

static void of_two_branches_the_one_that_is_taken_is_read(void **state)
{
    static const float relu[] = {0, -1, -2, -3};
    struct onnx_model model = choosing(3, "Hardmax");

    (void)state;
    onnx_expect(&model, onnx_counting, 2, (const int64_t[]){1, 3}, onnx_counting);
    model = choosing(4, "Relu");
    onnx_expect(&model, onnx_counting, 2, (const int64_t[]){1, 4}, relu);
    model = choosing(4, "Hardmax");
    onnx_expect_refusal(&model, STATUS_UNSUPPORTED, "(Hardmax)");
}

static void a_condition_that_the_network_computes_is_refused(void **state)
{
    struct onnx_model model = onnx_vector(13, 1), yes = branch("Neg"), no = branch("Abs");

    (void)state;
    onnx_model_graph(&model, "then_branch", &yes);
    onnx_model_graph(&model, "else_branch", &no);
    onnx_model_node(&model, "If", "x", "y");
    onnx_expect_refusal(&model, STATUS_UNSUPPORTED, "its condition must be constant");
    model = onnx_vector(13, 1);
    onnx_model_integers(&model, "c", 1, &(const int64_t){1});
    onnx_model_node(&model, "If", "c", "y");
    onnx_expect_refusal(&model, STATUS_DATA, "attribute 'then_branch' is missing");
}

/* Loads the model, frees it, and says whether its batch may not change. */
static bool has_fixed_batch(struct onnx_model *model)
{
    struct error error = {""};
    struct graph *graph;
    struct shape shapes[8];
    bool fixed;

    onnx_model_output(model, "y");
    onnx_model_end(model);
    if (onnx_model_load(model->bytes.data, model->bytes.size, &graph, &error))
        fail_msg("%s", error.text);
    fixed = graph->fixed_batch;
    assert_in_range(graph->value_count, 1, 8);
    assert_int_equal(graph_infer(graph, 1, shapes, &error), STATUS_OK);
    assert_int_equal(graph_infer(graph, 2, shapes, &error), fixed ? STATUS_DATA : STATUS_OK);
    graph_free(graph);
    onnx_model_free(model);
    return fixed;
}

static void a_network_that_computes_with_the_number_of_images_is_for_one(void **state)
{
    static const int64_t zero = 0, one = 1, rest[] = {1, -1}, same[] = {-1, 3};
    struct onnx_model model = onnx_vector(9, 3); /* one image cut from many */

    (void)state;
    onnx_model_ints(&model, "starts", 1, &zero);
    onnx_model_ints(&model, "ends", 1, &one);
    onnx_model_node(&model, "Slice", "x", "s");
    onnx_model_node(&model, "Relu", "s", "y");
    assert_true(has_fixed_batch(&model));
    model = onnx_vector(13, 3); /* their number as a factor */
    onnx_model_integers(&model, "zero", 1, &zero);
    onnx_model_node(&model, "Shape", "x", "shape");
    onnx_model_node(&model, "Gather", "shape zero", "n");
    onnx_model_int(&model, "to", 1);
    onnx_model_node(&model, "Cast", "n", "f");
    onnx_model_node(&model, "Mul", "x f", "y");
    assert_true(has_fixed_batch(&model));
    model = onnx_vector(13, 3); /* all images in one row */
    onnx_model_integers(&model, "rest", 2, rest);
    onnx_model_node(&model, "Reshape", "x rest", "y");
    assert_true(has_fixed_batch(&model));
    model = onnx_vector(13, 3);
    onnx_model_integers(&model, "same", 2, same);
    onnx_model_node(&model, "Reshape", "x same", "r");
    onnx_model_node(&model, "Softmax", "r", "y");
    assert_false(has_fixed_batch(&model));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(half_pixels_of_tensorflow_are_read),
        cmocka_unit_test(pixels_that_only_happen_to_be_those_of_corners_are_refused_as_they_are),
        cmocka_unit_test(further_outputs_of_batch_normalisation_mean_training),
        cmocka_unit_test(a_network_that_computes_with_the_number_of_images_is_for_one),
        cmocka_unit_test(a_tensor_back_to_front_may_be_read_by_anyone),
        cmocka_unit_test(of_two_branches_the_one_that_is_taken_is_read),
        cmocka_unit_test(a_condition_that_the_network_computes_is_refused),
        cmocka_unit_test(a_logarithm_of_softmax_is_finite_far_below_the_largest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
