/* ONNX operators that look at one element at a time. */
#include <float.h>
#include <math.h>

#include "model/format/onnx/onnx_read.h"
#include "model/import/build.h"

/* ---- two operands, and many ---- */

static enum status take_binary(struct onnx_node *node, enum import_binary operation)
{
    struct operand out;
    enum status status = import_binary(node->importer, node->outputs[0], operation,
                                       onnx_operand(node, 0), onnx_operand(node, 1), &out);

    return status ? status : onnx_define(node, 0, &out);
}

#define BINARY(suffix, operation)                                                                  \
    static enum status take_##suffix(struct onnx_node *node)                                       \
    {                                                                                              \
        return take_binary(node, IMPORT_##operation);                                              \
    }
BINARY(add, ADD)
BINARY(sub, SUBTRACT)
BINARY(mul, MULTIPLY)
BINARY(div, DIVIDE)
BINARY(pow, POWER)
BINARY(equal, EQUAL)
BINARY(less, LESS)
BINARY(less_or_equal, LESS_EQUAL)
BINARY(greater, GREATER)
BINARY(greater_or_equal, GREATER_EQUAL)
#undef BINARY

/* All inputs into the value `name`. */
static enum status join(struct onnx_node *node, const char *name, enum import_binary operation,
                        struct operand *out)
{
    for (size_t i = 0; i < node->input_count; i++) {
        if (!onnx_operand(node, i))
            return onnx_fail(node, STATUS_DATA, "input %zu is left out", i);
    }
    return import_many(node->importer, name, operation, node->inputs, node->input_count, out);
}

static enum status take_many(struct onnx_node *node, enum import_binary operation)
{
    struct operand out;
    enum status status = join(node, node->outputs[0], operation, &out);

    return status ? status : onnx_define(node, 0, &out);
}

static enum status take_sum(struct onnx_node *node)
{
    return take_many(node, IMPORT_ADD);
}

static enum status take_max(struct onnx_node *node)
{
    return take_many(node, IMPORT_MAXIMUM);
}

static enum status take_min(struct onnx_node *node)
{
    return take_many(node, IMPORT_MINIMUM);
}

static enum status take_mean(struct onnx_node *node)
{
    struct operand sum, out;
    const char *name;
    enum status status = onnx_helper(node, "Sum", &name);

    if (!status)
        status = join(node, name, IMPORT_ADD, &sum);
    if (!status)
        status = import_unary(node->importer, node->outputs[0], IMPORT_AFFINE,
                              1 / (float)node->input_count, 0, &sum, &out);
    return status ? status : onnx_define(node, 0, &out);
}

static enum status take_where(struct onnx_node *node)
{
    struct operand out;
    enum status status = import_select(node->importer, node->outputs[0], onnx_operand(node, 0),
                                       onnx_operand(node, 1), onnx_operand(node, 2), &out);

    return status ? status : onnx_define(node, 0, &out);
}

/* ---- one operand ---- */

static enum status take_unary(struct onnx_node *node, enum import_unary function, float alpha,
                              float beta)
{
    struct operand out;
    enum status status = import_unary(node->importer, node->outputs[0], function, alpha, beta,
                                      onnx_operand(node, 0), &out);

    return status ? status : onnx_define(node, 0, &out);
}

#define UNARY(suffix, function)                                                                    \
    static enum status take_##suffix(struct onnx_node *node)                                       \
    {                                                                                              \
        return take_unary(node, IMPORT_##function, 0, 0);                                          \
    }
UNARY(relu, RELU)
UNARY(sigmoid, SIGMOID)
UNARY(hard_swish, HARD_SWISH)
UNARY(tanh, TANH)
UNARY(abs, ABS)
UNARY(exp, EXP)
UNARY(log, LOG)
UNARY(sqrt, SQRT)
UNARY(reciprocal, RECIPROCAL)
UNARY(neg, NEGATE)
UNARY(softplus, SOFTPLUS)
UNARY(softsign, SOFTSIGN)
UNARY(floor, FLOOR)
UNARY(ceil, CEILING)
UNARY(not, NOT)
#undef UNARY

/* With alpha, and (NULL: without) a second parameter. */
static enum status take_curve(struct onnx_node *node, enum import_unary function, float alpha,
                              const char *second, float beta)
{
    enum status status = onnx_float(node, "alpha", alpha, &alpha);

    if (!status && second)
        status = onnx_float(node, second, beta, &beta);
    return status ? status : take_unary(node, function, alpha, beta);
}

static enum status take_leaky_relu(struct onnx_node *node)
{
    return take_curve(node, IMPORT_LEAKY_RELU, 0.01F, NULL, 0);
}

static enum status take_elu(struct onnx_node *node)
{
    return take_curve(node, IMPORT_ELU, 1, NULL, 0);
}

static enum status take_selu(struct onnx_node *node)
{
    return take_curve(node, IMPORT_SELU, 1.67326319217681884765625F, "gamma",
                      1.05070102214813232421875F);
}

static enum status take_hard_sigmoid(struct onnx_node *node)
{
    return take_curve(node, IMPORT_HARD_SIGMOID, 0.2F, "beta", 0.5F);
}

/* x * tanh(log(1 + e^x)) */
static enum status take_mish(struct onnx_node *node)
{
    const struct operand *x = onnx_operand(node, 0);
    const char *softplus, *tangent;
    struct operand value;
    enum status status = onnx_helper(node, "Softplus", &softplus);

    if (!status)
        status = onnx_helper(node, "Tanh", &tangent);
    if (!status)
        status = import_unary(node->importer, softplus, IMPORT_SOFTPLUS, 0, 0, x, &value);
    if (!status)
        status = import_unary(node->importer, tangent, IMPORT_TANH, 0, 0, &value, &value);
    if (!status)
        status =
            import_binary(node->importer, node->outputs[0], IMPORT_MULTIPLY, x, &value, &value);
    return status ? status : onnx_define(node, 0, &value);
}

static enum status take_prelu(struct onnx_node *node)
{
    struct operand out;
    enum status status = import_prelu(node->importer, node->outputs[0], onnx_operand(node, 0),
                                      onnx_operand(node, 1), 1, &out);

    return status ? status : onnx_define(node, 0, &out);
}

/* The limits are attributes before opset 11, whose defaults are the largest floats. */
static enum status read_limit(const struct onnx_node *node, const char *attribute, size_t index,
                              float none, float *limit)
{
    const struct operand *operand = onnx_operand(node, index);
    enum status status = STATUS_OK;

    *limit = none;
    if (node->reader->opset < 11)
        status = onnx_float(node, attribute, none, limit);
    else if (operand)
        status = import_read_float(node->importer, operand, attribute, limit);
    if (!status && fabsf(*limit) >= FLT_MAX && signbit(*limit) == signbit(none))
        *limit = none;
    return status;
}

static enum status take_clip(struct onnx_node *node)
{
    struct operand out;
    float low, high;
    enum status status = read_limit(node, "min", 1, -INFINITY, &low);

    if (!status)
        status = read_limit(node, "max", 2, INFINITY, &high);
    if (!status)
        status =
            import_clip(node->importer, node->outputs[0], onnx_operand(node, 0), low, high, &out);
    return status ? status : onnx_define(node, 0, &out);
}

static enum status take_identity(struct onnx_node *node)
{
    struct operand out;
    enum status status =
        import_identity(node->importer, node->outputs[0], onnx_operand(node, 0), &out);

    return status ? status : onnx_define(node, 0, &out);
}

/* At inference it passes its input on; a mask that somebody reads is not made. */
static enum status take_dropout(struct onnx_node *node)
{
    const struct operand *training = onnx_operand(node, 2);
    int64_t flag = 0;
    size_t count;
    enum status status = STATUS_OK;

    if (training)
        status = import_read_integers(node->importer, training, "training_mode", &flag, 1, &count);
    if (!status && flag)
        status = onnx_fail(node, STATUS_UNSUPPORTED,
                           "training_mode is on; export the model for inference");
    return status ? status : take_identity(node);
}

const struct onnx_operator onnx_arithmetic_operators[] = {
    {"Add", 2, take_add},
    {"Sub", 2, take_sub},
    {"Mul", 2, take_mul},
    {"Div", 2, take_div},
    {"Pow", 2, take_pow},
    {"Equal", 2, take_equal},
    {"Less", 2, take_less},
    {"LessOrEqual", 2, take_less_or_equal},
    {"Greater", 2, take_greater},
    {"GreaterOrEqual", 2, take_greater_or_equal},
    {"Sum", 1, take_sum},
    {"Max", 1, take_max},
    {"Min", 1, take_min},
    {"Mean", 1, take_mean},
    {"Where", 3, take_where},
    {"Relu", 1, take_relu},
    {"LeakyRelu", 1, take_leaky_relu},
    {"PRelu", 2, take_prelu},
    {"Elu", 1, take_elu},
    {"Selu", 1, take_selu},
    {"Sigmoid", 1, take_sigmoid},
    {"HardSigmoid", 1, take_hard_sigmoid},
    {"HardSwish", 1, take_hard_swish},
    {"Mish", 1, take_mish},
    {"Tanh", 1, take_tanh},
    {"Abs", 1, take_abs},
    {"Exp", 1, take_exp},
    {"Log", 1, take_log},
    {"Sqrt", 1, take_sqrt},
    {"Reciprocal", 1, take_reciprocal},
    {"Neg", 1, take_neg},
    {"Softplus", 1, take_softplus},
    {"Softsign", 1, take_softsign},
    {"Floor", 1, take_floor},
    {"Ceil", 1, take_ceil},
    {"Not", 1, take_not},
    {"Clip", 1, take_clip},
    {"Identity", 1, take_identity},
    {"Dropout", 1, take_dropout},
    {NULL, 0, NULL}};
