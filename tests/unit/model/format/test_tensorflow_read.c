/* What frozen graphs compute, held against naive computations over N,H,W,C. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/engine.h"
#include "model/shape.h"
#include "tests/lib/graphdef_maker.h"
#include "tests/lib/random.h"

enum { MOST = 4096 };

/* A tensor as TensorFlow has it: N,H,W,C. */
struct picture {
    struct shape shape;
    float values[MOST];
};

#define SHAPE(...)                                                                                 \
    ((struct shape){.dims = sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t),                    \
                    .dim = {__VA_ARGS__}})
#define INTS(maker, name, ...)                                                                     \
    maker_numbers(maker, name, sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t),                 \
                  (int64_t[]){__VA_ARGS__})
#define LIST(maker, key, ...)                                                                      \
    maker_ints(maker, key, sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t),                     \
               (int64_t[]){__VA_ARGS__})

static struct picture draw(struct shape shape, uint64_t seed, float low, float high)
{
    struct picture picture = {.shape = shape};
    size_t count = shape_product(&shape, 0, shape.dims);

    assert_true(count <= MOST);
    for (size_t i = 0; i < count; i++)
        picture.values[i] =
            low + (high - low) * (float)((double)(random_next(&seed) >> 40) * 0x1p-24);
    return picture;
}

static void constant(struct maker *maker, const char *name, const struct picture *picture)
{
    maker_floats(maker, name, &picture->shape, picture->values);
}

/* ---- running ---- */

static struct graph *load(struct maker *maker)
{
    struct error error = {""};
    struct buf bytes = maker_bytes(maker);
    struct graph *graph;

    if (maker_load_bytes(&bytes, NULL, &graph, &error))
        fail_msg("%s", error.text);
    return graph;
}

static const struct value *value_named(const struct graph *graph, const char *name)
{
    int64_t value = graph_top(graph, name);

    if (value < 0)
        fail_msg("no value is called '%s'", name);
    return &graph->values[value];
}

/* Where element `index` of the source's tensor lies in the graph's. */
static size_t place(const struct value *value, size_t index)
{
    size_t coordinates[SHAPE_MAX_DIMS] = {0}, at = 0;

    for (unsigned i = value->shape.dims; i-- > 0;) {
        unsigned axis = value->turned ? value->order[i] : i;
        coordinates[axis] = index % (size_t)value->shape.dim[axis];
        index /= (size_t)value->shape.dim[axis];
    }
    for (unsigned i = 0; i < value->shape.dims; i++)
        at = at * (size_t)value->shape.dim[i] + coordinates[i];
    return at;
}

/* Feeds `input` to the only input and holds the value `name` against `expected`. */
static void gives(struct maker *maker, const struct picture *input, const char *name,
                  const struct picture *expected)
{
    struct graph *graph = load(maker);
    struct error error = {""};
    struct engine_options options = {.threads = 1, .keep_all = true};
    struct engine *engine = NULL;
    struct session *session = NULL;
    const struct value *in = &graph->values[graph->inputs[0]], *out = value_named(graph, name);

    if (engine_create(graph, &options, &engine, &error) || session_create(engine, &session, &error))
        fail_msg("%s", error.text);
    for (size_t i = 0; i < session_input(session, 0)->count; i++)
        session_input(session, 0)->data[place(in, i)] = input->values[i];
    if (session_run(session, &error))
        fail_msg("%s", error.text);
    const struct tensor *tensor = session_tensor(session, name);
    assert_non_null(tensor);
    assert_int_equal(tensor->count, shape_product(&expected->shape, 0, expected->shape.dims));
    assert_int_equal(out->shape.dims, expected->shape.dims);
    for (unsigned i = 0; i < out->shape.dims; i++)
        assert_int_equal(out->shape.dim[out->turned ? out->order[i] : i], expected->shape.dim[i]);
    for (size_t i = 0; i < tensor->count; i++) {
        double found = tensor->data[place(out, i)], wanted = expected->values[i];
        if (!(fabs(found - wanted) <= 1e-4 * (1 + fabs(wanted))))
            fail_msg("'%s'[%zu]: %g instead of %g", name, i, found, wanted);
    }
    session_free(session);
    engine_free(engine);
    graph_free(graph);
}

