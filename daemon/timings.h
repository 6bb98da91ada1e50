/* timings: CPU time by stage, for the benchmark (`carmlbenchd --timings`).
 *
 * Threads of the pool do several kinds of work, so each piece measures its own thread's CPU clock;
 * the loop and the committer are whole threads. What remains of the process's CPU time (curl's
 * resolver threads, start and end) is "other". All functions: any thread.
 */
#ifndef DAEMON_TIMINGS_H
#define DAEMON_TIMINGS_H

#include <stdint.h>
#include <stdio.h>

#define TIMING_MAP(X)                                                                              \
    X(loop)      /* event loop: HTTP, scheduling */                                                \
    X(committer) /* writer thread: SQLite */                                                       \
    X(validate)  /* worker threads: full decode, SHA-256 */                                        \
    X(keep)      /* worker threads: writing kept pictures */                                       \
    X(predict)   /* reading answers, local inference */

enum timing {
#define X(name) TIMING_##name,
    TIMING_MAP(X)
#undef X
        TIMING_COUNT
};

/* CPU time of the calling thread in ns: begin a piece of work with it and hand it to timings_add at
 * the end. */
int64_t timings_begin(void);
void timings_add(enum timing stage, int64_t begin_ns);

/* The same for work on the loop thread, which then does not count as the loop's own. */
void timings_add_on_loop(enum timing stage, int64_t begin_ns);

/* Sets a stage that is a whole thread to the calling thread's CPU time so far. */
void timings_thread(enum timing stage);

/* One line of JSON: milliseconds per stage, in all and per URL. */
void timings_print(FILE *out, uint64_t urls, double wall_ms);

#endif
