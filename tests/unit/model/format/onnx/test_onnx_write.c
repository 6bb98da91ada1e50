/* Networks of Caffe are written as ONNX and read again; both must compute the same under the same
 * names. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine/engine.h"
#include "model/format/onnx/onnx.h"
#include "model/format/onnx/onnx_proto.h"
#include "model/model.h"
#include "model/shape.h"
#include "tests/lib/net.h"
#include "tests/lib/onnx_model.h"
#include "tests/lib/random.h"

enum { BUF_LIMIT = 1 << 24, NUMBERS = 1 << 16, PATH_SIZE = 32, MAX_WEIGHTS = 4 };

#define PLANES "input: 'data' input_shape { dim: 1 dim: 6 dim: 7 dim: 8 }\n"
#define LAYER(type, parameters)                                                                    \
    PLANES "layer { name: 'l' type: '" type "' bottom: 'data' top: 'y' " parameters " }\n"
#define TWO                                                                                        \
    PLANES "layer { name: 'p' type: 'Power' bottom: 'data' top: 'p' power_param { scale: -2 } }\n" \
           "layer { name: 'q' type: 'Sigmoid' bottom: 'data' top: 'q' }\n"
#define POOL(parameters) LAYER("Pooling", "pooling_param { " parameters " }")

/* The weights belong to the layer 'l'. */
struct net {
    const char *prototxt;
    size_t weight_count;
    struct shape weights[MAX_WEIGHTS];
};

static float numbers[NUMBERS];

static int fill_numbers(void **state)
{
    uint64_t random = 7;

    (void)state;
    for (size_t i = 0; i < NUMBERS; i++)
        numbers[i] = (float)random_between(&random, 0.5, 1.5);
    return 0;
}

static struct graph *load(const struct net *net)
{
    struct error error = {""};
    struct graph *graph;
    struct buf weights;

    buf_init(&weights, BUF_LIMIT);
    net_weights(&weights, "l", net->weight_count, net->weights, numbers);
    if (net_load(net->prototxt, net->weight_count ? &weights : NULL, &graph, &error))
        fail_msg("%s", error.text);
    buf_free(&weights);
    return graph;
}

/* A path that no file has. */
static void free_path(char path[PATH_SIZE])
{
    net_temporary("", 0, path);
    unlink(path);
}

static struct graph *write_and_read(const struct graph *graph)
{
    struct error error = {""};
    char path[PATH_SIZE];
    struct graph *copy = NULL;

    free_path(path);
    if (onnx_write(graph, path, &error) || model_load(path, NULL, &copy, &error))
        fail_msg("%s", error.text);
    unlink(path);
    return copy;
}

struct running {
    struct engine *engine;
    struct session *session;
};

static struct running run(const struct graph *graph)
{
    const struct engine_options options = {.threads = 1, .keep_all = true};
    struct error error = {""};
    struct running running = {.engine = NULL};
    uint64_t random = 3;

    if (engine_create(graph, &options, &running.engine, &error) ||
        session_create(running.engine, &running.session, &error))
        fail_msg("%s", error.text);
    for (size_t i = 0; i < session_input_count(running.session); i++) {
        const struct tensor *input = session_input(running.session, i);
        for (size_t j = 0; j < input->count; j++)
            input->data[j] = (float)random_between(&random, -2, 2);
    }
    if (session_run(running.session, &error))
        fail_msg("%s", error.text);
    return running;
}

static void stop(struct running running)
{
    session_free(running.session);
    engine_free(running.engine);
}

static float largest(const struct tensor *tensor)
{
    float most = 1e-20F;

    for (size_t i = 0; i < tensor->count; i++)
        most = fabsf(tensor->data[i]) > most ? fabsf(tensor->data[i]) : most;
    return most;
}

