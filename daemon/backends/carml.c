/* carml: asks a CarML server, one picture per call.
 *
 * A call's life:
 *
 *   WAITING (predictor opens) ──▶ QUEUED (limiter) ──▶ ASKING ──▶ answered
 *      ▲                                                 │
 *      └──────── predictor forgotten, the first time ────┘
 *
 * What the end of a request means for the picture, the breaker, the limiter:
 *
 *   outcome       verdict                                             breaker   limiter
 *   prediction    ANSWERED, or FAILED bad_answer / empty_answer       success   more
 *   refused       FAILED rejected                                     success   more
 *   not taken     FAILED service_unavailable (no such endpoint)       success   more
 *   misshapen     FAILED bad_answer                                   success   more
 *   forgotten     open again, ask again; twice: FAILED model_unavailable
 *   unreachable   AWAY: the picture was never sent                    failure   -
 *   timeout       FAILED predict_timeout or AWAY, as blame.h says     failure   less
 *   broken, lost  FAILED service_unavailable or AWAY, as blame.h says failure   less
 *   an open that fails: FAILED model_unavailable where the above says FAILED
 *
 * AWAY is not counted as a try. When the breaker opens, all that waits is AWAY at once. While it is
 * half-open one call goes through, and the answer to it decides.
 */
#include "daemon/backends/backend.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "daemon/backends/blame.h"
#include "daemon/backends/carml_answer.h"
#include "daemon/backends/carml_message.h"
#include "daemon/backends/carml_predictor.h"
#include "daemon/backends/carml_send.h"
#include "daemon/backends/limiter.h"
#include "daemon/breaker.h"
#include "daemon/timings.h"

enum call_state { CALL_NEW, CALL_WAITING, CALL_QUEUED, CALL_ASKING, CALL_REFUSED, CALL_STATES };

struct call {
    struct carml *owner;
    struct call *next, **link; /* in the list of its state */
    enum call_state state;
    struct predictor *predictor;
    struct predictor_waiter waiter;
    const struct backend_picture *picture;
    backend_answer_fn *answer;
    void *context;
    bool admitted; /* has a ticket */
    bool reopened;
    uint32_t ticket;     /* of the breaker */
    uint64_t limit_call; /* of the limiter */
    uint64_t mark;       /* of blame */
    uint64_t serial;     /* of the predictor that was asked */
    struct sending sending;
    struct error why; /* CALL_REFUSED: answered in the next turn of the loop */
    enum backend_verdict verdict;
    enum reason reason;
};

struct list {
    struct call *first, **end;
    unsigned count;
};

struct carml {
    struct backend base;
    uv_loop_t *loop;
    const struct config *config;
    struct http *http;
    struct predictors *predictors;
    struct sender sender;
    struct breaker breaker;
    struct limiter limiter;
    struct blame blame;
    struct list lists[CALL_STATES];
    uv_timer_t timer; /* refused calls; the end of the breaker's pause */
    char url[CARML_URL_MAX];
    char detail[CARML_URL_MAX + 64];
};

static int64_t now_ms(const struct carml *carml)
{
    return (int64_t)uv_now(carml->loop);
}

static unsigned ceiling(const struct carml *carml)
{
    return (unsigned)carml->config->carml.concurrency;
}

/* ---- lists ------------------------------------------------------------------------------------
 */

static void leave_list(struct call *call)
{
    struct list *list = &call->owner->lists[call->state];
    if (!call->link)
        return;
    *call->link = call->next;
    if (call->next)
        call->next->link = call->link;
    else
        list->end = call->link;
    call->link = NULL;
    call->next = NULL;
    list->count--;
}

static void enter_state(struct call *call, enum call_state state)
{
    leave_list(call);
    struct list *list = &call->owner->lists[state];
    call->state = state;
    call->link = list->end;
    *list->end = call;
    list->end = &call->next;
    list->count++;
}

/* ---- answering --------------------------------------------------------------------------------
 */

static void arm_timer(struct carml *carml);

static void tell_ready(struct carml *carml)
{
    if (carml->base.ops->capacity(&carml->base) > 0)
        backend_tell_ready(&carml->base);
}

