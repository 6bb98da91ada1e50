/* spatial_parameters: the parameters of layers that resize planes or look for objects in them.
 *
 * Lists belong to the graph.
 */
#ifndef MODEL_SPATIAL_PARAMETERS_H
#define MODEL_SPATIAL_PARAMETERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum resize_interpolation { RESIZE_NEAREST, RESIZE_LINEAR };

/* Where the centre of an output pixel i lies in the input, `ratio` being in / out:
 * corners i * (in - 1) / (out - 1); half pixel (i + 0.5) * ratio - 0.5; asymmetric i * ratio.
 * LINEAR clamps that and the neighbours to the input. NEAREST takes the floor (of half pixel:
 * floor((i + 0.5) * ratio)); with corners it rounds, halves up (nninterp2 in PSPNet's interp.cpp
 * and TensorFlow's resize_nearest_neighbor_op.cc). */
enum resize_coordinates { RESIZE_CORNERS, RESIZE_HALF_PIXEL, RESIZE_ASYMMETRIC };

/* The output's height and width: the second input's, if there is one (nothing else of it is read);
 * else `size` where not 0; else the input's (plus pad, which is 0 or negative) shrunk, zoomed as
 * Interp does it (interp_layer.cpp), and multiplied by `scale`. */
struct resize_parameters {
    enum resize_interpolation interpolation;
    enum resize_coordinates coordinates;
    int64_t size[2], scale[2]; /* scale: 1 when not given */
    int64_t shrink, zoom;      /* 1 when not given */
    int64_t pad, pad_end;
};

struct shuffle_channel_parameters {
    int64_t group;
};

struct roi_pooling_parameters {
    int64_t height, width;
    float spatial_scale;
};

/* SSD's PriorBox (prior_box_layer.cpp). */
struct prior_box_parameters {
    size_t min_count, max_count, ratio_count, variance_count;
    const float *min_sizes, *max_sizes, *ratios, *variances;
    bool flip, clip;
    float image[2], step[2]; /* height, width; 0: from the inputs' shapes */
    float offset;
};

enum detection_code { DETECTION_CORNER = 1, DETECTION_CENTER_SIZE, DETECTION_CORNER_SIZE };

/* SSD's DetectionOutput (detection_output_layer.cpp). A background outside the classes: there is
 * none. A negative top_k: no limit. */
struct detection_output_parameters {
    int64_t classes, background, nms_top_k, keep_top_k;
    bool share_location, variance_in_target;
    enum detection_code code;
    float nms_threshold, nms_eta, confidence_threshold;
};

#endif
