/* rate: how fast a counter grows, smoothed over about ten seconds, or over the time since it began
 * to grow. One thread. */
#ifndef DAEMON_RATE_H
#define DAEMON_RATE_H

#include <stdint.h>

/* All zeros but `at_ms`, the time it starts at. */
struct rate {
    int64_t at_ms;
    uint64_t count;
    double per_s;
    int64_t began_ms, grew_ms; /* when what is smoothed began, and when it last was more */
};

/* The counter stands at `count`; the clock never goes back. Sooner than two seconds after the last
 * time nothing happens. */
void rate_measure(struct rate *rate, uint64_t count, int64_t now_ms);

#endif
