/* Files that were not written for inference: training prototxts, and those of 2013. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "model/model.h"
#include "tests/lib/net.h"
#include "tests/lib/protobuf.h"

enum { BUF_LIMIT = 1 << 20 };

static const struct model_options none, square = {.input_shape = {4, {1, 3, 6, 6}}};

static enum status load(const char *prototxt, const struct buf *weights,
                        const struct model_options *options, struct graph **out,
                        struct error *error)
{
    char graph[32], blobs[32], spec[80];
    enum status status;

    net_temporary(prototxt, strlen(prototxt), graph);
    snprintf(spec, sizeof spec, "%s", graph);
    if (weights) {
        net_temporary(weights->data, weights->size, blobs);
        snprintf(spec, sizeof spec, "%s,%s", graph, blobs);
    }
    status = model_load(spec, options, out, error);
    unlink(graph);
    if (weights)
        unlink(blobs);
    return status;
}

static struct graph *accept(const char *prototxt, const struct model_options *options)
{
    struct error error = {""};
    struct graph *graph;

    if (load(prototxt, NULL, options, &graph, &error))
        fail_msg("%s", error.text);
    return graph;
}

static void refuse(const char *prototxt, const struct model_options *options, const char *text)
{
    struct error error = {""};
    struct graph *graph;
    enum status status = load(prototxt, NULL, options, &graph, &error);

    if (status_exit_code(status) != 65 || !strstr(error.text, text))
        fail_msg("status %d, '%s' instead of '%s'", status, error.text, text);
    assert_null(graph);
    assert_null(strchr(error.text, '\n'));
}

/* "name:Type name:Type ..." of all nodes. */
static void expect_nodes(const struct graph *graph, const char *expected)
{
    char text[1024] = "";
    size_t used = 0;

    for (size_t i = 0; i < graph->node_count; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s:%s", i ? " " : "",
                                 graph->nodes[i].name, graph->nodes[i].op->name);
    assert_string_equal(text, expected);
}

static void expect_shape(const struct graph *graph, const char *top, int64_t n, int64_t c,
                         int64_t h, int64_t w)
{
    int64_t value = graph_top(graph, top), dims[] = {n, c, h, w};

    assert_true(value >= 0);
    assert_int_equal(graph->values[value].shape.dims, 4);
    assert_memory_equal(graph->values[value].shape.dim, dims, sizeof dims);
}

/* ---- training ---- */

/* As Caffe's examples write them: a train and a test database, loss and accuracy at the end. */
#define DIGITS                                                                                     \
    "name: 'digits' force_backward: true debug_info: false state { phase: TRAIN }\n"               \
    "layer { name: 'numbers' type: 'Data' top: 'data' top: 'label' include { phase: TRAIN }\n"     \
    "  transform_param { scale: 0.00390625 } data_param { source: 'train' batch_size: 64 } }\n"    \
    "layer { name: 'numbers' type: 'Data' top: 'data' top: 'label' include { phase: TEST }\n"      \
    "  transform_param { scale: 0.00390625 } data_param { source: 'test' batch_size: 100 } }\n"    \
    "layer { name: 'pool' type: 'Pooling' bottom: 'data' top: 'pool'\n"                            \
    "  pooling_param { kernel_size: 2 stride: 2 } }\n"                                             \
    "layer { name: 'act' type: 'ReLU' bottom: 'pool' top: 'pool' }\n"                              \
    "layer { name: 'right' type: 'Accuracy' bottom: 'pool' bottom: 'label' top: 'right'\n"         \
    "  include { phase: TEST } }\n"                                                                \
    "layer { name: 'loss' type: 'SoftmaxWithLoss' bottom: 'pool' bottom: 'label' top: 'loss' }\n"

