/* preflight: what is looked at, and set, before the event loop starts. */
#ifndef DAEMON_PREFLIGHT_H
#define DAEMON_PREFLIGHT_H

#include "daemon/daemon.h"

/* Reads the configuration and applies the options to it; checks what can be checked without
 * starting anything. Caller frees *out. */
enum status preflight_read(const struct daemon_options *options, struct config **out,
                           struct error *error) MUST_CHECK;

/* Makes libuv's pool as large as daemon.workers says. Before the pool's first use. */
void preflight_threads(const struct config *config);

#endif
