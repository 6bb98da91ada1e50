/* Layers that work element by element, and reductions. */
#include <math.h>
#include <string.h>

#include "model/format/tensorflow/tensorflow_ops.h"
#include "model/shape.h"

/* ---- functions of one number ---- */

static void write_unary(struct tf_layer *layer, const char *op)
{
    tf_unary(layer, op, NULL, tf_input_as_is(layer, 0));
}

void tf_write_relu(struct tf_layer *layer)
{
    float slope = layer->node->parameters.relu.negative_slope;
    struct tf_node *node;

    if (slope == 0) {
        write_unary(layer, "Relu");
        return;
    }
    node = tf_emit(layer, "LeakyRelu", NULL, TF_INPUTS(tf_input_as_is(layer, 0)));
    tf_set_float(layer, node, "alpha", slope);
}

void tf_write_sigmoid(struct tf_layer *layer)
{
    write_unary(layer, "Sigmoid");
}

void tf_write_tanh(struct tf_layer *layer)
{
    write_unary(layer, "Tanh");
}

void tf_write_abs_val(struct tf_layer *layer)
{
    write_unary(layer, "Abs");
}

void tf_write_bnll(struct tf_layer *layer)
{
    write_unary(layer, "Softplus");
}

void tf_write_dropout(struct tf_layer *layer)
{
    write_unary(layer, "Identity");
}

/* Relu(x) + -slope * Relu(-x), the form of Keras, which OpenCV recognises. */
void tf_write_prelu(struct tf_layer *layer)
{
    const struct shape *in = tf_shape(layer, 0);
    struct weight slope = layer->node->weights[0];
    const char *x = tf_input(layer, 0), *slopes, *below;
    struct shape shape = {.dims = in->dims};

    if (layer->node->parameters.prelu.channel_shared) {
        shape.dims = 0;
    } else if (in->dims != 2) {
        for (unsigned i = 0; i < in->dims; i++)
            shape.dim[i] = 1;
        shape.dim[tf_axis(in, 1)] = (int64_t)slope.count;
        if (in->dims == 4)
            shape = (struct shape){.dims = 1, .dim = {(int64_t)slope.count}};
    } else {
        shape = (struct shape){.dims = 1, .dim = {(int64_t)slope.count}};
    }
    weight_reshape(&slope, &shape);
    slopes = tf_unary(layer, "Neg", "Neg_1", tf_weight(layer, "alpha", &slope));
    below = tf_unary(layer, "Relu", "Relu_1", tf_unary(layer, "Neg", "Neg", x));
    below = tf_binary(layer, "Mul", "mul", slopes, below);
    tf_binary(layer, "Add", NULL, tf_unary(layer, "Relu", "Relu", x), below);
}

/* alpha * (e^min(x, 0) - 1) below 0. */
void tf_write_elu(struct tf_layer *layer)
{
    float alpha = layer->node->parameters.elu.alpha;
    const char *x, *below;

    if (alpha == 1) {
        write_unary(layer, "Elu");
        return;
    }
    x = tf_input_as_is(layer, 0);
    below = tf_unary(layer, "Neg", "Neg_1",
                     tf_unary(layer, "Relu", "Relu_1", tf_unary(layer, "Neg", "Neg", x)));
    below = tf_binary(layer, "Mul", "mul", tf_unary(layer, "Elu", "Elu", below),
                      tf_number(layer, "alpha", alpha));
    tf_binary(layer, "Add", NULL, tf_unary(layer, "Relu", "Relu", x), below);
}

/* shift + scale * x, without the steps that change nothing; `last`: no other node follows. */
static const char *affine(struct tf_layer *layer, const char *x, float scale, float shift,
                          bool last)
{
    if (scale != 1)
        x = tf_binary(layer, "Mul", tf_last(last && shift == 0, "mul"), x,
                      tf_number(layer, "scale", scale));
    if (shift != 0)
        x = tf_binary(layer, "Add", tf_last(last, "add"), x, tf_number(layer, "shift", shift));
    if (last && scale == 1 && shift == 0)
        x = tf_unary(layer, "Identity", NULL, x);
    return x;
}

/* power_layer.cpp: power 0 gives ones; squares and the like are exact. */
void tf_write_power(struct tf_layer *layer)
{
    const struct power_parameters *p = &layer->node->parameters.power;
    const char *x = tf_input_as_is(layer, 0);

    x = affine(layer, x, p->scale, p->shift, p->power == 1);
    if (p->power == 2)
        tf_unary(layer, "Square", NULL, x);
    else if (p->power != 1)
        tf_binary(layer, "Pow", NULL, x, tf_number(layer, "power", p->power));
}

/* base ^ (shift + scale * x) = e ^ (ln base * (shift + scale * x)) (exp_layer.cpp). */
void tf_write_exp(struct tf_layer *layer)
{
    const struct exponent_parameters *p = &layer->node->parameters.exp;
    float factor = p->base == -1 ? 1 : logf(p->base);
    const char *x = tf_input_as_is(layer, 0);

    tf_unary(layer, "Exp", NULL, affine(layer, x, p->scale * factor, p->shift * factor, false));
}