static void a_training_net_becomes_its_deploy_form(void **state)
{
    struct graph *graph = accept(DIGITS, &square);

    (void)state;
    expect_nodes(graph, "data:Input pool:Pooling act:ReLU loss:Softmax");
    expect_shape(graph, "data", 1, 3, 6, 6);
    expect_shape(graph, "prob", 1, 3, 3, 3);
    assert_int_equal(graph->output_count, 1);
    assert_int_equal(graph->nodes[3].parameters.softmax.axis, 1);
    graph_free(graph);
}

static void without_a_shape_the_data_layer_and_the_flag_are_named(void **state)
{
    (void)state;
    refuse(DIGITS, &none,
           ":4: layer 'numbers' (Data) does not say how large its images are; "
           "give --input-shape N,C,H,W");
    refuse("input: 'x' layer { name: 'r' type: 'ReLU' bottom: 'x' top: 'r' }", &none,
           "input 'x' has no shape; add input_shape { dim: ... } or give --input-shape");
    refuse("layer { name: 'x' type: 'Input' top: 'x' }", &none,
           ":1: layer 'x' (Input) does not say its shape; give --input-shape N,C,H,W");
}

#define TAIL "layer { name: 'r' type: 'ReLU' bottom: 'x' top: 'r' }\n"

static void data_layers_that_know_their_size_need_no_flag(void **state)
{
    static const struct {
        const char *layer;
        int64_t dim[4];
    } cases[] = {
        {"type: 'Data' transform_param { crop_size: 5 mirror: true }", {1, 3, 5, 5}},
        {"type: 'Data' transform_param { crop_size: 5 force_gray: true }", {1, 1, 5, 5}},
        {"type: 'Data' data_param { batch_size: 9 crop_size: 4 }", {1, 3, 4, 4}},
        {"type: 'ImageData' image_data_param { new_height: 4 new_width: 7 }", {1, 3, 4, 7}},
        {"type: 'ImageData' image_data_param { new_height: 4 new_width: 7 is_color: false }",
         {1, 1, 4, 7}},
        {"type: 'WindowData' window_data_param { crop_size: 6 }", {1, 3, 6, 6}},
        {"type: 'MemoryData' memory_data_param { batch_size: 2 channels: 3 height: 4 width: 5 }",
         {2, 3, 4, 5}},
        {"type: 'DummyData' dummy_data_param { shape { dim: 2 dim: 3 dim: 4 dim: 5 } }",
         {2, 3, 4, 5}},
        {"type: 'DummyData' dummy_data_param { num: 2 channels: 3 height: 4 width: 5\n"
         "  num: 2 channels: 1 height: 1 width: 1 }",
         {2, 3, 4, 5}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[512];
        snprintf(text, sizeof text, "layer { name: 'd' %s top: 'x' top: 'label' }\n" TAIL,
                 cases[i].layer);
        struct graph *graph = accept(text, &none);
        const int64_t *dim = cases[i].dim;
        expect_shape(graph, "r", dim[0], dim[1], dim[2], dim[3]);
        assert_int_equal(graph->node_count, 2);
        graph_free(graph);
    }
}

static void every_kind_of_data_layer_takes_the_flag(void **state)
{
    static const char *const types[] = {"Data", "ImageData", "HDF5Data", "WindowData", "Python"};
    static const char *const old[] = {"DATA", "IMAGE_DATA", "HDF5_DATA", "WINDOW_DATA",
                                      "MEMORY_DATA"};

    (void)state;
    for (size_t i = 0; i < 5; i++) {
        char text[256];
        snprintf(text, sizeof text, "layer { name: 'd' type: '%s' top: 'x' top: 'y' }\n" TAIL,
                 types[i]);
        struct graph *graph = accept(text, &square);
        expect_shape(graph, "r", 1, 3, 6, 6);
        graph_free(graph);
        snprintf(text, sizeof text,
                 "layers { name: 'd' type: %s top: 'x' }\n"
                 "layers { name: 'r' type: RELU bottom: 'x' top: 'r' }",
                 old[i]);
        graph = accept(text, &square);
        expect_shape(graph, "r", 1, 3, 6, 6);
        graph_free(graph);
    }
}

#define PAIR "layer { name: 'd' type: 'Data' top: 'x' top: 'label' top: 'label2' }\n"

static void losses_go_with_all_that_reads_only_labels(void **state)
{
    static const char *const losses[] = {
        "EuclideanLoss",   "HingeLoss",    "SigmoidCrossEntropyLoss", "Accuracy",
        "ContrastiveLoss", "InfogainLoss", "MultinomialLogisticLoss", "SmoothL1Loss"};

    (void)state;
    for (size_t i = 0; i < sizeof losses / sizeof *losses; i++) {
        char text[1024];
        snprintf(text, sizeof text,
                 PAIR TAIL "layer { name: 's' type: 'Silence' bottom: 'label2' }\n"
                           "layer { name: 'f' type: 'Flatten' bottom: 'label' top: 'flat' }\n"
                           "layer { name: 'l' type: '%s' bottom: 'r' bottom: 'flat' top: 'l' }\n"
                           "layer { name: 'p' type: 'Power' bottom: 'l' top: 'p' }\n",
                 losses[i]);
        struct graph *graph = accept(text, &square);
        expect_nodes(graph, "x:Input r:ReLU");
        graph_free(graph);
    }
    struct graph *graph = accept(
        PAIR TAIL "layer { name: 's' type: 'Silence' bottom: 'label2' bottom: 'r' }\n", &square);
    expect_nodes(graph, "x:Input r:ReLU s:Silence");
    assert_int_equal(graph->nodes[2].input_count, 1);
    graph_free(graph);
    refuse(PAIR "layer { name: 'c' type: 'Concat' bottom: 'x' bottom: 'label' top: 'c' }", &square,
           ":2: layer 'c': bottom 'label' is made by layer 'd' in line 1, which only training");
}

#define LOSS(name, bottom)                                                                         \
    "layer { name: '" name "' type: 'SoftmaxWithLoss' bottom: '" bottom "' bottom: 'label'\n"      \
    "  top: '" name "' loss_weight: 0.3 loss_param { ignore_label: 255 } }\n"

static void each_softmax_loss_becomes_one_softmax(void **state)
{
    (void)state;
    struct graph *graph = accept(PAIR TAIL LOSS("loss1", "x") LOSS("loss2", "r"), &square);
    expect_nodes(graph, "x:Input r:ReLU loss1:Softmax loss2:Softmax");
    assert_true(graph_top(graph, "loss1") >= 0 && graph_top(graph, "loss2") >= 0);
    assert_int_equal(graph_top(graph, "prob"), -1);
    graph_free(graph);
    graph = accept(PAIR TAIL
                   "layer { name: 'p' type: 'Softmax' bottom: 'r' top: 'p' }\n" LOSS("loss", "r"),
                   &square);
    expect_nodes(graph, "x:Input r:ReLU p:Softmax");
    graph_free(graph);
    graph =
        accept(PAIR "layer { name: 'prob' type: 'ReLU' bottom: 'x' top: 'r' }\n" LOSS("loss", "r"),
               &square);
    assert_true(graph_top(graph, "loss") >= 0);
    graph_free(graph);
}

static void dummy_tops_that_layers_read_become_inputs(void **state)
{
    struct graph *graph = accept(
        "layer { name: 'd' type: 'DummyData' top: 'x' top: 'y' top: 'label' dummy_data_param {\n"
        "  shape { dim: 1 dim: 2 } shape { dim: 1 dim: 2 } shape { dim: 1 } } }\n"
        "layer { name: 'e' type: 'Eltwise' bottom: 'x' bottom: 'y' top: 'e' }\n",
        &none);

    (void)state;
    expect_nodes(graph, "x:Input y:Input e:Eltwise");
    graph_free(graph);
}

/* ---- inputs and order ---- */

static void one_input_shape_serves_all_inputs(void **state)
{
    struct graph *graph =
        accept("input: 'a' input: 'b' input_shape { dim: 1 dim: 2 }\n"
               "layer { name: 'e' type: 'Eltwise' bottom: 'a' bottom: 'b' top: 'e' }\n",
               &none);

    (void)state;
    assert_int_equal(graph->input_count, 2);
    graph_free(graph);
    refuse("input: 'a' input: 'b' input: 'c' input_shape { dim: 1 } input_shape { dim: 1 }\n" TAIL,
           &none, "input 'c' has no input_shape");
    refuse("input: 'a' input_shape { dim: 1 }", &none, "holds no layers");
}

static void layers_out_of_order_are_named_with_what_they_miss(void **state)
{
    (void)state;
    refuse("input: 'x' input_shape { dim: 1 dim: 2 }\n"
           "layer { name: 'b' type: 'ReLU' bottom: 'a' top: 'b' }\n"
           "layer { name: 'a' type: 'ReLU' bottom: 'x' top: 'a' }\n",
           &none,
           ":2: layer 'b': bottom 'a' is made by layer 'a' in line 3; a layer must stand behind");
    refuse("input: 'x' input_shape { dim: 1 dim: 2 }\n"
           "layer { name: 'a' type: 'Eltwise' bottom: 'x' bottom: 'b' top: 'a' }\n"
           "layer { name: 'b' type: 'ReLU' bottom: 'a' top: 'b' }\n",
           &none, ":2: layer 'a': bottom 'b' is made by layer 'b' in line 3");
    refuse("input: 'x' input_shape { dim: 1 dim: 2 }\n"
           "layer { name: 'a' type: 'ReLU' bottom: 'nothing' top: 'a' }\n",
           &none, ":2: layer 'a': bottom 'nothing' is made by no layer before it");
}

/* ---- V0 ---- */

#define V0_NET                                                                                     \
    "name: 'old' input: 'data' input_dim: 1 input_dim: 2 input_dim: 5 input_dim: 5\n"              \
    "layers { layer { name: 'pad1' type: 'padding' pad: 1 } bottom: 'data' top: 'pad1' }\n"        \
    "layers {\n"                                                                                   \
    "  layer { name: 'conv1' type: 'conv' num_output: 4 group: 2 kernelsize: 3 stride: 2\n"        \
    "    weight_filler { type: 'gaussian' std: 0.01 } bias_filler { type: 'constant' }\n"          \
    "    blobs_lr: 1. blobs_lr: 2. weight_decay: 1. weight_decay: 0. }\n"                          \
    "  bottom: 'pad1' top: 'conv1'\n"                                                              \
    "}\n"                                                                                          \
    "layers { layer { name: 'relu1' type: 'relu' } bottom: 'conv1' top: 'conv1' }\n"               \
    "layers { layer { name: 'pool1' type: 'pool' pool: AVE kernelsize: 3 stride: 2 }\n"            \
    "  bottom: 'conv1' top: 'pool1' }\n"                                                           \
    "layers { layer { name: 'norm1' type: 'lrn' local_size: 3 alpha: 0.5 beta: 0.25 }\n"           \
    "  bottom: 'pool1' top: 'norm1' }\n"                                                           \
    "layers { layer { name: 'fc' type: 'innerproduct' num_output: 3 biasterm: false }\n"           \
    "  bottom: 'norm1' top: 'fc' }\n"                                                              \
    "layers { layer { name: 'drop' type: 'dropout' dropout_ratio: 0.25 }\n"                        \
    "  bottom: 'fc' top: 'fc' }\n"                                                                 \
    "layers { layer { name: 'both' type: 'concat' concat_dim: 0 }\n"                               \
    "  bottom: 'fc' bottom: 'fc' top: 'both' }\n"                                                  \
    "layers { layer { name: 'prob' type: 'softmax' } bottom: 'both' top: 'prob' }\n"

static void add_v0_layer(struct buf *net, const char *name, const int64_t shape[4], size_t bias)
{
    static const float numbers[100];
    struct buf inner, outer;
    const int64_t vector[] = {1, 1, 1, (int64_t)bias};

    buf_init(&inner, BUF_LIMIT);
    buf_init(&outer, BUF_LIMIT);
    protobuf_text(&inner, 1, name);
    protobuf_text(&inner, 2, "conv");
    protobuf_blob(&inner, 50, 4, shape, numbers);
    if (bias)
        protobuf_blob(&inner, 50, 4, vector, numbers);
    protobuf_message(&outer, 1, &inner);
    protobuf_message(net, 2, &outer);
    buf_free(&inner);
    buf_free(&outer);
}

static void a_net_of_2013_is_read_with_its_weights(void **state)
{
    static const int64_t conv[] = {4, 1, 3, 3}, fc[] = {1, 1, 3, 4};
    struct error error = {""};
    struct graph *graph;
    struct buf weights;

    (void)state;
    buf_init(&weights, BUF_LIMIT);
    protobuf_text(&weights, 1, "old");
    add_v0_layer(&weights, "conv1", conv, 4);
    add_v0_layer(&weights, "fc", fc, 0);
    if (load(V0_NET, &weights, &none, &graph, &error))
        fail_msg("%s", error.text);
    expect_nodes(graph, "data:Input conv1:Convolution relu1:ReLU pool1:Pooling norm1:LRN "
                        "fc:InnerProduct drop:Dropout both:Concat prob:Softmax");
    const struct convolution_parameters *p = &graph->nodes[1].parameters.convolution;
    assert_int_equal(p->window.pad[0], 1);
    assert_int_equal(p->window.stride[1], 2);
    assert_int_equal(p->group, 2);
    assert_int_equal(graph->nodes[1].weight_count, 2);
    assert_int_equal(graph->nodes[3].parameters.pooling.method, POOLING_AVERAGE);
    assert_int_equal(graph->nodes[4].parameters.lrn.local_size, 3);
    assert_true(graph->nodes[4].parameters.lrn.alpha == 0.5F);
    assert_false(graph->nodes[5].parameters.inner_product.bias);
    assert_true(graph->nodes[6].parameters.dropout.ratio == 0.25F);
    assert_int_equal(graph->nodes[7].parameters.concat.axis, 0);
    graph_free(graph);
    for (size_t size = 0; size < weights.size; size++) {
        struct buf cut = {.data = weights.data, .size = size};
        assert_int_not_equal(load(V0_NET, &cut, &none, &graph, &error), STATUS_OK);
    }
    buf_free(&weights);
}

static void a_training_net_of_2013_becomes_its_deploy_form(void **state)
{
    struct graph *graph = accept(
        "layers { layer { name: 'd' type: 'data' source: 'x' batchsize: 9 cropsize: 5 scale: 2\n"
        "  meanfile: 'm' mirror: true } top: 'data' top: 'label' }\n"
        "layers { layer { name: 'p' type: 'padding' pad: 1 } bottom: 'data' top: 'p' }\n"
        "layers { layer { name: 'm' type: 'pool' pool: MAX kernelsize: 3 pad: 0 }\n"
        "  bottom: 'p' top: 'm' }\n"
        "layers { layer { name: 'l' type: 'softmax_loss' } bottom: 'm' bottom: 'label' }\n",
        &none);

    (void)state;
    expect_nodes(graph, "data:Input m:Pooling l:Softmax");
    expect_shape(graph, "prob", 1, 3, 5, 5);
    graph_free(graph);
}

#define V0_INPUT "input: 'x' input_dim: 1 input_dim: 1 input_dim: 4 input_dim: 4\n"

static void mistakes_in_a_net_of_2013_are_named(void **state)
{
    (void)state;
    refuse(V0_INPUT "layers { layer { name: 'a' type: 'relu'\n kernelsize: 2 }\n"
                    " bottom: 'x' top: 'a' }",
           &none, ":3: 'kernelsize' is not a field of a V0 layer of type 'relu'");
    refuse(V0_INPUT "layers { layer { name: 'a' type: 'padding' pad: 1 } bottom: 'x' top: 'a' }\n"
                    "layers { layer { name: 'b' type: 'relu' } bottom: 'a' top: 'b' }",
           &none, ":3: layer 'b' reads a padding layer");
    refuse(V0_INPUT "layers { layer { name: 'a' } bottom: 'x' top: 'a' }", &none,
           ":2: layer 'a' has no type");
    refuse(V0_INPUT "layers { layer { name: 'a' type: 'im2col' } bottom: 'x' top: 'a' }", &none,
           "1 layer of a type that is not supported: 'a' (im2col)");
    refuse(V0_INPUT "layers { layer: 5 }", &none, ":2: 'layer' must be a message in braces");
}

/* ---- hostile files ---- */

static void deep_nesting_is_refused(void **state)
{
    enum { DEPTH = 10000 };
    char *text = malloc(3 * DEPTH + 1);

    (void)state;
    assert_non_null(text);
    for (size_t i = 0; i < DEPTH; i++)
        memcpy(text + 3 * i, "a {", 3);
    text[3 * DEPTH] = '\0';
    refuse(text, &none, ":1: messages are nested more than 64 deep");
    free(text);
}

static void any_changed_byte_gives_a_graph_or_an_error(void **state)
{
    static const char *const nets[] = {V0_NET, DIGITS};
    static const char changes[] = "{}:'9\n\0";

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        char text[2048];
        size_t size = strlen(nets[i]);
        assert_true(size < sizeof text);
        memcpy(text, nets[i], size + 1);
        for (size_t at = 0; at < size; at++) {
            struct error error = {""};
            struct graph *graph;
            text[at] = changes[at % sizeof changes];
            enum status status = load(text, NULL, &square, &graph, &error);
            assert_int_equal(status == STATUS_OK, graph != NULL);
            assert_true(graph || status_exit_code(status) == 65);
            assert_null(strchr(error.text, '\n'));
            graph_free(graph);
            text[at] = nets[i][at];
        }
    }
}

