#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/imported_fixture.h"

static const int64_t picture[] = {1, 4, 6, 8}; /* N,H,W,C */

static struct imported net;
static float numbers[1024];

static void start(void)
{
    imported_open(&net, true);
    imported_input(&net, 4, picture);
    imported_numbers(numbers, 1024);
}

static void expect_nodes(size_t nodes, enum operator_kind kind, size_t of_kind)
{
    assert_int_equal(net.graph->node_count, nodes);
    assert_int_equal(imported_nodes(&net, kind), of_kind);
    imported_close(&net);
}

/* Two groups of weights H,W,I,O = 3,3,4,6 cut out of 3,3,4,12, padded by one. */
static float grouped(const struct imported *imported, const int64_t *index)
{
    int64_t group = index[3] / 6;
    float sum = numbers[900 + index[3]];

    (void)imported;
    for (int64_t i = 0; i < 3; i++) {
        for (int64_t j = 0; j < 3; j++) {
            for (int64_t c = 0; c < 4; c++)
                sum += numbers[((i * 3 + j) * 4 + c) * 12 + index[3]] *
                       imported_pixel(&net, index[1] + i - 1, index[2] + j - 1, group * 4 + c);
        }
    }
    return sum;
}

/* Pad, Split, two convolutions, Concat, BiasAdd as TensorFlow spells a grouped convolution. */
static void build_groups(struct operand *out)
{
    static const char *const names[] = {"s0", "s1"}, *const results[] = {"c0", "c1"};
    static const int64_t hwio[] = {3, 3, 4, 12}, oihw[] = {3, 2, 0, 1}, halves[] = {4, 4},
                         outputs[] = {6, 6}, one[] = {0, 1, 1, 0}, twelve[] = {12};
    static const struct window window = {.stride = {1, 1}, .dilation = {1, 1}};
    struct operand weights, bias, parts[2], filters[2], convolved[2], padded;
    const struct operand *both[] = {&convolved[0], &convolved[1]};

    weights = imported_floats(&net, 4, hwio, numbers);
    bias = imported_floats(&net, 1, twelve, numbers + 900);
    imported_works(&net, import_split(&net.importer, names, &weights, 3, outputs, 2, filters));
    imported_works(&net, import_split(&net.importer, names, &net.x[0], 3, halves, 2, parts));
    for (int i = 0; i < 2; i++) {
        imported_works(&net,
                       import_pad(&net.importer, i ? "p1" : "p0", &parts[i], one, one, 0, &padded));
        imported_works(&net,
                       import_transpose(&net.importer, "", &filters[i], oihw, 4, &filters[i]));
        imported_works(&net, import_convolution(&net.importer, results[i], &padded, &filters[i],
                                                NULL, &window, 1, &import_nhwc, &convolved[i]));
    }
    imported_works(&net, import_concat(&net.importer, "cat", both, 2, 3, out));
    imported_works(&net, import_binary(&net.importer, "biased", IMPORT_ADD, out, &bias, out));
}

static void split_convolutions_become_groups(void **state)
{
    struct operand out;

    (void)state;
    start();
    build_groups(&out);
    imported_check(&net, &out, "1x4x6x12", grouped);
    const struct node *node = &net.graph->nodes[1];
    assert_int_equal(node->op->kind, OPERATOR_CONVOLUTION);
    assert_int_equal(node->parameters.convolution.group, 2);
    assert_true(node->parameters.convolution.bias);
    assert_int_equal(node->parameters.convolution.window.pad_end[1], 1);
    assert_true(node->weights[0].dims > 0); /* a view of the one weight, not a copy */
    assert_true(graph_top(net.graph, "biased") >= 0);
    assert_true(graph_top(net.graph, "s0") < 0);
    expect_nodes(3, OPERATOR_CONVOLUTION, 1);
}

