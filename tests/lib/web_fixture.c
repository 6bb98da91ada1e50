#include "tests/lib/web_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dlfcn.h>
#include <netdb.h>
#include <linux/sockios.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>

/* --- names: libcurl's resolver threads call this getaddrinfo -------------------------------- */

static pthread_mutex_t slow_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t slow_over = PTHREAD_COND_INITIALIZER;
static bool slow_may_end;
atomic_int web_slow_lookups, web_resets;

static char alias_name[64], alias_addresses[2][64];

void web_name(const char *name, const char *first, const char *second)
{
    snprintf(alias_name, sizeof alias_name, "%s", name);
    snprintf(alias_addresses[0], sizeof alias_addresses[0], "%s", first);
    snprintf(alias_addresses[1], sizeof alias_addresses[1], "%s", second ? second : "");
}

typedef int lookup_fn(const char *, const char *, const struct addrinfo *, struct addrinfo **);

/* glibc frees a list node by node, so two lists may be joined. */
static int look_up_alias(lookup_fn *look_up, const char *service, const struct addrinfo *hints,
                         struct addrinfo **result)
{
    int code = look_up(alias_addresses[0], service, hints, result);
    if (code || !alias_addresses[1][0])
        return code;
    struct addrinfo *last = *result;
    while (last->ai_next)
        last = last->ai_next;
    return look_up(alias_addresses[1], service, hints, &last->ai_next);
}

static int look_up_slowly(void)
{
    web_slow_lookups++;
    pthread_mutex_lock(&slow_lock);
    while (!slow_may_end)
        pthread_cond_wait(&slow_over, &slow_lock);
    pthread_mutex_unlock(&slow_lock);
    web_slow_lookups--;
    return EAI_AGAIN;
}

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                struct addrinfo **result)
{
    const char *name = node ? node : "";
    if (strcmp(name, "slow.test") == 0)
        return look_up_slowly();
    if (strstr(name, ".invalid"))
        return EAI_NONAME;
    lookup_fn *look_up;
    *(void **)&look_up = dlsym(RTLD_NEXT, "getaddrinfo");
    if (alias_name[0] && strcmp(name, alias_name) == 0)
        return look_up_alias(look_up, service, hints, result);
    return look_up(node, service, hints, result);
}

void web_let_slow_lookups_end(void)
{
    pthread_mutex_lock(&slow_lock);
    slow_may_end = true;
    pthread_cond_broadcast(&slow_over);
    pthread_mutex_unlock(&slow_lock);
    struct timespec pause = {.tv_nsec = 1000000};
    while (web_slow_lookups > 0)
        nanosleep(&pause, NULL);
    slow_may_end = false;
}

/* --- the server ------------------------------------------------------------------------------ */

static bool answer_text(const struct raw_request *request, const char *status, const char *headers,
                        const char *body)
{
    raw_print(request, "HTTP/1.1 %s\r\nContent-Length: %zu\r\n%s\r\n%s", status, strlen(body),
              headers, body);
    return true;
}

