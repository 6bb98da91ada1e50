#include "model/fields.h"

#include <math.h>
#include <stdio.h>

/* Extents and counts stay below 2^31 (SHAPE_MAX_COUNT); kernels, strides and pads below 2^20, so
 * that sums of their products with an extent stay in 64 bits. */
#define EXTENT_MAX ((double)INT32_MAX)
#define INT_MIN32 ((double)INT32_MIN)
#define WINDOW_MAX ((double)(1 << 20))
#define AXIS_MAX ((double)SHAPE_MAX_DIMS)

#define AT(member) offsetof(union parameters, member)
#define INT(name, member, low, high)                                                               \
    {                                                                                              \
        name, FIELD_INT, FIELD_ONE, AT(member), 0, low, high, NULL, 0, false                       \
    }
#define INTS2(name, member, low, high)                                                             \
    {                                                                                              \
        name, FIELD_INT, FIELD_PAIR, AT(member), 0, low, high, NULL, 0, false                      \
    }
#define BOOL(name, member)                                                                         \
    {                                                                                              \
        name, FIELD_BOOL, FIELD_ONE, AT(member), 0, 0, 1, NULL, 0, false                           \
    }
#define LATER_BOOL(name, member)                                                                   \
    {                                                                                              \
        name, FIELD_BOOL, FIELD_ONE, AT(member), 0, 0, 1, NULL, 0, true                            \
    }
#define FLOAT(name, member)                                                                        \
    {                                                                                              \
        name, FIELD_FLOAT, FIELD_ONE, AT(member), 0, -(double)INFINITY, (double)INFINITY, NULL, 0, \
            false                                                                                  \
    }
#define FLOATS2(name, member)                                                                      \
    {                                                                                              \
        name, FIELD_FLOAT, FIELD_PAIR, AT(member), 0, -(double)INFINITY, (double)INFINITY, NULL,   \
            0, false                                                                               \
    }
#define WORD(name, member, words, first)                                                           \
    {                                                                                              \
        name, FIELD_WORD, FIELD_ONE, AT(member), 0, 0, 0, words, first, false                      \
    }
#define AXES(name, member, type, counter, low, high)                                               \
    {                                                                                              \
        name, type, FIELD_AXES, AT(member), AT(counter), low, high, NULL, 0, false                 \
    }
#define FLOAT_LIST(name, member, counter)                                                          \
    {                                                                                              \
        name, FIELD_FLOAT, FIELD_LIST, AT(member), AT(counter), -(double)INFINITY,                 \
            (double)INFINITY, NULL, 0, false                                                       \
    }
#define INT_LIST(name, member, counter, low, high)                                                 \
    {                                                                                              \
        name, FIELD_INT, FIELD_LIST, AT(member), AT(counter), low, high, NULL, 0, false            \
    }
#define FLOAT_PER_INPUT(name, member)                                                              \
    {                                                                                              \
        name, FIELD_FLOAT, FIELD_PER_INPUT, AT(member), 0, -(double)INFINITY, (double)INFINITY,    \
            NULL, 0, false                                                                         \
    }
#define END                                                                                        \
    {                                                                                              \
        NULL, FIELD_INT, FIELD_ONE, 0, 0, 0, 0, NULL, 0, false                                     \
    }

#define AXIS(member) INT("axis", member, -AXIS_MAX, AXIS_MAX)
#define WINDOW(member, kernel_min, pad_end_min)                                                    \
    INTS2("kernel", member.kernel, kernel_min, WINDOW_MAX),                                        \
        INTS2("stride", member.stride, 1, WINDOW_MAX), INTS2("pad", member.pad, 0, WINDOW_MAX),    \
        INTS2("pad_end", member.pad_end, pad_end_min, WINDOW_MAX),                                 \
        INTS2("dilation", member.dilation, 1, WINDOW_MAX)
#define NO_FIELDS(suffix) static const struct field suffix##_fields[] = {END}

static const struct field input_fields[] = {
    AXES("shape", input.shape.dim, FIELD_INT, input.shape.dims, 1, EXTENT_MAX), END};

static const struct field convolution_fields[] = {
    INT("outputs", convolution.outputs, 1, EXTENT_MAX),
    INT("group", convolution.group, 1, EXTENT_MAX),
    BOOL("bias", convolution.bias),
    WINDOW(convolution.window, 1, 0),
    END,
};

