#include "daemon/scheduler.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "daemon/dispatch.h"
#include "daemon/workers.h"

/* ---- making way for others --------------------------------------------------------------------
 */

static bool all_away(const struct task *task)
{
    for (size_t i = 0; i < task->job_count; i++)
        if (job_state(&task->jobs[i]) == JOB_HELD && route_away_ms(task->jobs[i].route) < AWAY_MS)
            return false;
    return true;
}

/* Takes a QUEUED task from wherever it waits and gives it back. Parked tasks have been taken off
 * their list before. */
static void release_queued(struct scheduler *s, struct task *task, int64_t due_ms)
{
    if (task->host_entry.host)
        hosts_remove(s->hosts, &task->host_entry, dispatch_now_ms(s));
    task_release(task, due_ms);
}

static size_t window(const struct scheduler *s)
{
    return (size_t)s->options.config->daemon.window;
}

/* Too many URLs are under way to lease more. */
static bool window_is_full(const struct scheduler *s)
{
    return s->task_count > window(s) / 2;
}

static void make_way(struct scheduler *s)
{
    bool away = false;
    for (unsigned i = 0; i < s->route_count; i++) {
        struct route *route = &s->routes[i];
        if (route_away_ms(route) < AWAY_MS)
            continue;
        away = true;
        for (struct task *task; (task = route_unpark(route));)
            dispatch_queue(s, task);
        /* One stays, to be asked about when the service may be back. */
        if (!dispatch_memory_is_free(s) || window_is_full(s))
            dispatch_release_waiting(route, 1, dispatch_wall_ms(NULL) + AWAY_DUE_MS);
    }
    for (struct task *task = away ? s->tasks : NULL; task; task = task->next)
        if (task_state(task) == TASK_QUEUED && task->host_entry.queued && all_away(task))
            release_queued(s, task,
                           dispatch_wall_ms(NULL) + AWAY_DUE_MS +
                               backoff_random(&s->backoff, AWAY_DUE_MS));
}

/* URLs of a slow host fill the window while downloads could start elsewhere. */
static void make_way_for_hosts(struct scheduler *s)
{
    int64_t turn_ms;
    if (!window_is_full(s) || !dispatch_may_fetch(s))
        return;
    for (struct host_entry *entry; (entry = hosts_surplus(s->hosts, CROWD_MS, &turn_ms));)
        release_queued(s, dispatch_task(entry),
                       dispatch_wall_ms(NULL) + (turn_ms < CROWD_DUE_MS ? turn_ms : CROWD_DUE_MS));
}

/* ---- leases -----------------------------------------------------------------------------------
 */

/* Targets of services that are away stay in the store, so that others get their turn however many
 * wait for these; but somebody must be left to find out when the service is back. */
static size_t absent_targets(const struct scheduler *s, int64_t *targets)
{
    size_t count = 0;
    for (unsigned i = 0; i < s->route_count; i++) {
        const struct route *route = &s->routes[i];
        if (route_away_ms(route) < AWAY_MS || route->waiting + route->asking == 0)
            continue;
        memcpy(targets + count, route->targets, route->target_count * sizeof *targets);
        count += route->target_count;
    }
    return count;
}

static void want_lease(struct scheduler *s)
{
    int64_t targets[ROUTES_MAX * ROUTE_TARGETS_MAX];
    if (s->lease_pending || s->phase != RUNNING || window_is_full(s) ||
        dispatch_now_ms(s) < s->next_lease_ms)
        return;
    size_t room = window(s) - s->task_count, absent = absent_targets(s, targets);
    s->lease_pending = true;
    s->lease_size = room < LEASE_MAX ? room : LEASE_MAX;
    s->passing_over = absent > 0;
    committer_lease(s->options.committer, s->lease_size, targets, absent);
}

static void find_routes(struct scheduler *s, struct task *task)
{
    for (size_t i = 0; i < task->job_count; i++) {
        struct task_job *job = &task->jobs[i];
        struct error error = {""};
        struct backend *backend = s->options.route(s->options.context, job->target, &error);
        for (unsigned r = 0; backend && r < s->route_count; r++)
            if (s->routes[r].backend == backend)
                job->route = &s->routes[r];
        if (job->route)
            route_know(job->route, job->job.target_id);
        else
            task_refuse_job(job, REASON_model_unavailable, error.text);
    }
}

