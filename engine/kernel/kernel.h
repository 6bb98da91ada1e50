/* kernel: the table of inner loops that the operators call.
 *
 * One table per instruction set, chosen once per engine; "ref" is plain C and the specification:
 * any other must give the same results within rounding. Kernels touch nothing but their arguments,
 * do not allocate and may run on any thread. Buffers do not overlap unless a comment says so.
 */
#ifndef ENGINE_KERNEL_KERNEL_H
#define ENGINE_KERNEL_KERNEL_H

#include <stdbool.h>
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

    /* The way back of pack_columns() for one tile of the column matrix: adds rows [row, row + rows)
     * of columns [column, column + columns), which stand in `tile` tile_columns apart, to the
     * pixels that they come from. Here the image is out_height x out_width and the columns are the
     * height x width pixels of a deconvolution's input. */
    void (*add_columns)(const struct plane_geometry *geometry, size_t row, size_t rows,
                        size_t column, size_t columns, const float *tile, float *image);

    /* Convolution of one plane with one filter: sums over kernel rows and columns in ascending
     * order, then the bias. `channels` is not looked at. */
    void (*convolve_plane)(const struct plane_geometry *geometry, const float *filter, float bias,
                           const float *in, float *out);

    /* Pooling of `channels` planes. Windows and divisors: pooling_layer.cpp, Forward_cpu(); only
     * pool_max() looks at the window's dilation. With `exclude_pad` the divisor counts the pixels
     * that are summed; the sum is taken in double. Stochastic pooling as at test time: sum of
     * squares by sum, which Caffe has for the GPU alone (pooling_layer.cu, StoPoolForwardTest: the
     * sum begins at FLT_MIN). */
    void (*pool_max)(const struct plane_geometry *geometry, const float *in, float *out);
    void (*pool_average)(const struct plane_geometry *geometry, bool exclude_pad, const float *in,
                         float *out);
    void (*pool_stochastic)(const struct plane_geometry *geometry, const float *in, float *out);

    /* out = max(x, 0) + slope * min(x, 0). In this and the next ones, in and out may be the same.
     */
    void (*relu)(size_t count, float slope, const float *in, float *out);

    /* out = x for x > 0, else alpha * (e^x - 1) */
    void (*elu)(size_t count, float alpha, const float *in, float *out);

    /* out = 1 / (1 + e^-x), and x times that of beta * x. */
    void (*sigmoid)(size_t count, const float *in, float *out);
    void (*swish)(size_t count, float beta, const float *in, float *out);

    void (*tanh)(size_t count, const float *in, float *out);
    void (*absolute)(size_t count, const float *in, float *out);

    /* out = x ^ power */
    void (*power)(size_t count, float power, const float *in, float *out);

    /* out = factor * e^(scale * x) */
    void (*exponential)(size_t count, float scale, float factor, const float *in, float *out);

    /* out = factor * ln(scale * x + shift) */
    void (*logarithm)(size_t count, float scale, float shift, float factor, const float *in,
                      float *out);

    /* out = ln(1 + e^x), which does not overflow. */
    void (*softplus)(size_t count, const float *in, float *out);

    /* out = 1 for x > threshold, else 0 */
    void (*threshold)(size_t count, float threshold, const float *in, float *out);

    /* out = max(low, min(x, high)); a NaN becomes `low`. */
    void (*clip)(size_t count, float low, float high, const float *in, float *out);

    /* out = x * factor + shift for each element. in and out may be the same. */
    void (*scale_shift)(size_t count, float factor, float shift, const float *in, float *out);

    /* out = (x - mean) / deviation. in and out may be the same. */
    void (*normalize)(size_t count, float mean, float deviation, const float *in, float *out);

    /* Sums in double precision: of x, of |x|, of (x - from)^2. */
    double (*sum)(size_t count, const float *in);
    double (*sum_magnitudes)(size_t count, const float *in);
    double (*sum_squares)(size_t count, float from, const float *in);

    /* SSD's Normalize pixel by pixel: out = x / sqrt(epsilon + sum of squares over the channels),
     * over `channels` planes of `plane` elements; `norms` is scratch of `plane` floats.
     * in and out may be the same. */
    void (*normalize_pixels)(size_t channels, size_t plane, float epsilon, const float *in,
                             float *norms, float *out);

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

    /* Its logarithm, likewise, without the detour over numbers that may be 0. */
    void (*log_softmax)(size_t classes, size_t stride, const float *in, float *out);
};

/* The table for this machine, or the one that the environment variable CARMLBENCH_KERNEL names.
 * STATUS_CONFIG when that names none that this machine can run. */
enum status kernels_choose(const struct kernels **out, struct error *error) MUST_CHECK;

/* The reference table. */
const struct kernels *kernels_reference(void);

#endif
