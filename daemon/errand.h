/* errand: something that the committer's thread is to do with the store beside its own work, such
 * as reading a view. Embedded in what it needs and makes; handed over with committer_run.
 */
#ifndef DAEMON_ERRAND_H
#define DAEMON_ERRAND_H

#include "common/store/store.h"

struct errand {
    /* Committer thread, between groups; outcomes wait meanwhile. */
    void (*run)(struct errand *errand, struct store *store);
    /* Loop thread, afterwards. */
    void (*done)(struct errand *errand);
    struct errand *next; /* the committer's */
};

/* In order; an empty list is all zeros. */
struct errand_list {
    struct errand *first, *last;
};

void errand_push(struct errand_list *list, struct errand *errand);

/* Takes the first; NULL when there is none. */
struct errand *errand_shift(struct errand_list *list);

#endif
