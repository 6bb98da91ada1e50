#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "common/image/image.h"
#include "tests/lib/flat_jpeg.h"

enum { FILE_LIMIT = 4 << 20 };

/* A picture with slopes, so that neighbours differ a little, and with coloured corners. */
static void paint(uint32_t width, uint32_t height, struct image *out)
{
    *out = (struct image){width, height, malloc((size_t)width * height * 3)};
    assert_non_null(out->pixels);
    for (uint32_t y = 0; y < height; y++)
        for (uint32_t x = 0; x < width; x++) {
            uint8_t *pixel = out->pixels + ((size_t)y * width + x) * 3;
            pixel[0] = (uint8_t)(x * 255 / width);
            pixel[1] = (uint8_t)(y * 255 / height);
            pixel[2] = (uint8_t)((x + y) * 127 / (width + height) + 64);
        }
}

static void write_painting(uint32_t width, uint32_t height, struct buf *file)
{
    struct image picture;
    paint(width, height, &picture);
    buf_init(file, FILE_LIMIT);
    assert_int_equal(image_write_jpeg(&picture, 90, file), STATUS_OK);
    image_free(&picture);
}

static void write_flat(const struct flat_jpeg *jpeg, struct buf *file)
{
    buf_init(file, FILE_LIMIT);
    flat_jpeg_write(jpeg, file);
}

static enum status check(const struct buf *file, const struct image_limits *limits,
                         struct image_info *info, enum reason *reason)
{
    struct error error = {""};
    *reason = REASON_COUNT;
    enum status status = image_check(file->data, file->size, limits, info, reason, &error);
    if (status)
        assert_true(*reason < REASON_COUNT && error.text[0] != '\0');
    return status;
}

static enum reason verdict(const struct buf *file)
{
    struct image_limits limits = image_default_limits();
    struct image_info info;
    enum reason reason;
    return check(file, &limits, &info, &reason) ? reason : REASON_COUNT;
}

static enum status decode(const struct buf *file, enum image_chroma chroma, uint32_t target,
                          struct image *out)
{
    struct image_decode_options options = {
        .limits = image_default_limits(),
        .target_width = target,
        .target_height = target,
        .chroma = chroma,
    };
    enum reason reason;
    struct error error;
    return image_decode(file->data, file->size, &options, out, &reason, &error);
}

static int largest_difference(const struct image *a, const struct image *b)
{
    assert_int_equal(a->width, b->width);
    assert_int_equal(a->height, b->height);
    int largest = 0;
    for (size_t i = 0; i < (size_t)a->width * a->height * 3; i++) {
        int difference = abs(a->pixels[i] - b->pixels[i]);
        largest = difference > largest ? difference : largest;
    }
    return largest;
}

static void written_picture_reads_back(void **state)
{
    (void)state;
    struct image before, after;
    struct image_limits limits = image_default_limits();
    struct image_info info;
    enum reason reason;
    struct buf file;
    paint(61, 37, &before);
    write_painting(61, 37, &file);
    assert_int_equal(check(&file, &limits, &info, &reason), STATUS_OK);
    assert_int_equal(info.kind, IMAGE_JPEG);
    assert_int_equal(info.width, 61);
    assert_int_equal(info.height, 37);
    assert_int_equal(info.components, 3);
    assert_false(info.progressive || info.truncated || info.alpha);
    assert_int_equal(decode(&file, IMAGE_CHROMA_FANCY, 0, &after), STATUS_OK);
    assert_true(largest_difference(&before, &after) <= 16);
    image_free(&before);
    image_free(&after);
    buf_free(&file);
}

static void quality_and_ceiling_of_the_writer_are_kept(void **state)
{
    (void)state;
    struct image picture;
    struct buf coarse, fine, tight;
    paint(64, 64, &picture);
    buf_init(&coarse, FILE_LIMIT);
    buf_init(&fine, FILE_LIMIT);
    buf_init(&tight, 100);
    assert_int_equal(image_write_jpeg(&picture, 10, &coarse), STATUS_OK);
    assert_int_equal(image_write_jpeg(&picture, 98, &fine), STATUS_OK);
    assert_true(coarse.size < fine.size);
    assert_int_equal(image_write_jpeg(&picture, 90, &tight), STATUS_LIMIT);
    image_free(&picture);
    buf_free(&coarse);
    buf_free(&fine);
    buf_free(&tight);
}

