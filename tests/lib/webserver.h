/* webserver: a folder served over HTTP together with everything that web servers do wrong; the list
 * of behaviours stands in webserver.c and in `webserver --help`.
 */
#ifndef TESTS_LIB_WEBSERVER_H
#define TESTS_LIB_WEBSERVER_H

#include "tests/lib/http_server.h"

struct webserver;

struct webserver_options {
    const char *root;        /* folder of the files */
    const char *placeholder; /* file behind /placeholder/; may be NULL */
    const char *address;     /* as in server_options */
    unsigned port;
    const char *port_file;
};

/* Serves on `loop` from now on. Whenever *out was set, also on failure, the caller stops its
 * http server, lets the loop end, and then frees it. */
enum status webserver_start(uv_loop_t *loop, const struct webserver_options *options,
                            struct webserver **out, struct error *error) MUST_CHECK;
void webserver_free(struct webserver *web);

struct http_server *webserver_http(struct webserver *web);

/* One line per behaviour, for --help. */
void webserver_describe(void);

#endif
