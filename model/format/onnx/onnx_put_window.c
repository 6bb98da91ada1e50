/* ONNX nodes of layers that slide a window, and of the matrix product. */
#include "model/format/onnx/onnx_put.h"
#include "model/shape.h"

void onnx_put_input(struct onnx_put *put)
{
    (void)put; /* an input of the graph, not a node */
}

/* ---- windows ---- */

static void put_pads(struct onnx_put *put, const int64_t begin[2], const int64_t end[2])
{
    int64_t pads[4] = {begin[0], begin[1], end[0], end[1]};

    onnx_put_ints(put, "pads", pads, 4);
}

static void put_window(struct onnx_put *put, const struct window *window, bool dilations)
{
    onnx_put_ints(put, "kernel_shape", window->kernel, 2);
    onnx_put_ints(put, "strides", window->stride, 2);
    if (dilations)
        onnx_put_ints(put, "dilations", window->dilation, 2);
}

/* Conv and ConvTranspose: x, the filters, and the bias where there is one. */
static void step_filters(struct onnx_put *put, const char *type,
                         const struct convolution_parameters *p)
{
    const char *filters = onnx_weight(put, "weight", &put->node->weights[0]);
    const char *bias = p->bias ? onnx_weight(put, "bias", &put->node->weights[1]) : NULL;

    onnx_step(put, type, onnx_input(put, 0), filters, bias);
    put_window(put, &p->window, true);
    onnx_put_int(put, "group", p->group);
}

void onnx_put_convolution(struct onnx_put *put)
{
    const struct convolution_parameters *p = &put->node->parameters.convolution;

    step_filters(put, "Conv", p);
    put_pads(put, p->window.pad, p->window.pad_end);
    onnx_finish(put);
}

void onnx_put_deconvolution(struct onnx_put *put)
{
    const struct convolution_parameters *p = &put->node->parameters.deconvolution;
    int64_t end[2], added[2];

    for (int axis = 0; axis < 2; axis++) {
        int64_t pad = p->window.pad_end[axis];
        end[axis] = pad > 0 ? pad : 0;
        added[axis] = pad < 0 ? -pad : 0;
    }
    step_filters(put, "ConvTranspose", p);
    put_pads(put, p->window.pad, end);
    if (added[0] || added[1])
        onnx_put_ints(put, "output_padding", added, 2);
    onnx_finish(put);
}

/* ---- pooling ---- */

/* Where the windows of a pooling layer reach: rows and columns behind the input that the last one
 * needs, so that rounding down gives every output that Caffe has. */
static void find_overhang(const struct onnx_put *put, const struct window *window, int64_t end[2])
{
    for (int axis = 0; axis < 2; axis++) {
        int64_t extent = onnx_input_shape(put, 0)->dim[2 + axis];
        int64_t reach = (onnx_output_shape(put, 0)->dim[2 + axis] - 1) * window->stride[axis] +
                        window->dilation[axis] * (window->kernel[axis] - 1) + 1;
        end[axis] = reach - extent - window->pad[axis];
        if (end[axis] < 0)
            end[axis] = 0;
    }
}

/* Runtimes refuse pads that hold a whole kernel. */
static bool within_kernel(const struct window *window, const int64_t end[2])
{
    for (int axis = 0; axis < 2; axis++) {
        if (window->pad[axis] >= window->kernel[axis] || end[axis] >= window->kernel[axis])
            return false;
    }
    return true;
}

static const char *step_pad(struct onnx_put *put, const char *input, const int64_t begin[2],
                            const int64_t end[2], float value)
{
    int64_t pads[8] = {0, 0, begin[0], begin[1], 0, 0, end[0], end[1]};

    return onnx_step(put, "Pad", input, onnx_int_list(put, "pads", pads, 8),
                     onnx_scalar(put, "padding", value));
}

