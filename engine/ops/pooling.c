#include "engine/op.h"

static void run(const struct call *call)
{
    const struct pooling_parameters *p = &call->step->node->parameters.pooling;
    const struct shape *in = &call->step->inputs[0];
    struct window window = p->window;
    struct plane_geometry geometry;

    if (p->global)
        window = (struct window){
            .kernel = {in->dim[2], in->dim[3]}, .stride = {1, 1}, .dilation = {1, 1}};
    geometry = step_geometry(call->step, &window, in->dim[0] * in->dim[1]);
    if (p->method == POOLING_MAX)
        call->kernels->pool_max(&geometry, call->inputs[0], call->outputs[0]);
    else if (p->method == POOLING_STOCHASTIC)
        call->kernels->pool_stochastic(&geometry, call->inputs[0], call->outputs[0]);
    else
        call->kernels->pool_average(&geometry, p->exclude_pad, call->inputs[0], call->outputs[0]);
}

const struct operation operation_pooling = {.run = run};
