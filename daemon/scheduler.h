/* scheduler: keeps the right amount of work under way.
 *
 * Leases URLs (up to daemon.window, again when below half), starts downloads host by host, hands
 * pictures to their backends as these want them, and passes outcomes to the committer. Ceilings:
 * fetch.concurrency downloads; daemon.memory bytes of pictures, where a running download counts
 * with its share (daemon.memory / fetch.concurrency) and is started again, with room for
 * fetch.max_bytes, when it turns out larger; and a backend for which twice as many pictures wait as
 * it works on stops the downloads meant for it. While a service is away what waits for it stays in
 * memory within these ceilings, and URLs not begun go back to the queue for a while, uncounted, so
 * that others get their turn; so do the URLs of a host that takes them too slowly.
 *
 * Loop thread only.
 */
#ifndef DAEMON_SCHEDULER_H
#define DAEMON_SCHEDULER_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "common/config.h"
#include "daemon/backends/backend.h"
#include "daemon/committer.h"
#include "daemon/fetch.h"
#include "daemon/keeper.h"
#include "daemon/histogram.h"

struct scheduler;

enum { SCHEDULER_PRODUCERS = 2 }; /* who answers: "carml", "local" */

/* What became of the work so far; jobs unless said otherwise. */
struct scheduler_counts {
    uint64_t urls; /* whose last outcome was recorded (a URL tried again counts again) */
    uint64_t leased, done, failed, retried, released;
    uint64_t reasons[REASON_COUNT]; /* of `failed` and `retried` */
    uint64_t placeholders;          /* of `done`: known ones (validate.placeholders) */
    uint64_t pending;               /* in the store when last asked */
    struct histogram fetch, validate;
    struct histogram predict[SCHEDULER_PRODUCERS]; /* of `done` */
};

/* The names of the producers that are counted apart, in their order. */
extern const char *const scheduler_producers[SCHEDULER_PRODUCERS];

/* What is under way now. */
struct scheduler_flight {
    unsigned queued;                     /* URLs: wait for a download to start */
    unsigned fetching, validating;       /* URLs */
    unsigned waiting, asking, recording; /* jobs: wait for a backend, are asked, are committed */
    int64_t memory, memory_limit;        /* bytes of pictures */
    unsigned fetch_limit;                /* downloads at once */
    unsigned workers;                    /* threads that check pictures */
};

struct scheduler_options {
    uv_loop_t *loop;
    const struct config *config; /* may change its limits at run time: call scheduler_configure */
    struct committer *committer;
    struct fetcher *fetcher;
    struct keeper *keeper;           /* NULL: pictures are not kept */
    struct backend *const *backends; /* distinct objects; a `ready` that is not set yet is */
    unsigned backend_count;          /* at most 8 */
    /* Which of them answers for a target; NULL and *error when none can. */
    struct backend *(*route)(void *context, const struct store_target *target, struct error *error);
    bool once;
    /* `once`: nothing is left (STATUS_OK), or only what a service that is away would have to
     * answer (STATUS_UNAVAILABLE, `text` says so). Called once, from the loop. */
    void (*finished)(void *context, enum status status, const char *text);
    /* After scheduler_drain or scheduler_abandon: nothing is under way any more. Called once. */
    void (*idle)(void *context);
    void *context;
};

enum status scheduler_create(const struct scheduler_options *options, struct scheduler **out,
                             struct error *error) MUST_CHECK;

/* Limits of the configuration have changed. */
void scheduler_configure(struct scheduler *scheduler);

/* Events of the committer. */
void scheduler_leased(struct scheduler *scheduler, struct committer_lease *lease);
void scheduler_recorded(struct scheduler *scheduler, struct outcome *list);

/* No new leases and downloads; what is not begun or waits for an absent service goes back; what is
 * under way is finished. `idle` follows, maybe before this returns. */
void scheduler_drain(struct scheduler *scheduler);

/* Also cancels downloads and gives back what waits for a backend. What a backend is working on
 * remains until scheduler_backends_closed. Implies scheduler_drain. */
void scheduler_abandon(struct scheduler *scheduler);

/* No backend will answer any more: what was asked goes back too. */
void scheduler_backends_closed(struct scheduler *scheduler);

const struct scheduler_counts *scheduler_counts(const struct scheduler *scheduler);
struct scheduler_flight scheduler_flight(const struct scheduler *scheduler);

/* URLs under way, for STATUS= and logs: "12 fetching, 3 checking, 8 asking, 40 waiting". */
void scheduler_describe(const struct scheduler *scheduler, char *text, size_t size);

/* Closes its timer and frees everything; `closed` is called from the loop. Nothing may be in the
 * hands of the fetcher, the pool, or a backend. */
void scheduler_close(struct scheduler *scheduler, void (*closed)(void *context), void *context);

#endif
