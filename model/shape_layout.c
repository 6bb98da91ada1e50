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
    const struct slice_parameters *p = &inference->node->parameters.slice;
    const struct shape *in = &inference->inputs[0];
    uint32_t count = inference->node->output_count;
    int64_t begin = 0;
    unsigned axis;

    if (!shape_axis(in, p->axis, &axis))
        return rule_fail(inference, error, "`axis` lies outside its input");
    if (p->point_count ? p->point_count != count - 1 : in->dim[axis] % count != 0)
        return graph_error(inference->graph, inference->node, error, STATUS_DATA,
                           "%zu slice points do not cut %" PRId64 " into %" PRIu32 " parts",
                           p->point_count, in->dim[axis], count);
    for (uint32_t i = 0; i < count; i++) {
        int64_t end = in->dim[axis] / count * (i + 1);
        if (p->point_count)
            end = i + 1 < count ? p->points[i] : in->dim[axis];
        if (end <= begin || end > in->dim[axis])
            return rule_fail(inference, error,
                             "the slice points must increase and lie inside its input");
        inference->outputs[i] = *in;
        inference->outputs[i].dim[axis] = end - begin;
        begin = end;
    }
    return STATUS_OK;
}

enum status shape_silence(struct inference *inference, struct error *error)
{
    (void)inference;
    (void)error;
    return STATUS_OK;
}

int64_t shape_crop_offset(const struct crop_parameters *p, const struct shape *in, unsigned axis)
{
    unsigned start = 0;

    if (!shape_axis(in, p->axis, &start) || axis < start || !p->offset_count)
        return 0;
    return p->offsets[p->offset_count == 1 ? 0 : axis - start];
}

enum status shape_crop(struct inference *inference, struct error *error)
{
    const struct crop_parameters *p = &inference->node->parameters.crop;
    const struct shape *in = &inference->inputs[0], *like = &inference->inputs[1];
    char a[SHAPE_TEXT], b[SHAPE_TEXT];
    unsigned start;

    if (!shape_axis(in, p->axis, &start))
        return rule_fail(inference, error, "`axis` lies outside its input");
    if (p->offset_count > 1 && start + p->offset_count != in->dims)
        return rule_fail(inference, error, "Crop takes one offset, or one per axis from `axis` on");
    inference->outputs[0] = *in;
    for (unsigned i = start; i < in->dims; i++) {
        int64_t offset = shape_crop_offset(p, in, i);
        if (i >= like->dims || offset < 0 || offset > in->dim[i] - like->dim[i])
            return graph_error(inference->graph, inference->node, error, STATUS_DATA,
                               "%s cut from offset %" PRId64 " of axis %u does not lie inside %s",
                               shape_text(like, a), offset, i, shape_text(in, b));
        inference->outputs[0].dim[i] = like->dim[i];
    }
    return STATUS_OK;
}

/* reshape_layer.cpp, LayerSetUp() and Reshape(): where `axis` counts from behind, -1 stands behind
 * the last axis. */
static bool replaced_axes(const struct reshape_parameters *p, const struct shape *in,
                          unsigned *from, unsigned *to)
{
    int64_t begin = p->axis < 0 ? p->axis + in->dims + 1 : p->axis;
    int64_t end = in->dims;

    if (begin < 0 || begin > in->dims || p->num_axes > end - begin)
        return false;
    if (p->num_axes >= 0)
        end = begin + p->num_axes;
    *from = (unsigned)begin;
    *to = (unsigned)end;
    return true;
}

/* Puts the missing factor into *hole; false when there is none, or the counts do not agree. */
static bool fill_hole(struct shape *out, int64_t *hole, size_t in_count)
{
    size_t count;

    if (hole)
        *hole = 1;
    if (!shape_count(out, &count) || !count)
        return false;
    if (hole) {
        *hole = (int64_t)(in_count / count);
        count *= (size_t)*hole;
    }
    return count == in_count;
}

enum status shape_reshape(struct inference *inference, struct error *error)
{
    const struct reshape_parameters *p = &inference->node->parameters.reshape;
    const struct shape *in = &inference->inputs[0];
    struct shape *out = &inference->outputs[0];
    char a[SHAPE_TEXT], b[SHAPE_TEXT];
    int64_t *hole = NULL;
    unsigned from, to;

    if (!replaced_axes(p, in, &from, &to))
        return rule_fail(inference, error, "`axis` and `num_axes` lie outside its input");
    if (p->shape.dims + in->dims - (to - from) > SHAPE_MAX_DIMS)
        return rule_fail(inference, error, "Reshape would give it more than 8 axes");
    *out = (struct shape){.dims = 0};
    for (unsigned i = 0; i < from; i++)
        out->dim[out->dims++] = in->dim[i];
    for (unsigned i = 0; i < p->shape.dims; i++) {
        int64_t extent = p->shape.dim[i];
        if (extent == 0 && out->dims >= in->dims)
            return rule_fail(inference, error, "Reshape copies an axis that its input lacks");
        if (extent == -1 && hole)
            return rule_fail(inference, error, "Reshape takes one -1 at most");
        hole = extent == -1 ? &out->dim[out->dims] : hole;
        out->dim[out->dims] = extent ? extent : in->dim[out->dims];
        out->dims++;
    }
    for (unsigned i = to; i < in->dims; i++)
        out->dim[out->dims++] = in->dim[i];
    if (!fill_hole(out, hole, shape_product(in, 0, in->dims)))
        return graph_error(inference->graph, inference->node, error, STATUS_DATA,
                           "%s (from `shape`) does not hold the elements of %s", shape_text(out, a),
                           shape_text(in, b));
    return STATUS_OK;
}

enum status shape_permute(struct inference *inference, struct error *error)
{
    const struct permute_parameters *p = &inference->node->parameters.permute;
    const struct shape *in = &inference->inputs[0];
    struct shape *out = &inference->outputs[0];
    unsigned seen = 0;

    if (p->dims > in->dims)
        return rule_fail(inference, error, "`order` names more axes than its input has");
    out->dims = in->dims;
    for (unsigned i = 0; i < in->dims; i++) {
        if (p->order[i] >= in->dims || seen >> p->order[i] & 1)
            return rule_fail(inference, error, "`order` must name each axis of its input once");
        seen |= 1U << p->order[i];
        out->dim[i] = in->dim[p->order[i]];
    }
    return STATUS_OK;
}

enum status shape_tile(struct inference *inference, struct error *error)
{
    const struct tile_parameters *p = &inference->node->parameters.tile;
    struct shape *out = &inference->outputs[0];
    unsigned axis;

    *out = inference->inputs[0];
    if (!shape_axis(out, p->axis, &axis))
        return rule_fail(inference, error, "`axis` lies outside its input");
    if (p->tiles < 1 || __builtin_mul_overflow(out->dim[axis], p->tiles, &out->dim[axis]))
        return rule_fail(inference, error, "`tiles` must be positive and smaller");
    return STATUS_OK;
}

/* shuffle_channel_layer.cpp of farmingyard/ShuffleNet. */
enum status shape_shuffle_channel(struct inference *inference, struct error *error)
{
    int64_t group = inference->node->parameters.shuffle_channel.group;
    const struct shape *in = &inference->inputs[0];

    if (in->dims < 2)
        return rule_fail(inference, error, "ShuffleChannel wants N x C x ...");
    if (group < 1 || in->dim[1] % group)
        return rule_fail(inference, error, "`group` does not divide its channels");
    return rule_same(inference);
}
