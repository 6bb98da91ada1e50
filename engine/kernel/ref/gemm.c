#include <string.h>

#include "engine/kernel/ref/ref.h"

void ref_gemm_tile(size_t depth, const float *restrict a, const float *restrict b,
                   float *restrict c)
{
    float sum[REF_TILE_ROWS][REF_TILE_COLUMNS] = {{0}};

    for (size_t k = 0; k < depth; k++) {
        for (size_t i = 0; i < REF_TILE_ROWS; i++) {
            for (size_t j = 0; j < REF_TILE_COLUMNS; j++)
                sum[i][j] += a[i] * b[j];
        }
        a += REF_TILE_ROWS;
        b += REF_TILE_COLUMNS;
    }
    memcpy(c, sum, sizeof sum);
}
