/* net: the small convolutional network of the demo, with its gradients.
 *
 * One table of layers describes it; the trainer runs it and caffemodel.c writes it down from the
 * same table, with Caffe's meaning of every layer (pooling sizes round up, windows are clipped at
 * the border). Values inside are kept as height, width, channels. Single-threaded; the same numbers
 * on every machine: each sum runs in a fixed order, exp() is our own, sqrt() is exact by IEEE 754.
 */
#ifndef DEMO_TRAINER_NET_H
#define DEMO_TRAINER_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/status.h"

enum { NET_LAYERS = 8, NET_SIDE = 64, NET_CHANNELS = 3, NET_INPUT = 3 * 64 * 64 };

enum layer_kind { LAYER_CONVOLUTION, LAYER_INNER_PRODUCT, LAYER_MAX_POOL };

struct layer_spec {
    const char *name;
    enum layer_kind kind;
    size_t outputs, kernel, stride, pad; /* outputs 0: as many as inputs */
    bool relu;
};

/* In the order they run; a Softmax follows the last. */
extern const struct layer_spec net_specs[NET_LAYERS];

struct layer {
    const struct layer_spec *spec;
    size_t in_side, in_channels, side, channels;
    size_t patch;                    /* kernel * kernel * in_channels */
    size_t weight_count;             /* patch * channels; 0 for pooling */
    float *weights, *bias;           /* [ky][kx][in][out]; [out] */
    float *gradient, *bias_gradient; /* sums over the pictures since the last step */
    float *moments;                  /* Adam's two for weights, then for bias */
    float *values, *slopes;          /* of the outputs: [y][x][channel] */
    float *patches;                  /* scratch: [y][x][patch] */
    uint32_t *chosen;                /* max pooling: index of the input that won */
};

struct net {
    struct layer layers[NET_LAYERS];
    float input[NET_INPUT]; /* the caller fills it: [y][x][channel] */
    float *scratch;         /* slopes of patches, transposed weights */
    size_t classes;
    double beta1_power, beta2_power; /* Adam's bias correction */
};

/* Builds the network for `classes` classes with He-uniform weights (He et al. 2015) from `seed`.
 * The caller frees *out. STATUS_MEMORY only. */
enum status net_create(size_t classes, uint64_t seed, struct net **out) MUST_CHECK;
void net_free(struct net *net);

/* Classifies `input`; writes the class probabilities. */
void net_forward(struct net *net, float *probabilities);

/* After net_forward: adds the gradient of the cross entropy against `class` to the sums. */
void net_backward(struct net *net, const float *probabilities, size_t class);

/* One step of Adam (Kingma, Ba 2015; beta 0.9, 0.999, epsilon 1e-8) on the mean over `pictures`
 * gradients, with decoupled weight decay (Loshchilov, Hutter 2019); clears the sums. */
void net_step(struct net *net, size_t pictures, double rate, double decay);

#endif
