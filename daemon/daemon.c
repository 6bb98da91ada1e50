#include "daemon/daemon.h"

#include <inttypes.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "daemon/activity.h"
#include "daemon/blackbox.h"
#include "daemon/clock.h"
#include "daemon/committer.h"
#include "daemon/descriptors.h"
#include "daemon/fetch.h"
#include "daemon/keeper.h"
#include "daemon/monitor.h"
#include "daemon/notify.h"
#include "daemon/preflight.h"
#include "daemon/rate.h"
#include "daemon/reload.h"
#include "daemon/scheduler.h"
#include "daemon/services.h"
#include "daemon/task.h"
#include "daemon/timings.h"
#include "daemon/workers.h"

enum phase {
    OPENING,
    WORKING,
    DRAINING,
    CLOSING_MONITOR,
    CLOSING_BACKENDS,
    WAITING_IDLE,
    CLOSING_FETCHER,
    CLOSING_STORE,
    CLOSING_HANDLES,
    ENDED
};

#define NEXT(phase) (UINT32_C(1) << (phase))

static const struct machine_state phases[] = {
    [OPENING] = {"OPENING", NEXT(WORKING) | NEXT(CLOSING_MONITOR) | NEXT(CLOSING_STORE)},
    [WORKING] = {"WORKING", NEXT(DRAINING)},
    [DRAINING] = {"DRAINING", NEXT(CLOSING_MONITOR)},
    [CLOSING_MONITOR] = {"CLOSING_MONITOR", NEXT(CLOSING_BACKENDS)},
    [CLOSING_BACKENDS] = {"CLOSING_BACKENDS", NEXT(WAITING_IDLE)},
    [WAITING_IDLE] = {"WAITING_IDLE", NEXT(CLOSING_FETCHER)},
    [CLOSING_FETCHER] = {"CLOSING_FETCHER", NEXT(CLOSING_STORE)},
    [CLOSING_STORE] = {"CLOSING_STORE", NEXT(CLOSING_HANDLES)},
    [CLOSING_HANDLES] = {"CLOSING_HANDLES", NEXT(ENDED)},
    [ENDED] = {"ENDED", 0},
};

const struct machine_table daemon_table = {
    "daemon: from start to end",
    "    OPENING ----> WORKING ----> DRAINING       signal, or --once has nothing left\n"
    "       | the store   READY=1       | idle, or daemon.drain is over\n"
    "       | cannot be                 v\n"
    "       | opened             CLOSING_MONITOR    nobody watches the end\n"
    "       |                           v\n"
    "       |                   CLOSING_BACKENDS    predictors are closed\n"
    "       |                           v\n"
    "       |                     WAITING_IDLE      checks on worker threads end\n"
    "       |                           v\n"
    "       |                   CLOSING_FETCHER\n"
    "       v                           v\n"
    "       +------------------> CLOSING_STORE      last outcomes, leases back\n"
    "                                   v\n"
    "                     CLOSING_HANDLES --> ENDED\n",
    10, phases};

enum {
    TICK_MS = 1000,
    STATUS_EVERY_MS = 2000,
    EXTEND_MS = 30000,       /* asked for at every tick of the opening and the drain */
    STORE_PATIENCE_MS = 5000 /* at the end, for a store in trouble */
};

static const int signal_numbers[] = {SIGTERM, SIGINT, SIGHUP};
enum { SIGNALS = sizeof signal_numbers / sizeof signal_numbers[0] };

struct daemon {
    struct machine machine;
    const struct daemon_options *options;
    struct config *config;
    uv_loop_t loop;
    struct notify notify;
    struct committer *committer;
    struct fetcher *fetcher;
    struct services *services;
    struct keeper *keeper; /* NULL: pictures are not kept */
    struct scheduler *scheduler;
    struct activity activity;
    struct monitor *monitor; /* NULL: nobody may watch */
    uv_signal_t signals[SIGNALS];
    uv_timer_t tick, deadline;
    unsigned handles_open;
    bool stop_asked; /* by a signal */
    bool idle;       /* the scheduler has nothing under way */
    bool in_trouble; /* the store cannot write */
    struct error trouble;
    uint64_t recovered; /* leases taken back at the start */
    int64_t started_wall_ms;
    enum status status;  /* what the process ends with */
    struct error *error; /* ... and why */
    uint64_t heartbeat;  /* of the committer, at the last ping */
    int64_t pinged_ms, told_ms, started_ms;
    struct rate rate; /* URLs */
    uint64_t urls;
};

