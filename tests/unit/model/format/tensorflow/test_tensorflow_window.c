/* Convolutions and pooling of frozen graphs, held against naive computations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <string.h>

#include <cmocka.h>

#include "model/shape.h"
#include "tests/lib/graphdef_fixture.h"

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

static void same_puts_the_odd_row_behind(void **state)
{
    static const struct {
        int64_t rows, kernel, stride, pad, pad_end;
    } cases[] = {
        {6, 3, 2, 0, 1}, {7, 3, 2, 1, 1}, {5, 2, 1, 0, 1}, {8, 5, 3, 1, 2}, {5, 1, 2, 0, 0}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct draft draft;
        struct picture x, filter, y;
        struct sliding s = {cases[i].stride, 1, cases[i].pad, cases[i].pad_end};
        picture_begin(&draft, &x, SHAPE(1, cases[i].rows, cases[i].rows, 3));
        filter = picture_draw(SHAPE(cases[i].kernel, cases[i].kernel, 3, 4), 9, -1, 1);
        picture_constant(&draft, "w", &filter);
        draft_node(&draft, "y", "Conv2D", "x w");
        picture_window(&draft, cases[i].stride, "SAME");
        y = convolve(&x, &filter, &s, false);
        picture_gives(&draft, &x, "y", &y);
        draft_free(&draft);
    }
}

static void explicit_padding_and_dilation_are_read(void **state)
{
    struct draft draft;
    struct picture x, filter, y;
    struct sliding s = {1, 2, 2, 1};

    (void)state;
    picture_begin(&draft, &x, SHAPE(1, 7, 7, 2));
    filter = picture_draw(SHAPE(3, 3, 2, 3), 9, -1, 1);
    picture_constant(&draft, "w", &filter);
    draft_node(&draft, "y", "Conv2D", "x w");
    picture_window(&draft, 1, "EXPLICIT");
    LIST(&draft, "explicit_paddings", 0, 0, 2, 1, 2, 1, 0, 0);
    LIST(&draft, "dilations", 1, 2, 2, 1);
    y = convolve(&x, &filter, &s, false);
    picture_gives(&draft, &x, "y", &y);
    draft_free(&draft);
}

static void channels_may_stand_in_front(void **state)
{
    struct draft draft;
    struct picture x = picture_draw(SHAPE(1, 6, 5, 3), 7, -1, 1),
                   turned = {.shape = SHAPE(1, 3, 6, 5)};
    struct picture filter = picture_draw(SHAPE(3, 3, 3, 4), 9, -1, 1),
                   bias = picture_draw(SHAPE(4), 11, -1, 1), y, z;
    struct sliding s = {2, 1, 0, 0};

    (void)state;
    for (size_t i = 0; i < 90; i++)
        turned.values[i % 3 * 30 + i / 3] = x.values[i];
    draft_init(&draft);
    draft_input(&draft, "x", &turned.shape);
    picture_constant(&draft, "w", &filter);
    picture_constant(&draft, "b", &bias);
    draft_node(&draft, "c", "Conv2D", "x w");
    LIST(&draft, "strides", 1, 1, 2, 2);
    draft_text(&draft, "padding", "VALID");
    draft_text(&draft, "data_format", "NCHW");
    draft_node(&draft, "y", "BiasAdd", "c b");
    draft_text(&draft, "data_format", "NCHW");
    y = convolve(&x, &filter, &s, false);
    size_t plane = (size_t)(y.shape.dim[1] * y.shape.dim[2]);
    z = (struct picture){.shape = SHAPE(1, 4, y.shape.dim[1], y.shape.dim[2])};
    for (size_t i = 0; i < plane * 4; i++)
        z.values[i % 4 * plane + i / 4] = y.values[i] + bias.values[i % 4];
    picture_gives(&draft, &turned, "y", &z);
    draft_free(&draft);
}

/* As TensorFlow's own ResNets for GPUs: pictures come as N,H,W,C, and the graph turns them. */
static void pictures_that_the_graph_turns_stay_as_they_come(void **state)
{
    struct draft draft;
    struct picture x = picture_draw(SHAPE(1, 6, 5, 3), 7, -1, 1);
    struct picture filter = picture_draw(SHAPE(3, 3, 3, 4), 9, -1, 1), y, z;
    struct sliding s = {2, 1, 0, 0};
    struct graph *graph;
    struct error error = {""};

    (void)state;
    draft_init(&draft);
    draft_input(&draft, "x", &x.shape);
    picture_constant(&draft, "w", &filter);
    INTS(&draft, "forward", 0, 3, 1, 2);
    INTS(&draft, "plane", 2, 3);
    draft_node(&draft, "i", "Identity", "x");
    draft_node(&draft, "t", "Transpose", "i forward");
    draft_node(&draft, "c", "Conv2D", "t w");
    LIST(&draft, "strides", 1, 1, 2, 2);
    draft_text(&draft, "padding", "VALID");
    draft_text(&draft, "data_format", "NCHW");
    draft_node(&draft, "y", "Mean", "c plane");
    y = convolve(&x, &filter, &s, false);
    size_t plane = (size_t)(y.shape.dim[1] * y.shape.dim[2]);
    z = (struct picture){.shape = SHAPE(1, 4)};
    for (size_t i = 0; i < plane * 4; i++)
        z.values[i % 4] += y.values[i] / (float)plane;
    picture_gives(&draft, &x, "y", &z);
    struct buf bytes = draft_bytes(&draft);
    if (draft_load_bytes(&bytes, NULL, &graph, &error))
        fail_msg("%s", error.text);
    assert_int_equal(graph->values[graph->inputs[0]].shape.dim[1], 3);
    for (size_t i = 0; i < graph->node_count; i++)
        assert_int_not_equal(graph->nodes[i].op->kind, OPERATOR_PERMUTE);
    graph_free(graph);
    draft_free(&draft);
}

