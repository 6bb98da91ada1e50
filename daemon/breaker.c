#include "daemon/breaker.h"

enum event { EVENT_BEGIN, EVENT_SUCCESS, EVENT_FAILURE, EVENT_CANCEL, EVENT_COUNT };

/* splitmix64: S. Vigna, https://prng.di.unimi.it/splitmix64.c (public domain). */
static uint64_t next_random(uint64_t *seed)
{
    uint64_t z = *seed += 0x9e3779b97f4a7c15U;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
}

static void enter(struct breaker *breaker, enum breaker_state state)
{
    if (breaker->state != state)
        breaker->epoch++;
    breaker->state = state;
}

static void pause_calls(struct breaker *breaker, int64_t now_ms)
{
    uint64_t limit = (uint64_t)breaker->limit_ms;
    breaker->until_ms = now_ms + 1 + (int64_t)(next_random(&breaker->seed) % limit);
    breaker->limit_ms =
        breaker->limit_ms > breaker->cap_ms / 2 ? breaker->cap_ms : breaker->limit_ms * 2;
    enter(breaker, BREAKER_OPEN);
}

static void count(struct breaker *breaker, int64_t now_ms)
{
    if (breaker->failures == 0)
        breaker->since_ms = now_ms;
    if (++breaker->failures >= breaker->threshold)
        pause_calls(breaker, now_ms);
}

static void recover(struct breaker *breaker, int64_t now_ms)
{
    (void)now_ms;
    breaker->failures = 0;
    breaker->limit_ms = breaker->first_ms;
    enter(breaker, BREAKER_CLOSED);
}

static void probe(struct breaker *breaker, int64_t now_ms)
{
    (void)now_ms;
    enter(breaker, BREAKER_HALF_OPEN);
}

static void make_way(struct breaker *breaker, int64_t now_ms)
{
    breaker->until_ms = now_ms;
    enter(breaker, BREAKER_OPEN);
}

/* What each event does in each state; NULL: nothing. */
static const struct {
    void (*act)(struct breaker *breaker, int64_t now_ms);
    bool stragglers; /* also when the call began in another state */
} table[BREAKER_STATES][EVENT_COUNT] = {
    [BREAKER_CLOSED] = {[EVENT_SUCCESS] = {recover, true}, [EVENT_FAILURE] = {count, false}},
    [BREAKER_OPEN] = {[EVENT_BEGIN] = {probe, true}, [EVENT_SUCCESS] = {recover, true}},
    [BREAKER_HALF_OPEN] = {[EVENT_SUCCESS] = {recover, true},
                           [EVENT_FAILURE] = {pause_calls, false},
                           [EVENT_CANCEL] = {make_way, false}},
};

static void happen(struct breaker *breaker, enum event event, uint32_t ticket, int64_t now_ms)
{
    enum breaker_state state = breaker->state;
    if (table[state][event].act && (table[state][event].stragglers || ticket == breaker->epoch))
        table[state][event].act(breaker, now_ms);
}

void breaker_init(struct breaker *breaker, unsigned threshold, int64_t first_ms, int64_t cap_ms,
                  uint64_t seed)
{
    *breaker = (struct breaker){.state = BREAKER_CLOSED,
                                .threshold = threshold ? threshold : 1,
                                .first_ms = first_ms > 1 ? first_ms : 1,
                                .seed = seed};
    breaker->cap_ms = cap_ms > breaker->first_ms ? cap_ms : breaker->first_ms;
    breaker->limit_ms = breaker->first_ms;
}

bool breaker_allows(const struct breaker *breaker, int64_t now_ms)
{
    return breaker_wait_ms(breaker, now_ms) == 0;
}

uint32_t breaker_begin(struct breaker *breaker, int64_t now_ms)
{
    happen(breaker, EVENT_BEGIN, breaker->epoch, now_ms);
    return breaker->epoch;
}

void breaker_success(struct breaker *breaker, uint32_t ticket, int64_t now_ms)
{
    happen(breaker, EVENT_SUCCESS, ticket, now_ms);
}

void breaker_failure(struct breaker *breaker, uint32_t ticket, int64_t now_ms)
{
    happen(breaker, EVENT_FAILURE, ticket, now_ms);
}

void breaker_cancel(struct breaker *breaker, uint32_t ticket, int64_t now_ms)
{
    happen(breaker, EVENT_CANCEL, ticket, now_ms);
}

enum breaker_state breaker_state(const struct breaker *breaker)
{
    return breaker->state;
}

const char *breaker_state_name(enum breaker_state state)
{
    static const char *const names[BREAKER_STATES] = {"closed", "open", "half-open"};
    return (unsigned)state < BREAKER_STATES ? names[state] : "unknown";
}

int64_t breaker_wait_ms(const struct breaker *breaker, int64_t now_ms)
{
    switch (breaker->state) {
    case BREAKER_CLOSED:
        return 0;
    case BREAKER_OPEN:
        return now_ms < breaker->until_ms ? breaker->until_ms - now_ms : 0;
    case BREAKER_HALF_OPEN:
        break;
    }
    return -1;
}

int64_t breaker_away_ms(const struct breaker *breaker, int64_t now_ms)
{
    if (breaker->state == BREAKER_CLOSED)
        return 0;
    return now_ms > breaker->since_ms ? now_ms - breaker->since_ms : 1;
}
