#include "daemon/task.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"

#define NEXT(state) (UINT32_C(1) << (state))

static const struct machine_state task_states[] = {
    [TASK_QUEUED] = {"QUEUED", NEXT(TASK_FETCHING) | NEXT(TASK_COMMITTING)},
    [TASK_FETCHING] = {"FETCHING",
                       NEXT(TASK_QUEUED) | NEXT(TASK_VALIDATING) | NEXT(TASK_COMMITTING)},
    [TASK_VALIDATING] = {"VALIDATING", NEXT(TASK_PREDICTING) | NEXT(TASK_COMMITTING)},
    [TASK_PREDICTING] = {"PREDICTING", NEXT(TASK_COMMITTING)},
    [TASK_COMMITTING] = {"COMMITTING", NEXT(TASK_DONE)},
    [TASK_DONE] = {"DONE", 0},
};

const struct machine_table task_table = {
    "task: one leased URL",
    "    QUEUED <--> FETCHING ---> VALIDATING ---> PREDICTING   back: larger than its share\n"
    "      |  slot      | bytes        | a picture      |\n"
    "      |            |              |                | every job\n"
    "      | given back | failed       | no picture     | has its outcome\n"
    "      v            v              v                v\n"
    "      +------------+------ COMMITTING -------------+\n"
    "                               | every outcome is in the store\n"
    "                               v\n"
    "                             DONE\n",
    6, task_states};

static const struct machine_state job_states[] = {
    [JOB_HELD] = {"HELD", NEXT(JOB_WAITING) | NEXT(JOB_DECIDED)},
    [JOB_WAITING] = {"WAITING", NEXT(JOB_ASKING) | NEXT(JOB_DECIDED)},
    [JOB_ASKING] = {"ASKING", NEXT(JOB_WAITING) | NEXT(JOB_DECIDED)},
    [JOB_DECIDED] = {"DECIDED", NEXT(JOB_RECORDED)},
    [JOB_RECORDED] = {"RECORDED", 0},
};

const struct machine_table job_table = {
    "job: one question about the URL's picture",
    "    HELD ---> WAITING <---> ASKING     back to WAITING: the service is away\n"
    "      | picture  | capacity   |\n"
    "      v          v            v\n"
    "      +------- DECIDED -------+        answer, failure, or given back\n"
    "                  |\n"
    "                  v\n"
    "              RECORDED\n",
    5, job_states};

static size_t jobs_before(const struct task *task, enum job_state limit)
{
    size_t count = 0;
    for (size_t i = 0; i < task->job_count; i++)
        count += job_state(&task->jobs[i]) < limit;
    return count;
}

static bool task_invariant(const struct machine *machine)
{
    const struct task *task = (const struct task *)(const void *)machine; /* its first member */
    enum task_state state = task_state(task);
    bool has_bytes = state == TASK_VALIDATING || state == TASK_PREDICTING;
    if ((task->bytes != NULL) != has_bytes)
        return false;
    if (jobs_before(task, JOB_DECIDED) != task->undecided ||
        jobs_before(task, JOB_RECORDED) != task->unrecorded)
        return false;
    return state < TASK_COMMITTING
               ? task->undecided > 0
               : task->undecided == 0 && (state != TASK_DONE || !task->unrecorded);
}

static bool job_invariant(const struct machine *machine)
{
    const struct task_job *job = (const struct task_job *)(const void *)machine;
    enum job_state state = job_state(job);
    bool wants_bytes = state == JOB_WAITING || state == JOB_ASKING;
    return !wants_bytes || job->task->bytes != NULL;
}

