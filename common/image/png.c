/* PNG by libpng, which is bounded here to the chunks that carry pixels. */
#include <png.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "common/image/codec.h"

/* Signature, then the IHDR chunk with length, name and CRC (PNG specification,
 * sections 5.2, 11.2.2). */
enum { HEADER_SIZE = 8 + 25 };

/* libpng holds a few rows and an inflate window besides the pixels that we hold. */
enum { INFLATE_MEMORY = 64 << 10 };

struct header {
    uint32_t width, height;
    uint8_t depth, color, interlace;
};

struct reader {
    const struct picture *picture;
    size_t at; /* next byte to read */
    png_structp png;
    png_infop info;
    jmp_buf escape;
    enum status status;
    uint8_t *pixels; /* of the result; NULL when only checking */
    size_t stride;
    uint8_t *row; /* malloc'ed, when only checking */
    int passes;
    uint32_t height;
};

static uint32_t big_endian(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

/* What CarML's agents refuse is refused here, before libpng sees a byte. */
static enum status read_header(const struct picture *picture, struct header *header)
{
    const uint8_t *bytes = picture->bytes;
    if (picture->size < HEADER_SIZE)
        return picture_refuse(picture, STATUS_DATA, REASON_truncated,
                              "the data ends in the header, after %zu bytes", picture->size);
    if (memcmp(bytes + 8, "\0\0\0\rIHDR", 8) != 0)
        return picture_refuse(picture, STATUS_DATA, REASON_corrupt, "no header chunk");
    *header = (struct header){
        .width = big_endian(bytes + 16),
        .height = big_endian(bytes + 20),
        .depth = bytes[24],
        .color = bytes[25],
        .interlace = bytes[28],
    };
    enum status status = picture_check_size(picture, header->width, header->height);
    if (status)
        return status;
    if (header->color == PNG_COLOR_TYPE_PALETTE)
        return picture_refuse(picture, STATUS_UNSUPPORTED, REASON_unsupported_format,
                              "a PNG with a palette; only grey and RGB are taken");
    if (header->depth == 16)
        return picture_refuse(picture, STATUS_UNSUPPORTED, REASON_unsupported_format,
                              "a PNG of 16 bits a channel; at most 8 are taken");
    return STATUS_OK;
}

static _Noreturn void on_error(png_structp png, png_const_charp text)
{
    struct reader *reader = png_get_error_ptr(png);
    if (!reader->status)
        reader->status =
            picture_refuse(reader->picture, STATUS_DATA, REASON_corrupt, "libpng: %s", text);
    longjmp(reader->escape, 1);
}

/* libpng warns of odd ancillary chunks; damage to pixels is an error. */
static void on_warning(png_structp png, png_const_charp text)
{
    (void)png;
    (void)text;
}

static void on_read(png_structp png, png_bytep out, size_t size)
{
    struct reader *reader = png_get_io_ptr(png);
    const struct picture *picture = reader->picture;
    if (size > picture->size - reader->at) {
        reader->status = picture_refuse(picture, STATUS_DATA, REASON_truncated,
                                        "the data ends too early, after %zu bytes", picture->size);
        png_error(png, "truncated");
    }
    memcpy(out, picture->bytes + reader->at, size);
    reader->at += size;
}

static void configure(struct reader *reader)
{
    png_structp png = reader->png;
    const struct image_limits *limits = reader->picture->limits;
    png_set_read_fn(png, reader, on_read);
    png_set_user_limits(png, limits->max_side, limits->max_side);
    /* Colour profiles and texts are compressed too, and of no use here. */
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
    png_read_info(png, reader->info);
    png_set_strip_alpha(png);
    png_set_gray_to_rgb(png); /* also widens 1, 2 and 4 bits to 8 */
    reader->passes = png_set_interlace_handling(png);
    png_read_update_info(png, reader->info);
}

static void read_rows(struct reader *reader)
{
    configure(reader);
    size_t size = png_get_rowbytes(reader->png, reader->info);
    if (reader->pixels && size != reader->stride)
        png_error(reader->png, "rows of an unexpected size");
    if (!reader->pixels)
        reader->row = malloc(size);
    if (!reader->pixels && !reader->row) {
        reader->status =
            picture_refuse(reader->picture, STATUS_MEMORY, REASON_internal, "out of memory");
        png_error(reader->png, "out of memory");
    }
    for (int pass = 0; pass < reader->passes; pass++)
        for (uint32_t y = 0; y < reader->height; y++)
            png_read_row(reader->png,
                         reader->row ? reader->row : reader->pixels + y * reader->stride, NULL);
    png_read_end(reader->png, NULL);
}

static enum status guard(struct reader *reader, void (*work)(struct reader *))
{
    if (setjmp(reader->escape))
        return reader->status;
    work(reader);
    return STATUS_OK;
}

static enum status run(struct reader *reader)
{
    enum status status = STATUS_MEMORY;
    reader->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, reader, on_error, on_warning);
    if (reader->png)
        reader->info = png_create_info_struct(reader->png);
    if (reader->info)
        status = guard(reader, read_rows);
    else
        picture_refuse(reader->picture, status, REASON_internal, "out of memory");
    png_destroy_read_struct(&reader->png, &reader->info, NULL);
    free(reader->row);
    return status;
}

enum status png_check(const struct picture *picture, struct image_info *info)
{
    struct header header;
    enum status status = read_header(picture, &header);
    if (status)
        return status;
    info->width = header.width;
    info->height = header.height;
    info->alpha = (header.color & PNG_COLOR_MASK_ALPHA) != 0;
    info->components = (header.color & PNG_COLOR_MASK_COLOR ? 3u : 1u) + info->alpha;
    info->progressive = header.interlace != 0;
    struct reader reader = {.picture = picture, .height = header.height};
    return run(&reader);
}

enum status png_decode(const struct picture *picture, struct image *out)
{
    struct header header;
    enum status status = read_header(picture, &header);
    if (!status)
        status = picture_allocate(picture, header.width, header.height,
                                  INFLATE_MEMORY + (size_t)header.width * 16, out);
    if (status)
        return status;
    struct reader reader = {
        .picture = picture,
        .pixels = out->pixels,
        .stride = (size_t)header.width * 3,
        .height = header.height,
    };
    status = run(&reader);
    if (status)
        image_free(out);
    return status;
}
