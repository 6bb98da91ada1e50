#include "daemon/committer.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "daemon/clock.h"
#include "daemon/targets.h"
#include "daemon/timings.h"

enum { TICK_MS = 500 };

/* Fields above `mutex` belong to the thread, those below it are shared under it, and those at the
 * end belong to the loop. */
struct committer {
    char *path;
    const struct committer_events *events;
    void *context;
    struct store *store;
    struct targets targets;
    struct outcome *group; /* being committed */
    uint64_t retry_at_ns;  /* 0: no trouble */

    uv_mutex_t mutex;
    uv_cond_t wake;
    struct outcome_list queue; /* loop -> thread */
    uint64_t first_at_ns;      /* when the oldest in the queue came */
    size_t lease_wanted;       /* 0: none */
    int64_t *without;          /* ... and the targets that it passes over */
    size_t without_count;
    bool stopping;                /* committer_close was called */
    uint64_t stop_at_ns;          /* ... and trouble is waited for until then */
    struct outcome_list recorded; /* thread -> loop */
    struct committer_lease *lease;
    bool opened, opened_told;
    enum status open_status, fail_status;
    struct store_recovery recovery;
    struct error error; /* of opening, or of the failure */
    bool trouble, failed, ended;
    struct error trouble_error;
    struct errand_list errands, errands_done;
    _Atomic uint64_t heartbeat, beat_ns;
    _Atomic uint64_t commits, stale;

    uv_thread_t thread;
    uv_async_t async;
    size_t pending;
    bool trouble_told, failed_told;
    void (*closed)(void *context);
    void *closed_context;
};

void committer_lease_free(struct committer_lease *lease)
{
    if (!lease)
        return;
    store_batch_free(&lease->batch);
    free(lease->targets);
    free(lease);
}

/* ---- thread: committing -----------------------------------------------------------------------
 */

/* Trouble that may pass by itself. */
static bool may_pass(const struct committer *c, enum status status)
{
    if (store_sync_failed(c->store))
        return false;
    return status == STATUS_FULL || status == STATUS_IO || status == STATUS_UNAVAILABLE ||
           status == STATUS_MEMORY;
}

static void set_trouble(struct committer *c, const struct error *error)
{
    c->retry_at_ns = error ? uv_hrtime() + (uint64_t)COMMITTER_RETRY_MS * 1000000 : 0;
    uv_mutex_lock(&c->mutex);
    c->trouble = error != NULL;
    if (error)
        c->trouble_error = *error;
    uv_mutex_unlock(&c->mutex);
    uv_async_send(&c->async);
}

static void set_failed(struct committer *c, enum status status, const struct error *error)
{
    uv_mutex_lock(&c->mutex);
    c->failed = true;
    c->fail_status = status;
    c->error = *error;
    uv_mutex_unlock(&c->mutex);
    uv_async_send(&c->async);
}

static enum status commit(struct committer *c, const struct store_outcome *outcomes, size_t count,
                          struct error *error)
{
    uint64_t stale = 0;
    enum status status = store_commit(c->store, outcomes, count, &stale, error);
    atomic_fetch_add(&c->commits, status == STATUS_OK);
    atomic_fetch_add(&c->stale, stale);
    if (!status && stale)
        log_info("%llu outcome(s) came after their lease had ended and were not recorded",
                 (unsigned long long)stale);
    return status;
}

/* The store refuses this outcome for what it is: the job still ends, with its own row. */
static enum status commit_alone(struct committer *c, const struct store_outcome *outcome,
                                struct error *error)
{
    enum status status = commit(c, outcome, 1, error);
    if (!status || may_pass(c, status))
        return status;
    log_warning("item %lld: its outcome cannot be recorded: %s", (long long)outcome->job.item_id,
                error->text);
    struct error why = *error;
    struct store_outcome plain = {
        .job = outcome->job, .kind = OUTCOME_FAILED, .reason = REASON_internal, .detail = why.text};
    return commit(c, &plain, 1, error);
}

static enum status commit_one_by_one(struct committer *c, const struct store_outcome *outcomes,
                                     size_t count, struct error *error)
{
    /* Outcomes that were recorded before a failure are stale the next time: harmless. */
    for (size_t i = 0; i < count; i++) {
        enum status status = commit_alone(c, &outcomes[i], error);
        if (status)
            return status;
    }
    return STATUS_OK;
}

static enum status commit_group(struct committer *c, struct error *error)
{
    struct store_outcome outcomes[COMMITTER_GROUP];
    size_t count = 0;
    for (struct outcome *o = c->group; o; o = o->next)
        outcomes[count++] = o->record;
    enum status status = commit(c, outcomes, count, error);
    if (status && !may_pass(c, status) && !store_sync_failed(c->store))
        status = commit_one_by_one(c, outcomes, count, error);
    return status;
}

