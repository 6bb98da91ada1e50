/* carml_server: CarML's REST API as its two server generations speak it, with the local engine (or
 * an instant answer) as the agent behind it, and everything the real one does wrong on request.
 *
 * One thread for HTTP; pictures are classified on libuv's thread pool.
 */
#ifndef TESTS_LIB_CARML_SERVER_H
#define TESTS_LIB_CARML_SERVER_H

#include "tests/lib/carml_agent.h"
#include "tests/lib/carml_mischief.h"
#include "tests/lib/http_server.h"

struct carml;

struct carml_options {
    struct agent_options agent; /* its generation is the server's */
    struct mischief mischief;
    bool images_work;    /* /predict/images succeeds, which CarML's own never does */
    bool instant_fetch;  /* instant answers still download the picture */
    const char *swagger; /* file behind /api/v1/swagger.json; NULL: 404 */
    const char *address;
    unsigned port;
    const char *port_file;
};

/* Serves on `loop` from now on. Whenever *out was set, also on failure, the caller stops its http
 * server, lets the loop end, and then frees it. */
enum status carml_start(uv_loop_t *loop, const struct carml_options *options, struct carml **out,
                        struct error *error) MUST_CHECK;
void carml_free(struct carml *carml);

struct http_server *carml_http(struct carml *carml);

#endif
