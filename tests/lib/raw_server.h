/* raw_server: a TCP server whose answers are written byte by byte by the test.
 *
 * For what a well-behaved server core cannot say: cut bodies, silence, garbage. Each connection has
 * a thread that reads one request head after the other and calls the handler.
 */
#ifndef TESTS_LIB_RAW_SERVER_H
#define TESTS_LIB_RAW_SERVER_H

#include <stdbool.h>
#include <stddef.h>

struct raw_server;

/* One request. `target` is what stands between method and version. A body of Content-Length is
 * read and counted. A client that begins to talk TLS is the method "TLS". */
struct raw_request {
    int descriptor;
    char method[16];
    char target[1024];
    char head[8192];
    size_t body_size;
};

/* Returns true to read a further request on this connection. Runs in the connection's thread. */
typedef bool raw_handler(void *context, const struct raw_request *request);

/* Listens on a free port of 127.0.0.1; NULL when that fails. */
struct raw_server *raw_server_start(raw_handler *handler, void *context);

/* The same on an IPv4 address and port of the caller's. */
struct raw_server *raw_server_start_on(const char *address, unsigned port, raw_handler *handler,
                                       void *context);
unsigned raw_server_port(const struct raw_server *server);
unsigned raw_server_connections(struct raw_server *server);
unsigned raw_server_requests(struct raw_server *server);

/* Shuts every connection down, waits for the threads, frees. */
void raw_server_stop(struct raw_server *server);

/* Sends all of it; false when the client is gone. */
bool raw_send(const struct raw_request *request, const void *bytes, size_t size);
void raw_print(const struct raw_request *request, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Blocks until the client closes (or the server is stopped). */
void raw_wait_for_close(const struct raw_request *request);

#endif
