/* Frozen graphs that are damaged, lie, or hold what cannot be read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/shape.h"
#include "tests/lib/graphdef_draft.h"

static const struct shape picture = {4, {1, 4, 4, 2}}, scalar = {0, {0}};

static void begin(struct draft *draft)
{
    draft_init(draft);
    draft_input(draft, "x", &picture);
}

/* Loads, expects an error whose line holds `text`, and frees the draft. */
static void refuse(struct draft *draft, enum status expected, const char *text)
{
    struct error error = {""};
    struct buf bytes = draft_bytes(draft);
    struct graph *graph;
    enum status status = draft_load_bytes(&bytes, NULL, &graph, &error);

    if (status != expected || !strstr(error.text, text))
        fail_msg("status %d, '%s' instead of %d, '%s'", status, error.text, expected, text);
    assert_null(graph);
    assert_null(strchr(error.text, '\n'));
    draft_free(draft);
}

/* A small net with most kinds of attributes and constants. */
static void make_net(struct draft *draft)
{
    static const float numbers[36] = {1, 2, 3};
    struct wire_message tensor;

    begin(draft);
    draft_floats(draft, "w", &(struct shape){4, {3, 3, 2, 2}}, numbers);
    draft_node(draft, "c", "Conv2D", "x w");
    draft_ints(draft, "strides", 4, (int64_t[]){1, 1, 1, 1});
    draft_text(draft, "padding", "SAME");
    draft_begin_tensor(&tensor, TF_TYPE_FLOAT, &(struct shape){1, {2}});
    wire_put_float(&tensor, TF_TENSOR_FLOAT, 0.5F);
    draft_node(draft, "b", "Const", "");
    draft_tensor(draft, "value", &tensor);
    draft_node(draft, "d", "BiasAdd", "c b ^w");
    draft_numbers(draft, "axes", 2, (int64_t[]){1, 2});
    draft_node(draft, "m", "Mean", "d:0 axes");
    draft_bool(draft, "keep_dims", false);
    draft_node(draft, "y", "Softmax", "m");
}

static void a_graph_cut_at_any_byte_is_refused_or_whole(void **state)
{
    struct draft draft;
    size_t whole = 0;

    (void)state;
    make_net(&draft);
    struct buf bytes = draft_bytes(&draft);
    for (size_t size = 0; size <= bytes.size; size++) {
        struct buf cut = {.data = bytes.data, .size = size};
        struct error error = {""};
        struct graph *graph;
        enum status status = draft_load_bytes(&cut, NULL, &graph, &error);
        assert_int_equal(status == STATUS_OK, graph != NULL);
        assert_true(!status || error.text[0]);
        whole += !status;
        graph_free(graph);
    }
    assert_int_equal(whole, 6); /* behind the convolution and each node after it */
    draft_free(&draft);
}

static void any_flipped_byte_gives_a_graph_or_an_error(void **state)
{
    struct draft draft;

    (void)state;
    make_net(&draft);
    struct buf bytes = draft_bytes(&draft);
    for (size_t i = 0; i < bytes.size; i++) {
        for (int flip = 0; flip < 3; flip++) {
            static const char masks[] = {0x01, (char)0x80, (char)0xff};
            struct error error = {""};
            struct graph *graph;
            bytes.data[i] ^= masks[flip];
            enum status status = draft_load_bytes(&bytes, NULL, &graph, &error);
            bytes.data[i] ^= masks[flip];
            assert_int_equal(status == STATUS_OK, graph != NULL);
            graph_free(graph);
        }
    }
    draft_free(&draft);
}

/* ---- edges ---- */

