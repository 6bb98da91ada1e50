/* weight: trained numbers of a node, seen where they lie.
 *
 * The bytes stay in the mapped file; a format that keeps them in another order than Caffe's is read
 * through strides. So reading a model copies nothing, and a writer turns them while it writes.
 */
#ifndef MODEL_WEIGHT_H
#define MODEL_WEIGHT_H

#include "common/status.h"
#include "model/parameters.h"

/* Little-endian float32 values that need not be aligned. Element (i0, i1, ...) of the view `dim`
 * stands i0 * stride[0] + i1 * stride[1] + ... elements behind `bytes`. The view's elements in
 * row-major order are those of `shape`, in row-major order; dims 0 means that they lie one behind
 * the other (a contiguous weight). */
struct weight {
    struct shape shape;
    size_t count; /* product of shape, and of the view */
    const unsigned char *bytes;
    unsigned dims;
    int64_t dim[SHAPE_MAX_DIMS], stride[SHAPE_MAX_DIMS];
};

/* A contiguous weight. `shape` must have passed shape_count(). */
struct weight weight_make(const struct shape *shape, const void *bytes);

bool weight_is_contiguous(const struct weight *weight);

/* The same numbers with axis i of the result being axis order[i] of weight->shape. False when the
 * view cannot be said in SHAPE_MAX_DIMS strides (a reshaped view that was turned before). */
bool weight_permute(struct weight *weight, const uint8_t *order) MUST_CHECK;

/* The same numbers, in the same row-major order, under another shape of the same count. */
void weight_reshape(struct weight *weight, const struct shape *shape);

/* Elements [begin, begin + extent) of one axis of weight->shape. False as weight_permute(). */
bool weight_slice(struct weight *weight, unsigned axis, int64_t begin, int64_t extent) MUST_CHECK;

/* Copies elements [first, first + count) in row-major order. Any thread. Sequential reads of a
 * turned weight cost about what the memory costs: rows are gathered in blocks. */
void weight_read(const struct weight *weight, size_t first, size_t count, float *out);

/* Copies all of them. */
void weight_copy(const struct weight *weight, float *out);

/* The view with as few axes as say the same, outermost first; none has the extent 1. */
struct weight_walk {
    unsigned dims;
    int64_t dim[SHAPE_MAX_DIMS], stride[SHAPE_MAX_DIMS];
};

/* Of a weight that is not contiguous. */
struct weight_walk weight_walk(const struct weight *weight);

/* One number; slow for large views. */
float weight_at(const struct weight *weight, size_t index);

#endif