static void add_task(struct scheduler *s, const struct store_item *item,
                     const struct store_target *const *targets)
{
    struct task *task = task_create(&s->env, item, targets);
    if (!task) { /* the next start takes the lease back */
        log_error("out of memory for an item under lease; ending");
        abort();
    }
    task->next = s->tasks;
    if (s->tasks)
        s->tasks->previous = task;
    s->tasks = task;
    s->task_count++;
    if (s->phase != RUNNING) { /* the backends may be gone */
        task_release(task, 0);
        return;
    }
    find_routes(s, task);
    if (task_state(task) == TASK_QUEUED)
        dispatch_queue(s, task);
}

static int64_t next_poll(const struct scheduler *s, const struct committer_lease *lease)
{
    if (lease->answered && lease->batch.count >= s->lease_size)
        return dispatch_now_ms(s);
    int64_t wait = POLL_MS, due = lease->backlog.next_due_ms;
    if (s->passing_over) /* what is passed over may be due, and much to read */
        wait = PASSING_POLL_MS;
    else if (lease->answered && due != INT64_MAX && due - dispatch_wall_ms(NULL) < wait)
        wait = due - dispatch_wall_ms(NULL);
    return dispatch_now_ms(s) + (wait > POLL_MIN_MS ? wait : POLL_MIN_MS);
}

void scheduler_leased(struct scheduler *s, struct committer_lease *lease)
{
    size_t jobs = 0;
    s->lease_pending = false;
    s->next_lease_ms = next_poll(s, lease);
    s->store_empty = lease->answered && lease->batch.count == 0 && lease->backlog.pending == 0;
    if (lease->answered)
        s->counts.pending = lease->backlog.pending;
    for (size_t i = 0; i < lease->batch.count; i++) {
        add_task(s, &lease->batch.items[i], lease->targets + jobs);
        s->counts.leased += lease->batch.items[i].job_count;
        jobs += lease->batch.items[i].job_count;
    }
    committer_lease_free(lease);
    scheduler_pump(s);
}

const char *const scheduler_producers[SCHEDULER_PRODUCERS] = {"carml", "local"};

static void count_done(struct scheduler *s, const struct store_outcome *record)
{
    s->counts.done++;
    s->counts.placeholders += record->picture.placeholder;
    for (size_t i = 0; i < SCHEDULER_PRODUCERS; i++)
        if (record->producer.backend &&
            strcmp(record->producer.backend, scheduler_producers[i]) == 0)
            histogram_add_ms(&s->counts.predict[i], record->predict_ms);
}

static void count(struct scheduler *s, const struct outcome *outcome)
{
    const struct task_job *job = outcome->owner;
    switch (outcome->record.kind) {
    case OUTCOME_DONE:
        count_done(s, &outcome->record);
        break;
    case OUTCOME_FAILED:
        s->counts.failed++;
        s->counts.reasons[outcome->record.reason]++;
        break;
    case OUTCOME_RETRY:
        s->counts.retried++;
        s->counts.reasons[outcome->record.reason]++;
        break;
    case OUTCOME_RELEASE:
        s->counts.released++;
        return;
    }
    s->counts.urls += job->task->unrecorded == 1;
}

void scheduler_recorded(struct scheduler *s, struct outcome *list)
{
    for (struct outcome *next; list; list = next) {
        next = list->next;
        count(s, list);
        task_recorded(list->owner);
        free(list);
    }
    scheduler_pump(s);
}

/* ---- ends -------------------------------------------------------------------------------------
 */

static size_t undecided_tasks(const struct scheduler *s)
{
    size_t tasks = 0;
    for (const struct task *task = s->tasks; task; task = task->next)
        tasks += task->undecided > 0;
    return tasks;
}

