/* Rewrites of several layers that spell one of Caffe's. */
#include <string.h>

#include "common/checked.h"
#include "model/rewrite.h"
#include "model/shape.h"

/* ---- activations ---- */

/* A Power that only multiplies. */
static bool is_factor(const struct node *node)
{
    return node->parameters.power.power == 1 && node->parameters.power.shift == 0;
}

/* x * sigmoid(beta * x) */
bool rewrite_swish(struct rewriting *rewriting, struct node *last, enum status *status)
{
    (void)status;
    if (last->parameters.eltwise.operation != ELTWISE_PRODUCT || last->input_count != 2)
        return false;
    for (uint32_t i = 0; i < 2; i++) {
        struct node *sigmoid = rewrite_before(rewriting, last, i, OPERATOR_SIGMOID);
        struct node *factor;
        uint32_t x = last->inputs[1 - i];
        float beta = 1;
        if (!sigmoid)
            continue;
        factor = rewrite_before(rewriting, sigmoid, 0, OPERATOR_POWER);
        if (sigmoid->inputs[0] == x) {
            factor = NULL;
        } else if (factor && is_factor(factor) && factor->inputs[0] == x) {
            beta = factor->parameters.power.scale;
        } else {
            continue;
        }
        rewrite_connect(rewriting, last, 0, x);
        rewrite_become(rewriting, last, OPERATOR_SWISH, 1);
        last->parameters.swish.beta = beta;
        rewrite_remove(rewriting, sigmoid);
        if (factor)
            rewrite_remove(rewriting, factor);
        return true;
    }
    return false;
}

/* The layers of relu(x) + coefficient * slope * relu(-x). */
struct prelu {
    struct node *positive, *slope, *negative, *turn;
    float coefficient;
};

static bool is_relu(const struct node *node)
{
    return node && node->parameters.relu.negative_slope == 0;
}

static bool find_prelu(const struct rewriting *rewriting, const struct node *last, uint32_t side,
                       struct prelu *prelu)
{
    const float *coefficients = last->parameters.eltwise.coefficients;

    prelu->positive = rewrite_before(rewriting, last, side, OPERATOR_RELU);
    prelu->slope = rewrite_before(rewriting, last, 1 - side, OPERATOR_SCALE);
    if (!prelu->slope)
        prelu->slope = rewrite_before(rewriting, last, 1 - side, OPERATOR_POWER);
    if (!is_relu(prelu->positive) || !prelu->slope || (coefficients && coefficients[side] != 1))
        return false;
    prelu->coefficient = coefficients ? coefficients[1 - side] : 1;
    prelu->negative = rewrite_before(rewriting, prelu->slope, 0, OPERATOR_RELU);
    if (!is_relu(prelu->negative))
        return false;
    prelu->turn = rewrite_before(rewriting, prelu->negative, 0, OPERATOR_POWER);
    return prelu->turn && is_factor(prelu->turn) && prelu->turn->parameters.power.scale == -1 &&
           prelu->turn->inputs[0] == prelu->positive->inputs[0] &&
           (prelu->coefficient == 1 || prelu->coefficient == -1);
}

/* The slopes as a weight: those of the Scale, negated unless the sum subtracts them. */
static bool take_slopes(struct rewriting *rewriting, const struct prelu *prelu, struct weight *out,
                        enum status *status)
{
    const struct node *scale = prelu->slope;
    float *numbers;

    *out = scale->weights[0];
    if (prelu->coefficient == -1)
        return true;
    if (out->count * sizeof *numbers > rewriting->budget)
        return false;
    rewriting->budget -= out->count * sizeof *numbers;
    numbers = arena_alloc(&rewriting->graph->arena, out->count, sizeof *numbers);
    if (!numbers) {
        *status = arena_fail(&rewriting->graph->arena, rewriting->error);
        return false;
    }
    weight_copy(out, numbers);
    for (size_t i = 0; i < out->count; i++)
        numbers[i] = -numbers[i];
    *out = weight_make(&scale->weights[0].shape, numbers);
    return true;
}

