/* overview: the daemon's figures as JSON, for the live page and whoever else polls /status.json.
 *
 *   {version, state, healthy, problem, now, started_at, uptime_seconds, urls_per_second,
 *    jobs: {enqueued, pending, leased, done, failed, last_minute, rate,
 *    eta_seconds},
 *    read_at, in_flight: {queue, fetch, validate, wait, predict, record},
 *    backends: [{name, state, breaker, in_flight, limit, ceiling, away_seconds}],
 *    runs: [{run, jobs: as above, targets: [{model, framework, backend, jobs}]}], runs_cut,
 *    reasons: [{stage, reason, text, failed, waiting}],
 *    memory: {pictures, pictures_limit, resident}}
 *
 * Times are Unix seconds. `jobs`, `runs` and `read_at` (when they were read) are null
 * while the database cannot be read. Fields
 * may be added, none is renamed.
 */
#ifndef DAEMON_OVERVIEW_H
#define DAEMON_OVERVIEW_H

#include <stdio.h>

#include "daemon/figures.h"
#include "daemon/snapshot.h"

/* `snapshot` NULL: the database could not be read. */
void overview_write(FILE *out, const struct figures *figures, const struct snapshot *snapshot);

#endif