static void expect_equal(const struct tensor *want, const struct tensor *got, const char *net)
{
    if (!got)
        fail_msg("'%s' is lost in %s", want->name, net);
    if (got->dims != want->dims ||
        memcmp(got->shape, want->shape, want->dims * sizeof *want->shape) != 0)
        fail_msg("'%s' has another shape in %s", want->name, net);
    for (size_t i = 0; i < want->count; i++) {
        if (!(fabsf(got->data[i] - want->data[i]) <= 1e-5F * largest(want)))
            fail_msg("'%s'[%zu] is %g instead of %g in %s", want->name, i, (double)got->data[i],
                     (double)want->data[i], net);
    }
}

/* Every top keeps its name and its numbers. */
static void expect_round_trip(const struct net *net)
{
    struct graph *graph = load(net), *copy = write_and_read(graph);
    struct running a = run(graph), b = run(copy);

    for (size_t i = 0; i < session_tensor_count(a.session); i++) {
        const struct tensor *want = session_tensor_at(a.session, i);
        expect_equal(want, session_tensor(b.session, want->name), net->prototxt);
    }
    assert_int_equal(graph->output_count, copy->output_count);
    stop(a);
    stop(b);
    graph_free(copy);
    graph_free(graph);
}

#define ROUND_TRIPS(nets)                                                                          \
    for (size_t i = 0; i < sizeof(nets) / sizeof *(nets); i++)                                     \
    expect_round_trip(&(nets)[i])

static void windows_survive(void **state)
{
    static const struct net nets[] = {
        {LAYER("Convolution", "convolution_param { num_output: 4 kernel_size: 3 stride: 2 pad: 1 "
                              "group: 2 }"),
         2,
         {{4, {4, 3, 3, 3}}, {1, {4}}}},
        {LAYER("Convolution", "convolution_param { num_output: 2 kernel_h: 3 kernel_w: 1 pad_h: 2 "
                              "dilation: 2 bias_term: false }"),
         1,
         {{4, {2, 6, 3, 1}}}},
        {LAYER("Deconvolution",
               "convolution_param { num_output: 4 kernel_size: 4 stride: 2 pad: 1 group: 2 }"),
         2,
         {{4, {6, 2, 4, 4}}, {1, {4}}}},
        {POOL("pool: MAX kernel_size: 3 stride: 2"), 0, {{0}}},
        {POOL("pool: MAX kernel_size: 3 stride: 2 pad: 1"), 0, {{0}}},
        {POOL("pool: MAX kernel_size: 2 stride: 2 round_mode: FLOOR"), 0, {{0}}},
        {POOL("pool: AVE kernel_size: 3 stride: 2"), 0, {{0}}},
        {POOL("pool: AVE kernel_size: 3 stride: 2 pad: 1"), 0, {{0}}},
        {POOL("pool: AVE kernel_size: 5 stride: 4 pad: 2"), 0, {{0}}},
        {POOL("pool: AVE kernel_size: 3 stride: 1 pad: 1"), 0, {{0}}},
        {POOL("pool: AVE global_pooling: true"), 0, {{0}}},
        {POOL("pool: MAX global_pooling: true"), 0, {{0}}},
        {LAYER("LRN", "lrn_param { local_size: 3 alpha: 0.5 k: 2 }"), 0, {{0}}},
        {LAYER("LRN", "lrn_param { local_size: 3 alpha: 0.5 norm_region: WITHIN_CHANNEL }"),
         0,
         {{0}}},
        {LAYER("InnerProduct", "inner_product_param { num_output: 5 }"),
         2,
         {{2, {5, 336}}, {1, {5}}}},
        {LAYER("InnerProduct", "inner_product_param { num_output: 5 transpose: true axis: 2 }"),
         2,
         {{2, {56, 5}}, {1, {5}}}},
        {LAYER("InnerProduct", "inner_product_param { num_output: 5 axis: -1 bias_term: false }"),
         1,
         {{2, {5, 8}}}}};

    (void)state;
    ROUND_TRIPS(nets);
}