bool rewrite_prelu(struct rewriting *rewriting, struct node *last, enum status *status)
{
    struct prelu prelu;
    struct weight slopes, *weights;
    float slope = 0;

    if (last->parameters.eltwise.operation != ELTWISE_SUM || last->input_count != 2 ||
        (!find_prelu(rewriting, last, 0, &prelu) && !find_prelu(rewriting, last, 1, &prelu)))
        return false;
    bool shared = prelu.slope->op->kind == OPERATOR_POWER;
    if (shared ? !is_factor(prelu.slope)
               : prelu.slope->input_count != 1 || prelu.slope->weight_count != 1 ||
                     prelu.slope->parameters.scale.axis != 1 ||
                     prelu.slope->weights[0].shape.dims != 1 ||
                     !take_slopes(rewriting, &prelu, &slopes, status))
        return false;
    if (shared)
        slope = -prelu.coefficient * prelu.slope->parameters.power.scale;
    rewrite_connect(rewriting, last, 0, prelu.positive->inputs[0]);
    rewrite_become(rewriting, last, shared ? OPERATOR_RELU : OPERATOR_PRELU, 1);
    rewrite_remove(rewriting, prelu.positive);
    rewrite_remove(rewriting, prelu.slope);
    rewrite_remove(rewriting, prelu.negative);
    rewrite_remove(rewriting, prelu.turn);
    if (shared) {
        last->parameters.relu.negative_slope = slope;
        return true;
    }
    weights = rewrite_weights(rewriting, last, 1, status);
    if (weights)
        weights[0] = slopes;
    return weights;
}

/* ---- layout ---- */

static const struct shape *shape_of(const struct rewriting *rewriting, uint32_t value)
{
    return &rewriting->graph->values[value].shape;
}

/* N,C,H,W -> N,g,C/g,H,W -> N,C/g,g,H,W -> N,C,H,W */
bool rewrite_shuffle(struct rewriting *rewriting, struct node *last, enum status *status)
{
    static const uint8_t order[] = {0, 2, 1, 3, 4};
    struct node *permute = rewrite_before(rewriting, last, 0, OPERATOR_PERMUTE);
    struct node *split = permute ? rewrite_before(rewriting, permute, 0, OPERATOR_RESHAPE) : NULL;
    const struct shape *in, *middle;

    (void)status;
    if (!split || permute->parameters.permute.dims != 5 ||
        memcmp(permute->parameters.permute.order, order, sizeof order) != 0)
        return false;
    in = shape_of(rewriting, split->inputs[0]);
    middle = shape_of(rewriting, split->outputs[0]);
    if (in->dims != 4 || middle->dims != 5 || middle->dim[0] != in->dim[0] ||
        middle->dim[3] != in->dim[2] || middle->dim[4] != in->dim[3] ||
        !shape_equal(in, shape_of(rewriting, last->outputs[0])))
        return false;
    rewrite_connect(rewriting, last, 0, split->inputs[0]);
    rewrite_become(rewriting, last, OPERATOR_SHUFFLE_CHANNEL, 1);
    last->parameters.shuffle_channel.group = middle->dim[1];
    rewrite_remove(rewriting, permute);
    rewrite_remove(rewriting, split);
    return true;
}

/* Layers that do the same to each number, wherever it stands. */
static bool is_elementwise(const struct node *node)
{
    switch (node->op->kind) {
    case OPERATOR_RELU:
    case OPERATOR_ELU:
    case OPERATOR_SIGMOID:
    case OPERATOR_TANH:
    case OPERATOR_ABS_VAL:
    case OPERATOR_POWER:
    case OPERATOR_EXP:
    case OPERATOR_LOG:
    case OPERATOR_BNLL:
    case OPERATOR_THRESHOLD:
    case OPERATOR_CLIP:
    case OPERATOR_SWISH:
    case OPERATOR_DROPOUT:
    case OPERATOR_SPLIT:
        return true;
    default:
        return false;
    }
}

static bool flattens(const struct rewriting *rewriting, const struct node *node)
{
    const struct shape *in = shape_of(rewriting, node->inputs[0]);
    const struct shape *out = shape_of(rewriting, node->outputs[0]);

    return (node->op->kind == OPERATOR_FLATTEN || node->op->kind == OPERATOR_RESHAPE) &&
           out->dims == 2 && in->dims > 1 && out->dim[0] == in->dim[0];
}

/* The layer that flattens what the product reads, behind layers that keep each number's place. */
static struct node *find_flatten(const struct rewriting *rewriting, const struct node *product)
{
    const struct node *node = product;

    for (;;) {
        uint32_t value = node->inputs[0];
        struct node *before = &rewriting->graph->nodes[rewriting->graph->values[value].producer];
        if (rewriting->readers[value] != 1 || rewriting->kept[value] || !before->input_count)
            return NULL;
        if (flattens(rewriting, before))
            return before;
        if (!is_elementwise(before) || before->output_count != 1)
            return NULL;
        node = before;
    }
}

