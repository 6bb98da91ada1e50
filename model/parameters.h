/* parameters: shapes, and what each kind of layer needs to know beside its weights.
 *
 * Names and meanings follow caffe.proto; where other formats can say more than Caffe (padding that
 * differs from side to side, an average that leaves padding out), the field says so.
 */
#ifndef MODEL_PARAMETERS_H
#define MODEL_PARAMETERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/spatial_parameters.h"

enum { SHAPE_MAX_DIMS = 8 };

/* Extents of a tensor, row-major, outermost first. A scalar has dims 0 and one element. */
struct shape {
    unsigned dims;
    int64_t dim[SHAPE_MAX_DIMS];
};

/* A window that slides over the last two axes: [0] height, [1] width. `pad` stands before the first
 * row or column, `pad_end` behind the last; Caffe's layers have both alike. */
struct window {
    int64_t kernel[2], stride[2], pad[2], pad_end[2], dilation[2];
};

struct input_parameters {
    struct shape shape;
};

/* Of Deconvolution, `pad_end` may be negative: rows and columns added behind the last (the
 * output_padding of ONNX), fewer than the stride. */
struct convolution_parameters {
    struct window window;
    int64_t outputs, group;
    bool bias;
    bool bilinear; /* of Deconvolution: weights that no file holds are those of Caffe's bilinear
                      filler (model/filler.h) */
};

enum pooling_method { POOLING_MAX, POOLING_AVERAGE, POOLING_STOCHASTIC };

struct pooling_parameters {
    enum pooling_method method;
    struct window window;
    bool global;      /* the kernel is the whole plane; `window.kernel` is not used */
    bool ceiling;     /* output extent rounds up (Caffe's default) */
    bool exclude_pad; /* AVERAGE: the divisor counts pixels of the image only (TensorFlow's SAME,
                         ONNX's count_include_pad 0); Caffe counts the padding, too */
};

/* Puts `value` around a tensor: begin[i] before and end[i] behind axis i. */
struct pad_parameters {
    unsigned dims;
    int64_t begin[SHAPE_MAX_DIMS], end[SHAPE_MAX_DIMS];
    float value;
};

struct inner_product_parameters {
    int64_t outputs, axis; /* axis may be negative: counted from the end */
    bool bias, transpose;  /* transpose: weights are (inputs, outputs) */
};

struct relu_parameters {
    float negative_slope;
};

/* One slope per channel (axis 1), or one for all. */
struct prelu_parameters {
    bool channel_shared;
};

struct elu_parameters {
    float alpha;
};

/* (shift + scale * x) ^ power (power_layer.cpp). */
struct power_parameters {
    float power, scale, shift;
};

/* Exp: base ^ (shift + scale * x); Log: log_base(shift + scale * x). base -1 is e. */
struct exponent_parameters {
    float base, scale, shift;
};

struct threshold_parameters {
    float threshold;
};

struct clip_parameters {
    float low, high; /* may be infinite */
};

/* x * sigmoid(beta * x) */
struct swish_parameters {
    float beta;
};

struct dropout_parameters {
    float ratio; /* kept for the writers; at inference Dropout passes its input on */
};

struct axis_parameters {
    int64_t axis; /* may be negative */
};

struct softmax_parameters {
    int64_t axis;   /* may be negative */
    bool logarithm; /* ln of it, finite also where the probability is too small for a float */
};

struct arg_max_parameters {
    int64_t top_k, axis; /* axis counts only with has_axis */
    bool out_max_val, has_axis;
};

enum reduction_operation { REDUCTION_SUM, REDUCTION_ASUM, REDUCTION_SUMSQ, REDUCTION_MEAN };

/* Over all axes from `axis` on; the result is multiplied by `coefficient`. */
struct reduction_parameters {
    enum reduction_operation operation;
    int64_t axis;
    float coefficient;
};

