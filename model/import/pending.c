/* What is still missing: each function says so. */
#include "model/import/importer.h"

static enum status missing(struct importer *importer, const char *what)
{
    return error_set(importer->error, STATUS_UNSUPPORTED, "%s: %s is not supported yet",
                     importer->node ? importer->node : "", what);
}

enum status importer_open(struct importer *importer, const char *source, bool channels_last,
                          size_t budget, struct error *error)
{
    (void)source;
    (void)channels_last;
    (void)budget;
    (void)error;
    return missing(importer, "importer_open");
}

enum status importer_finish(struct importer *importer, struct graph **out)
{
    (void)out;
    return missing(importer, "importer_finish");
}

enum status importer_define(struct importer *importer, const char *name,
                            const struct operand *operand)
{
    (void)name;
    (void)operand;
    return missing(importer, "importer_define");
}

enum status import_input(struct importer *importer, const char *name, const struct shape *shape,
                         struct operand *out)
{
    (void)name;
    (void)shape;
    (void)out;
    return missing(importer, "import_input");
}

enum status import_output(struct importer *importer, const char *name, const struct operand *x)
{
    (void)name;
    (void)x;
    return missing(importer, "import_output");
}

enum status import_floats(struct importer *importer, const struct shape *shape, float **numbers,
                          struct operand *out)
{
    (void)shape;
    (void)numbers;
    (void)out;
    return missing(importer, "import_floats");
}

enum status import_integers(struct importer *importer, const struct shape *shape, int64_t **numbers,
                            struct operand *out)
{
    (void)shape;
    (void)numbers;
    (void)out;
    return missing(importer, "import_integers");
}

enum status import_fill(struct importer *importer, const struct shape *shape, float number,
                        struct operand *out)
{
    (void)shape;
    (void)number;
    (void)out;
    return missing(importer, "import_fill");
}

enum status import_shape(struct importer *importer, const struct operand *x, struct operand *out)
{
    (void)x;
    (void)out;
    return missing(importer, "import_shape");
}

enum status import_range(struct importer *importer, int64_t start, int64_t limit, int64_t step,
                         struct operand *out)
{
    (void)start;
    (void)limit;
    (void)step;
    (void)out;
    return missing(importer, "import_range");
}

enum status import_cast(struct importer *importer, const struct operand *x, bool integers,
                        struct operand *out)
{
    (void)x;
    (void)integers;
    (void)out;
    return missing(importer, "import_cast");
}

enum status import_read_integers(struct importer *importer, const struct operand *x,
                                 const char *what, int64_t *numbers, size_t max, size_t *count)
{
    (void)x;
    (void)what;
    (void)numbers;
    (void)max;
    (void)count;
    return missing(importer, "import_read_integers");
}

enum status import_read_float(struct importer *importer, const struct operand *x, const char *what,
                              float *number)
{
    (void)x;
    (void)what;
    (void)number;
    return missing(importer, "import_read_float");
}

enum status import_convolution(struct importer *importer, const char *name, const struct operand *x,
                               const struct operand *weights, const struct operand *bias,
                               const struct window *window, int64_t group,
                               const struct import_axes *axes, struct operand *out)
{
    (void)name;
    (void)x;
    (void)weights;
    (void)bias;
    (void)window;
    (void)group;
    (void)axes;
    (void)out;
    return missing(importer, "import_convolution");
}

enum status import_deconvolution(struct importer *importer, const char *name,
                                 const struct operand *x, const struct operand *weights,
                                 const struct operand *bias, const struct window *window,
                                 int64_t group, const struct import_axes *axes, struct operand *out)
{
    (void)name;
    (void)x;
    (void)weights;
    (void)bias;
    (void)window;
    (void)group;
    (void)axes;
    (void)out;
    return missing(importer, "import_deconvolution");
}

enum status import_pooling(struct importer *importer, const char *name, const struct operand *x,
                           const struct pooling_parameters *pooling, const struct import_axes *axes,
                           struct operand *out)
{
    (void)name;
    (void)x;
    (void)pooling;
    (void)axes;
    (void)out;
    return missing(importer, "import_pooling");
}

