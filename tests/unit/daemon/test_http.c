#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/web_fixture.h"

/* --- answers ---------------------------------------------------------------------------------- */

static void body_and_type_arrive(void **state)
{
    struct outcome outcome = web_get(*state, "/hello", 0);
    assert_int_equal(outcome.code, CURLE_OK);
    assert_int_equal(outcome.status, 200);
    assert_string_equal(outcome.body, "hello");
    assert_string_equal(outcome.type, "text/plain");
    assert_string_equal(outcome.message, "");
    assert_int_equal(outcome.retry_after_ms, -1);
}

static void a_thousand_requests_share_one_connection(void **state)
{
    struct web *fixture = *state;
    for (int i = 0; i < 1000; i++)
        assert_int_equal(web_get(fixture, "/hello", 0).status, 200);
    assert_int_equal(raw_server_connections(fixture->server), 1);
}

static void post_sends_its_body_and_reads_location(void **state)
{
    struct http_request request = web_request(web_local(*state, "/echo"));
    request.method = "POST";
    request.body = "0123456789";
    request.body_size = 10;
    struct outcome outcome = web_run(*state, &request);
    assert_string_equal(outcome.body, "POST 10");
    assert_string_equal(outcome.location, "/files/7");
}

static void methods_do_not_stick_to_a_reused_handle(void **state)
{
    struct http_request request = web_request(web_local(*state, "/echo"));
    const char *const methods[] = {"PATCH", "GET", "POST", "HEAD", "GET", "POST", "PATCH"};
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        bool sends = methods[i][0] == 'P', head = methods[i][0] == 'H';
        char expected[32];
        request.method = methods[i];
        request.body = sends ? "abc" : NULL;
        request.body_size = sends ? 3 : 0;
        snprintf(expected, sizeof expected, "%s %d", methods[i], sends ? 3 : 0);
        if (head)
            request.url = web_local(*state, "/head");
        struct outcome outcome = web_run(*state, &request);
        assert_int_equal(outcome.code, CURLE_OK);
        assert_string_equal(outcome.body, head ? "" : expected);
        request.url = web_local(*state, "/echo");
    }
}

static void post_without_body_has_length_zero(void **state)
{
    struct http_request request = web_request(web_local(*state, "/echo"));
    request.method = "POST";
    assert_string_equal(web_run(*state, &request).body, "POST 0");
}

static void large_post_does_not_wait_for_100_continue(void **state)
{
    size_t size = 2u << 20;
    char *body = calloc(1, size);
    assert_non_null(body);
    struct http_request request = web_request(web_local(*state, "/expect"));
    request.method = "POST";
    request.body = body;
    request.body_size = size;
    assert_string_equal(web_run(*state, &request).body, "no");
    free(body);
}

