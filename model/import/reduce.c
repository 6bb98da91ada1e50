/* Softmax, the largest index, and reductions over any axes. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "model/import/constant.h"

enum status import_softmax(struct importer *importer, const char *name, const struct operand *x,
                           int64_t axis, bool logarithm, struct operand *out)
{
    union parameters parameters = {.softmax = {.logarithm = logarithm}};
    unsigned index;
    enum status status = build_check_value(importer, x);

    if (!status)
        status = build_axis(importer, axis, x->shape.dims, &index);
    if (status)
        return status;
    parameters.softmax.axis = x->order[index];
    return build_simple(importer, name, OPERATOR_SOFTMAX, &parameters, x, out);
}

enum status import_arg_max(struct importer *importer, const char *name, const struct operand *x,
                           int64_t axis, bool keep, struct operand *out)
{
    union parameters parameters = {.arg_max = {.top_k = 1, .has_axis = true}};
    struct operand largest;
    const char *helper = name;
    const int64_t dropped = axis;
    unsigned index;
    enum status status = build_check_value(importer, x);

    if (!status)
        status = build_axis(importer, axis, x->shape.dims, &index);
    if (!status && !keep)
        status = build_name(importer, name, "ArgMax", &helper);
    if (status)
        return status;
    parameters.arg_max.axis = x->order[index];
    status = build_simple(importer, helper, OPERATOR_ARG_MAX, &parameters, x, &largest);
    if (status || keep) {
        *out = largest;
        return status;
    }
    return import_squeeze(importer, name, &largest, &dropped, 1, out);
}

enum status import_largest(struct importer *importer, const char *name, const struct operand *x,
                           int64_t axis, int64_t k, bool values, struct operand *out)
{
    struct layer layer = {.kind = OPERATOR_ARG_MAX, .input_count = 1, .inputs = &x->value};
    unsigned index;
    enum status status = build_check_value(importer, x);

    if (!status)
        status = build_axis(importer, axis, x->shape.dims, &index);
    if (status)
        return status;
    layer.parameters.arg_max = (struct arg_max_parameters){
        .top_k = k, .axis = x->order[index], .has_axis = true, .out_max_val = values};
    return build_on(importer, name, x, &layer, out);
}

/* ---- reductions ---- */

struct reduction {
    enum import_reduction kind;
    bool over[SHAPE_MAX_DIMS]; /* the source's axes */
    unsigned kept;             /* how many are not reduced */
    struct shape result;       /* in the source's axes, with or without those of extent 1 */
    bool keep;
};

/* Where each axis must stand for the reduced ones to be the last; the order stays as it is if they
 * are already. */
static void reduced_last(const struct operand *x, const struct reduction *reduction, uint8_t *want)
{
    unsigned kept = 0, reduced = reduction->kept;
    bool last = true;

    for (unsigned i = 0; i < x->shape.dims; i++)
        last = last && reduction->over[i] == (x->order[i] >= reduction->kept);
    for (unsigned i = 0; i < x->shape.dims; i++)
        want[i] = last ? x->order[i] : (uint8_t)(reduction->over[i] ? reduced++ : kept++);
}

static bool is_plane(const struct operand *x, const struct reduction *reduction)
{
    for (unsigned i = 0; i < x->shape.dims; i++) {
        if (reduction->over[i] != (x->order[i] >= 2))
            return false;
    }
    return x->shape.dims == 4;
}

static enum status global_pooling(struct importer *importer, const char *name,
                                  enum pooling_method method, const struct operand *x,
                                  struct operand *out)
{
    union parameters pooling = {.pooling = {.method = method,
                                            .global = true,
                                            .window = {.stride = {1, 1}, .dilation = {1, 1}}}};

    return build_simple(importer, name, OPERATOR_POOLING, &pooling, x, out);
}

static enum status reshape_to(struct importer *importer, const char *name, const struct operand *x,
                              const struct shape *shape, struct operand *out)
{
    return import_reshape(importer, name, x, shape->dim, shape->dims, out);
}

