#include "model/simplify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/rewrite.h"

enum { SWEEPS = 16 };

static const struct {
    enum operator_kind last;
    rewrite_rule *rule;
} rules[] = {
    {OPERATOR_SLICE, rewrite_slices},
    {OPERATOR_BIAS, rewrite_bias},
    {OPERATOR_CLIP, rewrite_clip},
    {OPERATOR_RELU, rewrite_clip},
    {OPERATOR_CONVOLUTION, rewrite_pad_order},
    {OPERATOR_CONVOLUTION, rewrite_pad},
    {OPERATOR_POOLING, rewrite_pad_order},
    {OPERATOR_POOLING, rewrite_pad},
    {OPERATOR_ELTWISE, rewrite_swish},
    {OPERATOR_ELTWISE, rewrite_prelu},
    {OPERATOR_RESHAPE, rewrite_shuffle},
    {OPERATOR_CONCAT, rewrite_groups},
    {OPERATOR_INNER_PRODUCT, rewrite_flatten_order},
};

struct node *rewrite_producer(const struct rewriting *rewriting, const struct node *node,
                              uint32_t index, enum operator_kind kind)
{
    const struct graph *graph = rewriting->graph;
    struct node *producer = &graph->nodes[graph->values[node->inputs[index]].producer];

    return producer->op->kind == kind ? producer : NULL;
}

struct node *rewrite_before(const struct rewriting *rewriting, const struct node *node,
                            uint32_t index, enum operator_kind kind)
{
    uint32_t value = node->inputs[index];

    if (rewriting->readers[value] != 1 || rewriting->kept[value])
        return NULL;
    return rewrite_producer(rewriting, node, index, kind);
}

void rewrite_remove(struct rewriting *rewriting, struct node *node)
{
    for (uint32_t i = 0; i < node->input_count; i++)
        rewriting->readers[node->inputs[i]]--;
    rewriting->removed[node - rewriting->graph->nodes] = true;
}

void rewrite_connect(struct rewriting *rewriting, struct node *node, uint32_t index, uint32_t value)
{
    rewriting->readers[node->inputs[index]]--;
    rewriting->readers[value]++;
    node->inputs[index] = value;
}

void rewrite_become(struct rewriting *rewriting, struct node *node, enum operator_kind kind,
                    uint32_t count)
{
    while (node->input_count > count)
        rewriting->readers[node->inputs[--node->input_count]]--;
    node->op = operator_info(kind);
    node->weight_count = 0;
    memset(&node->parameters, 0, sizeof node->parameters);
}

void rewrite_absorb(struct rewriting *rewriting, struct node *last, struct node *first)
{
    for (uint32_t i = 0; i < last->input_count; i++)
        rewriting->readers[last->inputs[i]]--;
    last->op = first->op;
    last->parameters = first->parameters;
    last->weight_count = first->weight_count;
    last->weights = first->weights;
    last->input_count = first->input_count;
    last->inputs = first->inputs;
    rewriting->removed[first - rewriting->graph->nodes] = true;
}

struct weight *rewrite_weights(struct rewriting *rewriting, struct node *node, uint32_t count,
                               enum status *status)
{
    struct weight *weights = arena_alloc(&rewriting->graph->arena, count, sizeof *weights);

    if (!weights) {
        *status = arena_fail(&rewriting->graph->arena, rewriting->error);
        return NULL;
    }
    if (node->weight_count)
        memcpy(weights, node->weights, node->weight_count * sizeof *weights);
    node->weights = weights;
    node->weight_count = count;
    return weights;
}

static bool sweep(struct rewriting *rewriting, enum status *status)
{
    struct graph *graph = rewriting->graph;
    bool changed = false;

    for (size_t i = 0; i < graph->node_count; i++) {
        for (size_t r = 0; r < sizeof rules / sizeof *rules && !*status; r++) {
            if (!rewriting->removed[i] && graph->nodes[i].op->kind == rules[r].last)
                changed = rules[r].rule(rewriting, &graph->nodes[i], status) || changed;
        }
    }
    return changed && !*status;
}

/* ---- removing ---- */

/* Marks what leads to no output. */
static void remove_dead(struct rewriting *rewriting)
{
    struct graph *graph = rewriting->graph;

    for (size_t i = graph->node_count; i-- > 0;) {
        struct node *node = &graph->nodes[i];
        bool live = false;
        for (uint32_t j = 0; j < node->output_count; j++)
            live =
                live || rewriting->readers[node->outputs[j]] || rewriting->kept[node->outputs[j]];
        if (!live && !rewriting->removed[i])
            rewrite_remove(rewriting, node);
    }
}

/* Values whose node is removed, and their names, go; the others move up. */
static enum status compact(struct rewriting *rewriting)
{
    struct graph *graph = rewriting->graph;
    uint32_t *moved = calloc(graph->value_count + 1, sizeof *moved), nodes = 0, values = 0;
    size_t tops = 0, inputs = 0;

