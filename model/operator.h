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
#include "model/parameters.h"

/* kind, suffix of its functions, name, Caffe type names (separated by blanks), names in Caffe's
 * V1LayerParameter.LayerType, fewest and most inputs, fewest and most outputs. */
#define OPERATOR_MAP(X)                                                                            \
    X(INPUT, input, "Input", "Input", "", 0, 0, 1, 1)                                              \
    X(CONVOLUTION, convolution, "Convolution",                                                     \
      "Convolution ConvolutionDepthwise DepthwiseConvolution DepthwiseConv", "CONVOLUTION", 1, 1,  \
      1, 1)                                                                                        \
    X(DECONVOLUTION, deconvolution, "Deconvolution", "Deconvolution DeconvolutionDepthwise",       \
      "DECONVOLUTION", 1, 1, 1, 1)                                                                 \
    X(POOLING, pooling, "Pooling", "Pooling", "POOLING", 1, 1, 1, 1)                               \
    X(PAD, pad, "Pad", "", "", 1, 1, 1, 1)                                                         \
    X(INNER_PRODUCT, inner_product, "InnerProduct", "InnerProduct", "INNER_PRODUCT", 1, 1, 1, 1)   \
    X(RELU, relu, "ReLU", "ReLU", "RELU", 1, 1, 1, 1)                                              \
    X(PRELU, prelu, "PReLU", "PReLU", "", 1, 1, 1, 1)                                              \
    X(ELU, elu, "ELU", "ELU", "", 1, 1, 1, 1)                                                      \
    X(SIGMOID, sigmoid, "Sigmoid", "Sigmoid", "SIGMOID", 1, 1, 1, 1)                               \
    X(TANH, tanh, "TanH", "TanH", "TANH", 1, 1, 1, 1)                                              \
    X(ABS_VAL, abs_val, "AbsVal", "AbsVal", "ABSVAL", 1, 1, 1, 1)                                  \
    X(POWER, power, "Power", "Power", "POWER", 1, 1, 1, 1)                                         \
    X(EXP, exp, "Exp", "Exp", "EXP", 1, 1, 1, 1)                                                   \
    X(LOG, log, "Log", "Log", "", 1, 1, 1, 1)                                                      \
    X(BNLL, bnll, "BNLL", "BNLL", "BNLL", 1, 1, 1, 1)                                              \
    X(THRESHOLD, threshold, "Threshold", "Threshold", "THRESHOLD", 1, 1, 1, 1)                     \
    X(CLIP, clip, "Clip", "Clip ReLU6", "", 1, 1, 1, 1)                                            \
    X(SWISH, swish, "Swish", "Swish", "", 1, 1, 1, 1)                                              \
    X(DROPOUT, dropout, "Dropout", "Dropout", "DROPOUT", 1, 1, 1, 1)                               \
    X(SOFTMAX, softmax, "Softmax", "Softmax", "SOFTMAX", 1, 1, 1, 1)                               \
    X(ARG_MAX, arg_max, "ArgMax", "ArgMax", "ARGMAX", 1, 1, 1, 1)                                  \
    X(REDUCTION, reduction, "Reduction", "Reduction", "", 1, 1, 1, 1)                              \
    X(LRN, lrn, "LRN", "LRN", "LRN", 1, 1, 1, 1)                                                   \
    X(MVN, mvn, "MVN", "MVN", "MVN", 1, 1, 1, 1)                                                   \
    X(NORMALIZE, normalize, "Normalize", "Normalize", "", 1, 1, 1, 1)                              \
    X(BATCH_NORM, batch_norm, "BatchNorm", "BatchNorm", "", 1, 1, 1, 1)                            \
    X(SCALE, scale, "Scale", "Scale", "", 1, 2, 1, 1)                                              \
    X(BIAS, bias, "Bias", "Bias", "", 1, 2, 1, 1)                                                  \
    X(ELTWISE, eltwise, "Eltwise", "Eltwise", "ELTWISE", 2, OPERATOR_MAX_INPUTS, 1, 1)             \
    X(CONCAT, concat, "Concat", "Concat", "CONCAT", 1, OPERATOR_MAX_INPUTS, 1, 1)                  \
    X(SLICE, slice, "Slice", "Slice", "SLICE", 1, 1, 1, OPERATOR_MAX_OUTPUTS)                      \
    X(SPLIT, split, "Split", "Split", "SPLIT", 1, 1, 1, OPERATOR_MAX_OUTPUTS)                      \
    X(SILENCE, silence, "Silence", "Silence", "SILENCE", 1, OPERATOR_MAX_INPUTS, 0, 0)             \
    X(CROP, crop, "Crop", "Crop", "", 2, 2, 1, 1)                                                  \
    X(FLATTEN, flatten, "Flatten", "Flatten", "FLATTEN", 1, 1, 1, 1)                               \
    X(RESHAPE, reshape, "Reshape", "Reshape", "", 1, 1, 1, 1)                                      \
    X(PERMUTE, permute, "Permute", "Permute", "", 1, 1, 1, 1)                                      \
    X(TILE, tile, "Tile", "Tile", "", 1, 1, 1, 1)                                                  \
    X(RESIZE, resize, "Interp", "Interp Upsample NNUpsample Resize", "", 1, 2, 1, 1)               \
    X(SHUFFLE_CHANNEL, shuffle_channel, "ShuffleChannel", "ShuffleChannel", "", 1, 1, 1, 1)        \
    X(ROI_POOLING, roi_pooling, "ROIPooling", "ROIPooling", "", 2, 2, 1, 1)                        \
    X(PRIOR_BOX, prior_box, "PriorBox", "PriorBox", "", 2, 2, 1, 1)                                \
    X(DETECTION_OUTPUT, detection_output, "DetectionOutput", "DetectionOutput", "", 3, 5, 1, 1)

enum { OPERATOR_MAX_INPUTS = 1024, OPERATOR_MAX_OUTPUTS = 1024, OPERATOR_MAX_WEIGHTS = 4 };

enum operator_kind {
#define X(kind, ...) OPERATOR_##kind,
    OPERATOR_MAP(X)
#undef X
        OPERATOR_COUNT
};

struct operator_info {
    enum operator_kind kind;
    const char *name;        /* for messages and in our own files */
    const char *caffe_types; /* separated by blanks */
    const char *v1_types;    /* separated by blanks, may be empty */
    unsigned input_min, input_max, output_min, output_max;
};

/* The table's row; `kind` must be below OPERATOR_COUNT. Never NULL. Any thread. */
const struct operator_info *operator_info(enum operator_kind kind);

/* The row whose current (or, for `v1`, whose V1) Caffe type is `type`; NULL when there is none. */
const struct operator_info *operator_find_caffe(const char *type, bool v1);

#endif