static int64_t now_ms(const struct daemon *d)
{
    return (int64_t)uv_now(&d->loop);
}

static enum phase phase(const struct daemon *d)
{
    return (enum phase)d->machine.state;
}

static void move(struct daemon *d, enum phase next)
{
    log_debug("%s -> %s", phases[phase(d)].name, phases[next].name);
    machine_move(&d->machine, next);
}

/* The first failure is what the process ends with. */
static void note_failure(struct daemon *d, enum status status, const char *text)
{
    if (d->status || !status)
        return;
    d->status = error_set(d->error, status, "%s", text);
}

static void report(struct daemon *d)
{
    struct scheduler_counts counts = *scheduler_counts(d->scheduler);
    double seconds = (double)(now_ms(d) - d->started_ms) / 1000;
    d->urls = counts.urls;
    log_notice("%" PRIu64 " URLs in %.1f s: %" PRIu64 " done, %" PRIu64 " failed, %" PRIu64
               " to be tried again, %" PRIu64 " given back",
               counts.urls, seconds, counts.done, counts.failed, counts.retried, counts.released);
    if (!d->keeper)
        return;
    struct keeper_counts pictures = keeper_counts(d->keeper);
    log_notice("pictures: %" PRIu64 " kept, %" PRIu64 " were kept before, %" PRIu64 " not kept",
               pictures.kept, pictures.there, pictures.failed + pictures.turned_off);
}

/* ---- ending, step by step ---------------------------------------------------------------------
 */

static void on_handle_closed(uv_handle_t *handle)
{
    struct daemon *d = handle->data;
    if (--d->handles_open == 0)
        move(d, ENDED); /* nothing is left on the loop: uv_run returns */
}

static void close_handles(void *context)
{
    struct daemon *d = context;
    move(d, CLOSING_HANDLES);
    uv_handle_t *handles[] = {(uv_handle_t *)&d->tick, (uv_handle_t *)&d->deadline,
                              (uv_handle_t *)&d->signals[0], (uv_handle_t *)&d->signals[1],
                              (uv_handle_t *)&d->signals[2]};
    for (size_t i = 0; i < sizeof handles / sizeof handles[0]; i++) {
        d->handles_open++;
        uv_close(handles[i], on_handle_closed);
    }
    for (size_t i = 0; i < SIGNALS; i++) /* the end has begun and is not to be cut short */
        signal(signal_numbers[i], SIG_IGN);
}

static void on_store_closed(void *context)
{
    struct daemon *d = context;
    d->committer = NULL;
    if (!d->scheduler) {
        close_handles(d);
        return;
    }
    report(d);
    scheduler_close(d->scheduler, close_handles, d);
}

static void close_store(void *context)
{
    struct daemon *d = context;
    move(d, CLOSING_STORE);
    committer_close(d->committer, STORE_PATIENCE_MS, on_store_closed, d);
}

static void close_fetcher(struct daemon *d)
{
    move(d, CLOSING_FETCHER);
    if (d->fetcher)
        fetcher_close(d->fetcher, close_store, d);
    else
        close_store(d);
}

static void on_backends_closed(void *context)
{
    struct daemon *d = context;
    d->services = NULL;
    move(d, WAITING_IDLE);
    if (d->scheduler)
        scheduler_backends_closed(d->scheduler);
    if ((d->idle || !d->scheduler) && phase(d) == WAITING_IDLE)
        close_fetcher(d);
}

static void close_backends(void *context)
{
    struct daemon *d = context;
    d->monitor = NULL;
    move(d, CLOSING_BACKENDS);
    if (d->services)
        services_close(d->services, on_backends_closed, d);
    else
        on_backends_closed(d);
}

