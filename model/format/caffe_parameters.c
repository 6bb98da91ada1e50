/* The parameter message of each layer type. Names and defaults: caffe.proto; the rules among them:
 * LayerSetUp() of <name>_layer.cpp. */
#include <string.h>

#include "model/format/caffe.h"

/* Larger than any sensible kernel, stride or pad, and small enough that sums of products with an
 * extent below 2^31 stay in 64 bits. */
enum { WINDOW_MAX = 1 << 20 };

/* The layer's parameter message, which may hold only the known names; NULL when there is none. */
static const struct prototxt_field *parameters(const struct caffe_layer *layer, const char *name,
                                               const char *known)
{
    const struct prototxt_field *message = prototxt_message(layer->reader, layer->layer, name);

    prototxt_known(layer->reader, message, known);
    return message;
}

static void fail(const struct caffe_layer *layer, enum status status, const char *what)
{
    prototxt_fail(layer->reader, layer->layer, status, "layer '%s': %s", layer->node->name, what);
}

/* base_conv_layer.cpp: `name` is given once for both axes or once for each; or there is name_h and
 * name_w (kernel_h for kernel_size). */
static void read_pair(const struct caffe_layer *layer, const struct prototxt_field *message,
                      const char *name, const char *const sides[2], int64_t low, int64_t fallback,
                      int64_t pair[2])
{
    const struct prototxt_field *field = prototxt_find(message, name);
    size_t given = prototxt_count(message, name);

    pair[0] = pair[1] = fallback;
    if (prototxt_find(message, sides[0]) || prototxt_find(message, sides[1])) {
        if (given)
            prototxt_fail(layer->reader, field, STATUS_DATA, "'%s' and '%s' exclude each other",
                          name, sides[0]);
        for (int axis = 0; axis < 2; axis++)
            pair[axis] =
                prototxt_int(layer->reader, message, sides[axis], low, WINDOW_MAX, fallback);
        return;
    }
    if (!given)
        return;
    if (given > 2)
        prototxt_fail(layer->reader, field, STATUS_UNSUPPORTED,
                      "'%s' has %zu values, but images have two axes", name, given);
    pair[0] = pair[1] = prototxt_field_int(layer->reader, field, low, WINDOW_MAX);
    if (given == 2)
        pair[1] = prototxt_field_int(layer->reader, prototxt_find_next(field), low, WINDOW_MAX);
}

static void read_window(const struct caffe_layer *layer, const struct prototxt_field *message,
                        struct window *window)
{
    static const char *const kernel[] = {"kernel_h", "kernel_w"}, *const pad[] = {"pad_h", "pad_w"},
                             *const stride[] = {"stride_h", "stride_w"}, *const none[] = {"", ""};

    read_pair(layer, message, "kernel_size", kernel, 1, 0, window->kernel);
    read_pair(layer, message, "stride", stride, 1, 1, window->stride);
    read_pair(layer, message, "pad", pad, 0, 0, window->pad);
    read_pair(layer, message, "dilation", none, 1, 1, window->dilation);
}

static void caffe_read_input(const struct caffe_layer *layer, union parameters *out)
{
    (void)layer;
    (void)out;
}

static void caffe_read_convolution(const struct caffe_layer *layer, union parameters *out)
{
    struct convolution_parameters *p = &out->convolution;
    const struct prototxt_field *message =
        parameters(layer, "convolution_param",
                   "num_output bias_term pad kernel_size stride dilation pad_h pad_w kernel_h "
                   "kernel_w stride_h stride_w group weight_filler bias_filler engine axis "
                   "force_nd_im2col");
    int64_t axis = prototxt_int(layer->reader, message, "axis", -4, 3, 1);

    read_window(layer, message, &p->window);
    p->outputs = prototxt_int(layer->reader, message, "num_output", 1, INT32_MAX, 0);
    p->group = prototxt_int(layer->reader, message, "group", 1, INT32_MAX, 1);
    p->bias = prototxt_bool(layer->reader, message, "bias_term", true);
    if (axis != 1 && axis != -3)
        fail(layer, STATUS_UNSUPPORTED, "only convolutions over axis 1 are supported");
    if (!p->outputs)
        fail(layer, STATUS_DATA, "num_output is missing");
    if (!p->window.kernel[0] || !p->window.kernel[1])
        fail(layer, STATUS_DATA, "kernel_size is missing");
}