void tf_write_log(struct tf_layer *layer)
{
    const struct exponent_parameters *p = &layer->node->parameters.log;
    const char *x = affine(layer, tf_input_as_is(layer, 0), p->scale, p->shift, false);

    x = tf_unary(layer, "Log", tf_last(p->base == -1, "Log"), x);
    if (p->base != -1)
        tf_binary(layer, "Mul", NULL, x, tf_number(layer, "factor", 1 / logf(p->base)));
}

/* 1 above the threshold, else 0. */
void tf_write_threshold(struct tf_layer *layer)
{
    const char *x = tf_input_as_is(layer, 0), *y;
    struct tf_node *node;

    y = tf_binary(layer, "Greater", "Greater", x,
                  tf_number(layer, "threshold", layer->node->parameters.threshold.threshold));
    node = tf_emit(layer, "Cast", NULL, TF_INPUTS(y));
    tf_set_type(layer, node, "SrcT", TF_TYPE_BOOL);
    tf_set_type(layer, node, "DstT", TF_TYPE_FLOAT);
}

void tf_write_clip(struct tf_layer *layer)
{
    const struct clip_parameters *p = &layer->node->parameters.clip;
    const char *x;
    bool below = !isinf(p->high), above = !isinf(p->low);

    if (p->low == 0 && p->high == 6) {
        write_unary(layer, "Relu6");
        return;
    }
    x = tf_input_as_is(layer, 0);
    if (below)
        x = tf_binary(layer, "Minimum", tf_last(!above, "Minimum"), x,
                      tf_number(layer, "max", p->high));
    if (above)
        tf_binary(layer, "Maximum", NULL, x, tf_number(layer, "min", p->low));
    if (!above && !below)
        tf_unary(layer, "Identity", NULL, x);
}

void tf_write_swish(struct tf_layer *layer)
{
    const char *x = tf_input_as_is(layer, 0);
    const char *y = affine(layer, x, layer->node->parameters.swish.beta, 0, false);

    tf_binary(layer, "Mul", NULL, x, tf_unary(layer, "Sigmoid", "Sigmoid", y));
}

/* ---- several inputs ---- */

static const char *weighted(struct tf_layer *layer, uint32_t input)
{
    const float *coefficients = layer->node->parameters.eltwise.coefficients;
    const char *x = tf_input(layer, input);

    if (!coefficients || coefficients[input] == 1)
        return x;
    return tf_binary(
        layer, "Mul", tf_numbered(layer, "mul", input), x,
        tf_number(layer, tf_numbered(layer, "coefficient", input), coefficients[input]));
}

void tf_write_eltwise(struct tf_layer *layer)
{
    const struct eltwise_parameters *p = &layer->node->parameters.eltwise;
    const char *op = p->operation == ELTWISE_PRODUCT ? "Mul" : "Maximum";
    uint32_t count = layer->node->input_count;
    const char **names, *x;
    struct tf_node *node;

    if (p->operation == ELTWISE_SUM) {
        names = tf_name_list(layer, count);
        for (uint32_t i = 0; names && i < count; i++)
            names[i] = weighted(layer, i);
        if (!names)
            return;
        /* Not Add: OpenCV takes an Add behind a MatMul for its bias. */
        node = tf_emit(layer, "AddN", NULL, names);
        tf_set_int(layer, node, "N", count);
        return;
    }
    x = tf_input(layer, 0);
    for (uint32_t i = 1; i < count; i++)
        x = tf_binary(layer, op, tf_last(i + 1 == count, tf_numbered(layer, op, i)), x,
                      tf_input(layer, i));
}

/* ---- over an axis ---- */

/* Softmax works on the last axis: others are brought there and back. */
void tf_write_softmax(struct tf_layer *layer)
{
    const struct shape *in = tf_shape(layer, 0);
    int64_t order[SHAPE_MAX_DIMS], back[SHAPE_MAX_DIMS];
    const struct softmax_parameters *p = &layer->node->parameters.softmax;
    const char *x = tf_input(layer, 0), *op = p->logarithm ? "LogSoftmax" : "Softmax";
    unsigned axis = 0, last = in->dims - 1;

    if (!shape_axis(in, p->axis, &axis))
        return;
    axis = tf_axis(in, axis);
    if (axis == last) {
        tf_unary(layer, op, NULL, x);
        return;
    }
    for (unsigned i = 0; i < in->dims; i++)
        order[i] = i;
    order[axis] = last;
    order[last] = axis;
    memcpy(back, order, sizeof back);
    x = tf_transpose(layer, x, "transposed", order, in->dims);
    x = tf_unary(layer, op, op, x);
    tf_transpose(layer, x, NULL, back, in->dims);
}

/* Numbers of the best indices, as floats. */
static const char *to_float(struct tf_layer *layer, const char *x, const char *suffix)
{
    struct tf_node *node = tf_emit(layer, "Cast", suffix, TF_INPUTS(x));

    tf_set_type(layer, node, "SrcT", TF_TYPE_INT32);
    tf_set_type(layer, node, "DstT", TF_TYPE_FLOAT);
    return node->name;
}

