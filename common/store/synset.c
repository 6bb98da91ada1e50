#include "common/store/synset.h"

#include "common/store/connection.h"

static enum status put_synset(struct store *store, const struct wordnet_synset *synsets,
                              const struct wordnet_synset *synset, struct error *error)
{
    enum status status = statement_run(store, STATEMENT_synset_insert,
                                       BINDS(TEXT(synset->wnid), TEXT(synset->name)), NULL, error);
    for (size_t i = 0; !status && i < synset->parent_count; i++)
        status = statement_run(store, STATEMENT_isa_insert,
                               BINDS(TEXT(synset->wnid), TEXT(synsets[synset->parents[i]].wnid)),
                               NULL, error);
    return status;
}

enum status store_synset_replace(struct store *store, const struct wordnet_synset *synsets,
                                 size_t count, struct error *error)
{
    enum status status = transaction_begin(store, error);
    if (status)
        return status;
    status = statement_run(store, STATEMENT_isa_clear, NULL, 0, NULL, error);
    if (!status)
        status = statement_run(store, STATEMENT_synset_clear, NULL, 0, NULL, error);
    for (size_t i = 0; !status && i < count; i++)
        status = put_synset(store, synsets, &synsets[i], error);
    return transaction_end(store, status, error);
}

enum status store_synset_find(struct store *store, const char *wnid, struct error *error)
{
    int64_t one;
    enum status status =
        statement_integer(store, STATEMENT_synset_find, BINDS(TEXT(wnid)), &one, error);
    if (status == STATUS_NO)
        (void)error_set(error, status, "%s: there is no synset %s", store->path, wnid);
    return status;
}

static enum status show_above(struct store *store, const char *wnid, store_synset_fn *synset,
                              void *context, struct error *error)
{
    sqlite3_stmt *stmt;
    enum status status =
        statement_bind(store, STATEMENT_synset_above, BINDS(TEXT(wnid)), &stmt, error);
    while (!status) {
        status = statement_step(store, stmt, error);
        if (!status)
            synset(context, statement_text(stmt, 0), statement_text(stmt, 1),
                   (unsigned)sqlite3_column_int(stmt, 2));
    }
    return status == STATUS_NO ? STATUS_OK : status;
}

enum status store_synset_show(struct store *store, const char *wnid, store_synset_fn *synset,
                              void *context, uint64_t *below, struct error *error)
{
    int64_t count = 0;
    enum status status = store_synset_find(store, wnid, error);
    if (!status)
        status = show_above(store, wnid, synset, context, error);
    if (!status)
        status = statement_integer(store, STATEMENT_synset_below, BINDS(TEXT(wnid)), &count, error);
    *below = (uint64_t)count;
    return status;
}
