#include "cli/report/html.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct html_options options = {.now_s = 1795420800};

static void a_page_beyond_its_ceiling_is_refused_whatever_the_ceiling(void **state)
{
    (void)state;
    struct report_run run = {.run = "bears", .enqueued = 1, .done = 1};
    struct report report = {.runs = &run, .run_count = 1};
    struct error error;
    struct buf whole;

    buf_init(&whole, HTML_LIMIT);
    assert_int_equal(report_html(&report, &options, &whole, &error), STATUS_OK);
    for (size_t limit = 0; limit < whole.size; limit += 97) {
        struct buf out;
        buf_init(&out, limit);
        assert_int_equal(report_html(&report, &options, &out, &error), STATUS_LIMIT);
        assert_non_null(strstr(error.text, "--run"));
        assert_true(out.size <= limit);
        buf_free(&out);
    }
    buf_free(&whole);
}

static void texts_that_are_absent_are_empty(void **state)
{
    (void)state;
    struct report_run run = {.run = "bears", .enqueued = 2, .done = 2};
    struct report_accuracy accuracy = {.subject = {.run = "bears"}};
    struct report_pair pair = {.run = "bears", .images = 1};
    struct report_latency latency = {.run = "bears"};
    struct report_disagreement disagreement = {.run = "bears"};
    struct report report = {.runs = &run,
                            .run_count = 1,
                            .accuracy = &accuracy,
                            .accuracy_count = 1,
                            .pairs = &pair,
                            .pair_count = 1,
                            .latency = &latency,
                            .latency_count = 1,
                            .disagreements = &disagreement,
                            .disagreement_count = 1};
    struct error error;
    struct buf out;

    buf_init(&out, HTML_LIMIT);
    assert_int_equal(report_html(&report, &options, &out, &error), STATUS_OK);
    assert_null(strstr(out.data, "(null)"));
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page_beyond_its_ceiling_is_refused_whatever_the_ceiling),
        cmocka_unit_test(texts_that_are_absent_are_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
