/* ONNX nodes of layers that look at one element at a time. */
#include <math.h>

#include "model/format/onnx/onnx_put.h"
#include "model/shape.h"

/* The step is left out where it would change nothing. */
static const char *step_multiply(struct onnx_put *put, const char *value, const char *word,
                                 float factor)
{
    return factor == 1 ? value : onnx_step(put, "Mul", value, onnx_scalar(put, word, factor), NULL);
}

static const char *step_add(struct onnx_put *put, const char *value, const char *word, float term)
{
    return term == 0 ? value : onnx_step(put, "Add", value, onnx_scalar(put, word, term), NULL);
}

static void put_unary(struct onnx_put *put, const char *type)
{
    onnx_step(put, type, onnx_input(put, 0), NULL, NULL);
    onnx_finish(put);
}

void onnx_put_relu(struct onnx_put *put)
{
    float slope = put->node->parameters.relu.negative_slope;

    onnx_step(put, slope == 0 ? "Relu" : "LeakyRelu", onnx_input(put, 0), NULL, NULL);
    if (slope != 0)
        onnx_put_float(put, "alpha", slope);
    onnx_finish(put);
}

/* The slopes are broadcast from the right: (C, 1, 1). */
void onnx_put_prelu(struct onnx_put *put)
{
    const struct shape *in = onnx_input_shape(put, 0);
    struct weight slopes = put->node->weights[0];
    struct shape shape = {.dims = 1, .dim = {(int64_t)slopes.count}};

    if (!put->node->parameters.prelu.channel_shared) {
        for (unsigned i = 2; i < in->dims; i++)
            shape.dim[shape.dims++] = 1;
    }
    weight_reshape(&slopes, &shape);
    onnx_step(put, "PRelu", onnx_input(put, 0), onnx_weight(put, "slope", &slopes), NULL);
    onnx_finish(put);
}

void onnx_put_elu(struct onnx_put *put)
{
    onnx_step(put, "Elu", onnx_input(put, 0), NULL, NULL);
    onnx_put_float(put, "alpha", put->node->parameters.elu.alpha);
    onnx_finish(put);
}

void onnx_put_sigmoid(struct onnx_put *put)
{
    put_unary(put, "Sigmoid");
}

void onnx_put_tanh(struct onnx_put *put)
{
    put_unary(put, "Tanh");
}

void onnx_put_abs_val(struct onnx_put *put)
{
    put_unary(put, "Abs");
}

/* log(1 + exp(x)) */
void onnx_put_bnll(struct onnx_put *put)
{
    put_unary(put, "Softplus");
}

void onnx_put_power(struct onnx_put *put)
{
    const struct power_parameters *p = &put->node->parameters.power;
    const char *value = onnx_input(put, 0);

    value = step_multiply(put, value, "scale", p->scale);
    value = step_add(put, value, "shift", p->shift);
    if (p->power != 1)
        onnx_step(put, "Pow", value, onnx_scalar(put, "power", p->power), NULL);
    onnx_finish(put);
}

/* exp_layer.cpp: base ^ shift * exp(log(base) * scale * x) */
void onnx_put_exp(struct onnx_put *put)
{
    const struct exponent_parameters *p = &put->node->parameters.exp;
    float log_base = p->base == -1 ? 1 : logf(p->base);
    float outer = p->base == -1 ? expf(p->shift) : powf(p->base, p->shift);
    const char *value = step_multiply(put, onnx_input(put, 0), "scale", log_base * p->scale);

    value = onnx_step(put, "Exp", value, NULL, NULL);
    if (p->shift != 0)
        step_multiply(put, value, "factor", outer);
    onnx_finish(put);
}

/* log_layer.cpp: log(scale * x + shift) / log(base) */
void onnx_put_log(struct onnx_put *put)
{
    const struct exponent_parameters *p = &put->node->parameters.log;
    const char *value = step_multiply(put, onnx_input(put, 0), "scale", p->scale);

    value = step_add(put, value, "shift", p->shift);
    value = onnx_step(put, "Log", value, NULL, NULL);
    if (p->base != -1)
        step_multiply(put, value, "factor", 1 / logf(p->base));
    onnx_finish(put);
}

void onnx_put_threshold(struct onnx_put *put)
{
    const char *limit = onnx_scalar(put, "threshold", put->node->parameters.threshold.threshold);
    const char *above = onnx_step(put, "Greater", onnx_input(put, 0), limit, NULL);

    onnx_cast_to_float(put, above);
    onnx_finish(put);
}

void onnx_put_clip(struct onnx_put *put)
{
    const struct clip_parameters *p = &put->node->parameters.clip;
    const char *low = isinf(p->low) ? "" : onnx_scalar(put, "low", p->low);
    const char *high = isinf(p->high) ? NULL : onnx_scalar(put, "high", p->high);

    onnx_step(put, "Clip", onnx_input(put, 0), *low || high ? low : NULL, high);
    onnx_finish(put);
}

