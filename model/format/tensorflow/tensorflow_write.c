#include "model/format/tensorflow/tensorflow_write.h"

#include "common/log.h"
#include "model/batch.h"
#include "model/format/tensorflow/tensorflow.h"
#include "model/format/tensorflow/tensorflow_emit.h"
#include "model/format/tensorflow/tensorflow_ops.h"

typedef void write_layer(struct tf_layer *layer);

static write_layer *const writers[] = {
#define X(kind, suffix, ...) [OPERATOR_##kind] = tf_write_##suffix,
    OPERATOR_MAP(X)
#undef X
};

/* ---- what is known of the values before anything is written ---- */

static void count_readers(struct tf_graph *tf)
{
    const struct graph *graph = tf->graph;

    for (size_t i = 0; i < graph->node_count; i++) {
        for (uint32_t j = 0; j < graph->nodes[i].input_count; j++)
            tf->values[graph->nodes[i].inputs[j]].readers++;
    }
    for (size_t i = 0; i < graph->output_count; i++)
        tf->values[graph->outputs[i]].output = true;
}

static bool all_nonnegative(const struct tf_graph *tf, const struct node *node)
{
    for (uint32_t i = 0; i < node->input_count; i++) {
        if (!tf->values[node->inputs[i]].nonnegative)
            return false;
    }
    return true;
}

static bool sum_is_nonnegative(const struct tf_graph *tf, const struct node *node)
{
    const float *coefficients = node->parameters.eltwise.coefficients;

    for (uint32_t i = 0; coefficients && i < node->input_count; i++) {
        if (!(coefficients[i] >= 0))
            return false;
    }
    return all_nonnegative(tf, node);
}

/* Whether a layer's results are provably never below zero, so that zeros around them are below
 * every maximum. */
static bool is_nonnegative(const struct tf_graph *tf, const struct node *node)
{
    bool first = node->input_count && tf->values[node->inputs[0]].nonnegative;

    switch (node->op->kind) {
    case OPERATOR_RELU:
        return node->parameters.relu.negative_slope == 0 || first;
    case OPERATOR_CLIP:
        return node->parameters.clip.low >= 0;
    case OPERATOR_PAD:
        return first && node->parameters.pad.value >= 0;
    case OPERATOR_ELTWISE:
        return sum_is_nonnegative(tf, node);
    case OPERATOR_CONCAT:
        return all_nonnegative(tf, node);
    case OPERATOR_LRN:
        return first && node->parameters.lrn.k >= 0 && node->parameters.lrn.alpha >= 0;
    default:
        return first;
    }
}

/* Which operators keep what is_nonnegative() says of their first input, or make it so. */
static bool keeps_sign(enum operator_kind kind)
{
    static const bool keeps[OPERATOR_COUNT] = {
        [OPERATOR_RELU] = true,
        [OPERATOR_CLIP] = true,
        [OPERATOR_PAD] = true,
        [OPERATOR_ELTWISE] = true,
        [OPERATOR_CONCAT] = true,
        [OPERATOR_LRN] = true,
        [OPERATOR_DROPOUT] = true,
        [OPERATOR_SPLIT] = true,
        [OPERATOR_SLICE] = true,
        [OPERATOR_POOLING] = true,
        [OPERATOR_RESIZE] = true,
        [OPERATOR_CROP] = true,
        [OPERATOR_FLATTEN] = true,
        [OPERATOR_RESHAPE] = true,
        [OPERATOR_PERMUTE] = true,
        [OPERATOR_TILE] = true,
        [OPERATOR_SHUFFLE_CHANNEL] = true,
    };

    return keeps[kind];
}

static bool is_positive_function(const struct node *node)
{
    static const bool positive[OPERATOR_COUNT] = {
        [OPERATOR_SIGMOID] = true, [OPERATOR_ABS_VAL] = true,   [OPERATOR_EXP] = true,
        [OPERATOR_BNLL] = true,    [OPERATOR_THRESHOLD] = true,
    };

    return node->op->kind == OPERATOR_SOFTMAX ? !node->parameters.softmax.logarithm
                                              : positive[node->op->kind];
}

static void find_nonnegative(struct tf_graph *tf)
{
    for (size_t i = 0; i < tf->graph->node_count; i++) {
        const struct node *node = &tf->graph->nodes[i];
        enum operator_kind kind = node->op->kind;
        bool nonnegative =
            is_positive_function(node) || (keeps_sign(kind) && is_nonnegative(tf, node));
        for (uint32_t j = 0; j < node->output_count; j++)
            tf->values[node->outputs[j]].nonnegative = nonnegative;
    }
}

/* ---- flattened images that only products read ---- */

static bool passes_on(enum operator_kind kind)
{
    return kind == OPERATOR_DROPOUT || kind == OPERATOR_RELU || kind == OPERATOR_SPLIT;
}

