/* Compares every top of real networks with what BVLC Caffe computed. The networks and the reference
 * results are not part of this repository: CARMLBENCH_SHARED names the folder that holds `zoo`.
 * Weights that it does not hold are drawn by its make_weights.py (Python with numpy) into the
 * folder that CARMLBENCH_CACHE names, or the user's cache. With CARMLBENCH_LONG=1 every network is
 * compared (`make check-long`), else those that take a second or two. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine/engine.h"
#include "model/format/numpy/npz.h"
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

/* The class that is largest at each fifth row and column. Where two come so close that the rounding
 * of a sum may decide, either will do. */
static void compare_argmax(const struct tensor *tensor, const struct npy_array *expected)
{
    size_t classes = (size_t)tensor->shape[1], height = (size_t)tensor->shape[2],
           width = (size_t)tensor->shape[3], plane = height * width, at = 0, close = 0;
    const uint8_t *class = expected->data;

    assert_int_equal(expected->item_size, 1);
    for (size_t y = 0; y < height; y += 5) {
        for (size_t x = 0; x < width; x += 5, at++) {
            const float *pixel = tensor->data + y * width + x;
            size_t best = 0;
            for (size_t c = 1; c < classes; c++)
                best = pixel[c * plane] > pixel[best * plane] ? c : best;
            assert_in_range(class[at], 0, classes - 1);
            double lead = (double)pixel[best * plane] - (double)pixel[class[at] * plane];
            if (lead > output_tolerance * fabs((double)pixel[best * plane]))
                fail_msg("'%s'[%zu, %zu]: class %zu, %g above class %u", tensor->name, y, x, best,
                         lead, class[at]);
            close += best != class[at];
        }
    }
    assert_int_equal(at, expected->count);
    assert_true(close <= at / 1000);
}

/* A large output: every 25th row and column from the seventh on. */
static void compare_strided(const struct tensor *tensor, const struct npy_array *expected)
{
    size_t planes = (size_t)(tensor->shape[0] * tensor->shape[1]),
           height = (size_t)tensor->shape[2], width = (size_t)tensor->shape[3], at = 0;
    const float *values = expected->data;
    double largest = 0;

    for (size_t i = 0; i < expected->count; i++)
        largest = fmax(largest, fabs((double)values[i]));
    for (size_t i = 0; i < planes * height; i++) {
        for (size_t x = 7; x < width && i % height % 25 == 7; x += 25, at++) {
            double value = (double)tensor->data[i * width + x];
            if (!(fabs(value - (double)values[at]) <= output_tolerance * largest))
                fail_msg("'%s'[%zu, %zu]: %g instead of %g", tensor->name, i, x, value,
                         (double)values[at]);
        }
    }
    assert_int_equal(at, expected->count);
}

/* `list` is out_names or logit_names; the arrays are called in<input>_<prefix><number>, of large
 * outputs in<input>_<prefix><number>_strided and ..._argmax5. */
static void compare_listed(const struct golden *golden, const char *list, const char *prefix)
{
    static const char *const parts[] = {"", "_strided", "_argmax5"};
    static void (*const compare[])(const struct tensor *tensor,
                                   const struct npy_array *expected) = {
        compare_whole, compare_strided, compare_argmax};
    struct npy_array names, expected;
    struct error error;
    char name[64];

    if (npz_find(golden->npz, list, &names, &error))
        return;
    for (size_t i = 0; i < names.count; i++) {
        const struct tensor *tensor =
            tensor_named(golden, (const char *)names.data + i * names.item_size, names.item_size);
        size_t compared = 0;
        for (size_t part = 0; part < 3; part++) {
            snprintf(name, sizeof name, "in%d_%s%zu%s", golden->input, prefix, i, parts[part]);
            if (npz_find(golden->npz, name, &expected, &error))
                continue;
            compare[part](tensor, &expected);
            npy_free(&expected);
            compared++;
        }
        assert_true(compared > 0);
    }
    npy_free(&names);
}

/* ---- files ---- */

static bool is_there(const char *path)
{
    return access(path, R_OK) == 0;
}

/* Where drawn weights are kept from one run to the next; made if need be. */
static void cache_folder(char *path, size_t size)
{
    const char *cache = getenv("CARMLBENCH_CACHE"), *home = getenv("HOME");

    if (cache) {
        snprintf(path, size, "%s", cache);
    } else {
        snprintf(path, size, "%s/.cache", home ? home : "/tmp");
        (void)mkdir(path, 0777);
        snprintf(path, size, "%s/.cache/carmlbench-zoo", home ? home : "/tmp");
    }
    (void)mkdir(path, 0777);
}

