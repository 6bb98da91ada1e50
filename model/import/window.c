/* Layers that slide a window over planes, and those that work channel by channel. */
#include <inttypes.h>
#include <math.h>

#include "model/import/constant.h"

enum status build_planes(struct importer *importer, const char *name, const struct operand *x,
                         const struct import_axes *axes, struct operand *out)
{
    uint8_t want[SHAPE_MAX_DIMS] = {0};

    if (x->kind != OPERAND_VALUE)
        return importer_fail(importer, STATUS_UNSUPPORTED,
                             "its input is a constant; fold it before the network is saved");
    if (x->shape.dims != 4)
        return importer_fail(importer, STATUS_UNSUPPORTED,
                             "it works on %u axes; only batch, channels, height and width are "
                             "supported",
                             x->shape.dims);
    want[axes->channel] = 1;
    want[axes->spatial[0]] = 2;
    want[axes->spatial[1]] = 3;
    return build_turned(importer, name, x, want, out);
}

static bool is_extent(int64_t number, int64_t low)
{
    return number >= low && number <= INT32_MAX;
}

static enum status check_window(struct importer *importer, const struct window *window,
                                bool negative_end)
{
    for (int i = 0; i < 2; i++) {
        if (!is_extent(window->kernel[i], 1) || !is_extent(window->stride[i], 1) ||
            !is_extent(window->dilation[i], 1))
            return importer_fail(importer, STATUS_DATA,
                                 "kernel %" PRId64 ", stride %" PRId64 " and dilation %" PRId64
                                 " must be from 1 to 2147483647",
                                 window->kernel[i], window->stride[i], window->dilation[i]);
        if (!is_extent(window->pad[i], 0) ||
            !is_extent(window->pad_end[i], negative_end ? 1 - window->stride[i] : 0))
            return importer_fail(importer, STATUS_DATA,
                                 "pads of %" PRId64 " and %" PRId64 " are not possible",
                                 window->pad[i], window->pad_end[i]);
    }
    return STATUS_OK;
}

/* Fills what Convolution and Deconvolution share. */
static enum status begin_convolution(struct importer *importer, const struct operand *weights,
                                     const struct window *window, int64_t group,
                                     struct layer *layer)
{
    struct convolution_parameters *p = &layer->parameters.convolution;
    enum status status =
        constant_weight(importer, weights, "the weights", &layer->weights[layer->weight_count++]);
    char text[SHAPE_TEXT];

    if (status)
        return status;
    if (weights->shape.dims != 4 || !layer->weights[0].count || group < 1 || group > INT32_MAX)
        return importer_fail(importer, STATUS_DATA,
                             "weights of %s in %" PRId64 " groups are not possible",
                             shape_text(&weights->shape, text), group);
    *p = (struct convolution_parameters){.window = *window, .group = group};
    p->window.kernel[0] = weights->shape.dim[2];
    p->window.kernel[1] = weights->shape.dim[3];
    return check_window(importer, &p->window, layer->kind == OPERATOR_DECONVOLUTION);
}

static enum status end_convolution(struct importer *importer, const char *name,
                                   const struct operand *x, const struct operand *bias,
                                   const struct import_axes *axes, struct layer *layer,
                                   struct operand *out)
{
    const struct convolution_parameters *p = &layer->parameters.convolution;
    const struct shape vector = {.dims = 1, .dim = {p->outputs}};
    struct weight *weight = &layer->weights[1];
    struct operand planes;
    enum status status = STATUS_OK;

    if (bias) {
        layer->parameters.convolution.bias = true;
        layer->weight_count = 2;
        status = constant_weight(importer, bias, "the bias", weight);
        if (!status && weight->count != (size_t)p->outputs)
            return importer_fail(importer, STATUS_DATA,
                                 "the bias holds %zu numbers for %" PRId64 " channels",
                                 weight->count, p->outputs);
        weight_reshape(weight, &vector);
    }
    if (!status)
        status = build_planes(importer, name, x, axes, &planes);
    return status ? status : build_on(importer, name, &planes, layer, out);
}

enum status import_convolution(struct importer *importer, const char *name, const struct operand *x,
                               const struct operand *weights, const struct operand *bias,
                               const struct window *window, int64_t group,
                               const struct import_axes *axes, struct operand *out)
{
    struct layer layer = {.kind = OPERATOR_CONVOLUTION};
    enum status status = begin_convolution(importer, weights, window, group, &layer);

    if (status)
        return status;
    if (x->shape.dims == 4 && x->shape.dim[axes->channel] != weights->shape.dim[1] * group)
        return importer_fail(importer, STATUS_DATA,
                             "its input has %" PRId64 " channels, its weights are for %" PRId64
                             " in %" PRId64 " groups",
                             x->shape.dim[axes->channel], weights->shape.dim[1], group);
    layer.parameters.convolution.outputs = weights->shape.dim[0];
    return end_convolution(importer, name, x, bias, axes, &layer, out);
}

