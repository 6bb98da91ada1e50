/* The three ways from one size to another. Sources: disintegration/imaging 1.6 resize.go
 * (generation B), rai-project/image asm/cbits/resize_bilinear.cpp (generation A). */
#include "engine/preprocess.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/checked.h"

enum { CHANNELS = 3 };

static enum status allocate(uint32_t width, uint32_t height, struct image *out)
{
    size_t size;
    *out = (struct image){0};
    if (width == 0 || height == 0 || !checked_mul(width, height, &size) ||
        !checked_mul(size, CHANNELS, &size))
        return STATUS_LIMIT;
    uint8_t *pixels = malloc(size);
    if (!pixels)
        return STATUS_MEMORY;
    *out = (struct image){width, height, pixels};
    return STATUS_OK;
}

static uint8_t *row_of(const struct image *image, size_t y)
{
    return image->pixels + y * image->width * CHANNELS;
}

/* ---- generation B: triangle filter, one direction after the other ---- */

/* The source pixels of one destination pixel. */
struct span {
    uint32_t first, count;
    const double *weights; /* 255 times the share: Go's code weighs with the opaque alpha */
    double inverse;        /* of the sum of weights */
};

struct filter {
    struct span *spans; /* one for each destination pixel */
    double *weights;
};

static void filter_free(struct filter *filter)
{
    free(filter->spans);
    free(filter->weights);
}

/* Writes the weights of destination pixel `at` and returns how many there are. */
static uint32_t fill_span(uint32_t source, double step, uint32_t at, double *weights,
                          struct span *span)
{
    double spread = step < 1 ? 1 : step, reach = ceil(spread);
    double center = (at + 0.5) * step - 0.5, sum = 0;
    int64_t first = (int64_t)ceil(center - reach), last = (int64_t)floor(center + reach);
    first = first < 0 ? 0 : first;
    last = last >= source ? (int64_t)source - 1 : last;
    span->count = 0;
    for (int64_t u = first; u <= last; u++) {
        double distance = fabs((double)u - center) / spread;
        if (distance >= 1)
            continue;
        if (span->count == 0)
            span->first = (uint32_t)u;
        weights[span->count++] = 1 - distance;
        sum += 1 - distance;
    }
    double total = 0;
    for (uint32_t i = 0; i < span->count; i++) {
        weights[i] = 255 * (weights[i] / sum);
        total += weights[i];
    }
    span->weights = weights;
    span->inverse = 1 / total;
    return span->count;
}

static enum status filter_build(uint32_t source, uint32_t target, struct filter *filter)
{
    double step = (double)source / target;
    size_t most = 2 * (size_t)ceil(step < 1 ? 1 : step) + 1, count;
    *filter = (struct filter){0};
    if (!checked_mul(most, target, &count))
        return STATUS_LIMIT;
    filter->spans = calloc(target, sizeof *filter->spans);
    filter->weights = calloc(count, sizeof *filter->weights);
    if (!filter->spans || !filter->weights)
        return STATUS_MEMORY;
    double *weights = filter->weights;
    for (uint32_t at = 0; at < target; at++)
        weights += fill_span(source, step, at, weights, &filter->spans[at]);
    return STATUS_OK;
}

/* The weighted mean of samples that lie `stride` bytes apart, rounded to 8 bits. */
static uint8_t filter_sample(const struct span *span, const uint8_t *first, size_t stride)
{
    double sum = 0;
    for (uint32_t i = 0; i < span->count; i++)
        sum += first[i * stride] * span->weights[i];
    int value = (int)(sum * span->inverse + 0.5);
    return (uint8_t)(value > 255 ? 255 : value);
}

static enum status filter_rows(const struct image *in, uint32_t width, struct image *out)
{
    struct filter filter;
    enum status status = filter_build(in->width, width, &filter);
    if (!status)
        status = allocate(width, in->height, out);
    for (uint32_t y = 0; !status && y < in->height; y++) {
        const uint8_t *source = row_of(in, y);
        uint8_t *target = row_of(out, y);
        for (uint32_t x = 0; x < width; x++)
            for (size_t c = 0; c < CHANNELS; c++) {
                const struct span *span = &filter.spans[x];
                const uint8_t *first = source + (size_t)span->first * CHANNELS + c;
                *target++ = filter_sample(span, first, CHANNELS);
            }
    }
    filter_free(&filter);
    return status;
}

