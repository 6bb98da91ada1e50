/* constant: what the importer does with numbers that are known while it reads.
 *
 * Float constants are views as long as they can be; a fold copies, which the budget bounds.
 * `out` may be an operand that is read.
 */
#ifndef MODEL_IMPORT_CONSTANT_H
#define MODEL_IMPORT_CONSTANT_H

#include "model/import/build.h"

/* Where an axis of a result comes from: its place i is place begin + i * step of an axis. */
struct pick {
    int axis; /* -1: the result repeats along this axis */
    int64_t begin, step;
};

/* The constant of `shape` that picks from x; axes of x that no pick names stand at place 0. All
 * places must lie inside. Copies only if no view can say it. */
enum status constant_pick(struct importer *importer, const struct operand *x,
                          const struct shape *shape, const struct pick picks[SHAPE_MAX_DIMS],
                          struct operand *out) MUST_CHECK;

/* Axis i of the result is axis order[i] of x. */
enum status constant_transpose(struct importer *importer, const struct operand *x,
                               const uint8_t *order, struct operand *out) MUST_CHECK;

/* x broadcast to `shape` by numpy's rule, which must allow it. */
enum status constant_stretch(struct importer *importer, const struct operand *x,
                             const struct shape *shape, struct operand *out) MUST_CHECK;

/* Elements [begin, begin + extent) of an axis, which must lie inside. */
enum status constant_cut(struct importer *importer, const struct operand *x, unsigned axis,
                         int64_t begin, int64_t extent, struct operand *out) MUST_CHECK;

/* The constants one behind the other along an axis. Alike but for it. */
enum status constant_concat(struct importer *importer, const struct operand *const *operands,
                            size_t count, unsigned axis, struct operand *out) MUST_CHECK;

/* All numbers one behind the other in the arena, charged to the budget. */
enum status constant_floats(struct importer *importer, const struct operand *x,
                            float **numbers) MUST_CHECK;

/* A vector of integers or one integer, copied. */
enum status constant_vector(struct importer *importer, const int64_t *numbers, size_t count,
                            struct operand *out) MUST_CHECK;

/* The operand's numbers as a view of floats. Values are STATUS_UNSUPPORTED: `what` must be
 * constant. */
enum status constant_weight(struct importer *importer, const struct operand *x, const char *what,
                            struct weight *weight) MUST_CHECK;

/* Elementwise on constants of any shapes that numpy broadcasts. */
enum status constant_binary(struct importer *importer, enum import_binary operation,
                            const struct operand *a, const struct operand *b,
                            struct operand *out) MUST_CHECK;

enum status constant_unary(struct importer *importer, enum import_unary function, float alpha,
                           float beta, const struct operand *x, struct operand *out) MUST_CHECK;

/* Over the axes marked in `over`; the reduced axes are dropped unless `keep`. */
enum status constant_reduce(struct importer *importer, enum import_reduction reduction,
                            const struct operand *x, const bool over[SHAPE_MAX_DIMS], bool keep,
                            struct operand *out) MUST_CHECK;

/* True when all numbers of a constant are `number`; for long weights that is looked at only while
 * they agree. */
bool constant_is_all(const struct operand *x, float number);

#endif