static void check_pooling(const struct caffe_layer *layer, const struct pooling_parameters *p)
{
    const struct window *window = &p->window;

    if (p->global) {
        if (window->kernel[0] || window->kernel[1] || window->pad[0] || window->pad[1] ||
            window->stride[0] != 1 || window->stride[1] != 1)
            fail(layer, STATUS_DATA,
                 "global_pooling excludes a kernel size, padding and a stride other than 1");
        return;
    }
    if (!window->kernel[0] || !window->kernel[1])
        fail(layer, STATUS_DATA, "kernel_size is missing");
    if (window->pad[0] >= window->kernel[0] || window->pad[1] >= window->kernel[1])
        fail(layer, STATUS_DATA, "the padding must be smaller than the kernel");
}

static void caffe_read_pooling(const struct caffe_layer *layer, union parameters *out)
{
    struct pooling_parameters *p = &out->pooling;
    const struct prototxt_field *message =
        parameters(layer, "pooling_param",
                   "pool pad pad_h pad_w kernel_size kernel_h kernel_w stride stride_h stride_w "
                   "engine global_pooling round_mode ceil_mode");
    int method = prototxt_enum(layer->reader, message, "pool", "MAX AVE STOCHASTIC", 0);

    if (method == 2)
        fail(layer, STATUS_UNSUPPORTED, "stochastic pooling is not supported");
    p->method = method == 1 ? POOLING_AVERAGE : POOLING_MAX;
    read_window(layer, message, &p->window);
    p->global = prototxt_bool(layer->reader, message, "global_pooling", false);
    /* round_mode is BVLC's field, ceil_mode that of published forks. */
    p->ceiling = prototxt_enum(layer->reader, message, "round_mode", "CEIL FLOOR", 0) == 0 &&
                 prototxt_bool(layer->reader, message, "ceil_mode", true);
    check_pooling(layer, p);
}

static void caffe_read_inner_product(const struct caffe_layer *layer, union parameters *out)
{
    struct inner_product_parameters *p = &out->inner_product;
    const struct prototxt_field *message =
        parameters(layer, "inner_product_param",
                   "num_output bias_term weight_filler bias_filler axis transpose");

    p->outputs = prototxt_int(layer->reader, message, "num_output", 1, INT32_MAX, 0);
    p->bias = prototxt_bool(layer->reader, message, "bias_term", true);
    p->axis = prototxt_int(layer->reader, message, "axis", -SHAPE_MAX_DIMS, SHAPE_MAX_DIMS, 1);
    p->transpose = prototxt_bool(layer->reader, message, "transpose", false);
    if (!p->outputs)
        fail(layer, STATUS_DATA, "num_output is missing");
}

static void caffe_read_relu(const struct caffe_layer *layer, union parameters *out)
{
    const struct prototxt_field *message = parameters(layer, "relu_param", "negative_slope engine");

    out->relu.negative_slope = prototxt_float(layer->reader, message, "negative_slope", 0);
}

/* In phase TEST Dropout passes its input on (dropout_layer.cpp). */
static void caffe_read_dropout(const struct caffe_layer *layer, union parameters *out)
{
    (void)out;
    parameters(layer, "dropout_param", "dropout_ratio scale_train");
}

static void caffe_read_softmax(const struct caffe_layer *layer, union parameters *out)
{
    const struct prototxt_field *message = parameters(layer, "softmax_param", "engine axis");

    out->softmax.axis =
        prototxt_int(layer->reader, message, "axis", -SHAPE_MAX_DIMS, SHAPE_MAX_DIMS, 1);
}

static void caffe_read_lrn(const struct caffe_layer *layer, union parameters *out)
{
    struct lrn_parameters *p = &out->lrn;
    const struct prototxt_field *message =
        parameters(layer, "lrn_param", "local_size alpha beta norm_region k engine");

    p->local_size = prototxt_int(layer->reader, message, "local_size", 1, WINDOW_MAX, 5);
    p->alpha = prototxt_float(layer->reader, message, "alpha", 1.0F);
    p->beta = prototxt_float(layer->reader, message, "beta", 0.75F);
    p->k = prototxt_float(layer->reader, message, "k", 1.0F);
    p->region =
        prototxt_enum(layer->reader, message, "norm_region", "ACROSS_CHANNELS WITHIN_CHANNEL", 0)
            ? LRN_WITHIN_CHANNEL
            : LRN_ACROSS_CHANNELS;
    if (p->local_size % 2 == 0)
        fail(layer, STATUS_DATA, "LRN needs an odd local_size");
}

