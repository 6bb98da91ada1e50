#include "daemon/backoff.h"

void backoff_seed(struct backoff *backoff, uint64_t seed)
{
    backoff->state = seed;
}

static uint64_t next_number(struct backoff *backoff)
{
    uint64_t z = (backoff->state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

int64_t backoff_random(struct backoff *backoff, int64_t bound)
{
    if (bound <= 0)
        return 0;
    /* The bias of the remainder is below 2^-20 for any bound that is a time in ms. */
    return (int64_t)(next_number(backoff) % ((uint64_t)bound + 1));
}

static int64_t ceiling(int64_t base_ms, int64_t cap_ms, uint32_t tries)
{
    if (base_ms <= 0)
        return 0;
    int64_t bound = base_ms;
    for (uint32_t i = 1; i < tries && bound < cap_ms; i++)
        bound = bound > INT64_MAX / 2 ? INT64_MAX : bound * 2;
    return bound < cap_ms ? bound : cap_ms;
}

int64_t backoff_delay(struct backoff *backoff, int64_t base_ms, int64_t cap_ms, uint32_t tries,
                      int64_t minimum_ms)
{
    int64_t delay = backoff_random(backoff, ceiling(base_ms, cap_ms, tries));
    if (minimum_ms > BACKOFF_MINIMUM_CAP_MS)
        minimum_ms = BACKOFF_MINIMUM_CAP_MS;
    return delay < minimum_ms ? minimum_ms : delay;
}