static void edges_that_lead_nowhere_are_named(void **state)
{
    static const struct {
        const char *inputs, *answer;
    } cases[] = {
        {"nobody", "node 'y' (Relu): its input 'nobody' is made by no node"},
        {"^nobody x", "its input '^nobody' is made by no node"},
        {"^x x", "its input 'x' stands behind a control input"},
        {"x:one", "is not NODE or NODE:OUTPUT"},
        {"x:", "is not NODE or NODE:OUTPUT"},
        {"x:1", "reads output 1 of 'x', which makes 1"},
        {"x x", "takes 1 to 1 inputs and has 2"},
        {"", "takes 1 to 1 inputs and has 0"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct draft draft;
        begin(&draft);
        draft_node(&draft, "y", "Relu", cases[i].inputs);
        refuse(&draft, STATUS_DATA, cases[i].answer);
    }
}

static void names_must_be_unique_and_orders_possible(void **state)
{
    struct draft draft;

    (void)state;
    begin(&draft);
    draft_node(&draft, "x", "Relu", "x");
    refuse(&draft, STATUS_DATA, "node 'x' (Relu): another node has the same name");
    begin(&draft);
    draft_node(&draft, "a", "Add", "x c");
    draft_node(&draft, "b", "Relu", "a");
    draft_node(&draft, "c", "Relu", "b");
    draft_node(&draft, "y", "Relu", "c");
    refuse(&draft, STATUS_DATA, "these nodes wait for each other: 'a' -> 'c' -> 'b' -> 'a'");
    begin(&draft);
    draft_node(&draft, "loop", "NextIteration", "add");
    draft_node(&draft, "merge", "Merge", "x loop");
    draft_node(&draft, "add", "Relu", "merge");
    draft_node(&draft, "y", "Relu", "add");
    refuse(&draft, STATUS_UNSUPPORTED, "holds a loop");
    begin(&draft);
    draft_node(&draft, "y", "", "x");
    refuse(&draft, STATUS_DATA, "the op of a node is not a text");
}

/* ---- tensors ---- */

static void use_constant(struct draft *draft, struct wire_message *tensor)
{
    begin(draft);
    draft_node(draft, "c", "Const", "");
    draft_tensor(draft, "value", tensor);
    draft_node(draft, "y", "Mul", "x c");
}

static void tensors_that_lie_are_refused(void **state)
{
    static const struct {
        struct shape shape;
        size_t content, given;
        const char *answer;
    } cases[] = {
        {{1, {2}}, 12, 0, "tensor_content has 12 bytes, but 2 of float32 needs 8"},
        {{1, {2}}, 7, 0, "tensor_content has 7 bytes"},
        {{1, {2}}, 0, 3, "the tensor holds 3 numbers, but its shape 2 takes 2"},
        {{3, {65536, 65536, 65536}}, 0, 1, "has more than 2147483647 elements"},
        {{1, {-1}}, 0, 1, "is negative"},
        {{1, {-7}}, 0, 1, "an extent that is negative"},
        {{2, {30000, 30000}}, 0, 2, "memory"},
    };
    static const float zeros[4];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct wire_message tensor;
        struct draft draft;
        struct error error = {""};
        struct graph *graph;
        draft_begin_tensor(&tensor, TF_TYPE_FLOAT, &cases[i].shape);
        if (cases[i].content)
            wire_put_bytes(&tensor, TF_TENSOR_CONTENT, zeros, cases[i].content);
        wire_put_floats(&tensor, TF_TENSOR_FLOAT, zeros, cases[i].given);
        use_constant(&draft, &tensor);
        struct buf bytes = draft_bytes(&draft);
        enum status status = draft_load_bytes(&bytes, NULL, &graph, &error);
        if (!status || (!strstr(error.text, cases[i].answer) && status != STATUS_LIMIT))
            fail_msg("case %zu: status %d, '%s' without '%s'", i, status, error.text,
                     cases[i].answer);
        draft_free(&draft);
    }
}

static void constants_of_every_type_are_read(void **state)
{
    static const unsigned char half[] = {0x00, 0x3e, 0x00, 0xc1}; /* 1.5, -2.5 */
    static const double wide[] = {1.5, -2.5};
    static const float narrow[] = {1.5F, -2.5F};

    (void)state;
    for (int form = 0; form < 6; form++) {
        static const struct shape pair = {1, {2}};
        static const enum tf_type types[] = {TF_TYPE_HALF,  TF_TYPE_HALF,  TF_TYPE_DOUBLE,
                                             TF_TYPE_FLOAT, TF_TYPE_FLOAT, TF_TYPE_BFLOAT16};
        struct wire_message tensor;
        struct draft draft;
        struct error error = {""};
        struct graph *graph;
        float numbers[2];
        draft_begin_tensor(&tensor, types[form], &pair);
        if (form == 0)
            wire_put_bytes(&tensor, TF_TENSOR_CONTENT, half, sizeof half);
        else if (form == 1)
            wire_put_ints(&tensor, TF_TENSOR_HALF, (int64_t[]){0x3e00, 0xc100}, 2);
        else if (form == 2)
            wire_put_bytes(&tensor, TF_TENSOR_CONTENT, wide, sizeof wide);
        else if (form == 3)
            wire_put_floats(&tensor, TF_TENSOR_FLOAT, narrow, 2);
        else if (form == 5)
            wire_put_ints(&tensor, TF_TENSOR_HALF, (int64_t[]){0x3fc0, 0xc020}, 2);
        for (int i = 0; i < 2 && form == 4; i++)
            wire_put_float(&tensor, TF_TENSOR_FLOAT, narrow[i]);
        use_constant(&draft, &tensor);
        struct buf bytes = draft_bytes(&draft);
        if (draft_load_bytes(&bytes, NULL, &graph, &error))
            fail_msg("form %d: %s", form, error.text);
        assert_int_equal(graph->nodes[1].weight_count, 1);
        weight_copy(&graph->nodes[1].weights[0], numbers);
        assert_memory_equal(numbers, narrow, sizeof narrow);
        graph_free(graph);
        draft_free(&draft);
    }
}

