#include "model/graph.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/filler.h"
#include "model/format/mapping.h"
#include "model/shape.h"

/* The structure of the largest published net takes about 1 MB; weights that had to be decoded
 * (older or double-precision files) live here too. */
static const size_t graph_memory = (size_t)4 << 30;

enum status graph_error(const struct graph *graph, const struct node *node, struct error *error,
                        enum status status, const char *format, ...)
{
    char text[768];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (node->line)
        return error_set(error, status, "%s:%u: layer '%s': %s", graph->source, node->line,
                         node->name, text);
    return error_set(error, status, "%s: layer '%s': %s", graph->source, node->name, text);
}

enum status graph_keep(struct graph *graph, struct mapping **mapping, struct error *error)
{
    struct graph_mapping *kept = arena_alloc(&graph->arena, 1, sizeof *kept);

    if (!kept)
        return arena_fail(&graph->arena, error);
    *kept = (struct graph_mapping){.mapping = *mapping, .next = graph->mappings};
    graph->mappings = kept;
    *mapping = NULL;
    return STATUS_OK;
}

void graph_free(struct graph *graph)
{
    if (!graph)
        return;
    for (struct graph_mapping *kept = graph->mappings; kept; kept = kept->next)
        mapping_close(kept->mapping);
    arena_free(&graph->arena);
    free(graph);
}

/* The slot of that name, or the free one where it belongs. FNV-1a (Fowler, Noll, Vo). */
static size_t slot_of(const struct graph *graph, const char *name)
{
    size_t mask = graph->top_slot_count - 1, slot;
    uint64_t hash = 0xcbf29ce484222325u;

    for (const char *c = name; *c; c++)
        hash = (hash ^ (unsigned char)*c) * 0x100000001b3u;
    slot = (size_t)(hash ^ hash >> 32) & mask;
    while (graph->top_slots[slot] &&
           strcmp(graph->tops[graph->top_slots[slot] - 1].name, name) != 0)
        slot = (slot + 1) & mask;
    return slot;
}

static struct top *find_top(const struct graph *graph, const char *name)
{
    if (graph->top_slot_count) {
        uint32_t found = graph->top_slots[slot_of(graph, name)];
        return found ? &graph->tops[found - 1] : NULL;
    }
    for (size_t i = 0; i < graph->top_count; i++) {
        if (!strcmp(graph->tops[i].name, name))
            return &graph->tops[i];
    }
    return NULL;
}

/* Keeps more than half of the slots free for one more name. */
static bool make_slots(struct graph *graph)
{
    size_t count = graph->top_slot_count ? graph->top_slot_count : 64;

    if (graph->top_slot_count > 2 * (graph->top_count + 1))
        return true;
    while (count <= 2 * (graph->top_count + 1))
        count *= 2;
    graph->top_slots = arena_alloc(&graph->arena, count, sizeof *graph->top_slots);
    graph->top_slot_count = graph->top_slots ? count : 0;
    for (size_t i = 0; i < graph->top_count && graph->top_slots; i++)
        graph->top_slots[slot_of(graph, graph->tops[i].name)] = (uint32_t)i + 1;
    return graph->top_slots != NULL;
}

int64_t graph_top(const struct graph *graph, const char *name)
{
    const struct top *top = find_top(graph, name);

    return top ? (int64_t)top->value : -1;
}

enum status graph_create(const char *source, size_t nodes, size_t values, struct graph **out,
                         struct error *error)
{
    struct graph *graph = calloc(1, sizeof *graph);
    enum status status = STATUS_OK;

    *out = NULL;
    if (!graph)
        return error_set(error, STATUS_MEMORY, "%s: out of memory", source);
    arena_init(&graph->arena, graph_memory);
    graph->node_capacity = nodes;
    graph->value_capacity = values;
    graph->source = arena_text(&graph->arena, source, strlen(source));
    graph->nodes = arena_alloc(&graph->arena, nodes, sizeof *graph->nodes);
    graph->values = arena_alloc(&graph->arena, values, sizeof *graph->values);
    graph->tops = arena_alloc(&graph->arena, values, sizeof *graph->tops);
    graph->inputs = arena_alloc(&graph->arena, values, sizeof *graph->inputs);
    graph->outputs = arena_alloc(&graph->arena, values, sizeof *graph->outputs);
    if (!graph->source || !graph->nodes || !graph->values || !graph->tops || !graph->inputs ||
        !graph->outputs) {
        status = arena_fail(&graph->arena, error);
        status = error_prefix(error, status, "%s", source);
        graph_free(graph);
        return status;
    }
    *out = graph;
    return STATUS_OK;
}

/* A larger copy of an array; the arena keeps the old one, which doubles its memory at most. */
static void *grow(struct graph *graph, const void *old, size_t used, size_t capacity, size_t size)
{
    void *array = arena_alloc(&graph->arena, capacity, size);

    if (array)
        memcpy(array, old, used * size);
    return array;
}