/* ---- naive computations ---- */

struct sliding {
    int64_t stride, dilation, pad, pad_end;
};

static float at(const struct picture *x, int64_t row, int64_t column, int64_t channel,
                float outside)
{
    const int64_t *dim = x->shape.dim;

    if (row < 0 || row >= dim[1] || column < 0 || column >= dim[2])
        return outside;
    return x->values[(row * dim[2] + column) * dim[3] + channel];
}

static int64_t extent(int64_t in, int64_t kernel, const struct sliding *s)
{
    return (in + s->pad + s->pad_end - (kernel - 1) * s->dilation - 1) / s->stride + 1;
}

/* `filter` is H,W,I,O; `depthwise`: H,W,C,M. */
static struct picture convolve(const struct picture *x, const struct picture *filter,
                               const struct sliding *s, bool depthwise)
{
    const int64_t *k = filter->shape.dim;
    int64_t outputs = depthwise ? k[2] * k[3] : k[3];
    struct picture y = {.shape = SHAPE(1, extent(x->shape.dim[1], k[0], s),
                                       extent(x->shape.dim[2], k[1], s), outputs)};
    float *out = y.values;

    for (int64_t row = 0; row < y.shape.dim[1]; row++)
        for (int64_t column = 0; column < y.shape.dim[2]; column++)
            for (int64_t o = 0; o < outputs; o++, out++)
                for (int64_t i = 0; i < k[0] * k[1]; i++)
                    for (int64_t c = 0; c < k[2]; c++) {
                        float pixel =
                            at(x, row * s->stride - s->pad + i / k[1] * s->dilation,
                               column * s->stride - s->pad + i % k[1] * s->dilation, c, 0);
                        if (!depthwise)
                            *out += pixel * filter->values[(i * k[2] + c) * k[3] + o];
                        else if (o / k[3] == c)
                            *out += pixel * filter->values[(i * k[2] + c) * k[3] + o % k[3]];
                    }
    return y;
}

static struct picture pool(const struct picture *x, int64_t kernel, const struct sliding *s,
                           bool average)
{
    int64_t channels = x->shape.dim[3];
    struct picture y = {.shape = SHAPE(1, extent(x->shape.dim[1], kernel, s),
                                       extent(x->shape.dim[2], kernel, s), channels)};
    float *out = y.values;

    for (int64_t row = 0; row < y.shape.dim[1]; row++)
        for (int64_t column = 0; column < y.shape.dim[2]; column++)
            for (int64_t c = 0; c < channels; c++, out++) {
                float sum = 0, most = -INFINITY, count = 0;
                for (int64_t i = 0; i < kernel * kernel; i++) {
                    float pixel = at(x, row * s->stride - s->pad + i / kernel,
                                     column * s->stride - s->pad + i % kernel, c, NAN);
                    if (isnan(pixel))
                        continue;
                    sum += pixel;
                    most = fmaxf(most, pixel);
                    count++;
                }
                *out = average ? sum / count : most;
            }
    return y;
}

/* ---- convolutions ---- */

static void begin(struct maker *maker, struct picture *x, struct shape shape)
{
    *x = draw(shape, 7, -1, 1);
    maker_init(maker);
    maker_input(maker, "x", &shape);
}

static void window(struct maker *maker, int64_t stride, const char *padding)
{
    LIST(maker, "strides", 1, stride, stride, 1);
    maker_text(maker, "padding", padding);
}

static void same_puts_the_odd_row_behind(void **state)
{
    static const struct {
        int64_t rows, kernel, stride, pad, pad_end;
    } cases[] = {
        {6, 3, 2, 0, 1}, {7, 3, 2, 1, 1}, {5, 2, 1, 0, 1}, {8, 5, 3, 1, 2}, {5, 1, 2, 0, 0}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct maker maker;
        struct picture x, filter, y;
        struct sliding s = {cases[i].stride, 1, cases[i].pad, cases[i].pad_end};
        begin(&maker, &x, SHAPE(1, cases[i].rows, cases[i].rows, 3));
        filter = draw(SHAPE(cases[i].kernel, cases[i].kernel, 3, 4), 9, -1, 1);
        constant(&maker, "w", &filter);
        maker_node(&maker, "y", "Conv2D", "x w");
        window(&maker, cases[i].stride, "SAME");
        y = convolve(&x, &filter, &s, false);
        gives(&maker, &x, "y", &y);
        maker_free(&maker);
    }
}

