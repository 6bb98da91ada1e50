/* Arithmetic on constants. */
#include <float.h>
#include <inttypes.h>
#include <math.h>

#include "model/import/constant.h"

static float binary_float(enum import_binary operation, float a, float b)
{
    switch (operation) {
    case IMPORT_ADD:
        return a + b;
    case IMPORT_SUBTRACT:
        return a - b;
    case IMPORT_MULTIPLY:
        return a * b;
    case IMPORT_DIVIDE:
        return a / b;
    case IMPORT_MAXIMUM:
        return a > b ? a : b;
    case IMPORT_MINIMUM:
        return a < b ? a : b;
    case IMPORT_POWER:
        return powf(a, b);
    case IMPORT_SQUARED_DIFFERENCE:
        return (a - b) * (a - b);
    case IMPORT_FLOOR_DIVIDE:
        return floorf(a / b);
    default: /* MODULO */
        return a - b * floorf(a / b);
    }
}

static bool is_comparison(enum import_binary operation)
{
    return operation >= IMPORT_EQUAL;
}

static int64_t compare(enum import_binary operation, double a, double b)
{
    switch (operation) {
    case IMPORT_EQUAL:
        return a == b;
    case IMPORT_NOT_EQUAL:
        return a != b;
    case IMPORT_LESS:
        return a < b;
    case IMPORT_LESS_EQUAL:
        return a <= b;
    case IMPORT_GREATER:
        return a > b;
    default:
        return a >= b;
    }
}

static bool power(int64_t base, int64_t exponent, int64_t *out)
{
    *out = 1;
    if (exponent < 0)
        return false;
    if (base == 0 || base == 1 || base == -1) {
        *out = exponent == 0 ? 1 : base == -1 && exponent % 2 == 0 ? 1 : base;
        return true;
    }
    for (; exponent > 0; exponent--) {
        if (__builtin_mul_overflow(*out, base, out))
            return false;
    }
    return true;
}

/* Towards minus infinity, as numpy divides. */
static bool divide(enum import_binary operation, int64_t a, int64_t b, int64_t *out)
{
    int64_t quotient, rest;

    if (b == 0 || (a == INT64_MIN && b == -1))
        return false;
    quotient = a / b;
    rest = a % b;
    if (operation != IMPORT_DIVIDE && rest && (rest < 0) != (b < 0)) {
        quotient--;
        rest += b;
    }
    *out = operation == IMPORT_MODULO ? rest : quotient;
    return true;
}

static bool binary_integer(enum import_binary operation, int64_t a, int64_t b, int64_t *out)
{
    switch (operation) {
    case IMPORT_ADD:
        return !__builtin_add_overflow(a, b, out);
    case IMPORT_SUBTRACT:
        return !__builtin_sub_overflow(a, b, out);
    case IMPORT_MULTIPLY:
        return !__builtin_mul_overflow(a, b, out);
    case IMPORT_MAXIMUM:
        *out = a > b ? a : b;
        return true;
    case IMPORT_MINIMUM:
        *out = a < b ? a : b;
        return true;
    case IMPORT_POWER:
        return power(a, b, out);
    case IMPORT_SQUARED_DIFFERENCE:
        return !__builtin_sub_overflow(a, b, &a) && !__builtin_mul_overflow(a, a, out);
    case IMPORT_DIVIDE:
    case IMPORT_FLOOR_DIVIDE:
    case IMPORT_MODULO:
        return divide(operation, a, b, out);
    default:
        *out = operation == IMPORT_EQUAL        ? a == b
               : operation == IMPORT_NOT_EQUAL  ? a != b
               : operation == IMPORT_LESS       ? a < b
               : operation == IMPORT_LESS_EQUAL ? a <= b
               : operation == IMPORT_GREATER    ? a > b
                                                : a >= b;
        return true;
    }
}

static enum status fold_integers(struct importer *importer, enum import_binary operation,
                                 const struct operand *a, const struct operand *b,
                                 struct operand *out)
{
    const struct shape shape = a->shape;
    int64_t *room;
    enum status status = import_integers(importer, &shape, &room, out);
    size_t count = status ? 0 : shape_product(&shape, 0, shape.dims);

