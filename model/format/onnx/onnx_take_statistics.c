/* ONNX operators that multiply matrices or look along axes: products, norms, reductions. */
#include "common/log.h"
#include "model/format/onnx/onnx_read.h"
#include "model/import/build.h"

/* ---- products ---- */

static enum status take_matmul(struct onnx_node *node)
{
    struct operand out;
    enum status status = import_matmul(node->importer, node->outputs[0], onnx_operand(node, 0),
                                       onnx_operand(node, 1), false, false, &out);

    return status ? status : onnx_define(node, 0, &out);
}

static enum status take_gemm(struct onnx_node *node)
{
    struct import_gemm gemm;
    int64_t a = 0, b = 0;
    struct operand out;
    enum status status = onnx_float(node, "alpha", 1, &gemm.alpha);

    if (!status)
        status = onnx_float(node, "beta", 1, &gemm.beta);
    if (!status)
        status = onnx_int(node, "transA", 0, &a);
    if (!status)
        status = onnx_int(node, "transB", 0, &b);
    gemm.transpose_a = a != 0;
    gemm.transpose_b = b != 0;
    if (!status)
        status = import_gemm(node->importer, node->outputs[0], onnx_operand(node, 0),
                             onnx_operand(node, 1), onnx_operand(node, 2), &gemm, &out);
    return status ? status : onnx_define(node, 0, &out);
}

/* ---- norms ---- */

/* BatchNormalization-7 and -9: further outputs (mean, variance, ...) mean training mode. */
static bool is_training(const struct onnx_node *node)
{
    bool more = false;

    for (uint32_t i = 1; i < node->output_count; i++)
        more |= *node->outputs[i] != '\0';
    return more && node->reader->opset < 14;
}

static enum status take_batch_norm(struct onnx_node *node)
{
    struct import_batch_norm norm = {.scale = onnx_operand(node, 1),
                                     .offset = onnx_operand(node, 2),
                                     .mean = onnx_operand(node, 3),
                                     .variance = onnx_operand(node, 4)};
    int64_t training = 0, spatial = 1;
    struct operand out;
    enum status status = onnx_float(node, "epsilon", 1e-5F, &norm.epsilon);

    if (!status)
        status = onnx_int(node, "training_mode", 0, &training);
    if (!status)
        status = onnx_int(node, "spatial", 1, &spatial);
    if (!status && (training || is_training(node)))
        status = onnx_fail(node, STATUS_UNSUPPORTED,
                           "it is in training mode; export the model for inference");
    if (!status && !spatial)
        status = onnx_fail(node, STATUS_UNSUPPORTED, "spatial 0 is not supported");
    if (!status)
        status = import_batch_norm(node->importer, node->outputs[0], onnx_operand(node, 0), &norm,
                                   1, &out);
    return status ? status : onnx_define(node, 0, &out);
}

/* A chain of helpers that ends in the node's output. */
struct chain {
    struct onnx_node *node;
    enum status status;
};

static const char *link_name(struct chain *chain, const char *suffix)
{
    const char *name = "";

    if (!chain->status)
        chain->status = onnx_helper(chain->node, suffix, &name);
    return name;
}

static void link_binary(struct chain *chain, const char *name, enum import_binary operation,
                        const struct operand *a, const struct operand *b, struct operand *out)
{
    if (!chain->status)
        chain->status = import_binary(chain->node->importer, name, operation, a, b, out);
}

static void link_unary(struct chain *chain, const char *name, enum import_unary function,
                       float alpha, float beta, const struct operand *x, struct operand *out)
{
    if (!chain->status)
        chain->status = import_unary(chain->node->importer, name, function, alpha, beta, x, out);
}

static void link_mean(struct chain *chain, const char *name, const struct operand *x,
                      const int64_t *axes, size_t count, struct operand *out)
{
    if (!chain->status)
        chain->status = import_reduce(chain->node->importer, name, IMPORT_REDUCE_MEAN, x, axes,
                                      count, true, out);
}

