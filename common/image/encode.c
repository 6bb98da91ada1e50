/* Writing pictures. */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include <jpeglib.h>
#include <jerror.h>
#include <png.h>

#include "common/image/image.h"

struct jpeg_writer {
    struct jpeg_compress_struct enc;
    struct jpeg_error_mgr errors;
    jmp_buf escape;
    const struct image *image;
    int quality;
    unsigned char *bytes; /* grown by libjpeg with malloc */
    unsigned long size;
};

static void on_jpeg_error(j_common_ptr common)
{
    struct jpeg_writer *writer = common->client_data;
    longjmp(writer->escape, 1);
}

static void write_rows(struct jpeg_writer *writer)
{
    struct jpeg_compress_struct *enc = &writer->enc;
    jpeg_create_compress(enc);
    jpeg_mem_dest(enc, &writer->bytes, &writer->size);
    enc->image_width = writer->image->width;
    enc->image_height = writer->image->height;
    enc->input_components = 3;
    enc->in_color_space = JCS_RGB;
    jpeg_set_defaults(enc);
    jpeg_set_quality(enc, writer->quality, TRUE);
    jpeg_start_compress(enc, TRUE);
    while (enc->next_scanline < enc->image_height) {
        JSAMPROW row = writer->image->pixels + (size_t)enc->next_scanline * 3 * enc->image_width;
        jpeg_write_scanlines(enc, &row, 1);
    }
    jpeg_finish_compress(enc);
}

static enum status guard_jpeg(struct jpeg_writer *writer)
{
    if (setjmp(writer->escape))
        return writer->errors.msg_code == JERR_OUT_OF_MEMORY ? STATUS_MEMORY : STATUS_DATA;
    write_rows(writer);
    return STATUS_OK;
}

enum status image_write_jpeg(const struct image *image, int quality, struct buf *out)
{
    struct jpeg_writer writer = {.image = image, .quality = quality};
    writer.enc.err = jpeg_std_error(&writer.errors);
    writer.errors.error_exit = on_jpeg_error;
    writer.enc.client_data = &writer;
    enum status status = guard_jpeg(&writer);
    if (!status)
        status = buf_append(out, writer.bytes, writer.size);
    jpeg_destroy_compress(&writer.enc);
    free(writer.bytes);
    return status;
}

struct png_writer {
    const struct image *image;
    struct buf *out;
    png_structp png;
    png_infop info;
    jmp_buf escape;
    enum status status;
};

static _Noreturn void on_png_error(png_structp png, png_const_charp text)
{
    (void)text;
    struct png_writer *writer = png_get_error_ptr(png);
    longjmp(writer->escape, 1);
}

static void on_png_warning(png_structp png, png_const_charp text)
{
    (void)png;
    (void)text;
}

static void on_png_write(png_structp png, png_bytep bytes, size_t size)
{
    struct png_writer *writer = png_get_io_ptr(png);
    writer->status = buf_append(writer->out, bytes, size);
    if (writer->status)
        png_error(png, "no room");
}

static void on_png_flush(png_structp png)
{
    (void)png;
}

static enum status guard_png(struct png_writer *writer)
{
    const struct image *image = writer->image;
    if (setjmp(writer->escape))
        return writer->status ? writer->status : STATUS_DATA;
    png_set_write_fn(writer->png, writer, on_png_write, on_png_flush);
    png_set_IHDR(writer->png, writer->info, image->width, image->height, 8, PNG_COLOR_TYPE_RGB,
                 PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(writer->png, writer->info);
    for (size_t y = 0; y < image->height; y++)
        png_write_row(writer->png, image->pixels + y * 3 * image->width);
    png_write_end(writer->png, NULL);
    return STATUS_OK;
}

enum status image_write_png(const struct image *image, struct buf *out)
{
    struct png_writer writer = {.image = image, .out = out};
    enum status status = STATUS_MEMORY;
    writer.png =
        png_create_write_struct(PNG_LIBPNG_VER_STRING, &writer, on_png_error, on_png_warning);
    if (writer.png)
        writer.info = png_create_info_struct(writer.png);
    if (writer.info)
        status = guard_png(&writer);
    png_destroy_write_struct(&writer.png, &writer.info);
    return status;
}
