/* workers: the threads of libuv's pool, which check pictures and run the local engine. */
#ifndef DAEMON_WORKERS_H
#define DAEMON_WORKERS_H

#include "common/config.h"

/* daemon.workers, or one for each CPU that this process may use, but at least two. Any thread. */
unsigned workers_count(const struct config *config);

/* Makes the pool that large. Before its first use. */
void workers_fit(const struct config *config);

#endif
