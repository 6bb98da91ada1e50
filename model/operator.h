/* operator: the one table of what a layer can be.
 *
 * Each row of OPERATOR_MAP is used by the graph (this struct), by the shape functions
 * (model/shape.h), by the readers of the file formats and by the engine's table of implementations:
 * a row added here makes each of them ask, at link time, for its part.
 */
#ifndef MODEL_OPERATOR_H
#define MODEL_OPERATOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/status.h"

/* kind, suffix of its functions, Caffe type names (separated by blanks), names in Caffe's
 * V1LayerParameter.LayerType, fewest and most inputs, fewest and most outputs. */
#define OPERATOR_MAP(X)                                                                            \
    X(INPUT, input, "Input", "", 0, 0, 1, 1)                                                       \
    X(CONVOLUTION, convolution, "Convolution", "CONVOLUTION", 1, 1, 1, 1)                          \
    X(POOLING, pooling, "Pooling", "POOLING", 1, 1, 1, 1)                                          \
    X(INNER_PRODUCT, inner_product, "InnerProduct", "INNER_PRODUCT", 1, 1, 1, 1)                   \
    X(RELU, relu, "ReLU", "RELU", 1, 1, 1, 1)                                                      \
    X(DROPOUT, dropout, "Dropout", "DROPOUT", 1, 1, 1, 1)                                          \
    X(SOFTMAX, softmax, "Softmax", "SOFTMAX", 1, 1, 1, 1)                                          \
    X(LRN, lrn, "LRN", "LRN", 1, 1, 1, 1)                                                          \
    X(CONCAT, concat, "Concat", "CONCAT", 1, OPERATOR_MAX_INPUTS, 1, 1)                            \
    X(ELTWISE, eltwise, "Eltwise", "ELTWISE", 2, OPERATOR_MAX_INPUTS, 1, 1)                        \
    X(FLATTEN, flatten, "Flatten", "FLATTEN", 1, 1, 1, 1)                                          \
    X(SPLIT, split, "Split", "SPLIT", 1, 1, 1, OPERATOR_MAX_OUTPUTS)                               \
    X(BATCH_NORM, batch_norm, "BatchNorm", "", 1, 1, 1, 1)                                         \
    X(SCALE, scale, "Scale", "", 1, 2, 1, 1)

enum { OPERATOR_MAX_INPUTS = 1024, OPERATOR_MAX_OUTPUTS = 1024, OPERATOR_MAX_WEIGHTS = 4 };

enum operator_kind {
#define X(kind, ...) OPERATOR_##kind,
    OPERATOR_MAP(X)
#undef X
        OPERATOR_COUNT
};

struct operator_info {
    enum operator_kind kind;
    const char *name;        /* for messages */
    const char *caffe_types; /* separated by blanks */
    const char *v1_types;    /* separated by blanks, may be empty */
    unsigned input_min, input_max, output_min, output_max;
};

enum { SHAPE_MAX_DIMS = 8 };

/* Extents of a tensor, row-major, outermost first. A scalar has dims 0 and one element. */
struct shape {
    unsigned dims;
    int64_t dim[SHAPE_MAX_DIMS];
};

/* A window that slides over the last two axes: [0] height, [1] width. `pad` is on both sides. */
struct window {
    int64_t kernel[2], stride[2], pad[2], dilation[2];
};

struct input_parameters {
    struct shape shape;
};

struct convolution_parameters {
    struct window window;
    int64_t outputs, group;
    bool bias;
};

enum pooling_method { POOLING_MAX, POOLING_AVERAGE };

struct pooling_parameters {
    enum pooling_method method;
    struct window window;
    bool global;  /* the kernel is the whole plane; `window.kernel` is not used */
    bool ceiling; /* output extent rounds up (Caffe's default) */
};

struct inner_product_parameters {
    int64_t outputs, axis; /* axis may be negative: counted from the end */
    bool bias, transpose;  /* transpose: weights are (inputs, outputs) */
};

struct relu_parameters {
    float negative_slope;
};

struct axis_parameters {
    int64_t axis; /* may be negative */
};

enum lrn_region { LRN_ACROSS_CHANNELS, LRN_WITHIN_CHANNEL };

/* y = x / (k + alpha / n * sum of squares over n neighbours) ^ beta (Caffe lrn_layer.cpp). */
struct lrn_parameters {
    int64_t local_size;
    float alpha, beta, k;
    enum lrn_region region;
};

enum eltwise_operation { ELTWISE_PRODUCT, ELTWISE_SUM, ELTWISE_MAX };

struct eltwise_parameters {
    enum eltwise_operation operation;
    const float *coefficients; /* one per input for SUM, or NULL: all 1; owned by the graph */
};

struct flatten_parameters {
    int64_t axis, end_axis; /* both inclusive, may be negative */
};

struct batch_norm_parameters {
    float epsilon;
};

struct scale_parameters {
    int64_t axis, num_axes; /* of one-input Scale; num_axes -1: to the last */
    bool bias;
};

union parameters {
    struct input_parameters input;
    struct convolution_parameters convolution;
    struct pooling_parameters pooling;
    struct inner_product_parameters inner_product;
    struct relu_parameters relu;
    struct axis_parameters softmax, concat;
    struct lrn_parameters lrn;
    struct eltwise_parameters eltwise;
    struct flatten_parameters flatten;
    struct batch_norm_parameters batch_norm;
    struct scale_parameters scale;
};

/* The table's row; `kind` must be below OPERATOR_COUNT. Never NULL. Any thread. */
const struct operator_info *operator_info(enum operator_kind kind);

/* The row whose current (or, for `v1`, whose V1) Caffe type is `type`; NULL when there is none. */
const struct operator_info *operator_find_caffe(const char *type, bool v1);

#endif
