/* Putting tensors together and cutting them. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "model/import/constant.h"

/* ---- concat ---- */

static bool all_constant(const struct operand *const *operands, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!operand_is_constant(operands[i]))
            return false;
    }
    return true;
}

static enum status check_alike(struct importer *importer, const struct operand *const *operands,
                               size_t count, unsigned axis)
{
    char first[SHAPE_TEXT], other[SHAPE_TEXT];

    for (size_t i = 1; i < count; i++) {
        struct shape shape = operands[i]->shape;
        if (axis < shape.dims)
            shape.dim[axis] = operands[0]->shape.dim[axis];
        if (!shape_equal(&shape, &operands[0]->shape))
            return importer_fail(importer, STATUS_DATA, "%s and %s differ beside axis %u",
                                 shape_text(&operands[0]->shape, first),
                                 shape_text(&operands[i]->shape, other), axis);
    }
    return STATUS_OK;
}

/* Integers beside floats become floats. */
static enum status concat_constants(struct importer *importer,
                                    const struct operand *const *operands, size_t count,
                                    unsigned axis, struct operand *out)
{
    bool floats = false;
    struct operand *cast = calloc(count, sizeof *cast);
    const struct operand **all = calloc(count, sizeof *all);
    enum status status = STATUS_OK;

    if (!cast || !all)
        status = importer_fail(importer, STATUS_MEMORY, "out of memory");
    for (size_t i = 0; i < count; i++)
        floats = floats || operands[i]->kind == OPERAND_FLOATS;
    for (size_t i = 0; i < count && !status; i++) {
        all[i] = operands[i];
        if (floats) {
            status = import_cast(importer, operands[i], false, &cast[i]);
            all[i] = &cast[i];
        }
    }
    if (!status)
        status = constant_concat(importer, all, count, axis, out);
    free(all);
    free(cast);
    return status;
}

static enum status concat_values(struct importer *importer, const char *name,
                                 const struct operand *const *operands, size_t count, unsigned axis,
                                 struct operand *out)
{
    struct layer layer = {.kind = OPERATOR_CONCAT};
    uint32_t *inputs = arena_alloc(&importer->graph->arena, count, sizeof *inputs);
    const struct operand *model = NULL;
    uint8_t natural[SHAPE_MAX_DIMS];
    struct operand turned;
    enum status status = STATUS_OK;

    if (!inputs)
        return arena_fail(&importer->graph->arena, importer->error);
    build_natural_order(importer, operands[0]->shape.dims, natural);
    for (size_t i = count; i-- > 0;) {
        if (operands[i]->kind == OPERAND_VALUE &&
            (!model || !memcmp(operands[i]->order, natural, operands[i]->shape.dims)))
            model = operands[i];
    }
    for (size_t i = 0; i < count && !status; i++) {
        if (!shape_product(&operands[i]->shape, 0, operands[i]->shape.dims))
            continue;
        if (operand_is_constant(operands[i]))
            return importer_fail(importer, STATUS_UNSUPPORTED,
                                 "a constant beside what the network computes is not supported");
        status = build_turned(importer, name, operands[i], model->order, &turned);
        inputs[layer.input_count++] = turned.value;
    }
    if (status)
        return status;
    if (layer.input_count > OPERATOR_MAX_INPUTS)
        return importer_fail(importer, STATUS_UNSUPPORTED, "%zu inputs are more than %d", count,
                             OPERATOR_MAX_INPUTS);
    layer.inputs = inputs;
    layer.parameters.concat.axis = model->order[axis];
    return build_on(importer, name, model, &layer, out);
}

enum status import_concat(struct importer *importer, const char *name,
                          const struct operand *const *operands, size_t count, int64_t axis,
                          struct operand *out)
{
    unsigned index;
    enum status status;

    if (!count)
        return importer_fail(importer, STATUS_DATA, "it has no input");
    status = build_axis(importer, axis, operands[0]->shape.dims, &index);
    if (!status)
        status = check_alike(importer, operands, count, index);
    if (status)
        return status;
    if (count == 1)
        return import_identity(importer, name, operands[0], out);
    if (all_constant(operands, count))
        return concat_constants(importer, operands, count, index, out);
    return concat_values(importer, name, operands, count, index, out);
}