static void a_branch_that_somebody_else_reads_stays(void **state)
{
    struct operand out;
    int64_t value;

    (void)state;
    start();
    build_groups(&out);
    value = graph_top(net.importer.graph, "c0");
    const int64_t size[] = {1, 4, 6, 6};
    struct operand branch = {.kind = OPERAND_VALUE,
                             .value = (uint32_t)value,
                             .shape = {.dims = 4},
                             .order = {0, 2, 3, 1}};
    memcpy(branch.shape.dim, size, sizeof size);
    imported_works(&net, import_output(&net.importer, "c0", &branch));
    assert_int_equal(net.importer.graph->output_count, 1);
    imported_works(&net, importer_finish(&net.importer, &net.graph));
    assert_int_equal(imported_nodes(&net, OPERATOR_CONVOLUTION), 1);
    assert_int_equal(imported_nodes(&net, OPERATOR_CONCAT), 0);
    assert_int_equal(imported_nodes(&net, OPERATOR_SLICE), 1);
    assert_int_equal(imported_nodes(&net, OPERATOR_SILENCE), 1);
    imported_close(&net);
}

static float prelu(const struct imported *imported, const int64_t *index)
{
    float x = imported_at(imported, 0, index);

    return x > 0 ? x : x * numbers[index[3]];
}

static void spelt_out_prelu_is_found(void **state)
{
    static const int64_t eight[] = {8};
    struct operand slopes, positive, negative, out;

    (void)state;
    for (int subtract = 0; subtract < 2; subtract++) {
        start();
        float signs[8];
        for (int i = 0; i < 8; i++)
            signs[i] = subtract ? numbers[i] : -numbers[i];
        slopes = imported_floats(&net, 1, eight, signs);
        imported_works(&net,
                       import_unary(&net.importer, "p", IMPORT_RELU, 0, 0, &net.x[0], &positive));
        imported_works(&net,
                       import_unary(&net.importer, "n", IMPORT_NEGATE, 0, 0, &net.x[0], &negative));
        imported_works(&net,
                       import_unary(&net.importer, "r", IMPORT_RELU, 0, 0, &negative, &negative));
        imported_works(&net, import_binary(&net.importer, "m", IMPORT_MULTIPLY, &slopes, &negative,
                                           &negative));
        imported_works(&net,
                       import_binary(&net.importer, "out", subtract ? IMPORT_SUBTRACT : IMPORT_ADD,
                                     &positive, &negative, &out));
        imported_check(&net, &out, "1x4x6x8", prelu);
        expect_nodes(2, OPERATOR_PRELU, 1);
    }
}

static float swish(const struct imported *imported, const int64_t *index)
{
    float x = imported_at(imported, 0, index);

    return x / (1 + expf(-1.5F * x));
}

static void spelt_out_swish_is_found(void **state)
{
    struct operand gate, out;

    (void)state;
    start();
    imported_works(&net,
                   import_unary(&net.importer, "b", IMPORT_AFFINE, 1.5F, 0, &net.x[0], &gate));
    imported_works(&net, import_unary(&net.importer, "s", IMPORT_SIGMOID, 0, 0, &gate, &gate));
    imported_works(&net,
                   import_binary(&net.importer, "out", IMPORT_MULTIPLY, &gate, &net.x[0], &out));
    imported_check(&net, &out, "1x4x6x8", swish);
    expect_nodes(2, OPERATOR_SWISH, 1);
}

static float clipped(const struct imported *imported, const int64_t *index)
{
    return fminf(fmaxf(imported_at(imported, 0, index), 0), 1);
}

static void clips_merge(void **state)
{
    struct operand out;

    (void)state;
    start();
    imported_works(&net, import_unary(&net.importer, "r", IMPORT_RELU, 0, 0, &net.x[0], &out));
    imported_works(&net, import_clip(&net.importer, "out", &out, -INFINITY, 1, &out));
    imported_check(&net, &out, "1x4x6x8", clipped);
    expect_nodes(2, OPERATOR_CLIP, 1);
}

static float shuffled(const struct imported *imported, const int64_t *index)
{
    const int64_t at[] = {0, index[1], index[2], index[3] % 2 * 4 + index[3] / 2};

    return imported_at(imported, 0, at);
}

static void reshape_permute_reshape_is_a_shuffle(void **state)
{
    const int64_t to[] = {-1, 4, 6, 2, 4}, order[] = {0, 1, 2, 4, 3}, back[] = {-1, 4, 6, 8};
    struct operand out;

    (void)state;
    start();
    imported_works(&net, import_reshape(&net.importer, "a", &net.x[0], to, 5, &out));
    imported_works(&net, import_transpose(&net.importer, "t", &out, order, 5, &out));
    imported_works(&net, import_reshape(&net.importer, "out", &out, back, 4, &out));
    imported_check(&net, &out, "1x4x6x8", shuffled);
    expect_nodes(2, OPERATOR_SHUFFLE_CHANNEL, 1);
}

