#include "model/format/tensorflow/graphdef_tensor.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "common/checked.h"
#include "model/shape.h"

/* How the elements of a type lie in tensor_content and in their own field. */
struct layout {
    const char *name;
    uint8_t size; /* in tensor_content; 0: not read */
    uint8_t field;
    bool floats, is_signed;
};

static const struct layout layouts[] = {
    [TF_TYPE_FLOAT] = {"float32", 4, TF_TENSOR_FLOAT, true, true},
    [TF_TYPE_DOUBLE] = {"float64", 8, TF_TENSOR_DOUBLE, true, true},
    [TF_TYPE_HALF] = {"float16", 2, TF_TENSOR_HALF, true, true},
    [TF_TYPE_BFLOAT16] = {"bfloat16", 2, TF_TENSOR_HALF, true, true},
    [TF_TYPE_INT32] = {"int32", 4, TF_TENSOR_INT, false, true},
    [TF_TYPE_INT16] = {"int16", 2, TF_TENSOR_INT, false, true},
    [TF_TYPE_INT8] = {"int8", 1, TF_TENSOR_INT, false, true},
    [TF_TYPE_UINT8] = {"uint8", 1, TF_TENSOR_INT, false, false},
    [TF_TYPE_UINT16] = {"uint16", 2, TF_TENSOR_INT, false, false},
    [TF_TYPE_INT64] = {"int64", 8, TF_TENSOR_INT64, false, true},
    [TF_TYPE_BOOL] = {"bool", 1, TF_TENSOR_BOOL, false, false},
    [TF_TYPE_STRING] = {"string", 0, 0, false, false},
    [TF_TYPE_COMPLEX64] = {"complex64", 0, 0, false, false},
    [TF_TYPE_COMPLEX128] = {"complex128", 0, 0, false, false},
    [TF_TYPE_QINT8] = {"qint8", 0, 0, false, false},
    [TF_TYPE_QUINT8] = {"quint8", 0, 0, false, false},
    [TF_TYPE_QINT16] = {"qint16", 0, 0, false, false},
    [TF_TYPE_QUINT16] = {"quint16", 0, 0, false, false},
    [TF_TYPE_QINT32] = {"qint32", 0, 0, false, false},
    [TF_TYPE_UINT32] = {"uint32", 0, 0, false, false},
    [TF_TYPE_UINT64] = {"uint64", 0, 0, false, false},
    [TF_TYPE_RESOURCE] = {"resource", 0, 0, false, false},
    [TF_TYPE_VARIANT] = {"variant", 0, 0, false, false},
};

enum { LAYOUTS = sizeof layouts / sizeof *layouts };

/* A TensorProto, seen where it lies. */
struct tensor_proto {
    struct wire message;
    const struct layout *layout;
    enum tf_type type;
    struct shape shape;
    size_t count;        /* of the shape */
    size_t given;        /* numbers in the message */
    size_t content_size; /* bytes */
    const unsigned char *content;
    const unsigned char *run; /* the only packed run of the field, if there is only one */
    bool several;             /* chunks of the field */
};

const char *graphdef_type_name(enum tf_type type)
{
    const char *name = (size_t)type < LAYOUTS ? layouts[type].name : NULL;

    return name ? name : "an unknown type";
}

/* ---- single numbers ---- */

static float half_value(uint32_t bits)
{
    uint32_t exponent = bits >> 10 & 31, fraction = bits & 1023;
    float value;

    if (exponent == 31)
        value = fraction ? NAN : INFINITY;
    else if (exponent)
        value = ldexpf((float)(fraction | 1024), (int)exponent - 25);
    else
        value = ldexpf((float)fraction, -24);
    return bits & 0x8000 ? -value : value;
}

static double float_value(enum tf_type type, uint64_t bits)
{
    uint32_t narrow =
        (uint32_t)(type == TF_TYPE_BFLOAT16 ? (bits & 0xffff) << 16 : bits & 0xffffffff);
    float value;
    double wide;

    if (type == TF_TYPE_HALF)
        return (double)half_value((uint32_t)bits & 0xffff);
    memcpy(&value, &narrow, sizeof value);
    memcpy(&wide, &bits, sizeof wide);
    return type == TF_TYPE_DOUBLE ? wide : (double)value;
}

static uint64_t little_endian(const unsigned char *bytes, size_t size)
{
    uint64_t value = 0;

    for (size_t i = 0; i < size; i++)
        value |= (uint64_t)bytes[i] << (8 * i);
    return value;
}

