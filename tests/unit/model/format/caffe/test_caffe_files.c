/* What stands in the files that the Caffe writer makes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/lib/conversion_fixture.h"
#include "tests/lib/graph_fixture.h"

enum { TEXT_SIZE = 4096 };

static void read_text(const char *path, char text[TEXT_SIZE])
{
    FILE *file = fopen(path, "r");

    assert_non_null(file);
    text[fread(text, 1, TEXT_SIZE - 1, file)] = '\0';
    fclose(file);
}

static void expect_text(const char *path, const char *expected)
{
    char text[TEXT_SIZE];

    read_text(path, text);
    assert_string_equal(text, expected);
}

static struct graph *small_net(void)
{
    struct maker maker = maker_create(5);
    uint32_t value = maker_input(&maker, (struct shape){4, {1, 2, 4, 4}});
    union parameters p = {
        .convolution = {.window = {.kernel = {3, 2}, .stride = {2, 2}, .dilation = {1, 1}},
                        .outputs = 2,
                        .group = 1,
                        .bias = true}};

    value = maker_add(&maker, OPERATOR_CONVOLUTION, &p, &value, 1, 1)->outputs[0];
    p = (union parameters){
        .pooling = {.window = {.kernel = {1, 1}, .stride = {1, 1}, .dilation = {1, 1}},
                    .method = POOLING_AVERAGE}};
    value = maker_add(&maker, OPERATOR_POOLING, &p, &value, 1, 1)->outputs[0];
    p = (union parameters){.clip = {-INFINITY, 0.1F}};
    value = maker_add(&maker, OPERATOR_CLIP, &p, &value, 1, 1)->outputs[0];
    maker_add(&maker, OPERATOR_SOFTMAX, &(union parameters){.softmax = {1, false}}, &value, 1, 1);
    return maker.graph;
}

static void the_prototxt_says_what_is_no_default(void **state)
{
    struct graph *graph = small_net();

    (void)state;
    graph_free(conversion_through_caffe(graph));
    expect_text(conversion_prototxt(),
                "# Layer types that BVLC Caffe 1.0 does not have: Clip\n"
                "# Pooling's round_mode is newer than BVLC Caffe 1.0; forks say ceil_mode: false\n"
                "name: \"net\"\n"
                "layer {\n"
                "  name: \"in0\"\n"
                "  type: \"Input\"\n"
                "  top: \"in0\"\n"
                "  input_param {\n"
                "    shape {\n"
                "      dim: 1\n"
                "      dim: 2\n"
                "      dim: 4\n"
                "      dim: 4\n"
                "    }\n"
                "  }\n"
                "}\n"
                "layer {\n"
                "  name: \"Convolution1_0\"\n"
                "  type: \"Convolution\"\n"
                "  bottom: \"in0\"\n"
                "  top: \"Convolution1_0\"\n"
                "  convolution_param {\n"
                "    num_output: 2\n"
                "    kernel_h: 3\n"
                "    kernel_w: 2\n"
                "    stride: 2\n"
                "  }\n"
                "}\n"
                "layer {\n"
                "  name: \"Pooling2_0\"\n"
                "  type: \"Pooling\"\n"
                "  bottom: \"Convolution1_0\"\n"
                "  top: \"Pooling2_0\"\n"
                "  pooling_param {\n"
                "    pool: AVE\n"
                "    kernel_size: 1\n"
                "    round_mode: FLOOR\n"
                "  }\n"
                "}\n"
                "layer {\n"
                "  name: \"Clip3_0\"\n"
                "  type: \"Clip\"\n"
                "  bottom: \"Pooling2_0\"\n"
                "  top: \"Clip3_0\"\n"
                "  clip_param {\n"
                "    min: -inf\n"
                "    max: 0.1\n"
                "  }\n"
                "}\n"
                "layer {\n"
                "  name: \"Softmax4_0\"\n"
                "  type: \"Softmax\"\n"
                "  bottom: \"Clip3_0\"\n"
                "  top: \"Softmax4_0\"\n"
                "}\n");
    graph_free(graph);
}

/* OpenCV's importer takes 0.0001 for an alpha that is not there; Caffe's default is 1. */
static void lrn_says_its_defaults_too(void **state)
{
    struct maker maker = maker_create(5);
    uint32_t value = maker_image(&maker);
    union parameters p = {
        .lrn = {.local_size = 5, .alpha = 1, .beta = 0.75F, .k = 1, .region = LRN_ACROSS_CHANNELS}};
    char text[TEXT_SIZE];

    (void)state;
    maker_add(&maker, OPERATOR_LRN, &p, &value, 1, 1);
    graph_free(conversion_through_caffe(maker.graph));
    read_text(conversion_prototxt(), text);
    assert_non_null(strstr(text, "    local_size: 5\n    alpha: 1\n    beta: 0.75\n  }\n"));
    graph_free(maker.graph);
}

static void a_written_caffemodel_cut_at_any_byte_is_refused(void **state)
{
    struct maker maker = maker_create(5);
    struct error error = {""};
    struct graph *back;
    char spec[200];
    long size;

    (void)state;
    /* The last layer has weights, so that no cut can go unnoticed. */
    maker_add_to_image(
        &maker, OPERATOR_CONVOLUTION,
        &(union parameters){
            .convolution = {.window = {.kernel = {2, 2}, .stride = {1, 1}, .dilation = {1, 1}},
                            .outputs = 4,
                            .group = 4}});
    graph_free(conversion_through_caffe(maker.graph));
    graph_free(maker.graph);
    snprintf(spec, sizeof spec, "%s,%s", conversion_prototxt(), conversion_caffemodel());
    FILE *file = fopen(conversion_caffemodel(), "r");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    size = ftell(file);
    fclose(file);
    assert_true(size > 100);
    while (size-- > 0) {
        assert_int_equal(truncate(conversion_caffemodel(), size), 0);
        assert_int_not_equal(model_load(spec, NULL, &back, &error), STATUS_OK);
        assert_null(back);
        assert_non_null(strstr(error.text, conversion_stem()));
    }
}