static float dense(const struct imported *imported, const int64_t *index)
{
    float sum = numbers[index[1]];

    for (int64_t i = 0; i < 192; i++) {
        const int64_t at[] = {0, i / 48, i / 8 % 6, i % 8};
        sum += fmaxf(imported_at(imported, 0, at), 0) * numbers[i * 3 + index[1]];
    }
    return sum;
}

static void a_flatten_of_channels_last_turns_the_weights_instead(void **state)
{
    const int64_t flat[] = {-1, 192}, shape[] = {192, 3}, three[] = {3};
    struct operand weights, bias, out;

    (void)state;
    start();
    weights = imported_floats(&net, 2, shape, numbers);
    bias = imported_floats(&net, 1, three, numbers);
    imported_works(&net, import_reshape(&net.importer, "f", &net.x[0], flat, 2, &out));
    imported_works(&net, import_unary(&net.importer, "r", IMPORT_RELU, 0, 0, &out, &out));
    imported_works(&net, import_matmul(&net.importer, "m", &out, &weights, false, false, &out));
    imported_works(&net, import_binary(&net.importer, "out", IMPORT_ADD, &out, &bias, &out));
    imported_check(&net, &out, "1x3", dense);
    assert_true(graph_top(net.graph, "f") >= 0);
    expect_nodes(4, OPERATOR_PERMUTE, 0);
}

/* The name of what is flattened means H,W,C here, and the rewrite leaves C,H,W. */
static void what_a_transpose_ordered_loses_its_name_with_it(void **state)
{
    const int64_t flat[] = {-1, 192}, shape[] = {192, 3}, three[] = {3}, order[] = {0, 3, 1, 2},
                  back[] = {0, 2, 3, 1};
    struct operand weights, bias, out;

    (void)state;
    start();
    weights = imported_floats(&net, 2, shape, numbers);
    bias = imported_floats(&net, 1, three, numbers);
    imported_works(&net, import_transpose(&net.importer, "t", &net.x[0], order, 4, &out));
    imported_works(&net, import_transpose(&net.importer, "u", &out, back, 4, &out));
    imported_works(&net, import_reshape(&net.importer, "f", &out, flat, 2, &out));
    imported_works(&net, import_unary(&net.importer, "r", IMPORT_RELU, 0, 0, &out, &out));
    imported_works(&net, import_matmul(&net.importer, "m", &out, &weights, false, false, &out));
    imported_works(&net, import_binary(&net.importer, "out", IMPORT_ADD, &out, &bias, &out));
    imported_check(&net, &out, "1x3", dense);
    assert_true(graph_top(net.graph, "f") < 0);
    assert_true(graph_top(net.graph, "r") < 0);
    assert_true(graph_top(net.graph, "r/Unpermuted") >= 0);
    expect_nodes(4, OPERATOR_PERMUTE, 0);
}

static float largest(const struct imported *imported, const int64_t *index)
{
    float most = 0;

    (void)imported;
    for (int64_t i = 0; i < 9; i++)
        most =
            fmaxf(most, imported_pixel(&net, index[1] + i / 3 - 1, index[2] + i % 3 - 1, index[3]));
    return most;
}

static void zeros_around_a_maximum_fold_only_if_nothing_is_below(void **state)
{
    static const int64_t one[] = {0, 1, 1, 0};
    static const struct pooling_parameters pooling = {
        .method = POOLING_MAX, .window = {.kernel = {3, 3}, .stride = {1, 1}, .dilation = {1, 1}}};
    struct operand out;

    (void)state;
    for (int positive = 0; positive < 2; positive++) {
        start();
        out = net.x[0];
        if (positive)
            imported_works(&net, import_unary(&net.importer, "r", IMPORT_RELU, 0, 0, &out, &out));
        imported_works(&net, import_pad(&net.importer, "p", &out, one, one, 0, &out));
        imported_works(&net,
                       import_pooling(&net.importer, "m", &out, &pooling, &import_nhwc, &out));
        if (!positive)
            imported_works(&net, import_unary(&net.importer, "r", IMPORT_RELU, 0, 0, &out, &out));
        imported_check(&net, &out, "1x4x6x8", largest);
        expect_nodes(positive ? 4 : 5, OPERATOR_PAD, !positive);
    }
}

