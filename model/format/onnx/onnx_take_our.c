/* Operators of our own domain: layers of SSD for which ONNX has no word, as our writer says them.
 */
#include "model/format/onnx/onnx_read.h"
#include "model/import/build.h"

enum { LIST_MAX = 256 };

enum status onnx_layer(struct onnx_node *node, const struct layer *layer, struct operand *out)
{
    uint32_t value;
    enum status status = build_layer(node->importer, node->outputs[0], layer, &value);

    if (!status)
        *out = build_operand(node->importer, value, NULL);
    return status;
}

/* Every input as a value with its axes in order. */
static enum status take_layer(struct onnx_node *node, struct layer *layer)
{
    uint32_t inputs[8];
    struct operand x, out;
    enum status status = STATUS_OK;

    if (node->input_count > sizeof inputs / sizeof *inputs)
        return onnx_fail(node, STATUS_DATA, "it has too many inputs");
    for (size_t i = 0; i < node->input_count && !status; i++) {
        if (!onnx_operand(node, i) || operand_is_constant(onnx_operand(node, i)))
            return onnx_fail(node, STATUS_UNSUPPORTED, "input %zu is constant or left out", i);
        status = build_plain(node->importer, node->outputs[0], onnx_operand(node, i), &x);
        inputs[i] = x.value;
    }
    layer->inputs = inputs;
    layer->input_count = node->input_count;
    if (!status)
        status = onnx_layer(node, layer, &out);
    return status ? status : onnx_define(node, 0, &out);
}

static enum status read_list(const struct onnx_node *node, const char *attribute,
                             const float **list, size_t *count)
{
    float values[LIST_MAX], *copy;
    enum status status = onnx_floats_of(node, attribute, values, LIST_MAX, count);

    if (status)
        return status;
    copy = arena_alloc(&node->importer->graph->arena, *count, sizeof *copy);
    if (!copy)
        return arena_fail(&node->importer->graph->arena, node->reader->error);
    for (size_t i = 0; i < *count; i++)
        copy[i] = values[i];
    *list = copy;
    return STATUS_OK;
}

static enum status read_flag(const struct onnx_node *node, const char *attribute, bool *flag)
{
    int64_t value;
    enum status status = onnx_int(node, attribute, 0, &value);

    if (!status)
        *flag = value != 0;
    return status;
}

/* No variance means 0.1, one is that of all four (prior_box_layer.cpp). */
static bool lists_fit(const struct prior_box_parameters *p)
{
    return p->min_count && (p->variance_count <= 1 || p->variance_count == 4) &&
           (!p->max_count || p->max_count == p->min_count);
}

static enum status take_prior_box(struct onnx_node *node)
{
    struct layer layer = {.kind = OPERATOR_PRIOR_BOX};
    struct prior_box_parameters *p = &layer.parameters.prior_box;
    size_t count;
    enum status status = read_list(node, "min_sizes", &p->min_sizes, &p->min_count);

    if (!status)
        status = read_list(node, "max_sizes", &p->max_sizes, &p->max_count);
    if (!status)
        status = read_list(node, "ratios", &p->ratios, &p->ratio_count);
    if (!status)
        status = read_list(node, "variances", &p->variances, &p->variance_count);
    if (!status)
        status = onnx_floats_of(node, "image", p->image, 2, &count);
    if (!status)
        status = onnx_floats_of(node, "step", p->step, 2, &count);
    if (!status)
        status = onnx_float(node, "offset", 0.5F, &p->offset);
    if (!status)
        status = read_flag(node, "flip", &p->flip);
    if (!status)
        status = read_flag(node, "clip", &p->clip);
    if (!status && !lists_fit(p))
        status = onnx_fail(node, STATUS_DATA, "its lists of sizes and variances do not fit");
    return status ? status : take_layer(node, &layer);
}

static enum status take_detection_output(struct onnx_node *node)
{
    struct layer layer = {.kind = OPERATOR_DETECTION_OUTPUT};
    struct detection_output_parameters *p = &layer.parameters.detection_output;
    int64_t code = 0;
    enum status status = onnx_int(node, "classes", 0, &p->classes);

    if (!status)
        status = onnx_int(node, "background", 0, &p->background);
    if (!status)
        status = onnx_int(node, "nms_top_k", -1, &p->nms_top_k);
    if (!status)
        status = onnx_int(node, "keep_top_k", -1, &p->keep_top_k);
    if (!status)
        status = read_flag(node, "share_location", &p->share_location);
    if (!status)
        status = read_flag(node, "variance_in_target", &p->variance_in_target);
    if (!status)
        status = onnx_int(node, "code", DETECTION_CORNER, &code);
    if (!status)
        status = onnx_float(node, "nms_threshold", 0, &p->nms_threshold);
    if (!status)
        status = onnx_float(node, "nms_eta", 1, &p->nms_eta);
    if (!status)
        status = onnx_float(node, "confidence_threshold", 0, &p->confidence_threshold);
    if (!status && (code < DETECTION_CORNER || code > DETECTION_CORNER_SIZE || p->classes < 1))
        status = onnx_fail(node, STATUS_DATA, "attribute 'code' or 'classes' is out of range");
    p->code = (enum detection_code)code;
    return status ? status : take_layer(node, &layer);
}

const struct onnx_operator onnx_our_operators[] = {{"PriorBox", 2, take_prior_box},
                                                   {"DetectionOutput", 3, take_detection_output},
                                                   {NULL, 0, NULL}};
