/* ONNX nodes of layers that look along an axis: norms, reductions, the largest. */
#include "model/format/onnx/onnx_put.h"
#include "model/shape.h"

void onnx_put_softmax(struct onnx_put *put)
{
    const struct softmax_parameters *p = &put->node->parameters.softmax;

    onnx_step(put, p->logarithm ? "LogSoftmax" : "Softmax", onnx_input(put, 0), NULL, NULL);
    onnx_put_int(put, "axis", onnx_axis(put, p->axis));
    onnx_finish(put);
}

/* ---- the largest ---- */

/* Among equals Caffe takes the last (argmax_layer.cpp sorts pairs of value and index downwards) and
 * TopK the first: so it looks at the axis from behind. */
static const char *step_top(struct onnx_put *put, const char *value, unsigned axis, int64_t extent,
                            bool indices)
{
    const struct arg_max_parameters *p = &put->node->parameters.arg_max;
    int64_t start = -1, end = INT32_MIN, at = axis, step = -1;
    const char *inputs[] = {value, onnx_int_list(put, "start", &start, 1),
                            onnx_int_list(put, "end", &end, 1), onnx_int_list(put, "axis", &at, 1),
                            onnx_int_list(put, "step", &step, 1)};
    const char *at_index;

    value = onnx_step_list(put, "Slice", inputs, 5);
    value = onnx_step(put, "TopK", value, onnx_int_list(put, "k", &p->top_k, 1), NULL);
    onnx_put_int(put, "axis", axis);
    at_index = onnx_second_output(put, "Indices");
    if (!indices)
        return value;
    value = onnx_cast_to_float(put, at_index);
    return onnx_step(put, "Sub", onnx_scalar(put, "last", (float)(extent - 1)), value, NULL);
}

static const char *step_values(struct onnx_put *put, const char *value, unsigned axis,
                               int64_t extent)
{
    int64_t at = axis;

    if (put->node->parameters.arg_max.top_k != 1)
        return step_top(put, value, axis, extent, false);
    value = onnx_step(put, "ReduceMax", value, NULL, NULL);
    onnx_put_ints(put, "axes", &at, 1);
    return value;
}

static const char *step_indices(struct onnx_put *put, const char *value, unsigned axis,
                                int64_t extent)
{
    if (put->node->parameters.arg_max.top_k != 1)
        return step_top(put, value, axis, extent, true);
    value = onnx_step(put, "ArgMax", value, NULL, NULL);
    onnx_put_int(put, "axis", axis);
    onnx_put_int(put, "select_last_index", 1);
    return onnx_cast_to_float(put, value);
}

/* Without an axis, the numbers of an image are one row; the result is (N, 1 or 2, k), with ones
 * behind it up to as many axes as the input has. */
static void put_flat_arg_max(struct onnx_put *put)
{
    const struct shape *in = onnx_input_shape(put, 0), *out = onnx_output_shape(put, 0);
    int64_t row[3] = {0, 1, -1}, extent = (int64_t)shape_product(in, 1, in->dims);
    int64_t shape[SHAPE_MAX_DIMS] = {0};
    const char *value, *parts[2];

    value = onnx_step(put, "Reshape", onnx_input(put, 0), onnx_int_list(put, "row", row, 3), NULL);
    parts[0] = step_indices(put, value, 2, extent);
    if (put->node->parameters.arg_max.out_max_val) {
        parts[1] = step_values(put, value, 2, extent);
        parts[0] = onnx_step_list(put, "Concat", parts, 2);
        onnx_put_int(put, "axis", 1);
    }
    for (unsigned i = 1; i < out->dims; i++)
        shape[i] = out->dim[i];
    if (out->dims != 3)
        onnx_step(put, "Reshape", parts[0], onnx_int_list(put, "shape", shape, out->dims), NULL);
    onnx_finish(put);
}

void onnx_put_arg_max(struct onnx_put *put)
{
    const struct arg_max_parameters *p = &put->node->parameters.arg_max;
    unsigned axis = onnx_axis(put, p->axis);
    int64_t extent;

    if (!p->has_axis) {
        put_flat_arg_max(put);
        return;
    }
    extent = onnx_input_shape(put, 0)->dim[axis];
    if (p->out_max_val)
        step_values(put, onnx_input(put, 0), axis, extent);
    else
        step_indices(put, onnx_input(put, 0), axis, extent);
    onnx_finish(put);
}

/* ---- reductions ---- */

