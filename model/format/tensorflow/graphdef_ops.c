#include "model/format/tensorflow/graphdef_ops.h"

#include <string.h>

#define MANY OPERATOR_MAX_INPUTS

/* Sorted as strcmp() sorts. */
static const struct graphdef_op ops[] = {
    {"Abs", graphdef_read_unary, 1, 1, GRAPHDEF_LAYER, IMPORT_ABS, true},
    {"Add", graphdef_read_binary, 2, 2, GRAPHDEF_LAYER, IMPORT_ADD, true},
    {"AddN", graphdef_read_add_n, 1, MANY, GRAPHDEF_LAYER, 0, false},
    {"AddV2", graphdef_read_binary, 2, 2, GRAPHDEF_LAYER, IMPORT_ADD, true},
    {"ArgMax", graphdef_read_arg_max, 2, 2, GRAPHDEF_LAYER, 0, false},
    {"Assert", NULL, 0, MANY, GRAPHDEF_LEFTOVER, 0, false},
    {"Assign", NULL, 0, MANY, GRAPHDEF_LEFTOVER, 0, false},
    {"AudioSummary", NULL, 0, MANY, GRAPHDEF_LEFTOVER, 0, false},
    {"AvgPool", graphdef_read_pool, 1, 1, GRAPHDEF_LAYER, POOLING_AVERAGE, false},
    {"BatchNormWithGlobalNormalization", graphdef_read_old_batch_norm, 5, 5, GRAPHDEF_LAYER, 0,
     true},
    {"BatchToSpaceND", graphdef_read_batch_to_space, 3, 3, GRAPHDEF_LAYER, 0, false},
    {"BiasAdd", graphdef_read_bias_add, 2, 2, GRAPHDEF_LAYER, 0, true},
    {"BiasAddV1", graphdef_read_bias_add, 2, 2, GRAPHDEF_LAYER, 0, true},
    {"Cast", graphdef_read_cast, 1, 1, GRAPHDEF_LAYER, 0, true},
    {"Ceil", graphdef_read_unary, 1, 1, GRAPHDEF_LAYER, IMPORT_CEILING, true},
    {"CheckNumerics", graphdef_read_identity, 1, 1, GRAPHDEF_LAYER, 0, true},
    {"Concat", graphdef_read_concat, 2, MANY + 1, GRAPHDEF_LAYER, 0, false},
    {"ConcatV2", graphdef_read_concat, 2, MANY + 1, GRAPHDEF_LAYER, 1, false},
    {"Const", graphdef_read_const, 0, 0, GRAPHDEF_AUXILIARY, 0, false},
    {"Conv2D", graphdef_read_conv2d, 2, 2, GRAPHDEF_LAYER, 0, false},
    {"Conv2DBackpropInput", graphdef_read_conv_transpose, 3, 3, GRAPHDEF_LAYER, 0, false},
    {"DepthToSpace", graphdef_read_depth_to_space, 1, 1, GRAPHDEF_LAYER, 0, false},
    {"DepthwiseConv2dNative", graphdef_read_depthwise, 2, 2, GRAPHDEF_LAYER, 0, false},
    {"DepthwiseConv2dNativeBackpropInput", graphdef_read_conv_transpose, 3, 3, GRAPHDEF_LAYER, 1,
     false},
    {"DetectionOutput", graphdef_read_detection_output, 3, 5, GRAPHDEF_LAYER, 0, false},
    {"Div", graphdef_read_binary, 2, 2, GRAPHDEF_LAYER, IMPORT_DIVIDE, true},
    {"Elu", graphdef_read_elu, 1, 1, GRAPHDEF_LAYER, 0, true},
    {"Equal", graphdef_read_binary, 2, 2, GRAPHDEF_AUXILIARY, IMPORT_EQUAL, false},
    {"Exp", graphdef_read_unary, 1, 1, GRAPHDEF_LAYER, IMPORT_EXP, true},
    {"ExpandDims", graphdef_read_expand_dims, 2, 2, GRAPHDEF_LAYER, 0, false},
    {"Fill", graphdef_read_fill, 2, 2, GRAPHDEF_AUXILIARY, 0, false},
    {"Floor", graphdef_read_unary, 1, 1, GRAPHDEF_LAYER, IMPORT_FLOOR, false},
    {"FloorDiv", graphdef_read_binary, 2, 2, GRAPHDEF_AUXILIARY, IMPORT_FLOOR_DIVIDE, false},
    {"FloorMod", graphdef_read_binary, 2, 2, GRAPHDEF_AUXILIARY, IMPORT_MODULO, false},
    {"FusedBatchNorm", graphdef_read_batch_norm, 5, 5, GRAPHDEF_LAYER, 0, true},
    {"FusedBatchNormV2", graphdef_read_batch_norm, 5, 5, GRAPHDEF_LAYER, 0, true},
    {"FusedBatchNormV3", graphdef_read_batch_norm, 5, 5, GRAPHDEF_LAYER, 0, true},
    {"Gather", graphdef_read_gather, 2, 2, GRAPHDEF_LAYER, 0, false},
    {"GatherV2", graphdef_read_gather, 3, 3, GRAPHDEF_LAYER, 1, false},
    {"Greater", graphdef_read_binary, 2, 2, GRAPHDEF_AUXILIARY, IMPORT_GREATER, false},
    {"GreaterEqual", graphdef_read_binary, 2, 2, GRAPHDEF_AUXILIARY, IMPORT_GREATER_EQUAL, false},
    {"HistogramSummary", NULL, 0, MANY, GRAPHDEF_LEFTOVER, 0, false},
    {"Identity", graphdef_read_identity, 1, 1, GRAPHDEF_LAYER, 0, true},
    {"IdentityN", graphdef_read_identity_n, 1, MANY, GRAPHDEF_LAYER, 0, false},
    {"ImageSummary", NULL, 0, MANY, GRAPHDEF_LEFTOVER, 0, false},
    {"Inv", graphdef_read_unary, 1, 1, GRAPHDEF_LAYER, IMPORT_RECIPROCAL, true},
    {"LRN", graphdef_read_lrn, 1, 1, GRAPHDEF_LAYER, 0, true},
    {"LeakyRelu", graphdef_read_leaky_relu, 1, 1, GRAPHDEF_LAYER, 0, true},
    {"Less", graphdef_read_binary, 2, 2, GRAPHDEF_AUXILIARY, IMPORT_LESS, false},
    {"LessEqual", graphdef_read_binary, 2, 2, GRAPHDEF_AUXILIARY, IMPORT_LESS_EQUAL, false},
    {"Log", graphdef_read_unary, 1, 1, GRAPHDEF_LAYER, IMPORT_LOG, true},
    {"LogSoftmax", graphdef_read_softmax, 1, 1, GRAPHDEF_LAYER, 1, true},
    {"LogicalNot", graphdef_read_unary, 1, 1, GRAPHDEF_AUXILIARY, IMPORT_NOT, false},
    {"MatMul", graphdef_read_matmul, 2, 2, GRAPHDEF_LAYER, 0, false},
    {"Max", graphdef_read_reduce, 2, 2, GRAPHDEF_LAYER, IMPORT_REDUCE_MAX, false},
    {"MaxPool", graphdef_read_pool, 1, 1, GRAPHDEF_LAYER, POOLING_MAX, false},
    {"MaxPoolV2", graphdef_read_pool, 3, 3, GRAPHDEF_LAYER, POOLING_MAX, false},
    {"Maximum", graphdef_read_binary, 2, 2, GRAPHDEF_LAYER, IMPORT_MAXIMUM, true},
    {"Mean", graphdef_read_reduce, 2, 2, GRAPHDEF_LAYER, IMPORT_REDUCE_MEAN, false},
    {"Merge", graphdef_read_merge, 1, MANY, GRAPHDEF_LAYER, 0, true},
    {"MergeSummary", NULL, 0, MANY, GRAPHDEF_LEFTOVER, 0, false},
    {"MergeV2Checkpoints", NULL, 0, MANY, GRAPHDEF_LEFTOVER, 0, false},
    {"Min", graphdef_read_reduce, 2, 2, GRAPHDEF_LAYER, IMPORT_REDUCE_MIN, false},
    {"Minimum", graphdef_read_binary, 2, 2, GRAPHDEF_LAYER, IMPORT_MINIMUM, true},
    {"Mul", graphdef_read_binary, 2, 2, GRAPHDEF_LAYER, IMPORT_MULTIPLY, true},
    {"Neg", graphdef_read_unary, 1, 1, GRAPHDEF_LAYER, IMPORT_NEGATE, true},
    {"NoOp", NULL, 0, 0, GRAPHDEF_LEFTOVER, 0, false},
    {"NotEqual", graphdef_read_binary, 2, 2, GRAPHDEF_AUXILIARY, IMPORT_NOT_EQUAL, false},
    {"Pack", graphdef_read_pack, 1, MANY, GRAPHDEF_LAYER, 0, false},
    {"Pad", graphdef_read_pad, 2, 2, GRAPHDEF_LAYER, 0, false},
    {"PadV2", graphdef_read_pad, 3, 3, GRAPHDEF_LAYER, 0, false},
    {"Placeholder", graphdef_read_placeholder, 0, 0, GRAPHDEF_AUXILIARY, 0, false},
    {"PlaceholderWithDefault", graphdef_read_placeholder_with_default, 1, 1, GRAPHDEF_AUXILIARY, 0,
     false},
    {"Pow", graphdef_read_binary, 2, 2, GRAPHDEF_LAYER, IMPORT_POWER, true},
    {"PreventGradient", graphdef_read_identity, 1, 1, GRAPHDEF_LAYER, 0, true},
    {"Print", graphdef_read_identity, 1, MANY, GRAPHDEF_LEFTOVER, 0, false},
    {"PriorBox", graphdef_read_prior_box, 2, 2, GRAPHDEF_LAYER, 0, false},
    {"Prod", graphdef_read_reduce, 2, 2, GRAPHDEF_LAYER, IMPORT_REDUCE_PRODUCT, false},
    {"ROIPooling", graphdef_read_roi_pooling, 2, 2, GRAPHDEF_LAYER, 0, false},
    {"Range", graphdef_read_range, 3, 3, GRAPHDEF_AUXILIARY, 0, false},
    {"RealDiv", graphdef_read_binary, 2, 2, GRAPHDEF_LAYER, IMPORT_DIVIDE, true},
    {"Reciprocal", graphdef_read_unary, 1, 1, GRAPHDEF_LAYER, IMPORT_RECIPROCAL, true},
    {"Relu", graphdef_read_unary, 1, 1, GRAPHDEF_LAYER, IMPORT_RELU, true},
    {"Relu6", graphdef_read_relu6, 1, 1, GRAPHDEF_LAYER, 0, true},
    {"Reshape", graphdef_read_reshape, 2, 2, GRAPHDEF_LAYER, 0, false},
    {"ResizeBilinear", graphdef_read_resize, 2, 2, GRAPHDEF_LAYER, RESIZE_LINEAR, false},
    {"ResizeNearestNeighbor", graphdef_read_resize, 2, 2, GRAPHDEF_LAYER, RESIZE_NEAREST, false},
    {"ReverseV2", graphdef_read_reverse, 2, 2, GRAPHDEF_LAYER, 0, false},
    {"Rsqrt", graphdef_read_unary, 1, 1, GRAPHDEF_LAYER, IMPORT_RSQRT, true},
    {"SaveV2", NULL, 0, MANY, GRAPHDEF_LEFTOVER, 0, false},
    {"ScalarSummary", NULL, 0, MANY, GRAPHDEF_LEFTOVER, 0, false},
    {"Select", graphdef_read_select, 3, 3, GRAPHDEF_LAYER, 0, true},
    {"SelectV2", graphdef_read_select, 3, 3, GRAPHDEF_LAYER, 0, true},
    {"Selu", graphdef_read_selu, 1, 1, GRAPHDEF_LAYER, 0, true},
    {"Shape", graphdef_read_shape, 1, 1, GRAPHDEF_AUXILIARY, 0, false},
    {"Sigmoid", graphdef_read_unary, 1, 1, GRAPHDEF_LAYER, IMPORT_SIGMOID, true},
    {"Slice", graphdef_read_slice, 3, 3, GRAPHDEF_LAYER, 0, false},
    {"Snapshot", graphdef_read_identity, 1, 1, GRAPHDEF_LAYER, 0, true},
    {"Softmax", graphdef_read_softmax, 1, 1, GRAPHDEF_LAYER, 0, true},
    {"Softplus", graphdef_read_unary, 1, 1, GRAPHDEF_LAYER, IMPORT_SOFTPLUS, true},
    {"Softsign", graphdef_read_unary, 1, 1, GRAPHDEF_LAYER, IMPORT_SOFTSIGN, true},
    {"SpaceToBatchND", graphdef_read_space_to_batch, 3, 3, GRAPHDEF_LAYER, 0, false},
    {"SpaceToDepth", graphdef_read_space_to_depth, 1, 1, GRAPHDEF_LAYER, 0, false},
    {"Split", graphdef_read_split, 2, 2, GRAPHDEF_LAYER, 0, false},
    {"SplitV", graphdef_read_split_v, 3, 3, GRAPHDEF_LAYER, 0, false},
    {"Sqrt", graphdef_read_unary, 1, 1, GRAPHDEF_LAYER, IMPORT_SQRT, true},
    {"Square", graphdef_read_unary, 1, 1, GRAPHDEF_LAYER, IMPORT_SQUARE, true},
    {"SquaredDifference", graphdef_read_binary, 2, 2, GRAPHDEF_LAYER, IMPORT_SQUARED_DIFFERENCE,
     true},
    {"Squeeze", graphdef_read_squeeze, 1, 1, GRAPHDEF_LAYER, 0, false},
    {"StopGradient", graphdef_read_identity, 1, 1, GRAPHDEF_LAYER, 0, true},
    {"StridedSlice", graphdef_read_strided_slice, 4, 4, GRAPHDEF_LAYER, 0, false},
    {"Sub", graphdef_read_binary, 2, 2, GRAPHDEF_LAYER, IMPORT_SUBTRACT, true},
    {"Sum", graphdef_read_reduce, 2, 2, GRAPHDEF_LAYER, IMPORT_REDUCE_SUM, false},
    {"Switch", graphdef_read_switch, 2, 2, GRAPHDEF_LAYER, 0, true},
    {"Tanh", graphdef_read_unary, 1, 1, GRAPHDEF_LAYER, IMPORT_TANH, true},
    {"TensorSummary", NULL, 0, MANY, GRAPHDEF_LEFTOVER, 0, false},
    {"TensorSummaryV2", NULL, 0, MANY, GRAPHDEF_LEFTOVER, 0, false},
    {"Tile", graphdef_read_tile, 2, 2, GRAPHDEF_LAYER, 0, false},
    {"TopKV2", graphdef_read_top_k, 2, 2, GRAPHDEF_LAYER, 0, false},
    {"Transpose", graphdef_read_transpose, 2, 2, GRAPHDEF_LAYER, 0, false},
    {"Unpack", graphdef_read_unpack, 1, 1, GRAPHDEF_LAYER, 0, false},
};

