/* http_parse: the head of an HTTP/1.1 request (RFC 9112), bounded, no allocation. */
#ifndef TESTS_LIB_HTTP_PARSE_H
#define TESTS_LIB_HTTP_PARSE_H

#include <stdbool.h>
#include <stddef.h>

enum { SERVER_MAX_HEADERS = 64, SERVER_MAX_HEAD = 32 * 1024 };

struct server_header {
    const char *name, *value;
};

/* All strings point into the buffer that was parsed. */
struct server_request {
    const char *method;
    const char *target; /* as received: path and query, still percent-encoded */
    const char *path;   /* before '?' */
    const char *query;  /* behind '?', "" when there is none */
    bool http10;
    const char *body; /* followed by a NUL byte that is not part of it */
    size_t body_size;
    size_t headers;
    struct server_header header[SERVER_MAX_HEADERS];
};

/* Length of the head with its blank line; 0 while that has not arrived. */
size_t server_head_size(const char *bytes, size_t size);

/* What a complete head says about the body that follows, without changing the bytes. Returns 0, or
 * the status a server answers with: 400 malformed, 411 length unknown. */
struct server_framing {
    size_t length;
    bool expect_continue;
};
unsigned server_frame(const char *head, size_t size, struct server_framing *framing);

/* Splits a complete head in place (line ends, blanks and '?' become NUL bytes). `path_store` holds
 * SERVER_MAX_HEAD bytes for the path. Returns 0, or the status to answer with: 400, 431, 505. */
unsigned server_parse(char *head, size_t size, char *path_store, struct server_request *request);

/* The first header of that name, case-insensitive; NULL when there is none. */
const char *server_find_header(const struct server_request *request, const char *name);

#endif
