/* host: which URL may be fetched next without being rude to its host.
 *
 * One queue per host name. At most `cap` fetches of a host run at once and two starts are at least
 * `delay_ms` apart; hosts that may start take turns. Entries are embedded in their owners and never
 * freed here. Loop thread only.
 */
#ifndef DAEMON_HOST_H
#define DAEMON_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/status.h"

struct host;
struct hosts;

/* Embedded in what waits for its host. Between hosts_push and hosts_release (or hosts_remove) it
 * must stay where it is. */
struct host_entry {
    struct host *host; /* NULL: not known to any host */
    struct host_entry *next, *previous;
    bool queued;
    int64_t began_ms; /* when it was popped */
};

enum status hosts_create(int64_t cap, int64_t delay_ms, struct hosts **out) MUST_CHECK;
/* Every entry must have left. NULL is fine. */
void hosts_free(struct hosts *hosts);

/* New limits for starts from now on; cap at least 1. */
void hosts_limit(struct hosts *hosts, int64_t cap, int64_t delay_ms);

/* Queues an entry behind those of its host. STATUS_MEMORY. */
enum status hosts_push(struct hosts *hosts, struct host_entry *entry, const char *name,
                       int64_t now_ms) MUST_CHECK;

/* The next entry that may start at `now_ms` (monotonic ms); it then counts as running until
 * hosts_release. NULL when none may. */
struct host_entry *hosts_pop(struct hosts *hosts, int64_t now_ms);

/* A popped entry ended. */
void hosts_release(struct hosts *hosts, struct host_entry *entry, int64_t now_ms);

/* A popped entry does not start after all: it and its host are the next again. */
void hosts_restore(struct hosts *hosts, struct host_entry *entry, int64_t now_ms);

/* The last entry of a host with more of them than it takes in `horizon_ms`, by its delay, its cap
 * and how long recent ones took; in *turn_ms how long the entry would wait. NULL: there is none. */
struct host_entry *hosts_surplus(const struct hosts *hosts, int64_t horizon_ms, int64_t *turn_ms);

/* Takes an entry that is still queued out again. */
void hosts_remove(struct hosts *hosts, struct host_entry *entry, int64_t now_ms);

/* Entries queued. */
size_t hosts_queued(const struct hosts *hosts);

/* When the first host that waits for nothing but its delay may start; INT64_MAX: none does. */
int64_t hosts_next_ms(const struct hosts *hosts);

#endif
