/* Rewrites of two layers into one. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "model/rewrite.h"
#include "model/shape.h"

/* A vector along one axis. */
static bool is_vector(const struct node *bias, int64_t axis)
{
    return bias->input_count == 1 && bias->weight_count == 1 &&
           bias->parameters.bias.axis == axis && bias->weights[0].shape.dims == 1;
}

/* The layer before that can take a bias along the same axis, and has none. */
static struct node *find_biasable(const struct rewriting *rewriting, const struct node *last)
{
    struct node *first;

    if ((first = rewrite_before(rewriting, last, 0, OPERATOR_CONVOLUTION)) ||
        (first = rewrite_before(rewriting, last, 0, OPERATOR_DECONVOLUTION)))
        return !first->parameters.convolution.bias && is_vector(last, 1) ? first : NULL;
    if ((first = rewrite_before(rewriting, last, 0, OPERATOR_INNER_PRODUCT)))
        return !first->parameters.inner_product.bias &&
                       is_vector(last, first->parameters.inner_product.axis)
                   ? first
                   : NULL;
    first = rewrite_before(rewriting, last, 0, OPERATOR_SCALE);
    if (!first || first->input_count != 1 || first->weight_count != 1 || last->input_count != 1 ||
        first->parameters.scale.axis != last->parameters.bias.axis ||
        !shape_equal(&first->weights[0].shape, &last->weights[0].shape))
        return NULL;
    return first;
}

bool rewrite_bias(struct rewriting *rewriting, struct node *last, enum status *status)
{
    struct node *first = last->weight_count == 1 ? find_biasable(rewriting, last) : NULL;
    struct weight bias, *weights;

    if (!first)
        return false;
    bias = last->weights[0];
    rewrite_absorb(rewriting, last, first);
    weights = rewrite_weights(rewriting, last, 2, status);
    if (!weights)
        return false;
    weights[1] = bias;
    if (last->op->kind == OPERATOR_SCALE)
        last->parameters.scale.bias = true;
    else if (last->op->kind == OPERATOR_INNER_PRODUCT)
        last->parameters.inner_product.bias = true;
    else
        last->parameters.convolution.bias = true;
    return true;
}

/* ReLU is a clip from 0 on. */
static bool clip_range(const struct node *node, struct clip_parameters *range)
{
    if (node->op->kind == OPERATOR_CLIP)
        *range = node->parameters.clip;
    else
        *range = (struct clip_parameters){.low = 0, .high = INFINITY};
    return node->op->kind == OPERATOR_CLIP || node->parameters.relu.negative_slope == 0;
}

bool rewrite_clip(struct rewriting *rewriting, struct node *last, enum status *status)
{
    struct node *first = rewrite_before(rewriting, last, 0, OPERATOR_CLIP);
    struct clip_parameters inner, outer;

    (void)status;
    if (!first)
        first = rewrite_before(rewriting, last, 0, OPERATOR_RELU);
    if (!first || !clip_range(first, &inner) || !clip_range(last, &outer))
        return false;
    rewrite_absorb(rewriting, last, first);
    inner.low = fminf(fmaxf(inner.low, outer.low), outer.high);
    inner.high = fminf(fmaxf(inner.high, outer.low), outer.high);
    if (inner.low == 0 && isinf(inner.high)) {
        rewrite_become(rewriting, last, OPERATOR_RELU, 1);
        return true;
    }
    rewrite_become(rewriting, last, OPERATOR_CLIP, 1);
    last->parameters.clip = inner;
    return true;
}

/* ---- padding ---- */

enum { LOOK_BACK = 8 };

/* No number of the value can be below 0. */
static bool is_nonnegative(const struct rewriting *rewriting, uint32_t value, int depth)
{
    const struct graph *graph = rewriting->graph;
    const struct node *node = &graph->nodes[graph->values[value].producer];

    switch (node->op->kind) {
    case OPERATOR_RELU:
        return node->parameters.relu.negative_slope == 0;
    case OPERATOR_CLIP:
        return node->parameters.clip.low >= 0;
    case OPERATOR_SOFTMAX:
        return !node->parameters.softmax.logarithm;
    case OPERATOR_SIGMOID:
    case OPERATOR_ABS_VAL:
    case OPERATOR_BNLL:
        return true;
    case OPERATOR_POOLING:
    case OPERATOR_DROPOUT:
    case OPERATOR_SPLIT:
    case OPERATOR_CONCAT:
    case OPERATOR_LRN:
        for (uint32_t i = 0; i < node->input_count; i++) {
            if (!depth || !is_nonnegative(rewriting, node->inputs[i], depth - 1))
                return false;
        }
        return node->op->kind != OPERATOR_CONCAT || node->input_count < 16;
    default:
        return false;
    }
}

static bool pads_planes_only(const struct pad_parameters *pad)
{
    for (unsigned i = 0; i < pad->dims; i++) {
        if (pad->begin[i] < 0 || pad->end[i] < 0 || (i < 2 && (pad->begin[i] || pad->end[i])))
            return false;
    }
    return pad->dims == 4;
}

