/* ONNX operators that slide a window. Rules: Operators.md of ONNX 1.8 to 1.16 (Conv-1/11,
 * ConvTranspose-1/11, MaxPool-1 to 12, AveragePool-1 to 19, LRN-1/13, MaxRoiPool-1). */
#include "model/format/onnx/onnx_read.h"
#include "model/import/build.h"

enum auto_pad { NOTSET, SAME_UPPER, SAME_LOWER, VALID };

static const char auto_pad_words[] = "NOTSET SAME_UPPER SAME_LOWER VALID";

/* Larger than any sensible kernel, stride or pad; products with an extent stay in 64 bits. */
enum { WINDOW_MAX = 1 << 20 };

/* A pair of numbers in [low, WINDOW_MAX]. */
static enum status read_pair(const struct onnx_node *node, const char *attribute, int64_t low,
                             int64_t fallback, int64_t pair[2])
{
    size_t count;
    enum status status;

    pair[0] = pair[1] = fallback;
    status = onnx_ints(node, attribute, pair, 2, &count);
    if (status)
        return status;
    if (count == 1 || pair[0] < low || pair[1] < low || pair[0] > WINDOW_MAX ||
        pair[1] > WINDOW_MAX)
        return onnx_fail(node, STATUS_DATA, "attribute '%s' is not two numbers from %d to %d",
                         attribute, (int)low, WINDOW_MAX);
    return STATUS_OK;
}

static enum status read_pads(const struct onnx_node *node, struct window *window)
{
    int64_t pads[4] = {0};
    size_t count;
    enum status status = onnx_ints(node, "pads", pads, 4, &count);

    if (status)
        return status;
    for (int i = 0; i < 4; i++) {
        if ((count && count != 4) || pads[i] < 0 || pads[i] > WINDOW_MAX)
            return onnx_fail(node, STATUS_DATA, "attribute 'pads' is not four numbers from 0 to %d",
                             WINDOW_MAX);
    }
    for (int axis = 0; axis < 2; axis++) {
        window->pad[axis] = pads[axis];
        window->pad_end[axis] = pads[2 + axis];
    }
    return STATUS_OK;
}

static enum status check_planes(const struct onnx_node *node, const struct operand *x)
{
    char text[SHAPE_TEXT];

    if (x->shape.dims == 4)
        return STATUS_OK;
    return onnx_fail(node, STATUS_UNSUPPORTED,
                     "its input is %s; windows over other than two axes are not supported",
                     shape_text(&x->shape, text));
}

/* The odd one of the padding stands behind (`behind`) or before the picture. */
static void share(int64_t total, bool behind, int64_t *begin, int64_t *end)
{
    *begin = behind ? total / 2 : total - total / 2;
    *end = total - *begin;
}

/* SAME: ceil(in / stride) windows. */
static void pad_same(const struct operand *x, bool behind, struct window *window)
{
    for (int axis = 0; axis < 2; axis++) {
        int64_t extent = x->shape.dim[2 + axis], stride = window->stride[axis];
        int64_t outputs = (extent + stride - 1) / stride;
        int64_t total = (outputs - 1) * stride +
                        window->dilation[axis] * (window->kernel[axis] - 1) + 1 - extent;
        share(total > 0 ? total : 0, behind, &window->pad[axis], &window->pad_end[axis]);
    }
}

/* Everything but the kernel, which is filled. */
static enum status read_window(const struct onnx_node *node, const struct operand *x,
                               struct window *window)
{
    unsigned mode = NOTSET;
    enum status status = read_pair(node, "strides", 1, 1, window->stride);

    if (!status)
        status = read_pair(node, "dilations", 1, 1, window->dilation);
    if (!status)
        status = onnx_word(node, "auto_pad", auto_pad_words, &mode);
    if (!status && mode == NOTSET)
        status = read_pads(node, window);
    if (!status && (mode == SAME_UPPER || mode == SAME_LOWER))
        pad_same(x, mode == SAME_UPPER, window);
    return status;
}

/* ---- convolution ---- */

static enum status read_filters(const struct onnx_node *node, struct window *window, int64_t *group)
{
    const struct operand *x = onnx_operand(node, 0), *filters = onnx_operand(node, 1);
    enum status status = check_planes(node, x);

