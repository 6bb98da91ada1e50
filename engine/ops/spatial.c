/* Operators that read planes at places which are not whole pixels. */
#include <float.h>
#include <math.h>

#include "engine/op.h"
#include "model/shape.h"

/* ---- Resize ---- */

/* The two pixels of an axis that make one output pixel, and how much the second counts. */
struct tap {
    int64_t low, high;
    float part;
};

/* In whole numbers, so that no rounding of the ratio moves a pixel. */
static int64_t nearest(enum resize_coordinates coordinates, int64_t in, int64_t out, int64_t i)
{
    switch (coordinates) {
    case RESIZE_CORNERS:
        return out == 1 ? 0 : (2 * i * (in - 1) + out - 1) / (2 * (out - 1));
    case RESIZE_HALF_PIXEL:
        return (2 * i + 1) * in / (2 * out);
    default:
        return i * in / out;
    }
}

/* interp.cpp of PSPNet, in float as there. */
static struct tap linear(enum resize_coordinates coordinates, int64_t in, int64_t out, int64_t i)
{
    float ratio = (float)in / (float)out, at = (float)i * ratio;
    struct tap tap;

    if (coordinates == RESIZE_CORNERS)
        at = out > 1 ? (float)i * ((float)(in - 1) / (float)(out - 1)) : 0;
    else if (coordinates == RESIZE_HALF_PIXEL)
        at = fmaxf(((float)i + 0.5F) * ratio - 0.5F, 0);
    tap.low = (int64_t)at;
    tap.low = tap.low < in ? tap.low : in - 1;
    tap.high = tap.low + 1 < in ? tap.low + 1 : tap.low;
    tap.part = at - (float)tap.low;
    return tap;
}

static struct tap find_tap(const struct resize_parameters *p, int64_t in, int64_t out, int64_t i)
{
    struct tap tap;

    if (p->interpolation == RESIZE_LINEAR && in != out)
        return linear(p->coordinates, in, out, i);
    tap.low = in == out ? i : nearest(p->coordinates, in, out, i);
    return (struct tap){.low = tap.low, .high = tap.low};
}

/* `in` is the first pixel of the plane that counts; rows are `stride` apart. */
static void resize_plane(const struct resize_parameters *p, const struct shape *shape,
                         const struct shape *out_shape, const float *in, float *out)
{
    int64_t stride = shape->dim[3], crop = p->pad + p->pad_end;

    for (int64_t y = 0; y < out_shape->dim[2]; y++) {
        struct tap row = find_tap(p, shape->dim[2] + crop, out_shape->dim[2], y);
        const float *low = in + row.low * stride, *high = in + row.high * stride;
        for (int64_t x = 0; x < out_shape->dim[3]; x++) {
            struct tap tap = find_tap(p, shape->dim[3] + crop, out_shape->dim[3], x);
            float rest = 1 - tap.part;
            if (p->interpolation == RESIZE_NEAREST)
                *out++ = low[tap.low];
            else
                *out++ = (1 - row.part) * (rest * low[tap.low] + tap.part * low[tap.high]) +
                         row.part * (rest * high[tap.low] + tap.part * high[tap.high]);
        }
    }
}

static void run_resize(const struct call *call)
{
    const struct resize_parameters *p = &call->step->node->parameters.resize;
    const struct shape *in = &call->step->inputs[0], *out = &call->step->outputs[0];
    size_t planes = shape_product(in, 0, 2), plane = shape_product(in, 2, 4);
    size_t first = (size_t)(-p->pad * in->dim[3] - p->pad), out_plane = shape_product(out, 2, 4);

    for (size_t i = 0; i < planes; i++)
        resize_plane(p, in, out, call->inputs[0] + i * plane + first,
                     call->outputs[0] + i * out_plane);
}

const struct operation operation_resize = {.run = run_resize};

/* ---- ROIPooling (roi_pooling_layer.cpp of rbgirshick/caffe-fast-rcnn) ---- */

/* A region along one axis, cut into bins. */
struct span {
    int64_t start, extent; /* of the plane: extent */
    float bin;
};

/* Pixels [*from, *to) of a bin; bins share pixels at their borders. */
static void bin_of(const struct span *span, int64_t bin, int64_t *from, int64_t *to)
{
    int64_t begin = (int64_t)floorf((float)bin * span->bin) + span->start;
    int64_t end = (int64_t)ceilf((float)(bin + 1) * span->bin) + span->start;

    *from = begin < 0 ? 0 : begin < span->extent ? begin : span->extent;
    *to = end < 0 ? 0 : end < span->extent ? end : span->extent;
}

static float pool_bin(const float *plane, const struct span spans[2], int64_t y, int64_t x)
{
    int64_t top, bottom, left, right;
    float best = -FLT_MAX;

    bin_of(&spans[0], y, &top, &bottom);
    bin_of(&spans[1], x, &left, &right);
    if (top >= bottom || left >= right)
        return 0;
    for (int64_t h = top; h < bottom; h++) {
        for (int64_t w = left; w < right; w++) {
            float value = plane[h * spans[1].extent + w];
            best = value > best ? value : best;
        }
    }
    return best;
}

/* roi: image, x and y of the first pixel, x and y of the last. False when it makes no sense. */
static bool find_spans(const struct step *step, const float *roi, size_t *image,
                       struct span spans[2])
{
    const struct roi_pooling_parameters *p = &step->node->parameters.roi_pooling;
    const struct shape *in = &step->inputs[0], *out = &step->outputs[0];

    /* Caffe cuts the image's number to an int: -0.5 is image 0. */
    if (!(roi[0] > -1 && roi[0] < (float)in->dim[0]))
        return false;
    *image = (size_t)truncf(fabsf(roi[0]));
    for (int axis = 0; axis < 2; axis++) {
        float from = roundf(roi[2 - axis] * p->spatial_scale);
        float to = roundf(roi[4 - axis] * p->spatial_scale);
        float length;
        if (!(fabsf(from) < 1e9F && fabsf(to) < 1e9F))
            return false;
        length = (float)((int64_t)to - (int64_t)from + 1);
        spans[axis] = (struct span){.start = (int64_t)from,
                                    .extent = in->dim[2 + axis],
                                    .bin = fmaxf(length, 1) / (float)out->dim[2 + axis]};
    }
    return true;
}

static void run_roi_pooling(const struct call *call)
{
    const struct shape *in = &call->step->inputs[0], *out = &call->step->outputs[0];
    size_t channels = (size_t)in->dim[1], plane = shape_product(in, 2, 4), image;
    float *to = call->outputs[0];
    struct span spans[2];

    for (size_t n = 0; n < (size_t)out->dim[0]; n++) {
        const float *roi = call->inputs[1] + n * 5;
        if (!find_spans(call->step, roi, &image, spans)) {
            run_fail(call, STATUS_DATA,
                     "region %zu (image %g, %g, %g to %g, %g) lies in no image of the batch", n,
                     (double)roi[0], (double)roi[1], (double)roi[2], (double)roi[3],
                     (double)roi[4]);
            return;
        }
        for (size_t c = 0; c < channels; c++) {
            const float *from = call->inputs[0] + (image * channels + c) * plane;
            for (int64_t y = 0; y < out->dim[2]; y++) {
                for (int64_t x = 0; x < out->dim[3]; x++)
                    *to++ = pool_bin(from, spans, y, x);
            }
        }
    }
}

const struct operation operation_roi_pooling = {.run = run_roi_pooling};
