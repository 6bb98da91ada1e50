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

static void start(bool channels_last)
{
    imported_open(&net, channels_last);
    imported_input(&net, 4, picture);
}

static void check(enum status status, const struct operand *result, const char *shape,
                  imported_formula *formula)
{
    imported_works(&net, status);
    imported_check(&net, result, shape, formula);
    imported_close(&net);
}

/* The element of the input whose row-major number is `at`. */
static float flat(int64_t at)
{
    const int64_t index[] = {0, at / 48, at / 8 % 6, at % 8};

    return imported_at(&net, 0, index);
}

static unsigned dims;
static int64_t extents[SHAPE_MAX_DIMS];

static float same_elements(const struct imported *imported, const int64_t *index)
{
    int64_t at = 0;

    (void)imported;
    for (unsigned i = 0; i < dims; i++)
        at = at * extents[i] + index[i];
    return flat(at);
}

/* Reshapes to `count` extents, whose text is `shape`. */
static void reshape(bool channels_last, unsigned count, const int64_t *to, const char *shape)
{
    struct operand out;

    dims = count;
    memcpy(extents, to, count * sizeof *to);
    start(channels_last);
    imported_works(&net, import_reshape(&net.importer, "r", &net.x[0], to, count, &out));
    check(STATUS_OK, &out, shape, same_elements);
}

static void reshapes_keep_the_order_of_elements(void **state)
{
    (void)state;
    for (int last = 0; last < 2; last++) {
        reshape(last, 2, (const int64_t[]){1, 192}, "1x192");
        reshape(last, 3, (const int64_t[]){1, 24, 8}, "1x24x8");
        reshape(last, 2, (const int64_t[]){-1, 8}, "24x8");
        reshape(last, 4, (const int64_t[]){1, 4, 2, 24}, "1x4x2x24");
        reshape(last, 4, (const int64_t[]){1, 8, 6, 4}, "1x8x6x4");
        reshape(last, 5, (const int64_t[]){1, 4, 6, 2, 4}, "1x4x6x2x4");
        reshape(last, 6, (const int64_t[]){1, 4, 1, 6, 1, 8}, "1x4x1x6x1x8");
        reshape(last, 7, (const int64_t[]){1, 2, 2, 3, 2, 4, 2}, "1x2x2x3x2x4x2");
    }
}

static void splitting_channels_needs_no_permute(void **state)
{
    const int64_t to[] = {-1, 4, 6, 2, 4}, order[] = {0, 1, 2, 4, 3}, back[] = {-1, 4, 6, 8};
    struct operand out;

    (void)state;
    start(true);
    imported_works(&net, import_reshape(&net.importer, "a", &net.x[0], to, 5, &out));
    assert_int_equal(imported_nodes(&net, OPERATOR_PERMUTE), 0);
    imported_works(&net, import_transpose(&net.importer, "t", &out, order, 5, &out));
    imported_works(&net, import_reshape(&net.importer, "b", &out, back, 4, &out));
    assert_int_equal(imported_nodes(&net, OPERATOR_PERMUTE), 1);
    imported_close(&net);
}

static float shuffled(const struct imported *imported, const int64_t *index)
{
    const int64_t at[] = {0, index[1], index[2], index[3] % 2 * 4 + index[3] / 2};

    return imported_at(imported, 0, at);
}

static void a_channel_shuffle_stays_one(void **state)
{
    const int64_t to[] = {-1, 4, 6, 2, 4}, order[] = {0, 1, 2, 4, 3}, back[] = {-1, 4, 6, 8};
    struct operand out;

    (void)state;
    start(true);
    imported_works(&net, import_reshape(&net.importer, "a", &net.x[0], to, 5, &out));
    imported_works(&net, import_transpose(&net.importer, "t", &out, order, 5, &out));
    imported_works(&net, import_reshape(&net.importer, "b", &out, back, 4, &out));
    check(STATUS_OK, &out, "1x4x6x8", shuffled);
}

static void transposes_cancel(void **state)
{
    const int64_t order[] = {0, 3, 1, 2}, back[] = {0, 2, 3, 1};
    struct operand out;

    (void)state;
    start(true);
    imported_works(&net, import_transpose(&net.importer, "t", &net.x[0], order, 4, &out));
    imported_works(&net, import_transpose(&net.importer, "u", &out, back, 4, &out));
    assert_int_equal(imported_nodes(&net, OPERATOR_PERMUTE), 0);
    assert_int_equal(out.value, net.x[0].value);
    imported_close(&net);
}

