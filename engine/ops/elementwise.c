/* ReLU, Eltwise, BatchNorm, Scale: work on each element by itself. */
#include <math.h>

#include "engine/op.h"
#include "model/shape.h"

static void run_relu(const struct call *call)
{
    call->kernels->relu(step_count(&call->step->inputs[0]),
                        call->step->node->parameters.relu.negative_slope, call->inputs[0],
                        call->outputs[0]);
}

const struct operation operation_relu = {.run = run_relu, .in_place = true};

/* ---- Eltwise (eltwise_layer.cpp) ---- */

static void run_eltwise(const struct call *call)
{
    const struct eltwise_parameters *p = &call->step->node->parameters.eltwise;
    const struct kernels *kernels = call->kernels;
    size_t count = step_count(&call->step->inputs[0]);
    const float *sum = call->inputs[0];
    float *out = call->outputs[0];

    if (p->coefficients) {
        kernels->scale_shift(count, p->coefficients[0], 0, sum, out);
        sum = out;
    }
    for (uint32_t i = 1; i < call->step->node->input_count; i++) {
        if (p->operation == ELTWISE_PRODUCT)
            kernels->multiply(count, sum, call->inputs[i], out);
        else if (p->operation == ELTWISE_MAX)
            kernels->maximum(count, sum, call->inputs[i], out);
        else
            kernels->add_scaled(count, p->coefficients ? p->coefficients[i] : 1, sum,
                                call->inputs[i], out);
        sum = out;
    }
}

const struct operation operation_eltwise = {.run = run_eltwise, .in_place = true};

/* ---- BatchNorm (batch_norm_layer.cpp): both statistics are divided by the third blob, and 0 there
 * means that nothing was learned ---- */

static enum status prepare_batch_norm(struct step *step, struct error *error)
{
    const struct weight *weights = step->node->weights;
    size_t channels = weights[0].count;
    float count = weight_at(&weights[2], 0), factor = count == 0 ? 0 : 1 / count;
    enum status status = step_pack(step, 2 * channels, error);

    for (size_t i = 0; i < channels && !status; i++) {
        float variance = weight_at(&weights[1], i) * factor;
        step->packed[2 * i] = weight_at(&weights[0], i) * factor;
        step->packed[2 * i + 1] = sqrtf(variance + step->node->parameters.batch_norm.epsilon);
    }
    return status;
}

static void run_batch_norm(const struct call *call)
{
    const struct shape *in = &call->step->inputs[0];
    size_t channels = call->step->node->weights[0].count;
    size_t images = (size_t)in->dim[0], plane = step_count(in) / images / channels;

    for (size_t i = 0; i < images * channels; i++) {
        const float *channel = call->step->packed + i % channels * 2;
        call->kernels->normalize(plane, channel[0], channel[1], call->inputs[0] + i * plane,
                                 call->outputs[0] + i * plane);
    }
}

const struct operation operation_batch_norm = {
    .prepare = prepare_batch_norm, .run = run_batch_norm, .in_place = true};

/* ---- Scale (scale_layer.cpp): factor and shift per slice, repeated over the axes around it ----
 */

static enum status prepare_scale(struct step *step, struct error *error)
{
    const struct node *node = step->node;
    enum status status = STATUS_OK;
    size_t count = 0;

    for (uint32_t i = 0; i < node->weight_count; i++)
        count += node->weights[i].count;
    status = step_pack(step, count, error);
    count = 0;
    for (uint32_t i = 0; i < node->weight_count && !status; i++) {
        weight_copy(&node->weights[i], step->packed + count);
        count += node->weights[i].count;
    }
    return status;
}

static void run_scale(const struct call *call)
{
    const struct node *node = call->step->node;
    const struct shape *in = &call->step->inputs[0];
    bool learned = node->input_count == 1;
    const float *factor = learned ? call->step->packed : call->inputs[1];
    size_t slice = learned ? node->weights[0].count : step_count(&call->step->inputs[1]);
    const float *shift = call->step->packed + (learned ? slice : 0);
    unsigned axis = 0;
    size_t outer, inner;

    /* Inference has checked that the axis lies inside. */
    if (shape_axis(in, node->parameters.scale.axis, &axis)) {
        outer = shape_product(in, 0, axis);
        inner = step_count(in) / outer / slice;
        for (size_t i = 0; i < outer * slice; i++)
            call->kernels->scale_shift(inner, factor[i % slice],
                                       node->parameters.scale.bias ? shift[i % slice] : 0,
                                       call->inputs[0] + i * inner, call->outputs[0] + i * inner);
    }
}

const struct operation operation_scale = {
    .prepare = prepare_scale, .run = run_scale, .in_place = true};
