#include "common/buf.h"
#include "common/store/connection.h"
#include "common/store/tally.h"

enum { CHUNK = 10000 }; /* as many as failure_find.sql reads at once */

/* What is asked for, and how far we are. */
struct request {
    struct bind run;      /* its number, or NULL for all */
    struct bind reasons;  /* a JSON array, or NULL for all */
    int64_t item, target; /* the last job seen */
};

/* The reasons' names as a JSON array; they are identifiers, so nothing needs escaping. */
static enum status list_reasons(const enum reason *reasons, size_t count, struct buf *json)
{
    enum status status = buf_append_text(json, "[");
    for (size_t i = 0; !status && i < count; i++)
        status = buf_printf(json, "%s\"%s\"", i ? "," : "", reason_name(reasons[i]));
    return status ? status : buf_append_text(json, "]");
}

static enum status retry_job(struct store *store, int64_t item_id, int64_t target_id,
                             int64_t run_id, struct tally *tally, struct error *error)
{
    const struct bind job[] = {INTEGER(item_id), INTEGER(target_id)};
    enum status status = statement_run(store, STATEMENT_job_retry, job, 2, NULL, error);
    if (!status)
        status = tally_absolve(store, tally, run_id, item_id, target_id, JOB_FAILED, error);
    if (!status)
        status = tally_move(store, tally, run_id, target_id, JOB_FAILED, JOB_PENDING, 1, error);
    if (!status)
        status = statement_run(store, STATEMENT_item_absolve, job, 1, NULL, error);
    if (!status)
        status = statement_run(store, STATEMENT_image_uncount, job, 1, NULL, error);
    if (!status)
        status = statement_run(store, STATEMENT_item_unpin, job, 1, NULL, error);
    return status;
}

/* *jobs: item, target and run of each job that the next chunk retries. */
static enum status find_chunk(struct store *store, const struct request *request, struct buf *jobs,
                              struct error *error)
{
    sqlite3_stmt *stmt;
    buf_clear(jobs);
    enum status status = statement_bind(
        store, STATEMENT_failure_find,
        BINDS(INTEGER(request->item), INTEGER(request->target), request->run, request->reasons),
        &stmt, error);
    while (!status) {
        status = statement_step(store, stmt, error);
        if (status)
            break;
        int64_t job[3];
        for (int i = 0; i < 3; i++)
            job[i] = sqlite3_column_int64(stmt, i);
        status = buf_append(jobs, job, sizeof job);
        if (status)
            sqlite3_reset(stmt);
    }
    return status == STATUS_NO ? STATUS_OK : status;
}

/* One transaction; *done: how many jobs it took back. */
static enum status retry_chunk(struct store *store, struct request *request, struct buf *jobs,
                               size_t *done, struct error *error)
{
    struct tally tally = {0};
    struct request next = *request;
    enum status status = transaction_begin(store, error);
    if (status)
        return status;
    status = find_chunk(store, request, jobs, error);
    *done = status ? 0 : jobs->size / sizeof(int64_t[3]);
    for (size_t i = 0; i < *done && !status; i++) {
        const int64_t *job = (const int64_t *)(const void *)jobs->data + 3 * i;
        status = retry_job(store, job[0], job[1], job[2], &tally, error);
        next.item = job[0];
        next.target = job[1];
    }
    if (!status)
        status = tally_write(store, &tally, error);
    status = transaction_end(store, status, error);
    if (!status)
        *request = next;
    return status;
}

enum status store_retry(struct store *store, const char *run, const enum reason *reasons,
                        size_t reason_count, uint64_t *count, struct error *error)
{
    struct request request = {.run = NOTHING, .reasons = NOTHING, .item = -1, .target = -1};
    struct buf json, jobs;
    size_t done = CHUNK;
    int64_t run_id = 0;
    enum status status = STATUS_OK;
    *count = 0;
    buf_init(&json, 64 * 1024);
    buf_init(&jobs, CHUNK * sizeof(int64_t[3]));
    if (run) {
        status = statement_integer(store, STATEMENT_run_find, BINDS(TEXT(run)), &run_id, error);
        if (status == STATUS_NO)
            (void)error_set(error, status, "run %s: there is none of this name", run);
        request.run = INTEGER(run_id);
    }
    if (!status && reason_count) {
        status = list_reasons(reasons, reason_count, &json);
        request.reasons = TEXT(json.data);
    }
    while (!status && done == CHUNK) {
        status = retry_chunk(store, &request, &jobs, &done, error);
        if (!status)
            *count += done;
    }
    buf_free(&json);
    buf_free(&jobs);
    return status;
}