static float transposed(const struct imported *imported, const int64_t *index)
{
    const int64_t at[] = {index[0], index[2], index[3], index[1]};

    return imported_at(imported, 0, at);
}

static void a_transpose_that_is_an_output_becomes_a_permute(void **state)
{
    const int64_t order[] = {0, 3, 1, 2};
    struct operand out;

    (void)state;
    for (int last = 0; last < 2; last++) {
        start(last);
        imported_works(&net, import_transpose(&net.importer, "t", &net.x[0], order, 4, &out));
        check(STATUS_OK, &out, "1x8x4x6", transposed);
    }
}

static float flattened_turned(const struct imported *imported, const int64_t *index)
{
    const int64_t at[] = {0, index[1] / 6 % 4, index[1] % 6, index[1] / 24};

    return imported_at(imported, 0, at);
}

static void a_transpose_that_a_reshape_needs_keeps_its_name(void **state)
{
    const int64_t order[] = {0, 3, 1, 2};
    struct operand out;

    (void)state;
    start(false);
    imported_works(&net, import_transpose(&net.importer, "turned", &net.x[0], order, 4, &out));
    imported_works(&net, import_flatten(&net.importer, "flat", &out, 1, &out));
    assert_true(graph_top(net.importer.graph, "turned") >= 0);
    check(STATUS_OK, &out, "1x192", flattened_turned);
}

static float mean_of_plane(const struct imported *imported, const int64_t *index)
{
    double sum = 0;

    for (int64_t i = 0; i < 24; i++) {
        const int64_t at[] = {0, i / 6, i % 6, index[1]};
        sum += (double)imported_at(imported, 0, at);
    }
    return (float)(sum / 24);
}

static void squeezed_planes_flow_on_without_a_permute(void **state)
{
    const int64_t plane[] = {1, 2}, one_by_one[] = {-1, 1, 1, 8};
    struct operand out;

    (void)state;
    start(true);
    imported_works(&net, import_reduce(&net.importer, "m", IMPORT_REDUCE_MEAN, &net.x[0], plane, 2,
                                       true, &out));
    imported_works(&net, import_squeeze(&net.importer, "s", &out, plane, 2, &out));
    imported_works(&net, import_reshape(&net.importer, "u", &out, one_by_one, 4, &out));
    imported_works(&net,
                   import_reshape(&net.importer, "v", &out, (const int64_t[]){1, 8}, 2, &out));
    assert_int_equal(imported_nodes(&net, OPERATOR_PERMUTE), 0);
    assert_int_equal(imported_nodes(&net, OPERATOR_POOLING), 1);
    check(STATUS_OK, &out, "1x8", mean_of_plane);
}

/* ---- reductions ---- */

static enum import_reduction reduction;
static bool over[4], keep;

static float reduced(const struct imported *imported, const int64_t *index)
{
    double sum = reduction == IMPORT_REDUCE_MAX ? -1e9 : reduction == IMPORT_REDUCE_MIN ? 1e9 : 0;
    int64_t fixed[4] = {0}, at[4], count = 0;
    unsigned next = 0;

    for (unsigned i = 0; i < 4; i++) {
        if (!over[i])
            fixed[i] = index[keep ? i : next++];
    }
    for (int64_t i = 0; i < 192; i++) {
        const int64_t place[] = {0, i / 48, i / 8 % 6, i % 8};
        bool inside = true;
        for (unsigned k = 0; k < 4; k++) {
            at[k] = place[k];
            inside = inside && (over[k] || place[k] == fixed[k]);
        }
        if (!inside)
            continue;
        double x = (double)imported_at(imported, 0, at);
        sum = reduction == IMPORT_REDUCE_MAX   ? fmax(sum, x)
              : reduction == IMPORT_REDUCE_MIN ? fmin(sum, x)
              : reduction == IMPORT_REDUCE_L1  ? sum + fabs(x)
              : reduction == IMPORT_REDUCE_L2 || reduction == IMPORT_REDUCE_SUM_OF_SQUARES
                  ? sum + x * x
                  : sum + x;
        count++;
    }
    return (float)(reduction == IMPORT_REDUCE_MEAN ? sum / (double)count
                   : reduction == IMPORT_REDUCE_L2 ? sqrt(sum)
                                                   : sum);
}

