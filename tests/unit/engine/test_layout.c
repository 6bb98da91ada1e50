#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/layout.h"
#include "tests/lib/random.h"

enum { COUNT = 40, ROUNDS = 200 };

static void buffers_that_live_together_never_overlap(void **state)
{
    uint64_t random = 1;

    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        struct extent extents[COUNT];
        size_t order[COUNT], total, sum = 0;
        for (size_t i = 0; i < COUNT; i++) {
            int64_t first = random_below(&random, 30);
            extents[i] = (struct extent){.size = random_below(&random, 1000),
                                         .first = first,
                                         .last = first + random_below(&random, 6)};
        }
        assert_true(layout_place(extents, COUNT, 16, order, &total));
        for (size_t i = 0; i < COUNT; i++) {
            assert_int_equal(extents[i].offset % 16, 0);
            assert_true(extents[i].offset + extents[i].size <= total);
            sum += extents[i].size;
            for (size_t j = 0; j < i; j++) {
                if (extents[i].first > extents[j].last || extents[j].first > extents[i].last)
                    continue;
                assert_true(extents[i].offset + extents[i].size <= extents[j].offset ||
                            extents[j].offset + extents[j].size <= extents[i].offset);
            }
        }
        assert_true(total < sum);
    }
}

static void a_chain_needs_two_buffers(void **state)
{
    struct extent extents[10];
    size_t order[10], total;

    (void)state;
    for (int i = 0; i < 10; i++)
        extents[i] = (struct extent){.size = 64, .first = i, .last = i + 1};
    assert_true(layout_place(extents, 10, 16, order, &total));
    assert_int_equal(total, 128);
}

static void sizes_that_overflow_are_refused(void **state)
{
    struct extent extents[2] = {{.size = SIZE_MAX / 2 + 1, .first = 0, .last = 1},
                                {.size = SIZE_MAX / 2 + 1, .first = 0, .last = 1}};
    size_t order[2], total;

    (void)state;
    assert_false(layout_place(extents, 2, 16, order, &total));
    extents[0].size = SIZE_MAX;
    assert_false(layout_place(extents, 1, 16, order, &total));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buffers_that_live_together_never_overlap),
        cmocka_unit_test(a_chain_needs_two_buffers),
        cmocka_unit_test(sizes_that_overflow_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
