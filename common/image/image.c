#include "common/image/image.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/checked.h"
#include "common/image/codec.h"

struct image_limits image_default_limits(void)
{
    return (struct image_limits){
        .max_side = 16384,
        .max_pixels = 50000000,
        .max_expansion = 2000,
        .max_scans = 64,
        .max_memory = (size_t)256 << 20,
        .allow_truncated = false,
    };
}

void image_free(struct image *image)
{
    free(image->pixels);
    *image = (struct image){0};
}

enum status picture_refuse(const struct picture *picture, enum status status, enum reason reason,
                           const char *format, ...)
{
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    *picture->reason = reason;
    return error_set(picture->error, status, "%s", text);
}

enum status picture_check_size(const struct picture *picture, uint32_t width, uint32_t height)
{
    const struct image_limits *limits = picture->limits;
    if (width == 0 || height == 0)
        return picture_refuse(picture, STATUS_DATA, REASON_corrupt, "%u x %u pixels", width,
                              height);
    uint64_t pixels = (uint64_t)width * height;
    if (width > limits->max_side || height > limits->max_side || pixels > limits->max_pixels)
        return picture_refuse(picture, STATUS_LIMIT, REASON_too_many_pixels,
                              "%u x %u pixels; at most %u a side and %llu in all are allowed",
                              width, height, limits->max_side,
                              (unsigned long long)limits->max_pixels);
    if (pixels / limits->max_expansion > picture->size)
        return picture_refuse(picture, STATUS_LIMIT, REASON_too_costly,
                              "%zu bytes claim %u x %u pixels; at most %u a byte are allowed",
                              picture->size, width, height, limits->max_expansion);
    return STATUS_OK;
}

enum status picture_allocate(const struct picture *picture, uint32_t width, uint32_t height,
                             size_t held, struct image *out)
{
    size_t size, total;
    if (!checked_mul((size_t)width * 3, height, &size) || !checked_add(size, held, &total) ||
        total > picture->limits->max_memory)
        return picture_refuse(picture, STATUS_LIMIT, REASON_too_costly,
                              "%u x %u pixels need more than the allowed %zu bytes of memory",
                              width, height, picture->limits->max_memory);
    uint8_t *pixels = malloc(size);
    if (!pixels)
        return picture_refuse(picture, STATUS_MEMORY, REASON_internal, "out of memory");
    *out = (struct image){.width = width, .height = height, .pixels = pixels};
    return STATUS_OK;
}

/* The verdict on everything that is neither JPEG nor PNG. */
static enum status refuse_kind(const struct picture *picture, enum image_kind kind)
{
    switch (kind) {
    case IMAGE_EMPTY:
        return picture_refuse(picture, STATUS_DATA, REASON_empty, "no bytes");
    case IMAGE_HTML:
        return picture_refuse(picture, STATUS_DATA, REASON_html, "a web page, not a picture");
    case IMAGE_UNKNOWN:
        return picture_refuse(picture, STATUS_DATA, REASON_not_an_image,
                              "the first bytes are those of no known picture format");
    default:
        return picture_refuse(picture, STATUS_UNSUPPORTED, REASON_unsupported_format,
                              "%s; only jpeg and png are taken", image_kind_name(kind));
    }
}

enum status image_check(const void *bytes, size_t size, const struct image_limits *limits,
                        struct image_info *info, enum reason *reason, struct error *error)
{
    const struct picture picture = {bytes, size, limits, reason, error};
    *info = (struct image_info){.kind = image_sniff(bytes, size)};
    switch (info->kind) {
    case IMAGE_JPEG:
        return jpeg_check(&picture, info);
    case IMAGE_PNG:
        return png_check(&picture, info);
    default:
        return refuse_kind(&picture, info->kind);
    }
}

enum status image_decode(const void *bytes, size_t size, const struct image_decode_options *options,
                         struct image *out, enum reason *reason, struct error *error)
{
    const struct picture picture = {bytes, size, &options->limits, reason, error};
    *out = (struct image){0};
    enum image_kind kind = image_sniff(bytes, size);
    switch (kind) {
    case IMAGE_JPEG:
        return jpeg_decode(&picture, options, out);
    case IMAGE_PNG:
        return png_decode(&picture, out);
    default:
        return refuse_kind(&picture, kind);
    }
}
