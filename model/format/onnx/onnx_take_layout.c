/* ONNX operators that move values. */
#include <string.h>

#include "model/format/onnx/onnx_read.h"
#include "model/import/build.h"

enum { PARTS_MAX = OPERATOR_MAX_OUTPUTS };

/* An axis attribute as an index. `dims` counts the axes; `fallback` stands for a missing one. */
static enum status read_axis(const struct onnx_node *node, int64_t fallback, unsigned dims,
                             unsigned *axis)
{
    int64_t value;
    enum status status = onnx_int(node, "axis", fallback, &value);

    return status ? status : build_axis(node->importer, value, dims, axis);
}

static enum status take_concat(struct onnx_node *node)
{
    const struct operand *x = onnx_operand(node, 0);
    struct operand out;
    unsigned axis;
    enum status status = read_axis(node, 1, x->shape.dims, &axis);

    for (size_t i = 0; i < node->input_count && !status; i++) {
        if (!onnx_operand(node, i))
            status = onnx_fail(node, STATUS_DATA, "input %zu is left out", i);
    }
    if (!status)
        status = import_concat(node->importer, node->outputs[0], node->inputs, node->input_count,
                               axis, &out);
    return status ? status : onnx_define(node, 0, &out);
}

/* ---- parts ---- */

/* opset 18: equal parts, the last smaller; before, the parts must come out even. */
static void share_extent(const struct onnx_node *node, int64_t extent, int64_t *extents)
{
    int64_t count = (int64_t)node->output_count, part = (extent + count - 1) / count;

    for (int64_t i = 0; i < count; i++) {
        extents[i] = extent < part ? extent : part;
        extent -= extents[i];
    }
}

static enum status define_parts(struct onnx_node *node, unsigned axis, const int64_t *extents,
                                const char **names, struct operand *parts)
{
    enum status status = STATUS_OK;

    for (size_t i = 0; i < node->output_count && !status; i++) {
        names[i] = node->outputs[i];
        if (!*names[i])
            status = onnx_helper(node, "Part", &names[i]);
    }
    if (!status)
        status = import_split(node->importer, names, onnx_operand(node, 0), axis, extents,
                              node->output_count, parts);
    for (size_t i = 0; i < node->output_count && !status; i++)
        status = onnx_define(node, i, &parts[i]);
    return status;
}

static enum status take_split(struct onnx_node *node)
{
    const struct operand *x = onnx_operand(node, 0);
    struct arena *arena = &node->importer->graph->arena;
    size_t most = node->output_count, count;
    int64_t *extents = arena_alloc(arena, most, sizeof *extents);
    const char **names = arena_alloc(arena, most, sizeof *names);
    struct operand *parts = arena_alloc(arena, most, sizeof *parts);
    unsigned axis = 0;
    enum status status = read_axis(node, 0, x->shape.dims, &axis);

    if (!extents || !names || !parts)
        return arena_fail(arena, node->reader->error);
    if (!status && most > PARTS_MAX)
        status = onnx_fail(node, STATUS_LIMIT, "it has more than %d outputs", PARTS_MAX);
    if (!status)
        status = onnx_ints_or_input(node, "split", 1, 13, extents, most, &count);
    if (!status && !count)
        share_extent(node, x->shape.dim[axis], extents);
    else if (!status && count != most)
        status = onnx_fail(node, STATUS_DATA, "it has %zu parts and %zu outputs", count, most);
    return status ? status : define_parts(node, axis, extents, names, parts);
}

struct cut {
    size_t count;
    int64_t starts[SHAPE_MAX_DIMS], ends[SHAPE_MAX_DIMS], axes[SHAPE_MAX_DIMS],
        steps[SHAPE_MAX_DIMS];
};

/* Attributes before opset 10, inputs from there; without axes they are the first. */
static enum status read_cut(const struct onnx_node *node, struct cut *cut)
{
    size_t ends, axes, steps;
    enum status status =
        onnx_ints_or_input(node, "starts", 1, 10, cut->starts, SHAPE_MAX_DIMS, &cut->count);

    if (!status)
        status = onnx_ints_or_input(node, "ends", 2, 10, cut->ends, SHAPE_MAX_DIMS, &ends);
    if (!status)
        status = onnx_ints_or_input(node, "axes", 3, 10, cut->axes, SHAPE_MAX_DIMS, &axes);
    if (!status)
        status = onnx_ints_or_input(node, "steps", 4, 10, cut->steps, SHAPE_MAX_DIMS, &steps);
    if (status)
        return status;
    if (ends != cut->count || (axes && axes != cut->count) || (steps && steps != cut->count))
        return onnx_fail(node, STATUS_DATA, "starts, ends, axes and steps differ in number");
    for (size_t i = 0; i < cut->count; i++) {
        cut->axes[i] = axes ? cut->axes[i] : (int64_t)i;
        cut->steps[i] = steps ? cut->steps[i] : 1;
    }
    return STATUS_OK;
}

