#include "engine/op.h"
#include "model/shape.h"

/* Where element 0 of a row of the input goes; `row` counts the input's rows. */
static size_t place_row(const struct step *step, size_t row)
{
    const struct shape *in = &step->inputs[0], *out = &step->outputs[0];
    const struct pad_parameters *p = &step->node->parameters.pad;
    size_t stride = (size_t)out->dim[out->dims - 1], at = (size_t)p->begin[in->dims - 1];

    for (unsigned i = in->dims - 1; i-- > 0;) {
        at += (row % (size_t)in->dim[i] + (size_t)p->begin[i]) * stride;
        row /= (size_t)in->dim[i];
        stride *= (size_t)out->dim[i];
    }
    return at;
}

static void run(const struct call *call)
{
    const struct step *step = call->step;
    const struct shape *in = &step->inputs[0];
    size_t count = step_count(&step->outputs[0]), rows, width;
    float *out = call->outputs[0];

    for (size_t i = 0; i < count; i++)
        out[i] = step->node->parameters.pad.value;
    if (!in->dims) {
        out[0] = call->inputs[0][0];
        return;
    }
    rows = shape_product(in, 0, in->dims - 1);
    width = (size_t)in->dim[in->dims - 1];
    for (size_t row = 0; row < rows; row++)
        memcpy(out + place_row(step, row), call->inputs[0] + row * width, width * sizeof *out);
}

const struct operation operation_pad = {.run = run};
