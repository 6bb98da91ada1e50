#include "model/format/onnx/onnx.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "model/batch.h"
#include "model/format/onnx/onnx_proto.h"
#include "model/format/onnx/onnx_put.h"
#include "model/shape.h"

#define BATCH_NAME "N"

enum { IR_VERSION = 7, OPSET = 13, OUR_OPSET = 1 };

/* Names, and constants of a few numbers per channel or pixel. */
static const size_t writer_memory = (size_t)256 << 20;

typedef void put_layer(struct onnx_put *put);

static put_layer *const put_layers[OPERATOR_COUNT] = {
#define X(kind, suffix, ...) onnx_put_##suffix,
    OPERATOR_MAP(X)
#undef X
};

/* ---- values ---- */

static void put_dim(struct wire_message *shape, int64_t own, int64_t other, bool first)
{
    struct wire_message dim;

    wire_init(&dim);
    if (own == other)
        wire_put_int(&dim, ONNX_DIM_VALUE, own);
    else if (first && other == own + 1)
        wire_put_text(&dim, ONNX_DIM_PARAM, BATCH_NAME);
    /* else: it depends on the batch in a way that has no name */
    wire_put_message(shape, ONNX_SHAPE_DIM, &dim);
    wire_free(&dim);
}

static void put_value(struct onnx_writer *writer, uint32_t field, uint32_t value,
                      const struct shape *others)
{
    const struct shape *own = &writer->graph->values[value].shape;
    const struct shape *other = others ? &others[value] : own;
    struct wire_message shape, tensor, type, info;

    wire_init(&shape);
    wire_init(&tensor);
    wire_init(&type);
    wire_init(&info);
    for (unsigned i = 0; i < own->dims; i++)
        put_dim(&shape, own->dim[i], other->dims == own->dims ? other->dim[i] : own->dim[i],
                i == 0);
    wire_put_int(&tensor, ONNX_TENSOR_TYPE_ELEM, ONNX_FLOAT);
    wire_put_message(&tensor, ONNX_TENSOR_TYPE_SHAPE, &shape);
    wire_put_message(&type, ONNX_TYPE_TENSOR_TYPE, &tensor);
    wire_put_text(&info, ONNX_VALUE_NAME, names_value(writer->names, value));
    wire_put_message(&info, ONNX_VALUE_TYPE, &type);
    wire_put_message(&writer->graph_message, field, &info);
    wire_free(&shape);
    wire_free(&tensor);
    wire_free(&type);
    wire_free(&info);
}

static bool is_output(const struct graph *graph, uint32_t value)
{
    for (size_t i = 0; i < graph->output_count; i++) {
        if (graph->outputs[i] == value)
            return true;
    }
    return false;
}

static void put_values(struct onnx_writer *writer, const struct shape *others)
{
    const struct graph *graph = writer->graph;

    for (size_t i = 0; i < graph->input_count; i++)
        put_value(writer, ONNX_GRAPH_INPUT, graph->inputs[i], others);
    for (size_t i = 0; i < graph->output_count; i++)
        put_value(writer, ONNX_GRAPH_OUTPUT, graph->outputs[i], others);
    for (uint32_t i = 0; i < graph->value_count; i++) {
        const struct node *producer = &graph->nodes[graph->values[i].producer];
        bool taken_in =
            writer->reader[i] >= 0 && !writer->top[i] && writer->done[writer->reader[i]];
        if (producer->op->kind != OPERATOR_INPUT && !taken_in && !is_output(graph, i))
            put_value(writer, ONNX_GRAPH_VALUE_INFO, i, others);
    }
}

/* ---- layers ---- */

static void find_readers(struct onnx_writer *writer)
{
    const struct graph *graph = writer->graph;

    for (size_t i = 0; i < graph->value_count; i++)
        writer->reader[i] = ONNX_NO_READER;
    for (size_t i = 0; i < graph->node_count; i++) {
        for (uint32_t j = 0; j < graph->nodes[i].input_count; j++) {
            int64_t *reader = &writer->reader[graph->nodes[i].inputs[j]];
            *reader = *reader == ONNX_NO_READER ? (int64_t)i : ONNX_MANY_READERS;
        }
    }
    for (size_t i = 0; i < graph->top_count; i++)
        writer->top[graph->tops[i].value] = true;
}