/* Takes up to a group's worth out of the queue. */
static void take_group(struct committer *c)
{
    struct outcome_list taken;
    outcome_list_init(&taken);
    uv_mutex_lock(&c->mutex);
    while (c->queue.count && taken.count < COMMITTER_GROUP)
        outcome_list_push(&taken, outcome_list_shift(&c->queue));
    uv_mutex_unlock(&c->mutex);
    c->group = taken.first;
}

static void give_back_group(struct committer *c)
{
    uv_mutex_lock(&c->mutex);
    for (struct outcome *next; c->group; c->group = next) {
        next = c->group->next;
        outcome_list_push(&c->recorded, c->group);
    }
    uv_mutex_unlock(&c->mutex);
    uv_async_send(&c->async);
}

static void work_on_group(struct committer *c)
{
    struct error error = {""};
    if (!c->group)
        take_group(c);
    enum status status = commit_group(c, &error);
    if (status == STATUS_OK) {
        give_back_group(c);
        if (c->retry_at_ns)
            set_trouble(c, NULL);
    } else if (may_pass(c, status)) {
        set_trouble(c, &error);
    } else {
        set_failed(c, status, &error);
    }
}

/* ---- thread: leasing --------------------------------------------------------------------------
 */

static enum status find_targets(struct committer *c, struct committer_lease *lease,
                                struct error *error)
{
    size_t jobs = 0, n = 0;
    for (size_t i = 0; i < lease->batch.count; i++)
        jobs += lease->batch.items[i].job_count;
    lease->targets = calloc(jobs ? jobs : 1, sizeof(struct store_target *));
    if (!lease->targets)
        return error_set(error, STATUS_MEMORY, "out of memory");
    for (size_t i = 0; i < lease->batch.count; i++)
        for (size_t j = 0; j < lease->batch.items[i].job_count; j++) {
            enum status status =
                targets_find(&c->targets, c->store, lease->batch.items[i].jobs[j].target_id,
                             &lease->targets[n++], error);
            if (status)
                return status;
        }
    return STATUS_OK;
}

static enum status fill_lease(struct committer *c, size_t max_items, struct committer_lease *lease,
                              struct error *error)
{
    uv_mutex_lock(&c->mutex);
    int64_t *without = c->without;
    size_t count = c->without_count;
    c->without = NULL;
    c->without_count = 0;
    uv_mutex_unlock(&c->mutex);
    enum status status = store_lease_without(c->store, max_items, clock_unix_ms(), without, count,
                                             &lease->batch, error);
    free(without);
    if (!status)
        status = store_backlog(c->store, &lease->backlog, error);
    if (!status)
        status = find_targets(c, lease, error);
    return status;
}

/* A lease that was taken but cannot be handed on would be lost until the next start: everything
 * that can fail after store_lease is therefore fatal unless nothing was leased. */
static void work_on_lease(struct committer *c, size_t max_items)
{
    struct error error = {""};
    struct committer_lease *lease = calloc(1, sizeof *lease);
    if (!lease) {
        (void)error_set(&error, STATUS_MEMORY, "out of memory");
        set_failed(c, STATUS_MEMORY, &error);
        return;
    }
    if (!c->group) {
        enum status status = fill_lease(c, max_items, lease, &error);
        lease->answered = status == STATUS_OK;
        if (status && (!may_pass(c, status) || lease->batch.count)) {
            committer_lease_free(lease);
            set_failed(c, status, &error);
            return;
        }
        if (status || c->retry_at_ns)
            set_trouble(c, status ? &error : NULL);
    }
    uv_mutex_lock(&c->mutex);
    c->lease = lease;
    uv_mutex_unlock(&c->mutex);
    uv_async_send(&c->async);
}

/* ---- thread: errands --------------------------------------------------------------------------
 */

static void run_errands(struct committer *c)
{
    uv_mutex_lock(&c->mutex);
    for (struct errand *errand; (errand = errand_shift(&c->errands));) {
        uv_mutex_unlock(&c->mutex);
        errand->run(errand, c->store);
        uv_mutex_lock(&c->mutex);
        errand_push(&c->errands_done, errand);
        uv_async_send(&c->async);
    }
    uv_mutex_unlock(&c->mutex);
}

/* ---- thread: its loop -------------------------------------------------------------------------
 */

struct plan {
    bool commit, errands, end;
    size_t lease;
};

static uint64_t group_due_ns(const struct committer *c)
{
    if (c->group)
        return c->retry_at_ns;
    if (c->queue.count >= COMMITTER_GROUP || c->stopping)
        return 0;
    return c->first_at_ns + (uint64_t)COMMITTER_DELAY_MS * 1000000;
}

