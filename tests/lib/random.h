/* random: the same numbers from the same seed on every machine, for drawings and tests.
 *
 * splitmix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
 * The state is the caller's; one thread at a time.
 */
#ifndef TESTS_LIB_RANDOM_H
#define TESTS_LIB_RANDOM_H

#include <stdint.h>

static inline uint64_t random_next(uint64_t *state)
{
    uint64_t z = *state += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

/* Uniform in [low, high), in steps of 2^-53 of the range. */
static inline double random_between(uint64_t *state, double low, double high)
{
    return low + (high - low) * ((double)(random_next(state) >> 11) * 0x1p-53);
}

/* Uniform in 0 … count-1 for a small count; the bias, count / 2^32, does not matter here. */
static inline uint32_t random_below(uint64_t *state, uint32_t count)
{
    return (uint32_t)(((random_next(state) >> 32) * count) >> 32);
}

/* Uniform in low … high, which are not far apart. */
static inline int64_t random_whole(uint64_t *state, int64_t low, int64_t high)
{
    return low + random_below(state, (uint32_t)(high - low + 1));
}

#endif