/* `once`: the route that has been away longer than carml.patience while nothing else had work. */
static const struct route *hopeless(const struct scheduler *s)
{
    int64_t patience = s->options.config->carml.patience_ms;
    int64_t quiet = patience < AWAY_MS ? patience : AWAY_MS;
    const struct route *away = NULL;
    for (unsigned i = 0; i < s->route_count; i++) {
        const struct route *route = &s->routes[i];
        int64_t ms = route_away_ms(route);
        if (ms == 0 && (route->asking || route->waiting))
            return NULL;
        if (ms > 0 && ms >= patience)
            away = route;
    }
    if (!away || s->fetching || s->validating || dispatch_now_ms(s) - s->last_progress_ms < quiet ||
        dispatch_wall_ms(NULL) <= s->last_retry_wall_ms)
        return NULL;
    return away;
}

static void check_once(struct scheduler *s)
{
    if (s->task_count == 0 && s->store_empty && !s->lease_pending) {
        s->ended = true;
        s->options.finished(s->options.context, STATUS_OK, NULL);
        return;
    }
    const struct route *route = hopeless(s);
    if (!route)
        return;
    char text[256], name[160] = "";
    route->backend->ops->describe(route->backend, name, sizeof name);
    snprintf(text, sizeof text, "%s: away for %lld s; what is left stays pending", name,
             (long long)(route_away_ms(route) / 1000));
    s->ended = true;
    s->options.finished(s->options.context, STATUS_UNAVAILABLE, text);
}

static void check_end(struct scheduler *s)
{
    if (s->phase == RUNNING) {
        if (s->options.once && !s->ended)
            check_once(s);
        return;
    }
    bool idle =
        s->phase == DRAINING ? s->task_count == 0 && !s->lease_pending : undecided_tasks(s) == 0;
    if (!idle || !s->options.idle)
        return;
    void (*tell)(void *) = s->options.idle;
    s->options.idle = NULL;
    tell(s->options.context);
}

/* ---- the pump ---------------------------------------------------------------------------------
 */

static void on_timer(uv_timer_t *timer)
{
    struct scheduler *s = timer->data;
    if (s->phase == RUNNING) {
        make_way(s);
        make_way_for_hosts(s);
    }
    scheduler_pump(s);
}

static void arm(struct scheduler *s)
{
    int64_t now = dispatch_now_ms(s), at = now + POLL_MS;
    if (s->phase == RUNNING) {
        if (!s->lease_pending && s->next_lease_ms > now && s->next_lease_ms < at)
            at = s->next_lease_ms;
        /* A host's time only matters while a download may start; else the next event tells. */
        int64_t host = dispatch_may_fetch(s) ? hosts_next_ms(s->hosts) : INT64_MAX;
        if (host < at)
            at = host;
    }
    for (unsigned i = 0; i < s->route_count; i++)
        if (s->routes[i].pause_until_ms > now && s->routes[i].pause_until_ms < at)
            at = s->routes[i].pause_until_ms;
    /* Never 0: libuv would call a timer that is due at once again before anything else. */
    uv_timer_start(&s->timer, on_timer, (uint64_t)(at > now ? at - now : 1), 0);
}

static void release_for_drain(struct scheduler *s)
{
    for (unsigned i = 0; i < s->route_count; i++)
        if (s->phase == ABANDONED || route_away_ms(&s->routes[i]) > 0)
            dispatch_release_waiting(&s->routes[i], 0, 0);
}

void scheduler_pump(struct scheduler *s)
{
    s->again = true;
    if (s->pumping)
        return;
    s->pumping = true;
    while (s->again) {
        s->again = false;
        if (s->phase == RUNNING) {
            dispatch_fetches(s);
            want_lease(s);
        } else {
            release_for_drain(s);
        }
        if (s->phase != ABANDONED)
            dispatch_questions(s);
    }
    s->pumping = false;
    if (uv_is_closing((uv_handle_t *)&s->timer))
        return;
    arm(s);
    check_end(s);
}

/* ---- life -------------------------------------------------------------------------------------
 */

