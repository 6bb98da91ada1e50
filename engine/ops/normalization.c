/* LRN, Softmax, MVN, Normalize: each result depends on its neighbours. */
#include <math.h>

#include "engine/op.h"
#include "model/shape.h"

static enum status prepare_lrn(struct step *step, struct error *error)
{
    (void)error;
    step->scratch = shape_product(&step->inputs[0], 2, 4);
    return STATUS_OK;
}

static void run_lrn(const struct call *call)
{
    const struct lrn_parameters *lrn = &call->step->node->parameters.lrn;
    const struct shape *in = &call->step->inputs[0];
    struct window none = {.kernel = {1, 1}, .stride = {1, 1}, .dilation = {1, 1}};
    struct plane_geometry geometry = step_geometry(call->step, &none, in->dim[1]);
    size_t image = shape_product(in, 1, 4);

    for (size_t n = 0; n < (size_t)in->dim[0]; n++) {
        const float *from = call->inputs[0] + n * image;
        float *to = call->outputs[0] + n * image;
        if (lrn->region == LRN_WITHIN_CHANNEL)
            call->kernels->lrn_within(lrn, &geometry, from, to);
        else
            call->kernels->lrn_across(lrn, (size_t)in->dim[1], shape_product(in, 2, 4), from,
                                      call->scratch, to);
    }
}

const struct operation operation_lrn = {.prepare = prepare_lrn, .run = run_lrn};

static void run_softmax(const struct call *call)
{
    const struct softmax_parameters *p = &call->step->node->parameters.softmax;
    const struct shape *in = &call->step->inputs[0];
    unsigned axis = 0;
    size_t classes, stride, outer;

    /* Inference has checked that the axis lies inside. */
    if (!shape_axis(in, p->axis, &axis))
        return;
    classes = (size_t)in->dim[axis];
    stride = shape_product(in, axis + 1, in->dims);
    outer = shape_product(in, 0, axis);
    for (size_t i = 0; i < outer; i++)
        (p->logarithm ? call->kernels->log_softmax : call->kernels->softmax)(
            classes, stride, call->inputs[0] + i * classes * stride,
            call->outputs[0] + i * classes * stride);
}

const struct operation operation_softmax = {.run = run_softmax, .in_place = true};

/* ---- MVN (mvn_layer.cpp): epsilon is added to the deviation, not to the variance ---- */

static void run_mvn(const struct call *call)
{
    const struct mvn_parameters *p = &call->step->node->parameters.mvn;
    const struct shape *shape = &call->step->outputs[0];
    size_t parts = shape_product(shape, 0, p->across_channels ? 1 : 2);
    size_t count = step_count(shape) / parts;

    for (size_t i = 0; i < parts; i++) {
        const float *in = call->inputs[0] + i * count;
        float mean = (float)(call->kernels->sum(count, in) / (double)count), deviation = 1;
        if (p->normalize_variance)
            deviation =
                sqrtf((float)(call->kernels->sum_squares(count, mean, in) / (double)count)) +
                p->epsilon;
        call->kernels->normalize(count, mean, deviation, in, call->outputs[0] + i * count);
    }
}

const struct operation operation_mvn = {.run = run_mvn, .in_place = true};

/* ---- Normalize (normalize_layer.cpp of SSD) ---- */

static enum status prepare_normalize(struct step *step, struct error *error)
{
    const struct shape *in = &step->inputs[0];
    size_t factors = step->node->weights[0].count;
    enum status status = step_pack(step, factors, error);

    if (!status)
        weight_copy(&step->node->weights[0], step->packed);
    step->scratch = shape_product(in, 2, in->dims);
    return status;
}

/* One image, whose norms are those of its pixels or of all of it. */
static void normalize_image(const struct call *call, const float *in, float *out)
{
    const struct normalize_parameters *p = &call->step->node->parameters.normalize;
    const struct shape *shape = &call->step->inputs[0];
    size_t channels = (size_t)shape->dim[1], plane = shape_product(shape, 2, shape->dims);
    double norm = 1;

    if (p->across_spatial) {
        norm = sqrt(call->kernels->sum_squares(channels * plane, 0, in) + (double)p->epsilon);
    } else {
        call->kernels->normalize_pixels(channels, plane, p->epsilon, in, call->scratch, out);
        in = out;
    }
    for (size_t c = 0; c < channels; c++) {
        float factor = call->step->packed[p->channel_shared ? 0 : c];
        call->kernels->scale_shift(plane, (float)((double)factor / norm), 0, in + c * plane,
                                   out + c * plane);
    }
}

static void run_normalize(const struct call *call)
{
    const struct shape *shape = &call->step->inputs[0];
    size_t image = shape_product(shape, 1, shape->dims);

    for (size_t n = 0; n < (size_t)shape->dim[0]; n++)
        normalize_image(call, call->inputs[0] + n * image, call->outputs[0] + n * image);
}

const struct operation operation_normalize = {
    .prepare = prepare_normalize, .run = run_normalize, .in_place = true};
