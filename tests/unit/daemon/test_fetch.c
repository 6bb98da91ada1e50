#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/image/image.h"
#include "daemon/fetch.h"
#include "tests/lib/web_fixture.h"

static struct buf jpeg;

static bool answer(const struct raw_request *request, const char *head, const void *body,
                   size_t size)
{
    raw_print(request, "HTTP/1.1 %s\r\nContent-Length: %zu\r\n\r\n", head, size);
    return raw_send(request, body, size);
}

/* What a client that talks TLS gets. */
static _Atomic enum { TLS_SILENCE, TLS_CLOSE, TLS_TEXT } tls_manner;

static bool serve_tls(const struct raw_request *request)
{
    if (tls_manner == TLS_TEXT)
        raw_print(request, "HTTP/1.1 400 Bad Request\r\n\r\n");
    if (tls_manner != TLS_CLOSE)
        raw_wait_for_close(request);
    return false;
}

/* "/STATUS/BODY": the body is jpeg, html, gif, text, bytes (that are no text, in a header), empty,
 * cut (a JPEG with too few bytes). */
static bool serve(void *context, const struct raw_request *request)
{
    static const char html[] = "\xef\xbb\xbf \r\n<!DOCTYPE html><html>sorry</html>";
    static const char gif[] = "GIF89a\1\0\1\0\0\0\0;";
    int status;
    char body[16], head[128];
    if (strcmp(request->method, "TLS") == 0)
        return serve_tls(request);
    if (sscanf(request->target, "/%3d/%15s", &status, body) != 2)
        return web_serve(context, request);
    snprintf(head, sizeof head, "%d Something\r\nContent-Type: image/jpeg%s", status,
             status == 429 ? "\r\nRetry-After: 12" : "");
    if (strcmp(body, "jpeg") == 0)
        return answer(request, head, jpeg.data, jpeg.size);
    if (strcmp(body, "html") == 0)
        return answer(request, head, html, sizeof html - 1);
    if (strcmp(body, "gif") == 0)
        return answer(request, head, gif, sizeof gif - 1);
    if (strcmp(body, "text") == 0)
        return answer(request, head, "sorry", 5);
    if (strcmp(body, "bytes") == 0)
        return answer(request, "200 OK\r\nContent-Type: b\xe4r\x02", "sorry", 5);
    if (strcmp(body, "empty") == 0)
        return answer(request, head, "", 0);
    raw_print(request, "HTTP/1.1 %s\r\nContent-Length: %zu\r\n\r\n", head, jpeg.size + 1);
    raw_send(request, jpeg.data, jpeg.size);
    return false;
}

struct place {
    uv_loop_t loop;
    struct raw_server *server;
    struct config config;
    struct fetcher *fetcher;
    char *allowed[1];
    bool closed;
};

struct verdict {
    unsigned calls;
    bool ok;
    enum reason reason;
    size_t size;
    long status;
    int64_t retry_after_ms;
    char detail[512], final_url[256];
};

static void on_fetched(void *context, struct fetch_result *result)
{
    struct verdict *verdict = context;
    verdict->calls++;
    verdict->ok = result->ok;
    verdict->reason = result->reason;
    verdict->size = result->size;
    verdict->status = result->http_status;
    verdict->retry_after_ms = result->retry_after_ms;
    snprintf(verdict->detail, sizeof verdict->detail, "%s", result->ok ? "" : result->detail);
    snprintf(verdict->final_url, sizeof verdict->final_url, "%s", result->final_url);
    if (result->ok && jpeg.size == result->size)
        assert_memory_equal(result->bytes, jpeg.data, jpeg.size);
    assert_true(result->ok == (result->bytes != NULL));
    free(result->bytes);
}

static void on_fetcher_closed(void *context)
{
    ((struct place *)context)->closed = true;
}

static void open_fetcher(struct place *place)
{
    struct error error;
    assert_int_equal(fetcher_create(&place->loop, &place->config, &place->fetcher, &error),
                     STATUS_OK);
}

static void close_fetcher(struct place *place)
{
    place->closed = false;
    fetcher_close(place->fetcher, on_fetcher_closed, place);
    uv_run(&place->loop, UV_RUN_DEFAULT);
    assert_true(place->closed);
}

static int set_up(void **state)
{
    struct place *place = calloc(1, sizeof *place);
    assert_non_null(place);
    place->allowed[0] = (char *)"127.0.0.1";
    place->config.fetch.allow_addresses = (struct config_list){1, place->allowed};
    place->config.fetch.concurrency = 8;
    place->config.fetch.connect_timeout_ms = place->config.fetch.timeout_ms = 20000;
    place->config.fetch.max_bytes = 1 << 20;
    place->config.fetch.max_redirects = 5;
    place->config.fetch.user_agent = (char *)"test";
    place->config.fetch.verify_tls = true;
    place->server = raw_server_start(serve, NULL);
    assert_non_null(place->server);
    assert_int_equal(uv_loop_init(&place->loop), 0);
    open_fetcher(place);
    *state = place;
    return 0;
}

