#include "daemon/fetch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/image/image.h"
#include "common/utf8.h"
#include "daemon/guard.h"

struct fetcher {
    const struct config *config;
    struct guard *guard;
    struct http *http;
    struct fetch *active;
    uint64_t bytes;
    void (*closed)(void *context);
    void *closed_context;
};

struct fetch {
    struct fetcher *fetcher;
    struct fetch *next, **link; /* in fetcher->active */
    struct http_transfer *transfer;
    fetch_done_fn *done;
    void *context;
};

enum status fetcher_create(uv_loop_t *loop, const struct config *config, struct fetcher **out,
                           struct error *error)
{
    struct fetcher *fetcher = calloc(1, sizeof *fetcher);
    if (!fetcher)
        return error_set(error, STATUS_MEMORY, "fetch: out of memory");
    fetcher->config = config;
    enum status status =
        guard_create(&config->fetch.allow_addresses, &config->fetch.ports, &fetcher->guard, error);
    if (!status) {
        struct http_options options = {.guard = fetcher->guard,
                                       .max_connections = (long)config->fetch.concurrency,
                                       .user_agent = config->fetch.user_agent,
                                       .verify_tls = config->fetch.verify_tls};
        status = http_create(loop, &options, &fetcher->http, error);
    }
    if (status) {
        guard_free(fetcher->guard);
        free(fetcher);
        return status;
    }
    *out = fetcher;
    return STATUS_OK;
}

/* TLS that ended because the connection did is worth another try, unlike a bad certificate. curl
 * has one code for both; these are the words of OpenSSL's and curl 7.88's connect step. */
static bool handshake_was_cut(const char *message)
{
    static const char *const words[] = {"SSL_ERROR_SYSCALL", "Connection reset", "Broken pipe",
                                        "unexpected eof"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strstr(message, words[i]))
            return true;
    return false;
}

/* Why no whole answer arrived. */
static enum reason reason_of_code(const struct http_answer *answer)
{
    switch (answer->code) {
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_LOGIN_DENIED:
        return REASON_bad_url;
    case CURLE_COULDNT_RESOLVE_HOST:
        return REASON_dns_failed;
    case CURLE_COULDNT_CONNECT:
    case CURLE_INTERFACE_FAILED:
        return REASON_connect_failed;
    case CURLE_SSL_CONNECT_ERROR:
        return handshake_was_cut(answer->message) ? REASON_connection_lost : REASON_tls_failed;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ENGINE_INITFAILED:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_CLIENTCERT:
        return REASON_tls_failed;
    case CURLE_OPERATION_TIMEDOUT:
        return answer->stalled ? REASON_fetch_stalled : REASON_fetch_timeout;
    case CURLE_TOO_MANY_REDIRECTS:
        return REASON_too_many_redirects;
    case CURLE_PARTIAL_FILE:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
        return REASON_connection_lost;
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_HTTP_RETURNED_ERROR:
        return REASON_http_protocol;
    default:
        return REASON_internal;
    }
}

/* What an HTTP error says when no picture came with it. */
static enum reason reason_of_status(long status)
{
    switch (status) {
    case 404:
    case 410:
        return REASON_http_not_found;
    case 401:
    case 403:
    case 451:
        return REASON_http_forbidden;
    case 408: /* RFC 9110, 15.5.9: may be repeated */
    case 425: /* RFC 8470: try again later */
    case 429:
        return REASON_http_throttled;
    default:
        return status >= 500 ? REASON_http_server_error : REASON_http_client_error;
    }
}

/* False, with the reason, when the body is nothing to validate. */
static bool body_is_picture(const struct http_answer *answer, enum image_kind kind,
                            enum reason *reason)
{
    if (kind != IMAGE_UNKNOWN && kind != IMAGE_EMPTY && kind != IMAGE_HTML)
        return true;
    if (answer->status >= 400)
        *reason = reason_of_status(answer->status);
    else if (answer->status >= 300 && answer->location[0]) /* fetch.max_redirects is 0 */
        *reason = REASON_too_many_redirects;
    else if (kind == IMAGE_EMPTY)
        *reason = REASON_empty;
    else
        *reason = kind == IMAGE_HTML ? REASON_html : REASON_not_an_image;
    return false;
}

