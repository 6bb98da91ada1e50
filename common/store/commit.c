#include <stdio.h>

#include "common/store/connection.h"
#include "common/store/origin.h"
#include "common/store/tally.h"

/* After this many crashes a picture is set aside (design promise 4). */
enum { CRASHES_MAX = 3 };

static const char *or_empty(const char *text)
{
    return text ? text : "";
}

/* What the outcome's picture is attached to. */
struct subject {
    int64_t run_id, image_id; /* image_id 0: the item has none yet */
    bool other;               /* the outcome is about another picture than that */
};

static enum status read_subject(struct store *store, int64_t item_id, const char *sha256,
                                struct subject *subject, struct error *error)
{
    sqlite3_stmt *stmt;
    enum status status = statement_bind(store, STATEMENT_item_picture,
                                        BINDS(INTEGER(item_id), TEXT(sha256)), &stmt, error);
    if (!status)
        status = statement_step(store, stmt, error);
    if (status == STATUS_NO)
        return error_set(error, STATUS_DATA, "%s: job of item %lld has no URL; run fsck",
                         store->path, (long long)item_id);
    if (status)
        return status;
    subject->run_id = sqlite3_column_int64(stmt, 0);
    subject->image_id = sqlite3_column_int64(stmt, 1);
    subject->other = sqlite3_column_int(stmt, 2);
    sqlite3_reset(stmt);
    return STATUS_OK;
}

/* Records the picture; the first one that a backend was asked about becomes the item's. */
static enum status put_picture(struct store *store, int64_t item_id, struct subject *subject,
                               const struct store_picture *picture, int64_t *image_id,
                               struct error *error)
{
    enum status status = statement_integer(store, STATEMENT_image_put,
                                           BINDS(INTEGER(subject->run_id), TEXT(picture->sha256),
                                                 TEXT(picture->kind), INTEGER(picture->bytes),
                                                 INTEGER(picture->width), INTEGER(picture->height),
                                                 INTEGER(picture->placeholder)),
                                           image_id, error);
    if (status || subject->image_id)
        return status;
    status = statement_run(store, STATEMENT_item_pin, BINDS(INTEGER(item_id), INTEGER(*image_id)),
                           NULL, error);
    if (!status)
        status =
            statement_run(store, STATEMENT_image_count, BINDS(INTEGER(*image_id)), NULL, error);
    subject->image_id = *image_id;
    return status;
}

static struct bind http_status(const struct store_picture *picture)
{
    return picture->http_status ? INTEGER(picture->http_status) : NOTHING;
}

static enum status insert_result(struct store *store, const struct store_outcome *outcome,
                                 int64_t producer_id, int64_t image_id, const int64_t labels[3],
                                 struct error *error)
{
    const struct store_picture *picture = &outcome->picture;
    struct bind binds[21] = {
        INTEGER(outcome->job.item_id),
        INTEGER(outcome->job.target_id),
        INTEGER(outcome->job.attempt),
        INTEGER(producer_id),
        INTEGER(image_id),
        TEXT(or_empty(outcome->sent_as)),
        http_status(picture),
        TEXT(picture->final_url),
        REAL(picture->fetch_ms),
        REAL(picture->validate_ms),
        REAL(outcome->predict_ms),
        INTEGER(connection_now_ms()),
    };
    for (size_t i = 0; i < outcome->prediction_count; i++) {
        binds[12 + 3 * i] = INTEGER(outcome->predictions[i].class_index);
        binds[13 + 3 * i] = INTEGER(labels[i]);
        binds[14 + 3 * i] = REAL(outcome->predictions[i].probability);
    }
    return statement_run(store, STATEMENT_result_insert, binds, 21, NULL, error);
}

static enum status put_result(struct store *store, const struct store_outcome *outcome,
                              struct subject *subject, struct error *error)
{
    int64_t producer_id, image_id, labels[3] = {0};
    enum status status = origin_put_producer(store, &outcome->producer, &producer_id, error);
    if (!status)
        status =
            put_picture(store, outcome->job.item_id, subject, &outcome->picture, &image_id, error);
    for (size_t i = 0; !status && i < outcome->prediction_count; i++)
        status =
            origin_put_label(store, or_empty(outcome->predictions[i].label), &labels[i], error);
    if (!status)
        status = insert_result(store, outcome, producer_id, image_id, labels, error);
    return status;
}

