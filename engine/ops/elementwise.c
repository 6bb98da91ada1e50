/* Eltwise, BatchNorm, Scale, Bias: work on each element by itself. */
#include <math.h>

#include "engine/op.h"
#include "model/shape.h"

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

/* ---- BatchNorm (batch_norm_layer.cpp): both learned statistics are divided by the third blob, and
 * 0 there means that nothing was learned ---- */

static enum status prepare_batch_norm(struct step *step, struct error *error)
{
    const struct weight *weights = step->node->weights;
    size_t channels = weights[0].count;
    float count = weight_at(&weights[2], 0), factor = count == 0 ? 0 : 1 / count;
    enum status status;

    if (step->node->parameters.batch_norm.batch_statistics)
        return STATUS_OK;
    status = step_pack(step, 2 * channels, error);
    for (size_t i = 0; i < channels && !status; i++) {
        float variance = weight_at(&weights[1], i) * factor;
        step->packed[2 * i] = weight_at(&weights[0], i) * factor;
        step->packed[2 * i + 1] = sqrtf(variance + step->node->parameters.batch_norm.epsilon);
    }
    return status;
}

/* The mean and the deviation of one channel of all images, which are `image` apart. */
static void measure_channel(const struct call *call, size_t images, size_t image, size_t plane,
                            const float *in, float *mean, float *deviation)
{
    double count = (double)(images * plane), sum = 0, squares = 0;

    for (size_t n = 0; n < images; n++)
        sum += call->kernels->sum(plane, in + n * image);
    *mean = (float)(sum / count);
    for (size_t n = 0; n < images; n++)
        squares += call->kernels->sum_squares(plane, *mean, in + n * image);
    *deviation = sqrtf((float)(squares / count) + call->step->node->parameters.batch_norm.epsilon);
}

static void run_batch_norm(const struct call *call)
{
    const struct shape *in = &call->step->inputs[0];
    size_t channels = call->step->node->weights[0].count;
    size_t images = (size_t)in->dim[0], image = step_count(in) / images, plane = image / channels;

    for (size_t c = 0; c < channels; c++) {
        float mean, deviation;
        if (call->step->packed) {
            mean = call->step->packed[2 * c];
            deviation = call->step->packed[2 * c + 1];
        } else {
            measure_channel(call, images, image, plane, call->inputs[0] + c * plane, &mean,
                            &deviation);
        }
        for (size_t at = c * plane; at < images * image; at += image)
            call->kernels->normalize(plane, mean, deviation, call->inputs[0] + at,
                                     call->outputs[0] + at);
    }
}

const struct operation operation_batch_norm = {
    .prepare = prepare_batch_norm, .run = run_batch_norm, .in_place = true};

/* ---- Scale and Bias (scale_layer.cpp, bias_layer.cpp): a factor and a shift per element of a
 * slice, repeated over the axes around it; learned, or the second input ---- */

static enum status prepare_slices(struct step *step, struct error *error)
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

/* How many elements a slice has, and how many stand in each of its places. */
static void measure_slice(const struct step *step, int64_t asked, size_t *slice, size_t *inner)
{
    const struct shape *in = &step->inputs[0];
    unsigned axis;

    *slice =
        step->node->input_count > 1 ? step_count(&step->inputs[1]) : step->node->weights[0].count;
    /* One number goes with any axis; else inference has checked that it lies inside. */
    if (*slice == 1 || !shape_axis(in, asked, &axis))
        axis = 0;
    *inner = step_count(in) / shape_product(in, 0, axis) / *slice;
}

/* Without `factor` or `shift`: 1, 0. */
static void run_slices(const struct call *call, int64_t axis, const float *factor,
                       const float *shift)
{
    size_t count = step_count(&call->step->inputs[0]), slice, inner;

    measure_slice(call->step, axis, &slice, &inner);
    for (size_t i = 0; i < count / inner; i++)
        call->kernels->scale_shift(inner, factor ? factor[i % slice] : 1,
                                   shift ? shift[i % slice] : 0, call->inputs[0] + i * inner,
                                   call->outputs[0] + i * inner);
}

static void run_scale(const struct call *call)
{
    const struct node *node = call->step->node;
    const float *packed = call->step->packed;
    bool learned = node->input_count == 1, shifted = node->parameters.scale.bias;

    run_slices(call, node->parameters.scale.axis, learned ? packed : call->inputs[1],
               shifted ? packed + (learned ? node->weights[0].count : 0) : NULL);
}

static void run_bias(const struct call *call)
{
    const struct node *node = call->step->node;

    run_slices(call, node->parameters.bias.axis, NULL,
               node->input_count == 1 ? call->step->packed : call->inputs[1]);
}

const struct operation operation_scale = {
    .prepare = prepare_slices, .run = run_scale, .in_place = true};
const struct operation operation_bias = {
    .prepare = prepare_slices, .run = run_bias, .in_place = true};