static int64_t integer_value(const struct layout *layout, uint64_t bits)
{
    unsigned unused = 64 - 8u * layout->size;

    if (layout->size == 8)
        return (int64_t)bits;
    bits <<= unused;
    return layout->is_signed ? (int64_t)bits >> unused : (int64_t)(bits >> unused);
}

/* ---- the numbers one by one ---- */

/* Steps through tensor_content or the field of the type. */
struct numbers {
    const struct tensor_proto *tensor;
    struct wire message, packed;
    bool in_packed;
    size_t index;
};

static unsigned fixed_size(const struct tensor_proto *tensor)
{
    if (tensor->layout->field == TF_TENSOR_FLOAT)
        return 4;
    return tensor->layout->field == TF_TENSOR_DOUBLE ? 8 : 0;
}

static bool next_packed(struct numbers *numbers, uint64_t *bits)
{
    unsigned size = fixed_size(numbers->tensor);

    if (!size)
        return wire_varint(&numbers->packed, bits);
    if ((size_t)(numbers->packed.end - numbers->packed.at) < size)
        return false;
    *bits = little_endian(numbers->packed.at, size);
    numbers->packed.at += size;
    return true;
}

static bool next_number(struct numbers *numbers, uint64_t *bits)
{
    const struct tensor_proto *tensor = numbers->tensor;
    struct wire_field field;

    if (tensor->content) {
        size_t size = tensor->layout->size;
        if (numbers->index == tensor->content_size / size)
            return false;
        *bits = little_endian(tensor->content + size * numbers->index++, size);
        return true;
    }
    for (;;) {
        if (numbers->in_packed && next_packed(numbers, bits))
            return true;
        numbers->in_packed = false;
        if (!wire_next(&numbers->message, &field))
            return false;
        if (field.number != tensor->layout->field)
            continue;
        if (field.type != WIRE_BYTES) {
            *bits = field.value;
            return true;
        }
        numbers->packed = wire_enter(&numbers->message, &field);
        numbers->in_packed = true;
    }
}

/* ---- the message ---- */

/* Counts the numbers of one field of the message; false when it is damaged or of another kind. */
static bool count_field(struct tensor_proto *tensor, const struct wire_field *field)
{
    unsigned size = fixed_size(tensor);
    enum wire_type single = size == 4 ? WIRE_FIXED32 : (size == 8 ? WIRE_FIXED64 : WIRE_VARINT);
    bool first = tensor->given == 0;

    if (field->type == single) {
        tensor->given++;
        tensor->several = true;
        return true;
    }
    if (field->type != WIRE_BYTES)
        return false;
    if (size) {
        tensor->given += field->size / size;
        tensor->run = field->bytes;
        tensor->several |= !first;
        return field->size % size == 0;
    }
    for (size_t i = 0; i < field->size; i++)
        tensor->given += !(field->bytes[i] & 0x80);
    return !field->size || !(field->bytes[field->size - 1] & 0x80);
}

/* Finds the type first, because the other fields mean something only with it. */
static enum status find_layout(struct graphdef *graph, const struct graphdef_node *node,
                               struct tensor_proto *tensor)
{
    struct wire_field field;
    struct wire walk = tensor->message;

    while (wire_next(&walk, &field)) {
        if (field.number == TF_TENSOR_DTYPE && field.type == WIRE_VARINT)
            tensor->type = field.value < LAYOUTS ? (enum tf_type)field.value : TF_TYPE_INVALID;
    }
    tensor->layout = &layouts[tensor->type];
    if (tensor->type == TF_TYPE_STRING || tensor->layout->size)
        return STATUS_OK;
    return graphdef_fail(graph, node, STATUS_UNSUPPORTED,
                         "a constant of %s; export the graph with float32 numbers",
                         graphdef_type_name(tensor->type));
}

static enum status open_tensor(struct graphdef *graph, const struct graphdef_node *node,
                               const char *key, struct tensor_proto *tensor)
{
    struct wire_field field;

    *tensor = (struct tensor_proto){.shape.dims = 0};
    if (!graphdef_tensor_message(graph, node, key, &tensor->message))
        return graphdef_fail(graph, node, STATUS_DATA,
                             "the attribute '%s' with its tensor is missing", key);
    if (find_layout(graph, node, tensor))
        return graph->status;
    for (struct wire walk = tensor->message; !graph->status && wire_next(&walk, &field);) {
        if (field.number == TF_TENSOR_SHAPE) {
            struct wire shape = wire_enter(&walk, &field);
            if (!graphdef_shape_message(graph, node, &shape, &tensor->shape))
                return graphdef_fail(graph, node, STATUS_DATA,
                                     "the shape of the tensor is not known");
        } else if (field.number == TF_TENSOR_CONTENT && field.type == WIRE_BYTES && field.size) {
            tensor->content = field.bytes;
            tensor->content_size = field.size;
        } else if (tensor->layout->field && field.number == tensor->layout->field &&
                   !count_field(tensor, &field)) {
            return graphdef_fail(graph, node, STATUS_DATA, "the numbers of the tensor are damaged");
        }
    }
    return graph->status;
}