static void put_max_pooling(struct onnx_put *put, const struct window *window)
{
    static const int64_t none[2] = {0, 0};
    /* pooling_layer.cpp starts each maximum there, so that padding never wins. */
    static const float lowest = -3.402823466e+38F;
    const char *input = onnx_input(put, 0);
    int64_t end[2];
    bool apart;

    find_overhang(put, window, end);
    apart = !within_kernel(window, end);
    if (apart)
        input = step_pad(put, input, window->pad, end, lowest);
    onnx_step(put, "MaxPool", input, NULL, NULL);
    put_window(put, window, window->dilation[0] != 1 || window->dilation[1] != 1);
    put_pads(put, apart ? none : window->pad, apart ? none : end);
    onnx_finish(put);
}

/* The padding becomes a part of the picture; what is left of `end` hangs over it. */
static const char *step_padding(struct onnx_put *put, struct window *window, int64_t end[2])
{
    const char *padded = step_pad(put, onnx_input(put, 0), window->pad, window->pad_end, 0);

    for (int axis = 0; axis < 2; axis++) {
        end[axis] = end[axis] > window->pad_end[axis] ? end[axis] - window->pad_end[axis] : 0;
        window->pad[axis] = 0;
    }
    return padded;
}

/* The divisor counts the padding but not what hangs over it (pooling_layer.cpp). ONNX counts either
 * both or none. */
static void put_average_pooling(struct onnx_put *put, const struct pooling_parameters *p)
{
    struct window window = p->window;
    const char *input = onnx_input(put, 0);
    int64_t end[2];
    bool padded = window.pad[0] || window.pad[1] || window.pad_end[0] || window.pad_end[1];
    bool include = padded && !p->exclude_pad;

    find_overhang(put, &window, end);
    if (include && (end[0] > window.pad_end[0] || end[1] > window.pad_end[1] ||
                    !within_kernel(&window, end))) {
        input = step_padding(put, &window, end);
        include = false;
    }
    if (!within_kernel(&window, end)) {
        onnx_refuse(put, LIMIT_ONNX_POOLING_OUTSIDE);
        return;
    }
    onnx_step(put, "AveragePool", input, NULL, NULL);
    put_window(put, &window, false);
    put_pads(put, window.pad, end);
    onnx_put_int(put, "count_include_pad", include);
    onnx_finish(put);
}

void onnx_put_pooling(struct onnx_put *put)
{
    const struct pooling_parameters *p = &put->node->parameters.pooling;
    bool max = p->method == POOLING_MAX;

    if (p->method == POOLING_STOCHASTIC) {
        onnx_refuse(put, LIMIT_ONNX_POOLING_STOCHASTIC);
    } else if (p->global) {
        onnx_step(put, max ? "GlobalMaxPool" : "GlobalAveragePool", onnx_input(put, 0), NULL, NULL);
        onnx_finish(put);
    } else if (max) {
        put_max_pooling(put, &p->window);
    } else if (p->window.dilation[0] != 1 || p->window.dilation[1] != 1) {
        onnx_refuse(put, LIMIT_ONNX_POOLING_DILATED);
    } else {
        put_average_pooling(put, p);
    }
}

void onnx_put_pad(struct onnx_put *put)
{
    const struct pad_parameters *p = &put->node->parameters.pad;
    int64_t pads[2 * SHAPE_MAX_DIMS];

    for (unsigned i = 0; i < p->dims; i++) {
        pads[i] = p->begin[i];
        pads[p->dims + i] = p->end[i];
    }
    onnx_step(put, "Pad", onnx_input(put, 0), onnx_int_list(put, "pads", pads, 2 * p->dims),
              onnx_scalar(put, "padding", p->value));
    onnx_finish(put);
}

/* ---- the matrix product ---- */

/* Any number of axes before `axis`: each row is a vector of its own. Without any, there is one row,
 * whose axis goes again. */
