#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/format/tensorflow/graphdef_ops.h"
#include "model/format/tensorflow/graphdef_order.h"
#include "model/format/tensorflow/graphdef_tensor.h"
#include "model/format/tensorflow/tensorflow.h"
#include "model/import/build.h"

/* Folded constants may take as much as the file and this. */
static const size_t fold_memory = (size_t)16 << 20;

/* ---- for the readers of ops ---- */

enum status graphdef_status(const struct graphdef_reading *reading)
{
    return reading->graph.status;
}

enum status graphdef_helper(struct graphdef_reading *reading, const char *name, const char *suffix,
                            const char **out)
{
    return build_name(&reading->importer, name, suffix, out);
}

static enum status fail_memory(struct graphdef_reading *reading)
{
    if (!reading->graph.status)
        reading->graph.status = arena_fail(&reading->graph.arena, reading->graph.error);
    return reading->graph.status;
}

const char *graphdef_value_name(struct graphdef_reading *reading, const struct graphdef_node *node,
                                uint32_t output)
{
    size_t size = strlen(node->name) + 16;
    char *name;

    if (!output)
        return graphdef_text(&reading->graph, node, TF_HINT_NAME, node->name);
    name = arena_alloc(&reading->graph.arena, size, 1);
    if (!name) {
        fail_memory(reading);
        return NULL;
    }
    snprintf(name, size, "%s:%" PRIu32, node->name, output);
    return name;
}

enum status graphdef_outputs(struct graphdef_reading *reading, uint32_t count)
{
    size_t index = (size_t)(reading->node - reading->graph.nodes);

    reading->outputs = arena_alloc(&reading->graph.arena, count, sizeof *reading->outputs);
    if (!reading->outputs)
        return fail_memory(reading);
    reading->output_count = count;
    reading->results[index] = reading->outputs;
    reading->result_counts[index] = count;
    return STATUS_OK;
}

/* ---- before reading ---- */

/* Names every node whose op cannot be read, so that one look tells what a graph would need. */
static enum status check_ops(struct graphdef *graph, const struct graphdef_order *order)
{
    const char *advice = "";
    char list[512] = "";
    size_t used = 0, unknown = 0;

    for (size_t i = 0; i < order->count; i++) {
        const struct graphdef_node *node = &graph->nodes[order->nodes[i]];
        const struct graphdef_op *op = graphdef_op_find(node->op);
        if ((op && op->read) || graphdef_is_always_one(graph, node))
            continue;
        if (used < sizeof list) {
            int wrote = snprintf(list + used, sizeof list - used, "%s'%s' (%s)",
                                 unknown ? ", " : "", node->name, node->op);
            used += wrote > 0 ? (size_t)wrote : 0;
        }
        advice = *advice ? advice : graphdef_op_advice(node->op);
        unknown++;
    }
    if (!unknown)
        return STATUS_OK;
    return graph->status = error_set(graph->error, STATUS_UNSUPPORTED,
                                     "%s: %zu node%s of an op that is not supported: %s%s%s",
                                     graph->path, unknown, unknown == 1 ? "" : "s", list,
                                     used >= sizeof list ? " ..." : "", advice);
}

/* ---- where the channels stand ---- */

/* A Transpose of N,H,W,C to N,C,H,W. */
static bool brings_channels_forward(struct graphdef_reading *reading,
                                    const struct graphdef_node *node)
{
    static const int64_t forward[] = {0, 3, 1, 2};
    struct graphdef *graph = &reading->graph;
    const struct graphdef_node *order;
    struct operand numbers;

    if (strcmp(node->op, "Transpose") != 0 || node->input_count != 2)
        return false;
    order = &graph->nodes[node->inputs[1].node];
    return !strcmp(order->op, "Const") &&
           !graphdef_tensor_read(graph, order, "value", &reading->importer, &numbers) &&
           numbers.kind == OPERAND_INTEGERS && numbers.shape.dims == 1 &&
           numbers.shape.dim[0] == 4 && !memcmp(numbers.integers, forward, sizeof forward);
}

/* What may stand between a picture and the first layer: other types, other units. */
static bool prepares_pixels(const struct graphdef_node *node)
{
    static const char *const ops[] = {"Identity", "Cast",    "StopGradient", "Sub", "Add",
                                      "AddV2",    "RealDiv", "Div",          "Mul"};

    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
        if (!strcmp(node->op, ops[i]))
            return true;
    }
    return false;
}

