/* operators: the second half of importer.h: arithmetic, reductions, layout and pieces of tensors.
 *
 * Include importer.h, whose conventions hold here.
 */
#ifndef MODEL_IMPORT_OPERATORS_H
#define MODEL_IMPORT_OPERATORS_H

#include "model/import/importer.h"

/* ---- arithmetic with numpy's broadcasting (arithmetic.c) ---- */

/* Comparisons give integers 0 or 1 and, like FLOOR_DIVIDE and MODULO (numpy's signs), take
 * constants only. SQUARED_DIFFERENCE is (a - b)^2. */
enum import_binary {
    IMPORT_ADD,
    IMPORT_SUBTRACT,
    IMPORT_MULTIPLY,
    IMPORT_DIVIDE, /* integers: towards zero */
    IMPORT_MAXIMUM,
    IMPORT_MINIMUM,
    IMPORT_POWER,
    IMPORT_SQUARED_DIFFERENCE,
    IMPORT_FLOOR_DIVIDE,
    IMPORT_MODULO,
    IMPORT_EQUAL,
    IMPORT_NOT_EQUAL,
    IMPORT_LESS,
    IMPORT_LESS_EQUAL,
    IMPORT_GREATER,
    IMPORT_GREATER_EQUAL
};

/* Integers with integers stay integers (checked); integers beside floats or values become floats.
 */
enum status import_binary(struct importer *importer, const char *name, enum import_binary operation,
                          const struct operand *a, const struct operand *b,
                          struct operand *out) MUST_CHECK;

/* Sum, product, maximum or minimum of any number of operands (AddN, ONNX's Sum and Max). */
enum status import_many(struct importer *importer, const char *name, enum import_binary operation,
                        const struct operand *const *operands, size_t count,
                        struct operand *out) MUST_CHECK;

/* condition ? a : b, elementwise; all three constant, or a constant condition of one number. */
enum status import_select(struct importer *importer, const char *name,
                          const struct operand *condition, const struct operand *a,
                          const struct operand *b, struct operand *out) MUST_CHECK;

/* ---- functions of one operand (unary.c) ---- */

/* With alpha and beta where the function has parameters (0 elsewhere). */
enum import_unary {
    IMPORT_RELU,
    IMPORT_LEAKY_RELU, /* slope alpha */
    IMPORT_ELU,        /* alpha * (e^x - 1) below 0 */
    IMPORT_SELU,       /* beta * elu(x, alpha): ONNX's alpha and gamma */
    IMPORT_SIGMOID,
    IMPORT_HARD_SIGMOID, /* max(0, min(1, alpha * x + beta)) */
    IMPORT_HARD_SWISH,   /* x * max(0, min(1, x / 6 + 0.5)) */
    IMPORT_SWISH,        /* x * sigmoid(alpha * x); SiLU: alpha 1 */
    IMPORT_TANH,
    IMPORT_ABS,
    IMPORT_EXP,
    IMPORT_LOG,
    IMPORT_SQRT,
    IMPORT_RSQRT, /* 1 / sqrt(x) */
    IMPORT_RECIPROCAL,
    IMPORT_NEGATE,
    IMPORT_SQUARE,
    IMPORT_SOFTPLUS, /* log(1 + e^x) */
    IMPORT_SOFTSIGN, /* x / (1 + |x|) */
    IMPORT_AFFINE,   /* alpha * x + beta */
    IMPORT_FLOOR,    /* constants only, as the next two */
    IMPORT_CEILING,
    IMPORT_NOT
};

enum status import_unary(struct importer *importer, const char *name, enum import_unary function,
                         float alpha, float beta, const struct operand *x,
                         struct operand *out) MUST_CHECK;

/* min(max(x, low), high); either may be infinite. */
enum status import_clip(struct importer *importer, const char *name, const struct operand *x,
                        float low, float high, struct operand *out) MUST_CHECK;

/* x below 0 times `slope`, a constant of one number or of one per channel (axis `channel`), in any
 * shape that is broadcast so. */
enum status import_prelu(struct importer *importer, const char *name, const struct operand *x,
                         const struct operand *slope, int64_t channel,
                         struct operand *out) MUST_CHECK;

/* ---- reductions (reduce.c) ---- */

enum status import_softmax(struct importer *importer, const char *name, const struct operand *x,
                           int64_t axis, bool logarithm, struct operand *out) MUST_CHECK;

/* Indices of the largest number, as floats (values) or integers (constants). */
enum status import_arg_max(struct importer *importer, const char *name, const struct operand *x,
                           int64_t axis, bool keep, struct operand *out) MUST_CHECK;

/* The k largest numbers along an axis (`values`) or their indices as floats, of equal numbers the
 * last first: Caffe's ArgMax. */
enum status import_largest(struct importer *importer, const char *name, const struct operand *x,
                           int64_t axis, int64_t k, bool values, struct operand *out) MUST_CHECK;

