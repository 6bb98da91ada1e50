#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/image/image.h"
#include "model/format/numpy/crc32.h"

enum { FILE_LIMIT = 4 << 20 };
enum { GREY = 0, RGB = 2, PALETTE = 3, GREY_ALPHA = 4, RGBA = 6 };

/* A PNG in which every pixel (or, below 8 bits, every byte) is the same. PNG specification, second
 * edition; the image data is in stored deflate blocks (RFC 1951 section 3.2.4). */
struct flat_png {
    uint32_t width, height;
    uint8_t depth, color;
    bool interlaced;
    uint8_t pixel[8];
    bool claim_only; /* header and end, no image data */
};

static void put(struct buf *out, const void *bytes, size_t size)
{
    assert_int_equal(buf_append(out, bytes, size), STATUS_OK);
}

static void put_long(struct buf *out, uint32_t value)
{
    put(out,
        (uint8_t[]){(uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8),
                    (uint8_t)value},
        4);
}

static void put_chunk(struct buf *out, const char *name, const void *data, size_t size)
{
    put_long(out, (uint32_t)size);
    put(out, name, 4);
    put(out, data, size);
    put_long(out, crc32_update(crc32_update(0, name, 4), data, size));
}

static void put_rows(const struct flat_png *png, uint32_t width, uint32_t height, struct buf *out)
{
    static const uint8_t channels[] = {
        [GREY] = 1, [RGB] = 3, [PALETTE] = 1, [GREY_ALPHA] = 2, [RGBA] = 4};
    size_t bits = (size_t)channels[png->color] * png->depth, row = (width * bits + 7) / 8;
    size_t period = bits < 8 ? 1 : bits / 8;
    if (width == 0)
        return;
    for (uint32_t y = 0; y < height; y++) {
        put(out, "\0", 1);
        for (size_t i = 0; i < row; i++)
            put(out, &png->pixel[i % period], 1);
    }
}

/* The seven passes of Adam7: where each starts and how far its pixels are apart. */
static void put_passes(const struct flat_png *png, struct buf *out)
{
    static const uint32_t passes[7][4] = {{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4},
                                          {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}};
    for (int i = 0; i < 7; i++) {
        const uint32_t *p = passes[i];
        put_rows(png, (png->width + p[2] - 1 - p[0]) / p[2], (png->height + p[3] - 1 - p[1]) / p[3],
                 out);
    }
}

static void put_deflated(const struct buf *raw, struct buf *out)
{
    uint32_t a = 1, b = 0;
    put(out, "\x78\x01", 2);
    for (size_t at = 0; at < raw->size; at += 65535) {
        size_t n = raw->size - at < 65535 ? raw->size - at : 65535;
        put(out,
            (uint8_t[]){at + n == raw->size, (uint8_t)n, (uint8_t)(n >> 8), (uint8_t)~n,
                        (uint8_t)(~n >> 8)},
            5);
        put(out, raw->data + at, n);
    }
    for (size_t i = 0; i < raw->size; i++) {
        a = (a + (uint8_t)raw->data[i]) % 65521;
        b = (b + a) % 65521;
    }
    put_long(out, b << 16 | a);
}

static void write_flat(const struct flat_png *png, struct buf *file)
{
    struct buf header, raw, data;
    buf_init(file, FILE_LIMIT);
    buf_init(&header, 64);
    buf_init(&raw, FILE_LIMIT);
    buf_init(&data, FILE_LIMIT);
    put_long(&header, png->width);
    put_long(&header, png->height);
    put(&header, (uint8_t[]){png->depth, png->color, 0, 0, png->interlaced}, 5);
    put(file, "\x89PNG\r\n\x1a\n", 8);
    put_chunk(file, "IHDR", header.data, header.size);
    if (png->color == PALETTE)
        put_chunk(file, "PLTE", "\1\2\3", 3);
    if (!png->claim_only) {
        if (png->interlaced)
            put_passes(png, &raw);
        else
            put_rows(png, png->width, png->height, &raw);
        put_deflated(&raw, &data);
        put_chunk(file, "IDAT", data.data, data.size);
    }
    put_chunk(file, "IEND", "", 0);
    buf_free(&header);
    buf_free(&raw);
    buf_free(&data);
}

