#include "common/store/store.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/store/connection.h"
#include "common/store/lock.h"
#include "common/store/migrate.h"
#include "common/store/target.h"

/* Every lease back to pending, and nobody works any more; only one daemon at a time gets here. */
static enum status release_leases(struct store *store, uint64_t *released, struct error *error)
{
    int64_t changes = 0;
    enum status status = statement_run(store, STATEMENT_job_release, NULL, 0, &changes, error);
    if (!status)
        status = statement_run(store, STATEMENT_tally_release, NULL, 0, NULL, error);
    if (!status)
        status = statement_run(store, STATEMENT_live_clear, NULL, 0, NULL, error);
    *released = (uint64_t)changes;
    return status;
}

/* Takes over from the last daemon and starts a session. */
static enum status take_over(struct store *store, struct store_recovery *recovery,
                             struct error *error)
{
    int64_t unclean = 0;
    uint64_t released = 0;
    enum status status = transaction_begin(store, error);
    if (status)
        return status;
    status = statement_integer(store, STATEMENT_session_last, NULL, 0, &unclean, error);
    if (status == STATUS_NO)
        status = STATUS_OK;
    if (!status)
        status = release_leases(store, &released, error);
    if (!status)
        status = statement_run(store, STATEMENT_session_start,
                               BINDS(INTEGER(getpid()), INTEGER(connection_now_ms())), NULL, error);
    if (!status)
        store->session = sqlite3_last_insert_rowid(store->db);
    status = transaction_end(store, status, error);
    if (!status && recovery)
        *recovery = (struct store_recovery){.released = released, .unclean = unclean != 0};
    return status;
}

enum status store_open(const char *path, enum store_mode mode, struct store **out,
                       struct store_recovery *recovery, struct error *error)
{
    *out = NULL;
    if (recovery)
        *recovery = (struct store_recovery){0};
    struct store *store = calloc(1, sizeof *store);
    if (!store)
        return STATUS_MEMORY;
    store->lock = -1;
    store->mode = mode;
    store->path = strdup(path);
    enum status status = store->path ? connection_open(store, error) : STATUS_MEMORY;
    if (!status && mode == STORE_DAEMON)
        status = lock_acquire(path, &store->lock, error);
    if (!status)
        status = migrate(store, error);
    if (!status && mode == STORE_DAEMON)
        status = take_over(store, recovery, error);
    if (!status && mode == STORE_DAEMON)
        connection_hurry(store);
    if (status) {
        /* Without a session there is nothing to hand back. */
        store->session = 0;
        store_close(store);
        return status;
    }
    *out = store;
    return STATUS_OK;
}

/* Best effort: what fails here the next daemon does at its start. */
static void end_session(struct store *store)
{
    uint64_t released;
    if (transaction_begin(store, NULL))
        return;
    enum status status = release_leases(store, &released, NULL);
    if (!status)
        status =
            statement_run(store, STATEMENT_session_end,
                          BINDS(INTEGER(store->session), INTEGER(connection_now_ms())), NULL, NULL);
    if (transaction_end(store, status, NULL) == STATUS_OK)
        sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
}

void store_close(struct store *store)
{
    if (!store)
        return;
    if (store->session)
        end_session(store);
    connection_close(store);
    lock_release(store->lock);
    target_free_all(store);
    free(store->path);
    free(store);
}
