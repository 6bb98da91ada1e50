#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/web_fixture.h"

/* --- guard ------------------------------------------------------------------------------------ */

static void the_guard_sees_each_address(void **state)
{
    struct web *fixture = *state;
    web_guard(fixture, NULL, "*");
    struct outcome outcome = web_get(fixture, "/hello", 0);
    assert_true(outcome.refused_address);
    assert_non_null(strstr(outcome.message, "127.0.0.1"));
    assert_int_equal(raw_server_connections(fixture->server), 0);
}

static void the_guard_sees_redirects(void **state)
{
    struct web *fixture = *state;
    web_guard(fixture, "127.0.0.1/32", NULL);
    assert_int_equal(web_get(fixture, "/hello", 5).status, 200);
    assert_true(
        web_get(fixture, "/to?http://169.254.169.254/latest/meta-data/", 5).refused_address);
    assert_true(web_get(fixture, "/to?http://127.0.0.2/", 5).refused_address);
    assert_true(web_get(fixture, "/to?http://[::1]/", 5).refused_address);
    assert_true(web_get(fixture, "/to?//0x7f.2/", 5).refused_address);
}

/* Several curl pools of one process do not share connections, so one that the guard did not see
 * never serves a guarded request. */
static void pools_do_not_share_connections(void **state)
{
    struct web *fixture = *state;
    struct web guarded = {.server = fixture->server};
    assert_int_equal(web_get(fixture, "/hello", 0).status, 200);
    assert_int_equal(uv_loop_init(&guarded.loop), 0);
    struct config_list none = {0};
    struct error error;
    assert_int_equal(guard_create(&none, &none, &guarded.guard, &error), STATUS_OK);
    web_open(&guarded, guarded.guard);
    assert_true(web_get(&guarded, "/hello", 0).refused_address);
    web_close(&guarded);
    assert_int_equal(uv_loop_close(&guarded.loop), 0);
    guard_free(guarded.guard);
}

/* --- life ------------------------------------------------------------------------------------- */

static void cancelled_transfers_do_not_call_back(void **state)
{
    struct web *fixture = *state;
    static const char *const paths[] = {"/hello", "/silent", "/stall", "/endless"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        struct outcome cancelled = {0};
        struct http_transfer *transfer;
        struct error error;
        char url[128];
        snprintf(url, sizeof url, "%s", web_local(fixture, paths[i]));
        struct http_request request = web_request(url);
        request.max_body = (size_t)1 << 40; /* "/endless" must not end by itself */
        assert_int_equal(
            http_start(fixture->http, &request, web_done, &cancelled, &transfer, &error),
            STATUS_OK);
        unsigned before = raw_server_requests(fixture->server);
        while (i > 0 && raw_server_requests(fixture->server) == before)
            uv_run(&fixture->loop, UV_RUN_NOWAIT);
        http_cancel(transfer);
        assert_int_equal(http_active(fixture->http), 0);
        assert_int_equal(web_get(fixture, "/hello", 0).status, 200);
        assert_int_equal(cancelled.calls, 0);
    }
}

struct chain {
    struct web *fixture;
    struct http_request request;
    unsigned left;
    struct http_transfer *victim;
    struct outcome victim_outcome;
    bool closes;
};

static void on_link_done(void *context, struct http_answer *answer)
{
    struct chain *chain = context;
    struct error error;
    assert_int_equal(answer->code, CURLE_OK);
    if (chain->victim) {
        http_cancel(chain->victim);
        chain->victim = NULL;
    }
    if (--chain->left > 0)
        assert_int_equal(
            http_start(chain->fixture->http, &chain->request, on_link_done, chain, NULL, &error),
            STATUS_OK);
    else if (chain->closes)
        http_close(chain->fixture->http, web_closed, chain->fixture);
}

static void done_may_start_cancel_and_close(void **state)
{
    struct web *fixture = *state;
    char url[128], silent[128];
    struct error error;
    snprintf(url, sizeof url, "%s", web_local(fixture, "/hello"));
    snprintf(silent, sizeof silent, "%s", web_local(fixture, "/silent"));
    struct chain chain = {
        .fixture = fixture, .request = web_request(url), .left = 5, .closes = true};
    struct http_request request = web_request(silent);
    assert_int_equal(
        http_start(fixture->http, &request, web_done, &chain.victim_outcome, &chain.victim, &error),
        STATUS_OK);
    assert_int_equal(
        http_start(fixture->http, &request, web_done, &chain.victim_outcome, NULL, &error),
        STATUS_OK);
    assert_int_equal(http_start(fixture->http, &chain.request, on_link_done, &chain, NULL, &error),
                     STATUS_OK);
    uv_run(&fixture->loop, UV_RUN_DEFAULT);
    assert_int_equal(chain.left, 0);
    assert_int_equal(chain.victim_outcome.calls, 0);
    assert_true(fixture->closed);
    web_open(fixture, NULL);
}

