#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/live.h"

static void the_page_is_whole_and_needs_nothing_else(void **state)
{
    (void)state;
    struct buf page, policy;
    buf_init(&page, 1 << 20);
    buf_init(&policy, 1 << 12);
    assert_int_equal(live_page(&page, &policy), STATUS_OK);
    static const char *const forbidden[] = {"{{", "http:", "https:", "innerHTML", "src="};
    for (size_t i = 0; i < sizeof forbidden / sizeof forbidden[0]; i++)
        if (strstr(page.data, forbidden[i]))
            fail_msg("the page has %s", forbidden[i]);
    assert_non_null(strstr(policy.data, "default-src 'none'"));
    assert_non_null(strstr(policy.data, "style-src 'sha256-"));
    assert_non_null(strstr(policy.data, "script-src 'sha256-"));
    assert_null(strstr(policy.data, "unsafe"));
    buf_free(&page);
    buf_free(&policy);
}

static void a_ceiling_that_is_too_low_is_said(void **state)
{
    (void)state;
    struct buf page, policy;
    buf_init(&page, 100);
    buf_init(&policy, 1 << 12);
    assert_int_equal(live_page(&page, &policy), STATUS_LIMIT);
    buf_free(&page);
    buf_free(&policy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_page_is_whole_and_needs_nothing_else),
        cmocka_unit_test(a_ceiling_that_is_too_low_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
