/* Writes layers that Caffe has as they are. Field numbers and defaults: caffe.proto. */
#include "model/format/caffe/caffe_writer.h"

/* Numbers of LayerParameter's messages. */
enum {
    ARGMAX_PARAM = 103,
    CONCAT_PARAM = 104,
    DROPOUT_PARAM = 108,
    ELTWISE_PARAM = 110,
    EXP_PARAM = 111,
    INNER_PRODUCT_PARAM = 117,
    LRN_PARAM = 118,
    MVN_PARAM = 120,
    POWER_PARAM = 122,
    RELU_PARAM = 123,
    SOFTMAX_PARAM = 125,
    SLICE_PARAM = 126,
    THRESHOLD_PARAM = 128,
    PRELU_PARAM = 131,
    RESHAPE_PARAM = 133,
    LOG_PARAM = 134,
    FLATTEN_PARAM = 135,
    REDUCTION_PARAM = 136,
    TILE_PARAM = 138,
    BATCH_NORM_PARAM = 139,
    ELU_PARAM = 140,
    BIAS_PARAM = 141,
    SCALE_PARAM = 142,
    INPUT_PARAM = 143,
    CROP_PARAM = 144,
    SWISH_PARAM = 147,
    CLIP_PARAM = 148
};

/* The layer of the node under the operator's own type, and its parameter message. */
static struct caffe_message *begin(struct caffe_writer *writer, const struct node *node,
                                   const char *name, uint32_t number)
{
    struct caffe_layer_out *layer = caffe_out_node(writer, node, node->op->name);

    return caffe_put_message(&layer->parameters, name, number);
}

static void put_shape(struct caffe_message *message, const struct shape *shape)
{
    struct caffe_message *inner = caffe_put_message(message, "shape", 1);

    for (unsigned i = 0; i < shape->dims; i++)
        caffe_put_int(inner, "dim", 1, shape->dim[i]);
}

/* ---- layers without parameters ---- */

#define PLAIN(suffix)                                                                              \
    void caffe_write_##suffix(struct caffe_writer *writer, const struct node *node)                \
    {                                                                                              \
        caffe_out_node(writer, node, node->op->name);                                              \
    }
PLAIN(sigmoid)
PLAIN(tanh)
PLAIN(abs_val)
PLAIN(bnll)
PLAIN(split)
PLAIN(silence)
#undef PLAIN

void caffe_write_input(struct caffe_writer *writer, const struct node *node)
{
    put_shape(begin(writer, node, "input_param", INPUT_PARAM), caffe_out_shape(writer, node));
}

/* ---- element by element ---- */

void caffe_write_relu(struct caffe_writer *writer, const struct node *node)
{
    struct caffe_message *m = begin(writer, node, "relu_param", RELU_PARAM);

    caffe_put_float_unless(m, "negative_slope", 1, node->parameters.relu.negative_slope, 0);
}

void caffe_write_prelu(struct caffe_writer *writer, const struct node *node)
{
    struct caffe_message *m = begin(writer, node, "prelu_param", PRELU_PARAM);

    caffe_put_bool_unless(m, "channel_shared", 2, node->parameters.prelu.channel_shared, false);
}

void caffe_write_elu(struct caffe_writer *writer, const struct node *node)
{
    struct caffe_message *m = begin(writer, node, "elu_param", ELU_PARAM);

    caffe_put_float_unless(m, "alpha", 1, node->parameters.elu.alpha, 1);
}

void caffe_write_power(struct caffe_writer *writer, const struct node *node)
{
    const struct power_parameters *p = &node->parameters.power;
    struct caffe_message *m = begin(writer, node, "power_param", POWER_PARAM);

    caffe_put_float_unless(m, "power", 1, p->power, 1);
    caffe_put_float_unless(m, "scale", 2, p->scale, 1);
    caffe_put_float_unless(m, "shift", 3, p->shift, 0);
}

