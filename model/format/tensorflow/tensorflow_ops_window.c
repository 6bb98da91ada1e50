/* Layers that slide a window, and padding. */
#include <float.h>

#include "model/format/tensorflow/tensorflow_ops.h"
#include "model/shape.h"

/* Attributes of every operator with a window. */
static void set_window(struct tf_layer *layer, struct tf_node *node, const int64_t stride[2])
{
    tf_set_ints(layer, node, "strides", (const int64_t[]){1, stride[0], stride[1], 1}, 4);
    tf_set_text(layer, node, "padding", "VALID");
    tf_set_text(layer, node, "data_format", "NHWC");
}

/* ---- convolution ---- */

struct convolving {
    struct tf_layer *layer;
    const struct convolution_parameters *p;
    struct window window;
    int64_t extra[2];   /* rows and columns that only fill the last block up */
    bool blocks;        /* dilation by SpaceToBatchND */
    bool explicit_attr; /* padding=EXPLICIT */
    struct weight weights;
};

/* A kernel with zeros between its taps, for dilation that no operator does for every consumer.
 * `weights` is (a, b, kh, kw). */
static void spread_kernel(struct convolving *c)
{
    const struct weight from = c->weights;
    struct shape shape = from.shape;
    int64_t height = shape.dim[2], width = shape.dim[3], at = 0;
    float *to;

    for (int i = 0; i < 2; i++) {
        shape.dim[2 + i] = c->window.dilation[i] * (c->window.kernel[i] - 1) + 1;
        c->window.kernel[i] = shape.dim[2 + i];
    }
    to = tf_room(c->layer, (size_t)(shape.dim[0] * shape.dim[1] * shape.dim[2] * shape.dim[3]));
    if (!to)
        return;
    for (int64_t plane = 0; plane < shape.dim[0] * shape.dim[1]; plane++) {
        float *out = to + plane * shape.dim[2] * shape.dim[3];
        for (int64_t y = 0; y < height; y++) {
            for (int64_t x = 0; x < width; x++)
                out[y * c->window.dilation[0] * shape.dim[3] + x * c->window.dilation[1]] =
                    weight_at(&from, (size_t)at++);
        }
    }
    c->weights = weight_make(&shape, to);
    c->window.dilation[0] = c->window.dilation[1] = 1;
}

/* `base` names the node and its constants. */
static const char *space_to_batch(struct convolving *c, const char *x, const char *base)
{
    const struct shape *in = tf_shape(c->layer, 0);
    const struct window *w = &c->window;
    int64_t pads[4];
    struct tf_node *node;

    for (int i = 0; i < 2; i++) {
        int64_t rows = in->dim[2 + i] + w->pad[i] + w->pad_end[i];
        c->extra[i] = (w->dilation[i] - rows % w->dilation[i]) % w->dilation[i];
        pads[2 * i] = w->pad[i];
        pads[2 * i + 1] = w->pad_end[i] + c->extra[i];
    }
    node = tf_emit(
        c->layer, "SpaceToBatchND", base,
        TF_INPUTS(x, tf_ints(c->layer, tf_join(c->layer, base, "block_shape"), w->dilation, 2),
                  tf_pairs(c->layer, tf_join(c->layer, base, "paddings"), pads, 2)));
    tf_set_type(c->layer, node, "Tblock_shape", TF_TYPE_INT32);
    tf_set_type(c->layer, node, "Tpaddings", TF_TYPE_INT32);
    return node->name;
}

static const char *batch_to_space(struct convolving *c, const char *x, const char *suffix,
                                  const char *base)
{
    const int64_t crops[] = {0, c->extra[0], 0, c->extra[1]};
    struct tf_node *node = tf_emit(
        c->layer, "BatchToSpaceND", suffix,
        TF_INPUTS(x,
                  tf_ints(c->layer, tf_join(c->layer, base, "block_shape"), c->window.dilation, 2),
                  tf_pairs(c->layer, tf_join(c->layer, base, "crops"), crops, 2)));

    tf_set_type(c->layer, node, "Tblock_shape", TF_TYPE_INT32);
    tf_set_type(c->layer, node, "Tcrops", TF_TYPE_INT32);
    return node->name;
}

