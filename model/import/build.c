#include "model/import/build.h"

#include <inttypes.h>
#include <string.h>

enum status build_layers(struct importer *importer, const char *const *names, size_t count,
                         const struct layer *layer, uint32_t *values)
{
    struct graph *graph = importer->graph;
    enum status status = graph_reserve(graph, 1, count, importer->error);
    struct node *node;

    if (!status)
        status = graph_append(graph, operator_info(layer->kind), names[0], layer->inputs,
                              layer->input_count, names, count, 0, &node, importer->error);
    if (status)
        return status;
    node->parameters = layer->parameters;
    node->weight_count = layer->weight_count;
    if (layer->weight_count) {
        node->weights = arena_alloc(&graph->arena, layer->weight_count, sizeof *node->weights);
        if (!node->weights)
            return arena_fail(&graph->arena, importer->error);
        memcpy(node->weights, layer->weights, layer->weight_count * sizeof *node->weights);
    }
    memcpy(values, node->outputs, count * sizeof *values);
    return graph_infer_last(graph, NULL, importer->error);
}

enum status build_layer(struct importer *importer, const char *name, const struct layer *layer,
                        uint32_t *value)
{
    return build_layers(importer, &name, 1, layer, value);
}

enum status build_on(struct importer *importer, const char *name, const struct operand *x,
                     const struct layer *layer, struct operand *out)
{
    struct layer copy = *layer;
    uint8_t order[SHAPE_MAX_DIMS];
    enum status status;
    uint32_t value, input = x->value;

    memcpy(order, x->order, sizeof order);
    if (!copy.input_count) {
        copy.inputs = &input;
        copy.input_count = 1;
    }
    status = build_layer(importer, name, &copy, &value);
    if (!status)
        *out = build_operand(importer, value, order);
    return status;
}

struct operand build_operand(struct importer *importer, uint32_t index, const uint8_t *order)
{
    struct value *value = &importer->graph->values[index];
    struct operand operand = {.kind = OPERAND_VALUE, .value = index};

    value->turned = false;
    operand.shape.dims = value->shape.dims;
    for (unsigned i = 0; i < value->shape.dims; i++) {
        operand.order[i] = value->order[i] = order ? order[i] : (uint8_t)i;
        operand.shape.dim[i] = value->shape.dim[operand.order[i]];
        value->turned = value->turned || operand.order[i] != i;
    }
    return operand;
}

void build_natural_order(const struct importer *importer, unsigned dims,
                         uint8_t order[SHAPE_MAX_DIMS])
{
    static const uint8_t last[] = {0, 2, 3, 1};

    for (unsigned i = 0; i < SHAPE_MAX_DIMS; i++)
        order[i] = importer->channels_last && dims == 4 && i < 4 ? last[i] : (uint8_t)i;
}

enum status build_axis(struct importer *importer, int64_t axis, unsigned dims, unsigned *index)
{
    int64_t wanted = axis < 0 ? axis + dims : axis;

    if (wanted < 0 || wanted >= dims)
        return importer_fail(importer, STATUS_DATA,
                             "axis %" PRId64 " lies outside its input of %u axes", axis, dims);
    *index = (unsigned)wanted;
    return STATUS_OK;
}

enum status build_reshape(struct importer *importer, const char *name, uint32_t value,
                          const struct shape *shape, int rest, uint32_t *out)
{
    struct layer layer = {.kind = OPERATOR_RESHAPE, .inputs = &value, .input_count = 1};
    const struct shape *in = &importer->graph->values[value].shape;

    *out = value;
    if (shape_equal(in, shape))
        return STATUS_OK;
    if (shape->dims == 2 && in->dims > 2 && shape->dim[0] == in->dim[0]) {
        layer.kind = OPERATOR_FLATTEN;
        layer.parameters.flatten = (struct flatten_parameters){.axis = 1, .end_axis = -1};
        return build_layer(importer, name, &layer, out);
    }
    layer.parameters.reshape = (struct reshape_parameters){.shape = *shape, .num_axes = -1};
    if (in->dims && shape->dims && shape->dim[0] == in->dim[0])
        layer.parameters.reshape.shape.dim[0] = 0;
    else if (rest >= 0)
        layer.parameters.reshape.shape.dim[rest] = -1;
    return build_layer(importer, name, &layer, out);
}

/* ---- turning ---- */

/* Only axes of extent 1 other than the first change their places. */
static bool keeps_memory(const struct shape *shape, const uint8_t *permutation)
{
    unsigned last = 0;

    if (permutation[0] != 0)
        return false;
    for (unsigned i = 1; i < shape->dims; i++) {
        if (shape->dim[permutation[i]] == 1)
            continue;
        if (permutation[i] < last)
            return false;
        last = permutation[i];
    }
    return true;
}

/* A value that was turned the same way before, for another reader; -1 when there is none. */
static int64_t find_turned(const struct graph *graph, uint32_t value,
                           const struct permute_parameters *permute)
{
    for (size_t i = graph->node_count; i-- > graph->values[value].producer;) {
        const struct node *node = &graph->nodes[i];
        if (node->op->kind == OPERATOR_PERMUTE && node->inputs[0] == value &&
            node->parameters.permute.dims == permute->dims &&
            !memcmp(node->parameters.permute.order, permute->order, permute->dims))
            return node->outputs[0];
    }
    return -1;
}

