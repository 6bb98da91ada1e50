#include "daemon/rate.h"

#include <stdbool.h>

enum { EVERY_MS = 2000, SMOOTH_MS = 10000 };

/* What stood still says nothing of what comes behind it. One more may be slow work that goes on. */
static bool begins(const struct rate *rate, uint64_t growth)
{
    return rate->per_s <= 0 || (growth > 1 && rate->at_ms - rate->grew_ms >= SMOOTH_MS);
}

void rate_measure(struct rate *rate, uint64_t count, int64_t now_ms)
{
    int64_t elapsed = now_ms - rate->at_ms;
    uint64_t growth = count - rate->count;
    if (elapsed < EVERY_MS)
        return;
    if (begins(rate, growth))
        rate->began_ms = rate->at_ms;
    int64_t span = now_ms - rate->began_ms < SMOOTH_MS ? now_ms - rate->began_ms : SMOOTH_MS;
    double recent = (double)growth * 1000 / (double)elapsed;
    double weight = elapsed < span ? (double)elapsed / (double)span : 1;
    rate->per_s = rate->per_s * (1 - weight) + recent * weight;
    rate->at_ms = now_ms;
    rate->count = count;
    if (growth)
        rate->grew_ms = now_ms;
}
