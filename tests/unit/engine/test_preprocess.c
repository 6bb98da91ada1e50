#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/preprocess.h"

/* A grey picture of one row, or of one column. */
static void make_line(const uint8_t *values, uint32_t count, bool upright, struct image *out)
{
    *out = (struct image){upright ? 1 : count, upright ? count : 1, malloc((size_t)count * 3)};
    assert_non_null(out->pixels);
    for (uint32_t i = 0; i < count; i++)
        memset(out->pixels + (size_t)i * 3, values[i], 3);
}

struct check {
    uint32_t source, target;
    uint8_t in[8], triangle[5], nearest[5];
};

/* What the two generations' code gives for one row. */
static const struct check checks[] = {
    {6, 4, {0, 50, 100, 150, 200, 250}, {19, 89, 161, 231}, {0, 50, 150, 200}},
    {5, 3, {0, 50, 100, 150, 200}, {21, 100, 179}, {0, 50, 150}},
    {3, 5, {10, 200, 30}, {10, 86, 200, 98, 30}, {10, 10, 200, 200, 30}},
    {8, 3, {0, 255, 0, 255, 0, 255, 0, 255}, {121, 128, 134}, {0, 0, 255}},
    {4, 2, {0, 85, 170, 255}, {61, 194}, {0, 170}},
};

static void assert_line(const struct check *check, bool upright, enum resize_method method,
                        const uint8_t *expected)
{
    struct image in, out;
    make_line(check->in, check->source, upright, &in);
    uint32_t width = upright ? 1 : check->target, height = upright ? check->target : 1;
    assert_int_equal(preprocess_resize(&in, width, height, method, &out), STATUS_OK);
    assert_int_equal(out.width, width);
    assert_int_equal(out.height, height);
    for (uint32_t i = 0; i < check->target * 3; i++)
        assert_int_equal(out.pixels[i], expected[i / 3]);
    image_free(&in);
    image_free(&out);
}

static void rows_and_columns_resize_as_carml_does(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++)
        for (int upright = 0; upright < 2; upright++) {
            assert_line(&checks[i], upright, RESIZE_CARML_B, checks[i].triangle);
            assert_line(&checks[i], upright, RESIZE_CARML_A, checks[i].nearest);
        }
}

