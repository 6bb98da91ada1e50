/* What becomes of losses, of those who read their tops, and of labels. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "model/graph.h"
#include "tests/lib/net.h"

/* "name:Type(top) name:Type(top) ..." of all nodes. */
static void accept(const char *prototxt, const char *expected)
{
    struct error error = {""};
    struct graph *graph;
    char text[1024] = "";
    size_t used = 0;

    if (net_load(prototxt, NULL, &graph, &error))
        fail_msg("%s", error.text);
    for (size_t i = 0; i < graph->node_count; i++) {
        const struct node *node = &graph->nodes[i];
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s:%s(%s)", i ? " " : "",
                                 node->name, node->op->name,
                                 node->output_count ? graph->values[node->outputs[0]].name : "");
    }
    assert_string_equal(text, expected);
    graph_free(graph);
}

static void refuse(const char *prototxt, enum status expected, const char *text)
{
    struct error error = {""};
    struct graph *graph;
    enum status status = net_load(prototxt, NULL, &graph, &error);

    if (status != expected || !strstr(error.text, text))
        fail_msg("status %d, '%s' instead of '%s'", status, error.text, text);
    assert_null(strchr(error.text, '\n'));
}

#define DATA                                                                                       \
    "layer { name: 'd' type: 'Data' top: 'x' top: 'label' transform_param { crop_size: 4 } }\n"
#define SCORE "layer { name: 'r' type: 'ReLU' bottom: 'x' top: 'r' }\n"

/* ---- losses of two tops ---- */

static void the_second_top_of_a_softmax_loss_is_the_softmax(void **state)
{
    (void)state;
    accept(DATA SCORE "layer { name: 'l' type: 'SoftmaxWithLoss' bottom: 'r' bottom: 'label'\n"
                      "  top: 'loss' top: 'likely' }\n",
           "x:Input(x) r:ReLU(r) l:Softmax(likely)");
    accept(DATA SCORE "layer { name: 'l' type: 'SoftmaxWithLoss' bottom: 'r' bottom: 'label'\n"
                      "  top: 'loss' top: 'prob' }\n"
                      "layer { name: 'm' type: 'ArgMax' bottom: 'prob' top: 'm' }\n"
                      "layer { name: 'p' type: 'Power' bottom: 'loss' top: 'p' }\n",
           "x:Input(x) r:ReLU(r) l:Softmax(prob) m:ArgMax(m)");
    accept("layers { name: 'd' type: DATA top: 'x' top: 'label'\n"
           "  transform_param { crop_size: 4 } }\n"
           "layers { name: 'l' type: SOFTMAX_LOSS bottom: 'x' bottom: 'label'\n"
           "  top: 'loss' top: 'p' }\n"
           "layers { name: 'm' type: ARGMAX bottom: 'p' top: 'm' }\n",
           "x:Input(x) l:Softmax(p) m:ArgMax(m)");
}

/* Their readers must find them. */
static void a_second_top_stays_beside_a_softmax_that_stands_there(void **state)
{
    (void)state;
    accept(DATA SCORE "layer { name: 's' type: 'Softmax' bottom: 'r' top: 's' }\n"
                      "layer { name: 'l' type: 'SoftmaxWithLoss' bottom: 'r' bottom: 'label'\n"
                      "  top: 'loss' top: 'q' }\n"
                      "layer { name: 'm' type: 'ArgMax' bottom: 'q' top: 'm' }\n",
           "x:Input(x) r:ReLU(r) s:Softmax(s) l:Softmax(q) m:ArgMax(m)");
}

/* infogain_loss_layer.cpp of Caffe 1.0 holds a softmax too. */
static void the_second_top_of_an_infogain_loss_is_the_softmax(void **state)
{
    (void)state;
    accept(DATA SCORE "layer { name: 'l' type: 'InfogainLoss' bottom: 'r' bottom: 'label'\n"
                      "  top: 'loss' top: 'q' infogain_loss_param { source: 'f' } }\n"
                      "layer { name: 'm' type: 'ArgMax' bottom: 'q' top: 'm' }\n",
           "x:Input(x) r:ReLU(r) l:Softmax(q) m:ArgMax(m)");
}

static void the_axis_of_a_loss_is_that_of_its_softmax(void **state)
{
    static const char *const layers[] = {
        "type: 'SoftmaxWithLoss' softmax_param { axis: 2 } top: 'loss'",
        "type: 'SoftmaxWithLoss' softmax_param { axis: 2 } top: 'loss' top: 'q'",
        "type: 'InfogainLoss' infogain_loss_param { axis: 2 } top: 'loss' top: 'q'"};

    (void)state;
    for (size_t i = 0; i < sizeof layers / sizeof *layers; i++) {
        struct error error = {""};
        struct graph *graph;
        char text[512];
        snprintf(text, sizeof text, DATA "layer { name: 'l' %s bottom: 'x' bottom: 'label' }",
                 layers[i]);
        if (net_load(text, NULL, &graph, &error))
            fail_msg("%s", error.text);
        assert_int_equal(graph->node_count, 2);
        assert_int_equal(graph->nodes[1].op->kind, OPERATOR_SOFTMAX);
        assert_int_equal(graph->nodes[1].parameters.softmax.axis, 2);
        graph_free(graph);
    }
}

