/* Caffe's parameters of layers that work element by element or reduce. Names and defaults:
 * caffe.proto; the rules among them: LayerSetUp() of <name>_layer.cpp. */
#include <string.h>

#include "model/format/caffe_parameters.h"

void caffe_read_relu(const struct caffe_layer *layer, union parameters *out)
{
    const struct prototxt_field *message =
        caffe_parameters(layer, "relu_param", "negative_slope engine");

    out->relu.negative_slope = prototxt_float(layer->reader, message, "negative_slope", 0);
}

/* In phase TEST Dropout passes its input on (dropout_layer.cpp). */
void caffe_read_dropout(const struct caffe_layer *layer, union parameters *out)
{
    (void)out;
    caffe_parameters(layer, "dropout_param", "dropout_ratio scale_train");
}

void caffe_read_softmax(const struct caffe_layer *layer, union parameters *out)
{
    const struct prototxt_field *message = caffe_parameters(layer, "softmax_param", "engine axis");

    out->softmax.axis =
        prototxt_int(layer->reader, message, "axis", -SHAPE_MAX_DIMS, SHAPE_MAX_DIMS, 1);
}

void caffe_read_batch_norm(const struct caffe_layer *layer, union parameters *out)
{
    const struct prototxt_field *message =
        caffe_parameters(layer, "batch_norm_param", "use_global_stats moving_average_fraction eps");

    out->batch_norm.epsilon = prototxt_float(layer->reader, message, "eps", 1e-5F);
    if (!prototxt_bool(layer->reader, message, "use_global_stats", true))
        caffe_fail(layer, STATUS_UNSUPPORTED,
                   "use_global_stats: false (statistics of the batch itself) is not supported");
}

void caffe_read_scale(const struct caffe_layer *layer, union parameters *out)
{
    const struct prototxt_field *message =
        caffe_parameters(layer, "scale_param", "axis num_axes filler bias_term bias_filler");

    out->scale.axis =
        prototxt_int(layer->reader, message, "axis", -SHAPE_MAX_DIMS, SHAPE_MAX_DIMS, 1);
    out->scale.num_axes = prototxt_int(layer->reader, message, "num_axes", -1, SHAPE_MAX_DIMS, 1);
    out->scale.bias = prototxt_bool(layer->reader, message, "bias_term", false);
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
        caffe_fail(layer, STATUS_DATA, "Eltwise takes one coeff per bottom, and only for SUM");
        return;
    }
    values = arena_alloc(&layer->graph->arena, given, sizeof *values);
    p->coefficients = values;
    if (!values)
        prototxt_fail(layer->reader, layer->layer, STATUS_MEMORY, "out of memory");
    for (size_t i = 0; values && i < given; i++, field = prototxt_find_next(field))
        values[i] = prototxt_field_float(layer->reader, field);
}

void caffe_read_eltwise(const struct caffe_layer *layer, union parameters *out)
{
    static const enum eltwise_operation operations[] = {ELTWISE_PRODUCT, ELTWISE_SUM, ELTWISE_MAX};
    const struct prototxt_field *message =
        caffe_parameters(layer, "eltwise_param", "operation coeff stable_prod_grad");

    out->eltwise.operation =
        operations[prototxt_enum(layer->reader, message, "operation", "PROD SUM MAX", 1)];
    read_coefficients(layer, message, &out->eltwise);
}

void caffe_read_prelu(const struct caffe_layer *layer, union parameters *out)
{
    (void)out;
    caffe_fail(layer, STATUS_UNSUPPORTED, "this layer is not supported");
}

void caffe_read_elu(const struct caffe_layer *layer, union parameters *out)
{
    (void)out;
    caffe_fail(layer, STATUS_UNSUPPORTED, "this layer is not supported");
}

void caffe_read_sigmoid(const struct caffe_layer *layer, union parameters *out)
{
    (void)out;
    caffe_fail(layer, STATUS_UNSUPPORTED, "this layer is not supported");
}

void caffe_read_tanh(const struct caffe_layer *layer, union parameters *out)
{
    (void)out;
    caffe_fail(layer, STATUS_UNSUPPORTED, "this layer is not supported");
}

void caffe_read_abs_val(const struct caffe_layer *layer, union parameters *out)
{
    (void)out;
    caffe_fail(layer, STATUS_UNSUPPORTED, "this layer is not supported");
}

void caffe_read_power(const struct caffe_layer *layer, union parameters *out)
{
    (void)out;
    caffe_fail(layer, STATUS_UNSUPPORTED, "this layer is not supported");
}

void caffe_read_exp(const struct caffe_layer *layer, union parameters *out)
{
    (void)out;
    caffe_fail(layer, STATUS_UNSUPPORTED, "this layer is not supported");
}

void caffe_read_log(const struct caffe_layer *layer, union parameters *out)
{
    (void)out;
    caffe_fail(layer, STATUS_UNSUPPORTED, "this layer is not supported");
}

void caffe_read_bnll(const struct caffe_layer *layer, union parameters *out)
{
    (void)out;
    caffe_fail(layer, STATUS_UNSUPPORTED, "this layer is not supported");
}

void caffe_read_threshold(const struct caffe_layer *layer, union parameters *out)
{
    (void)out;
    caffe_fail(layer, STATUS_UNSUPPORTED, "this layer is not supported");
}

void caffe_read_clip(const struct caffe_layer *layer, union parameters *out)
{
    (void)out;
    caffe_fail(layer, STATUS_UNSUPPORTED, "this layer is not supported");
}

void caffe_read_swish(const struct caffe_layer *layer, union parameters *out)
{
    (void)out;
    caffe_fail(layer, STATUS_UNSUPPORTED, "this layer is not supported");
}

void caffe_read_arg_max(const struct caffe_layer *layer, union parameters *out)
{
    (void)out;
    caffe_fail(layer, STATUS_UNSUPPORTED, "this layer is not supported");
}

void caffe_read_reduction(const struct caffe_layer *layer, union parameters *out)
{
    (void)out;
    caffe_fail(layer, STATUS_UNSUPPORTED, "this layer is not supported");
}

void caffe_read_mvn(const struct caffe_layer *layer, union parameters *out)
{
    (void)out;
    caffe_fail(layer, STATUS_UNSUPPORTED, "this layer is not supported");
}

void caffe_read_normalize(const struct caffe_layer *layer, union parameters *out)
{
    (void)out;
    caffe_fail(layer, STATUS_UNSUPPORTED, "this layer is not supported");
}

void caffe_read_bias(const struct caffe_layer *layer, union parameters *out)
{
    (void)out;
    caffe_fail(layer, STATUS_UNSUPPORTED, "this layer is not supported");
}
