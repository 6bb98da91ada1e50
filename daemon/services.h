/* services: the backends that this configuration has, and which of them answers for a target.
 *
 * "local" is the engine here; "carml" the server that carml.url names, with the local engine behind
 * it when carml.fallback says so; "auto" is the same where a server is configured, else the local
 * engine. Loop thread only.
 */
#ifndef DAEMON_SERVICES_H
#define DAEMON_SERVICES_H

#include <stddef.h>

#include "daemon/backends/backend.h"

struct services;

enum status services_create(uv_loop_t *loop, const struct config *config, struct services **out,
                            struct error *error) MUST_CHECK;

/* The distinct backends, for the scheduler. */
struct backend *const *services_backends(const struct services *services, unsigned *count);

/* The backend that answers for this target; NULL, and why, when none can. */
struct backend *services_route(const struct services *services, const struct store_target *target,
                               struct error *error);

/* One line on all of them: "carml: 4 in flight, limit 6; local: 2 in flight". */
void services_describe(const struct services *services, char *text, size_t size);

enum { SERVICES_LOADS = 2 };

/* The same as figures, of at most SERVICES_LOADS backends; returns how many. */
struct services_load {
    const char *name; /* "carml", "local" */
    struct backend_load load;
    int64_t away_ms;
};
unsigned services_loads(const struct services *services, struct services_load *loads);

/* Closes the backends and frees everything; `closed` is called from the loop. */
void services_close(struct services *services, void (*closed)(void *context), void *context);

#endif