static const char *emit_product(struct convolving *c, const char *op, const char *x,
                                const char *weights, const char *suffix)
{
    const struct window *w = &c->window;
    struct tf_node *node = tf_emit(c->layer, op, suffix, TF_INPUTS(x, weights));

    set_window(c->layer, node, w->stride);
    tf_set_ints(c->layer, node, "dilations", (const int64_t[]){1, 1, 1, 1}, 4);
    if (!c->explicit_attr)
        return node->name;
    tf_set_text(c->layer, node, "padding", "EXPLICIT");
    tf_set_ints(c->layer, node, "explicit_paddings",
                (const int64_t[]){0, 0, w->pad[0], w->pad_end[0], w->pad[1], w->pad_end[1], 0, 0},
                8);
    return node->name;
}

static const char *split(struct tf_layer *layer, const char *x, int64_t parts)
{
    const char *axis = tf_int(layer, "Split/split_dim", 3);
    struct tf_node *node = tf_emit(layer, "Split", "Split", TF_INPUTS(axis, x));

    tf_set_int(layer, node, "num_split", parts);
    return node->name;
}

/* A part of the kernel as HWIO. */
static const char *group_weights(struct convolving *c, int64_t group, int64_t groups)
{
    int64_t extent = c->weights.shape.dim[0] / groups;
    struct weight part = c->weights;

    if (!weight_slice(&part, 0, group * extent, extent))
        c->layer->tf->status = STATUS_INTERNAL;
    part = tf_turn(c->layer, &part, (const uint8_t[]){2, 3, 1, 0});
    return tf_weight(c->layer, tf_numbered(c->layer, "weights", (size_t)group), &part);
}

/* Each dilated group has blocks of its own: importers know them around one convolution only. */
static const char *emit_group(struct convolving *c, const char *x, size_t group)
{
    const char *weights = group_weights(c, (int64_t)group, c->p->group), *base;

    if (c->blocks)
        x = space_to_batch(c, x, tf_numbered(c->layer, "SpaceToBatchND", group));
    x = emit_product(c, "Conv2D", x, weights, tf_numbered(c->layer, "Conv2D", group));
    if (!c->blocks)
        return x;
    base = tf_numbered(c->layer, "BatchToSpaceND", group);
    return batch_to_space(c, x, base, base);
}

static const char *emit_groups(struct convolving *c, const char *x, const char *suffix)
{
    size_t groups = (size_t)c->p->group;
    const char **parts = tf_name_list(c->layer, groups);
    const char *from = split(c->layer, x, c->p->group);

    if (!parts)
        return "";
    for (size_t i = 0; i < groups; i++)
        parts[i] = emit_group(c, tf_port(c->layer, from, i), i);
    return tf_concat(c->layer, suffix, parts, groups, 3);
}

static const char *emit_depthwise(struct convolving *c, const char *x, const char *suffix)
{
    int64_t channels = c->p->group;
    struct shape shape = {
        .dims = 4,
        .dim = {channels, c->p->outputs / channels, c->window.kernel[0], c->window.kernel[1]}};

    weight_reshape(&c->weights, &shape);
    c->weights = tf_turn(c->layer, &c->weights, (const uint8_t[]){2, 3, 0, 1});
    return emit_product(c, "DepthwiseConv2dNative", x,
                        tf_weight(c->layer, "depthwise_weights", &c->weights), suffix);
}

/* The bias as the last node of a layer. */
static void add_bias(struct tf_layer *layer, const char *x)
{
    struct tf_node *node = tf_emit(
        layer, "BiasAdd", NULL, TF_INPUTS(x, tf_weight(layer, "biases", &layer->node->weights[1])));

    tf_set_text(layer, node, "data_format", "NHWC");
}