static void put_exponent(struct caffe_message *m, const struct exponent_parameters *p)
{
    caffe_put_float_unless(m, "base", 1, p->base, -1);
    caffe_put_float_unless(m, "scale", 2, p->scale, 1);
    caffe_put_float_unless(m, "shift", 3, p->shift, 0);
}

void caffe_write_exp(struct caffe_writer *writer, const struct node *node)
{
    put_exponent(begin(writer, node, "exp_param", EXP_PARAM), &node->parameters.exp);
}

void caffe_write_log(struct caffe_writer *writer, const struct node *node)
{
    put_exponent(begin(writer, node, "log_param", LOG_PARAM), &node->parameters.log);
}

void caffe_write_threshold(struct caffe_writer *writer, const struct node *node)
{
    struct caffe_message *m = begin(writer, node, "threshold_param", THRESHOLD_PARAM);

    caffe_put_float_unless(m, "threshold", 1, node->parameters.threshold.threshold, 0);
}

void caffe_write_clip(struct caffe_writer *writer, const struct node *node)
{
    struct caffe_message *m = begin(writer, node, "clip_param", CLIP_PARAM);

    caffe_put_float(m, "min", 1, node->parameters.clip.low);
    caffe_put_float(m, "max", 2, node->parameters.clip.high);
}

void caffe_write_swish(struct caffe_writer *writer, const struct node *node)
{
    struct caffe_message *m = begin(writer, node, "swish_param", SWISH_PARAM);

    caffe_put_float_unless(m, "beta", 1, node->parameters.swish.beta, 1);
}

void caffe_write_dropout(struct caffe_writer *writer, const struct node *node)
{
    struct caffe_message *m = begin(writer, node, "dropout_param", DROPOUT_PARAM);

    caffe_put_float_unless(m, "dropout_ratio", 1, node->parameters.dropout.ratio, 0.5F);
}

/* ---- over channels or axes ---- */

/* The logarithm is a layer of its own, as far as Caffe's Softmax is not 0. */
void caffe_write_softmax(struct caffe_writer *writer, const struct node *node)
{
    const struct softmax_parameters *p = &node->parameters.softmax;
    const char *bottom = caffe_out_input(writer, node, 0), *between;
    struct caffe_layer_out *layer, *log;

    if (p->logarithm) {
        between = caffe_out_between(writer, node, "Softmax");
        layer = caffe_out_aux(writer, node, "Softmax", "Softmax", bottom, 1);
        log = caffe_out_node(writer, node, "Log");
        if (layer->top_count && log->bottom_count)
            layer->tops[0] = log->bottoms[0] = between;
    } else {
        layer = caffe_out_node(writer, node, "Softmax");
    }
    caffe_put_int_unless(caffe_put_message(&layer->parameters, "softmax_param", SOFTMAX_PARAM),
                         "axis", 2, p->axis, 1);
}

void caffe_write_arg_max(struct caffe_writer *writer, const struct node *node)
{
    const struct arg_max_parameters *p = &node->parameters.arg_max;
    struct caffe_message *m = begin(writer, node, "argmax_param", ARGMAX_PARAM);

    caffe_put_bool_unless(m, "out_max_val", 1, p->out_max_val, false);
    caffe_put_int_unless(m, "top_k", 2, p->top_k, 1);
    if (p->has_axis)
        caffe_put_int(m, "axis", 3, p->axis);
}

void caffe_write_reduction(struct caffe_writer *writer, const struct node *node)
{
    static const char *const words[] = {"SUM", "ASUM", "SUMSQ", "MEAN"};
    const struct reduction_parameters *p = &node->parameters.reduction;
    struct caffe_message *m = begin(writer, node, "reduction_param", REDUCTION_PARAM);

    if (p->operation != REDUCTION_SUM)
        caffe_put_word(m, "operation", 1, words[p->operation], (int64_t)p->operation + 1);
    caffe_put_int_unless(m, "axis", 2, p->axis, 0);
    caffe_put_float_unless(m, "coeff", 3, p->coefficient, 1);
}

