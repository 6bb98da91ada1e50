#include <stdlib.h>
#include <string.h>

#include "common/store/connection.h"
#include "common/store/sql.h"

enum { PROBLEMS_MAX = 1000 };

struct report {
    store_problem_fn *problem;
    void *context;
    uint64_t count;
};

static void report_line(struct report *report, const char *line)
{
    if (report->count++ < PROBLEMS_MAX && report->problem)
        report->problem(report->context, line ? line : "");
}

/* A check that cannot be carried to its end because the file is damaged is itself a finding. */
static enum status judge(struct store *store, const char *name, struct report *report,
                         struct error *error)
{
    struct error found = {""};
    enum status status = connection_fail(store, &found);
    if (status != STATUS_DATA) {
        if (error)
            *error = found;
        return status;
    }
    (void)error_prefix(&found, status, "check %s", name);
    report_line(report, found.text);
    return STATUS_OK;
}

/* One check: each row is one line about one violation. */
static enum status run_check(struct store *store, const struct text_file *check,
                             struct report *report, struct error *error)
{
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(store->db, check->text, -1, &stmt, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(stmt);
    while (rc == SQLITE_ROW && report->count < PROBLEMS_MAX) {
        report_line(report, statement_text(stmt, 0));
        rc = sqlite3_step(stmt);
    }
    enum status status = STATUS_OK;
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        status = judge(store, check->name, report, error);
    sqlite3_finalize(stmt);
    return status;
}

/* The checks are the statements fsck_NN_..., in the order of their numbers. */
static bool is_check(const char *name)
{
    return strncmp(name, "fsck_", 5) == 0 && name[5] >= '0' && name[5] <= '9';
}

static enum status read_totals(struct store *store, struct store_fsck *out, struct error *error)
{
    sqlite3_stmt *stmt;
    uint64_t *const fields[] = {&out->runs,   &out->urls, &out->jobs,  &out->pending,
                                &out->leased, &out->done, &out->failed};
    enum status status = statement_bind(store, STATEMENT_fsck_totals, NULL, 0, &stmt, error);
    if (!status)
        status = statement_step(store, stmt, error);
    if (status)
        return status;
    for (int i = 0; i < 7; i++)
        *fields[i] = (uint64_t)sqlite3_column_int64(stmt, i);
    sqlite3_reset(stmt);
    return STATUS_OK;
}

enum status store_fsck(struct store *store, store_problem_fn *problem, void *context,
                       struct store_fsck *out, struct error *error)
{
    struct report report = {.problem = problem, .context = context};
    *out = (struct store_fsck){0};
    /* A plain BEGIN: one state of the database is read, and nobody waits for us. */
    enum status status = connection_execute(store, "BEGIN", error);
    if (status)
        return status;
    status = read_totals(store, out, error);
    for (size_t i = 0; !status && i < sql_statements_count; i++)
        if (is_check(sql_statements[i].name))
            status = run_check(store, &sql_statements[i], &report, error);
    sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
    out->problems = report.count;
    return status;
}