static void put_layers_in_order(struct onnx_writer *writer)
{
    const struct graph *graph = writer->graph;

    for (size_t i = 0; i < graph->node_count && !writer->status; i++) {
        const struct node *node = &graph->nodes[i];
        struct onnx_put put = {.writer = writer,
                               .node = node,
                               .name = names_node(writer->names, i),
                               .base = names_node(writer->names, i),
                               .outputs = node->outputs};
        if (writer->done[i])
            continue;
        if (node->output_count)
            put.base = names_value(writer->names, node->outputs[0]);
        wire_init(&put.message);
        put_layers[node->op->kind](&put);
        if (!writer->status && put.message.status)
            writer->status = error_set(writer->error, STATUS_MEMORY,
                                       "%s: layer '%s': out of memory", graph->source, node->name);
        wire_free(&put.message);
    }
}

static enum status check_refused(const struct onnx_writer *writer)
{
    if (!writer->refused_count)
        return STATUS_OK;
    return error_set(writer->error, STATUS_UNSUPPORTED, "%s: ONNX cannot say %zu layer%s: %s%s",
                     writer->graph->source, writer->refused_count,
                     writer->refused_count == 1 ? "" : "s", writer->refused,
                     writer->refused_size + 1 >= sizeof writer->refused ? " ..." : "");
}

/* ---- the model ---- */

static void put_opset(struct wire_message *model, const char *domain, int64_t version)
{
    struct wire_message opset;

    wire_init(&opset);
    wire_put_text(&opset, ONNX_OPSET_DOMAIN, domain);
    wire_put_int(&opset, ONNX_OPSET_VERSION, version);
    wire_put_message(model, ONNX_MODEL_OPSET_IMPORT, &opset);
    wire_free(&opset);
}

static enum status build(struct onnx_writer *writer, struct wire_message *model)
{
    struct batch batch;
    enum status status = batch_look(writer->graph, &writer->arena, &batch, writer->error);

    if (status)
        return status;
    find_readers(writer);
    put_layers_in_order(writer);
    status = writer->status ? writer->status : check_refused(writer);
    if (status)
        return status;
    wire_put_text(&writer->graph_message, ONNX_GRAPH_NAME, "network");
    put_values(writer, batch.others);
    wire_append(&writer->graph_message, &writer->initializers);
    wire_put_int(model, ONNX_MODEL_IR_VERSION, IR_VERSION);
    wire_put_text(model, ONNX_MODEL_PRODUCER_NAME, "carmlbench");
    wire_put_text(model, ONNX_MODEL_PRODUCER_VERSION, CARMLBENCH_VERSION);
    put_opset(model, "", OPSET);
    if (writer->our_domain)
        put_opset(model, ONNX_OUR_DOMAIN, OUR_OPSET);
    wire_put_message(model, ONNX_MODEL_GRAPH, &writer->graph_message);
    return STATUS_OK;
}

static enum status open_writer(struct onnx_writer *writer)
{
    const struct graph *graph = writer->graph;
    struct arena *arena = &writer->arena;

    arena_init(arena, writer_memory);
    wire_init(&writer->graph_message);
    wire_init(&writer->initializers);
    writer->reader = arena_alloc(arena, graph->value_count, sizeof *writer->reader);
    writer->top = arena_alloc(arena, graph->value_count, sizeof *writer->top);
    writer->done = arena_alloc(arena, graph->node_count, sizeof *writer->done);
    if (!writer->reader || !writer->top || !writer->done)
        return arena_fail(arena, writer->error);
    return names_create(graph, &writer->names, writer->error);
}

static enum status write_file(const struct wire_message *model, const char *path,
                              struct error *error)
{
    struct output *output;
    enum status status = output_create(path, &output, error), closed;

    if (status)
        return status;
    status = wire_write(model, path, output, error);
    closed = output_close(output, status ? NULL : error);
    if (status)
        unlink(path);
    return status ? status : closed;
}

enum status onnx_write(const struct graph *graph, const char *path, struct error *error)
{
    struct onnx_writer *writer = calloc(1, sizeof *writer);
    struct wire_message model;
    enum status status;

    if (!writer)
        return error_set(error, STATUS_MEMORY, "%s: out of memory", path);
    wire_init(&model);
    writer->graph = graph;
    writer->error = error;
    status = open_writer(writer);
    if (!status)
        status = build(writer, &model);
    if (!status)
        status = write_file(&model, path, error);
    if (!status && writer->our_domain)
        log_notice("%s: holds operators of the domain '" ONNX_OUR_DOMAIN
                   "', which other runtimes cannot run",
                   path);
    wire_free(&model);
    wire_free(&writer->graph_message);
    wire_free(&writer->initializers);
    names_free(writer->names);
    arena_free(&writer->arena);
    free(writer);
    return status;
}