static void close_monitor(struct daemon *d)
{
    move(d, CLOSING_MONITOR);
    if (d->monitor)
        monitor_close(d->monitor, close_backends, d);
    else
        close_backends(d);
}

static void on_idle(void *context)
{
    struct daemon *d = context;
    d->idle = true;
    if (phase(d) == DRAINING)
        close_monitor(d);
    else if (phase(d) == WAITING_IDLE)
        close_fetcher(d);
}

/* Does not wait any longer. */
static void hurry(struct daemon *d)
{
    if (phase(d) != DRAINING || d->idle)
        return;
    log_notice("not waiting for what is in flight: it goes back to the queue");
    scheduler_abandon(d->scheduler);
    if (phase(d) == DRAINING)
        close_monitor(d);
}

static void on_deadline(uv_timer_t *timer)
{
    hurry(timer->data);
}

/* Begins the end, or makes it faster. */
static void stop(struct daemon *d, int64_t patience_ms)
{
    if (phase(d) == DRAINING)
        hurry(d);
    if (phase(d) != WORKING)
        return; /* OPENING: the opening ends first, see on_opened */
    move(d, DRAINING);
    notify_send(&d->notify, "STOPPING=1\nSTATUS=Finishing what is in flight");
    uv_timer_start(&d->deadline, on_deadline, (uint64_t)(patience_ms > 0 ? patience_ms : 0), 0);
    scheduler_drain(d->scheduler);
}

/* ---- talking ----------------------------------------------------------------------------------
 */

static void tell_status(struct daemon *d)
{
    struct scheduler_counts counts = *scheduler_counts(d->scheduler);
    char flight[160], backends[500] = "";
    rate_measure(&d->rate, counts.urls, now_ms(d));
    scheduler_describe(d->scheduler, flight, sizeof flight);
    if (d->services)
        services_describe(d->services, backends, sizeof backends);
    notify_send(&d->notify,
                "STATUS=%s%" PRIu64 " done, %" PRIu64 " failed, %" PRIu64
                " pending, %.1f URLs/s; %s; %s",
                d->in_trouble ? "The database cannot be written! " : "", counts.done, counts.failed,
                counts.pending, d->rate.per_s, flight, backends);
    log_debug("%" PRIu64 " done, %" PRIu64 " failed, %.1f URLs/s; %s; %s", counts.done,
              counts.failed, d->rate.per_s, flight, backends);
}

static void fill_figures(void *context, struct figures *figures)
{
    struct daemon *d = context;
    *figures = (struct figures){.state = phase(d) == WORKING ? "working" : "draining",
                                .started_ms = d->started_wall_ms,
                                .uptime_s = (double)(now_ms(d) - d->started_ms) / 1000,
                                .urls_per_s = d->rate.per_s,
                                .counts = scheduler_counts(d->scheduler),
                                .flight = scheduler_flight(d->scheduler),
                                .commits = committer_counts(d->committer),
                                .recovered = d->recovered,
                                .fetched_bytes = fetcher_bytes(d->fetcher),
                                .trouble = d->in_trouble ? d->trouble.text : NULL,
                                .silence_ms = committer_silence_ms(d->committer)};
    if (d->keeper)
        figures->kept = keeper_counts(d->keeper);
    figures->backend_count = services_loads(d->services, figures->backends);
}

/* A ping says that the loop turns (we are in its timer) and that the writer thread moved since the
 * last one. */
static void ping(struct daemon *d)
{
    uint64_t heartbeat = d->committer ? committer_heartbeat(d->committer) : d->heartbeat + 1;
    if (d->notify.watchdog_ms == 0 || heartbeat == d->heartbeat ||
        now_ms(d) - d->pinged_ms < d->notify.watchdog_ms / 2)
        return;
    d->heartbeat = heartbeat;
    d->pinged_ms = now_ms(d);
    notify_send(&d->notify, "WATCHDOG=1");
}

