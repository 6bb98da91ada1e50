/* Convolutions, pooling and what else works on planes. */
#include <inttypes.h>
#include <string.h>

#include "model/format/tensorflow/graphdef_ops.h"

enum status graphdef_axes(struct graphdef_reading *reading, const struct import_axes **axes)
{
    const char *format = graphdef_text(&reading->graph, reading->node, "data_format", "NHWC");

    *axes = strcmp(format, "NCHW") ? &import_nhwc : &import_nchw;
    if (graphdef_status(reading) || !strcmp(format, "NHWC") || !strcmp(format, "NCHW"))
        return graphdef_status(reading);
    return importer_fail(&reading->importer, STATUS_UNSUPPORTED,
                         "data_format %s; NHWC and NCHW can be read", format);
}

enum status graphdef_need_planes(struct graphdef_reading *reading, const struct operand *x,
                                 const char *what)
{
    if (x->shape.dims == 4)
        return STATUS_OK;
    return importer_fail(&reading->importer, STATUS_DATA, "%s has %u axes; 4 are needed", what,
                         x->shape.dims);
}

/* ---- windows ---- */

/* One number for height and one for width from a list with one per axis. */
static enum status read_pair(struct graphdef_reading *reading, const char *key,
                             const struct import_axes *axes, int64_t pair[2])
{
    int64_t list[4];
    size_t count = graphdef_ints(&reading->graph, reading->node, key, list, 4);

    pair[0] = pair[1] = 1;
    if (graphdef_status(reading) || !count)
        return graphdef_status(reading);
    if (count != 4)
        return importer_fail(&reading->importer, STATUS_DATA, "'%s' has %zu numbers; 4 are needed",
                             key, count);
    for (unsigned i = 0; i < 4; i++) {
        if (list[i] < 1 || list[i] > INT32_MAX)
            return importer_fail(&reading->importer, STATUS_DATA, "'%s' holds %" PRId64, key,
                                 list[i]);
        if (i != axes->spatial[0] && i != axes->spatial[1] && list[i] != 1)
            return importer_fail(&reading->importer, STATUS_UNSUPPORTED,
                                 "'%s' over the batch or the channels", key);
    }
    for (unsigned i = 0; i < 2; i++)
        pair[i] = list[axes->spatial[i]];
    return STATUS_OK;
}

/* padding EXPLICIT: two numbers per axis. */
static enum status read_explicit(struct graphdef_reading *reading, const struct import_axes *axes,
                                 struct window *window)
{
    int64_t list[8];
    size_t count = graphdef_ints(&reading->graph, reading->node, "explicit_paddings", list, 8);

    if (graphdef_status(reading))
        return graphdef_status(reading);
    for (size_t i = 0; i < count; i++) {
        if (list[i] < 0 || list[i] > INT32_MAX)
            return importer_fail(&reading->importer, STATUS_DATA,
                                 "'explicit_paddings' holds %" PRId64, list[i]);
    }
    if (count != 8 || list[0] || list[1] || list[2 * axes->channel] || list[2 * axes->channel + 1])
        return importer_fail(
            &reading->importer, STATUS_DATA,
            "'explicit_paddings' must be two numbers for each of 4 axes, 0 for the "
            "batch and the channels");
    for (unsigned i = 0; i < 2; i++) {
        window->pad[i] = list[2 * axes->spatial[i]];
        window->pad_end[i] = list[2 * axes->spatial[i] + 1];
    }
    return STATUS_OK;
}

/* GetWindowedOutputSizeVerbose (common_shape_fns.cc): the output has ceil(in / stride) rows; of an
 * odd number of rows added the greater part stands behind. */
static void pad_same(struct window *window, unsigned i, int64_t in)
{
    int64_t out = (in + window->stride[i] - 1) / window->stride[i];
    int64_t span = (window->kernel[i] - 1) * window->dilation[i] + 1;
    int64_t total = (out - 1) * window->stride[i] + span - in;

    window->pad[i] = total > 0 ? total / 2 : 0;
    window->pad_end[i] = total > 0 ? total - total / 2 : 0;
}

