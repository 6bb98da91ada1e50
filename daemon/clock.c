#include "daemon/clock.h"

#include <uv.h>

static uv_once_t once = UV_ONCE_INIT;
static int64_t offset_ms; /* of Unix time from the monotonic clock */

static int64_t monotonic_ms(void)
{
    return (int64_t)(uv_hrtime() / 1000000);
}

static void begin(void)
{
    uv_timeval64_t now;
    if (uv_gettimeofday(&now) == 0)
        offset_ms = now.tv_sec * 1000 + now.tv_usec / 1000 - monotonic_ms();
}

int64_t clock_unix_ms(void)
{
    uv_once(&once, begin);
    return offset_ms + monotonic_ms();
}
