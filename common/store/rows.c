#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/store/connection.h"

enum { COLUMNS_MAX = 64 };

static bool is_public(const char *view)
{
    static const char *const views[] = {
        "results",  "failures", "progress",   "accuracy",    "latency",       "reasons",
        "pace",     "activity", "comparison", "calibration", "disagreements", "scores",
        "pictures", "timeline", "collection", "unmet",       "agreement"};
    for (size_t i = 0; i < sizeof views / sizeof views[0]; i++)
        if (strcmp(views[i], view) == 0)
            return true;
    return false;
}

static struct store_value value_of(sqlite3_stmt *stmt, int column)
{
    switch (sqlite3_column_type(stmt, column)) {
    case SQLITE_INTEGER:
        return (struct store_value){.kind = VALUE_INTEGER,
                                    .integer = sqlite3_column_int64(stmt, column)};
    case SQLITE_FLOAT:
        return (struct store_value){.kind = VALUE_REAL,
                                    .real = sqlite3_column_double(stmt, column)};
    case SQLITE_NULL:
        return (struct store_value){.kind = VALUE_NULL};
    default:
        return (struct store_value){.kind = VALUE_TEXT, .text = statement_text(stmt, column)};
    }
}

/* *columns of them; valid until the statement is finalized. */
static enum status read_names(struct store *store, sqlite3_stmt *stmt,
                              const char *names[COLUMNS_MAX], int *columns, struct error *error)
{
    *columns = sqlite3_column_count(stmt);
    if (*columns > COLUMNS_MAX)
        return error_set(error, STATUS_INTERNAL, "%s: a view of %d columns", store->path, *columns);
    for (int i = 0; i < *columns; i++)
        names[i] = sqlite3_column_name(stmt, i);
    return STATUS_OK;
}

static enum status stream(struct store *store, sqlite3_stmt *stmt, store_row_fn *row, void *context,
                          struct error *error)
{
    const char *names[COLUMNS_MAX];
    struct store_value values[COLUMNS_MAX];
    int columns;
    enum status status = read_names(store, stmt, names, &columns, error);
    if (status)
        return status;
    for (;;) {
        status = statement_step(store, stmt, error);
        if (status)
            return status == STATUS_NO ? STATUS_OK : status;
        for (int i = 0; i < columns; i++)
            values[i] = value_of(stmt, i);
        if (row(context, (size_t)columns, names, values))
            return STATUS_OK;
    }
}

/* Not a file of sql/statements, because a name of a view cannot be a parameter. */
static enum status prepare(struct store *store, const char *view, bool one_run, sqlite3_stmt **stmt,
                           struct error *error)
{
    char text[128];
    if (!is_public(view))
        return error_set(error, STATUS_USAGE, "view %s: there is none of this name", view);
    snprintf(text, sizeof text, "SELECT * FROM %s%s", view, one_run ? " WHERE run = ?1" : "");
    if (sqlite3_prepare_v2(store->db, text, -1, stmt, NULL) != SQLITE_OK)
        return connection_fail(store, error);
    return STATUS_OK;
}

enum status store_columns(struct store *store, const char *view, store_row_fn *row, void *context,
                          struct error *error)
{
    const char *names[COLUMNS_MAX];
    int columns;
    sqlite3_stmt *stmt = NULL;
    enum status status = prepare(store, view, false, &stmt, error);
    if (!status)
        status = read_names(store, stmt, names, &columns, error);
    if (!status)
        row(context, (size_t)columns, names, NULL);
    sqlite3_finalize(stmt);
    return status;
}

enum status store_rows(struct store *store, const char *view, const char *run, store_row_fn *row,
                       void *context, struct error *error)
{
    int64_t run_id;
    sqlite3_stmt *stmt = NULL;
    enum status status =
        run ? statement_integer(store, STATEMENT_run_find, BINDS(TEXT(run)), &run_id, error)
            : STATUS_OK;
    if (status == STATUS_NO)
        return error_set(error, STATUS_NO, "run %s: there is none of this name", run);
    if (!status)
        status = prepare(store, view, run, &stmt, error);
    if (!status && run && sqlite3_bind_text(stmt, 1, run, -1, SQLITE_STATIC) != SQLITE_OK)
        status = connection_fail(store, error);
    if (!status)
        status = stream(store, stmt, row, context, error);
    sqlite3_finalize(stmt);
    return status;
}
