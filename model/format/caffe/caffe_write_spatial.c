/* Writes layers that resize planes or look for objects in them. But for the deconvolution they are
 * of forks of Caffe, whose messages have no official numbers: their parameters stand in the
 * prototxt only. */
#include <float.h>

#include "model/format/caffe/caffe_writer.h"

enum { CONVOLUTION_PARAM = 106 };

static struct caffe_message *begin(struct caffe_writer *writer, const struct node *node,
                                   const char *type, const char *name)
{
    struct caffe_layer_out *layer = caffe_out_node(writer, node, type);

    return caffe_put_message(&layer->parameters, name, CAFFE_TEXT_ONLY);
}

/* ---- resizing ---- */

/* DeepLab's Interp: bilinear, the corners of both planes lie on each other (interp_layer.cpp). */
static void write_interp(struct caffe_writer *writer, const struct node *node)
{
    const struct resize_parameters *p = &node->parameters.resize;
    const struct shape *out = caffe_out_shape(writer, node);
    struct caffe_message *m = begin(writer, node, "Interp", "interp_param");
    bool sized = p->size[0] || p->size[1] || p->scale[0] != 1 || p->scale[1] != 1;

    /* A second bottom gives the size. */
    if (node->input_count == 1 && sized) {
        caffe_put_int(m, "height", 1, out->dim[2]);
        caffe_put_int(m, "width", 2, out->dim[3]);
    } else if (node->input_count == 1) {
        caffe_put_int_unless(m, "zoom_factor", 3, p->zoom, 1);
        caffe_put_int(m, "shrink_factor", 4, p->shrink);
    }
    caffe_put_int_unless(m, "pad_beg", 5, p->pad, 0);
    caffe_put_int_unless(m, "pad_end", 6, p->pad_end, 0);
}

/* The factor by which each pixel is repeated; false when the planes do not fit. */
static bool repetition(const struct shape *in, const struct shape *out, int64_t factor[2])
{
    for (int axis = 0; axis < 2; axis++) {
        factor[axis] = out->dim[2 + axis] / in->dim[2 + axis];
        if (factor[axis] < 1 || factor[axis] * in->dim[2 + axis] != out->dim[2 + axis])
            return false;
    }
    return true;
}

/* Other factors for height and width: ones as the kernel of a deconvolution by its own stride. */
static void put_ones(struct caffe_writer *writer, struct caffe_layer_out *layer, int64_t channels,
                     const int64_t factor[2])
{
    struct shape shape = {.dims = 4, .dim = {channels, 1, factor[0], factor[1]}};
    struct caffe_message *m =
        caffe_put_message(&layer->parameters, "convolution_param", CONVOLUTION_PARAM);
    float *values = caffe_out_constant(writer, layer, &shape);

    caffe_put_int(m, "num_output", 1, channels);
    caffe_put_bool(m, "bias_term", 2, false);
    caffe_put_int(m, "group", 5, channels);
    caffe_put_int(m, "kernel_h", 11, factor[0]);
    caffe_put_int(m, "kernel_w", 12, factor[1]);
    caffe_put_int(m, "stride_h", 13, factor[0]);
    caffe_put_int(m, "stride_w", 14, factor[1]);
    for (int64_t i = 0; values && i < channels * factor[0] * factor[1]; i++)
        values[i] = 1;
}

static void write_repetition(struct caffe_writer *writer, const struct node *node,
                             const int64_t factor[2])
{
    bool alike = factor[0] == factor[1];
    struct caffe_layer_out *layer =
        caffe_out_node(writer, node, alike ? "Upsample" : "Deconvolution");

    if (alike)
        caffe_put_int(caffe_put_message(&layer->parameters, "upsample_param", CAFFE_TEXT_ONLY),
                      "scale", 1, factor[0]);
    else
        put_ones(writer, layer, caffe_out_shape(writer, node)->dim[1], factor);
    /* A second input only said the size. */
    if (layer->bottom_count == 2) {
        caffe_out_aux(writer, node, "Silence", "Silence", layer->bottoms[1], 0);
        layer->bottom_count = 1;
    }
}

void caffe_write_resize(struct caffe_writer *writer, const struct node *node)
{
    const struct resize_parameters *p = &node->parameters.resize;
    bool corners = p->coordinates == RESIZE_CORNERS;
    int64_t factor[2];

    if (p->interpolation == RESIZE_LINEAR && corners)
        write_interp(writer, node);
    else if (p->interpolation == RESIZE_LINEAR)
        caffe_out_refuse(writer, node, LIMIT_CAFFE_RESIZE_LINEAR);
    else if (corners || p->pad || p->pad_end ||
             !repetition(caffe_out_input_shape(writer, node), caffe_out_shape(writer, node),
                         factor))
        caffe_out_refuse(writer, node, LIMIT_CAFFE_RESIZE_NEAREST);
    else
        write_repetition(writer, node, factor);
}

