#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/hash.h"
#include "common/image/image.h"
#include "tests/lib/flat_jpeg.h"

enum { FILE_LIMIT = 4 << 20, EXACT = 100 };

static void make(uint32_t width, uint32_t height, uint8_t (*grey)(uint32_t, uint32_t),
                 enum image_kind kind, struct buf *file)
{
    struct image image = {width, height, malloc((size_t)width * height * 3)};
    assert_non_null(image.pixels);
    for (uint32_t y = 0; y < height; y++)
        for (uint32_t x = 0; x < width; x++)
            memset(image.pixels + ((size_t)y * width + x) * 3, grey(x, y), 3);
    buf_init(file, FILE_LIMIT);
    assert_int_equal(kind == IMAGE_PNG ? image_write_png(&image, file)
                                       : image_write_jpeg(&image, EXACT, file),
                     STATUS_OK);
    image_free(&image);
}

static uint8_t flat(uint32_t x, uint32_t y)
{
    (void)x;
    (void)y;
    return 100;
}

static uint8_t speckled(uint32_t x, uint32_t y)
{
    return (uint8_t)((x * 2654435761u ^ y * 40503u * (x + 7)) >> 11);
}

/* The thumbnail of `file`, decoded. */
static struct image thumbnail(const struct buf *file, uint32_t longest, struct image_info *info)
{
    const struct image_thumbnail_options options = {image_default_limits(), longest, EXACT};
    const struct image_decode_options decoding = {.limits = image_default_limits()};
    enum reason reason = REASON_COUNT;
    struct error error = {""};
    struct image_info found;
    struct image image;
    struct buf out;
    buf_init(&out, FILE_LIMIT);
    assert_int_equal(image_thumbnail(file->data, file->size, &options, &out, info, &reason, &error),
                     STATUS_OK);
    assert_int_equal(image_check(out.data, out.size, &options.limits, &found, &reason, &error), 0);
    assert_int_equal(found.kind, IMAGE_JPEG);
    assert_int_equal(found.width, info->width);
    assert_int_equal(found.height, info->height);
    assert_false(found.progressive);
    assert_int_equal(image_decode(out.data, out.size, &decoding, &image, &reason, &error), 0);
    buf_free(&out);
    return image;
}

static void longer_side_is_the_limit_and_proportions_stay(void **state)
{
    (void)state;
    static const uint32_t sizes[][5] = {
        /* width, height, limit: width, height */
        {640, 480, 160, 160, 120}, {480, 640, 160, 120, 160}, {333, 500, 100, 67, 100},
        {161, 160, 160, 160, 159}, {160, 160, 160, 160, 160}, {20, 10, 160, 20, 10},
        {1, 1, 160, 1, 1},         {10000, 1, 160, 160, 1},   {1, 10000, 160, 1, 160},
        {10000, 40, 160, 160, 1},  {500, 500, 1, 1, 1},
    };
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        for (enum image_kind kind = IMAGE_JPEG; kind <= IMAGE_PNG; kind++) {
            const uint32_t *size = sizes[i];
            struct image_info info;
            struct buf file;
            make(size[0], size[1], flat, kind, &file);
            struct image small = thumbnail(&file, size[2], &info);
            assert_int_equal(info.width, size[3]);
            assert_int_equal(info.height, size[4]);
            for (size_t p = 0; p < (size_t)small.width * small.height * 3; p++)
                assert_in_range(small.pixels[p], 99, 101);
            image_free(&small);
            buf_free(&file);
        }
}

/* The mean over target pixel (x, y) in floating point, sample by sample. */
static double mean(uint32_t x, uint32_t y, const uint32_t from[2], const uint32_t to[2])
{
    double sum = 0, x0 = (double)x * from[0] / to[0], x1 = (double)(x + 1) * from[0] / to[0];
    double y0 = (double)y * from[1] / to[1], y1 = (double)(y + 1) * from[1] / to[1];
    for (uint32_t j = 0; j < from[1]; j++)
        for (uint32_t i = 0; i < from[0]; i++) {
            double w = (i + 1 < x1 ? i + 1 : x1) - (i > x0 ? i : x0);
            double h = (j + 1 < y1 ? j + 1 : y1) - (j > y0 ? j : y0);
            if (w > 0 && h > 0)
                sum += w * h * speckled(i, j);
        }
    return sum / ((x1 - x0) * (y1 - y0));
}

static void pixels_are_means_of_their_areas(void **state)
{
    (void)state;
    static const uint32_t cases[][4] = {{64, 32, 16, 8}, {61, 37, 23, 14}, {50, 7, 49, 7}};
    for (size_t i = 0; i < 3; i++) {
        const uint32_t *from = cases[i], *to = cases[i] + 2;
        struct image_info info;
        struct buf file;
        make(from[0], from[1], speckled, IMAGE_PNG, &file);
        struct image small = thumbnail(&file, to[0], &info);
        assert_int_equal(small.width, to[0]);
        assert_int_equal(small.height, to[1]);
        for (uint32_t y = 0; y < to[1]; y++)
            for (uint32_t x = 0; x < to[0]; x++) {
                double found = small.pixels[((size_t)y * to[0] + x) * 3];
                double expected = mean(x, y, from, to);
                /* 0.5 of our rounding, the rest is JPEG's. */
                assert_true(found - expected < 4 && expected - found < 4);
            }
        image_free(&small);
        buf_free(&file);
    }
}