static void a_depthwise_multiplier_counts_within_the_channel(void **state)
{
    struct draft draft;
    struct picture x, filter, y;
    struct sliding s = {2, 1, 1, 1};

    (void)state;
    picture_begin(&draft, &x, SHAPE(1, 7, 7, 3));
    filter = picture_draw(SHAPE(3, 3, 3, 2), 9, -1, 1);
    picture_constant(&draft, "w", &filter);
    draft_node(&draft, "y", "DepthwiseConv2dNative", "x w");
    picture_window(&draft, 2, "SAME");
    y = convolve(&x, &filter, &s, true);
    picture_gives(&draft, &x, "y", &y);
    draft_free(&draft);
}

/* The paddings and crops of tf.nn.convolution for SAME with rate 2 over 7 rows. */
static void dilation_by_batches_is_one_convolution(void **state)
{
    for (int64_t extra = 0; extra < 2; extra++) {
        struct draft draft;
        struct picture x, filter, bias, y;
        struct sliding s = {1, 2, 2, 2};
        picture_begin(&draft, &x, SHAPE(1, 7 + extra, 7 + extra, 2));
        filter = picture_draw(SHAPE(3, 3, 2, 3), 9, -1, 1);
        bias = picture_draw(SHAPE(3), 11, -1, 1);
        picture_constant(&draft, "w", &filter);
        picture_constant(&draft, "b", &bias);
        INTS(&draft, "block", 2, 2);
        struct wire_message tensor;
        for (int i = 0; i < 2; i++) {
            int64_t pads[2][4] = {{2, 3 - extra, 2, 3 - extra}, {0, 1 - extra, 0, 1 - extra}};
            draft_begin_tensor(&tensor, TF_TYPE_INT32, &SHAPE(2, 2));
            wire_put_ints(&tensor, TF_TENSOR_INT, pads[i], 4);
            draft_node(&draft, i ? "crops" : "pads", "Const", "");
            draft_tensor(&draft, "value", &tensor);
        }
        draft_node(&draft, "s", "SpaceToBatchND", "x block pads");
        draft_node(&draft, "c", "Conv2D", "s w");
        picture_window(&draft, 1, "VALID");
        draft_node(&draft, "b2", "BiasAdd", "c b");
        draft_node(&draft, "y", "BatchToSpaceND", "b2 block crops");
        y = convolve(&x, &filter, &s, false);
        for (size_t i = 0; i < shape_product(&y.shape, 0, 4); i++)
            y.values[i] += bias.values[i % 3];
        picture_gives(&draft, &x, "y", &y);
        draft_free(&draft);
    }
    (void)state;
}

