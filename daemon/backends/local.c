/* local: the engine of this process, on libuv's thread pool.
 *
 * One classifier per manifest, loaded when it is first asked for (once; others wait), and as many
 * sessions of it as ever ran at the same time: at most one per worker, because a session may be
 * large and the fallback hands over all that waited for a server at once. The picture's item is in
 * the black box while its bytes are worked on.
 */
#include "daemon/backends/backend.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "daemon/blackbox.h"
#include "daemon/timings.h"
#include "daemon/workers.h"
#include "engine/classifier.h"

/* A model whose files are broken is looked at again after this long: someone may have mended it. */
enum { RELOAD_MS = 10000, BEST = 3 };

enum model_state { MODEL_UNLOADED, MODEL_LOADING, MODEL_READY, MODEL_FAILED };

/* Sessions of a model that no call uses now. */
struct idle_session {
    struct idle_session *next;
    struct classifier_session *session;
};

struct model {
    struct local *owner;
    struct model *next;
    const struct manifest *manifest;
    enum model_state state;
    uv_work_t work;
    struct engine_options options;
    struct classifier *classifier;
    struct idle_session *idle;
    struct call *waiting, **waiting_end;
    char preprocessing[256], detail[128];
    uint64_t failed_ms;
    enum status status; /* of loading */
    struct error why;
};

/* While it runs on the pool, only the pool's thread touches it. */
struct call {
    struct call *next;
    struct local *owner;
    struct model *model;
    const struct backend_picture *picture;
    backend_answer_fn *answer;
    void *context;
    uv_work_t work;
    struct image_limits limits;
    struct idle_session *session;
    struct ranked best[BEST];
    size_t count;
    double predict_ms;
    enum status status;
    enum reason reason;
    struct error why;
};

struct local {
    struct backend base;
    uv_loop_t *loop;
    const struct config *config;
    const struct catalogue *catalogue;
    struct model *models;
    struct call *refused, **refused_end; /* answered in the next turn of the loop */
    struct call *ready, **ready_end;     /* their models are loaded; they wait for a worker */
    uv_timer_t timer;
    unsigned running, waiting, loading;
    bool timer_closing;
};

static unsigned workers(const struct local *local)
{
    return workers_count(local->config);
}

static const char *given(const char *text)
{
    return text && text[0] && strcmp(text, "*") != 0 ? text : NULL;
}

/* The files are of a framework, not of one of its versions, which a server may call otherwise. */
static const struct manifest *find_manifest(const struct local *local,
                                            const struct store_target *target)
{
    const char *version = given(target->model_version), *framework = given(target->framework);
    const struct manifest *exact = catalogue_find(local->catalogue, target->model, version,
                                                  framework, given(target->framework_version));
    return exact ? exact
                 : catalogue_find(local->catalogue, target->model, version, framework, NULL);
}

static void append(struct call ***end, struct call *call)
{
    call->next = NULL;
    **end = call;
    *end = &call->next;
}

/* ---- ends -------------------------------------------------------------------------------------
 */

static void free_model(struct model *model)
{
    while (model->idle) {
        struct idle_session *idle = model->idle;
        model->idle = idle->next;
        classifier_session_free(idle->session);
        free(idle);
    }
    classifier_free(model->classifier);
    free(model);
}

static void timer_closed(uv_handle_t *handle)
{
    struct local *local = handle->data;
    while (local->models) {
        struct model *model = local->models;
        local->models = model->next;
        free_model(model);
    }
    backend_end_close(&local->base);
}

/* What runs on the pool cannot be stopped: the end waits for it. */
static void end_when_idle(struct local *local)
{
    if (!local->base.closing || local->timer_closing || local->running > 0 || local->loading > 0)
        return;
    local->timer_closing = true;
    uv_close((uv_handle_t *)&local->timer, timer_closed);
}

static void tell_ready(struct local *local)
{
    if (local->base.ops->capacity(&local->base) > 0)
        backend_tell_ready(&local->base);
}

