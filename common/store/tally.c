#include "common/store/tally.h"

#include <stdio.h>
#include <string.h>

#include "common/reason.h"
#include "common/store/connection.h"

/* A name that were cut would be another one in the table. */
#define X(name, ...)                                                                               \
    _Static_assert(sizeof #name <= sizeof((struct tally_blame *)0)->reason, "reason too long");
REASON_MAP(X)
#undef X

/* A retry takes failures back; what happened then still happened, so only growth counts. */
static enum status count_outcomes(struct store *store, int64_t run_id, const int64_t *states,
                                  struct error *error)
{
    int64_t done = states[JOB_DONE] > 0 ? states[JOB_DONE] : 0;
    int64_t failed = states[JOB_FAILED] > 0 ? states[JOB_FAILED] : 0;
    if (done + failed == 0)
        return STATUS_OK;
    return statement_run(store, STATEMENT_throughput_add,
                         BINDS(INTEGER(run_id), INTEGER(done), INTEGER(failed)), NULL, error);
}

/* Only what grows may be a new row: what was never counted cannot be taken back. */
static enum status write_blame(struct store *store, const struct tally_blame *row,
                               struct error *error)
{
    int64_t changes = 0;
    const struct bind binds[] = {INTEGER(row->run_id), INTEGER(row->target_id),
                                 TEXT(row->stage),     TEXT(row->reason),
                                 INTEGER(row->failed), INTEGER(row->waiting)};
    if (row->failed == 0 && row->waiting == 0)
        return STATUS_OK;
    enum status status = statement_run(store, STATEMENT_blame_add, binds, 6, &changes, error);
    if (status || changes == 1)
        return status;
    if (row->failed < 0 || row->waiting < 0)
        return error_set(error, STATUS_DATA,
                         "%s: run %lld target %lld has failures but no accounting; run fsck",
                         store->path, (long long)row->run_id, (long long)row->target_id);
    return statement_run(store, STATEMENT_blame_create, binds, 6, NULL, error);
}

enum status tally_write(struct store *store, struct tally *tally, struct error *error)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; !status && i < tally->blame_count; i++)
        status = write_blame(store, &tally->blames[i], error);
    tally->blame_count = 0;
    for (size_t i = 0; !status && i < tally->count; i++) {
        int64_t changes = 0;
        const int64_t *states = tally->rows[i].states;
        const int64_t run_id = tally->rows[i].run_id, target_id = tally->rows[i].target_id;
        status = statement_run(store, STATEMENT_tally_add,
                               BINDS(INTEGER(run_id), INTEGER(target_id),
                                     INTEGER(tally->rows[i].enqueued), INTEGER(states[JOB_PENDING]),
                                     INTEGER(states[JOB_LEASED]), INTEGER(states[JOB_DONE]),
                                     INTEGER(states[JOB_FAILED])),
                               &changes, error);
        if (!status && changes != 1)
            status = error_set(error, STATUS_DATA,
                               "%s: run %lld target %lld has jobs but no accounting; run fsck",
                               store->path, (long long)run_id, (long long)target_id);
        if (!status)
            status = count_outcomes(store, run_id, states, error);
    }
    tally->count = 0;
    return status;
}

enum status tally_move(struct store *store, struct tally *tally, int64_t run_id, int64_t target_id,
                       enum job_state from, enum job_state to, int64_t jobs, struct error *error)
{
    size_t i = 0;
    while (i < tally->count &&
           (tally->rows[i].run_id != run_id || tally->rows[i].target_id != target_id))
        i++;
    if (i == TALLY_ROWS) {
        enum status status = tally_write(store, tally, error);
        if (status)
            return status;
        i = 0;
    }
    if (i == tally->count) {
        tally->rows[i].run_id = run_id;
        tally->rows[i].target_id = target_id;
        tally->rows[i].enqueued = 0;
        for (size_t state = 0; state < 4; state++)
            tally->rows[i].states[state] = 0;
        tally->count++;
    }
    if (from == JOB_NEW)
        tally->rows[i].enqueued += jobs;
    else
        tally->rows[i].states[from] -= jobs;
    tally->rows[i].states[to] += jobs;
    return STATUS_OK;
}

static bool is_same(const struct tally_blame *a, const struct tally_blame *b)
{
    return a->run_id == b->run_id && a->target_id == b->target_id &&
           strcmp(a->stage, b->stage) == 0 && strcmp(a->reason, b->reason) == 0;
}

enum status tally_blame(struct store *store, struct tally *tally, const struct tally_blame *change,
                        struct error *error)
{
    size_t i = 0;
    while (i < tally->blame_count && !is_same(&tally->blames[i], change))
        i++;
    if (i == TALLY_ROWS) {
        enum status status = tally_write(store, tally, error);
        if (status)
            return status;
        i = 0;
    }
    if (i == tally->blame_count) {
        tally->blames[tally->blame_count++] = *change;
        return STATUS_OK;
    }
    tally->blames[i].failed += change->failed;
    tally->blames[i].waiting += change->waiting;
    return STATUS_OK;
}

enum status tally_absolve(struct store *store, struct tally *tally, int64_t run_id, int64_t item_id,
                          int64_t target_id, enum job_state state, struct error *error)
{
    struct tally_blame gone = {.run_id = run_id,
                               .target_id = target_id,
                               .failed = state == JOB_FAILED ? -1 : 0,
                               .waiting = state == JOB_FAILED ? 0 : -1};
    const struct bind job[] = {INTEGER(item_id), INTEGER(target_id)};
    sqlite3_stmt *stmt;
    /* Most jobs have none, and to look is cheaper than to delete nothing. */
    enum status status = statement_bind(store, STATEMENT_failure_reason, job, 2, &stmt, error);
    if (!status)
        status = statement_step(store, stmt, error);
    if (status)
        return status == STATUS_NO ? STATUS_OK : status;
    snprintf(gone.stage, sizeof gone.stage, "%s", statement_text(stmt, 0));
    snprintf(gone.reason, sizeof gone.reason, "%s", statement_text(stmt, 1));
    sqlite3_reset(stmt);
    status = statement_run(store, STATEMENT_failure_delete, job, 2, NULL, error);
    return status ? status : tally_blame(store, tally, &gone, error);
}