static void put_rows(struct onnx_put *put, unsigned axis)
{
    static const uint8_t turned[] = {1, 0};
    const struct inner_product_parameters *p = &put->node->parameters.inner_product;
    struct weight weight = put->node->weights[0];
    int64_t shape[SHAPE_MAX_DIMS] = {0}, vector = p->outputs;
    const char *value = onnx_input(put, 0);
    unsigned rows = axis ? axis : 1;

    if (!p->transpose && !weight_permute(&weight, turned)) {
        onnx_refuse(put, LIMIT_ONNX_INNER_PRODUCT_CUT);
        return;
    }
    shape[0] = axis ? 0 : 1;
    shape[rows] = -1;
    if (!axis || axis + 1 != onnx_input_shape(put, 0)->dims)
        value =
            onnx_step(put, "Reshape", value, onnx_int_list(put, "shape", shape, rows + 1), NULL);
    value = onnx_step(put, "MatMul", value, onnx_weight(put, "weight", &weight), NULL);
    if (p->bias)
        value =
            onnx_step(put, "Add", value, onnx_weight(put, "bias", &put->node->weights[1]), NULL);
    if (!axis)
        onnx_step(put, "Reshape", value, onnx_int_list(put, "vector", &vector, 1), NULL);
    onnx_finish(put);
}

void onnx_put_inner_product(struct onnx_put *put)
{
    const struct inner_product_parameters *p = &put->node->parameters.inner_product;
    const char *value = onnx_input(put, 0), *weight, *bias;
    unsigned axis = onnx_axis(put, p->axis);

    if (axis != 1) {
        put_rows(put, axis);
        return;
    }
    if (onnx_input_shape(put, 0)->dims != 2) {
        value = onnx_step(put, "Flatten", value, NULL, NULL);
        onnx_put_int(put, "axis", 1);
    }
    weight = onnx_weight(put, "weight", &put->node->weights[0]);
    bias = p->bias ? onnx_weight(put, "bias", &put->node->weights[1]) : NULL;
    onnx_step(put, "Gemm", value, weight, bias);
    onnx_put_int(put, "transB", !p->transpose);
    onnx_finish(put);
}

/* ---- local response normalization ---- */

/* WITHIN_CHANNEL of lrn_layer.cpp: x * (1 + alpha * average of squares) ^ -beta; the average counts
 * the padding. */
static void put_lrn_within(struct onnx_put *put, const struct lrn_parameters *p)
{
    int64_t radius = (p->local_size - 1) / 2, kernel[2] = {p->local_size, p->local_size};
    int64_t pads[4] = {radius, radius, radius, radius}, strides[2] = {1, 1};
    const char *x = onnx_input(put, 0), *value;

    value = onnx_step(put, "Mul", x, x, NULL);
    value = onnx_step(put, "AveragePool", value, NULL, NULL);
    onnx_put_ints(put, "kernel_shape", kernel, 2);
    onnx_put_ints(put, "strides", strides, 2);
    onnx_put_ints(put, "pads", pads, 4);
    onnx_put_int(put, "count_include_pad", 1);
    value = onnx_step(put, "Mul", value, onnx_scalar(put, "alpha", p->alpha), NULL);
    value = onnx_step(put, "Add", value, onnx_scalar(put, "one", 1), NULL);
    value = onnx_step(put, "Pow", value, onnx_scalar(put, "power", -p->beta), NULL);
    onnx_step(put, "Mul", x, value, NULL);
    onnx_finish(put);
}

void onnx_put_lrn(struct onnx_put *put)
{
    const struct lrn_parameters *p = &put->node->parameters.lrn;

    if (p->region == LRN_WITHIN_CHANNEL) {
        put_lrn_within(put, p);
        return;
    }
    onnx_step(put, "LRN", onnx_input(put, 0), NULL, NULL);
    onnx_put_int(put, "size", p->local_size);
    onnx_put_float(put, "alpha", p->alpha);
    onnx_put_float(put, "beta", p->beta);
    onnx_put_float(put, "bias", p->k);
    onnx_finish(put);
}
