/* ArgMax and Reduction: lists of numbers become few. */
#include <math.h>
#include <stdlib.h>

#include "engine/op.h"
#include "model/shape.h"

/* ---- ArgMax (argmax_layer.cpp): indices are written as numbers ---- */

/* The lists of an ArgMax: `count` numbers, `stride` apart. */
struct lists {
    size_t outer, count, stride;
};

struct candidate {
    float value;
    uint32_t index;
};

static struct lists measure(const struct step *step)
{
    const struct arg_max_parameters *p = &step->node->parameters.arg_max;
    const struct shape *in = &step->inputs[0];
    unsigned axis = 0;

    /* Inference has checked that the axis lies inside. */
    if (!p->has_axis || !shape_axis(in, p->axis, &axis))
        return (struct lists){(size_t)in->dim[0], shape_product(in, 1, in->dims), 1};
    return (struct lists){shape_product(in, 0, axis), (size_t)in->dim[axis],
                          shape_product(in, axis + 1, in->dims)};
}

/* Caffe sorts pairs of value and index downwards, so the last of equal values comes first. A NaN
 * stands behind all numbers. */
static bool comes_before(const struct candidate *a, const struct candidate *b)
{
    if (isnan(a->value) || isnan(b->value))
        return isnan(a->value) == isnan(b->value) ? a->index > b->index : !isnan(a->value);
    return a->value > b->value || (a->value == b->value && a->index > b->index);
}

static int compare(const void *a, const void *b)
{
    return comes_before(a, b) ? -1 : 1;
}

/* Brings the best `top_k` of the list to the front of `candidates`, which has room for all. */
static void choose(const struct lists *lists, size_t top_k, const float *in,
                   struct candidate *candidates)
{
    candidates[0] = (struct candidate){in[0], 0};
    for (size_t i = 1; i < lists->count; i++) {
        struct candidate next = {in[i * lists->stride], (uint32_t)i};
        if (top_k > 1)
            candidates[i] = next;
        else if (comes_before(&next, &candidates[0]))
            candidates[0] = next;
    }
    if (top_k > 1)
        qsort(candidates, lists->count, sizeof *candidates, compare);
}

static enum status prepare_arg_max(struct step *step, struct error *error)
{
    (void)error;
    step->scratch = measure(step).count * (sizeof(struct candidate) / sizeof(float));
    return STATUS_OK;
}

static void run_arg_max(const struct call *call)
{
    const struct arg_max_parameters *p = &call->step->node->parameters.arg_max;
    struct candidate *candidates = (struct candidate *)(void *)call->scratch;
    struct lists lists = measure(call->step);
    size_t top_k = (size_t)p->top_k;
    const float *in = call->inputs[0];
    float *out = call->outputs[0];

    for (size_t i = 0; i < lists.outer; i++) {
        for (size_t j = 0; j < lists.stride; j++) {
            choose(&lists, top_k, in + j, candidates);
            for (size_t k = 0; k < top_k; k++) {
                bool value = p->out_max_val && p->has_axis;
                out[k * lists.stride + j] =
                    value ? candidates[k].value : (float)candidates[k].index;
                if (p->out_max_val && !p->has_axis)
                    out[top_k + k] = candidates[k].value;
            }
        }
        in += lists.count * lists.stride;
        out += top_k * lists.stride * (p->out_max_val && !p->has_axis ? 2 : 1);
    }
}

const struct operation operation_arg_max = {.prepare = prepare_arg_max, .run = run_arg_max};

/* ---- Reduction (reduction_layer.cpp) ---- */

static double reduce(const struct kernels *kernels, enum reduction_operation operation,
                     size_t count, const float *in)
{
    switch (operation) {
    case REDUCTION_ASUM:
        return kernels->sum_magnitudes(count, in);
    case REDUCTION_SUMSQ:
        return kernels->sum_squares(count, 0, in);
    case REDUCTION_MEAN:
        return kernels->sum(count, in) / (double)count;
    case REDUCTION_SUM:
        break;
    }
    return kernels->sum(count, in);
}

static void run_reduction(const struct call *call)
{
    const struct reduction_parameters *p = &call->step->node->parameters.reduction;
    size_t rows = step_count(&call->step->outputs[0]);
    size_t count = step_count(&call->step->inputs[0]) / rows;

    for (size_t i = 0; i < rows; i++)
        call->outputs[0][i] =
            (float)((double)p->coefficient *
                    reduce(call->kernels, p->operation, count, call->inputs[0] + i * count));
}

const struct operation operation_reduction = {.run = run_reduction};