static void functions_of_one_element_survive(void **state)
{
    static const struct net nets[] = {
        {LAYER("ReLU", ""), 0, {{0}}},
        {LAYER("ReLU", "relu_param { negative_slope: 0.25 }"), 0, {{0}}},
        {LAYER("PReLU", ""), 1, {{1, {6}}}},
        {LAYER("PReLU", "prelu_param { channel_shared: true }"), 1, {{1, {1}}}},
        {LAYER("ELU", "elu_param { alpha: 0.5 }"), 0, {{0}}},
        {LAYER("Sigmoid", ""), 0, {{0}}},
        {LAYER("TanH", ""), 0, {{0}}},
        {LAYER("AbsVal", ""), 0, {{0}}},
        {LAYER("BNLL", ""), 0, {{0}}},
        {LAYER("Power", "power_param { power: 2 scale: 0.5 shift: 1 }"), 0, {{0}}},
        {LAYER("Power", ""), 0, {{0}}},
        {LAYER("Exp", "exp_param { base: 2 scale: 0.5 shift: 1 }"), 0, {{0}}},
        {LAYER("Exp", "exp_param { shift: 1 }"), 0, {{0}}},
        {LAYER("Log", "log_param { base: 10 scale: 0.1 shift: 5 }"), 0, {{0}}},
        {LAYER("Threshold", "threshold_param { threshold: 0.5 }"), 0, {{0}}},
        {LAYER("Clip", "clip_param { min: -0.5 max: 0.75 }"), 0, {{0}}},
        {LAYER("Swish", "swish_param { beta: 0.5 }"), 0, {{0}}},
        {LAYER("Dropout", ""), 0, {{0}}},
        {LAYER("Scale", "scale_param { axis: 1 num_axes: 2 bias_term: true }"),
         2,
         {{2, {6, 7}}, {2, {6, 7}}}},
        {LAYER("Scale", "scale_param { axis: -1 }"), 1, {{1, {8}}}},
        {LAYER("Bias", ""), 1, {{1, {6}}}}};

    (void)state;
    ROUND_TRIPS(nets);
}

static void layers_of_several_inputs_survive(void **state)
{
#define JOIN(type, bottoms, parameters)                                                            \
    {                                                                                              \
        TWO "layer { name: 'l' type: '" type "' " bottoms " top: 'y' " parameters " }\n", 0,       \
        {                                                                                          \
            {                                                                                      \
                0                                                                                  \
            }                                                                                      \
        }                                                                                          \
    }
#define PQ "bottom: 'p' bottom: 'q'"
    static const struct net nets[] = {
        JOIN("Eltwise", PQ, "eltwise_param { operation: PROD }"),
        JOIN("Eltwise", PQ, ""),
        JOIN("Eltwise", PQ, "eltwise_param { operation: MAX }"),
        JOIN("Eltwise", PQ, "eltwise_param { coeff: 1 coeff: -1 }"),
        JOIN("Eltwise", PQ " bottom: 'data'", "eltwise_param { coeff: 0.5 coeff: 2 coeff: -1 }"),
        JOIN("Concat", PQ " bottom: 'data'", ""),
        JOIN("Concat", PQ, "concat_param { axis: 2 }"),
        {TWO "layer { name: 'g' type: 'Pooling' bottom: 'q' top: 'g'\n"
             "  pooling_param { pool: AVE global_pooling: true } }\n"
             "layer { name: 'f' type: 'Flatten' bottom: 'g' top: 'f' }\n"
             "layer { name: 's' type: 'Scale' bottom: 'p' bottom: 'f' top: 's'\n"
             "  scale_param { axis: 0 } }\n"
             "layer { name: 'b' type: 'Bias' bottom: 's' bottom: 'f' top: 'b'\n"
             "  bias_param { axis: 0 } }\n",
         0,
         {{0}}},
        {PLANES "layer { name: 'i' type: 'Interp' bottom: 'data' top: 'i'\n"
                "  interp_param { zoom_factor: 2 } }\n"
                "layer { name: 'c' type: 'Crop' bottom: 'i' bottom: 'data' top: 'y'\n"
                "  crop_param { axis: 2 offset: 1 offset: 2 } }\n",
         0,
         {{0}}}};
#undef PQ
#undef JOIN

    (void)state;
    ROUND_TRIPS(nets);
}

