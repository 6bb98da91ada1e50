/* matrix: the one product the trainer's time goes to, and exp(). */
#ifndef DEMO_TRAINER_MATRIX_H
#define DEMO_TRAINER_MATRIX_H

#include <stddef.h>

/* A view of a matrix: element (i, k) is data[i * row + k * column]. */
struct matrix_view {
    const float *data;
    size_t row, column;
};

/* c (m x n, row-major) += a (m x depth) times b (depth x n, row-major). Each element is summed over
 * the depth in ascending order, starting from what c holds, whatever the blocking. */
void matrix_multiply_add(float *c, struct matrix_view a, const float *b, size_t m, size_t n,
                         size_t depth);

/* e^x for x in [-700, 0] by range reduction and Taylor's series, good to about 1e-15: libm's last
 * bit differs between C libraries. 0 below -700. */
double matrix_exp(double x);

#endif