static bool has_work(const struct committer *c)
{
    return c->group || c->queue.count;
}

static struct plan make_plan(const struct committer *c, uint64_t now)
{
    struct plan plan = {.errands = c->errands.first != NULL};
    if (c->failed) {
        plan.end = c->stopping;
        return plan;
    }
    plan.commit = has_work(c) && now >= group_due_ns(c);
    if (c->stopping)
        plan.end = !has_work(c) || (c->group && now >= c->stop_at_ns);
    else
        plan.lease = c->lease_wanted;
    return plan;
}

static bool is_idle(const struct plan *plan)
{
    return !plan->commit && !plan->lease && !plan->errands && !plan->end;
}

/* Until the next group is due, but no longer than a tick. */
static uint64_t waiting_ns(const struct committer *c, uint64_t now)
{
    uint64_t tick = (uint64_t)TICK_MS * 1000000;
    if (!has_work(c) || c->failed)
        return tick;
    uint64_t due = group_due_ns(c);
    return due - now < tick ? due - now : tick;
}

/* What there is to do; waits up to a tick when it is nothing. */
static struct plan wait_for_work(struct committer *c)
{
    uv_mutex_lock(&c->mutex);
    uint64_t now = uv_hrtime();
    struct plan plan = make_plan(c, now);
    if (is_idle(&plan)) {
        uv_cond_timedwait(&c->wake, &c->mutex, waiting_ns(c, now));
        plan = make_plan(c, uv_hrtime());
    }
    if (plan.lease)
        c->lease_wanted = 0;
    if (plan.commit && c->queue.count > COMMITTER_GROUP)
        c->first_at_ns = 0; /* what stays behind goes at once */
    uv_mutex_unlock(&c->mutex);
    return plan;
}

static void open_store(struct committer *c)
{
    struct error error = {""};
    struct store_recovery recovery = {0};
    enum status status = store_open(c->path, STORE_DAEMON, &c->store, &recovery, &error);
    if (!status && c->events->prepare)
        status = c->events->prepare(c->context, c->store, &error);
    uv_mutex_lock(&c->mutex);
    c->opened = true;
    c->open_status = status;
    c->recovery = recovery;
    c->error = error;
    uv_mutex_unlock(&c->mutex);
    uv_async_send(&c->async);
}

static void run(void *context)
{
    struct committer *c = context;
    open_store(c);
    for (;;) {
        struct plan plan = wait_for_work(c);
        atomic_fetch_add(&c->heartbeat, 1);
        atomic_store(&c->beat_ns, uv_hrtime());
        if (plan.errands)
            run_errands(c);
        if (plan.end)
            break;
        if (plan.commit)
            work_on_group(c);
        if (plan.lease)
            work_on_lease(c, plan.lease);
        timings_thread(TIMING_committer);
    }
    store_close(c->store);
    timings_thread(TIMING_committer);
    uv_mutex_lock(&c->mutex);
    c->ended = true;
    uv_mutex_unlock(&c->mutex);
    uv_async_send(&c->async);
}

/* ---- loop -------------------------------------------------------------------------------------
 */

/* What was given back is no loss: closing the store took back every lease. */
static size_t count_lost(const struct outcome *list)
{
    size_t lost = 0;
    for (; list; list = list->next)
        lost += list->record.kind != OUTCOME_RELEASE;
    return lost;
}

static void destroy(uv_handle_t *handle)
{
    struct committer *c = handle->data;
    void (*closed)(void *) = c->closed;
    void *context = c->closed_context;
    size_t lost = count_lost(c->group) + count_lost(c->queue.first);
    if (lost)
        log_error("%zu outcome(s) could not be recorded; their URLs will be worked on again", lost);
    outcome_free_all(c->group);
    outcome_free_all(c->queue.first);
    outcome_free_all(c->recorded.first);
    committer_lease_free(c->lease);
    targets_free(&c->targets);
    free(c->without);
    uv_cond_destroy(&c->wake);
    uv_mutex_destroy(&c->mutex);
    free(c->path);
    free(c);
    closed(context);
}

/* What the thread has to say, taken out under the mutex. */
struct news {
    bool opened, trouble, failed, ended;
    enum status open_status, fail_status;
    struct store_recovery recovery;
    struct error error, trouble_error;
    struct committer_lease *lease;
    struct outcome *recorded;
    size_t recorded_count;
    struct errand_list errands;
};