static void explicit_padding_and_dilation_are_read(void **state)
{
    struct maker maker;
    struct picture x, filter, y;
    struct sliding s = {1, 2, 2, 1};

    (void)state;
    begin(&maker, &x, SHAPE(1, 7, 7, 2));
    filter = draw(SHAPE(3, 3, 2, 3), 9, -1, 1);
    constant(&maker, "w", &filter);
    maker_node(&maker, "y", "Conv2D", "x w");
    window(&maker, 1, "EXPLICIT");
    LIST(&maker, "explicit_paddings", 0, 0, 2, 1, 2, 1, 0, 0);
    LIST(&maker, "dilations", 1, 2, 2, 1);
    y = convolve(&x, &filter, &s, false);
    gives(&maker, &x, "y", &y);
    maker_free(&maker);
}

static void channels_may_stand_in_front(void **state)
{
    struct maker maker;
    struct picture x = draw(SHAPE(1, 6, 5, 3), 7, -1, 1), turned = {.shape = SHAPE(1, 3, 6, 5)};
    struct picture filter = draw(SHAPE(3, 3, 3, 4), 9, -1, 1), bias = draw(SHAPE(4), 11, -1, 1), y,
                   z;
    struct sliding s = {2, 1, 0, 0};

    (void)state;
    for (size_t i = 0; i < 90; i++)
        turned.values[i % 3 * 30 + i / 3] = x.values[i];
    maker_init(&maker);
    maker_input(&maker, "x", &turned.shape);
    constant(&maker, "w", &filter);
    constant(&maker, "b", &bias);
    maker_node(&maker, "c", "Conv2D", "x w");
    LIST(&maker, "strides", 1, 1, 2, 2);
    maker_text(&maker, "padding", "VALID");
    maker_text(&maker, "data_format", "NCHW");
    maker_node(&maker, "y", "BiasAdd", "c b");
    maker_text(&maker, "data_format", "NCHW");
    y = convolve(&x, &filter, &s, false);
    size_t plane = (size_t)(y.shape.dim[1] * y.shape.dim[2]);
    z = (struct picture){.shape = SHAPE(1, 4, y.shape.dim[1], y.shape.dim[2])};
    for (size_t i = 0; i < plane * 4; i++)
        z.values[i % 4 * plane + i / 4] = y.values[i] + bias.values[i % 4];
    gives(&maker, &turned, "y", &z);
    maker_free(&maker);
}

static void a_depthwise_multiplier_counts_within_the_channel(void **state)
{
    struct maker maker;
    struct picture x, filter, y;
    struct sliding s = {2, 1, 1, 1};

    (void)state;
    begin(&maker, &x, SHAPE(1, 7, 7, 3));
    filter = draw(SHAPE(3, 3, 3, 2), 9, -1, 1);
    constant(&maker, "w", &filter);
    maker_node(&maker, "y", "DepthwiseConv2dNative", "x w");
    window(&maker, 2, "SAME");
    y = convolve(&x, &filter, &s, true);
    gives(&maker, &x, "y", &y);
    maker_free(&maker);
}

