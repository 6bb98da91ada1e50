#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/imported_fixture.h"

static const int64_t picture[] = {1, 6, 7, 4}; /* N,H,W,C */

static struct imported net;
static float numbers[512];

static void start(void)
{
    imported_open(&net, true);
    imported_input(&net, 4, picture);
    imported_numbers(numbers, 512);
}

static void check(const struct operand *result, const char *shape, imported_formula *formula)
{
    imported_check(&net, result, shape, formula);
    imported_close(&net);
}

/* Weights H,W,I,O as TensorFlow has them: 3,2,4,5. */
static float convolved(const struct imported *imported, const int64_t *index)
{
    float sum = numbers[300 + index[3]];

    (void)imported;
    for (int64_t i = 0; i < 3; i++) {
        for (int64_t j = 0; j < 2; j++) {
            for (int64_t c = 0; c < 4; c++)
                sum += numbers[((i * 2 + j) * 4 + c) * 5 + index[3]] *
                       imported_pixel(&net, index[1] * 2 + i - 1, index[2] + j * 2 - 1, c);
        }
    }
    return sum;
}

static const struct window window = {
    .stride = {2, 1}, .pad = {1, 1}, .pad_end = {0, 1}, .dilation = {1, 2}};

static void a_convolution_with_weights_turned_where_they_lie(void **state)
{
    static const int64_t hwio[] = {3, 2, 4, 5}, oihw[] = {3, 2, 0, 1}, five[] = {5};
    struct operand weights, bias, out;
    size_t budget;

    (void)state;
    start();
    weights = imported_floats(&net, 4, hwio, numbers);
    bias = imported_floats(&net, 1, five, numbers + 300);
    budget = net.importer.budget;
    imported_works(&net, import_transpose(&net.importer, "w", &weights, oihw, 4, &weights));
    imported_works(&net, import_convolution(&net.importer, "r", &net.x[0], &weights, &bias, &window,
                                            1, &import_nhwc, &out));
    assert_int_equal(net.importer.budget, budget);
    check(&out, "1x3x7x5", convolved);
}

/* Weights H,W,O,I: 2,3,5,4, stride 2. */
static float deconvolved(const struct imported *imported, const int64_t *index)
{
    float sum = 0;

    (void)imported;
    for (int64_t i = 0; i < 2; i++) {
        for (int64_t j = 0; j < 3; j++) {
            int64_t y = index[1] - i, x = index[2] - j;
            if (y % 2 || x % 2 || y < 0 || x < 0)
                continue;
            for (int64_t c = 0; c < 4; c++)
                sum += numbers[((i * 3 + j) * 5 + index[3]) * 4 + c] *
                       imported_pixel(&net, y / 2, x / 2, c);
        }
    }
    return sum;
}

static void a_transposed_convolution(void **state)
{
    static const int64_t hwoi[] = {2, 3, 5, 4}, iohw[] = {3, 2, 0, 1};
    static const struct window by_two = {.stride = {2, 2}, .dilation = {1, 1}};
    struct operand weights, out;

    (void)state;
    start();
    weights = imported_floats(&net, 4, hwoi, numbers);
    imported_works(&net, import_transpose(&net.importer, "w", &weights, iohw, 4, &weights));
    imported_works(&net, import_deconvolution(&net.importer, "r", &net.x[0], &weights, NULL,
                                              &by_two, 1, &import_nhwc, &out));
    check(&out, "1x12x15x5", deconvolved);
}

static struct pooling_parameters pooling;

