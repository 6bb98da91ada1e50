/* The shape rule of each operator. */
#include <inttypes.h>

#include "model/shape.h"

static enum status fail(const struct inference *inference, struct error *error, const char *what)
{
    char text[SHAPE_TEXT];

    return graph_error(inference->graph, inference->node, error, STATUS_DATA,
                       "%s (its input is %s)", what, shape_text(&inference->inputs[0], text));
}

static void weight_add(struct inference *inference, struct shape shape)
{
    inference->weights[inference->weight_count++] = shape;
}

static struct shape vector(int64_t count)
{
    return (struct shape){.dims = 1, .dim = {count}};
}

static enum status same(struct inference *inference)
{
    inference->outputs[0] = inference->inputs[0];
    return STATUS_OK;
}

enum status shape_input(struct inference *inference, struct error *error)
{
    (void)error;
    inference->outputs[0] = inference->node->parameters.input.shape;
    return STATUS_OK;
}

/* How far the padded image reaches beyond the window; false when it does not hold one window or a
 * number is absurd. Extents are below 2^31 each, so nothing overflows. */
static bool window_room(const struct window *window, int axis, int64_t extent, int64_t *room)
{
    *room =
        extent + 2 * window->pad[axis] - (window->dilation[axis] * (window->kernel[axis] - 1) + 1);
    return *room >= 0;
}

enum status shape_convolution(struct inference *inference, struct error *error)
{
    const struct convolution_parameters *p = &inference->node->parameters.convolution;
    const struct shape *in = &inference->inputs[0];
    struct shape *out = &inference->outputs[0];
    int64_t room;

    if (in->dims != 4)
        return fail(inference, error, "convolution wants N x C x H x W");
    if (in->dim[1] % p->group || p->outputs % p->group)
        return graph_error(inference->graph, inference->node, error, STATUS_DATA,
                           "group %" PRId64 " does not divide %" PRId64 " inputs and %" PRId64
                           " outputs",
                           p->group, in->dim[1], p->outputs);
    *out = (struct shape){.dims = 4, .dim = {in->dim[0], p->outputs}};
    for (int axis = 0; axis < 2; axis++) {
        if (!window_room(&p->window, axis, in->dim[2 + axis], &room))
            return fail(inference, error, "the kernel is larger than the padded input");
        out->dim[2 + axis] = room / p->window.stride[axis] + 1;
    }
    weight_add(inference, (struct shape){.dims = 4,
                                         .dim = {p->outputs, in->dim[1] / p->group,
                                                 p->window.kernel[0], p->window.kernel[1]}});
    if (p->bias)
        weight_add(inference, vector(p->outputs));
    return STATUS_OK;
}

/* pooling_layer.cpp, Reshape(): with padding, a last window that would start in the padding on the
 * far side is dropped. */