static void give(struct call *call, const struct backend_answer *answer)
{
    leave_list(call);
    predictor_leave(&call->waiter);
    sending_cancel(&call->sending);
    call->answer(call->context, answer);
    free(call);
}

static void give_failure(struct call *call, enum backend_verdict verdict, enum reason reason,
                         const char *why)
{
    struct carml *carml = call->owner;
    const struct backend_answer answer = {
        .verdict = verdict,
        .reason = reason,
        .detail = why,
        .producer = {.backend = "carml", .detail = carml->url, .preprocessing = "server"},
    };
    give(call, &answer);
}

/* The breaker opened: nobody waits for a service that is away. */
static void flush(struct carml *carml)
{
    static const enum call_state waiting[] = {CALL_WAITING, CALL_QUEUED};
    for (size_t i = 0; i < 2; i++)
        for (struct call *call; (call = carml->lists[waiting[i]].first);) {
            breaker_cancel(&carml->breaker, call->ticket, now_ms(carml));
            give_failure(call, BACKEND_AWAY, REASON_service_unavailable,
                         "the CarML server is away");
        }
}

static void service_answered(struct call *call)
{
    struct carml *carml = call->owner;
    if (breaker_state(&carml->breaker) != BREAKER_CLOSED)
        log_notice("carml: %s answers again", carml->url);
    breaker_success(&carml->breaker, call->ticket, now_ms(carml));
    blame_answered(&carml->blame);
}

static void service_failed(struct call *call, const char *why)
{
    struct carml *carml = call->owner;
    enum breaker_state before = breaker_state(&carml->breaker);
    breaker_failure(&carml->breaker, call->ticket, now_ms(carml));
    if (before == BREAKER_CLOSED && breaker_state(&carml->breaker) != BREAKER_CLOSED)
        log_warning("carml: %s is away: %s", carml->url, why);
}

/* The call ends without a prediction. `opening`: its predictor could not be opened. */
static void end_call(struct call *call, enum carml_outcome outcome, bool opening, const char *why)
{
    static const enum reason reasons[] = {[CARML_OK] = REASON_bad_answer,
                                          [CARML_REFUSED] = REASON_rejected,
                                          [CARML_FORGOTTEN] = REASON_model_unavailable,
                                          [CARML_NOT_TAKEN] = REASON_service_unavailable,
                                          [CARML_MISSHAPEN] = REASON_bad_answer,
                                          [CARML_UNREACHABLE] = REASON_service_unavailable,
                                          [CARML_TIMEOUT] = REASON_predict_timeout,
                                          [CARML_BROKEN] = REASON_service_unavailable,
                                          [CARML_LOST] = REASON_service_unavailable};
    struct carml *carml = call->owner;
    enum backend_verdict verdict = BACKEND_FAILED;
    if (outcome == CARML_UNREACHABLE) {
        service_failed(call, why);
        verdict = BACKEND_AWAY;
    } else if (outcome == CARML_TIMEOUT || outcome == CARML_BROKEN || outcome == CARML_LOST) {
        service_failed(call, why);
        if (!opening)
            limiter_failed(&carml->limiter, call->limit_call, ceiling(carml));
        if (!blame_picture(&carml->blame, outcome == CARML_LOST ? BLAME_FELL : BLAME_STANDS,
                           call->picture->item_id, call->predictor, call->mark))
            verdict = BACKEND_AWAY;
    } else {
        service_answered(call);
        if (!opening)
            limiter_answered(&carml->limiter, ceiling(carml));
        blame_clear(&carml->blame, call->picture->item_id, call->predictor);
    }
    give_failure(call, verdict, opening ? REASON_model_unavailable : reasons[outcome], why);
    if (breaker_state(&carml->breaker) == BREAKER_OPEN)
        flush(carml);
}

/* Starts what the limiter allows, then tells the scheduler of the room that is left. */
static void ask_next(struct carml *carml);

static void settle(struct carml *carml)
{
    if (carml->base.closing)
        return;
    ask_next(carml);
    arm_timer(carml);
    tell_ready(carml);
}

/* ---- asking -----------------------------------------------------------------------------------
 */