/* Over height and width. */
static enum status over_planes(struct importer *importer, const char *name, const struct operand *x,
                               const struct reduction *reduction, struct operand *out)
{
    const char *helper = name;
    struct operand pooled;
    enum status status =
        reduction->keep ? STATUS_OK : build_name(importer, name, "Pooling", &helper);

    if (!status)
        status = global_pooling(
            importer, helper, reduction->kind == IMPORT_REDUCE_MEAN ? POOLING_AVERAGE : POOLING_MAX,
            x, &pooled);
    return status ? status : reshape_to(importer, name, &pooled, &reduction->result, out);
}

/* The batch (if kept), the other kept axes and the reduced ones as N,C,H of a plane. */
static enum status to_rows(struct importer *importer, const char *name, const struct operand *x,
                           const struct reduction *reduction, const uint8_t *want,
                           struct operand *out)
{
    struct shape plane = {.dims = 4, .dim = {1, 1, 1, 1}};
    struct operand turned;
    const char *helper;
    uint32_t value;
    enum status status = build_turned(importer, name, x, want, &turned);

    for (unsigned i = 0; i < x->shape.dims; i++) {
        unsigned at = want[i] >= reduction->kept ? 2 : want[i] ? 1 : 0;
        plane.dim[at] *= x->shape.dim[i];
    }
    if (!status)
        status = build_name(importer, name, "Reshape", &helper);
    if (!status)
        status = build_reshape(importer, helper, turned.value, &plane, -1, &value);
    if (!status)
        *out = build_operand(importer, value, NULL);
    return status;
}

/* The largest number over any axes: of planes of rows x 1. */
static enum status over_rows(struct importer *importer, const char *name, const struct operand *x,
                             const struct reduction *reduction, struct operand *out)
{
    struct shape rows = {.dims = reduction->kept};
    int64_t order[SHAPE_MAX_DIMS];
    uint8_t want[SHAPE_MAX_DIMS];
    struct operand largest;
    const char *helper;
    unsigned kept = 0;
    enum status status;

    reduced_last(x, reduction, want);
    status = to_rows(importer, name, x, reduction, want, &largest);
    if (!status)
        status = build_name(importer, name, "Pooling", &helper);
    if (!status)
        status = global_pooling(importer, helper, POOLING_MAX, &largest, &largest);
    if (!status)
        status = build_name(importer, name, "Reshape", &helper);
    if (status)
        return status;
    for (unsigned i = 0; i < x->shape.dims; i++) {
        if (reduction->over[i])
            continue;
        rows.dim[want[i]] = x->shape.dim[i];
        order[kept++] = want[i];
    }
    if (!reduction->keep)
        helper = name;
    status = reshape_to(importer, helper, &largest, &rows, &largest);
    if (!status)
        status = import_transpose(importer, name, &largest, order, kept, &largest);
    return status ? status : reshape_to(importer, name, &largest, &reduction->result, out);
}

/* By a Reduction layer, which drops the last axes. */
static enum status over_last(struct importer *importer, const char *name, const struct operand *x,
                             const struct reduction *reduction, struct operand *out)
{
    static const enum reduction_operation operations[] = {[IMPORT_REDUCE_MEAN] = REDUCTION_MEAN,
                                                          [IMPORT_REDUCE_SUM] = REDUCTION_SUM,
                                                          [IMPORT_REDUCE_L1] = REDUCTION_ASUM,
                                                          [IMPORT_REDUCE_SUM_OF_SQUARES] =
                                                              REDUCTION_SUMSQ};
    struct layer layer = {.kind = OPERATOR_REDUCTION, .input_count = 1};
    uint8_t want[SHAPE_MAX_DIMS], order[SHAPE_MAX_DIMS] = {0};
    const char *helper = name;
    struct operand turned;
    unsigned kept = 0;
    uint32_t value;
    enum status status;

    reduced_last(x, reduction, want);
    status = build_turned(importer, name, x, want, &turned);
    if (!status && reduction->keep)
        status = build_name(importer, name, "Reduction", &helper);
    if (status)
        return status;
    layer.inputs = &turned.value;
    layer.parameters.reduction = (struct reduction_parameters){
        .operation = operations[reduction->kind], .axis = reduction->kept, .coefficient = 1};
    status = build_layer(importer, helper, &layer, &value);
    if (status)
        return status;
    for (unsigned i = 0; i < x->shape.dims; i++) {
        if (!reduction->over[i])
            order[kept++] = want[i];
    }
    turned = build_operand(importer, value, order);
    return reshape_to(importer, name, &turned, &reduction->result, out);
}