/* Dilation is said by SpaceToBatchND, as TensorFlow's own tf.nn.convolution() did: OpenCV ignores
 * the attribute `dilations`, and depthwise kernels of TensorFlow 1.x refuse it. With a stride, too,
 * the kernel is spread out. */
static void plan_dilation(struct convolving *c)
{
    const struct window *w = &c->window;

    if (w->dilation[0] == 1 && w->dilation[1] == 1)
        return;
    c->blocks = w->stride[0] == 1 && w->stride[1] == 1;
    if (!c->blocks)
        spread_kernel(c);
}

static const char *pad_input(struct convolving *c, const char *x, bool depthwise)
{
    const struct window *w = &c->window;

    if (c->blocks)
        return space_to_batch(c, x, "SpaceToBatchND");
    c->explicit_attr = c->layer->tf->explicit_padding && !depthwise &&
                       (w->pad[0] || w->pad[1] || w->pad_end[0] || w->pad_end[1]);
    return c->explicit_attr ? x : tf_pad_plane(c->layer, x, w->pad, w->pad_end, 0);
}

static const char *emit_plain(struct convolving *c, const char *x, const char *suffix)
{
    c->weights = tf_turn(c->layer, &c->weights, (const uint8_t[]){2, 3, 1, 0});
    return emit_product(c, "Conv2D", x, tf_weight(c->layer, "weights", &c->weights), suffix);
}

void tf_write_convolution(struct tf_layer *layer)
{
    const struct convolution_parameters *p = &layer->node->parameters.convolution;
    struct convolving c = {
        .layer = layer, .p = p, .window = p->window, .weights = layer->node->weights[0]};
    bool depthwise = p->group > 1 && p->group == tf_shape(layer, 0)->dim[1];
    bool groups = p->group > 1 && !depthwise, last;
    const char *x = tf_input(layer, 0);

    plan_dilation(&c);
    last = !p->bias && (!c.blocks || groups);
    if (!c.blocks || !groups)
        x = pad_input(&c, x, depthwise);
    if (depthwise)
        x = emit_depthwise(&c, x, tf_last(last, "depthwise"));
    else if (groups)
        x = emit_groups(&c, x, tf_last(last, "concat"));
    else
        x = emit_plain(&c, x, tf_last(last, "Conv2D"));
    if (c.blocks && !groups)
        x = batch_to_space(&c, x, tf_last(!p->bias, "BatchToSpaceND"), "BatchToSpaceND");
    if (p->bias)
        add_bias(layer, x);
}

/* ---- deconvolution ---- */

static const char *slice_extent(struct tf_layer *layer, const char *shape, int64_t axis)
{
    const char *base = tf_numbered(layer, "strided_slice", (size_t)axis);
    const char *begin = tf_ints(layer, tf_join(layer, base, "stack"), &axis, 1);
    const char *end = tf_ints(layer, tf_join(layer, base, "stack_1"), (int64_t[]){axis + 1}, 1);
    const char *step = tf_ints(layer, tf_join(layer, base, "stack_2"), (int64_t[]){1}, 1);
    struct tf_node *node = tf_emit(layer, "StridedSlice", base, TF_INPUTS(shape, begin, end, step));

    tf_set_type(layer, node, "T", TF_TYPE_INT32);
    tf_set_type(layer, node, "Index", TF_TYPE_INT32);
    tf_set_int(layer, node, "begin_mask", 0);
    tf_set_int(layer, node, "end_mask", 0);
    tf_set_int(layer, node, "ellipsis_mask", 0);
    tf_set_int(layer, node, "new_axis_mask", 0);
    tf_set_int(layer, node, "shrink_axis_mask", 1);
    return node->name;
}