/* The paddings and crops of tf.nn.convolution for SAME with rate 2 over 7 rows. */
static void dilation_by_batches_is_one_convolution(void **state)
{
    for (int64_t extra = 0; extra < 2; extra++) {
        struct maker maker;
        struct picture x, filter, bias, y;
        struct sliding s = {1, 2, 2, 2};
        begin(&maker, &x, SHAPE(1, 7 + extra, 7 + extra, 2));
        filter = draw(SHAPE(3, 3, 2, 3), 9, -1, 1);
        bias = draw(SHAPE(3), 11, -1, 1);
        constant(&maker, "w", &filter);
        constant(&maker, "b", &bias);
        INTS(&maker, "block", 2, 2);
        struct wire_message tensor;
        for (int i = 0; i < 2; i++) {
            int64_t pads[2][4] = {{2, 3 - extra, 2, 3 - extra}, {0, 1 - extra, 0, 1 - extra}};
            maker_begin_tensor(&tensor, TF_TYPE_INT32, &SHAPE(2, 2));
            wire_put_ints(&tensor, TF_TENSOR_INT, pads[i], 4);
            maker_node(&maker, i ? "crops" : "pads", "Const", "");
            maker_tensor(&maker, "value", &tensor);
        }
        maker_node(&maker, "s", "SpaceToBatchND", "x block pads");
        maker_node(&maker, "c", "Conv2D", "s w");
        window(&maker, 1, "VALID");
        maker_node(&maker, "b2", "BiasAdd", "c b");
        maker_node(&maker, "y", "BatchToSpaceND", "b2 block crops");
        y = convolve(&x, &filter, &s, false);
        for (size_t i = 0; i < shape_product(&y.shape, 0, 4); i++)
            y.values[i] += bias.values[i % 3];
        gives(&maker, &x, "y", &y);
        maker_free(&maker);
    }
    (void)state;
}

/* The gradient of a convolution: each pixel spreads its filter. */
static void a_transposed_convolution_takes_its_size_from_a_folded_shape(void **state)
{
    struct maker maker;
    struct picture x, filter, y = {.shape = SHAPE(1, 8, 8, 2)};
    static const int64_t begins[] = {1};

    (void)state;
    begin(&maker, &x, SHAPE(1, 4, 4, 3));
    filter = draw(SHAPE(3, 3, 2, 3), 9, -1, 1); /* H,W,O,I */
    constant(&maker, "w", &filter);
    maker_node(&maker, "shape", "Shape", "x");
    INTS(&maker, "one", begins[0]);
    INTS(&maker, "two", 2);
    maker_node(&maker, "rows", "StridedSlice", "shape one two one");
    maker_int(&maker, "shrink_axis_mask", 1);
    maker_number(&maker, "factor", 2);
    maker_number(&maker, "batch", 1);
    maker_node(&maker, "size", "Mul", "rows factor");
    maker_node(&maker, "sizes", "Pack", "batch size size factor");
    maker_node(&maker, "y", "Conv2DBackpropInput", "sizes w x");
    window(&maker, 2, "SAME");
    for (int64_t i = 0; i < 16 * 9; i++) { /* pad: 1 row in all, behind */
        int64_t row = i / 9 / 4 * 2 + i % 9 / 3, column = i / 9 % 4 * 2 + i % 3;
        for (int64_t o = 0; o < 2 && row < 8 && column < 8; o++)
            for (int64_t c = 0; c < 3; c++)
                y.values[(row * 8 + column) * 2 + o] +=
                    x.values[i / 9 * 3 + c] * filter.values[(i % 9 * 2 + o) * 3 + c];
    }
    gives(&maker, &x, "y", &y);
    maker_free(&maker);
}

/* ---- pooling, normalization ---- */

static void pooling_leaves_padding_out(void **state)
{
    (void)state;
    for (int average = 0; average < 2; average++) {
        struct maker maker;
        struct picture x, y;
        struct sliding s = {2, 1, 0, 1};
        begin(&maker, &x, SHAPE(1, 6, 6, 3));
        maker_node(&maker, "y", average ? "AvgPool" : "MaxPool", "x");
        LIST(&maker, "ksize", 1, 3, 3, 1);
        window(&maker, 2, "SAME");
        y = pool(&x, 3, &s, average);
        gives(&maker, &x, "y", &y);
        maker_free(&maker);
    }
}