/* In the place of the job's last failure, which the caller has taken away. */
static enum status put_failure(struct store *store, const struct store_outcome *outcome,
                               struct subject *subject, struct tally *tally, struct error *error)
{
    const struct store_picture *picture = &outcome->picture;
    enum stage stage = reason_stage(outcome->reason);
    struct tally_blame blame = {.run_id = subject->run_id,
                                .target_id = outcome->job.target_id,
                                .failed = outcome->kind == OUTCOME_FAILED,
                                .waiting = outcome->kind == OUTCOME_RETRY};
    snprintf(blame.stage, sizeof blame.stage, "%s", stage_name(stage));
    snprintf(blame.reason, sizeof blame.reason, "%s", reason_name(outcome->reason));
    enum status status = tally_blame(store, tally, &blame, error);
    if (status)
        return status;
    status = statement_run(
        store, STATEMENT_failure_put,
        BINDS(INTEGER(outcome->job.item_id), INTEGER(outcome->job.target_id),
              TEXT(stage_name(stage)), TEXT(reason_name(outcome->reason)), TEXT(outcome->detail),
              http_status(picture), TEXT(picture->final_url), TEXT(picture->sha256),
              TEXT(picture->kind), INTEGER(picture->bytes), REAL(picture->fetch_ms),
              REAL(picture->validate_ms), INTEGER(connection_now_ms())),
        NULL, error);
    /* Only a picture that got as far as a backend is one that the other targets must see. */
    int64_t image_id;
    if (!status && stage == STAGE_PREDICT && picture->sha256)
        status = put_picture(store, outcome->job.item_id, subject, picture, &image_id, error);
    return status;
}

static const struct {
    enum job_state state;
    int tries;
} moves[] = {
    [OUTCOME_DONE] = {JOB_DONE, 1},
    [OUTCOME_FAILED] = {JOB_FAILED, 1},
    [OUTCOME_RETRY] = {JOB_PENDING, 1},
    [OUTCOME_RELEASE] = {JOB_PENDING, 0},
};

static enum status check_outcome(const struct store *store, const struct store_outcome *outcome,
                                 struct error *error)
{
    if ((unsigned)outcome->kind > OUTCOME_RELEASE)
        return error_set(error, STATUS_INTERNAL, "%s: an outcome of no known kind", store->path);
    bool done = outcome->kind == OUTCOME_DONE;
    if (done && (outcome->prediction_count < 1 || outcome->prediction_count > 3 ||
                 !outcome->picture.sha256 || !outcome->producer.backend))
        return error_set(error, STATUS_INTERNAL,
                         "%s: a result without prediction, picture or producer", store->path);
    return STATUS_OK;
}

/* Two targets of one URL may be under way at once, when one was enqueued later or given back
 * meanwhile, and the URL may have given each other bytes. The first result stands; the other target
 * is asked again, about the same bytes or not at all. */
static struct store_outcome ask_again(const struct store_outcome *outcome)
{
    return (struct store_outcome){.job = outcome->job,
                                  .kind = OUTCOME_RETRY,
                                  .picture = outcome->picture,
                                  .reason = REASON_image_changed,
                                  .detail = reason_text(REASON_image_changed)};
}

static enum status apply(struct store *store, const struct store_outcome *outcome,
                         struct tally *tally, uint64_t *stale, struct error *error)
{
    int64_t changes = 0;
    struct subject subject = {0};
    struct store_outcome again;
    enum status status = check_outcome(store, outcome, error);
    const struct store_job *job = &outcome->job;
    if (!status)
        status = read_subject(store, job->item_id, outcome->picture.sha256, &subject, error);
    if (status)
        return status;
    if (outcome->kind == OUTCOME_DONE && subject.other) {
        again = ask_again(outcome);
        outcome = &again;
    }
    bool waits = outcome->kind == OUTCOME_RETRY || outcome->kind == OUTCOME_RELEASE;
    int64_t due_ms = waits ? outcome->due_ms : 0;
    status = statement_run(store, STATEMENT_job_finish,
                           BINDS(INTEGER(job->item_id), INTEGER(job->target_id),
                                 INTEGER(job->attempt), INTEGER(moves[outcome->kind].state),
                                 INTEGER(moves[outcome->kind].tries), INTEGER(due_ms)),
                           &changes, error);
    if (status)
        return status;
    if (changes == 0) {
        ++*stale;
        return STATUS_OK;
    }
    if (outcome->kind != OUTCOME_RELEASE)
        status = tally_absolve(store, tally, subject.run_id, job->item_id, job->target_id,
                               JOB_LEASED, error);
    if (!status && outcome->kind == OUTCOME_DONE)
        status = put_result(store, outcome, &subject, error);
    else if (!status && outcome->kind != OUTCOME_RELEASE)
        status = put_failure(store, outcome, &subject, tally, error);
    if (!status)
        status = tally_move(store, tally, subject.run_id, job->target_id, JOB_LEASED,
                            moves[outcome->kind].state, 1, error);
    return status;
}

