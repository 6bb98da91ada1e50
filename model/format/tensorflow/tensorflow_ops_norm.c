/* Products with weights and normalizations. */
#include <math.h>
#include <string.h>

#include "model/format/tensorflow/tensorflow_ops.h"
#include "model/shape.h"

/* ---- InnerProduct ---- */

/* The weights as inputs x outputs, the form that every importer takes; where the input is a
 * flattened N,H,W,C, with their rows in that order. */
static const char *product_weights(struct tf_layer *layer, const struct shape *turned)
{
    const struct inner_product_parameters *p = &layer->node->parameters.inner_product;
    struct weight weight = layer->node->weights[0];
    int64_t inputs = weight.shape.dim[p->transpose ? 0 : 1];
    struct shape shape = {.dims = 4};

    if (!turned) {
        if (!p->transpose)
            weight = tf_turn(layer, &weight, (const uint8_t[]){1, 0});
        return tf_weight(layer, "weights", &weight);
    }
    memcpy(shape.dim + (p->transpose ? 0 : 1), turned->dim + 1, 3 * sizeof *shape.dim);
    shape.dim[p->transpose ? 3 : 0] = p->outputs;
    weight_reshape(&weight, &shape);
    if (p->transpose)
        weight = tf_turn(layer, &weight, (const uint8_t[]){1, 2, 0, 3});
    else
        weight = tf_turn(layer, &weight, (const uint8_t[]){2, 3, 1, 0});
    weight_reshape(&weight, &(struct shape){.dims = 2, .dim = {inputs, p->outputs}});
    return tf_weight(layer, "weights", &weight);
}

void tf_write_inner_product(struct tf_layer *layer)
{
    const struct inner_product_parameters *p = &layer->node->parameters.inner_product;
    const struct shape *in = tf_shape(layer, 0), *out = tf_output_shape(layer);
    const struct tf_value *value = tf_input_value(layer, 0);
    const struct shape *turned = value->turned;
    unsigned axis = out->dims - 1;
    bool reshaped = out->dims != 2;
    struct shape matrix = {.dims = 2, .dim = {-1, (int64_t)shape_product(in, axis, in->dims)}};
    struct tf_node *node;
    const char *x;

    if (in->dims == 4 && axis == 1 && !value->plain)
        turned = in;
    x = turned ? value->name : tf_input_plain(layer, 0);
    if (in->dims != 2 || axis != 1)
        x = tf_reshape(layer, x, "Reshape", &matrix);
    node = tf_emit(layer, "MatMul", tf_last(!p->bias && !reshaped, "MatMul"),
                   TF_INPUTS(x, product_weights(layer, turned)));
    tf_set_bool(layer, node, "transpose_a", false);
    tf_set_bool(layer, node, "transpose_b", false);
    x = node->name;
    if (p->bias) {
        const char *bias = tf_weight(layer, "biases", &layer->node->weights[1]);
        node = tf_emit(layer, "BiasAdd", tf_last(!reshaped, "BiasAdd"), TF_INPUTS(x, bias));
        tf_set_text(layer, node, "data_format", "NHWC");
        x = node->name;
    }
    if (reshaped)
        tf_plain_end(layer, tf_reshape(layer, x, tf_plain_suffix(layer), out));
}

/* ---- factors and terms that are weights ---- */

/* A weight that covers the axes of `in` from `axis` on, so that it broadcasts to the tensor. */
static const char *spread_weight(struct tf_layer *layer, const char *suffix, const struct shape *in,
                                 unsigned axis, bool plain, const struct weight *weight)
{
    struct weight spread = *weight;
    struct shape shape = {.dims = in->dims};
    unsigned covered = weight->shape.dims;
    bool turned = in->dims == 4 && !plain;

    /* One number per channel, or one for all, broadcasts by itself. */
    if (!covered || (covered == 1 && axis + 1 == in->dims && !turned) ||
        (covered == 1 && axis == 1 && turned))
        return tf_weight(layer, suffix, &spread);
    for (unsigned i = 0; i < in->dims; i++)
        shape.dim[i] = i >= axis && i < axis + covered ? weight->shape.dim[i - axis] : 1;
    weight_reshape(&spread, &shape);
    if (turned)
        spread = tf_turn(layer, &spread, (const uint8_t[]){0, 2, 3, 1});
    return tf_weight(layer, suffix, &spread);
}

/* ---- BatchNorm ---- */

/* What becomes of one channel: mean, variance, gamma, beta; any of the last two may be missing. */
struct norm {
    const struct node *node; /* the BatchNorm */
    const struct weight *gamma, *beta;
    float *mean, *variance, *scale, *shift; /* in the arena */
    size_t channels;
};

