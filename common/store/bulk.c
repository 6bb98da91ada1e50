#include "common/store/bulk.h"

#include <string.h>

#include "common/store/connection.h"
#include "common/store/expectation.h"

enum { RUN_NAME_MAX = 200 };

/* Only while rows are added. The cache holds what a chunk works on, whatever the length of the
 * list; each chunk touches most pages of the unique index, so a checkpoint behind each chunk would
 * write them all again; and a chunk that is not acknowledged yet need not be on the disk: the
 * commit of the flush, with synchronous=FULL, syncs the log to its end, with all before it. */
#define LARGE                                                                                      \
    "PRAGMA cache_size = -16384; PRAGMA wal_autocheckpoint = 65536; PRAGMA synchronous = NORMAL"
#define USUAL                                                                                      \
    "PRAGMA cache_size = -2000; PRAGMA wal_autocheckpoint = 1000; PRAGMA synchronous = FULL"

enum status bulk_check(struct store *store, const char *run, struct error *error)
{
    if (store->mode == STORE_READ)
        return error_set(error, STATUS_INTERNAL, "%s: opened for reading only", store->path);
    if (!run || !*run || strlen(run) > RUN_NAME_MAX)
        return error_set(error, STATUS_USAGE, "run: its name must have 1 to %d characters",
                         RUN_NAME_MAX);
    return STATUS_OK;
}

enum status bulk_begin(struct store *store, struct error *error)
{
    return connection_execute(store, LARGE, error);
}

void bulk_end(struct store *store)
{
    sqlite3_exec(store->db, USUAL, NULL, NULL, NULL);
    /* Now, or the daemon's next commit pays for it. */
    sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
}

enum status bulk_put_run(struct store *store, const char *run, int64_t *id, struct error *error)
{
    enum status status = statement_run(store, STATEMENT_run_insert,
                                       BINDS(TEXT(run), INTEGER(connection_now_ms())), NULL, error);
    if (!status)
        status = statement_integer(store, STATEMENT_run_find, BINDS(TEXT(run)), id, error);
    return status;
}

enum status bulk_put_item(struct store *store, int64_t run_id, const char *url,
                          int64_t expectation_id, int64_t *id, uint64_t *kept, struct error *error)
{
    int64_t changes = 0;
    struct bind expectation = expectation_id ? INTEGER(expectation_id) : NOTHING;
    enum status status = statement_run(store, STATEMENT_item_insert,
                                       BINDS(INTEGER(run_id), TEXT(url), expectation, INTEGER(*id)),
                                       &changes, error);
    if (status || changes)
        return status;
    status =
        statement_integer(store, STATEMENT_item_find, BINDS(INTEGER(run_id), TEXT(url)), id, error);
    return status || !expectation_id ? status
                                     : expectation_add(store, *id, expectation_id, kept, error);
}

static enum status commit(struct store *store, int64_t run_id, bool flush, bulk_write_fn *write,
                          void *context, struct error *error)
{
    enum status status = transaction_begin(store, error);
    if (status)
        return status;
    status = write(context, error);
    if (!status && flush)
        status = statement_run(store, STATEMENT_run_flush, BINDS(INTEGER(run_id)), NULL, error);
    return transaction_end(store, status, error);
}

enum status bulk_commit(struct store *store, int64_t run_id, bool flush, bulk_write_fn *write,
                        void *context, struct error *error)
{
    if (!flush)
        return commit(store, run_id, flush, write, context, error);
    enum status status = connection_execute(store, "PRAGMA synchronous = FULL", error);
    if (!status)
        status = commit(store, run_id, flush, write, context, error);
    /* Without it the next chunks are only slower. */
    sqlite3_exec(store->db, "PRAGMA synchronous = NORMAL", NULL, NULL, NULL);
    return status;
}
