/* snapshot: what the store says about the work, read at one moment for those who watch.
 *
 * Bounded: more targets or runs than fit are left out and `cut` says so; the totals count them all.
 */
#ifndef DAEMON_SNAPSHOT_H
#define DAEMON_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/reason.h"
#include "common/store/store.h"

enum { SNAPSHOT_NAME = 128, SNAPSHOT_TARGETS = 256, SNAPSHOT_RUNS = 64 };

/* Jobs. */
struct snapshot_jobs {
    int64_t enqueued, pending, leased, done, failed;
};

struct snapshot_target {
    size_t run; /* its place in `runs` */
    char model[SNAPSHOT_NAME], framework[SNAPSHOT_NAME], backend[SNAPSHOT_NAME];
    struct snapshot_jobs jobs;
};

struct snapshot_run {
    char name[SNAPSHOT_NAME];
    struct snapshot_jobs jobs; /* of the targets shown */
    int64_t last_minute;       /* jobs that ended */
    double rate;               /* of them, a second */
};

struct snapshot {
    int64_t read_at_ms; /* Unix time */
    double took_ms;     /* reading it */
    bool cut;
    size_t target_count, run_count;
    struct snapshot_target targets[SNAPSHOT_TARGETS];
    struct snapshot_run runs[SNAPSHOT_RUNS];
    struct snapshot_jobs jobs; /* of all */
    int64_t last_minute;
    double rate;
    int64_t failed[REASON_COUNT];  /* jobs, by the reason they failed with */
    int64_t waiting[REASON_COUNT]; /* jobs that are to be tried again, by what went wrong last */
};

/* Fills *out. The store's errors; *out is half filled then. */
enum status snapshot_read(struct store *store, struct snapshot *out,
                          struct error *error) MUST_CHECK;

/* Seconds until `jobs` are worked off at `rate` jobs a second; negative: it cannot be said. */
double snapshot_eta(const struct snapshot_jobs *jobs, double rate);

#endif
