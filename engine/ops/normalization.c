/* LRN and Softmax: each result depends on its neighbours. */
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
    const struct shape *in = &call->step->inputs[0];
    unsigned axis = 0;
    size_t classes, stride, outer;

    /* Inference has checked that the axis lies inside. */
    if (!shape_axis(in, call->step->node->parameters.softmax.axis, &axis))
        return;
    classes = (size_t)in->dim[axis];
    stride = shape_product(in, axis + 1, in->dims);
    outer = shape_product(in, 0, axis);
    for (size_t i = 0; i < outer; i++)
        call->kernels->softmax(classes, stride, call->inputs[0] + i * classes * stride,
                               call->outputs[0] + i * classes * stride);
}

const struct operation operation_softmax = {.run = run_softmax, .in_place = true};
