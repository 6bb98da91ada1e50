/* limits: what a format has no words for, in one table.
 *
 * A writer refuses a layer by a row of it, so that what is refused and what
 * docs/SUPPORTED-LAYERS.md says are one text. Limits of every layer (a name that is not UTF-8)
 * stand with their writers.
 */
#ifndef MODEL_FORMAT_LIMITS_H
#define MODEL_FORMAT_LIMITS_H

#include "model/model.h"

/* name, format, operator, why: as it ends "cannot say 'x' (Pooling: WHY)" */
#define LIMIT_MAP(X)                                                                               \
    X(CAFFE_POOLING_WINDOWS, CAFFE, POOLING, "windows that Caffe does not make, or dilated ones")  \
    X(CAFFE_PAD_VALUE, CAFFE, PAD, "pads with another value than 0")                               \
    X(CAFFE_PAD_AXES, CAFFE, PAD, "pads other axes than channels, rows and columns")               \
    X(CAFFE_PAD_CHANNELS, CAFFE, PAD, "leaves channels out")                                       \
    X(CAFFE_RESIZE_LINEAR, CAFFE, RESIZE, "linear, and the corners do not lie on each other")      \
    X(CAFFE_RESIZE_NEAREST, CAFFE, RESIZE, "nearest neighbours, not by a whole factor")            \
    X(TENSORFLOW_POOLING_STOCHASTIC, TENSORFLOW, POOLING, "stochastic")                            \
    X(TENSORFLOW_POOLING_DILATED, TENSORFLOW, POOLING, "dilated")                                  \
    X(TENSORFLOW_PAD_NEGATIVE, TENSORFLOW, PAD, "negative padding")                                \
    X(TENSORFLOW_LRN_EVEN, TENSORFLOW, LRN, "even local_size")                                     \
    X(TENSORFLOW_SHUFFLE_AXES, TENSORFLOW, SHUFFLE_CHANNEL, "8 axes")                              \
    X(TENSORFLOW_RESIZE_HALVES, TENSORFLOW, RESIZE,                                                \
      "halves between aligned corners, which TensorFlow rounds in float")                          \
    X(TFJS_ROI_POOLING, TFJS, ROI_POOLING, "only OpenCV's importer knows it")                      \
    X(TFJS_PRIOR_BOX, TFJS, PRIOR_BOX, "only OpenCV's importer knows it")                          \
    X(TFJS_DETECTION_OUTPUT, TFJS, DETECTION_OUTPUT, "only OpenCV's importer knows it")            \
    X(ONNX_POOLING_STOCHASTIC, ONNX, POOLING, "stochastic pooling")                                \
    X(ONNX_POOLING_DILATED, ONNX, POOLING, "an average over a dilated window needs opset 19")      \
    X(ONNX_POOLING_OUTSIDE, ONNX, POOLING, "windows that lie outside of its input")                \
    X(ONNX_INNER_PRODUCT_CUT, ONNX, INNER_PRODUCT, "its weights are turned and cut at once")       \
    X(ONNX_MVN_PLANE, ONNX, MVN, "its input has no plane")                                         \
    X(ONNX_BATCH_NORM_CHANNELS, ONNX, BATCH_NORM, "its input has no channels")

enum limit {
#define X(name, ...) LIMIT_##name,
    LIMIT_MAP(X)
#undef X
        LIMIT_COUNT
};

struct limit_info {
    enum model_format format;
    enum operator_kind kind;
    const char *why;
};

/* The table's row; `limit` must be below LIMIT_COUNT. Any thread. */
const struct limit_info *limit_info(enum limit limit);

#endif
