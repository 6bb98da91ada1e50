#include "daemon/backends/backend.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/reason.h"
#include "tests/lib/shapes.h"

enum { PICTURES = 16 };

struct item {
    struct fixture *fixture;
    struct backend_picture picture;
    bool ended;
    enum backend_verdict verdict;
    enum reason reason;
    char detail[512], label[64], producer[64], model_sha256[80], preprocessing[256];
    size_t predictions;
    double sum, predict_ms;
};

struct fixture {
    uv_loop_t loop;
    struct config *config;
    struct catalogue *catalogue;
    struct backend *backend;
    struct buf pictures[SHAPES_CLASSES];
    struct item items[PICTURES];
    unsigned ended, count;
    bool closed;
};

static void on_answer(void *context, const struct backend_answer *answer)
{
    struct item *item = context;
    item->ended = true;
    item->verdict = answer->verdict;
    item->reason = answer->reason;
    item->predictions = answer->prediction_count;
    item->predict_ms = answer->predict_ms;
    snprintf(item->detail, sizeof item->detail, "%s", answer->detail);
    if (answer->verdict == BACKEND_ANSWERED) {
        assert_string_equal(answer->sent_as, "local");
        assert_string_equal(answer->producer.backend, "local");
        assert_int_equal(strlen(answer->producer.manifest_sha256), 64);
        snprintf(item->label, sizeof item->label, "%s", answer->predictions[0].label);
        snprintf(item->producer, sizeof item->producer, "%s", answer->producer.detail);
        snprintf(item->model_sha256, sizeof item->model_sha256, "%s",
                 answer->producer.model_sha256);
        snprintf(item->preprocessing, sizeof item->preprocessing, "%s",
                 answer->producer.preprocessing);
        for (size_t i = 0; i < answer->prediction_count; i++)
            item->sum += answer->predictions[i].probability;
    }
    if (++item->fixture->ended == item->fixture->count)
        uv_stop(&item->fixture->loop);
}

static void open_backend(struct fixture *fixture, const char *models)
{
    struct error error = {""};
    if (catalogue_open(models, &fixture->catalogue, &error) ||
        backend_local_create(&fixture->loop, fixture->config, fixture->catalogue, &fixture->backend,
                             &error))
        fail_msg("%s", error.text);
}

/* Asks about `count` pictures at once and waits for all answers. */
static void ask(struct fixture *fixture, const char *model, unsigned count)
{
    const struct store_target target = {model, "1.0", "Caffe", "1.0", "local"};
    fixture->count = count;
    fixture->ended = 0;
    for (unsigned i = 0; i < count; i++) {
        struct item *item = &fixture->items[i];
        item->ended = false;
        fixture->backend->ops->predict(fixture->backend, &target, &item->picture, on_answer, item);
        assert_false(item->ended);
    }
    uv_run(&fixture->loop, UV_RUN_DEFAULT);
    assert_int_equal(fixture->ended, count);
}

static int create(void **state)
{
    struct error error;
    struct fixture *fixture = calloc(1, sizeof *fixture);
    if (!fixture || config_read("/dev/null", &fixture->config, &error))
        return -1;
    uv_loop_init(&fixture->loop);
    for (unsigned i = 0; i < PICTURES; i++) {
        struct item *item = &fixture->items[i];
        item->fixture = fixture;
        item->picture = (struct backend_picture){
            .item_id = i + 1, .url = "", .bytes = "", .size = 0, .kind = IMAGE_JPEG};
    }
    *state = fixture;
    return 0;
}

static void on_closed(void *context)
{
    ((struct fixture *)context)->closed = true;
}

static int destroy(void **state)
{
    struct fixture *fixture = *state;
    if (fixture->backend)
        fixture->backend->ops->close(fixture->backend, on_closed, fixture);
    uv_run(&fixture->loop, UV_RUN_DEFAULT);
    int left = uv_loop_close(&fixture->loop) || (fixture->backend && !fixture->closed);
    catalogue_free(fixture->catalogue);
    config_free(fixture->config);
    for (size_t i = 0; i < SHAPES_CLASSES; i++)
        buf_free(&fixture->pictures[i]);
    free(fixture);
    return left;
}