enum status import_stack(struct importer *importer, const char *name,
                         const struct operand *const *operands, size_t count, int64_t axis,
                         struct operand *out)
{
    struct operand *parts = calloc(count ? count : 1, sizeof *parts);
    const struct operand **all = calloc(count ? count : 1, sizeof *all);
    enum status status = STATUS_OK;
    const char *helper = name;

    if (!parts || !all)
        status = importer_fail(importer, STATUS_MEMORY, "out of memory");
    for (size_t i = 0; i < count && !status; i++) {
        all[i] = &parts[i];
        if (count > 1)
            status = build_name(importer, name, "Part", &helper);
        if (!status)
            status = import_unsqueeze(importer, helper, operands[i], &axis, 1, &parts[i]);
    }
    if (!status && count == 1)
        *out = parts[0];
    else if (!status)
        status = import_concat(importer, name, all, count, axis, out);
    free(all);
    free(parts);
    return status;
}

/* ---- split ---- */

/* A Slice of the value's axis `place`. */
static enum status append_slice(struct importer *importer, const char *const *names,
                                const struct operand *x, unsigned place, const int64_t *extents,
                                size_t count, struct operand *out)
{
    struct graph *graph = importer->graph;
    struct layer layer = {.kind = OPERATOR_SLICE, .inputs = &x->value, .input_count = 1};
    int64_t *points = arena_alloc(&graph->arena, count, sizeof *points), sum = 0;
    uint32_t *values = arena_alloc(&graph->arena, count, sizeof *values);
    uint8_t order[SHAPE_MAX_DIMS];
    enum status status;

    memcpy(order, x->order, sizeof order);
    if (!points || !values)
        return arena_fail(&graph->arena, importer->error);
    if (count > OPERATOR_MAX_OUTPUTS)
        return importer_fail(importer, STATUS_UNSUPPORTED, "%zu parts are more than %d", count,
                             OPERATOR_MAX_OUTPUTS);
    for (size_t i = 0; i + 1 < count; i++)
        points[i] = sum += extents[i];
    layer.parameters.slice =
        (struct slice_parameters){.axis = place, .point_count = count - 1, .points = points};
    status = build_layers(importer, names, count, &layer, values);
    for (size_t i = 0; i < count && !status; i++)
        out[i] = build_operand(importer, values[i], order);
    return status;
}

static enum status check_parts(struct importer *importer, int64_t whole, const int64_t *extents,
                               size_t count)
{
    int64_t rest = whole;

    for (size_t i = 0; i < count; i++) {
        if (extents[i] < 0 || extents[i] > rest)
            return importer_fail(importer, STATUS_DATA,
                                 "its parts do not make the %" PRId64 " of its input", whole);
        rest -= extents[i];
    }
    if (rest || !count)
        return importer_fail(importer, STATUS_DATA,
                             "its parts leave %" PRId64 " of the %" PRId64 " of its input", rest,
                             whole);
    return STATUS_OK;
}

enum status import_split(struct importer *importer, const char *const *names,
                         const struct operand *x, int64_t axis, const int64_t *extents,
                         size_t count, struct operand *out)
{
    const struct operand whole = *x;
    int64_t begin = 0;
    unsigned index;
    enum status status = build_axis(importer, axis, x->shape.dims, &index);

    if (!status)
        status = check_parts(importer, x->shape.dim[index], extents, count);
    if (status)
        return status;
    if (operand_is_constant(x)) {
        for (size_t i = 0; i < count && !status; begin += extents[i++])
            status = constant_cut(importer, &whole, index, begin, extents[i], &out[i]);
        return status;
    }
    if (count == 1)
        return import_identity(importer, names[0], x, out);
    return append_slice(importer, names, &whole, whole.order[index], extents, count, out);
}

/* ---- slice ---- */

/* A range along an axis by numpy's rules; `count` is 0 for an empty one. */
struct range {
    int64_t begin, step, count;
};

static int64_t clamp(int64_t number, int64_t low, int64_t high)
{
    return number < low ? low : number > high ? high : number;
}

static struct range numpy_range(int64_t extent, int64_t begin, int64_t end, int64_t step)
{
    struct range range = {.step = step};
    int64_t low = step > 0 ? 0 : -1, high = step > 0 ? extent : extent - 1, distance;

