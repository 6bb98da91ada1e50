#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "common/hash.h"
#include "tests/lib/shapes.h"

static size_t picture_bytes(const struct image *image)
{
    return (size_t)3 * image->width * image->height;
}

/* The weights of config/models/shapes.caffemodel were trained on exactly these pixels, and
 * demo/train.sh can only reproduce them where the drawing is the same to the bit. */
static void drawing_is_the_same_on_every_machine(void **state)
{
    static const char expected[SHA256_HEX_SIZE] =
        "e332369601c3d5fd40c8ad3fbe09288268770afe8d7aa3c1a1469df6d1892b18";
    char hex[SHA256_HEX_SIZE], all[SHAPES_CLASSES * SHA256_HEX_SIZE] = "";

    (void)state;
    for (unsigned class = 0; class < SHAPES_CLASSES; class ++) {
        struct image image = {0};
        assert_int_equal(shapes_draw(class, 7, 11, &image), STATUS_OK);
        assert_int_equal(hash_sha256(image.pixels, picture_bytes(&image), hex), STATUS_OK);
        strcat(all, hex);
        image_free(&image);
    }
    assert_int_equal(hash_sha256(all, strlen(all), hex), STATUS_OK);
    assert_string_equal(hex, expected);
}

static void same_seed_and_number_give_the_same_file(void **state)
{
    struct buf first, second;

    (void)state;
    buf_init(&first, 1 << 20);
    buf_init(&second, 1 << 20);
    assert_int_equal(shapes_draw_jpeg(3, 5, 9, &first), STATUS_OK);
    assert_int_equal(shapes_draw_jpeg(3, 5, 9, &second), STATUS_OK);
    assert_int_equal(first.size, second.size);
    assert_memory_equal(first.data, second.data, first.size);
    buf_free(&first);
    buf_free(&second);
}

static void another_seed_number_or_class_gives_another_picture(void **state)
{
    static const struct {
        unsigned class;
        uint64_t seed;
        uint32_t number;
    } others[] = {{3, 5, 10}, {3, 6, 9}, {4, 5, 9}};
    struct buf first, other;

    (void)state;
    buf_init(&first, 1 << 20);
    buf_init(&other, 1 << 20);
    assert_int_equal(shapes_draw_jpeg(3, 5, 9, &first), STATUS_OK);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        buf_clear(&other);
        assert_int_equal(
            shapes_draw_jpeg(others[i].class, others[i].seed, others[i].number, &other), STATUS_OK);
        assert_true(first.size != other.size || memcmp(first.data, other.data, first.size) != 0);
    }
    buf_free(&first);
    buf_free(&other);
}

static void every_picture_is_a_good_jpeg_of_the_stated_size(void **state)
{
    struct image_limits limits = image_default_limits();

    (void)state;
    for (uint32_t number = 0; number < 60; number++) {
        struct image_info info;
        struct error error = {{0}};
        enum reason reason;
        struct buf file;

        buf_init(&file, 1 << 20);
        assert_int_equal(shapes_draw_jpeg(number % SHAPES_CLASSES, 2, number, &file), STATUS_OK);
        assert_int_equal(image_check(file.data, file.size, &limits, &info, &reason, &error),
                         STATUS_OK);
        assert_int_equal(info.kind, IMAGE_JPEG);
        assert_in_range(info.width, 160, 480);
        assert_in_range(info.height, 160, 480);
        buf_free(&file);
    }
}

static void synset_ids_are_our_own_and_names_end_with_the_classes(void **state)
{
    char wnid[WNID_SIZE];

    (void)state;
    shapes_wnid(SHAPES_CLASSES - 1, wnid);
    assert_string_equal(wnid, "n90000010");
    assert_string_equal(shapes_name(0), "circle");
    assert_null(shapes_name(SHAPES_CLASSES));
}

static void placeholder_is_grey_and_not_flat(void **state)
{
    struct image image = {0};
    unsigned dark = 0;

    (void)state;
    assert_int_equal(shapes_draw_placeholder(&image), STATUS_OK);
    for (size_t i = 0; i < picture_bytes(&image); i += 3) {
        assert_true(image.pixels[i] == image.pixels[i + 1] &&
                    image.pixels[i] == image.pixels[i + 2]);
        dark += image.pixels[i] < 200;
    }
    assert_in_range(dark, 1000, 50000);
    image_free(&image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(drawing_is_the_same_on_every_machine),
        cmocka_unit_test(same_seed_and_number_give_the_same_file),
        cmocka_unit_test(another_seed_number_or_class_gives_another_picture),
        cmocka_unit_test(every_picture_is_a_good_jpeg_of_the_stated_size),
        cmocka_unit_test(synset_ids_are_our_own_and_names_end_with_the_classes),
        cmocka_unit_test(placeholder_is_grey_and_not_flat),
    };

    return cmocka_run_group_tests_name("shapes", tests, NULL, NULL);
}