static void grey_jpeg_is_taken(void **state)
{
    (void)state;
    struct buf file;
    struct image_info info;
    buf_init(&file, FILE_LIMIT);
    flat_jpeg_write(
        &(struct flat_jpeg){.width = 300, .height = 200, .components = 1, .level = {77}}, &file);
    struct image small = thumbnail(&file, 30, &info);
    assert_int_equal(info.width, 30);
    assert_int_equal(info.height, 20);
    assert_in_range(small.pixels[0], 74, 80);
    assert_int_equal(small.pixels[0], small.pixels[2]);
    image_free(&small);
    buf_free(&file);
}

/* 8 x 4 pixels, all red 200, green 100, blue 50, alpha 0: what is seen is what the models saw. */
static void alpha_is_dropped(void **state)
{
    (void)state;
    static const char png[] =
        "iVBORw0KGgoAAAANSUhEUgAAAAgAAAAECAYAAACzzX7wAAAAEklEQVR42mM4kWLEgA8z0F4BAHFJK8Ge"
        "ZTtPAAAAAElFTkSuQmCC";
    struct buf file;
    struct image_info info;
    buf_init(&file, FILE_LIMIT);
    assert_int_equal(base64_decode(&file, png, strlen(png)), STATUS_OK);
    struct image small = thumbnail(&file, 4, &info);
    assert_int_equal(info.width, 4);
    assert_int_equal(info.height, 2);
    assert_in_range(small.pixels[0], 196, 204);
    assert_in_range(small.pixels[1], 96, 104);
    assert_in_range(small.pixels[2], 46, 54);
    image_free(&small);
    buf_free(&file);
}

/* Tries with these limits and room; nothing may have been appended. */
static enum status refused(const void *bytes, size_t size, struct image_limits limits, size_t room,
                           enum reason *reason)
{
    const struct image_thumbnail_options options = {limits, 16, EXACT};
    struct error error = {""};
    struct image_info info;
    struct buf out;
    *reason = REASON_COUNT;
    buf_init(&out, room);
    enum status status = image_thumbnail(bytes, size, &options, &out, &info, reason, &error);
    assert_true(status != STATUS_OK);
    assert_true(*error.text);
    assert_int_equal(out.size, 0);
    buf_free(&out);
    return status;
}

static void what_does_not_decode_is_refused_as_when_decoding(void **state)
{
    (void)state;
    const struct image_limits limits = image_default_limits();
    enum reason reason;
    struct buf file;
    make(64, 48, speckled, IMAGE_JPEG, &file);
    assert_int_equal(refused(file.data, file.size / 2, limits, FILE_LIMIT, &reason), STATUS_DATA);
    assert_int_equal(reason, REASON_truncated);
    buf_free(&file);
    make(64, 48, speckled, IMAGE_PNG, &file);
    file.data[file.size / 2] = (char)(file.data[file.size / 2] ^ 0x55);
    assert_int_equal(refused(file.data, file.size, limits, FILE_LIMIT, &reason), STATUS_DATA);
    assert_int_equal(reason, REASON_corrupt);
    buf_free(&file);
    assert_int_equal(refused("<html>", 6, limits, FILE_LIMIT, &reason), STATUS_DATA);
    assert_int_equal(reason, REASON_html);
    assert_int_equal(refused("", 0, limits, FILE_LIMIT, &reason), STATUS_DATA);
    assert_int_equal(reason, REASON_empty);
}

static void limits_hold(void **state)
{
    (void)state;
    enum reason reason;
    struct buf file;
    make(64, 48, speckled, IMAGE_PNG, &file);
    struct image_limits limits = image_default_limits();
    limits.max_side = 63;
    assert_int_equal(refused(file.data, file.size, limits, FILE_LIMIT, &reason), STATUS_LIMIT);
    assert_int_equal(reason, REASON_too_many_pixels);
    limits = image_default_limits();
    limits.max_memory = 64 * 48 * 3;
    assert_int_equal(refused(file.data, file.size, limits, FILE_LIMIT, &reason), STATUS_LIMIT);
    assert_int_equal(reason, REASON_too_costly);
    limits = image_default_limits();
    assert_int_equal(refused(file.data, file.size, limits, 100, &reason), STATUS_LIMIT);
    assert_int_equal(reason, REASON_internal);
    buf_free(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(longer_side_is_the_limit_and_proportions_stay),
        cmocka_unit_test(pixels_are_means_of_their_areas),
        cmocka_unit_test(grey_jpeg_is_taken),
        cmocka_unit_test(alpha_is_dropped),
        cmocka_unit_test(what_does_not_decode_is_refused_as_when_decoding),
        cmocka_unit_test(limits_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