static void reductions_over_any_axes(void **state)
{
    static const enum import_reduction kinds[] = {
        IMPORT_REDUCE_MEAN, IMPORT_REDUCE_SUM, IMPORT_REDUCE_MAX,           IMPORT_REDUCE_MIN,
        IMPORT_REDUCE_L1,   IMPORT_REDUCE_L2,  IMPORT_REDUCE_SUM_OF_SQUARES};
    struct operand out;

    (void)state;
    for (unsigned i = 0; i < 7 * 7 * 4; i++) {
        int64_t axes[3];
        size_t count = 0;
        char shape[64] = "1";
        unsigned mask = i % 7 + 1; /* of axes 1 to 3 */
        reduction = kinds[i / 7 % 7];
        keep = i / 49 & 1;
        for (int64_t axis = 1; axis < 4; axis++) {
            static const char *const texts[] = {"", "x4", "x6", "x8"};
            over[axis] = mask >> (axis - 1) & 1;
            if (over[axis])
                axes[count] = count ? axis - 4 : axis, count++;
            if (keep || !over[axis])
                strncat(shape, over[axis] ? "x1" : texts[axis], 4);
        }
        start(i / 98);
        imported_works(
            &net, import_reduce(&net.importer, "r", reduction, &net.x[0], axes, count, keep, &out));
        check(STATUS_OK, &out, shape, reduced);
    }
}

/* ---- pieces ---- */

static int64_t offset[4], stride[4];

static float picked(const struct imported *imported, const int64_t *index)
{
    int64_t at[4];

    for (int i = 0; i < 4; i++)
        at[i] = offset[i] + index[i] * stride[i];
    return imported_at(imported, 0, at);
}

static void slices_with_numpys_rules(void **state)
{
    static const int64_t begin[] = {0, 1, -4, 2}, end[] = {1, 100, -1, 5}, step[] = {1, 1, 1, 1},
                         sampling[] = {1, 2, 3, 1}, all[] = {9, 9, 9, 9}, zero[] = {0, 0, 0, 0};
    struct operand out;

    (void)state;
    memcpy(stride, step, sizeof step);
    memcpy(offset, (int64_t[]){0, 1, 2, 2}, sizeof offset);
    start(true);
    imported_works(&net, import_slice(&net.importer, "r", &net.x[0], begin, end, step, &out));
    check(STATUS_OK, &out, "1x3x3x3", picked);
    memcpy(stride, sampling, sizeof sampling);
    start(true);
    imported_works(&net, import_slice(&net.importer, "r", &net.x[0], begin, all, sampling, &out));
    check(STATUS_OK, &out, "1x2x2x6", picked);
    memcpy(offset, zero, sizeof offset);
    start(true);
    imported_works(&net, import_slice(&net.importer, "r", &net.x[0], zero, all, step, &out));
    assert_int_equal(out.value, net.x[0].value);
    assert_int_equal(import_slice(&net.importer, "r", &net.x[0], all, all, step, &out),
                     STATUS_DATA);
    imported_close(&net);
}

static void slices_may_go_backwards(void **state)
{
    static const int64_t from[] = {0, 0, 0, 7}, to[] = {1, 4, 6, -9}, back[] = {1, 1, 1, -1};
    static const int64_t some[] = {0, 3, 1, 6}, until[] = {1, 0, 5, 1}, two[] = {1, -1, 1, -2};
    struct operand out;

    (void)state;
    memcpy(stride, back, sizeof back);
    memcpy(offset, from, sizeof from);
    start(true);
    imported_works(&net, import_slice(&net.importer, "r", &net.x[0], from, to, back, &out));
    check(STATUS_OK, &out, "1x4x6x8", picked);
    memcpy(stride, two, sizeof two);
    memcpy(offset, some, sizeof some);
    start(true);
    imported_works(&net, import_slice(&net.importer, "r", &net.x[0], some, until, two, &out));
    check(STATUS_OK, &out, "1x3x4x3", picked);
}

static void channels_may_be_taken_in_steps(void **state)
{
    static const int64_t from[] = {0, 0, 1, 1}, to[] = {1, 4, 6, 8}, by[] = {1, 2, 1, 3};
    struct operand out;

    (void)state;
    memcpy(stride, by, sizeof by);
    memcpy(offset, from, sizeof from);
    for (int last = 0; last < 2; last++) {
        start(last);
        imported_works(&net, import_slice(&net.importer, "r", &net.x[0], from, to, by, &out));
        check(STATUS_OK, &out, "1x2x5x3", picked);
    }
}

