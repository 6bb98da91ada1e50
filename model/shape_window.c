/* The shape rules of layers that slide a window, and of the matrix product. */
#include <inttypes.h>

#include "model/shape_rule.h"

/* Larger than any sensible kernel, stride or pad, and small enough that sums of products with an
 * extent below 2^31 stay in 64 bits. */
enum { WINDOW_MAX = 1 << 20 };

static bool within(const int64_t pair[2], int64_t low)
{
    return pair[0] >= low && pair[0] <= WINDOW_MAX && pair[1] >= low && pair[1] <= WINDOW_MAX;
}

/* Readers look at what their format says; this keeps the arithmetic here safe whatever they let
 * through. `behind` is the lowest pad_end. */
static enum status check_window(const struct inference *inference, const struct window *window,
                                int64_t behind, struct error *error)
{
    if (!within(window->kernel, 1) || !within(window->stride, 1) || !within(window->dilation, 1))
        return rule_fail(inference, error,
                         "kernel, stride and dilation must be 1 to 1048576 in each direction");
    if (!within(window->pad, 0) || !within(window->pad_end, behind))
        return rule_fail(inference, error, "the padding is negative or above 1048576");
    return STATUS_OK;
}

static int64_t dilated_kernel(const struct window *window, int axis)
{
    return window->dilation[axis] * (window->kernel[axis] - 1) + 1;
}

/* How far the padded image reaches beyond the window; false when it does not hold one window. */
static bool window_room(const struct window *window, int axis, int64_t extent, int64_t *room)
{
    *room = extent + window->pad[axis] + window->pad_end[axis] - dilated_kernel(window, axis);
    return *room >= 0;
}

static enum status check_groups(const struct inference *inference,
                                const struct convolution_parameters *p, struct error *error)
{
    int64_t inputs = inference->inputs[0].dim[1];

    if (p->group < 1 || p->outputs < 1 || inputs % p->group || p->outputs % p->group)
        return graph_error(inference->graph, inference->node, error, STATUS_DATA,
                           "group %" PRId64 " does not divide %" PRId64 " inputs and %" PRId64
                           " outputs",
                           p->group, inputs, p->outputs);
    return STATUS_OK;
}

enum status shape_convolution(struct inference *inference, struct error *error)
{
    const struct convolution_parameters *p = &inference->node->parameters.convolution;
    const struct shape *in = &inference->inputs[0];
    struct shape *out = &inference->outputs[0];
    enum status status;
    int64_t room;

    if (in->dims != 4)
        return rule_fail(inference, error, "convolution wants N x C x H x W");
    status = check_window(inference, &p->window, 0, error);
    if (!status)
        status = check_groups(inference, p, error);
    if (status)
        return status;
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

/* deconv_layer.cpp, compute_output_shape(); the weights are those of the convolution that leads
 * back, so their first axis counts this layer's inputs (base_conv_layer.cpp, reverse_dimensions).
 */
enum status shape_deconvolution(struct inference *inference, struct error *error)
{
    const struct convolution_parameters *p = &inference->node->parameters.deconvolution;
    const struct window *window = &p->window;
    const struct shape *in = &inference->inputs[0];
    struct shape *out = &inference->outputs[0];
    enum status status;

    if (in->dims != 4)
        return rule_fail(inference, error, "deconvolution wants N x C x H x W");
    status = check_window(inference, window, -WINDOW_MAX, error);
    if (!status)
        status = check_groups(inference, p, error);
    if (status)
        return status;
    *out = (struct shape){.dims = 4, .dim = {in->dim[0], p->outputs}};
    for (int axis = 0; axis < 2; axis++) {
        int64_t all = window->stride[axis] * (in->dim[2 + axis] - 1) + dilated_kernel(window, axis);
        out->dim[2 + axis] = all - window->pad[axis] - window->pad_end[axis];
        if (out->dim[2 + axis] < 1)
            return rule_fail(inference, error, "its padding leaves nothing of the output");
    }
    rule_weight(inference, (struct shape){.dims = 4,
                                          .dim = {in->dim[1], p->outputs / p->group,
                                                  window->kernel[0], window->kernel[1]}});
    if (p->bias)
        rule_weight(inference, rule_vector(p->outputs));
    return STATUS_OK;
}

int64_t shape_pooled_extent(const struct pooling_parameters *p, int axis, int64_t extent)
{
    const struct window *window = &p->window;
    int64_t stride = window->stride[axis], pad = window->pad[axis], room, pooled;
    bool padded = window->pad[0] || window->pad[1] || window->pad_end[0] || window->pad_end[1];

    if (!window_room(window, axis, extent, &room))
        return p->ceiling && room > -stride ? 1 : 0;
    pooled = (room + (p->ceiling ? stride - 1 : 0)) / stride + 1;
    return padded && (pooled - 1) * stride >= extent + pad ? pooled - 1 : pooled;
}

static enum status check_pooling(const struct inference *inference, struct error *error)
{
    const struct pooling_parameters *p = &inference->node->parameters.pooling;
    const struct window *window = &p->window;
    enum status status = check_window(inference, window, 0, error);

    if (status)
        return status;
    for (int axis = 0; axis < 2; axis++) {
        if (window->dilation[axis] != 1 && p->method != POOLING_MAX)
            return rule_fail(inference, error, "only a maximum may have a dilated window");
        if (window->pad[axis] >= dilated_kernel(window, axis) ||
            window->pad_end[axis] >= dilated_kernel(window, axis))
            return rule_fail(inference, error, "the padding must be smaller than the kernel");
        if (p->method == POOLING_STOCHASTIC && (window->pad[axis] || window->pad_end[axis]))
            return rule_fail(inference, error, "stochastic pooling has no padding");
    }
    return STATUS_OK;
}

enum status shape_pooling(struct inference *inference, struct error *error)
{
    const struct pooling_parameters *p = &inference->node->parameters.pooling;
    const struct shape *in = &inference->inputs[0];
    struct shape *out = &inference->outputs[0];
    enum status status;

    if (in->dims != 4)
        return rule_fail(inference, error, "pooling wants N x C x H x W");
    status = p->global ? STATUS_OK : check_pooling(inference, error);
    if (status)
        return status;
    *out = (struct shape){.dims = 4, .dim = {in->dim[0], in->dim[1], 1, 1}};
    for (int axis = 0; axis < 2 && !p->global; axis++) {
        out->dim[2 + axis] = shape_pooled_extent(p, axis, in->dim[2 + axis]);
        if (!out->dim[2 + axis])
            return rule_fail(inference, error, "the kernel is larger than the padded input");
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
    if (inference->node->parameters.lrn.local_size % 2 != 1)
        return rule_fail(inference, error, "LRN needs an odd local_size");
    return rule_same(inference);
}

enum status shape_pad(struct inference *inference, struct error *error)
{
    const struct pad_parameters *p = &inference->node->parameters.pad;
    struct shape *out = &inference->outputs[0];

    *out = inference->inputs[0];
    if (p->dims != out->dims)
        return rule_fail(inference, error, "Pad must name the padding of each axis");
    for (unsigned i = 0; i < out->dims; i++) {
        if (p->begin[i] < 0 || p->begin[i] > SHAPE_MAX_COUNT || p->end[i] < 0 ||
            p->end[i] > SHAPE_MAX_COUNT)
            return rule_fail(inference, error, "the padding is negative or too large");
        out->dim[i] += p->begin[i] + p->end[i];
    }
    return STATUS_OK;
}
