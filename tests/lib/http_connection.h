/* http_connection: one accepted connection of the http server; see its state machine in the source.
 * Internal to the server core.
 */
#ifndef TESTS_LIB_HTTP_CONNECTION_H
#define TESTS_LIB_HTTP_CONNECTION_H

#include "tests/lib/http_server.h"

struct http_server {
    uv_loop_t *loop;
    uv_tcp_t listener;
    uv_signal_t signals[2];
    bool listening, signalled, stopping;
    struct server_options options;
    char address[64];
    unsigned port;
    struct server_exchange *connections;
    struct server_counts counts;
};

/* Accepts the connection that waits at the listener and serves it until it ends. */
void connection_accept(struct http_server *server);

/* Closes it; its memory goes once the loop has closed the handles and the handler has answered. */
void connection_close(struct server_exchange *x, bool reset);

/* The one behind it in the server's list. */
struct server_exchange *connection_next(const struct server_exchange *x);

#endif
