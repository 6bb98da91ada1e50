#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/classifier.h"

static void assert_order(const float *values, size_t n, size_t k, const uint32_t *expected,
                         size_t count)
{
    struct ranked best[8];
    assert_int_equal(top_k(values, n, best, k), count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(best[i].index, expected[i]);
        assert_null(best[i].label);
        assert_memory_equal(&best[i].probability, &values[expected[i]], sizeof(float));
    }
}

static void highest_come_first_and_ties_by_index(void **state)
{
    (void)state;
    const float values[] = {0.1f, 0.5f, 0.2f, 0.5f, -1.0f};
    assert_order(values, 5, 3, (uint32_t[]){1, 3, 2}, 3);
    assert_order(values, 5, 5, (uint32_t[]){1, 3, 2, 0, 4}, 5);
    assert_order(values, 5, 8, (uint32_t[]){1, 3, 2, 0, 4}, 5);
    assert_order(values, 5, 0, NULL, 0);
    assert_order(values, 0, 3, NULL, 0);
    assert_order((const float[]){0, 0, 0, 0}, 4, 2, (uint32_t[]){0, 1}, 2);
    assert_order((const float[]){1, 2, 3, 4}, 4, 2, (uint32_t[]){3, 2}, 2);
}

static void not_a_number_sorts_last(void **state)
{
    (void)state;
    const float values[] = {NAN, -INFINITY, NAN, 1.0f, INFINITY};
    assert_order(values, 5, 5, (uint32_t[]){4, 3, 1, 0, 2}, 5);
    assert_order(values, 5, 2, (uint32_t[]){4, 3}, 2);
}

static const float *compared;

static int by_value_then_index(const void *a, const void *b)
{
    uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
    if (compared[i] != compared[j])
        return compared[i] > compared[j] ? -1 : 1;
    return i < j ? -1 : 1;
}

static void agrees_with_a_full_sort_of_21841_classes(void **state)
{
    (void)state;
    enum { CLASSES = 21841 };
    static float values[CLASSES];
    static uint32_t order[CLASSES];
    uint32_t random = 1;
    for (uint32_t i = 0; i < CLASSES; i++) {
        random = random * 1664525 + 1013904223;
        values[i] = (float)(random >> 20); /* 4096 values: many ties */
        order[i] = i;
    }
    compared = values;
    qsort(order, CLASSES, sizeof order[0], by_value_then_index);
    assert_order(values, CLASSES, 5, order, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(highest_come_first_and_ties_by_index),
        cmocka_unit_test(not_a_number_sorts_last),
        cmocka_unit_test(agrees_with_a_full_sort_of_21841_classes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