    for (size_t i = 0; i < count; i++) {
        if (!binary_integer(operation, a->integers[i], b->integers[i], &room[i]))
            return importer_fail(importer, STATUS_DATA,
                                 "its integers %" PRId64 " and %" PRId64
                                 " give no integer of 64 bits",
                                 a->integers[i], b->integers[i]);
    }
    return status;
}

static enum status fold_floats(struct importer *importer, enum import_binary operation,
                               const struct operand *a, const struct operand *b,
                               struct operand *out)
{
    const struct shape shape = a->shape;
    const struct weight left = a->weight, right = b->weight;
    float *floats = NULL, x[256], y[256];
    int64_t *integers = NULL;
    enum status status = is_comparison(operation)
                             ? import_integers(importer, &shape, &integers, out)
                             : import_floats(importer, &shape, &floats, out);
    size_t count = status ? 0 : shape_product(&shape, 0, shape.dims), part;

    for (size_t i = 0; i < count; i += part) {
        part = count - i < 256 ? count - i : 256;
        weight_read(&left, i, part, x);
        weight_read(&right, i, part, y);
        for (size_t j = 0; j < part; j++) {
            if (integers)
                integers[i + j] = compare(operation, (double)x[j], (double)y[j]);
            else
                floats[i + j] = binary_float(operation, x[j], y[j]);
        }
    }
    return status;
}

enum status constant_binary(struct importer *importer, enum import_binary operation,
                            const struct operand *a, const struct operand *b, struct operand *out)
{
    bool integers = a->kind == OPERAND_INTEGERS && b->kind == OPERAND_INTEGERS;
    struct operand left = *a, right = *b;
    struct shape shape;
    enum status status = import_broadcast_shape(importer, &a->shape, &b->shape, &shape);

    if (!status && !integers)
        status = import_cast(importer, &left, false, &left);
    if (!status && !integers)
        status = import_cast(importer, &right, false, &right);
    if (!status)
        status = constant_stretch(importer, &left, &shape, &left);
    if (!status)
        status = constant_stretch(importer, &right, &shape, &right);
    if (status)
        return status;
    return integers ? fold_integers(importer, operation, &left, &right, out)
                    : fold_floats(importer, operation, &left, &right, out);
}

/* Casts to floats unless `integers`, and broadcasts to `shape`. */
static enum status fit(struct importer *importer, const struct shape *shape, bool integers,
                       struct operand *x)
{
    enum status status = integers ? STATUS_OK : import_cast(importer, x, false, x);

    return status ? status : constant_stretch(importer, x, shape, x);
}

static enum status select_numbers(struct importer *importer, struct operand *choice,
                                  struct operand *yes, struct operand *no, struct operand *out)
{
    bool integers = yes->kind == OPERAND_INTEGERS && no->kind == OPERAND_INTEGERS;
    struct shape shape;
    int64_t *numbers = NULL;
    float *floats = NULL;
    enum status status = import_broadcast_shape(importer, &yes->shape, &no->shape, &shape);

    if (!status)
        status = import_broadcast_shape(importer, &shape, &choice->shape, &shape);
    if (!status)
        status = fit(importer, &shape, integers, yes);
    if (!status)
        status = fit(importer, &shape, integers, no);
    if (!status)
        status = fit(importer, &shape, true, choice);
    if (!status)
        status = integers ? import_integers(importer, &shape, &numbers, out)
                          : import_floats(importer, &shape, &floats, out);
    for (size_t i = 0; !status && i < shape_product(&shape, 0, shape.dims); i++) {
        const struct operand *from = choice->integers[i] ? yes : no;
        if (integers)
            numbers[i] = from->integers[i];
        else
            floats[i] = weight_at(&from->weight, i);
    }
    return status;
}

enum status import_select(struct importer *importer, const char *name,
                          const struct operand *condition, const struct operand *a,
                          const struct operand *b, struct operand *out)
{
    struct operand choice, yes = *a, no = *b;
    enum status status;

    if (!operand_is_constant(condition))
        return importer_fail(importer, STATUS_UNSUPPORTED,
                             "its condition must be constant, but the network computes it");
    status = import_cast(importer, condition, true, &choice);
    if (status)
        return status;
    if (shape_product(&choice.shape, 0, choice.shape.dims) == 1 &&
        shape_equal(&a->shape, &b->shape))
        return import_identity(importer, name, choice.integers[0] ? a : b, out);
    if (!operand_is_constant(a) || !operand_is_constant(b))
        return importer_fail(importer, STATUS_UNSUPPORTED,
                             "choosing number by number between tensors is not supported");
    return select_numbers(importer, &choice, &yes, &no, out);
}

