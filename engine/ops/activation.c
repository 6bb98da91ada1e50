/* Activations: functions of one number. */
#include <math.h>

#include "engine/op.h"
#include "model/shape.h"

static size_t count_of(const struct call *call)
{
    return step_count(&call->step->inputs[0]);
}

static const union parameters *parameters_of(const struct call *call)
{
    return &call->step->node->parameters;
}

static void run_relu(const struct call *call)
{
    call->kernels->relu(count_of(call), parameters_of(call)->relu.negative_slope, call->inputs[0],
                        call->outputs[0]);
}

static void run_elu(const struct call *call)
{
    call->kernels->elu(count_of(call), parameters_of(call)->elu.alpha, call->inputs[0],
                       call->outputs[0]);
}

static void run_sigmoid(const struct call *call)
{
    call->kernels->sigmoid(count_of(call), call->inputs[0], call->outputs[0]);
}

static void run_swish(const struct call *call)
{
    call->kernels->swish(count_of(call), parameters_of(call)->swish.beta, call->inputs[0],
                         call->outputs[0]);
}

static void run_tanh(const struct call *call)
{
    call->kernels->tanh(count_of(call), call->inputs[0], call->outputs[0]);
}

static void run_abs_val(const struct call *call)
{
    call->kernels->absolute(count_of(call), call->inputs[0], call->outputs[0]);
}

static void run_bnll(const struct call *call)
{
    call->kernels->softplus(count_of(call), call->inputs[0], call->outputs[0]);
}

static void run_threshold(const struct call *call)
{
    call->kernels->threshold(count_of(call), parameters_of(call)->threshold.threshold,
                             call->inputs[0], call->outputs[0]);
}

static void run_clip(const struct call *call)
{
    const struct clip_parameters *p = &parameters_of(call)->clip;

    call->kernels->clip(count_of(call), p->low, p->high, call->inputs[0], call->outputs[0]);
}

/* power_layer.cpp: without a scale or a power the input does not count, not even a NaN. */
static void run_power(const struct call *call)
{
    const struct power_parameters *p = &parameters_of(call)->power;
    float *out = call->outputs[0];
    size_t count = count_of(call);

    if (p->power * p->scale == 0) {
        float value = p->power == 0 ? 1 : (float)pow((double)p->shift, (double)p->power);
        for (size_t i = 0; i < count; i++)
            out[i] = value;
        return;
    }
    call->kernels->scale_shift(count, p->scale, p->shift, call->inputs[0], out);
    if (p->power != 1)
        call->kernels->power(count, p->power, out, out);
}

static double natural_log(float base)
{
    return base == -1 ? 1 : log((double)base);
}

/* exp_layer.cpp: base^(shift + scale x) = e^(shift ln base) e^(scale ln base x) */
static void run_exp(const struct call *call)
{
    const struct exponent_parameters *p = &parameters_of(call)->exp;
    double base = natural_log(p->base);

    call->kernels->exponential(count_of(call), (float)(base * (double)p->scale),
                               (float)exp(base * (double)p->shift), call->inputs[0],
                               call->outputs[0]);
}

/* log_layer.cpp */
static void run_log(const struct call *call)
{
    const struct exponent_parameters *p = &parameters_of(call)->log;

    call->kernels->logarithm(count_of(call), p->scale, p->shift, (float)(1 / natural_log(p->base)),
                             call->inputs[0], call->outputs[0]);
}

/* ---- PReLU (prelu_layer.cpp): a ReLU whose slope is learned ---- */

static enum status prepare_prelu(struct step *step, struct error *error)
{
    const struct weight *slopes = &step->node->weights[0];
    enum status status = step_pack(step, slopes->count, error);

    if (!status)
        weight_copy(slopes, step->packed);
    return status;
}

static void run_prelu(const struct call *call)
{
    const struct shape *in = &call->step->inputs[0];
    size_t slopes = call->step->node->weights[0].count;
    size_t planes = shape_product(in, 0, 2), plane = step_count(in) / planes;

    for (size_t i = 0; i < planes; i++)
        call->kernels->relu(plane, call->step->packed[i % slopes], call->inputs[0] + i * plane,
                            call->outputs[0] + i * plane);
}

const struct operation operation_relu = {.run = run_relu, .in_place = true};
const struct operation operation_elu = {.run = run_elu, .in_place = true};
const struct operation operation_sigmoid = {.run = run_sigmoid, .in_place = true};
const struct operation operation_swish = {.run = run_swish, .in_place = true};
const struct operation operation_tanh = {.run = run_tanh, .in_place = true};
const struct operation operation_abs_val = {.run = run_abs_val, .in_place = true};
const struct operation operation_bnll = {.run = run_bnll, .in_place = true};
const struct operation operation_threshold = {.run = run_threshold, .in_place = true};
const struct operation operation_clip = {.run = run_clip, .in_place = true};
const struct operation operation_power = {.run = run_power, .in_place = true};
const struct operation operation_exp = {.run = run_exp, .in_place = true};
const struct operation operation_log = {.run = run_log, .in_place = true};
const struct operation operation_prelu = {
    .prepare = prepare_prelu, .run = run_prelu, .in_place = true};