static void use_shapes(struct fixture *fixture)
{
    if (access("config/models/shapes.yml", R_OK) != 0) {
        print_message("SKIPPED: config/models/shapes.yml is not there\n");
        skip();
    }
    open_backend(fixture, "config/models");
    for (unsigned i = 0; i < SHAPES_CLASSES; i++) {
        buf_init(&fixture->pictures[i], 1 << 20);
        assert_int_equal(shapes_draw_jpeg(i, 1, i, &fixture->pictures[i]), STATUS_OK);
    }
    for (unsigned i = 0; i < PICTURES; i++) {
        fixture->items[i].picture.bytes = fixture->pictures[i % SHAPES_CLASSES].data;
        fixture->items[i].picture.size = fixture->pictures[i % SHAPES_CLASSES].size;
    }
}

static void pictures_are_classified_at_once_by_one_model(void **state)
{
    struct fixture *fixture = *state;
    use_shapes(fixture);
    unsigned right = 0;
    ask(fixture, "shapes", PICTURES);
    for (unsigned i = 0; i < PICTURES; i++) {
        const struct item *item = &fixture->items[i];
        if (item->verdict != BACKEND_ANSWERED)
            fail_msg("%s", item->detail);
        right += strstr(item->label, shapes_name(i % SHAPES_CLASSES)) != NULL;
        assert_int_equal(item->predictions, 3);
        assert_true(item->sum > 0 && item->sum <= 1.0001 && item->predict_ms > 0);
        assert_non_null(strstr(item->producer, "kernel "));
        assert_int_equal(strlen(item->model_sha256), 64);
        assert_non_null(strstr(item->preprocessing, "64x64"));
    }
    assert_true(right > PICTURES / 2); /* its accuracy is measured elsewhere */
}

static void capacity_is_the_number_of_workers(void **state)
{
    struct fixture *fixture = *state;
    struct error error;
    assert_int_equal(config_set(fixture->config, "daemon.workers", "3", &error), STATUS_OK);
    open_backend(fixture, "");
    assert_int_equal(fixture->backend->ops->capacity(fixture->backend), 3);
    assert_int_equal(fixture->backend->ops->away_ms(fixture->backend), 0);
}

static void more_than_there_are_workers_wait(void **state)
{
    struct fixture *fixture = *state;
    char text[100];
    fixture->config->daemon.workers = 2;
    use_shapes(fixture);
    ask(fixture, "shapes", 1);
    const struct store_target target = {"shapes", "1.0", "Caffe", "1.0", "local"};
    fixture->count = PICTURES;
    fixture->ended = 0;
    for (unsigned i = 0; i < PICTURES; i++)
        fixture->backend->ops->predict(fixture->backend, &target, &fixture->items[i].picture,
                                       on_answer, &fixture->items[i]);
    fixture->backend->ops->describe(fixture->backend, text, sizeof text);
    assert_string_equal(text, "local: 2 running");
    assert_int_equal(fixture->backend->ops->capacity(fixture->backend), 0);
    uv_run(&fixture->loop, UV_RUN_DEFAULT);
    assert_int_equal(fixture->ended, PICTURES);
}

static void other_formats_are_not_tried(void **state)
{
    struct fixture *fixture = *state;
    open_backend(fixture, "");
    fixture->items[0].picture.kind = IMAGE_WEBP;
    ask(fixture, "shapes", 1);
    assert_int_equal(fixture->items[0].verdict, BACKEND_FAILED);
    assert_int_equal(fixture->items[0].reason, REASON_unsupported_format);
}

static void an_unknown_model_is_unavailable(void **state)
{
    struct fixture *fixture = *state;
    const struct store_target target = {"nothing", "", "", "", "local"};
    struct error error = {""};
    open_backend(fixture, "");
    assert_false(fixture->backend->ops->serves(fixture->backend, &target, &error));
    assert_non_null(strstr(error.text, "model add"));
    ask(fixture, "nothing", 2);
    assert_int_equal(fixture->items[0].reason, REASON_model_unavailable);
    assert_int_equal(fixture->items[1].reason, REASON_model_unavailable);
}

