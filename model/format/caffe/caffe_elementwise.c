/* Caffe's parameters of layers that work element by element or reduce. Names and defaults:
 * caffe.proto; the rules among them: LayerSetUp() of <name>_layer.cpp. */
#include <math.h>
#include <string.h>

#include "model/format/caffe/caffe_parameters.h"

void caffe_read_relu(const struct caffe_layer *layer, union parameters *out)
{
    const struct prototxt_field *message =
        caffe_parameters(layer, "relu_param", "negative_slope engine");

    out->relu.negative_slope = prototxt_float(layer->reader, message, "negative_slope", 0);
}

/* In phase TEST Dropout passes its input on (dropout_layer.cpp). With `scale_train: false`, a field
 * of forks, training does not make up for what it drops and the test phase does: a Power. */
void caffe_read_dropout(const struct caffe_layer *layer, union parameters *out)
{
    const struct prototxt_field *message =
        caffe_parameters(layer, "dropout_param", "dropout_ratio scale_train");
    float ratio = prototxt_float(layer->reader, message, "dropout_ratio", 0.5F);

    out->dropout.ratio = ratio;
    if (!prototxt_bool(layer->reader, message, "scale_train", true)) {
        layer->node->op = operator_info(OPERATOR_POWER);
        out->power = (struct power_parameters){.power = 1, .scale = 1 - ratio};
    }
}

/* infogain_loss_layer.cpp gives its softmax an axis of its own parameters. */
void caffe_read_softmax(const struct caffe_layer *layer, union parameters *out)
{
    const struct prototxt_field *message =
        prototxt_find(layer->layer, "infogain_loss_param")
            ? caffe_parameters(layer, "infogain_loss_param", "source axis")
            : caffe_parameters(layer, "softmax_param", "engine axis");

    out->softmax.axis =
        prototxt_int(layer->reader, message, "axis", -SHAPE_MAX_DIMS, SHAPE_MAX_DIMS, 1);
}

void caffe_read_batch_norm(const struct caffe_layer *layer, union parameters *out)
{
    const struct prototxt_field *message =
        caffe_parameters(layer, "batch_norm_param", "use_global_stats moving_average_fraction eps");

    out->batch_norm.epsilon = prototxt_float(layer->reader, message, "eps", 1e-5F);
    out->batch_norm.batch_statistics =
        !prototxt_bool(layer->reader, message, "use_global_stats", true);
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
    if (given != layer->node->input_count || p->operation == ELTWISE_PRODUCT) {
        caffe_fail(layer, STATUS_DATA, "Eltwise takes one coeff per bottom, and only for SUM");
        return;
    }
    if (p->operation == ELTWISE_MAX)
        return; /* eltwise_layer.cpp lets them pass and does not use them */
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
    const struct prototxt_field *message =
        caffe_parameters(layer, "prelu_param", "filler channel_shared");

    out->prelu.channel_shared = prototxt_bool(layer->reader, message, "channel_shared", false);
}

void caffe_read_elu(const struct caffe_layer *layer, union parameters *out)
{
    const struct prototxt_field *message = caffe_parameters(layer, "elu_param", "alpha");

    out->elu.alpha = prototxt_float(layer->reader, message, "alpha", 1);
}

void caffe_read_sigmoid(const struct caffe_layer *layer, union parameters *out)
{
    (void)out;
    caffe_parameters(layer, "sigmoid_param", "engine");
}

void caffe_read_tanh(const struct caffe_layer *layer, union parameters *out)
{
    (void)out;
    caffe_parameters(layer, "tanh_param", "engine");
}

/* AbsVal and BNLL have no parameters. */
void caffe_read_abs_val(const struct caffe_layer *layer, union parameters *out)
{
    (void)layer;
    (void)out;
}

void caffe_read_bnll(const struct caffe_layer *layer, union parameters *out)
{
    (void)layer;
    (void)out;
}

void caffe_read_power(const struct caffe_layer *layer, union parameters *out)
{
    const struct prototxt_field *message =
        caffe_parameters(layer, "power_param", "power scale shift");

    out->power.power = prototxt_float(layer->reader, message, "power", 1);
    out->power.scale = prototxt_float(layer->reader, message, "scale", 1);
    out->power.shift = prototxt_float(layer->reader, message, "shift", 0);
}

/* exp_layer.cpp and log_layer.cpp: -1 stands for e. */
static void read_exponent(const struct caffe_layer *layer, const char *name,
                          struct exponent_parameters *p)
{
    const struct prototxt_field *message = caffe_parameters(layer, name, "base scale shift");

    p->base = prototxt_float(layer->reader, message, "base", -1);
    p->scale = prototxt_float(layer->reader, message, "scale", 1);
    p->shift = prototxt_float(layer->reader, message, "shift", 0);
}