/* batch_norm_layer.cpp: the statistics are sums, to be divided by the third blob (0: all 0). */
static bool read_statistics(struct tf_layer *layer, struct norm *norm)
{
    const struct weight *weights = norm->node->weights;
    float factor = weight_at(&weights[2], 0);

    norm->channels = weights[0].count;
    norm->mean = tf_room(layer, norm->channels);
    norm->variance = tf_room(layer, norm->channels);
    norm->scale = tf_room(layer, norm->channels);
    norm->shift = tf_room(layer, norm->channels);
    if (layer->tf->status)
        return false;
    factor = factor == 0 ? 0 : 1 / factor;
    weight_copy(&weights[0], norm->mean);
    weight_copy(&weights[1], norm->variance);
    for (size_t i = 0; i < norm->channels; i++) {
        norm->mean[i] *= factor;
        norm->variance[i] *= factor;
        norm->scale[i] = 1;
    }
    if (norm->gamma)
        weight_copy(norm->gamma, norm->scale);
    if (norm->beta)
        weight_copy(norm->beta, norm->shift);
    return true;
}

static const char *vector(struct tf_layer *layer, const char *suffix, size_t count,
                          const float *values)
{
    const struct shape shape = {.dims = 1, .dim = {(int64_t)count}};
    struct weight weight = weight_make(&shape, values);

    return tf_weight(layer, suffix, &weight);
}

/* FusedBatchNorm is the version that TensorFlow 1.x, 2.x, TensorFlow.js and OpenCV all have. */
static void emit_fused(struct tf_layer *layer, const struct norm *norm, const char *x)
{
    const char *gamma = vector(layer, "BatchNorm/gamma", norm->channels, norm->scale);
    const char *beta = vector(layer, "BatchNorm/beta", norm->channels, norm->shift);
    const char *mean = vector(layer, "BatchNorm/moving_mean", norm->channels, norm->mean);
    const char *variance =
        vector(layer, "BatchNorm/moving_variance", norm->channels, norm->variance);
    struct tf_node *node =
        tf_emit(layer, "FusedBatchNorm", NULL, TF_INPUTS(x, gamma, beta, mean, variance));

    tf_set_float(layer, node, "epsilon", norm->node->parameters.batch_norm.epsilon);
    tf_set_bool(layer, node, "is_training", false);
    tf_set_text(layer, node, "data_format", "NHWC");
    if (norm->node != layer->node)
        tf_set_text(layer, node, TF_HINT_BATCH_NORM,
                    names_value(layer->tf->names, norm->node->outputs[0]));
}

static void emit_affine(struct tf_layer *layer, const struct norm *norm, const char *x,
                        const struct shape *in)
{
    const float epsilon = norm->node->parameters.batch_norm.epsilon;
    struct shape shape = {.dims = 1, .dim = {(int64_t)norm->channels}};
    struct weight scale = weight_make(&shape, norm->scale);
    struct weight shift = weight_make(&shape, norm->shift);

    for (size_t i = 0; i < norm->channels; i++) {
        norm->scale[i] /= sqrtf(norm->variance[i] + epsilon);
        norm->shift[i] -= norm->mean[i] * norm->scale[i];
    }
    x = tf_binary(layer, "Mul", "BatchNorm/mul", x,
                  spread_weight(layer, "BatchNorm/scale", in, in->dims > 1, true, &scale));
    tf_binary(layer, "Add", NULL, x,
              spread_weight(layer, "BatchNorm/shift", in, in->dims > 1, true, &shift));
}

/* `at` is the layer whose input is normalized; `layer` the one whose output is made. */
static void write_norm(struct tf_layer *layer, const struct node *node, const struct weight *gamma,
                       const struct weight *beta)
{
    struct tf_layer at = {.tf = layer->tf, .node = node, .name = layer->name};
    const struct shape *in = tf_shape(&at, 0);
    struct norm norm = {.node = node, .gamma = gamma, .beta = beta};
    const char *x = tf_input(&at, 0);

    if (!read_statistics(layer, &norm))
        return;
    if (in->dims == 4)
        emit_fused(layer, &norm, x);
    else
        emit_affine(layer, &norm, x, in);
}

/* The axes of a tensor over which the statistics of a batch are taken: all but the channels. */
static size_t batch_axes(const struct shape *in, int64_t axes[SHAPE_MAX_DIMS])
{
    size_t count = 0;

    for (unsigned i = 0; i < in->dims; i++) {
        if (i != tf_axis(in, 1))
            axes[count++] = i;
    }
    return count;
}

