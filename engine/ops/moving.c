/* Operators that put values in another place. Each output is its input read in another order. */
#include "engine/op.h"
#include "model/shape.h"

enum { VIEW_MAX_DIMS = SHAPE_MAX_DIMS + 2 };

/* Element (i0, i1, ...) stands i0 * stride[0] + i1 * stride[1] + ... behind the first. */
struct view {
    unsigned dims;
    size_t extent[VIEW_MAX_DIMS], stride[VIEW_MAX_DIMS];
};

/* Adds an axis inside the others; one that goes on where its outer neighbour stops joins it. */
static void view_add(struct view *view, size_t extent, size_t stride)
{
    unsigned last = view->dims - 1;

    if (extent == 1)
        return;
    if (view->dims && view->stride[last] == extent * stride) {
        view->extent[last] *= extent;
        view->stride[last] = stride;
        return;
    }
    view->extent[view->dims] = extent;
    view->stride[view->dims++] = stride;
}

static void copy_row(const float *in, size_t extent, size_t stride, float *out)
{
    if (stride == 1) {
        memcpy(out, in, extent * sizeof *out);
        return;
    }
    for (size_t i = 0; i < extent; i++)
        out[i] = in[i * stride];
}

/* Writes the view's elements in row-major order. */
static void view_copy(const struct view *view, const float *in, float *out)
{
    size_t index[VIEW_MAX_DIMS] = {0};
    unsigned rows = view->dims ? view->dims - 1 : 0, axis;
    size_t extent = view->dims ? view->extent[rows] : 1;
    size_t stride = view->dims ? view->stride[rows] : 1;

    for (;;) {
        copy_row(in, extent, stride, out);
        out += extent;
        for (axis = rows; axis > 0; axis--) {
            in += view->stride[axis - 1];
            if (++index[axis - 1] < view->extent[axis - 1])
                break;
            in -= view->extent[axis - 1] * view->stride[axis - 1];
            index[axis - 1] = 0;
        }
        if (!axis)
            return;
    }
}

static void run_nothing(const struct call *call)
{
    (void)call;
}

const struct operation operation_silence = {.run = run_nothing};
const struct operation operation_reshape = {.alias = true};

static void run_slice(const struct call *call)
{
    const struct step *step = call->step;
    const struct shape *in = &step->inputs[0];
    const float *from = call->inputs[0];
    unsigned axis = 0;

    /* Inference has checked that the axis lies inside. */
    if (!shape_axis(in, step->node->parameters.slice.axis, &axis))
        return;
    for (uint32_t i = 0; i < step->node->output_count; i++) {
        struct view view = {.dims = 0};
        size_t part = shape_product(&step->outputs[i], axis, in->dims);
        view_add(&view, shape_product(in, 0, axis), shape_product(in, axis, in->dims));
        view_add(&view, part, 1);
        view_copy(&view, from, call->outputs[i]);
        from += part;
    }
}

const struct operation operation_slice = {.run = run_slice};

static void run_crop(const struct call *call)
{
    const struct crop_parameters *p = &call->step->node->parameters.crop;
    const struct shape *in = &call->step->inputs[0], *out = &call->step->outputs[0];
    const float *from = call->inputs[0];
    struct view view = {.dims = 0};

    for (unsigned i = 0; i < in->dims; i++) {
        size_t stride = shape_product(in, i + 1, in->dims);
        from += (size_t)shape_crop_offset(p, in, i) * stride;
        view_add(&view, (size_t)out->dim[i], stride);
    }
    view_copy(&view, from, call->outputs[0]);
}

const struct operation operation_crop = {.run = run_crop};

static void run_permute(const struct call *call)
{
    const uint8_t *order = call->step->node->parameters.permute.order;
    const struct shape *in = &call->step->inputs[0];
    struct view view = {.dims = 0};

    for (unsigned i = 0; i < in->dims; i++)
        view_add(&view, (size_t)in->dim[order[i]], shape_product(in, order[i] + 1U, in->dims));
    view_copy(&view, call->inputs[0], call->outputs[0]);
}

const struct operation operation_permute = {.run = run_permute};

static void run_tile(const struct call *call)
{
    const struct tile_parameters *p = &call->step->node->parameters.tile;
    const struct shape *in = &call->step->inputs[0];
    struct view view = {.dims = 0};
    unsigned axis = 0;
    size_t part;

    if (!shape_axis(in, p->axis, &axis))
        return;
    part = shape_product(in, axis, in->dims);
    view_add(&view, shape_product(in, 0, axis), part);
    view_add(&view, (size_t)p->tiles, 0);
    view_add(&view, part, 1);
    view_copy(&view, call->inputs[0], call->outputs[0]);
}

const struct operation operation_tile = {.run = run_tile};

/* shuffle_channel_layer.cpp of farmingyard/ShuffleNet: (group, C / group) becomes (C / group,
 * group). */
static void run_shuffle_channel(const struct call *call)
{
    size_t group = (size_t)call->step->node->parameters.shuffle_channel.group;
    const struct shape *in = &call->step->inputs[0];
    size_t channels = (size_t)in->dim[1], plane = shape_product(in, 2, in->dims);
    struct view view = {.dims = 0};

    view_add(&view, (size_t)in->dim[0], channels * plane);
    view_add(&view, channels / group, plane);
    view_add(&view, group, channels / group * plane);
    view_add(&view, plane, 1);
    view_copy(&view, call->inputs[0], call->outputs[0]);
}

const struct operation operation_shuffle_channel = {.run = run_shuffle_channel};
