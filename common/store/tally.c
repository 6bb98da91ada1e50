#include "common/store/tally.h"

#include "common/store/connection.h"

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

enum status tally_write(struct store *store, struct tally *tally, struct error *error)
{
    enum status status = STATUS_OK;
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
