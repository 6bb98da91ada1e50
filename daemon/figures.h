/* figures: what the daemon knows about itself at one moment, for those who watch.
 *
 * The words of systemd's STATUS=, of /metrics and of the live page all come from here. Loop thread
 * only; the pointers live until the next turn of the loop.
 */
#ifndef DAEMON_FIGURES_H
#define DAEMON_FIGURES_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/committer.h"
#include "daemon/keeper.h"
#include "daemon/scheduler.h"
#include "daemon/services.h"

struct figures {
    const char *state;  /* "working", "draining" */
    int64_t started_ms; /* Unix time */
    double uptime_s;
    double urls_per_s; /* of the last ten seconds, about */
    const struct scheduler_counts *counts;
    struct scheduler_flight flight;
    struct services_load backends[SERVICES_LOADS];
    unsigned backend_count;
    struct committer_counts commits;
    struct keeper_counts kept;
    uint64_t recovered; /* leases taken back at the start */
    uint64_t fetched_bytes;
    const char *trouble; /* why the store cannot be written; NULL: it can */
    int64_t silence_ms;  /* since the writer thread last moved */
};

/* False, and why in one line, when the daemon does not do its work: the store cannot be written,
 * or the writer thread has not moved for longer than another program may hold the database. */
bool figures_healthy(const struct figures *figures, char *why, size_t size);

/* What the kernel says of this process; 0 where it does not say. */
struct figures_process {
    double resident_bytes, cpu_s, open_files, max_files;
};
struct figures_process figures_process(void);

#endif
