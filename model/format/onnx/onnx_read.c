#include "model/format/onnx/onnx_read.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/format/onnx/onnx.h"
#include "model/format/onnx/onnx_proto.h"
#include "model/shape.h"

/* Names of one node. */
static const size_t node_memory = (size_t)64 << 20;
/* For what models compute from their constants. */
static const size_t fold_memory = (size_t)64 << 20;

/* What the two walks over the nodes share. */
struct listing {
    char text[512];
    size_t used, count;
};

/* ---- the model ---- */

static bool is_standard(const struct wire_field *domain)
{
    return !domain->size || (domain->size == 7 && !memcmp(domain->bytes, "ai.onnx", 7));
}

static void read_opset(struct onnx_reader *reader, struct wire wire)
{
    struct wire_field field;
    int64_t version = 0;
    bool standard = true;

    while (wire_next(&wire, &field)) {
        if (field.number == ONNX_OPSET_DOMAIN && field.type == WIRE_BYTES)
            standard = is_standard(&field);
        else if (field.number == ONNX_OPSET_VERSION && field.type == WIRE_VARINT)
            version = (int64_t)field.value;
    }
    if (standard)
        reader->opset = version;
}

static enum status read_model(struct onnx_reader *reader, struct wire wire, struct wire *graph)
{
    struct wire_field field;
    bool found = false;

    while (wire_next(&wire, &field)) {
        if (field.number == ONNX_MODEL_OPSET_IMPORT) {
            read_opset(reader, wire_enter(&wire, &field));
        } else if (field.number == ONNX_MODEL_GRAPH) {
            *graph = wire_enter(&wire, &field);
            found = true;
        }
    }
    if (wire.problem)
        return wire_status(&wire, reader->error);
    if (!found)
        return error_set(reader->error, STATUS_DATA, "%s: holds no graph; it is not an ONNX model",
                         reader->path);
    if (reader->opset < ONNX_OLDEST_OPSET || reader->opset > ONNX_NEWEST_OPSET)
        return error_set(reader->error, STATUS_UNSUPPORTED,
                         "%s: uses opset %" PRId64 ", but %d to %d are supported; convert it with "
                         "onnx.version_converter",
                         reader->path, reader->opset, ONNX_OLDEST_OPSET, ONNX_NEWEST_OPSET);
    return STATUS_OK;
}

/* ---- a first walk over the nodes ---- */

static void list_unknown(struct listing *listing, const struct onnx_node *node)
{
    size_t left = sizeof listing->text - listing->used;
    int wrote;

    listing->count++;
    if (left <= 1)
        return;
    wrote = snprintf(listing->text + listing->used, left, "%s'%s' (%s%s%s)",
                     listing->count > 1 ? ", " : "", node->name, node->domain,
                     *node->domain ? "." : "", node->type);
    if (wrote > 0)
        listing->used += (size_t)wrote < left ? (size_t)wrote : left - 1;
}

static enum status look_at_node(struct onnx_reader *reader, struct wire wire,
                                struct listing *listing)
{
    struct onnx_node node;
    struct arena arena;
    enum status status;

    arena_init(&arena, node_memory);
    status = onnx_node_parse(reader, wire, &arena, &node);
    if (!status && !onnx_operator_find(node.domain, node.type))
        list_unknown(listing, &node);
    for (size_t i = 0; i < node.output_count && !status; i++)
        status = importer_reserve(&reader->importer, node.outputs[i]);
    arena_free(&arena);
    return status;
}

/* Names every node of a kind that is not known, so that one look tells what a net would need; and
 * keeps the names of all tensors free. */
static enum status look_at_nodes(struct onnx_reader *reader, struct wire wire)
{
    struct listing listing = {.count = 0};
    enum status status = STATUS_OK;
    struct wire_field field;