/* Worked by hand: coordinates (i + 0.5) * source / target - 0.5, clamped neighbours. */
static void bilinear_uses_half_pixel_centres(void **state)
{
    (void)state;
    static const struct check cases[] = {
        {4, 2, {0, 85, 170, 255}, {43, 213}, {0}},
        {2, 4, {0, 100}, {0, 25, 75, 100}, {0}},
        {3, 5, {10, 200, 30}, {10, 86, 200, 98, 30}, {0}},
        {5, 1, {0, 0, 77, 0, 0}, {77}, {0}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (int upright = 0; upright < 2; upright++)
            assert_line(&cases[i], upright, RESIZE_BILINEAR, cases[i].triangle);
}

/* Horizontal first, rounded to 8 bits, then vertical. */
static void triangle_filter_rounds_after_each_pass(void **state)
{
    (void)state;
    uint8_t pixels[4 * 3] = {0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0};
    struct image in = {2, 2, pixels}, out;
    assert_int_equal(preprocess_resize(&in, 1, 1, RESIZE_CARML_B, &out), STATUS_OK);
    /* Rows give 0.5 -> 1 and 0; their mean 0.5 -> 1. At once it would be 0.25 -> 0. */
    assert_int_equal(out.pixels[0], 1);
    image_free(&out);
    assert_int_equal(preprocess_resize(&in, 1, 1, RESIZE_BILINEAR, &out), STATUS_OK);
    assert_int_equal(out.pixels[0], 0);
    image_free(&out);
}

static void right_size_is_copied_unchanged(void **state)
{
    (void)state;
    uint8_t pixels[6] = {1, 2, 3, 250, 251, 252};
    struct image in = {2, 1, pixels};
    for (enum resize_method method = RESIZE_CARML_B; method <= RESIZE_BILINEAR; method++) {
        struct image out;
        assert_int_equal(preprocess_resize(&in, 2, 1, method, &out), STATUS_OK);
        assert_memory_equal(out.pixels, pixels, 6);
        assert_ptr_not_equal(out.pixels, pixels);
        image_free(&out);
    }
}

static void flat_picture_stays_flat_at_any_size(void **state)
{
    (void)state;
    static const uint32_t sizes[] = {1, 2, 3, 7, 64, 227, 500};
    for (size_t level = 0; level <= 255; level += 51)
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
            for (enum resize_method method = RESIZE_CARML_B; method <= RESIZE_BILINEAR; method++) {
                uint8_t pixels[31 * 17 * 3];
                struct image in = {31, 17, pixels}, out;
                memset(pixels, (int)level, sizeof pixels);
                assert_int_equal(preprocess_resize(&in, sizes[i], sizes[6 - i], method, &out),
                                 STATUS_OK);
                for (size_t j = 0; j < (size_t)out.width * out.height * 3; j++)
                    assert_int_equal(out.pixels[j], level);
                image_free(&out);
            }
}

static void empty_target_is_refused(void **state)
{
    (void)state;
    uint8_t pixels[3] = {0};
    struct image in = {1, 1, pixels}, out;
    assert_int_equal(preprocess_resize(&in, 0, 5, RESIZE_CARML_A, &out), STATUS_LIMIT);
    assert_null(out.pixels);
}

/* Two pixels (r, g, b) = (10, 20, 30) and (40, 50, 60); mean and scale in R, G, B order. */
static void normalising_follows_color_and_layout(void **state)
{
    (void)state;
    static const struct {
        enum color_mode color;
        enum tensor_layout layout;
        float expected[6];
    } cases[] = {
        {COLOR_RGB, LAYOUT_HWC, {9, 9, 6.75f, 39, 24, 14.25f}},
        {COLOR_RGB, LAYOUT_CHW, {9, 39, 9, 24, 6.75f, 14.25f}},
        {COLOR_BGR, LAYOUT_HWC, {6.75f, 9, 9, 14.25f, 24, 39}},
        {COLOR_BGR, LAYOUT_CHW, {6.75f, 14.25f, 9, 24, 9, 39}},
    };
    uint8_t pixels[6] = {10, 20, 30, 40, 50, 60};
    struct image picture = {2, 1, pixels};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct preprocessing how = {
            3, 1, 2, {1, 2, 3}, {1, 2, 4}, cases[i].color, cases[i].layout, RESIZE_CARML_B};
        float tensor[6];
        preprocess_normalize(&picture, &how, tensor);
        assert_memory_equal(tensor, cases[i].expected, sizeof tensor);
    }
}

static void picture_becomes_a_tensor(void **state)
{
    (void)state;
    uint8_t pixels[64 * 48 * 3];
    struct image in = {64, 48, pixels};
    memset(pixels, 100, sizeof pixels);
    struct buf file;
    buf_init(&file, 1 << 20);
    assert_int_equal(image_write_jpeg(&in, 95, &file), STATUS_OK);
    struct image_limits limits = image_default_limits();
    for (enum resize_method method = RESIZE_CARML_B; method <= RESIZE_BILINEAR; method++) {
        struct preprocessing how = {3,         5,         7,          {100, 100, 100},
                                    {1, 1, 1}, COLOR_BGR, LAYOUT_CHW, method};
        float tensor[3 * 5 * 7];
        enum reason reason;
        struct error error;
        memset(tensor, 0xff, sizeof tensor);
        assert_int_equal(
            preprocess_picture(file.data, file.size, &how, &limits, tensor, &reason, &error),
            STATUS_OK);
        for (size_t i = 0; i < 3 * 5 * 7; i++)
            assert_true(tensor[i] >= -1 && tensor[i] <= 1);
        assert_int_equal(preprocess_picture("GIF89a", 6, &how, &limits, tensor, &reason, &error),
                         STATUS_UNSUPPORTED);
        assert_int_equal(reason, REASON_unsupported_format);
    }
    buf_free(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_and_columns_resize_as_carml_does),
        cmocka_unit_test(bilinear_uses_half_pixel_centres),
        cmocka_unit_test(triangle_filter_rounds_after_each_pass),
        cmocka_unit_test(right_size_is_copied_unchanged),
        cmocka_unit_test(flat_picture_stays_flat_at_any_size),
        cmocka_unit_test(empty_target_is_refused),
        cmocka_unit_test(normalising_follows_color_and_layout),
        cmocka_unit_test(picture_becomes_a_tensor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
