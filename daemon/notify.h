/* notify: tells the service manager how the daemon is doing.
 *
 * The protocol of sd_notify(3) spoken by hand: datagrams of KEY=VALUE lines to the Unix socket that
 * NOTIFY_SOCKET names (a path, or '@' for an abstract name). Outside a service manager every call
 * is a no-op. Never blocks: a datagram that does not fit is dropped. One thread.
 */
#ifndef DAEMON_NOTIFY_H
#define DAEMON_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "common/status.h"

struct notify {
    int descriptor;      /* -1: nobody listens */
    int64_t watchdog_ms; /* 0: no watchdog is wanted */
};

/* Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID. A socket that cannot be reached is a warning
 * in the log, no error: the daemon works without. */
void notify_open(struct notify *notify);
void notify_close(struct notify *notify);

/* Sends one datagram; lines are separated by newlines, e.g. "READY=1\nSTATUS=12 in flight". */
void notify_send(struct notify *notify, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
