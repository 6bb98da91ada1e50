#include "demo/trainer/net.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "demo/trainer/matrix.h"
#include "tests/lib/random.h"

const struct layer_spec net_specs[NET_LAYERS] = {
    {"conv1", LAYER_CONVOLUTION, 16, 5, 2, 2, true},
    {"pool1", LAYER_MAX_POOL, 0, 3, 2, 0, false},
    {"conv2", LAYER_CONVOLUTION, 32, 3, 1, 1, true},
    {"pool2", LAYER_MAX_POOL, 0, 3, 2, 0, false},
    {"conv3", LAYER_CONVOLUTION, 48, 3, 1, 1, true},
    {"pool3", LAYER_MAX_POOL, 0, 3, 2, 0, false},
    {"conv4", LAYER_CONVOLUTION, 64, 3, 1, 1, true},
    {"classes", LAYER_INNER_PRODUCT, 10, 4, 1, 0, false},
};

static size_t layer_outputs(const struct layer *layer)
{
    return layer->side * layer->side * layer->channels;
}

/* Convolutions round down, pooling rounds up: Caffe's conv_layer.cpp and pooling_layer.cpp. */
static void layer_shape(struct layer *layer)
{
    const struct layer_spec *spec = layer->spec;
    size_t room = layer->in_side + 2 * spec->pad - spec->kernel;

    layer->channels = spec->outputs ? spec->outputs : layer->in_channels;
    if (spec->outputs) {
        layer->side = room / spec->stride + 1;
        layer->patch = spec->kernel * spec->kernel * layer->in_channels;
        layer->weight_count = layer->patch * layer->channels;
    } else {
        layer->side = (room + spec->stride - 1) / spec->stride + 1;
    }
}

static bool layer_allocate(struct layer *layer)
{
    size_t outputs = layer_outputs(layer), weights = layer->weight_count;

    layer->values = calloc(outputs, sizeof(float));
    layer->slopes = calloc(outputs, sizeof(float));
    if (!weights) {
        layer->chosen = calloc(outputs, sizeof *layer->chosen);
        return layer->values && layer->slopes && layer->chosen;
    }
    layer->weights = calloc(weights + layer->channels, sizeof(float));
    layer->gradient = calloc(weights + layer->channels, sizeof(float));
    layer->moments = calloc(2 * (weights + layer->channels), sizeof(float));
    layer->patches = calloc(layer->side * layer->side * layer->patch, sizeof(float));
    if (!layer->weights || !layer->gradient)
        return false;
    layer->bias = layer->weights + weights;
    layer->bias_gradient = layer->gradient + weights;
    return layer->values && layer->slopes && layer->moments && layer->patches;
}

static void layer_initialize(struct layer *layer, uint64_t *random)
{
    double limit = sqrt(6.0 / (double)layer->patch);

    for (size_t i = 0; i < layer->weight_count; i++)
        layer->weights[i] = (float)random_between(random, -limit, limit);
}

enum status net_create(size_t classes, uint64_t seed, struct net **out)
{
    struct net *net = calloc(1, sizeof *net);
    size_t side = NET_SIDE, channels = NET_CHANNELS, scratch = 0;

    *out = net;
    if (!net)
        return STATUS_MEMORY;
    net->classes = classes;
    net->beta1_power = net->beta2_power = 1.0;
    for (size_t i = 0; i < NET_LAYERS; i++) {
        struct layer *layer = &net->layers[i];
        size_t need;

        layer->spec = &net_specs[i];
        layer->in_side = side;
        layer->in_channels = channels;
        layer_shape(layer);
        if (!layer_allocate(layer))
            goto fail;
        layer_initialize(layer, &seed);
        need = layer->side * layer->side * layer->patch + layer->weight_count;
        scratch = need > scratch ? need : scratch;
        side = layer->side;
        channels = layer->channels;
    }
    net->scratch = calloc(scratch, sizeof(float));
    if (net->scratch && channels == classes)
        return STATUS_OK;
fail:
    net_free(net);
    *out = NULL;
    return STATUS_MEMORY;
}

void net_free(struct net *net)
{
    if (!net)
        return;
    for (size_t i = 0; i < NET_LAYERS; i++) {
        struct layer *layer = &net->layers[i];
        free(layer->weights);
        free(layer->gradient);
        free(layer->moments);
        free(layer->values);
        free(layer->slopes);
        free(layer->patches);
        free(layer->chosen);
    }
    free(net->scratch);
    free(net);
}

/* Calls for every tap of every window that lies inside the input: copies input -> patches, or adds
 * patches -> input when `back`. Taps in the padding stay 0. */
static void move_patches(const struct layer *layer, float *input, float *patches, bool back)
{
    const struct layer_spec *spec = layer->spec;
    size_t channels = layer->in_channels;

    for (size_t window = 0; window < layer->side * layer->side; window++)
        for (size_t tap = 0; tap < spec->kernel * spec->kernel; tap++) {
            size_t y = window / layer->side * spec->stride + tap / spec->kernel - spec->pad;
            size_t x = window % layer->side * spec->stride + tap % spec->kernel - spec->pad;
            float *patch = patches + window * layer->patch + tap * channels;
            float *pixel = input + (y * layer->in_side + x) * channels;

            if (y >= layer->in_side || x >= layer->in_side) /* also where the subtraction wrapped */
                continue;
            for (size_t c = 0; c < channels; c++) {
                if (back)
                    pixel[c] += patch[c];
                else
                    patch[c] = pixel[c];
            }
        }
}