static void a_name_of_another_case_is_shown(void **state)
{
    static const struct shape shapes[] = {{4, {1, 1, 2, 2}}};
    static const float numbers[4];
    struct error error = {""};
    struct graph *graph;
    struct buf weights;

    (void)state;
    buf_init(&weights, BUF_LIMIT);
    net_weights(&weights, "Conv1", 1, shapes, numbers);
    assert_int_equal(load("input: 'x' input_dim: 1 input_dim: 1 input_dim: 4 input_dim: 4\n"
                          "layer { name: 'conv1' type: 'Convolution' bottom: 'x' top: 'c'\n"
                          " convolution_param { num_output: 1 kernel_size: 2 bias_term: false } }",
                          &weights, &none, &graph, &error),
                     STATUS_DATA);
    assert_non_null(strstr(error.text, ":2: layer 'conv1': "));
    assert_non_null(strstr(error.text, " has weights for 'Conv1' instead; rename one of them"));
    buf_free(&weights);
}

/* Two towers of one weight and of biases of their own; `first` and `second` have numbers. */
static enum status load_towers(bool first, bool second, struct graph **graph, struct error *error)
{
    static const char net[] =
        "input: 'a' input_shape { dim: 1 dim: 2 }\ninput: 'b' input_shape { dim: 1 dim: 2 }\n"
        "layer { name: 'fa' type: 'InnerProduct' bottom: 'a' top: 'fa' param { name: 'w' }\n"
        "  param { name: 'v' } inner_product_param { num_output: 1 } }\n"
        "layer { name: 'fb' type: 'InnerProduct' bottom: 'b' top: 'fb' param { name: 'w' }\n"
        "  param { name: 'v' } inner_product_param { num_output: 1 } }\n";
    static const struct shape shapes[] = {{2, {1, 2}}, {1, {1}}};
    struct buf weights;
    enum status status;

