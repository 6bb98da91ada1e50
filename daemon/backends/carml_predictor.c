#include "daemon/backends/carml_predictor.h"

#include <stdlib.h>
#include <string.h>

#include "common/log.h"

enum predictor_state { STATE_CLOSED, STATE_OPENING, STATE_OPEN, STATE_HELD, STATE_COUNT };

struct predictor {
    struct predictors *owner;
    struct predictor *next;
    struct store_target target; /* strings in `names` */
    char *names;
    enum predictor_state state;
    uint64_t serial;
    char id[CARML_ID_MAX];
    struct predictor_waiter *waiters;
    struct http_transfer *transfer; /* OPENING, or closing */
    struct buf body;                /* of that request */
    int64_t held_until_ms;
    struct error why;
};

struct predictors {
    uv_loop_t *loop;
    struct http *http;
    const struct config *config;
    char open_url[CARML_URL_MAX + 32], close_url[CARML_URL_MAX + 32];
    struct predictor *list;
    size_t count, closing;
    void (*closed)(void *context);
    void *closed_context;
};

static const char *const json_headers[] = {"Content-Type: application/json",
                                           "Accept: application/json", "Expect:", NULL};

static void enter(struct predictor *predictor, enum predictor_state state)
{
    static const bool allowed[STATE_COUNT][STATE_COUNT] = {
        [STATE_CLOSED] = {[STATE_OPENING] = true},
        [STATE_OPENING] = {[STATE_OPEN] = true, [STATE_HELD] = true, [STATE_CLOSED] = true},
        [STATE_OPEN] = {[STATE_CLOSED] = true},
        [STATE_HELD] = {[STATE_CLOSED] = true},
    };
    if (!allowed[predictor->state][state])
        log_error("carml: predictor of %s went from state %d to %d", predictor->target.model,
                  (int)predictor->state, (int)state);
    predictor->state = state;
}

enum status predictors_create(uv_loop_t *loop, struct http *http, const char *base,
                              const struct config *config, struct predictors **out)
{
    struct predictors *predictors = calloc(1, sizeof *predictors);
    if (!predictors)
        return STATUS_MEMORY;
    predictors->loop = loop;
    predictors->http = http;
    predictors->config = config;
    snprintf(predictors->open_url, sizeof predictors->open_url, "%s/api/predict/open", base);
    snprintf(predictors->close_url, sizeof predictors->close_url, "%s/api/predict/close", base);
    *out = predictors;
    return STATUS_OK;
}

static bool same_target(const struct store_target *a, const struct store_target *b)
{
    return strcmp(a->model, b->model) == 0 && strcmp(a->model_version, b->model_version) == 0 &&
           strcmp(a->framework, b->framework) == 0 &&
           strcmp(a->framework_version, b->framework_version) == 0;
}

/* Copies the four names into one allocation. */
static bool copy_target(struct predictor *predictor, const struct store_target *target)
{
    const char *from[4] = {target->model, target->model_version, target->framework,
                           target->framework_version};
    const char **to[4] = {&predictor->target.model, &predictor->target.model_version,
                          &predictor->target.framework, &predictor->target.framework_version};
    size_t size = 0;
    for (int i = 0; i < 4; i++)
        size += strlen(from[i]) + 1;
    char *at = predictor->names = malloc(size);
    for (int i = 0; at && i < 4; i++) {
        *to[i] = at;
        at = stpcpy(at, from[i]) + 1;
    }
    return at != NULL;
}

struct predictor *predictors_get(struct predictors *predictors, const struct store_target *target)
{
    for (struct predictor *known = predictors->list; known; known = known->next)
        if (same_target(&known->target, target))
            return known;
    struct predictor *predictor =
        predictors->count < PREDICTORS_MAX ? calloc(1, sizeof *predictor) : NULL;
    if (!predictor || !copy_target(predictor, target)) {
        free(predictor);
        return NULL;
    }
    predictor->owner = predictors;
    buf_init(&predictor->body, 64 * 1024);
    predictor->next = predictors->list;
    predictors->list = predictor;
    predictors->count++;
    return predictor;
}

void predictor_leave(struct predictor_waiter *waiter)
{
    if (!waiter->link)
        return;
    *waiter->link = waiter->next;
    if (waiter->next)
        waiter->next->link = waiter->link;
    waiter->link = NULL;
    waiter->next = NULL;
}

static void join(struct predictor *predictor, struct predictor_waiter *waiter)
{
    struct predictor_waiter **end = &predictor->waiters;
    while (*end)
        end = &(*end)->next;
    waiter->next = NULL;
    waiter->link = end;
    *end = waiter;
}

/* Tells all who wait now; those who come meanwhile wait for the next opening. */
static void tell_waiters(struct predictor *predictor, enum carml_outcome outcome, const char *why)
{
    struct predictor_waiter *waiting = predictor->waiters;
    predictor->waiters = NULL;
    if (waiting)
        waiting->link = &waiting;
    while (waiting) {
        struct predictor_waiter *waiter = waiting;
        predictor_leave(waiter);
        waiter->ready(waiter->context, outcome, why);
    }
}

/* What the breaker watches is tried again whenever the breaker lets a call through; a model that
 * the server does not open is left alone for a while. */
static bool held(enum carml_outcome outcome)
{
    return outcome != CARML_UNREACHABLE && outcome != CARML_TIMEOUT && outcome != CARML_BROKEN &&
           outcome != CARML_LOST;
}

