/* JPEG by libjpeg-turbo. Its vendor's advice after CVE-2019-13960 is followed: warnings of damage
 * are fatal and the number of scans is limited. */
#include "common/image/jpeg_reader.h"

#include <jerror.h>
#include <stdlib.h>
#include <string.h>

#include "common/checked.h"

/* Every scan of a multi-scan file walks over all coefficients. Ordinary progressive files have
 * about ten scans, so sixteen times the largest allowed picture is work enough. */
enum { MAX_SCANNED_PICTURES = 16 };

/* Some cameras pad the entropy-coded data before the end marker; more than this is damage. */
enum { MAX_PADDING = 16 };

void jpeg_fail(struct jpeg_reader *reader, enum status status, enum reason reason, const char *text)
{
    reader->status = picture_refuse(reader->picture, status, reason, "%s", text);
    longjmp(reader->escape, 1);
}

static void fail_truncated(struct jpeg_reader *reader)
{
    char text[96];
    snprintf(text, sizeof text, "the data ends too early, after %zu bytes", reader->picture->size);
    jpeg_fail(reader, STATUS_DATA, REASON_truncated, text);
}

/* libjpeg's error_exit: the picture cannot be decoded at all. */
static void on_error(j_common_ptr common)
{
    struct jpeg_reader *reader = common->client_data;
    char text[JMSG_LENGTH_MAX];
    common->err->format_message(common, text);
    switch (common->err->msg_code) {
    case JERR_OUT_OF_MEMORY:
        jpeg_fail(reader, STATUS_MEMORY, REASON_internal, text);
    case JERR_NO_BACKING_STORE:
        jpeg_fail(reader, STATUS_LIMIT, REASON_too_costly,
                  "decoding needs more memory than allowed");
    case JERR_IMAGE_TOO_BIG:
        jpeg_fail(reader, STATUS_LIMIT, REASON_too_many_pixels, text);
    case JERR_BAD_PRECISION:
    case JERR_SOF_UNSUPPORTED:
    case JERR_ARITH_NOTIMPL:
        jpeg_fail(reader, STATUS_UNSUPPORTED, REASON_unsupported_format, text);
    default:
        if (reader->truncated)
            fail_truncated(reader);
        jpeg_fail(reader, STATUS_DATA, REASON_corrupt, text);
    }
}

/* True for the warnings that say that data is missing at the end: the file stops, or its end marker
 * comes before its last block. */
static bool is_truncation(const struct jpeg_reader *reader)
{
    int code = reader->errors.msg_code;
    return code == JWRN_JPEG_EOF ||
           (code == JWRN_HIT_MARKER && reader->dec.unread_marker == JPEG_EOI);
}

/* True for the warnings that leave every pixel as it was written. */
static bool is_harmless(const struct jpeg_reader *reader)
{
    switch (reader->errors.msg_code) {
    case JWRN_ADOBE_XFORM:
    case JWRN_JFIF_MAJOR:
    case JWRN_NOT_SEQUENTIAL: /* baseline files with zeroes for the spectral selection exist */
        return true;
    case JWRN_EXTRANEOUS_DATA:
        return reader->errors.msg_parm.i[0] <= MAX_PADDING;
    default:
        return false;
    }
}

/* libjpeg's emit_message: level -1 is a warning, others are traces. */
static void on_message(j_common_ptr common, int level)
{
    struct jpeg_reader *reader = common->client_data;
    if (level >= 0)
        return;
    if (is_truncation(reader)) {
        reader->truncated = true;
        if (!reader->picture->limits->allow_truncated)
            fail_truncated(reader);
        return;
    }
    /* What follows a cut is the decoder's guess and no further news. */
    if (reader->truncated || is_harmless(reader))
        return;
    char text[JMSG_LENGTH_MAX];
    common->err->format_message(common, text);
    jpeg_fail(reader, STATUS_DATA, REASON_corrupt, text);
}

static void check_scans(struct jpeg_reader *reader, uint64_t scans)
{
    const struct image_limits *limits = reader->picture->limits;
    uint64_t pixels = (uint64_t)reader->dec.image_width * reader->dec.image_height;
    if (scans > limits->max_scans || scans * pixels / MAX_SCANNED_PICTURES > limits->max_pixels)
        jpeg_fail(reader, STATUS_LIMIT, REASON_too_costly,
                  "more scans than allowed for a picture of its size");
}

/* Counts what libjpeg really does, whatever the markers looked like beforehand. */
static void on_progress(j_common_ptr common)
{
    struct jpeg_reader *reader = common->client_data;
    check_scans(reader, (uint64_t)reader->dec.input_scan_number);
}

static enum status jpeg_guard(struct jpeg_reader *reader, void (*work)(struct jpeg_reader *))
{
    if (setjmp(reader->escape))
        return reader->status;
    work(reader);
    return STATUS_OK;
}

static void check_color(struct jpeg_reader *reader)
{
    J_COLOR_SPACE color = reader->dec.jpeg_color_space;
    if (color != JCS_GRAYSCALE && color != JCS_YCbCr && color != JCS_RGB)
        jpeg_fail(reader, STATUS_UNSUPPORTED, REASON_unsupported_color,
                  color == JCS_CMYK || color == JCS_YCCK ? "CMYK; only grey and RGB are taken"
                                                         : "neither grey nor RGB");
}