    begin = begin < 0 && begin >= -extent ? begin + extent : begin < 0 ? low : begin;
    end = end < 0 && end >= -extent ? end + extent : end < 0 ? low : end;
    range.begin = clamp(begin, low, high);
    distance = step > 0 ? clamp(end, low, high) - range.begin : range.begin - clamp(end, low, high);
    if (distance > 0)
        range.count = (distance - 1) / (step > 0 ? step : -(step + 1) + 1) + 1;
    return range;
}

static enum status slice_constant(struct importer *importer, const struct operand *x,
                                  const struct range *ranges, struct operand *out)
{
    struct pick picks[SHAPE_MAX_DIMS];
    struct shape shape = {.dims = x->shape.dims};

    for (unsigned i = 0; i < shape.dims; i++) {
        shape.dim[i] = ranges[i].count;
        picks[i] = (struct pick){.axis = (int)i,
                                 .begin = ranges[i].count ? ranges[i].begin : 0,
                                 .step = ranges[i].count > 1 ? ranges[i].step : 1};
    }
    return constant_pick(importer, x, &shape, picks, out);
}

/* Keeps [begin, begin + extent) of an axis under `name`; what is left gets helpers' names. */
static enum status cut_axis(struct importer *importer, const char *name, unsigned axis,
                            int64_t begin, int64_t extent, struct operand *x)
{
    int64_t behind = x->shape.dim[axis] - begin - extent, extents[3];
    const char *names[3];
    struct operand parts[3];
    size_t count = 0, kept;
    enum status status = STATUS_OK;

    if (begin) {
        extents[count] = begin;
        status = build_name(importer, name, "Rest", &names[count++]);
    }
    kept = count;
    extents[count] = extent;
    names[count++] = name;
    if (behind && !status) {
        extents[count] = behind;
        status = build_name(importer, name, "Rest", &names[count++]);
    }
    if (!status)
        status = append_slice(importer, names, x, x->order[axis], extents, count, parts);
    if (!status)
        *x = parts[kept];
    return status;
}

/* Every step-th row and column: a maximum over windows of one pixel. */
static enum status subsample(struct importer *importer, const char *name,
                             const struct range *ranges, const struct operand *x,
                             struct operand *out)
{
    union parameters parameters = {
        .pooling = {.method = POOLING_MAX,
                    .window = {.kernel = {1, 1}, .stride = {1, 1}, .dilation = {1, 1}}}};

    for (unsigned i = 0; i < x->shape.dims; i++) {
        if (ranges[i].step == 1)
            continue;
        if (x->shape.dims != 4 || x->order[i] < 2 || ranges[i].step < 1 ||
            ranges[i].step > INT32_MAX)
            return importer_fail(importer, STATUS_UNSUPPORTED,
                                 "steps of %" PRId64 " along axis %u are not supported",
                                 ranges[i].step, i);
        parameters.pooling.window.stride[x->order[i] - 2] = ranges[i].step;
    }
    return build_simple(importer, name, OPERATOR_POOLING, &parameters, x, out);
}

/* What is cut out of an axis. Where every step-th place is taken later, what follows the last of
 * them may stay. */
static int64_t cut_extent(const struct operand *x, const struct range *range, unsigned axis)
{
    int64_t rest = x->shape.dim[axis] - range->begin;

    return range->step > 1 && (rest - 1) / range->step + 1 == range->count
               ? rest
               : (range->count - 1) * range->step + 1;
}

static enum status slice_value(struct importer *importer, const char *name, const struct operand *x,
                               const struct range *ranges, struct operand *out)
{
    bool sampled = false;
    unsigned last = SHAPE_MAX_DIMS;
    struct operand part = *x;
    enum status status = STATUS_OK;

    for (unsigned i = 0; i < x->shape.dims; i++) {
        if (!ranges[i].count)
            return importer_fail(importer, STATUS_DATA, "it leaves nothing of axis %u", i);
        sampled = sampled || ranges[i].step != 1;
        last = cut_extent(x, &ranges[i], i) != x->shape.dim[i] ? i : last;
    }
    for (unsigned i = 0; i < x->shape.dims && !status; i++) {
        int64_t extent = cut_extent(x, &ranges[i], i);
        const char *helper = name;
        if (extent == x->shape.dim[i])
            continue;
        if (i != last || sampled)
            status = build_name(importer, name, "Slice", &helper);
        if (!status)
            status = cut_axis(importer, helper, i, ranges[i].begin, extent, &part);
    }
    if (!status && sampled)
        status = subsample(importer, name, ranges, &part, &part);
    *out = part;
    return status;
}

