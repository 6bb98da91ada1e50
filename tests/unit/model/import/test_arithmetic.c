#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/imported_fixture.h"

static const int64_t picture[] = {1, 3, 4, 5}; /* N,H,W,C */
static const float numbers[] = {0.5F, -1.5F, 2, 0.25F, -3, 1, 0.75F, -0.5F, 4, 1.25F, -2, 3};

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

static float x(const int64_t *index)
{
    return imported_at(&net, 0, index);
}

static float y(const int64_t *index)
{
    return imported_at(&net, 1, index);
}

static enum import_binary operation;
static bool reversed;
static float by; /* the other side of `operation` */

static float calculate(float a, float b)
{
    float left = reversed ? b : a, right = reversed ? a : b;

    switch (operation) {
    case IMPORT_ADD:
        return left + right;
    case IMPORT_SUBTRACT:
        return left - right;
    case IMPORT_MULTIPLY:
        return left * right;
    case IMPORT_DIVIDE:
        return left / right;
    case IMPORT_MAXIMUM:
        return fmaxf(left, right);
    case IMPORT_MINIMUM:
        return fminf(left, right);
    case IMPORT_POWER:
        return powf(left, right);
    default:
        return (left - right) * (left - right);
    }
}

static float with_number(const struct imported *imported, const int64_t *index)
{
    (void)imported;
    return calculate(x(index), by);
}

static void a_number_on_either_side(void **state)
{
    static const int64_t one[] = {1};
    struct operand number, out;

    (void)state;
    by = 1.5F;
    for (operation = IMPORT_ADD; operation <= IMPORT_SQUARED_DIFFERENCE; operation++) {
        for (int side = 0; side < 2; side++) {
            reversed = side == 1;
            if (operation == IMPORT_POWER && !reversed)
                continue; /* negative bases; a square is tested below */
            start(true);
            number = imported_floats(&net, 1, one, &by);
            check(import_binary(&net.importer, "r", operation, reversed ? &number : &net.x[0],
                                reversed ? &net.x[0] : &number, &out),
                  &out, "1x3x4x5", with_number);
        }
    }
}

static float with_channel(const struct imported *imported, const int64_t *index)
{
    (void)imported;
    return calculate(x(index), numbers[index[3]]);
}

static float with_row(const struct imported *imported, const int64_t *index)
{
    (void)imported;
    return calculate(x(index), numbers[index[1] * 4 + index[2]]);
}

static float with_split(const struct imported *imported, const int64_t *index)
{
    (void)imported;
    return calculate(x(index), numbers[(index[1] * 5 + index[3]) % 12]);
}

static void a_constant_of_many_numbers_on_either_side(void **state)
{
    static const int64_t channels[] = {5}, plane[] = {3, 4, 1}, both[] = {1, 3, 1, 5};
    static const enum import_binary operations[] = {IMPORT_ADD, IMPORT_SUBTRACT, IMPORT_MULTIPLY,
                                                    IMPORT_DIVIDE, IMPORT_SQUARED_DIFFERENCE};
    float split[15];
    struct operand constants[3], out;

    (void)state;
    for (int i = 0; i < 15; i++)
        split[i] = numbers[(i / 5 * 5 + i % 5) % 12];
    for (int i = 0; i < 5 * 2 * 3; i++) {
        static imported_formula *const formulas[] = {with_channel, with_row, with_split};
        operation = operations[i % 5];
        reversed = i / 5 % 2;
        start(true);
        constants[0] = imported_floats(&net, 1, channels, numbers);
        constants[1] = imported_floats(&net, 3, plane, numbers);
        constants[2] = imported_floats(&net, 4, both, split);
        const struct operand *constant = &constants[i / 10];
        check(import_binary(&net.importer, "r", operation, reversed ? constant : &net.x[0],
                            reversed ? &net.x[0] : constant, &out),
              &out, "1x3x4x5", formulas[i / 10]);
    }
}

static float with_value(const struct imported *imported, const int64_t *index)
{
    int64_t at[4];

    for (int i = 0; i < 4; i++)
        at[i] = imported->x[1].shape.dim[i] == 1 ? 0 : index[i];
    return calculate(x(index), y(at));
}

static void two_values_alike_or_broadcast(void **state)
{
    static const int64_t shapes[][4] = {{1, 3, 4, 5}, {1, 1, 1, 5}, {1, 3, 4, 1}, {1, 3, 1, 5},
                                        {1, 1, 1, 1}, {1, 1, 4, 5}, {1, 3, 1, 1}};
    struct operand out;

    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        for (operation = IMPORT_ADD; operation <= IMPORT_SQUARED_DIFFERENCE; operation++) {
            if (operation == IMPORT_POWER)
                continue;
            for (int side = 0; side < 4; side++) {
                reversed = side & 1;
                start(side & 2);
                imported_input(&net, 4, shapes[i]);
                check(import_binary(&net.importer, "r", operation, &net.x[reversed],
                                    &net.x[!reversed], &out),
                      &out, "1x3x4x5", with_value);
            }
        }
    }
}

