/* bulk: what adding many rows at once has in common, for enqueue.c and import.c.
 *
 * Rows are added by the chunk, a transaction each. A chunk that nobody was told of need not be on
 * the disk yet; bulk_commit with `flush` takes all before it along.
 */
#ifndef COMMON_STORE_BULK_H
#define COMMON_STORE_BULK_H

#include <stdbool.h>
#include <stdint.h>

#include "common/status.h"

struct store;

/* Checks that the store may be written to and that a run may have this name. */
enum status bulk_check(struct store *store, const char *run, struct error *error) MUST_CHECK;

/* Settings for large chunks from here to bulk_end, which also moves the log into the file. */
enum status bulk_begin(struct store *store, struct error *error) MUST_CHECK;
void bulk_end(struct store *store);

/* *id: of the run, which is added when it is new. Inside a transaction. */
enum status bulk_put_run(struct store *store, const char *run, int64_t *id,
                         struct error *error) MUST_CHECK;

/* *id: of the URL in the run; when it is new, the id that *id named before. expectation_id 0: none;
 * *kept is one more where the URL keeps another one. Inside a transaction. */
enum status bulk_put_item(struct store *store, int64_t run_id, const char *url,
                          int64_t expectation_id, int64_t *id, uint64_t *kept,
                          struct error *error) MUST_CHECK;

/* Runs `write` in a transaction. With `flush` it is on the disk when this returns, together with
 * everything that was committed before. */
typedef enum status bulk_write_fn(void *context, struct error *error);
enum status bulk_commit(struct store *store, int64_t run_id, bool flush, bulk_write_fn *write,
                        void *context, struct error *error) MUST_CHECK;

#endif
