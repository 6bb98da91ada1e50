#include "daemon/backends/fallback.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A backend whose state the test sets; it answers in the next turn of the loop. */
struct puppet {
    struct backend base;
    uv_timer_t timer;
    unsigned room;
    int64_t away;
    const char *model; /* that it serves; NULL: all */
    enum backend_verdict verdict;
    int64_t away_after; /* `away` from the answer on */
    unsigned asked;
    backend_answer_fn *answer;
    void *context;
};

static void puppet_answers(uv_timer_t *timer)
{
    struct puppet *puppet = timer->data;
    puppet->away = puppet->away_after;
    puppet->answer(puppet->context,
                   &(struct backend_answer){.verdict = puppet->verdict,
                                            .producer = {.backend = puppet->base.ops->name}});
}

static void puppet_predict(struct backend *backend, const struct store_target *target,
                           const struct backend_picture *picture, backend_answer_fn *answer,
                           void *context)
{
    struct puppet *puppet = (struct puppet *)backend;
    (void)target;
    (void)picture;
    puppet->asked++;
    puppet->answer = answer;
    puppet->context = context;
    uv_timer_start(&puppet->timer, puppet_answers, 0, 0);
}

static unsigned puppet_capacity(const struct backend *backend)
{
    return ((const struct puppet *)backend)->room;
}

static int64_t puppet_away(const struct backend *backend)
{
    return ((const struct puppet *)backend)->away;
}

static bool puppet_serves(const struct backend *backend, const struct store_target *target,
                          struct error *error)
{
    const char *model = ((const struct puppet *)backend)->model;
    (void)error;
    return !model || strcmp(model, target->model) == 0;
}

static void puppet_describe(const struct backend *backend, char *text, size_t size)
{
    snprintf(text, size, "%s", backend->ops->name);
}

static void puppet_close(struct backend *backend, void (*closed)(void *context), void *context)
{
    (void)backend;
    (void)closed;
    (void)context;
}

#define PUPPET_OPS(word)                                                                           \
    {                                                                                              \
        .name = word, .predict = puppet_predict, .capacity = puppet_capacity,                      \
        .away_ms = puppet_away, .serves = puppet_serves, .describe = puppet_describe,              \
        .close = puppet_close                                                                      \
    }
static const struct backend_ops carml_ops = PUPPET_OPS("carml"), local_ops = PUPPET_OPS("local");

struct fixture {
    uv_loop_t loop;
    struct puppet carml, local;
    struct backend *backend;
    unsigned answers, ready, closed;
    enum backend_verdict verdict;
    char who[16];
};

static void count_ready(void *context)
{
    ((struct fixture *)context)->ready++;
}

static void count_closed(void *context)
{
    ((struct fixture *)context)->closed++;
}

static void take(void *context, const struct backend_answer *answer)
{
    struct fixture *fixture = context;
    fixture->answers++;
    fixture->verdict = answer->verdict;
    snprintf(fixture->who, sizeof fixture->who, "%s",
             answer->producer.backend ? answer->producer.backend : "");
}

static void raise_puppet(struct fixture *fixture, struct puppet *puppet,
                         const struct backend_ops *ops)
{
    puppet->base.ops = ops;
    puppet->room = 4;
    puppet->verdict = BACKEND_ANSWERED;
    uv_timer_init(&fixture->loop, &puppet->timer);
    puppet->timer.data = puppet;
}

static int create(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    struct error error;
    if (!fixture)
        return -1;
    uv_loop_init(&fixture->loop);
    raise_puppet(fixture, &fixture->carml, &carml_ops);
    raise_puppet(fixture, &fixture->local, &local_ops);
    if (backend_fallback_create(&fixture->loop, &fixture->carml.base, &fixture->local.base,
                                &fixture->backend, &error))
        return -1;
    fixture->backend->ready = count_ready;
    fixture->backend->ready_context = fixture;
    *state = fixture;
    return 0;
}

static int destroy(void **state)
{
    struct fixture *fixture = *state;
    fixture->backend->ops->close(fixture->backend, count_closed, fixture);
    uv_close((uv_handle_t *)&fixture->carml.timer, NULL);
    uv_close((uv_handle_t *)&fixture->local.timer, NULL);
    uv_run(&fixture->loop, UV_RUN_DEFAULT);
    int left = uv_loop_close(&fixture->loop) != 0 || fixture->closed != 1;
    free(fixture);
    return left;
}

