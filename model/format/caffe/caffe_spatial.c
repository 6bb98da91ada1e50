/* Caffe's parameters of layers that resize planes or look for objects in them. None of them is in
 * BVLC Caffe; names, defaults and rules are those of the forks that brought them. */
#include <float.h>
#include <string.h>

#include "model/format/caffe/caffe_parameters.h"
#include "model/prior_box.h"

/* ---- Interp (interp_layer.cpp of DeepLab and PSPNet), Upsample, NNUpsample ---- */

static void read_interp(const struct caffe_layer *layer, struct resize_parameters *p)
{
    const struct prototxt_field *message = caffe_parameters(
        layer, "interp_param", "height width zoom_factor shrink_factor pad_beg pad_end");
    bool shrinks = prototxt_find(message, "shrink_factor");
    bool zooms = prototxt_find(message, "zoom_factor");
    bool sized = prototxt_find(message, "height") && prototxt_find(message, "width");

    p->interpolation = RESIZE_LINEAR;
    p->coordinates = RESIZE_CORNERS;
    p->shrink = prototxt_int(layer->reader, message, "shrink_factor", 1, INT32_MAX, 1);
    p->zoom = prototxt_int(layer->reader, message, "zoom_factor", 1, INT32_MAX, 1);
    p->pad = prototxt_int(layer->reader, message, "pad_beg", INT32_MIN, 0, 0);
    p->pad_end = prototxt_int(layer->reader, message, "pad_end", INT32_MIN, 0, 0);
    /* One factor alone goes before the size, the size before both. */
    if (sized && shrinks == zooms) {
        p->shrink = p->zoom = 1;
        p->size[0] = prototxt_int(layer->reader, message, "height", 1, INT32_MAX, 0);
        p->size[1] = prototxt_int(layer->reader, message, "width", 1, INT32_MAX, 0);
    }
    if (!sized && !shrinks && !zooms && layer->node->input_count == 1)
        caffe_fail(layer, STATUS_DATA,
                   "Interp needs height and width, a factor or a second bottom");
    if ((sized || shrinks || zooms) && layer->node->input_count == 2)
        caffe_fail(layer, STATUS_UNSUPPORTED,
                   "Interp with a size of its own and a second bottom is not supported");
}

/* upsample_layer.cpp of eric612/MobileNet-YOLO; nn_upsample_param of
 * DandilionLau/Selfie-Friendly-Abstraction. */
static void read_nearest(const struct caffe_layer *layer, struct resize_parameters *p,
                         const char *name, const char *factor, int64_t fallback)
{
    const struct prototxt_field *message = caffe_parameters(layer, name, factor);

    p->coordinates = RESIZE_ASYMMETRIC;
    p->scale[0] = p->scale[1] =
        prototxt_int(layer->reader, message, factor, 1, INT32_MAX, fallback);
    if (layer->node->input_count != 1)
        caffe_fail(layer, STATUS_UNSUPPORTED,
                   "Upsample with the mask of a pooling layer (SegNet) is not supported");
}

void caffe_read_resize(const struct caffe_layer *layer, union parameters *out)
{
    const char *type = prototxt_string(layer->reader, layer->layer, "type", "");

    out->resize = (struct resize_parameters){
        .interpolation = RESIZE_NEAREST, .scale = {1, 1}, .shrink = 1, .zoom = 1};
    if (!strcmp(type, "Interp"))
        read_interp(layer, &out->resize);
    else if (!strcmp(type, "Upsample"))
        read_nearest(layer, &out->resize, "upsample_param", "scale", 1);
    else if (!strcmp(type, "NNUpsample"))
        read_nearest(layer, &out->resize, "nn_upsample_param", "resize", 2);
    else
        /* util_img.cpp: neighbours past the border count as 0 there. */
        caffe_fail(layer, STATUS_UNSUPPORTED,
                   "the forks that know this layer darken the far border, which is not supported");
}

/* ---- ROIPooling (roi_pooling_layer.cpp of rbgirshick/caffe-fast-rcnn) ---- */

void caffe_read_roi_pooling(const struct caffe_layer *layer, union parameters *out)
{
    const struct prototxt_field *message =
        caffe_parameters(layer, "roi_pooling_param", "pooled_h pooled_w spatial_scale");

    out->roi_pooling.height = prototxt_int(layer->reader, message, "pooled_h", 1, INT32_MAX, 0);
    out->roi_pooling.width = prototxt_int(layer->reader, message, "pooled_w", 1, INT32_MAX, 0);
    out->roi_pooling.spatial_scale = prototxt_float(layer->reader, message, "spatial_scale", 1);
    if (!out->roi_pooling.height || !out->roi_pooling.width)
        caffe_fail(layer, STATUS_DATA, "pooled_h or pooled_w is missing");
}

/* ---- PriorBox (prior_box_layer.cpp of weiliu89/caffe) ---- */

static const float *read_floats(const struct caffe_layer *layer,
                                const struct prototxt_field *message, const char *name,
                                size_t *count)
{
    const struct prototxt_field *field = prototxt_find(message, name);
    size_t given = prototxt_count(message, name);
    float *values;

    if (given > PRIOR_BOX_MAX_LIST) {
        prototxt_fail(layer->reader, field, STATUS_LIMIT, "more than %d of '%s'",
                      PRIOR_BOX_MAX_LIST, name);
        return NULL;
    }
    values = arena_alloc(&layer->graph->arena, given, sizeof *values);
    if (!values) {
        prototxt_fail(layer->reader, layer->layer, STATUS_MEMORY, "out of memory");
        return NULL;
    }
    for (size_t i = 0; i < given; i++, field = prototxt_find_next(field))
        values[i] = prototxt_field_float(layer->reader, field);
    *count = given;
    return values;
}