enum status graph_reserve(struct graph *graph, size_t nodes, size_t values, struct error *error)
{
    size_t room = graph->value_capacity * 2 + values;
    struct node *grown;

    if (nodes > graph->node_capacity - graph->node_count) {
        grown = grow(graph, graph->nodes, graph->node_count, graph->node_capacity * 2 + nodes,
                     sizeof *grown);
        if (!grown)
            return arena_fail(&graph->arena, error);
        graph->nodes = grown;
        graph->node_capacity = graph->node_capacity * 2 + nodes;
    }
    if (values <= graph->value_capacity - graph->value_count)
        return STATUS_OK;
    graph->value_capacity = 0;
    graph->values = grow(graph, graph->values, graph->value_count, room, sizeof *graph->values);
    graph->tops = grow(graph, graph->tops, graph->top_count, room, sizeof *graph->tops);
    graph->inputs = grow(graph, graph->inputs, graph->input_count, room, sizeof *graph->inputs);
    graph->outputs = grow(graph, graph->outputs, graph->output_count, room, sizeof *graph->outputs);
    if (!graph->values || !graph->tops || !graph->inputs || !graph->outputs)
        return arena_fail(&graph->arena, error);
    graph->value_capacity = room;
    return STATUS_OK;
}

void graph_declare_output(struct graph *graph, uint32_t value)
{
    if (!graph->values[value].declared)
        graph->outputs[graph->output_count++] = value;
    graph->values[value].declared = true;
}

static bool has_name(const char *const *names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (!strcmp(names[i], name))
            return true;
    }
    return false;
}

static enum status check_counts(const struct graph *graph, const struct node *node,
                                struct error *error)
{
    const struct operator_info *op = node->op;

    if (node->input_count < op->input_min || node->input_count > op->input_max)
        return graph_error(graph, node, error, STATUS_DATA,
                           "%s takes %u to %u bottoms and has %" PRIu32, op->name, op->input_min,
                           op->input_max, node->input_count);
    if (node->output_count < op->output_min || node->output_count > op->output_max)
        return graph_error(graph, node, error, STATUS_DATA,
                           "%s makes %u to %u tops and has %" PRIu32, op->name, op->output_min,
                           op->output_max, node->output_count);
    return STATUS_OK;
}

static enum status connect_inputs(struct graph *graph, struct node *node, const char *const *names,
                                  struct error *error)
{
    for (uint32_t i = 0; i < node->input_count; i++) {
        int64_t value = graph_top(graph, names[i]);
        if (value < 0)
            return graph_error(graph, node, error, STATUS_DATA,
                               "bottom '%s' is made by no layer before it", names[i]);
        node->inputs[i] = (uint32_t)value;
    }
    return STATUS_OK;
}

static enum status make_output(struct graph *graph, struct node *node, uint32_t index,
                               const char *name, bool in_place, struct error *error)
{
    struct top *top = find_top(graph, name);
    struct value *value = &graph->values[graph->value_count];

    if (top && !in_place)
        return graph_error(graph, node, error, STATUS_DATA,
                           "top '%s' is made by layer '%s' already", name,
                           graph->nodes[graph->values[top->value].producer].name);
    if (!top) {
        char *copy = arena_text(&graph->arena, name, strlen(name));
        if (!copy || !make_slots(graph))
            return arena_fail(&graph->arena, error);
        graph->top_slots[slot_of(graph, copy)] = (uint32_t)graph->top_count + 1;
        top = &graph->tops[graph->top_count++];
        top->name = copy;
    }
    *value =
        (struct value){.name = top->name, .producer = (uint32_t)graph->node_count, .output = index};
    node->outputs[index] = top->value = (uint32_t)graph->value_count++;
    return STATUS_OK;
}

/* Fills the next node but does not count it yet. */
static enum status begin_node(struct graph *graph, const struct operator_info *op, const char *name,
                              size_t input_count, size_t output_count, unsigned line,
                              struct node **out, struct error *error)
{
    struct node *node = &graph->nodes[graph->node_count];

    if (graph->node_count == graph->node_capacity ||
        output_count > graph->value_capacity - graph->value_count)
        return error_set(error, STATUS_LIMIT, "%s: more than %zu layers or %zu values",
                         graph->source, graph->node_capacity, graph->value_capacity);
    *node = (struct node){.op = op,
                          .input_count = (uint32_t)input_count,
                          .output_count = (uint32_t)output_count,
                          .line = line};
    node->name = arena_text(&graph->arena, name, strlen(name));
    node->inputs = arena_alloc(&graph->arena, input_count, sizeof *node->inputs);
    node->outputs = arena_alloc(&graph->arena, output_count, sizeof *node->outputs);
    if (!node->name || !node->inputs || !node->outputs)
        return arena_fail(&graph->arena, error);
    *out = node;
    return check_counts(graph, node, error);
}

