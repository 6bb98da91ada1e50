/* importer: builds a graph from the operators of sources that are finer than Caffe's.
 *
 * What the readers of TensorFlow and ONNX share. A reader walks its nodes in execution order, says
 * where it stands (importer_at()), finds the operands of a node by name and calls the import_
 * function of its operator; what comes back it defines under the node's output name. At the end it
 * names the outputs and calls importer_finish().
 *
 * A tensor of the source is an operand: a constant, or a value of the graph whose axes may stand in
 * another order. So a transpose costs nothing; a Permute is appended where something needs the
 * source's own order (a reshape across turned axes, a product over another axis), and turns that
 * cancel never appear.
 *
 * Every import_ function takes the name that the result's value shall have. A result that needs no
 * layer (a constant, a transpose, a reshape to the same shape) has no value of that name; helpers
 * get "NAME/Something". `axis` parameters may be negative. Float operands are never copied unless a
 * fold needs it; all copies together stay below the budget given to importer_open(). Errors are one
 * line "FILE: node 'NAME' (TYPE): WHAT, and what to do"; what Caffe's layers cannot say exactly is
 * STATUS_UNSUPPORTED, what the source contradicts itself in is STATUS_DATA. One thread.
 */
#ifndef MODEL_IMPORT_IMPORTER_H
#define MODEL_IMPORT_IMPORTER_H

#include "model/graph.h"

enum operand_kind { OPERAND_NONE, OPERAND_VALUE, OPERAND_FLOATS, OPERAND_INTEGERS };

struct operand {
    enum operand_kind kind;
    struct shape shape;            /* in the source's order of axes */
    uint32_t value;                /* VALUE: index into graph->values */
    uint8_t order[SHAPE_MAX_DIMS]; /* VALUE: axis i is axis order[i] of the value */
    struct weight weight;          /* FLOATS: a view whose shape is `shape` */
    const int64_t *integers;       /* INTEGERS (also bools): row-major, in the graph's arena */
    const char *turned_name; /* VALUE: of a transpose that left no layer, or NULL; a Permute */
    uint8_t turned_as[SHAPE_MAX_DIMS]; /* with this order would be what the name means */
};

struct importer_names;

struct importer {
    struct graph *graph; /* its arena holds what import_ functions make */
    struct error *error; /* where lines go */
    bool channels_last;  /* tensors of four axes are N,H,W,C: inputs and outputs are kept as such */
    size_t budget;       /* bytes that folded constants may still take */
    const char *node, *type; /* where the reader stands */
    struct importer_names *names;
};

/* Starts an empty graph. `budget`: usually the file's size and a few MB. importer_close() in any
 * case. */
enum status importer_open(struct importer *importer, const char *source, bool channels_last,
                          size_t budget, struct error *error) MUST_CHECK;

/* Simplifies the graph (model/simplify.h) and finishes it. The caller frees *out. */
enum status importer_finish(struct importer *importer, struct graph **out) MUST_CHECK;

/* Frees everything that importer_finish() has not handed out. */
void importer_close(struct importer *importer);

/* The node that error lines name from now on; both texts must live until the next call. */
void importer_at(struct importer *importer, const char *node, const char *type);

/* "FILE: node 'NAME' (TYPE): LINE". Returns `status`. */
enum status importer_fail(const struct importer *importer, enum status status, const char *format,
                          ...) PRINTF_LIKE(3, 4);

/* ---- names ---- */

/* Keeps a name free for the source's tensor, so that no helper layer takes it. Best called for all
 * names before the first node. */
enum status importer_reserve(struct importer *importer, const char *name) MUST_CHECK;

/* Makes `name` mean the operand. STATUS_DATA when it means something already. */
enum status importer_define(struct importer *importer, const char *name,
                            const struct operand *operand) MUST_CHECK;

/* NULL when nothing was defined under that name. Valid until the next importer_define(). */
const struct operand *importer_find(const struct importer *importer, const char *name);

/* ---- inputs, outputs, constants (importer.c, constant.c) ---- */

/* An input of the network; `shape` in the source's axes, the batch (axis 0) as 1 if it is free. */
enum status import_input(struct importer *importer, const char *name, const struct shape *shape,
                         struct operand *out) MUST_CHECK;

/* Makes sure that a value called `name` holds x in the source's order of axes (four axes: see
 * channels_last). A constant is STATUS_UNSUPPORTED. */
enum status import_output(struct importer *importer, const char *name,
                          const struct operand *x) MUST_CHECK;

/* Numbers where they lie; `weight->bytes` must live as long as the graph. */
struct operand operand_view(const struct weight *weight);