/* The gradient of a convolution: each pixel spreads its filter. */
static void a_transposed_convolution_takes_its_size_from_a_folded_shape(void **state)
{
    struct draft draft;
    struct picture x, filter, y = {.shape = SHAPE(1, 8, 8, 2)};
    static const int64_t begins[] = {1};

    (void)state;
    picture_begin(&draft, &x, SHAPE(1, 4, 4, 3));
    filter = picture_draw(SHAPE(3, 3, 2, 3), 9, -1, 1); /* H,W,O,I */
    picture_constant(&draft, "w", &filter);
    draft_node(&draft, "shape", "Shape", "x");
    INTS(&draft, "one", begins[0]);
    INTS(&draft, "two", 2);
    draft_node(&draft, "rows", "StridedSlice", "shape one two one");
    draft_int(&draft, "shrink_axis_mask", 1);
    draft_number(&draft, "factor", 2);
    draft_number(&draft, "batch", 1);
    draft_node(&draft, "size", "Mul", "rows factor");
    draft_node(&draft, "sizes", "Pack", "batch size size factor");
    draft_node(&draft, "y", "Conv2DBackpropInput", "sizes w x");
    picture_window(&draft, 2, "SAME");
    for (int64_t i = 0; i < 16 * 9; i++) { /* pad: 1 row in all, behind */
        int64_t row = i / 9 / 4 * 2 + i % 9 / 3, column = i / 9 % 4 * 2 + i % 3;
        for (int64_t o = 0; o < 2 && row < 8 && column < 8; o++)
            for (int64_t c = 0; c < 3; c++)
                y.values[(row * 8 + column) * 2 + o] +=
                    x.values[i / 9 * 3 + c] * filter.values[(i % 9 * 2 + o) * 3 + c];
    }
    picture_gives(&draft, &x, "y", &y);
    draft_free(&draft);
}

/* ---- pooling, normalization ---- */

static void pooling_leaves_padding_out(void **state)
{
    (void)state;
    for (int average = 0; average < 2; average++) {
        struct draft draft;
        struct picture x, y;
        struct sliding s = {2, 1, 0, 1};
        picture_begin(&draft, &x, SHAPE(1, 6, 6, 3));
        draft_node(&draft, "y", average ? "AvgPool" : "MaxPool", "x");
        LIST(&draft, "ksize", 1, 3, 3, 1);
        picture_window(&draft, 2, "SAME");
        y = pool(&x, 3, &s, average);
        picture_gives(&draft, &x, "y", &y);
        draft_free(&draft);
    }
}

static void padding_before_a_valid_window_is_read(void **state)
{
    struct draft draft;
    struct picture x, filter, y;
    struct sliding s = {2, 1, 1, 1};
    struct wire_message tensor;

    (void)state;
    picture_begin(&draft, &x, SHAPE(1, 6, 6, 3));
    filter = picture_draw(SHAPE(3, 3, 3, 2), 9, -1, 1);
    picture_constant(&draft, "w", &filter);
    draft_begin_tensor(&tensor, TF_TYPE_INT32, &SHAPE(4, 2));
    wire_put_ints(&tensor, TF_TENSOR_INT, (int64_t[]){0, 0, 1, 1, 1, 1, 0, 0}, 8);
    draft_node(&draft, "pads", "Const", "");
    draft_tensor(&draft, "value", &tensor);
    draft_node(&draft, "p", "Pad", "x pads");
    draft_node(&draft, "y", "Conv2D", "p w");
    picture_window(&draft, 2, "VALID");
    y = convolve(&x, &filter, &s, false);
    picture_gives(&draft, &x, "y", &y);
    draft_free(&draft);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_puts_the_odd_row_behind),
        cmocka_unit_test(explicit_padding_and_dilation_are_read),
        cmocka_unit_test(channels_may_stand_in_front),
        cmocka_unit_test(pictures_that_the_graph_turns_stay_as_they_come),
        cmocka_unit_test(a_depthwise_multiplier_counts_within_the_channel),
        cmocka_unit_test(dilation_by_batches_is_one_convolution),
        cmocka_unit_test(a_transposed_convolution_takes_its_size_from_a_folded_shape),
        cmocka_unit_test(pooling_leaves_padding_out),
        cmocka_unit_test(padding_before_a_valid_window_is_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
