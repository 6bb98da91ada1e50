#include "docs/layers/samples.h"

#include <math.h>
#include <stdio.h>

#include "model/shape.h"

enum { NODES = 8, WEIGHTS_MAX = 1 << 16 };

#define WINDOW(size, step, before, behind, apart)                                                  \
    {                                                                                              \
        .kernel = {size, size}, .stride = {step, step}, .pad = {before, before},                   \
        .pad_end = {behind, behind}, .dilation = {                                                 \
            apart,                                                                                 \
            apart                                                                                  \
        }                                                                                          \
    }
#define SHAPE4(n, c, h, w)                                                                         \
    {                                                                                              \
        4,                                                                                         \
        {                                                                                          \
            n, c, h, w                                                                             \
        }                                                                                          \
    }
#define RESIZE(how, where, rows)                                                                   \
    {                                                                                              \
        .interpolation = how, .coordinates = where, .size = {rows, rows}, .scale = {1, 1},         \
        .shrink = 1, .zoom = 1                                                                     \
    }

static const float sizes[] = {30}, ratios[] = {1, 2}, variances[] = {0.1F, 0.1F, 0.2F, 0.2F};
static const float halves[] = {0.5F, 0.25F};

const struct sample samples[] = {
    {.kind = OPERATOR_INPUT, .what = ""},
    {OPERATOR_CONVOLUTION,
     "plain",
     {.convolution = {WINDOW(3, 1, 1, 1, 1), 6, 1, true, false}},
     .input_count = 0},
    {OPERATOR_CONVOLUTION,
     "strided, padded",
     {.convolution = {WINDOW(3, 2, 0, 1, 1), 6, 1, false, false}},
     .input_count = 0},
    {OPERATOR_CONVOLUTION,
     "dilated",
     {.convolution = {WINDOW(3, 1, 2, 2, 2), 6, 1, true, false}},
     .input_count = 0},
    {OPERATOR_CONVOLUTION,
     "grouped",
     {.convolution = {WINDOW(3, 1, 1, 1, 1), 6, 2, true, false}},
     .input_count = 0},
    {OPERATOR_CONVOLUTION,
     "depthwise",
     {.convolution = {WINDOW(3, 1, 1, 1, 1), 4, 4, true, false}},
     .input_count = 0},
    {OPERATOR_DECONVOLUTION,
     "plain",
     {.deconvolution = {WINDOW(4, 2, 1, 1, 1), 6, 1, true, false}},
     .input_count = 0},
    {OPERATOR_DECONVOLUTION,
     "depthwise",
     {.deconvolution = {WINDOW(4, 2, 1, 1, 1), 4, 4, false, false}},
     .input_count = 0},
    {OPERATOR_POOLING,
     "maximum",
     {.pooling = {POOLING_MAX, WINDOW(3, 2, 0, 0, 1), false, true, false}},
     .input_count = 0},
    {OPERATOR_POOLING,
     "average",
     {.pooling = {POOLING_AVERAGE, WINDOW(3, 2, 0, 0, 1), false, true, false}},
     .input_count = 0},
    {OPERATOR_POOLING,
     "average, padded",
     {.pooling = {POOLING_AVERAGE, WINDOW(3, 2, 1, 1, 1), false, true, false}},
     .input_count = 0},
    {OPERATOR_POOLING,
     "average, global",
     {.pooling = {POOLING_AVERAGE, WINDOW(1, 1, 0, 0, 1), true, true, false}},
     .input_count = 0},
    {OPERATOR_POOLING,
     "maximum, global",
     {.pooling = {POOLING_MAX, WINDOW(1, 1, 0, 0, 1), true, true, false}},
     .input_count = 0},
    {OPERATOR_PAD, "with zeros", {.pad = {4, {0, 0, 1, 1}, {0, 0, 2, 2}, 0}}, .input_count = 0},
    {OPERATOR_PAD,
     "with another value",
     {.pad = {4, {0, 0, 1, 1}, {0, 0, 2, 2}, 1}},
     .input_count = 0},
    {OPERATOR_INNER_PRODUCT, "", {.inner_product = {5, 1, true, false}}, .input_count = 0},
    {OPERATOR_RELU, "plain", {.relu = {0}}, .input_count = 0},
    {OPERATOR_RELU, "leaky", {.relu = {0.1F}}, .input_count = 0},
    {OPERATOR_PRELU, "", {.prelu = {false}}, .input_count = 0},
    {OPERATOR_ELU, "alpha 1", {.elu = {1}}, .input_count = 0},
    {OPERATOR_ELU, "another alpha", {.elu = {0.5F}}, .input_count = 0},
    {.kind = OPERATOR_SIGMOID, .what = ""},
    {.kind = OPERATOR_TANH, .what = ""},
    {.kind = OPERATOR_ABS_VAL, .what = ""},
    {OPERATOR_POWER, "linear", {.power = {1, 2, 3}}, .input_count = 0},
    {OPERATOR_POWER, "square root", {.power = {0.5F, 1, 0}}, .input_count = 0},
    {OPERATOR_POWER, "general", {.power = {3, 2, 1}}, .input_count = 0},
    {OPERATOR_EXP, "of e", {.exp = {-1, 1, 0}}, .input_count = 0},
    {OPERATOR_EXP, "of 2", {.exp = {2, 1, 1}}, .input_count = 0},
    {OPERATOR_LOG, "of e", {.log = {-1, 1, 0}}, .input_count = 0},
    {OPERATOR_LOG, "of 2", {.log = {2, 1, 1}}, .input_count = 0},
    {.kind = OPERATOR_BNLL, .what = ""},
    {OPERATOR_THRESHOLD, "", {.threshold = {0.5F}}, .input_count = 0},
    {OPERATOR_CLIP, "0 to 6", {.clip = {0, 6}}, .input_count = 0},
    {OPERATOR_CLIP, "general", {.clip = {-1, 2}}, .input_count = 0},
    {OPERATOR_SWISH, "", {.swish = {1}}, .input_count = 0},
    {OPERATOR_DROPOUT, "", {.dropout = {0.5F}}, .input_count = 0},
    {OPERATOR_SOFTMAX, "over channels", {.softmax = {1, false}}, .input_count = 0},
    {OPERATOR_SOFTMAX, "over rows", {.softmax = {2, false}}, .input_count = 0},
    {OPERATOR_SOFTMAX, "its logarithm", {.softmax = {1, true}}, .input_count = 0},
    {OPERATOR_ARG_MAX, "along channels", {.arg_max = {1, 1, false, true}}, .input_count = 0},
    {OPERATOR_ARG_MAX, "three largest", {.arg_max = {3, 1, true, true}}, .input_count = 0},
    {OPERATOR_REDUCTION, "sum", {.reduction = {REDUCTION_SUM, 1, 1}}, .input_count = 0},
    {OPERATOR_REDUCTION, "absolute sum", {.reduction = {REDUCTION_ASUM, 1, 1}}, .input_count = 0},
    {OPERATOR_REDUCTION,
     "sum of squares",
     {.reduction = {REDUCTION_SUMSQ, 1, 1}},
     .input_count = 0},
    {OPERATOR_REDUCTION, "mean", {.reduction = {REDUCTION_MEAN, 1, 2}}, .input_count = 0},
    {OPERATOR_LRN,
     "across channels",
     {.lrn = {5, 1e-4F, 0.75F, 1, LRN_ACROSS_CHANNELS}},
     .input_count = 0},
    {OPERATOR_LRN,
     "within a channel",
     {.lrn = {3, 1e-4F, 0.75F, 1, LRN_WITHIN_CHANNEL}},
     .input_count = 0},
    {OPERATOR_MVN, "", {.mvn = {true, false, 1e-9F}}, .input_count = 0},
    {OPERATOR_NORMALIZE, "", {.normalize = {false, false, 1e-10F}}, .input_count = 0},
    {OPERATOR_BATCH_NORM, "stored statistics", {.batch_norm = {1e-5F, false}}, .input_count = 0},
    {OPERATOR_BATCH_NORM, "of the batch", {.batch_norm = {1e-5F, true}}, .input_count = 0},
    {OPERATOR_SCALE, "learned", {.scale = {1, 1, true}}, .input_count = 0},
    {OPERATOR_SCALE, "by an input", {.scale = {0, 1, false}}, 2, {{0}, {2, {1, 4}}}, 0},
    {OPERATOR_BIAS, "learned", {.bias = {1, 1, false}}, .input_count = 0},
    {OPERATOR_ELTWISE, "product", {.eltwise = {ELTWISE_PRODUCT, NULL}}, .input_count = 2},
    {OPERATOR_ELTWISE, "sum", {.eltwise = {ELTWISE_SUM, NULL}}, .input_count = 2},
    {OPERATOR_ELTWISE, "weighted sum", {.eltwise = {ELTWISE_SUM, halves}}, .input_count = 2},
    {OPERATOR_ELTWISE, "maximum", {.eltwise = {ELTWISE_MAX, NULL}}, .input_count = 2},
    {OPERATOR_CONCAT, "", {.concat = {1}}, .input_count = 2},
    {OPERATOR_SLICE, "equal parts", {.slice = {1, 0, NULL}}, .output_count = 2},
    {.kind = OPERATOR_SPLIT, .what = "", .output_count = 2},
    {.kind = OPERATOR_SILENCE, .what = "beside a ReLU"},
    {OPERATOR_CROP, "", {.crop = {2, 1, {1}}}, 2, {{0}, SHAPE4(1, 4, 5, 5)}, 0},
    {OPERATOR_FLATTEN, "", {.flatten = {1, -1}}, .input_count = 0},
    {OPERATOR_RESHAPE, "", {.reshape = {{3, {0, 2, -1}}, 0, -1}}, .input_count = 0},
    {OPERATOR_PERMUTE, "", {.permute = {4, {0, 2, 3, 1}}}, .input_count = 0},
    {OPERATOR_TILE, "", {.tile = {1, 2}}, .input_count = 0},
    {OPERATOR_RESIZE,
     "linear, by the corners",
     {.resize = RESIZE(RESIZE_LINEAR, RESIZE_CORNERS, 18)},
     .input_count = 0},
    {OPERATOR_RESIZE,
     "linear, half pixels",
     {.resize = RESIZE(RESIZE_LINEAR, RESIZE_HALF_PIXEL, 18)},
     .input_count = 0},
    {OPERATOR_RESIZE,
     "nearest, a whole factor",
     {.resize = RESIZE(RESIZE_NEAREST, RESIZE_ASYMMETRIC, 18)},
     .input_count = 0},
    {OPERATOR_RESIZE,
     "nearest, any size",
     {.resize = RESIZE(RESIZE_NEAREST, RESIZE_ASYMMETRIC, 13)},
     .input_count = 0},
    {OPERATOR_SHUFFLE_CHANNEL, "", {.shuffle_channel = {2}}, .input_count = 0},
    {OPERATOR_ROI_POOLING, "", {.roi_pooling = {3, 3, 0.0625F}}, 2, {{0}, {2, {2, 5}}}, 0},
    {OPERATOR_PRIOR_BOX,
     "before a DetectionOutput",
     {.prior_box = {1, 0, 2, 4, sizes, NULL, ratios, variances, false, false, {0}, {0}, 0.5F}},
     2,
     {{0}, SHAPE4(1, 3, 90, 90)},
     0},
    {OPERATOR_DETECTION_OUTPUT,
     "",
     {.detection_output = {2, 0, 400, 200, true, false, DETECTION_CENTER_SIZE, 0.45F, 1, 0.01F}},
     3,
     {{2, {1, 8}}, {2, {1, 4}}, {3, {1, 2, 8}}},
     0},
};
const size_t sample_count = sizeof samples / sizeof *samples;

