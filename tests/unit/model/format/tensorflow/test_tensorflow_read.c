/* What frozen graphs compute, held against naive computations over N,H,W,C. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <string.h>

#include <cmocka.h>

#include "model/shape.h"
#include "tests/lib/graphdef_fixture.h"

static void put_norm(struct draft *draft, const struct picture numbers[4])
{
    static const char *const names[] = {"gamma", "beta", "mean", "variance"};

    for (int i = 0; i < 4; i++)
        picture_constant(draft, names[i], &numbers[i]);
}

static struct picture normalized(const struct picture *x, const struct picture numbers[4],
                                 float epsilon)
{
    struct picture y = *x;
    size_t channels = (size_t)x->shape.dim[3];

    for (size_t i = 0; i < shape_product(&x->shape, 0, 4); i++) {
        size_t c = i % channels;
        y.values[i] = (x->values[i] - numbers[2].values[c]) /
                          sqrtf(numbers[3].values[c] + epsilon) * numbers[0].values[c] +
                      numbers[1].values[c];
    }
    return y;
}

static void batch_norm_is_read_fused_and_spelled_out(void **state)
{
    struct picture numbers[4], x, y;
    struct draft draft;

    (void)state;
    for (uint64_t i = 0; i < 4; i++)
        numbers[i] = picture_draw(SHAPE(3), 20 + i, 0.5F, 2);
    picture_begin(&draft, &x, SHAPE(1, 4, 5, 3));
    put_norm(&draft, numbers);
    draft_node(&draft, "y", "FusedBatchNormV3", "x gamma beta mean variance");
    draft_bool(&draft, "is_training", false);
    draft_float(&draft, "epsilon", 0.01F);
    y = normalized(&x, numbers, 0.01F);
    picture_gives(&draft, &x, "y", &y);
    draft_free(&draft);

    picture_begin(&draft, &x, SHAPE(1, 4, 5, 3));
    put_norm(&draft, numbers);
    draft_floats(&draft, "epsilon", &SHAPE(1), (float[]){0.01F});
    draft_node(&draft, "bn/add", "Add", "variance epsilon");
    draft_node(&draft, "bn/Rsqrt", "Rsqrt", "bn/add");
    draft_node(&draft, "bn/mul", "Mul", "bn/Rsqrt gamma");
    draft_node(&draft, "bn/mul_1", "Mul", "x bn/mul");
    draft_node(&draft, "bn/mul_2", "Mul", "mean bn/mul");
    draft_node(&draft, "bn/sub", "Sub", "beta bn/mul_2");
    draft_node(&draft, "bn/add_1", "Add", "bn/mul_1 bn/sub");
    picture_gives(&draft, &x, "bn/add_1", &y);
    draft_free(&draft);
}

static void lrn_has_its_alpha_before_the_sum(void **state)
{
    struct draft draft;
    struct picture x, y;

    (void)state;
    picture_begin(&draft, &x, SHAPE(1, 3, 3, 7));
    draft_node(&draft, "y", "LRN", "x");
    draft_int(&draft, "depth_radius", 2);
    draft_float(&draft, "alpha", 0.3F);
    draft_float(&draft, "beta", 0.75F);
    draft_float(&draft, "bias", 2);
    y = x;
    for (int64_t i = 0; i < 63; i++) {
        float sum = 0;
        for (int64_t j = -2; j <= 2; j++) {
            if (i % 7 + j >= 0 && i % 7 + j < 7)
                sum += x.values[i + j] * x.values[i + j];
        }
        y.values[i] = x.values[i] / powf(2 + 0.3F * sum, 0.75F);
    }
    picture_gives(&draft, &x, "y", &y);
    draft_free(&draft);
}

/* ---- single numbers ---- */

static double relu6(double x)
{
    return fmin(fmax(x, 0), 6);
}
static double relu(double x)
{
    return fmax(x, 0);
}
static double leaky(double x)
{
    return x > 0 ? x : 0.2 * x;
}
static double elu(double x)
{
    return x > 0 ? x : expm1(x);
}
static double selu(double x)
{
    return 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * expm1(x));
}
static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}
static double softplus(double x)
{
    return log1p(exp(x));
}
static double rsqrt(double x)
{
    return 1 / sqrt(x);
}
static double square(double x)
{
    return x * x;
}
static double negate(double x)
{
    return -x;
}
static double reciprocal(double x)
{
    return 1 / x;
}
static double same(double x)
{
    return x;
}

