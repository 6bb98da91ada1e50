/* web_fixture: a loop, an http pool and a server with the faults of real ones, for cmocka tests.
 *
 * Names: "slow.test" is looked up until web_let_slow_lookups_end, "*.invalid" never exists, one
 * more is given by web_name; other names and numbers go to the C library. No packet is sent for
 * them.
 */
#ifndef TESTS_LIB_WEB_FIXTURE_H
#define TESTS_LIB_WEB_FIXTURE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "daemon/guard.h"
#include "daemon/http.h"
#include "tests/lib/raw_server.h"

struct web {
    uv_loop_t loop;
    struct raw_server *server, *other;
    unsigned other_port;
    struct http *http;
    struct guard *guard;
    bool closed;
};

/* A copy of an answer. */
struct outcome {
    struct web *fixture;
    unsigned calls;
    CURLcode code;
    bool refused_address, too_large, bad_redirect, stalled;
    long status;
    int64_t retry_after_ms;
    size_t size;
    char body[64], location[64], final_url[256], type[64], message[400];
};

/* Lookups of "slow.test" under way. */
extern atomic_int web_slow_lookups;
void web_let_slow_lookups_end(void);

/* How often "/reset" has reset its connection. */
extern atomic_int web_resets;

/* What `name` resolves to from now on; `second` may be NULL. */
void web_name(const char *name, const char *first, const char *second);

/* The paths it knows stand in two tables of its code. `context` is not used. */
bool web_serve(void *context, const struct raw_request *request);

/* cmocka's set-up and tear-down: *state is a struct web with a pool without guard. The tear-down
 * fails when the loop still has a handle. */
int web_set_up(void **state);
int web_tear_down(void **state);

void web_open(struct web *fixture, const struct guard *guard);
void web_close(struct web *fixture);

/* Makes the pool anew with a guard; each of `allow` and `port` may be NULL. */
void web_guard(struct web *fixture, const char *allow, const char *port);

/* For http_close with the fixture as its context. */
void web_closed(void *fixture);

/* An http_done_fn with a struct outcome as its context. */
void web_done(void *context, struct http_answer *answer);

struct http_request web_request(const char *url);

/* Runs the loop until this request is answered. */
struct outcome web_run(struct web *fixture, const struct http_request *request);
struct outcome web_get(struct web *fixture, const char *path, long max_redirects);

/* The URL of a path of the server; valid for the next seven calls. */
const char *web_local(struct web *fixture, const char *path);

#endif
