#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>

#include <cmocka.h>

#include "tests/lib/operator.h"
#include "tests/lib/random.h"

enum { ROUNDS = 200 };

/* The input's element under output element `i`, or the padding's value. */
static float look_up(const struct operator_test *test, size_t i)
{
    const struct shape *in = &test->shapes[0], *out = &test->output_shape;
    const struct pad_parameters *p = &test->parameters.pad;
    size_t at = 0, stride = 1;

    for (unsigned axis = in->dims; axis-- > 0;) {
        int64_t index = (int64_t)(i % (size_t)out->dim[axis]) - p->begin[axis];
        if (index < 0 || index >= in->dim[axis])
            return p->value;
        at += (size_t)index * stride;
        stride *= (size_t)in->dim[axis];
        i /= (size_t)out->dim[axis];
    }
    return test->inputs[0].data[at];
}

static void any_axis_is_padded_on_both_sides(void **state)
{
    uint64_t random = 51;

    (void)state;
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct operator_test test = {.kind = OPERATOR_PAD, .input_count = 1};
        struct pad_parameters *p = &test.parameters.pad;
        p->dims = test.shapes[0].dims = round % 6;
        p->value = round % 2 ? -INFINITY : 0.5F;
        for (unsigned i = 0; i < p->dims; i++) {
            test.shapes[0].dim[i] = 1 + random_below(&random, 4);
            p->begin[i] = random_below(&random, 3);
            p->end[i] = random_below(&random, 3);
        }
        assert_true(operator_open(&test, &random, true));
        assert_true(operator_run(&test, false));
        for (size_t i = 0; i < test.output.count; i++)
            assert_true(test.output.data[i] == look_up(&test, i));
        operator_close(&test);
    }
}

static void padding_that_does_not_fit_is_refused(void **state)
{
    static const struct pad_parameters cases[] = {
        {.dims = 1}, {.dims = 2, .begin = {-1}}, {.dims = 2, .end = {0, (int64_t)1 << 40}}};
    uint64_t random = 52;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct operator_test test = {.kind = OPERATOR_PAD,
                                     .input_count = 1,
                                     .parameters = {.pad = cases[i]},
                                     .shapes = {{2, {2, 3}}}};
        assert_false(operator_open(&test, &random, false));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_axis_is_padded_on_both_sides),
        cmocka_unit_test(padding_that_does_not_fit_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
