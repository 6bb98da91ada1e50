/* task: one leased URL on its way: fetch, validate, ask about it, record.
 *
 * The picture's state machine, and one small machine for each of its jobs. A task only decides;
 * what takes time is done by its environment (the scheduler, or a test's fake), which reports back
 * with the task_… events below. Each job gets exactly one outcome. All jobs are asked about the
 * same bytes and each ends on its own; a failure before that ends all of them with the same reason.
 * Loop thread only.
 */
#ifndef DAEMON_TASK_H
#define DAEMON_TASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/config.h"
#include "common/store/store.h"
#include "common/url.h"
#include "daemon/backends/backend.h"
#include "daemon/backoff.h"
#include "daemon/fetch.h"
#include "daemon/host.h"
#include "daemon/machine.h"
#include "daemon/outcome.h"
#include "daemon/validate.h"

enum task_state {
    TASK_QUEUED,
    TASK_FETCHING,
    TASK_VALIDATING,
    TASK_PREDICTING,
    TASK_COMMITTING,
    TASK_DONE
};

enum job_state {
    JOB_HELD,    /* waits for the picture */
    JOB_WAITING, /* waits for its backend */
    JOB_ASKING,
    JOB_DECIDED, /* its outcome is with the committer */
    JOB_RECORDED
};

extern const struct machine_table task_table, job_table;

struct task;

struct task_job {
    struct machine machine;
    struct task *task;
    struct store_job job;
    const struct store_target *target; /* lives as long as the store */
    void *route;                       /* the environment's: which backend */
    struct task_job *next;             /* the environment's: list of those that wait */
};

struct task {
    struct machine machine;
    struct task_env *env;
    int64_t item_id;
    char *url;
    bool pinned; /* an earlier target was asked about the picture with this hash */
    char pinned_sha256[SHA256_HEX_SIZE];
    char *bytes; /* VALIDATING and PREDICTING only */
    size_t size;
    struct store_picture picture; /* as far as known; strings in the fields below */
    char sha256[SHA256_HEX_SIZE];
    char *final_url;
    struct backend_picture asked; /* what backends see */
    size_t undecided, unrecorded; /* jobs */
    struct host_entry host_entry; /* the environment's, as all down to job_count */
    struct fetch *fetch;
    int64_t reserved; /* bytes of memory set aside for the running download */
    bool large;       /* known to need more than the usual share */
    struct task *next, *previous;
    struct task *parked_next;
    size_t job_count;
    struct task_job jobs[];
};

/* What a task needs done. None may report back before it returned. */
struct task_ops {
    /* Download task->url; then task_fetched. */
    enum status (*fetch)(void *context, struct task *task);
    /* Check task->bytes; then task_validated. */
    enum status (*validate)(void *context, struct task *task);
    /* The job wants to be asked (or asked again, when `again`): call task_ask when its backend
     * takes it. */
    void (*want)(void *context, struct task_job *job, bool again);
    /* Record the outcome (its owner is the job) and keep it until it is; then task_recorded. */
    void (*record)(void *context, struct outcome *outcome);
    /* `delta` bytes of pictures more (or fewer) are in memory. */
    void (*memory)(void *context, int64_t delta);
    /* The task is done: free it with task_free, now or later. */
    void (*finished)(void *context, struct task *task);
    int64_t (*wall_ms)(void *context); /* Unix time */
};

struct task_env {
    const struct task_ops *ops;
    void *context;
    const struct config *config;
    struct backoff *backoff;
};

/* A task for a leased item, QUEUED; copies what it needs. `targets` has one entry for each job.
 * NULL when memory is out. */
struct task *task_create(struct task_env *env, const struct store_item *item,
                         const struct store_target *const *targets);
void task_free(struct task *task);

/* QUEUED: begin. */
void task_start(struct task *task);

/* Events. task_fetched takes result->bytes. */
void task_fetched(struct task *task, struct fetch_result *result);
void task_validated(struct task *task, const struct validate_result *result);
void task_answered(struct task_job *job, const struct backend_answer *answer);
void task_recorded(struct task_job *job);

/* FETCHING -> QUEUED: the download ended without a verdict and will be started again. */
void task_requeue(struct task *task);

/* WAITING -> ASKING: the environment asks now and will report with task_answered. */
void task_ask(struct task_job *job);

/* HELD, WAITING or ASKING: ends this job alone as failed for good. */
void task_refuse_job(struct task_job *job, enum reason reason, const char *detail);

/* HELD, WAITING or ASKING: gives this job back, not counted as a try; due at `due_ms` (0: at once).
 * An ASKING job may only be given back once its backend will not answer any more. */
void task_release_job(struct task_job *job, int64_t due_ms);

/* Gives back every job that is HELD or WAITING. The environment takes care that nothing reports
 * afterwards (a fetch is cancelled first; not while VALIDATING). */
void task_release(struct task *task, int64_t due_ms);

static inline enum task_state task_state(const struct task *task)
{
    return (enum task_state)task->machine.state;
}

static inline enum job_state job_state(const struct task_job *job)
{
    return (enum job_state)job->machine.state;
}

#endif
