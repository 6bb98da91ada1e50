/* The layers that move values: the shapes they give, and what they refuse. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/buf.h"
#include "model/shape.h"
#include "tests/lib/net.h"

/* One layer called "x" under an input of 2x6x5x7, with one of 2x6x3x4 beside it. */
static enum status load(const char *layer, struct graph **graph, struct error *error)
{
    char text[1024];

    snprintf(text, sizeof text,
             "input: 'data' input_shape { dim: 2 dim: 6 dim: 5 dim: 7 }\n"
             "input: 'like' input_shape { dim: 2 dim: 6 dim: 3 dim: 4 }\n"
             "layer { name: 'x' bottom: 'data' %s }",
             layer);
    return net_load(text, NULL, graph, error);
}

struct good {
    const char *layer, *shape; /* of the last output */
};

static void expect(const struct good *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct error error = {""};
        struct graph *graph;
        char text[SHAPE_TEXT];

        if (load(cases[i].layer, &graph, &error))
            fail_msg("%s: %s", cases[i].layer, error.text);
        shape_text(&graph->values[graph->value_count - 1].shape, text);
        if (strcmp(text, cases[i].shape) != 0)
            fail_msg("%s: %s instead of %s", cases[i].layer, text, cases[i].shape);
        graph_free(graph);
    }
}

struct bad {
    const char *layer, *message;
};

static void refuse(const struct bad *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct error error = {""};
        struct graph *graph;
        enum status status = load(cases[i].layer, &graph, &error);

        if (status == STATUS_OK || !strstr(error.text, cases[i].message))
            fail_msg("%s: %d, '%s' lacks '%s'", cases[i].layer, status, error.text,
                     cases[i].message);
        assert_null(graph);
        assert_null(strchr(error.text, '\n'));
    }
}

#define COUNT(array) (sizeof(array) / sizeof *(array))

#define SLICE(parameters) "type: 'Slice' top: 'a' top: 'b' top: 'c' slice_param { " parameters " }"

static void slice_cuts_at_its_points_or_into_equal_parts(void **state)
{
    static const struct good good[] = {
        {SLICE(""), "2x2x5x7"},
        {SLICE("slice_point: 1 slice_point: 4"), "2x2x5x7"},
        {SLICE("axis: -1 slice_point: [ 1, 2 ]"), "2x6x5x5"},
        {SLICE("slice_dim: 2 slice_point: [ 1, 2 ]"), "2x6x3x7"},
        {"type: 'Slice' top: 'a'", "2x6x5x7"},
    };
    static const struct bad bad[] = {
        {SLICE("axis: 4"), "`axis` lies outside its input (its input is 2x6x5x7)"},
        {SLICE("axis: -5"), "`axis` lies outside"},
        {SLICE("axis: 2"), "0 slice points do not cut 5 into 3 parts"},
        {SLICE("axis: 0"), "0 slice points do not cut 2 into 3 parts"},
        {SLICE("slice_point: [ 3, 3 ]"), "the slice points must increase"},
        {SLICE("slice_point: [ 4, 2 ]"), "the slice points must increase"},
        {SLICE("slice_point: [ 0, 2 ]"), "the slice points must increase"},
        {SLICE("slice_point: [ 2, 6 ]"), "the slice points must increase"},
        {SLICE("slice_point: [ 2, 4294967295 ]"), "the slice points must increase"},
        {SLICE("slice_point: 2"), "one slice_point less than it has tops"},
        {SLICE("slice_point: [ 1, -1 ]"), "must be between 0 and"},
        {SLICE("axis: 1 slice_dim: 1"), "axis and slice_dim exclude each other"},
        {SLICE("points: 1"), "'points' is not a field of 'slice_param'"},
        {"type: 'Slice'", "Slice makes 1 to 1024 tops and has 0"},
    };

    (void)state;
    expect(good, COUNT(good));
    refuse(bad, COUNT(bad));
}

#define CROP(parameters) "bottom: 'like' type: 'Crop' top: 'a' crop_param { " parameters " }"

static void crop_cuts_to_the_second_input(void **state)
{
    static const struct good good[] = {
        {CROP(""), "2x6x3x4"},
        {CROP("offset: 2"), "2x6x3x4"},
        {CROP("offset: 2 offset: 3"), "2x6x3x4"},
        {CROP("axis: 3 offset: 3"), "2x6x5x4"},
        {CROP("axis: -1"), "2x6x5x4"},
        {CROP("axis: 0 offset: [ 0, 0, 1, 1 ]"), "2x6x3x4"},
    };
    static const struct bad bad[] = {
        {CROP("axis: 4"), "`axis` lies outside its input"},
        {CROP("offset: 3"), "2x6x3x4 cut from offset 3 of axis 2 does not lie inside 2x6x5x7"},
        {CROP("offset: [ 0, 4 ]"), "cut from offset 4 of axis 3"},
        {CROP("offset: 4294967295"), "cut from offset 4294967295 of axis 2"},
        {CROP("axis: 1 offset: 1"), "cut from offset 1 of axis 1"},
        {CROP("offset: [ 1, 1, 1 ]"), "one offset, or one per axis"},
        {CROP("offset: [ 1, 1, 1, 1, 1, 1, 1, 1, 1 ]"), "one offset, or one per axis"},
        {CROP("offset: -1"), "must be between 0 and"},
        {"type: 'Crop' top: 'a'", "Crop takes 2 to 2 bottoms and has 1"},
    };

    (void)state;
    expect(good, COUNT(good));
    refuse(bad, COUNT(bad));
}

