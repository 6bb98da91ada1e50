/* Turned weights box by box: every element comes exactly once and is the one that weight_at()
 * gives, whatever the view, the address and the room. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/shape.h"
#include "model/weight_turn.h"
#include "tests/lib/random.h"

/* What a sink has got. */
struct taken {
    float *numbers;
    unsigned char *seen;
    size_t total, short_ones; /* of less than 256 kB */
    bool in_order;
    size_t next;
};

static void take(void *context, size_t first, const float *numbers, size_t count)
{
    struct taken *taken = context;

    assert_true(count > 0 && first <= taken->total && count <= taken->total - first);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(taken->seen[first + i]++, 0);
    memcpy(taken->numbers + first, numbers, count * sizeof *numbers);
    taken->short_ones += count < (64 << 10);
    taken->in_order = taken->in_order && first == taken->next;
    taken->next = first + count;
}

static struct taken turn(const struct weight *weight, size_t capacity)
{
    struct taken taken = {.total = weight->count, .in_order = true};
    float *room = malloc(capacity * sizeof *room);

    taken.numbers = calloc(weight->count + 1, sizeof *taken.numbers);
    taken.seen = calloc(weight->count + 1, 1);
    assert_true(room && taken.numbers && taken.seen);
    weight_turn(weight, room, capacity, take, &taken);
    for (size_t i = 0; i < weight->count; i++)
        assert_int_equal(taken.seen[i], 1);
    free(room);
    return taken;
}

static void free_taken(struct taken *taken)
{
    free(taken->numbers);
    free(taken->seen);
}

static void assert_turns(const struct weight *weight, size_t capacity)
{
    struct taken taken = turn(weight, capacity);

    for (size_t i = 0; i < weight->count; i++)
        assert_true(taken.numbers[i] == weight_at(weight, i));
    free_taken(&taken);
}

/* `count` different numbers at an odd address; the caller frees the result less one. */
static unsigned char *odd_numbers(size_t count)
{
    unsigned char *bytes = malloc(count * sizeof(float) + 1);

    assert_non_null(bytes);
    for (size_t i = 0; i < count; i++) {
        float number = (float)i;
        memcpy(bytes + 1 + i * sizeof number, &number, sizeof number);
    }
    return bytes + 1;
}

static void shuffle(uint64_t *random, uint8_t *order, unsigned dims)
{
    for (unsigned i = 0; i < dims; i++) {
        unsigned other = random_below(random, i + 1);
        order[i] = order[other];
        order[other] = (uint8_t)i;
    }
}

/* Up to `most` elements in one to six axes, some of them of extent 1, turned, cut and repeated. */
static struct weight random_view(uint64_t *random, const unsigned char *bytes, size_t most)
{
    struct shape shape = {.dims = 1 + random_below(random, 6)};
    uint8_t order[SHAPE_MAX_DIMS];
    struct weight weight;
    size_t left = most;

    for (unsigned i = 0; i < shape.dims; i++) {
        uint32_t ceiling = random_below(random, 4) ? 9 : (uint32_t)left;
        ceiling = ceiling < left ? ceiling : (uint32_t)left;
        shape.dim[i] = random_below(random, 4) ? 1 + random_below(random, ceiling) : 1;
        left /= (size_t)shape.dim[i];
    }
    weight = weight_make(&shape, bytes);
    shuffle(random, order, shape.dims);
    assert_true(weight_permute(&weight, order));
    if (random_below(random, 2)) {
        unsigned axis = random_below(random, shape.dims);
        uint32_t extent = (uint32_t)weight.shape.dim[axis];
        uint32_t begin = random_below(random, extent);
        assert_true(weight_slice(&weight, axis, begin, 1 + random_below(random, extent - begin)));
    }
    /* The same numbers over and over, as a broadcast constant says it. */
    if (weight.dims && !random_below(random, 4))
        weight.stride[random_below(random, weight.dims)] = 0;
    return weight;
}

static void any_view_comes_whole_through_any_room(void **state)
{
    enum { MOST = 3000 };
    unsigned char *bytes = odd_numbers(MOST);
    uint64_t random = 11;

    (void)state;
    for (int round = 0; round < 2000; round++) {
        struct weight weight = random_view(&random, bytes, MOST);
        assert_turns(&weight, 1 + random_below(&random, round % 2 ? 40 : 4000));
    }
    free(bytes - 1);
}

/* Longer than the strips in both directions, and not a multiple of them. */
static void a_large_matrix_is_transposed(void **state)
{
    unsigned char *bytes = odd_numbers(1201 * 803);
    struct weight weight = weight_make(&(struct shape){2, {1201, 803}}, bytes);

    (void)state;
    assert_true(weight_permute(&weight, (const uint8_t[]){1, 0}));
    assert_turns(&weight, 1);
    assert_turns(&weight, 30000);
    assert_turns(&weight, WEIGHT_TURN_ROOM);
    free(bytes - 1);
}

/* (outputs, C, H, W) as (H, W, C, outputs): neither the file nor the result is taken in crumbs. */
static void the_stretches_are_long(void **state)
{
    enum { OUTPUTS = 1024, CHANNELS = 150, COUNT = OUTPUTS * CHANNELS * 49 };
    unsigned char *bytes = odd_numbers(COUNT);
    struct weight weight = weight_make(&(struct shape){4, {OUTPUTS, CHANNELS, 7, 7}}, bytes);
    struct taken taken;

    (void)state;
    assert_true(weight.count > WEIGHT_TURN_ROOM);
    assert_true(weight_permute(&weight, (const uint8_t[]){2, 3, 1, 0}));
    taken = turn(&weight, WEIGHT_TURN_ROOM);
    assert_true(taken.short_ones <= 49); /* the last channels of a row */
    assert_false(taken.in_order);
    for (size_t i = 0; i < COUNT; i += 4099)
        assert_true(taken.numbers[i] == weight_at(&weight, i));
    free_taken(&taken);
    free(bytes - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_view_comes_whole_through_any_room),
        cmocka_unit_test(a_large_matrix_is_transposed),
        cmocka_unit_test(the_stretches_are_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