static void layers_that_move_values_survive(void **state)
{
#define MOVE(type, tops, parameters)                                                               \
    {                                                                                              \
        PLANES "layer { name: 'l' type: '" type "' bottom: 'data' " tops " " parameters " }\n", 0, \
        {                                                                                          \
            {                                                                                      \
                0                                                                                  \
            }                                                                                      \
        }                                                                                          \
    }
    static const struct net nets[] = {
        MOVE("Slice", "top: 'a' top: 'b' top: 'c'",
             "slice_param { slice_point: 1 slice_point: 4 }"),
        MOVE("Slice", "top: 'a' top: 'b'", "slice_param { axis: 3 }"),
        MOVE("Split", "top: 'a' top: 'b'", ""),
        MOVE("Flatten", "top: 'y'", ""),
        MOVE("Flatten", "top: 'y'", "flatten_param { axis: 1 end_axis: 2 }"),
        MOVE("Flatten", "top: 'y'", "flatten_param { axis: 2 }"),
        MOVE("Reshape", "top: 'y'", "reshape_param { shape { dim: 0 dim: -1 dim: 4 } }"),
        MOVE("Reshape", "top: 'y'",
             "reshape_param { shape { dim: 3 dim: 2 } axis: 1 num_axes: 1 }"),
        MOVE("Reshape", "top: 'y'", "reshape_param { shape { dim: 1 } axis: -1 num_axes: 0 }"),
        MOVE("Permute", "top: 'y'", "permute_param { order: 0 order: 2 order: 3 order: 1 }"),
        MOVE("Tile", "top: 'y'", "tile_param { axis: 1 tiles: 3 }"),
        MOVE("ShuffleChannel", "top: 'y'", "shuffle_channel_param { group: 3 }"),
        MOVE("Interp", "top: 'y'", "interp_param { zoom_factor: 2 }"),
        MOVE("Interp", "top: 'y'", "interp_param { height: 10 width: 13 }"),
        MOVE("Interp", "top: 'y'", "interp_param { height: 5 width: 6 pad_beg: -1 pad_end: -1 }"),
        MOVE("Upsample", "top: 'y'", "upsample_param { scale: 2 }"),
        {PLANES "layer { name: 'l' type: 'Slice' bottom: 'data' top: 'a' top: 'b' }\n"
                "layer { name: 's' type: 'Silence' bottom: 'a' }\n",
         0,
         {{0}}}};
#undef MOVE

    (void)state;
    ROUND_TRIPS(nets);
}

static void layers_that_look_along_axes_survive(void **state)
{
    static const struct net nets[] = {
        {LAYER("Softmax", ""), 0, {{0}}},
        {LAYER("Softmax", "softmax_param { axis: -1 }"), 0, {{0}}},
        {LAYER("ArgMax", ""), 0, {{0}}},
        {LAYER("ArgMax", "argmax_param { out_max_val: true }"), 0, {{0}}},
        {LAYER("ArgMax", "argmax_param { axis: 1 }"), 0, {{0}}},
        {LAYER("ArgMax", "argmax_param { axis: 2 out_max_val: true }"), 0, {{0}}},
        {LAYER("ArgMax", "argmax_param { top_k: 3 }"), 0, {{0}}},
        {LAYER("ArgMax", "argmax_param { top_k: 3 out_max_val: true }"), 0, {{0}}},
        {LAYER("ArgMax", "argmax_param { axis: 2 top_k: 3 }"), 0, {{0}}},
        {LAYER("ArgMax", "argmax_param { axis: -1 top_k: 2 out_max_val: true }"), 0, {{0}}},
        {LAYER("Reduction", "reduction_param { axis: 1 }"), 0, {{0}}},
        {LAYER("Reduction", "reduction_param { operation: ASUM axis: 2 }"), 0, {{0}}},
        {LAYER("Reduction", "reduction_param { operation: SUMSQ axis: 1 coeff: 0.5 }"), 0, {{0}}},
        {LAYER("Reduction", "reduction_param { operation: MEAN axis: -1 }"), 0, {{0}}},
        {LAYER("MVN", ""), 0, {{0}}},
        {LAYER("MVN", "mvn_param { across_channels: true normalize_variance: false }"), 0, {{0}}},
        {LAYER("Normalize", "norm_param { across_spatial: false channel_shared: false }"),
         1,
         {{1, {6}}}},
        {LAYER("Normalize", "norm_param { channel_shared: true }"), 1, {{1, {1}}}},
        {LAYER("BatchNorm", ""), 3, {{1, {6}}, {1, {6}}, {1, {1}}}},
        {LAYER("BatchNorm", "batch_norm_param { use_global_stats: false }"),
         3,
         {{1, {6}}, {1, {6}}, {1, {1}}}}};

    (void)state;
    ROUND_TRIPS(nets);
}

