/* The operators that put values in another place, against loops over every index. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "model/shape.h"
#include "tests/lib/operator.h"
#include "tests/lib/random.h"

enum { ROUNDS = 300 };

/* Between one and five axes of one to five elements. */
static struct shape random_shape(uint64_t *random, unsigned least)
{
    struct shape shape = {.dims = least + random_below(random, 6 - least)};

    for (unsigned i = 0; i < shape.dims; i++)
        shape.dim[i] = 1 + random_below(random, 5);
    return shape;
}

/* The next index in row-major order; false behind the last. */
static bool next(const struct shape *shape, int64_t *index)
{
    for (unsigned i = shape->dims; i > 0; i--) {
        if (++index[i - 1] < shape->dim[i - 1])
            return true;
        index[i - 1] = 0;
    }
    return false;
}

static float element(const struct shape *shape, const float *data, const int64_t *index)
{
    int64_t at = 0;

    for (unsigned i = 0; i < shape->dims; i++)
        at = at * shape->dim[i] + index[i];
    return data[at];
}

/* Where an element of the output comes from. */
typedef void source_of(const struct operator_test *test, const int64_t *out, int64_t *in);

static void compare(const struct operator_test *test, source_of *source)
{
    int64_t out[SHAPE_MAX_DIMS] = {0}, in[SHAPE_MAX_DIMS] = {0};

    do {
        source(test, out, in);
        assert_true(element(&test->output_shape, test->output.data, out) ==
                    element(&test->shapes[0], test->inputs[0].data, in));
    } while (next(&test->output_shape, out));
}

static void run(struct operator_test *test, uint64_t *random, source_of *source)
{
    assert_true(operator_open(test, random, false));
    assert_true(operator_run(test, false));
    compare(test, source);
    operator_close(test);
}

static void permuted_from(const struct operator_test *test, const int64_t *out, int64_t *in)
{
    for (unsigned i = 0; i < test->output_shape.dims; i++)
        in[test->parameters.permute.order[i]] = out[i];
}

static void permute_turns_axes(void **state)
{
    uint64_t random = 21;

    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        struct operator_test test = {.kind = OPERATOR_PERMUTE, .input_count = 1};
        struct permute_parameters *p = &test.parameters.permute;
        test.shapes[0] = random_shape(&random, 1);
        p->dims = test.shapes[0].dims;
        for (unsigned i = 0; i < p->dims; i++) {
            unsigned other = random_below(&random, i + 1);
            p->order[i] = p->order[other];
            p->order[other] = (uint8_t)i;
        }
        run(&test, &random, permuted_from);
    }
}

static void cropped_from(const struct operator_test *test, const int64_t *out, int64_t *in)
{
    const struct crop_parameters *p = &test->parameters.crop;

    for (unsigned i = 0; i < test->output_shape.dims; i++) {
        int64_t behind = (int64_t)i - p->axis;
        in[i] = out[i];
        if (behind >= 0 && p->offset_count)
            in[i] += p->offsets[p->offset_count == 1 ? 0 : behind];
    }
}

static void crop_cuts_a_window(void **state)
{
    uint64_t random = 22;

    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        struct operator_test test = {.kind = OPERATOR_CROP, .input_count = 2};
        struct crop_parameters *p = &test.parameters.crop;
        struct shape *in = &test.shapes[0], *like = &test.shapes[1];
        *in = *like = random_shape(&random, 1);
        p->axis = random_below(&random, in->dims);
        p->offset_count = round % 3 == 0 ? 0 : round % 3 == 1 ? 1 : in->dims - (unsigned)p->axis;
        for (unsigned i = 0; i < p->offset_count; i++)
            p->offsets[i] = random_below(&random, 4);
        for (unsigned i = (unsigned)p->axis; i < in->dims && p->offset_count; i++)
            in->dim[i] += p->offsets[p->offset_count == 1 ? 0 : i - (unsigned)p->axis] +
                          random_below(&random, 3);
        run(&test, &random, cropped_from);
    }
}

static void tiled_from(const struct operator_test *test, const int64_t *out, int64_t *in)
{
    for (unsigned i = 0; i < test->output_shape.dims; i++)
        in[i] = out[i] % test->shapes[0].dim[i];
}