    while (!status && wire_next(&wire, &field)) {
        if (field.number == ONNX_GRAPH_NODE)
            status = look_at_node(reader, wire_enter(&wire, &field), &listing);
        else if (field.number == ONNX_GRAPH_SPARSE_INITIALIZER)
            status = error_set(reader->error, STATUS_UNSUPPORTED,
                               "%s: sparse initializers are not supported; store them dense",
                               reader->path);
    }
    if (!status)
        status = wire_status(&wire, reader->error);
    if (status || !listing.count)
        return status;
    return error_set(reader->error, STATUS_UNSUPPORTED,
                     "%s: %zu node%s of a type that is not supported: %s%s", reader->path,
                     listing.count, listing.count == 1 ? "" : "s", listing.text,
                     listing.used + 1 >= sizeof listing.text ? " ..." : "");
}

/* ---- initializers ---- */

static enum status read_initializers(struct onnx_reader *reader, struct wire wire)
{
    enum status status = STATUS_OK;
    struct wire_field field;
    struct operand operand;
    const char *name;

    while (!status && wire_next(&wire, &field)) {
        if (field.number != ONNX_GRAPH_INITIALIZER)
            continue;
        status = onnx_tensor_read(reader, wire_enter(&wire, &field), &name, &operand);
        if (!status)
            status = importer_define(&reader->importer, name, &operand);
    }
    return status;
}

/* ---- inputs and outputs ---- */

/* A ValueInfoProto. */
struct value_info {
    const char *name;
    uint64_t type;
    bool has_shape, too_long;
    struct shape shape; /* a free extent: 0 */
};

static int64_t read_dim(struct wire wire)
{
    struct wire_field field;
    int64_t value = 0;

    while (wire_next(&wire, &field)) {
        if (field.number == ONNX_DIM_VALUE && field.type == WIRE_VARINT)
            value = (int64_t)field.value;
    }
    return value > 0 && value <= SHAPE_MAX_COUNT ? value : 0;
}

static void read_shape(struct wire wire, struct value_info *info)
{
    struct wire_field field;

    info->has_shape = true;
    while (wire_next(&wire, &field)) {
        if (field.number != ONNX_SHAPE_DIM)
            continue;
        if (info->shape.dims == SHAPE_MAX_DIMS) {
            info->too_long = true;
            return;
        }
        info->shape.dim[info->shape.dims++] = read_dim(wire_enter(&wire, &field));
    }
}

static void read_tensor_type(struct wire wire, struct value_info *info)
{
    struct wire_field field;

    while (wire_next(&wire, &field)) {
        if (field.number == ONNX_TENSOR_TYPE_ELEM)
            info->type = field.value;
        else if (field.number == ONNX_TENSOR_TYPE_SHAPE)
            read_shape(wire_enter(&wire, &field), info);
    }
}

static enum status read_value_info(struct onnx_reader *reader, struct wire wire,
                                   struct value_info *info)
{
    struct arena *arena = &reader->importer.graph->arena;
    struct wire_field field, inner;

    *info = (struct value_info){.name = ""};
    while (wire_next(&wire, &field)) {
        if (field.number == ONNX_VALUE_NAME && field.type == WIRE_BYTES) {
            info->name = arena_text(arena, (const char *)field.bytes, field.size);
            if (!info->name)
                return arena_fail(arena, reader->error);
        }
        if (field.number != ONNX_VALUE_TYPE)
            continue;
        for (struct wire type = wire_enter(&wire, &field); wire_next(&type, &inner);) {
            if (inner.number == ONNX_TYPE_TENSOR_TYPE)
                read_tensor_type(wire_enter(&type, &inner), info);
        }
    }
    return wire_status(&wire, reader->error);
}

enum status onnx_value_name(struct onnx_reader *reader, struct wire wire, const char **name)
{
    struct value_info info;
    enum status status = read_value_info(reader, wire, &info);

    *name = info.name;
    return status;
}

static enum status fail_shape(struct onnx_reader *reader, const struct value_info *info)
{
    char text[SHAPE_TEXT];

