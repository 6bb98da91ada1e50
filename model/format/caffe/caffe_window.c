/* Caffe's parameters of layers that slide a window, and of the matrix product. Names and defaults:
 * caffe.proto; the rules among them: LayerSetUp() of <name>_layer.cpp. */
#include <string.h>

#include "model/format/caffe/caffe_parameters.h"

/* Larger than any sensible kernel, stride or pad, and small enough that sums of products with an
 * extent below 2^31 stay in 64 bits. */
enum { WINDOW_MAX = 1 << 20 };

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
            prototxt_fail(layer->reader, field, STATUS_DATA,
                          "layer '%s': '%s' and '%s' exclude each other", layer->node->name, name,
                          sides[0]);
        for (int axis = 0; axis < 2; axis++)
            pair[axis] =
                prototxt_int(layer->reader, message, sides[axis], low, WINDOW_MAX, fallback);
        return;
    }
    if (!given)
        return;
    if (given > 2)
        prototxt_fail(layer->reader, field, STATUS_UNSUPPORTED,
                      "layer '%s': '%s' has %zu values, but images have two axes",
                      layer->node->name, name, given);
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
    window->pad_end[0] = window->pad[0];
    window->pad_end[1] = window->pad[1];
    read_pair(layer, message, "dilation", none, 1, 1, window->dilation);
}

/* Forks of Caffe have layers of their own for one filter per channel; the weights of these are
 * (outputs, 1, height, width) and `group`, which their layers do not need, is often left out. */
static int64_t default_group(const struct caffe_layer *layer,
                             const struct convolution_parameters *p)
{
    return p->outputs && strstr(caffe_type(layer), "Depthwise") ? p->outputs : 1;
}

static const struct prototxt_field *read_convolution(const struct caffe_layer *layer,
                                                     struct convolution_parameters *p)
{
    const struct prototxt_field *message = caffe_parameters(
        layer, "convolution_param",
        "num_output bias_term pad kernel_size stride dilation pad_h pad_w kernel_h "
        "kernel_w stride_h stride_w group weight_filler bias_filler engine axis "
        "force_nd_im2col");
    int64_t axis = prototxt_int(layer->reader, message, "axis", -4, 3, 1);

    read_window(layer, message, &p->window);
    p->outputs = prototxt_int(layer->reader, message, "num_output", 1, INT32_MAX, 0);
    p->group = prototxt_int(layer->reader, message, "group", 1, INT32_MAX, default_group(layer, p));
    p->bias = prototxt_bool(layer->reader, message, "bias_term", true);
    if (axis != 1 && axis != -3)
        caffe_fail(layer, STATUS_UNSUPPORTED, "only convolutions over axis 1 are supported");
    if (!p->outputs)
        caffe_fail(layer, STATUS_DATA, "num_output is missing");
    if (!p->window.kernel[0] || !p->window.kernel[1])
        caffe_fail(layer, STATUS_DATA, "kernel_size is missing");
    return message;
}

void caffe_read_convolution(const struct caffe_layer *layer, union parameters *out)
{
    read_convolution(layer, &out->convolution);
}

/* A bias that its filler makes 0, which is what FillerParameter's defaults say. */
static bool bias_is_zero(const struct caffe_layer *layer, const struct prototxt_field *message)
{
    const struct prototxt_field *filler = prototxt_message(layer->reader, message, "bias_filler");

    return !strcmp(prototxt_string(layer->reader, filler, "type", "constant"), "constant") &&
           prototxt_float(layer->reader, filler, "value", 0) == 0;
}

void caffe_read_deconvolution(const struct caffe_layer *layer, union parameters *out)
{
    struct convolution_parameters *p = &out->deconvolution;
    const struct prototxt_field *message = read_convolution(layer, p);
    const struct prototxt_field *filler = prototxt_message(layer->reader, message, "weight_filler");

    p->bilinear = !strcmp(prototxt_string(layer->reader, filler, "type", ""), "bilinear") &&
                  (!p->bias || bias_is_zero(layer, message));
}