static void weighted_forward(struct layer *layer, float *input)
{
    size_t windows = layer->side * layer->side, outputs = layer_outputs(layer);
    struct matrix_view patches = {layer->patches, layer->patch, 1};

    move_patches(layer, input, layer->patches, false);
    for (size_t i = 0; i < windows; i++)
        memcpy(layer->values + i * layer->channels, layer->bias, layer->channels * sizeof(float));
    matrix_multiply_add(layer->values, patches, layer->weights, windows, layer->channels,
                        layer->patch);
    for (size_t i = 0; layer->spec->relu && i < outputs; i++)
        layer->values[i] = layer->values[i] > 0.0f ? layer->values[i] : 0.0f;
}

/* `input_slopes` is NULL for the first layer. */
static void weighted_backward(struct layer *layer, float *input_slopes, float *scratch)
{
    size_t windows = layer->side * layer->side, outputs = layer_outputs(layer);
    struct matrix_view patches = {layer->patches, 1, layer->patch};
    struct matrix_view slopes = {layer->slopes, layer->channels, 1};
    float *transposed = scratch, *patch_slopes = scratch + layer->weight_count;

    for (size_t i = 0; layer->spec->relu && i < outputs; i++)
        layer->slopes[i] = layer->values[i] > 0.0f ? layer->slopes[i] : 0.0f;
    for (size_t i = 0; i < outputs; i++)
        layer->bias_gradient[i % layer->channels] += layer->slopes[i];
    matrix_multiply_add(layer->gradient, patches, layer->slopes, layer->patch, layer->channels,
                        windows);
    if (!input_slopes)
        return;
    for (size_t i = 0; i < layer->weight_count; i++)
        transposed[i % layer->channels * layer->patch + i / layer->channels] = layer->weights[i];
    memset(patch_slopes, 0, windows * layer->patch * sizeof(float));
    matrix_multiply_add(patch_slopes, slopes, transposed, windows, layer->patch, layer->channels);
    move_patches(layer, input_slopes, patch_slopes, true);
}

/* The window of pooling output (oy, ox), clipped at the far border (these nets pad no pool). */
static void pool_one(struct layer *layer, const float *input, size_t output)
{
    const struct layer_spec *spec = layer->spec;
    size_t c = output % layer->channels, place = output / layer->channels;
    size_t top = place / layer->side * spec->stride, left = place % layer->side * spec->stride;
    float best = -INFINITY;

    for (size_t y = top; y < top + spec->kernel && y < layer->in_side; y++)
        for (size_t x = left; x < left + spec->kernel && x < layer->in_side; x++) {
            size_t at = (y * layer->in_side + x) * layer->channels + c;
            if (input[at] > best) {
                best = input[at];
                layer->chosen[output] = (uint32_t)at;
            }
        }
    layer->values[output] = best;
}

static void pool_forward(struct layer *layer, const float *input)
{
    for (size_t i = 0; i < layer_outputs(layer); i++)
        pool_one(layer, input, i);
}

static void pool_backward(struct layer *layer, float *input_slopes)
{
    for (size_t i = 0; i < layer_outputs(layer); i++)
        input_slopes[layer->chosen[i]] += layer->slopes[i];
}

static void softmax(const float *values, size_t count, float *probabilities)
{
    float top = values[0];
    double sum = 0.0;

    for (size_t i = 1; i < count; i++)
        top = values[i] > top ? values[i] : top;
    for (size_t i = 0; i < count; i++) {
        probabilities[i] = (float)matrix_exp((double)values[i] - (double)top);
        sum += (double)probabilities[i];
    }
    for (size_t i = 0; i < count; i++)
        probabilities[i] = (float)((double)probabilities[i] / sum);
}

void net_forward(struct net *net, float *probabilities)
{
    float *input = net->input;

    for (size_t i = 0; i < NET_LAYERS; i++) {
        struct layer *layer = &net->layers[i];
        if (layer->weight_count)
            weighted_forward(layer, input);
        else
            pool_forward(layer, input);
        input = layer->values;
    }
    softmax(input, net->classes, probabilities);
}

void net_backward(struct net *net, const float *probabilities, size_t class)
{
    struct layer *last = &net->layers[NET_LAYERS - 1];

    for (size_t i = 0; i < net->classes; i++)
        last->slopes[i] = probabilities[i] - (i == class ? 1.0f : 0.0f);
    for (size_t i = NET_LAYERS; i-- > 0;) {
        struct layer *layer = &net->layers[i], *before = i ? layer - 1 : NULL;
        if (before)
            memset(before->slopes, 0, layer_outputs(before) * sizeof(float));
        if (layer->weight_count)
            weighted_backward(layer, before ? before->slopes : NULL, net->scratch);
        else if (before)
            pool_backward(layer, before->slopes);
    }
}

void net_step(struct net *net, size_t pictures, double rate, double decay)
{
    const float beta1 = 0.9f, beta2 = 0.999f, share = 1.0f / (float)pictures;
    float step, correction;

    net->beta1_power *= 0.9;
    net->beta2_power *= 0.999;
    step = (float)(rate / (1.0 - net->beta1_power));
    correction = (float)(1.0 / (1.0 - net->beta2_power));
    for (size_t l = 0; l < NET_LAYERS; l++) {
        struct layer *layer = &net->layers[l];
        size_t count = layer->weight_count ? layer->weight_count + layer->channels : 0;
        float *first = layer->moments, *second = layer->moments + count;

        for (size_t i = 0; i < count; i++) {
            float g = layer->gradient[i] * share;
            float shrink = i < layer->weight_count ? (float)(rate * decay) : 0.0f;

            first[i] = beta1 * first[i] + (1.0f - beta1) * g;
            second[i] = beta2 * second[i] + (1.0f - beta2) * g * g;
            layer->weights[i] -= step * first[i] / (sqrtf(second[i] * correction) + 1e-8f) +
                                 shrink * layer->weights[i];
            layer->gradient[i] = 0.0f;
        }
    }
}
