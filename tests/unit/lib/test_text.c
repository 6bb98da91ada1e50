/* The texts that the CarML server writes, against what Go's encoding/json writes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/carml_wire.h"

static void assert_float_text(float value, const char *expected)
{
    struct text text;
    text_init(&text, 64);
    text_float32(&text, value);
    assert_int_equal(text.status, STATUS_OK);
    assert_string_equal(text.buf.data, expected);
    text_free(&text);
}

/* The first five stand in a captured answer of a CarML server. */
static void floats_are_written_as_go_writes_them(void **state)
{
    (void)state;
    assert_float_text(4.1956354e-9f, "4.1956354e-9");
    assert_float_text(7.70228e-9f, "7.70228e-9");
    assert_float_text(0.99460334f, "0.99460334");
    assert_float_text(0.00009480456f, "0.00009480456");
    assert_float_text(0.0032818527f, "0.0032818527");
    assert_float_text(0, "0");
    assert_float_text(1, "1");
    assert_float_text(0.5f, "0.5");
    assert_float_text(-0.25f, "-0.25");
    assert_float_text(-12.5f, "-12.5");
    assert_float_text(1e-6f, "0.000001");
    assert_float_text(9.9e-7f, "9.9e-7");
    assert_float_text(123456790.0f, "123456790");
    assert_float_text(1e20f, "100000000000000000000");
    assert_float_text(1e21f, "1e+21");
    assert_float_text(3.4028235e38f, "3.4028235e+38");
    assert_float_text(1.17549435e-38f, "1.1754944e-38");
    assert_float_text(1.4e-45f, "1e-45");
}

static void every_float_reads_back_to_itself(void **state)
{
    uint32_t bits = 1;
    (void)state;
    for (int i = 0; i < 200000; i++) {
        float value;
        struct text text;
        bits = bits * 1664525u + 1013904223u; /* Numerical Recipes' generator */
        memcpy(&value, &bits, sizeof value);
        if (!isfinite(value))
            continue;
        text_init(&text, 64);
        text_float32(&text, value);
        assert_true(strtof(text.buf.data, NULL) == value);
        text_free(&text);
    }
}

static void strings_are_escaped_as_go_escapes_them(void **state)
{
    static const struct {
        const char *in, *plain, *html;
    } cases[] = {
        {"", "\"\"", "\"\""},
        {"brown bear", "\"brown bear\"", "\"brown bear\""},
        {"<> a & b", "\"<> a & b\"", "\"\\u003c\\u003e a \\u0026 b\""},
        {"\"\\\n\r\t\x01\x7f", "\"\\\"\\\\\\n\\r\\t\\u0001\x7f\"",
         "\"\\\"\\\\\\n\\r\\t\\u0001\x7f\""},
        {"\xc3\xa9\xe2\x82\xac\xf0\x9f\x90\xbb", "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x90\xbb\"",
         "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x90\xbb\""},
        {"\xe2\x80\xa8\xe2\x80\xa9", "\"\\u2028\\u2029\"", "\"\\u2028\\u2029\""},
        {"a\xff\xc3", "\"a\\ufffd\\ufffd\"", "\"a\\ufffd\\ufffd\""},
        {"\xc0\xaf\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\"",
         "\"\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (int html = 0; html < 2; html++) {
            struct text text;
            text_init(&text, 256);
            text_json(&text, cases[i].in, html);
            assert_string_equal(text.buf.data, html ? cases[i].html : cases[i].plain);
            text_free(&text);
        }
}

static void a_full_text_stays_as_it_was(void **state)
{
    struct text text;
    (void)state;
    text_init(&text, 8);
    text_add(&text, "12345678");
    text_add(&text, "9");
    text_printf(&text, "%d", 10);
    assert_int_equal(text.status, STATUS_LIMIT);
    assert_string_equal(text.buf.data, "12345678");
    text_free(&text);
}

static const char *label_of(const void *context, size_t index)
{
    return ((const char *const *)context)[index];
}

static void features_have_the_shape_of_their_generation(void **state)
{
    static const char *const labels[] = {"n01 tench", "", "n03 <shark>"};
    static const float values[] = {0.25f, 0, 0.75f};
    struct wire_classes classes = {3, values, label_of, labels};
    struct wire_style style = {.generation = GENERATION_A};
    struct text text;
    char *end;
    (void)state;
    text_init(&text, 1024);
    wire_features(&text, &classes, style);
    assert_string_equal(text.buf.data,
                        "[{\"name\":\"n01 tench\",\"probability\":0.25},{\"index\":1},"
                        "{\"index\":2,\"name\":\"n03 \\u003cshark\\u003e\",\"probability\":0.75}]");
    buf_clear(&text.buf);
    style.generation = GENERATION_B;
    wire_features(&text, &classes, style);
    static const char first[] =
        "[{\"classification\":{\"index\":2,\"label\":\"n03 <shark>\"},\"id\":\"";
    assert_memory_equal(text.buf.data, first, sizeof first - 1);
    end = strstr(text.buf.data, "\",\"probability\":0.75,\"type\":\"CLASSIFICATION\"},{"
                                "\"classification\":{\"label\":\"n01 tench\"}");
    assert_ptr_equal(end, text.buf.data + sizeof first - 1 + 24);
    text_free(&text);
}

static void a_nan_cannot_be_encoded(void **state)
{
    static const char *const labels[] = {"a", "b"};
    const float values[] = {0.5f, NAN};
    struct wire_classes classes = {2, values, label_of, labels};
    struct text text;
    (void)state;
    text_init(&text, 1024);
    wire_features(&text, &classes, (struct wire_style){.generation = GENERATION_B});
    assert_int_equal(text.status, STATUS_DATA);
    text_free(&text);
}

static void errors_that_cannot_be_pasted_are_empty(void **state)
{
    struct text text;
    (void)state;
    text_init(&text, 1024);
    wire_error(&text, "Predict/URLs", "unsupported protocol scheme \"\"", "URLs");
    wire_error(&text, "Predict/URLs", "a\\b", "URLs");
    wire_error(&text, "Predict/URLs", "a\nb", "URLs");
    assert_int_equal(text.buf.size, 0);
    wire_error(&text, "Predict/URLs", "plain", "URLs");
    static const char begin[] = "{\"name\":\"Predict/URLs\",\"message\":\"plain\",\"code\":400,";
    assert_memory_equal(text.buf.data, begin, sizeof begin - 1);
    text_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(floats_are_written_as_go_writes_them),
        cmocka_unit_test(every_float_reads_back_to_itself),
        cmocka_unit_test(strings_are_escaped_as_go_escapes_them),
        cmocka_unit_test(a_full_text_stays_as_it_was),
        cmocka_unit_test(features_have_the_shape_of_their_generation),
        cmocka_unit_test(a_nan_cannot_be_encoded),
        cmocka_unit_test(errors_that_cannot_be_pasted_are_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
