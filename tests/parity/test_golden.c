/* Compares every top of real networks with what BVLC Caffe computed. The networks and the reference
 * results are not part of this repository: CARMLBENCH_SHARED names the folder that holds `zoo`. */
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
#include "model/format/npz.h"
#include "model/model.h"
#include "tests/lib/random.h"

/* Pass marks of the reference's README: relative to the largest magnitude for outputs and logits,
 * to |mean| + standard deviation for samples of intermediate tops. */
static const double output_tolerance = 1e-3, sample_tolerance = 2e-3;

enum { INPUTS = 2, BLOCK = 16 };

struct golden {
    char folder[4096];
    struct npz *npz;
    struct graph *graph;
    struct engine *engine;
    struct session *session;
    int input; /* which of the two inputs is in the session */
};

#define CHECK(call)                                                                                \
    do {                                                                                           \
        struct error error = {""};                                                                 \
        if (call)                                                                                  \
            fail_msg("%s", error.text);                                                            \
    } while (0)

static struct npy_array find(const struct golden *golden, const char *name)
{
    struct npy_array array;

    CHECK(npz_find(golden->npz, name, &array, &error));
    return array;
}

/* The array called "in<input>_<name>". */
static struct npy_array find_result(const struct golden *golden, const char *name)
{
    char full[128];

    snprintf(full, sizeof full, "in%d_%s", golden->input, name);
    return find(golden, full);
}

/* FNV-1a, 64 bits (Fowler, Noll, Vo), of the key starts the stream of each input. */
static uint64_t stream(const char *key)
{
    uint64_t hash = 0xcbf29ce484222325u;

    for (; *key; key++)
        hash = (hash ^ (unsigned char)*key) * 0x100000001b3u;
    return hash;
}

static float draw(uint64_t *state)
{
    return (float)((double)(random_next(state) >> 40) * 0x1p-24 * 255 - 128);
}

/* Input 0 is noise; input 1 is noise in blocks of 16 by 16 pixels. */
static void fill_input(const struct tensor *tensor, int input)
{
    uint64_t state = stream(input == 0 ? "input#0" : "input#1");
    size_t channels = (size_t)tensor->shape[1], height = (size_t)tensor->shape[2],
           width = (size_t)tensor->shape[3];
    size_t rows = (height + BLOCK - 1) / BLOCK, columns = (width + BLOCK - 1) / BLOCK;
    float *grid = malloc(channels * rows * columns * sizeof *grid);

    assert_non_null(grid);
    for (size_t i = 0; i < channels * rows * columns; i++)
        grid[i] = draw(&state);
    state = stream("input#0");
    for (size_t i = 0; i < tensor->count; i++) {
        size_t x = i % width, y = i / width % height, c = i / width / height;
        tensor->data[i] =
            input == 0 ? draw(&state) : grid[(c * rows + y / BLOCK) * columns + x / BLOCK];
    }
    free(grid);
}

static const struct tensor *tensor_named(const struct golden *golden, const char *name, size_t size)
{
    char text[256];

    snprintf(text, sizeof text, "%.*s", (int)size, name);
    const struct tensor *tensor = session_tensor(golden->session, text);
    if (!tensor)
        fail_msg("there is no top called '%s'", text);
    return tensor;
}

static void compare_samples(const struct golden *golden)
{
    struct npy_array names = find(golden, "names"), shapes = find(golden, "shapes"),
                     dims = find(golden, "ndim"), index = find(golden, "sample_idx"),
                     samples = find_result(golden, "samples"), stats = find_result(golden, "stats");
    size_t tops = names.count, per_top = index.count / tops, most = shapes.count / tops;

    assert_int_equal(session_tensor_count(golden->session), tops);
    for (size_t i = 0; i < tops; i++) {
        const struct tensor *tensor =
            tensor_named(golden, (const char *)names.data + i * names.item_size, names.item_size);
        const double *moments = (const double *)stats.data + 3 * i;
        assert_ptr_equal(tensor->name, session_tensor_at(golden->session, i)->name);
        assert_int_equal(tensor->dims, ((const int32_t *)dims.data)[i]);
        for (unsigned d = 0; d < tensor->dims; d++)
            assert_int_equal(tensor->shape[d], ((const int32_t *)shapes.data)[i * most + d]);
        for (size_t j = i * per_top; j < (i + 1) * per_top; j++) {
            double value = tensor->data[((const int64_t *)index.data)[j]];
            double expected = ((const float *)samples.data)[j];
            if (!(fabs(value - expected) <= sample_tolerance * (fabs(moments[0]) + moments[1])))
                fail_msg("input %d, top '%s': %g instead of %g", golden->input, tensor->name, value,
                         expected);
        }
    }
    struct npy_array *all[] = {&names, &shapes, &dims, &index, &samples, &stats};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        npy_free(all[i]);
}

