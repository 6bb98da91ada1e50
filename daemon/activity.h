/* activity: tells the command line what the daemon is doing, through the view `activity`.
 *
 * Rows "fetch", "validate" and one for each backend, written by the committer's thread at most
 * every ACTIVITY_MS and only when something changed. Loop thread only.
 */
#ifndef DAEMON_ACTIVITY_H
#define DAEMON_ACTIVITY_H

#include "daemon/figures.h"

enum { ACTIVITY_MS = 2000, ACTIVITY_ROWS = 2 + SERVICES_LOADS };

struct activity_row {
    char name[16], state[16], detail[96];
    unsigned in_flight, ceiling;
};

/* Embedded; zeroed to begin with. Must stay until the committer is closed. */
struct activity {
    struct errand errand;                    /* first, to come from one to the other */
    struct activity_row rows[ACTIVITY_ROWS]; /* told last, or being told */
    unsigned count;
    bool under_way, failed;
    int64_t told_ms;
};

/* Call it as often as you like while the committer is open; the clock never goes back. */
void activity_tell(struct activity *activity, struct committer *committer,
                   const struct figures *figures, int64_t now_ms);

#endif
