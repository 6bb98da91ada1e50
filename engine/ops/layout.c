/* Operators that move values or leave them alone. */
#include <string.h>

#include "engine/op.h"
#include "model/shape.h"

static void run_input(const struct call *call)
{
    (void)call; /* The caller has filled it. */
}

const struct operation operation_input = {.run = run_input};
const struct operation operation_dropout = {.alias = true};
const struct operation operation_flatten = {.alias = true};
const struct operation operation_split = {.alias = true};

static void run_concat(const struct call *call)
{
    const struct step *step = call->step;
    const struct shape *out = &step->outputs[0];
    unsigned axis = 0;
    size_t outer, row, done = 0;

    if (!shape_axis(out, step->node->parameters.concat.axis, &axis))
        return;
    outer = shape_product(out, 0, axis);
    row = shape_product(out, axis, out->dims);
    for (uint32_t i = 0; i < step->node->input_count; i++) {
        size_t part = shape_product(&step->inputs[i], axis, out->dims);
        for (size_t n = 0; n < outer; n++)
            memcpy(call->outputs[0] + n * row + done, call->inputs[i] + n * part,
                   part * sizeof(float));
        done += part;
    }
}

const struct operation operation_concat = {.run = run_concat};
