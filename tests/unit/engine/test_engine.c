#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/engine.h"
#include "model/graph.h"
#include "tests/lib/net.h"
#include "tests/lib/random.h"

/* Every way in which memory is shared: in place, aliases, a branch read late, a residual sum. */
static const char net[] =
    "input: 'data' input_shape { dim: 1 dim: 3 dim: 9 dim: 11 }\n"
    "layer { name: 'drop0' type: 'Dropout' bottom: 'data' top: 'd0' }\n"
    "layer { name: 'relu0' type: 'ReLU' bottom: 'd0' top: 'd0' relu_param { negative_slope: 0.5 } "
    "}\n"
    "layer { name: 'conv1' type: 'Convolution' bottom: 'd0' top: 'c1'\n"
    "  convolution_param { num_output: 6 kernel_size: 3 pad: 1 } }\n"
    "layer { name: 'pool1' type: 'Pooling' bottom: 'c1' top: 'p1'\n"
    "  pooling_param { pool: AVE kernel_size: 3 stride: 1 pad: 1 } }\n"
    "layer { name: 'relu1' type: 'ReLU' bottom: 'c1' top: 'c1' }\n"
    "layer { name: 'split' type: 'Split' bottom: 'c1' top: 's1' top: 's2' }\n"
    "layer { name: 'relu2' type: 'ReLU' bottom: 's1' top: 's1' relu_param { negative_slope: -1 } "
    "}\n"
    "layer { name: 'sum' type: 'Eltwise' bottom: 's1' bottom: 's2' bottom: 'p1' top: 'sum'\n"
    "  eltwise_param { coeff: 1 coeff: -2 coeff: 0.5 } }\n"
    "layer { name: 'norm' type: 'LRN' bottom: 'sum' top: 'norm' }\n"
    "layer { name: 'cat' type: 'Concat' bottom: 'norm' bottom: 'c1' top: 'cat' }\n"
    "layer { name: 'flat' type: 'Flatten' bottom: 'cat' top: 'flat' }\n"
    "layer { name: 'drop1' type: 'Dropout' bottom: 'flat' top: 'flat' }\n"
    "layer { name: 'fc' type: 'InnerProduct' bottom: 'flat' top: 'fc'\n"
    "  inner_product_param { num_output: 7 } }\n"
    "layer { name: 'prob' type: 'Softmax' bottom: 'fc' top: 'prob' }\n";

enum { IMAGE = 3 * 9 * 11, CLASSES = 7, FC_WEIGHTS = CLASSES * 12 * 9 * 11 };

static struct graph *graph;

static int load_net(void **state)
{
    static const struct shape conv[] = {{4, {6, 3, 3, 3}}, {1, {6}}};
    static const struct shape fc[] = {{2, {CLASSES, 12 * 9 * 11}}, {1, {CLASSES}}};
    static float numbers[FC_WEIGHTS + CLASSES];
    struct error error = {""};
    struct buf weights;
    uint64_t random = 1;

    (void)state;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        numbers[i] = (float)random_between(&random, -0.1, 0.1);
    buf_init(&weights, 1 << 20);
    net_weights(&weights, "conv1", 2, conv, numbers);
    net_weights(&weights, "fc", 2, fc, numbers);
    if (net_load(net, &weights, &graph, &error))
        fail_msg("%s", error.text);
    buf_free(&weights);
    return 0;
}

static int free_net(void **state)
{
    (void)state;
    graph_free(graph);
    return 0;
}

struct running {
    struct engine *engine;
    struct session *session;
};

static struct running start(int64_t batch, bool keep_all)
{
    struct engine_options options = {.threads = 1, .batch = batch, .keep_all = keep_all};
    struct error error = {""};
    struct running running;

    if (engine_create(graph, &options, &running.engine, &error) ||
        session_create(running.engine, &running.session, &error))
        fail_msg("%s", error.text);
    return running;
}

static void stop(struct running *running)
{
    session_free(running->session);
    engine_free(running->engine);
}

static void run(const struct running *running, uint64_t seed)
{
    const struct tensor *input = session_input(running->session, 0);
    struct error error;

    for (size_t i = 0; i < input->count; i++)
        input->data[i] = (float)random_between(&seed, -1, 1);
    assert_int_equal(session_run(running->session, &error), STATUS_OK);
}

static void sharing_memory_changes_no_bit(void **state)
{
    struct running shared = start(0, false), kept = start(0, true);

    (void)state;
    for (uint64_t seed = 0; seed < 5; seed++) {
        run(&shared, seed);
        run(&kept, seed);
        assert_memory_equal(session_output(shared.session, 0)->data,
                            session_tensor(kept.session, "prob")->data, CLASSES * sizeof(float));
    }
    stop(&shared);
    stop(&kept);
}

static void the_same_input_gives_the_same_bits_again(void **state)
{
    struct running running = start(0, false);
    struct error error;
    float first[CLASSES];

    (void)state;
    run(&running, 1);
    memcpy(first, session_output(running.session, 0)->data, sizeof first);
    run(&running, 2);
    assert_memory_not_equal(first, session_output(running.session, 0)->data, sizeof first);
    run(&running, 1);
    assert_memory_equal(first, session_output(running.session, 0)->data, sizeof first);
    assert_int_equal(session_run(running.session, &error), STATUS_OK);
    assert_memory_equal(first, session_output(running.session, 0)->data, sizeof first);
    stop(&running);
}

