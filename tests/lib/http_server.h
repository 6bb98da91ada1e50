/* http_server: an HTTP/1.1 server core on libuv for tests: keep-alive, pipelining, bounded
 * requests, and answers that may be as wrong as a test needs them.
 *
 * One thread, that of the loop, for everything here. The handler is called once per request and
 * must sooner or later call exactly one of server_reply, server_answer and server_stream for that
 * exchange (also from a later callback); until then the exchange and its request stay valid, even
 * when the client has gone away.
 */
#ifndef TESTS_LIB_HTTP_SERVER_H
#define TESTS_LIB_HTTP_SERVER_H

#include <stdint.h>
#include <uv.h>

#include "common/status.h"
#include "tests/lib/http_parse.h"

struct http_server;
struct server_exchange;

struct server_piece {
    const void *bytes;
    size_t size;
};

/* Values of server_answer.length; a positive value is written as Content-Length, true or not. */
enum { SERVER_LENGTH_OF_BODY = 0, SERVER_LENGTH_CHUNKED = -1, SERVER_LENGTH_NONE = -2 };

/* What happens to the connection once the answer is sent. SERVER_RESET: an RST instead of a FIN.
 * SERVER_SILENCE: nothing more, until the client goes away. */
enum server_end { SERVER_KEEP, SERVER_CLOSE, SERVER_RESET, SERVER_SILENCE };

enum { SERVER_PIECES = 3 };

struct server_answer {
    unsigned status;     /* 0: no head, the body goes out as it is */
    const char *type;    /* Content-Type, or NULL */
    const char *headers; /* further lines, each with its CRLF, or NULL */
    long long length;
    struct server_piece body[SERVER_PIECES]; /* borrowed until sent */
    void *owned;                             /* free()d when the answer is over, sent or not */
    enum server_end end;
};

typedef void server_handler(void *context, struct server_exchange *exchange);

/* Gives the next piece of a streamed body; false when there is none. */
typedef bool server_producer(void *owned, struct server_piece *piece);

struct server_options {
    const char *address; /* NULL: 127.0.0.1 */
    unsigned port;       /* 0: a free one */
    const char *port_file;
    size_t max_body;
    server_handler *handle;
    /* Each may be NULL: an answer is over (or its client gone); http_server_stop was called. */
    void (*finished)(void *context, const struct server_request *request);
    void (*stopped)(void *context);
    void *context;
};

/* Now and the highest ever. */
struct server_counts {
    unsigned long long requests;
    unsigned connections, max_connections;
    unsigned in_flight, max_in_flight;
};

/* Binds and listens. Caller frees *out after the loop has ended. STATUS_UNAVAILABLE: address in
 * use. */
enum status http_server_start(uv_loop_t *loop, const struct server_options *options,
                              struct http_server **out, struct error *error) MUST_CHECK;

/* Writes the port file, prints "listening on ADDRESS:PORT" on stdout, and runs the loop until
 * SIGTERM or SIGINT. SIGPIPE is ignored and the limit on open files raised to the hard one. */
enum status http_server_run(struct http_server *server, struct error *error) MUST_CHECK;

/* Closes the listener and every connection. Idempotent. */
void http_server_stop(struct http_server *server);
void http_server_free(struct http_server *server);

unsigned http_server_port(const struct http_server *server);
struct server_counts http_server_counts(const struct http_server *server);

/* The request; lives until the answer is over. */
const struct server_request *server_exchange_request(const struct server_exchange *exchange);

/* Sends the answer; see struct server_answer. The pieces must live until `owned` is freed. */
void server_answer(struct server_exchange *exchange, const struct server_answer *answer);

/* A whole answer with a copy of `text` as its body. */
void server_reply(struct server_exchange *exchange, unsigned status, const char *type,
                  const char *headers, const char *text);

/* Sends the head of `answer`, then what `produce(answer->owned)` gives, piece by piece, with a
 * pause of `pause_ms` between two. answer->body is not looked at. */
void server_stream(struct server_exchange *exchange, const struct server_answer *answer,
                   server_producer *produce, uint64_t pause_ms);

#endif