#define RESHAPE(parameters) "type: 'Reshape' top: 'a' reshape_param { " parameters " }"

static void reshape_copies_axes_and_fills_the_hole(void **state)
{
    static const struct good good[] = {
        {RESHAPE("shape { dim: 0 dim: -1 }"), "2x210"},
        {RESHAPE("shape { dim: 0 dim: 3 dim: 10 dim: 0 }"), "2x3x10x7"},
        {RESHAPE("shape { dim: 3 dim: -1 dim: 35 } axis: 1 num_axes: 3"), "2x3x2x35"},
        {RESHAPE("shape { dim: 1 dim: 5 } axis: 2 num_axes: 1"), "2x6x1x5x7"},
        {RESHAPE("shape { dim: 1 dim: 1 } axis: -1"), "2x6x5x7x1x1"},
        {RESHAPE("shape { dim: 1 } axis: 0 num_axes: 0"), "1x2x6x5x7"},
        {RESHAPE("shape { dim: -1 }"), "420"},
        {RESHAPE("shape { dim: 0 dim: 0 dim: 0 dim: 0 }"), "2x6x5x7"},
        {RESHAPE("shape { dim: 30 } axis: 1 num_axes: 2"), "2x30x7"},
        {RESHAPE("shape { } axis: 4"), "2x6x5x7"},
    };
    static const struct bad bad[] = {
        {RESHAPE("shape { dim: -1 dim: -1 }"), "one -1 at most"},
        {RESHAPE("shape { dim: 421 dim: -1 }"), "does not hold the elements of 2x6x5x7"},
        {RESHAPE("shape { dim: 8 dim: -1 }"), "does not hold the elements of 2x6x5x7"},
        {RESHAPE("shape { dim: 2 dim: 5 }"), "2x5 (from `shape`) does not hold"},
        {RESHAPE("shape { dim: 65536 dim: 65536 dim: 65536 dim: 65536 }"), "does not hold"},
        {RESHAPE("shape { dim: 2147483647 dim: 2147483647 dim: 2147483647 dim: -1 }"),
         "does not hold"},
        {RESHAPE("shape { dim: 2 dim: 6 dim: 5 dim: 7 dim: 0 }"), "an axis that its input lacks"},
        {RESHAPE("shape { dim: -2 }"), "must be between -1 and"},
        {RESHAPE("shape { dim: 1 } axis: 5"), "`axis` and `num_axes` lie outside"},
        {RESHAPE("shape { dim: 1 } axis: -6"), "`axis` and `num_axes` lie outside"},
        {RESHAPE("shape { dim: 1 } axis: 3 num_axes: 2"), "`axis` and `num_axes` lie outside"},
        {RESHAPE("shape { dim: [ 1, 1, 1, 1, 1 ] } axis: 0 num_axes: 0"), "more than 8 axes"},
        {RESHAPE("shape { dim: [ 1, 1, 1, 1, 1, 1, 1, 1, 420 ] }"), "more than 8 dimensions"},
        {RESHAPE("shape { dims: 420 }"), "'dims' is not a field of 'shape'"},
        {RESHAPE(""), "does not hold the elements"},
    };

    (void)state;
    expect(good, COUNT(good));
    refuse(bad, COUNT(bad));
}

#define PERMUTE(parameters) "type: 'Permute' top: 'a' permute_param { " parameters " }"

static void permute_goes_on_with_the_axes_it_does_not_name(void **state)
{
    static const struct good good[] = {
        {PERMUTE("order: 0 order: 2 order: 3 order: 1"), "2x5x7x6"},
        {PERMUTE("order: [ 3 ]"), "7x2x6x5"},
        {PERMUTE("order: [ 1, 0 ]"), "6x2x5x7"},
        {PERMUTE(""), "2x6x5x7"},
    };
    static const struct bad bad[] = {
        {PERMUTE("order: 0 order: 0"), "`order` must name each axis of its input once"},
        {PERMUTE("order: 4"), "`order` must name each axis of its input once"},
        {PERMUTE("order: [ 0, 1, 2, 3, 4 ]"), "`order` names more axes than its input has"},
        {PERMUTE("order: [ 0, 1, 2, 3, 4, 5, 6, 7, 0 ]"), "more axes than a tensor can have"},
        {PERMUTE("order: -1"), "must be between 0 and 7"},
        {PERMUTE("order: 8"), "must be between 0 and 7"},
    };

    (void)state;
    expect(good, COUNT(good));
    refuse(bad, COUNT(bad));
}

