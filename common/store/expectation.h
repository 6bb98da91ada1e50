/* expectation: what is right for a URL, each combination of synset and text once. */
#ifndef COMMON_STORE_EXPECTATION_H
#define COMMON_STORE_EXPECTATION_H

#include "common/store/store.h"

/* The number of the expectation, which is added when it is new; 0 when both are NULL. Inside a
 * transaction. */
enum status expectation_put(struct store *store, const char *wnid, const char *text, int64_t *id,
                            struct error *error) MUST_CHECK;

/* The item now expects this, too, where it did not say yet; what it said stands, and *kept is one
 * more where that is something else. Inside a transaction. */
enum status expectation_add(struct store *store, int64_t item_id, int64_t expectation_id,
                            uint64_t *kept, struct error *error) MUST_CHECK;

#endif
