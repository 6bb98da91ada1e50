/* Shapes, orders of axes and pieces of tensors. */
#include <inttypes.h>
#include <string.h>

#include "model/format/tensorflow/graphdef_ops.h"

/* A constant list with at most one number per axis. */
static enum status read_list(struct graphdef_reading *reading, unsigned input, const char *what,
                             int64_t list[SHAPE_MAX_DIMS], size_t *count)
{
    return import_read_integers(&reading->importer, reading->inputs[input], what, list,
                                SHAPE_MAX_DIMS, count);
}

static enum status read_number(struct graphdef_reading *reading, unsigned input, const char *what,
                               int64_t *number)
{
    size_t count;
    enum status status =
        import_read_integers(&reading->importer, reading->inputs[input], what, number, 1, &count);

    if (!status && count != 1)
        status = importer_fail(&reading->importer, STATUS_DATA, "%s is not one number", what);
    return status;
}

/* A list with exactly one number per axis of x. */
static enum status read_per_axis(struct graphdef_reading *reading, unsigned input, const char *what,
                                 const struct operand *x, int64_t list[SHAPE_MAX_DIMS])
{
    size_t count;
    enum status status = read_list(reading, input, what, list, &count);

    if (!status && count != x->shape.dims)
        status =
            importer_fail(&reading->importer, STATUS_DATA,
                          "%s: %zu numbers for a tensor of %u axes", what, count, x->shape.dims);
    return status;
}

/* ---- shapes ---- */

enum status graphdef_read_reshape(struct graphdef_reading *reading)
{
    int64_t extents[SHAPE_MAX_DIMS];
    size_t count;
    enum status status = read_list(reading, 1, "the shape", extents, &count);

    return status ? status
                  : import_reshape(&reading->importer, reading->name, reading->inputs[0], extents,
                                   count, reading->outputs);
}

enum status graphdef_read_squeeze(struct graphdef_reading *reading)
{
    struct graphdef *graph = &reading->graph;
    const char *key = graphdef_has(graph, reading->node, "squeeze_dims") ? "squeeze_dims" : "axis";
    int64_t axes[SHAPE_MAX_DIMS];
    size_t count = graphdef_ints(graph, reading->node, key, axes, SHAPE_MAX_DIMS);

    if (graphdef_status(reading))
        return graphdef_status(reading);
    return import_squeeze(&reading->importer, reading->name, reading->inputs[0], axes, count,
                          reading->outputs);
}

enum status graphdef_read_expand_dims(struct graphdef_reading *reading)
{
    int64_t axis;
    enum status status = read_number(reading, 1, "the axis", &axis);

    return status ? status
                  : import_unsqueeze(&reading->importer, reading->name, reading->inputs[0], &axis,
                                     1, reading->outputs);
}

enum status graphdef_read_transpose(struct graphdef_reading *reading)
{
    int64_t order[SHAPE_MAX_DIMS];
    enum status status = read_per_axis(reading, 1, "the order", reading->inputs[0], order);

    return status ? status
                  : import_transpose(&reading->importer, reading->name, reading->inputs[0], order,
                                     reading->inputs[0]->shape.dims, reading->outputs);
}

/* ---- depth and space (array_ops.cc) ---- */

/* Reshape, transpose, reshape: tables of six axes. */
static enum status move_blocks(struct graphdef_reading *reading, const int64_t table[6],
                               const int64_t order[6], const int64_t shape[4])
{
    struct importer *importer = &reading->importer;
    struct operand *out = reading->outputs;
    const char *first, *second;
    enum status status = graphdef_helper(reading, reading->name, "Blocks", &first);

    if (!status)
        status = graphdef_helper(reading, reading->name, "Turned", &second);
    if (!status)
        status = import_reshape(importer, first, reading->inputs[0], table, 6, out);
    if (!status)
        status = import_transpose(importer, second, out, order, 6, out);
    return status ? status : import_reshape(importer, reading->name, out, shape, 4, out);
}

struct blocks {
    int64_t b, n, c, h, w;
    bool first; /* the channels stand in front of the planes */
};

static enum status read_blocks(struct graphdef_reading *reading, struct blocks *blocks)
{
    const struct import_axes *axes;
    const int64_t *dim = reading->inputs[0]->shape.dim;
    int64_t b = graphdef_int(&reading->graph, reading->node, "block_size", 0);
    enum status status = graphdef_axes(reading, &axes);

