#include <math.h>

#include "engine/kernel/ref/ref.h"

static float largest(size_t classes, size_t stride, const float *in)
{
    float best = in[0];

    for (size_t i = 1; i < classes; i++)
        best = in[i * stride] > best ? in[i * stride] : best;
    return best;
}

/* softmax_layer.cpp. The exponential is taken in double precision and rounded once, so that it does
 * not depend on which expf() the C library picks for the CPU. */
static void softmax_one(size_t classes, size_t stride, const float *in, float *out)
{
    float best = largest(classes, stride, in), sum = 0;

    for (size_t i = 0; i < classes; i++) {
        float value = (float)exp((double)(in[i * stride] - best));
        out[i * stride] = value;
        sum += value;
    }
    for (size_t i = 0; i < classes; i++)
        out[i * stride] /= sum;
}

void ref_softmax(size_t classes, size_t stride, const float *in, float *out)
{
    for (size_t i = 0; i < stride; i++)
        softmax_one(classes, stride, in + i, out + i);
}

/* x - max - ln(sum of exp(x - max)) */
static void log_softmax_one(size_t classes, size_t stride, const float *in, float *out)
{
    double best = (double)largest(classes, stride, in), sum = 0;

    for (size_t i = 0; i < classes; i++)
        sum += exp((double)in[i * stride] - best);
    sum = log(sum);
    for (size_t i = 0; i < classes; i++)
        out[i * stride] = (float)((double)in[i * stride] - best - sum);
}

void ref_log_softmax(size_t classes, size_t stride, const float *in, float *out)
{
    for (size_t i = 0; i < stride; i++)
        log_softmax_one(classes, stride, in + i, out + i);
}