/* ---- gather ---- */

/* The indices, which count from the end where negative, inside [0, extent). */
static enum status read_indices(struct importer *importer, const struct operand *indices,
                                int64_t extent, int64_t **out, size_t *count)
{
    struct operand room;
    enum status status;

    if (!operand_is_constant(indices))
        return importer_fail(importer, STATUS_UNSUPPORTED,
                             "its indices must be constant, but the network computes them");
    status = import_integers(importer, &indices->shape, out, &room);
    if (!status)
        status = import_read_integers(importer, indices, "the indices", *out, SIZE_MAX, count);
    for (size_t i = 0; i < *count && !status; i++) {
        int64_t index = (*out)[i] < 0 ? (*out)[i] + extent : (*out)[i];
        if (index < 0 || index >= extent)
            return importer_fail(importer, STATUS_DATA,
                                 "index %" PRId64 " lies outside of %" PRId64, (*out)[i], extent);
        (*out)[i] = index;
    }
    return status;
}

static enum status gather_constant(struct importer *importer, const struct operand *x,
                                   const int64_t *indices, size_t count, unsigned axis,
                                   const struct shape *shape, struct operand *out)
{
    const struct operand from = *x;
    size_t rows = shape_product(&from.shape, 0, axis), at = 0;
    size_t run = shape_product(&from.shape, axis + 1, from.shape.dims);
    size_t extent = (size_t)from.shape.dim[axis];
    bool integers = from.kind == OPERAND_INTEGERS;
    int64_t *numbers = NULL;
    float *floats = NULL;
    enum status status = integers ? import_integers(importer, shape, &numbers, out)
                                  : import_floats(importer, shape, &floats, out);

    for (size_t row = 0; row < rows && !status; row++) {
        for (size_t i = 0; i < count; i++, at += run) {
            size_t first = (row * extent + (size_t)indices[i]) * run;
            if (integers)
                memcpy(numbers + at, from.integers + first, run * sizeof *numbers);
            else if (run)
                weight_read(&from.weight, first, run, floats + at);
        }
    }
    return status;
}

/* Each place of the axis by itself, put together anew. */
static enum status gather_pieces(struct importer *importer, const char *name,
                                 const struct operand *x, const int64_t *indices, size_t count,
                                 unsigned axis, struct operand *out)
{
    size_t extent = (size_t)x->shape.dim[axis];
    const char *names[OPERATOR_MAX_OUTPUTS];
    int64_t *ones = arena_alloc(&importer->graph->arena, extent, sizeof *ones);
    struct operand *parts = arena_alloc(&importer->graph->arena, extent, sizeof *parts);
    const struct operand **chosen = arena_alloc(&importer->graph->arena, count, sizeof *chosen);
    enum status status = STATUS_OK;

    if (extent > 256 || count > 256)
        return importer_fail(importer, STATUS_UNSUPPORTED,
                             "indices that are no run are supported up to 256");
    if (!ones || !parts || !chosen)
        return arena_fail(&importer->graph->arena, importer->error);
    for (size_t i = 0; i < extent && !status; i++) {
        ones[i] = 1;
        status = build_name(importer, name, "Part", &names[i]);
    }
    if (!status)
        status = import_split(importer, names, x, axis, ones, extent, parts);
    for (size_t i = 0; i < count; i++)
        chosen[i] = &parts[indices[i]];
    return status ? status : import_concat(importer, name, chosen, count, axis, out);
}

static enum status gather_value(struct importer *importer, const char *name,
                                const struct operand *x, const int64_t *indices, size_t count,
                                unsigned axis, const struct shape *shape, struct operand *out)
{
    int64_t begin[SHAPE_MAX_DIMS] = {0}, end[SHAPE_MAX_DIMS], step[SHAPE_MAX_DIMS];
    bool run = true, same = shape->dims == x->shape.dims;
    const char *helper = name;
    struct operand part;
    enum status status = same ? STATUS_OK : build_name(importer, name, "Slice", &helper);

    for (size_t i = 1; i < count; i++)
        run = run && indices[i] == indices[i - 1] + 1;
    for (unsigned i = 0; i < x->shape.dims; i++) {
        end[i] = x->shape.dim[i];
        step[i] = 1;
    }
    if (!count)
        return importer_fail(importer, STATUS_DATA, "it takes nothing");
    begin[axis] = indices[0];
    end[axis] = indices[0] + (int64_t)count;
    if (!status)
        status = run ? import_slice(importer, helper, x, begin, end, step, &part)
                     : gather_pieces(importer, helper, x, indices, count, axis, &part);
    return status ? status : import_reshape(importer, name, &part, shape->dim, shape->dims, out);
}

