#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/page/page.h"

static void the_style_sheet_needs_nothing_from_elsewhere(void **state)
{
    (void)state;
    static const char *const forbidden[] = {"</style", "url(", "@import", "http:", "https:", "//"};
    assert_non_null(strstr(page_style(), "prefers-color-scheme: dark"));
    for (size_t i = 0; i < sizeof forbidden / sizeof forbidden[0]; i++)
        if (strstr(page_style(), forbidden[i]))
            fail_msg("style.css has %s", forbidden[i]);
}

static void braces_and_comments_are_closed(void **state)
{
    (void)state;
    int depth = 0;
    for (const char *at = page_style(); *at; at++) {
        if (at[0] == '/' && at[1] == '*') {
            at = strstr(at + 2, "*/");
            assert_non_null(at);
        }
        depth += (*at == '{') - (*at == '}');
        assert_in_range(depth, 0, 2);
    }
    assert_int_equal(depth, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_style_sheet_needs_nothing_from_elsewhere),
        cmocka_unit_test(braces_and_comments_are_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