    if (!status)
        status = check_planes(node, filters);
    if (!status)
        status = onnx_int(node, "group", 1, group);
    if (status)
        return status;
    if (*group < 1)
        return onnx_fail(node, STATUS_DATA, "attribute 'group' is below 1");
    for (int axis = 0; axis < 2; axis++) {
        window->kernel[axis] = filters->shape.dim[2 + axis];
        if (window->kernel[axis] < 1 || window->kernel[axis] > WINDOW_MAX)
            return onnx_fail(node, STATUS_DATA, "its kernel is empty or absurd");
    }
    return STATUS_OK;
}

static enum status take_conv(struct onnx_node *node)
{
    const struct operand *x = onnx_operand(node, 0);
    struct window window = {.pad = {0}};
    struct operand out;
    int64_t group;
    enum status status = read_filters(node, &window, &group);

    if (!status)
        status = read_window(node, x, &window);
    if (!status)
        status = import_convolution(node->importer, node->outputs[0], x, onnx_operand(node, 1),
                                    onnx_operand(node, 2), &window, group, &import_nchw, &out);
    return status ? status : onnx_define(node, 0, &out);
}

/* ConvTranspose-11: with output_shape or SAME, the padding follows from the output's extents. */
static enum status pad_to_shape(const struct onnx_node *node, unsigned mode, const int64_t added[2],
                                struct window *window)
{
    const struct operand *x = onnx_operand(node, 0);
    int64_t wanted[4];
    size_t count;
    enum status status = onnx_ints(node, "output_shape", wanted, 4, &count);

    if (status || (!count && mode != SAME_UPPER && mode != SAME_LOWER))
        return status;
    for (int axis = 0; axis < 2; axis++) {
        int64_t extent = x->shape.dim[2 + axis], stride = window->stride[axis];
        int64_t natural = stride * (extent - 1) + added[axis] +
                          window->dilation[axis] * (window->kernel[axis] - 1) + 1;
        int64_t want = count >= 2 ? wanted[count - 2 + (size_t)axis] : extent * stride;
        if (want < 1 || want > SHAPE_MAX_COUNT)
            return onnx_fail(node, STATUS_DATA, "attribute 'output_shape' is absurd");
        window->pad[axis] = 0;
        window->pad_end[axis] = natural - want;
        if (natural > want)
            share(natural - want, mode == SAME_UPPER, &window->pad[axis], &window->pad_end[axis]);
    }
    return STATUS_OK;
}

static enum status take_conv_transpose(struct onnx_node *node)
{
    const struct operand *x = onnx_operand(node, 0);
    struct window window = {.pad = {0}};
    int64_t group, added[2] = {0};
    unsigned mode = NOTSET;
    struct operand out;
    enum status status = read_filters(node, &window, &group);

    if (!status)
        status = read_window(node, x, &window);
    if (!status)
        status = read_pair(node, "output_padding", 0, 0, added);
    if (!status)
        status = onnx_word(node, "auto_pad", auto_pad_words, &mode);
    if (!status && mode == VALID)
        window.pad[0] = window.pad[1] = window.pad_end[0] = window.pad_end[1] = 0;
    if (!status)
        status = pad_to_shape(node, mode, added, &window);
    for (int axis = 0; axis < 2; axis++)
        window.pad_end[axis] -= added[axis];
    if (!status)
        status = import_deconvolution(node->importer, node->outputs[0], x, onnx_operand(node, 1),
                                      onnx_operand(node, 2), &window, group, &import_nchw, &out);
    return status ? status : onnx_define(node, 0, &out);
}

/* ---- pooling ---- */

/* Padding that no window reaches is cut: older exporters say ceil_mode by more of it. */
static void cut_pads(const struct operand *x, struct window *window)
{
    for (int axis = 0; axis < 2; axis++) {
        int64_t padded = x->shape.dim[2 + axis] + window->pad[axis] + window->pad_end[axis];
        int64_t size = window->dilation[axis] * (window->kernel[axis] - 1) + 1;
        int64_t rest = padded < size ? 0 : (padded - size) % window->stride[axis];
        window->pad_end[axis] -= rest < window->pad_end[axis] ? rest : window->pad_end[axis];
    }
}

static enum status take_pool(struct onnx_node *node, enum pooling_method method)
{
    const struct operand *x = onnx_operand(node, 0);
    struct pooling_parameters pooling = {.method = method};
    int64_t ceiling = 0, include = 0;
    struct operand out;
    enum status status = check_planes(node, x);