void onnx_put_swish(struct onnx_put *put)
{
    const char *x = onnx_input(put, 0);
    const char *value = step_multiply(put, x, "beta", put->node->parameters.swish.beta);

    value = onnx_step(put, "Sigmoid", value, NULL, NULL);
    onnx_step(put, "Mul", x, value, NULL);
    onnx_finish(put);
}

void onnx_put_dropout(struct onnx_put *put)
{
    const char *ratio = onnx_scalar(put, "ratio", put->node->parameters.dropout.ratio);

    onnx_step(put, "Dropout", onnx_input(put, 0), ratio, NULL);
    onnx_finish(put);
}

/* ---- factors and terms that are broadcast ---- */

/* A learned weight whose axes begin at `axis` of the input: ones stand behind them. */
static const char *put_slice_weight(struct onnx_put *put, const char *word, unsigned index,
                                    unsigned axis)
{
    struct weight weight = put->node->weights[index];
    struct shape shape = weight.shape;

    while (shape.dims < onnx_input_shape(put, 0)->dims - axis)
        shape.dim[shape.dims++] = 1;
    weight_reshape(&weight, &shape);
    return onnx_weight(put, word, &weight);
}

/* The second input, with ones behind its axes. */
static const char *step_slice_input(struct onnx_put *put, unsigned axis)
{
    unsigned dims = onnx_input_shape(put, 1)->dims;
    unsigned wanted = onnx_input_shape(put, 0)->dims - axis;
    int64_t shape[SHAPE_MAX_DIMS] = {0}; /* 0: as it is */

    if (dims == wanted)
        return onnx_input(put, 1);
    for (unsigned i = dims; i < wanted; i++)
        shape[i] = 1;
    return onnx_step(put, "Reshape", onnx_input(put, 1), onnx_int_list(put, "shape", shape, wanted),
                     NULL);
}

void onnx_put_scale(struct onnx_put *put)
{
    const struct scale_parameters *p = &put->node->parameters.scale;
    bool learned = put->node->input_count == 1;
    unsigned axis = onnx_axis(put, p->axis);
    const char *factor =
        learned ? put_slice_weight(put, "scale", 0, axis) : step_slice_input(put, axis);
    const char *value = onnx_step(put, "Mul", onnx_input(put, 0), factor, NULL);

    if (p->bias)
        onnx_step(put, "Add", value, put_slice_weight(put, "bias", learned ? 1 : 0, axis), NULL);
    onnx_finish(put);
}

void onnx_put_bias(struct onnx_put *put)
{
    bool learned = put->node->input_count == 1;
    unsigned axis = onnx_axis(put, put->node->parameters.bias.axis);
    const char *term =
        learned ? put_slice_weight(put, "bias", 0, axis) : step_slice_input(put, axis);

    onnx_step(put, "Add", onnx_input(put, 0), term, NULL);
    onnx_finish(put);
}

/* ---- several inputs ---- */

static void put_product(struct onnx_put *put)
{
    const char *value = onnx_input(put, 0);

    for (uint32_t i = 1; i < put->node->input_count; i++)
        value = onnx_step(put, "Mul", value, onnx_input(put, i), NULL);
    onnx_finish(put);
}

static void put_sum(struct onnx_put *put, const float *coefficients)
{
    uint32_t count = put->node->input_count;
    const char **inputs = arena_alloc(&put->writer->arena, count, sizeof *inputs);

    if (!inputs) {
        onnx_no_memory(put);
        return;
    }
    for (uint32_t i = 0; i < count; i++)
        inputs[i] = onnx_input(put, i);
    if (count == 2 && coefficients && coefficients[0] == 1 && coefficients[1] == -1) {
        onnx_step_list(put, "Sub", inputs, 2);
    } else {
        for (uint32_t i = 0; i < count && coefficients; i++)
            inputs[i] = step_multiply(put, inputs[i], "coefficient", coefficients[i]);
        onnx_step_list(put, count == 2 ? "Add" : "Sum", inputs, count);
    }
    onnx_finish(put);
}

static void put_maximum(struct onnx_put *put)
{
    uint32_t count = put->node->input_count;
    const char **inputs = arena_alloc(&put->writer->arena, count, sizeof *inputs);

    if (!inputs) {
        onnx_no_memory(put);
        return;
    }
    for (uint32_t i = 0; i < count; i++)
        inputs[i] = onnx_input(put, i);
    onnx_step_list(put, "Max", inputs, count);
    onnx_finish(put);
}

void onnx_put_eltwise(struct onnx_put *put)
{
    const struct eltwise_parameters *p = &put->node->parameters.eltwise;

    switch (p->operation) {
    case ELTWISE_PRODUCT:
        put_product(put);
        break;
    case ELTWISE_SUM:
        put_sum(put, p->coefficients);
        break;
    case ELTWISE_MAX:
        put_maximum(put);
        break;
    }
}
