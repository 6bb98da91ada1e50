/* outcome: a store_outcome that owns its strings, to travel between threads.
 *
 * One piece of memory holds the struct and everything it points at.
 */
#ifndef DAEMON_OUTCOME_H
#define DAEMON_OUTCOME_H

#include "common/store/store.h"

struct outcome {
    struct store_outcome record;
    void *owner;          /* whoever wants to know that it was recorded */
    struct outcome *next; /* for the list it is in */
};

/* A copy of `record` with all its strings (each cut to 4096 bytes); NULL when memory is out. Free
 * with free(). Any thread. */
struct outcome *outcome_copy(const struct store_outcome *record, void *owner);

/* A list with its end, so that order is kept. */
struct outcome_list {
    struct outcome *first, **end;
    size_t count;
};

void outcome_list_init(struct outcome_list *list);
void outcome_list_push(struct outcome_list *list, struct outcome *outcome);

/* The first, which must be there. */
struct outcome *outcome_list_shift(struct outcome_list *list);

/* Frees the outcome and all behind it. */
void outcome_free_all(struct outcome *first);

#endif
