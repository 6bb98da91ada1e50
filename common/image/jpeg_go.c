/* A JPEG as CarML's generation A saw it: libjpeg's raw planes become a Go image.YCbCr, whose pixels
 * take the chroma sample at integer-divided coordinates and Go's arithmetic.
 * Sources: rai-project/go-libjpeg decompress.go (which planes are taken), Go image/color/ycbcr.go.
 */
#include "common/image/jpeg_reader.h"

#include <stdlib.h>

enum { PLANES = 3, MAX_PLANE_ROWS = 4 * 16 };

/* The rows of one call of jpeg_read_raw_data. */
struct band {
    JSAMPROW rows[PLANES][MAX_PLANE_ROWS];
    JSAMPARRAY planes[PLANES];
    unsigned across, down; /* luma samples per chroma sample */
};

/* Go tells the subsampling from the sizes of the planes as they come out, after scaling. */
static void find_subsampling(struct jpeg_reader *reader, struct band *band)
{
    const jpeg_component_info *luma = &reader->dec.comp_info[0];
    const jpeg_component_info *blue = &reader->dec.comp_info[1];
    const jpeg_component_info *red = &reader->dec.comp_info[2];
    JDIMENSION width = luma->downsampled_width, height = luma->downsampled_height;
    bool same = blue->downsampled_width == red->downsampled_width &&
                blue->downsampled_height == red->downsampled_height;
    band->across = blue->downsampled_width == width ? 1 : 2;
    band->down = blue->downsampled_height == height ? 1 : 2;
    if (!same || blue->downsampled_width != (width + band->across - 1) / band->across ||
        blue->downsampled_height != (height + band->down - 1) / band->down)
        jpeg_fail(reader, STATUS_UNSUPPORTED, REASON_unsupported_format,
                  "chroma subsampling other than 4:4:4, 4:2:2, 4:4:0 and 4:2:0");
}

/* One allocation for the rows of all planes, each as wide as its blocks. */
static void allocate_band(struct jpeg_reader *reader, struct band *band)
{
    size_t strides[PLANES], counts[PLANES], total = 0;
    for (int i = 0; i < PLANES; i++) {
        const jpeg_component_info *plane = &reader->dec.comp_info[i];
        size_t block = (size_t)plane->DCT_scaled_size;
        strides[i] = (plane->width_in_blocks + (size_t)plane->h_samp_factor) * block;
        counts[i] = (size_t)plane->v_samp_factor * block;
        if (counts[i] > MAX_PLANE_ROWS)
            jpeg_fail(reader, STATUS_UNSUPPORTED, REASON_unsupported_format,
                      "an unusual chroma subsampling");
        total += strides[i] * counts[i];
    }
    reader->scratch = malloc(total);
    if (!reader->scratch)
        jpeg_fail(reader, STATUS_MEMORY, REASON_internal, "out of memory");
    uint8_t *row = reader->scratch;
    for (int i = 0; i < PLANES; i++) {
        band->planes[i] = band->rows[i];
        for (size_t j = 0; j < counts[i]; j++, row += strides[i])
            band->rows[i][j] = row;
    }
}

static uint8_t clamp(int32_t value)
{
    value >>= 16;
    return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

/* The integer weights are those of Go's color.YCbCrToRGB; >> of a negative value is arithmetic with
 * gcc and clang. */
static void convert_row(const struct band *band, unsigned y, uint32_t width, uint8_t *rgb)
{
    const uint8_t *luma = band->rows[0][y];
    const uint8_t *blue = band->rows[1][y / band->down];
    const uint8_t *red = band->rows[2][y / band->down];
    for (uint32_t x = 0; x < width; x++, rgb += 3) {
        int32_t yy = luma[x] * 0x10101;
        int32_t cb = blue[x / band->across] - 128;
        int32_t cr = red[x / band->across] - 128;
        rgb[0] = clamp(yy + 91881 * cr);
        rgb[1] = clamp(yy - 22554 * cb - 46802 * cr);
        rgb[2] = clamp(yy + 116130 * cb);
    }
}

void jpeg_read_planes(struct jpeg_reader *reader)
{
    struct jpeg_decompress_struct *dec = &reader->dec;
    struct band band;
    dec->raw_data_out = TRUE;
    jpeg_start_decompress(dec);
    find_subsampling(reader, &band);
    reader->status = picture_allocate(reader->picture, dec->output_width, dec->output_height,
                                      reader->held, &reader->out);
    if (reader->status)
        longjmp(reader->escape, 1);
    allocate_band(reader, &band);
    unsigned lines = (unsigned)(dec->max_v_samp_factor * dec->min_DCT_scaled_size);
    while (dec->output_scanline < dec->output_height) {
        uint32_t first = dec->output_scanline;
        jpeg_read_raw_data(dec, band.planes, lines);
        for (unsigned y = 0; y < lines && first + y < dec->output_height; y++)
            convert_row(&band, y, dec->output_width,
                        reader->out.pixels + (size_t)(first + y) * 3 * dec->output_width);
    }
}
