#include "common/store/migrate.h"

#include <stdio.h>
#include <string.h>

#include "common/store/connection.h"
#include "common/store/sql.h"
#include "common/store/view.h"

/* *version: of the schema; 0 for an empty file. STATUS_DATA when it is not ours or is newer. */
static enum status read_version(struct store *store, int64_t *version, struct error *error)
{
    int64_t application = 0, objects = 0;
    enum status status = connection_integer(store, "PRAGMA user_version", version, error);
    if (!status)
        status = connection_integer(store, "PRAGMA application_id", &application, error);
    if (!status)
        status = connection_integer(store, "SELECT count(*) FROM sqlite_schema", &objects, error);
    if (status)
        return status;
    bool empty = application == 0 && *version == 0 && objects == 0;
    if (application != STORE_APPLICATION_ID && !empty)
        return error_set(error, STATUS_DATA, "%s: a database of another program; give another --db",
                         store->path);
    if (*version < 0 || (uint64_t)*version > sql_migrations_count)
        return error_set(error, STATUS_DATA,
                         "%s: written by a newer carmlbench (schema %lld, this one knows %zu); "
                         "install the newer version",
                         store->path, (long long)*version, sql_migrations_count);
    return STATUS_OK;
}

/* In one read transaction: while another process creates the database, three separate reads could
 * see it half before and half after. */
static enum status look_at_version(struct store *store, int64_t *version, struct error *error)
{
    enum status status = connection_execute(store, "BEGIN", error);
    if (status)
        return status;
    status = read_version(store, version, error);
    sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
    return status;
}

/* One step, unless another process has done it since. */
static enum status apply_next(struct store *store, struct error *error)
{
    char pragma[64];
    int64_t version;
    enum status status = transaction_begin(store, error);
    if (status)
        return status;
    status = read_version(store, &version, error);
    if (!status && (uint64_t)version < sql_migrations_count) {
        status = connection_execute(store, sql_migrations[version].text, error);
        snprintf(pragma, sizeof pragma, "PRAGMA user_version = %lld", (long long)version + 1);
        if (!status)
            status = connection_execute(store, pragma, error);
    }
    return transaction_end(store, status, error);
}

static enum status views_are_current(struct store *store, bool *current, struct error *error)
{
    sqlite3_stmt *stmt = NULL;
    *current = true;
    int rc = sqlite3_prepare_v2(store->db,
                                "SELECT sql FROM sqlite_schema WHERE type = 'view' AND name = ?1",
                                -1, &stmt, NULL);
    for (size_t i = 0; rc == SQLITE_OK && *current && i < sql_views_count; i++) {
        sqlite3_bind_text(stmt, 1, sql_views[i].name, -1, SQLITE_STATIC);
        rc = sqlite3_step(stmt);
        const char *there = rc == SQLITE_ROW ? statement_text(stmt, 0) : NULL;
        size_t length = view_length(sql_views[i].text);
        *current =
            there && strlen(there) == length && memcmp(there, sql_views[i].text, length) == 0;
        rc = rc == SQLITE_ROW || rc == SQLITE_DONE ? sqlite3_reset(stmt) : rc;
    }
    enum status status = rc == SQLITE_OK ? STATUS_OK : connection_fail(store, error);
    sqlite3_finalize(stmt);
    return status;
}

static enum status create_views(struct store *store, struct error *error)
{
    char drop[128];
    enum status status = transaction_begin(store, error);
    if (status)
        return status;
    for (size_t i = 0; !status && i < sql_views_count; i++) {
        snprintf(drop, sizeof drop, "DROP VIEW IF EXISTS \"%s\"", sql_views[i].name);
        status = connection_execute(store, drop, error);
        if (!status)
            status = connection_execute(store, sql_views[i].text, error);
    }
    return transaction_end(store, status, error);
}

/* Who only reads cannot mend views that another release of the program left. Its own stand in front
 * of them, on this connection alone. */
static enum status shadow_views(struct store *store, struct error *error)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; !status && i < sql_views_count; i++)
        status = view_create_temporary(store, &sql_views[i], NULL, error);
    return status;
}

static enum status check_for_reading(struct store *store, int64_t version, struct error *error)
{
    bool current;
    if (version == 0)
        return error_set(error, STATUS_DATA,
                         "%s: an empty file, no database yet; carmlbench enqueue makes it one",
                         store->path);
    if ((uint64_t)version != sql_migrations_count)
        return error_set(error, STATUS_DATA,
                         "%s: written by an older carmlbench (schema %lld, this one needs %zu); "
                         "start carmlbenchd or enqueue once to bring it up to date",
                         store->path, (long long)version, sql_migrations_count);
    enum status status = views_are_current(store, &current, error);
    return status || current ? status : shadow_views(store, error);
}

enum status migrate(struct store *store, struct error *error)
{
    int64_t version;
    bool current;
    enum status status = look_at_version(store, &version, error);
    if (status)
        return status;
    if (store->mode == STORE_READ)
        return check_for_reading(store, version, error);
    status = connection_make_durable(store, error);
    for (uint64_t step = (uint64_t)version; !status && step < sql_migrations_count; step++)
        status = apply_next(store, error);
    if (!status)
        status = views_are_current(store, &current, error);
    if (!status && !current)
        status = create_views(store, error);
    return status;
}