/* CarML's rule: 2197 x 1463 for 224 gives n = 2; each expectation is ceil(size * n / 8). */
static void picture_is_shrunk_by_the_smallest_sufficient_eighth(void **state)
{
    (void)state;
    static const struct {
        uint32_t width, height, target, n;
    } cases[] = {
        {400, 300, 224, 6},   {400, 300, 300, 8}, {400, 300, 301, 8}, {1600, 1500, 188, 1},
        {1600, 1500, 189, 2}, {17, 9, 2, 1},      {17, 9, 3, 2},      {17, 17, 3, 1},
        {16, 17, 3, 2},       {17, 16, 3, 2},     {224, 224, 224, 8}, {449, 447, 224, 4},
        {2197, 1463, 224, 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (enum image_chroma chroma = IMAGE_CHROMA_FANCY; chroma <= IMAGE_CHROMA_GO; chroma++) {
            struct buf file;
            struct image picture;
            write_painting(cases[i].width, cases[i].height, &file);
            assert_int_equal(decode(&file, chroma, cases[i].target, &picture), STATUS_OK);
            assert_int_equal(picture.width, (cases[i].width * cases[i].n + 7) / 8);
            assert_int_equal(picture.height, (cases[i].height * cases[i].n + 7) / 8);
            image_free(&picture);
            buf_free(&file);
        }
}

/* The two agree but for the rounding of the colour conversion. */
static void planes_of_generation_a_match_replication(void **state)
{
    (void)state;
    static const uint32_t targets[] = {0, 20, 40, 60, 80, 90};
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        struct buf file;
        struct image replicated, planes;
        write_painting(157, 161, &file);
        assert_int_equal(decode(&file, IMAGE_CHROMA_REPLICATE, targets[i], &replicated), STATUS_OK);
        assert_int_equal(decode(&file, IMAGE_CHROMA_GO, targets[i], &planes), STATUS_OK);
        assert_true(largest_difference(&replicated, &planes) <= 1);
        image_free(&replicated);
        image_free(&planes);
        buf_free(&file);
    }
}

static void smooth_upsampling_differs_from_replication(void **state)
{
    (void)state;
    struct buf file;
    struct image replicated, smooth;
    write_painting(160, 160, &file);
    assert_int_equal(decode(&file, IMAGE_CHROMA_REPLICATE, 0, &replicated), STATUS_OK);
    assert_int_equal(decode(&file, IMAGE_CHROMA_FANCY, 0, &smooth), STATUS_OK);
    assert_true(largest_difference(&replicated, &smooth) > 0);
    image_free(&replicated);
    image_free(&smooth);
    buf_free(&file);
}

static int go_clamp(long value)
{
    return value < 0 ? 0 : value / 65536 > 255 ? 255 : (int)(value / 65536);
}

static void assert_go_color(uint8_t y, uint8_t cb, uint8_t cr)
{
    struct flat_jpeg jpeg = {.width = 8, .height = 8, .components = 3, .level = {y, cb, cr}};
    struct buf file;
    struct image picture;
    write_flat(&jpeg, &file);
    assert_int_equal(decode(&file, IMAGE_CHROMA_GO, 0, &picture), STATUS_OK);
    long luma = y * 65793L, blue = cb - 128L, red = cr - 128L;
    assert_int_equal(picture.pixels[0], go_clamp(luma + 91881 * red));
    assert_int_equal(picture.pixels[1], go_clamp(luma - 22554 * blue - 46802 * red));
    assert_int_equal(picture.pixels[2], go_clamp(luma + 116130 * blue));
    image_free(&picture);
    buf_free(&file);
}

/* Go's color.YCbCrToRGB. */
static void go_arithmetic_gives_the_values_of_its_formula(void **state)
{
    (void)state;
    for (unsigned y = 0; y <= 255; y += 51)
        for (unsigned cb = 3; cb <= 255; cb += 36)
            for (unsigned cr = 7; cr <= 255; cr += 31)
                assert_go_color((uint8_t)y, (uint8_t)cb, (uint8_t)cr);
}

static void chroma_factors_that_go_refuses_are_refused_only_there(void **state)
{
    (void)state;
    static const struct {
        unsigned across, down;
        enum status status;
    } cases[] = {
        {1, 1, STATUS_OK}, {2, 1, STATUS_OK},          {1, 2, STATUS_OK},
        {2, 2, STATUS_OK}, {4, 1, STATUS_UNSUPPORTED}, {4, 2, STATUS_UNSUPPORTED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct flat_jpeg jpeg = {.width = 100,
                                 .height = 70,
                                 .components = 3,
                                 .across = cases[i].across,
                                 .down = cases[i].down,
                                 .level = {100, 130, 140}};
        struct buf file;
        struct image picture;
        write_flat(&jpeg, &file);
        assert_int_equal(decode(&file, IMAGE_CHROMA_GO, 0, &picture), cases[i].status);
        image_free(&picture);
        assert_int_equal(decode(&file, IMAGE_CHROMA_REPLICATE, 0, &picture), STATUS_OK);
        image_free(&picture);
        buf_free(&file);
    }
}

static void grey_is_copied_to_all_channels(void **state)
{
    (void)state;
    struct flat_jpeg jpeg = {.width = 9, .height = 5, .components = 1, .level = {77}};
    for (enum image_chroma chroma = IMAGE_CHROMA_FANCY; chroma <= IMAGE_CHROMA_GO; chroma++) {
        struct buf file;
        struct image picture;
        write_flat(&jpeg, &file);
        assert_int_equal(decode(&file, chroma, 0, &picture), STATUS_OK);
        for (size_t i = 0; i < 9 * 5 * 3; i++)
            assert_int_equal(picture.pixels[i], 77);
        image_free(&picture);
        buf_free(&file);
    }
}

static void stored_rgb_is_left_as_it_is(void **state)
{
    (void)state;
    struct flat_jpeg jpeg = {
        .width = 8, .height = 8, .components = 3, .level = {10, 20, 30}, .adobe = true};
    struct buf file;
    struct image picture;
    write_flat(&jpeg, &file);
    assert_int_equal(decode(&file, IMAGE_CHROMA_GO, 0, &picture), STATUS_OK);
    assert_memory_equal(picture.pixels, ((uint8_t[]){10, 20, 30}), 3);
    image_free(&picture);
    buf_free(&file);
}

static void cmyk_and_odd_component_counts_are_an_unsupported_color(void **state)
{
    (void)state;
    struct flat_jpeg cases[] = {
        {.width = 16, .height = 16, .components = 4},
        {.width = 16, .height = 16, .components = 4, .adobe = true, .transform = 2},
        {.width = 16, .height = 16, .components = 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf file;
        write_flat(&cases[i], &file);
        assert_int_equal(verdict(&file), REASON_unsupported_color);
        buf_free(&file);
    }
}

static void twelve_bit_samples_are_an_unsupported_format(void **state)
{
    (void)state;
    struct flat_jpeg jpeg = {.width = 16, .height = 16, .components = 1, .precision = 12};
    struct buf file;
    write_flat(&jpeg, &file);
    assert_int_equal(verdict(&file), REASON_unsupported_format);
    buf_free(&file);
}

static void progressive_picture_decodes_to_its_color(void **state)
{
    (void)state;
    struct flat_jpeg jpeg = {.width = 300,
                             .height = 200,
                             .components = 1,
                             .level = {200},
                             .progressive = true,
                             .ac_scans = 63};
    struct buf file;
    struct image picture;
    struct image_info info;
    struct image_limits limits = image_default_limits();
    enum reason reason;
    write_flat(&jpeg, &file);
    assert_int_equal(check(&file, &limits, &info, &reason), STATUS_OK);
    assert_true(info.progressive);
    assert_int_equal(decode(&file, IMAGE_CHROMA_REPLICATE, 0, &picture), STATUS_OK);
    assert_int_equal(picture.pixels[0], 200);
    image_free(&picture);
    buf_free(&file);
}

static void every_prefix_is_truncated_and_nothing_worse(void **state)
{
    (void)state;
    struct buf whole;
    write_painting(40, 24, &whole);
    for (size_t size = 2; size < whole.size; size++) {
        /* A copy of exactly this size, so that a sanitizer sees a read past its end. */
        struct buf prefix = {malloc(size), size, size, size};
        memcpy(prefix.data, whole.data, size);
        assert_int_equal(verdict(&prefix), REASON_truncated);
        struct image picture;
        for (enum image_chroma c = IMAGE_CHROMA_FANCY; c <= IMAGE_CHROMA_GO; c++) {
            assert_int_equal(decode(&prefix, c, 20, &picture), STATUS_DATA);
            assert_null(picture.pixels);
        }
        free(prefix.data);
    }
    assert_int_equal(verdict(&whole), REASON_COUNT);
    buf_free(&whole);
}

static void truncated_picture_is_accepted_when_allowed(void **state)
{
    (void)state;
    struct buf file;
    struct image picture;
    struct image_info info;
    enum reason reason;
    struct error error;
    struct image_decode_options options = {.limits = image_default_limits()};
    options.limits.allow_truncated = true;
    write_painting(200, 200, &file);
    for (size_t size = 2; size < file.size; size++) {
        struct buf prefix = {file.data, size, size, size};
        enum status status = check(&prefix, &options.limits, &info, &reason);
        assert_int_equal(image_decode(file.data, size, &options, &picture, &reason, &error),
                         status);
        assert_true(status == STATUS_OK ? info.truncated : reason == REASON_truncated);
        image_free(&picture);
    }
    /* The end marker is there, the middle is not. */
    memmove(file.data + file.size / 2, file.data + file.size - 2, 2);
    file.size = file.size / 2 + 2;
    assert_int_equal(verdict(&file), REASON_truncated);
    assert_int_equal(check(&file, &options.limits, &info, &reason), STATUS_OK);
    assert_true(info.truncated);
    buf_free(&file);
}

static void damaged_data_is_corrupt(void **state)
{
    (void)state;
    struct buf file;
    write_painting(200, 200, &file);
    file.data[file.size / 2] = (char)0xff;
    file.data[file.size / 2 + 1] = (char)0xd3;
    assert_int_equal(verdict(&file), REASON_corrupt);
    buf_free(&file);
}

/* Some baseline files have zeroes where the range of coefficients stands. */
static void baseline_without_a_coefficient_range_is_taken(void **state)
{
    (void)state;
    struct flat_jpeg jpeg = {.width = 8, .height = 8, .components = 1, .level = {77}};
    struct buf file;
    write_flat(&jpeg, &file);
    char *scan = memmem(file.data, file.size, "\xff\xda", 2);
    assert_non_null(scan);
    assert_int_equal(scan[2 + 2 + 1 + 2 + 1], 63);
    scan[2 + 2 + 1 + 2 + 1] = 0;
    assert_int_equal(verdict(&file), REASON_COUNT);
    buf_free(&file);
}

static void any_changed_byte_gives_a_verdict(void **state)
{
    (void)state;
    struct buf file;
    write_painting(40, 24, &file);
    for (size_t i = 2; i < file.size; i++)
        for (unsigned flip = 1; flip <= 0x80; flip <<= 1) {
            struct image picture;
            file.data[i] = (char)(file.data[i] ^ (char)flip);
            enum reason reason = verdict(&file);
            assert_true(reason == REASON_COUNT || reason_stage(reason) == STAGE_VALIDATE);
            if (decode(&file, IMAGE_CHROMA_GO, 10, &picture) == STATUS_OK)
                assert_non_null(picture.pixels);
            image_free(&picture);
            file.data[i] = (char)(file.data[i] ^ (char)flip);
        }
    buf_free(&file);
}

static void size_ceilings_are_held(void **state)
{
    (void)state;
    struct image_limits limits = image_default_limits();
    struct image_info info;
    enum reason reason;
    struct buf file;
    write_painting(100, 50, &file);
    limits.max_side = 99;
    assert_int_equal(check(&file, &limits, &info, &reason), STATUS_LIMIT);
    assert_int_equal(reason, REASON_too_many_pixels);
    limits.max_side = 100;
    assert_int_equal(check(&file, &limits, &info, &reason), STATUS_OK);
    limits.max_pixels = 4999;
    assert_int_equal(check(&file, &limits, &info, &reason), STATUS_LIMIT);
    assert_int_equal(reason, REASON_too_many_pixels);
    buf_free(&file);
}

static void memory_ceiling_covers_the_decoded_picture(void **state)
{
    (void)state;
    struct buf file;
    struct image picture;
    struct error error;
    enum reason reason;
    struct image_decode_options options = {.limits = image_default_limits()};
    write_painting(300, 300, &file);
    options.limits.max_memory = 300 * 300 * 3 - 1;
    assert_int_equal(image_decode(file.data, file.size, &options, &picture, &reason, &error),
                     STATUS_LIMIT);
    assert_int_equal(reason, REASON_too_costly);
    buf_free(&file);
}

static long peak_kib(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

/* Peak memory stays within 16 MiB; the djpeg tool needs 753 MB for the first of the two. */
static void assert_refused_cheaply(const struct flat_jpeg *bomb, const struct image_limits *limits,
                                   enum reason expected)
{
    struct buf file;
    struct image_info info;
    struct image picture;
    enum reason reason;
    struct error error;
    struct image_decode_options options = {.limits = *limits};
    write_flat(bomb, &file);
    long before = peak_kib();
    assert_int_equal(check(&file, limits, &info, &reason), STATUS_LIMIT);
    assert_int_equal(reason, expected);
    assert_int_equal(image_decode(file.data, file.size, &options, &picture, &reason, &error),
                     STATUS_LIMIT);
    assert_int_equal(reason, expected);
    assert_true(peak_kib() - before < 16 << 10);
    buf_free(&file);
}

static void few_bytes_that_claim_a_huge_picture_are_refused(void **state)
{
    (void)state;
    struct flat_jpeg bomb = {.width = 16000,
                             .height = 16000,
                             .components = 3,
                             .progressive = true,
                             .ac_scans = 31,
                             .no_data = true};
    struct buf file;
    write_flat(&bomb, &file);
    assert_true(file.size < 700);
    buf_free(&file);
    struct image_limits limits = image_default_limits();
    assert_refused_cheaply(&bomb, &limits, REASON_too_many_pixels);
    limits.max_pixels = UINT64_MAX;
    assert_refused_cheaply(&bomb, &limits, REASON_too_costly);
    limits.max_expansion = UINT32_MAX;
    assert_refused_cheaply(&bomb, &limits, REASON_too_costly);
}

static void too_many_scans_are_refused(void **state)
{
    (void)state;
    struct flat_jpeg bomb = {
        .width = 4000, .height = 4000, .components = 3, .progressive = true, .ac_scans = 189};
    struct image_limits limits = image_default_limits();
    assert_refused_cheaply(&bomb, &limits, REASON_too_costly);
    /* Few enough scans, but each walks over a large picture. */
    bomb.ac_scans = 55;
    assert_refused_cheaply(&bomb, &limits, REASON_too_costly);
}

static void scan_ceiling_is_exact(void **state)
{
    (void)state;
    struct flat_jpeg jpeg = {
        .width = 64, .height = 64, .components = 1, .progressive = true, .ac_scans = 20};
    struct image_limits limits = image_default_limits();
    struct image_info info;
    enum reason reason;
    struct buf file;
    write_flat(&jpeg, &file);
    limits.max_scans = 20;
    assert_int_equal(check(&file, &limits, &info, &reason), STATUS_LIMIT);
    assert_int_equal(reason, REASON_too_costly);
    limits.max_scans = 21;
    assert_int_equal(check(&file, &limits, &info, &reason), STATUS_OK);
    buf_free(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(few_bytes_that_claim_a_huge_picture_are_refused),
        cmocka_unit_test(too_many_scans_are_refused),
        cmocka_unit_test(scan_ceiling_is_exact),
        cmocka_unit_test(written_picture_reads_back),
        cmocka_unit_test(quality_and_ceiling_of_the_writer_are_kept),
        cmocka_unit_test(picture_is_shrunk_by_the_smallest_sufficient_eighth),
        cmocka_unit_test(planes_of_generation_a_match_replication),
        cmocka_unit_test(smooth_upsampling_differs_from_replication),
        cmocka_unit_test(go_arithmetic_gives_the_values_of_its_formula),
        cmocka_unit_test(chroma_factors_that_go_refuses_are_refused_only_there),
        cmocka_unit_test(grey_is_copied_to_all_channels),
        cmocka_unit_test(stored_rgb_is_left_as_it_is),
        cmocka_unit_test(cmyk_and_odd_component_counts_are_an_unsupported_color),
        cmocka_unit_test(twelve_bit_samples_are_an_unsupported_format),
        cmocka_unit_test(progressive_picture_decodes_to_its_color),
        cmocka_unit_test(every_prefix_is_truncated_and_nothing_worse),
        cmocka_unit_test(truncated_picture_is_accepted_when_allowed),
        cmocka_unit_test(damaged_data_is_corrupt),
        cmocka_unit_test(baseline_without_a_coefficient_range_is_taken),
        cmocka_unit_test(any_changed_byte_gives_a_verdict),
        cmocka_unit_test(size_ceilings_are_held),
        cmocka_unit_test(memory_ceiling_covers_the_decoded_picture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