static int tear_down(void **state)
{
    struct place *place = *state;
    close_fetcher(place);
    assert_int_equal(uv_loop_close(&place->loop), 0);
    raw_server_stop(place->server);
    free(place);
    return 0;
}

static struct verdict fetch_url(struct place *place, const char *url)
{
    struct verdict verdict = {0};
    struct error error;
    assert_int_equal(fetch_start(place->fetcher, url, on_fetched, &verdict, NULL, &error),
                     STATUS_OK);
    assert_int_equal(verdict.calls, 0);
    while (verdict.calls == 0)
        uv_run(&place->loop, UV_RUN_ONCE);
    return verdict;
}

static struct verdict fetch_path(struct place *place, const char *path)
{
    char url[1024];
    snprintf(url, sizeof url, "http://127.0.0.1:%u%s", raw_server_port(place->server), path);
    return fetch_url(place, url);
}

static void assert_reason(const struct verdict *verdict, const char *what, enum reason expected)
{
    if (verdict->ok || verdict->reason != expected)
        fail_msg("%s: expected %s, got %s (%s)", what, reason_name(expected),
                 verdict->ok ? "ok" : reason_name(verdict->reason), verdict->detail);
    assert_true(verdict->detail[0] != '\0');
}

static void a_picture_is_a_picture_whatever_the_status(void **state)
{
    static const char *const paths[] = {"/200/jpeg", "/404/jpeg", "/403/jpeg", "/503/jpeg",
                                        "/429/jpeg", "/203/jpeg", "/200/gif",  "/410/gif"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        struct verdict verdict = fetch_path(*state, paths[i]);
        assert_true(verdict.ok);
        assert_int_equal(verdict.status, atol(paths[i] + 1));
    }
}

static void the_detail_is_one_line_of_text(void **state)
{
    struct verdict verdict = fetch_path(*state, "/200/bytes");
    assert_reason(&verdict, "/200/bytes", REASON_not_an_image);
    assert_non_null(strstr(verdict.detail, "Content-Type \"b?r?\""));
}

static void without_a_picture_the_status_decides(void **state)
{
    static const struct {
        const char *path;
        enum reason reason;
    } cases[] = {
        {"/200/html", REASON_html},
        {"/200/text", REASON_not_an_image},
        {"/200/empty", REASON_empty},
        {"/204/empty", REASON_empty},
        {"/304/empty", REASON_empty},
        {"/404/html", REASON_http_not_found},
        {"/404/empty", REASON_http_not_found},
        {"/410/text", REASON_http_not_found},
        {"/401/html", REASON_http_forbidden},
        {"/403/html", REASON_http_forbidden},
        {"/451/html", REASON_http_forbidden},
        {"/400/text", REASON_http_client_error},
        {"/418/html", REASON_http_client_error},
        {"/408/empty", REASON_http_throttled},
        {"/425/empty", REASON_http_throttled},
        {"/429/html", REASON_http_throttled},
        {"/500/html", REASON_http_server_error},
        {"/503/empty", REASON_http_server_error},
        {"/599/text", REASON_http_server_error},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct verdict verdict = fetch_path(*state, cases[i].path);
        assert_reason(&verdict, cases[i].path, cases[i].reason);
    }
}

static void what_went_wrong_has_its_reason(void **state)
{
    static const struct {
        const char *path;
        enum reason reason;
    } cases[] = {
        {"/200/cut", REASON_connection_lost},
        {"/cut-chunk", REASON_connection_lost},
        {"/nothing", REASON_connection_lost},
        {"/garbage", REASON_http_protocol},
        {"/headers", REASON_http_protocol},
        {"/endless", REASON_too_large},
        {"/long", REASON_too_large},
        {"/loop", REASON_too_many_redirects},
        {"/chain/6", REASON_too_many_redirects},
        {"/to?file:///etc/passwd", REASON_redirect_refused},
        {"/to?http://u:p@127.0.0.1/", REASON_redirect_refused},
        {"/to?http://169.254.169.254/latest/", REASON_address_refused},
        {"/to?http://[::1]/", REASON_address_refused},
        {"/to?http://nobody.invalid/", REASON_dns_failed},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct verdict verdict = fetch_path(*state, cases[i].path);
        assert_reason(&verdict, cases[i].path, cases[i].reason);
    }
}

static void an_url_that_cannot_be_asked_has_its_reason(void **state)
{
    static const struct {
        const char *url;
        enum reason reason;
    } cases[] = {
        {"ftp://127.0.0.1/a.jpg", REASON_bad_url},
        {"file:///etc/passwd", REASON_bad_url},
        {"http://u:p@127.0.0.1/", REASON_bad_url},
        {"http://[::1/", REASON_bad_url},
        {"http://nobody.invalid/", REASON_dns_failed},
        {"http://127.0.0.1:1/", REASON_connect_failed},
        {"http://127.0.0.2/", REASON_address_refused},
        {"http://2130706434/", REASON_address_refused},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct verdict verdict = fetch_url(*state, cases[i].url);
        assert_reason(&verdict, cases[i].url, cases[i].reason);
    }
}