static bool judge(const struct http_answer *answer, enum reason *reason, char *detail, size_t size)
{
    snprintf(detail, size, "%s", answer->message);
    if (answer->refused_address)
        *reason = REASON_address_refused;
    else if (answer->too_large)
        *reason = REASON_too_large;
    else if (answer->bad_redirect)
        *reason = REASON_redirect_refused;
    else if (answer->code != CURLE_OK)
        *reason = reason_of_code(answer);
    else {
        enum image_kind kind = image_sniff(answer->body->data, answer->body->size);
        if (body_is_picture(answer, kind, reason))
            return true;
        snprintf(detail, size, "HTTP %ld, %zu bytes, Content-Type \"%.100s\", content: %s",
                 answer->status, answer->body->size, answer->content_type, image_kind_name(kind));
    }
    utf8_make_line(detail); /* it quotes what the server sent */
    return false;
}

static void free_fetch(struct fetch *fetch)
{
    *fetch->link = fetch->next;
    if (fetch->next)
        fetch->next->link = fetch->link;
    free(fetch);
}

static void on_answer(void *context, struct http_answer *answer)
{
    struct fetch *fetch = context;
    char detail[512];
    struct fetch_result result = {.detail = detail,
                                  .http_status = answer->status,
                                  .final_url = answer->final_url,
                                  .fetch_ms = answer->total_ms,
                                  .retry_after_ms = answer->retry_after_ms};
    fetch->fetcher->bytes += answer->body->size;
    result.ok = judge(answer, &result.reason, detail, sizeof detail);
    if (result.ok) {
        result.size = answer->body->size;
        result.bytes = buf_take(answer->body);
        if (!result.bytes) {
            result.ok = false;
            result.size = 0;
            result.reason = REASON_internal;
            snprintf(detail, sizeof detail, "out of memory");
        }
    }
    fetch_done_fn *done = fetch->done;
    void *done_context = fetch->context;
    free_fetch(fetch); /* first: `done` may close the fetcher */
    done(done_context, &result);
}

enum status fetch_start(struct fetcher *fetcher, const char *url, fetch_done_fn *done,
                        void *context, struct fetch **out, struct error *error)
{
    return fetch_start_limited(fetcher, url, (size_t)fetcher->config->fetch.max_bytes, done,
                               context, out, error);
}

enum status fetch_start_limited(struct fetcher *fetcher, const char *url, size_t max_bytes,
                                fetch_done_fn *done, void *context, struct fetch **out,
                                struct error *error)
{
    /* Hosts that choose by Accept would else send WebP, which no backend takes. */
    static const char *const headers[] = {"Accept: image/jpeg, image/png, */*;q=0.5", NULL};
    const struct config *config = fetcher->config;
    struct http_request request = {
        .method = "GET",
        .url = url,
        .headers = headers,
        .connect_timeout_ms = config->fetch.connect_timeout_ms,
        .timeout_ms = config->fetch.timeout_ms,
        .low_speed = config->fetch.low_speed,
        .low_speed_ms = config->fetch.low_speed_ms,
        .max_body = max_bytes,
        .max_redirects = (long)config->fetch.max_redirects,
    };
    struct fetch *fetch = calloc(1, sizeof *fetch);
    if (!fetch)
        return error_set(error, STATUS_MEMORY, "fetch: out of memory");
    fetch->fetcher = fetcher;
    fetch->done = done;
    fetch->context = context;
    enum status status =
        http_start(fetcher->http, &request, on_answer, fetch, &fetch->transfer, error);
    if (status) {
        free(fetch);
        return status;
    }
    fetch->next = fetcher->active;
    fetch->link = &fetcher->active;
    if (fetch->next)
        fetch->next->link = &fetch->next;
    fetcher->active = fetch;
    if (out)
        *out = fetch;
    return STATUS_OK;
}

void fetch_cancel(struct fetch *fetch)
{
    http_cancel(fetch->transfer);
    free_fetch(fetch);
}

uint64_t fetcher_bytes(const struct fetcher *fetcher)
{
    return fetcher->bytes;
}

static void on_http_closed(void *context)
{
    struct fetcher *fetcher = context;
    void (*closed)(void *) = fetcher->closed;
    void *closed_context = fetcher->closed_context;
    guard_free(fetcher->guard);
    free(fetcher);
    closed(closed_context);
}

void fetcher_close(struct fetcher *fetcher, void (*closed)(void *context), void *context)
{
    fetcher->closed = closed;
    fetcher->closed_context = context;
    while (fetcher->active)
        fetch_cancel(fetcher->active);
    http_close(fetcher->http, on_http_closed, fetcher);
}