static void put_norm(struct maker *maker, const struct picture numbers[4])
{
    static const char *const names[] = {"gamma", "beta", "mean", "variance"};

    for (int i = 0; i < 4; i++)
        constant(maker, names[i], &numbers[i]);
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
    struct maker maker;

    (void)state;
    for (uint64_t i = 0; i < 4; i++)
        numbers[i] = draw(SHAPE(3), 20 + i, 0.5F, 2);
    begin(&maker, &x, SHAPE(1, 4, 5, 3));
    put_norm(&maker, numbers);
    maker_node(&maker, "y", "FusedBatchNormV3", "x gamma beta mean variance");
    maker_bool(&maker, "is_training", false);
    maker_float(&maker, "epsilon", 0.01F);
    y = normalized(&x, numbers, 0.01F);
    gives(&maker, &x, "y", &y);
    maker_free(&maker);

    begin(&maker, &x, SHAPE(1, 4, 5, 3));
    put_norm(&maker, numbers);
    maker_floats(&maker, "epsilon", &SHAPE(1), (float[]){0.01F});
    maker_node(&maker, "bn/add", "Add", "variance epsilon");
    maker_node(&maker, "bn/Rsqrt", "Rsqrt", "bn/add");
    maker_node(&maker, "bn/mul", "Mul", "bn/Rsqrt gamma");
    maker_node(&maker, "bn/mul_1", "Mul", "x bn/mul");
    maker_node(&maker, "bn/mul_2", "Mul", "mean bn/mul");
    maker_node(&maker, "bn/sub", "Sub", "beta bn/mul_2");
    maker_node(&maker, "bn/add_1", "Add", "bn/mul_1 bn/sub");
    gives(&maker, &x, "bn/add_1", &y);
    maker_free(&maker);
}

static void lrn_has_its_alpha_before_the_sum(void **state)
{
    struct maker maker;
    struct picture x, y;

    (void)state;
    begin(&maker, &x, SHAPE(1, 3, 3, 7));
    maker_node(&maker, "y", "LRN", "x");
    maker_int(&maker, "depth_radius", 2);
    maker_float(&maker, "alpha", 0.3F);
    maker_float(&maker, "beta", 0.75F);
    maker_float(&maker, "bias", 2);
    y = x;
    for (int64_t i = 0; i < 63; i++) {
        float sum = 0;
        for (int64_t j = -2; j <= 2; j++) {
            if (i % 7 + j >= 0 && i % 7 + j < 7)
                sum += x.values[i + j] * x.values[i + j];
        }
        y.values[i] = x.values[i] / powf(2 + 0.3F * sum, 0.75F);
    }
    gives(&maker, &x, "y", &y);
    maker_free(&maker);
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
        struct maker maker;
        struct picture x = draw(SHAPE(1, 3, 4, 5), 3, cases[i].low, cases[i].high), y = x;
        maker_init(&maker);
        maker_input(&maker, "x", &x.shape);
        maker_node(&maker, "y", cases[i].op, "x");
        for (size_t j = 0; j < 60; j++)
            y.values[j] = (float)cases[i].function((double)x.values[j]);
        gives(&maker, &x, "y", &y);
        maker_free(&maker);
    }
}

/* One number per channel; one for all where no layer takes more. */
static void functions_with_a_constant_are_read(void **state)
{
    static const char *const ops[] = {
        "Add", "AddV2", "Sub", "Mul", "RealDiv", "SquaredDifference", "Maximum", "Minimum", "Pow"};

    (void)state;
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
        struct maker maker;
        struct picture x = draw(SHAPE(1, 3, 4, 5), 3, 0.2F, 2), c = draw(SHAPE(5), 3, 0.5F, 2),
                       y = x;
        size_t numbers = i < 6 ? 5 : 1;
        c.shape.dims = i < 6;
        maker_init(&maker);
        maker_input(&maker, "x", &x.shape);
        constant(&maker, "c", &c);
        maker_node(&maker, "y", ops[i], "x c");
        for (size_t j = 0; j < 60; j++) {
            float a = x.values[j], b = c.values[j % numbers];
            const float all[] = {a + b,       a + b,       a - b,
                                 a * b,       a / b,       (a - b) * (a - b),
                                 fmaxf(a, b), fminf(a, b), powf(a, b)};
            y.values[j] = all[i];
        }
        gives(&maker, &x, "y", &y);
        maker_free(&maker);
    }
}

/* ---- heads ---- */

