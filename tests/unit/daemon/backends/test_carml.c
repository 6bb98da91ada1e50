/* The CarML backend against the real test server, both generations, every way a picture travels,
 * and everything the server can do wrong. */
#include "daemon/backends/backend.h"

#include <curl/curl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "common/reason.h"
#include "tests/lib/child.h"

enum { PICTURES = 24, TRIES = 12 };

static const struct store_target target = {"BVLC-AlexNet", "1.0", "Caffe", "1.0", "carml"};

/* One picture, and what became of it. */
struct item {
    struct fixture *fixture;
    struct backend_picture picture;
    char url[64];
    const struct store_target *target;
    unsigned tries, away;
    bool asking, ended;
    enum backend_verdict verdict;
    enum reason reason;
    char detail[512], producer[512], sent_as[16], label[64];
    size_t predictions;
    uint32_t index;
    double probability, predict_ms;
};

/* A scheduler of a few lines: asks while there is room, again after AWAY and retryable failures. */
struct fixture {
    struct child server;
    struct config *config;
    struct backend *backend;
    uv_loop_t loop;
    uv_timer_t pause, extra;
    struct item items[PICTURES];
    unsigned count, ended;
    unsigned max_tries; /* 1: what fails once has failed */
    bool closed;
};

static const char bytes[] = "\xff\xd8 not looked at by an instant answer";

static void pump(struct fixture *fixture);

static void unpause(uv_timer_t *timer)
{
    pump(timer->data);
}

static void on_answer(void *context, const struct backend_answer *answer)
{
    struct item *item = context;
    item->asking = false;
    item->verdict = answer->verdict;
    item->reason = answer->reason;
    snprintf(item->detail, sizeof item->detail, "%s", answer->detail ? answer->detail : "");
    if (answer->verdict == BACKEND_ANSWERED) {
        snprintf(item->producer, sizeof item->producer, "%s", answer->producer.detail);
        snprintf(item->sent_as, sizeof item->sent_as, "%s", answer->sent_as);
        snprintf(item->label, sizeof item->label, "%s", answer->predictions[0].label);
        item->predictions = answer->prediction_count;
        item->index = answer->predictions[0].class_index;
        item->probability = answer->predictions[0].probability;
        item->predict_ms = answer->predict_ms;
    }
    if (answer->verdict == BACKEND_AWAY)
        item->away++;
    else
        item->tries++;
    item->ended = answer->verdict == BACKEND_ANSWERED ||
                  (answer->verdict == BACKEND_FAILED &&
                   (!reason_retryable(answer->reason) || item->tries >= item->fixture->max_tries));
    item->fixture->ended += item->ended;
    if (item->fixture->ended == item->fixture->count)
        uv_stop(&item->fixture->loop);
    else if (!uv_is_active((uv_handle_t *)&item->fixture->pause))
        uv_timer_start(&item->fixture->pause, unpause, 1, 0);
}

static void pump(struct fixture *fixture)
{
    const struct backend_ops *ops = fixture->backend->ops;
    for (unsigned i = 0; i < fixture->count; i++) {
        struct item *item = &fixture->items[i];
        if (item->ended || item->asking)
            continue;
        if (ops->capacity(fixture->backend) == 0)
            return;
        item->asking = true;
        ops->predict(fixture->backend, item->target, &item->picture, on_answer, item);
        assert_true(item->asking); /* never answered before predict returns */
    }
}

static void on_ready(void *context)
{
    pump(context);
}

static void set(struct fixture *fixture, const char *key, const char *value)
{
    struct error error = {""};
    if (config_set(fixture->config, key, value, &error))
        fail_msg("%s", error.text);
}

static void prepare(struct fixture *fixture, unsigned count, unsigned max_tries)
{
    memset(fixture->items, 0, sizeof fixture->items);
    fixture->count = count;
    fixture->ended = 0;
    fixture->max_tries = max_tries;
    for (unsigned i = 0; i < count; i++) {
        struct item *item = &fixture->items[i];
        item->fixture = fixture;
        item->target = &target;
        snprintf(item->url, sizeof item->url, "http://192.0.2.1/%u.jpg", i);
        item->picture = (struct backend_picture){.item_id = i + 1,
                                                 .url = item->url,
                                                 .bytes = bytes,
                                                 .size = sizeof bytes,
                                                 .kind = IMAGE_JPEG};
    }
}

/* Asks about `count` pictures until each has ended. */
static void ask_pictures(struct fixture *fixture, unsigned count, unsigned max_tries)
{
    prepare(fixture, count, max_tries);
    pump(fixture);
    uv_run(&fixture->loop, UV_RUN_DEFAULT);
    assert_int_equal(fixture->ended, count);
}

