#include "engine/difference.h"

#include <math.h>

struct difference difference_take(const float *a, const float *b, size_t count)
{
    struct difference difference = {.max = 0};
    double largest = 0;

    for (size_t i = 0; i < count; i++) {
        double x = (double)a[i], y = (double)b[i], apart = fabs(x - y);
        if (x == y || (isnan(x) && isnan(y)))
            apart = 0;
        else if (isnan(apart))
            apart = INFINITY;
        difference.max = apart > difference.max ? apart : difference.max;
        difference.finite |= isfinite(x) != 0;
        if (fabs(x) > largest)
            largest = fabs(x);
    }
    if (difference.max > 0)
        difference.relative =
            largest > 0 && isfinite(largest) ? difference.max / largest : INFINITY;
    return difference;
}

struct fingerprint fingerprint_take(const float *data, size_t count)
{
    struct fingerprint print = {.count = count};
    uint64_t signs = 0x9e3779b97f4a7c15u;

    for (size_t i = 0; i < count; i++) {
        double x = (double)data[i];
        /* Xorshift (Marsaglia 2003): each place counts with a sign of its own. */
        signs ^= signs << 13;
        signs ^= signs >> 7;
        signs ^= signs << 17;
        print.norm += fabs(x);
        print.projection += signs & 1 ? x : -x;
    }
    return print;
}

bool fingerprint_close(const struct fingerprint *a, const struct fingerprint *b)
{
    double room = 1e-3 * a->norm;

    return a->count == b->count && a->norm > 0 && fabs(a->norm - b->norm) <= room &&
           fabs(a->projection - b->projection) <= room;
}

const char *difference_hint(const struct node *node)
{
    switch (node->op->kind) {
    case OPERATOR_CONVOLUTION:
        return "padding (SAME puts the odd pixel behind, Caffe pads both sides alike), group order "
               "or the order of the weights' axes";
    case OPERATOR_DECONVOLUTION:
        return "the crop of the output, or weights whose input and output axes are exchanged";
    case OPERATOR_POOLING:
        return node->parameters.pooling.method == POOLING_AVERAGE
                   ? "the divisor at the border, or an extent that rounds the other way"
                   : "an extent that rounds the other way, or padding with 0 that wins a maximum";
    case OPERATOR_INNER_PRODUCT:
        return "the order in which the picture was flattened (C,H,W in Caffe), or transposed "
               "weights";
    case OPERATOR_LRN:
        return "alpha, which Caffe divides by local_size, or k";
    case OPERATOR_BATCH_NORM:
        return "epsilon, or the third blob, by which mean and variance are divided";
    case OPERATOR_SCALE:
    case OPERATOR_BIAS:
        return "the axis along which it is repeated, or a batch normalisation folded across a "
               "branch";
    case OPERATOR_ELTWISE:
        return "coefficients that were dropped";
    case OPERATOR_CROP:
        return "offsets";
    case OPERATOR_SLICE:
    case OPERATOR_CONCAT:
        return "the axis (channels stand last in TensorFlow), or the order of the parts";
    case OPERATOR_SOFTMAX:
    case OPERATOR_ARG_MAX:
        return "the axis";
    case OPERATOR_RESIZE:
        return "where the centre of a pixel lies (aligned corners, half pixels)";
    default:
        return NULL;
    }
}
