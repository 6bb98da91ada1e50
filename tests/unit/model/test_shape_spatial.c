/* The layers that resize planes or look for objects: the shapes they give, and what they refuse. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/buf.h"
#include "model/prior_box.h"
#include "model/shape.h"
#include "tests/lib/net.h"
#include "tests/lib/operator.h"

/* One layer called "x" with the top "a" under 2x6x5x7, and more inputs to choose from. */
static enum status load(const char *layer, struct graph **graph, struct error *error)
{
    char text[2048];

    snprintf(text, sizeof text,
             "input: 'data' input_shape { dim: 2 dim: 6 dim: 5 dim: 7 }\n"
             "input: 'like' input_shape { dim: 1 dim: 1 dim: 9 dim: 4 }\n"
             "input: 'rois' input_shape { dim: 3 dim: 5 }\n"
             "input: 'loc' input_shape { dim: 2 dim: 40 }\n"
             "input: 'loc3' input_shape { dim: 2 dim: 120 }\n"
             "input: 'conf' input_shape { dim: 2 dim: 30 }\n"
             "input: 'prior' input_shape { dim: 1 dim: 2 dim: 40 }\n"
             "layer { name: 'x' top: 'a' %s }",
             layer);
    return net_load(text, NULL, graph, error);
}

static void expect(const char *layer, const char *expected)
{
    struct error error = {""};
    struct graph *graph;
    char text[SHAPE_TEXT];

    if (load(layer, &graph, &error))
        fail_msg("%s: %s", layer, error.text);
    shape_text(&graph->values[graph_top(graph, "a")].shape, text);
    if (strcmp(text, expected) != 0)
        fail_msg("%s: %s instead of %s", layer, text, expected);
    graph_free(graph);
}

static void refuse(const char *layer, enum status expected, const char *message)
{
    struct error error = {""};
    struct graph *graph;
    enum status status = load(layer, &graph, &error);

    if (status != expected || !strstr(error.text, message))
        fail_msg("%s: %d, '%s' lacks '%s'", layer, status, error.text, message);
    assert_null(graph);
    assert_null(strchr(error.text, '\n'));
}

#define INTERP(parameters) "type: 'Interp' bottom: 'data' interp_param { " parameters " }"

static void interp_takes_its_size_where_its_layer_does(void **state)
{
    (void)state;
    expect(INTERP("height: 9 width: 11"), "2x6x9x11");
    expect(INTERP("zoom_factor: 8"), "2x6x33x49");
    expect(INTERP("shrink_factor: 2"), "2x6x3x4");
    expect(INTERP("shrink_factor: 2 zoom_factor: 3"), "2x6x7x10");
    expect(INTERP("pad_beg: 0 pad_end: -1 zoom_factor: 2"), "2x6x7x11");
    expect(INTERP("pad_beg: -1 pad_end: -3 height: 2 width: 2"), "2x6x2x2");
    /* One factor alone goes before the size, the size before both. */
    expect(INTERP("height: 9 width: 11 zoom_factor: 2"), "2x6x9x13");
    expect(INTERP("height: 9 width: 11 zoom_factor: 2 shrink_factor: 2"), "2x6x9x11");
    expect("type: 'Interp' bottom: 'data' bottom: 'like'", "2x6x9x4");
}

static void interp_without_sense_is_refused(void **state)
{
    (void)state;
    refuse(INTERP(""), STATUS_DATA, "Interp needs height and width, a factor or a second bottom");
    refuse(INTERP("height: 9"), STATUS_DATA, "Interp needs height and width");
    refuse(INTERP("height: 0 width: 3"), STATUS_DATA, "must be between 1 and");
    refuse(INTERP("zoom_factor: 0"), STATUS_DATA, "must be between 1 and");
    refuse(INTERP("pad_beg: 1 zoom_factor: 2"), STATUS_DATA, "must be between");
    refuse(INTERP("pad_beg: -2 pad_end: -3 zoom_factor: 2"), STATUS_DATA, "do not fit its input");
    refuse(INTERP("pad_beg: -2147483648 pad_end: -2147483648 zoom_factor: 2"), STATUS_DATA,
           "do not fit its input");
    refuse(INTERP("zoom_factor: 2147483647"), STATUS_DATA, "more than 2147483647 elements");
    refuse(INTERP("height: 2147483647 width: 2147483647"), STATUS_DATA,
           "more than 2147483647 elements");
    refuse("type: 'Interp' bottom: 'data' bottom: 'rois'", STATUS_DATA, "has no planes");
    refuse("type: 'Interp' bottom: 'data' bottom: 'like' interp_param { zoom_factor: 2 }",
           STATUS_UNSUPPORTED, "a size of its own and a second bottom");
    refuse("type: 'Interp' bottom: 'rois' interp_param { zoom_factor: 2 }", STATUS_DATA,
           "wants N x C x H x W");
}

