/* backoff: how long to wait before trying again.
 *
 * Full jitter ("Exponential Backoff And Jitter", M. Brooker, AWS Architecture Blog, 2015): uniform
 * in [0, min(cap, base * 2^(tries-1))], which spreads a crowd of failed jobs best. The numbers come
 * from a generator that the owner seeds, so that a test can repeat them.
 */
#ifndef DAEMON_BACKOFF_H
#define DAEMON_BACKOFF_H

#include <stdint.h>

/* One generator (splitmix64, Steele et al. 2014); belongs to one thread. */
struct backoff {
    uint64_t state;
};

void backoff_seed(struct backoff *backoff, uint64_t seed);

/* Uniform in [0, bound]; 0 for a bound below 0. */
int64_t backoff_random(struct backoff *backoff, int64_t bound);

/* The delay in ms after the `tries`-th counted attempt (from 1) failed. At least `minimum_ms` (a
 * server's Retry-After; below 0: none), of which no more than BACKOFF_MINIMUM_CAP_MS is believed.
 */
enum { BACKOFF_MINIMUM_CAP_MS = 3600 * 1000 };
int64_t backoff_delay(struct backoff *backoff, int64_t base_ms, int64_t cap_ms, uint32_t tries,
                      int64_t minimum_ms);

#endif