static enum status add_input(struct graph *graph, const char *name, const struct shape *shape,
                             struct error *error)
{
    struct node *node;
    enum status status =
        graph_add(graph, operator_info(OPERATOR_INPUT), name, NULL, 0, &name, 1, 0, &node, error);
    if (status)
        return status;
    node->parameters.input.shape = shape->dims ? *shape : (struct shape)SHAPE4(1, 4, 9, 9);
    return graph_infer_last(graph, NULL, error);
}

static enum status add_weights(struct graph *graph, struct node *node, struct error *error)
{
    static float ones[WEIGHTS_MAX];
    struct shape inputs[SAMPLE_INPUTS], outputs[SAMPLE_INPUTS];
    struct inference inference = {
        .graph = graph, .node = node, .inputs = inputs, .outputs = outputs};
    enum status status;

    for (size_t i = 0; i < WEIGHTS_MAX; i++)
        ones[i] = 1;
    for (uint32_t i = 0; i < node->input_count; i++)
        inputs[i] = graph->values[node->inputs[i]].shape;
    status = shape_infer(&inference, error);
    if (status)
        return status;
    node->weights = arena_alloc(&graph->arena, OPERATOR_MAX_WEIGHTS, sizeof *node->weights);
    if (!node->weights)
        return arena_fail(&graph->arena, error);
    node->weight_count = inference.weight_count;
    for (uint32_t i = 0; i < inference.weight_count; i++)
        node->weights[i] = weight_make(&inference.weights[i], ones);
    return STATUS_OK;
}