enum status import_gather(struct importer *importer, const char *name, const struct operand *x,
                          const struct operand *indices, int64_t axis, struct operand *out)
{
    struct shape shape = {.dims = 0};
    int64_t *numbers;
    size_t count;
    unsigned index;
    enum status status = build_axis(importer, axis, x->shape.dims, &index);

    if (status)
        return status;
    if (x->shape.dims - 1 + indices->shape.dims > SHAPE_MAX_DIMS)
        return importer_fail(importer, STATUS_UNSUPPORTED, "its output has more than %d axes",
                             SHAPE_MAX_DIMS);
    for (unsigned i = 0; i < index; i++)
        shape.dim[shape.dims++] = x->shape.dim[i];
    for (unsigned i = 0; i < indices->shape.dims; i++)
        shape.dim[shape.dims++] = indices->shape.dim[i];
    for (unsigned i = index + 1; i < x->shape.dims; i++)
        shape.dim[shape.dims++] = x->shape.dim[i];
    status = read_indices(importer, indices, x->shape.dim[index], &numbers, &count);
    if (status)
        return status;
    return operand_is_constant(x)
               ? gather_constant(importer, x, numbers, count, index, &shape, out)
               : gather_value(importer, name, x, numbers, count, index, &shape, out);
}

/* ---- slices in any direction ---- */

static enum status gather_range(struct importer *importer, const char *name, unsigned axis,
                                const struct range *range, struct operand *x)
{
    struct operand indices;
    int64_t *numbers;
    const struct shape shape = {.dims = 1, .dim = {range->count}};
    enum status status = import_integers(importer, &shape, &numbers, &indices);

    for (int64_t i = 0; i < range->count && !status; i++)
        numbers[i] = range->begin + i * range->step;
    return status ? status : import_gather(importer, name, x, &indices, axis, x);
}

/* Backwards, or in steps along an axis that no pooling slides over. */
static bool is_gathered(const struct operand *x, const struct range *ranges, unsigned axis)
{
    int64_t step = ranges[axis].step;

    return step < 0 || (step > 1 && (x->shape.dims != 4 || x->order[axis] < 2));
}

/* What is not sampled is gathered; then that axis is whole. */
static enum status turn_ranges(struct importer *importer, const char *name, struct range *ranges,
                               struct operand *x)
{
    bool forward = true;
    unsigned last = 0;
    enum status status = STATUS_OK;

    for (unsigned i = 0; i < x->shape.dims; i++) {
        bool whole = ranges[i].step == 1 && ranges[i].count == x->shape.dim[i];
        last = is_gathered(x, ranges, i) ? i : last;
        forward = forward && (whole || is_gathered(x, ranges, i));
    }
    for (unsigned i = 0; i < x->shape.dims && !status; i++) {
        const char *helper = name;
        if (!is_gathered(x, ranges, i) || !ranges[i].count)
            continue;
        if (!forward || i != last)
            status = build_name(importer, name, "Gather", &helper);
        if (!status)
            status = gather_range(importer, helper, i, &ranges[i], x);
        ranges[i] = (struct range){.count = ranges[i].count, .step = 1};
    }
    return status;
}

enum status import_slice(struct importer *importer, const char *name, const struct operand *x,
                         const int64_t *begin, const int64_t *end, const int64_t *step,
                         struct operand *out)
{
    struct range ranges[SHAPE_MAX_DIMS];
    struct operand part = *x;
    enum status status;

    for (unsigned i = 0; i < x->shape.dims; i++) {
        if (!step[i])
            return importer_fail(importer, STATUS_DATA, "a step of 0 goes nowhere");
        ranges[i] = numpy_range(x->shape.dim[i], begin[i], end[i], step[i]);
        if (ranges[i].count == 1)
            ranges[i].step = 1;
    }
    if (operand_is_constant(x))
        return slice_constant(importer, x, ranges, out);
    status = turn_ranges(importer, name, ranges, &part);
    return status ? status : slice_value(importer, name, &part, ranges, out);
}