/* Starts the server with options of its own; false when it was not built. */
static bool start_with(struct fixture *fixture, unsigned port, const char *const *options)
{
    struct error error = {""};
    enum status status = child_start(&fixture->server, "carml_server", port, options, &error);
    if (status == STATUS_UNAVAILABLE && strstr(error.text, "not there")) {
        print_message("SKIPPED: %s\n", error.text);
        return false;
    }
    if (status)
        fail_msg("%s", error.text);
    return true;
}

static bool start_server(struct fixture *fixture, const char *generation, unsigned port,
                         const char *option, const char *value)
{
    const char *options[] = {"--generation", generation, "--instant", "1000", "--instant-fetch",
                             "no",           option,     value,       NULL};
    return start_with(fixture, port, options);
}

static void open_backend(struct fixture *fixture, unsigned port)
{
    struct error error = {""};
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%u/", port);
    set(fixture, "carml.url", url);
    if (backend_carml_create(&fixture->loop, fixture->config, &fixture->backend, &error))
        fail_msg("%s", error.text);
    fixture->backend->ready = on_ready;
    fixture->backend->ready_context = fixture;
}

static int create(void **state)
{
    struct error error = {""};
    struct fixture *fixture = calloc(1, sizeof *fixture);
    if (!fixture || config_read("/dev/null", &fixture->config, &error))
        return -1;
    uv_loop_init(&fixture->loop);
    uv_timer_init(&fixture->loop, &fixture->pause);
    uv_timer_init(&fixture->loop, &fixture->extra);
    fixture->pause.data = fixture->extra.data = fixture;
    set(fixture, "carml.breaker_pause", "20ms");
    set(fixture, "carml.breaker_cap", "50ms");
    set(fixture, "carml.send", "url");
    *state = fixture;
    return 0;
}

static void on_closed(void *context)
{
    struct fixture *fixture = context;
    fixture->closed = true;
}

static void close_backend(struct fixture *fixture)
{
    if (fixture->backend)
        fixture->backend->ops->close(fixture->backend, on_closed, fixture);
    while (fixture->backend && !fixture->closed)
        uv_run(&fixture->loop, UV_RUN_ONCE);
    fixture->backend = NULL;
    fixture->closed = false;
}

static int destroy(void **state)
{
    struct fixture *fixture = *state;
    close_backend(fixture);
    uv_close((uv_handle_t *)&fixture->pause, NULL);
    uv_close((uv_handle_t *)&fixture->extra, NULL);
    uv_run(&fixture->loop, UV_RUN_DEFAULT);
    int left = uv_loop_close(&fixture->loop);
    child_kill(&fixture->server);
    config_free(fixture->config);
    free(fixture);
    return left;
}

static size_t take_text(char *data, size_t size, size_t count, void *context)
{
    return buf_append(context, data, size * count) ? 0 : size * count;
}

/* A number of the server's /test/stats: of the document, or of its "calls". */
static long long statistic(const struct fixture *fixture, const char *name)
{
    char url[64];
    struct buf body;
    CURL *easy = curl_easy_init();
    assert_non_null(easy);
    buf_init(&body, 65536);
    snprintf(url, sizeof url, "http://127.0.0.1:%u/test/stats", fixture->server.port);
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_text);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &body);
    assert_int_equal(curl_easy_perform(easy), CURLE_OK);
    curl_easy_cleanup(easy);
    json_t *document = json_loadb(body.data, body.size, 0, NULL);
    const json_t *value = json_object_get(document, name);
    if (!value)
        value = json_object_get(json_object_get(document, "calls"), name);
    long long number = json_integer_value(value);
    json_decref(document);
    buf_free(&body);
    return number;
}

static unsigned count_reason(const struct fixture *fixture, enum reason reason)
{
    unsigned count = 0;
    for (unsigned i = 0; i < fixture->count; i++)
        count += fixture->items[i].verdict == BACKEND_FAILED && fixture->items[i].reason == reason;
    return count;
}

static unsigned count_answered(const struct fixture *fixture)
{
    unsigned count = 0;
    for (unsigned i = 0; i < fixture->count; i++)
        count += fixture->items[i].verdict == BACKEND_ANSWERED;
    return count;
}

static void assert_all_answered(const struct fixture *fixture)
{
    for (unsigned i = 0; i < fixture->count; i++)
        if (fixture->items[i].verdict != BACKEND_ANSWERED)
            fail_msg("picture %u: %s: %s", i, reason_name(fixture->items[i].reason),
                     fixture->items[i].detail);
}