static void want_predictor(struct call *call);

static void give_prediction(struct call *call, const struct sent *sent,
                            const struct carml_answer *parsed)
{
    struct carml *carml = call->owner;
    int fixed = carml->config->carml.generation;
    enum carml_generation generation = fixed == CONFIG_GENERATION_A   ? CARML_GENERATION_A
                                       : fixed == CONFIG_GENERATION_B ? CARML_GENERATION_B
                                                                      : parsed->generation;
    snprintf(carml->detail, sizeof carml->detail, "%s generation %s", carml->url,
             carml_generation_name(generation));
    struct backend_answer answer = {
        .verdict = BACKEND_ANSWERED,
        .producer = {.backend = "carml", .detail = carml->detail, .preprocessing = "server"},
        .sent_as = sent->way,
        .predict_ms = sent->ms,
        .prediction_count = parsed->count,
    };
    for (size_t i = 0; i < parsed->count; i++)
        answer.predictions[i] = (struct store_prediction){
            .class_index = parsed->best[i].index,
            .probability = parsed->best[i].probability,
            .label = parsed->best[i].label,
        };
    give(call, &answer);
}

static void take_prediction(struct call *call, const struct sent *sent)
{
    struct carml *carml = call->owner;
    struct carml_answer parsed;
    struct error error = {""};
    enum reason reason;
    service_answered(call);
    limiter_answered(&carml->limiter, ceiling(carml));
    blame_clear(&carml->blame, call->picture->item_id, call->predictor);
    int64_t begin = timings_begin();
    enum status status =
        carml_answer_parse(sent->body->data, sent->body->size, &parsed, &reason, &error);
    timings_add_on_loop(TIMING_predict, begin);
    if (status)
        give_failure(call, BACKEND_FAILED, reason, error.text);
    else
        give_prediction(call, sent, &parsed);
}

static void sent_done(void *context, const struct sent *sent)
{
    struct call *call = context;
    struct carml *carml = call->owner;
    if (sent->outcome == CARML_OK) {
        take_prediction(call, sent);
    } else if (sent->outcome == CARML_FORGOTTEN && !call->reopened) {
        call->reopened = true;
        predictor_forget(call->predictor, call->serial);
        log_info("carml: %s forgot a predictor, opening again", carml->url);
        want_predictor(call);
    } else {
        if (sent->outcome == CARML_FORGOTTEN)
            predictor_forget(call->predictor, call->serial);
        end_call(call, sent->outcome, false, sent->why);
    }
    settle(carml);
}

static void ask(struct call *call)
{
    struct carml *carml = call->owner;
    enter_state(call, CALL_ASKING);
    call->serial = predictor_serial(call->predictor);
    call->mark = blame_mark(&carml->blame);
    call->limit_call = limiter_begin(&carml->limiter);
    if (sending_start(&call->sending, &carml->sender, predictor_id(call->predictor), call->picture,
                      sent_done, call, &call->why)) {
        call->verdict = BACKEND_FAILED;
        call->reason = REASON_internal;
        enter_state(call, CALL_REFUSED);
    }
}

static void ask_next(struct carml *carml)
{
    const struct list *queue = &carml->lists[CALL_QUEUED], *asking = &carml->lists[CALL_ASKING];
    while (queue->first && asking->count < limiter_limit(&carml->limiter, ceiling(carml))) {
        struct call *call = queue->first;
        struct predictor_waiter *waiter = &call->waiter;
        /* It may have been forgotten while the call was queued. */
        if (predictor_acquire(call->predictor, waiter) == PREDICTOR_HAVE)
            ask(call);
        else if (waiter->link)
            enter_state(call, CALL_WAITING);
        else
            want_predictor(call);
    }
}

static void predictor_ready(void *context, enum carml_outcome outcome, const char *why)
{
    struct call *call = context;
    struct carml *carml = call->owner;
    if (outcome == CARML_OK) {
        /* The service answered, but what the probe is for is still to come. */
        blame_answered(&carml->blame);
        enter_state(call, CALL_QUEUED);
        ask_next(carml);
    } else {
        end_call(call, outcome, true, why);
    }
    settle(carml);
}

