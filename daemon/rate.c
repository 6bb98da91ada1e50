#include "daemon/rate.h"

enum { EVERY_MS = 2000, SMOOTH_MS = 10000 };

void rate_measure(struct rate *rate, uint64_t count, int64_t now_ms)
{
    int64_t elapsed = now_ms - rate->at_ms;
    if (elapsed < EVERY_MS)
        return;
    double recent = (double)(count - rate->count) * 1000 / (double)elapsed;
    double weight = elapsed < SMOOTH_MS ? (double)elapsed / SMOOTH_MS : 1;
    rate->per_s = rate->per_s > 0 ? rate->per_s * (1 - weight) + recent * weight : recent;
    rate->at_ms = now_ms;
    rate->count = count;
}