static enum reason verdict(const struct buf *file, struct image_info *info)
{
    struct image_limits limits = image_default_limits();
    enum reason reason = REASON_COUNT;
    struct error error = {""};
    enum status status = image_check(file->data, file->size, &limits, info, &reason, &error);
    assert_true(status ? *error.text && reason < REASON_COUNT : reason == REASON_COUNT);
    return reason;
}

static enum status decode(const struct buf *file, size_t memory, struct image *out)
{
    struct image_decode_options options = {.limits = image_default_limits()};
    enum reason reason;
    struct error error;
    options.limits.max_memory = memory;
    /* PNG is never shrunk while decoding. */
    options.target_width = options.target_height = 1;
    return image_decode(file->data, file->size, &options, out, &reason, &error);
}

static void written_picture_reads_back_exactly(void **state)
{
    (void)state;
    uint8_t pixels[31 * 17 * 3];
    struct image before = {31, 17, pixels}, after;
    struct image_info info;
    struct buf file;
    for (size_t i = 0; i < sizeof pixels; i++)
        pixels[i] = (uint8_t)(i * i);
    buf_init(&file, FILE_LIMIT);
    assert_int_equal(image_write_png(&before, &file), STATUS_OK);
    assert_int_equal(verdict(&file, &info), REASON_COUNT);
    assert_true(info.kind == IMAGE_PNG && info.width == 31 && info.height == 17);
    assert_true(info.components == 3 && !info.alpha && !info.progressive);
    assert_int_equal(decode(&file, 1 << 20, &after), STATUS_OK);
    assert_memory_equal(after.pixels, pixels, sizeof pixels);
    image_free(&after);
    assert_int_equal(decode(&file, sizeof pixels, &after), STATUS_LIMIT);
    buf_free(&file);
    buf_init(&file, 50);
    assert_int_equal(image_write_png(&before, &file), STATUS_LIMIT);
    buf_free(&file);
}