enum lrn_region { LRN_ACROSS_CHANNELS, LRN_WITHIN_CHANNEL };

/* y = x / (k + alpha / n * sum of squares over n neighbours) ^ beta (Caffe lrn_layer.cpp); within a
 * channel 1 stands in the place of k, and n counts local_size * local_size. */
struct lrn_parameters {
    int64_t local_size;
    float alpha, beta, k;
    enum lrn_region region;
};

struct mvn_parameters {
    bool normalize_variance, across_channels;
    float epsilon;
};

/* SSD's Normalize: L2 norm over the channels (and the plane), then a learned factor. */
struct normalize_parameters {
    bool across_spatial, channel_shared;
    float epsilon;
};

struct batch_norm_parameters {
    float epsilon;
    bool batch_statistics; /* use_global_stats: false; mean and variance of the batch itself */
};

/* Scale and Bias, which with one input have learned weights. */
struct scale_parameters {
    int64_t axis, num_axes; /* of one input; num_axes -1: to the last */
    bool bias;              /* of Scale */
};

enum eltwise_operation { ELTWISE_PRODUCT, ELTWISE_SUM, ELTWISE_MAX };

struct eltwise_parameters {
    enum eltwise_operation operation;
    const float *coefficients; /* one per input for SUM, or NULL: all 1; owned by the graph */
};

/* Points where a new output begins; none: equal parts. Owned by the graph. */
struct slice_parameters {
    int64_t axis;
    size_t point_count;
    const int64_t *points;
};

/* Cuts the first input to the extents of the second, from `axis` on. One offset per axis from
 * there, or one for all, or none: 0. */
struct crop_parameters {
    int64_t axis;
    unsigned offset_count;
    int64_t offsets[SHAPE_MAX_DIMS];
};

struct flatten_parameters {
    int64_t axis, end_axis; /* both inclusive, may be negative */
};

/* Replaces num_axes axes from `axis` on (-1: all to the last) by `shape`, in which 0 copies the
 * input's extent and one -1 takes what is left (reshape_layer.cpp). A negative axis counts from
 * behind the last: -1 appends. */
struct reshape_parameters {
    struct shape shape;
    int64_t axis, num_axes;
};

/* Axis i of the output is axis order[i] of the input. A source may name fewer axes (`dims` of them)
 * if `order` goes on with the others as they stand; in a finished graph `dims` is the input's. */
struct permute_parameters {
    unsigned dims;
    uint8_t order[SHAPE_MAX_DIMS];
};

struct tile_parameters {
    int64_t axis, tiles;
};

union parameters {
    struct input_parameters input;
    struct convolution_parameters convolution, deconvolution;
    struct pooling_parameters pooling;
    struct pad_parameters pad;
    struct inner_product_parameters inner_product;
    struct relu_parameters relu;
    struct prelu_parameters prelu;
    struct elu_parameters elu;
    struct power_parameters power;
    struct exponent_parameters exp, log;
    struct threshold_parameters threshold;
    struct clip_parameters clip;
    struct swish_parameters swish;
    struct dropout_parameters dropout;
    struct softmax_parameters softmax;
    struct axis_parameters concat;
    struct arg_max_parameters arg_max;
    struct reduction_parameters reduction;
    struct lrn_parameters lrn;
    struct mvn_parameters mvn;
    struct normalize_parameters normalize;
    struct batch_norm_parameters batch_norm;
    struct scale_parameters scale, bias;
    struct eltwise_parameters eltwise;
    struct slice_parameters slice;
    struct crop_parameters crop;
    struct flatten_parameters flatten;
    struct reshape_parameters reshape;
    struct permute_parameters permute;
    struct tile_parameters tile;
    struct resize_parameters resize;
    struct shuffle_channel_parameters shuffle_channel;
    struct roi_pooling_parameters roi_pooling;
    struct prior_box_parameters prior_box;
    struct detection_output_parameters detection_output;
};

#endif
