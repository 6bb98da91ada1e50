#include "model/import/constant.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "common/checked.h"

struct operand operand_view(const struct weight *weight)
{
    return (struct operand){.kind = OPERAND_FLOATS, .shape = weight->shape, .weight = *weight};
}

bool operand_is_constant(const struct operand *operand)
{
    return operand->kind == OPERAND_FLOATS || operand->kind == OPERAND_INTEGERS;
}

/* Room for `shape` in the arena, charged to the budget. */
static enum status allocate(struct importer *importer, const struct shape *shape, size_t size,
                            void **numbers)
{
    size_t count, bytes;
    char text[SHAPE_TEXT];

    if (!shape_count(shape, &count) || !checked_mul(count, size, &bytes))
        return importer_fail(importer, STATUS_DATA, "a constant of %s is too large",
                             shape_text(shape, text));
    if (bytes > importer->budget)
        return importer_fail(importer, STATUS_LIMIT,
                             "its constants would need more memory than the file's size allows; "
                             "fold them before the network is saved");
    importer->budget -= bytes;
    *numbers = arena_alloc(&importer->graph->arena, count, size);
    return *numbers ? STATUS_OK : arena_fail(&importer->graph->arena, importer->error);
}

enum status import_floats(struct importer *importer, const struct shape *shape, float **numbers,
                          struct operand *out)
{
    void *room;
    enum status status = allocate(importer, shape, sizeof **numbers, &room);

    if (status)
        return status;
    *numbers = room;
    struct weight weight = weight_make(shape, room);
    *out = operand_view(&weight);
    return STATUS_OK;
}

enum status import_integers(struct importer *importer, const struct shape *shape, int64_t **numbers,
                            struct operand *out)
{
    void *room;
    enum status status = allocate(importer, shape, sizeof **numbers, &room);

    if (status)
        return status;
    *numbers = room;
    *out = (struct operand){.kind = OPERAND_INTEGERS, .shape = *shape, .integers = room};
    return STATUS_OK;
}

enum status import_fill(struct importer *importer, const struct shape *shape, float number,
                        struct operand *out)
{
    static const struct shape one = {.dims = 0};
    static const struct pick stretched[SHAPE_MAX_DIMS] = {{.axis = -1}, {.axis = -1}, {.axis = -1},
                                                          {.axis = -1}, {.axis = -1}, {.axis = -1},
                                                          {.axis = -1}, {.axis = -1}};
    struct operand scalar;
    float *room;
    size_t count;
    char text[SHAPE_TEXT];
    enum status status;

    if (!shape_count(shape, &count))
        return importer_fail(importer, STATUS_DATA, "a constant of %s is too large",
                             shape_text(shape, text));
    status = import_floats(importer, &one, &room, &scalar);
    if (status)
        return status;
    *room = number;
    return constant_pick(importer, &scalar, shape, stretched, out);
}

enum status constant_vector(struct importer *importer, const int64_t *numbers, size_t count,
                            struct operand *out)
{
    struct shape shape = {.dims = 1, .dim = {(int64_t)count}};
    int64_t *room;
    enum status status = import_integers(importer, &shape, &room, out);

    if (!status && count)
        memcpy(room, numbers, count * sizeof *room);
    return status;
}

enum status import_shape(struct importer *importer, const struct operand *x, struct operand *out)
{
    return constant_vector(importer, x->shape.dim, x->shape.dims, out);
}

enum status import_range(struct importer *importer, int64_t start, int64_t limit, int64_t step,
                         struct operand *out)
{
    struct shape shape = {.dims = 1};
    int64_t *room, distance, rounded;
    enum status status;

    if (!step || __builtin_sub_overflow(limit, start, &distance) ||
        __builtin_add_overflow(distance, step > 0 ? step - 1 : step + 1, &rounded) ||
        (step == -1 && rounded == INT64_MIN))
        return importer_fail(importer, STATUS_DATA,
                             "a range from %" PRId64 " to %" PRId64 " in steps of %" PRId64
                             " cannot be made",
                             start, limit, step);
    shape.dim[0] = rounded / step > 0 ? rounded / step : 0;
    status = import_integers(importer, &shape, &room, out);
    for (int64_t i = 0; i < shape.dim[0] && !status; i++)
        room[i] = start + i * step;
    return status;
}