/* x - mean, divided by sqrt(variance + epsilon), over the axes from `first` on. */
static void link_normalized(struct chain *chain, const struct operand *x, unsigned first,
                            float epsilon, struct operand *out)
{
    int64_t axes[SHAPE_MAX_DIMS];
    struct operand mean, centered, variance;
    size_t count = 0;

    for (unsigned i = first; i < x->shape.dims; i++)
        axes[count++] = i;
    link_mean(chain, link_name(chain, "Mean"), x, axes, count, &mean);
    link_binary(chain, link_name(chain, "Centered"), IMPORT_SUBTRACT, x, &mean, &centered);
    link_unary(chain, link_name(chain, "Square"), IMPORT_SQUARE, 0, 0, &centered, &variance);
    link_mean(chain, link_name(chain, "Variance"), &variance, axes, count, &variance);
    link_unary(chain, link_name(chain, "Sum"), IMPORT_AFFINE, 1, epsilon, &variance, &variance);
    link_unary(chain, link_name(chain, "Factor"), IMPORT_RSQRT, 0, 0, &variance, &variance);
    link_binary(chain, link_name(chain, "Normalized"), IMPORT_MULTIPLY, &centered, &variance, out);
}

/* A vector of one number per channel, so that it is broadcast along axis 1. */
static void link_channels(struct chain *chain, const struct operand *x,
                          const struct operand *vector, struct operand *out)
{
    int64_t extents[SHAPE_MAX_DIMS];
    unsigned dims = x->shape.dims;

    for (unsigned i = 0; i < dims; i++)
        extents[i] = i == 1 ? -1 : 1;
    if (!chain->status)
        chain->status = import_reshape(chain->node->importer, link_name(chain, "Channels"), vector,
                                       extents, dims, out);
}

/* Each plane of each image by itself. */
static enum status take_instance_norm(struct onnx_node *node)
{
    const struct operand *x = onnx_operand(node, 0);
    struct chain chain = {.node = node};
    struct operand scale, offset, value;
    float epsilon;

    if (x->shape.dims < 3)
        return onnx_fail(node, STATUS_DATA, "its input has no plane");
    chain.status = onnx_float(node, "epsilon", 1e-5F, &epsilon);
    link_normalized(&chain, x, 2, epsilon, &value);
    link_channels(&chain, x, onnx_operand(node, 1), &scale);
    link_channels(&chain, x, onnx_operand(node, 2), &offset);
    link_binary(&chain, link_name(&chain, "Scaled"), IMPORT_MULTIPLY, &value, &scale, &value);
    link_binary(&chain, node->outputs[0], IMPORT_ADD, &value, &offset, &value);
    return chain.status ? chain.status : onnx_define(node, 0, &value);
}

static enum status take_layer_norm(struct onnx_node *node)
{
    const struct operand *x = onnx_operand(node, 0), *offset = onnx_operand(node, 2);
    struct chain chain = {.node = node};
    struct operand value;
    float epsilon;
    int64_t axis = -1;
    unsigned first;

    chain.status = onnx_float(node, "epsilon", 1e-5F, &epsilon);
    if (!chain.status)
        chain.status = onnx_int(node, "axis", -1, &axis);
    if (!chain.status)
        chain.status = build_axis(node->importer, axis, x->shape.dims, &first);
    if (chain.status)
        return chain.status;
    link_normalized(&chain, x, first, epsilon, &value);
    link_binary(&chain, offset ? link_name(&chain, "Scaled") : node->outputs[0], IMPORT_MULTIPLY,
                &value, onnx_operand(node, 1), &value);
    if (offset)
        link_binary(&chain, node->outputs[0], IMPORT_ADD, &value, offset, &value);
    return chain.status ? chain.status : onnx_define(node, 0, &value);
}

/* x divided by its norm along an axis. */
static enum status take_lp_norm(struct onnx_node *node)
{
    struct chain chain = {.node = node};
    int64_t axis = -1, p = 2;
    struct operand norm, out;

    chain.status = onnx_int(node, "axis", -1, &axis);
    if (!chain.status)
        chain.status = onnx_int(node, "p", 2, &p);
    if (!chain.status && p != 1 && p != 2)
        chain.status = onnx_fail(node, STATUS_DATA, "attribute 'p' is not 1 or 2");
    if (!chain.status)
        chain.status = import_reduce(node->importer, link_name(&chain, "Norm"),
                                     p == 1 ? IMPORT_REDUCE_L1 : IMPORT_REDUCE_L2,
                                     onnx_operand(node, 0), &axis, 1, true, &norm);
    link_binary(&chain, node->outputs[0], IMPORT_DIVIDE, onnx_operand(node, 0), &norm, &out);
    return chain.status ? chain.status : onnx_define(node, 0, &out);
}

