/* NodeProto and AttributeProto. */
#include <inttypes.h>
#include <string.h>

#include "model/format/onnx/onnx_proto.h"
#include "model/format/onnx/onnx_read.h"
#include "model/import/build.h"

/* ---- unpacking ---- */

static enum status fail_memory(const struct arena *arena, struct onnx_reader *reader)
{
    enum status status = arena_fail(arena, reader->error);

    return error_prefix(reader->error, status, "%s", reader->path);
}

static enum status read_text(struct onnx_reader *reader, const struct wire_field *field,
                             struct arena *arena, const char **text)
{
    if (field->type != WIRE_BYTES || memchr(field->bytes, 0, field->size))
        return error_set(reader->error, STATUS_DATA,
                         "%s: a node's name is not text; the file is damaged", reader->path);
    *text = arena_text(arena, (const char *)field->bytes, field->size);
    return *text ? STATUS_OK : fail_memory(arena, reader);
}

static enum status count_names(struct onnx_reader *reader, struct wire wire, struct arena *arena,
                               struct onnx_node *node)
{
    struct wire_field field;
    size_t inputs = 0, outputs = 0;

    while (wire_next(&wire, &field)) {
        inputs += field.number == ONNX_NODE_INPUT;
        outputs += field.number == ONNX_NODE_OUTPUT;
    }
    node->input_names = arena_alloc(arena, inputs, sizeof *node->input_names);
    node->outputs = arena_alloc(arena, outputs, sizeof *node->outputs);
    node->inputs = arena_alloc(arena, inputs, sizeof(const struct operand *));
    if (!node->input_names || !node->outputs || !node->inputs)
        return fail_memory(arena, reader);
    return wire_status(&wire, reader->error);
}

static enum status read_attribute(struct onnx_node *node, struct wire wire, struct arena *arena)
{
    struct onnx_reader *reader = node->reader;
    struct onnx_attribute *attribute = &node->attributes[node->attribute_count];
    enum status status = STATUS_OK;
    struct wire_field field;

    if (node->attribute_count == ONNX_MAX_ATTRIBUTES)
        return error_set(reader->error, STATUS_LIMIT, "%s: a node has more than %d attributes",
                         reader->path, ONNX_MAX_ATTRIBUTES);
    *attribute = (struct onnx_attribute){.name = "", .wire = wire};
    while (!status && wire_next(&wire, &field)) {
        if (field.number == ONNX_ATTRIBUTE_NAME)
            status = read_text(reader, &field, arena, &attribute->name);
    }
    node->attribute_count++;
    return status ? status : wire_status(&wire, reader->error);
}

static enum status read_field(struct onnx_node *node, const struct wire *wire,
                              const struct wire_field *field, struct arena *arena)
{
    struct onnx_reader *reader = node->reader;

    switch (field->number) {
    case ONNX_NODE_INPUT:
        return read_text(reader, field, arena, &node->input_names[node->input_count++]);
    case ONNX_NODE_OUTPUT:
        return read_text(reader, field, arena, &node->outputs[node->output_count++]);
    case ONNX_NODE_NAME:
        return read_text(reader, field, arena, &node->name);
    case ONNX_NODE_OP_TYPE:
        return read_text(reader, field, arena, &node->type);
    case ONNX_NODE_DOMAIN:
        return read_text(reader, field, arena, &node->domain);
    case ONNX_NODE_ATTRIBUTE:
        return read_attribute(node, wire_enter(wire, field), arena);
    default:
        return STATUS_OK;
    }
}

enum status onnx_node_parse(struct onnx_reader *reader, struct wire wire, struct arena *arena,
                            struct onnx_node *node)
{
    struct wire_field field;
    enum status status;

    *node = (struct onnx_node){
        .reader = reader, .importer = &reader->importer, .name = "", .type = "", .domain = ""};
    status = count_names(reader, wire, arena, node);
    while (!status && wire_next(&wire, &field))
        status = read_field(node, &wire, &field, arena);
    if (!status)
        status = wire_status(&wire, reader->error);
    if (!status && !*node->name && node->output_count)
        node->name = node->outputs[0];
    return status;
}

/* ---- operands ---- */