static bool run_python(const char *const arguments[])
{
    pid_t pid = fork();
    int ended = 0;

    if (pid == 0) {
        execv(arguments[0], (char *const *)arguments);
        _exit(127);
    }
    return pid > 0 && waitpid(pid, &ended, 0) == pid && WIFEXITED(ended) && WEXITSTATUS(ended) == 0;
}

/* Draws the weights under another name first, so that a file is whole or absent. */
static bool draw_weights(const struct golden *golden, const char *weights)
{
    char script[sizeof golden->folder + 64], prototxt[sizeof golden->folder + 64];
    char part[3 * sizeof golden->folder];
    const char *python = getenv("PYTHON");
    const char *const arguments[] = {python ? python : "/usr/bin/python3", script, prototxt, part,
                                     NULL};

    snprintf(script, sizeof script, "%s/../make_weights.py", golden->folder);
    snprintf(prototxt, sizeof prototxt, "%s/deploy.prototxt", golden->folder);
    snprintf(part, sizeof part, "%s.%ld", weights, (long)getpid());
    if (run_python(arguments) && rename(part, weights) == 0)
        return true;
    (void)unlink(part);
    print_message("skipped: %s could not be drawn (Python with numpy, and room in "
                  "CARMLBENCH_CACHE, are needed)\n",
                  weights);
    return false;
}

/* The weights beside the network, or drawn ones. */
static bool find_weights(const struct golden *golden, const char *net, char *path, size_t size)
{
    char cache[sizeof golden->folder];

    snprintf(path, size, "%s/%s.caffemodel", golden->folder, net);
    if (is_there(path))
        return true;
    cache_folder(cache, sizeof cache);
    snprintf(path, size, "%s/%s.caffemodel", cache, net);
    return is_there(path) || draw_weights(golden, path);
}

static bool open_golden(struct golden *golden, const char *net)
{
    const char *shared = getenv("CARMLBENCH_SHARED");
    char path[sizeof golden->folder + 64];

    memset(golden, 0, sizeof *golden);
    snprintf(golden->folder, sizeof golden->folder, "%s/zoo/%s", shared ? shared : "../shared",
             net);
    snprintf(path, sizeof path, "%s/golden.npz", golden->folder);
    if (!is_there(path)) {
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

static void compare_net(void **state)
{
    const char *net = *state;
    struct engine_options options = {.threads = 1, .batch = 1, .keep_all = true};
    struct golden golden;
    char weights[2 * sizeof golden.folder], spec[4 * sizeof golden.folder];

    if (!open_golden(&golden, net))
        skip();
    if (!find_weights(&golden, net, weights, sizeof weights)) {
        close_golden(&golden);
        skip();
    }
    snprintf(spec, sizeof spec, "%s/deploy.prototxt,%s", golden.folder, weights);
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

int main(void)
{
    /* cifar10_nin is a V1 file with real weights, as lenet and squeezenet have. */
    static char names[][24] = {
        "lenet",        "cifar10_nin", "squeezenet_v1.0", "resnet18",    "sphereface", "alexnet",
        "caffenet",     "googlenet",   "resnext26_32x4d", "densenet121", "dpn68",      "resnet50",
        "inception_v3", "xception",    "resnet101_v2",    "vgg16",       "voc-fcn32s",
    };
    enum { ALL = sizeof names / sizeof *names, QUICK = 4 };
    const char *wanted = getenv("CARMLBENCH_LONG");
    bool every = wanted && *wanted && strcmp(wanted, "0") != 0;
    struct CMUnitTest tests[ALL];

    for (size_t i = 0; i < ALL; i++)
        tests[i] = (struct CMUnitTest){names[i], compare_net, NULL, NULL, names[i]};
    if (every)
        return cmocka_run_group_tests_name("every network computes what Caffe does", tests, NULL,
                                           NULL);
    struct CMUnitTest quick[QUICK];
    memcpy(quick, tests, sizeof quick);
    print_message("%d networks are left to `make check-long`\n", ALL - QUICK);
    return cmocka_run_group_tests_name("quick networks compute what Caffe does", quick, NULL, NULL);
}
