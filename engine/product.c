#include "engine/product.h"

/* Bytes of the packed columns: half of a common second-level cache. */
enum { BLOCK_BYTES = 256 * 1024 };

static size_t round_up(size_t value, size_t unit)
{
    return (value + unit - 1) / unit * unit;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

struct product product_of(const struct kernels *kernels, size_t rows, size_t depth, size_t columns)
{
    size_t panels = BLOCK_BYTES / sizeof(float) / kernels->tile_columns / depth;
    size_t fitting = (panels ? panels : 1) * kernels->tile_columns;
    return (struct product){.kernels = kernels,
                            .rows = rows,
                            .depth = depth,
                            .columns = columns,
                            .block_columns =
                                smaller(fitting, round_up(columns, kernels->tile_columns))};
}

size_t product_packed_rows(const struct product *product)
{
    return round_up(product->rows, product->kernels->tile_rows);
}

void product_run(const struct product *product, const float *left, const float *right, size_t first,
                 size_t count, product_tile_fn *take, void *context)
{
    const struct kernels *kernels = product->kernels;
    float tile[KERNEL_MAX_TILE];
    for (size_t row = 0; row < product->rows; row += kernels->tile_rows) {
        size_t rows = smaller(product->rows - row, kernels->tile_rows);
        for (size_t column = 0; column < count; column += kernels->tile_columns) {
            size_t columns = smaller(count - column, kernels->tile_columns);
            kernels->gemm_tile(product->depth, left + row * product->depth,
                               right + column * product->depth, tile);
            take(context, tile, row, rows, first + column, columns);
        }
    }
}
