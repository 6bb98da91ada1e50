/* What is still missing: each function says so. */
#include "model/import/importer.h"

static enum status missing(struct importer *importer, const char *what)
{
    return error_set(importer->error, STATUS_UNSUPPORTED, "%s: %s is not supported yet",
                     importer->node ? importer->node : "", what);
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