    if (!status)
        status = graphdef_need_planes(reading, reading->inputs[0], "its input");
    if (status)
        return status;
    if (b < 1 || b > 1 << 15)
        return importer_fail(&reading->importer, STATUS_DATA, "block_size is %" PRId64, b);
    *blocks = (struct blocks){b,
                              dim[0],
                              dim[axes->channel],
                              dim[axes->spatial[0]],
                              dim[axes->spatial[1]],
                              axes->channel == 1};
    return STATUS_OK;
}

/* The channels are b x b x the rest. */
enum status graphdef_read_depth_to_space(struct graphdef_reading *reading)
{
    static const int64_t last[] = {0, 1, 3, 2, 4, 5}, first[] = {0, 3, 4, 1, 5, 2};
    struct blocks s;
    enum status status = read_blocks(reading, &s);

    if (!status && s.c % (s.b * s.b))
        status = importer_fail(&reading->importer, STATUS_DATA,
                               "blocks of %" PRId64 " x %" PRId64 " cannot be made of %" PRId64
                               " channels",
                               s.b, s.b, s.c);
    if (status)
        return status;
    s.c /= s.b * s.b;
    if (s.first)
        return move_blocks(reading, (const int64_t[]){s.n, s.b, s.b, s.c, s.h, s.w}, first,
                           (const int64_t[]){s.n, s.c, s.h * s.b, s.w * s.b});
    return move_blocks(reading, (const int64_t[]){s.n, s.h, s.w, s.b, s.b, s.c}, last,
                       (const int64_t[]){s.n, s.h * s.b, s.w * s.b, s.c});
}

enum status graphdef_read_space_to_depth(struct graphdef_reading *reading)
{
    static const int64_t last[] = {0, 1, 3, 2, 4, 5}, first[] = {0, 3, 5, 1, 2, 4};
    struct blocks s;
    enum status status = read_blocks(reading, &s);

    if (!status && (s.h % s.b || s.w % s.b))
        status = importer_fail(
            &reading->importer, STATUS_DATA,
            "a plane of %" PRId64 " x %" PRId64 " has no whole blocks of %" PRId64, s.h, s.w, s.b);
    if (status)
        return status;
    s.h /= s.b;
    s.w /= s.b;
    if (s.first)
        return move_blocks(reading, (const int64_t[]){s.n, s.c, s.h, s.b, s.w, s.b}, first,
                           (const int64_t[]){s.n, s.c * s.b * s.b, s.h, s.w});
    return move_blocks(reading, (const int64_t[]){s.n, s.h, s.b, s.w, s.b, s.c}, last,
                       (const int64_t[]){s.n, s.h, s.w, s.c * s.b * s.b});
}

/* ---- putting together ---- */

/* Concat has its axis in front, ConcatV2 (op->argument) behind. */
enum status graphdef_read_concat(struct graphdef_reading *reading)
{
    uint32_t count = reading->node->input_count - 1;
    bool behind = reading->op->argument != 0;
    int64_t axis;
    enum status status = read_number(reading, behind ? count : 0, "the axis", &axis);

    return status
               ? status
               : import_concat(&reading->importer, reading->name,
                               reading->inputs + (behind ? 0 : 1), count, axis, reading->outputs);
}

enum status graphdef_read_pack(struct graphdef_reading *reading)
{
    int64_t axis = graphdef_int(&reading->graph, reading->node, "axis", 0);

    if (graphdef_status(reading))
        return graphdef_status(reading);
    return import_stack(&reading->importer, reading->name, reading->inputs,
                        reading->node->input_count, axis, reading->outputs);
}

enum status graphdef_read_pad(struct graphdef_reading *reading)
{
    const struct operand *x = reading->inputs[0];
    int64_t pads[2 * SHAPE_MAX_DIMS], begin[SHAPE_MAX_DIMS], end[SHAPE_MAX_DIMS];
    float value = 0;
    size_t count;
    enum status status = import_read_integers(&reading->importer, reading->inputs[1],
                                              "the paddings", pads, 2 * SHAPE_MAX_DIMS, &count);

    if (!status && reading->node->input_count == 3)
        status = import_read_float(&reading->importer, reading->inputs[2], "the value", &value);
    if (!status && count != 2 * x->shape.dims)
        status = importer_fail(&reading->importer, STATUS_DATA,
                               "%zu paddings for a tensor of %u axes", count, x->shape.dims);
    for (unsigned i = 0; i < x->shape.dims && !status; i++) {
        begin[i] = pads[2 * i];
        end[i] = pads[2 * i + 1];
        if (begin[i] < 0 || end[i] < 0)
            status = importer_fail(&reading->importer, STATUS_DATA, "a padding is negative");
    }
    return status ? status
                  : import_pad(&reading->importer, reading->name, x, begin, end, value,
                               reading->outputs);
}

