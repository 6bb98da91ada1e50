/* blame: when a call breaks, is it the picture or the service?
 *
 * A picture that kills the service, or makes it hang, must end as failed some day; a service that
 * is down must not use up the tries of pictures that have nothing to do with it. One broken call
 * tells nothing, so the rule looks at what else happened:
 *
 *   the call broke because ...            it is the picture when ...
 *   no answer in time, or 5xx             others were answered since the call began
 *     (the service stands)
 *   the connection was cut, the agent     the same picture broke a call before, and others were
 *     is gone (something fell over)       answered since
 *   either                                it is the third broken call of this picture in a row
 *
 * The second line asks for two broken calls because a falling service takes innocent calls with it.
 * Remembers the last 64 suspects. One thread.
 */
#ifndef DAEMON_BACKENDS_BLAME_H
#define DAEMON_BACKENDS_BLAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BLAME_SUSPECTS = 64, BLAME_STRIKES = 3 };

enum blame_kind { BLAME_STANDS, BLAME_FELL };

struct blame_suspect {
    int64_t item;
    const void *target;
    unsigned strikes; /* 0: free */
    uint64_t answers; /* the count at the last strike */
};

struct blame {
    uint64_t answers;
    size_t next; /* the oldest entry: taken when all are in use */
    struct blame_suspect suspects[BLAME_SUSPECTS];
};

void blame_init(struct blame *blame);

/* The service answered a call, whatever it said. */
void blame_answered(struct blame *blame);

/* The count of answers, to be taken when a call begins. */
uint64_t blame_mark(const struct blame *blame);

/* The call about (item, target) that began at `mark` broke. True: it is the picture's failure, and
 * the slate is clean again; false: the service's. */
bool blame_picture(struct blame *blame, enum blame_kind kind, int64_t item, const void *target,
                   uint64_t mark);

/* The picture was answered: it is no suspect any more. */
void blame_clear(struct blame *blame, int64_t item, const void *target);

#endif
