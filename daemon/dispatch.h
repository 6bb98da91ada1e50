/* dispatch: the scheduler's inside: its state, and how tasks get their work done.
 *
 * Carries out what tasks ask for (downloads, checks, questions to backends, records) within the
 * ceilings. Only scheduler.c and dispatch.c include this. Loop thread only.
 */
#ifndef DAEMON_DISPATCH_H
#define DAEMON_DISPATCH_H

#include "daemon/host.h"
#include "daemon/route.h"
#include "daemon/scheduler.h"
#include "daemon/task.h"

enum {
    ROUTES_MAX = 8,
    POLL_MS = 1000,         /* how often the store is asked when it had nothing */
    PASSING_POLL_MS = 3000, /* ... but for jobs that are passed over */
    LEASE_MAX = 4096,       /* URLs in one lease */
    POLL_MIN_MS = 20,       /* ... and at most */
    SHARE_MIN = 256 << 10,  /* bytes of daemon.memory for one download, at least */
    AWAY_PAUSE_MS = 100,    /* between two questions that are answered "away" */
    CROWD_MS = 20000,       /* more URLs of a host than it takes in this time make way too */
    CROWD_DUE_MS = 600000,  /* ... for as long as their turn takes, but no longer than this */
    AWAY_MS = 5000,         /* a service away for longer makes way for others */
    AWAY_DUE_MS = 10000     /* when its URLs get their next turn, plus up to as much jitter */
};

enum phase { RUNNING, DRAINING, ABANDONED };

struct scheduler {
    struct scheduler_options options;
    struct task_env env;
    struct backoff backoff;
    struct hosts *hosts;
    struct route routes[ROUTES_MAX];
    unsigned route_count;
    uv_timer_t timer;
    enum phase phase;
    bool pumping, again, ended;
    struct task *tasks; /* all, doubly linked */
    size_t task_count;
    unsigned fetching, validating;
    int64_t memory;   /* bytes of pictures */
    int64_t reserved; /* ... and what running downloads may become */
    int64_t wanted;   /* by a large picture whose turn it is; 0: none */
    bool lease_pending, store_empty;
    bool passing_over; /* the last lease asked for left out targets of absent services */
    size_t lease_size;
    int64_t next_lease_ms;
    int64_t last_progress_ms;   /* something was begun or answered */
    int64_t last_retry_wall_ms; /* the latest due time of a retry */
    struct scheduler_counts counts;
    void (*closed)(void *context);
    void *closed_context;
};

/* What the scheduler's tasks are given. */
extern const struct task_ops dispatch_ops;

/* Loop time, and Unix time as clock.h has it, in ms. */
int64_t dispatch_now_ms(const struct scheduler *scheduler);
int64_t dispatch_wall_ms(void *unused);

/* Set as `ready` of each backend; the context is the scheduler. */
void dispatch_ready(void *context);

/* Whose entry it is. */
struct task *dispatch_task(struct host_entry *entry);

/* Queues a QUEUED task at its host. */
void dispatch_queue(struct scheduler *scheduler, struct task *task);

/* Starts every download that may start now. */
void dispatch_fetches(struct scheduler *scheduler);

/* Hands waiting jobs to the backends that want some. */
void dispatch_questions(struct scheduler *scheduler);

/* Gives back what waits for the route, all but the first `keep` jobs. */
void dispatch_release_waiting(struct route *route, unsigned keep, int64_t due_ms);

/* Downloads are cancelled and their jobs given back. */
void dispatch_cancel_fetches(struct scheduler *scheduler);

/* Whether pictures in memory leave room for another download. */
bool dispatch_memory_is_free(const struct scheduler *scheduler);

/* Whether the ceilings let another download start; its host has a say too. */
bool dispatch_may_fetch(const struct scheduler *scheduler);

/* scheduler.c: does whatever can be done now. Called after every event; a call from inside only
 * notes that there is more to do. */
void scheduler_pump(struct scheduler *scheduler);

#endif
