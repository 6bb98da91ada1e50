#include "daemon/dispatch.h"

#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "daemon/clock.h"

int64_t dispatch_now_ms(const struct scheduler *s)
{
    return (int64_t)uv_now(s->options.loop);
}

int64_t dispatch_wall_ms(void *unused)
{
    (void)unused;
    return clock_unix_ms();
}

static void progress(struct scheduler *s)
{
    s->last_progress_ms = dispatch_now_ms(s);
}

/* What one download of unknown size may take: its share of the memory. A body that turns out larger
 * is given up at that point and starts again later with room for fetch.max_bytes, so that the
 * ceiling holds whatever the servers send. */
static int64_t share(const struct scheduler *s)
{
    const struct config *config = s->options.config;
    int64_t bytes = config->daemon.memory / config->fetch.concurrency;
    if (bytes < SHARE_MIN)
        bytes = SHARE_MIN;
    return bytes < config->fetch.max_bytes ? bytes : config->fetch.max_bytes;
}

static int64_t need(const struct scheduler *s, const struct task *task)
{
    return task->large ? s->options.config->fetch.max_bytes : share(s);
}

static bool fits(const struct scheduler *s, int64_t bytes)
{
    if (s->memory == 0 && s->reserved == 0)
        return true; /* whatever the limits are, one picture at a time must do */
    return s->memory + s->reserved + bytes <= s->options.config->daemon.memory;
}

bool dispatch_memory_is_free(const struct scheduler *s)
{
    return fits(s, s->wanted ? s->wanted : share(s));
}

/* ---- what tasks need done ---------------------------------------------------------------------
 */

static void end_fetch(struct task *task)
{
    struct scheduler *s = task->env->context;
    task->fetch = NULL;
    s->fetching--;
    s->reserved -= task->reserved;
    task->reserved = 0;
    hosts_release(s->hosts, &task->host_entry, dispatch_now_ms(s));
}

static void start_again_large(struct scheduler *s, struct task *task)
{
    task->large = true;
    task_requeue(task);
    if (s->phase == RUNNING)
        dispatch_queue(s, task);
    else
        task_release(task, 0);
}

static void on_fetched(void *context, struct fetch_result *result)
{
    struct task *task = context;
    struct scheduler *s = task->env->context;
    bool had_all = task->reserved >= s->options.config->fetch.max_bytes;
    end_fetch(task);
    progress(s);
    histogram_add_ms(&s->counts.fetch, result->fetch_ms);
    if (!result->ok && result->reason == REASON_too_large && !had_all)
        start_again_large(s, task);
    else
        task_fetched(task, result);
    scheduler_pump(s);
}

static enum status do_fetch(void *context, struct task *task)
{
    struct scheduler *s = context;
    struct error error = {""};
    s->fetching++;
    task->reserved = need(s, task);
    s->reserved += task->reserved;
    progress(s);
    enum status status = fetch_start_limited(s->options.fetcher, task->url, (size_t)task->reserved,
                                             on_fetched, task, &task->fetch, &error);
    if (status) {
        log_warning("%s: %s", task->url, error.text);
        end_fetch(task);
    }
    return status;
}

static void on_validated(void *context, const struct validate_result *result)
{
    struct task *task = context;
    struct scheduler *s = task->env->context;
    s->validating--;
    progress(s);
    histogram_add_ms(&s->counts.validate, result->validate_ms);
    if (s->phase == ABANDONED)
        task_release(task, 0);
    else
        task_validated(task, result);
    scheduler_pump(s);
}

static enum status do_validate(void *context, struct task *task)
{
    struct scheduler *s = context;
    const struct validate_request request = {.item_id = task->item_id,
                                             .bytes = task->bytes,
                                             .size = task->size,
                                             .limits = config_image_limits(s->options.config),
                                             .pinned_sha256 =
                                                 task->pinned ? task->pinned_sha256 : NULL,
                                             .keeper = s->options.keeper};
    enum status status = validate_start(s->options.loop, &request, on_validated, task);
    s->validating += status == STATUS_OK;
    return status;
}

static void do_want(void *context, struct task_job *job, bool again)
{
    (void)context;
    route_push(job->route, job, again);
}

static void do_record(void *context, struct outcome *outcome)
{
    struct scheduler *s = context;
    if (outcome->record.kind == OUTCOME_RETRY) {
        int64_t wait = outcome->record.due_ms - dispatch_wall_ms(NULL);
        int64_t at = dispatch_now_ms(s) + (wait > POLL_MIN_MS ? wait : POLL_MIN_MS);
        if (at < s->next_lease_ms)
            s->next_lease_ms = at;
        if (outcome->record.due_ms > s->last_retry_wall_ms)
            s->last_retry_wall_ms = outcome->record.due_ms;
    }
    committer_record(s->options.committer, outcome);
}

static void do_memory(void *context, int64_t delta)
{
    struct scheduler *s = context;
    s->memory += delta;
}