/* Every layer name and top may be any text. */
static void any_name_comes_back(void **state)
{
    static const char *const names[] = {
        "a \"quoted\" \\ name", "tab\tand\nline", "caf\xc3\xa9 \xff", "'", "a/b:0", "\x01\x7f"};
    struct error error = {""};

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct maker maker = maker_create(i);
        uint32_t input = maker_image(&maker);
        struct node *node;
        assert_int_equal(graph_append(maker.graph, operator_info(OPERATOR_RELU), names[i], &input,
                                      1, &names[i], 1, 0, &node, &error),
                         STATUS_OK);
        struct graph *back = conversion_through_caffe(maker.graph);
        assert_string_equal(back->nodes[1].name, names[i]);
        assert_string_equal(back->values[1].name, names[i]);
        graph_free(back);
        graph_free(maker.graph);
        conversion_clean(NULL);
    }
}

static void floats_keep_their_bits(void **state)
{
    struct maker maker = maker_create(3);

    (void)state;
    for (int i = 0; i < 80; i++) {
        uint32_t bits = (uint32_t)maker_below(&maker, 0xff000000u);
        union parameters p = {.threshold = {0}};
        memcpy(&p.threshold.threshold, &bits, sizeof bits);
        if (isnan(p.threshold.threshold))
            p.threshold.threshold = 0x1p-149F;
        maker_add_to_image(&maker, OPERATOR_THRESHOLD, &p);
    }
    struct graph *back = conversion_through_caffe(maker.graph);
    for (size_t i = 0; i < back->node_count; i++)
        assert_memory_equal(&back->nodes[i].parameters.threshold,
                            &maker.graph->nodes[i].parameters.threshold,
                            sizeof(struct threshold_parameters));
    graph_free(back);
    graph_free(maker.graph);
}

static void early_values_of_one_top_get_names_of_their_own(void **state)
{
    struct maker maker = maker_create(3);
    const char *top = "x";
    struct error error = {""};
    struct node *node;

    (void)state;
    maker_image(&maker);
    for (int i = 0; i < 3; i++)
        assert_int_equal(graph_add(maker.graph, operator_info(OPERATOR_RELU), i ? "again" : "x",
                                   i ? &top : &(const char *){"in0"}, 1, &top, 1, 0, &node, &error),
                         STATUS_OK);
    struct graph *back = conversion_through_caffe(maker.graph);
    assert_int_equal(graph_top(back, "x"), 3);
    assert_string_equal(back->values[1].name, "x/ReLU");
    assert_string_equal(back->values[2].name, "again");
    assert_string_equal(back->nodes[3].name, "again_1");
    graph_free(back);
    graph_free(maker.graph);
}

static void names_of_added_layers_avoid_those_that_are_there(void **state)
{
    static const char *const taken[] = {"Pad2_0/Slice", "Pad2_0/Padded", "Pad2_0/Rest"};
    struct maker maker = maker_create(3);
    uint32_t input = maker_image(&maker);
    union parameters p = {.pad = {.dims = 4, .end = {0, 0, 1, 1}}};
    struct error error = {""};
    struct node *node;

    (void)state;
    maker.made++;
    maker_add(&maker, OPERATOR_PAD, &p, &input, 1, 1);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(graph_append(maker.graph, operator_info(OPERATOR_RELU), taken[i], &input,
                                      1, &taken[i], 1, 0, &node, &error),
                         STATUS_OK);
    struct graph *back = conversion_through_caffe(maker.graph);
    for (size_t i = 0; i < 3; i++)
        assert_string_equal(back->nodes[back->values[graph_top(back, taken[i])].producer].op->name,
                            "ReLU");
    graph_free(back);
    graph_free(maker.graph);
}

static void files_that_are_there_stay_as_they_are(void **state)
{
    static const struct model_write_options options = {.format = MODEL_CAFFE};
    const char *paths[] = {conversion_prototxt(), conversion_caffemodel()};
    struct graph *graph = small_net();
    struct error error = {""};

    (void)state;
    assert_int_equal(graph_finish(graph, &error), STATUS_OK);
    for (size_t i = 0; i < 2; i++) {
        FILE *file = fopen(paths[i], "w");
        assert_non_null(file);
        fputs("mine", file);
        fclose(file);
        assert_int_equal(model_write(graph, &options, conversion_stem(), &error), STATUS_IO);
        expect_text(paths[i], "mine");
        assert_int_not_equal(access(paths[!i], F_OK), 0);
        unlink(paths[i]);
    }
    graph_free(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(the_prototxt_says_what_is_no_default, conversion_clean),
        cmocka_unit_test_teardown(lrn_says_its_defaults_too, conversion_clean),
        cmocka_unit_test_teardown(a_written_caffemodel_cut_at_any_byte_is_refused,
                                  conversion_clean),
        cmocka_unit_test_teardown(any_name_comes_back, conversion_clean),
        cmocka_unit_test_teardown(floats_keep_their_bits, conversion_clean),
        cmocka_unit_test_teardown(early_values_of_one_top_get_names_of_their_own, conversion_clean),
        cmocka_unit_test_teardown(names_of_added_layers_avoid_those_that_are_there,
                                  conversion_clean),
        cmocka_unit_test_teardown(files_that_are_there_stay_as_they_are, conversion_clean),
    };
    return cmocka_run_group_tests(tests, conversion_setup, conversion_teardown);
}