static void on_tick(uv_timer_t *timer)
{
    struct daemon *d = timer->data;
    if (phase(d) == OPENING) {
        notify_send(&d->notify, "EXTEND_TIMEOUT_USEC=%d\nSTATUS=Opening the database",
                    EXTEND_MS * 1000);
        return;
    }
    if (phase(d) == DRAINING) /* daemon.drain may be longer than TimeoutStopSec= */
        notify_send(&d->notify, "EXTEND_TIMEOUT_USEC=%d", EXTEND_MS * 1000);
    ping(d);
    /* Pictures and answers leave holes between small things that live longer; without this the heap
     * stays as large as the busiest moment needed. About a millisecond. */
    malloc_trim(0);
    if (phase(d) != WORKING && phase(d) != DRAINING)
        return;
    struct figures figures;
    fill_figures(d, &figures);
    activity_tell(&d->activity, d->committer, &figures, now_ms(d));
    if (now_ms(d) - d->told_ms >= STATUS_EVERY_MS) {
        d->told_ms = now_ms(d);
        tell_status(d);
    }
}

/* ---- events -----------------------------------------------------------------------------------
 */

static void on_finished(void *context, enum status status, const char *text)
{
    struct daemon *d = context;
    if (status)
        note_failure(d, status, text);
    stop(d, 0);
}

static struct backend *route(void *context, const struct store_target *target, struct error *error)
{
    struct daemon *d = context;
    return services_route(d->services, target, error);
}

static enum status watch(struct daemon *d, struct error *error)
{
    struct monitor_options options = {.loop = &d->loop,
                                      .listen = d->config->http.listen,
                                      .committer = d->committer,
                                      .figures = fill_figures,
                                      .context = d};
    return monitor_create(&options, &d->monitor, error);
}

static enum status begin_work(struct daemon *d, struct error *error)
{
    enum status status = fetcher_create(&d->loop, d->config, &d->fetcher, error);
    if (!status)
        status = services_create(&d->loop, d->config, &d->services, error);
    if (!status && *d->config->pictures.folder)
        status = keeper_create(&d->loop, d->config->pictures.folder, d->config->pictures.max_bytes,
                               &d->keeper, error);
    if (status)
        return status;
    if (*d->config->http.listen)
        status = watch(d, error);
    if (status)
        return status;
    struct scheduler_options options = {.loop = &d->loop,
                                        .config = d->config,
                                        .committer = d->committer,
                                        .fetcher = d->fetcher,
                                        .keeper = d->keeper,
                                        .route = route,
                                        .once = d->options->once,
                                        .finished = on_finished,
                                        .idle = on_idle,
                                        .context = d};
    options.backends = services_backends(d->services, &options.backend_count);
    return scheduler_create(&options, &d->scheduler, error);
}

static void on_opened(void *context, enum status status, const struct store_recovery *recovery,
                      const struct error *error)
{
    struct daemon *d = context;
    struct error why = *error;
    if (status) {
        note_failure(d, status, why.text);
        close_store(d);
        return;
    }
    if (recovery->unclean || recovery->released)
        log_notice("the last daemon did not end cleanly: %" PRIu64 " lease(s) taken back",
                   recovery->released);
    d->recovered = recovery->released;
    if (d->stop_asked) {
        close_store(d);
        return;
    }
    status = begin_work(d, &why);
    if (status) {
        note_failure(d, status, why.text);
        close_monitor(d);
        return;
    }
    move(d, WORKING);
    d->started_ms = d->rate.at_ms = now_ms(d);
    d->started_wall_ms = clock_unix_ms();
    notify_send(&d->notify, "READY=1\nSTATUS=Working");
    log_info("working on %s", d->config->database);
}

static void on_leased(void *context, struct committer_lease *lease)
{
    struct daemon *d = context;
    scheduler_leased(d->scheduler, lease);
}

static void on_recorded(void *context, struct outcome *list)
{
    struct daemon *d = context;
    scheduler_recorded(d->scheduler, list);
}

static void on_trouble(void *context, const char *text)
{
    struct daemon *d = context;
    d->in_trouble = text != NULL;
    (void)error_set(&d->trouble, STATUS_IO, "%s", text ? text : "");
    if (text)
        log_error("%s; what is finished is kept, nothing new is begun, tried again every second",
                  text);
    else
        log_notice("the database can be written again; going on");
    if (phase(d) == WORKING || phase(d) == DRAINING)
        tell_status(d);
}

