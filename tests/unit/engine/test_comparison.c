#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "engine/comparison.h"
#include "engine/difference.h"
#include "tests/lib/net.h"
#include "tests/lib/random.h"

/* A net whose tops, pooling and one weight can be changed. */
static struct graph *make(const char *pool_name, const char *pooling, float change)
{
    static const struct shape conv[] = {{4, {4, 3, 3, 3}}, {1, {4}}};
    static const struct shape fc[] = {{2, {5, 4 * 5 * 5}}, {1, {5}}};
    struct error error = {""};
    struct graph *graph;
    uint64_t random = 9;
    float numbers[512];
    char text[2048];
    struct buf weights;

    snprintf(text, sizeof text,
             "input: 'data' input_shape { dim: 10 dim: 3 dim: 10 dim: 10 }\n"
             "layer { name: 'conv' type: 'Convolution' bottom: 'data' top: 'conv'\n"
             "  convolution_param { num_output: 4 kernel_size: 3 pad: 1 } }\n"
             "layer { name: 'relu' type: 'ReLU' bottom: 'conv' top: 'conv' }\n"
             "layer { name: 'pool' type: 'Pooling' bottom: 'conv' top: '%s'\n"
             "  pooling_param { kernel_size: 3 stride: 2 %s } }\n"
             "layer { name: 'fc' type: 'InnerProduct' bottom: '%s' top: 'fc'\n"
             "  inner_product_param { num_output: 5 } }\n"
             "layer { name: 'prob' type: 'Softmax' bottom: 'fc' top: 'prob' }\n",
             pool_name, pooling, pool_name);
    for (size_t i = 0; i < 512; i++)
        numbers[i] = (float)random_between(&random, -0.01, 0.01);
    numbers[0] += change;
    buf_init(&weights, 1 << 20);
    net_weights(&weights, "conv", 2, conv, numbers);
    net_weights(&weights, "fc", 2, fc, numbers + 1);
    if (net_load(text, &weights, &graph, &error))
        fail_msg("%s", error.text);
    buf_free(&weights);
    return graph;
}

static struct comparison *compare(const struct graph *a, const struct graph *b)
{
    struct comparison *comparison;
    struct error error = {""};

    if (comparison_create(a, b, &comparison, &error) || comparison_run_probes(comparison, &error))
        fail_msg("%s", error.text);
    return comparison;
}

static const struct comparison_layer *find(const struct comparison_result *result, const char *name)
{
    for (size_t i = 0; i < result->layer_count; i++) {
        if (!strcmp(result->layers[i].name, name))
            return &result->layers[i];
    }
    fail_msg("no layer '%s'", name);
    return NULL;
}

static void a_network_is_the_same_as_itself(void **state)
{
    struct graph *graph = make("pool", "pool: MAX", 0);
    struct comparison *comparison = compare(graph, graph);
    const struct comparison_result *result = comparison_result(comparison);

    (void)state;
    assert_true(result->same);
    assert_int_equal(result->input_count, 3);
    assert_int_equal(result->layer_count, 6);
    assert_int_equal(result->paired, 6);
    assert_int_equal(result->same_top1, 3);
    assert_int_equal(result->same_top3, 3);
    assert_true(result->max_relative == 0);
    assert_null(result->first_different);
    /* The convolution before its in-place ReLU counts for itself. */
    assert_int_equal(find(result, "conv/Convolution")->pairing, PAIRING_NAME);
    assert_true(find(result, "prob")->probability);
    assert_false(find(result, "fc")->output);
    comparison_free(comparison);
    graph_free(graph);
}

static void values_of_other_names_are_found_by_their_numbers(void **state)
{
    struct graph *a = make("pool", "pool: MAX", 0), *b = make("reduced", "pool: MAX", 0);
    struct comparison *comparison = compare(a, b);
    const struct comparison_result *result = comparison_result(comparison);

    (void)state;
    assert_true(result->same);
    assert_int_equal(find(result, "pool")->pairing, PAIRING_NUMBERS);
    assert_string_equal(find(result, "pool")->other, "reduced");
    comparison_free(comparison);
    graph_free(a);
    graph_free(b);
}

static void the_first_layer_that_differs_is_named_with_a_cause(void **state)
{
    struct graph *a = make("pool", "pool: AVE", 0);
    struct graph *b = make("pool", "pool: MAX", 0);
    struct comparison *comparison = compare(a, b);
    const struct comparison_result *result = comparison_result(comparison);

    (void)state;

    assert_false(result->same);
    assert_string_equal(result->first_different->name, "pool");
    assert_non_null(strstr(result->hint, "divisor"));
    comparison_free(comparison);
    graph_free(a);
    graph_free(b);
}