static void normalize_batch(struct tf_layer *layer)
{
    const char *epsilon = tf_number(layer, "epsilon", layer->node->parameters.batch_norm.epsilon);
    const char *x = tf_input(layer, 0), *mean, *difference, *variance;
    int64_t axes[SHAPE_MAX_DIMS];
    size_t count = batch_axes(tf_shape(layer, 0), axes);

    mean = tf_reduce(layer, "Mean", "mean", x, axes, count, true);
    difference = tf_binary(layer, "Sub", "difference", x, mean);
    variance = tf_reduce(layer, "Mean", "variance", tf_unary(layer, "Square", "square", difference),
                         axes, count, true);
    tf_binary(layer, "Mul", NULL, difference,
              tf_unary(layer, "Rsqrt", "rsqrt", tf_binary(layer, "Add", "add", variance, epsilon)));
}

void tf_write_batch_norm(struct tf_layer *layer)
{
    if (layer->node->parameters.batch_norm.batch_statistics)
        normalize_batch(layer);
    else
        write_norm(layer, layer->node, NULL, NULL);
}

/* ---- Scale, Bias ---- */

/* The second input so that it broadcasts to the first: a Reshape to its rank, in the order in which
 * the axes of both stand, and where channels and plane are covered, a Transpose. */
static const char *spread_input(struct tf_layer *layer, unsigned axis)
{
    const struct shape *in = tf_shape(layer, 0), *other = tf_shape(layer, 1);
    struct shape shape = {.dims = in->dims}, turned;
    bool channels = axis <= 1 && axis + other->dims > 1;
    bool plane = axis + other->dims > 2;
    const char *y;

    if (!other->dims || other->dims == in->dims)
        return tf_input(layer, 1);
    for (unsigned i = 0; i < in->dims; i++)
        shape.dim[i] = i >= axis && i < axis + other->dims ? other->dim[i - axis] : 1;
    turned = channels && plane ? shape : tf_turn_shape(&shape);
    y = tf_input_plain(layer, 1);
    if (axis == 0) {
        y = tf_reshape(layer, y, "Reshape", &turned);
    } else {
        struct tf_node *node =
            tf_emit(layer, "Reshape", "Reshape",
                    TF_INPUTS(y, tf_ints(layer, "Reshape/shape", turned.dim, turned.dims)));
        tf_set_type(layer, node, "Tshape", TF_TYPE_INT32);
        y = node->name;
    }
    if (in->dims == 4 && channels && plane)
        y = tf_transpose(layer, y, "Reshape/NHWC", (const int64_t[]){0, 2, 3, 1}, 4);
    return y;
}

void tf_write_scale(struct tf_layer *layer)
{
    const struct scale_parameters *p = &layer->node->parameters.scale;
    const struct weight *weights = layer->node->weights;
    const struct shape *in = tf_shape(layer, 0);
    const struct node *norm = tf_merged_norm(layer);
    bool learned = layer->node->input_count == 1;
    const char *x, *factor;
    unsigned axis = 0;

    if (norm) {
        write_norm(layer, norm, &weights[0], p->bias ? &weights[1] : NULL);
        return;
    }
    /* Inference has checked that the axis lies inside. */
    if (!shape_axis(in, p->axis, &axis))
        return;
    x = tf_input(layer, 0);
    factor = learned ? spread_weight(layer, "scale", in, axis, false, &weights[0])
                     : spread_input(layer, axis);
    x = tf_binary(layer, "Mul", tf_last(!p->bias, "mul"), x, factor);
    if (p->bias)
        tf_binary(layer, "Add", NULL, x,
                  spread_weight(layer, "shift", in, axis, false, &weights[learned]));
}

void tf_write_bias(struct tf_layer *layer)
{
    const struct shape *in = tf_shape(layer, 0);
    bool learned = layer->node->input_count == 1;
    unsigned axis = 0;
    const char *x = tf_input(layer, 0);

    if (!shape_axis(in, layer->node->parameters.bias.axis, &axis))
        return;
    tf_binary(layer, "Add", NULL, x,
              learned ? spread_weight(layer, "biases", in, axis, false, &layer->node->weights[0])
                      : spread_input(layer, axis));
}

/* ---- LRN ---- */