/* The engine's kernels compute the same in float32. */
static float unary_float(enum import_unary function, float alpha, float beta, float x)
{
    float hard;

    switch (function) {
    case IMPORT_RELU:
        return x > 0 ? x : 0;
    case IMPORT_LEAKY_RELU:
        return x > 0 ? x : alpha * x;
    case IMPORT_ELU:
        return x > 0 ? x : alpha * expm1f(x);
    case IMPORT_SELU:
        return beta * (x > 0 ? x : alpha * expm1f(x));
    case IMPORT_SIGMOID:
        return 1 / (1 + expf(-x));
    case IMPORT_HARD_SIGMOID:
        return fmaxf(0, fminf(1, alpha * x + beta));
    case IMPORT_HARD_SWISH:
        hard = fmaxf(0, fminf(1, x / 6 + 0.5F));
        return x * hard;
    case IMPORT_SWISH:
        return x / (1 + expf(-alpha * x));
    case IMPORT_TANH:
        return tanhf(x);
    case IMPORT_SOFTPLUS:
        return x > 0 ? x + log1pf(expf(-x)) : log1pf(expf(x));
    case IMPORT_SOFTSIGN:
        return x / (1 + fabsf(x));
    case IMPORT_AFFINE:
        return alpha * x + beta;
    default:
        return x == 0; /* NOT */
    }
}

static float unary_plain(enum import_unary function, float alpha, float beta, float x)
{
    switch (function) {
    case IMPORT_ABS:
        return fabsf(x);
    case IMPORT_EXP:
        return expf(x);
    case IMPORT_LOG:
        return logf(x);
    case IMPORT_SQRT:
        return sqrtf(x);
    case IMPORT_RSQRT:
        return 1 / sqrtf(x);
    case IMPORT_RECIPROCAL:
        return 1 / x;
    case IMPORT_NEGATE:
        return -x;
    case IMPORT_SQUARE:
        return x * x;
    case IMPORT_FLOOR:
        return floorf(x);
    case IMPORT_CEILING:
        return ceilf(x);
    default:
        return unary_float(function, alpha, beta, x);
    }
}

/* Functions whose result on integers is one; false when it does not fit. */
static bool unary_integer(enum import_unary function, int64_t x, int64_t *out)
{
    switch (function) {
    case IMPORT_NEGATE:
        return !__builtin_sub_overflow(0, x, out);
    case IMPORT_ABS:
        *out = x;
        return x >= 0 || !__builtin_sub_overflow(0, x, out);
    case IMPORT_SQUARE:
        return !__builtin_mul_overflow(x, x, out);
    case IMPORT_RELU:
        *out = x > 0 ? x : 0;
        return true;
    case IMPORT_NOT:
        *out = x == 0;
        return true;
    default: /* FLOOR, CEILING */
        *out = x;
        return true;
    }
}

static bool stays_integer(enum import_unary function)
{
    return function == IMPORT_NEGATE || function == IMPORT_ABS || function == IMPORT_SQUARE ||
           function == IMPORT_RELU || function == IMPORT_NOT || function == IMPORT_FLOOR ||
           function == IMPORT_CEILING;
}

enum status constant_unary(struct importer *importer, enum import_unary function, float alpha,
                           float beta, const struct operand *x, struct operand *out)
{
    const struct shape shape = x->shape;
    size_t count = shape_product(&shape, 0, shape.dims);
    enum status status;
    int64_t *integers;
    float *floats;

    if (x->kind == OPERAND_INTEGERS && stays_integer(function)) {
        const int64_t *from = x->integers;
        status = import_integers(importer, &shape, &integers, out);
        for (size_t i = 0; i < count && !status; i++) {
            if (!unary_integer(function, from[i], &integers[i]))
                return importer_fail(importer, STATUS_DATA,
                                     "its integer %" PRId64 " gives none of 64 bits", from[i]);
        }
        return status;
    }
    status = constant_floats(importer, x, &floats);
    if (status)
        return status;
    for (size_t i = 0; i < count; i++)
        floats[i] = unary_plain(function, alpha, beta, floats[i]);
    struct weight weight = weight_make(&shape, floats);
    *out = operand_view(&weight);
    return STATUS_OK;
}
