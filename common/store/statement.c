#include "common/store/statement.h"

#include <stdlib.h>
#include <string.h>

#include "common/store/connection.h"
#include "common/store/sql.h"
#include "common/utf8.h"

static const char *const names[STATEMENT_COUNT] = {
#define X(name) #name,
    STATEMENT_MAP(X)
#undef X
};

const char *statement_name(enum statement statement)
{
    return (unsigned)statement < STATEMENT_COUNT ? names[statement] : "";
}

static const char *find_text(const char *name)
{
    for (size_t i = 0; i < sql_statements_count; i++)
        if (strcmp(sql_statements[i].name, name) == 0)
            return sql_statements[i].text;
    return NULL;
}

static enum status prepare(struct store *store, enum statement statement, struct error *error)
{
    const char *text = find_text(statement_name(statement));
    if (!text)
        return error_set(error, STATUS_INTERNAL, "%s: statement %s was not built in", store->path,
                         statement_name(statement));
    int rc = sqlite3_prepare_v3(store->db, text, -1, SQLITE_PREPARE_PERSISTENT,
                                &store->statements[statement], NULL);
    return rc == SQLITE_OK ? STATUS_OK : connection_fail(store, error);
}

/* Every text in the database is UTF-8, or Python and others refuse to read the row. */
static int bind_text(sqlite3_stmt *stmt, int index, const char *text)
{
    if (!text || utf8_valid(text))
        return sqlite3_bind_text(stmt, index, text, -1, SQLITE_STATIC);
    char *copy = strdup(text);
    if (!copy)
        return SQLITE_NOMEM;
    utf8_make_line(copy);
    return sqlite3_bind_text(stmt, index, copy, -1, free);
}

static int bind_one(sqlite3_stmt *stmt, int index, const struct bind *bind)
{
    switch (bind->kind) {
    case BIND_INTEGER:
        return sqlite3_bind_int64(stmt, index, bind->integer);
    case BIND_REAL:
        return sqlite3_bind_double(stmt, index, bind->real);
    case BIND_TEXT:
        return bind_text(stmt, index, bind->text);
    case BIND_NULL:
        break;
    }
    return sqlite3_bind_null(stmt, index);
}

enum status statement_bind(struct store *store, enum statement statement, const struct bind *binds,
                           size_t count, sqlite3_stmt **out, struct error *error)
{
    *out = NULL;
    if (!store->statements[statement]) {
        enum status status = prepare(store, statement, error);
        if (status)
            return status;
    }
    sqlite3_stmt *stmt = store->statements[statement];
    for (size_t i = 0; i < count; i++)
        if (bind_one(stmt, (int)i + 1, &binds[i]) != SQLITE_OK)
            return connection_fail(store, error);
    *out = stmt;
    return STATUS_OK;
}

enum status statement_step(struct store *store, sqlite3_stmt *stmt, struct error *error)
{
    int rc = sqlite3_step(stmt);
    if (rc == SQLITE_ROW)
        return STATUS_OK;
    enum status status = rc == SQLITE_DONE ? STATUS_NO : connection_fail(store, error);
    sqlite3_reset(stmt);
    return status;
}

enum status statement_run(struct store *store, enum statement statement, const struct bind *binds,
                          size_t count, int64_t *changes, struct error *error)
{
    sqlite3_stmt *stmt;
    enum status status = statement_bind(store, statement, binds, count, &stmt, error);
    if (status)
        return status;
    do
        status = statement_step(store, stmt, error);
    while (status == STATUS_OK);
    if (status == STATUS_NO && changes)
        *changes = sqlite3_changes64(store->db);
    return status == STATUS_NO ? STATUS_OK : status;
}

enum status statement_integer(struct store *store, enum statement statement,
                              const struct bind *binds, size_t count, int64_t *value,
                              struct error *error)
{
    sqlite3_stmt *stmt;
    enum status status = statement_bind(store, statement, binds, count, &stmt, error);
    if (!status)
        status = statement_step(store, stmt, error);
    if (status)
        return status;
    *value = sqlite3_column_int64(stmt, 0);
    /* To the end, because what RETURNING reports is only complete then. */
    do
        status = statement_step(store, stmt, error);
    while (status == STATUS_OK);
    return status == STATUS_NO ? STATUS_OK : status;
}

const char *statement_text(sqlite3_stmt *stmt, int column)
{
    return (const char *)sqlite3_column_text(stmt, column);
}

void statement_free_all(struct store *store)
{
    for (size_t i = 0; i < STATEMENT_COUNT; i++) {
        sqlite3_finalize(store->statements[i]);
        store->statements[i] = NULL;
    }
}