/* Whether a graph for N,C,H,W takes N,H,W,C, as pictures come, and turns them itself. */
static bool turns_its_pictures(struct graphdef_reading *reading, const struct graphdef_order *order)
{
    struct graphdef *graph = &reading->graph;
    bool *is_picture = arena_alloc(&graph->arena, graph->node_count, sizeof *is_picture);

    if (!is_picture)
        return false;
    for (size_t i = 0; i < order->count; i++) {
        const struct graphdef_node *node = &graph->nodes[order->nodes[i]];
        bool from = node->input_count && is_picture[node->inputs[0].node];
        if (from && brings_channels_forward(reading, node))
            return true;
        is_picture[order->nodes[i]] =
            graphdef_is_input(graph, node) || (from && prepares_pixels(node));
    }
    return false;
}

/* A graph none of whose windows slides over N,H,W,C keeps its channels in front. */
static bool is_channels_last(struct graphdef_reading *reading, const struct graphdef_order *order)
{
    struct graphdef *graph = &reading->graph;
    bool first = false;

    for (size_t i = 0; i < order->count; i++) {
        const struct graphdef_node *node = &graph->nodes[order->nodes[i]];
        if (!graphdef_has(graph, node, "data_format"))
            continue;
        if (strcmp(graphdef_text(graph, node, "data_format", ""), "NCHW") != 0)
            return true;
        first = true;
    }
    return !first || turns_its_pictures(reading, order);
}

static enum status prepare(struct graphdef_reading *reading, const struct graphdef_order *order)
{
    struct arena *arena = &reading->graph.arena;
    size_t count = reading->graph.node_count, widest = 1;
    enum status status = STATUS_OK;

    for (size_t i = 0; i < order->count; i++) {
        const struct graphdef_node *node = &reading->graph.nodes[order->nodes[i]];
        if (node->input_count > widest)
            widest = node->input_count;
    }
    reading->taken = order->taken;
    reading->crops = arena_alloc(arena, count, sizeof *reading->crops);
    reading->results = arena_alloc(arena, count, sizeof(void *));
    reading->result_counts = arena_alloc(arena, count, sizeof *reading->result_counts);
    reading->batches = arena_alloc(arena, count, sizeof(void *));
    reading->inputs = arena_alloc(arena, widest, sizeof(void *));
    if (!reading->crops || !reading->results || !reading->result_counts || !reading->batches ||
        !reading->inputs)
        return fail_memory(reading);
    graphdef_pair_batches(reading, order->nodes, order->count);
    for (size_t i = 0; i < order->count && !status; i++) {
        const struct graphdef_node *node = &reading->graph.nodes[order->nodes[i]];
        const char *name = graphdef_value_name(reading, node, 0);
        status = graphdef_status(reading);
        importer_at(&reading->importer, node->name, node->op);
        if (!status)
            status = importer_reserve(&reading->importer, name);
    }
    return status;
}

/* ---- reading ---- */

static enum status find_inputs(struct graphdef_reading *reading)
{
    static const struct operand none = {.kind = OPERAND_NONE};
    const struct graphdef_node *node = reading->node;

    for (uint32_t i = 0; i < node->input_count; i++) {
        struct graphdef_edge edge = node->inputs[i];
        const struct operand *result = reading->results[edge.node];
        if (result && edge.output >= reading->result_counts[edge.node])
            return importer_fail(&reading->importer, STATUS_DATA,
                                 "reads output %" PRIu32 " of '%s', which makes %" PRIu32
                                 " for inference",
                                 edge.output, reading->graph.nodes[edge.node].name,
                                 reading->result_counts[edge.node]);
        reading->inputs[i] = result ? &result[edge.output] : &none;
    }
    return STATUS_OK;
}

/* Switch, Merge and some placeholders leave inputs unread; TopKV2 looks behind a ReverseV2. */
static bool needs_all_inputs(const struct graphdef_op *op)
{
    return op->read != graphdef_read_switch && op->read != graphdef_read_merge &&
           op->read != graphdef_read_placeholder_with_default && op->read != graphdef_read_top_k;
}

static enum status check_inputs(struct graphdef_reading *reading)
{
    const struct graphdef_node *node = reading->node;
    const struct graphdef_op *op = reading->op;