/* TopKV2 along the last axis of x: its second output are indices. */
static struct tf_node *top(struct tf_layer *layer, const char *x)
{
    const char *k = tf_int(layer, "k", layer->node->parameters.arg_max.top_k);
    struct tf_node *node = tf_emit(layer, "TopKV2", "TopKV2", TF_INPUTS(x, k));

    tf_set_bool(layer, node, "sorted", true);
    return node;
}

/* The same from behind, and the indices as floats: among equal numbers TensorFlow takes the first
 * and Caffe the last. `extent` is the last axis'. */
static struct tf_node *top_last(struct tf_layer *layer, const char *x, unsigned dims,
                                int64_t extent, const char *suffix, const char **indices)
{
    const int64_t last = (int64_t)dims - 1;
    struct tf_node *node =
        tf_emit(layer, "ReverseV2", "ReverseV2", TF_INPUTS(x, tf_ints(layer, "last", &last, 1)));

    tf_set_type(layer, node, "Tidx", TF_TYPE_INT32);
    node = top(layer, node->name);
    *indices = to_float(layer, tf_port(layer, node->name, 1), "Cast");
    *indices =
        tf_binary(layer, "Sub", suffix, tf_number(layer, "end", (float)(extent - 1)), *indices);
    return node;
}

/* Along the last axis of x, of `extent` numbers: the indices as floats, or the values. */
static const char *best(struct tf_layer *layer, const char *x, int64_t extent, const char *suffix)
{
    const char *indices;

    if (layer->node->parameters.arg_max.out_max_val)
        return tf_unary(layer, "Identity", suffix, top(layer, x)->name);
    top_last(layer, x, tf_shape(layer, 0)->dims, extent, suffix, &indices);
    return indices;
}

static void best_along(struct tf_layer *layer, unsigned axis)
{
    const struct shape *in = tf_shape(layer, 0);
    int64_t order[SHAPE_MAX_DIMS], extent = in->dim[axis];
    unsigned last = in->dims - 1;
    const char *x = tf_input(layer, 0);

    axis = tf_axis(in, axis);
    for (unsigned i = 0; i < in->dims; i++)
        order[i] = i;
    order[axis] = last;
    order[last] = axis;
    if (axis == last) {
        best(layer, x, extent, NULL);
        return;
    }
    x = tf_transpose(layer, x, "transposed", order, in->dims);
    tf_transpose(layer, best(layer, x, extent, "best"), NULL, order, in->dims);
}

/* argmax_layer.cpp: without an axis the whole image is one list, N x 1 (2 with values) x top_k. */
void tf_write_arg_max(struct tf_layer *layer)
{
    const struct arg_max_parameters *p = &layer->node->parameters.arg_max;
    const struct shape *in = tf_shape(layer, 0), *out = tf_output_shape(layer);
    struct shape list = {.dims = 2, .dim = {-1, (int64_t)shape_product(in, 1, in->dims)}};
    const char *x, *parts[2];
    unsigned axis = 0;

    if (p->has_axis && shape_axis(in, p->axis, &axis)) {
        best_along(layer, axis);
        return;
    }
    x = tf_reshape(layer, tf_input_plain(layer, 0), "Reshape", &list);
    parts[1] = top_last(layer, x, 2, list.dim[1], "indices", &parts[0])->name;
    x = p->out_max_val ? tf_concat(layer, "concat", parts, 2, 1) : parts[0];
    tf_plain_end(layer, tf_reshape(layer, x, tf_plain_suffix(layer), out));
}

void tf_write_reduction(struct tf_layer *layer)
{
    const struct reduction_parameters *p = &layer->node->parameters.reduction;
    const struct shape *in = tf_shape(layer, 0);
    int64_t axes[SHAPE_MAX_DIMS];
    size_t count = 0;
    unsigned axis = 0;
    bool plain = tf_input_value(layer, 0)->plain;
    const char *x = plain ? tf_input_plain(layer, 0) : tf_input(layer, 0);
    const char *suffix = tf_last(p->coefficient == 1, "sum");

    if (!shape_axis(in, p->axis, &axis))
        return;
    for (unsigned i = axis; i < in->dims; i++)
        axes[count++] = plain ? i : tf_axis(in, i);
    if (p->operation == REDUCTION_ASUM)
        x = tf_unary(layer, "Abs", "Abs", x);
    else if (p->operation == REDUCTION_SUMSQ)
        x = tf_unary(layer, "Square", "Square", x);
    /* N x H x W x C without C and W, or without these and H, stands as the layers' graph has it;
     * N x C x H is what is left of no other order. */
    if (in->dims == 4 && axis == 3 && !plain) {
        x = tf_reduce(layer, p->operation == REDUCTION_MEAN ? "Mean" : "Sum", "rows", x, axes,
                      count, false);
        tf_transpose(layer, affine(layer, x, p->coefficient, 0, false), NULL,
                     (const int64_t[]){0, 2, 1}, 3);
        return;
    }
    x = tf_reduce(layer, p->operation == REDUCTION_MEAN ? "Mean" : "Sum", suffix, x, axes, count,
                  false);
    if (suffix)
        affine(layer, x, p->coefficient, 0, true);
}