/* Whether the pooling gives the same with the padding as its own. */
static bool pools_alike(const struct rewriting *rewriting, const struct node *pool,
                        const struct node *pad)
{
    const struct pooling_parameters *p = &pool->parameters.pooling;
    const struct pad_parameters *around = &pad->parameters.pad;

    if (p->global || p->ceiling || p->exclude_pad)
        return false;
    for (int i = 0; i < 2; i++) {
        if (p->window.pad[i] + around->begin[2 + i] >= p->window.kernel[i] ||
            p->window.pad_end[i] + around->end[2 + i] >= p->window.kernel[i])
            return false;
    }
    if (p->method == POOLING_AVERAGE)
        return around->value == 0;
    return p->method == POOLING_MAX &&
           (around->value <= -FLT_MAX ||
            (around->value == 0 && is_nonnegative(rewriting, pad->inputs[0], LOOK_BACK)));
}

/* Whether the padding only holds what rounding up reaches, be it whole windows: Caffe's maximum
 * without padding, of which an empty window gives -FLT_MAX (pooling_layer.cpp). */
static bool pools_rounded_up(const struct rewriting *rewriting, const struct node *pool,
                             const struct node *pad)
{
    const struct value *values = rewriting->graph->values;
    const struct pad_parameters *around = &pad->parameters.pad;
    struct pooling_parameters p = pool->parameters.pooling;

    if (p.method != POOLING_MAX || p.global || p.ceiling || around->value < -FLT_MAX ||
        around->value > -FLT_MAX)
        return false;
    p.ceiling = true;
    for (int i = 0; i < 2; i++) {
        if (p.window.pad[i] || p.window.pad_end[i] || around->begin[2 + i] ||
            shape_pooled_extent(&p, i, values[pad->inputs[0]].shape.dim[2 + i]) !=
                values[pool->outputs[0]].shape.dim[2 + i])
            return false;
    }
    return true;
}

static void take_padding(struct window *window, const struct pad_parameters *pad)
{
    for (int i = 0; i < 2; i++) {
        window->pad[i] += pad->begin[2 + i];
        window->pad_end[i] += pad->end[2 + i];
    }
}

static void exchange_outputs(struct graph *graph, struct node *a, struct node *b)
{
    uint32_t *outputs = a->outputs;
    const char *name = a->name;

    a->outputs = b->outputs;
    b->outputs = outputs;
    a->name = b->name;
    b->name = name;
    graph->values[a->outputs[0]].producer = (uint32_t)(a - graph->nodes);
    graph->values[b->outputs[0]].producer = (uint32_t)(b - graph->nodes);
}

/* Pad and then Permute become Permute and then Pad; each keeps its names. */
static void pad_later(struct rewriting *rewriting, struct node *pad, struct node *permute,
                      const struct pad_parameters *turned)
{
    struct graph *graph = rewriting->graph;
    const struct permute_parameters order = permute->parameters.permute;
    const struct shape in = graph->values[pad->inputs[0]].shape;
    struct value *padded, *permuted;

    exchange_outputs(graph, pad, permute);
    rewrite_connect(rewriting, permute, 0, pad->outputs[0]);
    pad->op = operator_info(OPERATOR_PERMUTE);
    pad->parameters.permute = order;
    permute->op = operator_info(OPERATOR_PAD);
    permute->parameters.pad = *turned;
    permuted = &graph->values[pad->outputs[0]];
    padded = &graph->values[permute->outputs[0]];
    padded->shape = permuted->shape;
    padded->turned = permuted->turned;
    memcpy(padded->order, permuted->order, sizeof padded->order);
    for (unsigned i = 0; i < in.dims; i++)
        permuted->shape.dim[i] = in.dim[order.order[i]];
}

bool rewrite_pad_order(struct rewriting *rewriting, struct node *last, enum status *status)
{
    struct node *permute = rewrite_before(rewriting, last, 0, OPERATOR_PERMUTE);
    struct node *pad = permute ? rewrite_before(rewriting, permute, 0, OPERATOR_PAD) : NULL;
    struct pad_parameters turned;

    (void)status;
    if (!pad || pad->parameters.pad.dims != permute->parameters.permute.dims)
        return false;
    turned = pad->parameters.pad;
    for (unsigned i = 0; i < turned.dims; i++) {
        turned.begin[i] = pad->parameters.pad.begin[permute->parameters.permute.order[i]];
        turned.end[i] = pad->parameters.pad.end[permute->parameters.permute.order[i]];
    }
    if (!pads_planes_only(&turned))
        return false;
    rewrite_connect(rewriting, last, 0, pad->outputs[0]);
    pad_later(rewriting, pad, permute, &turned);
    return true;
}

bool rewrite_pad(struct rewriting *rewriting, struct node *last, enum status *status)
{
    struct node *pad = rewrite_before(rewriting, last, 0, OPERATOR_PAD);
    bool pooling = last->op->kind == OPERATOR_POOLING;

    (void)status;
    if (!pad || !pads_planes_only(&pad->parameters.pad))
        return false;
    if (pooling && pools_alike(rewriting, last, pad))
        take_padding(&last->parameters.pooling.window, &pad->parameters.pad);
    else if (pooling && pools_rounded_up(rewriting, last, pad))
        last->parameters.pooling.ceiling = true;
    else if (!pooling && pad->parameters.pad.value == 0)
        take_padding(&last->parameters.convolution.window, &pad->parameters.pad);
    else
        return false;
    rewrite_connect(rewriting, last, 0, pad->inputs[0]);
    rewrite_remove(rewriting, pad);
    return true;
}