    buf_init(&weights, BUF_LIMIT);
    if (first)
        net_weights(&weights, "fa", 2, shapes, (const float[]){1, 2, 3});
    if (second)
        net_weights(&weights, "fb", 2, shapes, (const float[]){4, 5, 6});
    status = load(net, &weights, &none, graph, error);
    buf_free(&weights);
    return status;
}

static void weights_of_one_name_are_one(void **state)
{
    static const float expected[] = {1, 4, 4}; /* where both have numbers the later replaces */
    struct error error = {""};
    struct graph *graph;

    (void)state;
    for (int i = 0; i < 3; i++) {
        if (load_towers(i != 1, i != 0, &graph, &error))
            fail_msg("%s", error.text);
        for (size_t node = 2; node < 4; node++) {
            float number;
            assert_int_equal(graph->nodes[node].weight_count, 2);
            memcpy(&number, graph->nodes[node].weights[0].bytes, sizeof number);
            assert_true(number == expected[i]);
        }
        graph_free(graph);
    }
}

static void layers_that_a_stage_keeps_out_are_named(void **state)
{
    struct error error = {""};
    struct graph *graph;

    (void)state;
    assert_int_equal(load("layer { name: 'd' type: 'Data' top: 'data' include { phase: TEST\n"
                          "  stage: 'test-on-test' } }\n"
                          "layer { name: 'r' type: 'ReLU' bottom: 'data' top: 'r' }\n",
                          NULL, &square, &graph, &error),
                     STATUS_DATA);
    assert_non_null(
        strstr(error.text, "made by layer 'd' in line 1 only, whose rules keep it out"));
}

