#include "tests/lib/http_connection.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

enum { BACKLOG = 4096 };

static void on_connection(uv_stream_t *listener, int status)
{
    if (!status)
        connection_accept(listener->data);
}

static void on_signal(uv_signal_t *signal, int number)
{
    (void)number;
    http_server_stop(signal->data);
}

/* Thousands of connections need as many descriptors as the hard limit gives. */
static void raise_file_limit(void)
{
    struct rlimit limit;
    if (!getrlimit(RLIMIT_NOFILE, &limit)) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static int bind_and_listen(struct http_server *server)
{
    struct sockaddr_in address;
    struct sockaddr_storage bound;
    int size = sizeof bound;
    int failed = uv_ip4_addr(server->address, (int)server->options.port, &address);
    if (!failed)
        failed = uv_tcp_bind(&server->listener, (const struct sockaddr *)&address, 0);
    if (!failed)
        failed = uv_listen((uv_stream_t *)&server->listener, BACKLOG, on_connection);
    if (!failed)
        failed = uv_tcp_getsockname(&server->listener, (struct sockaddr *)&bound, &size);
    if (!failed)
        server->port = ntohs(((const struct sockaddr_in *)&bound)->sin_port);
    return failed;
}

enum status http_server_start(uv_loop_t *loop, const struct server_options *options,
                              struct http_server **out, struct error *error)
{
    struct http_server *server = calloc(1, sizeof *server);
    if (!server)
        return error_set(error, STATUS_MEMORY, "http server: out of memory");
    server->loop = loop;
    server->options = *options;
    snprintf(server->address, sizeof server->address, "%s",
             options->address ? options->address : "127.0.0.1");
    uv_tcp_init(loop, &server->listener);
    server->listener.data = server;
    server->listening = true;
    *out = server;
    int failed = bind_and_listen(server);
    if (failed)
        return error_set(error, STATUS_UNAVAILABLE,
                         "%s:%u: cannot listen: %s; choose another --port (0 for a free one)",
                         server->address, options->port, uv_strerror(failed));
    return STATUS_OK;
}

static enum status announce(const struct http_server *server, struct error *error)
{
    const char *path = server->options.port_file;
    FILE *file = path ? fopen(path, "w") : NULL;
    bool failed = path && !file;
    if (file) {
        failed = fprintf(file, "%u\n", server->port) < 0;
        failed = fclose(file) != 0 || failed;
    }
    if (failed)
        return error_set(error, STATUS_IO, "%s: cannot write the port; choose a writable file",
                         path);
    printf("listening on %s:%u\n", server->address, server->port);
    fflush(stdout);
    return STATUS_OK;
}

enum status http_server_run(struct http_server *server, struct error *error)
{
    static const int numbers[] = {SIGTERM, SIGINT};
    signal(SIGPIPE, SIG_IGN);
    raise_file_limit();
    for (int i = 0; i < 2; i++) {
        uv_signal_init(server->loop, &server->signals[i]);
        server->signals[i].data = server;
        uv_signal_start(&server->signals[i], on_signal, numbers[i]);
    }
    server->signalled = true;
    enum status status = announce(server, error);
    if (status)
        http_server_stop(server);
    uv_run(server->loop, UV_RUN_DEFAULT);
    return status;
}

void http_server_stop(struct http_server *server)
{
    if (!server || server->stopping)
        return;
    server->stopping = true;
    if (server->listening)
        uv_close((uv_handle_t *)&server->listener, NULL);
    for (int i = 0; i < 2 && server->signalled; i++)
        uv_close((uv_handle_t *)&server->signals[i], NULL);
    for (struct server_exchange *x = server->connections, *next; x; x = next) {
        next = connection_next(x);
        connection_close(x, false);
    }
    if (server->options.stopped)
        server->options.stopped(server->options.context);
}

void http_server_free(struct http_server *server)
{
    free(server);
}

unsigned http_server_port(const struct http_server *server)
{
    return server->port;
}

struct server_counts http_server_counts(const struct http_server *server)
{
    return server->counts;
}
