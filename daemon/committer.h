/* committer: the one thread that writes to the store.
 *
 * It owns the daemon's `struct store` from opening to closing. The loop thread hands it finished
 * outcomes and asks it for leases; answers come back on the loop. Outcomes are recorded in groups
 * (at most 64, or what came within 5 ms of the first), so that the price of a durable commit is
 * shared.
 *
 * Disk full, I/O error, or a database that another writer holds: the group is kept and tried again
 * every second, leases are answered with nothing meanwhile, and work goes on by itself when the
 * trouble ends. What is kept is bounded by what is under lease, because each leased job yields one
 * outcome and nothing new is leased. When a sync to disk failed, the kernel may have dropped what
 * it could not write and would report the next sync as fine: the daemon ends then (`failed`) and
 * the next start recovers from what really is on the disk.
 *
 * All functions: loop thread.
 */
#ifndef DAEMON_COMMITTER_H
#define DAEMON_COMMITTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "common/store/store.h"
#include "daemon/errand.h"
#include "daemon/outcome.h"

enum { COMMITTER_GROUP = 64, COMMITTER_DELAY_MS = 5, COMMITTER_RETRY_MS = 1000 };

struct committer;

/* An answer to committer_lease. */
struct committer_lease {
    bool answered; /* false: the store is in trouble, ask again later */
    struct store_batch batch;
    const struct store_target **targets; /* of each job, in the order of items and their jobs */
    struct store_backlog backlog;        /* after the lease */
};
void committer_lease_free(struct committer_lease *lease);

/* Called from the loop, never from inside a committer function. */
struct committer_events {
    /* The store was opened, or not: then `status` says why and only committer_close may follow. */
    void (*opened)(void *context, enum status status, const struct store_recovery *recovery,
                   const struct error *error);
    /* The callee owns *lease (committer_lease_free). */
    void (*leased)(void *context, struct committer_lease *lease);
    /* These outcomes are in the store (list; the callee frees each). */
    void (*recorded)(void *context, struct outcome *list);
    /* The store cannot write (`text` says why), or it can again (NULL). */
    void (*trouble)(void *context, const char *text);
    /* It cannot go on; what is not recorded stays leased for the next start. */
    void (*failed)(void *context, enum status status, const struct error *error);
    /* Committer thread, right after opening; may be NULL. A failure fails the opening. */
    enum status (*prepare)(void *context, struct store *store, struct error *error);
};

/* Starts the thread, which opens the database. Strings are copied; `events` must stay. */
enum status committer_create(uv_loop_t *loop, const char *path,
                             const struct committer_events *events, void *context,
                             struct committer **out, struct error *error) MUST_CHECK;

/* Asks for up to `max_items` URLs, passing over jobs for `count` targets; one request at a time.
 * When there is no memory to remember the targets, they are not passed over. */
void committer_lease(struct committer *committer, size_t max_items, const int64_t *targets,
                     size_t count);

/* Takes the outcome. */
void committer_record(struct committer *committer, struct outcome *outcome);

/* Outcomes handed over and not reported as recorded yet. */
size_t committer_pending(const struct committer *committer);

/* Has the thread do the errand, which must stay until its `done` was called. Between `opened` and
 * committer_close; the store is closed only after it ran. */
void committer_run(struct committer *committer, struct errand *errand);

/* A number that moves while the thread does its work, and how many ms ago it last did. */
uint64_t committer_heartbeat(const struct committer *committer);
int64_t committer_silence_ms(const struct committer *committer);

struct committer_counts {
    uint64_t commits; /* groups recorded */
    uint64_t stale;   /* outcomes that were not recorded because their lease had ended */
};
struct committer_counts committer_counts(const struct committer *committer);

/* Records what it has (for at most `patience_ms` when the store is in trouble), closes the store,
 * then calls `closed` from the loop and frees itself. No event is called afterwards. */
void committer_close(struct committer *committer, int64_t patience_ms,
                     void (*closed)(void *context), void *context);

#endif
