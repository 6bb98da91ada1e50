#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/utf8.h"

static void well_formed_sequences_are_those_of_rfc_3629(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t length;
    } cases[] = {
        {"a", 1},
        {"\xc3\xa4", 2},
        {"\xe2\x82\xac", 3},
        {"\xf0\x9f\x90\xbb", 4},
        {"\xf4\x8f\xbf\xbf", 4},
        {"\x80", 0},
        {"\xc0\xaf", 0},         /* overlong */
        {"\xe0\x80\x80", 0},     /* overlong */
        {"\xed\xa0\x80", 0},     /* surrogate */
        {"\xf4\x90\x80\x80", 0}, /* past U+10FFFF */
        {"\xe2\x82", 0},         /* cut */
        {"\xff", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(utf8_length(cases[i].text), cases[i].length);
        assert_true(utf8_valid(cases[i].text) == (cases[i].length > 0));
    }
}

static void latin1_becomes_utf8_within_the_ceiling(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 8);
    assert_int_equal(utf8_from_latin1("b\xe4r\xff", &buf), STATUS_OK);
    assert_string_equal(buf.data, "b\xc3\xa4r\xc3\xbf");
    assert_int_equal(utf8_from_latin1("abc", &buf), STATUS_LIMIT);
    buf_free(&buf);
}

static void what_is_written_is_utf8(void **state)
{
    (void)state;
    char *memory = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&memory, &size);
    for (const char *text = "b\xc3\xa4\xff\xe2\x82r"; *text;)
        text += utf8_write(out, text);
    fclose(out);
    assert_string_equal(memory, "b\xc3\xa4\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdr");
    free(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(well_formed_sequences_are_those_of_rfc_3629),
        cmocka_unit_test(what_is_written_is_utf8),
        cmocka_unit_test(latin1_becomes_utf8_within_the_ceiling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
