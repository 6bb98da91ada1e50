/* ONNX operators that make constants, and types. */
#include "model/format/onnx/onnx_proto.h"
#include "model/format/onnx/onnx_read.h"
#include "model/import/build.h"
#include "model/shape.h"

enum { LIST_MAX = 4096 };

static enum status floats_constant(struct onnx_node *node, const float *values,
                                   const struct shape *shape, struct operand *out)
{
    float *numbers;
    size_t count;
    enum status status = import_floats(node->importer, shape, &numbers, out);

    if (status || !shape_count(shape, &count))
        return status;
    for (size_t i = 0; i < count; i++)
        numbers[i] = values[i];
    return STATUS_OK;
}

static enum status integers_constant(struct onnx_node *node, const int64_t *values,
                                     const struct shape *shape, struct operand *out)
{
    int64_t *numbers;
    size_t count;
    enum status status = import_integers(node->importer, shape, &numbers, out);

    if (status || !shape_count(shape, &count))
        return status;
    for (size_t i = 0; i < count; i++)
        numbers[i] = values[i];
    return STATUS_OK;
}

static enum status list_constant(struct onnx_node *node, struct operand *out)
{
    struct shape shape = {.dims = 1};
    float floats[LIST_MAX];
    int64_t integers[LIST_MAX];
    size_t count;
    enum status status;

    if (onnx_has(node, "value_floats")) {
        status = onnx_floats_of(node, "value_floats", floats, LIST_MAX, &count);
        shape.dim[0] = (int64_t)count;
        return status ? status : floats_constant(node, floats, &shape, out);
    }
    status = onnx_ints(node, "value_ints", integers, LIST_MAX, &count);
    shape.dim[0] = (int64_t)count;
    return status ? status : integers_constant(node, integers, &shape, out);
}

static enum status take_constant(struct onnx_node *node)
{
    static const struct shape scalar = {.dims = 0};
    struct operand out;
    int64_t integer;
    float number;
    enum status status;

    if (onnx_has(node, "value")) {
        status = onnx_tensor_attribute(node, "value", &out);
    } else if (onnx_has(node, "value_float")) {
        status = onnx_float(node, "value_float", 0, &number);
        if (!status)
            status = floats_constant(node, &number, &scalar, &out);
    } else if (onnx_has(node, "value_int")) {
        status = onnx_int(node, "value_int", 0, &integer);
        if (!status)
            status = integers_constant(node, &integer, &scalar, &out);
    } else if (onnx_has(node, "value_floats") || onnx_has(node, "value_ints")) {
        status = list_constant(node, &out);
    } else {
        status = onnx_fail(node, STATUS_UNSUPPORTED, "texts and sparse tensors are not supported");
    }
    return status ? status : onnx_define(node, 0, &out);
}

/* One number in every place: a float where the attribute is one or is left out. */
static enum status take_constant_of_shape(struct onnx_node *node)
{
    struct operand number = {.kind = OPERAND_NONE}, out;
    struct shape shape = {.dims = 0};
    int64_t extents[SHAPE_MAX_DIMS], *integers;
    float value = 0;
    size_t count, dims;
    enum status status = import_read_integers(node->importer, onnx_operand(node, 0), "shape",
                                              extents, SHAPE_MAX_DIMS, &dims);

    if (!status && onnx_has(node, "value"))
        status = onnx_tensor_attribute(node, "value", &number);
    if (status)
        return status;
    for (size_t i = 0; i < dims; i++)
        shape.dim[shape.dims++] = extents[i];
    if (!shape_count(&shape, &count))
        return onnx_fail(node, STATUS_DATA, "its shape is negative or absurd");
    if (number.kind != OPERAND_INTEGERS) {
        if (number.kind != OPERAND_NONE)
            status = import_read_float(node->importer, &number, "value", &value);
        if (!status)
            status = import_fill(node->importer, &shape, value, &out);
        return status ? status : onnx_define(node, 0, &out);
    }
    status = import_read_integers(node->importer, &number, "value", extents, 1, &dims);
    if (!status)
        status = import_integers(node->importer, &shape, &integers, &out);
    for (size_t i = 0; i < count && !status; i++)
        integers[i] = dims ? extents[0] : 0;
    return status ? status : onnx_define(node, 0, &out);
}

static enum status take_range(struct onnx_node *node)
{
    static const char *const words[] = {"start", "limit", "delta"};
    int64_t numbers[3];
    struct operand out;
    enum status status = STATUS_OK;

    for (size_t i = 0; i < 3 && !status; i++) {
        size_t count;
        status = import_read_integers(node->importer, onnx_operand(node, i), words[i], &numbers[i],
                                      1, &count);
        if (!status && !count)
            status = onnx_fail(node, STATUS_DATA, "%s is empty", words[i]);
    }
    if (!status)
        status = import_range(node->importer, numbers[0], numbers[1], numbers[2], &out);
    return status ? status : onnx_define(node, 0, &out);
}

/* opset 15: extents [start, end), with numpy's meaning. */
static enum status take_shape(struct onnx_node *node)
{
    int64_t start = 0, end = SHAPE_MAX_DIMS, step = 1;
    struct operand out;
    enum status status = onnx_int(node, "start", 0, &start);

    if (!status)
        status = onnx_int(node, "end", SHAPE_MAX_DIMS, &end);
    if (!status)
        status = import_shape(node->importer, onnx_operand(node, 0), &out);
    if (!status && (start || end < (int64_t)onnx_operand(node, 0)->shape.dims))
        status = import_slice(node->importer, node->outputs[0], &out, &start, &end, &step, &out);
    return status ? status : onnx_define(node, 0, &out);
}

/* Whether a value's numbers are of that type already. */
static bool is_already(const struct onnx_node *node, const struct operand *x, int64_t type)
{
    const struct graph *graph = node->importer->graph;
    const struct node *producer = &graph->nodes[graph->values[x->value].producer];

    return producer->op->kind == OPERATOR_THRESHOLD ||
           (producer->op->kind == OPERATOR_ARG_MAX && type != ONNX_BOOL);
}

static enum status take_cast(struct onnx_node *node)
{
    const struct operand *x = onnx_operand(node, 0);
    struct operand out;
    bool integers;
    int64_t to;
    enum status status = onnx_int(node, "to", ONNX_FLOAT, &to);

    if (status)
        return status;
    integers = to != ONNX_FLOAT && to != ONNX_DOUBLE && to != ONNX_FLOAT16 && to != ONNX_BFLOAT16;
    if (to == ONNX_STRING)
        return onnx_fail(node, STATUS_UNSUPPORTED, "texts are not supported");
    if (integers && !operand_is_constant(x) && !is_already(node, x, to))
        return onnx_fail(node, STATUS_UNSUPPORTED,
                         "values are float32; they cannot be cast to whole numbers");
    status = to == ONNX_BOOL && operand_is_constant(x)
                 ? import_cast_to_bool(node->importer, x, &out)
                 : import_cast(node->importer, x, integers, &out);
    if (!status && !operand_is_constant(x))
        status = import_identity(node->importer, node->outputs[0], &out, &out);
    return status ? status : onnx_define(node, 0, &out);
}

const struct onnx_operator onnx_constant_operators[] = {
    {"Constant", 0, take_constant}, {"ConstantOfShape", 1, take_constant_of_shape},
    {"Range", 3, take_range},       {"Shape", 1, take_shape},
    {"Cast", 1, take_cast},         {NULL, 0, NULL}};
