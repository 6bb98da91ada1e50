#include "daemon/backends/fallback.h"

#include <stdio.h>
#include <stdlib.h>

/* How long a picture that only the absent service could answer is kept before it is handed back:
 * long enough that asking again and again costs nothing. */
enum { NOBODY_MS = 1000 };

struct fallback;

struct call {
    struct fallback *owner;
    struct call *next, **link; /* all calls */
    struct call *next_kept;    /* those nobody can answer now */
    const struct store_target *target;
    const struct backend_picture *picture;
    backend_answer_fn *answer;
    void *context;
};

struct fallback {
    struct backend base;
    struct backend *carml, *local;
    uv_loop_t *loop;
    uv_timer_t timer; /* hands back what is kept */
    struct call *calls, *kept;
    uint64_t local_ms; /* loop time of the local engine's last answer */
};

static bool carml_asks(const struct fallback *fallback)
{
    return fallback->carml->ops->away_ms(fallback->carml) == 0 ||
           fallback->carml->ops->capacity(fallback->carml) > 0;
}

static void end_call(struct call *call, const struct backend_answer *answer)
{
    *call->link = call->next;
    if (call->next)
        call->next->link = call->link;
    call->answer(call->context, answer);
    free(call);
}

static void hand_back(uv_timer_t *timer)
{
    struct fallback *fallback = timer->data;
    struct call *kept = fallback->kept;
    fallback->kept = NULL;
    while (kept && !fallback->base.closing) {
        struct call *call = kept;
        kept = call->next_kept;
        end_call(call, &(struct backend_answer){
                           .verdict = BACKEND_AWAY,
                           .reason = REASON_service_unavailable,
                           .detail = "the CarML server is away and there is no local model"});
    }
    backend_tell_ready(&fallback->base);
}

static void keep(struct call *call)
{
    struct fallback *fallback = call->owner;
    call->next_kept = fallback->kept;
    fallback->kept = call;
    if (!uv_is_active((uv_handle_t *)&fallback->timer))
        uv_timer_start(&fallback->timer, hand_back, NOBODY_MS, 0);
}

static void local_answered(void *context, const struct backend_answer *answer)
{
    struct call *call = context;
    call->owner->local_ms = uv_now(call->owner->loop);
    end_call(call, answer);
}

static void ask_local(struct call *call)
{
    struct backend *local = call->owner->local;
    if (local->ops->serves(local, call->target, NULL))
        local->ops->predict(local, call->target, call->picture, local_answered, call);
    else
        keep(call);
}

static void carml_answered(void *context, const struct backend_answer *answer)
{
    struct call *call = context;
    struct backend *carml = call->owner->carml;
    /* A call that broke while the service is there is asked again there. */
    if (answer->verdict == BACKEND_AWAY && carml->ops->away_ms(carml) > 0)
        ask_local(call);
    else
        end_call(call, answer);
}

static void predict(struct backend *backend, const struct store_target *target,
                    const struct backend_picture *picture, backend_answer_fn *answer, void *context)
{
    struct fallback *fallback = (struct fallback *)backend;
    struct call *call = calloc(1, sizeof *call);
    if (!call) {
        backend_answer_no_memory(answer, context);
        return;
    }
    *call = (struct call){.owner = fallback,
                          .next = fallback->calls,
                          .link = &fallback->calls,
                          .target = target,
                          .picture = picture,
                          .answer = answer,
                          .context = context};
    if (call->next)
        call->next->link = &call->next;
    fallback->calls = call;
    if (carml_asks(fallback))
        fallback->carml->ops->predict(fallback->carml, target, picture, carml_answered, call);
    else
        ask_local(call);
}

static unsigned capacity(const struct backend *backend)
{
    const struct fallback *fallback = (const struct fallback *)backend;
    const struct backend *who = carml_asks(fallback) ? fallback->carml : fallback->local;
    return who->ops->capacity(who);
}

/* Since when nobody answers: the local engine's answers count too. */
static int64_t away_ms(const struct backend *backend)
{
    const struct fallback *fallback = (const struct fallback *)backend;
    int64_t away = fallback->carml->ops->away_ms(fallback->carml);
    int64_t silent = (int64_t)(uv_now(fallback->loop) - fallback->local_ms);
    if (away == 0 || fallback->local_ms == 0)
        return away;
    return away < silent ? away : silent;
}

static bool serves(const struct backend *backend, const struct store_target *target,
                   struct error *error)
{
    const struct fallback *fallback = (const struct fallback *)backend;
    return fallback->carml->ops->serves(fallback->carml, target, error);
}

static void describe(const struct backend *backend, char *text, size_t size)
{
    const struct fallback *fallback = (const struct fallback *)backend;
    char carml[128], local[128];
    fallback->carml->ops->describe(fallback->carml, carml, sizeof carml);
    if (fallback->carml->ops->away_ms(fallback->carml) == 0) {
        snprintf(text, size, "%s", carml);
        return;
    }
    fallback->local->ops->describe(fallback->local, local, sizeof local);
    snprintf(text, size, "%s, %s instead", carml, local);
}

static void inner_ready(void *context)
{
    struct fallback *fallback = context;
    backend_tell_ready(&fallback->base);
}

static void timer_closed(uv_handle_t *handle)
{
    struct fallback *fallback = handle->data;
    while (fallback->calls) {
        struct call *call = fallback->calls;
        fallback->calls = call->next;
        free(call);
    }
    backend_end_close(&fallback->base);
}

static void close_backend(struct backend *backend, void (*closed)(void *context), void *context)
{
    struct fallback *fallback = (struct fallback *)backend;
    backend_begin_close(backend, closed, context);
    uv_close((uv_handle_t *)&fallback->timer, timer_closed);
}

static const struct backend_ops fallback_ops = {
    .name = "carml, else local",
    .predict = predict,
    .capacity = capacity,
    .away_ms = away_ms,
    .serves = serves,
    .describe = describe,
    .close = close_backend,
};

enum status backend_fallback_create(uv_loop_t *loop, struct backend *carml, struct backend *local,
                                    struct backend **out, struct error *error)
{
    struct fallback *fallback = calloc(1, sizeof *fallback);
    if (!fallback)
        return error_set(error, STATUS_MEMORY, "fallback: out of memory");
    fallback->base.ops = &fallback_ops;
    fallback->carml = carml;
    fallback->local = local;
    fallback->loop = loop;
    carml->ready = local->ready = inner_ready;
    carml->ready_context = local->ready_context = fallback;
    uv_timer_init(loop, &fallback->timer);
    fallback->timer.data = fallback;
    *out = &fallback->base;
    return STATUS_OK;
}