static void give(struct call *call)
{
    const struct model *model = call->model;
    struct backend_answer answer = {
        .verdict = call->status ? BACKEND_FAILED : BACKEND_ANSWERED,
        .reason = call->reason,
        .detail = call->why.text,
        .producer = {.backend = "local"},
        .sent_as = "local",
        .predict_ms = call->predict_ms,
        .prediction_count = call->status ? 0 : call->count,
    };
    if (model && model->classifier) {
        answer.producer.detail = model->detail;
        answer.producer.manifest_sha256 = model->manifest->sha256;
        answer.producer.model_sha256 = classifier_model_sha256(model->classifier);
        answer.producer.preprocessing = model->preprocessing;
    }
    for (size_t i = 0; i < answer.prediction_count; i++)
        answer.predictions[i] = (struct store_prediction){
            .class_index = call->best[i].index,
            .probability = (double)call->best[i].probability,
            .label = call->best[i].label,
        };
    if (!call->owner->base.closing)
        call->answer(call->context, &answer);
    free(call);
}

static void hand_out_refusals(uv_timer_t *timer)
{
    struct local *local = timer->data;
    struct call *refused = local->refused;
    local->refused = NULL;
    local->refused_end = &local->refused;
    while (refused) {
        struct call *call = refused;
        refused = call->next;
        give(call);
    }
    tell_ready(local);
}

/* Answers FAILED, but not before predict has returned. */
static void refuse(struct call *call, enum reason reason, const char *why)
{
    struct local *local = call->owner;
    call->status = STATUS_DATA;
    call->reason = reason;
    error_set(&call->why, STATUS_DATA, "%s", why);
    append(&local->refused_end, call);
    uv_timer_start(&local->timer, hand_out_refusals, 0, 0);
}

/* ---- classifying ------------------------------------------------------------------------------
 */

/* On the pool. */
static void classify_call(struct call *call)
{
    const struct model *model = call->model;
    const struct labels *labels = classifier_labels(model->classifier);
    const float *probabilities = NULL;
    uint64_t start = uv_hrtime();
    call->reason = REASON_internal;
    if (!call->session->session)
        call->status =
            classifier_session_create(model->classifier, &call->session->session, &call->why);
    if (call->status)
        return;
    blackbox_enter(call->picture->item_id);
    call->status = classifier_run(call->session->session, call->picture->bytes, call->picture->size,
                                  &call->limits, &probabilities, &call->reason, &call->why);
    blackbox_leave();
    if (call->status)
        return;
    call->count = top_k(probabilities, classifier_classes(model->classifier), call->best, BEST);
    if (call->count == 0 || !isfinite(call->best[0].probability)) {
        call->reason = REASON_bad_answer;
        call->status = error_set(&call->why, STATUS_DATA, "local: the network gives no number");
        return;
    }
    for (size_t i = 0; i < call->count; i++)
        call->best[i].label = labels_line(labels, call->best[i].index);
    call->predict_ms = (double)(uv_hrtime() - start) / 1e6;
}

static void classify(uv_work_t *work)
{
    int64_t begin = timings_begin();
    classify_call(work->data);
    timings_add(TIMING_predict, begin);
}

/* A session without memory or after an error is not kept. */
static void return_session(struct call *call)
{
    struct idle_session *session = call->session;
    if (session && session->session) {
        session->next = call->model->idle;
        call->model->idle = session;
    } else {
        free(session);
    }
    call->session = NULL;
}

static void run_next(struct local *local);

static void classified(uv_work_t *work, int cancelled)
{
    struct call *call = work->data;
    struct local *local = call->owner;
    local->running--;
    return_session(call);
    if (cancelled)
        call->status = STATUS_UNAVAILABLE;
    give(call);
    run_next(local);
    tell_ready(local);
    end_when_idle(local);
}