/* As slim ends: pool, 1x1 convolution, Squeeze, Reshape, Softmax, Reshape. */
static void a_slim_head_gives_probabilities(void **state)
{
    struct maker maker;
    struct picture x, filter, y = {.shape = SHAPE(1, 5)};
    float sum = 0;

    (void)state;
    maker_init(&maker);
    maker_input(&maker, "x", &SHAPE(-1, 4, 4, 3));
    x = draw(SHAPE(1, 4, 4, 3), 7, -1, 1);
    filter = draw(SHAPE(1, 1, 3, 5), 9, -1, 1);
    constant(&maker, "w", &filter);
    INTS(&maker, "axes", 1, 2);
    maker_node(&maker, "pool", "Mean", "x axes");
    maker_bool(&maker, "keep_dims", true);
    maker_node(&maker, "logits/Conv2D", "Conv2D", "pool w");
    window(&maker, 1, "SAME");
    maker_node(&maker, "logits", "Squeeze", "logits/Conv2D");
    LIST(&maker, "squeeze_dims", 1, 2);
    maker_node(&maker, "flat", "Shape", "logits");
    INTS(&maker, "extents", -1, 5);
    maker_node(&maker, "p/Reshape", "Reshape", "logits extents");
    maker_node(&maker, "p/Softmax", "Softmax", "p/Reshape");
    maker_node(&maker, "p/Reshape_1", "Reshape", "p/Softmax flat");
    for (size_t o = 0; o < 5; o++) {
        for (size_t i = 0; i < 48; i++)
            y.values[o] += x.values[i] / 16 * filter.values[i % 3 * 5 + o];
        y.values[o] = expf(y.values[o]);
        sum += y.values[o];
    }
    for (size_t o = 0; o < 5; o++)
        y.values[o] /= sum;
    gives(&maker, &x, "p/Reshape_1", &y);
    maker_free(&maker);
}

static void a_product_behind_a_reshape_counts_rows_columns_channels(void **state)
{
    (void)state;
    for (int transposed = 0; transposed < 2; transposed++) {
        struct maker maker;
        struct picture x, w = draw(SHAPE(24, 4), 9, -1, 1), y = {.shape = SHAPE(1, 4)};
        begin(&maker, &x, SHAPE(1, 2, 4, 3));
        for (size_t i = 0; i < 24; i++)
            for (size_t o = 0; o < 4; o++)
                y.values[o] += x.values[i] * w.values[transposed ? o * 24 + i : i * 4 + o];
        w.shape = transposed ? SHAPE(4, 24) : SHAPE(24, 4);
        constant(&maker, "w", &w);
        INTS(&maker, "extents", -1, 24);
        maker_node(&maker, "flat", "Reshape", "x extents");
        maker_node(&maker, "y", "MatMul", "flat w");
        maker_bool(&maker, "transpose_b", transposed);
        gives(&maker, &x, "y", &y);
        maker_free(&maker);
    }
}

/* ---- pieces ---- */

static void splits_strided_slices_and_concats_are_read(void **state)
{
    struct maker maker;
    struct picture x, y = {.shape = SHAPE(1, 2, 4, 4)};

    (void)state;
    begin(&maker, &x, SHAPE(1, 4, 4, 6));
    maker_number(&maker, "axis", 3);
    maker_node(&maker, "s", "Split", "axis x");
    maker_int(&maker, "num_split", 3);
    maker_node(&maker, "c", "ConcatV2", "s:2 s axis");
    INTS(&maker, "b", 0, 1);
    INTS(&maker, "e", 0, 3);
    INTS(&maker, "t", 1, 1);
    maker_node(&maker, "y", "StridedSlice", "c b e t");
    maker_int(&maker, "begin_mask", 1);
    maker_int(&maker, "end_mask", 1);
    for (size_t i = 0; i < 32; i++)
        y.values[i] = x.values[24 + i / 4 * 6 + (i % 4 < 2 ? 4 + i % 4 : i % 4 - 2)];
    gives(&maker, &x, "y", &y);
    maker_free(&maker);
}