static enum status add_layer(const struct sample *sample, struct graph *graph, const char *name,
                             const char *const *inputs, size_t input_count, struct error *error)
{
    char tops[2][32];
    const char *const outputs[] = {tops[0], tops[1]};
    size_t count = sample->output_count ? sample->output_count : 1;
    struct node *node;
    enum status status;

    for (size_t i = 0; i < 2; i++)
        snprintf(tops[i], sizeof tops[i], "%s%zu", name, i);
    status = graph_add(graph, operator_info(sample->kind), name, inputs, input_count, outputs,
                       sample->kind == OPERATOR_SILENCE ? 0 : count, 0, &node, error);
    if (status)
        return status;
    node->parameters = sample->parameters;
    status = graph_infer_last(graph, NULL, error);
    return status ? status : add_weights(graph, node, error);
}

/* Boxes that no detector reads are constants; a network without an output is none. */
static enum status add_company(const struct sample *sample, struct graph *graph,
                               struct error *error)
{
    static const struct sample relu = {.kind = OPERATOR_RELU};
    static const struct sample detector = {
        .kind = OPERATOR_DETECTION_OUTPUT,
        .parameters.detection_output = {2, 0, 400, 200, true, false, DETECTION_CENTER_SIZE, 0.45F,
                                        1, 0.01F}};
    static const char *const picture[] = {"in0"}, *const answers[] = {"in2", "in3", "layer0"};
    struct shape location = {.dims = 2, .dim = {1}}, confidence = {.dims = 2, .dim = {1}};
    const struct node *last = &graph->nodes[graph->node_count - 1];
    enum status status;

