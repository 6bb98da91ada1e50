/* monitor: serves what can be watched of the daemon: `/` a live page, /status.json, /metrics,
 * /healthz, on the address of http.listen.
 *
 * HTTP is libmicrohttpd's, run from the event loop: its epoll descriptor in a uv_poll, its next
 * deadline in a uv_timer. GET and HEAD only, at most MONITOR_CONNECTIONS at once (more wait to be
 * accepted), each ended after its answer and after MONITOR_LIFE_MS in any case. Over TCP the Host
 * header must name this machine, so that no page of another site can read the answers. The store is
 * read by the committer's thread, only when somebody asks, at most once a second and at most a
 * twentieth of the time; who comes in between gets the same snapshot. Loop thread only.
 */
#ifndef DAEMON_MONITOR_H
#define DAEMON_MONITOR_H

#include <uv.h>

#include "common/status.h"
#include "daemon/committer.h"
#include "daemon/figures.h"

enum {
    MONITOR_CONNECTIONS = 32,
    MONITOR_IDLE_S = 10,        /* without a byte */
    MONITOR_LIFE_MS = 15000,    /* in all */
    MONITOR_PATIENCE_MS = 2000, /* with a store that does not answer; then what it said last */
    MONITOR_FRESH_MS = 1000     /* a snapshot is good for so long */
};

struct monitor;

struct monitor_options {
    uv_loop_t *loop;
    const char *listen; /* as http.listen has it, not empty */
    struct committer *committer;
    void (*figures)(void *context, struct figures *out); /* from the loop, never at once */
    void *context;
};

/* Binds and starts to serve. The errors of listener_parse and listener_open. The committer must
 * outlive it. */
enum status monitor_create(const struct monitor_options *options, struct monitor **out,
                           struct error *error) MUST_CHECK;

/* Ends what is under way, removes a Unix socket's file, frees everything; then `closed` is called
 * from the loop. */
void monitor_close(struct monitor *monitor, void (*closed)(void *context), void *context);

/* libmicrohttpd's version. */
const char *monitor_library(void);

#endif
