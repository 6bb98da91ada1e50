/* Writes layers that slide a window. Caffe pads alike on both sides; other paddings are said by
 * more padding than asked for, so that every window asked for is among those that Caffe makes, and
 * a Slice that keeps these. Nothing is rounded differently by that. */
#include "model/format/caffe/caffe_writer.h"

enum { CONVOLUTION_PARAM = 106, POOLING_PARAM = 121, SCALE_PARAM = 142, ROUND_MODE = 13 };

/* The names and numbers of a pair of fields: one for both axes, or one each. */
struct pair_fields {
    const char *name, *sides[2];
    uint32_t number, numbers[2];
};

static void put_pair(struct caffe_message *m, const struct pair_fields *fields,
                     const int64_t pair[2], int64_t fallback)
{
    if (pair[0] == pair[1]) {
        caffe_put_int_unless(m, fields->name, fields->number, pair[0], fallback);
        return;
    }
    for (int axis = 0; axis < 2; axis++)
        caffe_put_int(m, fields->sides[axis], fields->numbers[axis], pair[axis]);
}

/* ---- convolution ---- */

static const struct pair_fields convolution_kernel = {
    "kernel_size", {"kernel_h", "kernel_w"}, 4, {11, 12}};
static const struct pair_fields convolution_pad = {"pad", {"pad_h", "pad_w"}, 3, {9, 10}};
static const struct pair_fields convolution_stride = {
    "stride", {"stride_h", "stride_w"}, 6, {13, 14}};
static const struct pair_fields convolution_dilation = {
    "dilation", {"dilation", "dilation"}, 18, {18, 18}};

static void put_convolution(struct caffe_layer_out *layer, const struct convolution_parameters *p,
                            const int64_t pad[2])
{
    struct caffe_message *m =
        caffe_put_message(&layer->parameters, "convolution_param", CONVOLUTION_PARAM);

    caffe_put_int(m, "num_output", 1, p->outputs);
    caffe_put_bool_unless(m, "bias_term", 2, p->bias, true);
    put_pair(m, &convolution_pad, pad, 0);
    put_pair(m, &convolution_kernel, p->window.kernel, 0);
    caffe_put_int_unless(m, "group", 5, p->group, 1);
    put_pair(m, &convolution_stride, p->window.stride, 1);
    put_pair(m, &convolution_dilation, p->window.dilation, 1);
    if (p->bilinear)
        caffe_put_text(caffe_put_message(m, "weight_filler", 7), "type", 1, "bilinear");
}

/* How far one window reaches. */
static int64_t reach(const struct window *window, int axis)
{
    return window->dilation[axis] * (window->kernel[axis] - 1) + 1;
}

/* The smallest padding whose windows include `out` windows that begin at -begin, -begin + stride,
 * ... */
static int64_t fit_window(const struct window *window, int axis, int64_t extent, int64_t out,
                          struct caffe_cut *cut)
{
    int64_t stride = window->stride[axis], begin = window->pad[axis], pad = begin;
    int64_t end = (out - 1) * stride + reach(window, axis) - begin - extent;
    int64_t least = end > 0 ? end : 0;

    if (pad < least)
        pad += (least - pad + stride - 1) / stride * stride;
    *cut = (struct caffe_cut){.skip = (pad - begin) / stride,
                              .keep = out,
                              .total = (extent + 2 * pad - reach(window, axis)) / stride + 1};
    return pad;
}

/* Gives the layer's top to the last of the layers that cut it, if any is needed. */
static void cut_top(struct caffe_writer *writer, const struct node *node,
                    struct caffe_layer_out *layer, const struct caffe_cut cuts[2],
                    const char *between)
{
    if (caffe_cut_needed(cuts) && layer->top_count) {
        const char *top = layer->tops[0];
        layer->tops[0] = caffe_out_between(writer, node, between);
        caffe_out_cut(writer, node, layer->tops[0], cuts, top);
    }
}

void caffe_write_convolution(struct caffe_writer *writer, const struct node *node)
{
    const struct convolution_parameters *p = &node->parameters.convolution;
    const struct shape *in = caffe_out_input_shape(writer, node);
    const struct shape *out = caffe_out_shape(writer, node);
    struct caffe_layer_out *layer = caffe_out_node(writer, node, "Convolution");
    struct caffe_cut cuts[2];
    int64_t pad[2];

    for (int axis = 0; axis < 2; axis++)
        pad[axis] =
            fit_window(&p->window, axis, in->dim[2 + axis], out->dim[2 + axis], &cuts[axis]);
    put_convolution(layer, p, pad);
    cut_top(writer, node, layer, cuts, "Padded");
}

