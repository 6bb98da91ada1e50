/* targets: what the jobs under lease ask about, read from the store once each.
 *
 * Pointers that were handed out stay good until targets_free, on any thread. Otherwise belongs to
 * the store's thread.
 */
#ifndef DAEMON_TARGETS_H
#define DAEMON_TARGETS_H

#include <stddef.h>
#include <stdint.h>

#include "common/store/store.h"

enum { TARGETS_MAX = 65536 };

/* Zeroed is empty. */
struct targets {
    struct known_target **items; /* sorted by id */
    size_t count;
};

/* The target with this id. The strings in it live as long as the store. STATUS_LIMIT: more than
 * TARGETS_MAX. */
enum status targets_find(struct targets *targets, struct store *store, int64_t id,
                         const struct store_target **out, struct error *error) MUST_CHECK;
void targets_free(struct targets *targets);

#endif
