/* activity: what the daemon that has a database is doing now, for those who only see the database.
 *
 * The daemon puts it there, the view `activity` (store_rows) shows it: name, state, in_flight,
 * ceiling, detail, updated_at. Threads and errors as in store.h.
 */
#ifndef COMMON_STORE_ACTIVITY_H
#define COMMON_STORE_ACTIVITY_H

#include <stdbool.h>
#include <stddef.h>

#include "common/store/store.h"

/* One row each for "fetch", "validate" and the backends. `state` is "idle" or "working", or a
 * breaker's: "closed", "open", "half-open". */
struct store_activity {
    const char *name, *state;
    unsigned in_flight, ceiling;
    const char *detail; /* one line, may be "" */
};

/* Replaces all rows (STORE_DAEMON). They go when the store is closed, and when the next daemon
 * opens it. */
enum status store_activity_put(struct store *store, const struct store_activity *rows, size_t count,
                               struct error *error) MUST_CHECK;

/* Whether a daemon has this database open now. The kernel tells: it is right also after a crash. */
bool store_daemon_alive(const struct store *store);

#endif