static void a_broken_tls_handshake_is_told_from_a_lost_one(void **state)
{
    struct place *place = *state;
    char url[64];
    snprintf(url, sizeof url, "https://127.0.0.1:%u/", raw_server_port(place->server));
    tls_manner = TLS_TEXT;
    struct verdict verdict = fetch_url(place, url);
    assert_reason(&verdict, "text", REASON_tls_failed);
    tls_manner = TLS_CLOSE;
    verdict = fetch_url(place, url);
    assert_reason(&verdict, "closed", REASON_connection_lost);
    tls_manner = TLS_SILENCE;
    place->config.fetch.connect_timeout_ms = 200;
    verdict = fetch_url(place, url);
    assert_reason(&verdict, "silent", REASON_connect_failed);
}

static void silence_and_stall_are_told_apart(void **state)
{
    struct place *place = *state;
    place->config.fetch.timeout_ms = 1500;
    place->config.fetch.low_speed = 1000;
    place->config.fetch.low_speed_ms = 1000;
    struct verdict verdict = fetch_path(place, "/silent");
    assert_reason(&verdict, "/silent", REASON_fetch_timeout);
    place->config.fetch.timeout_ms = 20000;
    verdict = fetch_path(place, "/stall");
    assert_reason(&verdict, "/stall", REASON_fetch_stalled);
}

static void a_redirect_leads_to_the_picture_and_its_url(void **state)
{
    struct place *place = *state;
    struct verdict verdict = fetch_path(place, "/to?/200/jpeg");
    char expected[128];
    snprintf(expected, sizeof expected, "http://127.0.0.1:%u/200/jpeg",
             raw_server_port(place->server));
    assert_true(verdict.ok);
    assert_string_equal(verdict.final_url, expected);
}

static void no_redirects_allowed_means_the_first_is_too_many(void **state)
{
    struct place *place = *state;
    place->config.fetch.max_redirects = 0;
    struct verdict verdict = fetch_path(place, "/chain/1");
    assert_reason(&verdict, "/chain/1", REASON_too_many_redirects);
}

static void retry_after_is_passed_on(void **state)
{
    assert_int_equal(fetch_path(*state, "/429/html").retry_after_ms, 12000);
    assert_int_equal(fetch_path(*state, "/503/html").retry_after_ms, -1);
}

static void a_slow_name_is_a_dns_failure(void **state)
{
    struct place *place = *state;
    place->config.fetch.connect_timeout_ms = 100;
    struct verdict verdict = fetch_url(place, "http://slow.test/");
    assert_reason(&verdict, "slow.test", REASON_dns_failed);
    web_let_slow_lookups_end();
}

static void cancelled_and_closed_fetches_do_not_call_back(void **state)
{
    struct place *place = *state;
    struct verdict verdict = {0};
    struct fetch *fetch;
    struct error error;
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%u/silent", raw_server_port(place->server));
    for (int i = 0; i < 2; i++)
        assert_int_equal(fetch_start(place->fetcher, url, on_fetched, &verdict, &fetch, &error),
                         STATUS_OK);
    while (raw_server_requests(place->server) < 2)
        uv_run(&place->loop, UV_RUN_NOWAIT);
    fetch_cancel(fetch);
    close_fetcher(place); /* with the other in flight */
    assert_int_equal(verdict.calls, 0);
    open_fetcher(place);
}

static void a_bad_range_is_a_bad_configuration(void **state)
{
    struct place *place = *state;
    struct fetcher *fetcher;
    struct error error;
    place->allowed[0] = (char *)"127.0.0.1/33";
    assert_int_equal(fetcher_create(&place->loop, &place->config, &fetcher, &error), STATUS_CONFIG);
    assert_non_null(strstr(error.text, "127.0.0.1/33"));
}

static int make_jpeg(void **state)
{
    (void)state;
    static uint8_t pixels[16 * 16 * 3];
    struct image image = {16, 16, pixels};
    buf_init(&jpeg, 1 << 16);
    return image_write_jpeg(&image, 90, &jpeg) ? -1 : 0;
}

static int free_jpeg(void **state)
{
    (void)state;
    buf_free(&jpeg);
    return 0;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_picture_is_a_picture_whatever_the_status),
        TEST(the_detail_is_one_line_of_text),
        TEST(without_a_picture_the_status_decides),
        TEST(what_went_wrong_has_its_reason),
        TEST(an_url_that_cannot_be_asked_has_its_reason),
        TEST(a_broken_tls_handshake_is_told_from_a_lost_one),
        TEST(silence_and_stall_are_told_apart),
        TEST(a_redirect_leads_to_the_picture_and_its_url),
        TEST(no_redirects_allowed_means_the_first_is_too_many),
        TEST(retry_after_is_passed_on),
        TEST(a_slow_name_is_a_dns_failure),
        TEST(cancelled_and_closed_fetches_do_not_call_back),
        TEST(a_bad_range_is_a_bad_configuration),
    };
    return cmocka_run_group_tests_name("fetch", tests, make_jpeg, free_jpeg);
}