static void upsampling_repeats_pixels(void **state)
{
    (void)state;
    expect("type: 'Upsample' bottom: 'data' upsample_param { scale: 2 }", "2x6x10x14");
    expect("type: 'Upsample' bottom: 'data'", "2x6x5x7");
    expect("type: 'NNUpsample' bottom: 'data'", "2x6x10x14");
    expect("type: 'NNUpsample' bottom: 'data' nn_upsample_param { resize: 3 }", "2x6x15x21");
    refuse("type: 'Upsample' bottom: 'data' bottom: 'like' upsample_param { scale: 2 }",
           STATUS_UNSUPPORTED, "Upsample with a mask");
    refuse("type: 'Upsample' bottom: 'data' upsample_param { scale: 0 }", STATUS_DATA,
           "must be between 1 and");
    refuse("type: 'Upsample' bottom: 'data' upsample_param { scale: 2147483647 }", STATUS_DATA,
           "more than 2147483647 elements");
    refuse("type: 'Resize' bottom: 'data'", STATUS_UNSUPPORTED, "darken the far border");
}

#define ROI(parameters)                                                                            \
    "type: 'ROIPooling' bottom: 'data' bottom: 'rois' roi_pooling_param { " parameters " }"

static void roi_pooling_gives_bins_per_region(void **state)
{
    (void)state;
    expect(ROI("pooled_h: 3 pooled_w: 2 spatial_scale: 0.0625"), "3x6x3x2");
    refuse(ROI("pooled_h: 3"), STATUS_DATA, "pooled_h or pooled_w is missing");
    refuse(ROI("pooled_h: 0 pooled_w: 1"), STATUS_DATA, "must be between 1 and");
    refuse(ROI("pooled_h: 65536 pooled_w: 65536"), STATUS_DATA, "more than 2147483647 elements");
    refuse("type: 'ROIPooling' bottom: 'data' bottom: 'like' "
           "roi_pooling_param { pooled_h: 3 pooled_w: 2 }",
           STATUS_DATA, "and R x 5 beside it");
}

#define PRIOR(parameters)                                                                          \
    "type: 'PriorBox' bottom: 'data' bottom: 'like' prior_box_param { " parameters " }"

static void prior_boxes_are_counted_as_their_layer_does(void **state)
{
    (void)state;
    expect(PRIOR("min_size: 30"), "1x2x140");
    expect(PRIOR("min_size: 30 max_size: 60"), "1x2x280");
    expect(PRIOR("min_size: 30 max_size: 60 aspect_ratio: 2 aspect_ratio: 3"), "1x2x840");
    expect(PRIOR("min_size: 30 max_size: 60 aspect_ratio: 2 flip: false"), "1x2x420");
    expect(PRIOR("min_size: 30 aspect_ratio: 1 aspect_ratio: 2 aspect_ratio: 0.5"), "1x2x420");
    expect(PRIOR("min_size: [ 30, 40 ] aspect_ratio: 2"), "1x2x840");
}

static void prior_boxes_without_sense_are_refused(void **state)
{
    (void)state;
    refuse(PRIOR(""), STATUS_DATA, "min_size is missing");
    refuse(PRIOR("min_size: 0"), STATUS_DATA, "must be positive");
    refuse(PRIOR("min_size: nan"), STATUS_DATA, "must be positive");
    refuse(PRIOR("min_size: 30 max_size: 20"), STATUS_DATA, "greater than min_size");
    refuse(PRIOR("min_size: 30 max_size: [ 40, 50 ]"), STATUS_DATA, "one max_size per min_size");
    refuse(PRIOR("min_size: 30 variance: [ 0.1, 0.1 ]"), STATUS_DATA, "no variance, one or four");
    refuse(PRIOR("min_size: 30 variance: -1"), STATUS_DATA, "must be positive");
    refuse(PRIOR("min_size: 30 img_size: 300 img_h: 300"), STATUS_DATA, "exclude each other");
    refuse(PRIOR("min_size: 30 img_h: 300"), STATUS_DATA, "must be positive");
    refuse(PRIOR("min_size: 30 step: 0"), STATUS_DATA, "must be positive");
    refuse("type: 'PriorBox' bottom: 'rois' bottom: 'like' prior_box_param { min_size: 30 }",
           STATUS_DATA, "two inputs of N x C x H x W");
}