/* A value of which one axis alone is turned back to front, from its last element to its first. */
static bool is_reversal(const struct operand *x, const struct cut *cut)
{
    int64_t axis = cut->axes[0], extent;

    if (operand_is_constant(x) || cut->count != 1 || cut->steps[0] != -1)
        return false;
    axis += axis < 0 ? (int64_t)x->shape.dims : 0;
    if (axis < 0 || axis >= (int64_t)x->shape.dims)
        return false;
    extent = x->shape.dim[axis];
    return (cut->starts[0] == -1 || cut->starts[0] >= extent - 1) && cut->ends[0] < -extent;
}

static enum status take_reversal(struct onnx_node *node, const struct cut *cut)
{
    const struct operand *x = onnx_operand(node, 0);
    struct arena *arena = &node->importer->graph->arena;
    struct onnx_reversed *reversed = arena_alloc(arena, 1, sizeof *reversed);
    int64_t axis = cut->axes[0];

    if (!reversed)
        return arena_fail(arena, node->reader->error);
    reversed->name = arena_text(arena, node->outputs[0], strlen(node->outputs[0]));
    if (!reversed->name)
        return arena_fail(arena, node->reader->error);
    reversed->axis = (unsigned)(axis < 0 ? axis + (int64_t)x->shape.dims : axis);
    reversed->next = node->reader->reversed;
    node->reader->reversed = reversed;
    return onnx_define(node, 0, x);
}

static enum status take_slice(struct onnx_node *node)
{
    const struct operand *x = onnx_operand(node, 0);
    int64_t begin[SHAPE_MAX_DIMS], end[SHAPE_MAX_DIMS], step[SHAPE_MAX_DIMS];
    struct operand out;
    struct cut cut;
    enum status status = read_cut(node, &cut);

    if (!status && is_reversal(x, &cut))
        return take_reversal(node, &cut);
    for (unsigned i = 0; i < x->shape.dims; i++) {
        begin[i] = 0;
        end[i] = x->shape.dim[i];
        step[i] = 1;
    }
    for (size_t i = 0; !status && i < cut.count; i++) {
        unsigned axis;
        status = build_axis(node->importer, cut.axes[i], x->shape.dims, &axis);
        if (status)
            break;
        begin[axis] = cut.starts[i];
        end[axis] = cut.ends[i];
        step[axis] = cut.steps[i];
    }
    if (!status)
        status = import_slice(node->importer, node->outputs[0], x, begin, end, step, &out);
    return status ? status : onnx_define(node, 0, &out);
}

static enum status take_gather(struct onnx_node *node)
{
    const struct operand *x = onnx_operand(node, 0);
    struct operand out;
    unsigned axis;
    enum status status = read_axis(node, 0, x->shape.dims, &axis);

    if (!status)
        status =
            import_gather(node->importer, node->outputs[0], x, onnx_operand(node, 1), axis, &out);
    return status ? status : onnx_define(node, 0, &out);
}

/* ---- shapes ---- */

static enum status take_reshape(struct onnx_node *node)
{
    const struct operand *x = onnx_operand(node, 0);
    int64_t extents[SHAPE_MAX_DIMS], zero = 0;
    struct operand out;
    size_t count;
    enum status status = onnx_ints_or_input(node, "shape", 1, 5, extents, SHAPE_MAX_DIMS, &count);

    if (!status)
        status = onnx_int(node, "allowzero", 0, &zero);
    for (size_t i = 0; i < count && !status && !zero; i++) {
        if (extents[i])
            continue;
        if (i >= x->shape.dims)
            status = onnx_fail(node, STATUS_DATA, "its shape copies an axis that is not there");
        else
            extents[i] = x->shape.dim[i];
    }
    if (!status)
        status = import_reshape(node->importer, node->outputs[0], x, extents, count, &out);
    return status ? status : onnx_define(node, 0, &out);
}

static enum status take_flatten(struct onnx_node *node)
{
    const struct operand *x = onnx_operand(node, 0);
    int64_t axis;
    struct operand out;
    enum status status = onnx_int(node, "axis", 1, &axis);