static void compare_whole(const struct tensor *tensor, const struct npy_array *expected)
{
    const float *values = expected->data;
    double largest = 0;
    size_t best = 0, expected_best = 0;

    assert_int_equal(tensor->count, expected->count);
    for (size_t i = 0; i < tensor->count; i++) {
        largest = fmax(largest, fabs((double)values[i]));
        best = tensor->data[i] > tensor->data[best] ? i : best;
        expected_best = values[i] > values[expected_best] ? i : expected_best;
    }
    for (size_t i = 0; i < tensor->count; i++) {
        if (!(fabs((double)tensor->data[i] - (double)values[i]) <= output_tolerance * largest))
            fail_msg("'%s'[%zu]: %g instead of %g", tensor->name, i, (double)tensor->data[i],
                     (double)values[i]);
    }
    assert_int_equal(best, expected_best);
}

/* `list` is out_names or logit_names; the arrays are called in<input>_<prefix><number>. */
static void compare_listed(const struct golden *golden, const char *list, const char *prefix)
{
    struct npy_array names;
    struct error error;
    char name[32];

    if (npz_find(golden->npz, list, &names, &error))
        return;
    for (size_t i = 0; i < names.count; i++) {
        snprintf(name, sizeof name, "%s%zu", prefix, i);
        struct npy_array expected = find_result(golden, name);
        compare_whole(
            tensor_named(golden, (const char *)names.data + i * names.item_size, names.item_size),
            &expected);
        npy_free(&expected);
    }
    npy_free(&names);
}

static bool open_golden(struct golden *golden, const char *net)
{
    const char *shared = getenv("CARMLBENCH_SHARED");
    char path[sizeof golden->folder + 64];

    memset(golden, 0, sizeof *golden);
    snprintf(golden->folder, sizeof golden->folder, "%s/zoo/%s", shared ? shared : "../shared",
             net);
    snprintf(path, sizeof path, "%s/golden.npz", golden->folder);
    if (access(path, R_OK)) {
        print_message("skipped: %s is not there (set CARMLBENCH_SHARED)\n", path);
        return false;
    }
    CHECK(npz_open(path, &golden->npz, &error));
    return true;
}

static void close_golden(struct golden *golden)
{
    session_free(golden->session);
    engine_free(golden->engine);
    graph_free(golden->graph);
    npz_close(golden->npz);
}

static void compare_net(const char *net)
{
    struct engine_options options = {.threads = 1, .batch = 1, .keep_all = true};
    struct golden golden;
    char spec[3 * sizeof golden.folder];

    if (!open_golden(&golden, net))
        skip();
    snprintf(spec, sizeof spec, "%s/deploy.prototxt,%s/%s.caffemodel", golden.folder, golden.folder,
             net);
    CHECK(model_load(spec, NULL, &golden.graph, &error));
    CHECK(engine_create(golden.graph, &options, &golden.engine, &error));
    CHECK(session_create(golden.engine, &golden.session, &error));
    for (golden.input = 0; golden.input < INPUTS; golden.input++) {
        fill_input(session_input(golden.session, 0), golden.input);
        CHECK(session_run(golden.session, &error));
        compare_samples(&golden);
        compare_listed(&golden, "out_names", "out");
        compare_listed(&golden, "logit_names", "logits");
    }
    close_golden(&golden);
}

static void lenet_computes_what_caffe_does(void **state)
{
    (void)state;
    compare_net("lenet");
}

static void cifar10_nin_a_v1_file_computes_what_caffe_does(void **state)
{
    (void)state;
    compare_net("cifar10_nin");
}

static void squeezenet_computes_what_caffe_does(void **state)
{
    (void)state;
    compare_net("squeezenet_v1.0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lenet_computes_what_caffe_does),
        cmocka_unit_test(cifar10_nin_a_v1_file_computes_what_caffe_does),
        cmocka_unit_test(squeezenet_computes_what_caffe_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