static void a_change_of_one_weight_is_found_where_it_is(void **state)
{
    struct graph *a = make("pool", "pool: MAX", 0), *b = make("pool", "pool: MAX", 0.001F);
    struct graph *renamed = make("reduced", "pool: MAX", 0.001F);
    struct comparison *comparison = compare(a, b);
    const struct comparison_result *result = comparison_result(comparison);

    (void)state;
    assert_false(result->same);
    assert_string_equal(result->first_different->name, "conv/Convolution");
    assert_non_null(strstr(result->hint, "padding"));
    assert_true(result->max_relative > COMPARISON_MAX_RELATIVE);
    comparison_free(comparison);

    /* Also when a later value has no namesake. */
    comparison = compare(a, renamed);
    result = comparison_result(comparison);
    assert_string_equal(result->first_different->name, "conv/Convolution");
    assert_int_equal(find(result, "pool")->pairing, PAIRING_NONE);
    comparison_free(comparison);
    graph_free(a);
    graph_free(b);
    graph_free(renamed);
}

static void networks_that_take_other_pictures_are_refused(void **state)
{
    struct graph *a = make("pool", "pool: MAX", 0), *b;
    struct comparison *comparison;
    struct error error = {""};

    (void)state;
    if (net_load("input: 'data' input_shape { dim: 1 dim: 3 dim: 12 dim: 10 }\n"
                 "layer { name: 'r' type: 'ReLU' bottom: 'data' top: 'r' }\n",
                 NULL, &b, &error))
        fail_msg("%s", error.text);
    assert_int_equal(comparison_create(a, b, &comparison, &error), STATUS_DATA);
    assert_non_null(strstr(error.text, "1x3x12x10"));
    graph_free(b);
    if (net_load("input: 'data' input_shape { dim: 1 dim: 3 dim: 10 dim: 10 }\n"
                 "layer { name: 'r' type: 'ReLU' bottom: 'data' top: 'r' }\n",
                 NULL, &b, &error))
        fail_msg("%s", error.text);
    assert_int_equal(comparison_create(a, b, &comparison, &error), STATUS_DATA);
    assert_non_null(strstr(error.text, "output 'prob'"));
    graph_free(b);
    graph_free(a);
}

static struct graph *load(const char *text)
{
    struct graph *graph = NULL;
    struct error error = {""};

    if (net_load(text, NULL, &graph, &error))
        fail_msg("%s", error.text);
    return graph;
}

static void an_input_that_makes_no_difference_may_be_missing(void **state)
{
    static const char cut[] = "input: 'size' input_shape { dim: 1 dim: 1 dim: 4 dim: 4 }\n"
                              "input: 'data' input_shape { dim: 1 dim: 2 dim: 6 dim: 6 }\n"
                              "layer { name: 'y' type: 'Crop' bottom: 'data' bottom: 'size' top: "
                              "'y' crop_param { axis: 2 } }\n";
    static const char sliced[] =
        "input: 'data' input_shape { dim: 1 dim: 2 dim: 6 dim: 6 }\n"
        "layer { name: 's' type: 'Slice' bottom: 'data' top: 'rows' top: 'r' slice_param { axis: 2 "
        "slice_point: 4 } }\n"
        "layer { name: 't' type: 'Slice' bottom: 'rows' top: 'y' top: 'q' slice_param { axis: 3 "
        "slice_point: 4 } }\n"
        "layer { name: 'u' type: 'Silence' bottom: 'r' bottom: 'q' }\n";
    struct graph *a = load(cut), *b = load(sliced);
    struct comparison *comparison = compare(a, b);
    struct error error = {""};

    (void)state;
    assert_true(comparison_result(comparison)->same);
    comparison_free(comparison);
    assert_int_equal(comparison_create(b, a, &comparison, &error), STATUS_DATA);
    assert_non_null(strstr(error.text, "1 inputs and"));
    graph_free(a);
    a = load("input: 'im_info' input_shape { dim: 1 dim: 3 }\n"
             "input: 'data' input_shape { dim: 1 dim: 2 }\n"
             "layer { name: 'y' type: 'TanH' bottom: 'data' top: 'y' }\n");
    graph_free(b);
    b = load("input: 'data' input_shape { dim: 1 dim: 2 }\n"
             "layer { name: 'y' type: 'TanH' bottom: 'data' top: 'y' }\n");
    comparison = compare(a, b);
    assert_true(comparison_result(comparison)->same);
    comparison_free(comparison);
    graph_free(b);
    graph_free(a);
}