static void a_batch_gives_each_image_the_bits_it_has_alone(void **state)
{
    enum { BATCH = 5 };
    struct running many = start(BATCH, false), one = start(1, false);
    struct error error;

    (void)state;
    run(&many, 3);
    for (size_t i = 0; i < BATCH; i++) {
        memcpy(session_input(one.session, 0)->data,
               session_input(many.session, 0)->data + i * IMAGE, IMAGE * sizeof(float));
        assert_int_equal(session_run(one.session, &error), STATUS_OK);
        assert_memory_equal(session_output(one.session, 0)->data,
                            session_output(many.session, 0)->data + i * CLASSES,
                            CLASSES * sizeof(float));
    }
    assert_int_equal(session_output(many.session, 0)->shape[0], BATCH);
    stop(&many);
    stop(&one);
}

static void all_tops_stand_under_their_own_name_as_at_the_end(void **state)
{
    static const char *const names[] = {"data", "d0",   "c1",  "p1",   "s1", "s2",
                                        "sum",  "norm", "cat", "flat", "fc", "prob"};
    struct running running = start(0, true);
    const struct session *session = running.session;

    (void)state;
    run(&running, 4);
    assert_int_equal(session_tensor_count(session), sizeof names / sizeof *names);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_string_equal(session_tensor_at(session, i)->name, names[i]);
    assert_null(session_tensor_at(session, sizeof names / sizeof *names));
    const struct tensor *data = session_tensor(session, "data"),
                        *d0 = session_tensor(session, "d0");
    const struct tensor *c1 = session_tensor(session, "c1"), *s1 = session_tensor(session, "s1");
    for (size_t i = 0; i < data->count; i++)
        assert_true(d0->data[i] == data->data[i] * (data->data[i] < 0 ? 0.5F : 1));
    for (size_t i = 0; i < c1->count; i++)
        assert_true(c1->data[i] >= 0 && s1->data[i] == c1->data[i]);
    stop(&running);
}

static void without_keep_all_only_the_ends_are_there(void **state)
{
    struct running running = start(0, false);

    (void)state;
    assert_int_equal(session_input_count(running.session), 1);
    assert_int_equal(session_output_count(running.session), 1);
    assert_int_equal(session_tensor_count(running.session), 0);
    assert_non_null(session_tensor(running.session, "prob"));
    assert_null(session_tensor(running.session, "c1"));
    assert_null(session_input(running.session, 1));
    assert_null(session_output(running.session, 1));
    stop(&running);
}

static void a_batch_too_large_is_one_clear_error(void **state)
{
    struct engine_options options = {.threads = 1, .batch = INT32_MAX};
    struct engine *engine;
    struct error error = {""};

    (void)state;
    assert_int_equal(engine_create(graph, &options, &engine, &error), STATUS_LIMIT);
    assert_null(engine);
    assert_non_null(strstr(error.text, "layer 'data'"));
}

static void memory_for_one_pass_has_a_ceiling(void **state)
{
    struct engine_options options = {.threads = 1, .batch = 1 << 20};
    struct session *session;
    struct engine *engine;
    struct error error = {""};

    (void)state;
    assert_int_equal(engine_create(graph, &options, &engine, &error), STATUS_OK);
    assert_int_equal(session_create(engine, &session, &error), STATUS_LIMIT);
    assert_null(session);
    assert_non_null(strstr(error.text, "use a smaller batch"));
    engine_free(engine);
}

static void an_unknown_kernel_is_a_configuration_error(void **state)
{
    struct engine_options options = {.threads = 1};
    struct engine *engine;
    struct error error = {""};

    (void)state;
    setenv("CARMLBENCH_KERNEL", "warp", 1);
    assert_int_equal(engine_create(graph, &options, &engine, &error), STATUS_CONFIG);
    setenv("CARMLBENCH_KERNEL", "ref", 1);
    assert_int_equal(engine_create(graph, &options, &engine, &error), STATUS_OK);
    assert_string_equal(engine_kernel_name(engine), "ref");
    engine_free(engine);
    unsetenv("CARMLBENCH_KERNEL");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sharing_memory_changes_no_bit),
        cmocka_unit_test(the_same_input_gives_the_same_bits_again),
        cmocka_unit_test(a_batch_gives_each_image_the_bits_it_has_alone),
        cmocka_unit_test(all_tops_stand_under_their_own_name_as_at_the_end),
        cmocka_unit_test(without_keep_all_only_the_ends_are_there),
        cmocka_unit_test(a_batch_too_large_is_one_clear_error),
        cmocka_unit_test(memory_for_one_pass_has_a_ceiling),
        cmocka_unit_test(an_unknown_kernel_is_a_configuration_error),
    };
    return cmocka_run_group_tests(tests, load_net, free_net);
}