static void objects_survive(void **state)
{
    static const struct net nets[] = {
        {"input: 'data' input_shape { dim: 1 dim: 3 dim: 12 dim: 14 }\n"
         "input: 'rois' input_shape { dim: 1 dim: 5 }\n"
         "layer { name: 'z' type: 'Power' bottom: 'rois' top: 'z' power_param { scale: 0 } }\n"
         "layer { name: 'l' type: 'ROIPooling' bottom: 'data' bottom: 'z' top: 'y'\n"
         "  roi_pooling_param { pooled_h: 3 pooled_w: 4 spatial_scale: 0.5 } }\n",
         0,
         {{0}}},
        {"input: 'data' input_shape { dim: 1 dim: 3 dim: 32 dim: 40 }\n"
         "layer { name: 'f' type: 'Pooling' bottom: 'data' top: 'f'\n"
         "  pooling_param { pool: MAX kernel_size: 2 stride: 2 } }\n"
         "layer { name: 'l' type: 'PriorBox' bottom: 'f' bottom: 'data' top: 'y'\n"
         "  prior_box_param { min_size: 30 max_size: 60 aspect_ratio: 2 flip: true\n"
         "    variance: 0.1 variance: 0.1 variance: 0.2 variance: 0.2 } }\n",
         0,
         {{0}}}};

    (void)state;
    ROUND_TRIPS(nets);
}

/* ---- names and shapes ---- */

static const struct net in_place = {
    PLANES "layer { name: 'l' type: 'BatchNorm' bottom: 'data' top: 'y' }\n"
           "layer { name: 's' type: 'Scale' bottom: 'y' top: 'y' scale_param { filler { } } }\n"
           "layer { name: 'r' type: 'ReLU' bottom: 'y' top: 'y' }\n",
    3,
    {{1, {6}}, {1, {6}}, {1, {1}}}};

static size_t count_nodes(const struct graph *graph, enum operator_kind kind)
{
    size_t count = 0;

    for (size_t i = 0; i < graph->node_count; i++)
        count += graph->nodes[i].op->kind == kind;
    return count;
}

static void batch_norm_and_scale_are_one_node_if_nobody_can_see_between(void **state)
{
    struct error error = {""};
    struct graph *graph, *copy;
    struct buf weights;

    (void)state;
    buf_init(&weights, BUF_LIMIT);
    net_weights(&weights, "l", 3, in_place.weights, numbers);
    net_weights(&weights, "s", 1, in_place.weights, numbers + 40);
    if (net_load(in_place.prototxt, &weights, &graph, &error))
        fail_msg("%s", error.text);
    copy = write_and_read(graph);
    assert_int_equal(count_nodes(copy, OPERATOR_BATCH_NORM), 1);
    assert_int_equal(count_nodes(copy, OPERATOR_SCALE), 1);
    assert_int_equal(copy->node_count, graph->node_count);
    assert_true(graph_top(copy, "y") >= 0);
    graph_free(copy);
    graph_free(graph);
    buf_free(&weights);
}