/* `name` for both sides, or name_h and name_w. */
static void read_sides(const struct caffe_layer *layer, const struct prototxt_field *message,
                       const char *both, const char *const sides[2], float pair[2])
{
    bool split = prototxt_find(message, sides[0]) || prototxt_find(message, sides[1]);

    if (!split && !prototxt_find(message, both))
        return;
    if (split && prototxt_find(message, both))
        caffe_fail(layer, STATUS_DATA,
                   "a value for both sides and one for each exclude each other");
    for (int axis = 0; axis < 2; axis++) {
        pair[axis] = prototxt_float(layer->reader, message, split ? sides[axis] : both, 0);
        if (!(pair[axis] > 0 && pair[axis] <= (float)INT32_MAX))
            caffe_fail(layer, STATUS_DATA, "sizes and steps of PriorBox must be positive");
    }
}

void caffe_read_prior_box(const struct caffe_layer *layer, union parameters *out)
{
    static const char *const sizes[] = {"img_h", "img_w"}, *const steps[] = {"step_h", "step_w"};
    struct prior_box_parameters *p = &out->prior_box;
    const struct prototxt_field *message = caffe_parameters(
        layer, "prior_box_param",
        "min_size max_size aspect_ratio flip clip variance img_size img_h img_w step step_h "
        "step_w offset");

    p->min_sizes = read_floats(layer, message, "min_size", &p->min_count);
    p->max_sizes = read_floats(layer, message, "max_size", &p->max_count);
    p->ratios = read_floats(layer, message, "aspect_ratio", &p->ratio_count);
    p->variances = read_floats(layer, message, "variance", &p->variance_count);
    p->flip = prototxt_bool(layer->reader, message, "flip", true);
    p->clip = prototxt_bool(layer->reader, message, "clip", false);
    p->offset = prototxt_float(layer->reader, message, "offset", 0.5F);
    read_sides(layer, message, "img_size", sizes, p->image);
    read_sides(layer, message, "step", steps, p->step);
}

/* ---- DetectionOutput (detection_output_layer.cpp of weiliu89/caffe) ---- */

static bool is_set(const struct caffe_layer *layer, const struct prototxt_field *message,
                   const char *name)
{
    return *prototxt_string(layer->reader, message, name, "") != '\0';
}

/* Only with all three of these does the layer write files. */
static void read_side_effects(const struct caffe_layer *layer, const struct prototxt_field *message)
{
    const struct prototxt_field *save =
        prototxt_message(layer->reader, message, "save_output_param");

    if (is_set(layer, save, "output_directory") && is_set(layer, save, "label_map_file") &&
        is_set(layer, save, "name_size_file"))
        caffe_fail(layer, STATUS_UNSUPPORTED,
                   "saving results to files is not supported; remove save_output_param");
    if (prototxt_bool(layer->reader, message, "visualize", false))
        caffe_fail(layer, STATUS_UNSUPPORTED, "visualize is not supported; remove it");
}

static void read_suppression(const struct caffe_layer *layer, const struct prototxt_field *message,
                             struct detection_output_parameters *p)
{
    const struct prototxt_field *nms = prototxt_message(layer->reader, message, "nms_param");

    prototxt_known(layer->reader, nms, "nms_threshold top_k eta");
    p->nms_threshold = prototxt_float(layer->reader, nms, "nms_threshold", 0.3F);
    p->nms_eta = prototxt_float(layer->reader, nms, "eta", 1);
    p->nms_top_k = prototxt_int(layer->reader, nms, "top_k", INT32_MIN, INT32_MAX, -1);
}

void caffe_read_detection_output(const struct caffe_layer *layer, union parameters *out)
{
    struct detection_output_parameters *p = &out->detection_output;
    const struct prototxt_field *message = caffe_parameters(
        layer, "detection_output_param",
        "num_classes share_location background_label_id nms_param save_output_param code_type "
        "variance_encoded_in_target keep_top_k confidence_threshold visualize "
        "visualize_threshold save_file");
    int code = prototxt_enum(layer->reader, message, "code_type",
                             "0 CORNER CENTER_SIZE CORNER_SIZE", DETECTION_CORNER);

    p->classes = prototxt_int(layer->reader, message, "num_classes", 1, INT32_MAX, 0);
    p->share_location = prototxt_bool(layer->reader, message, "share_location", true);
    p->background =
        prototxt_int(layer->reader, message, "background_label_id", INT32_MIN, INT32_MAX, 0);
    p->variance_in_target =
        prototxt_bool(layer->reader, message, "variance_encoded_in_target", false);
    p->keep_top_k = prototxt_int(layer->reader, message, "keep_top_k", INT32_MIN, INT32_MAX, -1);
    p->confidence_threshold =
        prototxt_float(layer->reader, message, "confidence_threshold", -FLT_MAX);
    p->code = (enum detection_code)(code ? code : DETECTION_CORNER);
    read_suppression(layer, message, p);
    read_side_effects(layer, message);
    if (!p->classes)
        caffe_fail(layer, STATUS_DATA, "num_classes is missing");
    if (!code)
        caffe_fail(layer, STATUS_DATA, "code_type must be CORNER, CENTER_SIZE or CORNER_SIZE");
}