/* ---- ops ---- */

static void all_unknown_ops_on_the_way_are_named_and_no_others(void **state)
{
    struct draft draft;

    (void)state;
    begin(&draft);
    draft_node(&draft, "a", "Foo", "x");
    draft_node(&draft, "b", "Bar", "a");
    draft_node(&draft, "y", "Relu", "b");
    draft_node(&draft, "z", "Baz", "x");
    draft_node(&draft, "check", "Assert", "z");
    refuse(&draft, STATUS_UNSUPPORTED,
           "2 nodes of an op that is not supported: 'a' (Foo), 'b' (Bar)");
    begin(&draft);
    draft_node(&draft, "v", "VariableV2", "");
    draft_node(&draft, "y", "Mul", "x v");
    refuse(&draft, STATUS_UNSUPPORTED,
           "'v' (VariableV2); it holds variables: freeze the graph first");
    begin(&draft);
    draft_node(&draft, "j", "DecodeJpeg", "x");
    draft_node(&draft, "y", "Relu", "j");
    refuse(&draft, STATUS_UNSUPPORTED, "cut the graph behind the decoder");
    begin(&draft);
    draft_node(&draft, "y", "MirrorPad", "x x");
    refuse(&draft, STATUS_UNSUPPORTED, "reflected pixels");
}

static void what_only_training_needs_is_refused(void **state)
{
    static const float ones[2] = {1, 1};
    struct draft draft;

    (void)state;
    begin(&draft);
    draft_floats(&draft, "n", &(struct shape){1, {2}}, ones);
    draft_node(&draft, "y", "FusedBatchNorm", "x n n n n");
    refuse(&draft, STATUS_UNSUPPORTED, "is_training is true");
    begin(&draft);
    draft_node(&draft, "p", "Placeholder", "");
    draft_type(&draft, "dtype", TF_TYPE_BOOL);
    draft_node(&draft, "s", "Switch", "x p");
    draft_node(&draft, "m", "Merge", "s s:1");
    draft_node(&draft, "y", "Relu", "m");
    refuse(&draft, STATUS_UNSUPPORTED, "its condition is not known at inference");
}

static void a_graph_needs_an_input_and_an_output(void **state)
{
    static const float one[1] = {1};
    struct draft draft;

    (void)state;
    draft_init(&draft);
    draft_floats(&draft, "a", &scalar, one);
    draft_floats(&draft, "b", &scalar, one);
    refuse(&draft, STATUS_DATA, "has no output");
    draft_init(&draft);
    draft_floats(&draft, "a", &scalar, one);
    draft_node(&draft, "y", "Neg", "a");
    refuse(&draft, STATUS_DATA, "do not depend on any input");
}

/* ---- inputs ---- */

static void sizes_that_the_file_leaves_open_are_asked_for(void **state)
{
    static const struct shape open = {4, {-1, -1, -1, 2}}, given = {4, {1, 5, 6, 2}},
                              wrong = {4, {1, 5, 6, 3}};
    struct error error = {""};
    struct graph *graph;
    struct draft draft;

    (void)state;
    draft_init(&draft);
    draft_input(&draft, "x", &open);
    draft_node(&draft, "y", "Relu", "x");
    struct buf bytes = draft_bytes(&draft);
    assert_int_equal(draft_load_bytes(&bytes, NULL, &graph, &error), STATUS_DATA);
    assert_non_null(strstr(error.text, "give it with --input-shape"));
    assert_int_equal(draft_load_bytes(&bytes, &wrong, &graph, &error), STATUS_DATA);
    assert_non_null(strstr(error.text, "axis 3 of the input is 2, but --input-shape says 1x5x6x3"));
    assert_int_equal(draft_load_bytes(&bytes, &given, &graph, &error), STATUS_OK);
    assert_true(shape_equal(&graph->values[0].shape, &((struct shape){4, {1, 2, 5, 6}})));
    graph_free(graph);
    draft_free(&draft);
}

