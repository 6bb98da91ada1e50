/* What the writers of several operators share. */
#include "model/format/tensorflow/tensorflow_ops.h"

#include <stdio.h>
#include <string.h>

const char *tf_reshape(struct tf_layer *layer, const char *x, const char *suffix,
                       const struct shape *shape)
{
    const char *part = suffix ? tf_join(layer, suffix, "shape") : "shape";
    struct shape free_shape = *shape;
    struct tf_node *node;

    if (shape->dims && !layer->tf->fixed_batch)
        free_shape.dim[0] = -1;
    node = tf_emit(layer, "Reshape", suffix,
                   TF_INPUTS(x, tf_ints(layer, part, free_shape.dim, shape->dims)));
    tf_set_type(layer, node, "Tshape", TF_TYPE_INT32);
    return node->name;
}

const char *tf_plain_suffix(const struct tf_layer *layer)
{
    return tf_output_shape(layer)->dims == 4 && tf_output_value(layer, 0)->output ? "NCHW" : NULL;
}

void tf_plain_end(struct tf_layer *layer, const char *x)
{
    if (tf_plain_suffix(layer))
        tf_transpose(layer, x, NULL, (const int64_t[]){0, 2, 3, 1}, 4);
    else
        tf_output_value(layer, 0)->plain = tf_output_shape(layer)->dims == 4;
}

const char *tf_pad_plane(struct tf_layer *layer, const char *x, const int64_t begin[2],
                         const int64_t end[2], float value)
{
    const int64_t pairs[] = {0, 0, begin[0], end[0], begin[1], end[1], 0, 0};
    struct tf_node *node;

    if (!begin[0] && !begin[1] && !end[0] && !end[1])
        return x;
    const char *paddings = tf_pairs(layer, "Pad/paddings", pairs, 4);
    if (value == 0)
        node = tf_emit(layer, "Pad", "Pad", TF_INPUTS(x, paddings));
    else
        node = tf_emit(layer, "PadV2", "Pad",
                       TF_INPUTS(x, paddings, tf_number(layer, "Pad/constant_values", value)));
    tf_set_type(layer, node, "Tpaddings", TF_TYPE_INT32);
    return node->name;
}

const char *tf_unary(struct tf_layer *layer, const char *op, const char *suffix, const char *x)
{
    return tf_emit(layer, op, suffix, TF_INPUTS(x))->name;
}

const char *tf_binary(struct tf_layer *layer, const char *op, const char *suffix, const char *x,
                      const char *y)
{
    return tf_emit(layer, op, suffix, TF_INPUTS(x, y))->name;
}

const char *tf_reduce(struct tf_layer *layer, const char *op, const char *suffix, const char *x,
                      const int64_t *axes, size_t count, bool keep)
{
    const char *part = tf_join(layer, suffix ? suffix : op, "reduction_indices");
    struct tf_node *node =
        tf_emit(layer, op, suffix, TF_INPUTS(x, tf_ints(layer, part, axes, count)));

    tf_set_type(layer, node, "Tidx", TF_TYPE_INT32);
    tf_set_bool(layer, node, "keep_dims", keep);
    return node->name;
}

const char **tf_name_list(struct tf_layer *layer, size_t count)
{
    const char **list = arena_alloc(&layer->tf->arena, count + 1, sizeof *list);

    if (!list)
        layer->tf->status = STATUS_MEMORY;
    return list;
}

const char *tf_concat(struct tf_layer *layer, const char *suffix, const char *const *names,
                      size_t count, int64_t axis)
{
    const char *part = suffix ? tf_join(layer, suffix, "axis") : "axis";
    const char **list = tf_name_list(layer, count + 1);
    struct tf_node *node;

    if (!list)
        return "";
    memcpy(list, names, count * sizeof *list);
    list[count] = tf_int(layer, part, axis);
    node = tf_emit(layer, "ConcatV2", suffix, list);
    tf_set_int(layer, node, "N", (int64_t)count);
    tf_set_type(layer, node, "Tidx", TF_TYPE_INT32);
    return node->name;
}

const char *tf_port(struct tf_layer *layer, const char *name, size_t index)
{
    size_t size = strlen(name) + 24;
    char *text;

    if (!index)
        return name;
    text = arena_alloc(&layer->tf->arena, size, 1);
    if (!text) {
        layer->tf->status = STATUS_MEMORY;
        return "";
    }
    snprintf(text, size, "%s:%zu", name, index);
    return text;
}

const struct node *tf_merged_norm(const struct tf_layer *layer)
{
    const struct graph *graph = layer->tf->graph;
    uint32_t producer = graph->values[layer->node->inputs[0]].producer;

    return layer->tf->merged[producer] ? &graph->nodes[producer] : NULL;
}