enum status graphdef_read_tile(struct graphdef_reading *reading)
{
    int64_t repeats[SHAPE_MAX_DIMS];
    enum status status = read_per_axis(reading, 1, "the repeats", reading->inputs[0], repeats);

    return status ? status
                  : import_tile(&reading->importer, reading->name, reading->inputs[0], repeats,
                                reading->outputs);
}

/* ---- taking apart ---- */

/* Splits x and gives the results the names of the node's outputs, or of helpers ("NAME/SUFFIX"). */
static enum status split(struct graphdef_reading *reading, const struct operand *x, int64_t axis,
                         const int64_t *extents, uint32_t count, const char *suffix)
{
    const char **names = arena_alloc(&reading->graph.arena, count, sizeof *names);
    enum status status = graphdef_outputs(reading, count);

    if (!names)
        return importer_fail(&reading->importer, STATUS_MEMORY, "out of memory");
    for (uint32_t i = 0; i < count && !status; i++) {
        names[i] = graphdef_value_name(reading, reading->node, i);
        if (!names[i])
            status = graphdef_status(reading);
        else if (suffix)
            status = graphdef_helper(reading, names[i], suffix, &names[i]);
    }
    return status
               ? status
               : import_split(&reading->importer, names, x, axis, extents, count, reading->outputs);
}

static enum status split_evenly(struct graphdef_reading *reading, const struct operand *x,
                                int64_t axis, int64_t count, const char *suffix)
{
    int64_t place = axis < 0 ? axis + x->shape.dims : axis;
    int64_t *extents;

    if (place < 0 || place >= x->shape.dims)
        return importer_fail(&reading->importer, STATUS_DATA,
                             "axis %" PRId64 " of a tensor of %u axes", axis, x->shape.dims);
    if (count < 1 || count > OPERATOR_MAX_OUTPUTS || x->shape.dim[place] % count)
        return importer_fail(&reading->importer, STATUS_DATA,
                             "%" PRId64 " cannot be split into %" PRId64 " parts",
                             x->shape.dim[place], count);
    extents = arena_alloc(&reading->graph.arena, (size_t)count, sizeof *extents);
    if (!extents)
        return importer_fail(&reading->importer, STATUS_MEMORY, "out of memory");
    for (int64_t i = 0; i < count; i++)
        extents[i] = x->shape.dim[place] / count;
    return split(reading, x, place, extents, (uint32_t)count, suffix);
}

/* Split(axis, value) */
enum status graphdef_read_split(struct graphdef_reading *reading)
{
    int64_t axis, count = graphdef_int(&reading->graph, reading->node, "num_split", 1);
    enum status status = graphdef_status(reading);

    if (!status)
        status = read_number(reading, 0, "the axis", &axis);
    return status ? status : split_evenly(reading, reading->inputs[1], axis, count, NULL);
}

/* Puts what is left in the place of the one size that may be -1. */
static enum status complete_sizes(struct graphdef_reading *reading, int64_t *sizes, size_t count,
                                  int64_t extent)
{
    int64_t sum = 0, open = -1;

    for (size_t i = 0; i < count; i++) {
        if (sizes[i] < -1 || sizes[i] > INT32_MAX || (sizes[i] == -1 && open >= 0))
            return importer_fail(&reading->importer, STATUS_DATA, "the sizes hold %" PRId64,
                                 sizes[i]);
        if (sizes[i] == -1)
            open = (int64_t)i;
        else
            sum += sizes[i];
    }
    if (open >= 0)
        sizes[open] = extent - sum;
    if (open < 0 ? sum == extent : sum <= extent)
        return STATUS_OK;
    return importer_fail(&reading->importer, STATUS_DATA,
                         "the sizes sum to %" PRId64 ", but the axis has %" PRId64, sum, extent);
}

/* SplitV(value, sizes, axis) */
enum status graphdef_read_split_v(struct graphdef_reading *reading)
{
    const struct operand *x = reading->inputs[0];
    int64_t *sizes = arena_alloc(&reading->graph.arena, OPERATOR_MAX_OUTPUTS, sizeof *sizes);
    int64_t axis, place;
    size_t count = 0;
    enum status status;

    if (!sizes)
        return importer_fail(&reading->importer, STATUS_MEMORY, "out of memory");
    status = import_read_integers(&reading->importer, reading->inputs[1], "the sizes", sizes,
                                  OPERATOR_MAX_OUTPUTS, &count);
    if (!status)
        status = read_number(reading, 2, "the axis", &axis);
    if (status)
        return status;
    place = axis < 0 ? axis + x->shape.dims : axis;
    if (!count || place < 0 || place >= x->shape.dims)
        return importer_fail(&reading->importer, STATUS_DATA,
                             "%zu sizes along axis %" PRId64 " of a tensor of %u axes", count, axis,
                             x->shape.dims);
    status = complete_sizes(reading, sizes, count, x->shape.dim[place]);
    return status ? status : split(reading, x, place, sizes, (uint32_t)count, NULL);
}

