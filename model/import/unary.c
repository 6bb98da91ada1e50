/* Functions of one operand. */
#include <math.h>

#include "model/import/constant.h"

static enum status apply_power(struct importer *importer, const char *name, const struct operand *x,
                               float power, float scale, float shift, struct operand *out)
{
    return build_power(importer, name, x,
                       (struct power_parameters){.power = power, .scale = scale, .shift = shift},
                       out);
}

/* A layer under a helper's name, for functions of several layers. */
static enum status helper_power(struct importer *importer, const char *name,
                                const struct operand *x, float power, float scale, float shift,
                                struct operand *out)
{
    const char *helper;
    enum status status = build_name(importer, name, "Power", &helper);

    return status ? status : apply_power(importer, helper, x, power, scale, shift, out);
}

static enum status product(struct importer *importer, const char *name, const struct operand *a,
                           const struct operand *b, struct operand *out)
{
    return import_binary(importer, name, IMPORT_MULTIPLY, a, b, out);
}

/* Functions that take several layers. */
static enum status compose(struct importer *importer, const char *name, enum import_unary function,
                           float alpha, float beta, const struct operand *x, struct operand *out)
{
    struct operand part;
    const char *helper = name;
    enum status status;

    switch (function) {
    case IMPORT_SELU:
        status = build_name(importer, name, "Elu", &helper);
        if (!status)
            status = import_unary(importer, helper, IMPORT_ELU, alpha, 0, x, &part);
        return status ? status : apply_power(importer, name, &part, 1, beta, 0, out);
    case IMPORT_HARD_SIGMOID:
        status = helper_power(importer, name, x, 1, alpha, beta, &part);
        return status ? status : import_clip(importer, name, &part, 0, 1, out);
    case IMPORT_HARD_SWISH:
        status = build_name(importer, name, "HardSigmoid", &helper);
        if (!status)
            status = compose(importer, helper, IMPORT_HARD_SIGMOID, 1.0F / 6, 0.5F, x, &part);
        return status ? status : product(importer, name, x, &part, out);
    default: /* SOFTSIGN */
        status = build_name(importer, name, "Abs", &helper);
        if (!status)
            status = import_unary(importer, helper, IMPORT_ABS, 0, 0, x, &part);
        if (!status)
            status = helper_power(importer, name, &part, -1, 1, 1, &part);
        return status ? status : product(importer, name, x, &part, out);
    }
}

/* Functions that Caffe has a layer for, beside Power. */
static bool find_layer(enum import_unary function, float alpha, enum operator_kind *kind,
                       union parameters *p)
{
    static const struct exponent_parameters natural = {.base = -1, .scale = 1, .shift = 0};

    switch (function) {
    case IMPORT_RELU:
        alpha = 0; /* fall through */
    case IMPORT_LEAKY_RELU:
        *kind = OPERATOR_RELU;
        p->relu.negative_slope = alpha;
        return true;
    case IMPORT_ELU:
        *kind = OPERATOR_ELU;
        p->elu.alpha = alpha;
        return true;
    case IMPORT_SIGMOID:
        *kind = OPERATOR_SIGMOID;
        return true;
    case IMPORT_SWISH:
        *kind = OPERATOR_SWISH;
        p->swish.beta = alpha;
        return true;
    case IMPORT_TANH:
        *kind = OPERATOR_TANH;
        return true;
    case IMPORT_ABS:
        *kind = OPERATOR_ABS_VAL;
        return true;
    case IMPORT_EXP:
        *kind = OPERATOR_EXP;
        p->exp = natural;
        return true;
    case IMPORT_LOG:
        *kind = OPERATOR_LOG;
        p->log = natural;
        return true;
    case IMPORT_SOFTPLUS:
        *kind = OPERATOR_BNLL;
        return true;
    default:
        return false;
    }
}

enum status import_unary(struct importer *importer, const char *name, enum import_unary function,
                         float alpha, float beta, const struct operand *x, struct operand *out)
{
    union parameters parameters = {.relu = {0}};
    enum operator_kind kind;

    if (operand_is_constant(x))
        return constant_unary(importer, function, alpha, beta, x, out);
    if (find_layer(function, alpha, &kind, &parameters))
        return build_simple(importer, name, kind, &parameters, x, out);
    switch (function) {
    case IMPORT_SQRT:
        return apply_power(importer, name, x, 0.5F, 1, 0, out);
    case IMPORT_RSQRT:
        return apply_power(importer, name, x, -0.5F, 1, 0, out);
    case IMPORT_RECIPROCAL:
        return apply_power(importer, name, x, -1, 1, 0, out);
    case IMPORT_NEGATE:
        return apply_power(importer, name, x, 1, -1, 0, out);
    case IMPORT_SQUARE:
        return apply_power(importer, name, x, 2, 1, 0, out);
    case IMPORT_AFFINE:
        return apply_power(importer, name, x, 1, alpha, beta, out);
    case IMPORT_FLOOR:
    case IMPORT_CEILING:
    case IMPORT_NOT:
        return importer_fail(importer, STATUS_UNSUPPORTED,
                             "rounding or negating what the network computes is not supported");
    default:
        return compose(importer, name, function, alpha, beta, x, out);
    }
}