static void check_pooling(const struct caffe_layer *layer, const struct pooling_parameters *p)
{
    const struct window *window = &p->window;

    if (p->global) {
        if (window->kernel[0] || window->kernel[1] || window->pad[0] || window->pad[1] ||
            window->stride[0] != 1 || window->stride[1] != 1)
            caffe_fail(layer, STATUS_DATA,
                       "global_pooling excludes a kernel size, padding and a stride other than 1");
        return;
    }
    if (!window->kernel[0] || !window->kernel[1])
        caffe_fail(layer, STATUS_DATA, "kernel_size is missing");
    if (window->pad[0] >= window->kernel[0] || window->pad[1] >= window->kernel[1])
        caffe_fail(layer, STATUS_DATA, "the padding must be smaller than the kernel");
}

void caffe_read_pooling(const struct caffe_layer *layer, union parameters *out)
{
    static const enum pooling_method methods[] = {POOLING_MAX, POOLING_AVERAGE, POOLING_STOCHASTIC};
    struct pooling_parameters *p = &out->pooling;
    const struct prototxt_field *message = caffe_parameters(
        layer, "pooling_param",
        "pool pad pad_h pad_w kernel_size kernel_h kernel_w stride stride_h stride_w "
        "engine global_pooling round_mode ceil_mode");
    int method = prototxt_enum(layer->reader, message, "pool", "MAX AVE STOCHASTIC", 0);

    p->method = methods[method];
    read_window(layer, message, &p->window);
    p->global = prototxt_bool(layer->reader, message, "global_pooling", false);
    /* round_mode is BVLC's field, ceil_mode that of published forks. */
    p->ceiling = prototxt_enum(layer->reader, message, "round_mode", "CEIL FLOOR", 0) == 0 &&
                 prototxt_bool(layer->reader, message, "ceil_mode", true);
    check_pooling(layer, p);
}

void caffe_read_inner_product(const struct caffe_layer *layer, union parameters *out)
{
    struct inner_product_parameters *p = &out->inner_product;
    const struct prototxt_field *message =
        caffe_parameters(layer, "inner_product_param",
                         "num_output bias_term weight_filler bias_filler axis transpose");

    p->outputs = prototxt_int(layer->reader, message, "num_output", 1, INT32_MAX, 0);
    p->bias = prototxt_bool(layer->reader, message, "bias_term", true);
    p->axis = prototxt_int(layer->reader, message, "axis", -SHAPE_MAX_DIMS, SHAPE_MAX_DIMS, 1);
    p->transpose = prototxt_bool(layer->reader, message, "transpose", false);
    if (!p->outputs)
        caffe_fail(layer, STATUS_DATA, "num_output is missing");
}

void caffe_read_lrn(const struct caffe_layer *layer, union parameters *out)
{
    struct lrn_parameters *p = &out->lrn;
    const struct prototxt_field *message =
        caffe_parameters(layer, "lrn_param", "local_size alpha beta norm_region k engine");

    p->local_size = prototxt_int(layer->reader, message, "local_size", 1, WINDOW_MAX, 5);
    p->alpha = prototxt_float(layer->reader, message, "alpha", 1.0F);
    p->beta = prototxt_float(layer->reader, message, "beta", 0.75F);
    p->k = prototxt_float(layer->reader, message, "k", 1.0F);
    p->region =
        prototxt_enum(layer->reader, message, "norm_region", "ACROSS_CHANNELS WITHIN_CHANNEL", 0)
            ? LRN_WITHIN_CHANNEL
            : LRN_ACROSS_CHANNELS;
    if (p->local_size % 2 == 0)
        caffe_fail(layer, STATUS_DATA, "LRN needs an odd local_size");
}

/* Only other formats pad by a layer of its own. */
void caffe_read_pad(const struct caffe_layer *layer, union parameters *out)
{
    (void)out;
    caffe_fail(layer, STATUS_UNSUPPORTED, "Caffe has no Pad layer");
}