static const char *int_binary(struct tf_layer *layer, const char *op, const char *suffix,
                              const char *x, int64_t value)
{
    const char *y = tf_int(layer, tf_join(layer, suffix, "y"), value);
    struct tf_node *node = tf_emit(layer, op, suffix, TF_INPUTS(x, y));

    tf_set_type(layer, node, "T", TF_TYPE_INT32);
    return node->name;
}

/* [N, H * stride + (kernel - stride), ..., channels], computed the way Keras writes it, which is
 * the form that OpenCV recognises. */
static const char *full_size(struct tf_layer *layer, const char *x, const struct window *window,
                             int64_t channels)
{
    struct tf_node *shape = tf_emit(layer, "Shape", "Shape", TF_INPUTS(x)), *pack;
    const char *size[2];
    const char *batch;

    tf_set_type(layer, shape, "out_type", TF_TYPE_INT32);
    batch = slice_extent(layer, shape->name, 0);
    for (int i = 0; i < 2; i++) {
        int64_t behind = window->pad_end[i] < 0 ? -window->pad_end[i] : 0;
        const char *extent = slice_extent(layer, shape->name, 1 + i);
        extent = int_binary(layer, "Mul", i ? "mul_1" : "mul", extent, window->stride[i]);
        size[i] = int_binary(layer, "Add", i ? "add_1" : "add", extent,
                             window->kernel[i] - window->stride[i] + behind);
    }
    pack = tf_emit(layer, "Pack", "stack",
                   TF_INPUTS(batch, size[0], size[1], tf_int(layer, "stack/3", channels)));
    tf_set_type(layer, pack, "T", TF_TYPE_INT32);
    tf_set_int(layer, pack, "N", 4);
    tf_set_int(layer, pack, "axis", 0);
    return pack->name;
}

static const char *emit_transposed(struct convolving *c, const char *size, const char *x,
                                   const char *weights, const char *suffix)
{
    struct tf_node *node =
        tf_emit(c->layer, "Conv2DBackpropInput", suffix, TF_INPUTS(size, weights, x));

    set_window(c->layer, node, c->window.stride);
    tf_set_ints(c->layer, node, "dilations", (const int64_t[]){1, 1, 1, 1}, 4);
    return node->name;
}

static const char *transposed_groups(struct convolving *c, const char *x, const char *suffix)
{
    size_t groups = (size_t)c->p->group;
    const char **parts = tf_name_list(c->layer, groups);
    const char *from = split(c->layer, x, c->p->group), *size;

    if (!parts)
        return "";
    size = full_size(c->layer, from, &c->window, c->p->outputs / c->p->group);
    for (size_t i = 0; i < groups; i++)
        parts[i] = emit_transposed(c, size, tf_port(c->layer, from, i),
                                   group_weights(c, (int64_t)i, c->p->group),
                                   tf_numbered(c->layer, "conv2d_transpose", i));
    return tf_concat(c->layer, suffix, parts, groups, 3);
}

void tf_write_deconvolution(struct tf_layer *layer)
{
    const struct convolution_parameters *p = &layer->node->parameters.deconvolution;
    struct convolving c = {
        .layer = layer, .p = p, .window = p->window, .weights = layer->node->weights[0]};
    const struct shape *out = tf_output_shape(layer);
    const char *x = tf_input(layer, 0), *size, *suffix;
    bool cropped;

    if (c.window.dilation[0] != 1 || c.window.dilation[1] != 1)
        spread_kernel(&c);
    cropped =
        c.window.pad[0] || c.window.pad[1] || c.window.pad_end[0] > 0 || c.window.pad_end[1] > 0;
    suffix = tf_last(!p->bias && !cropped, "conv2d_transpose");
    if (p->group > 1) {
        x = transposed_groups(&c, x, suffix ? "concat" : NULL);
    } else {
        size = full_size(layer, x, &c.window, p->outputs);
        c.weights = tf_turn(layer, &c.weights, (const uint8_t[]){2, 3, 1, 0});
        x = emit_transposed(&c, size, x, tf_weight(layer, "weights", &c.weights), suffix);
    }
    if (cropped)
        x = tf_slice(layer, x, tf_last(!p->bias, "Slice"),
                     (const int64_t[]){0, c.window.pad[0], c.window.pad[1], 0},
                     (const int64_t[]){-1, out->dim[2], out->dim[3], out->dim[1]}, 4);
    if (p->bias)
        add_bias(layer, x);
}