/* `out` may be x. */
static enum status to_integers(struct importer *importer, const struct operand *x,
                               struct operand *out)
{
    const struct operand from = *x;
    int64_t *room;
    enum status status = import_integers(importer, &from.shape, &room, out);

    for (size_t i = 0; i < from.weight.count && !status; i++) {
        float number = weight_at(&from.weight, i);
        if (!(fabsf(number) < 0x1p62F))
            return importer_fail(importer, STATUS_DATA, "%g is no integer of 64 bits",
                                 (double)number);
        room[i] = (int64_t)number;
    }
    return status;
}

/* `out` may be x. */
static enum status to_floats(struct importer *importer, const struct operand *x,
                             struct operand *out)
{
    const struct operand from = *x;
    float *room;
    size_t count;
    enum status status = import_floats(importer, &from.shape, &room, out);

    count = status ? 0 : out->weight.count;
    for (size_t i = 0; i < count; i++)
        room[i] = (float)from.integers[i];
    return status;
}

enum status import_cast(struct importer *importer, const struct operand *x, bool integers,
                        struct operand *out)
{
    if (x->kind == OPERAND_FLOATS && integers)
        return to_integers(importer, x, out);
    if (x->kind == OPERAND_INTEGERS && !integers)
        return to_floats(importer, x, out);
    *out = *x;
    return STATUS_OK;
}

enum status import_cast_to_bool(struct importer *importer, const struct operand *x,
                                struct operand *out)
{
    const struct operand from = *x;
    size_t count = shape_product(&from.shape, 0, from.shape.dims);
    int64_t *room;
    enum status status = import_integers(importer, &from.shape, &room, out);

    for (size_t i = 0; i < count && !status; i++)
        room[i] =
            from.kind == OPERAND_INTEGERS ? from.integers[i] != 0 : weight_at(&from.weight, i) != 0;
    return status;
}

enum status import_read_integers(struct importer *importer, const struct operand *x,
                                 const char *what, int64_t *numbers, size_t max, size_t *count)
{
    *count = 0;
    if (!operand_is_constant(x))
        return importer_fail(importer, STATUS_UNSUPPORTED,
                             "%s must be constant, but the network computes it; fold it before "
                             "the network is saved",
                             what);
    *count = shape_product(&x->shape, 0, x->shape.dims);
    if (*count > max)
        return importer_fail(importer, STATUS_DATA, "%s has %zu numbers, more than %zu", what,
                             *count, max);
    for (size_t i = 0; i < *count; i++) {
        float number = x->kind == OPERAND_FLOATS ? weight_at(&x->weight, i) : 0;
        if (!(fabsf(number) < 0x1p62F) || number != floorf(number))
            return importer_fail(importer, STATUS_DATA, "%s holds %g, which is no integer", what,
                                 (double)number);
        numbers[i] = x->kind == OPERAND_FLOATS ? (int64_t)number : x->integers[i];
    }
    return STATUS_OK;
}

enum status import_read_float(struct importer *importer, const struct operand *x, const char *what,
                              float *number)
{
    if (!operand_is_constant(x))
        return importer_fail(importer, STATUS_UNSUPPORTED,
                             "%s must be constant, but the network computes it", what);
    if (shape_product(&x->shape, 0, x->shape.dims) != 1)
        return importer_fail(importer, STATUS_DATA, "%s must be one number", what);
    *number = x->kind == OPERAND_FLOATS ? weight_at(&x->weight, 0) : (float)x->integers[0];
    return STATUS_OK;
}

enum status constant_weight(struct importer *importer, const struct operand *x, const char *what,
                            struct weight *weight)
{
    struct operand floats;
    enum status status;

    if (!operand_is_constant(x))
        return importer_fail(importer, STATUS_UNSUPPORTED,
                             "%s must be constant, but the network computes it", what);
    status = import_cast(importer, x, false, &floats);
    if (!status)
        *weight = floats.weight;
    return status;
}

