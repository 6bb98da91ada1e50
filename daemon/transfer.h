/* transfer: one request on a curl easy handle, from its options to its answer.
 *
 * Internal to http. An easy handle is kept over many requests: its callbacks and the options that
 * never change are set once, which is most of what a small request costs. Loop thread only.
 */
#ifndef DAEMON_TRANSFER_H
#define DAEMON_TRANSFER_H

#include <arpa/inet.h>

#include "daemon/http.h"

struct poller;

/* What a transfer waits for; tells apart what curl reports with one code. */
enum phase { PHASE_WAIT, PHASE_RESOLVE, PHASE_CONNECT, PHASE_TALK };

struct http_transfer {
    struct http *http;
    struct http_transfer *next, *previous; /* http's lists */
    http_done_fn *done;
    void *context;
    CURL *easy;
    struct poller *poller;
    const struct guard *guard;
    struct curl_slist *headers;
    struct buf body;
    size_t max_body;
    int64_t low_speed, low_speed_ms, timeout_ms;
    uint64_t started_ns;
    size_t header_bytes;
    enum phase phase;
    bool follows, any_port;
    bool refused, opened; /* of this hop: an address was refused; one was not */
    bool too_large, headers_too_large;
    char refused_address[INET6_ADDRSTRLEN + 16];
    char curl_message[CURL_ERROR_SIZE];
    char message[CURL_ERROR_SIZE + 96];
};

/* NULL when memory is out. The strings of `options` are not kept. */
struct http_transfer *transfer_new(struct http *http, struct poller *poller,
                                   const struct http_options *options);
void transfer_free(struct http_transfer *transfer);

/* Sets all that differs from request to request. After a failure only transfer_clear may follow. */
enum status transfer_prepare(struct http_transfer *transfer, const struct http_request *request,
                             struct error *error) MUST_CHECK;

/* Fills the answer of a transfer that curl ended with `code`; what it points to lives until
 * transfer_clear. */
void transfer_answer(struct http_transfer *transfer, CURLcode code, struct http_answer *answer);

/* Forgets headers and body of the request. */
void transfer_clear(struct http_transfer *transfer);

#endif
