/* breaker: stops asking a service that is broken, and finds out when it is back.
 *
 *              `threshold` failures in a row
 *     CLOSED ────────────────────────────────▶ OPEN ◀───────┐
 *       ▲ ▲                                     │ pause over │
 *       │ └──────────── success ────────────────┤            │ failure of the probe
 *       │                                       ▼            │ (the pause doubles)
 *       └──────────────── success ─────────── HALF_OPEN ─────┘
 *
 * HALF_OPEN lets one call through, the probe. A pause is uniform in [1, limit] ms ("full jitter",
 * M. Brooker, Exponential Backoff And Jitter, AWS 2015) where limit starts at `first_ms` and
 * doubles up to `cap_ms`. Pure: the clock is a parameter (milliseconds, never going back), nothing
 * is allocated, one thread at a time.
 */
#ifndef DAEMON_BREAKER_H
#define DAEMON_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

enum breaker_state { BREAKER_CLOSED, BREAKER_OPEN, BREAKER_HALF_OPEN };
enum { BREAKER_STATES = BREAKER_HALF_OPEN + 1 };

/* Embedded by its user; fields are read by breaker.c only. */
struct breaker {
    enum breaker_state state;
    unsigned threshold, failures; /* failures in a row */
    int64_t first_ms, cap_ms;     /* first and longest limit of a pause */
    int64_t limit_ms;             /* of the next pause */
    int64_t since_ms;             /* first failure of the row */
    int64_t until_ms;             /* OPEN: end of the pause */
    uint32_t epoch;               /* changes with each state: tells stragglers from the probe */
    uint64_t seed;
};

/* Closed, no failure counted. `threshold` 0 counts as 1, pauses below 1 ms as 1 ms. `seed` starts
 * the jitter: equal seeds give equal pauses. */
void breaker_init(struct breaker *breaker, unsigned threshold, int64_t first_ms, int64_t cap_ms,
                  uint64_t seed);

/* May a call begin now? OPEN: only when the pause is over; HALF_OPEN: no, the probe is out. */
bool breaker_allows(const struct breaker *breaker, int64_t now_ms);

/* Notes that a call begins; in OPEN it becomes the probe. Only after breaker_allows said yes.
 * Returns a ticket that the same call hands to exactly one of the three functions below. */
uint32_t breaker_begin(struct breaker *breaker, int64_t now_ms);

/* The service answered: CLOSED, from whatever state and however old the call. */
void breaker_success(struct breaker *breaker, uint32_t ticket, int64_t now_ms);

/* The service broke. A failure of a call that began in another state than the present one is old
 * news and changes nothing. */
void breaker_failure(struct breaker *breaker, uint32_t ticket, int64_t now_ms);

/* The call ended without telling anything about the service (it was cancelled). A cancelled probe
 * makes way for another at once. */
void breaker_cancel(struct breaker *breaker, uint32_t ticket, int64_t now_ms);

enum breaker_state breaker_state(const struct breaker *breaker);

/* "closed", "open", "half-open". */
const char *breaker_state_name(enum breaker_state state);

/* Milliseconds until breaker_allows can say yes by time alone; 0: now; -1: time alone will not do
 * (HALF_OPEN). */
int64_t breaker_wait_ms(const struct breaker *breaker, int64_t now_ms);

/* How long the service has been away: since the first failure of the row that opened the breaker.
 * 0 when CLOSED, else at least 1. */
int64_t breaker_away_ms(const struct breaker *breaker, int64_t now_ms);

#endif