enum status constant_floats(struct importer *importer, const struct operand *x, float **numbers)
{
    struct weight weight;
    struct operand copy;
    enum status status = constant_weight(importer, x, "it", &weight);

    if (!status)
        status = import_floats(importer, &x->shape, numbers, &copy);
    if (!status && weight.count)
        weight_copy(&weight, *numbers);
    return status;
}

bool constant_is_all(const struct operand *x, float number)
{
    size_t count = shape_product(&x->shape, 0, x->shape.dims);
    float block[256];

    for (size_t i = 0; i < count;) {
        size_t part = count - i < 256 ? count - i : 256;
        for (size_t j = 0; j < part && x->kind == OPERAND_INTEGERS; j++)
            block[j] = (float)x->integers[i + j];
        if (x->kind == OPERAND_FLOATS)
            weight_read(&x->weight, i, part, block);
        for (size_t j = 0; j < part; j++) {
            if (block[j] != number)
                return false;
        }
        i += part;
    }
    return true;
}

/* ---- views ---- */

static void row_major(const struct shape *shape, int64_t stride[SHAPE_MAX_DIMS])
{
    int64_t step = 1;

    for (unsigned i = shape->dims; i-- > 0; step *= shape->dim[i])
        stride[i] = step;
}

/* One stride per axis of weight->shape; false where an axis has more than one. Axes of the view may
 * be split by those of the shape and the other way round. */
static bool axis_strides(const struct weight *weight, int64_t stride[SHAPE_MAX_DIMS])
{
    unsigned j = weight->dims;
    int64_t rest = 1, step = 0;

    if (!weight->dims) {
        row_major(&weight->shape, stride);
        return true;
    }
    for (unsigned i = weight->shape.dims; i-- > 0;) {
        int64_t wanted = weight->shape.dim[i], got = 1;
        stride[i] = 0;
        while (got < wanted) {
            int64_t need = wanted / got, take;
            while (rest == 1 && j > 0) {
                rest = weight->dim[--j];
                step = weight->stride[j];
            }
            if (got > 1 && step != stride[i] * got)
                return false;
            stride[i] = got > 1 ? stride[i] : step;
            take = rest < need ? rest : need;
            if (take <= 1 || need % take || rest % take)
                return false;
            got *= take;
            rest /= take;
            step *= take;
        }
    }
    return true;
}

/* `out` may be x. */
static enum status pick_integers(struct importer *importer, const struct operand *x,
                                 const struct shape *shape, int64_t first,
                                 const int64_t stride[SHAPE_MAX_DIMS], struct operand *out)
{
    const int64_t *from = x->integers;
    int64_t index[SHAPE_MAX_DIMS] = {0}, *room;
    enum status status = import_integers(importer, shape, &room, out);
    size_t count = status ? 0 : shape_product(shape, 0, shape->dims);

    for (size_t i = 0; i < count; i++) {
        int64_t at = first;
        for (unsigned k = 0; k < shape->dims; k++)
            at += index[k] * stride[k];
        room[i] = from[at];
        for (unsigned k = shape->dims; k-- > 0 && ++index[k] == shape->dim[k];)
            index[k] = 0;
    }
    return status;
}

enum status constant_pick(struct importer *importer, const struct operand *x,
                          const struct shape *shape, const struct pick picks[SHAPE_MAX_DIMS],
                          struct operand *out)
{
    int64_t from[SHAPE_MAX_DIMS], stride[SHAPE_MAX_DIMS] = {0}, first = 0;
    struct weight weight = x->weight;
    enum status status = STATUS_OK;
    size_t count;

