#include "cli/report/html_writer.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define GONE "\xef\xbf\xbd"

static const char *put(const char *text)
{
    static char page[1024];
    struct buf out;
    buf_init(&out, sizeof page - 1);
    struct html html = {.out = &out};
    html_put(&html, "%s", text);
    assert_int_equal(html.status, STATUS_OK);
    memcpy(page, out.data ? out.data : "", out.size);
    page[out.size] = '\0';
    buf_free(&out);
    return page;
}

static void markup_becomes_references(void **state)
{
    (void)state;
    assert_string_equal(put("<a href=\"x\" id='y'>&amp;</a>"),
                        "&lt;a href=&quot;x&quot; id=&#39;y&#39;&gt;&amp;amp;&lt;/a&gt;");
    assert_string_equal(put("]]>"), "]]&gt;");
    assert_string_equal(put(""), "");
    assert_string_equal(put(NULL), "");
}

static void what_is_no_character_is_replaced(void **state)
{
    (void)state;
    assert_string_equal(put("a\tb\n\x01\x7f"), "a" GONE "b" GONE GONE GONE);
    assert_string_equal(put("\xff\xc3"), GONE GONE);
    assert_string_equal(put("\xc2\x85|\xc2\xa0"), GONE "|\xc2\xa0");
    assert_string_equal(put("\xef\xbf\xbf\xef\xbf\xbe"), GONE GONE);
}

static void what_turns_the_direction_of_the_page_is_replaced(void **state)
{
    (void)state;
    assert_string_equal(put("\u202egpj.\u2066x\u2069\u2028"), GONE "gpj." GONE "x" GONE GONE);
    assert_string_equal(put("\u05e9\u200f \U0001f43b\u200d\u2744"),
                        "\u05e9\u200f \U0001f43b\u200d\u2744");
}

static void every_conversion_is_known(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 1024);
    struct html html = {.out = &out};
    html_put(&html, "%d %u %zu %lu %ld %.2f %.1f %% %s.", -1, 2u, (size_t)3, 4ul, -5l, 1.005, -0.5,
             "<");
    html_put(&html, " %.1f", NAN);
    assert_string_equal(out.data, "-1 2 3 4 -5 1.00 -0.5 % &lt;. 0.0");
    buf_free(&out);
}

static void the_first_failure_stays(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 8);
    struct html html = {.out = &out};
    html_put(&html, "%s", "12345");
    html_put(&html, "%s", "<<<<");
    assert_int_equal(html.status, STATUS_LIMIT);
    html_put(&html, "%s", "6");
    assert_int_equal(html.status, STATUS_LIMIT);
    assert_null(strchr(out.data, '6'));
    buf_free(&out);
}

static void only_http_and_https_are_links(void **state)
{
    (void)state;
    assert_true(html_is_link("http://a/"));
    assert_true(html_is_link("HTTPS://a/"));
    assert_false(html_is_link("javascript:alert(1)//http://"));
    assert_false(html_is_link(" http://a/"));
    assert_false(html_is_link("data:text/html,x"));
    assert_false(html_is_link("//a/"));
    assert_false(html_is_link(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(markup_becomes_references),
        cmocka_unit_test(what_is_no_character_is_replaced),
        cmocka_unit_test(what_turns_the_direction_of_the_page_is_replaced),
        cmocka_unit_test(every_conversion_is_known),
        cmocka_unit_test(the_first_failure_stays),
        cmocka_unit_test(only_http_and_https_are_links),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