enum status graphdef_read_unpack(struct graphdef_reading *reading)
{
    int64_t axis = graphdef_int(&reading->graph, reading->node, "axis", 0);
    int64_t count = graphdef_int(&reading->graph, reading->node, "num", 0);
    const struct operand *x = reading->inputs[0];
    enum status status = graphdef_status(reading);

    if (!status)
        status = split_evenly(reading, x, axis, count, "Split");
    axis = axis < 0 ? axis + x->shape.dims : axis;
    if (!status && x->shape.dim[axis] != count)
        status = importer_fail(&reading->importer, STATUS_DATA,
                               "num is %" PRId64 ", but the axis has %" PRId64, count,
                               x->shape.dim[axis]);
    for (uint32_t i = 0; i < reading->output_count && !status; i++) {
        const char *name = graphdef_value_name(reading, reading->node, i);
        status = name ? import_squeeze(&reading->importer, name, &reading->outputs[i], &axis, 1,
                                       &reading->outputs[i])
                      : graphdef_status(reading);
    }
    return status;
}

/* Slice(x, begin, size); a size of -1: to the end. */
enum status graphdef_read_slice(struct graphdef_reading *reading)
{
    const struct operand *x = reading->inputs[0];
    int64_t begin[SHAPE_MAX_DIMS], size[SHAPE_MAX_DIMS], end[SHAPE_MAX_DIMS], step[SHAPE_MAX_DIMS];
    enum status status = read_per_axis(reading, 1, "the begin", x, begin);

    if (!status)
        status = read_per_axis(reading, 2, "the size", x, size);
    for (unsigned i = 0; i < x->shape.dims && !status; i++) {
        int64_t extent = x->shape.dim[i];
        if (begin[i] < 0 || begin[i] > extent || size[i] < -1 || size[i] > extent - begin[i])
            status = importer_fail(&reading->importer, STATUS_DATA,
                                   "%" PRId64 " from %" PRId64 " lies outside axis %u of %" PRId64,
                                   size[i], begin[i], i, extent);
        end[i] = size[i] < 0 ? extent : begin[i] + size[i];
        step[i] = 1;
    }
    return status ? status
                  : import_slice(&reading->importer, reading->name, x, begin, end, step,
                                 reading->outputs);
}

/* The masks of StridedSlice have one bit per entry of begin, end and strides
 * (strided_slice_op.cc, ValidateStridedSliceOp). */
struct strided {
    int64_t begin_mask, end_mask, ellipsis_mask, new_axis_mask, shrink_mask;
    int64_t from[SHAPE_MAX_DIMS], to[SHAPE_MAX_DIMS], by[SHAPE_MAX_DIMS]; /* as given */
    size_t entries;
    int64_t begin[SHAPE_MAX_DIMS], end[SHAPE_MAX_DIMS], step[SHAPE_MAX_DIMS]; /* per axis of x */
    int64_t shrunk[SHAPE_MAX_DIMS], added[SHAPE_MAX_DIMS];
    size_t shrunk_count, added_count;
};

/* One number: the axis disappears. Its place among the axes that are left of x. */
static enum status take_index(struct graphdef_reading *reading, struct strided *strided,
                              unsigned axis, size_t entry)
{
    int64_t extent = reading->inputs[0]->shape.dim[axis];
    int64_t index = strided->from[entry] < 0 ? strided->from[entry] + extent : strided->from[entry];

    if (index < 0 || index >= extent)
        return importer_fail(&reading->importer, STATUS_DATA,
                             "index %" PRId64 " lies outside axis %u of %" PRId64,
                             strided->from[entry], axis, extent);
    strided->begin[axis] = index;
    strided->end[axis] = index + 1;
    strided->step[axis] = 1;
    strided->shrunk[strided->shrunk_count++] = axis;
    return STATUS_OK;
}

static void take_range(struct strided *strided, unsigned axis, size_t entry, int64_t extent)
{
    int64_t bit = (int64_t)1 << entry, step = strided->by[entry];

    strided->step[axis] = step;
    strided->begin[axis] =
        strided->begin_mask & bit ? (step > 0 ? 0 : extent - 1) : strided->from[entry];
    strided->end[axis] =
        strided->end_mask & bit ? (step > 0 ? extent : -extent - 1) : strided->to[entry];
}