enum status store_commit(struct store *store, const struct store_outcome *outcomes, size_t count,
                         uint64_t *stale, struct error *error)
{
    struct tally tally = {0};
    uint64_t refused = 0;
    if (count == 0)
        return STATUS_OK;
    enum status status = transaction_begin(store, error);
    if (status)
        return status;
    for (size_t i = 0; !status && i < count; i++)
        status = apply(store, &outcomes[i], &tally, &refused, error);
    if (!status)
        status = tally_write(store, &tally, error);
    status = transaction_end(store, status, error);
    if (!status && stale)
        *stale += refused;
    return status;
}

/* ---- crashes -------------------------------------------------------------------------------- */

static enum status bury_job(struct store *store, int64_t run_id, int64_t item_id, int64_t target_id,
                            enum job_state from, struct tally *tally, struct error *error)
{
    struct subject subject = {.run_id = run_id};
    struct store_outcome outcome = {
        .kind = OUTCOME_FAILED,
        .job = {.item_id = item_id, .target_id = target_id},
        .reason = REASON_crashed,
        .detail = reason_text(REASON_crashed),
    };
    enum status status = statement_run(store, STATEMENT_job_bury,
                                       BINDS(INTEGER(item_id), INTEGER(target_id)), NULL, error);
    if (!status)
        status = tally_absolve(store, tally, run_id, item_id, target_id, from, error);
    if (!status)
        status = put_failure(store, &outcome, &subject, tally, error);
    if (!status)
        status = tally_move(store, tally, run_id, target_id, from, JOB_FAILED, 1, error);
    return status;
}

/* Ends the item's open jobs. They are read to the end of one pass each, because the statement that
 * reads them must not run while they change. */
static enum status bury(struct store *store, int64_t item_id, int64_t run_id, struct error *error)
{
    struct tally tally = {0};
    enum status status;
    for (;;) {
        sqlite3_stmt *stmt;
        status = statement_bind(store, STATEMENT_job_open, BINDS(INTEGER(item_id)), &stmt, error);
        if (!status)
            status = statement_step(store, stmt, error);
        if (status)
            break;
        int64_t target_id = sqlite3_column_int64(stmt, 0);
        enum job_state from = (enum job_state)sqlite3_column_int(stmt, 1);
        sqlite3_reset(stmt);
        status = bury_job(store, run_id, item_id, target_id, from, &tally, error);
        if (status)
            break;
    }
    return status == STATUS_NO ? tally_write(store, &tally, error) : status;
}

static enum status count_crash(struct store *store, int64_t item_id, bool *buried,
                               struct error *error)
{
    sqlite3_stmt *stmt;
    enum status status =
        statement_bind(store, STATEMENT_item_crash, BINDS(INTEGER(item_id)), &stmt, error);
    if (!status)
        status = statement_step(store, stmt, error);
    if (status == STATUS_NO)
        return error_set(error, STATUS_NO, "%s: there is no item %lld", store->path,
                         (long long)item_id);
    if (status)
        return status;
    int64_t run_id = sqlite3_column_int64(stmt, 0);
    *buried = sqlite3_column_int64(stmt, 1) >= CRASHES_MAX;
    do
        status = statement_step(store, stmt, error);
    while (status == STATUS_OK);
    if (status != STATUS_NO)
        return status;
    return *buried ? bury(store, item_id, run_id, error) : STATUS_OK;
}

enum status store_count_crash(struct store *store, int64_t item_id, bool *buried,
                              struct error *error)
{
    bool over = false;
    enum status status = transaction_begin(store, error);
    if (status)
        return status;
    status = count_crash(store, item_id, &over, error);
    status = transaction_end(store, status, error);
    if (!status && buried)
        *buried = over;
    return status;
}