/* Fills the padding; the rest of the window is known. `shape`: of the tensor the window slides
 * over, in the source's axes. */
static enum status read_padding(struct graphdef_reading *reading, const struct import_axes *axes,
                                const struct shape *shape, struct window *window)
{
    const char *padding = graphdef_text(&reading->graph, reading->node, "padding", "");

    for (unsigned i = 0; i < 2; i++) {
        window->pad[i] = window->pad_end[i] = 0;
        if (window->kernel[i] < 1 || window->kernel[i] > INT32_MAX)
            return importer_fail(&reading->importer, STATUS_DATA, "a window of %" PRId64 " rows",
                                 window->kernel[i]);
    }
    if (!strcmp(padding, "EXPLICIT"))
        return read_explicit(reading, axes, window);
    for (unsigned i = 0; i < 2 && !strcmp(padding, "SAME"); i++)
        pad_same(window, i, shape->dim[axes->spatial[i]]);
    if (!strcmp(padding, "SAME") || !strcmp(padding, "VALID"))
        return graphdef_status(reading);
    return importer_fail(&reading->importer, STATUS_DATA,
                         "padding '%s'; SAME, VALID or EXPLICIT is expected", padding);
}

/* The same with strides and dilations, which convolutions have as attributes. */
static enum status read_window(struct graphdef_reading *reading, const struct import_axes *axes,
                               const struct shape *shape, struct window *window)
{
    enum status status = read_pair(reading, "strides", axes, window->stride);

    if (!status)
        status = read_pair(reading, "dilations", axes, window->dilation);
    return status ? status : read_padding(reading, axes, shape, window);
}

/* ---- convolutions ---- */

struct convolution {
    const struct import_axes *axes;
    struct window window;
    struct operand x, weights;
};

static enum status open_convolution(struct graphdef_reading *reading,
                                    struct convolution *convolution)
{
    enum status status = graphdef_axes(reading, &convolution->axes);

    convolution->x = *reading->inputs[0];
    convolution->weights = *reading->inputs[1];
    if (!status)
        status = graphdef_need_planes(reading, &convolution->x, "the tensor");
    if (!status)
        status = graphdef_need_planes(reading, &convolution->weights, "the filter");
    if (status)
        return status;
    convolution->window.kernel[0] = convolution->weights.shape.dim[0];
    convolution->window.kernel[1] = convolution->weights.shape.dim[1];
    status = read_window(reading, convolution->axes, &convolution->x.shape, &convolution->window);
    return status ? status : graphdef_dilate(reading, &convolution->window, &convolution->x);
}

enum status graphdef_read_conv2d(struct graphdef_reading *reading)
{
    static const int64_t order[] = {3, 2, 0, 1}; /* H, W, I, O to O, I, H, W */
    struct convolution convolution;
    enum status status = open_convolution(reading, &convolution);
    int64_t channels, inputs;

    if (status)
        return status;
    channels = convolution.x.shape.dim[convolution.axes->channel];
    inputs = convolution.weights.shape.dim[2];
    if (!inputs || channels % inputs)
        return importer_fail(&reading->importer, STATUS_DATA,
                             "the filter is for %" PRId64 " channels, but the tensor has %" PRId64,
                             inputs, channels);
    status = import_transpose(&reading->importer, reading->name, &convolution.weights, order, 4,
                              &convolution.weights);
    if (!status)
        status = import_convolution(&reading->importer, reading->name, &convolution.x,
                                    &convolution.weights, NULL, &convolution.window,
                                    channels / inputs, convolution.axes, reading->outputs);
    return status;
}

