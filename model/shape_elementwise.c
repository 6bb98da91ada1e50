/* The shape rules of layers that keep the shape or reduce it. */
#include <inttypes.h>

#include "model/shape_rule.h"

enum status shape_relu(struct inference *inference, struct error *error)
{
    (void)error;
    return rule_same(inference);
}

enum status shape_dropout(struct inference *inference, struct error *error)
{
    (void)error;
    return rule_same(inference);
}

enum status shape_softmax(struct inference *inference, struct error *error)
{
    unsigned axis;

    if (!shape_axis(&inference->inputs[0], inference->node->parameters.softmax.axis, &axis))
        return rule_fail(inference, error, "`axis` lies outside its input");
    return rule_same(inference);
}

enum status shape_batch_norm(struct inference *inference, struct error *error)
{
    const struct shape *in = &inference->inputs[0];
    int64_t channels = in->dims > 1 ? in->dim[1] : 1;

    if (!in->dims)
        return rule_fail(inference, error, "BatchNorm wants N x C x ...");
    rule_weight(inference, rule_vector(channels));
    rule_weight(inference, rule_vector(channels));
    rule_weight(inference, rule_vector(1));
    return rule_same(inference);
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
        return rule_fail(inference, error, "`axis` lies outside its input");
    if (learned)
        end = p->num_axes == -1 ? in->dims : axis + (unsigned)p->num_axes;
    else
        end = axis + inference->inputs[1].dims;
    if (end > in->dims)
        return rule_fail(inference, error, "the factor has more axes than its input");
    for (unsigned i = axis; i < end; i++)
        slice.dim[slice.dims++] = in->dim[i];
    if (!learned && !shape_equal(&slice, &inference->inputs[1]))
        return rule_fail(inference, error, "the second input does not fit the first");
    if (learned)
        rule_weight(inference, slice);
    if (p->bias)
        rule_weight(inference, slice);
    return rule_same(inference);
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
    return rule_same(inference);
}

enum status shape_prelu(struct inference *inference, struct error *error)
{
    return rule_fail(inference, error, "this layer is not supported");
}

enum status shape_elu(struct inference *inference, struct error *error)
{
    return rule_fail(inference, error, "this layer is not supported");
}

enum status shape_sigmoid(struct inference *inference, struct error *error)
{
    return rule_fail(inference, error, "this layer is not supported");
}

enum status shape_tanh(struct inference *inference, struct error *error)
{
    return rule_fail(inference, error, "this layer is not supported");
}

enum status shape_abs_val(struct inference *inference, struct error *error)
{
    return rule_fail(inference, error, "this layer is not supported");
}

enum status shape_power(struct inference *inference, struct error *error)
{
    return rule_fail(inference, error, "this layer is not supported");
}

enum status shape_exp(struct inference *inference, struct error *error)
{
    return rule_fail(inference, error, "this layer is not supported");
}

enum status shape_log(struct inference *inference, struct error *error)
{
    return rule_fail(inference, error, "this layer is not supported");
}

enum status shape_bnll(struct inference *inference, struct error *error)
{
    return rule_fail(inference, error, "this layer is not supported");
}

enum status shape_threshold(struct inference *inference, struct error *error)
{
    return rule_fail(inference, error, "this layer is not supported");
}

enum status shape_clip(struct inference *inference, struct error *error)
{
    return rule_fail(inference, error, "this layer is not supported");
}

enum status shape_swish(struct inference *inference, struct error *error)
{
    return rule_fail(inference, error, "this layer is not supported");
}

enum status shape_arg_max(struct inference *inference, struct error *error)
{
    return rule_fail(inference, error, "this layer is not supported");
}

enum status shape_reduction(struct inference *inference, struct error *error)
{
    return rule_fail(inference, error, "this layer is not supported");
}

enum status shape_mvn(struct inference *inference, struct error *error)
{
    return rule_fail(inference, error, "this layer is not supported");
}

enum status shape_normalize(struct inference *inference, struct error *error)
{
    return rule_fail(inference, error, "this layer is not supported");
}

enum status shape_bias(struct inference *inference, struct error *error)
{
    return rule_fail(inference, error, "this layer is not supported");
}
