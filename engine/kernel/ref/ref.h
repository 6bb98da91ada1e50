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
void ref_pool_max(const struct plane_geometry *geometry, const float *in, float *out);
void ref_pool_average(const struct plane_geometry *geometry, const float *in, float *out);
void ref_relu(size_t count, float slope, const float *in, float *out);
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

#endif
