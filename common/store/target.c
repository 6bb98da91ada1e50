#include "common/store/target.h"

#include <stdlib.h>
#include <string.h>

#include "common/store/connection.h"

struct store_target_node {
    struct store_target_node *next;
    int64_t id;
    struct store_target target;
    char *strings[5]; /* what `target` points to */
};

static const char *or_empty(const char *text)
{
    return text ? text : "";
}

enum status target_put(struct store *store, const struct store_target *target, int64_t *id,
                       struct error *error)
{
    const struct bind binds[] = {
        TEXT(target->model),     TEXT(or_empty(target->model_version)),
        TEXT(target->framework), TEXT(or_empty(target->framework_version)),
        TEXT(target->backend),
    };
    enum status status = statement_run(store, STATEMENT_target_insert, binds, 5, NULL, error);
    if (!status)
        status = statement_integer(store, STATEMENT_target_find, binds, 5, id, error);
    return status;
}

static void free_node(struct store_target_node *node)
{
    for (size_t i = 0; node && i < 5; i++)
        free(node->strings[i]);
    free(node);
}

void target_free_all(struct store *store)
{
    while (store->targets) {
        struct store_target_node *next = store->targets->next;
        free_node(store->targets);
        store->targets = next;
    }
}

/* NULL when memory is out. */
static struct store_target_node *copy_row(sqlite3_stmt *stmt, int64_t id)
{
    struct store_target_node *node = calloc(1, sizeof *node);
    for (int i = 0; node && i < 5; i++) {
        node->strings[i] = strdup(or_empty(statement_text(stmt, i)));
        if (!node->strings[i]) {
            free_node(node);
            return NULL;
        }
    }
    if (!node)
        return NULL;
    node->id = id;
    node->target = (struct store_target){node->strings[0], node->strings[1], node->strings[2],
                                         node->strings[3], node->strings[4]};
    return node;
}

enum status store_target_get(struct store *store, int64_t target_id, struct store_target *out,
                             struct error *error)
{
    struct store_target_node *node = store->targets;
    while (node && node->id != target_id)
        node = node->next;
    if (!node) {
        sqlite3_stmt *stmt;
        enum status status =
            statement_bind(store, STATEMENT_target_get, BINDS(INTEGER(target_id)), &stmt, error);
        if (!status)
            status = statement_step(store, stmt, error);
        if (status == STATUS_NO)
            return error_set(error, STATUS_DATA, "%s: there is no target %lld", store->path,
                             (long long)target_id);
        if (status)
            return status;
        node = copy_row(stmt, target_id);
        sqlite3_reset(stmt);
        if (!node)
            return error_set(error, STATUS_MEMORY, "%s: out of memory", store->path);
        node->next = store->targets;
        store->targets = node;
    }
    *out = node->target;
    return STATUS_OK;
}