/* ---- padding ---- */

/* A 1 x 1 convolution that copies channel i to channel begin + i, one by one where there are as
 * many. */
static void put_copies(struct caffe_writer *writer, struct caffe_layer_out *layer, int64_t channels,
                       int64_t begin, int64_t outputs, const int64_t pad[2])
{
    bool single = outputs == channels;
    struct convolution_parameters p = {
        .window = {.kernel = {1, 1}, .stride = {1, 1}, .dilation = {1, 1}},
        .outputs = outputs,
        .group = single ? channels : 1};
    struct shape shape = {.dims = 4, .dim = {outputs, single ? 1 : channels, 1, 1}};
    float *values = caffe_out_constant(writer, layer, &shape);

    put_convolution(layer, &p, pad);
    for (int64_t i = 0; values && i < channels; i++)
        values[single ? i : (begin + i) * channels + i] = 1;
}

static void pad_planes(struct caffe_writer *writer, const struct node *node)
{
    const struct pad_parameters *p = &node->parameters.pad;
    const struct shape *in = caffe_out_input_shape(writer, node);
    struct caffe_layer_out *layer = caffe_out_node(writer, node, "Convolution");
    struct caffe_cut cuts[2];
    int64_t pad[2];

    for (int axis = 0; axis < 2; axis++) {
        int64_t begin = p->begin[2 + axis], end = p->end[2 + axis];
        pad[axis] = begin > end ? begin : end;
        if (pad[axis] < 0)
            pad[axis] = 0;
        cuts[axis] = (struct caffe_cut){.skip = pad[axis] - begin,
                                        .keep = in->dim[2 + axis] + begin + end,
                                        .total = in->dim[2 + axis] + 2 * pad[axis]};
    }
    put_copies(writer, layer, in->dim[1], p->begin[1], in->dim[1] + p->begin[1] + p->end[1], pad);
    cut_top(writer, node, layer, cuts, "Padded");
}

/* Convolutions pad with zeros, so 1 x 1 convolutions that change nothing else do. */
void caffe_write_pad(struct caffe_writer *writer, const struct node *node)
{
    const struct pad_parameters *p = &node->parameters.pad;

    if (p->value < 0 || p->value > 0 || p->value != p->value)
        caffe_out_refuse(writer, node, LIMIT_CAFFE_PAD_VALUE);
    else if (p->dims != 4 || p->begin[0] || p->end[0])
        caffe_out_refuse(writer, node, LIMIT_CAFFE_PAD_AXES);
    else if (p->begin[1] < 0 || p->end[1] < 0)
        caffe_out_refuse(writer, node, LIMIT_CAFFE_PAD_CHANNELS);
    else
        pad_planes(writer, node);
}

/* ---- deconvolution ---- */

/* Rows that no input reaches hold the bias alone; a border of zeros around the input makes them.
 * Returns the padding, and the border's width in *border. */
static int64_t fit_deconvolution(const struct window *window, int axis, int64_t extent, int64_t out,
                                 int64_t *border, struct caffe_cut *cut)
{
    int64_t stride = window->stride[axis], begin = window->pad[axis];
    int64_t full = stride * (extent - 1) + reach(window, axis), missing = begin + out - full, pad;

    *border = missing > 0 ? (missing + stride - 1) / stride : 0;
    begin += *border * stride;
    full += 2 * *border * stride;
    pad = full - begin - out;
    if (pad > begin)
        pad = begin;
    *cut = (struct caffe_cut){.skip = begin - pad, .keep = out, .total = full - 2 * pad};
    return pad;
}

void caffe_write_deconvolution(struct caffe_writer *writer, const struct node *node)
{
    const struct convolution_parameters *p = &node->parameters.deconvolution;
    const struct shape *in = caffe_out_input_shape(writer, node);
    const struct shape *out = caffe_out_shape(writer, node);
    const char *bottom = caffe_out_input(writer, node, 0);
    struct caffe_layer_out *layer;
    int64_t pad[2], border[2];
    struct caffe_cut cuts[2];

    for (int axis = 0; axis < 2; axis++)
        pad[axis] = fit_deconvolution(&p->window, axis, in->dim[2 + axis], out->dim[2 + axis],
                                      &border[axis], &cuts[axis]);
    if (border[0] || border[1]) {
        layer = caffe_out_aux(writer, node, "Border", "Convolution", bottom, 1);
        put_copies(writer, layer, in->dim[1], 0, in->dim[1], border);
        bottom = caffe_out_between(writer, node, "Border");
        if (layer->top_count)
            layer->tops[0] = bottom;
    }
    layer = caffe_out_node(writer, node, "Deconvolution");
    put_convolution(layer, p, pad);
    if (layer->bottom_count)
        layer->bottoms[0] = bottom;
    cut_top(writer, node, layer, cuts, "Whole");
}