static float unchanged(const struct imported *imported, const int64_t *index)
{
    return imported_at(imported, 0, index);
}

static float turned_parts(const struct imported *imported, const int64_t *index)
{
    const int64_t at[] = {index[0], index[1], index[2], (index[3] + 5) % 8};

    return imported_at(imported, 0, at);
}

static void parts_cut_one_by_one_are_one_slice(void **state)
{
    static const int64_t begins[] = {5, 0, 3}, ends[] = {8, 3, 5}, step[] = {1, 1, 1, 1};
    static const char *const names[] = {"a", "b", "c"};
    struct operand parts[3], out;
    const struct operand *all[] = {&parts[0], &parts[1], &parts[2]};

    (void)state;
    start();
    for (int i = 0; i < 3; i++) {
        const int64_t begin[] = {0, 0, 0, begins[i]}, end[] = {1, 4, 6, ends[i]};
        imported_works(
            &net, import_slice(&net.importer, names[i], &net.x[0], begin, end, step, &parts[i]));
    }
    imported_works(&net, import_concat(&net.importer, "out", all, 3, 3, &out));
    imported_check(&net, &out, "1x4x6x8", turned_parts);
    assert_int_equal(imported_nodes(&net, OPERATOR_SILENCE), 0);
    assert_string_equal(net.graph->values[net.graph->nodes[1].outputs[0]].name, "b");
    expect_nodes(3, OPERATOR_SLICE, 1);
}

static float overlapping(const struct imported *imported, const int64_t *index)
{
    const int64_t at[] = {index[0], index[1], index[2], index[3] < 5 ? index[3] : index[3] - 2};

    return imported_at(imported, 0, at);
}

static void parts_that_overlap_stay_apart(void **state)
{
    static const int64_t begin[] = {0, 0, 0, 3}, zero[] = {0, 0, 0, 0}, five[] = {1, 4, 6, 5},
                         end[] = {1, 4, 6, 8}, step[] = {1, 1, 1, 1};
    struct operand parts[2], out;
    const struct operand *both[] = {&parts[0], &parts[1]};

    (void)state;
    start();
    imported_works(&net, import_slice(&net.importer, "a", &net.x[0], zero, five, step, &parts[0]));
    imported_works(&net, import_slice(&net.importer, "b", &net.x[0], begin, end, step, &parts[1]));
    imported_works(&net, import_concat(&net.importer, "out", both, 2, 3, &out));
    imported_check(&net, &out, "1x4x6x10", overlapping);
    expect_nodes(6, OPERATOR_SLICE, 2);
}

static void what_leads_nowhere_is_removed(void **state)
{
    struct operand out, unused;

    (void)state;
    start();
    imported_works(&net, import_identity(&net.importer, "out", &net.x[0], &out));
    imported_works(&net, import_unary(&net.importer, "e", IMPORT_EXP, 0, 0, &net.x[0], &unused));
    imported_works(&net, import_unary(&net.importer, "l", IMPORT_LOG, 0, 0, &unused, &unused));
    imported_check(&net, &out, "1x4x6x8", unchanged);
    expect_nodes(2, OPERATOR_EXP, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(split_convolutions_become_groups),
        cmocka_unit_test(a_branch_that_somebody_else_reads_stays),
        cmocka_unit_test(spelt_out_prelu_is_found),
        cmocka_unit_test(spelt_out_swish_is_found),
        cmocka_unit_test(clips_merge),
        cmocka_unit_test(reshape_permute_reshape_is_a_shuffle),
        cmocka_unit_test(a_flatten_of_channels_last_turns_the_weights_instead),
        cmocka_unit_test(what_a_transpose_ordered_loses_its_name_with_it),
        cmocka_unit_test(zeros_around_a_maximum_fold_only_if_nothing_is_below),
        cmocka_unit_test(parts_cut_one_by_one_are_one_slice),
        cmocka_unit_test(parts_that_overlap_stay_apart),
        cmocka_unit_test(what_leads_nowhere_is_removed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