/* Columns of weights for a flattened permuted value, as those for the value that was not. */
static bool permute_columns(struct weight *weight, const struct shape *permuted,
                            const uint8_t *order)
{
    struct shape split = {.dims = permuted->dims, .dim = {weight->shape.dim[0]}};
    const struct shape matrix = weight->shape;
    uint8_t back[SHAPE_MAX_DIMS];
    struct weight turned = *weight;

    if (order[0] != 0 || matrix.dims != 2)
        return false;
    for (unsigned i = 0; i < permuted->dims; i++)
        back[order[i]] = (uint8_t)i;
    for (unsigned i = 1; i < permuted->dims; i++)
        split.dim[i] = permuted->dim[i];
    weight_reshape(&turned, &split);
    if (!weight_permute(&turned, back))
        return false;
    weight_reshape(&turned, &matrix);
    *weight = turned;
    return true;
}

/* True when the source has no transpose there but flattens N,H,W,C as it lies: by convention the
 * names of what is flattened mean Caffe's order C,H,W (model/format/tensorflow_fields.h). */
static bool takes_source_order(const struct rewriting *rewriting, const struct node *permute)
{
    static const uint8_t channels_last[] = {0, 2, 3, 1};
    const struct value *value = &rewriting->graph->values[permute->inputs[0]];

    return rewriting->graph->values[permute->outputs[0]].implied && value->shape.dims == 4 &&
           !memcmp(value->order, channels_last, sizeof channels_last) &&
           !memcmp(permute->parameters.permute.order, channels_last, sizeof channels_last);
}

static bool rename_value(struct graph *graph, uint32_t index, enum status *status,
                         struct error *error)
{
    static const char suffix[] = "/Unpermuted";
    size_t length = strlen(graph->values[index].name);
    char *name = arena_alloc(&graph->arena, length + sizeof suffix, 1);

    if (!name) {
        *status = arena_fail(&graph->arena, error);
        return false;
    }
    memcpy(name, graph->values[index].name, length);
    memcpy(name + length, suffix, sizeof suffix);
    for (size_t i = 0; i < graph->top_count; i++) {
        if (graph->tops[i].value == index)
            graph->tops[i].name = name;
    }
    graph->top_slot_count = 0;
    graph->values[index].name = name;
    return true;
}

/* The values from the flattening to the product hold the same numbers in another order: they lose
 * the names that meant the old one. */
static bool rename_flattened(struct rewriting *rewriting, const struct node *flatten,
                             const struct node *product, enum status *status)
{
    struct graph *graph = rewriting->graph;
    const struct node *node = product;

    while (node != flatten) {
        uint32_t value = node->inputs[0];
        if (!rename_value(graph, value, status, rewriting->error))
            return false;
        node = &graph->nodes[graph->values[value].producer];
    }
    return true;
}

bool rewrite_flatten_order(struct rewriting *rewriting, struct node *last, enum status *status)
{
    const struct inner_product_parameters *p = &last->parameters.inner_product;
    struct node *flatten = p->axis == 1 && !p->transpose ? find_flatten(rewriting, last) : NULL;
    struct node *permute = flatten ? rewrite_before(rewriting, flatten, 0, OPERATOR_PERMUTE) : NULL;
    struct weight weight, *weights;

    if (!permute)
        return false;
    weight = last->weights[0];
    if (!permute_columns(&weight, shape_of(rewriting, permute->outputs[0]),
                         permute->parameters.permute.order))
        return false;
    if (!takes_source_order(rewriting, permute) &&
        !rename_flattened(rewriting, flatten, last, status))
        return false;
    weights = rewrite_weights(rewriting, last, last->weight_count, status);
    if (!weights)
        return false;
    weights[0] = weight;
    rewrite_connect(rewriting, flatten, 0, permute->inputs[0]);
    rewrite_remove(rewriting, permute);
    return true;
}

/* ---- groups ---- */

/* Slice, one convolution per part, Concat. */
struct branches {
    struct node *slice, *first;
    uint32_t count;
};

static bool same_convolution(const struct rewriting *rewriting, const struct node *a,
                             const struct node *b)
{
    const struct convolution_parameters *p = &a->parameters.convolution;
    const struct convolution_parameters *q = &b->parameters.convolution;

    return a->op == b->op && !memcmp(&p->window, &q->window, sizeof p->window) &&
           p->outputs == q->outputs && p->group == q->group && p->bias == q->bias &&
           a->weight_count == b->weight_count &&
           shape_equal(shape_of(rewriting, a->inputs[0]), shape_of(rewriting, b->inputs[0]));
}

