#include <math.h>

#include "engine/kernel/ref/ref.h"

double ref_sum(size_t count, const float *in)
{
    double sum = 0;

    for (size_t i = 0; i < count; i++)
        sum += (double)in[i];
    return sum;
}

double ref_sum_magnitudes(size_t count, const float *in)
{
    double sum = 0;

    for (size_t i = 0; i < count; i++)
        sum += fabs((double)in[i]);
    return sum;
}

double ref_sum_squares(size_t count, float from, const float *in)
{
    double sum = 0;

    for (size_t i = 0; i < count; i++) {
        double x = (double)in[i] - (double)from;
        sum += x * x;
    }
    return sum;
}

void ref_normalize_pixels(size_t channels, size_t plane, float epsilon, const float *in,
                          float *norms, float *out)
{
    for (size_t i = 0; i < plane; i++)
        norms[i] = epsilon;
    for (size_t channel = 0; channel < channels; channel++) {
        for (size_t i = 0; i < plane; i++)
            norms[i] += in[channel * plane + i] * in[channel * plane + i];
    }
    for (size_t i = 0; i < plane; i++)
        norms[i] = sqrtf(norms[i]);
    for (size_t channel = 0; channel < channels; channel++) {
        for (size_t i = 0; i < plane; i++)
            out[channel * plane + i] = in[channel * plane + i] / norms[i];
    }
}
