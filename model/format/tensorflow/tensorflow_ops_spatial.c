/* Layers that resize planes or look for objects in them. */
#include <math.h>

#include "common/log.h"
#include "model/format/tensorflow/tensorflow_ops.h"
#include "model/prior_box.h"

/* ---- Resize ---- */

/* Between aligned corners both round half up, but TensorFlow rounds a product of floats
 * (resize_nearest_neighbor_op.cc), which may fall short of the half. */
static bool rounds_alike(int64_t in, int64_t out)
{
    for (int64_t i = 0; i < out; i++) {
        float at = out > 1 ? (float)i * ((float)(in - 1) / (float)(out - 1)) : 0;
        int64_t exact = out > 1 ? (2 * i * (in - 1) + out - 1) / (2 * (out - 1)) : 0;
        if ((int64_t)roundf(at) != exact)
            return false;
    }
    return true;
}

void tf_write_resize(struct tf_layer *layer)
{
    const struct resize_parameters *p = &layer->node->parameters.resize;
    const struct shape *out = tf_output_shape(layer);
    struct shape in = *tf_shape(layer, 0);
    bool nearest = p->interpolation == RESIZE_NEAREST;
    bool corners = p->coordinates == RESIZE_CORNERS;
    const char *x = tf_input(layer, 0), *size;
    struct tf_node *node;

    if (p->pad || p->pad_end) {
        for (int i = 0; i < 2; i++)
            in.dim[2 + i] += p->pad + p->pad_end;
        x = tf_slice(layer, x, "Slice", (const int64_t[]){0, -p->pad, -p->pad, 0},
                     (const int64_t[]){-1, in.dim[2], in.dim[3], in.dim[1]}, 4);
    }
    if (nearest && corners &&
        !(rounds_alike(in.dim[2], out->dim[2]) && rounds_alike(in.dim[3], out->dim[3]))) {
        tf_refuse(layer, LIMIT_TENSORFLOW_RESIZE_HALVES);
        return;
    }
    size = tf_ints(layer, "size", out->dim + 2, 2);
    node = tf_emit(layer, nearest ? "ResizeNearestNeighbor" : "ResizeBilinear", NULL,
                   TF_INPUTS(x, size));
    tf_set_bool(layer, node, "align_corners", corners);
    /* TensorFlow before 1.14 does not know the attribute. */
    if (p->coordinates == RESIZE_HALF_PIXEL)
        tf_set_bool(layer, node, "half_pixel_centers", true);
}

/* ---- what TensorFlow lacks ---- */

void tf_write_roi_pooling(struct tf_layer *layer)
{
    const struct roi_pooling_parameters *p = &layer->node->parameters.roi_pooling;
    struct tf_node *node =
        tf_emit(layer, "ROIPooling", NULL, TF_INPUTS(tf_input(layer, 0), tf_input_plain(layer, 1)));

    tf_set_int(layer, node, "pooled_h", p->height);
    tf_set_int(layer, node, "pooled_w", p->width);
    tf_set_float(layer, node, "spatial_scale", p->spatial_scale);
    tf_set_foreign(layer, LIMIT_TFJS_ROI_POOLING);
}

void tf_write_detection_output(struct tf_layer *layer)
{
    static const char *const codes[] = {[DETECTION_CORNER] = "CORNER",
                                        [DETECTION_CENTER_SIZE] = "CENTER_SIZE",
                                        [DETECTION_CORNER_SIZE] = "CORNER_SIZE"};
    const struct detection_output_parameters *p = &layer->node->parameters.detection_output;
    uint32_t count = layer->node->input_count;
    const char **names = tf_name_list(layer, count);
    struct tf_node *node;

    for (uint32_t i = 0; names && i < count; i++)
        names[i] = tf_input_plain(layer, i);
    if (!names)
        return;
    node = tf_emit(layer, "DetectionOutput", NULL, names);
    tf_set_int(layer, node, "num_classes", p->classes);
    tf_set_bool(layer, node, "share_location", p->share_location);
    tf_set_int(layer, node, "background_label_id", p->background);
    tf_set_float(layer, node, "nms_threshold", p->nms_threshold);
    tf_set_float(layer, node, "eta", p->nms_eta);
    tf_set_int(layer, node, "top_k", p->nms_top_k);
    tf_set_int(layer, node, "keep_top_k", p->keep_top_k);
    tf_set_text(layer, node, "code_type", codes[p->code]);
    tf_set_bool(layer, node, "variance_encoded_in_target", p->variance_in_target);
    tf_set_float(layer, node, "confidence_threshold", p->confidence_threshold);
    tf_set_foreign(layer, LIMIT_TFJS_DETECTION_OUTPUT);
}

/* ---- PriorBox ---- */