static void take_whole(struct strided *strided, unsigned axis, int64_t extent)
{
    strided->begin[axis] = 0;
    strided->end[axis] = extent;
    strided->step[axis] = 1;
}

/* Spreads the entries over the axes of x. */
static enum status spread(struct graphdef_reading *reading, struct strided *strided)
{
    const struct shape *shape = &reading->inputs[0]->shape;
    unsigned axis = 0, result = 0, named = 0;
    enum status status = STATUS_OK;

    for (size_t i = 0; i < strided->entries; i++)
        named += !((strided->ellipsis_mask | strided->new_axis_mask) >> i & 1);
    if (named > shape->dims)
        return importer_fail(&reading->importer, STATUS_DATA, "slices %u axes of a tensor of %u",
                             named, shape->dims);
    for (size_t i = 0; i < strided->entries && !status; i++) {
        if (strided->ellipsis_mask >> i & 1) {
            for (unsigned skip = shape->dims - named; skip; skip--, axis++, result++)
                take_whole(strided, axis, shape->dim[axis]);
        } else if (strided->new_axis_mask >> i & 1) {
            strided->added[strided->added_count++] = result++;
        } else if (strided->shrink_mask >> i & 1) {
            status = take_index(reading, strided, axis++, i);
        } else {
            take_range(strided, axis, i, shape->dim[axis]);
            axis++;
            result++;
        }
    }
    for (; axis < shape->dims && !status; axis++)
        take_whole(strided, axis, shape->dim[axis]);
    return status;
}

static enum status read_strided(struct graphdef_reading *reading, struct strided *strided)
{
    struct graphdef *graph = &reading->graph;
    size_t ends = 0, steps = 0;
    enum status status;

    *strided = (struct strided){
        .begin_mask = graphdef_int(graph, reading->node, "begin_mask", 0),
        .end_mask = graphdef_int(graph, reading->node, "end_mask", 0),
        .ellipsis_mask = graphdef_int(graph, reading->node, "ellipsis_mask", 0),
        .new_axis_mask = graphdef_int(graph, reading->node, "new_axis_mask", 0),
        .shrink_mask = graphdef_int(graph, reading->node, "shrink_axis_mask", 0),
    };
    status = graphdef_status(reading);
    if (!status)
        status = read_list(reading, 1, "the begin", strided->from, &strided->entries);
    if (!status)
        status = read_list(reading, 2, "the end", strided->to, &ends);
    if (!status)
        status = read_list(reading, 3, "the strides", strided->by, &steps);
    if (!status && (strided->entries != ends || ends != steps))
        status = importer_fail(&reading->importer, STATUS_DATA,
                               "begin, end and strides have %zu, %zu and %zu numbers",
                               strided->entries, ends, steps);
    if (!status && (strided->ellipsis_mask & (strided->ellipsis_mask - 1)))
        status = importer_fail(&reading->importer, STATUS_DATA, "more than one ellipsis");
    /* An entry is what its first mask says; later masks do not count for it. */
    strided->new_axis_mask &= ~strided->ellipsis_mask;
    return status;
}

enum status graphdef_read_strided_slice(struct graphdef_reading *reading)
{
    struct importer *importer = &reading->importer;
    const char *sliced = reading->name, *squeezed = reading->name;
    struct operand *out = reading->outputs;
    struct strided strided;
    enum status status = read_strided(reading, &strided);

    if (!status)
        status = spread(reading, &strided);
    if (!status && (strided.shrunk_count || strided.added_count))
        status = graphdef_helper(reading, reading->name, "Slice", &sliced);
    if (!status && strided.shrunk_count && strided.added_count)
        status = graphdef_helper(reading, reading->name, "Squeeze", &squeezed);
    if (!status)
        status = import_slice(importer, sliced, reading->inputs[0], strided.begin, strided.end,
                              strided.step, out);
    if (!status && strided.shrunk_count)
        status = import_squeeze(importer, squeezed, out, strided.shrunk, strided.shrunk_count, out);
    if (!status && strided.added_count)
        status =
            import_unsqueeze(importer, reading->name, out, strided.added, strided.added_count, out);
    return status;
}

enum status graphdef_read_gather(struct graphdef_reading *reading)
{
    int64_t axis = 0;
    enum status status =
        reading->op->argument ? read_number(reading, 2, "the axis", &axis) : STATUS_OK;

    return status ? status
                  : import_gather(&reading->importer, reading->name, reading->inputs[0],
                                  reading->inputs[1], axis, reading->outputs);
}
