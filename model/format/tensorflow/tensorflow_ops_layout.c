/* Layers that move numbers without changing them. */
#include <string.h>

#include "model/format/tensorflow/tensorflow_ops.h"
#include "model/shape.h"

void tf_write_input(struct tf_layer *layer)
{
    struct shape shape = tf_turn_shape(tf_output_shape(layer));
    struct tf_node *node = tf_emit(layer, "Placeholder", NULL, TF_INPUTS(NULL));

    if (shape.dims && !layer->tf->fixed_batch)
        shape.dim[0] = -1;
    tf_set_type(layer, node, "dtype", TF_TYPE_FLOAT);
    tf_set_shape(layer, node, "shape", &shape);
}

void tf_write_concat(struct tf_layer *layer)
{
    const struct shape *in = tf_shape(layer, 0);
    uint32_t count = layer->node->input_count;
    const char **names = tf_name_list(layer, count);
    unsigned axis = 0;

    if (!names || !shape_axis(in, layer->node->parameters.concat.axis, &axis))
        return;
    for (uint32_t i = 0; i < count; i++)
        names[i] = tf_input(layer, i);
    if (count == 1)
        tf_unary(layer, "Identity", NULL, names[0]);
    else
        tf_concat(layer, NULL, names, count, tf_axis(in, axis));
}

/* ---- pieces ---- */

static struct tf_node *finish_slice(struct tf_layer *layer, struct tf_node *node)
{
    tf_set_type(layer, node, "Index", TF_TYPE_INT32);
    return node;
}

const char *tf_slice(struct tf_layer *layer, const char *x, const char *suffix,
                     const int64_t *begin, const int64_t *size, size_t count)
{
    const char *base = suffix ? suffix : "Slice";
    const char *from = tf_ints(layer, tf_join(layer, base, "begin"), begin, count);
    const char *extents = tf_ints(layer, tf_join(layer, base, "size"), size, count);

    return finish_slice(layer, tf_emit(layer, "Slice", suffix, TF_INPUTS(x, from, extents)))->name;
}

/* A Slice for each output: so every value has a node, and OpenCV lacks SplitV. */
void tf_write_slice(struct tf_layer *layer)
{
    const struct slice_parameters *p = &layer->node->parameters.slice;
    const struct shape *in = tf_shape(layer, 0);
    uint32_t count = layer->node->output_count;
    const char *x = tf_input(layer, 0), *from, *extents;
    int64_t begin[SHAPE_MAX_DIMS] = {0}, size[SHAPE_MAX_DIMS];
    unsigned axis = 0, at;

    if (!shape_axis(in, p->axis, &axis))
        return;
    at = tf_axis(in, axis);
    for (uint32_t i = 0; i < count; i++) {
        struct tf_layer output = *layer;
        const struct shape *out = &layer->tf->graph->values[layer->node->outputs[i]].shape;
        struct shape turned = tf_turn_shape(out);
        memcpy(size, turned.dim, sizeof size);
        if (at || i + 1 == count)
            size[0] = -1;
        output.name = tf_output_value(layer, i)->name;
        from = tf_ints(&output, "begin", begin, in->dims);
        extents = tf_ints(&output, "size", size, in->dims);
        finish_slice(layer, tf_emit_output(layer, i, "Slice", TF_INPUTS(x, from, extents)));
        begin[at] += out->dim[axis];
    }
}

void tf_write_split(struct tf_layer *layer)
{
    const char *x = tf_input_as_is(layer, 0);

    for (uint32_t i = 0; i < layer->node->output_count; i++)
        tf_emit_output(layer, i, "Identity", TF_INPUTS(x));
}

void tf_write_silence(struct tf_layer *layer)
{
    (void)layer;
}

void tf_write_crop(struct tf_layer *layer)
{
    const struct crop_parameters *p = &layer->node->parameters.crop;
    const struct shape *in = tf_shape(layer, 0);
    struct shape size = tf_turn_shape(tf_output_shape(layer));
    int64_t begin[SHAPE_MAX_DIMS];

    for (unsigned i = 0; i < in->dims; i++)
        begin[tf_axis(in, i)] = shape_crop_offset(p, in, i);
    if (in->dims && in->dim[0] == size.dim[0])
        size.dim[0] = -1;
    tf_slice(layer, tf_input(layer, 0), NULL, begin, size.dim, in->dims);
}