static void the_batch_is_free(void **state)
{
    static const struct net net = {"input: 'data' input_shape { dim: 5 dim: 6 dim: 7 dim: 8 }\n"
                                   "layer { name: 'l' type: 'Flatten' bottom: 'data' top: 'y' }\n",
                                   0,
                                   {{0}}};
    struct graph *graph = load(&net), *copy = write_and_read(graph);

    (void)state;
    assert_int_equal(copy->values[copy->inputs[0]].shape.dim[0], 1);
    assert_int_equal(copy->values[copy->outputs[0]].shape.dim[0], 1);
    graph_free(copy);
    graph_free(graph);
}

static void a_network_made_for_one_batch_keeps_it(void **state)
{
    static const struct net net = {"input: 'data' input_shape { dim: 5 dim: 6 }\n"
                                   "layer { name: 'l' type: 'Reshape' bottom: 'data' top: 'y'\n"
                                   "  reshape_param { shape { dim: 3 dim: 10 } } }\n",
                                   0,
                                   {{0}}};
    struct graph *graph = load(&net), *copy = write_and_read(graph);

    (void)state;
    assert_int_equal(copy->values[copy->inputs[0]].shape.dim[0], 5);
    graph_free(copy);
    graph_free(graph);
}

static void what_onnx_cannot_say_is_named_at_once(void **state)
{
    static const struct net net = {PLANES
                                   "layer { name: 'first' type: 'Pooling' bottom: 'data' top: 'a'\n"
                                   "  pooling_param { pool: STOCHASTIC kernel_size: 2 } }\n"
                                   "layer { name: 'second' type: 'Pooling' bottom: 'a' top: 'b'\n"
                                   "  pooling_param { pool: STOCHASTIC kernel_size: 2 } }\n",
                                   0,
                                   {{0}}};
    struct graph *graph = load(&net);
    struct error error = {""};
    char path[PATH_SIZE];
    struct stat info;

    (void)state;
    free_path(path);
    assert_int_equal(onnx_write(graph, path, &error), STATUS_UNSUPPORTED);
    assert_non_null(strstr(error.text, "2 layers"));
    assert_non_null(strstr(error.text, "'first'"));
    assert_non_null(strstr(error.text, "'second'"));
    assert_int_not_equal(stat(path, &info), 0);
    graph_free(graph);
}

static void more_than_two_gigabytes_are_refused(void **state)
{
    static const struct net net = {LAYER("InnerProduct", "inner_product_param { num_output: 5 }"),
                                   2,
                                   {{2, {5, 336}}, {1, {5}}}};
    struct graph *graph = load(&net);
    struct error error = {""};
    char path[PATH_SIZE];
    struct stat info;

    (void)state;
    graph->nodes[1].weights[0].count = (size_t)1
                                       << 30; /* never read: its size is looked at first */
    free_path(path);
    assert_int_equal(onnx_write(graph, path, &error), STATUS_LIMIT);
    assert_non_null(strstr(error.text, "2 GB"));
    assert_int_not_equal(stat(path, &info), 0);
    graph_free(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(windows_survive),
        cmocka_unit_test(functions_of_one_element_survive),
        cmocka_unit_test(layers_of_several_inputs_survive),
        cmocka_unit_test(layers_that_move_values_survive),
        cmocka_unit_test(layers_that_look_along_axes_survive),
        cmocka_unit_test(objects_survive),
        cmocka_unit_test(batch_norm_and_scale_are_one_node_if_nobody_can_see_between),
        cmocka_unit_test(the_batch_is_free),
        cmocka_unit_test(a_network_made_for_one_batch_keeps_it),
        cmocka_unit_test(what_onnx_cannot_say_is_named_at_once),
        cmocka_unit_test(more_than_two_gigabytes_are_refused)};

    return cmocka_run_group_tests(tests, fill_numbers, NULL);
}