    if (!status)
        status = read_pair(node, "kernel_shape", 1, 0, pooling.window.kernel);
    if (!status)
        status = read_window(node, x, &pooling.window);
    if (!status)
        status = onnx_int(node, "ceil_mode", 0, &ceiling);
    if (!status)
        status = onnx_int(node, "count_include_pad", 0, &include);
    if (!status && !ceiling)
        cut_pads(x, &pooling.window);
    pooling.ceiling = ceiling != 0;
    pooling.exclude_pad = method == POOLING_AVERAGE && !include;
    if (!status)
        status = import_pooling(node->importer, node->outputs[0], x, &pooling, &import_nchw, &out);
    return status ? status : onnx_define(node, 0, &out);
}

static enum status take_max_pool(struct onnx_node *node)
{
    return take_pool(node, POOLING_MAX);
}

static enum status take_average_pool(struct onnx_node *node)
{
    return take_pool(node, POOLING_AVERAGE);
}

static enum status take_global_pool(struct onnx_node *node, enum pooling_method method)
{
    const struct operand *x = onnx_operand(node, 0);
    struct pooling_parameters pooling = {
        .method = method,
        .window = {.kernel = {1, 1}, .stride = {1, 1}, .dilation = {1, 1}},
        .global = true};
    struct operand out;
    enum status status = check_planes(node, x);

    if (!status)
        status = import_pooling(node->importer, node->outputs[0], x, &pooling, &import_nchw, &out);
    return status ? status : onnx_define(node, 0, &out);
}

static enum status take_global_max_pool(struct onnx_node *node)
{
    return take_global_pool(node, POOLING_MAX);
}

static enum status take_global_average_pool(struct onnx_node *node)
{
    return take_global_pool(node, POOLING_AVERAGE);
}

/* ---- others ---- */

static enum status take_lrn(struct onnx_node *node)
{
    struct lrn_parameters lrn = {.region = LRN_ACROSS_CHANNELS};
    struct operand out;
    enum status status = onnx_int(node, "size", 0, &lrn.local_size);

    if (!status)
        status = onnx_float(node, "alpha", 1e-4F, &lrn.alpha);
    if (!status)
        status = onnx_float(node, "beta", 0.75F, &lrn.beta);
    if (!status)
        status = onnx_float(node, "bias", 1, &lrn.k);
    if (!status && (lrn.local_size < 1 || lrn.local_size > WINDOW_MAX))
        status = onnx_fail(node, STATUS_DATA, "attribute 'size' is missing or absurd");
    if (!status && lrn.local_size % 2 == 0)
        status = onnx_fail(node, STATUS_UNSUPPORTED,
                           "an even 'size' has no middle; it is not supported");
    if (!status)
        status = import_lrn(node->importer, node->outputs[0], onnx_operand(node, 0), &lrn, 1, &out);
    return status ? status : onnx_define(node, 0, &out);
}

/* Taken from Caffe's layer, whose rounding it has. */
static enum status take_max_roi_pool(struct onnx_node *node)
{
    struct layer layer = {.kind = OPERATOR_ROI_POOLING};
    struct roi_pooling_parameters *p = &layer.parameters.roi_pooling;
    struct operand x, boxes, out;
    int64_t pooled[2];
    enum status status = read_pair(node, "pooled_shape", 1, 0, pooled);

    if (!status)
        status = onnx_float(node, "spatial_scale", 1, &p->spatial_scale);
    if (!status)
        status = build_plain(node->importer, node->outputs[0], onnx_operand(node, 0), &x);
    if (!status)
        status = build_plain(node->importer, node->outputs[0], onnx_operand(node, 1), &boxes);
    if (status)
        return status;
    p->height = pooled[0];
    p->width = pooled[1];
    layer.inputs = (const uint32_t[]){x.value, boxes.value};
    layer.input_count = 2;
    status = onnx_layer(node, &layer, &out);
    return status ? status : onnx_define(node, 0, &out);
}

const struct onnx_operator onnx_window_operators[] = {
    {"Conv", 2, take_conv},
    {"ConvTranspose", 2, take_conv_transpose},
    {"MaxPool", 1, take_max_pool},
    {"AveragePool", 1, take_average_pool},
    {"GlobalMaxPool", 1, take_global_max_pool},
    {"GlobalAveragePool", 1, take_global_average_pool},
    {"LRN", 1, take_lrn},
    {"MaxRoiPool", 2, take_max_roi_pool},
    {NULL, 0, NULL}};
