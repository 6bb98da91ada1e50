/* The shape rules of layers that move values. */
#include <inttypes.h>

#include "model/shape_rule.h"

enum status shape_input(struct inference *inference, struct error *error)
{
    (void)error;
    inference->outputs[0] = inference->node->parameters.input.shape;
    return STATUS_OK;
}

enum status shape_concat(struct inference *inference, struct error *error)
{
    const struct node *node = inference->node;
    struct shape *out = &inference->outputs[0];
    char a[SHAPE_TEXT], b[SHAPE_TEXT];
    unsigned axis;

    *out = inference->inputs[0];
    if (!shape_axis(out, node->parameters.concat.axis, &axis))
        return rule_fail(inference, error, "`axis` lies outside its input");
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

enum status shape_flatten(struct inference *inference, struct error *error)
{
    const struct flatten_parameters *p = &inference->node->parameters.flatten;
    const struct shape *in = &inference->inputs[0];
    struct shape *out = &inference->outputs[0];
    unsigned from, to;

    if (!shape_axis(in, p->axis, &from) || !shape_axis(in, p->end_axis, &to) || from > to)
        return rule_fail(inference, error, "`axis` to `end_axis` lies outside its input");
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

enum status shape_slice(struct inference *inference, struct error *error)
{
    return rule_fail(inference, error, "this layer is not supported");
}

enum status shape_silence(struct inference *inference, struct error *error)
{
    return rule_fail(inference, error, "this layer is not supported");
}

enum status shape_crop(struct inference *inference, struct error *error)
{
    return rule_fail(inference, error, "this layer is not supported");
}

enum status shape_reshape(struct inference *inference, struct error *error)
{
    return rule_fail(inference, error, "this layer is not supported");
}

enum status shape_permute(struct inference *inference, struct error *error)
{
    return rule_fail(inference, error, "this layer is not supported");
}

enum status shape_tile(struct inference *inference, struct error *error)
{
    return rule_fail(inference, error, "this layer is not supported");
}

enum status shape_shuffle_channel(struct inference *inference, struct error *error)
{
    return rule_fail(inference, error, "this layer is not supported");
}