static void end_node(struct graph *graph, const struct node *node)
{
    if (node->op->kind == OPERATOR_INPUT)
        graph->inputs[graph->input_count++] = node->outputs[0];
    graph->node_count++;
}

enum status graph_add(struct graph *graph, const struct operator_info *op, const char *name,
                      const char *const *inputs, size_t input_count, const char *const *outputs,
                      size_t output_count, unsigned line, struct node **out, struct error *error)
{
    struct node *node;
    enum status status = begin_node(graph, op, name, input_count, output_count, line, &node, error);

    if (!status)
        status = connect_inputs(graph, node, inputs, error);
    for (uint32_t i = 0; i < output_count && !status; i++)
        status = make_output(
            graph, node, i, outputs[i],
            !has_name(outputs, i, outputs[i]) && has_name(inputs, input_count, outputs[i]), error);
    if (status)
        return status;
    end_node(graph, node);
    *out = node;
    return STATUS_OK;
}

enum status graph_append(struct graph *graph, const struct operator_info *op, const char *name,
                         const uint32_t *inputs, size_t input_count, const char *const *outputs,
                         size_t output_count, unsigned line, struct node **out, struct error *error)
{
    struct node *node;
    enum status status = begin_node(graph, op, name, input_count, output_count, line, &node, error);

    if (status)
        return status;
    if (input_count)
        memcpy(node->inputs, inputs, input_count * sizeof *inputs);
    for (uint32_t i = 0; i < output_count && !status; i++)
        status = make_output(graph, node, i, outputs[i], false, error);
    if (status)
        return status;
    end_node(graph, node);
    *out = node;
    return STATUS_OK;
}

enum status graph_infer_last(struct graph *graph, struct shape weights[OPERATOR_MAX_WEIGHTS],
                             struct error *error)
{
    struct node *node = &graph->nodes[graph->node_count - 1];
    struct shape *shapes = calloc(node->input_count + node->output_count, sizeof *shapes);
    struct inference inference = {.graph = graph, .node = node, .inputs = shapes};
    enum status status;

    if (!shapes)
        return error_set(error, STATUS_MEMORY, "%s: out of memory", graph->source);
    inference.outputs = shapes + node->input_count;
    for (uint32_t i = 0; i < node->input_count; i++)
        shapes[i] = graph->values[node->inputs[i]].shape;
    status = shape_infer(&inference, error);
    for (uint32_t i = 0; i < node->output_count && !status; i++)
        graph->values[node->outputs[i]].shape = inference.outputs[i];
    if (!status && weights)
        memcpy(weights, inference.weights, sizeof inference.weights);
    free(shapes);
    return status;
}

static enum status find_outputs(struct graph *graph, struct error *error)
{
    bool *read;

    if (graph->output_count) /* declared */
        return STATUS_OK;
    read = arena_alloc(&graph->arena, graph->value_count, sizeof *read);
    if (!read)
        return arena_fail(&graph->arena, error);
    for (size_t i = 0; i < graph->node_count; i++) {
        for (uint32_t j = 0; j < graph->nodes[i].input_count; j++)
            read[graph->nodes[i].inputs[j]] = true;
    }
    for (size_t i = 0; i < graph->top_count; i++) {
        if (!read[graph->tops[i].value])
            graph->outputs[graph->output_count++] = graph->tops[i].value;
    }
    return STATUS_OK;
}

/* Equal up to leading extents of 1: Caffe files before BlobShape hold every blob as four numbers
 * (blob.cpp, ShapeEquals). The layout in memory is the same. */
static bool same_but_for_ones(const struct shape *a, const struct shape *b)
{
    unsigned i = 0, j = 0;

    while (i < a->dims && a->dim[i] == 1)
        i++;
    while (j < b->dims && b->dim[j] == 1)
        j++;
    return a->dims - i == b->dims - j &&
           !memcmp(a->dim + i, b->dim + j, (a->dims - i) * sizeof *a->dim);
}

/* True for the one layer whose weights need not stand in the file. */
static bool is_filled(const struct node *node)
{
    return node->op->kind == OPERATOR_DECONVOLUTION && node->parameters.deconvolution.bilinear;
}

