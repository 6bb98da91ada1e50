/* Outputs whose extents only the run tells, inputs that it refuses, and layers without outputs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "engine/engine.h"
#include "model/graph.h"
#include "tests/lib/net.h"

#define INPUTS                                                                                     \
    "input: 'loc' input_shape { dim: 1 dim: 8 }\n"                                                 \
    "input: 'conf' input_shape { dim: 1 dim: 4 }\n"                                                \
    "input: 'prior' input_shape { dim: 1 dim: 2 dim: 8 }\n"                                        \
    "layer { name: 'detect' type: 'DetectionOutput' bottom: 'loc' bottom: 'conf' bottom: 'prior' " \
    "top: 'found' detection_output_param { num_classes: 2 confidence_threshold: 0.5 } }\n"

struct net {
    struct graph *graph;
    struct engine *engine;
    struct session *session;
    struct error error;
};

static enum status open_net(struct net *net, const char *prototxt)
{
    struct engine_options options = {.threads = 1, .keep_all = true};
    enum status status = net_load(prototxt, NULL, &net->graph, &net->error);

    net->engine = NULL;
    net->session = NULL;
    if (!status)
        status = engine_create(net->graph, &options, &net->engine, &net->error);
    return status ? status : session_create(net->engine, &net->session, &net->error);
}

static void close_net(struct net *net)
{
    session_free(net->session);
    engine_free(net->engine);
    graph_free(net->graph);
}

/* Two boxes far from each other, with these scores. */
static size_t rows_of(struct net *net, float first, float second)
{
    static const float prior[] = {0, 0, 0.1F, 0.1F, 0.8F, 0.8F, 0.9F, 0.9F, 1, 1, 1, 1, 1, 1, 1, 1};
    const struct tensor *out = session_output(net->session, 0);

    memcpy(session_input(net->session, 2)->data, prior, sizeof prior);
    session_input(net->session, 1)->data[1] = first;
    session_input(net->session, 1)->data[3] = second;
    assert_int_equal(session_run(net->session, &net->error), STATUS_OK);
    assert_int_equal(out->dims, 4);
    assert_int_equal(out->count, 7 * out->shape[2]);
    assert_int_equal(session_tensor(net->session, "found")->count, out->count);
    return (size_t)out->shape[2];
}

static void the_tensor_shows_how_many_rows_there_are(void **state)
{
    struct net net;
    const float *row;

    (void)state;
    assert_int_equal(open_net(&net, INPUTS), STATUS_OK);
    row = session_output(net.session, 0)->data;
    assert_int_equal(session_output(net.session, 0)->shape[2], 2);
    assert_int_equal(rows_of(&net, 0.9F, 0.1F), 1);
    assert_true(row[2] == 0.9F && row[3] == 0);
    assert_int_equal(rows_of(&net, 0.6F, 0.7F), 2);
    assert_true(row[2] == 0.7F && row[9] == 0.6F);
    assert_int_equal(rows_of(&net, 0.1F, 0.1F), 1);
    assert_true(row[0] == 0 && row[1] == -1 && row[6] == -1);
    assert_int_equal(rows_of(&net, 0.9F, 0.9F), 2);
    close_net(&net);
}

static void no_layer_reads_a_value_without_settled_extents(void **state)
{
    struct net net;

    (void)state;
    assert_int_equal(
        open_net(&net, INPUTS "layer { name: 'r' type: 'ReLU' bottom: 'found' top: 'r' }"),
        STATUS_UNSUPPORTED);
    assert_non_null(strstr(net.error.text, "layer 'r': it reads 'found', whose extents are known "
                                           "only after the run"));
    close_net(&net);
    assert_int_equal(open_net(&net,
                              INPUTS "layer { name: 's' type: 'Silence' bottom: 'found' }\n"
                                     "layer { name: 'r' type: 'ReLU' bottom: 'conf' top: 'r' }"),
                     STATUS_OK);
    assert_int_equal(session_run(net.session, &net.error), STATUS_OK);
    close_net(&net);
}

static void a_run_names_the_layer_that_cannot_work(void **state)
{
    struct net net;

    (void)state;
    assert_int_equal(
        open_net(&net, "input: 'data' input_shape { dim: 1 dim: 1 dim: 3 dim: 3 }\n"
                       "input: 'rois' input_shape { dim: 1 dim: 5 }\n"
                       "layer { name: 'pool' type: 'ROIPooling' bottom: 'data' bottom: 'rois' top: "
                       "'p' roi_pooling_param { pooled_h: 1 pooled_w: 1 } }"),
        STATUS_OK);
    session_input(net.session, 1)->data[0] = 7;
    assert_int_equal(session_run(net.session, &net.error), STATUS_DATA);
    assert_non_null(strstr(net.error.text, ":3: layer 'pool': region 0 (image 7"));
    session_input(net.session, 1)->data[0] = 0;
    assert_int_equal(session_run(net.session, &net.error), STATUS_OK);
    close_net(&net);
}

static void layers_without_outputs_run(void **state)
{
    struct net net;

    (void)state;
    assert_int_equal(
        open_net(&net, "input: 'data' input_shape { dim: 2 dim: 6 }\n"
                       "layer { name: 's' type: 'Slice' bottom: 'data' top: 'a' top: 'b' }\n"
                       "layer { name: 'q' type: 'Silence' bottom: 'a' }\n"
                       "layer { name: 'r' type: 'Reshape' bottom: 'b' top: 'c' reshape_param { "
                       "shape { dim: 6 } } }"),
        STATUS_OK);
    for (int i = 0; i < 12; i++)
        session_input(net.session, 0)->data[i] = (float)i;
    assert_int_equal(session_run(net.session, &net.error), STATUS_OK);
    assert_int_equal(session_output_count(net.session), 1);
    for (int i = 0; i < 6; i++)
        assert_true(session_output(net.session, 0)->data[i] == (float)(i / 3 * 6 + 3 + i % 3));
    close_net(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_tensor_shows_how_many_rows_there_are),
        cmocka_unit_test(no_layer_reads_a_value_without_settled_extents),
        cmocka_unit_test(a_run_names_the_layer_that_cannot_work),
        cmocka_unit_test(layers_without_outputs_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
