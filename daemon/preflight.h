/* preflight: the configuration, read and checked before the daemon starts. */
#ifndef DAEMON_PREFLIGHT_H
#define DAEMON_PREFLIGHT_H

#include "daemon/daemon.h"

/* Reads the configuration and applies the options to it; checks what can be checked without
 * starting anything. Caller frees *out. */
enum status preflight_read(const struct daemon_options *options, struct config **out,
                           struct error *error) MUST_CHECK;

#endif