static void open_failed(struct predictor *predictor, enum carml_outcome outcome)
{
    struct predictors *owner = predictor->owner;
    if (held(outcome))
        log_warning("carml: cannot open %s %s: %s", predictor->target.framework,
                    predictor->target.model, predictor->why.text);
    predictor->held_until_ms = (int64_t)uv_now(owner->loop) + owner->config->carml.breaker_pause_ms;
    enter(predictor, held(outcome) ? STATE_HELD : STATE_CLOSED);
    tell_waiters(predictor, outcome, predictor->why.text);
}

static void open_done(void *context, struct http_answer *answer)
{
    struct predictor *predictor = context;
    predictor->transfer = NULL;
    enum carml_outcome outcome = carml_judge(answer, "POST /predict/open", &predictor->why);
    if (outcome == CARML_OK && carml_open_id(answer->body, predictor->id)) {
        error_set(&predictor->why, STATUS_DATA, "POST /predict/open: 200 without a predictor id");
        outcome = CARML_MISSHAPEN;
    }
    if (outcome != CARML_OK) {
        open_failed(predictor, outcome);
        return;
    }
    predictor->serial++;
    enter(predictor, STATE_OPEN);
    log_info("carml: opened %s %s as %s", predictor->target.framework, predictor->target.model,
             predictor->id);
    tell_waiters(predictor, CARML_OK, "");
}

static enum status post(struct predictor *predictor, const char *url, int64_t timeout_ms,
                        http_done_fn *done, struct error *error)
{
    const struct http_request request = {
        .method = "POST",
        .url = url,
        .headers = json_headers,
        .body = predictor->body.data,
        .body_size = predictor->body.size,
        .connect_timeout_ms = timeout_ms < 10000 ? timeout_ms : 10000,
        .timeout_ms = timeout_ms,
        .max_body = 64 * 1024,
        .any_port = true,
    };
    return http_start(predictor->owner->http, &request, done, predictor, &predictor->transfer,
                      error);
}

static enum status start_open(struct predictor *predictor)
{
    struct predictors *owner = predictor->owner;
    buf_clear(&predictor->body);
    enum status status = carml_open_body(&predictor->body, &predictor->target, owner->config);
    if (status)
        return error_set(&predictor->why, status, "open: a name of the target is not UTF-8");
    return post(predictor, owner->open_url, owner->config->carml.open_timeout_ms, open_done,
                &predictor->why);
}

enum predictor_answer predictor_acquire(struct predictor *predictor,
                                        struct predictor_waiter *waiter)
{
    int64_t now_ms = (int64_t)uv_now(predictor->owner->loop);
    if (predictor->state == STATE_OPEN)
        return PREDICTOR_HAVE;
    if (predictor->state == STATE_HELD) {
        if (now_ms < predictor->held_until_ms)
            return PREDICTOR_HELD;
        enter(predictor, STATE_CLOSED);
    }
    if (predictor->state == STATE_CLOSED) {
        enter(predictor, STATE_OPENING);
        if (start_open(predictor)) {
            open_failed(predictor, CARML_MISSHAPEN);
            return PREDICTOR_HELD;
        }
    }
    join(predictor, waiter);
    return PREDICTOR_WAIT;
}

const char *predictor_id(const struct predictor *predictor)
{
    return predictor->id;
}

uint64_t predictor_serial(const struct predictor *predictor)
{
    return predictor->serial;
}

const char *predictor_failure(const struct predictor *predictor)
{
    return predictor->why.text;
}

void predictor_forget(struct predictor *predictor, uint64_t serial)
{
    if (predictor->state == STATE_OPEN && predictor->serial == serial)
        enter(predictor, STATE_CLOSED);
}

static void one_closed(struct predictors *predictors)
{
    if (--predictors->closing == 0)
        predictors->closed(predictors->closed_context);
}

static void close_done(void *context, struct http_answer *answer)
{
    struct predictor *predictor = context;
    struct predictors *owner = predictor->owner;
    struct error why;
    predictor->transfer = NULL;
    if (carml_judge(answer, "POST /predict/close", &why))
        log_info("carml: predictor %s stays loaded at the server: %s", predictor->id, why.text);
    one_closed(owner);
}

static void start_close(struct predictor *predictor)
{
    struct predictors *owner = predictor->owner;
    struct error why;
    enter(predictor, STATE_CLOSED);
    buf_clear(&predictor->body);
    if (carml_close_body(&predictor->body, predictor->id) == STATUS_OK &&
        post(predictor, owner->close_url, owner->config->carml.close_timeout_ms, close_done,
             &why) == STATUS_OK)
        owner->closing++;
}

void predictors_close(struct predictors *predictors, void (*closed)(void *context), void *context)
{
    predictors->closed = closed;
    predictors->closed_context = context;
    predictors->closing = 1; /* this function, so that `closed` is called once, at the end */
    for (struct predictor *predictor = predictors->list; predictor; predictor = predictor->next) {
        if (predictor->transfer)
            http_cancel(predictor->transfer);
        predictor->transfer = NULL;
        if (predictor->state == STATE_OPEN)
            start_close(predictor);
    }
    one_closed(predictors);
}

void predictors_free(struct predictors *predictors)
{
    if (!predictors)
        return;
    while (predictors->list) {
        struct predictor *predictor = predictors->list;
        predictors->list = predictor->next;
        buf_free(&predictor->body);
        free(predictor->names);
        free(predictor);
    }
    free(predictors);
}
