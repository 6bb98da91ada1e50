/* target: models, frameworks and backends by number; see store_target_get in store.h. */
#ifndef COMMON_STORE_TARGET_H
#define COMMON_STORE_TARGET_H

#include "common/store/store.h"

/* The number of a target, which is added when it is new. Inside a transaction. */
enum status target_put(struct store *store, const struct store_target *target, int64_t *id,
                       struct error *error) MUST_CHECK;

/* Frees what store_target_get handed out. */
void target_free_all(struct store *store);

#endif