static void padding_before_a_valid_window_is_read(void **state)
{
    struct maker maker;
    struct picture x, filter, y;
    struct sliding s = {2, 1, 1, 1};
    struct wire_message tensor;

    (void)state;
    begin(&maker, &x, SHAPE(1, 6, 6, 3));
    filter = draw(SHAPE(3, 3, 3, 2), 9, -1, 1);
    constant(&maker, "w", &filter);
    maker_begin_tensor(&tensor, TF_TYPE_INT32, &SHAPE(4, 2));
    wire_put_ints(&tensor, TF_TENSOR_INT, (int64_t[]){0, 0, 1, 1, 1, 1, 0, 0}, 8);
    maker_node(&maker, "pads", "Const", "");
    maker_tensor(&maker, "value", &tensor);
    maker_node(&maker, "p", "Pad", "x pads");
    maker_node(&maker, "y", "Conv2D", "p w");
    window(&maker, 2, "VALID");
    y = convolve(&x, &filter, &s, false);
    gives(&maker, &x, "y", &y);
    maker_free(&maker);
}

/* ---- what is left of training ---- */

/* Dropout as TensorFlow 1 spells it, keep_prob fed, behind a conditional batch norm's Switch. */
static void switched_off_training_leaves_no_trace(void **state)
{
    struct maker maker;
    struct picture x, y;
    struct wire_message tensor;

    (void)state;
    begin(&maker, &x, SHAPE(1, 3, 3, 2));
    maker_node(&maker, "keep_prob", "Placeholder", "");
    maker_type(&maker, "dtype", TF_TYPE_FLOAT);
    maker_node(&maker, "phase_train", "Placeholder", "");
    maker_type(&maker, "dtype", TF_TYPE_BOOL);
    maker_node(&maker, "cond/Switch", "Switch", "x phase_train");
    maker_node(&maker, "cond/odd", "SomethingUnknown", "cond/Switch:1");
    maker_node(&maker, "cond/even", "Relu", "cond/Switch");
    maker_node(&maker, "cond/Merge", "Merge", "cond/even cond/odd");
    maker_node(&maker, "d/Shape", "Shape", "cond/Merge");
    maker_node(&maker, "d/RandomUniform", "RandomUniform", "d/Shape");
    maker_node(&maker, "d/add", "Add", "keep_prob d/RandomUniform");
    maker_node(&maker, "d/Floor", "Floor", "d/add");
    maker_node(&maker, "d/div", "RealDiv", "cond/Merge keep_prob");
    maker_node(&maker, "d/mul", "Mul", "d/div d/Floor");
    maker_begin_tensor(&tensor, TF_TYPE_STRING, &SHAPE(1));
    maker_node(&maker, "tag", "Const", "");
    maker_tensor(&maker, "value", &tensor);
    maker_node(&maker, "summary", "HistogramSummary", "tag d/mul");
    y = x;
    for (size_t i = 0; i < 18; i++)
        y.values[i] = fmaxf(x.values[i], 0);
    gives(&maker, &x, "d/mul", &y);
    maker_free(&maker);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_puts_the_odd_row_behind),
        cmocka_unit_test(explicit_padding_and_dilation_are_read),
        cmocka_unit_test(channels_may_stand_in_front),
        cmocka_unit_test(a_depthwise_multiplier_counts_within_the_channel),
        cmocka_unit_test(dilation_by_batches_is_one_convolution),
        cmocka_unit_test(a_transposed_convolution_takes_its_size_from_a_folded_shape),
        cmocka_unit_test(pooling_leaves_padding_out),
        cmocka_unit_test(batch_norm_is_read_fused_and_spelled_out),
        cmocka_unit_test(lrn_has_its_alpha_before_the_sum),
        cmocka_unit_test(functions_of_one_number_are_read),
        cmocka_unit_test(functions_with_a_constant_are_read),
        cmocka_unit_test(a_slim_head_gives_probabilities),
        cmocka_unit_test(a_product_behind_a_reshape_counts_rows_columns_channels),
        cmocka_unit_test(splits_strided_slices_and_concats_are_read),
        cmocka_unit_test(padding_before_a_valid_window_is_read),
        cmocka_unit_test(switched_off_training_leaves_no_trace),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
