#include "engine/classifier.h"

#include <math.h>

/* True when value a of index i comes before value b of index j. */
static bool precedes(float a, size_t i, float b, size_t j)
{
    if (isnan(a) || isnan(b))
        return isnan(a) && isnan(b) ? i < j : !isnan(a);
    return a > b || (a == b && i < j);
}

/* Insertion into a short sorted list: k is small, and most values stop at the first comparison. */
size_t top_k(const float *values, size_t n, struct ranked *best, size_t k)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        size_t place = count;
        while (place > 0 &&
               precedes(values[i], i, best[place - 1].probability, best[place - 1].index))
            place--;
        if (place == k)
            continue;
        count += count < k;
        for (size_t j = count - 1; j > place; j--)
            best[j] = best[j - 1];
        best[place] = (struct ranked){.index = (uint32_t)i, .probability = values[i]};
    }
    return count;
}
