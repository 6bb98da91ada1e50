#include <math.h>

#include "engine/kernel/ref/ref.h"

/* softmax_layer.cpp. The exponential is taken in double precision and rounded once, so that it does
 * not depend on which expf() the C library picks for the CPU. */
static void softmax_one(size_t classes, size_t stride, const float *in, float *out)
{
    float best = in[0], sum = 0;

    for (size_t i = 1; i < classes; i++)
        best = in[i * stride] > best ? in[i * stride] : best;
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
