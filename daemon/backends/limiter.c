#include "daemon/backends/limiter.h"

void limiter_init(struct limiter *limiter)
{
    *limiter = (struct limiter){.limit = 4};
}

static double capped(double limit, unsigned ceiling)
{
    double highest = ceiling > 1 ? ceiling : 1;
    return limit < 1 ? 1 : limit > highest ? highest : limit;
}

unsigned limiter_limit(const struct limiter *limiter, unsigned ceiling)
{
    return (unsigned)capped(limiter->limit, ceiling);
}

uint64_t limiter_begin(struct limiter *limiter)
{
    return limiter->calls++;
}

void limiter_answered(struct limiter *limiter, unsigned ceiling)
{
    limiter->limit = capped(limiter->limit + 1 / limiter->limit, ceiling);
}

void limiter_failed(struct limiter *limiter, uint64_t call, unsigned ceiling)
{
    if (call < limiter->halved_at)
        return;
    limiter->limit = capped(capped(limiter->limit, ceiling) / 2, ceiling);
    limiter->halved_at = limiter->calls;
}