static const struct field deconvolution_fields[] = {
    INT("outputs", deconvolution.outputs, 1, EXTENT_MAX),
    INT("group", deconvolution.group, 1, EXTENT_MAX),
    BOOL("bias", deconvolution.bias),
    WINDOW(deconvolution.window, 1, -WINDOW_MAX),
    END,
};

static const char *const pooling_words[] = {"max", "average", "stochastic", NULL};
static const struct field pooling_fields[] = {
    WORD("method", pooling.method, pooling_words, POOLING_MAX),
    WINDOW(pooling.window, 0, 0),
    BOOL("global", pooling.global),
    BOOL("ceiling", pooling.ceiling),
    BOOL("exclude_pad", pooling.exclude_pad),
    END,
};

static const struct field pad_fields[] = {
    AXES("begin", pad.begin, FIELD_INT, pad.dims, 0, EXTENT_MAX),
    AXES("end", pad.end, FIELD_INT, pad.dims, 0, EXTENT_MAX),
    FLOAT("value", pad.value),
    END,
};

static const struct field inner_product_fields[] = {
    INT("outputs", inner_product.outputs, 1, EXTENT_MAX),
    AXIS(inner_product.axis),
    BOOL("bias", inner_product.bias),
    BOOL("transpose", inner_product.transpose),
    END,
};

static const struct field relu_fields[] = {FLOAT("negative_slope", relu.negative_slope), END};
static const struct field prelu_fields[] = {BOOL("channel_shared", prelu.channel_shared), END};
static const struct field elu_fields[] = {FLOAT("alpha", elu.alpha), END};
NO_FIELDS(sigmoid);
NO_FIELDS(tanh);
NO_FIELDS(abs_val);
static const struct field power_fields[] = {
    FLOAT("power", power.power), FLOAT("scale", power.scale), FLOAT("shift", power.shift), END};
static const struct field exp_fields[] = {FLOAT("base", exp.base), FLOAT("scale", exp.scale),
                                          FLOAT("shift", exp.shift), END};
static const struct field log_fields[] = {FLOAT("base", log.base), FLOAT("scale", log.scale),
                                          FLOAT("shift", log.shift), END};
NO_FIELDS(bnll);
static const struct field threshold_fields[] = {FLOAT("threshold", threshold.threshold), END};
static const struct field clip_fields[] = {FLOAT("low", clip.low), FLOAT("high", clip.high), END};
static const struct field swish_fields[] = {FLOAT("beta", swish.beta), END};
static const struct field dropout_fields[] = {FLOAT("ratio", dropout.ratio), END};
static const struct field softmax_fields[] = {AXIS(softmax.axis),
                                              LATER_BOOL("logarithm", softmax.logarithm), END};

static const struct field arg_max_fields[] = {
    INT("top_k", arg_max.top_k, 1, EXTENT_MAX),
    BOOL("out_max_val", arg_max.out_max_val),
    BOOL("has_axis", arg_max.has_axis),
    AXIS(arg_max.axis),
    END,
};

static const char *const reduction_words[] = {"sum", "absolute_sum", "square_sum", "mean", NULL};
static const struct field reduction_fields[] = {
    WORD("operation", reduction.operation, reduction_words, REDUCTION_SUM),
    AXIS(reduction.axis),
    FLOAT("coefficient", reduction.coefficient),
    END,
};

static const char *const lrn_words[] = {"across_channels", "within_channel", NULL};
static const struct field lrn_fields[] = {
    INT("local_size", lrn.local_size, 1, WINDOW_MAX),
    FLOAT("alpha", lrn.alpha),
    FLOAT("beta", lrn.beta),
    FLOAT("k", lrn.k),
    WORD("region", lrn.region, lrn_words, LRN_ACROSS_CHANNELS),
    END,
};

static const struct field mvn_fields[] = {
    BOOL("normalize_variance", mvn.normalize_variance),
    BOOL("across_channels", mvn.across_channels),
    FLOAT("epsilon", mvn.epsilon),
    END,
};

static const struct field normalize_fields[] = {
    BOOL("across_spatial", normalize.across_spatial),
    BOOL("channel_shared", normalize.channel_shared),
    FLOAT("epsilon", normalize.epsilon),
    END,
};

static const struct field batch_norm_fields[] = {
    FLOAT("epsilon", batch_norm.epsilon),
    BOOL("batch_statistics", batch_norm.batch_statistics),
    END,
};