static struct node *branch(const struct rewriting *rewriting, const struct node *concat,
                           uint32_t index)
{
    struct node *node = rewrite_before(rewriting, concat, index, OPERATOR_CONVOLUTION);

    return node ? node : rewrite_before(rewriting, concat, index, OPERATOR_DECONVOLUTION);
}

static bool find_branches(const struct rewriting *rewriting, const struct node *concat,
                          struct branches *branches)
{
    branches->count = concat->input_count;
    branches->first = branch(rewriting, concat, 0);
    if (!branches->first || concat->parameters.concat.axis != 1 || branches->count < 2)
        return false;
    branches->slice = rewrite_before(rewriting, branches->first, 0, OPERATOR_SLICE);
    if (!branches->slice || branches->slice->parameters.slice.axis != 1 ||
        branches->slice->output_count != branches->count)
        return false;
    for (uint32_t i = 0; i < branches->count; i++) {
        const struct node *node = branch(rewriting, concat, i);
        if (!node || !same_convolution(rewriting, branches->first, node) ||
            node->inputs[0] != branches->slice->outputs[i] ||
            rewriting->readers[node->inputs[0]] != 1 || rewriting->kept[node->inputs[0]])
            return false;
    }
    return true;
}

/* Whether `part` lies just behind `first`, `index` times its extent along the first axis. */
static bool lies_behind(const struct weight *first, const struct weight *part, uint32_t index)
{
    int64_t step = (int64_t)first->count;

    if (first->dims && first->dim[0] != first->shape.dim[0])
        return false;
    if (first->dims)
        step = first->dim[0] * first->stride[0];
    return part->dims == first->dims &&
           !memcmp(part->dim, first->dim, first->dims * sizeof *first->dim) &&
           !memcmp(part->stride, first->stride, first->dims * sizeof *first->stride) &&
           (intptr_t)part->bytes - (intptr_t)first->bytes == index * step * (int64_t)sizeof(float);
}

/* One view of them all, where they were cut out of one weight. */
static bool join_views(const struct rewriting *rewriting, const struct node *concat, uint32_t which,
                       struct weight *out)
{
    *out = branch(rewriting, concat, 0)->weights[which];
    for (uint32_t i = 1; i < concat->input_count; i++) {
        if (!lies_behind(out, &branch(rewriting, concat, i)->weights[which], i))
            return false;
    }
    out->shape.dim[0] *= concat->input_count;
    out->dim[0] *= concat->input_count;
    out->count *= concat->input_count;
    return true;
}

/* The weights number `which` of all branches, joined along their first axis. */
static bool join_weights(struct rewriting *rewriting, const struct node *concat, uint32_t which,
                         struct weight *out, enum status *status)
{
    const struct weight *first = &branch(rewriting, concat, 0)->weights[which];
    struct shape shape = first->shape;
    size_t bytes;
    float *numbers;

    if (join_views(rewriting, concat, which, out))
        return true;
    if (!checked_mul(first->count, concat->input_count * sizeof *numbers, &bytes) ||
        bytes > rewriting->budget)
        return false;
    numbers = arena_alloc(&rewriting->graph->arena, bytes, 1);
    if (!numbers) {
        *status = arena_fail(&rewriting->graph->arena, rewriting->error);
        return false;
    }
    rewriting->budget -= bytes;
    for (uint32_t i = 0; i < concat->input_count; i++)
        weight_copy(&branch(rewriting, concat, i)->weights[which], numbers + i * first->count);
    shape.dim[0] *= concat->input_count;
    *out = weight_make(&shape, numbers);
    return true;
}

bool rewrite_groups(struct rewriting *rewriting, struct node *last, enum status *status)
{
    struct branches branches;
    struct weight joined[2], *weights;
    struct node *first;
    uint32_t weight_count;

    if (!find_branches(rewriting, last, &branches))
        return false;
    first = branches.first;
    weight_count = first->weight_count;
    for (uint32_t i = 0; i < weight_count; i++) {
        if (!join_weights(rewriting, last, i, &joined[i], status))
            return false;
    }
    for (uint32_t i = 1; i < branches.count; i++)
        rewrite_remove(rewriting, branch(rewriting, last, i));
    rewrite_absorb(rewriting, last, first);
    rewrite_connect(rewriting, last, 0, branches.slice->inputs[0]);
    rewrite_remove(rewriting, branches.slice);
    last->parameters.convolution.outputs *= branches.count;
    last->parameters.convolution.group *= branches.count;
    weights = rewrite_weights(rewriting, last, weight_count, status);
    if (weights)
        memcpy(weights, joined, weight_count * sizeof *weights);
    return weights;
}