    if (!status && axis < 0)
        axis += x->shape.dims;
    if (!status && (axis < 0 || axis > (int64_t)x->shape.dims))
        status = onnx_fail(node, STATUS_DATA, "attribute 'axis' lies outside of its input");
    if (!status)
        status = import_flatten(node->importer, node->outputs[0], x, axis, &out);
    return status ? status : onnx_define(node, 0, &out);
}

typedef enum status axes_import(struct importer *importer, const char *name,
                                const struct operand *x, const int64_t *axes, size_t count,
                                struct operand *out);

/* Axes are an attribute, from version 13 on an input. */
static enum status take_axes(struct onnx_node *node, axes_import *import)
{
    int64_t axes[SHAPE_MAX_DIMS];
    struct operand out;
    size_t count;
    enum status status = onnx_ints_or_input(node, "axes", 1, 13, axes, SHAPE_MAX_DIMS, &count);

    if (!status)
        status = import(node->importer, node->outputs[0], onnx_operand(node, 0), axes, count, &out);
    return status ? status : onnx_define(node, 0, &out);
}

static enum status take_squeeze(struct onnx_node *node)
{
    return take_axes(node, import_squeeze);
}

static enum status take_unsqueeze(struct onnx_node *node)
{
    return take_axes(node, import_unsqueeze);
}

static enum status take_transpose(struct onnx_node *node)
{
    const struct operand *x = onnx_operand(node, 0);
    int64_t order[SHAPE_MAX_DIMS];
    struct operand out;
    size_t count;
    enum status status = onnx_ints(node, "perm", order, SHAPE_MAX_DIMS, &count);

    for (unsigned i = 0; i < x->shape.dims && !status && !onnx_has(node, "perm"); i++)
        order[count++] = (int64_t)x->shape.dims - 1 - i;
    if (!status)
        status = import_transpose(node->importer, node->outputs[0], x, order, count, &out);
    return status ? status : onnx_define(node, 0, &out);
}

static enum status take_expand(struct onnx_node *node)
{
    const struct operand *x = onnx_operand(node, 0);
    int64_t extents[SHAPE_MAX_DIMS];
    struct shape wanted = {.dims = 0}, shape;
    struct operand out;
    size_t count;
    enum status status = import_read_integers(node->importer, onnx_operand(node, 1), "shape",
                                              extents, SHAPE_MAX_DIMS, &count);

    for (size_t i = 0; i < count && !status; i++)
        wanted.dim[wanted.dims++] = extents[i];
    if (!status)
        status = import_broadcast_shape(node->importer, &x->shape, &wanted, &shape);
    if (!status)
        status = import_broadcast(node->importer, node->outputs[0], x, &shape, &out);
    return status ? status : onnx_define(node, 0, &out);
}

static enum status take_tile(struct onnx_node *node)
{
    const struct operand *x = onnx_operand(node, 0);
    int64_t repeats[SHAPE_MAX_DIMS];
    struct operand out;
    size_t count;
    enum status status = import_read_integers(node->importer, onnx_operand(node, 1), "repeats",
                                              repeats, SHAPE_MAX_DIMS, &count);

    if (!status && count != x->shape.dims)
        status =
            onnx_fail(node, STATUS_DATA, "it has %zu repeats for %u axes", count, x->shape.dims);
    if (!status)
        status = import_tile(node->importer, node->outputs[0], x, repeats, &out);
    return status ? status : onnx_define(node, 0, &out);
}

/* ---- padding ---- */

static enum status read_padding(const struct onnx_node *node, float *value)
{
    const struct operand *given = onnx_operand(node, 2);

    if (node->reader->opset < 11)
        return onnx_float(node, "value", 0, value);
    *value = 0;
    return given ? import_read_float(node->importer, given, "constant_value", value) : STATUS_OK;
}

static enum status take_pad(struct onnx_node *node)
{
    const struct operand *x = onnx_operand(node, 0);
    int64_t pads[2 * SHAPE_MAX_DIMS], axes[SHAPE_MAX_DIMS];
    int64_t begin[SHAPE_MAX_DIMS] = {0}, end[SHAPE_MAX_DIMS] = {0};
    size_t count, axis_count;
    struct operand out;
    float value;
    unsigned mode;
    enum status status = onnx_word(node, "mode", "constant", &mode);