static enum status check_weights(struct graph *graph, struct node *node,
                                 const struct inference *inference, struct error *error)
{
    char expected[SHAPE_TEXT], found[SHAPE_TEXT];

    if (node->weight_count == 0 && is_filled(node))
        return filler_bilinear(graph, node, inference->weights, inference->weight_count, error);
    if (node->weight_count == 0 && inference->weight_count > 0)
        return graph_error(graph, node, error, STATUS_DATA,
                           "its weights are missing (the first must be %s); name the file that "
                           "holds them as GRAPH,WEIGHTS",
                           shape_text(&inference->weights[0], expected));
    if (node->weight_count != inference->weight_count)
        return graph_error(graph, node, error, STATUS_DATA,
                           "%s needs %" PRIu32 " weight blobs and the file holds %" PRIu32
                           " for it",
                           node->op->name, inference->weight_count, node->weight_count);
    for (uint32_t i = 0; i < node->weight_count; i++) {
        if (!same_but_for_ones(&node->weights[i].shape, &inference->weights[i]))
            return graph_error(graph, node, error, STATUS_DATA,
                               "weight blob %" PRIu32 " must be %s but the file holds %s", i,
                               shape_text(&inference->weights[i], expected),
                               shape_text(&node->weights[i].shape, found));
        weight_reshape(&node->weights[i], &inference->weights[i]);
    }
    return STATUS_OK;
}

/* Gives an Input another batch; a layer whose weights count the images has none for it. */
static enum status set_batch(const struct graph *graph, const struct node *node, int64_t batch,
                             struct inference *inference, struct error *error)
{
    char expected[SHAPE_TEXT], found[SHAPE_TEXT];
    size_t count;

    if (node->op->kind == OPERATOR_INPUT && inference->outputs[0].dims) {
        if (graph->fixed_batch && batch != inference->outputs[0].dim[0])
            return graph_error(graph, node, error, STATUS_DATA,
                               "the network computes with the number of images; it takes %" PRId64
                               " at once, not %" PRId64,
                               inference->outputs[0].dim[0], batch);
        inference->outputs[0].dim[0] = batch;
        if (!shape_count(&inference->outputs[0], &count))
            return graph_error(graph, node, error, STATUS_LIMIT,
                               "a batch of %" PRId64 " is too large", batch);
    }
    for (uint32_t i = 0; i < node->weight_count && i < inference->weight_count; i++) {
        if (!same_but_for_ones(&node->weights[i].shape, &inference->weights[i]))
            return graph_error(graph, node, error, STATUS_DATA,
                               "for a batch of %" PRId64 " weight blob %" PRIu32
                               " would have to be %s, but it is %s",
                               batch, i, shape_text(&inference->weights[i], expected),
                               shape_text(&node->weights[i].shape, found));
    }
    return STATUS_OK;
}

/* With the input's extents known: Permute names every axis, and weights are what the rules expect.
 */
static enum status settle(struct graph *graph, struct node *node, const struct inference *inference,
                          struct error *error)
{
    if (node->op->kind == OPERATOR_PERMUTE)
        node->parameters.permute.dims = inference->inputs[0].dims;
    return check_weights(graph, node, inference, error);
}

/* Walks the nodes; `finish`, the graph itself or NULL: they are settled. */
static enum status walk(const struct graph *graph, int64_t batch, struct shape *shapes,
                        struct graph *finish, struct error *error)
{
    struct shape *inputs = calloc(OPERATOR_MAX_INPUTS + OPERATOR_MAX_OUTPUTS, sizeof *inputs);
    struct shape *outputs = inputs ? inputs + OPERATOR_MAX_INPUTS : NULL;
    enum status status = STATUS_OK;

    if (!inputs)
        return error_set(error, STATUS_MEMORY, "%s: out of memory", graph->source);
    for (size_t i = 0; i < graph->node_count && !status; i++) {
        struct node *node = &graph->nodes[i];
        struct inference inference = {
            .graph = graph, .node = node, .inputs = inputs, .outputs = outputs};
        for (uint32_t j = 0; j < node->input_count; j++)
            inputs[j] = shapes[node->inputs[j]];
        status = shape_infer(&inference, error);
        if (!status && batch)
            status = set_batch(graph, node, batch, &inference, error);
        for (uint32_t j = 0; j < node->output_count && !status; j++)
            shapes[node->outputs[j]] = outputs[j];
        if (!status && finish)
            status = settle(finish, node, &inference, error);
    }
    free(inputs);
    return status;
}

enum status graph_infer(const struct graph *graph, int64_t batch, struct shape *shapes,
                        struct error *error)
{
    return walk(graph, batch, shapes, NULL, error);
}

enum status graph_finish(struct graph *graph, struct error *error)
{
    struct shape *shapes = arena_alloc(&graph->arena, graph->value_count, sizeof *shapes);
    enum status status;

    if (!shapes)
        return arena_fail(&graph->arena, error);
    if (!graph->input_count)
        return error_set(error, STATUS_DATA, "%s: the network has no input", graph->source);
    status = find_outputs(graph, error);
    if (!status)
        status = walk(graph, 0, shapes, graph, error);
    for (size_t i = 0; i < graph->value_count && !status; i++)
        graph->values[i].shape = shapes[i];
    return status;
}