static void functions_of_one_number_are_read(void **state)
{
    static const struct {
        const char *op;
        double (*function)(double);
        float low, high;
    } cases[] = {{"Relu", relu, -3, 3},         {"Relu6", relu6, -3, 9},
                 {"LeakyRelu", leaky, -3, 3},   {"Elu", elu, -3, 3},
                 {"Selu", selu, -3, 3},         {"Sigmoid", sigmoid, -3, 3},
                 {"Tanh", tanh, -3, 3},         {"Softplus", softplus, -3, 3},
                 {"Exp", exp, -3, 3},           {"Log", log, 0.5F, 3},
                 {"Sqrt", sqrt, 0.5F, 3},       {"Rsqrt", rsqrt, 0.5F, 3},
                 {"Square", square, -3, 3},     {"Neg", negate, -3, 3},
                 {"Abs", fabs, -3, 3},          {"Reciprocal", reciprocal, 0.5F, 3},
                 {"StopGradient", same, -3, 3}, {"CheckNumerics", same, -3, 3}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct draft draft;
        struct picture x = picture_draw(SHAPE(1, 3, 4, 5), 3, cases[i].low, cases[i].high), y = x;
        draft_init(&draft);
        draft_input(&draft, "x", &x.shape);
        draft_node(&draft, "y", cases[i].op, "x");
        for (size_t j = 0; j < 60; j++)
            y.values[j] = (float)cases[i].function((double)x.values[j]);
        picture_gives(&draft, &x, "y", &y);
        draft_free(&draft);
    }
}

/* One number per channel; one for all where no layer takes more. */
static void functions_with_a_constant_are_read(void **state)
{
    static const char *const ops[] = {
        "Add", "AddV2", "Sub", "Mul", "RealDiv", "SquaredDifference", "Maximum", "Minimum", "Pow"};

    (void)state;
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
        struct draft draft;
        struct picture x = picture_draw(SHAPE(1, 3, 4, 5), 3, 0.2F, 2),
                       c = picture_draw(SHAPE(5), 3, 0.5F, 2), y = x;
        size_t numbers = i < 6 ? 5 : 1;
        c.shape.dims = i < 6;
        draft_init(&draft);
        draft_input(&draft, "x", &x.shape);
        picture_constant(&draft, "c", &c);
        draft_node(&draft, "y", ops[i], "x c");
        for (size_t j = 0; j < 60; j++) {
            float a = x.values[j], b = c.values[j % numbers];
            const float all[] = {a + b,       a + b,       a - b,
                                 a * b,       a / b,       (a - b) * (a - b),
                                 fmaxf(a, b), fminf(a, b), powf(a, b)};
            y.values[j] = all[i];
        }
        picture_gives(&draft, &x, "y", &y);
        draft_free(&draft);
    }
}

/* ---- heads ---- */

/* As slim ends: pool, 1x1 convolution, Squeeze, Reshape, Softmax, Reshape. */
static void a_slim_head_gives_probabilities(void **state)
{
    struct draft draft;
    struct picture x, filter, y = {.shape = SHAPE(1, 5)};
    float sum = 0;

    (void)state;
    draft_init(&draft);
    draft_input(&draft, "x", &SHAPE(-1, 4, 4, 3));
    x = picture_draw(SHAPE(1, 4, 4, 3), 7, -1, 1);
    filter = picture_draw(SHAPE(1, 1, 3, 5), 9, -1, 1);
    picture_constant(&draft, "w", &filter);
    INTS(&draft, "axes", 1, 2);
    draft_node(&draft, "pool", "Mean", "x axes");
    draft_bool(&draft, "keep_dims", true);
    draft_node(&draft, "logits/Conv2D", "Conv2D", "pool w");
    picture_window(&draft, 1, "SAME");
    draft_node(&draft, "logits", "Squeeze", "logits/Conv2D");
    LIST(&draft, "squeeze_dims", 1, 2);
    draft_node(&draft, "flat", "Shape", "logits");
    INTS(&draft, "extents", -1, 5);
    draft_node(&draft, "p/Reshape", "Reshape", "logits extents");
    draft_node(&draft, "p/Softmax", "Softmax", "p/Reshape");
    draft_node(&draft, "p/Reshape_1", "Reshape", "p/Softmax flat");
    for (size_t o = 0; o < 5; o++) {
        for (size_t i = 0; i < 48; i++)
            y.values[o] += x.values[i] / 16 * filter.values[i % 3 * 5 + o];
        y.values[o] = expf(y.values[o]);
        sum += y.values[o];
    }
    for (size_t o = 0; o < 5; o++)
        y.values[o] /= sum;
    picture_gives(&draft, &x, "p/Reshape_1", &y);
    draft_free(&draft);
}

