/* Arithmetic, activations, products and reductions. */
#include <inttypes.h>
#include <string.h>

#include "model/format/graphdef_ops.h"

/* ---- functions of one tensor ---- */

static enum status unary(struct graphdef_reading *reading, enum import_unary function, float alpha,
                         float beta)
{
    if (graphdef_status(reading))
        return graphdef_status(reading);
    return import_unary(&reading->importer, reading->name, function, alpha, beta,
                        reading->inputs[0], reading->outputs);
}

enum status graphdef_read_unary(struct graphdef_reading *reading)
{
    return unary(reading, (enum import_unary)reading->op->argument, 0, 0);
}

enum status graphdef_read_relu6(struct graphdef_reading *reading)
{
    return import_clip(&reading->importer, reading->name, reading->inputs[0], 0, 6,
                       reading->outputs);
}

enum status graphdef_read_leaky_relu(struct graphdef_reading *reading)
{
    return unary(reading, IMPORT_LEAKY_RELU,
                 graphdef_float(&reading->graph, reading->node, "alpha", 0.2F), 0);
}

enum status graphdef_read_elu(struct graphdef_reading *reading)
{
    return unary(reading, IMPORT_ELU, 1, 0);
}

/* Klambauer et al., Self-Normalizing Neural Networks, 2017: alpha and lambda. */
enum status graphdef_read_selu(struct graphdef_reading *reading)
{
    return unary(reading, IMPORT_SELU, 1.6732632423543772F, 1.0507009873554805F);
}

enum status graphdef_read_softmax(struct graphdef_reading *reading)
{
    return import_softmax(&reading->importer, reading->name, reading->inputs[0], -1,
                          reading->op->argument != 0, reading->outputs);
}

/* ---- arithmetic ---- */

enum status graphdef_read_binary(struct graphdef_reading *reading)
{
    return import_binary(&reading->importer, reading->name,
                         (enum import_binary)reading->op->argument, reading->inputs[0],
                         reading->inputs[1], reading->outputs);
}

enum status graphdef_read_add_n(struct graphdef_reading *reading)
{
    return import_many(&reading->importer, reading->name, IMPORT_ADD, reading->inputs,
                       reading->node->input_count, reading->outputs);
}

enum status graphdef_read_select(struct graphdef_reading *reading)
{
    return import_select(&reading->importer, reading->name, reading->inputs[0], reading->inputs[1],
                         reading->inputs[2], reading->outputs);
}

/* One number per channel: the last axis, or with data_format NCHW axis 1. */
enum status graphdef_read_bias_add(struct graphdef_reading *reading)
{
    const struct operand *x = reading->inputs[0];
    struct operand bias = *reading->inputs[1];
    int64_t extents[SHAPE_MAX_DIMS] = {1, 1, 1, 1, 1, 1, 1, 1};
    const struct import_axes *axes;
    enum status status = graphdef_axes(reading, &axes);

    if (!status && bias.shape.dims != 1)
        status = importer_fail(&reading->importer, STATUS_DATA,
                               "the bias has %u axes and must have one", bias.shape.dims);
    if (!status && axes == &import_nchw && x->shape.dims > 2) {
        extents[0] = bias.shape.dim[0];
        status = import_reshape(&reading->importer, reading->name, &bias, extents,
                                x->shape.dims - 1, &bias);
    }
    return status ? status
                  : import_binary(&reading->importer, reading->name, IMPORT_ADD, x, &bias,
                                  reading->outputs);
}

/* ---- products ---- */

enum status graphdef_read_matmul(struct graphdef_reading *reading)
{
    struct graphdef *graph = &reading->graph;
    bool transpose_a = graphdef_bool(graph, reading->node, "transpose_a", false);
    bool transpose_b = graphdef_bool(graph, reading->node, "transpose_b", false);

    for (unsigned i = 0; i < 2 && !graphdef_status(reading); i++) {
        if (reading->inputs[i]->shape.dims != 2)
            return importer_fail(&reading->importer, STATUS_DATA,
                                 "a matrix is needed, but input %u has %u axes", i,
                                 reading->inputs[i]->shape.dims);
    }
    if (graphdef_status(reading))
        return graphdef_status(reading);
    return import_matmul(&reading->importer, reading->name, reading->inputs[0], reading->inputs[1],
                         transpose_a, transpose_b, reading->outputs);
}

/* ---- reductions ---- */

enum status graphdef_read_reduce(struct graphdef_reading *reading)
{
    struct graphdef *graph = &reading->graph;
    const char *key = graphdef_has(graph, reading->node, "keep_dims") ? "keep_dims" : "keepdims";
    bool keep = graphdef_bool(graph, reading->node, key, false);
    int64_t axes[SHAPE_MAX_DIMS];
    size_t count;
    enum status status = graphdef_status(reading);

    if (!status)
        status = import_read_integers(&reading->importer, reading->inputs[1], "the axes", axes,
                                      SHAPE_MAX_DIMS, &count);
    if (!status && !count) /* nothing to reduce: unlike the importer's "all" */
        return import_identity(&reading->importer, reading->name, reading->inputs[0],
                               reading->outputs);
    return status ? status
                  : import_reduce(&reading->importer, reading->name,
                                  (enum import_reduction)reading->op->argument, reading->inputs[0],
                                  axes, count, keep, reading->outputs);
}

enum status graphdef_read_arg_max(struct graphdef_reading *reading)
{
    int64_t axis;
    size_t count;
    enum status status =
        import_read_integers(&reading->importer, reading->inputs[1], "the axis", &axis, 1, &count);

    if (!status && count != 1)
        status = importer_fail(&reading->importer, STATUS_DATA, "the axis is not one number");
    return status ? status
                  : import_arg_max(&reading->importer, reading->name, reading->inputs[0], axis,
                                   false, reading->outputs);
}