/* ---- pooling ---- */

/* How Caffe makes the windows of a pooling layer; `pad` on both sides. */
struct pooling_fit {
    bool found, floor;
    int64_t kernel[2], stride[2], pad[2];
    struct caffe_cut cuts[2];
};

/* pooling_layer.cpp, Reshape(); `padded`: on either axis. */
static int64_t pooled_extent(const struct pooling_fit *fit, int axis, int64_t extent, bool padded)
{
    int64_t stride = fit->stride[axis], pad = fit->pad[axis];
    int64_t room = extent + 2 * pad - fit->kernel[axis];
    int64_t pooled = room < 0 ? 0 : (room + (fit->floor ? 0 : stride - 1)) / stride + 1;

    if (padded && pooled && (pooled - 1) * stride >= extent + pad)
        pooled--;
    return pooled;
}

/* The smallest padding, below the kernel as Caffe wants it, that gives all windows asked for; or,
 * for one window that is larger than the image, a window of the image's size. */
static bool fit_pooling_axis(const struct window *window, int axis, int64_t extent, int64_t out,
                             struct pooling_fit *fit)
{
    int64_t begin = window->pad[axis];

    fit->kernel[axis] = window->kernel[axis];
    fit->stride[axis] = window->stride[axis];
    for (int64_t pad = begin; pad < window->kernel[axis]; pad += window->stride[axis]) {
        fit->pad[axis] = pad;
        fit->cuts[axis] =
            (struct caffe_cut){.skip = (pad - begin) / window->stride[axis], .keep = out};
        if (pooled_extent(fit, axis, extent, pad > 0) >= fit->cuts[axis].skip + out)
            return true;
    }
    if (out != 1 || begin + extent > window->kernel[axis])
        return false;
    fit->kernel[axis] = extent;
    fit->stride[axis] = 1;
    fit->pad[axis] = 0;
    fit->cuts[axis] = (struct caffe_cut){.keep = 1};
    return true;
}

static struct pooling_fit fit_rounding(const struct window *window, bool floor,
                                       const struct shape *in, const struct shape *out)
{
    struct pooling_fit fit = {.floor = floor, .found = true};

    for (int axis = 0; axis < 2 && fit.found; axis++)
        fit.found = fit_pooling_axis(window, axis, in->dim[2 + axis], out->dim[2 + axis], &fit);
    for (int axis = 0; axis < 2 && fit.found; axis++) {
        struct caffe_cut *cut = &fit.cuts[axis];
        cut->total = pooled_extent(&fit, axis, in->dim[2 + axis], fit.pad[0] || fit.pad[1]);
        fit.found = cut->total >= cut->skip + cut->keep;
    }
    return fit;
}

/* Prefers the node's own rounding, and any that needs no Slice to one that does. */
static struct pooling_fit fit_pooling(const struct pooling_parameters *p, const struct shape *in,
                                      const struct shape *out)
{
    struct pooling_fit own = fit_rounding(&p->window, !p->ceiling, in, out);
    struct pooling_fit other = fit_rounding(&p->window, p->ceiling, in, out);

    if (!own.found || (other.found && caffe_cut_needed(own.cuts) && !caffe_cut_needed(other.cuts)))
        return other;
    return own;
}

static const struct pair_fields pooling_kernel = {
    "kernel_size", {"kernel_h", "kernel_w"}, 2, {5, 6}};
static const struct pair_fields pooling_pad = {"pad", {"pad_h", "pad_w"}, 4, {9, 10}};
static const struct pair_fields pooling_stride = {"stride", {"stride_h", "stride_w"}, 3, {7, 8}};

static void put_pooling(struct caffe_layer_out *layer, const struct pooling_parameters *p,
                        const struct pooling_fit *fit)
{
    static const char *const words[] = {"MAX", "AVE", "STOCHASTIC"};
    struct caffe_message *m = caffe_put_message(&layer->parameters, "pooling_param", POOLING_PARAM);

    if (p->method != POOLING_MAX)
        caffe_put_word(m, "pool", 1, words[p->method], (int64_t)p->method);
    if (p->global) {
        caffe_put_bool(m, "global_pooling", 12, true);
        return;
    }
    put_pair(m, &pooling_kernel, fit->kernel, 0);
    put_pair(m, &pooling_stride, fit->stride, 1);
    put_pair(m, &pooling_pad, fit->pad, 0);
    if (fit->floor)
        caffe_put_word(m, "round_mode", ROUND_MODE, "FLOOR", 1);
}

