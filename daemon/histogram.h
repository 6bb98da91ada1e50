/* histogram: how long things took, in buckets of fixed width classes, as Prometheus has them.
 *
 * One thread at a time; all zeros is empty.
 */
#ifndef DAEMON_HISTOGRAM_H
#define DAEMON_HISTOGRAM_H

#include <stdint.h>

enum { HISTOGRAM_BUCKETS = 13 };

/* Upper bounds in seconds, ascending; what is longer than the last has no bucket of its own. */
extern const double histogram_bounds[HISTOGRAM_BUCKETS];

struct histogram {
    uint64_t buckets[HISTOGRAM_BUCKETS]; /* each without those below it */
    uint64_t count;
    double sum; /* seconds */
};

/* Notes one duration; what is no number or negative counts as 0. */
void histogram_add_ms(struct histogram *histogram, double ms);

#endif