static void on_failed(void *context, enum status status, const struct error *error)
{
    struct daemon *d = context;
    note_failure(d, status, error->text);
    stop(d, 0);
    hurry(d);
}

/* Committer thread: the picture that crashed the last process is blamed before anything is leased.
 */
static enum status blame(void *context, struct store *store, struct error *error)
{
    const struct daemon *d = context;
    int64_t item_id = 0;
    bool buried = false;
    enum status status = blackbox_open(d->config->database, &item_id, error);
    if (status || item_id == 0)
        return status;
    status = store_count_crash(store, item_id, &buried, error);
    if (status == STATUS_NO) { /* of a database that was here before */
        log_warning("%s", error->text);
        status = STATUS_OK;
    } else if (!status)
        log_warning("item %" PRId64 ": the process crashed while it worked on this picture%s",
                    item_id, buried ? "; set aside after the third time" : "");
    return status;
}

static const struct committer_events committer_events = {on_opened,  on_leased, on_recorded,
                                                         on_trouble, on_failed, blame};

/* ---- signals ----------------------------------------------------------------------------------
 */

static void reload(struct daemon *d)
{
    struct error error = {""};
    struct config *fresh = NULL;
    if (preflight_read(d->options, &fresh, &error) != STATUS_OK) {
        log_error("configuration not re-read: %s", error.text);
        return;
    }
    reload_apply(d->config, fresh);
    config_free(fresh);
    log_set_level(config_log_level(d->config));
    descriptors_fit(d->config);
    if (d->scheduler)
        scheduler_configure(d->scheduler);
    if (d->keeper)
        keeper_limit(d->keeper, d->config->pictures.max_bytes);
    log_notice("configuration re-read");
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct daemon *d = handle->data;
    if (number == SIGHUP) {
        if (phase(d) == WORKING)
            reload(d);
        return;
    }
    log_notice("%s: finishing what is in flight", strsignal(number));
    d->stop_asked = true;
    stop(d, d->config->daemon.drain_ms);
}

static void open_handles(struct daemon *d)
{
    for (size_t i = 0; i < SIGNALS; i++) {
        uv_signal_init(&d->loop, &d->signals[i]);
        d->signals[i].data = d;
        uv_signal_start(&d->signals[i], on_signal, signal_numbers[i]);
    }
    uint64_t tick = TICK_MS;
    if (d->notify.watchdog_ms && d->notify.watchdog_ms / 4 < TICK_MS)
        tick = (uint64_t)(d->notify.watchdog_ms / 4) + 1;
    uv_timer_init(&d->loop, &d->tick);
    uv_timer_init(&d->loop, &d->deadline);
    d->tick.data = d->deadline.data = d;
    uv_timer_start(&d->tick, on_tick, 0, tick);
}

/* ---- life -------------------------------------------------------------------------------------
 */

enum status daemon_run(const struct daemon_options *options, struct config *config,
                       struct error *error)
{
    struct daemon daemon = {.options = options, .config = config, .error = error};
    struct daemon *d = &daemon;
    log_set_level(config_log_level(config));
    workers_fit(config);
    descriptors_fit(config);
    machine_start(&d->machine, &daemon_table, NULL);
    notify_open(&d->notify);
    uint64_t start = uv_hrtime();
    if (uv_loop_init(&d->loop) != 0) {
        d->status = error_set(error, STATUS_INTERNAL, "the event loop cannot be made");
        goto out;
    }
    d->status =
        committer_create(&d->loop, config->database, &committer_events, d, &d->committer, error);
    if (d->status)
        goto out;
    open_handles(d);
    uv_run(&d->loop, UV_RUN_DEFAULT);
    uv_loop_close(&d->loop);
    keeper_free(d->keeper);
    timings_thread(TIMING_loop);
out:
    notify_close(&d->notify);
    config_free(config);
    if (options->timings)
        timings_print(stdout, d->urls, (double)(uv_hrtime() - start) / 1e6);
    return d->status;
}

void daemon_dump_machines(FILE *out)
{
    machine_dump(&daemon_table, out);
    machine_dump(&task_table, out);
    machine_dump(&job_table, out);
}