static size_t axes_from(unsigned begin, unsigned end, int64_t axes[SHAPE_MAX_DIMS])
{
    for (unsigned i = begin; i < end; i++)
        axes[i - begin] = i;
    return end - begin;
}

/* Of opset 13, ReduceSum alone takes its axes as an input. */
static const char *step_reduce(struct onnx_put *put, const char *type, bool axes_input,
                               const char *value, const int64_t *axes, size_t count, bool keep)
{
    if (axes_input)
        value = onnx_step(put, type, value, onnx_int_list(put, "axes", axes, count), NULL);
    else
        value = onnx_step(put, type, value, NULL, NULL);
    if (!axes_input)
        onnx_put_ints(put, "axes", axes, count);
    onnx_put_int(put, "keepdims", keep);
    return value;
}

void onnx_put_reduction(struct onnx_put *put)
{
    static const char *const types[] = {[REDUCTION_SUM] = "ReduceSum",
                                        [REDUCTION_ASUM] = "ReduceL1",
                                        [REDUCTION_SUMSQ] = "ReduceSumSquare",
                                        [REDUCTION_MEAN] = "ReduceMean"};
    const struct reduction_parameters *p = &put->node->parameters.reduction;
    int64_t axes[SHAPE_MAX_DIMS];
    size_t count = axes_from(onnx_axis(put, p->axis), onnx_input_shape(put, 0)->dims, axes);
    const char *value = step_reduce(put, types[p->operation], p->operation == REDUCTION_SUM,
                                    onnx_input(put, 0), axes, count, false);

    if (p->coefficient != 1)
        onnx_step(put, "Mul", value, onnx_scalar(put, "coefficient", p->coefficient), NULL);
    onnx_finish(put);
}

/* ---- norms ---- */

/* x minus its mean over the axes. */
static const char *step_center(struct onnx_put *put, const char *value, const int64_t *axes,
                               size_t count)
{
    const char *mean = step_reduce(put, "ReduceMean", false, value, axes, count, true);

    return onnx_step(put, "Sub", value, mean, NULL);
}

static const char *step_mean_square(struct onnx_put *put, const char *value, const int64_t *axes,
                                    size_t count)
{
    value = onnx_step(put, "Mul", value, value, NULL);
    return step_reduce(put, "ReduceMean", false, value, axes, count, true);
}

/* mvn_layer.cpp adds epsilon to the deviation, not to the variance. */
void onnx_put_mvn(struct onnx_put *put)
{
    const struct mvn_parameters *p = &put->node->parameters.mvn;
    int64_t axes[SHAPE_MAX_DIMS];
    unsigned dims = onnx_input_shape(put, 0)->dims;
    size_t count = axes_from(p->across_channels ? 1 : 2, dims, axes);
    const char *value, *deviation;

    if (dims < 3) {
        onnx_refuse(put, LIMIT_ONNX_MVN_PLANE);
        return;
    }
    value = step_center(put, onnx_input(put, 0), axes, count);
    if (p->normalize_variance) {
        deviation = step_mean_square(put, value, axes, count);
        deviation = onnx_step(put, "Sqrt", deviation, NULL, NULL);
        deviation = onnx_step(put, "Add", deviation, onnx_scalar(put, "epsilon", p->epsilon), NULL);
        onnx_step(put, "Div", value, deviation, NULL);
    }
    onnx_finish(put);
}

/* A factor per channel or one for all, in front of the axes behind the channels. */
static const char *put_channel_weight(struct onnx_put *put, const char *word,
                                      const struct weight *weight)
{
    struct weight turned = *weight;
    struct shape shape = {.dims = 1, .dim = {(int64_t)weight->count}};

    for (unsigned i = 2; i < onnx_input_shape(put, 0)->dims; i++)
        shape.dim[shape.dims++] = 1;
    weight_reshape(&turned, &shape);
    return onnx_weight(put, word, &turned);
}

/* normalize_layer.cpp of SSD: x / sqrt(sum of squares + epsilon) * factor */
void onnx_put_normalize(struct onnx_put *put)
{
    const struct normalize_parameters *p = &put->node->parameters.normalize;
    int64_t axes[SHAPE_MAX_DIMS];
    unsigned dims = onnx_input_shape(put, 0)->dims;
    size_t count = axes_from(1, p->across_spatial ? dims : 2, axes);
    const char *x = onnx_input(put, 0), *norm;

    norm = step_reduce(put, "ReduceSumSquare", false, x, axes, count, true);
    norm = onnx_step(put, "Add", norm, onnx_scalar(put, "epsilon", p->epsilon), NULL);
    norm = onnx_step(put, "Sqrt", norm, NULL, NULL);
    x = onnx_step(put, "Div", x, norm, NULL);
    onnx_step(put, "Mul", x, put_channel_weight(put, "scale", &put->node->weights[0]), NULL);
    onnx_finish(put);
}