static void retry_after_is_read_in_both_forms(void **state)
{
    static const struct {
        const char *value;
        int64_t low, high;
    } cases[] = {
        {"7", 7000, 7000},
        {"0", 0, 0},
        {"999999999999999999999999", 3600000, 3600000},
        {"Wed,_21_Oct_2015_07:28:00_GMT", 0, 0},
        {"Wed,_21_Oct_2099_07:28:00_GMT", 3600000, 3600000},
        {"soon", -1, -1},
        {"-5", -1, 0},
        {"7x", -1, -1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char path[128];
        snprintf(path, sizeof path, "/retry?%s", cases[i].value);
        struct outcome outcome = web_get(*state, path, 0);
        assert_int_equal(outcome.status, 429);
        assert_in_range(outcome.retry_after_ms + 1, cases[i].low + 1, cases[i].high + 1);
    }
}

/* --- redirects -------------------------------------------------------------------------------- */

static void redirects_are_followed_up_to_the_limit(void **state)
{
    assert_string_equal(web_get(*state, "/chain/3", 3).body, "hello");
    assert_int_equal(web_get(*state, "/chain/4", 3).code, CURLE_TOO_MANY_REDIRECTS);
    assert_int_equal(web_get(*state, "/loop", 5).code, CURLE_TOO_MANY_REDIRECTS);
}

static void redirects_are_an_answer_when_not_followed(void **state)
{
    struct outcome outcome = web_get(*state, "/chain/1", 0);
    assert_int_equal(outcome.code, CURLE_OK);
    assert_int_equal(outcome.status, 302);
    assert_string_equal(outcome.location, "/hello");
}

static void redirects_to_other_schemes_are_refused(void **state)
{
    static const char *const targets[] = {
        "file:///etc/passwd",      "ftp://example.com/a", "gopher://127.0.0.1/",
        "http://u:p@127.0.0.1/",   "http://[::1/",        "dict://127.0.0.1:11211/",
        "scp://127.0.0.1/etc/foo", "http://a b/",
    };
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        char path[128];
        snprintf(path, sizeof path, "/to?%s", targets[i]);
        struct outcome outcome = web_get(*state, path, 5);
        if (strchr(targets[i], ' '))
            continue;
        assert_true(outcome.bad_redirect);
        assert_int_not_equal(outcome.code, CURLE_OK);
    }
}

static void garbage_after_a_redirect_is_no_bad_redirect(void **state)
{
    struct outcome outcome = web_get(*state, "/to?/garbage", 5);
    assert_false(outcome.bad_redirect);
    assert_int_equal(outcome.code, CURLE_WEIRD_SERVER_REPLY);
}

static void credentials_and_other_schemes_are_refused_at_once(void **state)
{
    static const char *const urls[] = {"http://u:p@127.0.0.1/", "ftp://127.0.0.1/",
                                       "file:///etc/passwd", "http://[::1/", ""};
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        struct http_request request = web_request(urls[i]);
        struct outcome outcome = web_run(*state, &request);
        assert_true(outcome.code == CURLE_URL_MALFORMAT || outcome.code == CURLE_LOGIN_DENIED ||
                    outcome.code == CURLE_UNSUPPORTED_PROTOCOL);
        assert_false(outcome.bad_redirect);
    }
}

/* --- limits and faults ------------------------------------------------------------------------ */

static void body_without_length_is_cut_at_the_ceiling(void **state)
{
    struct outcome outcome = web_get(*state, "/endless", 0);
    assert_true(outcome.too_large);
    assert_int_not_equal(outcome.code, CURLE_OK);
    assert_in_range(outcome.size, 0, 1 << 20);
}

static void announced_length_above_the_ceiling_is_refused_at_once(void **state)
{
    struct outcome outcome = web_get(*state, "/long", 0);
    assert_true(outcome.too_large);
}

static void headers_are_bounded(void **state)
{
    assert_int_equal(web_get(*state, "/headers", 0).code, CURLE_WEIRD_SERVER_REPLY);
    assert_int_equal(web_get(*state, "/header", 0).code, CURLE_WEIRD_SERVER_REPLY);
}

static void silence_before_headers_is_a_timeout(void **state)
{
    struct http_request request = web_request(web_local(*state, "/silent"));
    request.timeout_ms = 1500;
    request.low_speed = 1000;
    request.low_speed_ms = 1000;
    struct outcome outcome = web_run(*state, &request);
    assert_int_equal(outcome.code, CURLE_OPERATION_TIMEDOUT);
    assert_false(outcome.stalled);
}

static void silence_in_the_body_is_a_stall(void **state)
{
    struct http_request request = web_request(web_local(*state, "/stall"));
    request.low_speed = 1000;
    request.low_speed_ms = 1000;
    struct outcome outcome = web_run(*state, &request);
    assert_int_equal(outcome.code, CURLE_OPERATION_TIMEDOUT);
    assert_true(outcome.stalled);
}