static void caffe_read_concat(const struct caffe_layer *layer, union parameters *out)
{
    const struct prototxt_field *message = parameters(layer, "concat_param", "axis concat_dim");
    int64_t older = prototxt_int(layer->reader, message, "concat_dim", 0, SHAPE_MAX_DIMS, 1);

    if (prototxt_find(message, "axis") && prototxt_find(message, "concat_dim"))
        fail(layer, STATUS_DATA, "axis and concat_dim exclude each other");
    out->concat.axis =
        prototxt_int(layer->reader, message, "axis", -SHAPE_MAX_DIMS, SHAPE_MAX_DIMS, older);
}

static void read_coefficients(const struct caffe_layer *layer, const struct prototxt_field *message,
                              struct eltwise_parameters *p)
{
    size_t given = prototxt_count(message, "coeff");
    const struct prototxt_field *field = prototxt_find(message, "coeff");
    float *values;

    if (!given)
        return;
    if (given != layer->node->input_count || p->operation != ELTWISE_SUM) {
        fail(layer, STATUS_DATA, "Eltwise takes one coeff per bottom, and only for SUM");
        return;
    }
    values = arena_alloc(&layer->graph->arena, given, sizeof *values);
    p->coefficients = values;
    if (!values)
        prototxt_fail(layer->reader, layer->layer, STATUS_MEMORY, "out of memory");
    for (size_t i = 0; values && i < given; i++, field = prototxt_find_next(field))
        values[i] = prototxt_field_float(layer->reader, field);
}

static void caffe_read_eltwise(const struct caffe_layer *layer, union parameters *out)
{
    static const enum eltwise_operation operations[] = {ELTWISE_PRODUCT, ELTWISE_SUM, ELTWISE_MAX};
    const struct prototxt_field *message =
        parameters(layer, "eltwise_param", "operation coeff stable_prod_grad");

    out->eltwise.operation =
        operations[prototxt_enum(layer->reader, message, "operation", "PROD SUM MAX", 1)];
    read_coefficients(layer, message, &out->eltwise);
}

static void caffe_read_flatten(const struct caffe_layer *layer, union parameters *out)
{
    const struct prototxt_field *message = parameters(layer, "flatten_param", "axis end_axis");

    out->flatten.axis =
        prototxt_int(layer->reader, message, "axis", -SHAPE_MAX_DIMS, SHAPE_MAX_DIMS, 1);
    out->flatten.end_axis =
        prototxt_int(layer->reader, message, "end_axis", -SHAPE_MAX_DIMS, SHAPE_MAX_DIMS, -1);
}

static void caffe_read_split(const struct caffe_layer *layer, union parameters *out)
{
    (void)layer;
    (void)out;
}

static void caffe_read_batch_norm(const struct caffe_layer *layer, union parameters *out)
{
    const struct prototxt_field *message =
        parameters(layer, "batch_norm_param", "use_global_stats moving_average_fraction eps");

    out->batch_norm.epsilon = prototxt_float(layer->reader, message, "eps", 1e-5F);
    if (!prototxt_bool(layer->reader, message, "use_global_stats", true))
        fail(layer, STATUS_UNSUPPORTED,
             "use_global_stats: false (statistics of the batch itself) is not supported");
}

static void caffe_read_scale(const struct caffe_layer *layer, union parameters *out)
{
    const struct prototxt_field *message =
        parameters(layer, "scale_param", "axis num_axes filler bias_term bias_filler");

    out->scale.axis =
        prototxt_int(layer->reader, message, "axis", -SHAPE_MAX_DIMS, SHAPE_MAX_DIMS, 1);
    out->scale.num_axes = prototxt_int(layer->reader, message, "num_axes", -1, SHAPE_MAX_DIMS, 1);
    out->scale.bias = prototxt_bool(layer->reader, message, "bias_term", false);
}

typedef void read_rule(const struct caffe_layer *layer, union parameters *out);

static read_rule *const rules[OPERATOR_COUNT] = {
#define X(kind, suffix, ...) caffe_read_##suffix,
    OPERATOR_MAP(X)
#undef X
};

void caffe_read_parameters(const struct caffe_layer *layer)
{
    rules[layer->node->op->kind](layer, &layer->node->parameters);
}
