/* limiter: how many calls a service stands at once, found out by asking.
 *
 * Additive increase, multiplicative decrease (D. Chiu, R. Jain, Analysis of the Increase and
 * Decrease Algorithms for Congestion Avoidance, 1989): a round of answers adds one call, an
 * overload halves. Calls that began before a halving do not halve again: they belong to the same
 * overload. One thread.
 */
#ifndef DAEMON_BACKENDS_LIMITER_H
#define DAEMON_BACKENDS_LIMITER_H

#include <stdint.h>

struct limiter {
    double limit;       /* at least 1 */
    uint64_t calls;     /* begun so far */
    uint64_t halved_at; /* value of `calls` at the last halving */
};

/* Starts at four calls. */
void limiter_init(struct limiter *limiter);

/* Calls that may be under way, 1...ceiling. */
unsigned limiter_limit(const struct limiter *limiter, unsigned ceiling);

/* A call begins; hand the number to limiter_failed. */
uint64_t limiter_begin(struct limiter *limiter);

/* An answer came; the limit grows up to `ceiling`. */
void limiter_answered(struct limiter *limiter, unsigned ceiling);

/* The call was too much for the service. */
void limiter_failed(struct limiter *limiter, uint64_t call, unsigned ceiling);

#endif
