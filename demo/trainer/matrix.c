#include "demo/trainer/matrix.h"

#include <math.h>
#include <string.h>

enum { ROWS = 4, LANES = 4, COLUMNS = 2 * LANES };

/* Four sums side by side. The compilers' own vectors, because gcc 12 leaves the plain loops scalar;
 * each lane is an ordinary float32 sum. */
typedef float lanes __attribute__((vector_size(LANES * sizeof(float))));

static inline lanes load(const float *from)
{
    lanes value;

    memcpy(&value, from, sizeof value);
    return value;
}

static void multiply_block(float *c, struct matrix_view a, const float *b, size_t n, size_t depth)
{
    lanes left[ROWS], right[ROWS];

    for (size_t i = 0; i < ROWS; i++) {
        left[i] = load(c + i * n);
        right[i] = load(c + i * n + LANES);
    }
    for (size_t k = 0; k < depth; k++) {
        lanes b_left = load(b + k * n), b_right = load(b + k * n + LANES);
        for (size_t i = 0; i < ROWS; i++) {
            float factor = a.data[i * a.row + k * a.column];
            left[i] += factor * b_left;
            right[i] += factor * b_right;
        }
    }
    for (size_t i = 0; i < ROWS; i++) {
        memcpy(c + i * n, &left[i], sizeof left[i]);
        memcpy(c + i * n + LANES, &right[i], sizeof right[i]);
    }
}

static void multiply_rest(float *c, struct matrix_view a, const float *b, size_t rows,
                          size_t columns, size_t n, size_t depth)
{
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++) {
            float sum = c[i * n + j];
            for (size_t k = 0; k < depth; k++)
                sum += a.data[i * a.row + k * a.column] * b[k * n + j];
            c[i * n + j] = sum;
        }
}

void matrix_multiply_add(float *c, struct matrix_view a, const float *b, size_t m, size_t n,
                         size_t depth)
{
    for (size_t i = 0; i < m; i += ROWS) {
        struct matrix_view rows = {a.data + i * a.row, a.row, a.column};
        size_t height = m - i < ROWS ? m - i : ROWS;
        for (size_t j = 0; j < n; j += COLUMNS) {
            size_t width = n - j < COLUMNS ? n - j : COLUMNS;
            if (height == ROWS && width == COLUMNS)
                multiply_block(c + i * n + j, rows, b + j, n, depth);
            else
                multiply_rest(c + i * n + j, rows, b + j, height, width, n, depth);
        }
    }
}

double matrix_exp(double x)
{
    double sum = 1.0, rest;
    int power;

    if (x < -700.0)
        return 0.0;
    power = (int)(x * 1.4426950408889634 - 0.5);
    rest = x - power * 0.6931471805599453;
    for (int n = 14; n >= 1; n--)
        sum = 1.0 + rest / n * sum;
    return ldexp(sum, power);
}
