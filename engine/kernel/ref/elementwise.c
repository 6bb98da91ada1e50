#include "engine/kernel/ref/ref.h"

/* relu_layer.cpp, with its treatment of NaN (it stays). */
void ref_relu(size_t count, float slope, const float *in, float *out)
{
    for (size_t i = 0; i < count; i++) {
        float x = in[i];
        out[i] = (x < 0 ? 0 : x) + slope * (0 < x ? 0 : x);
    }
}

void ref_scale_shift(size_t count, float factor, float shift, const float *in, float *out)
{
    for (size_t i = 0; i < count; i++)
        out[i] = in[i] * factor + shift;
}

void ref_normalize(size_t count, float mean, float deviation, const float *in, float *out)
{
    for (size_t i = 0; i < count; i++)
        out[i] = (in[i] - mean) / deviation;
}

void ref_multiply(size_t count, const float *x, const float *y, float *out)
{
    for (size_t i = 0; i < count; i++)
        out[i] = x[i] * y[i];
}

void ref_add_scaled(size_t count, float factor, const float *x, const float *y, float *out)
{
    for (size_t i = 0; i < count; i++)
        out[i] = x[i] + factor * y[i];
}

void ref_maximum(size_t count, const float *x, const float *y, float *out)
{
    for (size_t i = 0; i < count; i++)
        out[i] = x[i] > y[i] ? x[i] : y[i];
}
