/* Weights seen through strides: every chain of turning, reshaping and cutting gives the numbers
 * that doing the same to a copy gives. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "model/shape.h"
#include "model/weight.h"
#include "tests/lib/random.h"

enum { COUNT = 2 * 3 * 4 * 5 * 2 };

/* A weight and, beside it, the same numbers in memory in row-major order. */
struct pair {
    struct weight weight;
    float numbers[COUNT];
};

static float storage[COUNT + 1];

/* The bytes begin at an odd address, as they may in a mapped file. */
static const unsigned char *odd_bytes(void)
{
    static unsigned char bytes[sizeof storage + 1];

    for (size_t i = 0; i < COUNT; i++)
        storage[i] = (float)i + 0.5F;
    memcpy(bytes + 1, storage, sizeof storage);
    return bytes + 1;
}

static struct pair make_pair(const struct shape *shape)
{
    struct pair pair = {.weight = weight_make(shape, odd_bytes())};

    assert_int_equal(pair.weight.count, COUNT);
    weight_copy(&pair.weight, pair.numbers);
    return pair;
}

static size_t offset_of(const struct shape *shape, const int64_t *index)
{
    size_t offset = 0;

    for (unsigned i = 0; i < shape->dims; i++)
        offset = offset * (size_t)shape->dim[i] + (size_t)index[i];
    return offset;
}

static bool step(const struct shape *shape, int64_t *index)
{
    for (unsigned i = shape->dims; i-- > 0;) {
        if (++index[i] < shape->dim[i])
            return true;
        index[i] = 0;
    }
    return false;
}

static bool permute(struct pair *pair, const uint8_t *order)
{
    struct shape from = pair->weight.shape;
    int64_t index[SHAPE_MAX_DIMS] = {0}, source[SHAPE_MAX_DIMS];
    float old[COUNT];

    if (!weight_permute(&pair->weight, order))
        return false;
    memcpy(old, pair->numbers, sizeof old);
    for (size_t i = 0; i < pair->weight.count; i++) {
        for (unsigned axis = 0; axis < from.dims; axis++)
            source[order[axis]] = index[axis];
        pair->numbers[i] = old[offset_of(&from, source)];
        step(&pair->weight.shape, index);
    }
    return true;
}

static bool slice(struct pair *pair, unsigned axis, int64_t begin, int64_t extent)
{
    struct shape from = pair->weight.shape;
    int64_t index[SHAPE_MAX_DIMS] = {0};
    float old[COUNT];
    size_t i = 0;

    if (!weight_slice(&pair->weight, axis, begin, extent))
        return false;
    memcpy(old, pair->numbers, sizeof old);
    do {
        if (index[axis] >= begin && index[axis] < begin + extent)
            pair->numbers[i++] = old[offset_of(&from, index)];
    } while (step(&from, index));
    assert_int_equal(i, pair->weight.count);
    return true;
}

static void assert_same(const struct pair *pair)
{
    float read[COUNT];

    weight_copy(&pair->weight, read);
    assert_memory_equal(read, pair->numbers, pair->weight.count * sizeof *read);
    for (size_t first = 0; first < pair->weight.count; first += 7) {
        size_t count = pair->weight.count - first < 11 ? pair->weight.count - first : 11;
        weight_read(&pair->weight, first, count, read);
        assert_memory_equal(read, pair->numbers + first, count * sizeof *read);
        assert_true(weight_at(&pair->weight, first) == pair->numbers[first]);
    }
}

static void a_turned_weight_reads_in_its_new_order(void **state)
{
    struct pair pair = make_pair(&(struct shape){4, {2, 3, 4, 10}});

    (void)state;
    assert_true(weight_is_contiguous(&pair.weight));
    assert_true(permute(&pair, (const uint8_t[]){2, 3, 1, 0}));
    assert_false(weight_is_contiguous(&pair.weight));
    assert_int_equal(pair.weight.shape.dim[0], 4);
    assert_same(&pair);
    assert_true(permute(&pair, (const uint8_t[]){3, 2, 0, 1}));
    assert_true(weight_is_contiguous(&pair.weight));
    assert_same(&pair);
}

/* What a flattened picture needs: (outputs, H*W*C) becomes (outputs, C*H*W). */
static void the_columns_of_a_matrix_are_turned_as_a_view(void **state)
{
    struct pair pair = make_pair(&(struct shape){2, {4, 60}});

    (void)state;
    weight_reshape(&pair.weight, &(struct shape){4, {4, 3, 4, 5}});
    assert_true(permute(&pair, (const uint8_t[]){0, 3, 1, 2}));
    weight_reshape(&pair.weight, &(struct shape){2, {4, 60}});
    assert_same(&pair);
    assert_true(permute(&pair, (const uint8_t[]){1, 0}));
    assert_int_equal(pair.weight.shape.dim[0], 60);
    assert_same(&pair);
}

static void any_chain_gives_what_a_copy_gives(void **state)
{
    static const struct shape shapes[] = {
        {4, {2, 3, 4, 10}}, {3, {6, 1, 40}}, {2, {12, 20}}, {5, {2, 3, 4, 5, 2}}, {1, {240}}};
    uint64_t random = 3;
    size_t done = 0;

    (void)state;
    for (int round = 0; round < 3000; round++) {
        struct pair pair = make_pair(&shapes[random_below(&random, 5)]);
        for (int i = 0; i < 5; i++) {
            uint8_t order[SHAPE_MAX_DIMS];
            const struct shape *to = &shapes[random_below(&random, 5)];
            unsigned dims = pair.weight.shape.dims, axis = random_below(&random, dims);
            for (unsigned j = 0; j < dims; j++) {
                unsigned other = random_below(&random, j + 1);
                order[j] = order[other];
                order[other] = (uint8_t)j;
            }
            switch (random_below(&random, 3)) {
            case 0:
                done += permute(&pair, order);
                break;
            case 1:
                if (pair.weight.count == COUNT)
                    weight_reshape(&pair.weight, to);
                break;
            default: {
                int64_t extent = pair.weight.shape.dim[axis];
                int64_t begin = random_below(&random, (uint32_t)extent);
                int64_t left = 1 + random_below(&random, (uint32_t)(extent - begin));
                done += slice(&pair, axis, begin, left);
            }
            }
            assert_same(&pair);
        }
    }
    assert_true(done > 3000);
}

static void a_view_that_strides_cannot_say_is_refused_and_left_alone(void **state)
{
    struct pair pair = make_pair(&(struct shape){2, {12, 20}});

    (void)state;
    assert_true(permute(&pair, (const uint8_t[]){1, 0}));
    /* 20 x 12 as 16 x 15: rows that begin in the middle of a column. */
    weight_reshape(&pair.weight, &(struct shape){2, {16, 15}});
    assert_false(permute(&pair, (const uint8_t[]){1, 0}));
    assert_same(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_turned_weight_reads_in_its_new_order),
        cmocka_unit_test(the_columns_of_a_matrix_are_turned_as_a_view),
        cmocka_unit_test(any_chain_gives_what_a_copy_gives),
        cmocka_unit_test(a_view_that_strides_cannot_say_is_refused_and_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
