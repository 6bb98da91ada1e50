/* The shape rules of layers that slide a window, and of the matrix product. */
#include <inttypes.h>

#include "model/shape_rule.h"

/* How far the padded image reaches beyond the window; false when it does not hold one window or a
 * number is absurd. Extents are below 2^31 each, so nothing overflows. */
static bool window_room(const struct window *window, int axis, int64_t extent, int64_t *room)
{
    *room = extent + window->pad[axis] + window->pad_end[axis] -
            (window->dilation[axis] * (window->kernel[axis] - 1) + 1);
    return *room >= 0;
}

enum status shape_convolution(struct inference *inference, struct error *error)
{
    const struct convolution_parameters *p = &inference->node->parameters.convolution;
    const struct shape *in = &inference->inputs[0];
    struct shape *out = &inference->outputs[0];
    int64_t room;

    if (in->dims != 4)
        return rule_fail(inference, error, "convolution wants N x C x H x W");
    if (in->dim[1] % p->group || p->outputs % p->group)
        return graph_error(inference->graph, inference->node, error, STATUS_DATA,
                           "group %" PRId64 " does not divide %" PRId64 " inputs and %" PRId64
                           " outputs",
                           p->group, in->dim[1], p->outputs);
    *out = (struct shape){.dims = 4, .dim = {in->dim[0], p->outputs}};
    for (int axis = 0; axis < 2; axis++) {
        if (!window_room(&p->window, axis, in->dim[2 + axis], &room))
            return rule_fail(inference, error, "the kernel is larger than the padded input");
        out->dim[2 + axis] = room / p->window.stride[axis] + 1;
    }
    rule_weight(inference, (struct shape){.dims = 4,
                                          .dim = {p->outputs, in->dim[1] / p->group,
                                                  p->window.kernel[0], p->window.kernel[1]}});
    if (p->bias)
        rule_weight(inference, rule_vector(p->outputs));
    return STATUS_OK;
}

/* pooling_layer.cpp, Reshape(): with padding, a last window that would start in the padding on the
 * far side is dropped. */
static int64_t pooled_extent(const struct pooling_parameters *p, int axis, int64_t extent,
                             int64_t room)
{
    int64_t stride = p->window.stride[axis], pad = p->window.pad[axis];
    bool padded = pad || p->window.pad_end[axis];
    int64_t pooled = (room + (p->ceiling ? stride - 1 : 0)) / stride + 1;

    if (padded && (pooled - 1) * stride >= extent + pad)
        pooled--;
    return pooled;
}

enum status shape_pooling(struct inference *inference, struct error *error)
{
    const struct pooling_parameters *p = &inference->node->parameters.pooling;
    const struct shape *in = &inference->inputs[0];
    struct shape *out = &inference->outputs[0];
    int64_t room;

    if (in->dims != 4)
        return rule_fail(inference, error, "pooling wants N x C x H x W");
    *out = (struct shape){.dims = 4, .dim = {in->dim[0], in->dim[1], 1, 1}};
    for (int axis = 0; axis < 2 && !p->global; axis++) {
        if (!window_room(&p->window, axis, in->dim[2 + axis], &room))
            return rule_fail(inference, error, "the kernel is larger than the padded input");
        out->dim[2 + axis] = pooled_extent(p, axis, in->dim[2 + axis], room);
    }
    return STATUS_OK;
}

enum status shape_inner_product(struct inference *inference, struct error *error)
{
    const struct inner_product_parameters *p = &inference->node->parameters.inner_product;
    const struct shape *in = &inference->inputs[0];
    struct shape *out = &inference->outputs[0];
    unsigned axis;
    int64_t inputs;

    if (!shape_axis(in, p->axis, &axis))
        return rule_fail(inference, error, "`axis` lies outside its input");
    inputs = (int64_t)shape_product(in, axis, in->dims);
    *out = (struct shape){.dims = axis + 1};
    for (unsigned i = 0; i < axis; i++)
        out->dim[i] = in->dim[i];
    out->dim[axis] = p->outputs;
    rule_weight(inference, (struct shape){.dims = 2,
                                          .dim = {p->transpose ? inputs : p->outputs,
                                                  p->transpose ? p->outputs : inputs}});
    if (p->bias)
        rule_weight(inference, rule_vector(p->outputs));
    return STATUS_OK;
}

enum status shape_lrn(struct inference *inference, struct error *error)
{
    if (inference->inputs[0].dims != 4)
        return rule_fail(inference, error, "LRN wants N x C x H x W");
    return rule_same(inference);
}

enum status shape_deconvolution(struct inference *inference, struct error *error)
{
    return rule_fail(inference, error, "this layer is not supported");
}

enum status shape_pad(struct inference *inference, struct error *error)
{
    return rule_fail(inference, error, "this layer is not supported");
}