void tf_write_tile(struct tf_layer *layer)
{
    const struct tile_parameters *p = &layer->node->parameters.tile;
    const struct shape *in = tf_shape(layer, 0);
    int64_t multiples[SHAPE_MAX_DIMS];
    const char *x = tf_input(layer, 0);
    struct tf_node *node;
    unsigned axis = 0;

    if (!shape_axis(in, p->axis, &axis))
        return;
    for (unsigned i = 0; i < in->dims; i++)
        multiples[i] = 1;
    multiples[tf_axis(in, axis)] = p->tiles;
    node = tf_emit(layer, "Tile", NULL,
                   TF_INPUTS(x, tf_ints(layer, "multiples", multiples, in->dims)));
    tf_set_type(layer, node, "Tmultiples", TF_TYPE_INT32);
}

/* ---- other shapes ---- */

/* Whether N,C,H,W and N,H,W,C have their numbers in the same order. */
static bool is_flat(const struct shape *shape)
{
    return shape->dims == 4 && (shape->dim[1] == 1 || shape->dim[2] * shape->dim[3] == 1);
}

/* The numbers of the input in the order of the layers' graph under the shape of the output, whose
 * axis `hole` is free. */
static void reshape(struct tf_layer *layer, unsigned hole)
{
    const struct shape *in = tf_shape(layer, 0), *out = tf_output_shape(layer);
    struct tf_value *value = tf_output_value(layer, 0);
    struct shape shape = is_flat(out) ? tf_turn_shape(out) : *out;
    const char *suffix = is_flat(out) ? NULL : tf_plain_suffix(layer);
    const char *x;
    struct tf_node *node;

    if (value->turned)
        x = tf_input(layer, 0);
    else
        x = is_flat(in) ? tf_input_value(layer, 0)->name : tf_input_plain(layer, 0);
    if (shape.dims && !layer->tf->fixed_batch)
        shape.dim[is_flat(out) ? tf_axis(out, hole) : hole] = -1;
    node = tf_emit(layer, "Reshape", suffix,
                   TF_INPUTS(x, tf_ints(layer, "shape", shape.dim, shape.dims)));
    tf_set_type(layer, node, "Tshape", TF_TYPE_INT32);
    if (!is_flat(out))
        tf_plain_end(layer, node->name);
}

void tf_write_flatten(struct tf_layer *layer)
{
    if (shape_equal(tf_shape(layer, 0), tf_output_shape(layer)))
        tf_unary(layer, "Identity", NULL, tf_input_as_is(layer, 0));
    else
        reshape(layer, 0);
}

/* The batch is what is free, unless the layer fixes the first axis and leaves another one open. */
void tf_write_reshape(struct tf_layer *layer)
{
    const struct reshape_parameters *p = &layer->node->parameters.reshape;
    unsigned hole = 0;

    if (p->axis == 0 && p->shape.dims && p->shape.dim[0] > 0) {
        for (unsigned i = 1; i < p->shape.dims; i++)
            hole = p->shape.dim[i] == -1 ? i : hole;
    }
    reshape(layer, hole);
}

void tf_write_permute(struct tf_layer *layer)
{
    const struct permute_parameters *p = &layer->node->parameters.permute;
    const struct tf_value *value = tf_input_value(layer, 0);
    const struct shape *in = tf_shape(layer, 0);
    int64_t order[SHAPE_MAX_DIMS];
    bool moved = false, turned = in->dims == 4 && !value->plain;

    /* The result is N,H,W,C of the turned extents, like every tensor of four axes. */
    for (unsigned i = 0; i < in->dims; i++)
        order[tf_axis(in, i)] = turned ? tf_axis(in, p->order[i]) : p->order[i];
    for (unsigned i = 0; i < in->dims; i++)
        moved |= order[i] != i;
    if (moved)
        tf_transpose(layer, value->name, NULL, order, in->dims);
    else
        tf_unary(layer, "Identity", NULL, value->name);
}

/* shuffle_channel_layer.cpp: channels as group x rest, turned to rest x group. */
void tf_write_shuffle_channel(struct tf_layer *layer)
{
    int64_t group = layer->node->parameters.shuffle_channel.group, order[SHAPE_MAX_DIMS];
    const struct shape *in = tf_shape(layer, 0);
    struct shape tensor = tf_turn_shape(in), split = {.dims = in->dims + 1};
    unsigned axis = tf_axis(in, 1);
    const char *x = tf_input(layer, 0);

    if (in->dims == SHAPE_MAX_DIMS) {
        tf_refuse(layer, LIMIT_TENSORFLOW_SHUFFLE_AXES);
        return;
    }
    for (unsigned i = 0; i < split.dims; i++) {
        split.dim[i] = tensor.dim[i > axis ? i - 1 : i];
        order[i] = i;
    }
    split.dim[axis] = group;
    split.dim[axis + 1] = tensor.dim[axis] / group;
    order[axis] = axis + 1;
    order[axis + 1] = axis;
    x = tf_reshape(layer, x, "Reshape", &split);
    x = tf_transpose(layer, x, "transpose", order, split.dims);
    tf_reshape(layer, x, NULL, &tensor);
}