/* ---- batch normalization ---- */

static const char *put_floats(struct onnx_put *put, const char *word, const float *floats,
                              int64_t count)
{
    struct shape shape = {.dims = 1, .dim = {count}};
    struct weight weight = weight_make(&shape, floats);

    return onnx_weight(put, word, &weight);
}

static const char *put_constant(struct onnx_put *put, const char *word, size_t count, float number)
{
    float *floats = onnx_floats(put, count);

    if (!floats)
        return "";
    for (size_t i = 0; i < count; i++)
        floats[i] = number;
    return put_floats(put, word, floats, (int64_t)count);
}

/* batch_norm_layer.cpp: the file holds sums, to be divided by the third blob; 0 stands for 0. */
static const char *put_statistic(struct onnx_put *put, const char *word, uint32_t index)
{
    const struct weight *weight = &put->node->weights[index];
    float factor = weight_at(&put->node->weights[2], 0);
    float *floats;

    if (factor == 1)
        return onnx_weight(put, word, weight);
    floats = onnx_floats(put, weight->count);
    if (!floats)
        return "";
    weight_copy(weight, floats);
    for (size_t i = 0; i < weight->count; i++)
        floats[i] = factor == 0 ? 0 : floats[i] * (1 / factor);
    return put_floats(put, word, floats, (int64_t)weight->count);
}

/* The Scale that reads nothing but this layer and whose factor is one number per channel, if the
 * value between has no name that anybody could ask for. */
static const struct node *find_scale(const struct onnx_put *put)
{
    const struct onnx_writer *writer = put->writer;
    uint32_t value = put->node->outputs[0];
    const struct node *node;

    if (writer->reader[value] < 0 || writer->top[value])
        return NULL;
    node = &writer->graph->nodes[writer->reader[value]];
    if (node->op->kind != OPERATOR_SCALE || node->input_count != 1 ||
        onnx_axis(put, node->parameters.scale.axis) != 1 || node->weights[0].shape.dims != 1)
        return NULL;
    return node;
}

/* use_global_stats: false; mean and variance are those of the batch. */
static void put_batch_statistics(struct onnx_put *put, float epsilon)
{
    const char *value, *deviation;
    int64_t axes[SHAPE_MAX_DIMS];
    size_t count = axes_from(1, onnx_input_shape(put, 0)->dims, axes);

    axes[0] = 0; /* all but the channels */
    value = step_center(put, onnx_input(put, 0), axes, count);
    deviation = step_mean_square(put, value, axes, count);
    deviation = onnx_step(put, "Add", deviation, onnx_scalar(put, "epsilon", epsilon), NULL);
    deviation = onnx_step(put, "Sqrt", deviation, NULL, NULL);
    onnx_step(put, "Div", value, deviation, NULL);
    onnx_finish(put);
}

void onnx_put_batch_norm(struct onnx_put *put)
{
    const struct batch_norm_parameters *p = &put->node->parameters.batch_norm;
    const struct weight *weights = put->node->weights;
    const struct node *scale = NULL;
    const char *inputs[5];

    if (onnx_input_shape(put, 0)->dims < 2) {
        onnx_refuse(put, LIMIT_ONNX_BATCH_NORM_CHANNELS);
        return;
    }
    if (p->batch_statistics) {
        put_batch_statistics(put, p->epsilon);
        return;
    }
    scale = find_scale(put);
    if (scale)
        onnx_take_in(put, scale);
    inputs[0] = onnx_input(put, 0);
    inputs[1] = scale ? onnx_weight(put, "scale", &scale->weights[0])
                      : put_constant(put, "scale", weights[0].count, 1);
    inputs[2] = scale && scale->parameters.scale.bias
                    ? onnx_weight(put, "bias", &scale->weights[1])
                    : put_constant(put, "bias", weights[0].count, 0);
    inputs[3] = put_statistic(put, "mean", 0);
    inputs[4] = put_statistic(put, "variance", 1);
    onnx_step_list(put, "BatchNormalization", inputs, 5);
    onnx_put_float(put, "epsilon", p->epsilon);
    onnx_finish(put);
}