/* ---- softmax ---- */

/* Before opset 13 the axes from `axis` on are one. */
static enum status softmax_of_flat(struct onnx_node *node, unsigned axis, bool logarithm,
                                   struct operand *out)
{
    const struct operand *x = onnx_operand(node, 0);
    const char *flat, *soft;
    enum status status = onnx_helper(node, "Flatten", &flat);

    if (!status)
        status = onnx_helper(node, "Softmax", &soft);
    if (!status)
        status = import_flatten(node->importer, flat, x, axis, out);
    if (!status)
        status = import_softmax(node->importer, soft, out, 1, logarithm, out);
    if (!status)
        status =
            import_reshape(node->importer, node->outputs[0], out, x->shape.dim, x->shape.dims, out);
    return status;
}

static enum status take_softmax_of(struct onnx_node *node, bool logarithm)
{
    const struct operand *x = onnx_operand(node, 0);
    bool older = node->reader->opset < 13, apart = true;
    int64_t axis = 0;
    struct operand out;
    unsigned first = 0, along;
    enum status status = onnx_int(node, "axis", older ? 1 : -1, &axis);

    if (!status)
        status = build_axis(node->importer, axis, x->shape.dims, &first);
    if (status)
        return status;
    /* Where one axis has more than one element at most, it is the same. */
    along = first;
    for (unsigned i = first, many = 0; i < x->shape.dims && older; i++) {
        along = x->shape.dim[i] > 1 ? i : along;
        many += x->shape.dim[i] > 1;
        apart = many <= 1;
    }
    if (apart)
        status = import_softmax(node->importer, node->outputs[0], x, along, logarithm, &out);
    else
        status = softmax_of_flat(node, first, logarithm, &out);
    return status ? status : onnx_define(node, 0, &out);
}

static enum status take_softmax(struct onnx_node *node)
{
    return take_softmax_of(node, false);
}

static enum status take_log_softmax(struct onnx_node *node)
{
    return take_softmax_of(node, true);
}

/* ---- reductions ---- */

static enum status take_reduce(struct onnx_node *node, enum import_reduction reduction,
                               int64_t axes_since)
{
    int64_t axes[SHAPE_MAX_DIMS], keep = 1, none = 0;
    struct operand out;
    size_t count;
    enum status status =
        onnx_ints_or_input(node, "axes", 1, axes_since, axes, SHAPE_MAX_DIMS, &count);

    if (!status)
        status = onnx_int(node, "keepdims", 1, &keep);
    if (!status)
        status = onnx_int(node, "noop_with_empty_axes", 0, &none);
    if (status)
        return status;
    if (!count && none)
        status = import_identity(node->importer, node->outputs[0], onnx_operand(node, 0), &out);
    else
        status = import_reduce(node->importer, node->outputs[0], reduction, onnx_operand(node, 0),
                               axes, count, keep != 0, &out);
    return status ? status : onnx_define(node, 0, &out);
}