static void lists_of_absurd_length_are_refused(void **state)
{
    struct error error = {""};
    struct graph *graph;
    struct buf text;

    (void)state;
    buf_init(&text, 1 << 21);
    assert_int_equal(buf_append_text(&text,
                                     "input: 'data' input_shape { dim: [ 1, 1, 2, 2 ] }\n"
                                     "layer { name: 'x' type: 'PriorBox' bottom: 'data' bottom: "
                                     "'data' top: 'a' prior_box_param { min_size: 1"),
                     STATUS_OK);
    for (int i = 0; i < 100000; i++)
        assert_int_equal(buf_append_text(&text, " aspect_ratio: 2"), STATUS_OK);
    assert_int_equal(buf_append_text(&text, " } }"), STATUS_OK);
    assert_int_equal(net_load(text.data, NULL, &graph, &error), STATUS_LIMIT);
    assert_non_null(strstr(error.text, "more than 256 of 'aspect_ratio'"));
    buf_free(&text);
}

#define DETECTION(bottoms, parameters)                                                             \
    "type: 'DetectionOutput' " bottoms " detection_output_param { " parameters " }"
#define DETECT(parameters)                                                                         \
    DETECTION("bottom: 'loc' bottom: 'conf' bottom: 'prior'", "num_classes: 3 " parameters)

static void detections_have_room_for_the_most_there_can_be(void **state)
{
    (void)state;
    expect(DETECT(""), "1x1x40x7");
    expect(DETECT("background_label_id: -1"), "1x1x60x7");
    expect(DETECT("nms_param { top_k: 4 }"), "1x1x16x7");
    expect(DETECT("nms_param { top_k: 400 } keep_top_k: 5"), "1x1x10x7");
    expect(DETECT("keep_top_k: 0"), "1x1x2x7");
    expect(DETECTION("bottom: 'loc3' bottom: 'conf' bottom: 'prior'",
                     "num_classes: 3 share_location: false"),
           "1x1x40x7");
    expect(DETECT("code_type: CENTER_SIZE save_output_param { label_map_file: 'labelmap' } "
                  "visualize: false"),
           "1x1x40x7");
}

static void detections_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    refuse(DETECTION("bottom: 'loc' bottom: 'conf' bottom: 'prior'", ""), STATUS_DATA,
           "num_classes is missing");
    refuse(DETECTION("bottom: 'loc' bottom: 'conf' bottom: 'prior'", "num_classes: 4"), STATUS_DATA,
           "do not fit 10 boxes of 4 classes");
    refuse(DETECT("share_location: false"), STATUS_DATA, "do not fit 10 boxes of 3 classes");
    refuse(DETECTION("bottom: 'loc' bottom: 'conf' bottom: 'rois'", "num_classes: 3"), STATUS_DATA,
           "and 1 x 2 x boxes");
    refuse(
        DETECTION("bottom: 'loc' bottom: 'conf' bottom: 'prior' bottom: 'data'", "num_classes: 3"),
        STATUS_UNSUPPORTED, "only the DetectionOutput of SSD");
    refuse(DETECT("nms_param { nms_threshold: -1 }"), STATUS_DATA, "must not be negative");
    refuse(DETECT("nms_param { eta: 0 }"), STATUS_DATA, "eta lie above 0");
    refuse(DETECT("nms_param { eta: 1.5 }"), STATUS_DATA, "eta lie above 0");
    refuse(DETECT("code_type: CENTRE"), STATUS_DATA, "'code_type' must be one of");
    refuse(DETECT("code_type: 0"), STATUS_DATA, "code_type must be CORNER");
    refuse(DETECT("visualize: true"), STATUS_UNSUPPORTED, "visualize is not supported");
    refuse(DETECT("objectness_score: 0.01"), STATUS_UNSUPPORTED, "is not a field of");
    refuse(DETECT("save_output_param { output_directory: 'd' label_map_file: 'l' "
                  "name_size_file: 'n' }"),
           STATUS_UNSUPPORTED, "remove save_output_param");
}

