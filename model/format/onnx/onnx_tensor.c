/* TensorProto. Numbers stand in raw_data, in a field of their type or in another file. */
#include <math.h>
#include <string.h>

#include "common/checked.h"
#include "model/format/onnx/onnx_proto.h"
#include "model/format/onnx/onnx_read.h"
#include "model/shape.h"

/* A tensor's fields; bytes point into the file. */
struct tensor {
    struct shape shape;
    size_t count;
    uint64_t type;
    struct wire wire; /* at the beginning, to walk over typed numbers */
    const unsigned char *raw;
    size_t raw_size;
    bool has_raw, external;
    struct onnx_place place;
};

/* How a type's numbers stand: bytes in raw data, and the field that else holds them. */
struct layout {
    size_t size;
    uint32_t field;
    bool whole;
};

static struct layout layout_of(uint64_t type)
{
    switch (type) {
    case ONNX_FLOAT:
        return (struct layout){4, ONNX_TENSOR_FLOAT_DATA, false};
    case ONNX_DOUBLE:
        return (struct layout){8, ONNX_TENSOR_DOUBLE_DATA, false};
    case ONNX_FLOAT16:
    case ONNX_BFLOAT16:
        return (struct layout){2, ONNX_TENSOR_INT32_DATA, false};
    case ONNX_BOOL:
    case ONNX_INT8:
    case ONNX_UINT8:
        return (struct layout){1, ONNX_TENSOR_INT32_DATA, true};
    case ONNX_INT16:
    case ONNX_UINT16:
        return (struct layout){2, ONNX_TENSOR_INT32_DATA, true};
    case ONNX_INT32:
        return (struct layout){4, ONNX_TENSOR_INT32_DATA, true};
    case ONNX_UINT32:
        return (struct layout){4, ONNX_TENSOR_UINT64_DATA, true};
    case ONNX_INT64:
        return (struct layout){8, ONNX_TENSOR_INT64_DATA, true};
    case ONNX_UINT64:
        return (struct layout){8, ONNX_TENSOR_UINT64_DATA, true};
    default:
        return (struct layout){0, 0, false};
    }
}

static enum status fail(const struct onnx_reader *reader, const char *name, enum status status,
                        const char *what)
{
    return error_set(reader->error, status, "%s: tensor '%s': %s", reader->path, name, what);
}

/* ---- numbers ---- */

static float half_to_float(uint32_t bits)
{
    uint32_t exponent = bits >> 10 & 31, fraction = bits & 1023;
    float sign = bits & 0x8000 ? -1.0F : 1.0F;

    if (exponent == 31)
        return fraction ? NAN : sign * INFINITY;
    if (!exponent)
        return sign * ldexpf((float)fraction, -24);
    return sign * ldexpf((float)(fraction | 1024), (int)exponent - 25);
}

static float float_of(uint64_t type, uint64_t bits)
{
    uint32_t low = (uint32_t)bits;
    double wide;
    float narrow;

    switch (type) {
    case ONNX_FLOAT16:
        return half_to_float(low & 0xffff);
    case ONNX_BFLOAT16:
        low <<= 16;
        break;
    case ONNX_DOUBLE:
        memcpy(&wide, &bits, sizeof wide);
        return (float)wide;
    default:
        break;
    }
    memcpy(&narrow, &low, sizeof narrow);
    return narrow;
}

/* Raw integers are as wide as their type; those in fields are sign-extended already. */
static int64_t integer_of(uint64_t type, uint64_t bits)
{
    switch (type) {
    case ONNX_BOOL:
        return bits != 0;
    case ONNX_INT8:
        return (int8_t)bits;
    case ONNX_UINT8:
        return (uint8_t)bits;
    case ONNX_INT16:
        return (int16_t)bits;
    case ONNX_UINT16:
        return (uint16_t)bits;
    case ONNX_INT32:
        return (int32_t)bits;
    case ONNX_UINT32:
        return (uint32_t)bits;
    default:
        return (int64_t)bits;
    }
}

static uint64_t raw_bits(const unsigned char *bytes, size_t size)
{
    uint64_t bits = 0;

    for (size_t i = 0; i < size; i++)
        bits |= (uint64_t)bytes[i] << (8 * i);
    return bits;
}

/* Where decoded numbers go; one of the two is set. */
struct sink {
    const struct tensor *tensor;
    float *floats;
    int64_t *integers;
    size_t count;
};