/* Goes on to WAITING, QUEUED or, when opening failed a moment ago, to an answer in the next turn.
 */
static void want_predictor(struct call *call)
{
    call->mark = blame_mark(&call->owner->blame);
    switch (predictor_acquire(call->predictor, &call->waiter)) {
    case PREDICTOR_HAVE:
        enter_state(call, CALL_QUEUED);
        break;
    case PREDICTOR_WAIT:
        enter_state(call, CALL_WAITING);
        break;
    case PREDICTOR_HELD:
        call->verdict = BACKEND_FAILED;
        call->reason = REASON_model_unavailable;
        error_set(&call->why, STATUS_UNAVAILABLE, "%s", predictor_failure(call->predictor));
        enter_state(call, CALL_REFUSED);
        break;
    }
}

static void timer_fired(uv_timer_t *timer)
{
    struct carml *carml = timer->data;
    struct list *refused = &carml->lists[CALL_REFUSED];
    for (unsigned left = refused->count; left > 0 && refused->first; left--) {
        struct call *call = refused->first;
        if (call->admitted)
            breaker_cancel(&carml->breaker, call->ticket, now_ms(carml));
        struct error why = call->why;
        give_failure(call, call->verdict, call->reason, why.text);
    }
    settle(carml);
}

static void arm_timer(struct carml *carml)
{
    int64_t wait = breaker_wait_ms(&carml->breaker, now_ms(carml));
    if (carml->lists[CALL_REFUSED].count > 0)
        uv_timer_start(&carml->timer, timer_fired, 0, 0);
    else if (wait > 0)
        uv_timer_start(&carml->timer, timer_fired, (uint64_t)wait, 0);
    else
        uv_timer_stop(&carml->timer);
}

/* ---- backend_ops ------------------------------------------------------------------------------
 */

static void predict(struct backend *backend, const struct store_target *target,
                    const struct backend_picture *picture, backend_answer_fn *answer, void *context)
{
    struct carml *carml = (struct carml *)backend;
    struct call *call = calloc(1, sizeof *call);
    if (!call) {
        backend_answer_no_memory(answer, context);
        return;
    }
    *call = (struct call){.owner = carml,
                          .picture = picture,
                          .answer = answer,
                          .context = context,
                          .waiter = {.ready = predictor_ready, .context = call}};
    call->predictor = predictors_get(carml->predictors, target);
    call->reason = REASON_service_unavailable;
    if (!call->predictor) {
        call->verdict = BACKEND_FAILED;
        error_set(&call->why, STATUS_LIMIT, "carml: more than %d targets", PREDICTORS_MAX);
        enter_state(call, CALL_REFUSED);
    } else if (!breaker_allows(&carml->breaker, now_ms(carml))) {
        call->verdict = BACKEND_AWAY;
        error_set(&call->why, STATUS_UNAVAILABLE, "the CarML server is away");
        enter_state(call, CALL_REFUSED);
    } else {
        call->admitted = true;
        call->ticket = breaker_begin(&carml->breaker, now_ms(carml));
        want_predictor(call);
        ask_next(carml);
    }
    arm_timer(carml);
}

static unsigned capacity(const struct backend *backend)
{
    const struct carml *carml = (const struct carml *)backend;
    unsigned busy = carml->lists[CALL_QUEUED].count + carml->lists[CALL_ASKING].count;
    unsigned waiting = carml->lists[CALL_WAITING].count + carml->lists[CALL_REFUSED].count;
    if (carml->base.closing || !breaker_allows(&carml->breaker, now_ms(carml)))
        return 0;
    if (breaker_state(&carml->breaker) != BREAKER_CLOSED)
        return 1;
    unsigned limit = limiter_limit(&carml->limiter, ceiling(carml));
    unsigned room = busy < limit ? limit - busy : 0;
    /* Calls that wait for a model to be loaded leave room for other models, not without end. */
    unsigned patience = waiting < 2 * ceiling(carml) ? 2 * ceiling(carml) - waiting : 0;
    return room < patience ? room : patience;
}

static int64_t away_ms(const struct backend *backend)
{
    const struct carml *carml = (const struct carml *)backend;
    return breaker_away_ms(&carml->breaker, now_ms(carml));
}

