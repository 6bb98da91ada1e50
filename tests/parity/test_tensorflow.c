/* Real networks of Caffe, written as frozen GraphDefs and read again, must compute the same under
 * the same names. The networks are not part of this repository: CARMLBENCH_SHARED names the folder
 * that holds `zoo`; those whose weights lie there are taken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine/engine.h"
#include "model/model.h"
#include "tests/lib/random.h"

/* Of the largest magnitude of each value. */
static const double tolerance = 1e-4;

#define CHECK(call)                                                                                \
    do {                                                                                           \
        struct error error = {""};                                                                 \
        if (call)                                                                                  \
            fail_msg("%s", error.text);                                                            \
    } while (0)

struct run {
    struct graph *graph;
    struct engine *engine;
    struct session *session;
};

static void start(struct run *run, const char *spec)
{
    struct engine_options options = {.keep_all = true, .batch = 1};

    CHECK(model_load(spec, NULL, &run->graph, &error));
    CHECK(engine_create(run->graph, &options, &run->engine, &error));
    CHECK(session_create(run->engine, &run->session, &error));
    const struct tensor *input = session_input(run->session, 0);
    uint64_t seed = 1;
    for (size_t i = 0; i < input->count; i++)
        input->data[i] = (float)((double)(random_next(&seed) >> 40) * 0x1p-24 * 255 - 128);
    CHECK(session_run(run->session, &error));
}

static void stop(struct run *run)
{
    session_free(run->session);
    engine_free(run->engine);
    graph_free(run->graph);
}

/* Every value of the original is in the copy, in the same order of axes. */
static void compare(const struct run *original, const struct run *copy)
{
    size_t count = session_tensor_count(original->session);

    for (size_t i = 0; i < count; i++) {
        const struct tensor *a = session_tensor_at(original->session, i);
        const struct tensor *b = session_tensor(copy->session, a->name);
        double largest = 0, difference = 0;
        if (!b)
            fail_msg("'%s' is lost", a->name);
        assert_int_equal(a->count, b->count);
        for (size_t j = 0; j < a->count; j++) {
            largest = fmax(largest, fabs((double)a->data[j]));
            difference = fmax(difference, fabs((double)a->data[j] - (double)b->data[j]));
        }
        if (!(difference <= tolerance * largest))
            fail_msg("'%s' differs by %g of %g", a->name, difference, largest);
    }
}

static void round_trip(const char *net)
{
    const char *shared = getenv("CARMLBENCH_SHARED");
    struct model_write_options options = {.format = MODEL_TENSORFLOW};
    char spec[8192], weights[4096], folder[] = "/tmp/carmlbench-test-XXXXXX", stem[64],
                                    file[sizeof stem + 3];
    struct run original, copy;

    shared = shared ? shared : "../shared";
    snprintf(weights, sizeof weights, "%s/zoo/%s/%s.caffemodel", shared, net, net);
    if (access(weights, R_OK)) {
        print_message("skipped: %s is not there (set CARMLBENCH_SHARED)\n", weights);
        return;
    }
    snprintf(spec, sizeof spec, "%.3000s/zoo/%s/deploy.prototxt,%s", shared, net, weights);
    assert_non_null(mkdtemp(folder));
    snprintf(stem, sizeof stem, "%s/net", folder);
    snprintf(file, sizeof file, "%s.pb", stem);
    start(&original, spec);
    CHECK(model_write(original.graph, &options, stem, &error));
    start(&copy, file);
    compare(&original, &copy);
    stop(&copy);
    stop(&original);
    assert_int_equal(unlink(file), 0);
    assert_int_equal(rmdir(folder), 0);
}

static void lenet_comes_back_as_it_was(void **state)
{
    (void)state;
    round_trip("lenet");
}

static void cifar10_nin_comes_back_as_it_was(void **state)
{
    (void)state;
    round_trip("cifar10_nin");
}

static void squeezenet_comes_back_as_it_was(void **state)
{
    (void)state;
    round_trip("squeezenet_v1.0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lenet_comes_back_as_it_was),
        cmocka_unit_test(cifar10_nin_comes_back_as_it_was),
        cmocka_unit_test(squeezenet_comes_back_as_it_was),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