    if (!shape_count(shape, &count))
        return importer_fail(importer, STATUS_DATA, "its constant would be too large");
    if (x->kind == OPERAND_INTEGERS || !weight.count) {
        row_major(&x->shape, from);
    } else if (!axis_strides(&weight, from)) {
        float *numbers;
        status = constant_floats(importer, x, &numbers);
        if (status)
            return status;
        weight = weight_make(&x->shape, numbers);
        row_major(&x->shape, from);
    }
    for (unsigned i = 0; i < shape->dims; i++) {
        if (picks[i].axis < 0)
            continue;
        first += picks[i].begin * from[picks[i].axis];
        stride[i] = picks[i].step * from[picks[i].axis];
    }
    if (x->kind == OPERAND_INTEGERS)
        return pick_integers(importer, x, shape, first, stride, out);
    weight.shape = *shape;
    weight.count = count;
    weight.bytes += count ? first * (int64_t)sizeof(float) : 0;
    weight.dims = shape->dims;
    memcpy(weight.dim, shape->dim, sizeof weight.dim);
    memcpy(weight.stride, stride, sizeof weight.stride);
    *out = operand_view(&weight);
    return status;
}

enum status constant_transpose(struct importer *importer, const struct operand *x,
                               const uint8_t *order, struct operand *out)
{
    struct pick picks[SHAPE_MAX_DIMS];
    struct shape shape = {.dims = x->shape.dims};

    for (unsigned i = 0; i < shape.dims; i++) {
        picks[i] = (struct pick){.axis = order[i], .step = 1};
        shape.dim[i] = x->shape.dim[order[i]];
    }
    return constant_pick(importer, x, &shape, picks, out);
}

enum status constant_stretch(struct importer *importer, const struct operand *x,
                             const struct shape *shape, struct operand *out)
{
    struct pick picks[SHAPE_MAX_DIMS];
    struct operand from = *x;

    if (shape_equal(&x->shape, shape)) {
        *out = from;
        return STATUS_OK;
    }
    for (unsigned i = 0; i < shape->dims; i++) {
        int axis = (int)i - (int)(shape->dims - x->shape.dims);
        bool same = axis >= 0 && x->shape.dim[axis] == shape->dim[i];
        picks[i] = (struct pick){.axis = same ? axis : -1, .step = 1};
    }
    return constant_pick(importer, &from, shape, picks, out);
}

enum status constant_cut(struct importer *importer, const struct operand *x, unsigned axis,
                         int64_t begin, int64_t extent, struct operand *out)
{
    struct pick picks[SHAPE_MAX_DIMS];
    struct shape shape = x->shape;

    shape.dim[axis] = extent;
    for (unsigned i = 0; i < shape.dims; i++)
        picks[i] = (struct pick){.axis = (int)i, .begin = i == axis ? begin : 0, .step = 1};
    return constant_pick(importer, x, &shape, picks, out);
}

static void copy_run(const struct operand *x, size_t first, size_t count, void *room, size_t at)
{
    if (x->kind == OPERAND_INTEGERS)
        memcpy((int64_t *)room + at, x->integers + first, count * sizeof *x->integers);
    else
        weight_read(&x->weight, first, count, (float *)room + at);
}

enum status constant_concat(struct importer *importer, const struct operand *const *operands,
                            size_t count, unsigned axis, struct operand *out)
{
    struct shape shape = operands[0]->shape;
    bool integers = operands[0]->kind == OPERAND_INTEGERS;
    struct operand made;
    enum status status;
    float *floats = NULL;
    int64_t *numbers = NULL;
    size_t rows = shape_product(&shape, 0, axis), at = 0;

    shape.dim[axis] = 0;
    for (size_t i = 0; i < count; i++) {
        if (__builtin_add_overflow(shape.dim[axis], operands[i]->shape.dim[axis], &shape.dim[axis]))
            return importer_fail(importer, STATUS_DATA, "its output would be too large");
    }
    status = integers ? import_integers(importer, &shape, &numbers, &made)
                      : import_floats(importer, &shape, &floats, &made);
    for (size_t row = 0; row < rows && !status; row++) {
        for (size_t i = 0; i < count; i++) {
            const struct shape *from = &operands[i]->shape;
            size_t run = shape_product(from, axis, from->dims);
            if (run)
                copy_run(operands[i], row * run, run, integers ? (void *)numbers : floats, at);
            at += run;
        }
    }
    if (!status)
        *out = made;
    return status;
}