static enum status reduce_value(struct importer *importer, const char *name,
                                const struct operand *x, struct reduction *reduction,
                                struct operand *out);

/* One that is another followed (or, for the minimum, also preceded) by a function. */
static enum status reduce_composed(struct importer *importer, const char *name,
                                   const struct operand *x, struct reduction *reduction,
                                   struct operand *out)
{
    struct operand part = *x;
    enum import_unary after = reduction->kind == IMPORT_REDUCE_L2        ? IMPORT_SQRT
                              : reduction->kind == IMPORT_REDUCE_LOG_SUM ? IMPORT_LOG
                                                                         : IMPORT_NEGATE;
    const char *helper;
    enum status status = STATUS_OK;

    if (after == IMPORT_NEGATE) {
        status = build_name(importer, name, "Negative", &helper);
        if (!status)
            status = import_unary(importer, helper, IMPORT_NEGATE, 0, 0, x, &part);
    }
    reduction->kind = after == IMPORT_SQRT  ? IMPORT_REDUCE_SUM_OF_SQUARES
                      : after == IMPORT_LOG ? IMPORT_REDUCE_SUM
                                            : IMPORT_REDUCE_MAX;
    if (!status)
        status = build_name(importer, name, "Reduced", &helper);
    if (!status)
        status = reduce_value(importer, helper, &part, reduction, &part);
    return status ? status : import_unary(importer, name, after, 0, 0, &part, out);
}

static enum status reduce_value(struct importer *importer, const char *name,
                                const struct operand *x, struct reduction *reduction,
                                struct operand *out)
{
    switch (reduction->kind) {
    case IMPORT_REDUCE_PRODUCT:
        return importer_fail(importer, STATUS_UNSUPPORTED,
                             "the product of numbers that the network computes is not supported");
    case IMPORT_REDUCE_MAX:
        return is_plane(x, reduction) ? over_planes(importer, name, x, reduction, out)
                                      : over_rows(importer, name, x, reduction, out);
    case IMPORT_REDUCE_MEAN:
        return is_plane(x, reduction) ? over_planes(importer, name, x, reduction, out)
                                      : over_last(importer, name, x, reduction, out);
    case IMPORT_REDUCE_MIN:
    case IMPORT_REDUCE_L2:
    case IMPORT_REDUCE_LOG_SUM:
        return reduce_composed(importer, name, x, reduction, out);
    default:
        return over_last(importer, name, x, reduction, out);
    }
}

enum status import_reduce(struct importer *importer, const char *name, enum import_reduction kind,
                          const struct operand *x, const int64_t *axes, size_t axis_count,
                          bool keep, struct operand *out)
{
    struct reduction reduction = {.kind = kind, .keep = keep};

    for (size_t i = 0; i < axis_count; i++) {
        unsigned axis;
        enum status status = build_axis(importer, axes[i], x->shape.dims, &axis);
        if (status)
            return status;
        reduction.over[axis] = true;
    }
    for (unsigned i = 0; i < x->shape.dims; i++) {
        reduction.over[i] = reduction.over[i] || !axis_count;
        reduction.kept += !reduction.over[i];
        if (keep || !reduction.over[i])
            reduction.result.dim[reduction.result.dims++] = reduction.over[i] ? 1 : x->shape.dim[i];
    }
    if (reduction.kept == x->shape.dims)
        return import_identity(importer, name, x, out);
    if (operand_is_constant(x))
        return constant_reduce(importer, kind, x, reduction.over, keep, out);
    return reduce_value(importer, name, x, &reduction, out);
}
