/* metrics: the daemon's figures in Prometheus' text exposition format 0.0.4.
 *
 * Names follow Prometheus' rules: base units, `_total` for what only grows. Labels have few values:
 * reasons, stages, backends and the targets of the queue (the first METRICS_TARGETS, the others
 * together as "other"); never a URL or a host.
 */
#ifndef DAEMON_METRICS_H
#define DAEMON_METRICS_H

#include <stdio.h>

#include "daemon/figures.h"
#include "daemon/snapshot.h"

enum { METRICS_TARGETS = 64 };

#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* `snapshot` NULL: what the store knows is left out. */
void metrics_write(FILE *out, const struct figures *figures, const struct snapshot *snapshot);

#endif
