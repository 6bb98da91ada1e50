/* Arithmetic, activations, products and reductions. */
#include <inttypes.h>
#include <string.h>

#include "model/format/tensorflow/graphdef_ops.h"
#include "model/import/build.h"

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

/* Turned by hand up to REVERSE_MOST elements; if TopKV2 is all that reads it, that looks in front
 * of it. */
enum { REVERSE_MOST = 64 };

enum status graphdef_read_reverse(struct graphdef_reading *reading)
{
    struct importer *importer = &reading->importer;
    const struct operand *x = reading->inputs[0];
    int64_t axes[SHAPE_MAX_DIMS], begin[SHAPE_MAX_DIMS], end[SHAPE_MAX_DIMS], step[SHAPE_MAX_DIMS];
    size_t count;
    enum status status = import_read_integers(importer, reading->inputs[1], "the axes", axes,
                                              SHAPE_MAX_DIMS, &count);

    for (unsigned i = 0; i < x->shape.dims; i++) {
        begin[i] = 0;
        end[i] = x->shape.dim[i];
        step[i] = 1;
    }
    for (size_t i = 0; i < count && !status; i++) {
        unsigned axis;
        status = build_axis(importer, axes[i], x->shape.dims, &axis);
        if (status)
            return status;
        if (!operand_is_constant(x) && x->shape.dim[axis] > REVERSE_MOST) {
            reading->outputs[0] = (struct operand){.kind = OPERAND_NONE};
            return STATUS_OK;
        }
        begin[axis] = x->shape.dim[axis] - 1;
        end[axis] = -x->shape.dim[axis] - 1;
        step[axis] = -1;
    }
    return status ? status
                  : import_slice(importer, reading->name, x, begin, end, step, reading->outputs);
}

/* What TopKV2 searches, and whether it does so from behind. */
static enum status searched(struct graphdef_reading *reading, const struct operand **x,
                            bool *reversed)
{
    const struct graphdef_node *maker = &reading->graph.nodes[reading->node->inputs[0].node];
    struct importer *importer = &reading->importer;
    int64_t axis = -1;
    size_t count = 1;
    enum status status = STATUS_OK;

    *x = reading->inputs[0];
    *reversed = !strcmp(maker->op, "ReverseV2");
    if (*reversed) {
        *x = &reading->results[maker->inputs[0].node][maker->inputs[0].output];
        status = import_read_integers(importer, reading->results[maker->inputs[1].node],
                                      "the axis of ReverseV2", &axis, 1, &count);
    }
    if (status)
        return status;
    if ((*x)->kind == OPERAND_NONE || reading->inputs[1]->kind == OPERAND_NONE)
        return importer_fail(importer, STATUS_DATA, "an input holds no numbers");
    if (count != 1 || (axis != -1 && axis != (int64_t)(*x)->shape.dims - 1))
        return importer_fail(importer, STATUS_UNSUPPORTED,
                             "of a reversed tensor only the last axis may be searched");
    return STATUS_OK;
}

/* Of equal numbers TensorFlow takes the first and Caffe the last: the same in a tensor back to
 * front, whose indices count from behind. */
static enum status top_indices(struct graphdef_reading *reading, const struct operand *x, int64_t k,
                               bool reversed)
{
    struct importer *importer = &reading->importer;
    struct operand *out = &reading->outputs[1];
    const char *name = graphdef_value_name(reading, reading->node, 1), *helper = NULL;
    enum status status = name ? STATUS_OK : graphdef_status(reading);

    if (status)
        return status;
    if (!reversed && k != 1) { /* the order of equal numbers could not be kept */
        *out = (struct operand){.kind = OPERAND_NONE};
        return STATUS_OK;
    }
    if (!reversed)
        return import_arg_max(importer, name, x, -1, true, out);
    status = graphdef_helper(reading, name, "ArgMax", &helper);
    if (!status)
        status = import_largest(importer, helper, x, -1, k, false, out);
    return status ? status
                  : import_unary(importer, name, IMPORT_AFFINE, -1,
                                 (float)(x->shape.dim[x->shape.dims - 1] - 1), out, out);
}

enum status graphdef_read_top_k(struct graphdef_reading *reading)
{
    struct importer *importer = &reading->importer;
    const struct operand *x;
    bool reversed;
    int64_t k = 0;
    size_t count;
    enum status status = searched(reading, &x, &reversed);

    if (!status)
        status = import_read_integers(importer, reading->inputs[1], "k", &k, 1, &count);
    if (!status && (!x->shape.dims || k < 1 || k > x->shape.dim[x->shape.dims - 1]))
        status =
            importer_fail(importer, STATUS_DATA, "k is not between 1 and the last axis' extent");
    if (!status)
        status = graphdef_outputs(reading, 2);
    if (!status)
        status = import_largest(importer, reading->name, x, -1, k, true, &reading->outputs[0]);
    return status ? status : top_indices(reading, x, k, reversed);
}
