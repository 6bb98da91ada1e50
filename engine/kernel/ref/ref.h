/* ref: the reference kernels, one file per family; see engine/kernel/kernel.h for what they do. */
#ifndef ENGINE_KERNEL_REF_REF_H
#define ENGINE_KERNEL_REF_REF_H

#include "engine/kernel/kernel.h"

/* Twelve vectors of four floats hold a tile; with three of `b` and one of `a` they fill the sixteen
 * registers that every x86-64 has. */
enum { REF_TILE_ROWS = 4, REF_TILE_COLUMNS = 12 };

void ref_gemm_tile(size_t depth, const float *a, const float *b, float *c);
void ref_pack_columns(const struct plane_geometry *geometry, const float *image, size_t first,
                      size_t count, float *panels);
void ref_add_columns(const struct plane_geometry *geometry, size_t row, size_t rows, size_t column,
                     size_t columns, const float *tile, float *image);
void ref_convolve_plane(const struct plane_geometry *geometry, const float *filter, float bias,
                        const float *in, float *out);
void ref_pool_max(const struct plane_geometry *geometry, const float *in, float *out);
void ref_pool_average(const struct plane_geometry *geometry, bool exclude_pad, const float *in,
                      float *out);
void ref_pool_stochastic(const struct plane_geometry *geometry, const float *in, float *out);
void ref_relu(size_t count, float slope, const float *in, float *out);
void ref_elu(size_t count, float alpha, const float *in, float *out);
void ref_sigmoid(size_t count, const float *in, float *out);
void ref_swish(size_t count, float beta, const float *in, float *out);
void ref_tanh(size_t count, const float *in, float *out);
void ref_absolute(size_t count, const float *in, float *out);
void ref_power(size_t count, float power, const float *in, float *out);
void ref_exponential(size_t count, float scale, float factor, const float *in, float *out);
void ref_logarithm(size_t count, float scale, float shift, float factor, const float *in,
                   float *out);
void ref_softplus(size_t count, const float *in, float *out);
void ref_threshold(size_t count, float threshold, const float *in, float *out);
void ref_clip(size_t count, float low, float high, const float *in, float *out);
double ref_sum(size_t count, const float *in);
double ref_sum_magnitudes(size_t count, const float *in);
double ref_sum_squares(size_t count, float from, const float *in);
void ref_normalize_pixels(size_t channels, size_t plane, float epsilon, const float *in,
                          float *norms, float *out);
void ref_scale_shift(size_t count, float factor, float shift, const float *in, float *out);
void ref_normalize(size_t count, float mean, float deviation, const float *in, float *out);
void ref_multiply(size_t count, const float *x, const float *y, float *out);
void ref_add_scaled(size_t count, float factor, const float *x, const float *y, float *out);
void ref_maximum(size_t count, const float *x, const float *y, float *out);
void ref_lrn_across(const struct lrn_parameters *lrn, size_t channels, size_t plane,
                    const float *in, float *sums, float *out);
void ref_lrn_within(const struct lrn_parameters *lrn, const struct plane_geometry *geometry,
                    const float *in, float *out);
void ref_softmax(size_t classes, size_t stride, const float *in, float *out);
void ref_log_softmax(size_t classes, size_t stride, const float *in, float *out);

#endif
