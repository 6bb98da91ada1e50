/* codec: what the files of this folder share; not for use outside common/image.
 *
 * Every function here refuses with the pair (status, reason) that image.h promises.
 */
#ifndef COMMON_IMAGE_CODEC_H
#define COMMON_IMAGE_CODEC_H

#include "common/image/image.h"

/* A picture's bytes and where the verdict on them goes. Borrowed pointers, all non-NULL except
 * `error`. */
struct picture {
    const uint8_t *bytes;
    size_t size;
    const struct image_limits *limits;
    enum reason *reason;
    struct error *error;
};

/* Sets *reason and the error line; returns `status`. */
enum status picture_refuse(const struct picture *picture, enum status status, enum reason reason,
                           const char *format, ...) PRINTF_LIKE(4, 5);

/* Holds width and height against max_side, max_pixels and max_expansion. */
enum status picture_check_size(const struct picture *picture, uint32_t width, uint32_t height);

/* Allocates out->pixels for width x height when it and `held` more bytes are within max_memory. */
enum status picture_allocate(const struct picture *picture, uint32_t width, uint32_t height,
                             size_t held, struct image *out);

/* image_check and image_decode of the one kind. On failure out->pixels is freed and NULL. */
enum status jpeg_check(const struct picture *picture, struct image_info *info);
enum status jpeg_decode(const struct picture *picture, const struct image_decode_options *options,
                        struct image *out);
enum status png_check(const struct picture *picture, struct image_info *info);
enum status png_decode(const struct picture *picture, struct image *out);

/* Width and height as the header says, held against the limits; nothing is decoded. */
enum status jpeg_size(const struct picture *picture, uint32_t *width, uint32_t *height);

#endif