static void store(struct sink *sink, uint64_t bits)
{
    if (sink->count < sink->tensor->count) {
        if (sink->floats)
            sink->floats[sink->count] = float_of(sink->tensor->type, bits);
        else
            sink->integers[sink->count] = integer_of(sink->tensor->type, bits);
    }
    sink->count++;
}

static void store_packed(struct sink *sink, const struct wire *outer,
                         const struct wire_field *field, bool varints, size_t size)
{
    struct wire wire = wire_enter(outer, field);
    uint64_t bits;

    while (varints && wire_varint(&wire, &bits))
        store(sink, bits);
    for (size_t at = 0; !varints && at + size <= field->size; at += size)
        store(sink, raw_bits(field->bytes + at, size));
}

/* Numbers in the field of their type, one by one or packed. */
static void store_fields(struct sink *sink, const struct layout *layout)
{
    struct wire wire = sink->tensor->wire;
    bool fixed =
        layout->field == ONNX_TENSOR_FLOAT_DATA || layout->field == ONNX_TENSOR_DOUBLE_DATA;
    struct wire_field field;

    while (wire_next(&wire, &field)) {
        if (field.number != layout->field)
            continue;
        if (field.type == WIRE_BYTES)
            store_packed(sink, &wire, &field, !fixed, layout->size);
        else
            store(sink, field.value);
    }
}

/* ---- fields ---- */

static enum status add_dim(const struct onnx_reader *reader, const char *name,
                           struct tensor *tensor, uint64_t value)
{
    if (tensor->shape.dims == SHAPE_MAX_DIMS)
        return fail(reader, name, STATUS_LIMIT, "it has more than 8 axes");
    if (value > (uint64_t)SHAPE_MAX_COUNT)
        return fail(reader, name, STATUS_DATA, "an extent is negative or more than 2147483647");
    tensor->shape.dim[tensor->shape.dims++] = (int64_t)value;
    return STATUS_OK;
}

static enum status add_dims(struct onnx_reader *reader, const char *name, struct tensor *tensor,
                            const struct wire *outer, const struct wire_field *field)
{
    struct wire wire;
    uint64_t value;
    enum status status = STATUS_OK;

    if (field->type != WIRE_BYTES)
        return add_dim(reader, name, tensor, field->value);
    wire = wire_enter(outer, field);
    while (!status && wire_varint(&wire, &value))
        status = add_dim(reader, name, tensor, value);
    return status ? status : wire_status(&wire, reader->error);
}

static bool parse_size(const char *text, uint64_t *size)
{
    *size = 0;
    for (; *text; text++) {
        if (*text < '0' || *text > '9' || __builtin_mul_overflow(*size, 10U, size) ||
            __builtin_add_overflow(*size, (uint64_t)(*text - '0'), size))
            return false;
    }
    return true;
}

static enum status read_entry(struct onnx_reader *reader, const char *name, struct tensor *tensor,
                              struct wire wire)
{
    struct arena *arena = &reader->importer.graph->arena;
    const char *key = "", *value = "";
    struct wire_field field;
    bool good = true;

    while (wire_next(&wire, &field)) {
        char *text = field.type == WIRE_BYTES
                         ? arena_text(arena, (const char *)field.bytes, field.size)
                         : NULL;
        if (!text)
            return fail(reader, name, STATUS_DATA, "its external data cannot be understood");
        if (field.number == ONNX_ENTRY_KEY)
            key = text;
        else if (field.number == ONNX_ENTRY_VALUE)
            value = text;
    }
    if (!strcmp(key, "location")) {
        tensor->place.location = value;
    } else if (!strcmp(key, "offset")) {
        good = parse_size(value, &tensor->place.offset);
    } else if (!strcmp(key, "length")) {
        good = parse_size(value, &tensor->place.length);
        tensor->place.has_length = true;
    }
    if (!good)
        return fail(reader, name, STATUS_DATA, "offset or length of its data is not a number");
    return wire_status(&wire, reader->error);
}

/* The name first, because every error line holds it. */
static enum status read_name(struct onnx_reader *reader, struct wire wire, const char **name)
{
    struct wire_field field;

    *name = "";
    while (wire_next(&wire, &field)) {
        if (field.number != ONNX_TENSOR_NAME || field.type != WIRE_BYTES)
            continue;
        *name = arena_text(&reader->importer.graph->arena, (const char *)field.bytes, field.size);
        if (!*name)
            return arena_fail(&reader->importer.graph->arena, reader->error);
    }
    return wire_status(&wire, reader->error);
}