static bool answer_endless(const struct raw_request *request)
{
    char block[16384];
    memset(block, 'x', sizeof block);
    raw_print(request, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
    while (raw_send(request, block, sizeof block))
        continue;
    return false;
}

static bool answer_endless_headers(const struct raw_request *request, bool one_line)
{
    raw_print(request, "HTTP/1.1 200 OK\r\nX-Long: ");
    for (int i = 0; i < 20000; i++)
        raw_print(request, one_line ? "0123456789abcdef" : "a\r\nX-Many: 0123456789abcdef");
    raw_print(request, "\r\n\r\n");
    return false;
}

/* A whole answer of 48 KiB, then a reset once the client's kernel has all of it. */
static bool answer_then_reset(const struct raw_request *request)
{
    static char body[48 * 1024];
    struct linger reset = {.l_onoff = 1, .l_linger = 0};
    int left = 1;
    raw_print(request, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", sizeof body);
    raw_send(request, body, sizeof body);
    while (left > 0 && ioctl(request->descriptor, SIOCOUTQ, &left) == 0)
        sched_yield();
    setsockopt(request->descriptor, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    struct sockaddr none = {.sa_family = AF_UNSPEC};
    connect(request->descriptor, &none, sizeof none); /* disconnects with a reset */
    web_resets++;
    return false;
}

static bool answer_long_header(const struct raw_request *request)
{
    return answer_endless_headers(request, true);
}

static bool answer_many_headers(const struct raw_request *request)
{
    return answer_endless_headers(request, false);
}

static bool answer_whether_expected(const struct raw_request *request)
{
    return answer_text(request, "200 OK", "",
                       strcasestr(request->head, "\r\nExpect:") ? "yes" : "no");
}

static bool answer_method_and_size(const struct raw_request *request)
{
    char text[64];
    snprintf(text, sizeof text, "%s %zu", request->method, request->body_size);
    return answer_text(request, "201 Created", "Location: /files/7\r\n", text);
}

/* "/chain/3" needs three redirects to "/hello". */
static bool answer_chain(const struct raw_request *request)
{
    char header[64];
    int left = atoi(request->target + strlen("/chain/"));
    snprintf(header, sizeof header, left > 1 ? "Location: /chain/%d\r\n" : "Location: /hello\r\n",
             left - 1);
    return answer_text(request, "302 Found", header, "moved");
}

static bool answer_redirect(const struct raw_request *request)
{
    char header[1200];
    snprintf(header, sizeof header, "Location: %s\r\n", request->target + strlen("/to?"));
    return answer_text(request, "302 Found", header, "");
}

/* "_" stands for a blank in the value. */
static bool answer_retry(const struct raw_request *request)
{
    char header[256];
    snprintf(header, sizeof header, "Retry-After: %.200s\r\n", request->target + strlen("/retry?"));
    for (char *at = header; *at; at++)
        if (*at == '_')
            *at = ' ';
    return answer_text(request, "429 Too Many Requests", header, "");
}

/* Bytes as they are sent, and what follows them. */
static const struct {
    const char *target, *bytes;
    enum { KEEP, CLOSE, SILENCE } end;
} fixed[] = {
    {"/hello", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Type: text/plain\r\n\r\nhello",
     KEEP},
    {"/head", "HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n", KEEP},
    {"/loop", "HTTP/1.1 301 Moved\r\nContent-Length: 0\r\nLocation: /loop\r\n\r\n", KEEP},
    {"/close", "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nbye", CLOSE},
    {"/cut", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", CLOSE},
    {"/cut-chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nabc", CLOSE},
    {"/garbage", "220 mail.example.com ESMTP\r\n250 ok\r\n", CLOSE},
    {"/nothing", "", CLOSE},
    {"/silent", "", SILENCE},
    {"/stall", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", SILENCE},
    {"/long", "HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\nabc", SILENCE},
};

static const struct {
    const char *prefix;
    bool (*answer)(const struct raw_request *request);
} computed[] = {
    {"/chain/", answer_chain},         {"/to?", answer_redirect},
    {"/retry?", answer_retry},         {"/expect", answer_whether_expected},
    {"/echo", answer_method_and_size}, {"/endless", answer_endless},
    {"/headers", answer_many_headers}, {"/header", answer_long_header},
    {"/reset", answer_then_reset},
};

bool web_serve(void *context, const struct raw_request *request)
{
    (void)context;
    const char *target = request->target;
    for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++) {
        if (strcmp(target, fixed[i].target) != 0)
            continue;
        raw_print(request, "%s", fixed[i].bytes);
        if (fixed[i].end == SILENCE)
            raw_wait_for_close(request);
        return fixed[i].end == KEEP;
    }
    for (size_t i = 0; i < sizeof computed / sizeof computed[0]; i++)
        if (strncmp(target, computed[i].prefix, strlen(computed[i].prefix)) == 0)
            return computed[i].answer(request);
    return answer_text(request, "404 Not Found", "", "nothing here");
}

void web_done(void *context, struct http_answer *answer)
{
    struct outcome *outcome = context;
    outcome->calls++;
    outcome->code = answer->code;
    outcome->refused_address = answer->refused_address;
    outcome->too_large = answer->too_large;
    outcome->bad_redirect = answer->bad_redirect;
    outcome->stalled = answer->stalled;
    outcome->status = answer->status;
    outcome->retry_after_ms = answer->retry_after_ms;
    outcome->size = answer->body->size;
    snprintf(outcome->body, sizeof outcome->body, "%s",
             answer->body->data ? answer->body->data : "");
    snprintf(outcome->location, sizeof outcome->location, "%s", answer->location);
    snprintf(outcome->final_url, sizeof outcome->final_url, "%s", answer->final_url);
    snprintf(outcome->type, sizeof outcome->type, "%s", answer->content_type);
    snprintf(outcome->message, sizeof outcome->message, "%s", answer->message);
}

void web_closed(void *context)
{
    ((struct web *)context)->closed = true;
}

void web_open(struct web *fixture, const struct guard *guard)
{
    struct http_options options = {
        .guard = guard, .max_connections = 16, .user_agent = "test", .verify_tls = true};
    struct error error;
    fixture->closed = false;
    assert_int_equal(http_create(&fixture->loop, &options, &fixture->http, &error), STATUS_OK);
}

void web_close(struct web *fixture)
{
    http_close(fixture->http, web_closed, fixture);
    uv_run(&fixture->loop, UV_RUN_DEFAULT);
    assert_true(fixture->closed);
}

int web_set_up(void **state)
{
    struct web *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    fixture->other = raw_server_start(web_serve, NULL);
    assert_non_null(fixture->other);
    fixture->other_port = raw_server_port(fixture->other);
    fixture->server = raw_server_start(web_serve, NULL);
    assert_non_null(fixture->server);
    assert_int_equal(uv_loop_init(&fixture->loop), 0);
    web_open(fixture, NULL);
    *state = fixture;
    return 0;
}

int web_tear_down(void **state)
{
    struct web *fixture = *state;
    web_close(fixture);
    assert_int_equal(uv_loop_close(&fixture->loop), 0); /* no handle is left */
    raw_server_stop(fixture->server);
    raw_server_stop(fixture->other);
    guard_free(fixture->guard);
    free(fixture);
    return 0;
}

void web_guard(struct web *fixture, const char *allow, const char *port)
{
    char *allow_items[] = {(char *)allow}, *port_items[] = {(char *)port};
    struct config_list ranges = {allow ? 1 : 0, allow_items}, ports = {port ? 1 : 0, port_items};
    struct error error;
    web_close(fixture);
    guard_free(fixture->guard);
    assert_int_equal(guard_create(&ranges, &ports, &fixture->guard, &error), STATUS_OK);
    web_open(fixture, fixture->guard);
}

struct http_request web_request(const char *url)
{
    return (struct http_request){.method = "GET",
                                 .url = url,
                                 .connect_timeout_ms = 20000,
                                 .timeout_ms = 20000,
                                 .max_body = 1 << 20};
}

struct outcome web_run(struct web *fixture, const struct http_request *request)
{
    struct outcome outcome = {.fixture = fixture};
    struct error error;
    assert_int_equal(http_start(fixture->http, request, web_done, &outcome, NULL, &error),
                     STATUS_OK);
    assert_int_equal(outcome.calls, 0);
    while (outcome.calls == 0)
        uv_run(&fixture->loop, UV_RUN_ONCE);
    assert_int_equal(outcome.calls, 1);
    return outcome;
}

const char *web_local(struct web *fixture, const char *path)
{
    static char urls[8][2048];
    static unsigned turn;
    char *url = urls[turn++ % 8];
    snprintf(url, sizeof urls[0], "http://127.0.0.1:%u%s", raw_server_port(fixture->server), path);
    return url;
}

struct outcome web_get(struct web *fixture, const char *path, long max_redirects)
{
    struct http_request request = web_request(web_local(fixture, path));
    request.max_redirects = max_redirects;
    return web_run(fixture, &request);
}
