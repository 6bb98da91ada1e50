/* Small copies of pictures. A JPEG is shrunk by n/8 while it is decoded, which costs next to
 * nothing and never goes below the size asked for; the rest is an average over areas, in integers
 * and therefore the same everywhere. */
#include <stdlib.h>

#include "common/image/codec.h"

/* How much of source sample `i` lies in target sample `at`, when `from` samples become `to`; in
 * units of 1/to of a source sample, so that all parts of a target sample sum up to `from`. */
static uint64_t overlap(uint32_t i, uint32_t at, uint32_t from, uint32_t to)
{
    uint64_t begin = (uint64_t)i * to, end = begin + to;
    uint64_t first = (uint64_t)at * from, last = first + from;
    begin = begin > first ? begin : first;
    end = end < last ? end : last;
    return end - begin;
}

/* The source samples that lie in target sample `at`: from *first on, up to but without *end. */
static void span(uint32_t at, uint32_t from, uint32_t to, uint32_t *first, uint32_t *end)
{
    *first = (uint32_t)((uint64_t)at * from / to);
    *end = (uint32_t)((((uint64_t)at + 1) * from + to - 1) / to);
}

/* Adds one source row, `weight` times, to the sums of a target row. */
static void add_row(const struct image *in, uint32_t y, uint64_t weight, uint32_t width,
                    uint64_t *sums)
{
    const uint8_t *row = in->pixels + (size_t)y * in->width * 3;
    for (uint32_t x = 0; x < width; x++) {
        uint32_t first, end;
        span(x, in->width, width, &first, &end);
        for (uint32_t i = first; i < end; i++) {
            uint64_t part = weight * overlap(i, x, in->width, width);
            for (size_t c = 0; c < 3; c++)
                sums[(size_t)x * 3 + c] += part * row[(size_t)i * 3 + c];
        }
    }
}

/* Sums stay below 255 times the pixels of the source, which are below 2^32. */
static void average(const struct image *in, uint64_t *sums, struct image *out)
{
    const uint64_t area = (uint64_t)in->width * in->height;
    const size_t samples = (size_t)out->width * 3;
    for (uint32_t y = 0; y < out->height; y++) {
        uint32_t first, end;
        span(y, in->height, out->height, &first, &end);
        for (size_t i = 0; i < samples; i++)
            sums[i] = area / 2;
        for (uint32_t i = first; i < end; i++)
            add_row(in, i, overlap(i, y, in->height, out->height), out->width, sums);
        for (size_t i = 0; i < samples; i++)
            out->pixels[y * samples + i] = (uint8_t)(sums[i] / area);
    }
}

/* `side` times limit / longest, rounded, at least 1. */
static uint32_t scaled(uint32_t side, uint32_t longest, uint32_t limit)
{
    uint32_t result = (uint32_t)(((uint64_t)side * limit + longest / 2) / longest);
    return result ? result : 1;
}

static void fit(uint32_t limit, uint32_t *width, uint32_t *height)
{
    uint32_t longest = *width > *height ? *width : *height;
    if (longest <= limit)
        return;
    *width = scaled(*width, longest, limit);
    *height = scaled(*height, longest, limit);
}

/* Decodes, a JPEG already near to its size in the end, which *width and *height become. */
static enum status decode(const struct picture *picture, uint32_t limit, struct image *image,
                          uint32_t *width, uint32_t *height)
{
    struct image_decode_options options = {.limits = *picture->limits,
                                           .chroma = IMAGE_CHROMA_FANCY};
    bool jpeg = image_sniff(picture->bytes, picture->size) == IMAGE_JPEG;
    enum status status = jpeg ? jpeg_size(picture, width, height) : STATUS_OK;
    if (status)
        return status;
    if (jpeg) {
        fit(limit, width, height);
        options.target_width = *width;
        options.target_height = *height;
    }
    status = image_decode(picture->bytes, picture->size, &options, image, picture->reason,
                          picture->error);
    if (!status && !jpeg) {
        *width = image->width;
        *height = image->height;
        fit(limit, width, height);
    }
    return status;
}

/* Replaces the image by its small copy. */
static enum status shrink(const struct picture *picture, uint32_t width, uint32_t height,
                          struct image *image)
{
    if (width == image->width && height == image->height)
        return STATUS_OK;
    struct image small;
    size_t held = (size_t)image->width * image->height * 3 + (size_t)width * 3 * sizeof(uint64_t);
    enum status status = picture_allocate(picture, width, height, held, &small);
    if (status)
        return status;
    uint64_t *sums = malloc((size_t)width * 3 * sizeof *sums);
    if (sums)
        average(image, sums, &small);
    else
        status = picture_refuse(picture, STATUS_MEMORY, REASON_internal, "out of memory");
    free(sums);
    image_free(status ? &small : image);
    if (!status)
        *image = small;
    return status;
}

enum status image_thumbnail(const void *bytes, size_t size,
                            const struct image_thumbnail_options *options, struct buf *out,
                            struct image_info *info, enum reason *reason, struct error *error)
{
    const struct picture picture = {bytes, size, &options->limits, reason, error};
    struct image image;
    uint32_t width, height;
    enum status status = decode(&picture, options->longest_side, &image, &width, &height);
    if (status)
        return status;
    status = shrink(&picture, width, height, &image);
    if (!status && (status = image_write_jpeg(&image, options->quality, out)) != STATUS_OK)
        picture_refuse(&picture, status, REASON_internal, "a thumbnail of %u x %u pixels: %s",
                       width, height, status_text(status));
    image_free(&image);
    *info =
        (struct image_info){.kind = IMAGE_JPEG, .width = width, .height = height, .components = 3};
    return status;
}
