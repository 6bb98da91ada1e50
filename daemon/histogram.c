#include "daemon/histogram.h"

/* From a picture that a neighbour serves to the default of fetch.timeout. */
const double histogram_bounds[HISTOGRAM_BUCKETS] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                                    0.25,  0.5,    1,     5,    15,    60};

void histogram_add_ms(struct histogram *histogram, double ms)
{
    double seconds = ms > 0 ? ms / 1000 : 0;
    histogram->count++;
    histogram->sum += seconds;
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
        if (seconds <= histogram_bounds[i]) {
            histogram->buckets[i]++;
            return;
        }
}