/* JSON and ONNX may declare an output that a layer reads; Caffe cannot. */
static void an_output_that_became_a_value_inside_is_marked(void **state)
{
    static const char net[] =
        "input: 'data' input_shape { dim: 1 dim: 2 dim: 3 dim: 4 }\n"
        "layer { name: 'y' type: 'Power' bottom: 'data' top: 'y' power_param { scale: 2 } }\n"
        "layer { name: 'z' type: 'TanH' bottom: 'y' top: 'z' }\n";
    struct graph *a = load(net), *b = load(net);
    struct comparison *comparison;

    (void)state;
    graph_declare_output(a, (uint32_t)graph_top(a, "y"));
    comparison = compare(a, b);
    assert_true(comparison_result(comparison)->same);
    assert_true(find(comparison_result(comparison), "y")->inside);
    assert_false(find(comparison_result(comparison), "z")->inside);
    assert_false(find(comparison_result(comparison), "data")->inside);
    comparison_free(comparison);
    graph_free(b);
    graph_free(a);
}

/* Where two extents are alike, only the numbers tell that the axes stand otherwise. */
static void namesakes_whose_axes_stand_otherwise_are_no_pair(void **state)
{
    static const char early[] =
        "input: 'data' input_shape { dim: 9 dim: 2 dim: %d dim: 4 }\n"
        "layer { name: 'p' type: 'Permute' bottom: 'data' top: 'p' permute_param { order: 0 order: "
        "2 order: 1 } }\n"
        "layer { name: 'y' type: 'Power' bottom: 'p' top: 'y' power_param { scale: 2 } }\n"
        "layer { name: 'z' type: 'TanH' bottom: 'y' top: 'z' }\n";
    static const char late[] =
        "input: 'data' input_shape { dim: 9 dim: 2 dim: %d dim: 4 }\n"
        "layer { name: 'y' type: 'Power' bottom: 'data' top: 'y' power_param { scale: 2 } }\n"
        "layer { name: 't' type: 'TanH' bottom: 'y' top: 't' }\n"
        "layer { name: 'z' type: 'Permute' bottom: 't' top: 'z' permute_param { order: 0 order: 2 "
        "order: 1 } }\n";

    (void)state;
    for (int height = 2; height < 4; height++) {
        char first[512], second[512];
        snprintf(first, sizeof first, early, height);
        snprintf(second, sizeof second, late, height);
        struct graph *a = load(first), *b = load(second);
        struct comparison *comparison = compare(a, b);

        assert_true(comparison_result(comparison)->same);
        assert_null(find(comparison_result(comparison), "y")->other);
        comparison_free(comparison);
        graph_free(b);
        graph_free(a);
    }
}

/* The largest of four pixels is never below zero on the first probe. */
static void numbers_that_are_alike_by_chance_are_no_pair(void **state)
{
    static const char net[] = "input: 'data' input_shape { dim: 1 dim: 1 dim: 2 dim: 2 }\n"
                              "layer { name: 'm' type: 'Pooling' bottom: 'data' top: 'm' "
                              "pooling_param { kernel_size: 2 } }\n"
                              "layer { name: 'a' type: '%s' bottom: 'm' top: '%s' }\n"
                              "layer { name: 'y' type: 'Power' bottom: '%s' top: 'y' %s }\n";
    char first[512], second[512];

    (void)state;
    snprintf(first, sizeof first, net, "Dropout", "a", "a", "power_param { scale: 0 }");
    snprintf(second, sizeof second, net, "ReLU", "b", "b", "power_param { scale: 0 }");
    struct graph *a = load(first), *b = load(second);
    struct comparison *comparison = compare(a, b);
    assert_true(comparison_result(comparison)->same);
    assert_null(find(comparison_result(comparison), "a")->other);
    comparison_free(comparison);
    graph_free(b);
    graph_free(a);
}

static struct graph *detector(const char *threshold)
{
    char text[1024];

    snprintf(text, sizeof text,
             "input: 'loc' input_shape { dim: 1 dim: 8 }\n"
             "input: 'conf' input_shape { dim: 1 dim: 4 }\n"
             "input: 'prior' input_shape { dim: 1 dim: 2 dim: 8 }\n"
             "layer { name: 'd' type: 'DetectionOutput' bottom: 'loc' bottom: 'conf' bottom: "
             "'prior' top: 'found' detection_output_param { num_classes: 2 confidence_threshold: "
             "%s } }\n",
             threshold);
    return load(text);
}

/* Two boxes apart, which score 0.9 and 0.3. */
static const struct comparison_result *detect(struct comparison *comparison)
{
    static const float prior[] = {0, 0, 0.1F, 0.1F, 0.8F, 0.8F, 0.9F, 0.9F, 1, 1, 1, 1, 1, 1, 1, 1};
    struct error error = {""};

    memcpy(comparison_input(comparison, 2)->data, prior, sizeof prior);
    comparison_input(comparison, 1)->data[1] = 0.9F;
    comparison_input(comparison, 1)->data[3] = 0.3F;
    assert_int_equal(comparison_run(comparison, &error), STATUS_OK);
    return comparison_result(comparison);
}

