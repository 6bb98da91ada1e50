/* Reductions of constants. */
#include <inttypes.h>
#include <math.h>

#include "model/import/constant.h"

/* One running result; sums in double, so that they are those of any order. */
static double join(enum import_reduction reduction, double sum, double x)
{
    switch (reduction) {
    case IMPORT_REDUCE_MAX:
        return x > sum ? x : sum;
    case IMPORT_REDUCE_MIN:
        return x < sum ? x : sum;
    case IMPORT_REDUCE_PRODUCT:
        return sum * x;
    case IMPORT_REDUCE_L1:
        return sum + fabs(x);
    case IMPORT_REDUCE_L2:
    case IMPORT_REDUCE_SUM_OF_SQUARES:
        return sum + x * x;
    default:
        return sum + x;
    }
}

static double start(enum import_reduction reduction)
{
    return reduction == IMPORT_REDUCE_MAX       ? -INFINITY
           : reduction == IMPORT_REDUCE_MIN     ? INFINITY
           : reduction == IMPORT_REDUCE_PRODUCT ? 1
                                                : 0;
}

static double finish(enum import_reduction reduction, double sum, size_t count)
{
    return reduction == IMPORT_REDUCE_MEAN      ? sum / (double)count
           : reduction == IMPORT_REDUCE_L2      ? sqrt(sum)
           : reduction == IMPORT_REDUCE_LOG_SUM ? log(sum)
                                                : sum;
}

static bool join_integer(enum import_reduction reduction, int64_t *sum, int64_t x)
{
    switch (reduction) {
    case IMPORT_REDUCE_MAX:
        *sum = x > *sum ? x : *sum;
        return true;
    case IMPORT_REDUCE_MIN:
        *sum = x < *sum ? x : *sum;
        return true;
    case IMPORT_REDUCE_PRODUCT:
        return !__builtin_mul_overflow(*sum, x, sum);
    case IMPORT_REDUCE_SUM_OF_SQUARES:
        return !__builtin_mul_overflow(x, x, &x) && !__builtin_add_overflow(*sum, x, sum);
    default:
        return !__builtin_add_overflow(*sum, x, sum);
    }
}

static int64_t start_integer(enum import_reduction reduction)
{
    return reduction == IMPORT_REDUCE_MAX       ? INT64_MIN
           : reduction == IMPORT_REDUCE_MIN     ? INT64_MAX
           : reduction == IMPORT_REDUCE_PRODUCT ? 1
                                                : 0;
}

static enum status rows_of_integers(struct importer *importer, enum import_reduction reduction,
                                    const struct operand *rows, size_t count, size_t size,
                                    const struct shape *shape, struct operand *out)
{
    const int64_t *from = rows->integers;
    int64_t *room;
    enum status status = import_integers(importer, shape, &room, out);

    for (size_t i = 0; i < count && !status; i++) {
        room[i] = start_integer(reduction);
        for (size_t j = 0; j < size; j++) {
            if (!join_integer(reduction, &room[i], from[i * size + j]))
                return importer_fail(importer, STATUS_DATA, "its integers give none of 64 bits");
        }
        if (reduction == IMPORT_REDUCE_MEAN)
            room[i] /= (int64_t)size;
    }
    return status;
}

static enum status rows_of_floats(struct importer *importer, enum import_reduction reduction,
                                  const struct operand *rows, size_t count, size_t size,
                                  const struct shape *shape, struct operand *out)
{
    const struct weight from = rows->weight;
    float *room, block[256];
    enum status status = import_floats(importer, shape, &room, out);

    for (size_t i = 0; i < count && !status; i++) {
        double sum = start(reduction);
        for (size_t j = 0, part; j < size; j += part) {
            part = size - j < 256 ? size - j : 256;
            weight_read(&from, i * size + j, part, block);
            for (size_t k = 0; k < part; k++)
                sum = join(reduction, sum, (double)block[k]);
        }
        room[i] = (float)finish(reduction, sum, size);
    }
    return status;
}

/* The reduced axes last; returns how many are kept. */
static unsigned reduced_last(const struct operand *x, const bool *over, uint8_t *order)
{
    unsigned place = 0, kept;

    for (unsigned i = 0; i < x->shape.dims; i++) {
        if (!over[i])
            order[place++] = (uint8_t)i;
    }
    kept = place;
    for (unsigned i = 0; i < x->shape.dims; i++) {
        if (over[i])
            order[place++] = (uint8_t)i;
    }
    return kept;
}

static bool needs_floats(enum import_reduction reduction)
{
    return reduction == IMPORT_REDUCE_L1 || reduction == IMPORT_REDUCE_L2 ||
           reduction == IMPORT_REDUCE_LOG_SUM;
}

enum status constant_reduce(struct importer *importer, enum import_reduction reduction,
                            const struct operand *x, const bool over[SHAPE_MAX_DIMS], bool keep,
                            struct operand *out)
{
    uint8_t order[SHAPE_MAX_DIMS] = {0};
    unsigned kept = reduced_last(x, over, order);
    struct shape shape = {.dims = 0};
    struct operand rows = *x;
    size_t count, size;
    enum status status = STATUS_OK;

    for (unsigned i = 0; i < x->shape.dims; i++) {
        if (keep || !over[i])
            shape.dim[shape.dims++] = over[i] ? 1 : x->shape.dim[i];
    }
    if (needs_floats(reduction))
        status = import_cast(importer, &rows, false, &rows);
    if (!status)
        status = constant_transpose(importer, &rows, order, &rows);
    if (status)
        return status;
    count = shape_product(&rows.shape, 0, kept);
    size = shape_product(&rows.shape, kept, rows.shape.dims);
    if (!size)
        return importer_fail(importer, STATUS_DATA, "it reduces an empty constant");
    if (rows.kind == OPERAND_INTEGERS)
        return rows_of_integers(importer, reduction, &rows, count, size, &shape, out);
    return rows_of_floats(importer, reduction, &rows, count, size, &shape, out);
}