static enum status clip_constant(struct importer *importer, const struct operand *x, float low,
                                 float high, struct operand *out)
{
    static const struct shape scalar = {.dims = 0};
    struct operand limit, result;
    enum status status = import_fill(importer, &scalar, low, &limit);

    if (!status)
        status = constant_binary(importer, IMPORT_MAXIMUM, x, &limit, &result);
    if (!status)
        status = import_fill(importer, &scalar, high, &limit);
    return status ? status : constant_binary(importer, IMPORT_MINIMUM, &result, &limit, out);
}

enum status import_clip(struct importer *importer, const char *name, const struct operand *x,
                        float low, float high, struct operand *out)
{
    union parameters clip = {.clip = {.low = low, .high = high}};

    if (!(low <= high))
        return importer_fail(importer, STATUS_DATA, "its limits %g and %g make no range",
                             (double)low, (double)high);
    if (operand_is_constant(x))
        return clip_constant(importer, x, low, high, out);
    if (isinf(low) && isinf(high))
        return import_identity(importer, name, x, out);
    if (low == 0 && isinf(high))
        return import_unary(importer, name, IMPORT_RELU, 0, 0, x, out);
    return build_simple(importer, name, OPERATOR_CLIP, &clip, x, out);
}

/* relu(x) - slope * relu(-x) for slopes of any shape. */
static enum status general_prelu(struct importer *importer, const char *name,
                                 const struct operand *x, const struct operand *slope,
                                 struct operand *out)
{
    struct operand positive, negative;
    const char *helper;
    enum status status = build_name(importer, name, "Positive", &helper);

    if (!status)
        status = import_unary(importer, helper, IMPORT_RELU, 0, 0, x, &positive);
    if (!status)
        status = helper_power(importer, name, x, 1, -1, 0, &negative);
    if (!status)
        status = build_name(importer, name, "Negative", &helper);
    if (!status)
        status = import_unary(importer, helper, IMPORT_RELU, 0, 0, &negative, &negative);
    if (!status)
        status = build_name(importer, name, "Slope", &helper);
    if (!status)
        status = product(importer, helper, &negative, slope, &negative);
    return status ? status
                  : import_binary(importer, name, IMPORT_SUBTRACT, &positive, &negative, out);
}

/* True for one number per channel: only the axis `channel` of x varies, or slope is a vector that
 * ONNX takes as such. */
static bool is_per_channel(const struct operand *x, const struct operand *slope, unsigned channel)
{
    unsigned skipped = x->shape.dims - slope->shape.dims;

    for (unsigned i = 0; i < slope->shape.dims; i++) {
        if (slope->shape.dim[i] != 1 && i + skipped != channel)
            return false;
    }
    return true;
}

enum status import_prelu(struct importer *importer, const char *name, const struct operand *x,
                         const struct operand *slope, int64_t channel, struct operand *out)
{
    struct layer layer = {.kind = OPERATOR_PRELU, .weight_count = 1};
    struct operand planes;
    struct shape vector = {.dims = 1};
    unsigned axis;
    enum status status;

    if (operand_is_constant(x))
        return general_prelu(importer, name, x, slope, out);
    status = build_axis(importer, channel, x->shape.dims, &axis);
    if (!status)
        status = constant_weight(importer, slope, "its slope", &layer.weights[0]);
    if (status)
        return status;
    vector.dim[0] = (int64_t)layer.weights[0].count;
    layer.parameters.prelu.channel_shared = vector.dim[0] == 1;
    if (vector.dim[0] != 1 &&
        (vector.dim[0] != x->shape.dim[axis] || slope->shape.dims > x->shape.dims ||
         !is_per_channel(x, slope, axis)))
        return general_prelu(importer, name, x, slope, out);
    planes = *x;
    if (vector.dim[0] != 1)
        status = build_channels(importer, name, x, axis, &planes);
    weight_reshape(&layer.weights[0], &vector);
    return status ? status : build_on(importer, name, &planes, &layer, out);
}
