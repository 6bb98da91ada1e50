#include "common/store/expectation.h"

#include "common/store/connection.h"

enum status expectation_put(struct store *store, const char *wnid, const char *text, int64_t *id,
                            struct error *error)
{
    const struct bind binds[] = {TEXT(wnid), TEXT(text)};
    *id = 0;
    if (!wnid && !text)
        return STATUS_OK;
    enum status status = statement_integer(store, STATEMENT_expectation_find, binds, 2, id, error);
    if (status != STATUS_NO)
        return status;
    status = statement_run(store, STATEMENT_expectation_insert, binds, 2, NULL, error);
    *id = sqlite3_last_insert_rowid(store->db);
    return status;
}

enum status expectation_add(struct store *store, int64_t item_id, int64_t expectation_id,
                            uint64_t *kept, struct error *error)
{
    const struct bind binds[] = {INTEGER(item_id), INTEGER(expectation_id)};
    int64_t conflicts = 0;
    enum status status =
        statement_integer(store, STATEMENT_expectation_conflict, binds, 2, &conflicts, error);
    *kept += (uint64_t)conflicts;
    if (!status)
        status = statement_run(store, STATEMENT_expectation_join, binds, 2, NULL, error);
    if (!status)
        status = statement_run(store, STATEMENT_item_expect, binds, 2, NULL, error);
    return status;
}
