#include "model/weight.h"

#include <string.h>

static size_t product(const int64_t *dim, unsigned dims)
{
    size_t count = 1;

    for (unsigned i = 0; i < dims; i++)
        count *= (size_t)dim[i];
    return count;
}

struct weight weight_make(const struct shape *shape, const void *bytes)
{
    return (struct weight){
        .shape = *shape, .count = product(shape->dim, shape->dims), .bytes = bytes};
}

bool weight_is_contiguous(const struct weight *weight)
{
    int64_t stride = 1;

    for (unsigned i = weight->dims; i-- > 0;) {
        if (weight->dim[i] != 1 && weight->stride[i] != stride)
            return false;
        stride *= weight->dim[i];
    }
    return true;
}

/* Splits the view so that a boundary stands between `inner` elements and the rest. */
static bool split_view(struct weight *weight, size_t inner)
{
    size_t below = 1;
    unsigned i = weight->dims;

    while (i > 0 && below < inner)
        below *= (size_t)weight->dim[--i];
    if (below == inner)
        return true;
    /* Axis i holds the boundary. */
    size_t rest = below / (size_t)weight->dim[i];
    if (inner % rest || (size_t)weight->dim[i] % (inner / rest) || weight->dims == SHAPE_MAX_DIMS)
        return false;
    int64_t low = (int64_t)(inner / rest);
    memmove(weight->dim + i + 1, weight->dim + i, (weight->dims - i) * sizeof *weight->dim);
    memmove(weight->stride + i + 1, weight->stride + i,
            (weight->dims - i) * sizeof *weight->stride);
    weight->dims++;
    weight->dim[i] /= low;
    weight->dim[i + 1] = low;
    weight->stride[i] = weight->stride[i + 1] * low;
    return true;
}

static void drop_ones(struct weight *weight)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < weight->dims; i++) {
        weight->dim[kept] = weight->dim[i];
        weight->stride[kept] = weight->stride[i];
        kept += weight->dim[i] != 1;
    }
    weight->dims = kept;
}

/* Where each axis of the shape begins in the view: begin[i] to begin[i + 1]. */
static bool align_view(struct weight *weight, unsigned begin[SHAPE_MAX_DIMS + 1])
{
    const struct shape *shape = &weight->shape;
    size_t inner = 1;

    if (!weight->count)
        return false;
    if (!weight->dims) {
        int64_t stride = 1;
        weight->dims = shape->dims;
        for (unsigned i = shape->dims; i-- > 0; stride *= shape->dim[i]) {
            weight->dim[i] = shape->dim[i];
            weight->stride[i] = stride;
        }
    }
    drop_ones(weight);
    for (unsigned i = shape->dims; i-- > 0;) {
        inner *= (size_t)shape->dim[i];
        if (!split_view(weight, inner))
            return false;
    }
    unsigned at = 0;
    for (unsigned i = 0; i < shape->dims; i++) {
        int64_t extent = 1;
        begin[i] = at;
        while (at < weight->dims && extent < shape->dim[i])
            extent *= weight->dim[at++];
    }
    begin[shape->dims] = weight->dims;
    return true;
}

bool weight_permute(struct weight *weight, const uint8_t *order)
{
    unsigned begin[SHAPE_MAX_DIMS + 1], at = 0;
    struct weight from = *weight;

    if (!align_view(&from, begin))
        return false;
    for (unsigned i = 0; i < from.shape.dims; i++) {
        weight->shape.dim[i] = from.shape.dim[order[i]];
        for (unsigned j = begin[order[i]]; j < begin[order[i] + 1]; j++, at++) {
            weight->dim[at] = from.dim[j];
            weight->stride[at] = from.stride[j];
        }
    }
    weight->dims = at;
    return true;
}

void weight_reshape(struct weight *weight, const struct shape *shape)
{
    /* A contiguous weight without strides takes the new shape; one with strides keeps its view. */
    weight->shape = *shape;
}

bool weight_slice(struct weight *weight, unsigned axis, int64_t begin, int64_t extent)
{
    unsigned at[SHAPE_MAX_DIMS + 1];
    struct weight from = *weight;

    if (!align_view(&from, at))
        return false;
    if (extent == from.shape.dim[axis])
        return true;
    /* An axis in several parts of the view can be cut only where it is one stretch. */
    if (at[axis + 1] - at[axis] != 1)
        return false;
    from.bytes += begin * from.stride[at[axis]] * (int64_t)sizeof(float);
    from.dim[at[axis]] = from.shape.dim[axis] = extent;
    from.count = product(from.shape.dim, from.shape.dims);
    *weight = from;
    return true;
}

struct weight_walk weight_walk(const struct weight *weight)
{
    struct weight_walk walk = {.dims = 0};

