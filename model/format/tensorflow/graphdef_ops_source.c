/* Where tensors come from and what passes them on. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "model/format/tensorflow/graphdef_order.h"
#include "model/format/tensorflow/graphdef_ops.h"
#include "model/format/tensorflow/graphdef_tensor.h"
#include "model/shape.h"

/* ---- placeholders ---- */

/* The shape that the node says, or that of its output as some exporters note it beside. Before
 * version 24 of GraphDef an empty shape meant that nothing is known (array_ops.cc, Placeholder). */
static bool placeholder_shape(struct graphdef_reading *reading, struct shape *shape)
{
    struct graphdef *graph = &reading->graph;

    return graphdef_shape(graph, reading->node, "shape", shape) &&
           (shape->dims || graph->producer >= 24);
}

/* Puts what the user said in the place of what the file does not say. */
static enum status complete_shape(struct graphdef_reading *reading, bool known, struct shape *shape)
{
    const struct shape *given = &reading->options->input_shape;
    bool open = !known;
    char text[SHAPE_TEXT];

    for (unsigned i = 1; i < shape->dims && known; i++)
        open |= shape->dim[i] < 0;
    if (!open || !given->dims) {
        if (known && shape->dims && shape->dim[0] < 0) {
            shape->dim[0] = reading->options->batch ? reading->options->batch : 1;
            reading->importer.graph->free_inputs++;
        }
        if (!open)
            return STATUS_OK;
        return importer_fail(&reading->importer, STATUS_DATA,
                             "the file does not say how large this input is; give it with "
                             "--input-shape, e.g. 1,224,224,3");
    }
    if (!known) {
        *shape = *given;
        return STATUS_OK;
    }
    if (given->dims != shape->dims)
        return importer_fail(&reading->importer, STATUS_DATA,
                             "the input has %u axes, but --input-shape says %s", shape->dims,
                             shape_text(given, text));
    for (unsigned i = 0; i < shape->dims; i++) {
        if (shape->dim[i] >= 0 && shape->dim[i] != given->dim[i])
            return importer_fail(&reading->importer, STATUS_DATA,
                                 "axis %u of the input is %" PRId64 ", but --input-shape says %s",
                                 i, shape->dim[i], shape_text(given, text));
        shape->dim[i] = given->dim[i];
    }
    return STATUS_OK;
}

enum status graphdef_read_placeholder(struct graphdef_reading *reading)
{
    struct graphdef *graph = &reading->graph;
    enum tf_type type = graphdef_type(graph, reading->node, "dtype", TF_TYPE_FLOAT);
    struct graphdef_edge self = {.node = (uint32_t)(reading->node - graph->nodes)};
    struct shape shape = {.dims = 0};
    enum status status;
    double number;
    bool known;

    if (graphdef_known_scalar(graph, self, &number)) {
        int64_t *integer;
        if (type == TF_TYPE_FLOAT)
            return import_fill(&reading->importer, &shape, (float)number, reading->outputs);
        status = import_integers(&reading->importer, &shape, &integer, reading->outputs);
        if (!status)
            *integer = (int64_t)number;
        return status;
    }
    if (type != TF_TYPE_FLOAT && type != TF_TYPE_UINT8 && type != TF_TYPE_HALF &&
        type != TF_TYPE_DOUBLE)
        return importer_fail(&reading->importer, STATUS_UNSUPPORTED,
                             "an input of %s; inputs must be pictures of float32 or uint8",
                             graphdef_type_name(type));
    known = placeholder_shape(reading, &shape);
    status = graphdef_status(reading);
    if (!status)
        status = complete_shape(reading, known, &shape);
    return status ? status
                  : import_input(&reading->importer, reading->name, &shape, reading->outputs);
}

enum status graphdef_read_placeholder_with_default(struct graphdef_reading *reading)
{
    if (graphdef_is_input(&reading->graph, reading->node))
        return graphdef_read_placeholder(reading);
    return graphdef_read_identity(reading);
}

/* ---- constants ---- */

enum status graphdef_read_const(struct graphdef_reading *reading)
{
    return graphdef_tensor_read(&reading->graph, reading->node, "value", &reading->importer,
                                reading->outputs);
}

/* What is left of dropout: see graphdef_is_always_one(). */
enum status graphdef_read_always_one(struct graphdef_reading *reading)
{
    struct shape scalar = {.dims = 0};
    int64_t *number;
    enum status status;

    if (!strcmp(reading->node->op, "Floor"))
        return import_fill(&reading->importer, &scalar, 1, reading->outputs);
    status = import_integers(&reading->importer, &scalar, &number, reading->outputs);
    if (!status)
        *number = 1;
    return status;
}

