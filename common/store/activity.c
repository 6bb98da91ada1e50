#include "common/store/activity.h"

#include "common/store/connection.h"
#include "common/store/lock.h"

enum status store_activity_put(struct store *store, const struct store_activity *rows, size_t count,
                               struct error *error)
{
    int64_t now = connection_now_ms();
    enum status status = transaction_begin(store, error);
    if (status)
        return status;
    status = statement_run(store, STATEMENT_live_clear, NULL, 0, NULL, error);
    for (size_t i = 0; !status && i < count; i++)
        status =
            statement_run(store, STATEMENT_live_insert,
                          BINDS(TEXT(rows[i].name), TEXT(rows[i].state), INTEGER(rows[i].in_flight),
                                INTEGER(rows[i].ceiling), TEXT(rows[i].detail), INTEGER(now)),
                          NULL, error);
    return transaction_end(store, status, error);
}

bool store_daemon_alive(const struct store *store)
{
    return lock_held(store->path);
}