static void take_news(struct committer *c, struct news *news)
{
    uv_mutex_lock(&c->mutex);
    *news = (struct news){.opened = c->opened && !c->opened_told,
                          .trouble = c->trouble,
                          .failed = c->failed && !c->failed_told,
                          .ended = c->ended,
                          .open_status = c->open_status,
                          .fail_status = c->fail_status,
                          .recovery = c->recovery,
                          .error = c->error,
                          .trouble_error = c->trouble_error,
                          .lease = c->lease,
                          .recorded = c->recorded.first,
                          .recorded_count = c->recorded.count,
                          .errands = c->errands_done};
    c->opened_told = c->opened;
    c->failed_told = c->failed;
    c->lease = NULL;
    c->errands_done = (struct errand_list){0};
    outcome_list_init(&c->recorded);
    uv_mutex_unlock(&c->mutex);
}

static void tell(struct committer *c, struct news *news)
{
    const struct committer_events *events = c->events;
    if (news->opened)
        events->opened(c->context, news->open_status, &news->recovery, &news->error);
    c->pending -= news->recorded_count;
    if (news->recorded)
        events->recorded(c->context, news->recorded);
    if (news->trouble != c->trouble_told) {
        c->trouble_told = news->trouble;
        events->trouble(c->context, news->trouble ? news->trouble_error.text : NULL);
    }
    if (news->lease)
        events->leased(c->context, news->lease);
    for (struct errand *errand; (errand = errand_shift(&news->errands));)
        errand->done(errand);
    if (news->failed)
        events->failed(c->context, news->fail_status, &news->error);
}

static void on_async(uv_async_t *async)
{
    struct committer *c = async->data;
    struct news news;
    take_news(c, &news);
    tell(c, &news);
    if (news.ended && !uv_is_closing((uv_handle_t *)async)) {
        uv_thread_join(&c->thread);
        uv_close((uv_handle_t *)async, destroy);
    }
}

enum status committer_create(uv_loop_t *loop, const char *path,
                             const struct committer_events *events, void *context,
                             struct committer **out, struct error *error)
{
    struct committer *c = calloc(1, sizeof *c);
    if (!c || !(c->path = strdup(path))) {
        free(c);
        return error_set(error, STATUS_MEMORY, "out of memory");
    }
    c->events = events;
    c->context = context;
    outcome_list_init(&c->queue);
    outcome_list_init(&c->recorded);
    c->async.data = c;
    atomic_store(&c->beat_ns, uv_hrtime());
    if (uv_mutex_init(&c->mutex) != 0 || uv_cond_init(&c->wake) != 0 ||
        uv_async_init(loop, &c->async, on_async) != 0 || uv_thread_create(&c->thread, run, c) != 0)
        /* The process is about to end: what was half made is left to it. */
        return error_set(error, STATUS_INTERNAL, "the writer thread cannot be started");
    *out = c;
    return STATUS_OK;
}

void committer_lease(struct committer *c, size_t max_items, const int64_t *targets, size_t count)
{
    int64_t *without = count ? malloc(count * sizeof *without) : NULL;
    if (without)
        memcpy(without, targets, count * sizeof *without);
    uv_mutex_lock(&c->mutex);
    free(c->without);
    c->without = without;
    c->without_count = without ? count : 0;
    c->lease_wanted = max_items;
    uv_cond_signal(&c->wake);
    uv_mutex_unlock(&c->mutex);
}

void committer_record(struct committer *c, struct outcome *outcome)
{
    uv_mutex_lock(&c->mutex);
    if (c->queue.count == 0)
        c->first_at_ns = uv_hrtime();
    outcome_list_push(&c->queue, outcome);
    bool wake = c->queue.count == 1 || c->queue.count == COMMITTER_GROUP;
    if (wake)
        uv_cond_signal(&c->wake);
    uv_mutex_unlock(&c->mutex);
    c->pending++;
}

void committer_run(struct committer *c, struct errand *errand)
{
    uv_mutex_lock(&c->mutex);
    errand_push(&c->errands, errand);
    uv_cond_signal(&c->wake);
    uv_mutex_unlock(&c->mutex);
}

size_t committer_pending(const struct committer *c)
{
    return c->pending;
}

uint64_t committer_heartbeat(const struct committer *c)
{
    return atomic_load(&c->heartbeat);
}

int64_t committer_silence_ms(const struct committer *c)
{
    return (int64_t)((uv_hrtime() - atomic_load(&c->beat_ns)) / 1000000);
}

struct committer_counts committer_counts(const struct committer *c)
{
    return (struct committer_counts){.commits = atomic_load(&c->commits),
                                     .stale = atomic_load(&c->stale)};
}

void committer_close(struct committer *c, int64_t patience_ms, void (*closed)(void *context),
                     void *context)
{
    c->closed = closed;
    c->closed_context = context;
    uv_mutex_lock(&c->mutex);
    c->stopping = true;
    c->stop_at_ns = uv_hrtime() + (uint64_t)(patience_ms > 0 ? patience_ms : 0) * 1000000;
    uv_cond_signal(&c->wake);
    uv_mutex_unlock(&c->mutex);
}