static void a_product_behind_a_reshape_counts_rows_columns_channels(void **state)
{
    (void)state;
    for (int transposed = 0; transposed < 2; transposed++) {
        struct draft draft;
        struct picture x, w = picture_draw(SHAPE(24, 4), 9, -1, 1), y = {.shape = SHAPE(1, 4)};
        picture_begin(&draft, &x, SHAPE(1, 2, 4, 3));
        for (size_t i = 0; i < 24; i++)
            for (size_t o = 0; o < 4; o++)
                y.values[o] += x.values[i] * w.values[transposed ? o * 24 + i : i * 4 + o];
        w.shape = transposed ? SHAPE(4, 24) : SHAPE(24, 4);
        picture_constant(&draft, "w", &w);
        INTS(&draft, "extents", -1, 24);
        draft_node(&draft, "flat", "Reshape", "x extents");
        draft_node(&draft, "y", "MatMul", "flat w");
        draft_bool(&draft, "transpose_b", transposed);
        picture_gives(&draft, &x, "y", &y);
        draft_free(&draft);
    }
}

/* ---- pieces ---- */

/* b x b pixels of C channels, or one pixel of b x b x C. */
static void blocks_become_channels_and_back(void **state)
{
    enum { B = 2, H = 3, W = 4, C = 3 };
    struct picture deep = {.shape = SHAPE(1, H, W, B * B * C)},
                   wide = {.shape = SHAPE(1, H * B, W * B, C)};

    (void)state;
    for (int i = 0; i < H * B * W * B * C; i++) {
        int c = i % C, column = i / C % (W * B), row = i / C / (W * B);
        int at = ((row / B * W + column / B) * B + row % B) * B + column % B;
        wide.values[i] = deep.values[at * C + c] = (float)i;
    }
    for (int to_space = 0; to_space < 2; to_space++) {
        struct draft draft;
        draft_init(&draft);
        draft_input(&draft, "x", to_space ? &deep.shape : &wide.shape);
        draft_node(&draft, "y", to_space ? "DepthToSpace" : "SpaceToDepth", "x");
        draft_int(&draft, "block_size", B);
        picture_gives(&draft, to_space ? &deep : &wide, "y", to_space ? &wide : &deep);
        draft_free(&draft);
    }
}

/* As Keras turns RGB into BGR. */
static void channels_may_be_turned_back_to_front(void **state)
{
    (void)state;
    for (int strided = 0; strided < 2; strided++) {
        struct draft draft;
        struct picture x, y;
        picture_begin(&draft, &x, SHAPE(1, 4, 5, 3));
        y = x;
        for (size_t i = 0; i < 60; i++)
            y.values[i] = x.values[i / 3 * 3 + 2 - i % 3] - 1;
        INTS(&draft, "last", -1);
        INTS(&draft, "zeros", 0, 0, 0, 0);
        INTS(&draft, "steps", 1, 1, 1, -1);
        draft_number(&draft, "one", 1);
        draft_node(&draft, "float", "Cast", "one");
        draft_type(&draft, "SrcT", TF_TYPE_INT32);
        draft_type(&draft, "DstT", TF_TYPE_FLOAT);
        if (strided) {
            draft_node(&draft, "t", "StridedSlice", "x zeros zeros steps");
            draft_int(&draft, "begin_mask", 15);
            draft_int(&draft, "end_mask", 15);
        } else {
            draft_node(&draft, "t", "ReverseV2", "x last");
        }
        draft_node(&draft, "y", "Sub", "t float");
        picture_gives(&draft, &x, "y", &y);
        draft_free(&draft);
    }
}

