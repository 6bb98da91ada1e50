/* origin: labels and producers by number, each once. Inside a transaction. */
#ifndef COMMON_STORE_ORIGIN_H
#define COMMON_STORE_ORIGIN_H

#include "common/store/store.h"

/* The number of a label line, which is added when it is new. */
enum status origin_put_label(struct store *store, const char *line, int64_t *id,
                             struct error *error) MUST_CHECK;

/* The number of what produced an answer, which is added when it is new. */
enum status origin_put_producer(struct store *store, const struct store_producer *producer,
                                int64_t *id, struct error *error) MUST_CHECK;

#endif
