/* route: the jobs that wait for one backend.
 *
 * A first-in first-out list of WAITING jobs, and what is known of the backend's appetite. Belongs
 * to the scheduler; loop thread only.
 */
#ifndef DAEMON_ROUTE_H
#define DAEMON_ROUTE_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/task.h"

enum { ROUTE_TARGETS_MAX = 64 };

struct route {
    struct backend *backend;
    int64_t targets[ROUTE_TARGETS_MAX]; /* the first that it was seen to answer for */
    size_t target_count;
    struct task_job *first, *last;
    unsigned waiting, asking;
    struct task *parked;    /* not begun: too many wait already (linked by task->parked_next) */
    int64_t pause_until_ms; /* after an answer "away", so as not to ask in circles */
};

/* Puts a WAITING job at the end, or in front when it had its turn already. */
void route_push(struct route *route, struct task_job *job, bool front);

/* Notes that the backend answers for this target. */
void route_know(struct route *route, int64_t target_id);

/* Takes the first job out; NULL when there is none. */
struct task_job *route_pop(struct route *route);

/* True when the first job should be asked about now. */
bool route_ready(const struct route *route, int64_t now_ms);

/* How many more pictures may be on their way to the backend before downloads for it should pause:
 * twice what it can work on, and some. */
unsigned route_room(const struct route *route);

/* For how long the backend has been away, in ms. */
int64_t route_away_ms(const struct route *route);

void route_park(struct route *route, struct task *task);
struct task *route_unpark(struct route *route); /* NULL when none is parked */

#endif