static void splits_strided_slices_and_concats_are_read(void **state)
{
    struct draft draft;
    struct picture x, y = {.shape = SHAPE(1, 2, 4, 4)};

    (void)state;
    picture_begin(&draft, &x, SHAPE(1, 4, 4, 6));
    draft_number(&draft, "axis", 3);
    draft_node(&draft, "s", "Split", "axis x");
    draft_int(&draft, "num_split", 3);
    draft_node(&draft, "c", "ConcatV2", "s:2 s axis");
    INTS(&draft, "b", 0, 1);
    INTS(&draft, "e", 0, 3);
    INTS(&draft, "t", 1, 1);
    draft_node(&draft, "y", "StridedSlice", "c b e t");
    draft_int(&draft, "begin_mask", 1);
    draft_int(&draft, "end_mask", 1);
    for (size_t i = 0; i < 32; i++)
        y.values[i] = x.values[24 + i / 4 * 6 + (i % 4 < 2 ? 4 + i % 4 : i % 4 - 2)];
    picture_gives(&draft, &x, "y", &y);
    draft_free(&draft);
}

/* ---- what is left of training ---- */

/* Dropout as TensorFlow 1 spells it, keep_prob fed, behind a conditional batch norm's Switch. */
static void switched_off_training_leaves_no_trace(void **state)
{
    struct draft draft;
    struct picture x, y;
    struct wire_message tensor;

    (void)state;
    picture_begin(&draft, &x, SHAPE(1, 3, 3, 2));
    draft_node(&draft, "keep_prob", "Placeholder", "");
    draft_type(&draft, "dtype", TF_TYPE_FLOAT);
    draft_node(&draft, "phase_train", "Placeholder", "");
    draft_type(&draft, "dtype", TF_TYPE_BOOL);
    draft_node(&draft, "cond/Switch", "Switch", "x phase_train");
    draft_node(&draft, "cond/odd", "SomethingUnknown", "cond/Switch:1");
    draft_node(&draft, "cond/even", "Relu", "cond/Switch");
    draft_node(&draft, "cond/Merge", "Merge", "cond/even cond/odd");
    draft_node(&draft, "d/Shape", "Shape", "cond/Merge");
    draft_node(&draft, "d/RandomUniform", "RandomUniform", "d/Shape");
    draft_node(&draft, "d/add", "Add", "keep_prob d/RandomUniform");
    draft_node(&draft, "d/Floor", "Floor", "d/add");
    draft_node(&draft, "d/div", "RealDiv", "cond/Merge keep_prob");
    draft_node(&draft, "d/mul", "Mul", "d/div d/Floor");
    draft_begin_tensor(&tensor, TF_TYPE_STRING, &SHAPE(1));
    draft_node(&draft, "tag", "Const", "");
    draft_tensor(&draft, "value", &tensor);
    draft_node(&draft, "summary", "HistogramSummary", "tag d/mul");
    y = x;
    for (size_t i = 0; i < 18; i++)
        y.values[i] = fmaxf(x.values[i], 0);
    picture_gives(&draft, &x, "d/mul", &y);
    draft_free(&draft);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(batch_norm_is_read_fused_and_spelled_out),
        cmocka_unit_test(lrn_has_its_alpha_before_the_sum),
        cmocka_unit_test(functions_of_one_number_are_read),
        cmocka_unit_test(functions_with_a_constant_are_read),
        cmocka_unit_test(a_slim_head_gives_probabilities),
        cmocka_unit_test(a_product_behind_a_reshape_counts_rows_columns_channels),
        cmocka_unit_test(blocks_become_channels_and_back),
        cmocka_unit_test(channels_may_be_turned_back_to_front),
        cmocka_unit_test(splits_strided_slices_and_concats_are_read),
        cmocka_unit_test(switched_off_training_leaves_no_trace),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
