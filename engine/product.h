/* product: the matrix product of convolution and deconvolution, in the kernels' tiles.
 *
 * rows x depth times depth x columns. The left side is packed at load: blocks of tile_rows rows,
 * each depth x tile_rows. The right side is packed for each call as panels of tile_columns columns
 * (pack_columns), no more of them at once than stay in the cache. Any thread.
 */
#ifndef ENGINE_PRODUCT_H
#define ENGINE_PRODUCT_H

#include <stddef.h>

#include "engine/kernel/kernel.h"

struct product {
    const struct kernels *kernels;
    size_t rows, depth, columns;
    size_t block_columns; /* that are packed at once: a multiple of tile_columns */
};

/* Fills in block_columns for these sizes; none is 0. */
struct product product_of(const struct kernels *kernels, size_t rows, size_t depth, size_t columns);

/* The rows, rounded up to whole blocks. */
size_t product_packed_rows(const struct product *product);

/* Rows [row, row + rows) of columns [column, column + columns) of the product, which stand in
 * `tile` tile_columns apart. */
typedef void product_tile_fn(void *context, const float *tile, size_t row, size_t rows,
                             size_t column, size_t columns);

/* Multiplies the packed left side with `count` packed columns, the first of which is column
 * `first`, and calls `take` for each tile of the result. */
void product_run(const struct product *product, const float *left, const float *right, size_t first,
                 size_t count, product_tile_fn *take, void *context);

#endif
