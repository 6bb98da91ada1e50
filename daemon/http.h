/* http: HTTP requests on the event loop (libcurl multi driven by uv_poll and uv_timer).
 *
 * One `struct http` owns one curl multi handle and so one connection pool. The daemon makes two:
 * one for URLs of lists (untrusted, guarded) and one for the CarML server (trusted), so that a
 * fetched URL can never reuse a connection that the address guard did not see. Everything here
 * belongs to the loop thread.
 */
#ifndef DAEMON_HTTP_H
#define DAEMON_HTTP_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "common/buf.h"
#include "common/status.h"

struct guard; /* daemon/guard.h */
struct http;
struct http_transfer;

struct http_options {
    const struct guard
        *guard;           /* asked for each address before it is connected; NULL: trusted pool */
    long max_connections; /* kept in the pool */
    long max_host_connections; /* 0: no limit */
    const char *user_agent;    /* copied */
    bool verify_tls;
};

/* A request. Strings and body are read until the answer came: they must stay where they are. */
struct http_request {
    const char *method; /* "GET", "POST", "PATCH", "HEAD" */
    const char *url;
    const char *const *headers; /* "Name: value", ended by NULL; may be NULL */
    const void *body;           /* may be NULL */
    size_t body_size;
    int64_t connect_timeout_ms, timeout_ms;
    /* Bytes per second, and for how long an answer that has begun may stay below (whole seconds,
     * rounded up). 0: no limit. */
    int64_t low_speed, low_speed_ms;
    size_t max_body;    /* of the answer, counted while it arrives */
    long max_redirects; /* 0: not followed */
    bool any_port;      /* the guard's port rule does not apply */
};

struct http_answer {
    /* CURLE_OK: an HTTP answer arrived whole. Made unambiguous: CURLE_COULDNT_RESOLVE_HOST and
     * CURLE_COULDNT_CONNECT also when that timed out, CURLE_WEIRD_SERVER_REPLY for all that is not
     * HTTP, headers without end included. */
    CURLcode code;
    bool refused_address; /* the guard said no */
    bool too_large;       /* max_body was passed */
    bool bad_redirect;    /* to a scheme other than http and https, or to no usable URL */
    bool stalled;         /* CURLE_OPERATION_TIMEDOUT because of low_speed, not of timeout_ms */
    long status;          /* 0: none */
    const char *final_url;
    const char *content_type; /* "" when absent */
    const char *location;     /* Location header of the last answer; "" when absent (tus upload) */
    int64_t retry_after_ms;   /* Retry-After, at most an hour; -1: absent */
    struct buf *body;         /* owned by the transfer; buf_take is allowed */
    double dns_ms, connect_ms, tls_ms, wait_ms, total_ms; /* curl's phases, each its own length */
    const char *message; /* one line for a person when code is not CURLE_OK or a flag is set */
};

/* Called once from the loop, never from inside http_start or http_cancel. Everything in `answer`
 * lives until it returns. May start new requests. */
typedef void http_done_fn(void *context, struct http_answer *answer);

enum status http_create(uv_loop_t *loop, const struct http_options *options, struct http **out,
                        struct error *error) MUST_CHECK;

/* Starts a request. On success *transfer (may be NULL) can be given to http_cancel until `done` is
 * called. */
enum status http_start(struct http *http, const struct http_request *request, http_done_fn *done,
                       void *context, struct http_transfer **transfer,
                       struct error *error) MUST_CHECK;

/* Ends a transfer; `done` will not be called. */
void http_cancel(struct http_transfer *transfer);

unsigned http_active(const struct http *http);

/* Cancels what is in flight and frees everything; `closed` is called from the loop when the last
 * handle is gone, after which the memory of `http` is freed. */
void http_close(struct http *http, void (*closed)(void *context), void *context);

#endif
