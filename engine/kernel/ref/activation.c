/* Functions of one number. What the C library computes is computed in double precision and rounded
 * once, so that it does not depend on the library's choice for the CPU. */
#include <math.h>

#include "engine/kernel/ref/ref.h"

/* elu_layer.cpp */
void ref_elu(size_t count, float alpha, const float *in, float *out)
{
    for (size_t i = 0; i < count; i++) {
        float x = in[i];
        out[i] = x > 0 ? x : (float)((double)alpha * expm1((double)x));
    }
}

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

void ref_sigmoid(size_t count, const float *in, float *out)
{
    for (size_t i = 0; i < count; i++)
        out[i] = (float)sigmoid((double)in[i]);
}

void ref_swish(size_t count, float beta, const float *in, float *out)
{
    for (size_t i = 0; i < count; i++)
        out[i] = (float)((double)in[i] * sigmoid((double)beta * (double)in[i]));
}

void ref_tanh(size_t count, const float *in, float *out)
{
    for (size_t i = 0; i < count; i++)
        out[i] = (float)tanh((double)in[i]);
}

void ref_absolute(size_t count, const float *in, float *out)
{
    for (size_t i = 0; i < count; i++)
        out[i] = fabsf(in[i]);
}

void ref_power(size_t count, float power, const float *in, float *out)
{
    for (size_t i = 0; i < count; i++)
        out[i] = (float)pow((double)in[i], (double)power);
}

void ref_exponential(size_t count, float scale, float factor, const float *in, float *out)
{
    for (size_t i = 0; i < count; i++)
        out[i] = (float)((double)factor * exp((double)scale * (double)in[i]));
}

void ref_logarithm(size_t count, float scale, float shift, float factor, const float *in,
                   float *out)
{
    for (size_t i = 0; i < count; i++)
        out[i] = (float)((double)factor * log((double)scale * (double)in[i] + (double)shift));
}

/* bnll_layer.cpp */
void ref_softplus(size_t count, const float *in, float *out)
{
    for (size_t i = 0; i < count; i++) {
        double x = (double)in[i];
        out[i] = (float)(x > 0 ? x + log1p(exp(-x)) : log1p(exp(x)));
    }
}

void ref_threshold(size_t count, float threshold, const float *in, float *out)
{
    for (size_t i = 0; i < count; i++)
        out[i] = in[i] > threshold ? 1.0F : 0.0F;
}

/* clip_layer.cpp, with the order of its comparisons. */
void ref_clip(size_t count, float low, float high, const float *in, float *out)
{
    for (size_t i = 0; i < count; i++) {
        float below = high < in[i] ? high : in[i];
        out[i] = low < below ? below : low;
    }
}