struct task *task_create(struct task_env *env, const struct store_item *item,
                         const struct store_target *const *targets)
{
    struct task *task = calloc(1, sizeof *task + item->job_count * sizeof task->jobs[0]);
    if (!task || !(task->url = strdup(item->url))) {
        free(task);
        return NULL;
    }
    machine_start(&task->machine, &task_table, task_invariant);
    task->env = env;
    task->item_id = item->id;
    task->job_count = task->undecided = task->unrecorded = item->job_count;
    task->pinned = item->image_sha256 != NULL;
    if (task->pinned)
        snprintf(task->pinned_sha256, sizeof task->pinned_sha256, "%s", item->image_sha256);
    for (size_t i = 0; i < item->job_count; i++) {
        struct task_job *job = &task->jobs[i];
        machine_start(&job->machine, &job_table, job_invariant);
        job->task = task;
        job->job = item->jobs[i];
        job->target = targets[i];
    }
    return task;
}

void task_free(struct task *task)
{
    if (!task)
        return;
    free(task->bytes);
    free(task->final_url);
    free(task->url);
    free(task);
}

static void drop_bytes(struct task *task)
{
    if (!task->bytes)
        return;
    free(task->bytes);
    task->bytes = NULL;
    task->env->ops->memory(task->env->context, -(int64_t)task->size);
}

/* The one place where a job gets its outcome. */
static void decide(struct task_job *job, struct store_outcome *record)
{
    struct task *task = job->task;
    record->job = job->job;
    struct outcome *outcome = outcome_copy(record, job);
    if (!outcome) {
        /* Without memory for the outcome the promise "one row each" can only be kept by starting
         * again from what the store knows. */
        log_error("out of memory for an outcome; ending, so that the next start continues");
        abort();
    }
    machine_move(&job->machine, JOB_DECIDED);
    task->undecided--;
    if (task->undecided == 0) {
        drop_bytes(task);
        machine_move(&task->machine, TASK_COMMITTING);
    }
    task->env->ops->record(task->env->context, outcome);
}

static bool may_try_again(const struct task_job *job, enum reason reason)
{
    return reason_retryable(reason) &&
           job->job.tries < (uint64_t)job->task->env->config->retry.tries;
}

static void fail_job(struct task_job *job, enum reason reason, const char *detail, bool for_good,
                     int64_t retry_after_ms)
{
    struct task_env *env = job->task->env;
    struct store_outcome record = {
        .kind = OUTCOME_FAILED, .picture = job->task->picture, .reason = reason, .detail = detail};
    if (!for_good && may_try_again(job, reason)) {
        record.kind = OUTCOME_RETRY;
        record.due_ms = env->ops->wall_ms(env->context) +
                        backoff_delay(env->backoff, env->config->retry.base_ms,
                                      env->config->retry.cap_ms, job->job.tries, retry_after_ms);
    }
    decide(job, &record);
}

static void fail_task(struct task *task, enum reason reason, const char *detail,
                      int64_t retry_after_ms)
{
    for (size_t i = 0; i < task->job_count; i++)
        if (job_state(&task->jobs[i]) < JOB_DECIDED)
            fail_job(&task->jobs[i], reason, detail, false, retry_after_ms);
}

void task_start(struct task *task)
{
    machine_move(&task->machine, TASK_FETCHING);
    if (task->env->ops->fetch(task->env->context, task) != STATUS_OK)
        fail_task(task, REASON_internal, "the download could not be started", -1);
}

void task_requeue(struct task *task)
{
    machine_move(&task->machine, TASK_QUEUED);
}

void task_fetched(struct task *task, struct fetch_result *result)
{
    task->picture.http_status = result->http_status;
    task->picture.fetch_ms = result->fetch_ms;
    if (result->final_url && strcmp(result->final_url, task->url) != 0)
        task->final_url = strdup(result->final_url); /* for reading only: NULL is fine */
    task->picture.final_url = task->final_url;
    if (!result->ok) {
        fail_task(task, result->reason, result->detail, result->retry_after_ms);
        return;
    }
    task->bytes = result->bytes;
    task->size = result->size;
    task->picture.bytes = result->size;
    task->env->ops->memory(task->env->context, (int64_t)task->size);
    machine_move(&task->machine, TASK_VALIDATING);
    if (task->env->ops->validate(task->env->context, task) != STATUS_OK)
        fail_task(task, REASON_internal, "the validation could not be started", -1);
}