/* The transpose that left no layer asked for just this: then the layer gets its name. */
static bool is_wanted(const struct importer *importer, const struct operand *x,
                      const struct permute_parameters *permute)
{
    return x->turned_name && !memcmp(x->turned_as, permute->order, permute->dims) &&
           graph_top(importer->graph, x->turned_name) < 0;
}

static enum status turn(struct importer *importer, const char *name, bool exact,
                        const struct operand *x, const uint8_t *want, struct operand *out)
{
    const struct shape *in = &importer->graph->values[x->value].shape;
    struct layer layer = {.kind = OPERATOR_PERMUTE, .inputs = &x->value, .input_count = 1};
    struct permute_parameters *permute = &layer.parameters.permute;
    struct shape shape = {.dims = in->dims};
    enum status status = STATUS_OK;
    uint32_t value;
    int64_t before;

    if (!memcmp(x->order, want, in->dims)) {
        *out = *x;
        return STATUS_OK;
    }
    permute->dims = in->dims;
    for (unsigned i = 0; i < in->dims; i++)
        permute->order[want[i]] = x->order[i];
    for (unsigned i = 0; i < in->dims; i++)
        shape.dim[i] = in->dim[permute->order[i]];
    before = find_turned(importer->graph, x->value, permute);
    if (before >= 0 && !exact) {
        *out = build_operand(importer, (uint32_t)before, want);
        return STATUS_OK;
    }
    if (is_wanted(importer, x, permute))
        name = x->turned_name;
    else if (!exact)
        status = build_name(importer, name, "Permute", &name);
    if (!status && keeps_memory(in, permute->order)) {
        status = build_reshape(importer, name, x->value, &shape, -1, &value);
    } else if (!status) {
        status = build_layer(importer, name, &layer, &value);
        if (!status)
            importer->graph->values[value].implied = !x->turned_name;
    }
    if (!status)
        *out = build_operand(importer, value, want);
    return status;
}

enum status build_turned(struct importer *importer, const char *name, const struct operand *x,
                         const uint8_t *want, struct operand *out)
{
    return turn(importer, name, false, x, want, out);
}

enum status build_turned_as(struct importer *importer, const char *name, const struct operand *x,
                            const uint8_t *want, struct operand *out)
{
    return turn(importer, name, true, x, want, out);
}

enum status build_plain(struct importer *importer, const char *name, const struct operand *x,
                        struct operand *out)
{
    static const uint8_t plain[SHAPE_MAX_DIMS] = {0, 1, 2, 3, 4, 5, 6, 7};

    return build_turned(importer, name, x, plain, out);
}

enum status build_channels(struct importer *importer, const char *name, const struct operand *x,
                           unsigned channel, struct operand *out)
{
    uint8_t want[SHAPE_MAX_DIMS] = {0}, next = 2;

    if (x->order[channel] == 1) {
        *out = *x;
        return STATUS_OK;
    }
    if (x->shape.dims < 2 || channel == 0)
        return importer_fail(importer, STATUS_UNSUPPORTED,
                             "its channels must stand on an axis behind the batch");
    for (unsigned i = 0; i < x->shape.dims; i++)
        want[i] = i == 0 ? 0 : i == channel ? 1 : next++;
    return build_turned(importer, name, x, want, out);
}

enum status build_scale(struct importer *importer, const char *name, const struct operand *x,
                        unsigned place, const struct weight *factor, const struct weight *offset,
                        struct operand *out)
{
    struct layer layer = {.kind = factor ? OPERATOR_SCALE : OPERATOR_BIAS};
    const struct weight *first = factor ? factor : offset;

    *out = *x;
    if (!first)
        return STATUS_OK;
    layer.parameters.scale = (struct scale_parameters){
        .axis = place, .num_axes = first->shape.dims, .bias = factor && offset};
    layer.weights[layer.weight_count++] = *first;
    if (factor && offset)
        layer.weights[layer.weight_count++] = *offset;
    return build_on(importer, name, x, &layer, out);
}

enum status build_power(struct importer *importer, const char *name, const struct operand *x,
                        struct power_parameters power, struct operand *out)
{
    *out = *x;
    if (power.power == 1 && power.scale == 1 && power.shift == 0)
        return STATUS_OK;
    return build_simple(importer, name, OPERATOR_POWER, &(union parameters){.power = power}, x,
                        out);
}

enum status build_simple(struct importer *importer, const char *name, enum operator_kind kind,
                         const union parameters *parameters, const struct operand *x,
                         struct operand *out)
{
    struct layer layer = {.kind = kind, .parameters = *parameters};

    return build_on(importer, name, x, &layer, out);
}

enum status build_check_value(struct importer *importer, const struct operand *x)
{
    if (x->kind == OPERAND_VALUE)
        return STATUS_OK;
    return importer_fail(importer, STATUS_UNSUPPORTED,
                         "its input is a constant; fold it before the network is saved");
}