static float chosen(const struct imported *imported, const int64_t *index)
{
    static const int64_t channels[] = {7, 0, 0, 3};
    const int64_t at[] = {index[0], index[1], index[2], channels[index[3]]};

    return imported_at(imported, 0, at);
}

static float second_row(const struct imported *imported, const int64_t *index)
{
    const int64_t at[] = {index[0], 1, index[1], index[2]};

    return imported_at(imported, 0, at);
}

static void gathers_take_places(void **state)
{
    static const int64_t four[] = {4}, channels[] = {-1, 0, 0, 3}, one = 1;
    struct operand indices, out;

    (void)state;
    start(true);
    indices = imported_integers(&net, 1, four, channels);
    imported_works(&net, import_gather(&net.importer, "r", &net.x[0], &indices, 3, &out));
    check(STATUS_OK, &out, "1x4x6x4", chosen);
    start(true);
    indices = imported_integers(&net, 0, NULL, &one);
    imported_works(&net, import_gather(&net.importer, "r", &net.x[0], &indices, 1, &out));
    check(STATUS_OK, &out, "1x6x8", second_row);
}

static float swapped_halves(const struct imported *imported, const int64_t *index)
{
    const int64_t at[] = {index[0], index[1], index[2], (index[3] + 5) % 8};

    return imported_at(imported, 0, at);
}

static void parts_are_split_and_joined(void **state)
{
    static const char *const names[] = {"p", "q"};
    static const int64_t parts[] = {5, 3};
    struct operand out[2], whole;
    const struct operand *both[] = {&out[1], &out[0]};

    (void)state;
    start(true);
    imported_works(&net, import_split(&net.importer, names, &net.x[0], -1, parts, 2, out));
    imported_works(&net, import_concat(&net.importer, "r", both, 2, 3, &whole));
    check(STATUS_OK, &whole, "1x4x6x8", swapped_halves);
}

static float padded(const struct imported *imported, const int64_t *index)
{
    const int64_t at[] = {index[0], index[1] - 1, index[2] + 1, index[3] - 2};

    if (at[1] < 0 || at[1] >= 4 || at[3] < 0 || at[3] >= 8)
        return 0.5F;
    return imported_at(imported, 0, at);
}

static void pads_surround_and_cut(void **state)
{
    static const int64_t begin[] = {0, 1, -1, 2}, end[] = {0, 0, -1, 1};
    struct operand out;

    (void)state;
    start(true);
    imported_works(&net, import_pad(&net.importer, "r", &net.x[0], begin, end, 0.5F, &out));
    check(STATUS_OK, &out, "1x5x4x11", padded);
}

static float tiled(const struct imported *imported, const int64_t *index)
{
    const int64_t at[] = {index[0], index[1] % 4, index[2], index[3] % 8};

    return imported_at(imported, 0, at);
}

static void tiles_repeat(void **state)
{
    static const int64_t repeats[] = {1, 3, 1, 2};
    struct operand out;

    (void)state;
    start(true);
    imported_works(&net, import_tile(&net.importer, "r", &net.x[0], repeats, &out));
    check(STATUS_OK, &out, "1x12x6x16", tiled);
}

static float largest_channel(const struct imported *imported, const int64_t *index)
{
    int64_t at[] = {index[0], index[1], index[2], 0}, best = 0;
    float most = -9;

    for (; at[3] < 8; at[3]++) {
        float x = imported_at(imported, 0, at);
        best = x > most ? at[3] : best;
        most = fmaxf(most, x);
    }
    return (float)best;
}

static float softmax(const struct imported *imported, const int64_t *index)
{
    int64_t at[] = {index[0], index[1], index[2], 0};
    float sum = 0;

    for (; at[3] < 8; at[3]++)
        sum += expf(imported_at(imported, 0, at));
    return imported_at(imported, 0, index) - logf(sum);
}

static void softmax_and_largest_index_over_channels(void **state)
{
    struct operand out;

    (void)state;
    start(true);
    imported_works(&net, import_softmax(&net.importer, "r", &net.x[0], -1, true, &out));
    check(STATUS_OK, &out, "1x4x6x8", softmax);
    start(true);
    imported_works(&net, import_arg_max(&net.importer, "r", &net.x[0], 3, false, &out));
    check(STATUS_OK, &out, "1x4x6", largest_channel);
}

/* ---- constants ---- */