/* A filter of H, W, C, M gives channel c * M + m of the output from channel c. */
static enum status turn_depthwise(struct graphdef_reading *reading, struct operand *weights)
{
    static const int64_t order[] = {2, 3, 0, 1};
    const int64_t extents[] = {weights->shape.dim[2] * weights->shape.dim[3], 1,
                               weights->shape.dim[0], weights->shape.dim[1]};
    enum status status =
        import_transpose(&reading->importer, reading->name, weights, order, 4, weights);

    return status ? status
                  : import_reshape(&reading->importer, reading->name, weights, extents, 4, weights);
}

enum status graphdef_read_depthwise(struct graphdef_reading *reading)
{
    struct convolution convolution;
    enum status status = open_convolution(reading, &convolution);
    int64_t channels;

    if (status)
        return status;
    channels = convolution.x.shape.dim[convolution.axes->channel];
    if (channels != convolution.weights.shape.dim[2])
        return importer_fail(&reading->importer, STATUS_DATA,
                             "the filter is for %" PRId64 " channels, but the tensor has %" PRId64,
                             convolution.weights.shape.dim[2], channels);
    status = turn_depthwise(reading, &convolution.weights);
    if (!status)
        status = import_convolution(&reading->importer, reading->name, &convolution.x,
                                    &convolution.weights, NULL, &convolution.window, channels,
                                    convolution.axes, reading->outputs);
    return status;
}

/* The shape that the result shall have: N, H, W, C (or N, C, H, W), or height and width alone. */
static enum status read_sizes(struct graphdef_reading *reading, const struct import_axes *axes,
                              struct shape *sizes)
{
    int64_t list[4];
    size_t count;
    enum status status = import_read_integers(&reading->importer, reading->inputs[0],
                                              "the shape of the result", list, 4, &count);

    if (!status && count != 2 && count != 4)
        status = importer_fail(&reading->importer, STATUS_DATA,
                               "the shape of the result has %zu numbers; 4 are needed", count);
    *sizes = (struct shape){.dims = 4};
    for (unsigned i = 0; i < 2 && !status; i++) {
        int64_t size = list[count == 4 ? axes->spatial[i] : i];
        sizes->dim[axes->spatial[i]] = size;
        if (size < 1 || size > INT32_MAX)
            status = importer_fail(&reading->importer, STATUS_DATA,
                                   "the result would have %" PRId64 " rows", size);
    }
    if (!status)
        sizes->dim[axes->channel] = count == 4 ? list[axes->channel] : 0;
    return status;
}

/* The window is that of the convolution whose gradient this is: it slides over the result. */
static enum status read_transposed_window(struct graphdef_reading *reading,
                                          const struct import_axes *axes, const struct shape *sizes,
                                          struct window *window)
{
    const struct shape *in = &reading->inputs[2]->shape;
    enum status status = read_window(reading, axes, sizes, window);

    for (unsigned i = 0; i < 2 && !status; i++) {
        int64_t rows = in->dim[axes->spatial[i]], size = sizes->dim[axes->spatial[i]];
        int64_t span = (window->kernel[i] - 1) * window->dilation[i] + 1;
        int64_t padded = size + window->pad[i] + window->pad_end[i];
        int64_t full = (rows - 1) * window->stride[i] + span;
        if (padded < span || (padded - span) / window->stride[i] + 1 != rows)
            return importer_fail(&reading->importer, STATUS_DATA,
                                 "a result of %" PRId64 " rows does not come from %" PRId64, size,
                                 rows);
        window->pad_end[i] = full - size - window->pad[i];
    }
    return status;
}

/* Also of depthwise filters (op->argument). */
enum status graphdef_read_conv_transpose(struct graphdef_reading *reading)
{
    static const int64_t order[] = {3, 2, 0, 1}; /* H, W, O, I to I, O, H, W */
    struct operand weights = *reading->inputs[1];
    const struct operand *x = reading->inputs[2];
    bool depthwise = reading->op->argument != 0;
    struct window window = {.kernel = {weights.shape.dim[0], weights.shape.dim[1]}};
    const struct import_axes *axes;
    struct shape sizes;
    int64_t group, outputs = weights.shape.dim[2], channels;
    enum status status = graphdef_axes(reading, &axes);