const struct operand *onnx_operand(const struct onnx_node *node, size_t index)
{
    return index < node->input_count ? node->inputs[index] : NULL;
}

struct onnx_reversed *onnx_reversed_find(const struct onnx_reader *reader, const char *name)
{
    struct onnx_reversed *reversed = reader->reversed;

    while (reversed && strcmp(reversed->name, name) != 0)
        reversed = reversed->next;
    return reversed;
}

enum status onnx_reversed_turn(struct onnx_reader *reader, struct onnx_reversed *reversed,
                               const struct operand **out)
{
    const struct operand *x = importer_find(&reader->importer, reversed->name);
    int64_t begin[SHAPE_MAX_DIMS] = {0}, end[SHAPE_MAX_DIMS], step[SHAPE_MAX_DIMS];
    enum status status = STATUS_OK;

    for (unsigned i = 0; i < x->shape.dims; i++) {
        end[i] = x->shape.dim[i];
        step[i] = 1;
    }
    begin[reversed->axis] = -1;
    end[reversed->axis] = INT64_MIN;
    step[reversed->axis] = -1;
    if (reversed->turned.kind == OPERAND_NONE)
        status =
            import_slice(&reader->importer, reversed->name, x, begin, end, step, &reversed->turned);
    *out = &reversed->turned;
    return status;
}

enum status onnx_define(const struct onnx_node *node, size_t index, const struct operand *operand)
{
    if (index >= node->output_count || !*node->outputs[index])
        return STATUS_OK;
    return importer_define(node->importer, node->outputs[index], operand);
}

enum status onnx_helper(const struct onnx_node *node, const char *suffix, const char **name)
{
    return build_name(node->importer, node->outputs[0], suffix, name);
}

/* ---- attributes ---- */

static const struct onnx_attribute *find(const struct onnx_node *node, const char *name)
{
    for (size_t i = 0; i < node->attribute_count; i++) {
        if (!strcmp(node->attributes[i].name, name))
            return &node->attributes[i];
    }
    return NULL;
}

bool onnx_has(const struct onnx_node *node, const char *attribute)
{
    return find(node, attribute) != NULL;
}

static enum status wrong_type(const struct onnx_node *node, const char *attribute, const char *what)
{
    return onnx_fail(node, STATUS_DATA, "attribute '%s' is not %s", attribute, what);
}

/* The last field of that number, as protobuf wants it. *found false: the attribute is not there. */
static enum status find_field(const struct onnx_node *node, const char *name, uint32_t number,
                              enum wire_type type, const char *what, struct wire_field *out,
                              bool *found)
{
    const struct onnx_attribute *attribute = find(node, name);
    struct wire_field field;
    bool seen = false;

    *found = attribute != NULL;
    if (!attribute)
        return STATUS_OK;
    for (struct wire wire = attribute->wire; wire_next(&wire, &field);) {
        if (field.number == number && field.type == type) {
            *out = field;
            seen = true;
        }
    }
    return seen ? STATUS_OK : wrong_type(node, name, what);
}

enum status onnx_int(const struct onnx_node *node, const char *attribute, int64_t fallback,
                     int64_t *value)
{
    struct wire_field field;
    bool found;
    enum status status = find_field(node, attribute, ONNX_ATTRIBUTE_I, WIRE_VARINT,
                                    "a whole number", &field, &found);

    if (!status)
        *value = found ? (int64_t)field.value : fallback;
    return status;
}

static float float_of(uint64_t value)
{
    uint32_t bits = (uint32_t)value;
    float number;

    memcpy(&number, &bits, sizeof number);
    return number;
}

enum status onnx_float(const struct onnx_node *node, const char *attribute, float fallback,
                       float *value)
{
    struct wire_field field;
    bool found;
    enum status status =
        find_field(node, attribute, ONNX_ATTRIBUTE_F, WIRE_FIXED32, "a number", &field, &found);

    if (!status)
        *value = found ? float_of(field.value) : fallback;
    return status;
}

static enum status too_many(const struct onnx_node *node, const char *attribute, size_t max)
{
    return onnx_fail(node, STATUS_DATA, "attribute '%s' holds more than %zu numbers", attribute,
                     max);
}