static void closing_with_transfers_in_flight_leaves_nothing(void **state)
{
    struct web *fixture = *state;
    static const char *const paths[] = {"/silent", "/stall", "/endless", "/hello"};
    struct outcome outcomes[40] = {{0}};
    char urls[4][128];
    struct error error;
    for (size_t i = 0; i < 4; i++)
        snprintf(urls[i], sizeof urls[i], "%s", web_local(fixture, paths[i]));
    for (size_t i = 0; i < 40; i++) {
        struct http_request request = web_request(urls[i % 4]);
        assert_int_equal(http_start(fixture->http, &request, web_done, &outcomes[i], NULL, &error),
                         STATUS_OK);
    }
    while (raw_server_requests(fixture->server) < 40)
        uv_run(&fixture->loop, UV_RUN_NOWAIT);
    web_close(fixture);
    assert_int_equal(uv_loop_close(&fixture->loop), 0);
    assert_int_equal(uv_loop_init(&fixture->loop), 0);
    web_open(fixture, NULL);
}

static void an_answer_before_a_reset_is_whole(void **state)
{
    struct web *fixture = *state;
    struct http_request request = web_request(web_local(fixture, "/reset"));
    struct outcome outcome = {0};
    struct error error;
    int before = web_resets;
    assert_int_equal(http_start(fixture->http, &request, web_done, &outcome, NULL, &error),
                     STATUS_OK);
    while (raw_server_requests(fixture->server) == 0)
        uv_run(&fixture->loop, UV_RUN_NOWAIT);
    while (web_resets == before) /* the loop rests: bytes and reset wait together */
        sched_yield();
    while (outcome.calls == 0)
        uv_run(&fixture->loop, UV_RUN_ONCE);
    assert_int_equal(outcome.code, CURLE_OK);
    assert_int_equal(outcome.size, 48 * 1024);
}

static void count_handle(uv_handle_t *handle, void *count)
{
    (void)handle;
    ++*(unsigned *)count;
}

static void closed_connections_leave_no_handle(void **state)
{
    struct web *fixture = *state;
    for (int i = 0; i < 50; i++)
        assert_string_equal(web_get(fixture, "/close", 0).body, "bye");
    uv_run(&fixture->loop, UV_RUN_NOWAIT);
    unsigned count = 0;
    uv_walk(&fixture->loop, count_handle, &count);
    assert_in_range(count, 1, 3); /* the timer, and what libuv or curl still close */
}

static void many_transfers_at_once_all_answer(void **state)
{
    struct web *fixture = *state;
    struct outcome outcomes[200] = {{0}};
    struct error error;
    char url[128];
    snprintf(url, sizeof url, "%s", web_local(fixture, "/hello"));
    struct http_request request = web_request(url);
    for (size_t i = 0; i < 200; i++)
        assert_int_equal(http_start(fixture->http, &request, web_done, &outcomes[i], NULL, &error),
                         STATUS_OK);
    while (http_active(fixture->http) > 0)
        uv_run(&fixture->loop, UV_RUN_ONCE);
    for (size_t i = 0; i < 200; i++) {
        assert_int_equal(outcomes[i].calls, 1);
        assert_string_equal(outcomes[i].body, "hello");
    }
}

static void count_turn(uv_prepare_t *prepare)
{
    ++*(unsigned *)prepare->data;
}

static void stop_loop(uv_timer_t *timer)
{
    uv_stop(timer->loop);
}

/* With a pooled connection, and with a transfer that waits, the loop sleeps. */
static void an_idle_loop_sleeps(void **state)
{
    struct web *fixture = *state;
    struct http_request request = web_request(web_local(fixture, "/silent"));
    struct outcome outcome = {0};
    struct http_transfer *transfer;
    struct error error;
    unsigned turns = 0;
    uv_prepare_t prepare;
    uv_timer_t timer;
    assert_int_equal(web_get(fixture, "/hello", 0).status, 200);
    request.url = web_local(fixture, "/silent");
    assert_int_equal(http_start(fixture->http, &request, web_done, &outcome, &transfer, &error),
                     STATUS_OK);

    uv_prepare_init(&fixture->loop, &prepare);
    uv_timer_init(&fixture->loop, &timer);
    prepare.data = &turns;
    uv_prepare_start(&prepare, count_turn);
    for (int waits = 1; waits >= 0; waits--) {
        turns = 0;
        uv_timer_start(&timer, stop_loop, 1500, 0);
        uv_run(&fixture->loop, UV_RUN_DEFAULT);
        assert_in_range(turns, 1, waits ? 30 : 4);
        if (waits)
            http_cancel(transfer);
    }
    uv_close((uv_handle_t *)&prepare, NULL);
    uv_close((uv_handle_t *)&timer, NULL);
    uv_run(&fixture->loop, UV_RUN_NOWAIT); /* lets go of the two */
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, web_set_up, web_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(the_guard_sees_each_address),
        TEST(the_guard_sees_redirects),
        TEST(pools_do_not_share_connections),
        TEST(cancelled_transfers_do_not_call_back),
        TEST(done_may_start_cancel_and_close),
        TEST(closing_with_transfers_in_flight_leaves_nothing),
        TEST(an_answer_before_a_reset_is_whole),
        TEST(closed_connections_leave_no_handle),
        TEST(many_transfers_at_once_all_answer),
        TEST(an_idle_loop_sleeps),
    };
    return cmocka_run_group_tests_name("http life", tests, NULL, NULL);
}