static int64_t pooled_extent(const struct pooling_parameters *p, int axis, int64_t extent,
                             int64_t room)
{
    int64_t stride = p->window.stride[axis], pad = p->window.pad[axis];
    int64_t pooled = (room + (p->ceiling ? stride - 1 : 0)) / stride + 1;

    if (pad && (pooled - 1) * stride >= extent + pad)
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
        return fail(inference, error, "pooling wants N x C x H x W");
    *out = (struct shape){.dims = 4, .dim = {in->dim[0], in->dim[1], 1, 1}};
    for (int axis = 0; axis < 2 && !p->global; axis++) {
        if (!window_room(&p->window, axis, in->dim[2 + axis], &room))
            return fail(inference, error, "the kernel is larger than the padded input");
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
        return fail(inference, error, "`axis` lies outside its input");
    inputs = (int64_t)shape_product(in, axis, in->dims);
    *out = (struct shape){.dims = axis + 1};
    for (unsigned i = 0; i < axis; i++)
        out->dim[i] = in->dim[i];
    out->dim[axis] = p->outputs;
    weight_add(inference, (struct shape){.dims = 2,
                                         .dim = {p->transpose ? inputs : p->outputs,
                                                 p->transpose ? p->outputs : inputs}});
    if (p->bias)
        weight_add(inference, vector(p->outputs));
    return STATUS_OK;
}

enum status shape_relu(struct inference *inference, struct error *error)
{
    (void)error;
    return same(inference);
}

enum status shape_dropout(struct inference *inference, struct error *error)
{
    (void)error;
    return same(inference);
}

enum status shape_softmax(struct inference *inference, struct error *error)
{
    unsigned axis;

    if (!shape_axis(&inference->inputs[0], inference->node->parameters.softmax.axis, &axis))
        return fail(inference, error, "`axis` lies outside its input");
    return same(inference);
}

enum status shape_lrn(struct inference *inference, struct error *error)
{
    if (inference->inputs[0].dims != 4)
        return fail(inference, error, "LRN wants N x C x H x W");
    return same(inference);
}

enum status shape_concat(struct inference *inference, struct error *error)
{
    const struct node *node = inference->node;
    struct shape *out = &inference->outputs[0];
    char a[SHAPE_TEXT], b[SHAPE_TEXT];
    unsigned axis;

    *out = inference->inputs[0];
    if (!shape_axis(out, node->parameters.concat.axis, &axis))
        return fail(inference, error, "`axis` lies outside its input");
    for (uint32_t i = 1; i < node->input_count; i++) {
        struct shape other = inference->inputs[i];
        int64_t extent = other.dims == out->dims ? other.dim[axis] : 0;
        if (other.dims == out->dims)
            other.dim[axis] = out->dim[axis];
        if (!shape_equal(&other, out))
            return graph_error(inference->graph, node, error, STATUS_DATA,
                               "input %" PRIu32 " is %s and does not fit %s", i,
                               shape_text(&inference->inputs[i], a), shape_text(out, b));
        out->dim[axis] += extent;
    }
    return STATUS_OK;
}

enum status shape_eltwise(struct inference *inference, struct error *error)
{
    const struct node *node = inference->node;
    char a[SHAPE_TEXT], b[SHAPE_TEXT];

    for (uint32_t i = 1; i < node->input_count; i++) {
        if (!shape_equal(&inference->inputs[i], &inference->inputs[0]))
            return graph_error(inference->graph, node, error, STATUS_DATA,
                               "inputs are %s and %s, but must be alike",
                               shape_text(&inference->inputs[0], a),
                               shape_text(&inference->inputs[i], b));
    }
    return same(inference);
}

enum status shape_flatten(struct inference *inference, struct error *error)
{
    const struct flatten_parameters *p = &inference->node->parameters.flatten;
    const struct shape *in = &inference->inputs[0];
    struct shape *out = &inference->outputs[0];
    unsigned from, to;

    if (!shape_axis(in, p->axis, &from) || !shape_axis(in, p->end_axis, &to) || from > to)
        return fail(inference, error, "`axis` to `end_axis` lies outside its input");
    *out = (struct shape){.dims = 0};
    for (unsigned i = 0; i < from; i++)
        out->dim[out->dims++] = in->dim[i];
    out->dim[out->dims++] = (int64_t)shape_product(in, from, to + 1);
    for (unsigned i = to + 1; i < in->dims; i++)
        out->dim[out->dims++] = in->dim[i];
    return STATUS_OK;
}

enum status shape_split(struct inference *inference, struct error *error)
{
    (void)error;
    for (uint32_t i = 0; i < inference->node->output_count; i++)
        inference->outputs[i] = inference->inputs[0];
    return STATUS_OK;
}

enum status shape_batch_norm(struct inference *inference, struct error *error)
{
    const struct shape *in = &inference->inputs[0];
    int64_t channels = in->dims > 1 ? in->dim[1] : 1;

    if (!in->dims)
        return fail(inference, error, "BatchNorm wants N x C x ...");
    weight_add(inference, vector(channels));
    weight_add(inference, vector(channels));
    weight_add(inference, vector(1));
    return same(inference);
}

/* scale_layer.cpp: with one input the factor is a weight whose shape is a slice of the input's;
 * with two it is the second input, whose shape must be such a slice. */
enum status shape_scale(struct inference *inference, struct error *error)
{
    const struct scale_parameters *p = &inference->node->parameters.scale;
    const struct shape *in = &inference->inputs[0];
    bool learned = inference->node->input_count == 1;
    struct shape slice = {.dims = 0};
    unsigned axis, end;

    if (!shape_axis(in, p->axis, &axis))
        return fail(inference, error, "`axis` lies outside its input");
    if (learned)
        end = p->num_axes == -1 ? in->dims : axis + (unsigned)p->num_axes;
    else
        end = axis + inference->inputs[1].dims;
    if (end > in->dims)
        return fail(inference, error, "the factor has more axes than its input");
    for (unsigned i = axis; i < end; i++)
        slice.dim[slice.dims++] = in->dim[i];
    if (!learned && !shape_equal(&slice, &inference->inputs[1]))
        return fail(inference, error, "the second input does not fit the first");
    if (learned)
        weight_add(inference, slice);
    if (p->bias)
        weight_add(inference, slice);
    return same(inference);
}
