#include "daemon/timings.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <time.h>

static const char *const names[] = {
#define X(name) #name,
    TIMING_MAP(X)
#undef X
};

static _Atomic int64_t spent[TIMING_COUNT];
static _Atomic int64_t not_the_loops; /* spent on its thread, counted elsewhere */

static int64_t clock_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t timings_begin(void)
{
    return clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

void timings_add(enum timing stage, int64_t begin_ns)
{
    atomic_fetch_add(&spent[stage], clock_ns(CLOCK_THREAD_CPUTIME_ID) - begin_ns);
}

void timings_add_on_loop(enum timing stage, int64_t begin_ns)
{
    int64_t ns = clock_ns(CLOCK_THREAD_CPUTIME_ID) - begin_ns;
    atomic_fetch_add(&spent[stage], ns);
    atomic_fetch_add(&not_the_loops, ns);
}

void timings_thread(enum timing stage)
{
    atomic_store(&spent[stage], clock_ns(CLOCK_THREAD_CPUTIME_ID));
}

static void print_stages(FILE *out, double divisor)
{
    double total = (double)clock_ns(CLOCK_PROCESS_CPUTIME_ID), known = 0;
    fputc('{', out);
    for (unsigned i = 0; i < TIMING_COUNT; i++) {
        double ns = (double)atomic_load(&spent[i]);
        if (i == TIMING_loop)
            ns -= (double)atomic_load(&not_the_loops);
        known += ns;
        fprintf(out, "\"%s\":%.4f,", names[i], ns / 1e6 / divisor);
    }
    double other = total > known ? total - known : 0;
    fprintf(out, "\"other\":%.4f,\"total\":%.4f}", other / 1e6 / divisor, total / 1e6 / divisor);
}

void timings_print(FILE *out, uint64_t urls, double wall_ms)
{
    fprintf(out, "{\"urls\":%" PRIu64 ",\"wall_ms\":%.1f,\"cpu_ms\":", urls, wall_ms);
    print_stages(out, 1);
    fputs(",\"cpu_ms_per_url\":", out);
    print_stages(out, urls ? (double)urls : 1);
    fputs("}\n", out);
    fflush(out);
}