static enum status read_fields(struct onnx_reader *reader, const char *name, struct tensor *tensor)
{
    struct wire wire = tensor->wire;
    enum status status = STATUS_OK;
    struct wire_field field;

    while (!status && wire_next(&wire, &field)) {
        if (field.number == ONNX_TENSOR_DIMS) {
            status = add_dims(reader, name, tensor, &wire, &field);
        } else if (field.number == ONNX_TENSOR_DATA_TYPE) {
            tensor->type = field.value;
        } else if (field.number == ONNX_TENSOR_RAW_DATA && field.type == WIRE_BYTES) {
            tensor->raw = field.bytes;
            tensor->raw_size = field.size;
            tensor->has_raw = true;
        } else if (field.number == ONNX_TENSOR_EXTERNAL_DATA) {
            status = read_entry(reader, name, tensor, wire_enter(&wire, &field));
        } else if (field.number == ONNX_TENSOR_DATA_LOCATION) {
            tensor->external = field.value == 1;
        }
    }
    return status ? status : wire_status(&wire, reader->error);
}

/* The packed floats of a tensor whose only field of floats they are lie as raw data would. */
static void find_packed_floats(struct tensor *tensor)
{
    struct wire wire = tensor->wire;
    struct wire_field field;
    size_t found = 0;

    while (tensor->type == ONNX_FLOAT && wire_next(&wire, &field)) {
        if (field.number != ONNX_TENSOR_FLOAT_DATA)
            continue;
        if (++found > 1 || field.type != WIRE_BYTES)
            return;
        tensor->raw = field.bytes;
        tensor->raw_size = field.size;
    }
    tensor->has_raw = found == 1;
}

static enum status decode(struct onnx_reader *reader, const char *name, const struct tensor *tensor,
                          const struct layout *layout, struct operand *out)
{
    struct sink sink = {.tensor = tensor};
    enum status status =
        layout->whole ? import_integers(&reader->importer, &tensor->shape, &sink.integers, out)
                      : import_floats(&reader->importer, &tensor->shape, &sink.floats, out);

    if (status)
        return status;
    for (size_t i = 0; tensor->has_raw && i < tensor->count; i++)
        store(&sink, raw_bits(tensor->raw + i * layout->size, layout->size));
    if (!tensor->has_raw)
        store_fields(&sink, layout);
    if (sink.count != tensor->count)
        return fail(reader, name, STATUS_DATA,
                    "it holds another number of numbers than its shape says");
    return STATUS_OK;
}

/* What a file claims is held against what it can hold before memory is taken for it. */
static enum status check_room(struct onnx_reader *reader, const char *name, struct tensor *tensor,
                              const struct layout *layout)
{
    size_t size;

    if (!layout->size)
        return fail(reader, name, STATUS_UNSUPPORTED,
                    "its type is not a number of 8 to 64 bits; such tensors are not supported");
    if (!shape_count(&tensor->shape, &tensor->count) ||
        !checked_mul(tensor->count, layout->size, &size))
        return fail(reader, name, STATUS_LIMIT, "it has more than 2147483647 elements");
    if (tensor->external) {
        enum status status = onnx_external_find(reader, &tensor->place, size, &tensor->raw);
        if (status)
            return status;
        tensor->raw_size = size;
        tensor->has_raw = true;
    }
    if (!tensor->has_raw)
        find_packed_floats(tensor);
    if (tensor->has_raw && tensor->raw_size != size)
        return fail(reader, name, STATUS_DATA,
                    "its data is shorter or longer than its shape says; the file is damaged");
    if (!tensor->has_raw && tensor->count > (size_t)(tensor->wire.end - tensor->wire.at))
        return fail(reader, name, STATUS_DATA, "it holds fewer numbers than its shape says");
    return STATUS_OK;
}

enum status onnx_tensor_read(struct onnx_reader *reader, struct wire wire, const char **name,
                             struct operand *out)
{
    struct tensor tensor = {.wire = wire};
    struct layout layout;
    const char *own;
    enum status status = read_name(reader, wire, &own);

    if (!status)
        status = read_fields(reader, own, &tensor);
    if (status)
        return status;
    layout = layout_of(tensor.type);
    status = check_room(reader, own, &tensor, &layout);
    if (status)
        return status;
    if (name)
        *name = own;
    if (tensor.type == ONNX_FLOAT && tensor.has_raw) {
        struct weight weight = weight_make(&tensor.shape, tensor.raw);
        *out = operand_view(&weight);
        return STATUS_OK;
    }
    return decode(reader, own, &tensor, &layout, out);
}