const struct graphdef_op *graphdef_op_find(const char *name)
{
    size_t low = 0, high = sizeof ops / sizeof *ops;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(name, ops[middle].name);
        if (!order)
            return &ops[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

const struct graphdef_op *graphdef_op_at(size_t index)
{
    return index < sizeof ops / sizeof *ops ? &ops[index] : NULL;
}

const char *graphdef_op_advice(const char *name)
{
    static const struct {
        const char *beginning, *advice;
    } rows[] = {
        {"Variable", "; it holds variables: freeze the graph first"},
        {"VarHandleOp", "; it holds variables: freeze the graph first"},
        {"ReadVariableOp", "; it holds variables: freeze the graph first"},
        {"AutoReloadVariable", "; it holds variables: freeze the graph first"},
        {"RestoreV2", "; it restores variables: freeze the graph first"},
        {"PartitionedCall", "; it calls functions: inline them when freezing"},
        {"StatefulPartitionedCall", "; it calls functions: inline them when freezing"},
        {"If", "; it calls functions: freeze with control flow lowered"},
        {"StatelessIf", "; it calls functions: freeze with control flow lowered"},
        {"While", "; graphs with loops cannot be read"},
        {"StatelessWhile", "; graphs with loops cannot be read"},
        {"Enter", "; graphs with loops cannot be read"},
        {"Quantize", "; it is quantised: export it with float32 numbers"},
        {"Dequantize", "; it is quantised: export it with float32 numbers"},
        {"FakeQuant", "; it is made for quantising: export it for float32"},
        {"Decode", "; it decodes pictures itself: cut the graph behind the decoder"},
        {"Iterator", "; it reads its own data: cut the graph at its picture"},
        {"MirrorPad", "; padding with reflected pixels is no layer here"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (!strncmp(name, rows[i].beginning, strlen(rows[i].beginning)))
            return rows[i].advice;
    }
    return "";
}