#define REDUCE(suffix, reduction, axes_since)                                                      \
    static enum status take_reduce_##suffix(struct onnx_node *node)                                \
    {                                                                                              \
        return take_reduce(node, IMPORT_REDUCE_##reduction, axes_since);                           \
    }
REDUCE(mean, MEAN, 18)
REDUCE(sum, SUM, 13)
REDUCE(max, MAX, 18)
REDUCE(min, MIN, 18)
REDUCE(product, PRODUCT, 18)
REDUCE(l1, L1, 18)
REDUCE(l2, L2, 18)
REDUCE(sum_square, SUM_OF_SQUARES, 18)
REDUCE(log_sum, LOG_SUM, 18)
#undef REDUCE

/* Caffe's ArgMax takes the last of equal numbers. */
static void tell_about_equals(const struct onnx_node *node)
{
    if (!operand_is_constant(onnx_operand(node, 0)) && !node->reader->again)
        log_notice("%s: node '%s' (%s): of equal numbers the last is taken, not the first",
                   node->reader->path, node->name, node->type);
}

static enum status take_arg_max(struct onnx_node *node)
{
    int64_t axis = 0, keep = 1, last = 0;
    struct operand out;
    enum status status = onnx_int(node, "axis", 0, &axis);

    if (!status)
        status = onnx_int(node, "keepdims", 1, &keep);
    if (!status)
        status = onnx_int(node, "select_last_index", 0, &last);
    if (!status && !last)
        tell_about_equals(node);
    if (!status)
        status = import_arg_max(node->importer, node->outputs[0], onnx_operand(node, 0), axis,
                                keep != 0, &out);
    return status ? status : onnx_define(node, 0, &out);
}

/* Of a tensor turned back to front, an index counts from behind. */
static enum status take_reversed_top_k(struct onnx_node *node, unsigned axis, int64_t k)
{
    const struct operand *x = onnx_operand(node, 0);
    int64_t extent = x->shape.dim[axis];
    struct operand out;
    const char *name;
    enum status status = import_largest(node->importer, node->outputs[0], x, axis, k, true, &out);

    if (!status)
        status = onnx_define(node, 0, &out);
    if (status || node->output_count < 2 || !*node->outputs[1])
        return status;
    status = onnx_helper(node, "ArgMax", &name);
    if (!status)
        status = import_largest(node->importer, name, x, axis, k, false, &out);
    if (!status)
        status = import_unary(node->importer, node->outputs[1], IMPORT_AFFINE, -1,
                              (float)(extent - 1), &out, &out);
    return status ? status : onnx_define(node, 1, &out);
}

/* Of one, in any order: the largest number and where it stands. */
static enum status take_largest(struct onnx_node *node, int64_t axis)
{
    struct operand out;
    enum status status = import_reduce(node->importer, node->outputs[0], IMPORT_REDUCE_MAX,
                                       onnx_operand(node, 0), &axis, 1, true, &out);

    if (!status)
        status = onnx_define(node, 0, &out);
    if (status || node->output_count < 2 || !*node->outputs[1])
        return status;
    status =
        import_arg_max(node->importer, node->outputs[1], onnx_operand(node, 0), axis, true, &out);
    return status ? status : onnx_define(node, 1, &out);
}

static enum status take_top_k(struct onnx_node *node)
{
    const struct operand *x = onnx_operand(node, 0);
    const struct onnx_reversed *reversed = onnx_reversed_find(node->reader, node->input_names[0]);
    int64_t axis = -1, largest = 1, k = 0;
    size_t count = 1;
    unsigned index = 0;
    enum status status = onnx_int(node, "axis", -1, &axis);

    if (!status)
        status = build_axis(node->importer, axis, x->shape.dims, &index);
    if (!status)
        status = onnx_int(node, "largest", 1, &largest);
    if (!status && node->reader->opset < 10)
        status = onnx_int(node, "k", 0, &k);
    else if (!status)
        status = onnx_ints_or_input(node, "k", 1, 10, &k, 1, &count);
    if (status)
        return status;
    if (k < 1 || k > x->shape.dim[index])
        return onnx_fail(node, STATUS_DATA, "'k' is not between 1 and the axis' extent");
    if (largest && reversed && reversed->axis == index)
        return take_reversed_top_k(node, index, k);
    if (k != 1 || !largest || reversed)
        return onnx_fail(node, STATUS_UNSUPPORTED, "only the largest one is supported");
    return take_largest(node, index);
}

const struct onnx_operator onnx_statistics_operators[] = {
    {"MatMul", 2, take_matmul},
    {"Gemm", 2, take_gemm},
    {"BatchNormalization", 5, take_batch_norm},
    {"InstanceNormalization", 3, take_instance_norm},
    {"LayerNormalization", 2, take_layer_norm},
    {"LpNormalization", 1, take_lp_norm},
    {"Softmax", 1, take_softmax},
    {"LogSoftmax", 1, take_log_softmax},
    {"ReduceMean", 1, take_reduce_mean},
    {"ReduceSum", 1, take_reduce_sum},
    {"ReduceMax", 1, take_reduce_max},
    {"ReduceMin", 1, take_reduce_min},
    {"ReduceProd", 1, take_reduce_product},
    {"ReduceL1", 1, take_reduce_l1},
    {"ReduceL2", 1, take_reduce_l2},
    {"ReduceSumSquare", 1, take_reduce_sum_square},
    {"ReduceLogSum", 1, take_reduce_log_sum},
    {"ArgMax", 1, take_arg_max},
    {"TopK", 1, take_top_k},
    {NULL, 0, NULL}};