static void do_finished(void *context, struct task *task)
{
    struct scheduler *s = context;
    *(task->previous ? &task->previous->next : &s->tasks) = task->next;
    if (task->next)
        task->next->previous = task->previous;
    s->task_count--;
    if (s->task_count == 0)
        s->next_lease_ms = dispatch_now_ms(s);
    task_free(task);
}

const struct task_ops dispatch_ops = {do_fetch,  do_validate, do_want,         do_record,
                                      do_memory, do_finished, dispatch_wall_ms};

/* ---- asking backends --------------------------------------------------------------------------
 */

static void on_answer(void *context, const struct backend_answer *answer)
{
    struct task_job *job = context;
    struct scheduler *s = job->task->env->context;
    struct route *route = job->route;
    route->asking--;
    if (answer->verdict == BACKEND_AWAY)
        route->pause_until_ms = dispatch_now_ms(s) + AWAY_PAUSE_MS;
    else
        progress(s);
    task_answered(job, answer);
    scheduler_pump(s);
}

void dispatch_ready(void *context)
{
    struct scheduler *s = context;
    for (unsigned i = 0; i < s->route_count; i++)
        s->routes[i].pause_until_ms = 0;
    scheduler_pump(s);
}

void dispatch_questions(struct scheduler *s)
{
    for (unsigned i = 0; i < s->route_count; i++) {
        struct route *route = &s->routes[i];
        while (route_ready(route, dispatch_now_ms(s))) {
            struct task_job *job = route_pop(route);
            route->asking++;
            task_ask(job);
            route->backend->ops->predict(route->backend, job->target, &job->task->asked, on_answer,
                                         job);
        }
    }
}

/* Gives back what waits for the route, all but the first `keep` jobs. */
void dispatch_release_waiting(struct route *route, unsigned keep, int64_t due_ms)
{
    struct route kept = {.backend = route->backend};
    for (unsigned i = 0; i < keep && route->first; i++)
        route_push(&kept, route_pop(route), false);
    for (struct task_job *job; (job = route_pop(route));)
        task_release_job(job, due_ms);
    for (struct task_job *job; (job = route_pop(&kept));)
        route_push(route, job, false);
}

/* ---- downloads --------------------------------------------------------------------------------
 */

/* The route that keeps the task from being started, or NULL. */
static struct route *blocked_by(const struct task *task)
{
    struct route *full = NULL;
    for (size_t i = 0; i < task->job_count; i++) {
        if (job_state(&task->jobs[i]) != JOB_HELD)
            continue;
        full = task->jobs[i].route;
        if (route_room(full) > 0)
            return NULL;
    }
    return full;
}

struct task *dispatch_task(struct host_entry *entry)
{
    return (struct task *)(void *)((char *)entry - offsetof(struct task, host_entry));
}

static bool any_room(const struct scheduler *s)
{
    for (unsigned i = 0; i < s->route_count; i++)
        if (route_room(&s->routes[i]) > 0)
            return true;
    return false;
}

void dispatch_queue(struct scheduler *s, struct task *task)
{
    char host[URL_HOST_MAX];
    if (url_host(task->url, host) != STATUS_OK)
        host[0] = '\0'; /* the download will say what is wrong with it */
    if (hosts_push(s->hosts, &task->host_entry, host, dispatch_now_ms(s)) != STATUS_OK)
        task_release(task, dispatch_wall_ms(NULL) + POLL_MS);
}

bool dispatch_may_fetch(const struct scheduler *s)
{
    return s->fetching < (uint64_t)s->options.config->fetch.concurrency &&
           dispatch_memory_is_free(s) && any_room(s);
}

static void unpark(struct scheduler *s)
{
    for (unsigned i = 0; i < s->route_count; i++) {
        struct route *route = &s->routes[i];
        for (unsigned room = route->parked ? route_room(route) : 0; room && route->parked; room--)
            dispatch_queue(s, route_unpark(route));
    }
}

void dispatch_fetches(struct scheduler *s)
{
    unpark(s);
    while (dispatch_may_fetch(s)) {
        struct host_entry *entry = hosts_pop(s->hosts, dispatch_now_ms(s));
        if (!entry)
            break;
        struct task *task = dispatch_task(entry);
        struct route *full = blocked_by(task);
        if (full) {
            hosts_restore(s->hosts, entry, dispatch_now_ms(s));
            hosts_remove(s->hosts, entry, dispatch_now_ms(s));
            route_park(full, task);
        } else if (!fits(s, need(s, task))) {
            /* It stays the next, and nothing else is started until there is room, or that would
             * never come. */
            s->wanted = need(s, task);
            hosts_restore(s->hosts, entry, dispatch_now_ms(s));
        } else {
            s->wanted = 0;
            task_start(task);
        }
    }
}

void dispatch_cancel_fetches(struct scheduler *s)
{
    for (struct task *task = s->tasks; task; task = task->next) {
        if (task_state(task) != TASK_FETCHING)
            continue;
        fetch_cancel(task->fetch);
        end_fetch(task);
        task_release(task, 0);
    }
}