/* How many rows (columns) the window that begins at `from` counts: those of the image, with `begin`
 * before and `end` behind it. */
static int64_t counted(int64_t from, int64_t kernel, int64_t extent, int64_t begin, int64_t end)
{
    int64_t to = from + kernel;

    from = from < -begin ? -begin : from;
    to = to > extent + end ? extent + end : to;
    return to - from;
}

/* What Caffe divides by over what the node divides by. */
static double divisor_ratio(const struct pooling_parameters *p, const struct shape *in, int axis,
                            int64_t i, const struct pooling_fit *fit)
{
    const struct window *window = &p->window;
    int64_t extent = in->dim[2 + axis], begin = p->exclude_pad ? 0 : window->pad[axis];
    int64_t end = p->exclude_pad ? 0 : window->pad_end[axis], pad = fit->pad[axis];
    int64_t caffe = counted((i + fit->cuts[axis].skip) * fit->stride[axis] - pad, fit->kernel[axis],
                            extent, pad, pad);

    return (double)caffe / (double)counted(i * window->stride[axis] - window->pad[axis],
                                           window->kernel[axis], extent, begin, end);
}

static bool divisors_differ(const struct pooling_parameters *p, const struct shape *in,
                            const struct shape *out, const struct pooling_fit *fit)
{
    for (int axis = 0; axis < 2; axis++) {
        for (int64_t i = 0; i < out->dim[2 + axis]; i++) {
            double ratio = divisor_ratio(p, in, axis, i, fit);
            if (ratio < 1 || ratio > 1)
                return true;
        }
    }
    return false;
}

/* Multiplies each pixel by Caffe's divisor over the node's. */
static void put_divisors(struct caffe_writer *writer, const struct node *node, const char *bottom,
                         const struct pooling_fit *fit, const char *top)
{
    const struct pooling_parameters *p = &node->parameters.pooling;
    const struct shape *in = caffe_out_input_shape(writer, node);
    const struct shape *out = caffe_out_shape(writer, node);
    struct shape plane = {.dims = 2, .dim = {out->dim[2], out->dim[3]}};
    struct caffe_layer_out *scale = caffe_out_aux(writer, node, "Divisor", "Scale", bottom, 1);
    struct caffe_message *m = caffe_put_message(&scale->parameters, "scale_param", SCALE_PARAM);
    float *values = caffe_out_constant(writer, scale, &plane);

    caffe_put_int(m, "axis", 1, 2);
    caffe_put_int(m, "num_axes", 2, 2);
    if (scale->top_count)
        scale->tops[0] = top;
    for (int64_t y = 0; values && y < plane.dim[0]; y++) {
        for (int64_t x = 0; x < plane.dim[1]; x++)
            *values++ = (float)(divisor_ratio(p, in, 0, y, fit) * divisor_ratio(p, in, 1, x, fit));
    }
}

static void write_fit(struct caffe_writer *writer, const struct node *node,
                      const struct pooling_fit *fit)
{
    const struct pooling_parameters *p = &node->parameters.pooling;
    const char *top = caffe_out_output(writer, node, 0), *cut = top;
    bool divide =
        p->method == POOLING_AVERAGE && !p->global &&
        divisors_differ(p, caffe_out_input_shape(writer, node), caffe_out_shape(writer, node), fit);
    struct caffe_layer_out *layer = caffe_out_node(writer, node, "Pooling");

    put_pooling(layer, p, fit);
    writer->rounds_down = writer->rounds_down || fit->floor;
    if (!layer->top_count)
        return;
    if (divide)
        cut = caffe_out_between(writer, node, "Pooled");
    layer->tops[0] = cut;
    if (caffe_cut_needed(fit->cuts)) {
        layer->tops[0] = caffe_out_between(writer, node, "Padded");
        caffe_out_cut(writer, node, layer->tops[0], fit->cuts, cut);
    }
    if (divide)
        put_divisors(writer, node, cut, fit, top);
}

void caffe_write_pooling(struct caffe_writer *writer, const struct node *node)
{
    const struct pooling_parameters *p = &node->parameters.pooling;
    struct pooling_fit fit = {.found = p->global};

    if (!p->global)
        fit = fit_pooling(p, caffe_out_input_shape(writer, node), caffe_out_shape(writer, node));
    if (fit.found && p->window.dilation[0] == 1 && p->window.dilation[1] == 1)
        write_fit(writer, node, &fit);
    else
        caffe_out_refuse(writer, node, LIMIT_CAFFE_POOLING_WINDOWS);
}
