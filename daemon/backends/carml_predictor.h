/* carml_predictor: one open predictor per target, and who waits for it.
 *
 *            acquire            opened
 *   CLOSED ───────────▶ OPENING ───────▶ OPEN
 *    ▲ ▲ ▲                │  │             │ forget
 *    │ │ └────────────────┼──┼─────────────┘
 *    │ └── service away ──┘  ▼ model refused
 *    └──── hold over ────── HELD      (acquire fails at once while the hold lasts)
 *
 * Opening loads a model at the server and may take minutes: it happens once, and all who want the
 * target wait for it. Loop thread only.
 */
#ifndef DAEMON_BACKENDS_CARML_PREDICTOR_H
#define DAEMON_BACKENDS_CARML_PREDICTOR_H

#include "common/config.h"
#include "common/store/store.h"
#include "daemon/backends/carml_message.h"
#include "daemon/http.h"

struct predictors; /* all of one server */
struct predictor;

enum { PREDICTORS_MAX = 256 };

/* How opening ended: CARML_OK, or why not in one line that lives during the call. */
typedef void predictor_ready_fn(void *context, enum carml_outcome outcome, const char *why);

/* Embedded by who waits; stays in place until `ready` was called or predictor_leave. */
struct predictor_waiter {
    predictor_ready_fn *ready;
    void *context;
    struct predictor_waiter *next, **link;
};

/* `http`, `base` and `config` must outlive it. Caller frees after closing. */
enum status predictors_create(uv_loop_t *loop, struct http *http, const char *base,
                              const struct config *config, struct predictors **out) MUST_CHECK;

/* The target's predictor, made when new. NULL: no memory, or PREDICTORS_MAX targets. */
struct predictor *predictors_get(struct predictors *predictors, const struct store_target *target);

enum predictor_answer {
    PREDICTOR_HAVE, /* predictor_id is good */
    PREDICTOR_WAIT, /* `ready` will be called, never before this returns */
    PREDICTOR_HELD  /* opening failed a moment ago: predictor_failure says how */
};

/* Wants the predictor open. `waiter` is used for PREDICTOR_WAIT only. */
enum predictor_answer predictor_acquire(struct predictor *predictor,
                                        struct predictor_waiter *waiter);

/* Does not want it any more; fine when it is not waiting. */
void predictor_leave(struct predictor_waiter *waiter);

/* Valid while OPEN. The serial number tells one opening from the next. */
const char *predictor_id(const struct predictor *predictor);
uint64_t predictor_serial(const struct predictor *predictor);

/* Why the last opening failed. */
const char *predictor_failure(const struct predictor *predictor);

/* The server does not know the id that opening number `serial` gave; a newer one is not touched. */
void predictor_forget(struct predictor *predictor, uint64_t serial);

/* Ends openings, closes what is open at the server within carml.close_timeout, then calls `closed`
 * (from the loop, or before it returns when nothing is open). Nobody may wait. */
void predictors_close(struct predictors *predictors, void (*closed)(void *context), void *context);
void predictors_free(struct predictors *predictors);

#endif