static void ask(struct fixture *fixture)
{
    static const struct store_target target = {"shapes", "1.0", "Caffe", "1.0", "auto"};
    static const struct backend_picture picture = {.item_id = 1};
    fixture->answers = 0;
    fixture->backend->ops->predict(fixture->backend, &target, &picture, take, fixture);
    assert_int_equal(fixture->answers, 0);
    uv_run(&fixture->loop, UV_RUN_DEFAULT);
    assert_int_equal(fixture->answers, 1);
}

static void carml_is_asked_while_it_is_there(void **state)
{
    struct fixture *fixture = *state;
    ask(fixture);
    assert_string_equal(fixture->who, "carml");
    assert_int_equal(fixture->local.asked, 0);
}

static void local_answers_while_carml_is_away(void **state)
{
    struct fixture *fixture = *state;
    fixture->carml.away = 5000;
    fixture->carml.room = 0;
    assert_int_equal(fixture->backend->ops->capacity(fixture->backend), 4);
    ask(fixture);
    assert_string_equal(fixture->who, "local");
    assert_int_equal(fixture->carml.asked, 0);
    assert_true(fixture->backend->ops->away_ms(fixture->backend) < 5000);
}

static void a_probe_still_goes_to_carml(void **state)
{
    struct fixture *fixture = *state;
    fixture->carml.away = 5000;
    fixture->carml.room = 1;
    assert_int_equal(fixture->backend->ops->capacity(fixture->backend), 1);
    ask(fixture);
    assert_string_equal(fixture->who, "carml");
}

static void local_takes_over_what_carml_gave_back(void **state)
{
    struct fixture *fixture = *state;
    fixture->carml.verdict = BACKEND_AWAY;
    fixture->carml.away_after = 10;
    ask(fixture);
    assert_int_equal(fixture->carml.asked, 1);
    assert_int_equal(fixture->verdict, BACKEND_ANSWERED);
    assert_string_equal(fixture->who, "local");
}

static void one_broken_call_does_not_change_the_backend(void **state)
{
    struct fixture *fixture = *state;
    fixture->carml.verdict = BACKEND_AWAY;
    ask(fixture);
    assert_int_equal(fixture->verdict, BACKEND_AWAY);
    assert_int_equal(fixture->local.asked, 0);
}

static void a_failure_of_the_picture_stays_one(void **state)
{
    struct fixture *fixture = *state;
    fixture->carml.verdict = BACKEND_FAILED;
    fixture->carml.away_after = 10;
    ask(fixture);
    assert_int_equal(fixture->verdict, BACKEND_FAILED);
    assert_int_equal(fixture->local.asked, 0);
}

static void what_local_cannot_answer_is_away_and_counts_as_such(void **state)
{
    struct fixture *fixture = *state;
    fixture->carml.away = fixture->carml.away_after = 5000;
    fixture->carml.room = 0;
    fixture->local.model = "another";
    ask(fixture);
    assert_int_equal(fixture->verdict, BACKEND_AWAY);
    assert_int_equal(fixture->local.asked, 0);
    assert_int_equal(fixture->backend->ops->away_ms(fixture->backend), 5000);
    assert_int_equal(fixture->ready, 1);
}

static void closing_forgets_what_was_asked(void **state)
{
    struct fixture *fixture = *state;
    static const struct store_target target = {"shapes", "1.0", "Caffe", "1.0", "auto"};
    static const struct backend_picture picture = {.item_id = 1};
    fixture->backend->ops->predict(fixture->backend, &target, &picture, take, fixture);
    uv_timer_stop(&fixture->carml.timer); /* as a closed backend: no answer */
    assert_int_equal(fixture->answers, 0);
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, create, destroy)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(carml_is_asked_while_it_is_there),
        WITH_FIXTURE(local_answers_while_carml_is_away),
        WITH_FIXTURE(a_probe_still_goes_to_carml),
        WITH_FIXTURE(local_takes_over_what_carml_gave_back),
        WITH_FIXTURE(one_broken_call_does_not_change_the_backend),
        WITH_FIXTURE(a_failure_of_the_picture_stays_one),
        WITH_FIXTURE(what_local_cannot_answer_is_away_and_counts_as_such),
        WITH_FIXTURE(closing_forgets_what_was_asked),
    };
    return cmocka_run_group_tests_name("fallback", tests, NULL, NULL);
}
