/* The shape rules of layers that keep the shape or reduce it. */
#include <inttypes.h>

#include "model/shape_rule.h"

/* Layers whose output is like their input, whatever that is. */
#define SAME_SHAPE(suffix)                                                                         \
    enum status shape_##suffix(struct inference *inference, struct error *error)                   \
    {                                                                                              \
        (void)error;                                                                               \
        return rule_same(inference);                                                               \
    }

SAME_SHAPE(relu)
SAME_SHAPE(elu)
SAME_SHAPE(sigmoid)
SAME_SHAPE(tanh)
SAME_SHAPE(abs_val)
SAME_SHAPE(power)
SAME_SHAPE(exp)
SAME_SHAPE(log)
SAME_SHAPE(bnll)
SAME_SHAPE(threshold)
SAME_SHAPE(clip)
SAME_SHAPE(swish)
SAME_SHAPE(dropout)

/* prelu_layer.cpp */
enum status shape_prelu(struct inference *inference, struct error *error)
{
    const struct shape *in = &inference->inputs[0];

    if (in->dims < 2)
        return rule_fail(inference, error, "PReLU wants N x C x ...");
    rule_weight(inference, inference->node->parameters.prelu.channel_shared
                               ? (struct shape){.dims = 0}
                               : rule_vector(in->dim[1]));
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

/* scale_layer.cpp, bias_layer.cpp: with one input the operand is a weight whose shape is a slice of
 * the input's; with two it is the second input, whose shape must be such a slice. One number goes
 * with any axis. */
static enum status operand_shape(const struct inference *inference,
                                 const struct scale_parameters *p, struct shape *slice,
                                 struct error *error)
{
    const struct shape *in = &inference->inputs[0];
    bool learned = inference->node->input_count == 1;
    unsigned axis, end;

    *slice = (struct shape){.dims = 0};
    if (!learned && !inference->inputs[1].dims)
        return STATUS_OK;
    if (!shape_axis(in, p->axis, &axis))
        return rule_fail(inference, error, "`axis` lies outside its input");
    if (learned && (p->num_axes < -1 || p->num_axes > SHAPE_MAX_DIMS))
        return rule_fail(inference, error, "num_axes must be -1 to 8");
    if (learned)
        end = p->num_axes == -1 ? in->dims : axis + (unsigned)p->num_axes;
    else
        end = axis + inference->inputs[1].dims;
    if (end > in->dims)
        return rule_fail(inference, error, "the operand has more axes than its input");
    for (unsigned i = axis; i < end; i++)
        slice->dim[slice->dims++] = in->dim[i];
    if (!learned && !shape_equal(slice, &inference->inputs[1]))
        return rule_fail(inference, error, "the second input does not fit the first");
    return STATUS_OK;
}

enum status shape_scale(struct inference *inference, struct error *error)
{
    const struct scale_parameters *p = &inference->node->parameters.scale;
    struct shape slice;
    enum status status = operand_shape(inference, p, &slice, error);

    if (status)
        return status;
    if (inference->node->input_count == 1)
        rule_weight(inference, slice);
    if (p->bias)
        rule_weight(inference, slice);
    return rule_same(inference);
}

enum status shape_bias(struct inference *inference, struct error *error)
{
    struct shape slice;
    enum status status = operand_shape(inference, &inference->node->parameters.bias, &slice, error);

    if (status)
        return status;
    if (inference->node->input_count == 1)
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

/* argmax_layer.cpp, Reshape(): with an axis its extent becomes top_k; without, each image is one
 * list, and the output has three axes or more: N x 1 x top_k, N x 2 x top_k with the values. */
enum status shape_arg_max(struct inference *inference, struct error *error)
{
    const struct arg_max_parameters *p = &inference->node->parameters.arg_max;
    const struct shape *in = &inference->inputs[0];
    struct shape *out = &inference->outputs[0];
    int64_t choices;
    unsigned axis;

    if (!in->dims)
        return rule_fail(inference, error, "ArgMax wants N x ...");
    if (p->has_axis && !shape_axis(in, p->axis, &axis))
        return rule_fail(inference, error, "`axis` lies outside its input");
    choices = p->has_axis ? in->dim[axis] : (int64_t)shape_product(in, 1, in->dims);
    if (p->top_k < 1 || p->top_k > choices)
        return rule_fail(inference, error, "top_k must be 1 to the number of values it chooses of");
    if (p->has_axis) {
        *out = *in;
        out->dim[axis] = p->top_k;
        return STATUS_OK;
    }
    *out = (struct shape){.dims = in->dims < 3 ? 3 : in->dims, .dim = {in->dim[0]}};
    for (unsigned i = 1; i < out->dims; i++)
        out->dim[i] = 1;
    out->dim[1] = p->out_max_val ? 2 : 1;
    out->dim[2] = p->top_k;
    return STATUS_OK;
}

/* reduction_layer.cpp: the axes before `axis` stay; none makes a scalar. */
enum status shape_reduction(struct inference *inference, struct error *error)
{
    const struct shape *in = &inference->inputs[0];
    struct shape *out = &inference->outputs[0];
    unsigned axis;

    if (!shape_axis(in, inference->node->parameters.reduction.axis, &axis))
        return rule_fail(inference, error, "`axis` lies outside its input");
    *out = (struct shape){.dims = axis};
    for (unsigned i = 0; i < axis; i++)
        out->dim[i] = in->dim[i];
    return STATUS_OK;
}

/* mvn_layer.cpp takes its input for N x C x H x W, and its output has these four axes. */
enum status shape_mvn(struct inference *inference, struct error *error)
{
    const struct shape *in = &inference->inputs[0];
    struct shape *out = &inference->outputs[0];

    if (in->dims < 1 || in->dims > 4)
        return rule_fail(inference, error, "MVN wants N x C x H x W");
    *out = (struct shape){.dims = 4, .dim = {1, 1, 1, 1}};
    for (unsigned i = 0; i < in->dims; i++)
        out->dim[i] = in->dim[i];
    return STATUS_OK;
}

/* normalize_layer.cpp of SSD */
enum status shape_normalize(struct inference *inference, struct error *error)
{
    const struct shape *in = &inference->inputs[0];

    if (in->dims < 2 || in->dims > 4)
        return rule_fail(inference, error, "Normalize wants N x C x H x W");
    rule_weight(inference, inference->node->parameters.normalize.channel_shared
                               ? (struct shape){.dims = 0}
                               : rule_vector(in->dim[1]));
    return rule_same(inference);
}