static const struct field scale_fields[] = {
    AXIS(scale.axis),
    INT("num_axes", scale.num_axes, -1, AXIS_MAX),
    BOOL("bias", scale.bias),
    END,
};

static const struct field bias_fields[] = {
    AXIS(bias.axis),
    INT("num_axes", bias.num_axes, -1, AXIS_MAX),
    BOOL("bias", bias.bias),
    END,
};

static const char *const eltwise_words[] = {"product", "sum", "max", NULL};
static const struct field eltwise_fields[] = {
    WORD("operation", eltwise.operation, eltwise_words, ELTWISE_PRODUCT),
    FLOAT_PER_INPUT("coefficients", eltwise.coefficients),
    END,
};

static const struct field concat_fields[] = {AXIS(concat.axis), END};

static const struct field slice_fields[] = {
    AXIS(slice.axis),
    INT_LIST("points", slice.points, slice.point_count, 0, EXTENT_MAX),
    END,
};

NO_FIELDS(split);
NO_FIELDS(silence);

static const struct field crop_fields[] = {
    AXIS(crop.axis),
    AXES("offsets", crop.offsets, FIELD_INT, crop.offset_count, 0, EXTENT_MAX),
    END,
};

static const struct field flatten_fields[] = {
    AXIS(flatten.axis),
    INT("end_axis", flatten.end_axis, -AXIS_MAX, AXIS_MAX),
    END,
};

/* reshape_layer.cpp: axis -1 stands behind the last one. */
static const struct field reshape_fields[] = {
    AXES("shape", reshape.shape.dim, FIELD_INT, reshape.shape.dims, -1, EXTENT_MAX),
    INT("axis", reshape.axis, -AXIS_MAX - 1, AXIS_MAX),
    INT("num_axes", reshape.num_axes, -1, AXIS_MAX),
    END,
};

static const struct field permute_fields[] = {
    AXES("order", permute.order, FIELD_BYTE, permute.dims, 0, AXIS_MAX - 1), END};

static const struct field tile_fields[] = {
    AXIS(tile.axis),
    INT("tiles", tile.tiles, 1, EXTENT_MAX),
    END,
};

static const char *const interpolation_words[] = {"nearest", "linear", NULL};
static const char *const coordinates_words[] = {"corners", "half_pixel", "asymmetric", NULL};
static const struct field resize_fields[] = {
    WORD("interpolation", resize.interpolation, interpolation_words, RESIZE_NEAREST),
    WORD("coordinates", resize.coordinates, coordinates_words, RESIZE_CORNERS),
    INTS2("size", resize.size, 0, EXTENT_MAX),
    INTS2("scale", resize.scale, 1, EXTENT_MAX),
    INT("shrink", resize.shrink, 1, EXTENT_MAX),
    INT("zoom", resize.zoom, 1, EXTENT_MAX),
    INT("pad", resize.pad, INT_MIN32, 0),
    INT("pad_end", resize.pad_end, INT_MIN32, 0),
    END,
};

static const struct field shuffle_channel_fields[] = {
    INT("group", shuffle_channel.group, 1, EXTENT_MAX), END};

static const struct field roi_pooling_fields[] = {
    INT("height", roi_pooling.height, 1, EXTENT_MAX),
    INT("width", roi_pooling.width, 1, EXTENT_MAX),
    FLOAT("spatial_scale", roi_pooling.spatial_scale),
    END,
};

static const struct field prior_box_fields[] = {
    FLOAT_LIST("min_sizes", prior_box.min_sizes, prior_box.min_count),
    FLOAT_LIST("max_sizes", prior_box.max_sizes, prior_box.max_count),
    FLOAT_LIST("ratios", prior_box.ratios, prior_box.ratio_count),
    FLOAT_LIST("variances", prior_box.variances, prior_box.variance_count),
    BOOL("flip", prior_box.flip),
    BOOL("clip", prior_box.clip),
    FLOATS2("image", prior_box.image),
    FLOATS2("step", prior_box.step),
    FLOAT("offset", prior_box.offset),
    END,
};