/* ---- ways and generations ---------------------------------------------------------------------
 */

static void every_way_works_with_both_generations(void **state)
{
    static const struct {
        const char *send, *option, *sent_as;
        int images; /* calls of /predict/images for the seven pictures */
    } cases[] = {
        {"url", NULL, "url", 0},
        {"upload", NULL, "upload", 0},
        {"auto", NULL, "upload", 1},
        {"auto", "--images-work", "images", 7},
        {"images", "--images-work", "images", 7},
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < 2 * sizeof cases / sizeof *cases; i++) {
        const char *generation = i % 2 ? "b" : "a";
        set(fixture, "carml.send", cases[i / 2].send);
        if (!start_server(fixture, generation, 0, cases[i / 2].option, NULL))
            skip();
        open_backend(fixture, fixture->server.port);
        ask_pictures(fixture, 1, 1); /* finds out what the server takes */
        ask_pictures(fixture, 6, 1);
        assert_all_answered(fixture);
        for (unsigned k = 0; k < 6; k++) {
            const struct item *item = &fixture->items[k];
            assert_string_equal(item->sent_as, cases[i / 2].sent_as);
            assert_int_equal(item->predictions, 3);
            assert_true(item->probability > 0 && item->predict_ms > 0);
            assert_non_null(strstr(item->producer, i % 2 ? "generation B" : "generation A"));
        }
        assert_int_equal(statistic(fixture, "predictors"), 1);
        assert_int_equal(statistic(fixture, "images"), cases[i / 2].images);
        close_backend(fixture);
        assert_int_equal(statistic(fixture, "predictors"), 0);
        child_kill(&fixture->server);
    }
}

static void a_fixed_way_that_the_server_refuses_is_not_left(void **state)
{
    struct fixture *fixture = *state;
    set(fixture, "carml.send", "images");
    if (!start_server(fixture, "b", 0, NULL, NULL))
        skip();
    open_backend(fixture, fixture->server.port);
    ask_pictures(fixture, 3, 1);
    assert_int_equal(count_reason(fixture, REASON_rejected), 3);
}

static void one_open_serves_all_who_wait(void **state)
{
    struct fixture *fixture = *state;
    if (!start_server(fixture, "a", 0, "--misbehave", "delay-open:200"))
        skip();
    open_backend(fixture, fixture->server.port);
    ask_pictures(fixture, PICTURES, 1);
    assert_all_answered(fixture);
    assert_int_equal(statistic(fixture, "opens"), 1);
}

/* ---- misbehaviour -----------------------------------------------------------------------------
 */

/* Every fourth prediction goes wrong; what has to become of the pictures. */
struct wrong {
    const char *rule;
    enum { ALL_ANSWERED, SOME_FAILED, ALL_ANSWERED_AT_ONCE } expected;
    enum reason reason;
};

static void run_wrong(struct fixture *fixture, const struct wrong *wrong, const char *generation)
{
    unsigned tries = wrong->expected == ALL_ANSWERED ? TRIES : 1;
    bool stalls = strncmp(wrong->rule, "stall", 5) == 0;
    set(fixture, "carml.predict_timeout", stalls ? "300ms" : "60s");
    if (!start_server(fixture, generation, 0, "--misbehave", wrong->rule))
        skip();
    open_backend(fixture, fixture->server.port);
    ask_pictures(fixture, PICTURES, tries);
    if (wrong->expected == SOME_FAILED) {
        if (count_reason(fixture, wrong->reason) != PICTURES / 4 ||
            count_answered(fixture) != PICTURES - PICTURES / 4)
            fail_msg("%s, generation %s: %u answered, %u %s", wrong->rule, generation,
                     count_answered(fixture), count_reason(fixture, wrong->reason),
                     reason_name(wrong->reason));
    } else {
        assert_all_answered(fixture);
    }
    close_backend(fixture);
    child_kill(&fixture->server);
}

static void each_misbehaviour_costs_only_its_picture(void **state)
{
    static const struct wrong cases[] = {
        {"400-json:every=4", ALL_ANSWERED, 0}, /* "code = Unavailable" */
        {"400-empty:every=4", SOME_FAILED, REASON_rejected},
        {"422:every=4", SOME_FAILED, REASON_service_unavailable},
        {"501:every=4", SOME_FAILED, REASON_service_unavailable},
        {"empty-responses:every=4", SOME_FAILED, REASON_empty_answer},
        {"huge:4:every=4", SOME_FAILED, REASON_bad_answer},
        {"not-json:every=4", SOME_FAILED, REASON_bad_answer},
        {"nan:every=4", SOME_FAILED, REASON_bad_answer},
        {"500:every=4", ALL_ANSWERED, 0},
        {"cut:every=4", ALL_ANSWERED, 0},
        {"stall:every=8", ALL_ANSWERED, 0},
        {"slow:50:every=4", ALL_ANSWERED_AT_ONCE, 0},
        {"shuffle", ALL_ANSWERED_AT_ONCE, 0},
        {"escapes", ALL_ANSWERED_AT_ONCE, 0},
        {"missing-classes", ALL_ANSWERED_AT_ONCE, 0},
    };
    struct fixture *fixture = *state;
    set(fixture, "carml.max_answer", "1MiB");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        run_wrong(fixture, &cases[i], i % 2 ? "b" : "a");
}