    if (!status)
        status = onnx_ints_or_input(node, "pads", 1, 11, pads, 2 * SHAPE_MAX_DIMS, &count);
    if (!status)
        status = onnx_ints_or_input(node, "axes", 3, 18, axes, SHAPE_MAX_DIMS, &axis_count);
    if (!status)
        status = read_padding(node, &value);
    if (status)
        return status;
    for (unsigned i = 0; i < x->shape.dims && !axis_count; i++)
        axes[i] = i;
    axis_count = axis_count ? axis_count : x->shape.dims;
    if (count != 2 * axis_count)
        return onnx_fail(node, STATUS_DATA, "it has %zu pads for %zu axes", count, axis_count);
    for (size_t i = 0; i < axis_count && !status; i++) {
        unsigned axis;
        status = build_axis(node->importer, axes[i], x->shape.dims, &axis);
        if (status)
            break;
        begin[axis] = pads[i];
        end[axis] = pads[axis_count + i];
    }
    if (!status)
        status = import_pad(node->importer, node->outputs[0], x, begin, end, value, &out);
    return status ? status : onnx_define(node, 0, &out);
}

/* ---- depth and space ---- */

/* Reshape, transpose, reshape: tables of six axes. */
static enum status move_blocks(struct onnx_node *node, const int64_t table[6],
                               const int64_t order[6], const int64_t shape[4])
{
    const char *first, *second;
    struct operand out;
    enum status status = onnx_helper(node, "Blocks", &first);

    if (!status)
        status = onnx_helper(node, "Turned", &second);
    if (!status)
        status = import_reshape(node->importer, first, onnx_operand(node, 0), table, 6, &out);
    if (!status)
        status = import_transpose(node->importer, second, &out, order, 6, &out);
    if (!status)
        status = import_reshape(node->importer, node->outputs[0], &out, shape, 4, &out);
    return status ? status : onnx_define(node, 0, &out);
}

static enum status read_block(const struct onnx_node *node, int64_t *block)
{
    enum status status = onnx_int(node, "blocksize", 0, block);

    if (status)
        return status;
    if (onnx_operand(node, 0)->shape.dims != 4 || *block < 1 || *block > 1 << 15)
        return onnx_fail(node, STATUS_DATA, "it wants N x C x H x W and a blocksize above 0");
    return STATUS_OK;
}

static enum status take_depth_to_space(struct onnx_node *node)
{
    static const int64_t orders[2][6] = {{0, 3, 4, 1, 5, 2}, {0, 1, 4, 2, 5, 3}}; /* DCR, CRD */
    const int64_t *dim = onnx_operand(node, 0)->shape.dim;
    int64_t b, c;
    unsigned mode = 0;
    enum status status = read_block(node, &b);

    if (!status)
        status = onnx_word(node, "mode", "DCR CRD", &mode);
    if (!status && dim[1] % (b * b))
        status = onnx_fail(node, STATUS_DATA, "blocksize does not divide the channels");
    if (status)
        return status;
    c = dim[1] / (b * b);
    return move_blocks(node,
                       (const int64_t[]){dim[0], mode ? c : b, b, mode ? b : c, dim[2], dim[3]},
                       orders[mode], (const int64_t[]){dim[0], c, dim[2] * b, dim[3] * b});
}

static enum status take_space_to_depth(struct onnx_node *node)
{
    static const int64_t order[6] = {0, 3, 5, 1, 2, 4};
    const int64_t *dim = onnx_operand(node, 0)->shape.dim;
    int64_t b;
    enum status status = read_block(node, &b);

    if (!status && (dim[2] % b || dim[3] % b))
        status = onnx_fail(node, STATUS_DATA, "blocksize does not divide the plane");
    if (status)
        return status;
    return move_blocks(node, (const int64_t[]){dim[0], dim[1], dim[2] / b, b, dim[3] / b, b}, order,
                       (const int64_t[]){dim[0], dim[1] * b * b, dim[2] / b, dim[3] / b});
}

const struct onnx_operator onnx_layout_operators[] = {{"Concat", 1, take_concat},
                                                      {"Split", 1, take_split},
                                                      {"Slice", 1, take_slice},
                                                      {"Gather", 2, take_gather},
                                                      {"Reshape", 2, take_reshape},
                                                      {"Flatten", 1, take_flatten},
                                                      {"Squeeze", 1, take_squeeze},
                                                      {"Unsqueeze", 1, take_unsqueeze},
                                                      {"Transpose", 1, take_transpose},
                                                      {"Expand", 2, take_expand},
                                                      {"Tile", 2, take_tile},
                                                      {"Pad", 1, take_pad},
                                                      {"DepthToSpace", 1, take_depth_to_space},
                                                      {"SpaceToDepth", 1, take_space_to_depth},
                                                      {NULL, 0, NULL}};
