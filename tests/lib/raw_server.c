#include "tests/lib/raw_server.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAX_CONNECTIONS = 1024 };

struct connection {
    struct raw_server *server;
    int descriptor;
    pthread_t thread;
};

struct raw_server {
    raw_handler *handler;
    void *context;
    int listener;
    unsigned port;
    pthread_t thread;
    atomic_uint connections, requests;
    struct connection table[MAX_CONNECTIONS]; /* only the accepting thread adds */
};

bool raw_send(const struct raw_request *request, const void *bytes, size_t size)
{
    const char *at = bytes;
    while (size > 0) {
        ssize_t n = send(request->descriptor, at, size, MSG_NOSIGNAL);
        if (n <= 0)
            return false;
        at += n;
        size -= (size_t)n;
    }
    return true;
}

void raw_print(const struct raw_request *request, const char *format, ...)
{
    char text[8192];
    va_list arguments;
    va_start(arguments, format);
    int n = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    raw_send(request, text, n < (int)sizeof text ? (size_t)n : sizeof text - 1);
}

void raw_wait_for_close(const struct raw_request *request)
{
    char waste[256];
    while (recv(request->descriptor, waste, sizeof waste, 0) > 0)
        continue;
}

/* Reads up to the blank line, byte-exact, so that nothing of the next request is lost. */
static bool read_head(struct raw_request *request)
{
    size_t size = 0;
    while (size + 1 < sizeof request->head) {
        if (recv(request->descriptor, request->head + size, 1, 0) != 1)
            return false;
        request->head[++size] = '\0';
        if (request->head[0] == 0x16) { /* the record type of a TLS handshake */
            strcpy(request->method, "TLS");
            request->target[0] = '\0';
            return true;
        }
        if (size >= 4 && memcmp(request->head + size - 4, "\r\n\r\n", 4) == 0)
            return sscanf(request->head, "%15s %1023s", request->method, request->target) == 2;
    }
    return false;
}

static bool read_body(struct raw_request *request)
{
    const char *field = strcasestr(request->head, "\r\nContent-Length:");
    size_t left = field ? strtoul(field + 17, NULL, 10) : 0;
    char waste[4096];
    request->body_size = 0;
    while (left > 0) {
        ssize_t n = recv(request->descriptor, waste, left < sizeof waste ? left : sizeof waste, 0);
        if (n <= 0)
            return false;
        left -= (size_t)n;
        request->body_size += (size_t)n;
    }
    return true;
}

static void *serve(void *argument)
{
    struct connection *connection = argument;
    struct raw_server *server = connection->server;
    struct raw_request *request = calloc(1, sizeof *request);
    if (request) {
        request->descriptor = connection->descriptor;
        while (read_head(request) && read_body(request)) {
            server->requests++;
            if (!server->handler(server->context, request))
                break;
        }
        free(request);
    }
    shutdown(connection->descriptor, SHUT_RDWR);
    return NULL;
}

static void *accept_all(void *argument)
{
    struct raw_server *server = argument;
    while (server->connections < MAX_CONNECTIONS) {
        int descriptor = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC);
        if (descriptor < 0)
            break;
        int one = 1;
        setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        struct connection *connection = &server->table[server->connections];
        *connection = (struct connection){.server = server, .descriptor = descriptor};
        if (pthread_create(&connection->thread, NULL, serve, connection))
            close(descriptor);
        else
            server->connections++;
    }
    return NULL;
}

struct raw_server *raw_server_start(raw_handler *handler, void *context)
{
    return raw_server_start_on("127.0.0.1", 0, handler, context);
}

struct raw_server *raw_server_start_on(const char *text, unsigned port, raw_handler *handler,
                                       void *context)
{
    struct raw_server *server = calloc(1, sizeof *server);
    if (!server)
        return NULL;
    server->handler = handler;
    server->context = context;
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int one = 1;
    socklen_t size = sizeof address;
    if (server->listener < 0 || inet_pton(AF_INET, text, &address.sin_addr) != 1 ||
        setsockopt(server->listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) ||
        bind(server->listener, (struct sockaddr *)&address, sizeof address) ||
        listen(server->listener, 128) ||
        getsockname(server->listener, (struct sockaddr *)&address, &size) ||
        pthread_create(&server->thread, NULL, accept_all, server)) {
        if (server->listener >= 0)
            close(server->listener);
        free(server);
        return NULL;
    }
    server->port = ntohs(address.sin_port);
    return server;
}

unsigned raw_server_port(const struct raw_server *server)
{
    return server->port;
}

unsigned raw_server_connections(struct raw_server *server)
{
    return server->connections;
}

unsigned raw_server_requests(struct raw_server *server)
{
    return server->requests;
}

void raw_server_stop(struct raw_server *server)
{
    shutdown(server->listener, SHUT_RDWR); /* wakes accept4 */
    pthread_join(server->thread, NULL);
    close(server->listener);
    for (unsigned i = 0; i < server->connections; i++) {
        shutdown(server->table[i].descriptor, SHUT_RDWR);
        pthread_join(server->table[i].thread, NULL);
        close(server->table[i].descriptor);
    }
    free(server);
}