static const char *const detection_words[] = {"corner", "center_size", "corner_size", NULL};
static const struct field detection_output_fields[] = {
    INT("classes", detection_output.classes, 1, EXTENT_MAX),
    INT("background", detection_output.background, INT_MIN32, EXTENT_MAX),
    INT("nms_top_k", detection_output.nms_top_k, INT_MIN32, EXTENT_MAX),
    INT("keep_top_k", detection_output.keep_top_k, INT_MIN32, EXTENT_MAX),
    BOOL("share_location", detection_output.share_location),
    BOOL("variance_in_target", detection_output.variance_in_target),
    WORD("code", detection_output.code, detection_words, DETECTION_CORNER),
    FLOAT("nms_threshold", detection_output.nms_threshold),
    FLOAT("nms_eta", detection_output.nms_eta),
    FLOAT("confidence_threshold", detection_output.confidence_threshold),
    END,
};

static const struct field *const tables[OPERATOR_COUNT] = {
#define X(kind, suffix, ...) suffix##_fields,
    OPERATOR_MAP(X)
#undef X
};

/* Enums are read and written as unsigned. */
_Static_assert(sizeof(enum pooling_method) == sizeof(unsigned), "an enum is as wide as unsigned");

const struct field *fields_of(enum operator_kind kind)
{
    return tables[kind];
}

size_t field_size(enum field_type type)
{
    static const size_t sizes[] = {[FIELD_INT] = sizeof(int64_t),
                                   [FIELD_BYTE] = sizeof(uint8_t),
                                   [FIELD_FLOAT] = sizeof(float),
                                   [FIELD_BOOL] = sizeof(bool),
                                   [FIELD_WORD] = sizeof(unsigned)};
    return sizes[type];
}

const void *field_in(const struct field *field, const union parameters *parameters)
{
    const unsigned char *at = (const unsigned char *)parameters + field->offset;

    if (field->form != FIELD_LIST && field->form != FIELD_PER_INPUT)
        return at;
    return *(const void *const *)(const void *)at;
}

void *field_at(const struct field *field, union parameters *parameters)
{
    return (void *)(uintptr_t)field_in(field, parameters);
}

size_t field_count(const struct field *field, const struct node *node)
{
    const void *count = (const unsigned char *)&node->parameters + field->count;

    switch (field->form) {
    case FIELD_ONE:
        return 1;
    case FIELD_PAIR:
        return 2;
    case FIELD_AXES:
        return *(const unsigned *)count;
    case FIELD_LIST:
        return *(const size_t *)count;
    case FIELD_PER_INPUT:
        break;
    }
    return field_in(field, &node->parameters) ? node->input_count : 0;
}

static bool is_order(const struct permute_parameters *p)
{
    unsigned seen = 0;

    for (unsigned i = 0; i < p->dims; i++)
        seen |= 1U << p->order[i];
    return seen == (1U << p->dims) - 1;
}

enum status fields_check(const struct graph *graph, const struct node *node, struct error *error)
{
    const union parameters *p = &node->parameters;

    if (node->op->kind == OPERATOR_POOLING && !p->pooling.global &&
        (p->pooling.window.kernel[0] < 1 || p->pooling.window.kernel[1] < 1))
        return graph_error(graph, node, error, STATUS_DATA,
                           "its kernel must be at least 1, for the pooling is not global");
    if (node->op->kind == OPERATOR_PERMUTE && !is_order(&p->permute))
        return graph_error(graph, node, error, STATUS_DATA,
                           "its `order` does not name each axis once");
    return STATUS_OK;
}

const char *weight_name(const struct node *node, uint32_t index, char name[WEIGHT_NAME_SIZE])
{
    static const char *const names[OPERATOR_COUNT][OPERATOR_MAX_WEIGHTS] = {
        [OPERATOR_CONVOLUTION] = {"weights", "biases"},
        [OPERATOR_DECONVOLUTION] = {"weights", "biases"},
        [OPERATOR_INNER_PRODUCT] = {"weights", "biases"},
        [OPERATOR_BATCH_NORM] = {"mean", "variance", "scale_factor"},
        [OPERATOR_SCALE] = {"scale", "bias"},
        [OPERATOR_BIAS] = {"bias"},
        [OPERATOR_PRELU] = {"slope"},
        [OPERATOR_NORMALIZE] = {"scale"},
    };
    /* scale_layer.cpp: with two inputs the factor is the second, and only the bias is learned. */
    uint32_t at = index + (node->op->kind == OPERATOR_SCALE && node->input_count == 2);

    if (at < OPERATOR_MAX_WEIGHTS && names[node->op->kind][at])
        snprintf(name, WEIGHT_NAME_SIZE, "%s", names[node->op->kind][at]);
    else
        snprintf(name, WEIGHT_NAME_SIZE, "blob%u", (unsigned)index);
    return name;
}