static void pictures_of_bytes_are_inputs_and_other_types_are_not(void **state)
{
    struct error error = {""};
    struct graph *graph;
    struct draft draft;

    (void)state;
    draft_init(&draft);
    draft_node(&draft, "x", "Placeholder", "");
    draft_type(&draft, "dtype", TF_TYPE_UINT8);
    draft_shape(&draft, "shape", &picture);
    draft_node(&draft, "f", "Cast", "x");
    draft_type(&draft, "SrcT", TF_TYPE_UINT8);
    draft_type(&draft, "DstT", TF_TYPE_FLOAT);
    draft_node(&draft, "y", "Relu", "f");
    struct buf bytes = draft_bytes(&draft);
    if (draft_load_bytes(&bytes, NULL, &graph, &error))
        fail_msg("%s", error.text);
    /* The Cast keeps its name as a value that is passed on. */
    assert_int_equal(graph->node_count, 3);
    graph_free(graph);
    draft_free(&draft);
    draft_init(&draft);
    draft_node(&draft, "x", "Placeholder", "");
    draft_type(&draft, "dtype", TF_TYPE_STRING);
    draft_node(&draft, "y", "Relu", "x");
    refuse(&draft, STATUS_UNSUPPORTED, "an input of string");
}

/* ---- names, size ---- */

static void a_name_that_a_node_could_not_have_is_brought_back(void **state)
{
    struct error error = {""};
    struct graph *graph;
    struct draft draft;

    (void)state;
    begin(&draft);
    draft_node(&draft, "a_b", "Relu", "x");
    draft_text(&draft, TF_HINT_NAME, "a b");
    struct buf bytes = draft_bytes(&draft);
    if (draft_load_bytes(&bytes, NULL, &graph, &error))
        fail_msg("%s", error.text);
    assert_true(graph_top(graph, "a b") >= 0);
    graph_free(graph);
    draft_free(&draft);
}

static void a_chain_of_many_nodes_needs_no_stack(void **state)
{
    enum { NODES = 20000 };
    struct error error = {""};
    struct graph *graph;
    struct draft draft;
    char name[16], before[16] = "x";

    (void)state;
    begin(&draft);
    for (int i = 0; i < NODES; i++) {
        snprintf(name, sizeof name, "n%d", i);
        draft_node(&draft, name, "StopGradient", before);
        memcpy(before, name, sizeof before);
    }
    draft_node(&draft, "y", "Relu", before);
    struct buf bytes = draft_bytes(&draft);
    if (draft_load_bytes(&bytes, NULL, &graph, &error))
        fail_msg("%s", error.text);
    assert_true(graph_top(graph, "y") >= 0);
    graph_free(graph);
    draft_free(&draft);
}

static void saved_models_are_told_from_frozen_graphs(void **state)
{
    struct wire_message model, meta, info;
    struct draft draft;

    (void)state;
    make_net(&draft);
    (void)draft_bytes(&draft);
    wire_init(&info);
    wire_put_text(&info, 5, "1.15.0");
    wire_init(&meta);
    wire_put_message(&meta, TF_META_GRAPH_INFO, &info);
    wire_put_message(&meta, TF_META_GRAPH_GRAPH, &draft.graph);
    wire_append(&draft.graph, &meta);
    struct wire_message copy = draft.graph;
    struct error error;
    struct graph *graph;
    assert_int_equal(draft_load_bytes(&copy.bytes, NULL, &graph, &error), STATUS_UNSUPPORTED);
    assert_non_null(strstr(error.text, "is a TensorFlow MetaGraph"));
    wire_init(&model);
    wire_put_int(&model, TF_SAVED_MODEL_VERSION, 1);
    wire_put_message(&model, TF_SAVED_MODEL_META_GRAPH, &draft.graph);
    assert_int_equal(draft_load_bytes(&model.bytes, NULL, &graph, &error), STATUS_UNSUPPORTED);
    assert_non_null(strstr(error.text, "is a TensorFlow SavedModel"));
    wire_free(&model);
    wire_free(&meta);
    wire_free(&info);
    draft_free(&draft);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_graph_cut_at_any_byte_is_refused_or_whole),
        cmocka_unit_test(any_flipped_byte_gives_a_graph_or_an_error),
        cmocka_unit_test(edges_that_lead_nowhere_are_named),
        cmocka_unit_test(names_must_be_unique_and_orders_possible),
        cmocka_unit_test(tensors_that_lie_are_refused),
        cmocka_unit_test(constants_of_every_type_are_read),
        cmocka_unit_test(all_unknown_ops_on_the_way_are_named_and_no_others),
        cmocka_unit_test(what_only_training_needs_is_refused),
        cmocka_unit_test(a_graph_needs_an_input_and_an_output),
        cmocka_unit_test(sizes_that_the_file_leaves_open_are_asked_for),
        cmocka_unit_test(pictures_of_bytes_are_inputs_and_other_types_are_not),
        cmocka_unit_test(a_name_that_a_node_could_not_have_is_brought_back),
        cmocka_unit_test(a_chain_of_many_nodes_needs_no_stack),
        cmocka_unit_test(saved_models_are_told_from_frozen_graphs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