    if (sample->kind == OPERATOR_SILENCE)
        return add_layer(&relu, graph, "beside", picture, 1, error);
    if (sample->kind != OPERATOR_PRIOR_BOX)
        return STATUS_OK;
    location.dim[1] = graph->values[last->outputs[0]].shape.dim[2];
    confidence.dim[1] = location.dim[1] / 4 * detector.parameters.detection_output.classes;
    status = add_input(graph, "in2", &location, error);
    if (!status)
        status = add_input(graph, "in3", &confidence, error);
    return status ? status : add_layer(&detector, graph, "detector", answers, 3, error);
}

enum status sample_graph(const struct sample *sample, struct graph **out, struct error *error)
{
    static const char *const names[] = {"in0", "in1", "in2", "in3"};
    size_t inputs = sample->input_count ? sample->input_count : 1;
    enum status status = graph_create(operator_info(sample->kind)->name, NODES, NODES, out, error);

    for (size_t i = 0; i < inputs && !status; i++)
        status = add_input(*out, names[i], &sample->inputs[i], error);
    if (!status && sample->kind != OPERATOR_INPUT)
        status = add_layer(sample, *out, "layer", names, inputs, error);
    if (!status)
        status = add_company(sample, *out, error);
    return status ? status : graph_finish(*out, error);
}