void caffe_write_lrn(struct caffe_writer *writer, const struct node *node)
{
    const struct lrn_parameters *p = &node->parameters.lrn;
    struct caffe_message *m = begin(writer, node, "lrn_param", LRN_PARAM);

    /* Defaults are said, too: OpenCV takes 0.0001 for an alpha that is not there. */
    caffe_put_int(m, "local_size", 1, p->local_size);
    caffe_put_float(m, "alpha", 2, p->alpha);
    caffe_put_float(m, "beta", 3, p->beta);
    if (p->region == LRN_WITHIN_CHANNEL)
        caffe_put_word(m, "norm_region", 4, "WITHIN_CHANNEL", 1);
    caffe_put_float_unless(m, "k", 5, p->k, 1);
}

void caffe_write_mvn(struct caffe_writer *writer, const struct node *node)
{
    const struct mvn_parameters *p = &node->parameters.mvn;
    struct caffe_message *m = begin(writer, node, "mvn_param", MVN_PARAM);

    caffe_put_bool_unless(m, "normalize_variance", 1, p->normalize_variance, true);
    caffe_put_bool_unless(m, "across_channels", 2, p->across_channels, false);
    caffe_put_float_unless(m, "eps", 3, p->epsilon, 1e-9F);
}

/* SSD's; its message has the number 149 in some forks and 206 in others. */
void caffe_write_normalize(struct caffe_writer *writer, const struct node *node)
{
    const struct normalize_parameters *p = &node->parameters.normalize;
    struct caffe_message *m = begin(writer, node, "norm_param", CAFFE_TEXT_ONLY);

    caffe_put_bool_unless(m, "across_spatial", 1, p->across_spatial, true);
    caffe_put_bool_unless(m, "channel_shared", 3, p->channel_shared, true);
    caffe_put_float_unless(m, "eps", 4, p->epsilon, 1e-10F);
}

void caffe_write_batch_norm(struct caffe_writer *writer, const struct node *node)
{
    const struct batch_norm_parameters *p = &node->parameters.batch_norm;
    struct caffe_message *m = begin(writer, node, "batch_norm_param", BATCH_NORM_PARAM);

    /* In phase TEST a missing field means true (batch_norm_layer.cpp). */
    caffe_put_bool_unless(m, "use_global_stats", 1, !p->batch_statistics, true);
    caffe_put_float_unless(m, "eps", 3, p->epsilon, 1e-5F);
}

/* num_axes counts only where the factor is learned. */
static void put_axes(struct caffe_message *m, const struct node *node,
                     const struct scale_parameters *p)
{
    caffe_put_int_unless(m, "axis", 1, p->axis, 1);
    if (node->input_count == 1)
        caffe_put_int_unless(m, "num_axes", 2, p->num_axes, 1);
}

void caffe_write_scale(struct caffe_writer *writer, const struct node *node)
{
    struct caffe_message *m = begin(writer, node, "scale_param", SCALE_PARAM);

    put_axes(m, node, &node->parameters.scale);
    caffe_put_bool_unless(m, "bias_term", 4, node->parameters.scale.bias, false);
}

void caffe_write_bias(struct caffe_writer *writer, const struct node *node)
{
    put_axes(begin(writer, node, "bias_param", BIAS_PARAM), node, &node->parameters.bias);
}

void caffe_write_inner_product(struct caffe_writer *writer, const struct node *node)
{
    const struct inner_product_parameters *p = &node->parameters.inner_product;
    struct caffe_message *m = begin(writer, node, "inner_product_param", INNER_PRODUCT_PARAM);

    caffe_put_int(m, "num_output", 1, p->outputs);
    caffe_put_bool_unless(m, "bias_term", 2, p->bias, true);
    caffe_put_int_unless(m, "axis", 5, p->axis, 1);
    caffe_put_bool_unless(m, "transpose", 6, p->transpose, false);
}

