#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "model/graph.h"
#include "model/shape.h"
#include "tests/lib/net.h"

#define INPUT "input: 'data' input_shape { dim: 1 dim: 2 dim: 5 dim: 7 }\n"

static struct graph *load(const char *prototxt)
{
    struct error error = {""};
    struct graph *graph;

    if (net_load(prototxt, NULL, &graph, &error))
        fail_msg("%s", error.text);
    return graph;
}

static void refuse(const char *prototxt, const char *expected)
{
    struct error error = {""};
    struct graph *graph;

    assert_int_equal(net_load(prototxt, NULL, &graph, &error), STATUS_DATA);
    if (!strstr(error.text, expected))
        fail_msg("'%s' lacks '%s'", error.text, expected);
}

static void expect_shape(const struct graph *graph, const char *top, const char *expected)
{
    char text[SHAPE_TEXT];
    int64_t value = graph_top(graph, top);

    assert_true(value >= 0);
    assert_string_equal(shape_text(&graph->values[value].shape, text), expected);
}

static void layers_in_place_make_new_values_of_the_same_name(void **state)
{
    struct graph *graph = load(INPUT "layer { name: 'a' type: 'ReLU' bottom: 'data' top: 'x' }\n"
                                     "layer { name: 'b' type: 'ReLU' bottom: 'x' top: 'y' }\n"
                                     "layer { name: 'c' type: 'Dropout' bottom: 'x' top: 'x' }\n"
                                     "layer { name: 'd' type: 'ReLU' bottom: 'x' top: 'z' }\n");

    (void)state;
    assert_int_equal(graph->value_count, 5);
    assert_int_equal(graph->top_count, 4);
    assert_string_equal(graph->tops[1].name, "x");
    assert_int_equal(graph->nodes[graph->values[graph->tops[1].value].producer].op->kind,
                     OPERATOR_DROPOUT);
    assert_int_equal(graph->nodes[2].inputs[0], graph->nodes[1].outputs[0]);
    assert_int_equal(graph->nodes[4].inputs[0], graph->nodes[3].outputs[0]);
    assert_int_equal(graph->output_count, 2);
    assert_string_equal(graph->values[graph->outputs[0]].name, "y");
    assert_string_equal(graph->values[graph->outputs[1]].name, "z");
    graph_free(graph);
}

static void wrong_connections_are_named(void **state)
{
    (void)state;
    refuse(INPUT "layer { name: 'a' type: 'ReLU' bottom: 'nowhere' top: 'x' }",
           ":2: layer 'a': bottom 'nowhere' is made by no layer before it");
    refuse(INPUT "layer { name: 'a' type: 'ReLU' bottom: 'data' top: 'x' }\n"
                 "layer { name: 'b' type: 'ReLU' bottom: 'data' top: 'x' }",
           ":3: layer 'b': top 'x' is made by layer 'a' already");
    refuse(INPUT "layer { name: 's' type: 'Split' bottom: 'data' top: 'x' top: 'x' }",
           "layer 's': top 'x' is made by layer 's' already");
    refuse(INPUT "layer { name: 's' type: 'Split' bottom: 'data' top: 'data' top: 'data' }",
           "layer 's': top 'data' is made by layer 's' already");
    refuse(INPUT "layer { name: 'a' type: 'ReLU' bottom: 'data' bottom: 'data' top: 'x' }",
           "ReLU takes 1 to 1 bottoms and has 2");
    refuse("layer { name: 'a' type: 'ReLU' bottom: 'data' top: 'x' }", "no layer before it");
}