/* ---- losses in Python ---- */

#define PYTHON(more) "layer { name: 'l' type: 'Python' " more " python_param { layer: 'L' } }\n"

static void losses_in_python_go(void **state)
{
    static const char *const layers[] = {
        PYTHON("bottom: 'r' bottom: 'label' top: 'l' loss_weight: 1"),
        PYTHON("bottom: 'r' top: 'l' loss_weight: 0.5"),
        PYTHON("bottom: 'r' top: 'a' top: 'b' loss_weight: 0.5 loss_weight: 2"),
        PYTHON("bottom: 'r' bottom: 'label' top: 'l'"),
        PYTHON("bottom: 'r' bottom: 'label'"),
    };

    (void)state;
    for (size_t i = 0; i < sizeof layers / sizeof *layers; i++) {
        char text[512];
        snprintf(text, sizeof text, DATA SCORE "%s", layers[i]);
        accept(text, "x:Input(x) r:ReLU(r)");
    }
}

static void python_layers_that_may_be_more_than_a_loss_are_refused(void **state)
{
    static const char *const layers[] = {
        PYTHON("bottom: 'r' top: 'l'"),
        PYTHON("bottom: 'r' top: 'l' loss_weight: 0"),
        PYTHON("bottom: 'r' top: 'a' top: 'l' loss_weight: 1 loss_weight: 0"),
        PYTHON("bottom: 'r' bottom: 'label' top: 'a' top: 'l'"),
        PYTHON("bottom: 'r' bottom: 'label' top: 'r'"),
        PYTHON("bottom: 'r' top: 'l' loss_weight: 1") "layer { name: 's' type: 'ReLU' bottom: 'l' "
                                                      "top: 's' }\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof layers / sizeof *layers; i++) {
        char text[512];
        snprintf(text, sizeof text, DATA SCORE "%s", layers[i]);
        refuse(text, STATUS_UNSUPPORTED,
               ":3: 1 layer of a type that is not supported: 'l' (Python)");
    }
    /* Its second top is no label as soon as a layer reads it. */
    refuse("layer { name: 'd' type: 'DummyData' top: 'x' top: 'y' dummy_data_param {\n"
           "  shape { dim: 1 dim: 2 } } }\n" SCORE PYTHON("bottom: 'r' bottom: 'y' top: 'l'"),
           STATUS_UNSUPPORTED, "'l' (Python)");
}

/* ---- nothing vanishes for want of what it reads ---- */

static void a_layer_that_reads_what_no_layer_makes_is_named(void **state)
{
    (void)state;
    refuse(DATA SCORE "layer { name: 'm' type: 'ArgMax' bottom: 'nothing' top: 'm' }\n",
           STATUS_DATA, ":3: layer 'm': bottom 'nothing' is made by no layer before it");
    refuse(DATA "layer { name: 'l' type: 'SoftmaxWithLoss' bottom: 'y' bottom: 'label' }\n",
           STATUS_DATA, ":2: layer 'l': bottom 'y' is made by no layer before it");
}

/* Labels are not what weights are for: that top is an image, whatever its place. */
static void weights_on_what_looks_like_a_label_are_an_error(void **state)
{
    (void)state;
    refuse("layer { name: 'd' type: 'DummyData' top: 'label' top: 'x' dummy_data_param {\n"
           "  num: 1 channels: 1 height: 1 width: 1 } include { phase: TRAIN } }\n"
           "layer { name: 'd' type: 'MemoryData' top: 'label' top: 'x' memory_data_param {\n"
           "  batch_size: 1 channels: 1 height: 2 width: 2 } }\n"
           "layer { name: 'f' type: 'InnerProduct' bottom: 'x' top: 'f'\n"
           "  inner_product_param { num_output: 2 } }\n",
           STATUS_DATA,
           ":5: layer 'f': bottom 'x' is made by layer 'd' in line 3, which only training needs "
           "and which is left out; only the first top of a data layer becomes an input: put "
           "input: \"x\" and its input_shape into the file in place of that layer");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_second_top_of_a_softmax_loss_is_the_softmax),
        cmocka_unit_test(a_second_top_stays_beside_a_softmax_that_stands_there),
        cmocka_unit_test(the_second_top_of_an_infogain_loss_is_the_softmax),
        cmocka_unit_test(the_axis_of_a_loss_is_that_of_its_softmax),
        cmocka_unit_test(losses_in_python_go),
        cmocka_unit_test(python_layers_that_may_be_more_than_a_loss_are_refused),
        cmocka_unit_test(a_layer_that_reads_what_no_layer_makes_is_named),
        cmocka_unit_test(weights_on_what_looks_like_a_label_are_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