static void a_cut_body_is_no_answer(void **state)
{
    assert_int_equal(web_get(*state, "/cut", 0).code, CURLE_PARTIAL_FILE);
    assert_int_equal(web_get(*state, "/cut-chunk", 0).code, CURLE_PARTIAL_FILE);
    assert_int_equal(web_get(*state, "/nothing", 0).code, CURLE_GOT_NOTHING);
}

static void what_is_not_http_is_told_apart(void **state)
{
    assert_int_equal(web_get(*state, "/garbage", 0).code, CURLE_WEIRD_SERVER_REPLY);
}

static void a_refused_port_and_an_unknown_name_are_told_apart(void **state)
{
    struct web *fixture = *state;
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%u/", fixture->other_port);
    raw_server_stop(fixture->other);
    struct http_request request = web_request(url);
    assert_int_equal(web_run(fixture, &request).code, CURLE_COULDNT_CONNECT);
    request = web_request("http://nobody.invalid/");
    assert_int_equal(web_run(fixture, &request).code, CURLE_COULDNT_RESOLVE_HOST);
    fixture->other = raw_server_start(web_serve, NULL);
    assert_non_null(fixture->other);
}

static void a_slow_lookup_times_out_without_blocking_the_loop(void **state)
{
    struct web *fixture = *state;
    struct http_request request = web_request("http://slow.test/");
    request.connect_timeout_ms = 100;
    struct outcome outcome =
        web_run(fixture, &request); /* would hang here if curl joined the thread */
    assert_int_equal(outcome.code, CURLE_COULDNT_RESOLVE_HOST);
    assert_int_equal(web_get(fixture, "/hello", 0).status, 200);
    web_let_slow_lookups_end();
}

static void a_lookup_can_be_cancelled_and_closed(void **state)
{
    struct web *fixture = *state;
    struct http_request request = web_request("http://slow.test/");
    struct http_transfer *transfer;
    struct error error;
    struct outcome outcome = {0};
    assert_int_equal(http_start(fixture->http, &request, web_done, &outcome, &transfer, &error),
                     STATUS_OK);
    while (web_slow_lookups == 0)
        uv_run(&fixture->loop, UV_RUN_NOWAIT);
    http_cancel(transfer);
    assert_int_equal(http_start(fixture->http, &request, web_done, &outcome, &transfer, &error),
                     STATUS_OK);
    while (web_slow_lookups < 2)
        uv_run(&fixture->loop, UV_RUN_NOWAIT);
    web_close(fixture);
    assert_int_equal(outcome.calls, 0);
    web_let_slow_lookups_end();
    web_open(fixture, NULL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, web_set_up, web_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(body_and_type_arrive),
        TEST(a_thousand_requests_share_one_connection),
        TEST(post_sends_its_body_and_reads_location),
        TEST(methods_do_not_stick_to_a_reused_handle),
        TEST(post_without_body_has_length_zero),
        TEST(large_post_does_not_wait_for_100_continue),
        TEST(retry_after_is_read_in_both_forms),
        TEST(redirects_are_followed_up_to_the_limit),
        TEST(redirects_are_an_answer_when_not_followed),
        TEST(redirects_to_other_schemes_are_refused),
        TEST(garbage_after_a_redirect_is_no_bad_redirect),
        TEST(credentials_and_other_schemes_are_refused_at_once),
        TEST(body_without_length_is_cut_at_the_ceiling),
        TEST(announced_length_above_the_ceiling_is_refused_at_once),
        TEST(headers_are_bounded),
        TEST(silence_before_headers_is_a_timeout),
        TEST(silence_in_the_body_is_a_stall),
        TEST(a_cut_body_is_no_answer),
        TEST(what_is_not_http_is_told_apart),
        TEST(a_refused_port_and_an_unknown_name_are_told_apart),
        TEST(a_slow_lookup_times_out_without_blocking_the_loop),
        TEST(a_lookup_can_be_cancelled_and_closed),
    };
    return cmocka_run_group_tests_name("http", tests, NULL, NULL);
}