enum status import_deconvolution(struct importer *importer, const char *name,
                                 const struct operand *x, const struct operand *weights,
                                 const struct operand *bias, const struct window *window,
                                 int64_t group, const struct import_axes *axes, struct operand *out)
{
    struct layer layer = {.kind = OPERATOR_DECONVOLUTION};
    enum status status = begin_convolution(importer, weights, window, group, &layer);

    if (status)
        return status;
    if (x->shape.dims == 4 && x->shape.dim[axes->channel] != weights->shape.dim[0])
        return importer_fail(importer, STATUS_DATA,
                             "its input has %" PRId64 " channels, its weights are for %" PRId64,
                             x->shape.dim[axes->channel], weights->shape.dim[0]);
    layer.parameters.deconvolution.outputs = weights->shape.dim[1] * group;
    return end_convolution(importer, name, x, bias, axes, &layer, out);
}

/* ---- pooling ---- */

static int64_t span_of(const struct window *window, int axis)
{
    return window->dilation[axis] * (window->kernel[axis] - 1) + 1;
}

static int64_t pooled_extent(const struct window *window, int axis, int64_t extent, bool ceiling)
{
    int64_t pad = window->pad[axis], stride = window->stride[axis];
    int64_t room = extent + pad + window->pad_end[axis] - span_of(window, axis);
    int64_t pooled = (room + (ceiling ? stride - 1 : 0)) / stride + 1;

    return ceiling && (pooled - 1) * stride >= extent + pad ? pooled - 1 : pooled;
}

/* Keeps `ceiling` only where it makes a difference. */
static void settle_rounding(struct pooling_parameters *p, const struct shape *planes)
{
    bool differs = false;

    for (int i = 0; i < 2; i++)
        differs = differs || pooled_extent(&p->window, i, planes->dim[2 + i], true) !=
                                 pooled_extent(&p->window, i, planes->dim[2 + i], false);
    p->ceiling = p->ceiling && differs;
}

/* Caffe's pooling wants pads smaller than the window and drops windows that begin behind the image;
 * where a source has them, the padding becomes a layer of its own. */
static bool pads_windows(const struct window *window)
{
    for (int i = 0; i < 2; i++) {
        if (window->pad[i] >= span_of(window, i) || window->pad_end[i] >= span_of(window, i))
            return true;
    }
    return false;
}

static enum status pad_first(struct importer *importer, const char *name,
                             struct pooling_parameters *p, struct operand *planes)
{
    struct window *window = &p->window;
    struct pad_parameters pad = {.dims = 4};
    enum status status;
    const char *helper;

    if (p->exclude_pad || p->ceiling)
        return importer_fail(importer, STATUS_UNSUPPORTED,
                             "pads as large as the window are not supported where the padding is "
                             "not counted or the output is rounded up");
    pad.value = p->method == POOLING_MAX ? -INFINITY : 0;
    for (int i = 0; i < 2; i++) {
        pad.begin[2 + i] = window->pad[i];
        pad.end[2 + i] = window->pad_end[i];
        window->pad[i] = window->pad_end[i] = 0;
    }
    status = build_name(importer, name, "Pad", &helper);
    if (status)
        return status;
    return build_simple(importer, helper, OPERATOR_PAD, &(union parameters){.pad = pad}, planes,
                        planes);
}

/* Sets what a global window has, or checks the one that is given. */
static enum status check_pooling(struct importer *importer, struct pooling_parameters *p)
{
    struct window *window = &p->window;

    if (p->global) {
        *window = (struct window){.stride = {1, 1}, .dilation = {1, 1}};
        return STATUS_OK;
    }
    for (int i = 0; i < 2; i++) {
        if (window->kernel[i] == 1 || !window->dilation[i])
            window->dilation[i] = 1;
        if (window->dilation[i] > 1 && p->method != POOLING_MAX)
            return importer_fail(importer, STATUS_UNSUPPORTED,
                                 "an average with dilation %" PRId64 " is not supported",
                                 window->dilation[i]);
    }
    return check_window(importer, window, false);
}

enum status import_pooling(struct importer *importer, const char *name, const struct operand *x,
                           const struct pooling_parameters *pooling, const struct import_axes *axes,
                           struct operand *out)
{
    struct pooling_parameters p = *pooling;
    struct window *window = &p.window;
    struct operand planes;
    enum status status = build_planes(importer, name, x, axes, &planes);