static void damaged_pictures_are_their_own_failure(void **state)
{
    struct fixture *fixture = *state;
    use_shapes(fixture);
    fixture->items[1].picture.size /= 2;
    fixture->items[2].picture.bytes = "\xff\xd8\xff";
    fixture->items[2].picture.size = 3;
    ask(fixture, "shapes", 4);
    assert_int_equal(fixture->items[0].verdict, BACKEND_ANSWERED);
    assert_int_equal(fixture->items[3].verdict, BACKEND_ANSWERED);
    for (int i = 1; i < 3; i++) {
        assert_int_equal(fixture->items[i].verdict, BACKEND_FAILED);
        assert_int_equal(reason_stage(fixture->items[i].reason), STAGE_VALIDATE);
    }
}

static void write_file(const char *folder, const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static void a_model_that_does_not_load_is_unavailable_for_all_who_wait(void **state)
{
    struct fixture *fixture = *state;
    char folder[] = "/tmp/test_local_XXXXXX", path[256];
    static const char *const names[] = {"broken.yml", "broken.prototxt", "broken.caffemodel",
                                        "labels.txt"};
    assert_non_null(mkdtemp(folder));
    write_file(folder, names[0],
               "name: broken\nframework:\n  name: Caffe\n  version: 1.0\nversion: 1.0\n"
               "inputs:\n  - type: image\n    parameters:\n      dimensions: [3, 8, 8]\n"
               "output:\n  type: feature\n  parameters:\n    features_url: labels.txt\n"
               "model:\n  graph_path: broken.prototxt\n  weights_path: broken.caffemodel\n");
    for (int i = 1; i < 4; i++)
        write_file(folder, names[i], "layer { nonsense");
    open_backend(fixture, folder);
    ask(fixture, "broken", PICTURES);
    for (unsigned i = 0; i < PICTURES; i++) {
        assert_int_equal(fixture->items[i].verdict, BACKEND_FAILED);
        assert_int_equal(fixture->items[i].reason, REASON_model_unavailable);
        assert_non_null(strstr(fixture->items[i].detail, "broken"));
    }
    for (int i = 0; i < 4; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(path);
    }
    rmdir(folder);
}

static void closing_waits_for_what_runs_and_answers_nothing(void **state)
{
    struct fixture *fixture = *state;
    const struct store_target target = {"shapes", "1.0", "Caffe", "1.0", "local"};
    use_shapes(fixture);
    fixture->count = PICTURES;
    for (unsigned i = 0; i < PICTURES; i++)
        fixture->backend->ops->predict(fixture->backend, &target, &fixture->items[i].picture,
                                       on_answer, &fixture->items[i]);
    uv_run(&fixture->loop, UV_RUN_NOWAIT);
    unsigned before = fixture->ended;
    fixture->backend->ops->close(fixture->backend, on_closed, fixture);
    while (!fixture->closed)
        uv_run(&fixture->loop, UV_RUN_ONCE);
    assert_int_equal(fixture->ended, before);
    fixture->backend = NULL;
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, create, destroy)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(pictures_are_classified_at_once_by_one_model),
        WITH_FIXTURE(capacity_is_the_number_of_workers),
        WITH_FIXTURE(more_than_there_are_workers_wait),
        WITH_FIXTURE(other_formats_are_not_tried),
        WITH_FIXTURE(an_unknown_model_is_unavailable),
        WITH_FIXTURE(damaged_pictures_are_their_own_failure),
        WITH_FIXTURE(a_model_that_does_not_load_is_unavailable_for_all_who_wait),
        WITH_FIXTURE(closing_waits_for_what_runs_and_answers_nothing),
    };
    return cmocka_run_group_tests_name("local", tests, NULL, NULL);
}