enum status import_batch_norm(struct importer *importer, const char *name, const struct operand *x,
                              const struct import_batch_norm *norm, int64_t channel,
                              struct operand *out)
{
    (void)name;
    (void)x;
    (void)norm;
    (void)channel;
    (void)out;
    return missing(importer, "import_batch_norm");
}

enum status import_lrn(struct importer *importer, const char *name, const struct operand *x,
                       const struct lrn_parameters *lrn, int64_t channel, struct operand *out)
{
    (void)name;
    (void)x;
    (void)lrn;
    (void)channel;
    (void)out;
    return missing(importer, "import_lrn");
}

enum status import_matmul(struct importer *importer, const char *name, const struct operand *a,
                          const struct operand *b, bool transpose_a, bool transpose_b,
                          struct operand *out)
{
    (void)name;
    (void)a;
    (void)b;
    (void)transpose_a;
    (void)transpose_b;
    (void)out;
    return missing(importer, "import_matmul");
}

enum status import_gemm(struct importer *importer, const char *name, const struct operand *a,
                        const struct operand *b, const struct operand *c,
                        const struct import_gemm *gemm, struct operand *out)
{
    (void)name;
    (void)a;
    (void)b;
    (void)c;
    (void)gemm;
    (void)out;
    return missing(importer, "import_gemm");
}

enum status import_binary(struct importer *importer, const char *name, enum import_binary operation,
                          const struct operand *a, const struct operand *b, struct operand *out)
{
    (void)name;
    (void)operation;
    (void)a;
    (void)b;
    (void)out;
    return missing(importer, "import_binary");
}

enum status import_many(struct importer *importer, const char *name, enum import_binary operation,
                        const struct operand *const *operands, size_t count, struct operand *out)
{
    (void)name;
    (void)operation;
    (void)operands;
    (void)count;
    (void)out;
    return missing(importer, "import_many");
}

enum status import_select(struct importer *importer, const char *name,
                          const struct operand *condition, const struct operand *a,
                          const struct operand *b, struct operand *out)
{
    (void)name;
    (void)condition;
    (void)a;
    (void)b;
    (void)out;
    return missing(importer, "import_select");
}

enum status import_unary(struct importer *importer, const char *name, enum import_unary function,
                         float alpha, float beta, const struct operand *x, struct operand *out)
{
    (void)name;
    (void)function;
    (void)alpha;
    (void)beta;
    (void)x;
    (void)out;
    return missing(importer, "import_unary");
}

enum status import_clip(struct importer *importer, const char *name, const struct operand *x,
                        float low, float high, struct operand *out)
{
    (void)name;
    (void)x;
    (void)low;
    (void)high;
    (void)out;
    return missing(importer, "import_clip");
}

enum status import_prelu(struct importer *importer, const char *name, const struct operand *x,
                         const struct operand *slope, int64_t channel, struct operand *out)
{
    (void)name;
    (void)x;
    (void)slope;
    (void)channel;
    (void)out;
    return missing(importer, "import_prelu");
}

enum status import_softmax(struct importer *importer, const char *name, const struct operand *x,
                           int64_t axis, bool logarithm, struct operand *out)
{
    (void)name;
    (void)x;
    (void)axis;
    (void)logarithm;
    (void)out;
    return missing(importer, "import_softmax");
}

enum status import_arg_max(struct importer *importer, const char *name, const struct operand *x,
                           int64_t axis, bool keep, struct operand *out)
{
    (void)name;
    (void)x;
    (void)axis;
    (void)keep;
    (void)out;
    return missing(importer, "import_arg_max");
}

enum status import_reduce(struct importer *importer, const char *name,
                          enum import_reduction reduction, const struct operand *x,
                          const int64_t *axes, size_t axis_count, bool keep, struct operand *out)
{
    (void)name;
    (void)reduction;
    (void)x;
    (void)axes;
    (void)axis_count;
    (void)keep;
    (void)out;
    return missing(importer, "import_reduce");
}

enum status import_identity(struct importer *importer, const char *name, const struct operand *x,
                            struct operand *out)
{
    (void)name;
    (void)x;
    (void)out;
    return missing(importer, "import_identity");
}

enum status import_transpose(struct importer *importer, const char *name, const struct operand *x,
                             const int64_t *order, size_t count, struct operand *out)
{
    (void)name;
    (void)x;
    (void)order;
    (void)count;
    (void)out;
    return missing(importer, "import_transpose");
}