enum status scheduler_create(const struct scheduler_options *options, struct scheduler **out,
                             struct error *error)
{
    struct scheduler *s = calloc(1, sizeof *s);
    if (!s || options->backend_count > ROUTES_MAX ||
        hosts_create(options->config->fetch.per_host, options->config->fetch.per_host_delay_ms,
                     &s->hosts) != STATUS_OK) {
        free(s);
        return error_set(error, STATUS_MEMORY, "scheduler: out of memory");
    }
    s->options = *options;
    s->env = (struct task_env){&dispatch_ops, s, options->config, &s->backoff};
    backoff_seed(&s->backoff, uv_hrtime());
    s->route_count = options->backend_count;
    for (unsigned i = 0; i < s->route_count; i++) {
        s->routes[i].backend = options->backends[i];
        if (options->backends[i]->ready)
            continue;
        options->backends[i]->ready = dispatch_ready;
        options->backends[i]->ready_context = s;
    }
    uv_timer_init(options->loop, &s->timer);
    s->timer.data = s;
    s->next_lease_ms = s->last_progress_ms = dispatch_now_ms(s);
    uv_timer_start(&s->timer, on_timer, 0, 0);
    *out = s;
    return STATUS_OK;
}

void scheduler_configure(struct scheduler *s)
{
    hosts_limit(s->hosts, s->options.config->fetch.per_host,
                s->options.config->fetch.per_host_delay_ms);
    scheduler_pump(s);
}

void scheduler_drain(struct scheduler *s)
{
    if (s->phase != RUNNING)
        return;
    s->phase = DRAINING;
    for (unsigned i = 0; i < s->route_count; i++)
        while (route_unpark(&s->routes[i]))
            ;
    for (struct task *task = s->tasks; task; task = task->next)
        if (task_state(task) == TASK_QUEUED)
            release_queued(s, task, 0);
    scheduler_pump(s);
}

void scheduler_abandon(struct scheduler *s)
{
    scheduler_drain(s);
    s->phase = ABANDONED;
    dispatch_cancel_fetches(s);
    scheduler_pump(s);
}

void scheduler_backends_closed(struct scheduler *s)
{
    for (unsigned i = 0; i < s->route_count; i++)
        s->routes[i].asking = 0;
    for (struct task *task = s->tasks; task; task = task->next)
        for (size_t i = 0; i < task->job_count; i++)
            if (job_state(&task->jobs[i]) == JOB_ASKING)
                task_release_job(&task->jobs[i], 0);
    s->route_count = 0; /* the backends' memory is gone */
    scheduler_pump(s);
}

const struct scheduler_counts *scheduler_counts(const struct scheduler *s)
{
    return &s->counts;
}

struct scheduler_flight scheduler_flight(const struct scheduler *s)
{
    const struct config *config = s->options.config;
    struct scheduler_flight flight = {
        .fetching = s->fetching,
        .validating = s->validating,
        .recording = (unsigned)committer_pending(s->options.committer),
        .memory = s->memory,
        .memory_limit = config->daemon.memory,
        .fetch_limit = (unsigned)config->fetch.concurrency,
        .workers = workers_count(config),
    };
    for (const struct task *task = s->tasks; task; task = task->next)
        flight.queued += task_state(task) == TASK_QUEUED;
    for (unsigned i = 0; i < s->route_count; i++) {
        flight.waiting += s->routes[i].waiting;
        flight.asking += s->routes[i].asking;
    }
    return flight;
}

void scheduler_describe(const struct scheduler *s, char *text, size_t size)
{
    unsigned asking = 0, waiting = 0;
    for (unsigned i = 0; i < s->route_count; i++) {
        asking += s->routes[i].asking;
        waiting += s->routes[i].waiting;
    }
    snprintf(text, size, "%u fetching, %u checking, %u asking, %u waiting", s->fetching,
             s->validating, asking, waiting);
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct scheduler *s = handle->data;
    void (*closed)(void *) = s->closed;
    void *context = s->closed_context;
    for (struct task *task = s->tasks, *next; task; task = next) {
        next = task->next;
        task_free(task);
    }
    hosts_free(s->hosts);
    free(s);
    closed(context);
}

void scheduler_close(struct scheduler *s, void (*closed)(void *context), void *context)
{
    s->closed = closed;
    s->closed_context = context;
    uv_close((uv_handle_t *)&s->timer, on_timer_closed);
}