/* Zeroed room for numbers that the caller decodes. `shape` is checked, count by the budget. */
enum status import_floats(struct importer *importer, const struct shape *shape, float **numbers,
                          struct operand *out) MUST_CHECK;
enum status import_integers(struct importer *importer, const struct shape *shape, int64_t **numbers,
                            struct operand *out) MUST_CHECK;

/* One number in every place; costs nothing however large the shape. */
enum status import_fill(struct importer *importer, const struct shape *shape, float number,
                        struct operand *out) MUST_CHECK;

/* The extents of x as a vector (Shape). */
enum status import_shape(struct importer *importer, const struct operand *x,
                         struct operand *out) MUST_CHECK;

/* Integers [start, limit) in steps (Range). */
enum status import_range(struct importer *importer, int64_t start, int64_t limit, int64_t step,
                         struct operand *out) MUST_CHECK;

/* To float (exact or rounded to nearest) or to integers (towards zero). A value stays as it is. */
enum status import_cast(struct importer *importer, const struct operand *x, bool integers,
                        struct operand *out) MUST_CHECK;

/* A constant to bools: 1 for every number but 0, NaN included. */
enum status import_cast_to_bool(struct importer *importer, const struct operand *x,
                                struct operand *out) MUST_CHECK;

/* Reads an integer constant of at most `max` numbers, e.g. axes; `what` names it in the error.
 * Whole floats are taken, too. */
enum status import_read_integers(struct importer *importer, const struct operand *x,
                                 const char *what, int64_t *numbers, size_t max,
                                 size_t *count) MUST_CHECK;

/* Reads a constant of one number. */
enum status import_read_float(struct importer *importer, const struct operand *x, const char *what,
                              float *number) MUST_CHECK;

bool operand_is_constant(const struct operand *operand);

/* ---- windows (window.c) ---- */

/* Which axes of a four-dimensional operand are what; axis 0 is the batch. */
struct import_axes {
    unsigned channel, spatial[2]; /* spatial: height, width */
};

extern const struct import_axes import_nchw, import_nhwc;

/* `weights` has axes O, I / group, H, W (turn it with import_transpose()); `bias` (O numbers) may
 * be NULL. window.kernel is taken from the weights. Weights must be constant. */
enum status import_convolution(struct importer *importer, const char *name, const struct operand *x,
                               const struct operand *weights, const struct operand *bias,
                               const struct window *window, int64_t group,
                               const struct import_axes *axes, struct operand *out) MUST_CHECK;

/* `weights` has axes I, O / group, H, W. The output has (in - 1) * stride + kernel - pad - pad_end
 * rows; pad_end may be negative, but more than -stride. */
enum status import_deconvolution(struct importer *importer, const char *name,
                                 const struct operand *x, const struct operand *weights,
                                 const struct operand *bias, const struct window *window,
                                 int64_t group, const struct import_axes *axes,
                                 struct operand *out) MUST_CHECK;

/* The output has floor or (`ceiling`) ceil((in + pads - kernel) / stride) + 1 rows; windows of
 * `ceiling` that begin behind the image are dropped. */
enum status import_pooling(struct importer *importer, const char *name, const struct operand *x,
                           const struct pooling_parameters *pooling, const struct import_axes *axes,
                           struct operand *out) MUST_CHECK;

/* (x - mean) / sqrt(variance + epsilon) * scale + offset; constants of one number per channel;
 * scale and offset may be NULL. */
struct import_batch_norm {
    const struct operand *scale, *offset, *mean, *variance;
    float epsilon;
};

enum status import_batch_norm(struct importer *importer, const char *name, const struct operand *x,
                              const struct import_batch_norm *norm, int64_t channel,
                              struct operand *out) MUST_CHECK;

/* With Caffe's meaning of alpha (divided by the size); across the axis `channel`. */
enum status import_lrn(struct importer *importer, const char *name, const struct operand *x,
                       const struct lrn_parameters *lrn, int64_t channel,
                       struct operand *out) MUST_CHECK;

/* ---- products (product.c) ---- */

/* a x b over the last axis of a and the last but one of b, of which one must be constant. */
enum status import_matmul(struct importer *importer, const char *name, const struct operand *a,
                          const struct operand *b, bool transpose_a, bool transpose_b,
                          struct operand *out) MUST_CHECK;

/* alpha * a x b + beta * c for matrices; c may be NULL, else it is broadcast to the product. */
struct import_gemm {
    bool transpose_a, transpose_b;
    float alpha, beta;
};

enum status import_gemm(struct importer *importer, const char *name, const struct operand *a,
                        const struct operand *b, const struct operand *c,
                        const struct import_gemm *gemm, struct operand *out) MUST_CHECK;

#include "model/import/operators.h"

#endif