/* The sizes of the boxes around each point, in the order of prior_box_layer.cpp: per minimum the
 * square, the square of the mean with its maximum, and the other ratios. */
static size_t box_sizes(const struct prior_box_parameters *p, float *widths, float *heights)
{
    size_t count = 0;

    for (size_t i = 0; i < p->min_count; i++) {
        float low = p->min_sizes[i];
        widths[count] = heights[count] = low;
        count++;
        if (i < p->max_count) {
            widths[count] = heights[count] = sqrtf(low * p->max_sizes[i]);
            count++;
        }
        for (size_t j = 0; j < p->ratio_count; j++) {
            float root = sqrtf(p->ratios[j]);
            if (fabsf(p->ratios[j] - 1) < 1e-6F)
                continue;
            widths[count] = low * root;
            heights[count++] = low / root;
            if (!p->flip)
                continue;
            widths[count] = low / root;
            heights[count++] = low * root;
        }
    }
    return count;
}

/* Whether an output of the network follows from no input: then it would be a constant, which a
 * frozen graph cannot have as an output. */
static bool has_constant_output(struct tf_layer *layer)
{
    const struct graph *graph = layer->tf->graph;
    bool *varies = arena_alloc(&layer->tf->arena, graph->value_count, sizeof *varies);

    if (!varies) {
        layer->tf->status = STATUS_MEMORY;
        return false;
    }
    for (size_t i = 0; i < graph->node_count; i++) {
        const struct node *node = &graph->nodes[i];
        bool any = !node->input_count;
        for (uint32_t j = 0; j < node->input_count && node->op->kind != OPERATOR_PRIOR_BOX; j++)
            any = any || varies[node->inputs[j]];
        for (uint32_t j = 0; j < node->output_count; j++)
            varies[node->outputs[j]] = any;
    }
    for (size_t i = 0; i < graph->output_count; i++) {
        if (!varies[graph->outputs[i]])
            return true;
    }
    return false;
}

/* Else TensorFlow can load the file, and the boxes are a constant. */
static bool needs_layers_of_boxes(struct tf_layer *layer)
{
    const struct graph *graph = layer->tf->graph;

    for (size_t i = 0; i < graph->node_count; i++) {
        if (graph->nodes[i].op->kind == OPERATOR_DETECTION_OUTPUT)
            return true;
    }
    return has_constant_output(layer);
}

static void write_boxes(struct tf_layer *layer)
{
    const struct prior_box_parameters *p = &layer->node->parameters.prior_box;
    const struct shape *out = tf_output_shape(layer);
    size_t half = (size_t)out->dim[2];
    float *numbers = tf_room(layer, 2 * half);
    struct weight boxes = weight_make(out, numbers);
    float variances[4];

    if (!numbers)
        return;
    prior_box_fill(p, tf_shape(layer, 0), tf_shape(layer, 1), 0, half / 4, numbers);
    prior_box_variances(p, variances);
    for (size_t i = 0; i < half; i++)
        numbers[half + i] = variances[i % 4];
    tf_unary(layer, "Identity", NULL, tf_weight(layer, "boxes", &boxes));
}

/* As OpenCV's importer reads it (width, height, variance, step, offset, clip), and all that the
 * layer says, so that the reader can bring it back. */
void tf_write_prior_box(struct tf_layer *layer)
{
    const struct prior_box_parameters *p = &layer->node->parameters.prior_box;
    size_t most = p->min_count * (2 + 2 * p->ratio_count), count;
    float *widths = tf_room(layer, most), *heights = tf_room(layer, most);
    struct tf_node *node;

    if (!needs_layers_of_boxes(layer)) {
        write_boxes(layer);
        return;
    }
    if (!widths || !heights)
        return;
    count = box_sizes(p, widths, heights);
    node = tf_emit(layer, "PriorBox", NULL, TF_INPUTS(tf_input(layer, 0), tf_input(layer, 1)));
    tf_set_floats(layer, node, "width", widths, count);
    tf_set_floats(layer, node, "height", heights, count);
    tf_set_floats(layer, node, "variance", p->variances, p->variance_count);
    tf_set_floats(layer, node, "min_sizes", p->min_sizes, p->min_count);
    tf_set_floats(layer, node, "max_sizes", p->max_sizes, p->max_count);
    tf_set_floats(layer, node, "aspect_ratios", p->ratios, p->ratio_count);
    tf_set_bool(layer, node, "flip", p->flip);
    tf_set_bool(layer, node, "clip", p->clip);
    tf_set_float(layer, node, "offset", p->offset);
    tf_set_float(layer, node, "step", p->step[0]);
    tf_set_floats(layer, node, "steps", p->step, 2);
    tf_set_floats(layer, node, "image_size", p->image, 2);
    tf_set_foreign(layer, LIMIT_TFJS_PRIOR_BOX);
}
