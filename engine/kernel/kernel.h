/* kernel: the table of inner loops that the operators call.
 *
 * One table per instruction set, chosen once per engine; "ref" is plain C and the specification:
 * any other must give the same results within rounding. Kernels touch nothing but their arguments,
 * do not allocate and may run on any thread. Buffers do not overlap unless a comment says so.
 */
#ifndef ENGINE_KERNEL_KERNEL_H
#define ENGINE_KERNEL_KERNEL_H

#include <stddef.h>
#include <stdint.h>

#include "common/status.h"
#include "model/operator.h"

/* One image (or one group of its channels) under a sliding window. */
struct plane_geometry {
    int64_t channels, height, width;
    int64_t out_height, out_width;
    struct window window;
};

enum { KERNEL_MAX_TILE = 16 * 64 };

struct kernels {
    const char *name;

    /* The matrix product works on tiles of tile_rows x tile_columns (at most KERNEL_MAX_TILE).
     * `a` is depth x tile_rows, `b` depth x tile_columns: c[i][j] = sum over k, in ascending order,
     * of a[k][i] * b[k][j]. `c` is overwritten. */
    size_t tile_rows, tile_columns;
    void (*gemm_tile)(size_t depth, const float *a, const float *b, float *c);

    /* Columns [first, first + count) of the image's column matrix (rows: channel, kernel row,
     * kernel column; columns: output pixels; padding is 0), as panels of tile_columns columns each:
     * panel x row x tile_columns. Columns past `count` in the last panel are 0. */
    void (*pack_columns)(const struct plane_geometry *geometry, const float *image, size_t first,
                         size_t count, float *panels);

    /* Pooling of `channels` planes. Windows and divisors: pooling_layer.cpp, Forward_cpu(). */
    void (*pool_max)(const struct plane_geometry *geometry, const float *in, float *out);
    void (*pool_average)(const struct plane_geometry *geometry, const float *in, float *out);

    /* out = max(x, 0) + slope * min(x, 0). in and out may be the same. */
    void (*relu)(size_t count, float slope, const float *in, float *out);

    /* out = x * factor + shift for each element. in and out may be the same. */
    void (*scale_shift)(size_t count, float factor, float shift, const float *in, float *out);

    /* out = (x - mean) / deviation. in and out may be the same. */
    void (*normalize)(size_t count, float mean, float deviation, const float *in, float *out);

    /* out = x * y, element by element. x and out may be the same. */
    void (*multiply)(size_t count, const float *x, const float *y, float *out);

    /* out = x + factor * y. x and out may be the same. */
    void (*add_scaled)(size_t count, float factor, const float *x, const float *y, float *out);

    /* out = max(x, y). x and out may be the same. */
    void (*maximum)(size_t count, const float *x, const float *y, float *out);

    /* LRN over `channels` planes of `plane` elements, as struct lrn_parameters says; `sums` is
     * scratch of `plane` floats. */
    void (*lrn_across)(const struct lrn_parameters *lrn, size_t channels, size_t plane,
                       const float *in, float *sums, float *out);

    /* LRN within each of `channels` planes (lrn_layer.cpp, WithinChannelForward: the mean of
     * squares over the window, whose divisor is that of average pooling). */
    void (*lrn_within)(const struct lrn_parameters *lrn, const struct plane_geometry *geometry,
                       const float *in, float *out);

    /* Softmax over `classes` elements that are `stride` apart, for `stride` neighbours. `in` and
     * `out` may be the same. */
    void (*softmax)(size_t classes, size_t stride, const float *in, float *out);
};

/* The table for this machine, or the one that the environment variable CARMLBENCH_KERNEL names.
 * STATUS_CONFIG when that names none that this machine can run. */
enum status kernels_choose(const struct kernels **out, struct error *error) MUST_CHECK;

/* The reference table. */
const struct kernels *kernels_reference(void);

#endif