    if (!moved)
        return error_set(rewriting->error, STATUS_MEMORY, "%s: out of memory", graph->source);
    for (size_t i = 0; i < graph->top_count; i++) {
        if (!rewriting->removed[graph->values[graph->tops[i].value].producer])
            graph->tops[tops++] = graph->tops[i];
    }
    for (size_t i = 0; i < graph->input_count; i++) {
        if (!rewriting->removed[graph->values[graph->inputs[i]].producer])
            graph->inputs[inputs++] = graph->inputs[i];
    }
    for (size_t i = 0; i < graph->value_count; i++) {
        if (rewriting->removed[graph->values[i].producer])
            continue;
        moved[i] = values;
        graph->values[values++] = graph->values[i];
    }
    for (size_t i = 0; i < graph->node_count; i++) {
        struct node *node = &graph->nodes[nodes];
        if (rewriting->removed[i])
            continue;
        *node = graph->nodes[i];
        for (uint32_t j = 0; j < node->input_count; j++)
            node->inputs[j] = moved[node->inputs[j]];
        for (uint32_t j = 0; j < node->output_count; j++) {
            node->outputs[j] = moved[node->outputs[j]];
            graph->values[node->outputs[j]].producer = nodes;
        }
        nodes++;
    }
    graph->node_count = nodes;
    graph->value_count = values;
    graph->top_count = tops;
    graph->top_slot_count = 0;
    graph->input_count = inputs;
    for (size_t i = 0; i < tops; i++)
        graph->tops[i].value = moved[graph->tops[i].value];
    for (size_t i = 0; i < inputs; i++)
        graph->inputs[i] = moved[graph->inputs[i]];
    for (size_t i = 0; i < graph->output_count; i++)
        graph->outputs[i] = moved[graph->outputs[i]];
    free(moved);
    return STATUS_OK;
}

/* Parts that nobody reads would look like outputs in a format that does not name its outputs. */
static enum status silence(struct graph *graph, const bool *read, struct error *error)
{
    size_t nodes = graph->node_count;
    char name[256];
    struct node *silence;

    for (size_t i = 0; i < nodes; i++) {
        uint32_t unread[OPERATOR_MAX_OUTPUTS], count = 0;
        enum status status;
        for (uint32_t j = 0; j < graph->nodes[i].output_count; j++) {
            if (!read[graph->nodes[i].outputs[j]])
                unread[count++] = graph->nodes[i].outputs[j];
        }
        if (!count)
            continue;
        snprintf(name, sizeof name, "%s/Silence", graph->nodes[i].name);
        status = graph_reserve(graph, 1, 0, error);
        if (!status)
            status = graph_append(graph, operator_info(OPERATOR_SILENCE), name, unread, count, NULL,
                                  0, 0, &silence, error);
        if (status)
            return status;
    }
    return STATUS_OK;
}

static enum status silence_unread(struct graph *graph, struct error *error)
{
    bool *read = calloc(graph->value_count + 1, sizeof *read);
    enum status status;

    if (!read)
        return error_set(error, STATUS_MEMORY, "%s: out of memory", graph->source);
    for (size_t i = 0; i < graph->node_count; i++) {
        for (uint32_t j = 0; j < graph->nodes[i].input_count; j++)
            read[graph->nodes[i].inputs[j]] = true;
    }
    for (size_t i = 0; i < graph->output_count; i++)
        read[graph->outputs[i]] = true;
    status = silence(graph, read, error);
    free(read);
    return status;
}

static enum status begin(struct rewriting *rewriting)
{
    const struct graph *graph = rewriting->graph;

    rewriting->readers = calloc(graph->value_count + 1, sizeof *rewriting->readers);
    rewriting->kept = calloc(graph->value_count + 1, sizeof *rewriting->kept);
    rewriting->removed = calloc(graph->node_count + 1, sizeof *rewriting->removed);
    if (!rewriting->readers || !rewriting->kept || !rewriting->removed)
        return error_set(rewriting->error, STATUS_MEMORY, "%s: out of memory", graph->source);
    for (size_t i = 0; i < graph->node_count; i++) {
        for (uint32_t j = 0; j < graph->nodes[i].input_count; j++)
            rewriting->readers[graph->nodes[i].inputs[j]]++;
    }
    for (size_t i = 0; i < graph->output_count; i++)
        rewriting->kept[graph->outputs[i]] = true;
    return STATUS_OK;
}

static enum status rewrite(struct rewriting *rewriting)
{
    bool declared = rewriting->graph->output_count, more = true;
    enum status status = STATUS_OK;

    if (declared)
        remove_dead(rewriting);
    for (int i = 0; i < SWEEPS && more; i++)
        more = sweep(rewriting, &status);
    if (status)
        return status;
    if (declared)
        remove_dead(rewriting);
    status = compact(rewriting);
    return status || !declared ? status : silence_unread(rewriting->graph, rewriting->error);
}

enum status graph_simplify(struct graph *graph, size_t budget, struct error *error)
{
    struct rewriting rewriting = {.graph = graph, .budget = budget, .error = error};
    enum status status = begin(&rewriting);

    if (!status)
        status = rewrite(&rewriting);
    free(rewriting.readers);
    free(rewriting.kept);
    free(rewriting.removed);
    return status;
}