/* ---- pooling ---- */

/* How many elements Caffe divides the window `at` of one axis by (pooling_layer.cpp: padding
 * counts, what lies behind the padding does not). */
static int64_t divisor(const struct pooling_parameters *p, int axis, int64_t extent, int64_t at)
{
    int64_t begin = at * p->window.stride[axis] - p->window.pad[axis];
    int64_t end = begin + p->window.kernel[axis];
    int64_t limit = extent + (p->exclude_pad ? 0 : p->window.pad_end[axis]);

    if (p->exclude_pad && begin < 0)
        begin = 0;
    return (end < limit ? end : limit) - begin;
}

/* Whether padding=SAME means the very windows and divisors of this layer: TensorFlow puts the
 * smaller half of the padding before the image and never counts it. */
static bool same_is_equal(const struct tf_layer *layer)
{
    const struct pooling_parameters *p = &layer->node->parameters.pooling;
    const struct shape *in = tf_shape(layer, 0), *out = tf_output_shape(layer);

    for (int i = 0; i < 2; i++) {
        int64_t extent = in->dim[2 + i], stride = p->window.stride[i], pad = p->window.pad[i];
        int64_t total = (out->dim[2 + i] - 1) * stride + p->window.kernel[i] - extent;
        bool counted =
            p->method == POOLING_AVERAGE && !p->exclude_pad && (pad || p->window.pad_end[i]);
        if (out->dim[2 + i] != (extent + stride - 1) / stride || counted)
            return false;
        if (pad != (total > 0 ? total / 2 : 0))
            return false;
    }
    return true;
}

/* A constant that turns averages over whole windows into Caffe's; NULL when they are alike. */
static const char *correction(struct tf_layer *layer)
{
    const struct pooling_parameters *p = &layer->node->parameters.pooling;
    const struct shape *in = tf_shape(layer, 0), *out = tf_output_shape(layer);
    struct shape shape = {.dims = 4, .dim = {1, out->dim[2], out->dim[3], 1}};
    float *map = tf_room(layer, (size_t)(out->dim[2] * out->dim[3]));
    int64_t area = p->window.kernel[0] * p->window.kernel[1];
    struct weight weight = weight_make(&shape, map);

    for (int64_t i = 0; map && i < out->dim[2] * out->dim[3]; i++)
        map[i] = (float)area / (float)(divisor(p, 0, in->dim[2], i / out->dim[3]) *
                                       divisor(p, 1, in->dim[3], i % out->dim[3]));
    return tf_weight(layer, "correction", &weight);
}

static bool needs_correction(const struct tf_layer *layer)
{
    const struct pooling_parameters *p = &layer->node->parameters.pooling;
    const struct shape *in = tf_shape(layer, 0), *out = tf_output_shape(layer);

    for (int axis = 0; axis < 2; axis++) {
        for (int64_t i = 0; i < out->dim[2 + axis]; i++) {
            if (divisor(p, axis, in->dim[2 + axis], i) != p->window.kernel[axis])
                return true;
        }
    }
    return false;
}

static struct tf_node *emit_pool(struct tf_layer *layer, const char *x, const char *suffix)
{
    const struct pooling_parameters *p = &layer->node->parameters.pooling;
    const char *op = p->method == POOLING_AVERAGE ? "AvgPool" : "MaxPool";
    struct tf_node *node = tf_emit(layer, op, suffix, TF_INPUTS(x));

    set_window(layer, node, p->window.stride);
    tf_set_ints(layer, node, "ksize",
                (const int64_t[]){1, p->window.kernel[0], p->window.kernel[1], 1}, 4);
    return node;
}