enum status import_reshape(struct importer *importer, const char *name, const struct operand *x,
                           const int64_t *extents, size_t count, struct operand *out)
{
    (void)name;
    (void)x;
    (void)extents;
    (void)count;
    (void)out;
    return missing(importer, "import_reshape");
}

enum status import_flatten(struct importer *importer, const char *name, const struct operand *x,
                           int64_t axis, struct operand *out)
{
    (void)name;
    (void)x;
    (void)axis;
    (void)out;
    return missing(importer, "import_flatten");
}

enum status import_squeeze(struct importer *importer, const char *name, const struct operand *x,
                           const int64_t *axes, size_t count, struct operand *out)
{
    (void)name;
    (void)x;
    (void)axes;
    (void)count;
    (void)out;
    return missing(importer, "import_squeeze");
}

enum status import_unsqueeze(struct importer *importer, const char *name, const struct operand *x,
                             const int64_t *axes, size_t count, struct operand *out)
{
    (void)name;
    (void)x;
    (void)axes;
    (void)count;
    (void)out;
    return missing(importer, "import_unsqueeze");
}

enum status import_broadcast(struct importer *importer, const char *name, const struct operand *x,
                             const struct shape *shape, struct operand *out)
{
    (void)name;
    (void)x;
    (void)shape;
    (void)out;
    return missing(importer, "import_broadcast");
}

enum status import_broadcast_shape(struct importer *importer, const struct shape *a,
                                   const struct shape *b, struct shape *out)
{
    (void)a;
    (void)b;
    (void)out;
    return missing(importer, "import_broadcast_shape");
}

enum status import_concat(struct importer *importer, const char *name,
                          const struct operand *const *operands, size_t count, int64_t axis,
                          struct operand *out)
{
    (void)name;
    (void)operands;
    (void)count;
    (void)axis;
    (void)out;
    return missing(importer, "import_concat");
}

enum status import_stack(struct importer *importer, const char *name,
                         const struct operand *const *operands, size_t count, int64_t axis,
                         struct operand *out)
{
    (void)name;
    (void)operands;
    (void)count;
    (void)axis;
    (void)out;
    return missing(importer, "import_stack");
}

enum status import_split(struct importer *importer, const char *const *names,
                         const struct operand *x, int64_t axis, const int64_t *extents,
                         size_t count, struct operand *out)
{
    (void)names;
    (void)x;
    (void)axis;
    (void)extents;
    (void)count;
    (void)out;
    return missing(importer, "import_split");
}

enum status import_slice(struct importer *importer, const char *name, const struct operand *x,
                         const int64_t *begin, const int64_t *end, const int64_t *step,
                         struct operand *out)
{
    (void)name;
    (void)x;
    (void)begin;
    (void)end;
    (void)step;
    (void)out;
    return missing(importer, "import_slice");
}

enum status import_gather(struct importer *importer, const char *name, const struct operand *x,
                          const struct operand *indices, int64_t axis, struct operand *out)
{
    (void)name;
    (void)x;
    (void)indices;
    (void)axis;
    (void)out;
    return missing(importer, "import_gather");
}

enum status import_pad(struct importer *importer, const char *name, const struct operand *x,
                       const int64_t *begin, const int64_t *end, float value, struct operand *out)
{
    (void)name;
    (void)x;
    (void)begin;
    (void)end;
    (void)value;
    (void)out;
    return missing(importer, "import_pad");
}

enum status import_tile(struct importer *importer, const char *name, const struct operand *x,
                        const int64_t *repeats, struct operand *out)
{
    (void)name;
    (void)x;
    (void)repeats;
    (void)out;
    return missing(importer, "import_tile");
}

enum status import_resize(struct importer *importer, const char *name, const struct operand *x,
                          enum resize_interpolation interpolation,
                          enum resize_coordinates coordinates, const int64_t size[2],
                          const struct import_axes *axes, struct operand *out)
{
    (void)name;
    (void)x;
    (void)interpolation;
    (void)coordinates;
    (void)size;
    (void)axes;
    (void)out;
    return missing(importer, "import_resize");
}