    if (!status)
        status = graphdef_need_planes(reading, x, "the tensor");
    if (!status)
        status = graphdef_need_planes(reading, &weights, "the filter");
    if (!status)
        status = read_sizes(reading, axes, &sizes);
    if (!status)
        status = read_transposed_window(reading, axes, &sizes, &window);
    if (status)
        return status;
    channels = sizes.dim[axes->channel] ? sizes.dim[axes->channel] : outputs;
    if (channels < 1 || outputs < 1 || channels % outputs || (depthwise && channels != outputs))
        return importer_fail(&reading->importer, STATUS_DATA,
                             "the filter makes %" PRId64 " channels, but the result has %" PRId64,
                             outputs, channels);
    group = depthwise ? outputs : channels / outputs;
    status = depthwise ? turn_depthwise(reading, &weights)
                       : import_transpose(&reading->importer, reading->name, &weights, order, 4,
                                          &weights);
    if (!status)
        status = import_deconvolution(&reading->importer, reading->name, x, &weights, NULL, &window,
                                      group, axes, reading->outputs);
    return status;
}

/* ---- pooling ---- */

/* MaxPoolV2 has its window and strides as inputs. */
static enum status read_pair_input(struct graphdef_reading *reading, unsigned input,
                                   const struct import_axes *axes, int64_t pair[2])
{
    int64_t list[4];
    size_t count;
    enum status status = import_read_integers(&reading->importer, reading->inputs[input],
                                              "the window", list, 4, &count);

    if (!status && (count != 4 || list[0] != 1 || list[axes->channel] != 1 ||
                    list[axes->spatial[0]] < 1 || list[axes->spatial[1]] < 1 ||
                    list[axes->spatial[0]] > INT32_MAX || list[axes->spatial[1]] > INT32_MAX))
        status = importer_fail(&reading->importer, STATUS_UNSUPPORTED,
                               "a window over more than height and width");
    for (unsigned i = 0; i < 2 && !status; i++)
        pair[i] = list[axes->spatial[i]];
    return status;
}

enum status graphdef_read_pool(struct graphdef_reading *reading)
{
    const struct operand *x = reading->inputs[0];
    struct pooling_parameters pooling = {.method = (enum pooling_method)reading->op->argument,
                                         .window = {.dilation = {1, 1}}};
    const struct import_axes *axes;
    bool second = reading->node->input_count == 3;
    enum status status = graphdef_axes(reading, &axes);

    pooling.exclude_pad = pooling.method == POOLING_AVERAGE;
    if (!status)
        status = graphdef_need_planes(reading, x, "the tensor");
    if (!status)
        status = second ? read_pair_input(reading, 1, axes, pooling.window.kernel)
                        : read_pair(reading, "ksize", axes, pooling.window.kernel);
    if (!status)
        status = second ? read_pair_input(reading, 2, axes, pooling.window.stride)
                        : read_pair(reading, "strides", axes, pooling.window.stride);
    if (!status)
        status = read_padding(reading, axes, &x->shape, &pooling.window);
    return status ? status
                  : import_pooling(&reading->importer, reading->name, x, &pooling, axes,
                                   reading->outputs);
}

/* ---- normalization ---- */

enum status graphdef_read_batch_norm(struct graphdef_reading *reading)
{
    struct graphdef *graph = &reading->graph;
    struct import_batch_norm norm = {
        .scale = reading->inputs[1],
        .offset = reading->inputs[2],
        .mean = reading->inputs[3],
        .variance = reading->inputs[4],
        .epsilon = graphdef_float(graph, reading->node, "epsilon", 1e-4F),
    };
    bool training = graphdef_bool(graph, reading->node, "is_training", true);
    const struct import_axes *axes;
    enum status status = graphdef_axes(reading, &axes);