/* libjpeg keeps all coefficients of a file with several scans, two bytes each. */
static void check_memory(struct jpeg_reader *reader)
{
    struct jpeg_decompress_struct *dec = &reader->dec;
    size_t limit = reader->picture->limits->max_memory;
    if (jpeg_has_multiple_scans(dec))
        for (int i = 0; i < dec->num_components; i++) {
            const jpeg_component_info *component = &dec->comp_info[i];
            /* Both at most 65535 / 8 + 4, so this fits. */
            size_t blocks =
                (size_t)(component->width_in_blocks + 4) * (component->height_in_blocks + 4);
            reader->held += blocks * sizeof(JBLOCK);
        }
    if (reader->held > limit)
        jpeg_fail(reader, STATUS_LIMIT, REASON_too_costly,
                  "its scans need more memory than allowed");
    dec->mem->max_memory_to_use = (long)limit;
}

static void read_header(struct jpeg_reader *reader)
{
    struct jpeg_decompress_struct *dec = &reader->dec;
    const struct picture *picture = reader->picture;
    jpeg_create_decompress(dec);
    dec->progress = &reader->progress;
    jpeg_mem_src(dec, picture->bytes, picture->size);
    jpeg_read_header(dec, TRUE);
    reader->status = picture_check_size(picture, dec->image_width, dec->image_height);
    if (reader->status)
        longjmp(reader->escape, 1);
    check_color(reader);
    if (jpeg_has_multiple_scans(dec))
        check_scans(reader,
                    jpeg_count_scans(picture->bytes, picture->size, picture->limits->max_scans));
    check_memory(reader);
}

/* The first half of both jobs: everything known before the first block is decoded. */
static enum status open_reader(struct jpeg_reader *reader, const struct picture *picture)
{
    memset(reader, 0, sizeof *reader);
    reader->picture = picture;
    reader->dec.err = jpeg_std_error(&reader->errors);
    reader->errors.error_exit = on_error;
    reader->errors.emit_message = on_message;
    reader->progress.progress_monitor = on_progress;
    reader->dec.client_data = reader;
    return jpeg_guard(reader, read_header);
}

static void close_reader(struct jpeg_reader *reader)
{
    jpeg_destroy_decompress(&reader->dec);
    free(reader->scratch);
    image_free(&reader->out);
}

/* Entropy decoding sees every byte also at 1/8 scale, where the inverse DCT costs nothing. */
static void skim(struct jpeg_reader *reader)
{
    struct jpeg_decompress_struct *dec = &reader->dec;
    dec->scale_num = 1;
    dec->scale_denom = 8;
    dec->do_fancy_upsampling = FALSE;
    dec->do_block_smoothing = FALSE;
    dec->out_color_space = dec->jpeg_color_space;
    jpeg_start_decompress(dec);
    reader->scratch = malloc((size_t)dec->output_width * (size_t)dec->output_components);
    if (!reader->scratch)
        jpeg_fail(reader, STATUS_MEMORY, REASON_internal, "out of memory");
    JSAMPROW row = reader->scratch;
    while (dec->output_scanline < dec->output_height)
        jpeg_read_scanlines(dec, &row, 1);
    jpeg_finish_decompress(dec);
}

enum status jpeg_check(const struct picture *picture, struct image_info *info)
{
    struct jpeg_reader reader;
    enum status status = open_reader(&reader, picture);
    info->width = reader.dec.image_width;
    info->height = reader.dec.image_height;
    info->components = (uint32_t)reader.dec.num_components;
    info->progressive = reader.dec.progressive_mode;
    if (!status)
        status = jpeg_guard(&reader, skim);
    info->truncated = !status && reader.truncated;
    close_reader(&reader);
    return status;
}

enum status jpeg_size(const struct picture *picture, uint32_t *width, uint32_t *height)
{
    struct jpeg_reader reader;
    enum status status = open_reader(&reader, picture);
    *width = reader.dec.image_width;
    *height = reader.dec.image_height;
    close_reader(&reader);
    return status;
}

/* The n of n/8 that CarML asks libjpeg for: the smallest that is not smaller than the target in
 * either direction, else 8. */
static unsigned shrink_factor(uint64_t width, uint64_t height,
                              const struct image_decode_options *options)
{
    if (options->target_width == 0 || options->target_height == 0)
        return 8;
    for (unsigned n = 1; n < 8; n++)
        if ((n * width + 7) / 8 >= options->target_width &&
            (n * height + 7) / 8 >= options->target_height)
            return n;
    return 8;
}

static void read_rows(struct jpeg_reader *reader)
{
    struct jpeg_decompress_struct *dec = &reader->dec;
    dec->out_color_space = JCS_RGB;
    dec->do_fancy_upsampling = reader->options->chroma == IMAGE_CHROMA_FANCY;
    jpeg_start_decompress(dec);
    reader->status = picture_allocate(reader->picture, dec->output_width, dec->output_height,
                                      reader->held, &reader->out);
    if (reader->status)
        longjmp(reader->escape, 1);
    while (dec->output_scanline < dec->output_height) {
        JSAMPROW row = reader->out.pixels + (size_t)dec->output_scanline * 3 * dec->output_width;
        jpeg_read_scanlines(dec, &row, 1);
    }
}

static void read_picture(struct jpeg_reader *reader)
{
    struct jpeg_decompress_struct *dec = &reader->dec;
    dec->scale_num = shrink_factor(dec->image_width, dec->image_height, reader->options);
    dec->scale_denom = 8;
    dec->dct_method = JDCT_ISLOW;
    if (reader->options->chroma == IMAGE_CHROMA_GO && dec->jpeg_color_space == JCS_YCbCr)
        jpeg_read_planes(reader);
    else
        read_rows(reader);
    jpeg_finish_decompress(dec);
}

enum status jpeg_decode(const struct picture *picture, const struct image_decode_options *options,
                        struct image *out)
{
    struct jpeg_reader reader;
    enum status status = open_reader(&reader, picture);
    reader.options = options;
    if (!status)
        status = jpeg_guard(&reader, read_picture);
    if (!status) {
        *out = reader.out;
        reader.out = (struct image){0};
    }
    close_reader(&reader);
    return status;
}