/* MINIMUM and PRODUCT take constants only. */
enum import_reduction {
    IMPORT_REDUCE_MEAN,
    IMPORT_REDUCE_SUM,
    IMPORT_REDUCE_MAX,
    IMPORT_REDUCE_MIN,
    IMPORT_REDUCE_PRODUCT,
    IMPORT_REDUCE_L1,
    IMPORT_REDUCE_L2,
    IMPORT_REDUCE_SUM_OF_SQUARES,
    IMPORT_REDUCE_LOG_SUM /* log(sum(x)) */
};

/* Over `axes` (all of them when count is 0); `keep`: reduced axes stay with extent 1. */
enum status import_reduce(struct importer *importer, const char *name,
                          enum import_reduction reduction, const struct operand *x,
                          const int64_t *axes, size_t axis_count, bool keep,
                          struct operand *out) MUST_CHECK;

/* ---- layout (layout.c) ---- */

/* A layer that passes x on under a name of its own (Identity, Dropout); for constants: x. */
enum status import_identity(struct importer *importer, const char *name, const struct operand *x,
                            struct operand *out) MUST_CHECK;

/* Axis i of the result is axis order[i] of x (numpy.transpose). */
enum status import_transpose(struct importer *importer, const char *name, const struct operand *x,
                             const int64_t *order, size_t count, struct operand *out) MUST_CHECK;

/* One extent may be -1: what is left. An extent 0 is not special. Where the first extent stays what
 * it was, the layer copies it, so that the batch stays free. */
enum status import_reshape(struct importer *importer, const char *name, const struct operand *x,
                           const int64_t *extents, size_t count, struct operand *out) MUST_CHECK;

/* Merges axes [0, axis) and [axis, ...) into two (ONNX's Flatten). */
enum status import_flatten(struct importer *importer, const char *name, const struct operand *x,
                           int64_t axis, struct operand *out) MUST_CHECK;

/* Removes `axes`, whose extent must be 1; count 0: all axes of extent 1 (of a value, but for the
 * batch, axis 0). */
enum status import_squeeze(struct importer *importer, const char *name, const struct operand *x,
                           const int64_t *axes, size_t count, struct operand *out) MUST_CHECK;

/* Inserts axes of extent 1 at the places `axes` of the result. */
enum status import_unsqueeze(struct importer *importer, const char *name, const struct operand *x,
                             const int64_t *axes, size_t count, struct operand *out) MUST_CHECK;

/* Broadcasts x to `shape` (BroadcastTo; ONNX's Expand takes the broadcast of both shapes: see
 * import_broadcast_shape()). */
enum status import_broadcast(struct importer *importer, const char *name, const struct operand *x,
                             const struct shape *shape, struct operand *out) MUST_CHECK;

/* numpy's rule; STATUS_DATA when the shapes do not go together. */
enum status import_broadcast_shape(struct importer *importer, const struct shape *a,
                                   const struct shape *b, struct shape *out) MUST_CHECK;

/* ---- pieces (pieces.c) ---- */

enum status import_concat(struct importer *importer, const char *name,
                          const struct operand *const *operands, size_t count, int64_t axis,
                          struct operand *out) MUST_CHECK;

/* Concat along a new axis (Pack, Stack). */
enum status import_stack(struct importer *importer, const char *name,
                         const struct operand *const *operands, size_t count, int64_t axis,
                         struct operand *out) MUST_CHECK;

/* Parts of `extents` along an axis, one name and one result each. */
enum status import_split(struct importer *importer, const char *const *names,
                         const struct operand *x, int64_t axis, const int64_t *extents,
                         size_t count, struct operand *out) MUST_CHECK;

/* x[begin:end:step] with numpy's meaning of negative and too large numbers; one of each per axis of
 * x. Steps other than 1: constants, or positive ones over height and width. */
enum status import_slice(struct importer *importer, const char *name, const struct operand *x,
                         const int64_t *begin, const int64_t *end, const int64_t *step,
                         struct operand *out) MUST_CHECK;

/* numpy.take(): indices must be constant; on values they must be a run (i, i + 1, ...). A scalar
 * index removes the axis. */
enum status import_gather(struct importer *importer, const char *name, const struct operand *x,
                          const struct operand *indices, int64_t axis,
                          struct operand *out) MUST_CHECK;

/* `value` around x, one pair per axis; a Pad layer that simplify folds into what follows. Negative
 * pads cut. */
enum status import_pad(struct importer *importer, const char *name, const struct operand *x,
                       const int64_t *begin, const int64_t *end, float value,
                       struct operand *out) MUST_CHECK;

/* x repeated along each axis (numpy.tile with one number per axis). */
enum status import_tile(struct importer *importer, const char *name, const struct operand *x,
                        const int64_t *repeats, struct operand *out) MUST_CHECK;

/* Planes to `size` (height, width). */
enum status import_resize(struct importer *importer, const char *name, const struct operand *x,
                          enum resize_interpolation interpolation,
                          enum resize_coordinates coordinates, const int64_t size[2],
                          const struct import_axes *axes, struct operand *out) MUST_CHECK;

#endif