static void kinds_decode_to_rgb_without_alpha(void **state)
{
    (void)state;
    static const struct {
        struct flat_png png;
        uint8_t rgb[3];
        uint32_t components;
    } cases[] = {
        {{9, 5, 8, RGB, false, {10, 20, 30}, false}, {10, 20, 30}, 3},
        {{9, 5, 8, RGB, true, {10, 20, 30}, false}, {10, 20, 30}, 3},
        {{3, 1, 8, RGB, true, {10, 20, 30}, false}, {10, 20, 30}, 3},
        {{9, 5, 8, RGBA, false, {10, 20, 30, 0}, false}, {10, 20, 30}, 4},
        {{9, 5, 8, RGBA, true, {10, 20, 30, 128}, false}, {10, 20, 30}, 4},
        {{9, 5, 8, GREY, false, {77}, false}, {77, 77, 77}, 1},
        {{9, 5, 8, GREY_ALPHA, false, {77, 3}, false}, {77, 77, 77}, 2},
        {{9, 5, 4, GREY, false, {0x77}, false}, {0x77, 0x77, 0x77}, 1},
        {{9, 5, 2, GREY, true, {0xaa}, false}, {170, 170, 170}, 1},
        {{9, 5, 1, GREY, false, {0xff}, false}, {255, 255, 255}, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf file;
        struct image picture;
        struct image_info info;
        write_flat(&cases[i].png, &file);
        assert_int_equal(verdict(&file, &info), REASON_COUNT);
        assert_int_equal(info.components, cases[i].components);
        assert_int_equal(info.alpha, cases[i].components % 2 == 0);
        assert_int_equal(info.progressive, cases[i].png.interlaced);
        assert_int_equal(decode(&file, 1 << 20, &picture), STATUS_OK);
        for (size_t j = 0; j < (size_t)picture.width * picture.height * 3; j++)
            assert_int_equal(picture.pixels[j], cases[i].rgb[j % 3]);
        image_free(&picture);
        buf_free(&file);
    }
}

static void what_carml_refuses_is_refused(void **state)
{
    (void)state;
    static const struct {
        struct flat_png png;
        enum reason reason;
    } cases[] = {
        {{9, 5, 8, PALETTE, false, {0}, false}, REASON_unsupported_format},
        {{9, 5, 16, RGB, false, {0}, false}, REASON_unsupported_format},
        {{9, 5, 16, GREY, false, {0}, false}, REASON_unsupported_format},
        {{0, 5, 8, RGB, false, {0}, true}, REASON_corrupt},
        {{9, 5, 8, RGB, false, {0}, true}, REASON_corrupt},
        {{9, 5, 3, RGB, false, {0}, true}, REASON_corrupt},
        {{16385, 5, 8, RGB, false, {0}, true}, REASON_too_many_pixels},
        {{10000, 10000, 8, RGB, false, {0}, true}, REASON_too_many_pixels},
        {{7000, 7000, 8, RGB, false, {0}, true}, REASON_too_costly},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf file;
        struct image_info info;
        write_flat(&cases[i].png, &file);
        assert_int_equal(verdict(&file, &info), cases[i].reason);
        buf_free(&file);
    }
}

static void every_prefix_is_truncated(void **state)
{
    (void)state;
    struct flat_png png = {20, 9, 8, RGB, true, {1, 2, 3}, false};
    struct buf whole;
    struct image_info info;
    write_flat(&png, &whole);
    for (size_t size = 1; size < whole.size; size++) {
        struct image picture;
        /* A copy of exactly this size, so that a sanitizer sees a read past its end. */
        struct buf prefix = {malloc(size), size, size, size};
        memcpy(prefix.data, whole.data, size);
        assert_int_equal(verdict(&prefix, &info),
                         size < 8 ? REASON_not_an_image : REASON_truncated);
        assert_int_equal(decode(&prefix, 1 << 20, &picture), STATUS_DATA);
        assert_null(picture.pixels);
        free(prefix.data);
    }
    assert_int_equal(verdict(&whole, &info), REASON_COUNT);
    buf_free(&whole);
}

static void any_changed_byte_gives_a_verdict(void **state)
{
    (void)state;
    struct flat_png png = {20, 9, 8, RGBA, false, {1, 2, 3, 4}, false};
    struct buf file;
    struct image_info info;
    write_flat(&png, &file);
    for (size_t i = 8; i < file.size; i++)
        for (unsigned flip = 1; flip <= 0x80; flip <<= 1) {
            struct image picture;
            file.data[i] = (char)(file.data[i] ^ (char)flip);
            /* Every chunk has a checksum, so no change goes unseen. */
            assert_true(verdict(&file, &info) < REASON_COUNT);
            assert_true(decode(&file, 1 << 20, &picture) != STATUS_OK);
            assert_null(picture.pixels);
            file.data[i] = (char)(file.data[i] ^ (char)flip);
        }
    buf_free(&file);
}

/* A text chunk that inflates without end is skipped unread; its bad content does no harm. */
static void ancillary_chunks_are_skipped(void **state)
{
    (void)state;
    struct flat_png png = {20, 9, 8, RGB, false, {1, 2, 3}, false};
    struct buf plain, file;
    struct image_info info;
    write_flat(&png, &plain);
    buf_init(&file, FILE_LIMIT);
    put(&file, plain.data, 33);
    put_chunk(&file, "iCCP", "bad\0\0not deflate data", 20);
    put_chunk(&file, "zTXt", "bad\0\0not deflate data", 20);
    put(&file, plain.data + 33, plain.size - 33);
    assert_int_equal(verdict(&file, &info), REASON_COUNT);
    buf_free(&plain);
    buf_free(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(written_picture_reads_back_exactly),
        cmocka_unit_test(kinds_decode_to_rgb_without_alpha),
        cmocka_unit_test(what_carml_refuses_is_refused),
        cmocka_unit_test(every_prefix_is_truncated),
        cmocka_unit_test(any_changed_byte_gives_a_verdict),
        cmocka_unit_test(ancillary_chunks_are_skipped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
