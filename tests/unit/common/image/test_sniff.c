#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "common/image/image.h"

struct sample {
    const char *bytes;
    size_t size;
    enum image_kind kind;
};

#define SAMPLE(text, kind)                                                                         \
    {                                                                                              \
        text, sizeof text - 1, kind                                                                \
    }

static const struct sample samples[] = {
    SAMPLE("", IMAGE_EMPTY),
    SAMPLE("\xff\xd8\xff\xe0", IMAGE_JPEG),
    SAMPLE("\xff\xd8", IMAGE_JPEG),
    SAMPLE("\xff", IMAGE_UNKNOWN),
    SAMPLE("\x89PNG\r\n\x1a\n", IMAGE_PNG),
    SAMPLE("\x89PNG\r\n\x1a", IMAGE_UNKNOWN),
    SAMPLE("GIF89a\1\0\1\0", IMAGE_GIF),
    SAMPLE("GIF87a", IMAGE_GIF),
    SAMPLE("GIF8?a", IMAGE_UNKNOWN),
    SAMPLE("BM\x46\0\0\0\0\0\0\0\x36\0\0\0", IMAGE_BMP),
    SAMPLE("BM is not a bitmap at all", IMAGE_UNKNOWN),
    SAMPLE("RIFF\x24\0\0\0WEBPVP8 ", IMAGE_WEBP),
    SAMPLE("RIFF\x24\0\0\0WAVEfmt ", IMAGE_UNKNOWN),
    SAMPLE("II*\0\x08\0\0\0", IMAGE_TIFF),
    SAMPLE("MM\0*\0\0\0\x08", IMAGE_TIFF),
    SAMPLE("\0\0\0\x18"
           "ftypheic",
           IMAGE_HEIF),
    SAMPLE("\0\0\0\x1c"
           "ftypavif",
           IMAGE_HEIF),
    SAMPLE("\0\0\0\x1c"
           "ftypisom",
           IMAGE_UNKNOWN),
    SAMPLE("<svg xmlns='http://www.w3.org/2000/svg'/>", IMAGE_SVG),
    SAMPLE("<?xml version='1.0'?>\n<!-- x -->\n<svg >", IMAGE_SVG),
    SAMPLE("<?xml version='1.0'?><html xmlns='x'>", IMAGE_HTML),
    SAMPLE("<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>", IMAGE_UNKNOWN),
    SAMPLE("<!DOCTYPE html>", IMAGE_HTML),
    SAMPLE("\xef\xbb\xbf \r\n\t<HTML>", IMAGE_HTML),
    SAMPLE("<!-- moved --><html>", IMAGE_HTML),
    SAMPLE("<b>Not found</b>", IMAGE_HTML),
    SAMPLE("<bear>", IMAGE_UNKNOWN),
    SAMPLE("{\"error\":1}", IMAGE_UNKNOWN),
    SAMPLE("   ", IMAGE_UNKNOWN),
};

static void kind_is_told_from_the_first_bytes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++)
        if (image_sniff(samples[i].bytes, samples[i].size) != samples[i].kind)
            fail_msg("sample %zu is said to be %s", i,
                     image_kind_name(image_sniff(samples[i].bytes, samples[i].size)));
}

static void every_kind_but_jpeg_and_png_is_refused_with_its_reason(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum status status;
        enum reason reason;
    } cases[] = {
        {"", STATUS_DATA, REASON_empty},
        {"<html>", STATUS_DATA, REASON_html},
        {"hello", STATUS_DATA, REASON_not_an_image},
        {"GIF89a..", STATUS_UNSUPPORTED, REASON_unsupported_format},
        {"<svg>", STATUS_UNSUPPORTED, REASON_unsupported_format},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct image_limits limits = image_default_limits();
        struct image_decode_options options = {.limits = limits};
        struct image_info info;
        struct image picture;
        enum reason checked = REASON_COUNT, decoded = REASON_COUNT;
        struct error error = {""};
        const char *text = cases[i].text;
        assert_int_equal(image_check(text, strlen(text), &limits, &info, &checked, &error),
                         cases[i].status);
        assert_int_equal(image_decode(text, strlen(text), &options, &picture, &decoded, &error),
                         cases[i].status);
        assert_int_equal(checked, cases[i].reason);
        assert_int_equal(decoded, cases[i].reason);
        assert_null(picture.pixels);
        assert_true(error.text[0] != '\0');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kind_is_told_from_the_first_bytes),
        cmocka_unit_test(every_kind_but_jpeg_and_png_is_refused_with_its_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