static enum status filter_columns(const struct image *in, uint32_t height, struct image *out)
{
    struct filter filter;
    size_t stride = (size_t)in->width * CHANNELS;
    enum status status = filter_build(in->height, height, &filter);
    if (!status)
        status = allocate(in->width, height, out);
    for (uint32_t y = 0; !status && y < height; y++) {
        const struct span *span = &filter.spans[y];
        const uint8_t *source = row_of(in, span->first);
        uint8_t *target = row_of(out, y);
        for (size_t i = 0; i < stride; i++)
            target[i] = filter_sample(span, source + i, stride);
    }
    filter_free(&filter);
    return status;
}

static enum status resize_triangle(const struct image *in, uint32_t width, uint32_t height,
                                   struct image *out)
{
    if (in->height == height)
        return filter_rows(in, width, out);
    if (in->width == width)
        return filter_columns(in, height, out);
    struct image between;
    enum status status = filter_rows(in, width, &between);
    if (!status)
        status = filter_columns(&between, height, out);
    image_free(&between);
    return status;
}

/* ---- generation A: nearest neighbour, in float as the C++ code has it ---- */

static uint32_t nearest(uint32_t at, float step, uint32_t size)
{
    uint32_t source = (uint32_t)((float)at * step);
    return source < size ? source : size - 1;
}

static enum status resize_nearest(const struct image *in, uint32_t width, uint32_t height,
                                  struct image *out)
{
    float across = (float)in->width / (float)width, down = (float)in->height / (float)height;
    enum status status = allocate(width, height, out);
    if (status)
        return status;
    for (uint32_t y = 0; y < height; y++) {
        const uint8_t *source = row_of(in, nearest(y, down, in->height));
        uint8_t *target = row_of(out, y);
        for (uint32_t x = 0; x < width; x++, target += CHANNELS)
            memcpy(target, source + (size_t)nearest(x, across, in->width) * CHANNELS, CHANNELS);
    }
    return STATUS_OK;
}

/* ---- bilinear, half-pixel centres, no antialiasing ---- */

/* Both neighbours are clamped to the picture; `share` is that of the second one, from the
 * coordinate before clamping. */
struct neighbours {
    uint32_t first, second;
    double share;
};

static uint32_t clamp_index(double index, uint32_t size)
{
    return index < 0 ? 0 : index >= size ? size - 1 : (uint32_t)index;
}

static struct neighbours find_neighbours(uint32_t at, uint32_t source, uint32_t target)
{
    double center = (at + 0.5) * source / target - 0.5, base = floor(center);
    return (struct neighbours){clamp_index(base, source), clamp_index(base + 1, source),
                               center - base};
}

static enum status resize_bilinear(const struct image *in, uint32_t width, uint32_t height,
                                   struct image *out)
{
    enum status status = allocate(width, height, out);
    if (status)
        return status;
    uint8_t *target = out->pixels;
    for (uint32_t y = 0; y < height; y++) {
        struct neighbours down = find_neighbours(y, in->height, height);
        const uint8_t *above = row_of(in, down.first), *below = row_of(in, down.second);
        for (uint32_t x = 0; x < width; x++) {
            struct neighbours across = find_neighbours(x, in->width, width);
            for (size_t c = 0; c < CHANNELS; c++) {
                size_t left = (size_t)across.first * CHANNELS + c;
                size_t right = (size_t)across.second * CHANNELS + c;
                double upper = above[left] + across.share * (above[right] - above[left]);
                double lower = below[left] + across.share * (below[right] - below[left]);
                *target++ = (uint8_t)floor(upper + down.share * (lower - upper) + 0.5);
            }
        }
    }
    return STATUS_OK;
}

enum status preprocess_resize(const struct image *in, uint32_t width, uint32_t height,
                              enum resize_method method, struct image *out)
{
    *out = (struct image){0};
    if (in->width == width && in->height == height) {
        enum status status = allocate(width, height, out);
        if (!status)
            memcpy(out->pixels, in->pixels, (size_t)width * height * CHANNELS);
        return status;
    }
    switch (method) {
    case RESIZE_CARML_A:
        return resize_nearest(in, width, height, out);
    case RESIZE_BILINEAR:
        return resize_bilinear(in, width, height, out);
    default:
        return resize_triangle(in, width, height, out);
    }
}