    return error_set(reader->error, STATUS_DATA,
                     "%s: input '%s' is %s (0 stands for an extent that is free); give its shape "
                     "with --input-shape, e.g. 1,3,224,224",
                     reader->path, info->name,
                     info->has_shape ? shape_text(&info->shape, text) : "of any shape");
}

/* The shape the user gave must agree with what the file says. */
static enum status apply_option(struct onnx_reader *reader, const struct shape *given,
                                struct value_info *info)
{
    char own[SHAPE_TEXT], other[SHAPE_TEXT];
    bool fits = !info->has_shape || given->dims == info->shape.dims;

    for (unsigned i = 1; i < given->dims && fits && info->has_shape; i++)
        fits = !info->shape.dim[i] || info->shape.dim[i] == given->dim[i];
    if (!fits)
        return error_set(reader->error, STATUS_DATA,
                         "%s: input '%s' is %s, which --input-shape %s does not fit", reader->path,
                         info->name, shape_text(&info->shape, own), shape_text(given, other));
    info->shape = *given;
    info->has_shape = true;
    return STATUS_OK;
}

static bool is_open(const struct value_info *info)
{
    for (unsigned i = 1; i < info->shape.dims; i++) {
        if (!info->shape.dim[i])
            return true;
    }
    return !info->has_shape;
}

/* `only`: it is the one input, which --input-shape is about in any case. */
static enum status add_input(struct onnx_reader *reader, const struct model_options *options,
                             struct value_info *info, bool only)
{
    const struct shape *given = &options->input_shape;
    struct operand operand;
    enum status status = STATUS_OK;

    if (info->too_long)
        return error_set(reader->error, STATUS_LIMIT, "%s: input '%s' has more than %d axes",
                         reader->path, info->name, SHAPE_MAX_DIMS);
    if (given->dims && (only || is_open(info)))
        status = apply_option(reader, given, info);
    if (status)
        return status;
    if (info->shape.dims && !info->shape.dim[0]) {
        info->shape.dim[0] = options->batch ? options->batch : 1;
        reader->importer.graph->free_inputs++;
    }
    if (is_open(info))
        return fail_shape(reader, info);
    status = import_input(&reader->importer, info->name, &info->shape, &operand);
    return status ? status : importer_define(&reader->importer, info->name, &operand);
}

/* Older files list initializers among the inputs. */
static enum status walk_inputs(struct onnx_reader *reader, struct wire wire,
                               const struct model_options *options, size_t *count, bool add)
{
    enum status status = STATUS_OK;
    struct wire_field field;
    struct value_info info;
    bool only = *count == 1;

    *count = 0;
    while (!status && wire_next(&wire, &field)) {
        if (field.number != ONNX_GRAPH_INPUT)
            continue;
        status = read_value_info(reader, wire_enter(&wire, &field), &info);
        if (status || importer_find(&reader->importer, info.name))
            continue;
        ++*count;
        if (add)
            status = add_input(reader, options, &info, only);
        else
            status = importer_reserve(&reader->importer, info.name);
    }
    return status;
}

static enum status add_inputs(struct onnx_reader *reader, struct wire graph,
                              const struct model_options *options)
{
    size_t count = 0;
    enum status status = walk_inputs(reader, graph, options, &count, false);

    return status ? status : walk_inputs(reader, graph, options, &count, true);
}

static enum status add_outputs(struct onnx_reader *reader, struct wire wire)
{
    enum status status = STATUS_OK;
    struct wire_field field;
    struct value_info info;

    importer_at(&reader->importer, NULL, NULL);
    while (!status && wire_next(&wire, &field)) {
        const struct operand *operand;
        struct onnx_reversed *reversed;
        if (field.number != ONNX_GRAPH_OUTPUT)
            continue;
        status = read_value_info(reader, wire_enter(&wire, &field), &info);
        if (status)
            return status;
        operand = importer_find(&reader->importer, info.name);
        if (!operand)
            return error_set(reader->error, STATUS_DATA, "%s: output '%s' is made by no node",
                             reader->path, info.name);
        reversed = onnx_reversed_find(reader, info.name);
        if (reversed)
            status = onnx_reversed_turn(reader, reversed, &operand);
        if (!status)
            status = import_output(&reader->importer, info.name, operand);
    }
    return status;
}