static float with_turned(const struct imported *imported, const int64_t *index)
{
    const int64_t at[] = {index[0], index[2], index[3], index[1]};

    (void)imported;
    return x(index) + y(at);
}

static void values_whose_axes_stand_in_other_orders(void **state)
{
    static const int64_t other[] = {1, 4, 5, 3}, order[] = {0, 3, 1, 2};
    struct operand turned, out;

    (void)state;
    start(true);
    imported_input(&net, 4, other);
    assert_int_equal(import_transpose(&net.importer, "t", &net.x[1], order, 4, &turned), 0);
    check(import_binary(&net.importer, "r", IMPORT_ADD, &turned, &net.x[0], &out), &out, "1x3x4x5",
          with_turned);
}

static float both_broadcast(const struct imported *imported, const int64_t *index)
{
    const int64_t row[] = {index[0], index[1], 0, 0}, column[] = {index[0], 0, index[2], index[3]};

    (void)imported;
    return x(row) * y(column);
}

static void both_sides_are_broadcast(void **state)
{
    static const int64_t row[] = {1, 3, 1, 1}, column[] = {1, 1, 4, 5};
    struct operand out;

    (void)state;
    imported_open(&net, true);
    imported_input(&net, 4, row);
    imported_input(&net, 4, column);
    check(import_binary(&net.importer, "r", IMPORT_MULTIPLY, &net.x[0], &net.x[1], &out), &out,
          "1x3x4x5", both_broadcast);
}

static enum import_unary function;
static float alpha, beta;

static float apply(const struct imported *imported, const int64_t *index)
{
    float a = x(index);

    (void)imported;
    switch (function) {
    case IMPORT_RELU:
        return fmaxf(a, 0);
    case IMPORT_LEAKY_RELU:
        return a > 0 ? a : alpha * a;
    case IMPORT_ELU:
        return a > 0 ? a : alpha * expm1f(a);
    case IMPORT_SELU:
        return beta * (a > 0 ? a : alpha * expm1f(a));
    case IMPORT_SIGMOID:
        return 1 / (1 + expf(-a));
    case IMPORT_HARD_SIGMOID:
        return fmaxf(0, fminf(1, alpha * a + beta));
    case IMPORT_HARD_SWISH:
        return a * fmaxf(0, fminf(1, a / 6 + 0.5F));
    case IMPORT_SWISH:
        return a / (1 + expf(-alpha * a));
    case IMPORT_TANH:
        return tanhf(a);
    case IMPORT_ABS:
        return fabsf(a);
    case IMPORT_EXP:
        return expf(a);
    case IMPORT_RECIPROCAL:
        return 1 / a;
    case IMPORT_NEGATE:
        return -a;
    case IMPORT_SQUARE:
        return a * a;
    case IMPORT_SOFTPLUS:
        return log1pf(expf(a));
    case IMPORT_SOFTSIGN:
        return a / (1 + fabsf(a));
    default:
        return alpha * a + beta;
    }
}

static void functions_of_one_tensor(void **state)
{
    struct operand out;

    (void)state;
    alpha = 0.3F;
    beta = 0.4F;
    for (function = IMPORT_RELU; function <= IMPORT_AFFINE; function++) {
        if (function == IMPORT_LOG || function == IMPORT_SQRT || function == IMPORT_RSQRT)
            continue; /* below, on what is positive */
        start(true);
        check(import_unary(&net.importer, "r", function, alpha, beta, &net.x[0], &out), &out,
              "1x3x4x5", apply);
    }
}

static float apply_to_square(const struct imported *imported, const int64_t *index)
{
    float a = x(index) * x(index);

    (void)imported;
    return function == IMPORT_LOG ? logf(a) : function == IMPORT_SQRT ? sqrtf(a) : 1 / sqrtf(a);
}

static void functions_of_what_is_positive(void **state)
{
    static const enum import_unary functions[] = {IMPORT_LOG, IMPORT_SQRT, IMPORT_RSQRT};
    struct operand out;

    (void)state;
    for (int i = 0; i < 3; i++) {
        function = functions[i];
        start(true);
        assert_int_equal(import_unary(&net.importer, "s", IMPORT_SQUARE, 0, 0, &net.x[0], &out), 0);
        check(import_unary(&net.importer, "r", function, 0, 0, &out, &out), &out, "1x3x4x5",
              apply_to_square);
    }
}

static float slope_of_channel(const struct imported *imported, const int64_t *index)
{
    float a = x(index);

    (void)imported;
    return a > 0 ? a : a * numbers[index[3]];
}

static float slope_of_place(const struct imported *imported, const int64_t *index)
{
    float a = x(index);

    (void)imported;
    return a > 0 ? a : a * numbers[index[1] * 4 + index[2]];
}

