#include <string.h>

#include "model/format/tensorflow/graphdef.h"

/* The message of the attribute's value; of several of one key the last counts, as in protobuf's
 * maps. */
static bool find_value(const struct graphdef *graph, const struct graphdef_node *node,
                       const char *key, struct wire *value)
{
    struct wire wire = graphdef_node_wire(graph, node);
    size_t size = strlen(key);
    struct wire_field field, part;
    bool found = false;

    while (wire_next(&wire, &field)) {
        if (field.number != TF_NODE_ATTR)
            continue;
        struct wire entry = wire_enter(&wire, &field), content = entry;
        bool same = false;
        content.end = content.at;
        while (wire_next(&entry, &part)) {
            if (part.number == TF_ENTRY_KEY)
                same =
                    part.type == WIRE_BYTES && part.size == size && !memcmp(part.bytes, key, size);
            else if (part.number == TF_ENTRY_VALUE)
                content = wire_enter(&entry, &part);
        }
        if (same) {
            *value = content;
            found = true;
        }
    }
    return found;
}

/* The field `number` of the attribute's value, of which the last counts. False, with an error, when
 * the attribute is of another kind. */
static bool find_field(struct graphdef *graph, const struct graphdef_node *node, const char *key,
                       enum tf_attr_field number, enum wire_type type, struct wire_field *field,
                       struct wire *value)
{
    struct wire_field part;
    bool found = false;

    if (graph->status || !find_value(graph, node, key, value))
        return false;
    for (struct wire walk = *value; wire_next(&walk, &part);) {
        if (part.number == (uint32_t)number && part.type == type) {
            *field = part;
            found = true;
        }
    }
    if (!found)
        graphdef_fail(graph, node, STATUS_DATA, "attribute '%s' is of another kind", key);
    return found;
}

bool graphdef_has(const struct graphdef *graph, const struct graphdef_node *node, const char *key)
{
    struct wire value;

    return find_value(graph, node, key, &value);
}

int64_t graphdef_int(struct graphdef *graph, const struct graphdef_node *node, const char *key,
                     int64_t fallback)
{
    struct wire_field field;
    struct wire value;

    return find_field(graph, node, key, TF_ATTR_I, WIRE_VARINT, &field, &value)
               ? (int64_t)field.value
               : fallback;
}

static float float_of(uint64_t value)
{
    uint32_t bits = (uint32_t)value;
    float number;

    memcpy(&number, &bits, sizeof number);
    return number;
}

float graphdef_float(struct graphdef *graph, const struct graphdef_node *node, const char *key,
                     float fallback)
{
    struct wire_field field;
    struct wire value;

    return find_field(graph, node, key, TF_ATTR_F, WIRE_FIXED32, &field, &value)
               ? float_of(field.value)
               : fallback;
}

bool graphdef_bool(struct graphdef *graph, const struct graphdef_node *node, const char *key,
                   bool fallback)
{
    struct wire_field field;
    struct wire value;

    return find_field(graph, node, key, TF_ATTR_B, WIRE_VARINT, &field, &value) ? field.value != 0
                                                                                : fallback;
}

enum tf_type graphdef_type(struct graphdef *graph, const struct graphdef_node *node,
                           const char *key, enum tf_type fallback)
{
    struct wire_field field;
    struct wire value;

    if (!find_field(graph, node, key, TF_ATTR_TYPE, WIRE_VARINT, &field, &value))
        return fallback;
    return field.value < 2 * TF_TYPE_REF ? (enum tf_type)field.value : TF_TYPE_INVALID;
}

const char *graphdef_text(struct graphdef *graph, const struct graphdef_node *node, const char *key,
                          const char *fallback)
{
    struct wire_field field;
    struct wire value;
    const char *copy;

    if (!find_field(graph, node, key, TF_ATTR_S, WIRE_BYTES, &field, &value))
        return fallback;
    if (memchr(field.bytes, '\0', field.size)) {
        graphdef_fail(graph, node, STATUS_DATA, "attribute '%s' is not a text", key);
        return fallback;
    }
    copy = arena_text(&graph->arena, (const char *)field.bytes, field.size);
    if (!copy && !graph->status)
        graph->status = arena_fail(&graph->arena, graph->error);
    return copy ? copy : fallback;
}