    if (status)
        return status;
    status = check_pooling(importer, &p);
    if (status)
        return status;
    if (p.method != POOLING_AVERAGE ||
        !(window->pad[0] | window->pad[1] | window->pad_end[0] | window->pad_end[1]))
        p.exclude_pad = false;
    if (!p.global)
        settle_rounding(&p, &importer->graph->values[planes.value].shape);
    if (!p.global && pads_windows(window))
        status = pad_first(importer, name, &p, &planes);
    if (status)
        return status;
    return build_simple(importer, name, OPERATOR_POOLING, &(union parameters){.pooling = p},
                        &planes, out);
}

/* ---- channels ---- */

/* A constant of one number per channel as a vector. */
static enum status channel_vector(struct importer *importer, const struct operand *x,
                                  const char *what, int64_t channels, struct weight *out)
{
    const struct shape vector = {.dims = 1, .dim = {channels}};
    enum status status = constant_weight(importer, x, what, out);

    if (status)
        return status;
    if (out->count != (size_t)channels)
        return importer_fail(importer, STATUS_DATA, "%s holds %zu numbers for %" PRId64 " channels",
                             what, out->count, channels);
    weight_reshape(out, &vector);
    return STATUS_OK;
}

static enum status append_norm(struct importer *importer, const char *name, int64_t channels,
                               const struct import_batch_norm *norm, struct operand *x)
{
    static const struct shape one = {.dims = 1, .dim = {1}};
    struct layer layer = {.kind = OPERATOR_BATCH_NORM, .weight_count = 3};
    struct operand factor;
    float *number;
    enum status status =
        channel_vector(importer, norm->mean, "the mean", channels, &layer.weights[0]);

    if (!status)
        status =
            channel_vector(importer, norm->variance, "the variance", channels, &layer.weights[1]);
    if (!status)
        status = import_floats(importer, &one, &number, &factor);
    if (status)
        return status;
    *number = 1;
    layer.weights[2] = factor.weight;
    layer.parameters.batch_norm.epsilon = norm->epsilon;
    return build_on(importer, name, x, &layer, x);
}

static bool says_nothing(const struct operand *x, float neutral)
{
    return !x || (operand_is_constant(x) && constant_is_all(x, neutral));
}

enum status import_batch_norm(struct importer *importer, const char *name, const struct operand *x,
                              const struct import_batch_norm *norm, int64_t channel,
                              struct operand *out)
{
    bool scaled = !says_nothing(norm->scale, 1), moved = !says_nothing(norm->offset, 0);
    struct weight scale, offset;
    struct operand planes;
    const char *first = name;
    int64_t channels;
    unsigned axis;
    enum status status;

    if (x->kind != OPERAND_VALUE)
        return importer_fail(importer, STATUS_UNSUPPORTED, "its input is a constant");
    status = build_axis(importer, channel, x->shape.dims, &axis);
    if (status)
        return status;
    channels = x->shape.dim[axis];
    if (scaled)
        status = channel_vector(importer, norm->scale, "the scale", channels, &scale);
    if (moved && !status)
        status = channel_vector(importer, norm->offset, "the offset", channels, &offset);
    if (!status)
        status = build_channels(importer, name, x, axis, &planes);
    if (!status && (scaled || moved))
        status = build_name(importer, name, "BatchNorm", &first);
    if (!status)
        status = append_norm(importer, first, channels, norm, &planes);
    if (status)
        return status;
    return build_scale(importer, name, &planes, 1, scaled ? &scale : NULL, moved ? &offset : NULL,
                       out);
}

enum status import_lrn(struct importer *importer, const char *name, const struct operand *x,
                       const struct lrn_parameters *lrn, int64_t channel, struct operand *out)
{
    struct operand planes;
    unsigned axis;
    enum status status;

    if (x->kind != OPERAND_VALUE)
        return importer_fail(importer, STATUS_UNSUPPORTED, "its input is a constant");
    status = build_axis(importer, channel, x->shape.dims, &axis);
    if (!status && (lrn->local_size < 1 || lrn->local_size % 2 == 0))
        return importer_fail(importer, STATUS_UNSUPPORTED,
                             "its window of %" PRId64 " must be odd and positive", lrn->local_size);
    if (!status)
        status = build_channels(importer, name, x, axis, &planes);
    if (status)
        return status;
    return build_simple(importer, name, OPERATOR_LRN, &(union parameters){.lrn = *lrn}, &planes,
                        out);
}