static float pooled(const struct imported *imported, const int64_t *index)
{
    const struct window *w = &pooling.window;
    float most = -INFINITY, sum = 0;
    int inside = 0;

    (void)imported;
    for (int64_t i = 0; i < w->kernel[0]; i++) {
        for (int64_t j = 0; j < w->kernel[1]; j++) {
            int64_t y = index[1] * w->stride[0] + i - w->pad[0];
            int64_t x = index[2] * w->stride[1] + j - w->pad[1];
            if (y < 0 || y >= 6 || x < 0 || x >= 7)
                continue;
            most = fmaxf(most, imported_pixel(&net, y, x, index[3]));
            sum += imported_pixel(&net, y, x, index[3]);
            inside++;
        }
    }
    if (pooling.method == POOLING_MAX)
        return most;
    return sum / (float)(pooling.exclude_pad ? inside : w->kernel[0] * w->kernel[1]);
}

static void pool(struct window with, const char *shape)
{
    struct operand out;

    for (int i = 0; i < 3; i++) {
        pooling = (struct pooling_parameters){
            .method = i ? POOLING_AVERAGE : POOLING_MAX, .exclude_pad = i == 2, .window = with};
        start();
        imported_works(&net,
                       import_pooling(&net.importer, "r", &net.x[0], &pooling, &import_nhwc, &out));
        check(&out, shape, pooled);
    }
}

static void pooling_with_pads_on_any_side(void **state)
{
    (void)state;
    pool((struct window){.kernel = {3, 2}, .stride = {2, 2}, .dilation = {1, 1}}, "1x2x3x4");
    pool((struct window){.kernel = {3, 3}, .stride = {2, 2}, .pad_end = {1, 0}, .pad = {0, 0}},
         "1x3x3x4");
    pool((struct window){.kernel = {3, 3}, .stride = {1, 1}, .pad_end = {1, 1}, .pad = {1, 1}},
         "1x6x7x4");
}

static void pads_as_large_as_the_window_become_a_layer(void **state)
{
    static const struct window wide = {
        .kernel = {2, 1}, .stride = {3, 4}, .pad_end = {2, 0}, .dilation = {1, 1}};
    struct operand out;

    (void)state;
    pooling = (struct pooling_parameters){.method = POOLING_AVERAGE, .window = wide};
    start();
    imported_works(&net,
                   import_pooling(&net.importer, "r", &net.x[0], &pooling, &import_nhwc, &out));
    assert_int_equal(imported_nodes(&net, OPERATOR_PAD), 1);
    check(&out, "1x3x2x4", pooled);
    start();
    pooling.exclude_pad = true;
    assert_int_equal(import_pooling(&net.importer, "r", &net.x[0], &pooling, &import_nhwc, &out),
                     STATUS_UNSUPPORTED);
    imported_close(&net);
}

static float normalised(const struct imported *imported, const int64_t *index)
{
    int64_t c = index[3];

    return (imported_at(imported, 0, index) - numbers[c]) / sqrtf(fabsf(numbers[10 + c]) + 0.001F) *
               numbers[20 + c] +
           numbers[30 + c];
}

static float plainly_normalised(const struct imported *imported, const int64_t *index)
{
    int64_t c = index[3];

    return (imported_at(imported, 0, index) - numbers[c]) / sqrtf(fabsf(numbers[10 + c]) + 0.001F);
}

static void batch_normalisation_with_and_without_scale(void **state)
{
    static const int64_t four[] = {4};
    static const float ones[] = {1, 1, 1, 1}, zeros[] = {0, 0, 0, 0};
    float variance[4];
    struct operand mean, spread, scale, offset, out;

    (void)state;
    for (int plain = 0; plain < 2; plain++) {
        start();
        for (int i = 0; i < 4; i++)
            variance[i] = fabsf(numbers[10 + i]);
        mean = imported_floats(&net, 1, four, numbers);
        spread = imported_floats(&net, 1, four, variance);
        scale = imported_floats(&net, 1, four, plain ? ones : numbers + 20);
        offset = imported_floats(&net, 1, four, plain ? zeros : numbers + 30);
        const struct import_batch_norm norm = {&scale, &offset, &mean, &spread, 0.001F};
        imported_works(&net, import_batch_norm(&net.importer, "r", &net.x[0], &norm, 3, &out));
        assert_int_equal(imported_nodes(&net, OPERATOR_SCALE), !plain);
        check(&out, "1x6x7x4", plain ? plainly_normalised : normalised);
    }
}