void caffe_read_exp(const struct caffe_layer *layer, union parameters *out)
{
    read_exponent(layer, "exp_param", &out->exp);
}

void caffe_read_log(const struct caffe_layer *layer, union parameters *out)
{
    read_exponent(layer, "log_param", &out->log);
}

void caffe_read_threshold(const struct caffe_layer *layer, union parameters *out)
{
    const struct prototxt_field *message = caffe_parameters(layer, "threshold_param", "threshold");

    out->threshold.threshold = prototxt_float(layer->reader, message, "threshold", 0);
}

/* ReLU6, a type of forks, has fixed limits. */
void caffe_read_clip(const struct caffe_layer *layer, union parameters *out)
{
    const struct prototxt_field *message = caffe_parameters(layer, "clip_param", "min max");
    bool relu6 = !strcmp(caffe_type(layer), "ReLU6");

    out->clip.low = prototxt_float(layer->reader, message, "min", 0);
    out->clip.high = prototxt_float(layer->reader, message, "max", 6);
    if (!relu6 && (!prototxt_find(message, "min") || !prototxt_find(message, "max")))
        caffe_fail(layer, STATUS_DATA, "clip_param needs min and max");
}

void caffe_read_swish(const struct caffe_layer *layer, union parameters *out)
{
    const struct prototxt_field *message = caffe_parameters(layer, "swish_param", "beta");

    out->swish.beta = prototxt_float(layer->reader, message, "beta", 1);
}

void caffe_read_arg_max(const struct caffe_layer *layer, union parameters *out)
{
    struct arg_max_parameters *p = &out->arg_max;
    const struct prototxt_field *message =
        caffe_parameters(layer, "argmax_param", "out_max_val top_k axis");

    p->out_max_val = prototxt_bool(layer->reader, message, "out_max_val", false);
    p->top_k = prototxt_int(layer->reader, message, "top_k", 1, INT32_MAX, 1);
    p->has_axis = prototxt_find(message, "axis") != NULL;
    p->axis = prototxt_int(layer->reader, message, "axis", -SHAPE_MAX_DIMS, SHAPE_MAX_DIMS, 0);
}

void caffe_read_reduction(const struct caffe_layer *layer, union parameters *out)
{
    static const enum reduction_operation operations[] = {
        REDUCTION_SUM, REDUCTION_SUM, REDUCTION_ASUM, REDUCTION_SUMSQ, REDUCTION_MEAN};
    struct reduction_parameters *p = &out->reduction;
    const struct prototxt_field *message =
        caffe_parameters(layer, "reduction_param", "operation axis coeff");
    /* The numbers of ReductionOp begin at 1. */
    int operation = prototxt_enum(layer->reader, message, "operation", "? SUM ASUM SUMSQ MEAN", 1);

    if (!operation)
        caffe_fail(layer, STATUS_DATA, "operation must be SUM, ASUM, SUMSQ or MEAN");
    p->operation = operations[operation];
    p->axis = prototxt_int(layer->reader, message, "axis", -SHAPE_MAX_DIMS, SHAPE_MAX_DIMS, 0);
    p->coefficient = prototxt_float(layer->reader, message, "coeff", 1);
}

void caffe_read_mvn(const struct caffe_layer *layer, union parameters *out)
{
    const struct prototxt_field *message =
        caffe_parameters(layer, "mvn_param", "normalize_variance across_channels eps");

    out->mvn.normalize_variance = prototxt_bool(layer->reader, message, "normalize_variance", true);
    out->mvn.across_channels = prototxt_bool(layer->reader, message, "across_channels", false);
    out->mvn.epsilon = prototxt_float(layer->reader, message, "eps", 1e-9F);
}

/* Of SSD's caffe.proto. */
void caffe_read_normalize(const struct caffe_layer *layer, union parameters *out)
{
    const struct prototxt_field *message =
        caffe_parameters(layer, "norm_param", "across_spatial scale_filler channel_shared eps");

    out->normalize.across_spatial = prototxt_bool(layer->reader, message, "across_spatial", true);
    out->normalize.channel_shared = prototxt_bool(layer->reader, message, "channel_shared", true);
    out->normalize.epsilon = prototxt_float(layer->reader, message, "eps", 1e-10F);
}

void caffe_read_bias(const struct caffe_layer *layer, union parameters *out)
{
    const struct prototxt_field *message =
        caffe_parameters(layer, "bias_param", "axis num_axes filler");

    out->bias.axis =
        prototxt_int(layer->reader, message, "axis", -SHAPE_MAX_DIMS, SHAPE_MAX_DIMS, 1);
    out->bias.num_axes = prototxt_int(layer->reader, message, "num_axes", -1, SHAPE_MAX_DIMS, 1);
}
