/* What is computed while a network is read. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "model/import/constant.h"
#include "tests/lib/imported_fixture.h"

static struct imported net;

static void expect_integers(const struct operand *x, size_t count, const int64_t *want)
{
    assert_int_equal(x->kind, OPERAND_INTEGERS);
    assert_int_equal(shape_product(&x->shape, 0, x->shape.dims), count);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(x->integers[i], want[i]);
}

static void integers_are_reduced_along_any_axis(void **state)
{
    static const int64_t extents[] = {2, 3}, numbers[] = {4, 1, 6, 2, 5, 3};
    static const struct {
        enum import_reduction reduction;
        int64_t rows[3], columns[2]; /* over axis 0 and over axis 1 */
    } cases[] = {
        {IMPORT_REDUCE_SUM, {6, 6, 9}, {11, 10}},
        {IMPORT_REDUCE_PRODUCT, {8, 5, 18}, {24, 30}},
        {IMPORT_REDUCE_MAX, {4, 5, 6}, {6, 5}},
        {IMPORT_REDUCE_MIN, {2, 1, 3}, {1, 2}},
        {IMPORT_REDUCE_MEAN, {3, 3, 4}, {3, 3}},
        {IMPORT_REDUCE_SUM_OF_SQUARES, {20, 26, 45}, {53, 38}},
    };
    struct operand x, out;

    (void)state;
    imported_open(&net, false);
    x = imported_integers(&net, 2, extents, numbers);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (int64_t axis = 0; axis < 2; axis++) {
            imported_works(&net, import_reduce(&net.importer, "r", cases[i].reduction, &x, &axis, 1,
                                               false, &out));
            expect_integers(&out, axis ? 2 : 3, axis ? cases[i].columns : cases[i].rows);
        }
    }
    imported_close(&net);
}

static void a_result_may_take_the_place_of_what_it_is_made_of(void **state)
{
    static const int64_t extents[] = {2, 3}, numbers[] = {1, 2, 3, 4, 5, 6};
    static const int64_t turned[] = {1, 4, 2, 5, 3, 6},
                         twice[] = {1, 4, 1, 4, 2, 5, 2, 5, 3, 6, 3, 6};
    static const int64_t behind[] = {2, 5};
    static const uint8_t order[] = {1, 0};
    struct operand x;

    (void)state;
    imported_open(&net, false);
    x = imported_integers(&net, 2, extents, numbers);
    imported_works(&net, constant_transpose(&net.importer, &x, order, &x));
    expect_integers(&x, 6, turned);
    const struct operand *const both[] = {&x, &x};
    imported_works(&net, constant_concat(&net.importer, both, 2, 1, &x));
    expect_integers(&x, 12, twice);
    imported_works(&net, constant_cut(&net.importer, &x, 0, 1, 1, &x));
    imported_works(&net, constant_cut(&net.importer, &x, 1, 2, 2, &x));
    expect_integers(&x, 2, behind);
    imported_close(&net);
}

static void a_cast_to_bool_asks_whether_it_is_zero(void **state)
{
    static const int64_t five[] = {5}, whole[] = {-3, 0, 1, 7, 0}, want[] = {1, 0, 1, 1, 1};
    static const int64_t of_whole[] = {1, 0, 1, 1, 0};
    const float floats[] = {-1.7F, 0, 0.5F, INFINITY, NAN};
    struct operand x, out;

    (void)state;
    imported_open(&net, false);
    x = imported_floats(&net, 1, five, floats);
    imported_works(&net, import_cast_to_bool(&net.importer, &x, &out));
    expect_integers(&out, 5, want);
    x = imported_integers(&net, 1, five, whole);
    imported_works(&net, import_cast_to_bool(&net.importer, &x, &x));
    expect_integers(&x, 5, of_whole);
    imported_close(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_are_reduced_along_any_axis),
        cmocka_unit_test(a_result_may_take_the_place_of_what_it_is_made_of),
        cmocka_unit_test(a_cast_to_bool_asks_whether_it_is_zero),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