/* ---- nodes ---- */

static enum status find_operands(struct onnx_node *node, const struct onnx_operator *op)
{
    struct onnx_reversed *reversed;
    enum status status = STATUS_OK;

    for (size_t i = 0; i < node->input_count; i++) {
        if (!*node->input_names[i])
            continue;
        node->inputs[i] = importer_find(node->importer, node->input_names[i]);
        if (!node->inputs[i])
            return onnx_fail(node, STATUS_DATA,
                             "input '%s' is made by no node before it (ONNX wants nodes in order "
                             "of execution)",
                             node->input_names[i]);
        reversed = onnx_reversed_find(node->reader, node->input_names[i]);
        if (reversed && strcmp(node->type, "TopK") != 0)
            status = onnx_reversed_turn(node->reader, reversed, &node->inputs[i]);
        if (status)
            return status;
    }
    for (size_t i = 0; i < op->input_min; i++) {
        if (!onnx_operand(node, i))
            return onnx_fail(node, STATUS_DATA, "it takes %zu inputs or more", op->input_min);
    }
    if (!node->output_count || !*node->outputs[0])
        return onnx_fail(node, STATUS_DATA, "it has no output");
    return STATUS_OK;
}

static enum status add_node(struct onnx_reader *reader, struct wire wire)
{
    struct onnx_node node;
    struct arena arena;
    enum status status;

    arena_init(&arena, node_memory);
    status = onnx_node_parse(reader, wire, &arena, &node);
    if (!status) {
        const struct onnx_operator *op = onnx_operator_find(node.domain, node.type);
        importer_at(&reader->importer, node.name, node.type);
        status = find_operands(&node, op);
        if (!status)
            status = op->take(&node);
        importer_at(&reader->importer, NULL, NULL);
    }
    arena_free(&arena);
    return status;
}

static enum status add_nodes(struct onnx_reader *reader, struct wire wire)
{
    enum status status = STATUS_OK;
    struct wire_field field;

    while (!status && wire_next(&wire, &field)) {
        if (field.number == ONNX_GRAPH_NODE)
            status = add_node(reader, wire_enter(&wire, &field));
    }
    return status;
}

enum status onnx_read_nodes(struct onnx_reader *reader, struct wire graph)
{
    enum status status = look_at_nodes(reader, graph);

    if (!status)
        status = read_initializers(reader, graph);
    return status ? status : add_nodes(reader, graph);
}

static enum status read_graph(struct onnx_reader *reader, struct mapping **file,
                              const struct model_options *options)
{
    struct wire wire = wire_open(reader->path, (*file)->bytes, (*file)->size), graph;
    enum status status = read_model(reader, wire, &graph);

    if (!status)
        status = graph_keep(reader->importer.graph, file, reader->error);
    if (!status)
        status = look_at_nodes(reader, graph);
    if (!status)
        status = read_initializers(reader, graph);
    if (!status)
        status = add_inputs(reader, graph, options);
    if (!status)
        status = add_nodes(reader, graph);
    if (!status)
        status = add_outputs(reader, graph);
    return status;
}

enum status onnx_load(const char *path, struct mapping **file, const struct model_options *options,
                      struct graph **out, struct error *error)
{
    struct onnx_reader reader = {.path = path, .error = error, .again = options->batch != 0};
    enum status status;

    *out = NULL;
    status = importer_open(&reader.importer, path, false, 2 * (*file)->size + fold_memory, error);
    if (!status)
        status = read_graph(&reader, file, options);
    if (!status)
        status = importer_finish(&reader.importer, out);
    importer_close(&reader.importer);
    mapping_close(*file);
    *file = NULL;
    return status;
}