static void constants_are_seen_not_copied(void **state)
{
    static const int64_t shape[] = {2, 3, 4}, order[] = {2, 0, 1}, begin[] = {1, 0, 1},
                         end[] = {3, 2, 3}, step[] = {2, 1, 1}, merged[] = {2, -1};
    struct operand constant, out;
    float numbers[24];
    size_t budget;

    (void)state;
    start(false);
    for (int i = 0; i < 24; i++)
        numbers[i] = (float)i;
    constant = imported_floats(&net, 3, shape, numbers);
    budget = net.importer.budget;
    imported_works(&net,
                   import_transpose(&net.importer, "", &constant, order, 3, &out));      /* 4,2,3 */
    imported_works(&net, import_slice(&net.importer, "", &out, begin, end, step, &out)); /* 1,2,2 */
    imported_works(&net, import_reshape(&net.importer, "", &out, merged, 2, &out));
    assert_int_equal(net.importer.budget, budget);
    assert_int_equal(out.shape.dim[1], 2);
    assert_true(weight_at(&out.weight, 0) == 5);
    assert_true(weight_at(&out.weight, 1) == 9);
    assert_true(weight_at(&out.weight, 2) == 17);
    assert_true(weight_at(&out.weight, 3) == 21);
    imported_close(&net);
}

static void absurd_shapes_are_refused(void **state)
{
    static const int64_t huge[] = {INT64_MAX, INT64_MAX}, wrong[] = {1, 191}, two[] = {-1, -1},
                         order[] = {0, 1, 1, 2}, minus[] = {-2, 96};
    const struct shape shape = {.dims = 2, .dim = {1 << 20, 1 << 20}};
    struct operand out;

    (void)state;
    start(true);
    assert_int_equal(import_reshape(&net.importer, "r", &net.x[0], huge, 2, &out), STATUS_DATA);
    assert_int_equal(import_reshape(&net.importer, "r", &net.x[0], wrong, 2, &out), STATUS_DATA);
    assert_int_equal(import_reshape(&net.importer, "r", &net.x[0], two, 2, &out), STATUS_DATA);
    assert_int_equal(import_reshape(&net.importer, "r", &net.x[0], minus, 2, &out), STATUS_DATA);
    assert_int_equal(import_transpose(&net.importer, "r", &net.x[0], order, 4, &out), STATUS_DATA);
    assert_int_equal(import_squeeze(&net.importer, "r", &net.x[0], (int64_t[]){3}, 1, &out),
                     STATUS_DATA);
    assert_int_equal(import_unsqueeze(&net.importer, "r", &net.x[0], (int64_t[]){7}, 1, &out),
                     STATUS_DATA);
    assert_int_equal(import_fill(&net.importer, &shape, 1, &out), STATUS_DATA);
    assert_int_equal(import_range(&net.importer, INT64_MIN, INT64_MAX, 1, &out), STATUS_DATA);
    assert_int_equal(import_range(&net.importer, 0, INT64_MAX - 1, 1, &out), STATUS_DATA);
    assert_int_equal(import_range(&net.importer, 5, 0, -2, &out), STATUS_OK);
    assert_int_equal(out.shape.dim[0], 3);
    assert_int_equal(
        import_tile(&net.importer, "r", &net.x[0], (int64_t[]){1, INT32_MAX, INT32_MAX, 1}, &out),
        STATUS_DATA);
    imported_close(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reshapes_keep_the_order_of_elements),
        cmocka_unit_test(splitting_channels_needs_no_permute),
        cmocka_unit_test(a_channel_shuffle_stays_one),
        cmocka_unit_test(transposes_cancel),
        cmocka_unit_test(a_transpose_that_is_an_output_becomes_a_permute),
        cmocka_unit_test(a_transpose_that_a_reshape_needs_keeps_its_name),
        cmocka_unit_test(squeezed_planes_flow_on_without_a_permute),
        cmocka_unit_test(reductions_over_any_axes),
        cmocka_unit_test(slices_with_numpys_rules),
        cmocka_unit_test(slices_may_go_backwards),
        cmocka_unit_test(channels_may_be_taken_in_steps),
        cmocka_unit_test(gathers_take_places),
        cmocka_unit_test(parts_are_split_and_joined),
        cmocka_unit_test(pads_surround_and_cut),
        cmocka_unit_test(tiles_repeat),
        cmocka_unit_test(softmax_and_largest_index_over_channels),
        cmocka_unit_test(constants_are_seen_not_copied),
        cmocka_unit_test(absurd_shapes_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