enum status graphdef_read_fill(struct graphdef_reading *reading)
{
    struct importer *importer = &reading->importer;
    const struct operand *number = reading->inputs[1];
    struct shape shape;
    int64_t value, *numbers;
    size_t dims, count;
    float fill;
    enum status status = import_read_integers(importer, reading->inputs[0], "the shape", shape.dim,
                                              SHAPE_MAX_DIMS, &dims);

    shape.dims = (unsigned)dims;
    if (!status && !shape_count(&shape, &count))
        status = importer_fail(importer, STATUS_DATA, "the shape is negative or too large");
    if (status)
        return status;
    if (number->kind != OPERAND_INTEGERS) {
        status = import_read_float(importer, number, "the number to fill with", &fill);
        return status ? status : import_fill(importer, &shape, fill, reading->outputs);
    }
    status = import_read_integers(importer, number, "the number to fill with", &value, 1, &dims);
    if (!status && !dims)
        status = importer_fail(importer, STATUS_DATA, "there is no number to fill with");
    if (!status)
        status = import_integers(importer, &shape, &numbers, reading->outputs);
    for (size_t i = 0; i < count && !status; i++)
        numbers[i] = value;
    return status;
}

enum status graphdef_read_range(struct graphdef_reading *reading)
{
    static const char *const what[] = {"the start", "the limit", "the step"};
    int64_t numbers[3];
    enum status status = STATUS_OK;

    for (unsigned i = 0; i < 3 && !status; i++) {
        size_t count;
        status = import_read_integers(&reading->importer, reading->inputs[i], what[i], &numbers[i],
                                      1, &count);
        if (!status && count != 1)
            status =
                importer_fail(&reading->importer, STATUS_DATA, "%s is not one number", what[i]);
    }
    return status ? status
                  : import_range(&reading->importer, numbers[0], numbers[1], numbers[2],
                                 reading->outputs);
}

static bool is_float(enum tf_type type)
{
    return type == TF_TYPE_FLOAT || type == TF_TYPE_DOUBLE || type == TF_TYPE_HALF ||
           type == TF_TYPE_BFLOAT16;
}

enum status graphdef_read_cast(struct graphdef_reading *reading)
{
    struct graphdef *graph = &reading->graph;
    enum tf_type from = graphdef_type(graph, reading->node, "SrcT", TF_TYPE_FLOAT);
    enum tf_type to = graphdef_type(graph, reading->node, "DstT", TF_TYPE_FLOAT);
    const struct operand *x = reading->inputs[0];

    if (graphdef_status(reading))
        return graphdef_status(reading);
    if (x->kind == OPERAND_VALUE && from != to && !is_float(to) &&
        (is_float(from) || to == TF_TYPE_BOOL))
        return importer_fail(&reading->importer, STATUS_UNSUPPORTED, "no layer casts to %s",
                             graphdef_type_name(to));
    if (x->kind == OPERAND_VALUE)
        return import_identity(&reading->importer, reading->name, x, reading->outputs);
    if (to == TF_TYPE_BOOL)
        return import_cast_to_bool(&reading->importer, x, reading->outputs);
    return import_cast(&reading->importer, x, !is_float(to), reading->outputs);
}

enum status graphdef_read_shape(struct graphdef_reading *reading)
{
    return import_shape(&reading->importer, reading->inputs[0], reading->outputs);
}

/* ---- what passes tensors on ---- */

enum status graphdef_read_identity(struct graphdef_reading *reading)
{
    return import_identity(&reading->importer, reading->name, reading->inputs[0], reading->outputs);
}

enum status graphdef_read_identity_n(struct graphdef_reading *reading)
{
    enum status status = graphdef_outputs(reading, reading->node->input_count);

    for (uint32_t i = 0; i < reading->output_count && !status; i++) {
        const char *name = graphdef_value_name(reading, reading->node, i);
        status = name ? import_identity(&reading->importer, name, reading->inputs[i],
                                        &reading->outputs[i])
                      : graphdef_status(reading);
    }
    return status;
}

/* Only the output that arrives is ever read: see graphdef_order.c. */
enum status graphdef_read_switch(struct graphdef_reading *reading)
{
    enum status status = graphdef_outputs(reading, 2);

    if (!status)
        reading->outputs[0] = reading->outputs[1] = *reading->inputs[0];
    return status;
}

enum status graphdef_read_merge(struct graphdef_reading *reading)
{
    uint32_t taken = reading->taken[reading->node - reading->graph.nodes];

    if (taken == GRAPHDEF_UNDECIDED)
        return importer_fail(&reading->importer, STATUS_UNSUPPORTED,
                             "its condition is not known at inference; freeze the graph with "
                             "is_training set to false");
    reading->outputs[0] = *reading->inputs[taken];
    return STATUS_OK;
}