static bool serves(const struct backend *backend, const struct store_target *target,
                   struct error *error)
{
    (void)backend;
    (void)target;
    (void)error;
    return true; /* only the server knows */
}

static void describe(const struct backend *backend, char *text, size_t size)
{
    const struct carml *carml = (const struct carml *)backend;
    enum breaker_state state = breaker_state(&carml->breaker);
    if (state != BREAKER_CLOSED)
        snprintf(text, size, "carml: away for %lld s",
                 (long long)(breaker_away_ms(&carml->breaker, now_ms(carml)) / 1000));
    else
        snprintf(text, size, "carml: %u in flight, limit %u", carml->lists[CALL_ASKING].count,
                 limiter_limit(&carml->limiter, ceiling(carml)));
}

static struct backend_load present_load(const struct backend *backend)
{
    const struct carml *carml = (const struct carml *)backend;
    enum breaker_state state = breaker_state(&carml->breaker);
    unsigned limit = limiter_limit(&carml->limiter, ceiling(carml));
    if (state != BREAKER_CLOSED)
        limit = state == BREAKER_HALF_OPEN; /* the probe */
    return (struct backend_load){.state = breaker_state_name(state),
                                 .breaks = true,
                                 .in_flight = carml->lists[CALL_ASKING].count,
                                 .limit = limit,
                                 .ceiling = ceiling(carml)};
}

static void timer_closed(uv_handle_t *handle)
{
    struct carml *carml = handle->data;
    backend_end_close(&carml->base);
}

static void http_closed(void *context)
{
    struct carml *carml = context;
    predictors_free(carml->predictors);
    uv_close((uv_handle_t *)&carml->timer, timer_closed);
}

static void predictors_closed(void *context)
{
    struct carml *carml = context;
    http_close(carml->http, http_closed, carml);
}

static void close_backend(struct backend *backend, void (*closed)(void *context), void *context)
{
    struct carml *carml = (struct carml *)backend;
    backend_begin_close(backend, closed, context);
    uv_timer_stop(&carml->timer);
    for (int state = 0; state < CALL_STATES; state++)
        for (struct call *call; (call = carml->lists[state].first);) {
            leave_list(call);
            predictor_leave(&call->waiter);
            sending_cancel(&call->sending);
            free(call);
        }
    predictors_close(carml->predictors, predictors_closed, carml);
}

static const struct backend_ops carml_ops = {
    .name = "carml",
    .predict = predict,
    .capacity = capacity,
    .away_ms = away_ms,
    .serves = serves,
    .describe = describe,
    .load = present_load,
    .close = close_backend,
};

enum status backend_carml_create(uv_loop_t *loop, const struct config *config, struct backend **out,
                                 struct error *error)
{
    const struct http_options options = {
        .max_connections = (long)config->carml.concurrency + 2,
        .user_agent = config->fetch.user_agent,
        .verify_tls = config->fetch.verify_tls,
    };
    struct carml *carml = calloc(1, sizeof *carml);
    if (!carml)
        return error_set(error, STATUS_MEMORY, "carml: out of memory");
    enum status status = carml_base_url(config->carml.url, carml->url, error);
    if (!status)
        status = http_create(loop, &options, &carml->http, error);
    if (!status)
        status = predictors_create(loop, carml->http, carml->url, config, &carml->predictors);
    if (status)
        goto out;
    carml->base.ops = &carml_ops;
    carml->loop = loop;
    carml->config = config;
    for (int state = 0; state < CALL_STATES; state++)
        carml->lists[state].end = &carml->lists[state].first;
    sender_init(&carml->sender, carml->http, carml->url, config);
    breaker_init(&carml->breaker, (unsigned)config->carml.breaker_failures,
                 config->carml.breaker_pause_ms, config->carml.breaker_cap_ms, uv_hrtime());
    limiter_init(&carml->limiter);
    blame_init(&carml->blame);
    uv_timer_init(loop, &carml->timer);
    carml->timer.data = carml;
    *out = &carml->base;
    return STATUS_OK;
out:
    free(carml);
    return status;
}