/* ---- objects ---- */

void caffe_write_roi_pooling(struct caffe_writer *writer, const struct node *node)
{
    const struct roi_pooling_parameters *p = &node->parameters.roi_pooling;
    struct caffe_message *m = begin(writer, node, "ROIPooling", "roi_pooling_param");

    caffe_put_int(m, "pooled_h", 1, p->height);
    caffe_put_int(m, "pooled_w", 2, p->width);
    caffe_put_float_unless(m, "spatial_scale", 3, p->spatial_scale, 1);
}

static void put_floats(struct caffe_message *m, const char *name, const float *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        caffe_put_float(m, name, CAFFE_TEXT_ONLY, values[i]);
}

/* One field for both axes where they are alike. */
static void put_sides(struct caffe_message *m, const char *both, const char *height,
                      const char *width, const float pair[2])
{
    bool alike = !(pair[0] < pair[1]) && !(pair[0] > pair[1]);

    if (alike) {
        caffe_put_float_unless(m, both, CAFFE_TEXT_ONLY, pair[0], 0);
        return;
    }
    caffe_put_float(m, height, CAFFE_TEXT_ONLY, pair[0]);
    caffe_put_float(m, width, CAFFE_TEXT_ONLY, pair[1]);
}

void caffe_write_prior_box(struct caffe_writer *writer, const struct node *node)
{
    const struct prior_box_parameters *p = &node->parameters.prior_box;
    bool whole = p->image[0] <= (float)INT32_MAX && p->image[1] <= (float)INT32_MAX;
    struct caffe_message *m = begin(writer, node, "PriorBox", "prior_box_param");

    put_floats(m, "min_size", p->min_sizes, p->min_count);
    put_floats(m, "max_size", p->max_sizes, p->max_count);
    put_floats(m, "aspect_ratio", p->ratios, p->ratio_count);
    caffe_put_bool_unless(m, "flip", CAFFE_TEXT_ONLY, p->flip, true);
    caffe_put_bool_unless(m, "clip", CAFFE_TEXT_ONLY, p->clip, false);
    put_floats(m, "variance", p->variances, p->variance_count);
    if (whole && (p->image[0] > 0 || p->image[1] > 0)) {
        caffe_put_int(m, "img_h", CAFFE_TEXT_ONLY, (int64_t)p->image[0]);
        caffe_put_int(m, "img_w", CAFFE_TEXT_ONLY, (int64_t)p->image[1]);
    }
    put_sides(m, "step", "step_h", "step_w", p->step);
    caffe_put_float_unless(m, "offset", CAFFE_TEXT_ONLY, p->offset, 0.5F);
}

void caffe_write_detection_output(struct caffe_writer *writer, const struct node *node)
{
    static const char *const codes[] = {"", "CORNER", "CENTER_SIZE", "CORNER_SIZE"};
    const struct detection_output_parameters *p = &node->parameters.detection_output;
    struct caffe_message *m = begin(writer, node, "DetectionOutput", "detection_output_param");
    struct caffe_message *nms;

    caffe_put_int(m, "num_classes", CAFFE_TEXT_ONLY, p->classes);
    caffe_put_bool_unless(m, "share_location", CAFFE_TEXT_ONLY, p->share_location, true);
    caffe_put_int_unless(m, "background_label_id", CAFFE_TEXT_ONLY, p->background, 0);
    nms = caffe_put_message(m, "nms_param", CAFFE_TEXT_ONLY);
    caffe_put_float_unless(nms, "nms_threshold", CAFFE_TEXT_ONLY, p->nms_threshold, 0.3F);
    caffe_put_int_unless(nms, "top_k", CAFFE_TEXT_ONLY, p->nms_top_k, -1);
    caffe_put_float_unless(nms, "eta", CAFFE_TEXT_ONLY, p->nms_eta, 1);
    if (p->code != DETECTION_CORNER)
        caffe_put_word(m, "code_type", CAFFE_TEXT_ONLY, codes[p->code], (int64_t)p->code);
    caffe_put_bool_unless(m, "variance_encoded_in_target", CAFFE_TEXT_ONLY, p->variance_in_target,
                          false);
    caffe_put_int_unless(m, "keep_top_k", CAFFE_TEXT_ONLY, p->keep_top_k, -1);
    caffe_put_float_unless(m, "confidence_threshold", CAFFE_TEXT_ONLY, p->confidence_threshold,
                           -FLT_MAX);
}
