/* ONNX nodes of layers that move values. Shapes say 0 for the batch, so that it stays free. */
#include "model/format/onnx/onnx_put.h"
#include "model/shape.h"

static void put_reshape(struct onnx_put *put, const int64_t *shape, size_t count)
{
    onnx_step(put, "Reshape", onnx_input(put, 0), onnx_int_list(put, "shape", shape, count), NULL);
    onnx_finish(put);
}

void onnx_put_concat(struct onnx_put *put)
{
    uint32_t count = put->node->input_count;
    const char **inputs = arena_alloc(&put->writer->arena, count, sizeof *inputs);

    if (!inputs) {
        onnx_no_memory(put);
        return;
    }
    for (uint32_t i = 0; i < count; i++)
        inputs[i] = onnx_input(put, i);
    onnx_step_list(put, "Concat", inputs, count);
    onnx_put_int(put, "axis", onnx_axis(put, put->node->parameters.concat.axis));
    onnx_finish(put);
}

void onnx_put_slice(struct onnx_put *put)
{
    uint32_t count = put->node->output_count;
    unsigned axis = onnx_axis(put, put->node->parameters.slice.axis);
    int64_t *extents = arena_alloc(&put->writer->arena, count, sizeof *extents);

    if (!extents) {
        onnx_no_memory(put);
        return;
    }
    for (uint32_t i = 0; i < count; i++)
        extents[i] = onnx_output_shape(put, i)->dim[axis];
    onnx_step(put, "Split", onnx_input(put, 0), onnx_int_list(put, "split", extents, count), NULL);
    onnx_put_int(put, "axis", axis);
    onnx_finish(put);
}

void onnx_put_split(struct onnx_put *put)
{
    onnx_finish_copies(put);
}

void onnx_put_silence(struct onnx_put *put)
{
    (void)put; /* reads values so that nobody prints them */
}

/* Only the axes that lose something; so the batch is not named unless it is cut. */
void onnx_put_crop(struct onnx_put *put)
{
    const struct crop_parameters *p = &put->node->parameters.crop;
    const struct shape *in = onnx_input_shape(put, 0), *out = onnx_output_shape(put, 0);
    int64_t starts[SHAPE_MAX_DIMS], ends[SHAPE_MAX_DIMS], axes[SHAPE_MAX_DIMS];
    unsigned first = onnx_axis(put, p->axis);
    size_t count = 0;

    for (unsigned i = first; i < in->dims; i++) {
        if (in->dim[i] == out->dim[i])
            continue;
        starts[count] = p->offset_count == 0   ? 0
                        : p->offset_count == 1 ? p->offsets[0]
                                               : p->offsets[i - first];
        ends[count] = starts[count] + out->dim[i];
        axes[count++] = i;
    }
    if (count) {
        const char *inputs[] = {onnx_input(put, 0), onnx_int_list(put, "starts", starts, count),
                                onnx_int_list(put, "ends", ends, count),
                                onnx_int_list(put, "axes", axes, count)};
        onnx_step_list(put, "Slice", inputs, 4);
    }
    onnx_finish(put);
}

void onnx_put_flatten(struct onnx_put *put)
{
    const struct flatten_parameters *p = &put->node->parameters.flatten;
    const struct shape *in = onnx_input_shape(put, 0);
    unsigned from = onnx_axis(put, p->axis), to = onnx_axis(put, p->end_axis);
    int64_t shape[SHAPE_MAX_DIMS] = {0};

    if (from == 1 && to + 1 == in->dims) {
        onnx_step(put, "Flatten", onnx_input(put, 0), NULL, NULL);
        onnx_put_int(put, "axis", 1);
        onnx_finish(put);
        return;
    }
    shape[from] = -1;
    for (unsigned i = to + 1; i < in->dims; i++)
        shape[from + i - to] = in->dim[i];
    put_reshape(put, shape, in->dims - (to - from));
}

/* reshape_layer.cpp: axis -1 stands behind the last. */
void onnx_put_reshape(struct onnx_put *put)
{
    const struct reshape_parameters *p = &put->node->parameters.reshape;
    const struct shape *in = onnx_input_shape(put, 0), *out = onnx_output_shape(put, 0);
    unsigned from = (unsigned)(p->axis < 0 ? (int64_t)in->dims + p->axis + 1 : p->axis);
    int64_t shape[SHAPE_MAX_DIMS];
    bool inferred = false;

    for (unsigned i = 0; i < out->dims; i++) {
        shape[i] = out->dim[i];
        if (i < from)
            shape[i] = 0;
        else if (i - from < p->shape.dims)
            shape[i] = p->shape.dim[i - from];
        inferred = inferred || shape[i] == -1;
    }
    /* An axis in front of the batch: it has moved, and what is left over is it. */
    if (from == 0 && !inferred && p->num_axes == 0 && p->shape.dims < out->dims)
        shape[p->shape.dims] = -1;
    put_reshape(put, shape, out->dims);
}

void onnx_put_permute(struct onnx_put *put)
{
    const struct permute_parameters *p = &put->node->parameters.permute;
    int64_t order[SHAPE_MAX_DIMS];

    for (unsigned i = 0; i < p->dims; i++)
        order[i] = p->order[i];
    onnx_step(put, "Transpose", onnx_input(put, 0), NULL, NULL);
    onnx_put_ints(put, "perm", order, p->dims);
    onnx_finish(put);
}

void onnx_put_tile(struct onnx_put *put)
{
    const struct tile_parameters *p = &put->node->parameters.tile;
    unsigned dims = onnx_input_shape(put, 0)->dims;
    int64_t repeats[SHAPE_MAX_DIMS];

    for (unsigned i = 0; i < dims; i++)
        repeats[i] = 1;
    repeats[onnx_axis(put, p->axis)] = p->tiles;
    onnx_step(put, "Tile", onnx_input(put, 0), onnx_int_list(put, "repeats", repeats, dims), NULL);
    onnx_finish(put);
}

/* The channels as a table of groups, turned. */
void onnx_put_shuffle_channel(struct onnx_put *put)
{
    const struct shape *in = onnx_input_shape(put, 0);
    int64_t group = put->node->parameters.shuffle_channel.group;
    int64_t order[SHAPE_MAX_DIMS + 1] = {0, 2, 1}, table[SHAPE_MAX_DIMS + 1] = {0, group};
    int64_t shape[SHAPE_MAX_DIMS] = {0};
    const char *value;

    table[2] = in->dim[1] / group;
    for (unsigned i = 1; i < in->dims; i++)
        shape[i] = in->dim[i];
    for (unsigned i = 2; i < in->dims; i++) {
        table[i + 1] = in->dim[i];
        order[i + 1] = i + 1;
    }
    value = onnx_step(put, "Reshape", onnx_input(put, 0),
                      onnx_int_list(put, "groups", table, in->dims + 1), NULL);
    value = onnx_step(put, "Transpose", value, NULL, NULL);
    onnx_put_ints(put, "perm", order, in->dims + 1);
    onnx_step(put, "Reshape", value, onnx_int_list(put, "shape", shape, in->dims), NULL);
    onnx_finish(put);
}