/* Average pooling over n x n with zeros around: inside the padding every window counts n * n. */
static const char *plane_average(struct tf_layer *layer, const char *x, int64_t n)
{
    const int64_t pad[] = {(n - 1) / 2, (n - 1) / 2};
    struct tf_node *node =
        tf_emit(layer, "AvgPool", "AvgPool", TF_INPUTS(tf_pad_plane(layer, x, pad, pad, 0)));

    tf_set_ints(layer, node, "ksize", (const int64_t[]){1, n, n, 1}, 4);
    tf_set_ints(layer, node, "strides", (const int64_t[]){1, 1, 1, 1}, 4);
    tf_set_text(layer, node, "padding", "VALID");
    tf_set_text(layer, node, "data_format", "NHWC");
    return node->name;
}

/* lrn_layer.cpp: across channels alpha is divided by n; within a channel, x / (1 + alpha * average
 * of squares) ^ beta, whatever k is. */
void tf_write_lrn(struct tf_layer *layer)
{
    const struct lrn_parameters *p = &layer->node->parameters.lrn;
    const char *x = tf_input(layer, 0), *y;
    struct tf_node *node;

    if (p->local_size % 2 == 0) {
        tf_refuse(layer, LIMIT_TENSORFLOW_LRN_EVEN);
        return;
    }
    if (p->region == LRN_ACROSS_CHANNELS) {
        node = tf_emit(layer, "LRN", NULL, TF_INPUTS(x));
        tf_set_int(layer, node, "depth_radius", (p->local_size - 1) / 2);
        tf_set_float(layer, node, "bias", p->k);
        tf_set_float(layer, node, "alpha", p->alpha / (float)p->local_size);
        tf_set_float(layer, node, "beta", p->beta);
        return;
    }
    y = plane_average(layer, tf_unary(layer, "Square", "Square", x), p->local_size);
    y = tf_binary(layer, "Mul", "mul", y, tf_number(layer, "alpha", p->alpha));
    y = tf_binary(layer, "Add", "add", y, tf_number(layer, "bias", 1));
    y = tf_binary(layer, "Pow", "Pow", y, tf_number(layer, "beta", p->beta));
    tf_binary(layer, "RealDiv", NULL, x, y);
}

/* ---- MVN, Normalize ---- */

/* mvn_layer.cpp: epsilon is added to the deviation, not to the variance. */
void tf_write_mvn(struct tf_layer *layer)
{
    static const int64_t axes[] = {1, 2, 3};
    const struct mvn_parameters *p = &layer->node->parameters.mvn;
    const struct shape *out = tf_output_shape(layer);
    size_t count = p->across_channels ? 3 : 2;
    const char *x = tf_input(layer, 0), *mean, *variance, *deviation;

    if (tf_shape(layer, 0)->dims < 4) {
        x = tf_reshape(layer, x, "Reshape", out);
        x = tf_transpose(layer, x, "Reshape/NHWC", (const int64_t[]){0, 2, 3, 1}, 4);
    }
    mean = tf_reduce(layer, "Mean", "mean", x, axes, count, true);
    x = tf_binary(layer, "Sub", tf_last(!p->normalize_variance, "difference"), x, mean);
    if (!p->normalize_variance)
        return;
    variance = tf_reduce(layer, "Mean", "variance", tf_unary(layer, "Square", "square", x), axes,
                         count, true);
    deviation = tf_binary(layer, "Add", "deviation", tf_unary(layer, "Sqrt", "sqrt", variance),
                          tf_number(layer, "epsilon", p->epsilon));
    tf_binary(layer, "RealDiv", NULL, x, deviation);
}

/* normalize_layer.cpp of SSD: x / sqrt(sum of squares + epsilon) * factor. */
void tf_write_normalize(struct tf_layer *layer)
{
    const struct normalize_parameters *p = &layer->node->parameters.normalize;
    const struct shape *in = tf_shape(layer, 0);
    int64_t axes[SHAPE_MAX_DIMS];
    size_t count = 0;
    const char *x = tf_input(layer, 0), *sum;

    if (!p->across_spatial)
        axes[count++] = tf_axis(in, 1);
    for (unsigned i = 1; p->across_spatial && i < in->dims; i++)
        axes[count++] = i;
    sum = tf_reduce(layer, "Sum", "sum", tf_unary(layer, "Square", "square", x), axes, count, true);
    sum = tf_binary(layer, "Add", "add", sum, tf_number(layer, "epsilon", p->epsilon));
    x = tf_binary(layer, "Mul", "normalized", x, tf_unary(layer, "Rsqrt", "rsqrt", sum));
    tf_binary(layer, "Mul", NULL, x,
              spread_weight(layer, "scale", in, 1, false, &layer->node->weights[0]));
}