    for (unsigned i = 0; i < weight->dims; i++) {
        if (weight->dim[i] == 1)
            continue;
        if (walk.dims && walk.stride[walk.dims - 1] == weight->dim[i] * weight->stride[i]) {
            walk.dim[walk.dims - 1] *= weight->dim[i];
            walk.stride[walk.dims - 1] = weight->stride[i];
            continue;
        }
        walk.dim[walk.dims] = weight->dim[i];
        walk.stride[walk.dims++] = weight->stride[i];
    }
    return walk;
}

static void gather(const unsigned char *from, int64_t stride, size_t count, float *out)
{
    if (stride == 1) {
        memcpy(out, from, count * sizeof *out);
        return;
    }
    for (size_t i = 0; i < count; i++)
        memcpy(&out[i], from + (int64_t)i * stride * (int64_t)sizeof *out, sizeof *out);
}

/* Where a reader of rows (stretches along the last axis of a walk) stands. */
struct cursor {
    struct weight_walk walk;
    int64_t index[SHAPE_MAX_DIMS];
    int64_t offset; /* of the element, in elements */
};

static void next_row(struct cursor *cursor)
{
    const struct weight_walk *walk = &cursor->walk;
    unsigned last = walk->dims - 1;

    cursor->offset -= cursor->index[last] * walk->stride[last];
    cursor->index[last] = 0;
    for (unsigned i = last; i-- > 0;) {
        cursor->offset += walk->stride[i];
        if (++cursor->index[i] < walk->dim[i])
            return;
        cursor->offset -= cursor->index[i] * walk->stride[i];
        cursor->index[i] = 0;
    }
}

enum { TILE = 16, GROUP_ROWS = 4096 };

/* One tile of at most TILE x TILE elements: `rows` rows, `width` columns from `column` on. */
static void gather_tile(const unsigned char *from, const int64_t *offsets, size_t rows,
                        size_t column, size_t width, int64_t stride, float tile[TILE][TILE])
{
    for (size_t i = 0; i < width; i++) {
        const unsigned char *at = from + (int64_t)(column + i) * stride * (int64_t)sizeof(float);
        for (size_t row = 0; row < rows; row++)
            memcpy(&tile[row][i], at + offsets[row] * (int64_t)sizeof(float), sizeof(float));
    }
}

/* Whole rows whose elements lie apart: column by column, so that what lies close together in one
 * column is used while the cache has it. */
static void gather_rows(const unsigned char *from, const int64_t *offsets, size_t rows,
                        size_t length, int64_t stride, float *out)
{
    float tile[TILE][TILE];

    for (size_t column = 0; column < length; column += TILE) {
        size_t width = length - column < TILE ? length - column : TILE;
        for (size_t row = 0; row < rows; row += TILE) {
            size_t height = rows - row < TILE ? rows - row : TILE;
            gather_tile(from, offsets + row, height, column, width, stride, tile);
            for (size_t i = 0; i < height; i++)
                memcpy(out + (row + i) * length + column, tile[i], width * sizeof *out);
        }
    }
}

/* How many whole rows may be gathered together at the cursor. */
static size_t group_rows(const struct cursor *cursor, size_t count)
{
    unsigned last = cursor->walk.dims - 1;
    size_t rows = count / (size_t)cursor->walk.dim[last];

    if (cursor->index[last] || cursor->walk.stride[last] == 1)
        return 0;
    return rows < GROUP_ROWS ? rows : GROUP_ROWS;
}

void weight_read(const struct weight *weight, size_t first, size_t count, float *out)
{
    struct cursor at = {.offset = 0};
    int64_t offsets[GROUP_ROWS];
    size_t rest = first, length, rows, run;
    int64_t stride;

    if (weight_is_contiguous(weight)) {
        memcpy(out, weight->bytes + first * sizeof *out, count * sizeof *out);
        return;
    }
    at.walk = weight_walk(weight);
    for (unsigned i = at.walk.dims; i-- > 0; rest /= (size_t)at.walk.dim[i]) {
        at.index[i] = (int64_t)(rest % (size_t)at.walk.dim[i]);
        at.offset += at.index[i] * at.walk.stride[i];
    }
    length = (size_t)at.walk.dim[at.walk.dims - 1];
    stride = at.walk.stride[at.walk.dims - 1];
    for (; count; count -= run, out += run) {
        rows = group_rows(&at, count);
        if (rows > 1) {
            for (size_t i = 0; i < rows; i++, next_row(&at))
                offsets[i] = at.offset;
            gather_rows(weight->bytes, offsets, rows, length, stride, out);
            run = rows * length;
            continue;
        }
        run = length - (size_t)at.index[at.walk.dims - 1];
        run = run < count ? run : count;
        gather(weight->bytes + at.offset * (int64_t)sizeof *out, stride, run, out);
        next_row(&at);
    }
}

void weight_copy(const struct weight *weight, float *out)
{
    weight_read(weight, 0, weight->count, out);
}

float weight_at(const struct weight *weight, size_t index)
{
    float value;

    weight_read(weight, index, 1, &value);
    return value;
}
