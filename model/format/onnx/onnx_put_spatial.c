/* ONNX nodes of layers that resize planes or look for objects in them. */
#include <math.h>

#include "model/format/onnx/onnx_put.h"
#include "model/shape.h"

/* ---- resizing ---- */

/* Interp's negative padding cuts the plane before it is resized (interp_layer.cpp). */
static const char *step_cut(struct onnx_put *put, const char *value, int64_t begin, int64_t end)
{
    const struct shape *in = onnx_input_shape(put, 0);
    int64_t starts[2] = {-begin, -begin}, axes[2] = {2, 3};
    int64_t ends[2] = {in->dim[2] + end, in->dim[3] + end};
    const char *inputs[] = {value, onnx_int_list(put, "starts", starts, 2),
                            onnx_int_list(put, "ends", ends, 2),
                            onnx_int_list(put, "axes", axes, 2)};

    return onnx_step_list(put, "Slice", inputs, 4);
}

/* Whether out / in is a binary fraction, so that a runtime that gets the ratio finds the extent. */
static bool exact_ratio(int64_t in, int64_t out)
{
    float ratio = (float)((double)out / (double)in);

    return out < 1 << 20 && in < 1 << 20 && (double)ratio * (double)in == (double)out &&
           fmod((double)ratio * 1024, 1) == 0;
}

static const char *put_scales(struct onnx_put *put, const int64_t in[2])
{
    const struct shape *out = onnx_output_shape(put, 0);
    struct shape shape = {.dims = 1, .dim = {4}};
    float *scales = onnx_floats(put, 4);
    struct weight weight;

    if (!scales)
        return "";
    scales[0] = scales[1] = 1;
    for (int axis = 0; axis < 2; axis++)
        scales[2 + axis] = (float)((double)out->dim[2 + axis] / (double)in[axis]);
    weight = weight_make(&shape, scales);
    return onnx_weight(put, "scales", &weight);
}

/* The extents of the output: the batch is looked up when the network runs. */
static const char *step_sizes(struct onnx_put *put)
{
    const struct shape *out = onnx_output_shape(put, 0);
    int64_t start = 0, end = 1;
    const char *parts[2], *shape = onnx_step(put, "Shape", onnx_input(put, 0), NULL, NULL);
    const char *sizes;

    parts[0] = onnx_step(put, "Slice", shape, onnx_int_list(put, "start", &start, 1),
                         onnx_int_list(put, "end", &end, 1));
    parts[1] = onnx_int_list(put, "extents", out->dim + 1, 3);
    sizes = onnx_step_list(put, "Concat", parts, 2);
    onnx_put_int(put, "axis", 0);
    return sizes;
}

/* Of half pixels, NEAREST takes floor((i + 0.5) * ratio), which is the coordinate (i + 0.5) * ratio
 * - 0.5 rounded half up; with corners it rounds half up, too. */
static void put_resize_attributes(struct onnx_put *put, const struct resize_parameters *p)
{
    static const char *const coordinates[] = {[RESIZE_CORNERS] = "align_corners",
                                              [RESIZE_HALF_PIXEL] = "half_pixel",
                                              [RESIZE_ASYMMETRIC] = "asymmetric"};

    onnx_put_text(put, "coordinate_transformation_mode", coordinates[p->coordinates]);
    onnx_put_text(put, "mode", p->interpolation == RESIZE_NEAREST ? "nearest" : "linear");
    if (p->interpolation == RESIZE_NEAREST)
        onnx_put_text(put, "nearest_mode",
                      p->coordinates == RESIZE_ASYMMETRIC ? "floor" : "round_prefer_ceil");
}

void onnx_put_resize(struct onnx_put *put)
{
    const struct resize_parameters *p = &put->node->parameters.resize;
    const struct shape *in = onnx_input_shape(put, 0), *out = onnx_output_shape(put, 0);
    int64_t extents[2] = {in->dim[2] + p->pad + p->pad_end, in->dim[3] + p->pad + p->pad_end};
    const char *value = onnx_input(put, 0);
    bool exact = exact_ratio(extents[0], out->dim[2]) && exact_ratio(extents[1], out->dim[3]);

    if (p->pad || p->pad_end)
        value = step_cut(put, value, p->pad, p->pad_end);
    if (exact) {
        onnx_step(put, "Resize", value, "", put_scales(put, extents));
    } else {
        const char *inputs[] = {value, "", "", step_sizes(put)};
        onnx_step_list(put, "Resize", inputs, 4);
    }
    put_resize_attributes(put, p);
    onnx_finish(put);
}

/* ---- objects ---- */

/* ONNX's operator was taken from Caffe's layer; both round the corners to whole pixels. */
void onnx_put_roi_pooling(struct onnx_put *put)
{
    const struct roi_pooling_parameters *p = &put->node->parameters.roi_pooling;
    int64_t pooled[2] = {p->height, p->width};

    onnx_step(put, "MaxRoiPool", onnx_input(put, 0), onnx_input(put, 1), NULL);
    onnx_put_ints(put, "pooled_shape", pooled, 2);
    onnx_put_float(put, "spatial_scale", p->spatial_scale);
    onnx_finish(put);
}

void onnx_put_prior_box(struct onnx_put *put)
{
    const struct prior_box_parameters *p = &put->node->parameters.prior_box;

    onnx_step(put, "PriorBox", onnx_input(put, 0), onnx_input(put, 1), NULL);
    onnx_our_domain(put);
    onnx_put_floats(put, "min_sizes", p->min_sizes, p->min_count);
    onnx_put_floats(put, "max_sizes", p->max_sizes, p->max_count);
    onnx_put_floats(put, "ratios", p->ratios, p->ratio_count);
    onnx_put_floats(put, "variances", p->variances, p->variance_count);
    onnx_put_int(put, "flip", p->flip);
    onnx_put_int(put, "clip", p->clip);
    onnx_put_floats(put, "image", p->image, 2);
    onnx_put_floats(put, "step", p->step, 2);
    onnx_put_float(put, "offset", p->offset);
    onnx_finish(put);
}

void onnx_put_detection_output(struct onnx_put *put)
{
    const struct detection_output_parameters *p = &put->node->parameters.detection_output;
    const char *inputs[8];

    for (uint32_t i = 0; i < put->node->input_count; i++)
        inputs[i] = onnx_input(put, i);
    onnx_step_list(put, "DetectionOutput", inputs, put->node->input_count);
    onnx_our_domain(put);
    onnx_put_int(put, "classes", p->classes);
    onnx_put_int(put, "background", p->background);
    onnx_put_int(put, "nms_top_k", p->nms_top_k);
    onnx_put_int(put, "keep_top_k", p->keep_top_k);
    onnx_put_int(put, "share_location", p->share_location);
    onnx_put_int(put, "variance_in_target", p->variance_in_target);
    onnx_put_int(put, "code", p->code);
    onnx_put_float(put, "nms_threshold", p->nms_threshold);
    onnx_put_float(put, "nms_eta", p->nms_eta);
    onnx_put_float(put, "confidence_threshold", p->confidence_threshold);
    onnx_finish(put);
}