/* Holds what is there against the shape. */
static enum status check_size(struct graphdef *graph, const struct graphdef_node *node,
                              struct tensor_proto *tensor)
{
    char text[SHAPE_TEXT];
    size_t bytes;

    if (!shape_count(&tensor->shape, &tensor->count))
        return graphdef_fail(graph, node, STATUS_DATA,
                             "the tensor's shape %s is negative or has more than %" PRId64
                             " elements",
                             shape_text(&tensor->shape, text), SHAPE_MAX_COUNT);
    if (tensor->content && (!checked_mul(tensor->count, tensor->layout->size, &bytes) ||
                            bytes != tensor->content_size))
        return graphdef_fail(graph, node, STATUS_DATA,
                             "tensor_content has %zu bytes, but %s of %s needs %zu",
                             tensor->content_size, shape_text(&tensor->shape, text),
                             tensor->layout->name, tensor->count * tensor->layout->size);
    if (!tensor->content && tensor->given > tensor->count)
        return graphdef_fail(graph, node, STATUS_DATA,
                             "the tensor holds %zu numbers, but its shape %s takes %zu",
                             tensor->given, shape_text(&tensor->shape, text), tensor->count);
    return STATUS_OK;
}

static enum status read_floats(struct tensor_proto *tensor, struct importer *importer,
                               struct operand *out)
{
    struct numbers numbers = {.tensor = tensor, .message = tensor->message};
    const unsigned char *run = tensor->content ? tensor->content : tensor->run;
    bool whole = tensor->content || (!tensor->several && tensor->given == tensor->count);
    uint64_t bits = 0;
    float *values;
    enum status status;

    if (tensor->type == TF_TYPE_FLOAT && tensor->count && run && whole) {
        struct weight weight = weight_make(&tensor->shape, run);
        *out = operand_view(&weight);
        return STATUS_OK;
    }
    if (!tensor->content && tensor->given <= 1 && tensor->count) {
        float value = next_number(&numbers, &bits) ? (float)float_value(tensor->type, bits) : 0;
        return import_fill(importer, &tensor->shape, value, out);
    }
    status = import_floats(importer, &tensor->shape, &values, out);
    for (size_t i = 0; i < tensor->count && !status; i++) {
        next_number(&numbers, &bits); /* at the end the last one stays */
        values[i] = (float)float_value(tensor->type, bits);
    }
    return status;
}

static enum status read_integers(struct tensor_proto *tensor, struct importer *importer,
                                 struct operand *out)
{
    struct numbers numbers = {.tensor = tensor, .message = tensor->message};
    uint64_t bits = 0;
    int64_t *values;
    enum status status = import_integers(importer, &tensor->shape, &values, out);

    for (size_t i = 0; i < tensor->count && !status; i++) {
        next_number(&numbers, &bits);
        values[i] = integer_value(tensor->layout, bits);
    }
    return status;
}

enum status graphdef_tensor_read(struct graphdef *graph, const struct graphdef_node *node,
                                 const char *key, struct importer *importer, struct operand *out)
{
    struct tensor_proto tensor;

    *out = (struct operand){.kind = OPERAND_NONE};
    if (open_tensor(graph, node, key, &tensor))
        return graph->status;
    if (tensor.type == TF_TYPE_STRING)
        return STATUS_OK;
    if (check_size(graph, node, &tensor))
        return graph->status;
    return tensor.layout->floats ? read_floats(&tensor, importer, out)
                                 : read_integers(&tensor, importer, out);
}

bool graphdef_tensor_scalar(const struct graphdef *graph, const struct graphdef_node *node,
                            double *number)
{
    struct graphdef quiet = *graph;
    struct tensor_proto tensor;
    struct numbers numbers = {.tensor = &tensor};
    uint64_t bits = 0;

    quiet.error = NULL;
    if (open_tensor(&quiet, node, "value", &tensor) || tensor.type == TF_TYPE_STRING ||
        check_size(&quiet, node, &tensor) || tensor.count != 1)
        return false;
    numbers.message = tensor.message;
    if (tensor.content || tensor.given)
        (void)next_number(&numbers, &bits);
    *number = tensor.layout->floats ? float_value(tensor.type, bits)
                                    : (double)integer_value(tensor.layout, bits);
    return true;
}