    if (!status)
        status = graphdef_need_planes(reading, reading->inputs[0], "the tensor");
    if (!status && training)
        status = importer_fail(&reading->importer, STATUS_UNSUPPORTED,
                               "is_training is true: it normalizes by the batch; export the graph "
                               "for inference");
    return status ? status
                  : import_batch_norm(&reading->importer, reading->name, reading->inputs[0], &norm,
                                      axes->channel, reading->outputs);
}

/* BatchNormWithGlobalNormalization(t, m, v, beta, gamma) of the first releases. */
enum status graphdef_read_old_batch_norm(struct graphdef_reading *reading)
{
    struct graphdef *graph = &reading->graph;
    bool scaled = graphdef_bool(graph, reading->node, "scale_after_normalization", true);
    struct import_batch_norm norm = {
        .scale = scaled ? reading->inputs[4] : NULL,
        .offset = reading->inputs[3],
        .mean = reading->inputs[1],
        .variance = reading->inputs[2],
        .epsilon = graphdef_float(graph, reading->node, "variance_epsilon", 0),
    };
    enum status status = graphdef_status(reading);

    if (!status)
        status = graphdef_need_planes(reading, reading->inputs[0], "the tensor");
    return status ? status
                  : import_batch_norm(&reading->importer, reading->name, reading->inputs[0], &norm,
                                      import_nhwc.channel, reading->outputs);
}

/* TensorFlow's alpha stands before the sum, Caffe's is divided by the size. */
enum status graphdef_read_lrn(struct graphdef_reading *reading)
{
    struct graphdef *graph = &reading->graph;
    int64_t radius = graphdef_int(graph, reading->node, "depth_radius", 5);
    struct lrn_parameters lrn = {
        .k = graphdef_float(graph, reading->node, "bias", 1),
        .alpha = graphdef_float(graph, reading->node, "alpha", 1),
        .beta = graphdef_float(graph, reading->node, "beta", 0.5F),
        .region = LRN_ACROSS_CHANNELS,
    };

    if (graphdef_status(reading))
        return graphdef_status(reading);
    if (radius < 0 || radius > INT32_MAX)
        return importer_fail(&reading->importer, STATUS_DATA, "a depth_radius of %" PRId64, radius);
    lrn.local_size = 2 * radius + 1;
    lrn.alpha = (float)((double)lrn.alpha * (double)lrn.local_size);
    return import_lrn(&reading->importer, reading->name, reading->inputs[0], &lrn, -1,
                      reading->outputs);
}

/* ---- resizing ---- */

enum status graphdef_read_resize(struct graphdef_reading *reading)
{
    struct graphdef *graph = &reading->graph;
    enum resize_interpolation interpolation = (enum resize_interpolation)reading->op->argument;
    bool corners = graphdef_bool(graph, reading->node, "align_corners", false);
    bool half = graphdef_bool(graph, reading->node, "half_pixel_centers", false);
    int64_t size[2];
    size_t count;
    enum status status = graphdef_status(reading);

    if (!status)
        status = graphdef_need_planes(reading, reading->inputs[0], "the tensor");
    if (!status)
        status = import_read_integers(&reading->importer, reading->inputs[1], "the size", size, 2,
                                      &count);
    if (!status && (count != 2 || size[0] < 1 || size[1] < 1))
        status =
            importer_fail(&reading->importer, STATUS_DATA, "the size must be a height and a width");
    if (!status && corners && interpolation == RESIZE_NEAREST)
        status = importer_fail(&reading->importer, STATUS_UNSUPPORTED,
                               "align_corners rounds to the nearest pixel, but layers round down");
    return status ? status
                  : import_resize(
                        &reading->importer, reading->name, reading->inputs[0], interpolation,
                        corners ? RESIZE_CORNERS : (half ? RESIZE_HALF_PIXEL : RESIZE_ASYMMETRIC),
                        size, &import_nhwc, reading->outputs);
}