static void one_box_more_or_less_is_a_difference(void **state)
{
    struct graph *strict = detector("0.5"), *lax = detector("0.1");
    const struct graph *const pairs[][2] = {{strict, lax}, {lax, strict}, {lax, lax}};
    struct error error = {""};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct comparison *comparison;
        assert_int_equal(comparison_create(pairs[i][0], pairs[i][1], &comparison, &error), 0);
        assert_int_equal(detect(comparison)->same, i == 2);
        assert_int_equal(isinf(find(comparison_result(comparison), "found")->relative) != 0, i < 2);
        comparison_free(comparison);
    }
    graph_free(strict);
    graph_free(lax);
}

static void an_output_that_is_never_a_number_proves_nothing(void **state)
{
    static const char net[] =
        "input: 'data' input_shape { dim: 1 dim: 2 dim: 6 dim: 6 }\n"
        "layer { name: 'n' type: 'Power' bottom: 'data' top: 'n' power_param { scale: 0 shift: -1 "
        "power: 0.5 } }\n"
        "layer { name: 'y' type: 'TanH' bottom: 'n' top: 'y' }\n";
    struct graph *graph = load(net);
    struct comparison *comparison = compare(graph, graph);
    const struct comparison_result *result = comparison_result(comparison);

    (void)state;
    assert_false(result->same);
    assert_true(result->max_relative == 0);
    assert_null(result->first_different);
    assert_string_equal(result->undecided->name, "y");
    comparison_free(comparison);
    graph_free(graph);
}

static void inputs_of_one_name_belong_together_in_any_order(void **state)
{
    static const char net[] =
        "input: '%s' input: '%s' input_shape { dim: 1 dim: 6 } input_shape { dim: 1 dim: 6 }\n"
        "layer { name: 'sum' type: 'Eltwise' bottom: 'x' bottom: 'y' top: 'sum'\n"
        "  eltwise_param { coeff: 1 coeff: -2 } }\n";
    const char *const orders[2][2] = {{"x", "y"}, {"y", "x"}};
    struct error error = {""};
    struct comparison *comparison;
    struct graph *graphs[2];
    char text[512];

    (void)state;
    for (int i = 0; i < 2; i++) {
        snprintf(text, sizeof text, net, orders[i][0], orders[i][1]);
        if (net_load(text, NULL, &graphs[i], &error))
            fail_msg("%s", error.text);
    }
    comparison = compare(graphs[0], graphs[1]);
    assert_true(comparison_result(comparison)->same);
    comparison_free(comparison);
    graph_free(graphs[0]);
    graph_free(graphs[1]);
}

static void what_is_not_a_number_never_passes_for_equal(void **state)
{
    const float a[] = {1, NAN, INFINITY, 0}, b[] = {1, NAN, INFINITY, 0}, c[] = {1, 2, INFINITY, 0},
                d[] = {1, NAN, 5, 0}, zero[] = {0, 0, 0, 0}, low[] = {-INFINITY, -2},
                near[] = {-INFINITY, -3};

    (void)state;
    assert_true(difference_take(a, b, 4).max == 0);
    assert_true(isinf(difference_take(a, c, 4).max));
    assert_true(isinf(difference_take(a, d, 4).relative));
    assert_true(difference_take(zero, zero, 4).relative == 0);
    assert_true(isinf(difference_take(zero, c, 2).relative));
    assert_true(fabs(difference_take(c, (const float[]){1, 1}, 2).relative - 0.5) < 1e-12);
    assert_true(fabs(difference_take(low, near, 2).relative - 0.5) < 1e-12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_network_is_the_same_as_itself),
        cmocka_unit_test(values_of_other_names_are_found_by_their_numbers),
        cmocka_unit_test(the_first_layer_that_differs_is_named_with_a_cause),
        cmocka_unit_test(a_change_of_one_weight_is_found_where_it_is),
        cmocka_unit_test(networks_that_take_other_pictures_are_refused),
        cmocka_unit_test(an_input_that_makes_no_difference_may_be_missing),
        cmocka_unit_test(an_output_that_became_a_value_inside_is_marked),
        cmocka_unit_test(namesakes_whose_axes_stand_otherwise_are_no_pair),
        cmocka_unit_test(numbers_that_are_alike_by_chance_are_no_pair),
        cmocka_unit_test(one_box_more_or_less_is_a_difference),
        cmocka_unit_test(an_output_that_is_never_a_number_proves_nothing),
        cmocka_unit_test(inputs_of_one_name_belong_together_in_any_order),
        cmocka_unit_test(what_is_not_a_number_never_passes_for_equal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
