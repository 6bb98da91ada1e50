#include "common/store/origin.h"

#include "common/labels.h"
#include "common/store/connection.h"

static const char *or_empty(const char *text)
{
    return text ? text : "";
}

enum status origin_put_label(struct store *store, const char *line, int64_t *id,
                             struct error *error)
{
    char wnid[WNID_SIZE];
    const char *name;
    enum status status =
        statement_integer(store, STATEMENT_label_find, BINDS(TEXT(line)), id, error);
    if (status != STATUS_NO)
        return status;
    label_split(line, wnid, &name);
    status = statement_run(store, STATEMENT_label_insert,
                           BINDS(TEXT(line), TEXT(wnid[0] ? wnid : NULL), TEXT(name)), NULL, error);
    *id = sqlite3_last_insert_rowid(store->db);
    if (!status)
        status = statement_run(store, STATEMENT_label_found, BINDS(INTEGER(*id)), NULL, error);
    return status;
}

enum status origin_put_producer(struct store *store, const struct store_producer *producer,
                                int64_t *id, struct error *error)
{
    const struct bind binds[] = {
        TEXT(or_empty(producer->backend)),         TEXT(or_empty(producer->detail)),
        TEXT(or_empty(producer->manifest_sha256)), TEXT(or_empty(producer->model_sha256)),
        TEXT(or_empty(producer->preprocessing)),
    };
    enum status status = statement_integer(store, STATEMENT_producer_find, binds, 5, id, error);
    if (status != STATUS_NO)
        return status;
    status = statement_run(store, STATEMENT_producer_insert, binds, 5, NULL, error);
    *id = sqlite3_last_insert_rowid(store->db);
    return status;
}