static void run_now(struct call *call)
{
    struct local *local = call->owner;
    struct model *model = call->model;
    call->session = model->idle;
    if (call->session)
        model->idle = call->session->next;
    else
        call->session = calloc(1, sizeof *call->session);
    call->limits = config_image_limits(local->config);
    call->work.data = call;
    if (!call->session || uv_queue_work(local->loop, &call->work, classify, classified)) {
        return_session(call);
        refuse(call, REASON_internal, "local: out of memory");
        return;
    }
    local->running++;
}

static void run_next(struct local *local)
{
    while (local->ready && local->running < workers(local)) {
        struct call *call = local->ready;
        local->ready = call->next;
        if (!local->ready)
            local->ready_end = &local->ready;
        local->waiting--;
        run_now(call);
    }
}

static void run(struct call *call)
{
    struct local *local = call->owner;
    append(&local->ready_end, call);
    local->waiting++;
    run_next(local);
}

/* Of a list whose end is not used any more. */
static void free_calls(struct call **list)
{
    while (*list) {
        struct call *call = *list;
        *list = call->next;
        free(call);
    }
}

/* ---- loading ----------------------------------------------------------------------------------
 */

/* On the pool. */
static void load(uv_work_t *work)
{
    struct model *model = work->data;
    model->status =
        classifier_open(model->manifest, &model->options, &model->classifier, &model->why);
}

static void describe_model(struct model *model)
{
    preprocessing_describe(&model->manifest->preprocessing, model->preprocessing,
                           sizeof model->preprocessing);
    snprintf(model->detail, sizeof model->detail, "engine %s kernel %s", CARMLBENCH_VERSION,
             classifier_kernel_name(model->classifier));
}

static void loaded(uv_work_t *work, int cancelled)
{
    struct model *model = work->data;
    struct local *local = model->owner;
    struct call *waiting = model->waiting;
    model->waiting = NULL;
    model->waiting_end = &model->waiting;
    local->loading--;
    bool fine = !cancelled && model->status == STATUS_OK;
    model->state = fine ? MODEL_READY : MODEL_FAILED;
    if (fine) {
        describe_model(model);
    } else {
        model->classifier = NULL;
        model->failed_ms = uv_now(local->loop);
        log_warning("local: cannot load %s: %s", model->manifest->path, model->why.text);
    }
    while (waiting) {
        struct call *call = waiting;
        waiting = call->next;
        local->waiting--;
        if (local->base.closing)
            free(call);
        else if (fine)
            run(call);
        else
            refuse(call, REASON_model_unavailable, model->why.text);
    }
    tell_ready(local);
    end_when_idle(local);
}

static void start_load(struct model *model)
{
    struct local *local = model->owner;
    int64_t threads = local->config->local.threads;
    model->options = (struct engine_options){.threads = threads > 0 ? (unsigned)threads : 1};
    model->work.data = model;
    if (uv_queue_work(local->loop, &model->work, load, loaded)) {
        error_set(&model->why, STATUS_MEMORY, "local: out of memory");
        model->state = MODEL_FAILED;
        return;
    }
    model->state = MODEL_LOADING;
    local->loading++;
}

static struct model *get_model(struct local *local, const struct manifest *manifest)
{
    for (struct model *model = local->models; model; model = model->next)
        if (model->manifest == manifest)
            return model;
    struct model *model = calloc(1, sizeof *model);
    if (!model)
        return NULL;
    model->owner = local;
    model->manifest = manifest;
    model->waiting_end = &model->waiting;
    model->next = local->models;
    local->models = model;
    return model;
}

/* ---- backend_ops ------------------------------------------------------------------------------
 */

static bool serves(const struct backend *backend, const struct store_target *target,
                   struct error *error)
{
    const struct local *local = (const struct local *)backend;
    const struct manifest *manifest = find_manifest(local, target);
    if (!manifest) {
        error_set(error, STATUS_UNAVAILABLE,
                  "%s: no manifest in models.path, add one with `carmlbench model add`",
                  target->model);
        return false;
    }
    const char *missing = manifest_missing(manifest);
    if (missing) {
        error_set(
            error, STATUS_UNAVAILABLE,
            "%s: %s is not on this machine; fetch it and let the manifest name the local file",
            manifest->path, missing);
        return false;
    }
    return true;
}