static void labels_lose_the_old_prefix(void **state)
{
    struct fixture *fixture = *state;
    for (int i = 0; i < 2; i++) {
        if (!start_server(fixture, i ? "b" : "a", 0, "--misbehave", "escapes"))
            skip();
        open_backend(fixture, fixture->server.port);
        ask_pictures(fixture, 1, 1);
        assert_all_answered(fixture);
        assert_true(fixture->items[0].label[0] != '<' && fixture->items[0].label[0] != '\\');
        close_backend(fixture);
        child_kill(&fixture->server);
    }
}

static void a_forgotten_predictor_is_opened_again_unnoticed(void **state)
{
    static const char *const rules[] = {"forget-predictor:every=7",
                                        "forget-predictor-agent:every=7"};
    struct fixture *fixture = *state;
    set(fixture, "carml.concurrency", "1"); /* so that the repeated call is the next one */
    for (int i = 0; i < 4; i++) {
        if (!start_server(fixture, i % 2 ? "b" : "a", 0, "--misbehave", rules[i / 2]))
            skip();
        open_backend(fixture, fixture->server.port);
        ask_pictures(fixture, PICTURES, 1);
        assert_all_answered(fixture);
        close_backend(fixture);
        child_kill(&fixture->server);
    }
}

static void a_predictor_forgotten_each_time_fails_the_picture(void **state)
{
    struct fixture *fixture = *state;
    if (!start_server(fixture, "b", 0, "--misbehave", "forget-predictor"))
        skip();
    open_backend(fixture, fixture->server.port);
    ask_pictures(fixture, 2, 1);
    assert_int_equal(count_reason(fixture, REASON_model_unavailable), 2);
}

static void a_picture_that_always_breaks_the_service_ends(void **state)
{
    static const char *const rules[] = {"500", "cut", "stall"};
    struct fixture *fixture = *state;
    for (int i = 0; i < 3; i++) {
        set(fixture, "carml.predict_timeout", i == 2 ? "50ms" : "60s");
        if (!start_server(fixture, "b", 0, "--misbehave", rules[i]))
            skip();
        open_backend(fixture, fixture->server.port);
        ask_pictures(fixture, 2, 2);
        for (unsigned k = 0; k < 2; k++) {
            assert_int_equal(fixture->items[k].verdict, BACKEND_FAILED);
            assert_int_equal(fixture->items[k].reason,
                             i == 2 ? REASON_predict_timeout : REASON_service_unavailable);
        }
        close_backend(fixture);
        child_kill(&fixture->server);
    }
}

/* ---- away and back ----------------------------------------------------------------------------
 */

static void restart_server(uv_timer_t *timer)
{
    struct fixture *fixture = timer->data;
    unsigned port = fixture->server.port;
    if (fixture->backend->ops->away_ms(fixture->backend) == 0)
        return;
    uv_timer_stop(timer);
    child_wait(&fixture->server); /* nothing else than its crash brings the backend here */
    if (!start_server(fixture, "b", port, NULL, NULL))
        fail();
}

static void a_crashed_server_costs_no_tries_and_is_found_again(void **state)
{
    struct fixture *fixture = *state;
    if (!start_server(fixture, "a", 0, "--misbehave", "crash:after=10"))
        skip();
    open_backend(fixture, fixture->server.port);
    uv_timer_start(&fixture->extra, restart_server, 5, 5);
    ask_pictures(fixture, PICTURES, 3);
    assert_all_answered(fixture);
    unsigned away = 0;
    for (unsigned i = 0; i < PICTURES; i++)
        away += fixture->items[i].away;
    assert_true(away > 0);
    assert_int_equal(fixture->backend->ops->away_ms(fixture->backend), 0);
}

static void look_at_capacity(uv_timer_t *timer)
{
    struct fixture *fixture = timer->data;
    if (fixture->backend->ops->away_ms(fixture->backend) > 0)
        uv_stop(&fixture->loop);
}

