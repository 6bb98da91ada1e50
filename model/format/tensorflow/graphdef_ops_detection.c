/* Layers that TensorFlow does not have, as our writer spells them: attributes have the names of
 * caffe.proto's fields. */
#include <inttypes.h>
#include <string.h>

#include "model/format/tensorflow/graphdef_ops.h"
#include "model/format/tensorflow/graphdef_tensor.h"
#include "model/import/build.h"

/* Appends the layer. The first `pictures` inputs of four axes stand as pictures do; the others are
 * in Caffe's order already. */
static enum status append(struct graphdef_reading *reading, enum operator_kind kind,
                          const union parameters *parameters, uint32_t pictures)
{
    uint32_t values[5], value;
    struct layer layer = {.kind = kind,
                          .parameters = *parameters,
                          .inputs = values,
                          .input_count = reading->node->input_count};
    uint8_t order[SHAPE_MAX_DIMS];
    enum status status = graphdef_status(reading);

    for (uint32_t i = 0; i < reading->node->input_count && !status; i++) {
        struct operand x = *reading->inputs[i];
        if (operand_is_constant(&x))
            return importer_fail(&reading->importer, STATUS_UNSUPPORTED,
                                 "input %" PRIu32 " is a constant", i);
        build_natural_order(&reading->importer, x.shape.dims, order);
        status = i < pictures ? build_turned(&reading->importer, reading->name, &x, order, &x)
                              : build_plain(&reading->importer, reading->name, &x, &x);
        values[i] = x.value;
    }
    if (!status)
        status = build_layer(&reading->importer, reading->name, &layer, &value);
    if (status)
        return status;
    build_natural_order(&reading->importer, reading->importer.graph->values[value].shape.dims,
                        order);
    reading->outputs[0] = build_operand(&reading->importer, value, order);
    return STATUS_OK;
}

enum status graphdef_read_roi_pooling(struct graphdef_reading *reading)
{
    struct graphdef *graph = &reading->graph;
    const struct graphdef_node *node = reading->node;
    union parameters parameters = {
        .roi_pooling = {
            .height = graphdef_int(graph, node, "pooled_h", 0),
            .width = graphdef_int(graph, node, "pooled_w", 0),
            .spatial_scale = graphdef_float(graph, node, "spatial_scale", 1),
        }};

    return append(reading, OPERATOR_ROI_POOLING, &parameters, 1);
}

/* A vector of floats in an attribute, as a list that lives as long as the graph. */
static enum status read_floats(struct graphdef_reading *reading, const char *key, size_t *count,
                               const float **list)
{
    struct operand vector, copy;
    float *room;
    enum status status;

    *count = 0;
    *list = NULL;
    if (!graphdef_has(&reading->graph, reading->node, key))
        return STATUS_OK;
    status = graphdef_tensor_read(&reading->graph, reading->node, key, &reading->importer, &vector);
    if (!status && (vector.kind != OPERAND_FLOATS || vector.shape.dims != 1))
        status =
            importer_fail(&reading->importer, STATUS_DATA, "'%s' is not a list of numbers", key);
    if (!status)
        status = import_floats(&reading->importer, &vector.shape, &room, &copy);
    if (status)
        return status;
    weight_copy(&vector.weight, room);
    *count = vector.weight.count;
    *list = room;
    return STATUS_OK;
}

static enum status read_pair(struct graphdef_reading *reading, const char *key, float pair[2])
{
    const float *list;
    size_t count;
    enum status status = read_floats(reading, key, &count, &list);

    if (!status && count && count != 2)
        status =
            importer_fail(&reading->importer, STATUS_DATA, "'%s' is not a height and a width", key);
    for (size_t i = 0; i < count && !status; i++)
        pair[i] = list[i];
    return status;
}

enum status graphdef_read_prior_box(struct graphdef_reading *reading)
{
    struct graphdef *graph = &reading->graph;
    const struct graphdef_node *node = reading->node;
    union parameters parameters = {.prior_box = {.offset = 0}};
    struct prior_box_parameters *box = &parameters.prior_box;
    enum status status = read_floats(reading, "min_sizes", &box->min_count, &box->min_sizes);

    if (!status)
        status = read_floats(reading, "max_sizes", &box->max_count, &box->max_sizes);
    if (!status)
        status = read_floats(reading, "aspect_ratios", &box->ratio_count, &box->ratios);
    if (!status)
        status = read_floats(reading, "variance", &box->variance_count, &box->variances);
    if (!status)
        status = read_pair(reading, "image_size", box->image);
    if (!status)
        status = read_pair(reading, "steps", box->step);
    if (status)
        return status;
    box->flip = graphdef_bool(graph, node, "flip", true);
    box->clip = graphdef_bool(graph, node, "clip", false);
    box->offset = graphdef_float(graph, node, "offset", 0.5F);
    return append(reading, OPERATOR_PRIOR_BOX, &parameters, 2);
}

static enum status read_code(struct graphdef_reading *reading, enum detection_code *code)
{
    static const char *const names[] = {[DETECTION_CORNER] = "CORNER",
                                        [DETECTION_CENTER_SIZE] = "CENTER_SIZE",
                                        [DETECTION_CORNER_SIZE] = "CORNER_SIZE"};
    const char *text = graphdef_text(&reading->graph, reading->node, "code_type", "CORNER");

    for (*code = DETECTION_CORNER; *code <= DETECTION_CORNER_SIZE; (*code)++) {
        if (!strcmp(text, names[*code]))
            return graphdef_status(reading);
    }
    return importer_fail(&reading->importer, STATUS_DATA, "code_type '%s' is none", text);
}

enum status graphdef_read_detection_output(struct graphdef_reading *reading)
{
    struct graphdef *graph = &reading->graph;
    const struct graphdef_node *node = reading->node;
    union parameters parameters = {
        .detection_output = {
            .classes = graphdef_int(graph, node, "num_classes", 0),
            .background = graphdef_int(graph, node, "background_label_id", 0),
            .nms_top_k = graphdef_int(graph, node, "top_k", -1),
            .keep_top_k = graphdef_int(graph, node, "keep_top_k", -1),
            .share_location = graphdef_bool(graph, node, "share_location", true),
            .variance_in_target = graphdef_bool(graph, node, "variance_encoded_in_target", false),
            .nms_threshold = graphdef_float(graph, node, "nms_threshold", 0.3F),
            .nms_eta = graphdef_float(graph, node, "eta", 1),
            .confidence_threshold = graphdef_float(graph, node, "confidence_threshold", 0),
        }};

    enum status status = read_code(reading, &parameters.detection_output.code);

    return status ? status : append(reading, OPERATOR_DETECTION_OUTPUT, &parameters, 0);
}