/* How far the last window reaches behind the image. */
static bool find_overhang(const struct tf_layer *layer, int64_t end[2])
{
    const struct pooling_parameters *p = &layer->node->parameters.pooling;
    bool outside = false;

    for (int i = 0; i < 2; i++) {
        end[i] = (tf_output_shape(layer)->dim[2 + i] - 1) * p->window.stride[i] +
                 p->window.kernel[i] - tf_shape(layer, 0)->dim[2 + i] - p->window.pad[i];
        end[i] = end[i] > 0 ? end[i] : 0;
        outside |= end[i] || p->window.pad[i];
    }
    return outside;
}

/* Padding is a Pad of zeros where these do not count: in averages over whole windows, and beside
 * maxima of what is never below zero, as long as each window holds a part of the image. Elsewhere
 * SAME, if it means the same, is read by more importers than PadV2 or a factor for each place. */
static void write_pool(struct tf_layer *layer)
{
    const struct pooling_parameters *p = &layer->node->parameters.pooling;
    bool average = p->method == POOLING_AVERAGE;
    const char *x = tf_input(layer, 0);
    struct tf_node *node;
    int64_t end[2];
    bool padded = find_overhang(layer, end);
    bool inside = end[0] < p->window.kernel[0] && end[1] < p->window.kernel[1];
    bool zeros =
        average ? !needs_correction(layer) : tf_input_value(layer, 0)->nonnegative && inside;

    if (padded && !zeros && same_is_equal(layer)) {
        node = emit_pool(layer, x, NULL);
        tf_set_text(layer, node, "padding", "SAME");
        return;
    }
    x = tf_pad_plane(layer, x, p->window.pad, end, zeros || average ? 0 : -FLT_MAX);
    node = emit_pool(layer, x, tf_last(!average || zeros, "AvgPool"));
    if (average && !zeros)
        tf_binary(layer, "Mul", NULL, node->name, correction(layer));
}

void tf_write_pooling(struct tf_layer *layer)
{
    static const int64_t plane[] = {1, 2};
    const struct pooling_parameters *p = &layer->node->parameters.pooling;

    if (p->method == POOLING_STOCHASTIC)
        tf_refuse(layer, LIMIT_TENSORFLOW_POOLING_STOCHASTIC);
    else if (p->global)
        tf_reduce(layer, p->method == POOLING_AVERAGE ? "Mean" : "Max", NULL, tf_input(layer, 0),
                  plane, 2, true);
    else if (p->window.dilation[0] != 1 || p->window.dilation[1] != 1)
        tf_refuse(layer, LIMIT_TENSORFLOW_POOLING_DILATED);
    else
        write_pool(layer);
}

void tf_write_pad(struct tf_layer *layer)
{
    const struct pad_parameters *p = &layer->node->parameters.pad;
    const struct shape *in = tf_shape(layer, 0);
    int64_t pairs[2 * SHAPE_MAX_DIMS];
    const char *paddings;
    struct tf_node *node;

    for (unsigned i = 0; i < p->dims; i++) {
        unsigned axis = tf_axis(in, i);
        pairs[2 * axis] = p->begin[i];
        pairs[2 * axis + 1] = p->end[i];
        if (p->begin[i] < 0 || p->end[i] < 0) {
            tf_refuse(layer, LIMIT_TENSORFLOW_PAD_NEGATIVE);
            return;
        }
    }
    paddings = tf_pairs(layer, "paddings", pairs, p->dims);
    if (p->value == 0)
        node = tf_emit(layer, "Pad", NULL, TF_INPUTS(tf_input(layer, 0), paddings));
    else
        node = tf_emit(
            layer, "PadV2", NULL,
            TF_INPUTS(tf_input(layer, 0), paddings, tf_number(layer, "constant_values", p->value)));
    tf_set_type(layer, node, "Tpaddings", TF_TYPE_INT32);
}