static bool is_placeholder(const struct config *config, const char *sha256)
{
    for (size_t i = 0; i < config->validate.placeholders.count; i++)
        if (strcasecmp(config->validate.placeholders.items[i], sha256) == 0)
            return true;
    return false;
}

static void describe_picture(struct task *task, const struct validate_result *result)
{
    memcpy(task->sha256, result->sha256, sizeof task->sha256);
    task->picture.sha256 = task->sha256[0] ? task->sha256 : NULL;
    task->picture.kind = image_kind_name(result->info.kind);
    task->picture.width = result->info.width;
    task->picture.height = result->info.height;
    task->picture.validate_ms = result->validate_ms;
    task->picture.placeholder = is_placeholder(task->env->config, task->sha256);
}

void task_validated(struct task *task, const struct validate_result *result)
{
    describe_picture(task, result);
    if (!result->ok) {
        fail_task(task, result->reason, result->detail.text, -1);
        return;
    }
    if (task->pinned && strcmp(task->pinned_sha256, task->sha256) != 0) {
        struct error detail;
        (void)error_set(&detail, STATUS_DATA, "SHA-256 was %.16s... and is %.16s...",
                        task->pinned_sha256, task->sha256);
        fail_task(task, REASON_image_changed, detail.text, -1);
        return;
    }
    task->asked = (struct backend_picture){.item_id = task->item_id,
                                           .url = task->url,
                                           .bytes = task->bytes,
                                           .size = task->size,
                                           .kind = result->info.kind};
    machine_move(&task->machine, TASK_PREDICTING);
    for (size_t i = 0; i < task->job_count; i++) {
        struct task_job *job = &task->jobs[i];
        if (job_state(job) != JOB_HELD)
            continue;
        machine_move(&job->machine, JOB_WAITING);
        task->env->ops->want(task->env->context, job, false);
    }
}

void task_ask(struct task_job *job)
{
    machine_move(&job->machine, JOB_ASKING);
}

static void take_answer(struct task_job *job, const struct backend_answer *answer)
{
    struct store_outcome record = {.kind = OUTCOME_DONE,
                                   .picture = job->task->picture,
                                   .producer = answer->producer,
                                   .sent_as = answer->sent_as,
                                   .predict_ms = answer->predict_ms,
                                   .prediction_count = answer->prediction_count};
    memcpy(record.predictions, answer->predictions, sizeof record.predictions);
    decide(job, &record);
}

void task_answered(struct task_job *job, const struct backend_answer *answer)
{
    switch (answer->verdict) {
    case BACKEND_ANSWERED:
        if (answer->prediction_count >= 1 && answer->prediction_count <= 3)
            take_answer(job, answer);
        else
            fail_job(job, REASON_empty_answer, answer->detail, false, -1);
        return;
    case BACKEND_FAILED:
        fail_job(job, answer->reason, answer->detail, false, -1);
        return;
    case BACKEND_AWAY:
        machine_move(&job->machine, JOB_WAITING);
        job->task->env->ops->want(job->task->env->context, job, true);
        return;
    }
}

void task_recorded(struct task_job *job)
{
    struct task *task = job->task;
    machine_move(&job->machine, JOB_RECORDED);
    task->unrecorded--;
    if (task->unrecorded > 0)
        return;
    machine_move(&task->machine, TASK_DONE);
    task->env->ops->finished(task->env->context, task);
}

void task_refuse_job(struct task_job *job, enum reason reason, const char *detail)
{
    fail_job(job, reason, detail, true, -1);
}

void task_release_job(struct task_job *job, int64_t due_ms)
{
    struct store_outcome record = {.kind = OUTCOME_RELEASE, .due_ms = due_ms};
    decide(job, &record);
}

void task_release(struct task *task, int64_t due_ms)
{
    for (size_t i = 0; i < task->job_count; i++)
        if (job_state(&task->jobs[i]) < JOB_ASKING)
            task_release_job(&task->jobs[i], due_ms);
}