/* From the last layer to the first: whether a value's order is free because products follow. */
static void find_products(const struct tf_graph *tf, bool *only)
{
    const struct graph *graph = tf->graph;

    for (size_t i = 0; i < graph->value_count; i++)
        only[i] = tf->values[i].readers && !tf->values[i].output;
    for (size_t i = graph->node_count; i-- > 0;) {
        const struct node *node = &graph->nodes[i];
        bool fine = node->op->kind == OPERATOR_INNER_PRODUCT &&
                    graph->values[node->outputs[0]].shape.dims == 2;
        if (passes_on(node->op->kind)) {
            fine = true;
            for (uint32_t j = 0; j < node->output_count; j++)
                fine = fine && only[node->outputs[j]];
        }
        for (uint32_t j = 0; j < node->input_count; j++)
            only[node->inputs[j]] = only[node->inputs[j]] && fine;
    }
}

/* N x C x H x W to N x C*H*W, where N,H,W,C stands in another order. */
static bool flattens(const struct graph *graph, const struct node *node)
{
    const struct shape *in = &graph->values[node->inputs[0]].shape;
    const struct shape *out = &graph->values[node->outputs[0]].shape;

    return (node->op->kind == OPERATOR_FLATTEN || node->op->kind == OPERATOR_RESHAPE) &&
           in->dims == 4 && out->dims == 2 && in->dim[0] == out->dim[0] && in->dim[1] > 1 &&
           in->dim[2] * in->dim[3] > 1;
}

static void find_flattened(struct tf_graph *tf)
{
    const struct graph *graph = tf->graph;
    bool *only = arena_alloc(&tf->arena, graph->value_count, sizeof *only);

    if (!only) {
        tf->status = STATUS_MEMORY;
        return;
    }
    find_products(tf, only);
    for (size_t i = 0; i < graph->node_count; i++) {
        const struct node *node = &graph->nodes[i];
        if (node->output_count == 1 && node->input_count && only[node->outputs[0]] &&
            flattens(graph, node))
            tf->values[node->outputs[0]].turned = &graph->values[node->inputs[0]].shape;
    }
}

/* ---- BatchNorm and the Scale behind it ---- */

static bool is_channel_scale(const struct graph *graph, const struct node *node)
{
    const struct shape *in = &graph->values[node->inputs[0]].shape;

    return node->op->kind == OPERATOR_SCALE && node->input_count == 1 && in->dims > 1 &&
           (node->parameters.scale.axis == 1 ||
            node->parameters.scale.axis == 1 - (int64_t)in->dims) &&
           node->weights[0].shape.dims == 1;
}

static void find_merged(struct tf_graph *tf)
{
    const struct graph *graph = tf->graph;
    bool *merged = arena_alloc(&tf->arena, graph->node_count, sizeof *merged);

    tf->merged = merged;
    if (!merged) {
        tf->status = STATUS_MEMORY;
        return;
    }
    for (size_t i = 0; i < graph->node_count; i++) {
        const struct node *node = &graph->nodes[i];
        if (!node->input_count || !is_channel_scale(graph, node))
            continue;
        uint32_t value = node->inputs[0], producer = graph->values[value].producer;
        const struct node *norm = &graph->nodes[producer];
        merged[producer] = norm->op->kind == OPERATOR_BATCH_NORM &&
                           !norm->parameters.batch_norm.batch_statistics &&
                           tf->values[value].readers == 1 && !tf->values[value].output;
    }
}

/* ---- writing ---- */

static void find_batch(struct tf_graph *tf)
{
    struct batch batch;
    struct error error;

    tf->status = batch_look(tf->graph, &tf->arena, &batch, &error);
    tf->fixed_batch = !tf->status && batch.fixed;
}

static void analyse(struct tf_graph *tf)
{
    find_batch(tf);
    count_readers(tf);
    find_nonnegative(tf);
    find_flattened(tf);
    find_merged(tf);
}

static void write_layers(struct tf_graph *tf)
{
    for (size_t i = 0; i < tf->graph->node_count && !tf->status; i++) {
        const struct node *node = &tf->graph->nodes[i];
        struct tf_layer layer = {.tf = tf, .node = node, .name = ""};
        if (tf->merged[i])
            continue;
        if (node->output_count)
            layer.name = tf->values[node->outputs[0]].name;
        writers[node->op->kind](&layer);
    }
}

enum status tf_graph_build(struct tf_graph *tf, const char *path, struct error *error)
{
    enum status status;

    if (!tf->status)
        analyse(tf);
    if (!tf->status)
        write_layers(tf);
    status = tf_graph_status(tf, path, error);
    if (!status && tf->foreign)
        log_notice("%s: has operators of OpenCV's importer that TensorFlow itself cannot load",
                   path);
    return status;
}

enum status tensorflow_write(const struct graph *graph, bool explicit_padding, const char *path,
                             struct error *error)
{
    struct names *names;
    struct tf_graph tf;
    enum status status = names_create(graph, &names, error);

    if (status)
        return status;
    tf_graph_init(&tf, graph, names);
    tf.explicit_padding = explicit_padding;
    status = tf_graph_build(&tf, path, error);
    if (!status)
        status = tf_emit_graph(&tf, path, error);
    tf_graph_free(&tf);
    names_free(names);
    return status;
}
