/* difference: how far two lists of numbers are apart, and what commonly makes a layer differ. */
#ifndef ENGINE_DIFFERENCE_H
#define ENGINE_DIFFERENCE_H

#include <stddef.h>
#include <stdint.h>

#include "model/graph.h"

struct difference {
    double max;      /* largest |a - b|; infinite where just one is not a number */
    double relative; /* that, divided by the largest finite |a|; 0 where both are all 0 */
    bool finite;     /* some a is a finite number: if none is, equality says nothing */
};

/* Equal infinities and two NaNs are equal. */
struct difference difference_take(const float *a, const float *b, size_t count);

/* Whether b holds the numbers of a, whose shape is given and has three or four axes, within `bound`
 * of the largest, but with some of the axes behind the first exchanged. */
bool difference_is_turned(const float *a, const float *b, const struct shape *shape, double bound);

/* A summary that tells lists apart which are far from each other. */
struct fingerprint {
    size_t count;
    double norm, projection;
};

struct fingerprint fingerprint_take(const float *data, size_t count);

/* False means that the lists differ; true that they may be alike. */
bool fingerprint_close(const struct fingerprint *a, const struct fingerprint *b);

/* Why a layer of this kind commonly differs between frameworks; NULL when nothing is known. */
const char *difference_hint(const struct node *node);

#endif
