#include "engine/difference.h"

#include <math.h>

#include "model/shape.h"

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
        if (isfinite(x) && fabs(x) > largest)
            largest = fabs(x);
    }
    if (difference.max > 0)
        difference.relative = largest > 0 ? difference.max / largest : INFINITY;
    return difference;
}

/* Whether b holds a's numbers with its axis i in the place of a's axis order[i]. */
static bool is_turned_by(const float *a, const float *b, const struct shape *shape,
                         const unsigned *order, double bound)
{
    size_t stride[SHAPE_MAX_DIMS], step = 1, count = shape_product(shape, 0, shape->dims);
    int64_t index[SHAPE_MAX_DIMS] = {0};
    double largest = 0, apart = 0;

    for (unsigned i = shape->dims; i-- > 0; step *= (size_t)shape->dim[order[i]])
        stride[order[i]] = step;
    for (size_t i = 0; i < count; i++) {
        size_t at = 0;
        for (unsigned j = 0; j < shape->dims; j++)
            at += (size_t)index[j] * stride[j];
        if (!isfinite(a[i]) || !isfinite(b[at]))
            return false;
        largest = fmax(largest, fabs((double)a[i]));
        apart = fmax(apart, fabs((double)a[i] - (double)b[at]));
        for (unsigned j = shape->dims; j-- > 0 && ++index[j] == shape->dim[j];)
            index[j] = 0;
    }
    return apart <= bound * largest;
}

bool difference_is_turned(const float *a, const float *b, const struct shape *shape, double bound)
{
    static const unsigned orders[][4] = {
        {0, 1, 3, 2}, {0, 2, 1, 3}, {0, 2, 3, 1}, {0, 3, 1, 2}, {0, 3, 2, 1}};

    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        if ((shape->dims == 4 || (shape->dims == 3 && orders[i][3] == 3)) &&
            is_turned_by(a, b, shape, orders[i], bound))
            return true;
    }
    return false;
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
        return node->parameters.softmax.logarithm
                   ? "the logarithm of a probability that is 0 in a float, since Caffe takes them "
                     "one after the other"
                   : "the axis";
    case OPERATOR_ARG_MAX:
        return "the axis";
    case OPERATOR_RESIZE:
        return "where the centre of a pixel lies (aligned corners, half pixels)";
    default:
        return NULL;
    }
}
