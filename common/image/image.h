/* image: what the bytes of a picture are, told from the bytes alone.
 *
 * Sniff (kind from the first bytes), check (every byte decoded within ceilings, nothing kept) and
 * decode (to packed 8-bit RGB). Names and HTTP headers are never looked at. All functions may be
 * called from any thread at once; none keeps a pointer to the caller's bytes. No input makes them
 * use more than `limits.max_memory` bytes or decode more than `limits.max_scans` scans.
 * JPEG by libjpeg-turbo, PNG by libpng (both only in this folder).
 */
#ifndef COMMON_IMAGE_IMAGE_H
#define COMMON_IMAGE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/reason.h"
#include "common/status.h"

enum image_kind {
    IMAGE_UNKNOWN,
    IMAGE_EMPTY,
    IMAGE_JPEG,
    IMAGE_PNG,
    IMAGE_GIF,
    IMAGE_BMP,
    IMAGE_WEBP,
    IMAGE_TIFF,
    IMAGE_HEIF, /* HEIC and AVIF */
    IMAGE_SVG,
    IMAGE_HTML
};

struct image_limits {
    uint32_t max_side; /* pixels */
    uint64_t max_pixels;
    uint32_t max_expansion; /* pixels per byte of file, see reliability figures in docs */
    uint32_t max_scans;     /* of a progressive JPEG */
    size_t max_memory;      /* bytes a decoder may hold */
    bool allow_truncated;   /* accept a JPEG whose tail is missing, as CarML's agents do */
};

/* 50 Mpixel, 16384 a side, 2000 pixels a byte, 64 scans, 256 MiB, truncated refused. */
struct image_limits image_default_limits(void);

struct image_info {
    enum image_kind kind;
    uint32_t width, height; /* pixels, as stored: EXIF orientation is not applied */
    uint32_t components;    /* 1 grey, 3 colour, 4 CMYK/YCCK or alpha */
    bool progressive;
    bool truncated; /* only ever true with allow_truncated */
    bool alpha;     /* PNG with an alpha channel, which decoding drops */
};

/* Kind by the first bytes. HTML is recognised behind blanks and a byte order mark. */
enum image_kind image_sniff(const void *bytes, size_t size);

/* "jpeg", "png", ...; never NULL. */
const char *image_kind_name(enum image_kind kind);

/* Decodes every byte and keeps nothing. STATUS_OK: a JPEG or PNG that decodes completely within the
 * limits; *info is filled. Otherwise STATUS_DATA, STATUS_LIMIT or STATUS_UNSUPPORTED, *reason says
 * why (a reason of stage validate), and `error` says it in words ("no end marker after 41300 of
 * ..."). Out of memory is STATUS_MEMORY with the reason internal. */
enum status image_check(const void *bytes, size_t size, const struct image_limits *limits,
                        struct image_info *info, enum reason *reason,
                        struct error *error) MUST_CHECK;

/* Packed 8-bit RGB, row 0 on top, 3*width bytes a row. `pixels` is malloc'ed; image_free frees it.
 */
struct image {
    uint32_t width, height;
    uint8_t *pixels;
};

/* How CarML's agents turn YCbCr samples into RGB; carml-preprocessing section 3. */
enum image_chroma {
    IMAGE_CHROMA_FANCY,     /* libjpeg's smooth upsampling: what other viewers show */
    IMAGE_CHROMA_REPLICATE, /* generation B: do_fancy_upsampling off */
    IMAGE_CHROMA_GO         /* generation A: raw planes, Go's color.YCbCr arithmetic */
};

struct image_decode_options {
    struct image_limits limits;
    /* When both are non-zero a JPEG is shrunk by n/8 during decoding to the smallest size that is
     * not smaller than this in either direction; carml-preprocessing section 3. */
    uint32_t target_width, target_height;
    enum image_chroma chroma;
};

/* Decodes a JPEG or PNG. Same errors as image_check. On success the caller owns *out. */
enum status image_decode(const void *bytes, size_t size, const struct image_decode_options *options,
                         struct image *out, enum reason *reason, struct error *error) MUST_CHECK;

/* Frees the pixels; a zeroed or freed struct is fine. */
void image_free(struct image *image);

/* Appends the picture to `out` as a baseline JPEG (4:2:0) of `quality` 1..100, or as an 8-bit RGB
 * PNG. Used by the thumbnails of the report, the drawing program of the demo and tests; the daemon
 * writes no picture of its own. */
enum status image_write_jpeg(const struct image *image, int quality, struct buf *out) MUST_CHECK;
enum status image_write_png(const struct image *image, struct buf *out) MUST_CHECK;

struct image_thumbnail_options {
    struct image_limits limits; /* of the source */
    uint32_t longest_side;      /* pixels of the thumbnail, at least 1 */
    int quality;                /* 1..100 */
};

/* Appends a small copy of a JPEG or PNG to `out`, as image_write_jpeg does: the longer side is
 * shrunk to longest_side pixels and the other in proportion (rounded, at least 1); a picture that
 * is not larger keeps its size. As stored: neither EXIF orientation nor alpha is looked at, and
 * nothing of the file's metadata is taken over. Each pixel is the mean of the area that it stands
 * for, of the sample values as they are. *info is what was written. Errors as image_decode; also
 * STATUS_LIMIT with reason internal when `out` has no room. */
enum status image_thumbnail(const void *bytes, size_t size,
                            const struct image_thumbnail_options *options, struct buf *out,
                            struct image_info *info, enum reason *reason,
                            struct error *error) MUST_CHECK;

#endif