/* ---- several inputs or outputs ---- */

void caffe_write_eltwise(struct caffe_writer *writer, const struct node *node)
{
    static const struct {
        const char *word;
        int64_t value;
    } operations[] = {
        [ELTWISE_PRODUCT] = {"PROD", 0}, [ELTWISE_SUM] = {"SUM", 1}, [ELTWISE_MAX] = {"MAX", 2}};
    const struct eltwise_parameters *p = &node->parameters.eltwise;
    struct caffe_message *m = begin(writer, node, "eltwise_param", ELTWISE_PARAM);

    if (p->operation != ELTWISE_SUM)
        caffe_put_word(m, "operation", 1, operations[p->operation].word,
                       operations[p->operation].value);
    for (uint32_t i = 0; p->coefficients && i < node->input_count; i++)
        caffe_put_float(m, "coeff", 2, p->coefficients[i]);
}

void caffe_write_concat(struct caffe_writer *writer, const struct node *node)
{
    struct caffe_message *m = begin(writer, node, "concat_param", CONCAT_PARAM);

    caffe_put_int_unless(m, "axis", 2, node->parameters.concat.axis, 1);
}

void caffe_write_slice(struct caffe_writer *writer, const struct node *node)
{
    const struct slice_parameters *p = &node->parameters.slice;
    struct caffe_message *m = begin(writer, node, "slice_param", SLICE_PARAM);

    for (size_t i = 0; i < p->point_count; i++)
        caffe_put_int(m, "slice_point", 2, p->points[i]);
    caffe_put_int_unless(m, "axis", 3, p->axis, 1);
}

void caffe_write_crop(struct caffe_writer *writer, const struct node *node)
{
    const struct crop_parameters *p = &node->parameters.crop;
    struct caffe_message *m = begin(writer, node, "crop_param", CROP_PARAM);

    caffe_put_int_unless(m, "axis", 1, p->axis, 2);
    for (unsigned i = 0; i < p->offset_count; i++)
        caffe_put_int(m, "offset", 2, p->offsets[i]);
}

/* ---- other shapes ---- */

void caffe_write_flatten(struct caffe_writer *writer, const struct node *node)
{
    struct caffe_message *m = begin(writer, node, "flatten_param", FLATTEN_PARAM);

    caffe_put_int_unless(m, "axis", 1, node->parameters.flatten.axis, 1);
    caffe_put_int_unless(m, "end_axis", 2, node->parameters.flatten.end_axis, -1);
}

void caffe_write_reshape(struct caffe_writer *writer, const struct node *node)
{
    const struct reshape_parameters *p = &node->parameters.reshape;
    struct caffe_message *m = begin(writer, node, "reshape_param", RESHAPE_PARAM);

    put_shape(m, &p->shape);
    caffe_put_int_unless(m, "axis", 2, p->axis, 0);
    caffe_put_int_unless(m, "num_axes", 3, p->num_axes, -1);
}

void caffe_write_tile(struct caffe_writer *writer, const struct node *node)
{
    struct caffe_message *m = begin(writer, node, "tile_param", TILE_PARAM);

    caffe_put_int_unless(m, "axis", 1, node->parameters.tile.axis, 1);
    caffe_put_int(m, "tiles", 2, node->parameters.tile.tiles);
}

void caffe_write_permute(struct caffe_writer *writer, const struct node *node)
{
    struct caffe_message *m = begin(writer, node, "permute_param", CAFFE_TEXT_ONLY);

    for (unsigned i = 0; i < node->parameters.permute.dims; i++)
        caffe_put_int(m, "order", 1, node->parameters.permute.order[i]);
}

void caffe_write_shuffle_channel(struct caffe_writer *writer, const struct node *node)
{
    struct caffe_message *m = begin(writer, node, "shuffle_channel_param", CAFFE_TEXT_ONLY);

    caffe_put_int(m, "group", 1, node->parameters.shuffle_channel.group);
}