/* ---- products ---- */

static float multiplied(const struct imported *imported, const int64_t *index)
{
    float sum = 0;

    for (int64_t i = 0; i < 4; i++) {
        const int64_t at[] = {0, index[1], index[2], i};
        sum += imported_at(imported, 0, at) * numbers[i * 3 + index[3]];
    }
    return sum;
}

static void a_product_over_channels_needs_no_permute(void **state)
{
    static const int64_t shape[] = {4, 3};
    struct operand weights, out;

    (void)state;
    start();
    weights = imported_floats(&net, 2, shape, numbers);
    imported_works(&net,
                   import_matmul(&net.importer, "r", &net.x[0], &weights, false, false, &out));
    assert_int_equal(imported_nodes(&net, OPERATOR_PERMUTE), 0);
    check(&out, "1x6x7x3", multiplied);
}

static float dense(const struct imported *imported, const int64_t *index)
{
    float sum = 0;

    for (int64_t i = 0; i < 168; i++) {
        const int64_t at[] = {0, i / 28, i / 4 % 7, i % 4};
        sum += imported_at(imported, 0, at) * numbers[i * 3 + index[1]];
    }
    return 0.5F * sum + 2 * numbers[5 + index[1]];
}

static void a_dense_layer_behind_planes_reads_its_weights_turned(void **state)
{
    static const int64_t shape[] = {168, 3}, bias[] = {1, 3}, flat[] = {-1, 168};
    static const struct import_gemm gemm = {.alpha = 0.5F, .beta = 2};
    struct operand weights, row, out;

    (void)state;
    start();
    weights = imported_floats(&net, 2, shape, numbers);
    row = imported_floats(&net, 2, bias, numbers + 5);
    imported_works(&net, import_reshape(&net.importer, "f", &net.x[0], flat, 2, &out));
    imported_works(&net, import_gemm(&net.importer, "r", &out, &weights, &row, &gemm, &out));
    check(&out, "1x3", dense);
}

static float from_the_left(const struct imported *imported, const int64_t *index)
{
    float sum = 0;

    for (int64_t i = 0; i < 7; i++) {
        const int64_t at[] = {0, index[1], i, index[3]};
        sum += numbers[index[2] * 7 + i] * imported_at(imported, 0, at);
    }
    return sum;
}

static void a_constant_may_stand_on_the_left(void **state)
{
    static const int64_t shape[] = {2, 7};
    struct operand weights, out;

    (void)state;
    start();
    weights = imported_floats(&net, 2, shape, numbers);
    imported_works(&net,
                   import_matmul(&net.importer, "r", &weights, &net.x[0], false, false, &out));
    check(&out, "1x6x2x4", from_the_left);
}

/* Layers behind the product get its axes in the source's order. */
static float kept_above_zero(const struct imported *imported, const int64_t *index)
{
    float x = from_the_left(imported, index);

    return x > 0 ? x : 0;
}

static void a_product_from_the_left_can_be_read_in_any_order(void **state)
{
    static const int64_t shape[] = {2, 7}, flat[] = {-1, 48};
    struct operand weights, out;
    enum { NORMAL, FLAT };

    (void)state;
    for (int reader = NORMAL; reader <= FLAT; reader++) {
        start();
        weights = imported_floats(&net, 2, shape, numbers);
        imported_works(&net,
                       import_matmul(&net.importer, "r", &weights, &net.x[0], false, false, &out));
        imported_works(&net, import_unary(&net.importer, "n", IMPORT_RELU, 0, 0, &out, &out));
        if (reader == FLAT)
            imported_works(&net, import_reshape(&net.importer, "f", &out, flat, 2, &out));
        if (reader == FLAT)
            imported_works(&net, import_reshape(&net.importer, "b", &out,
                                                (const int64_t[]){-1, 6, 2, 4}, 4, &out));
        check(&out, "1x6x2x4", kept_above_zero);
    }
}