static void masks_of_maxima_are_named_with_all_else_that_is_not_supported(void **state)
{
    struct error error = {""};
    struct graph *graph;

    (void)state;
    assert_int_equal(load("input: 'd' input_shape { dim: 1 dim: 1 dim: 4 dim: 4 }\n"
                          "layer { name: 'n' type: 'BN' bottom: 'd' top: 'd' }\n"
                          "layer { name: 'p' type: 'Pooling' bottom: 'd' top: 'p' top: 'm'\n"
                          "  pooling_param { kernel_size: 2 stride: 2 } }\n"
                          "layer { name: 'u' type: 'Upsample' bottom: 'p' bottom: 'm' top: 'u'\n"
                          "  upsample_param { scale: 2 } }\n",
                          NULL, &none, &graph, &error),
                     STATUS_UNSUPPORTED);
    assert_non_null(strstr(error.text, ":2: 3 layers of a type that is not supported: 'n' (BN), "
                                       "'p' (Pooling with a mask), 'u' (Upsample with a mask)"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_training_net_becomes_its_deploy_form),
        cmocka_unit_test(without_a_shape_the_data_layer_and_the_flag_are_named),
        cmocka_unit_test(data_layers_that_know_their_size_need_no_flag),
        cmocka_unit_test(every_kind_of_data_layer_takes_the_flag),
        cmocka_unit_test(losses_go_with_all_that_reads_only_labels),
        cmocka_unit_test(each_softmax_loss_becomes_one_softmax),
        cmocka_unit_test(dummy_tops_that_layers_read_become_inputs),
        cmocka_unit_test(one_input_shape_serves_all_inputs),
        cmocka_unit_test(layers_out_of_order_are_named_with_what_they_miss),
        cmocka_unit_test(a_net_of_2013_is_read_with_its_weights),
        cmocka_unit_test(a_training_net_of_2013_becomes_its_deploy_form),
        cmocka_unit_test(mistakes_in_a_net_of_2013_are_named),
        cmocka_unit_test(deep_nesting_is_refused),
        cmocka_unit_test(any_changed_byte_gives_a_graph_or_an_error),
        cmocka_unit_test(a_name_of_another_case_is_shown),
        cmocka_unit_test(weights_of_one_name_are_one),
        cmocka_unit_test(layers_that_a_stage_keeps_out_are_named),
        cmocka_unit_test(masks_of_maxima_are_named_with_all_else_that_is_not_supported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