/* One element of a list of numbers. */
static void put_number(struct graphdef *graph, const struct graphdef_node *node, const char *key,
                       uint64_t number, uint64_t *numbers, size_t most, size_t *count)
{
    if (*count == most)
        graphdef_fail(graph, node, STATUS_DATA, "attribute '%s' has more than %zu numbers", key,
                      most);
    else
        numbers[(*count)++] = number;
}

static void put_packed(struct graphdef *graph, const struct graphdef_node *node, const char *key,
                       struct wire packed, uint64_t *numbers, size_t most, size_t *count)
{
    uint64_t number;

    while (!graph->status && wire_varint(&packed, &number))
        put_number(graph, node, key, number, numbers, most, count);
    if (!graph->status && packed.problem)
        graphdef_fail(graph, node, STATUS_DATA, "attribute '%s' is damaged", key);
}

size_t graphdef_ints(struct graphdef *graph, const struct graphdef_node *node, const char *key,
                     int64_t *values, size_t most)
{
    uint64_t *numbers = (uint64_t *)values;
    struct wire_field field;
    struct wire value;
    size_t count = 0;

    if (!find_field(graph, node, key, TF_ATTR_LIST, WIRE_BYTES, &field, &value))
        return 0;
    struct wire list = wire_enter(&value, &field);
    while (!graph->status && wire_next(&list, &field)) {
        if (field.number == TF_ATTR_I && field.type == WIRE_BYTES)
            put_packed(graph, node, key, wire_enter(&list, &field), numbers, most, &count);
        else if (field.number == TF_ATTR_I && field.type == WIRE_VARINT)
            put_number(graph, node, key, field.value, numbers, most, &count);
        else
            graphdef_fail(graph, node, STATUS_DATA, "attribute '%s' is of another kind", key);
    }
    return graph->status ? 0 : count;
}

static int64_t read_extent(const struct wire *outer, const struct wire_field *dim)
{
    struct wire wire = wire_enter(outer, dim);
    struct wire_field field;
    int64_t extent = 0;

    while (wire_next(&wire, &field)) {
        if (field.number == TF_DIM_SIZE && field.type == WIRE_VARINT)
            extent = (int64_t)field.value;
    }
    return wire.problem ? -2 : extent;
}

bool graphdef_shape_message(struct graphdef *graph, const struct graphdef_node *node,
                            struct wire *message, struct shape *shape)
{
    struct wire_field field;
    bool known = true;

    shape->dims = 0;
    while (!graph->status && wire_next(message, &field)) {
        if (field.number == TF_SHAPE_UNKNOWN_RANK && field.value)
            known = false;
        if (field.number != TF_SHAPE_DIM)
            continue;
        if (shape->dims == SHAPE_MAX_DIMS) {
            graphdef_fail(graph, node, STATUS_LIMIT, "a shape has more than %d dimensions",
                          SHAPE_MAX_DIMS);
            break;
        }
        int64_t extent = read_extent(message, &field);
        if (extent < -1 || extent > INT32_MAX)
            graphdef_fail(graph, node, STATUS_DATA,
                          "a shape has an extent that is negative or more than 2147483647");
        shape->dim[shape->dims++] = extent;
    }
    if (message->problem)
        graphdef_fail(graph, node, STATUS_DATA, "a shape is damaged: %s", message->problem);
    return known && !graph->status;
}

bool graphdef_shape(struct graphdef *graph, const struct graphdef_node *node, const char *key,
                    struct shape *shape)
{
    struct wire_field field;
    struct wire value;

    if (!find_field(graph, node, key, TF_ATTR_SHAPE, WIRE_BYTES, &field, &value))
        return false;
    struct wire message = wire_enter(&value, &field);
    return graphdef_shape_message(graph, node, &message, shape);
}

bool graphdef_tensor_message(struct graphdef *graph, const struct graphdef_node *node,
                             const char *key, struct wire *message)
{
    struct wire_field field;
    struct wire value;

    if (!find_field(graph, node, key, TF_ATTR_TENSOR, WIRE_BYTES, &field, &value))
        return false;
    *message = wire_enter(&value, &field);
    return true;
}
