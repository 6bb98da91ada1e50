#include <math.h>

#include "engine/kernel/ref/ref.h"

/* x / sum^beta. Caffe's nets use 0.75, for which two roots do; in double precision the general case
 * does not depend on the C library's choice of pow() either. */
static void divide_by_power(size_t count, float beta, const float *in, const float *sums,
                            float *out)
{
    if (beta == 0.75F) {
        for (size_t i = 0; i < count; i++) {
            float root = sqrtf(sums[i]);
            out[i] = in[i] / (root * sqrtf(root));
        }
        return;
    }
    for (size_t i = 0; i < count; i++)
        out[i] = (float)(in[i] * pow(sums[i], -(double)beta));
}

void ref_lrn_across(const struct lrn_parameters *lrn, size_t channels, size_t plane,
                    const float *in, float *sums, float *out)
{
    size_t radius = (size_t)(lrn->local_size - 1) / 2;
    float factor = lrn->alpha / (float)lrn->local_size;

    for (size_t channel = 0; channel < channels; channel++) {
        size_t from = channel > radius ? channel - radius : 0;
        size_t to = channels - channel > radius + 1 ? channel + radius + 1 : channels;
        for (size_t i = 0; i < plane; i++)
            sums[i] = 0;
        for (size_t other = from; other < to; other++) {
            const float *x = in + other * plane;
            for (size_t i = 0; i < plane; i++)
                sums[i] += x[i] * x[i];
        }
        for (size_t i = 0; i < plane; i++)
            sums[i] = lrn->k + factor * sums[i];
        divide_by_power(plane, lrn->beta, in + channel * plane, sums, out + channel * plane);
    }
}

static float window_squares(const struct plane_geometry *geometry, const float *in, int64_t y,
                            int64_t x, int64_t radius)
{
    int64_t top = y > radius ? y - radius : 0, left = x > radius ? x - radius : 0;
    float sum = 0;

    for (int64_t i = top; i <= y + radius && i < geometry->height; i++) {
        for (int64_t j = left; j <= x + radius && j < geometry->width; j++)
            sum += in[i * geometry->width + j] * in[i * geometry->width + j];
    }
    return sum;
}

void ref_lrn_within(const struct lrn_parameters *lrn, const struct plane_geometry *geometry,
                    const float *in, float *out)
{
    float area = (float)(lrn->local_size * lrn->local_size);
    int64_t radius = (lrn->local_size - 1) / 2;

    for (int64_t channel = 0; channel < geometry->channels; channel++) {
        for (int64_t y = 0; y < geometry->height; y++) {
            for (int64_t x = 0; x < geometry->width; x++) {
                float sum = window_squares(geometry, in, y, x, radius);
                float scale = 1 + lrn->alpha * (sum / area);
                int64_t at = y * geometry->width + x;
                divide_by_power(1, lrn->beta, in + at, &scale, out + at);
            }
        }
        in += geometry->height * geometry->width;
        out += geometry->height * geometry->width;
    }
}