static void slopes_per_channel_and_per_place(void **state)
{
    static const int64_t channels[] = {1, 1, 5}, plane[] = {3, 4, 1};
    struct operand slope, out;

    (void)state;
    start(true);
    slope = imported_floats(&net, 3, channels, numbers);
    assert_int_equal(import_prelu(&net.importer, "r", &net.x[0], &slope, -1, &out), 0);
    assert_int_equal(imported_nodes(&net, OPERATOR_PRELU), 1);
    check(STATUS_OK, &out, "1x3x4x5", slope_of_channel);
    start(true);
    slope = imported_floats(&net, 3, plane, numbers);
    check(import_prelu(&net.importer, "r", &net.x[0], &slope, 3, &out), &out, "1x3x4x5",
          slope_of_place);
}

static float clipped(const struct imported *imported, const int64_t *index)
{
    (void)imported;
    return fminf(fmaxf(x(index), -0.5F), 1);
}

static void a_minimum_of_a_maximum_is_one_clip(void **state)
{
    static const int64_t one[] = {1};
    const float low = -0.5F, high = 1;
    struct operand number, out;

    (void)state;
    start(true);
    number = imported_floats(&net, 1, one, &low);
    assert_int_equal(import_binary(&net.importer, "m", IMPORT_MAXIMUM, &net.x[0], &number, &out),
                     0);
    number = imported_floats(&net, 1, one, &high);
    check(import_binary(&net.importer, "r", IMPORT_MINIMUM, &out, &number, &out), &out, "1x3x4x5",
          clipped);
}

static void refuse(enum status got, enum status expected, const char *line)
{
    assert_int_equal(got, expected);
    if (!strstr(net.error.text, line))
        fail_msg("'%s' lacks '%s'", net.error.text, line);
    imported_close(&net);
}

static void integers_are_exact_or_refused(void **state)
{
    static const int64_t two[] = {2}, a[] = {7, -7}, b[] = {2, 2}, huge[] = {INT64_MAX, 1},
                         zero[] = {1, 0};
    struct operand left, right, out;

    (void)state;
    start(false);
    left = imported_integers(&net, 1, two, a);
    right = imported_integers(&net, 1, two, b);
    assert_int_equal(import_binary(&net.importer, "", IMPORT_DIVIDE, &left, &right, &out), 0);
    assert_int_equal(out.integers[1], -3);
    assert_int_equal(import_binary(&net.importer, "", IMPORT_FLOOR_DIVIDE, &left, &right, &out), 0);
    assert_int_equal(out.integers[1], -4);
    assert_int_equal(import_binary(&net.importer, "", IMPORT_MODULO, &left, &right, &out), 0);
    assert_int_equal(out.integers[1], 1);
    assert_int_equal(import_binary(&net.importer, "", IMPORT_LESS, &left, &right, &out), 0);
    assert_int_equal(out.integers[0], 0);
    assert_int_equal(out.integers[1], 1);
    right = imported_integers(&net, 1, two, zero);
    assert_int_equal(import_binary(&net.importer, "", IMPORT_DIVIDE, &left, &right, &out),
                     STATUS_DATA);
    right = imported_integers(&net, 1, two, huge);
    refuse(import_binary(&net.importer, "", IMPORT_MULTIPLY, &left, &right, &out), STATUS_DATA,
           "net: node 'node' (Type): its integers 7 and 9223372036854775807 give no integer");
}

static void folds_stay_within_the_budget(void **state)
{
    static const int64_t large[] = {1000000};
    struct shape shape = {.dims = 1, .dim = {large[0]}};
    struct operand constant, out;

    (void)state;
    start(false);
    assert_int_equal(import_fill(&net.importer, &shape, 3, &constant), 0);
    assert_true(constant.weight.count == 1000000);
    refuse(import_unary(&net.importer, "", IMPORT_SQRT, 0, 0, &constant, &out), STATUS_LIMIT,
           "more memory than the file's size allows");
}

static void what_does_not_go_together_is_named(void **state)
{
    static const int64_t four[] = {4};
    struct operand constant, out;

    (void)state;
    start(false);
    constant = imported_floats(&net, 1, four, numbers);
    refuse(import_binary(&net.importer, "r", IMPORT_ADD, &net.x[0], &constant, &out), STATUS_DATA,
           "net: node 'node' (Type): 1x3x4x5 and 4 do not go together");
    start(false);
    refuse(import_binary(&net.importer, "r", IMPORT_MODULO, &net.x[0], &net.x[0], &out),
           STATUS_UNSUPPORTED, "comparing or dividing to whole numbers");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_number_on_either_side),
        cmocka_unit_test(a_constant_of_many_numbers_on_either_side),
        cmocka_unit_test(two_values_alike_or_broadcast),
        cmocka_unit_test(values_whose_axes_stand_in_other_orders),
        cmocka_unit_test(both_sides_are_broadcast),
        cmocka_unit_test(functions_of_one_tensor),
        cmocka_unit_test(functions_of_what_is_positive),
        cmocka_unit_test(slopes_per_channel_and_per_place),
        cmocka_unit_test(a_minimum_of_a_maximum_is_one_clip),
        cmocka_unit_test(integers_are_exact_or_refused),
        cmocka_unit_test(folds_stay_within_the_budget),
        cmocka_unit_test(what_does_not_go_together_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
