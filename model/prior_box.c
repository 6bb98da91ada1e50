#include "model/prior_box.h"

#include <math.h>

enum { MAX_RATIOS = 1 + 2 * PRIOR_BOX_MAX_LIST };

/* The aspect ratios besides 1, each of them once. */
static size_t list_ratios(const struct prior_box_parameters *p, float ratios[MAX_RATIOS])
{
    size_t count = 1;

    ratios[0] = 1;
    for (size_t i = 0; i < p->ratio_count; i++) {
        size_t known = 0;
        while (known < count && !(fabsf(p->ratios[i] - ratios[known]) < 1e-6F))
            known++;
        if (known < count)
            continue;
        ratios[count++] = p->ratios[i];
        if (p->flip)
            ratios[count++] = 1 / p->ratios[i];
    }
    return count;
}

size_t prior_box_count(const struct prior_box_parameters *p)
{
    float ratios[MAX_RATIOS];

    if (p->ratio_count > PRIOR_BOX_MAX_LIST || p->min_count > PRIOR_BOX_MAX_LIST ||
        (p->max_count && p->max_count != p->min_count) ||
        (p->variance_count > 1 && p->variance_count != 4))
        return 0;
    return list_ratios(p, ratios) * p->min_count + p->max_count;
}

void prior_box_variances(const struct prior_box_parameters *p, float variances[4])
{
    for (size_t i = 0; i < 4; i++) {
        variances[i] = 0.1F;
        if (p->variance_count)
            variances[i] = p->variances[p->variance_count == 1 ? 0 : i];
    }
}

/* Width and height of box `index` of a cell: for each smallest size a square of it, a square
 * between it and the largest, then the ratios. Sizes are whole numbers (prior_box_layer.cpp keeps
 * them in an int). */
static void box_size(const struct prior_box_parameters *p, const float *ratios, size_t ratio_count,
                     size_t index, float *width, float *height)
{
    size_t squares = p->max_count ? 2 : 1, each = ratio_count - 1 + squares;
    size_t size = index / each, part = index % each;
    double least = trunc((double)p->min_sizes[size]), root;

    if (part < squares) {
        root = part ? sqrt(least * trunc((double)p->max_sizes[size])) : least;
        *width = *height = (float)root;
        return;
    }
    root = sqrt((double)ratios[1 + part - squares]);
    *width = (float)(least * root);
    *height = (float)(least / root);
}

static float clipped(const struct prior_box_parameters *p, double value)
{
    float out = (float)value;

    return !p->clip ? out : out < 0 ? 0 : out > 1 ? 1 : out;
}

void prior_box_fill(const struct prior_box_parameters *p, const struct shape *plane,
                    const struct shape *image, size_t first, size_t count, float *out)
{
    float ratios[MAX_RATIOS], step[2], centre[2], size[2];
    size_t ratio_count = list_ratios(p, ratios);
    size_t each = ratio_count * p->min_count + p->max_count;
    double extent[2];

    for (int axis = 0; axis < 2; axis++) {
        bool given = p->image[0] > 0 && p->image[1] > 0;
        extent[axis] = given ? (double)p->image[axis] : (double)image->dim[2 + axis];
        given = p->step[0] > 0 && p->step[1] > 0;
        step[axis] = given ? p->step[axis] : (float)extent[axis] / (float)plane->dim[2 + axis];
    }
    for (size_t i = first; i < first + count; i++, out += 4) {
        size_t cell = i / each, width = (size_t)plane->dim[3];
        centre[0] = ((float)(cell / width) + p->offset) * step[0];
        centre[1] = ((float)(cell % width) + p->offset) * step[1];
        box_size(p, ratios, ratio_count, i % each, &size[1], &size[0]);
        for (int axis = 0; axis < 2; axis++) {
            double half = (double)size[axis] / 2, at = (double)centre[axis];
            out[1 - axis] = clipped(p, (at - half) / extent[axis]);
            out[3 - axis] = clipped(p, (at + half) / extent[axis]);
        }
    }
}
