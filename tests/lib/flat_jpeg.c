/* ITU-T T.81: markers annex B, Huffman coding annex F, progressive mode annex G. */
#include "tests/lib/flat_jpeg.h"

#include <stdlib.h>

struct bits {
    struct buf *out;
    uint32_t held;
    unsigned count;
};

static void put(struct buf *out, const void *bytes, size_t size)
{
    if (buf_append(out, bytes, size))
        abort();
}

static void put_byte(struct buf *out, unsigned value)
{
    uint8_t byte = (uint8_t)value;
    put(out, &byte, 1);
}

static void put_word(struct buf *out, unsigned value)
{
    put_byte(out, value >> 8);
    put_byte(out, value & 255);
}

static void put_bits(struct bits *bits, unsigned value, unsigned count)
{
    while (count-- > 0) {
        bits->held = bits->held << 1 | (value >> count & 1);
        if (++bits->count < 8)
            continue;
        put_byte(bits->out, bits->held & 255);
        if ((bits->held & 255) == 0xff)
            put_byte(bits->out, 0);
        bits->count = 0;
    }
}

static void flush_bits(struct bits *bits)
{
    while (bits->count != 0)
        put_bits(bits, 1, 1);
}

/* All quantisers 1: a DC coefficient is then eight times the level's distance from 128. */
static void put_quantizers(struct buf *out)
{
    put(out, "\xff\xdb\0\x43\0", 5);
    for (int i = 0; i < 64; i++)
        put_byte(out, 1);
}

static void put_table(struct buf *out, unsigned id, unsigned length, unsigned count)
{
    put_word(out, 0xffc4);
    put_word(out, 19 + count);
    put_byte(out, id);
    for (unsigned i = 1; i <= 16; i++)
        put_byte(out, i == length ? count : 0);
}

/* DC: the categories 0..11 are codes of four bits. AC: the one-bit code 0 means end of block
 * (baseline) or a run of at least 2^14 empty blocks (progressive). */
static void put_huffman(struct buf *out, bool progressive)
{
    put_table(out, 0x00, 4, 12);
    for (unsigned i = 0; i < 12; i++)
        put_byte(out, i);
    put_table(out, 0x10, 1, 1);
    put_byte(out, progressive ? 0xe0 : 0x00);
}

static unsigned factor(unsigned given)
{
    return given ? given : 1;
}

static void put_frame(const struct flat_jpeg *jpeg, struct buf *out)
{
    put_word(out, jpeg->progressive ? 0xffc2 : jpeg->precision > 8 ? 0xffc1 : 0xffc0);
    put_word(out, 8 + 3 * jpeg->components);
    put_byte(out, jpeg->precision ? jpeg->precision : 8);
    put_word(out, jpeg->height);
    put_word(out, jpeg->width);
    put_byte(out, jpeg->components);
    for (unsigned i = 0; i < jpeg->components; i++) {
        put_byte(out, i + 1);
        put_byte(out, i == 0 ? factor(jpeg->across) << 4 | factor(jpeg->down) : 0x11);
        put_byte(out, 0);
    }
}

static void put_scan_header(struct buf *out, unsigned first, unsigned count, unsigned from,
                            unsigned to)
{
    put_word(out, 0xffda);
    put_word(out, 6 + 2 * count);
    put_byte(out, count);
    for (unsigned i = 0; i < count; i++)
        put_word(out, (first + i + 1) << 8);
    put_byte(out, from);
    put_byte(out, to);
    put_byte(out, 0);
}

/* The DC difference of a component's first block; all later differences are 0. */
static void put_dc(struct bits *bits, unsigned level, bool first)
{
    int value = first ? ((int)level - 128) * 8 : 0;
    unsigned category = 0;
    for (int v = abs(value); v; v >>= 1)
        category++;
    put_bits(bits, category, 4);
    put_bits(bits, (unsigned)(value < 0 ? value - 1 : value), category);
}

static unsigned blocks(unsigned size, unsigned factor)
{
    return (size + 8 * factor - 1) / (8 * factor);
}

static void put_dc_scan(const struct flat_jpeg *jpeg, struct buf *out)
{
    put_scan_header(out, 0, jpeg->components, 0, jpeg->progressive ? 0 : 63);
    if (jpeg->no_data)
        return;
    struct bits bits = {.out = out};
    bool alone = jpeg->components == 1;
    unsigned per_unit = alone ? 1 : factor(jpeg->across) * factor(jpeg->down);
    size_t units = (size_t)blocks(jpeg->width, alone ? 1 : factor(jpeg->across)) *
                   blocks(jpeg->height, alone ? 1 : factor(jpeg->down));
    for (size_t unit = 0; unit < units; unit++)
        for (unsigned i = 0; i < jpeg->components; i++)
            for (unsigned block = 0; block < (i == 0 ? per_unit : 1); block++) {
                put_dc(&bits, jpeg->level[i], unit == 0 && block == 0);
                if (!jpeg->progressive)
                    put_bits(&bits, 0, 1);
            }
    flush_bits(&bits);
}

/* One empty coefficient of one component; runs of 2^14 + 14 bits of empty blocks. */
static void put_ac_scan(const struct flat_jpeg *jpeg, unsigned index, struct buf *out)
{
    unsigned component = index % jpeg->components, coefficient = 1 + index / jpeg->components;
    put_scan_header(out, component, 1, coefficient, coefficient);
    if (jpeg->no_data)
        return;
    struct bits bits = {.out = out};
    size_t left = (size_t)blocks(jpeg->width, 1) * blocks(jpeg->height, 1);
    while (left >= 1 << 14) {
        unsigned run = left > 32767 ? 32767 : (unsigned)left;
        put_bits(&bits, 0, 1);
        put_bits(&bits, run - (1 << 14), 14);
        left -= run;
    }
    if (left > 0)
        put_bits(&bits, 0, 15);
    flush_bits(&bits);
}

void flat_jpeg_write(const struct flat_jpeg *jpeg, struct buf *out)
{
    put_word(out, 0xffd8);
    if (jpeg->adobe) {
        put(out,
            "\xff\xee\0\x0e"
            "Adobe\0d\0\0\0\0",
            15);
        put_byte(out, jpeg->transform);
    }
    put_quantizers(out);
    put_frame(jpeg, out);
    put_huffman(out, jpeg->progressive);
    put_dc_scan(jpeg, out);
    for (unsigned i = 0; jpeg->progressive && i < jpeg->ac_scans; i++)
        put_ac_scan(jpeg, i, out);
    put_word(out, 0xffd9);
}
