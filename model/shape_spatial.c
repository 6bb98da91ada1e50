/* The shape rules of layers that resize planes or look for objects in them. */
#include <inttypes.h>

#include "model/prior_box.h"
#include "model/shape_rule.h"

/* interp_layer.cpp, Reshape(): shrinks and zooms so that corners stay corners. False when a number
 * is absurd. */
static bool resized_extent(const struct resize_parameters *p, int axis, int64_t extent,
                           int64_t *out)
{
    if (p->pad > 0 || p->pad_end > 0 || p->pad < -extent || p->pad_end < -extent || p->shrink < 1 ||
        p->zoom < 1 || p->zoom > INT32_MAX || p->scale[axis] < 1 || p->size[axis] < 0)
        return false;
    extent += p->pad + p->pad_end;
    if (extent < 1)
        return false;
    extent = (extent - 1) / p->shrink + 1;
    extent += (extent - 1) * (p->zoom - 1);
    if (__builtin_mul_overflow(extent, p->scale[axis], &extent))
        return false;
    *out = p->size[axis] ? p->size[axis] : extent;
    return true;
}

enum status shape_resize(struct inference *inference, struct error *error)
{
    const struct resize_parameters *p = &inference->node->parameters.resize;
    const struct shape *in = &inference->inputs[0];
    struct shape *out = &inference->outputs[0];

    if (in->dims != 4)
        return rule_fail(inference, error, "resizing wants N x C x H x W");
    *out = *in;
    for (int axis = 0; axis < 2; axis++) {
        if (!resized_extent(p, axis, in->dim[2 + axis], &out->dim[2 + axis]))
            return rule_fail(inference, error, "its padding, factors or size do not fit its input");
        if (inference->node->input_count == 2 && inference->inputs[1].dims != 4)
            return rule_fail(inference, error, "the input that gives the size has no planes");
        if (inference->node->input_count == 2)
            out->dim[2 + axis] = inference->inputs[1].dim[2 + axis];
    }
    return STATUS_OK;
}

enum status shape_roi_pooling(struct inference *inference, struct error *error)
{
    const struct roi_pooling_parameters *p = &inference->node->parameters.roi_pooling;
    const struct shape *in = &inference->inputs[0], *rois = &inference->inputs[1];

    if (in->dims != 4 || !rois->dims || shape_product(rois, 1, rois->dims) != 5)
        return rule_fail(inference, error, "ROIPooling wants N x C x H x W, and R x 5 beside it");
    inference->outputs[0] =
        (struct shape){.dims = 4, .dim = {rois->dim[0], in->dim[1], p->height, p->width}};
    return STATUS_OK;
}

enum status shape_prior_box(struct inference *inference, struct error *error)
{
    const struct shape *plane = &inference->inputs[0], *image = &inference->inputs[1];
    int64_t count = (int64_t)prior_box_count(&inference->node->parameters.prior_box);

    if (plane->dims != 4 || image->dims != 4)
        return rule_fail(inference, error, "PriorBox wants two inputs of N x C x H x W");
    if (!count)
        return rule_fail(inference, error, "the lists of PriorBox do not fit each other");
    if (__builtin_mul_overflow(plane->dim[2] * 4, plane->dim[3], &count) ||
        __builtin_mul_overflow(
            count, (int64_t)prior_box_count(&inference->node->parameters.prior_box), &count))
        return rule_fail(inference, error, "PriorBox would make too many boxes");
    inference->outputs[0] = (struct shape){.dims = 3, .dim = {1, 2, count}};
    return STATUS_OK;
}

/* The most boxes that one image can end with. */
static int64_t most_detections(const struct detection_output_parameters *p, int64_t priors)
{
    bool background = p->background >= 0 && p->background < p->classes;
    int64_t each = p->nms_top_k >= 0 && p->nms_top_k < priors ? p->nms_top_k : priors;
    int64_t most = each * (p->classes - background);

    if (p->keep_top_k >= 0 && p->keep_top_k < most)
        most = p->keep_top_k;
    return most ? most : 1;
}

/* detection_output_layer.cpp, Reshape(). How many boxes there are is known only after the run; an
 * image without any may still have one row. */
enum status shape_detection_output(struct inference *inference, struct error *error)
{
    const struct detection_output_parameters *p = &inference->node->parameters.detection_output;
    const struct shape *location = &inference->inputs[0], *confidence = &inference->inputs[1];
    const struct shape *prior = &inference->inputs[2];
    size_t priors, sets = p->share_location ? 1 : (size_t)p->classes;
    int64_t rows;

    if (inference->node->input_count != 3)
        return graph_error(inference->graph, inference->node, error, STATUS_UNSUPPORTED,
                           "only the DetectionOutput of SSD, with 3 bottoms, is supported");
    if (location->dims < 2 || confidence->dims < 2 || prior->dims < 3 || prior->dim[1] != 2)
        return rule_fail(inference, error,
                         "DetectionOutput wants N x locations, N x confidences and 1 x 2 x boxes");
    priors = shape_product(prior, 2, prior->dims) / 4;
    if (p->classes < 1 || p->classes > INT32_MAX || location->dim[0] != confidence->dim[0] ||
        shape_product(prior, 2, prior->dims) % 4 ||
        shape_product(location, 1, location->dims) != priors * sets * 4 ||
        shape_product(confidence, 1, confidence->dims) != priors * (size_t)p->classes)
        return graph_error(inference->graph, inference->node, error, STATUS_DATA,
                           "locations and confidences do not fit %zu boxes of %" PRId64 " classes",
                           priors, p->classes);
    if (__builtin_mul_overflow(most_detections(p, (int64_t)priors), location->dim[0], &rows))
        return rule_fail(inference, error, "there would be too many detections");
    inference->outputs[0] = (struct shape){.dims = 4, .dim = {1, 1, rows, 7}};
    return STATUS_OK;
}