static float columns_summed(const struct imported *imported, const int64_t *index)
{
    float sum = 0;

    for (int64_t i = 0; i < 3; i++) {
        const int64_t at[] = {i, index[0]};
        sum += imported_at(imported, 0, at) * numbers[i * 4 + index[1]];
    }
    return sum;
}

/* The images stand where the product adds up: there can be no more of them than weights. */
static void a_matrix_may_be_turned_before_its_product(void **state)
{
    static const int64_t matrix[] = {3, 5}, shape[] = {3, 4};
    struct operand weights, out;

    (void)state;
    imported_open(&net, false);
    net.fixed_batch = true;
    imported_input(&net, 2, matrix);
    weights = imported_floats(&net, 2, shape, numbers);
    imported_works(&net, import_matmul(&net.importer, "r", &net.x[0], &weights, true, false, &out));
    check(&out, "5x4", columns_summed);
}

static void contradictions_are_named(void **state)
{
    static const int64_t oihw[] = {5, 3, 3, 2}, three[] = {3, 2};
    struct window wrong = window;
    struct operand weights, bias, out;

    (void)state;
    start();
    weights = imported_floats(&net, 4, oihw, numbers);
    assert_int_equal(import_convolution(&net.importer, "r", &net.x[0], &weights, NULL, &window, 1,
                                        &import_nhwc, &out),
                     STATUS_DATA);
    assert_non_null(strstr(net.error.text, "input has 4 channels, its weights are for 3"));
    wrong.stride[0] = 0;
    assert_int_equal(import_convolution(&net.importer, "r", &net.x[0], &weights, NULL, &wrong, 1,
                                        &import_nhwc, &out),
                     STATUS_DATA);
    assert_int_equal(import_convolution(&net.importer, "r", &net.x[0], &net.x[0], NULL, &window, 1,
                                        &import_nhwc, &out),
                     STATUS_UNSUPPORTED);
    bias = imported_floats(&net, 2, three, numbers);
    assert_int_equal(import_matmul(&net.importer, "r", &net.x[0], &bias, false, false, &out),
                     STATUS_DATA);
    assert_int_equal(import_matmul(&net.importer, "r", &net.x[0], &net.x[0], false, false, &out),
                     STATUS_UNSUPPORTED);
    imported_close(&net);
}

static float nearest(const struct imported *imported, const int64_t *index)
{
    (void)imported;
    return imported_pixel(&net, index[1] / 2, index[2] / 2, index[3]);
}

static void planes_are_resized(void **state)
{
    static const int64_t size[] = {12, 14};
    struct operand out;

    (void)state;
    start();
    imported_works(&net, import_resize(&net.importer, "r", &net.x[0], RESIZE_NEAREST,
                                       RESIZE_ASYMMETRIC, size, &import_nhwc, &out));
    check(&out, "1x12x14x4", nearest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_convolution_with_weights_turned_where_they_lie),
        cmocka_unit_test(a_transposed_convolution),
        cmocka_unit_test(pooling_with_pads_on_any_side),
        cmocka_unit_test(pads_as_large_as_the_window_become_a_layer),
        cmocka_unit_test(batch_normalisation_with_and_without_scale),
        cmocka_unit_test(a_product_over_channels_needs_no_permute),
        cmocka_unit_test(a_dense_layer_behind_planes_reads_its_weights_turned),
        cmocka_unit_test(a_constant_may_stand_on_the_left),
        cmocka_unit_test(a_product_from_the_left_can_be_read_in_any_order),
        cmocka_unit_test(a_matrix_may_be_turned_before_its_product),
        cmocka_unit_test(contradictions_are_named),
        cmocka_unit_test(planes_are_resized),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
