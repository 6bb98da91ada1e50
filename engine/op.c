#include "engine/op.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/checked.h"
#include "model/shape.h"

enum { PACK_ALIGN = 64 };

static const struct operation *const operations[OPERATOR_COUNT] = {
#define X(kind, suffix, ...) &operation_##suffix,
    OPERATOR_MAP(X)
#undef X
};

const struct operation *operation_find(enum operator_kind kind)
{
    return operations[kind];
}

enum status step_pack(struct step *step, size_t count, struct error *error)
{
    size_t bytes;

    if (checked_mul(count, sizeof *step->packed, &bytes) &&
        checked_add(bytes, PACK_ALIGN - 1, &bytes)) {
        bytes = bytes / PACK_ALIGN * PACK_ALIGN;
        step->packed = aligned_alloc(PACK_ALIGN, bytes ? bytes : PACK_ALIGN);
    }
    if (!step->packed)
        return graph_error(step->graph, step->node, error, STATUS_MEMORY,
                           "there is not enough memory for its weights");
    memset(step->packed, 0, bytes);
    return STATUS_OK;
}

void step_pack_row(const struct weight *weight, size_t first, size_t count, size_t step, float *out)
{
    float row[256];

    while (count) {
        size_t part = count < sizeof row / sizeof *row ? count : sizeof row / sizeof *row;
        weight_read(weight, first, part, row);
        for (size_t i = 0; i < part; i++)
            out[i * step] = row[i];
        out += part * step;
        first += part;
        count -= part;
    }
}

void run_fail(const struct call *call, enum status status, const char *format, ...)
{
    char text[256];
    va_list arguments;

    if (call->failure->status)
        return;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    call->failure->status =
        graph_error(call->step->graph, call->step->node, call->failure->error, status, "%s", text);
}

size_t step_count(const struct shape *shape)
{
    return shape_product(shape, 0, shape->dims);
}

struct plane_geometry step_geometry(const struct step *step, const struct window *window,
                                    int64_t channels)
{
    const struct shape *in = &step->inputs[0], *out = &step->outputs[0];

    return (struct plane_geometry){.channels = channels,
                                   .height = in->dim[2],
                                   .width = in->dim[3],
                                   .out_height = out->dim[2],
                                   .out_width = out->dim[3],
                                   .window = *window};
}