enum status onnx_ints(const struct onnx_node *node, const char *attribute, int64_t *values,
                      size_t max, size_t *count)
{
    const struct onnx_attribute *found = find(node, attribute);
    struct wire_field field;
    uint64_t value;

    *count = 0;
    if (!found)
        return STATUS_OK;
    for (struct wire wire = found->wire; wire_next(&wire, &field);) {
        struct wire packed;
        if (field.number != ONNX_ATTRIBUTE_INTS)
            continue;
        if (field.type == WIRE_VARINT) {
            if (*count == max)
                return too_many(node, attribute, max);
            values[(*count)++] = (int64_t)field.value;
            continue;
        }
        packed = wire_enter(&wire, &field);
        while (wire_varint(&packed, &value)) {
            if (*count == max)
                return too_many(node, attribute, max);
            values[(*count)++] = (int64_t)value;
        }
        if (packed.problem)
            return wrong_type(node, attribute, "a list of whole numbers");
    }
    return STATUS_OK;
}

enum status onnx_floats_of(const struct onnx_node *node, const char *attribute, float *values,
                           size_t max, size_t *count)
{
    const struct onnx_attribute *found = find(node, attribute);
    struct wire_field field;

    *count = 0;
    if (!found)
        return STATUS_OK;
    for (struct wire wire = found->wire; wire_next(&wire, &field);) {
        size_t more = field.type == WIRE_BYTES ? field.size / sizeof *values : 1;
        float one;
        if (field.number != ONNX_ATTRIBUTE_FLOATS)
            continue;
        if (more > max - *count)
            return too_many(node, attribute, max);
        one = float_of(field.value);
        if (more)
            memcpy(values + *count, field.type == WIRE_BYTES ? (const void *)field.bytes : &one,
                   more * sizeof *values);
        *count += more;
    }
    return STATUS_OK;
}

enum status onnx_word(const struct onnx_node *node, const char *attribute, const char *words,
                      unsigned *index)
{
    struct wire_field field;
    bool found;
    enum status status =
        find_field(node, attribute, ONNX_ATTRIBUTE_S, WIRE_BYTES, "a text", &field, &found);

    *index = 0;
    if (status || !found)
        return status;
    for (const char *word = words; *word; ++*index) {
        size_t length = strcspn(word, " ");
        if (length == field.size && !memcmp(word, field.bytes, length))
            return STATUS_OK;
        word += length;
        word += strspn(word, " ");
    }
    return onnx_fail(node, STATUS_UNSUPPORTED, "%s '%.*s' is not supported (known: %s)", attribute,
                     field.size > 64 ? 64 : (int)field.size, (const char *)field.bytes, words);
}

/* The message in an attribute that must be there. */
static enum status enter_field(const struct onnx_node *node, const char *attribute, uint32_t number,
                               const char *what, struct wire *message)
{
    const struct onnx_attribute *found = find(node, attribute);
    struct wire_field field;
    bool there;
    enum status status = find_field(node, attribute, number, WIRE_BYTES, what, &field, &there);

    if (!status && !there)
        status = onnx_fail(node, STATUS_DATA, "attribute '%s' is missing", attribute);
    if (!status)
        *message = wire_enter(&found->wire, &field);
    return status;
}

enum status onnx_tensor_attribute(const struct onnx_node *node, const char *attribute,
                                  struct operand *out)
{
    struct wire tensor;
    enum status status = enter_field(node, attribute, ONNX_ATTRIBUTE_T, "a tensor", &tensor);

    return status ? status : onnx_tensor_read(node->reader, tensor, NULL, out);
}

enum status onnx_graph_attribute(const struct onnx_node *node, const char *attribute,
                                 struct wire *graph)
{
    return enter_field(node, attribute, ONNX_ATTRIBUTE_G, "a graph", graph);
}

enum status onnx_ints_or_input(const struct onnx_node *node, const char *attribute, size_t index,
                               int64_t since, int64_t *values, size_t max, size_t *count)
{
    const struct operand *operand = onnx_operand(node, index);

    *count = 0;
    if (node->reader->opset < since)
        return onnx_ints(node, attribute, values, max, count);
    if (!operand)
        return STATUS_OK;
    return import_read_integers(node->importer, operand, attribute, values, max, count);
}