/* Parameters that no reader of prototxts lets through, but that a file of another format may hold:
 * sums and products of them must not come round to something that fits. */
static void rules_hold_without_a_careful_reader(void **state)
{
    static const int64_t points[] = {INT64_MIN, INT64_MAX};
    const struct operator_test cases[] = {
        {.kind = OPERATOR_RESHAPE, .parameters.reshape = {{1, {1}}, INT64_MAX, INT64_MAX}},
        {.kind = OPERATOR_RESHAPE, .parameters.reshape = {{1, {1}}, INT64_MIN, -1}},
        {.kind = OPERATOR_RESHAPE, .parameters.reshape = {{2, {-5, -84}}, 0, -1}},
        {.kind = OPERATOR_RESHAPE, .parameters.reshape = {{1, {420}}, 1, INT64_MAX}},
        {.kind = OPERATOR_TILE, .parameters.tile = {1, INT64_MAX}},
        {.kind = OPERATOR_TILE, .parameters.tile = {INT64_MIN, 1}},
        {.kind = OPERATOR_SLICE, .parameters.slice = {INT64_MIN, 0, NULL}},
        {.kind = OPERATOR_SLICE, .parameters.slice = {0, 2, points}},
        {.kind = OPERATOR_CROP, .parameters.crop = {2, 1, {INT64_MAX}}},
        {.kind = OPERATOR_CROP, .parameters.crop = {2, 1, {INT64_MIN}}},
        {.kind = OPERATOR_PERMUTE, .parameters.permute = {4, {0, 1, 2, 255}}},
        {.kind = OPERATOR_SHUFFLE_CHANNEL, .parameters.shuffle_channel = {-2}},
        {.kind = OPERATOR_ROI_POOLING, .parameters.roi_pooling = {-1, -1, 1}},
        {.kind = OPERATOR_RESIZE,
         .parameters.resize = {.scale = {1, 1}, .shrink = 1, .zoom = 1, .pad = INT64_MIN}},
        {.kind = OPERATOR_RESIZE,
         .parameters.resize = {.scale = {INT64_MAX, 1}, .shrink = 1, .zoom = INT32_MAX}},
        {.kind = OPERATOR_RESIZE, .parameters.resize = {.scale = {1, 1}, .shrink = 0, .zoom = 1}},
        {.kind = OPERATOR_RESIZE,
         .parameters.resize = {.size = {INT64_MIN, 1}, .scale = {1, 1}, .shrink = 1, .zoom = 1}},
        {.kind = OPERATOR_PRIOR_BOX,
         .parameters.prior_box = {.min_count = SIZE_MAX, .max_count = SIZE_MAX}},
        {.kind = OPERATOR_DETECTION_OUTPUT,
         .parameters.detection_output = {.classes = 3 + ((int64_t)1 << 62), .keep_top_k = 1}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct operator_test test = cases[i];
        uint64_t random = 1;
        test.input_count = operator_info(test.kind)->input_min;
        for (uint32_t j = 0; j < test.input_count; j++)
            test.shapes[j] = (struct shape){4, {2, 6, 5, 7}};
        if (test.kind == OPERATOR_DETECTION_OUTPUT) {
            test.shapes[0] = (struct shape){2, {1, 48}}; /* 4 boxes of 3 classes */
            test.shapes[1] = (struct shape){2, {1, 12}};
            test.shapes[2] = (struct shape){3, {1, 2, 16}};
        }
        if (operator_open(&test, &random, false))
            fail_msg("case %zu, %s, fits", i, operator_info(test.kind)->name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(interp_takes_its_size_where_its_layer_does),
        cmocka_unit_test(interp_without_sense_is_refused),
        cmocka_unit_test(upsampling_repeats_pixels),
        cmocka_unit_test(roi_pooling_gives_bins_per_region),
        cmocka_unit_test(prior_boxes_are_counted_as_their_layer_does),
        cmocka_unit_test(prior_boxes_without_sense_are_refused),
        cmocka_unit_test(lists_of_absurd_length_are_refused),
        cmocka_unit_test(detections_have_room_for_the_most_there_can_be),
        cmocka_unit_test(detections_that_do_not_fit_are_refused),
        cmocka_unit_test(rules_hold_without_a_careful_reader),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