static void a_finished_graph_names_every_axis_of_permute(void **state)
{
    struct error error = {""};
    struct graph *graph;
    const struct permute_parameters *p;

    (void)state;
    assert_int_equal(load(PERMUTE("order: 2"), &graph, &error), STATUS_OK);
    p = &graph->nodes[graph->node_count - 1].parameters.permute;
    assert_int_equal(p->dims, 4);
    assert_memory_equal(p->order, ((const uint8_t[]){2, 0, 1, 3}), 4);
    graph_free(graph);
}

static void tiles_and_groups_fit_their_input(void **state)
{
    static const struct good good[] = {
        {"type: 'Tile' top: 'a' tile_param { tiles: 3 }", "2x18x5x7"},
        {"type: 'Tile' top: 'a' tile_param { tiles: 2 axis: -1 }", "2x6x5x14"},
        {"type: 'ShuffleChannel' top: 'a' shuffle_channel_param { group: 3 }", "2x6x5x7"},
        {"type: 'ShuffleChannel' top: 'a'", "2x6x5x7"},
    };
    static const struct bad bad[] = {
        {"type: 'Tile' top: 'a'", "tiles is missing"},
        {"type: 'Tile' top: 'a' tile_param { tiles: 0 }", "must be between 1 and"},
        {"type: 'Tile' top: 'a' tile_param { tiles: 2 axis: 4 }", "`axis` lies outside"},
        {"type: 'Tile' top: 'a' tile_param { tiles: 2147483647 }", "more than 2147483647 elements"},
        {"type: 'ShuffleChannel' top: 'a' shuffle_channel_param { group: 4 }",
         "`group` does not divide its channels"},
        {"type: 'ShuffleChannel' top: 'a' shuffle_channel_param { group: 0 }",
         "must be between 1 and"},
    };

    (void)state;
    expect(good, COUNT(good));
    refuse(bad, COUNT(bad));
}

static void silence_takes_what_is_no_result(void **state)
{
    struct error error = {""};
    struct graph *graph;

    (void)state;
    if (net_load("input: 'data' input_shape { dim: 2 dim: 6 }\n"
                 "layer { name: 's' type: 'Slice' bottom: 'data' top: 'a' top: 'b' }\n"
                 "layer { name: 'q' type: 'Silence' bottom: 'a' }",
                 NULL, &graph, &error))
        fail_msg("%s", error.text);
    assert_int_equal(graph->output_count, 1);
    assert_string_equal(graph->values[graph->outputs[0]].name, "b");
    graph_free(graph);
    assert_int_not_equal(load("type: 'Silence' top: 'a'", &graph, &error), STATUS_OK);
    assert_non_null(strstr(error.text, "Silence makes 0 to 0 tops and has 1"));
}

/* A list longer than any Slice can have is refused before anything is stored for it. */
static void lists_of_absurd_length_are_refused(void **state)
{
    static const char *const layers[] = {
        "type: 'Slice' top: 'a' slice_param { slice_point",
        "type: 'Crop' bottom: 'like' top: 'a' crop_param { offset",
        "type: 'Permute' top: 'a' permute_param { order",
        "type: 'Reshape' top: 'a' reshape_param { shape { dim",
    };
    static const char *const messages[] = {"one slice_point less", "one offset, or one per axis",
                                           "more axes than a tensor", "more than 8 dimensions"};

    (void)state;
    for (size_t i = 0; i < COUNT(layers); i++) {
        struct error error = {""};
        struct graph *graph;
        struct buf text;
        buf_init(&text, 1 << 20);
        assert_int_equal(buf_printf(&text,
                                    "input: 'data' input_shape { dim: 2 dim: 6 dim: 5 dim: 7 }\n"
                                    "input: 'like' input_shape { dim: 2 dim: 6 dim: 5 dim: 7 }\n"
                                    "layer { name: 'x' bottom: 'data' %s: [ 0",
                                    layers[i]),
                         STATUS_OK);
        for (int number = 0; number < 100000; number++)
            assert_int_equal(buf_append_text(&text, ", 1"), STATUS_OK);
        assert_int_equal(buf_append_text(&text, i == 3 ? " ] } } }" : " ] } }"), STATUS_OK);
        assert_int_not_equal(net_load(text.data, NULL, &graph, &error), STATUS_OK);
        assert_non_null(strstr(error.text, messages[i]));
        assert_null(graph);
        buf_free(&text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slice_cuts_at_its_points_or_into_equal_parts),
        cmocka_unit_test(crop_cuts_to_the_second_input),
        cmocka_unit_test(reshape_copies_axes_and_fills_the_hole),
        cmocka_unit_test(permute_goes_on_with_the_axes_it_does_not_name),
        cmocka_unit_test(a_finished_graph_names_every_axis_of_permute),
        cmocka_unit_test(tiles_and_groups_fit_their_input),
        cmocka_unit_test(silence_takes_what_is_no_result),
        cmocka_unit_test(lists_of_absurd_length_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