static void tile_repeats_an_axis(void **state)
{
    uint64_t random = 23;

    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        struct operator_test test = {.kind = OPERATOR_TILE, .input_count = 1};
        test.shapes[0] = random_shape(&random, 1);
        test.parameters.tile.axis = random_below(&random, test.shapes[0].dims);
        test.parameters.tile.tiles = 1 + random_below(&random, 4);
        run(&test, &random, tiled_from);
    }
}

/* Channel g of part k goes to channel k of part g. */
static void shuffled_from(const struct operator_test *test, const int64_t *out, int64_t *in)
{
    int64_t group = test->parameters.shuffle_channel.group;

    memcpy(in, out, sizeof(int64_t) * SHAPE_MAX_DIMS);
    in[1] = out[1] % group * (test->shapes[0].dim[1] / group) + out[1] / group;
}

static void shuffle_channel_deals_the_groups_out(void **state)
{
    uint64_t random = 24;

    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        struct operator_test test = {.kind = OPERATOR_SHUFFLE_CHANNEL, .input_count = 1};
        test.parameters.shuffle_channel.group = 1 + random_below(&random, 4);
        test.shapes[0] = random_shape(&random, 2);
        test.shapes[0].dim[1] *= test.parameters.shuffle_channel.group;
        run(&test, &random, shuffled_from);
    }
}

enum { PARTS = 3 };

static void slice(const struct shape *in, int64_t axis, const int64_t *points, uint64_t *random)
{
    struct shape inputs[] = {*in}, outputs[PARTS];
    struct graph graph = {.source = "test"};
    struct node node = {.name = "it",
                        .op = operator_info(OPERATOR_SLICE),
                        .input_count = 1,
                        .output_count = PARTS,
                        .parameters.slice = {axis, points ? PARTS - 1 : 0, points}};
    struct inference inference = {
        .graph = &graph, .node = &node, .inputs = inputs, .outputs = outputs};
    struct step step = {.graph = &graph, .node = &node, .inputs = inputs, .outputs = outputs};
    struct guarded from = guarded_create(step_count(in)), to[PARTS];
    const float *from_data = from.data;
    float *to_data[PARTS];
    struct error error;
    int64_t begin = 0;

    guarded_fill(&from, random, false);
    assert_int_equal(shape_infer(&inference, &error), STATUS_OK);
    for (int i = 0; i < PARTS; i++) {
        to[i] = guarded_create(step_count(&outputs[i]));
        to_data[i] = to[i].data;
    }
    operation_find(OPERATOR_SLICE)
        ->run(&(struct call){.step = &step, .inputs = &from_data, .outputs = to_data});
    for (int i = 0; i < PARTS; i++) {
        int64_t index[SHAPE_MAX_DIMS] = {0}, source[SHAPE_MAX_DIMS];
        do {
            memcpy(source, index, sizeof source);
            source[axis] += begin;
            assert_true(element(&outputs[i], to[i].data, index) == element(in, from.data, source));
        } while (next(&outputs[i], index));
        begin += outputs[i].dim[axis];
        assert_true(guarded_intact(&to[i]));
        guarded_free(&to[i]);
    }
    guarded_free(&from);
}

static void slice_hands_out_neighbouring_parts(void **state)
{
    uint64_t random = 25;

    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        struct shape in = random_shape(&random, 1);
        unsigned axis = random_below(&random, in.dims);
        int64_t points[PARTS - 1];
        points[0] = 1 + random_below(&random, 3);
        points[1] = points[0] + 1 + random_below(&random, 3);
        in.dim[axis] = round % 2 ? points[1] + 1 + random_below(&random, 3) : PARTS * in.dim[axis];
        slice(&in, axis, round % 2 ? points : NULL, &random);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(permute_turns_axes),
        cmocka_unit_test(crop_cuts_a_window),
        cmocka_unit_test(tile_repeats_an_axis),
        cmocka_unit_test(shuffle_channel_deals_the_groups_out),
        cmocka_unit_test(slice_hands_out_neighbouring_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