/* pooling_layer.cpp: rounds up, and drops a last window that would begin in the padding. */
static void pooled_extents_are_caffes(void **state)
{
    static const struct {
        int extent, kernel, stride, pad;
        const char *more;
        int expected;
    } cases[] = {
        {111, 3, 2, 0, "", 55},
        {112, 3, 2, 0, "", 56},
        {112, 3, 2, 0, "round_mode: FLOOR", 55},
        {112, 3, 2, 0, "ceil_mode: false", 55},
        {4, 2, 2, 1, "", 3},
        {5, 2, 2, 1, "", 3},
        {3, 2, 2, 1, "", 2},
        {5, 1, 3, 0, "", 3},
        {7, 3, 2, 1, "", 4},
        {1, 3, 2, 2, "", 2},
        {5, 5, 1, 0, "", 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[512], expected[SHAPE_TEXT];
        snprintf(text, sizeof text,
                 "input: 'd' input_shape { dim: 1 dim: 1 dim: %d dim: %d }\n"
                 "layer { name: 'p' type: 'Pooling' bottom: 'd' top: 'p' pooling_param {\n"
                 "kernel_size: %d stride: %d pad: %d %s } }",
                 cases[i].extent, cases[i].extent, cases[i].kernel, cases[i].stride, cases[i].pad,
                 cases[i].more);
        snprintf(expected, sizeof expected, "1x1x%dx%d", cases[i].expected, cases[i].expected);
        struct graph *graph = load(text);
        expect_shape(graph, "p", expected);
        graph_free(graph);
    }
}

static void shapes_follow_their_layers(void **state)
{
    struct graph *graph = load(
        INPUT "layer { name: 's' type: 'Split' bottom: 'data' top: 's1' top: 's2' }\n"
              "layer { name: 'f' type: 'Flatten' bottom: 's1' top: 'f' }\n"
              "layer { name: 'g' type: 'Flatten' bottom: 's1' top: 'g'\n"
              "  flatten_param { axis: 1 end_axis: -2 } }\n"
              "layer { name: 'c' type: 'Concat' bottom: 's1' bottom: 's2' bottom: 'data' top: 'c' "
              "}\n"
              "layer { name: 'd' type: 'Concat' bottom: 's1' bottom: 's2' top: 'd'\n"
              "  concat_param { axis: -1 } }\n"
              "layer { name: 'p' type: 'Pooling' bottom: 'd' top: 'p'\n"
              "  pooling_param { global_pooling: true pool: AVE } }");

    (void)state;
    expect_shape(graph, "s2", "1x2x5x7");
    expect_shape(graph, "f", "1x70");
    expect_shape(graph, "g", "1x10x7");
    expect_shape(graph, "c", "1x6x5x7");
    expect_shape(graph, "d", "1x2x5x14");
    expect_shape(graph, "p", "1x2x1x1");
    graph_free(graph);
}

static void a_batch_replaces_the_first_dimension(void **state)
{
    struct graph *graph = load(INPUT "layer { name: 'f' type: 'Flatten' bottom: 'data' top: 'f' }");
    struct shape shapes[2];
    struct error error = {""};

    (void)state;
    assert_int_equal(graph_infer(graph, 16, shapes, &error), STATUS_OK);
    assert_int_equal(shapes[1].dim[0], 16);
    assert_int_equal(graph->values[1].shape.dim[0], 1);
    assert_int_equal(graph_infer(graph, INT32_MAX, shapes, &error), STATUS_LIMIT);
    assert_non_null(strstr(error.text, "a batch of 2147483647 is too large"));
    graph_free(graph);
}

static void inputs_that_do_not_fit_each_other_are_refused(void **state)
{
    (void)state;
    refuse(INPUT "layer { name: 'p' type: 'Pooling' bottom: 'data' top: 'p'\n"
                 "  pooling_param { kernel_size: 2 } }\n"
                 "layer { name: 'e' type: 'Eltwise' bottom: 'data' bottom: 'p' top: 'e' }",
           "layer 'e': inputs are 1x2x5x7 and 1x2x4x6, but must be alike");
    refuse(INPUT "layer { name: 'p' type: 'Pooling' bottom: 'data' top: 'p'\n"
                 "  pooling_param { kernel_size: 2 } }\n"
                 "layer { name: 'c' type: 'Concat' bottom: 'data' bottom: 'p' top: 'c' }",
           "layer 'c': input 1 is 1x2x4x6 and does not fit 1x2x5x7");
    refuse(INPUT "layer { name: 's' type: 'Softmax' bottom: 'data' top: 's'\n"
                 "  softmax_param { axis: 4 } }",
           "layer 's': `axis` lies outside its input");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layers_in_place_make_new_values_of_the_same_name),
        cmocka_unit_test(wrong_connections_are_named),
        cmocka_unit_test(pooled_extents_are_caffes),
        cmocka_unit_test(shapes_follow_their_layers),
        cmocka_unit_test(a_batch_replaces_the_first_dimension),
        cmocka_unit_test(inputs_that_do_not_fit_each_other_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