static void go_on(struct call *call)
{
    struct local *local = call->owner;
    struct model *model = call->model;
    if (model->state == MODEL_FAILED && uv_now(local->loop) - model->failed_ms >= RELOAD_MS)
        model->state = MODEL_UNLOADED;
    if (model->state == MODEL_UNLOADED)
        start_load(model);
    switch (model->state) {
    case MODEL_READY:
        run(call);
        break;
    case MODEL_LOADING:
        append(&model->waiting_end, call);
        local->waiting++;
        break;
    case MODEL_UNLOADED:
    case MODEL_FAILED:
        refuse(call, REASON_model_unavailable, model->why.text);
        break;
    }
}

static void predict(struct backend *backend, const struct store_target *target,
                    const struct backend_picture *picture, backend_answer_fn *answer, void *context)
{
    struct local *local = (struct local *)backend;
    struct error error = {""};
    struct call *call = calloc(1, sizeof *call);
    if (!call) {
        backend_answer_no_memory(answer, context);
        return;
    }
    *call = (struct call){.owner = local, .picture = picture, .answer = answer, .context = context};
    if (picture->kind != IMAGE_JPEG && picture->kind != IMAGE_PNG) {
        error_set(&error, STATUS_UNSUPPORTED, "local: decodes JPEG and PNG, this is %s",
                  image_kind_name(picture->kind));
        refuse(call, REASON_unsupported_format, error.text);
        return;
    }
    if (serves(backend, target, &error))
        call->model = get_model(local, find_manifest(local, target));
    if (call->model)
        go_on(call);
    else
        refuse(call, REASON_model_unavailable, error.text[0] ? error.text : "local: out of memory");
}

static unsigned capacity(const struct backend *backend)
{
    const struct local *local = (const struct local *)backend;
    unsigned busy = local->running + local->waiting, limit = workers(local);
    return local->base.closing || busy >= limit ? 0 : limit - busy;
}

static int64_t away_ms(const struct backend *backend)
{
    (void)backend;
    return 0;
}

static void describe(const struct backend *backend, char *text, size_t size)
{
    const struct local *local = (const struct local *)backend;
    snprintf(text, size, "local: %u running%s", local->running,
             local->loading > 0 ? ", loading a model" : "");
}

static struct backend_load present_load(const struct backend *backend)
{
    const struct local *local = (const struct local *)backend;
    return (struct backend_load){.state = local->running || local->loading ? "working" : "idle",
                                 .in_flight = local->running,
                                 .limit = workers(local),
                                 .ceiling = workers(local)};
}

static void close_backend(struct backend *backend, void (*closed)(void *context), void *context)
{
    struct local *local = (struct local *)backend;
    backend_begin_close(backend, closed, context);
    uv_timer_stop(&local->timer);
    free_calls(&local->refused);
    free_calls(&local->ready);
    end_when_idle(local);
}

static const struct backend_ops local_ops = {
    .name = "local",
    .predict = predict,
    .capacity = capacity,
    .away_ms = away_ms,
    .serves = serves,
    .describe = describe,
    .load = present_load,
    .close = close_backend,
};

enum status backend_local_create(uv_loop_t *loop, const struct config *config,
                                 const struct catalogue *catalogue, struct backend **out,
                                 struct error *error)
{
    struct local *local = calloc(1, sizeof *local);
    if (!local)
        return error_set(error, STATUS_MEMORY, "local: out of memory");
    local->base.ops = &local_ops;
    local->loop = loop;
    local->config = config;
    local->catalogue = catalogue;
    local->refused_end = &local->refused;
    local->ready_end = &local->ready;
    uv_timer_init(loop, &local->timer);
    local->timer.data = local;
    *out = &local->base;
    return STATUS_OK;
}