static void nobody_there_opens_the_breaker(void **state)
{
    struct fixture *fixture = *state;
    set(fixture, "carml.breaker_pause", "1h");
    set(fixture, "carml.breaker_cap", "1h");
    open_backend(fixture, 1); /* nothing listens on port 1 of the loopback */
    uv_timer_start(&fixture->extra, look_at_capacity, 5, 5);
    prepare(fixture, 8, 2);
    pump(fixture);
    uv_run(&fixture->loop, UV_RUN_DEFAULT);
    assert_int_equal(fixture->backend->ops->capacity(fixture->backend), 0);
    for (unsigned i = 0; i < fixture->count; i++)
        assert_true(fixture->items[i].away > 0 && fixture->items[i].tries == 0);
    uv_timer_stop(&fixture->extra);
    uv_timer_stop(&fixture->pause);
}

static void who_waits_is_told_when_the_service_goes_away(void **state)
{
    static const struct store_target slow = {"VGG16", "1.0", "Caffe", "1.0", "carml"};
    static const char *const options[] = {
        "--instant",   "10",  "--instant-fetch", "no",
        "--misbehave", "500", "--misbehave",     "delay-open:3600000:after=1",
        NULL};
    struct fixture *fixture = *state;
    set(fixture, "carml.breaker_failures", "1");
    set(fixture, "carml.breaker_pause", "1h");
    set(fixture, "carml.breaker_cap", "1h");
    if (!start_with(fixture, 0, options))
        skip();
    open_backend(fixture, fixture->server.port);
    prepare(fixture, 2, 2);
    fixture->items[1].target = &slow;
    uv_timer_start(&fixture->extra, look_at_capacity, 5, 5);
    pump(fixture);
    uv_run(&fixture->loop, UV_RUN_DEFAULT);
    assert_int_equal(fixture->items[0].away, 1);
    assert_int_equal(fixture->items[1].away, 1); /* though its open is still under way */
    uv_timer_stop(&fixture->extra);
    uv_timer_stop(&fixture->pause);
}

static void a_model_the_server_does_not_have_is_unavailable(void **state)
{
    static const char *const options[] = {"--model", "config/models/shapes.yml", NULL};
    struct fixture *fixture = *state;
    if (access("config/models/shapes.yml", R_OK) != 0) {
        print_message("SKIPPED: config/models/shapes.yml is not there\n");
        skip();
    }
    if (!start_with(fixture, 0, options))
        skip();
    open_backend(fixture, fixture->server.port);
    ask_pictures(fixture, 4, 1);
    assert_int_equal(count_reason(fixture, REASON_model_unavailable), 4);
    assert_non_null(strstr(fixture->items[0].detail, "unable to find agents"));
    assert_int_equal(fixture->backend->ops->away_ms(fixture->backend), 0);
}

static void closing_ends_what_is_in_flight_without_answers(void **state)
{
    struct fixture *fixture = *state;
    if (!start_server(fixture, "b", 0, "--misbehave", "stall"))
        skip();
    open_backend(fixture, fixture->server.port);
    prepare(fixture, 4, 2);
    pump(fixture);
    while (statistic(fixture, "predictors") == 0)
        uv_run(&fixture->loop, UV_RUN_NOWAIT);
    for (int i = 0; i < 20; i++)
        uv_run(&fixture->loop, UV_RUN_NOWAIT);
    close_backend(fixture);
    for (unsigned i = 0; i < fixture->count; i++)
        assert_true(fixture->items[i].asking);
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, create, destroy)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(every_way_works_with_both_generations),
        WITH_FIXTURE(a_fixed_way_that_the_server_refuses_is_not_left),
        WITH_FIXTURE(one_open_serves_all_who_wait),
        WITH_FIXTURE(each_misbehaviour_costs_only_its_picture),
        WITH_FIXTURE(labels_lose_the_old_prefix),
        WITH_FIXTURE(a_forgotten_predictor_is_opened_again_unnoticed),
        WITH_FIXTURE(a_predictor_forgotten_each_time_fails_the_picture),
        WITH_FIXTURE(a_picture_that_always_breaks_the_service_ends),
        WITH_FIXTURE(a_crashed_server_costs_no_tries_and_is_found_again),
        WITH_FIXTURE(nobody_there_opens_the_breaker),
        WITH_FIXTURE(who_waits_is_told_when_the_service_goes_away),
        WITH_FIXTURE(a_model_the_server_does_not_have_is_unavailable),
        WITH_FIXTURE(closing_ends_what_is_in_flight_without_answers),
    };
    return cmocka_run_group_tests_name("carml", tests, NULL, NULL);
}