    if (node->input_count < op->input_min || node->input_count > op->input_max)
        return importer_fail(&reading->importer, STATUS_DATA,
                             "takes %" PRIu32 " to %" PRIu32 " inputs and has %" PRIu32,
                             op->input_min, op->input_max, node->input_count);
    for (uint32_t i = 0; i < node->input_count && needs_all_inputs(op); i++) {
        if (reading->inputs[i]->kind == OPERAND_NONE)
            return importer_fail(&reading->importer, STATUS_DATA, "its input '%s' holds no numbers",
                                 reading->graph.nodes[node->inputs[i].node].name);
    }
    return STATUS_OK;
}

static enum status read_node(struct graphdef_reading *reading, uint32_t index)
{
    const struct graphdef_node *node = &reading->graph.nodes[index];
    enum status status;

    reading->node = node;
    reading->op = graphdef_op_find(node->op);
    reading->name = graphdef_value_name(reading, node, 0);
    importer_at(&reading->importer, node->name, node->op);
    status = graphdef_outputs(reading, 1);
    if (!status && graphdef_is_always_one(&reading->graph, node))
        return graphdef_read_always_one(reading);
    if (!status)
        status = find_inputs(reading);
    if (!status)
        status = check_inputs(reading);
    if (!status)
        status = graphdef_pass_batches(reading);
    if (!status)
        status = reading->op->read(reading);
    return status ? status : graphdef_status(reading);
}

/* Outputs that came out as constants (shapes, counters) are none. */
static enum status read_outputs(struct graphdef_reading *reading,
                                const struct graphdef_order *order)
{
    size_t outputs = 0;
    enum status status = STATUS_OK;

    for (size_t i = 0; i < order->count && !status; i++) {
        uint32_t index = order->nodes[i];
        const struct graphdef_node *node = &reading->graph.nodes[index];
        if (!order->is_output[index])
            continue;
        importer_at(&reading->importer, node->name, node->op);
        for (uint32_t j = 0; j < reading->result_counts[index] && !status; j++) {
            const struct operand *result = &reading->results[index][j];
            const char *name = graphdef_value_name(reading, node, j);
            if (!name)
                return graphdef_status(reading);
            if (result->kind != OPERAND_VALUE)
                continue;
            status = import_output(&reading->importer, name, result);
            outputs++;
        }
    }
    if (!status && !outputs)
        status = error_set(reading->graph.error, STATUS_DATA,
                           "%s: the outputs of the graph do not depend on any input",
                           reading->graph.path);
    return status;
}

static enum status read_graph(struct graphdef_reading *reading, struct mapping **file,
                              struct graph **out)
{
    struct graphdef *graph = &reading->graph;
    struct graphdef_order order;
    enum status status = graphdef_order_find(graph, &order);

    if (!status)
        status = check_ops(graph, &order);
    if (!status)
        status = importer_open(&reading->importer, graph->path, true, graph->size + fold_memory,
                               graph->error);
    if (status)
        return status;
    reading->importer.channels_last = is_channels_last(reading, &order);
    status = prepare(reading, &order);
    for (size_t i = 0; i < order.count && !status; i++)
        status = read_node(reading, order.nodes[i]);
    if (!status)
        status = read_outputs(reading, &order);
    if (!status)
        status = importer_finish(&reading->importer, out);
    if (!status)
        status = graph_keep(*out, file, graph->error);
    importer_close(&reading->importer);
    return status;
}

enum status tensorflow_load(const char *path, struct mapping **file,
                            const struct model_options *options, struct graph **out,
                            struct error *error)
{
    static const struct model_options none = {.input_shape = {.dims = 0}};
    struct graphdef_reading *reading = calloc(1, sizeof *reading);
    enum status status;

    *out = NULL;
    if (!reading) {
        mapping_close(*file);
        *file = NULL;
        return error_set(error, STATUS_MEMORY, "%s: out of memory", path);
    }
    reading->options = options ? options : &none;
    status = graphdef_read(path, *file, &reading->graph, error);
    if (!status)
        status = read_graph(reading, file, out);
    if (status) {
        graph_free(*out);
        *out = NULL;
    }
    graphdef_free(&reading->graph);
    free(reading);
    mapping_close(*file);
    *file = NULL;
    return status;
}
