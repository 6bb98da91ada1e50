#include "model/format/tensorflow/graphdef_order.h"

#include <stdio.h>
#include <string.h>

#include "model/format/tensorflow/graphdef_ops.h"

enum { NOT_DEAD = 2 };

/* Lives while the order is being found. Arrays have one entry per node. */
struct ordering {
    struct graphdef *graph;
    struct graphdef_order *order;
    uint32_t *readers, *stack, *next; /* next: input to be visited */
    uint8_t *state;
    bool *wanted, *dead;
    uint8_t *dead_output; /* of a Switch: 0, 1 or NOT_DEAD */
};

enum { UNSEEN, OPEN, DONE };

static bool is(const struct graphdef_node *node, const char *op)
{
    return !strcmp(node->op, op);
}

/* Nodes whose inputs do not matter. */
static bool is_leaf(struct graphdef *graph, const struct graphdef_node *node)
{
    return (is(node, "PlaceholderWithDefault") && graphdef_is_input(graph, node)) ||
           graphdef_is_always_one(graph, node);
}

static uint32_t edges_of(struct ordering *ordering, const struct graphdef_node *node)
{
    return is_leaf(ordering->graph, node) ? 0 : node->input_count + node->control_count;
}

/* ---- outputs ---- */

static void drop(struct ordering *ordering, uint32_t first)
{
    size_t depth = 0;

    ordering->stack[depth++] = first;
    while (depth) {
        const struct graphdef_node *node = &ordering->graph->nodes[ordering->stack[--depth]];
        for (uint32_t i = 0; i < node->input_count; i++) {
            uint32_t input = node->inputs[i].node;
            const struct graphdef_op *op = graphdef_op_find(ordering->graph->nodes[input].op);
            if (--ordering->readers[input])
                continue;
            if (op && op->role == GRAPHDEF_LAYER)
                ordering->order->is_output[input] = true;
            else
                ordering->stack[depth++] = input;
        }
    }
}

static void find_outputs(struct ordering *ordering)
{
    struct graphdef *graph = ordering->graph;

    for (size_t i = 0; i < graph->node_count; i++) {
        for (uint32_t j = 0; j < graph->nodes[i].input_count; j++)
            ordering->readers[graph->nodes[i].inputs[j].node]++;
    }
    for (uint32_t i = 0; i < graph->node_count; i++)
        ordering->order->is_output[i] = !ordering->readers[i];
    for (uint32_t i = 0; i < graph->node_count; i++) {
        const struct graphdef_op *op = graphdef_op_find(graph->nodes[i].op);
        if (!ordering->order->is_output[i] || !op || op->role == GRAPHDEF_LAYER)
            continue;
        ordering->order->is_output[i] = false;
        drop(ordering, i);
    }
}

/* ---- order ---- */

/* Marks everything that the marked nodes need. With `live` only data that arrives. */
static void mark_needed(struct ordering *ordering, bool live)
{
    struct graphdef *graph = ordering->graph;
    size_t depth = 0;

    for (uint32_t i = 0; i < graph->node_count; i++) {
        if (ordering->wanted[i])
            ordering->stack[depth++] = i;
    }
    while (depth) {
        uint32_t index = ordering->stack[--depth];
        const struct graphdef_node *node = &graph->nodes[index];
        uint32_t first = 0, end = edges_of(ordering, node);
        if (live && end) {
            end = is(node, "Switch") ? 1 : node->input_count;
            if (is(node, "Merge") && end) {
                uint32_t taken = ordering->order->taken[index];
                first = taken == GRAPHDEF_UNDECIDED ? 0 : taken;
                end = first + 1;
            }
        }
        for (uint32_t i = first; i < end; i++) {
            uint32_t input = node->inputs[i].node;
            if (!ordering->wanted[input]) {
                ordering->wanted[input] = true;
                ordering->stack[depth++] = input;
            }
        }
    }
}

/* `stack` holds the path from some node to `again`, which stands in it already. */
static enum status fail_cycle(const struct ordering *ordering, size_t depth, uint32_t again)
{
    struct graphdef *graph = ordering->graph;
    char list[512] = "";
    size_t first = depth, used = 0;

    while (first && ordering->stack[first - 1] != again)
        first--;
    for (size_t i = first ? first - 1 : 0; i < depth; i++) {
        const struct graphdef_node *node = &graph->nodes[ordering->stack[i]];
        if (is(node, "NextIteration"))
            return graphdef_fail(graph, node, STATUS_UNSUPPORTED,
                                 "the graph holds a loop; only graphs without loops can be read");
        if (used < sizeof list - 4) {
            int wrote = snprintf(list + used, sizeof list - used, "'%s' -> ", node->name);
            used += wrote > 0 ? (size_t)wrote : 0;
        }
    }
    return graphdef_fail(graph, &graph->nodes[again], STATUS_DATA,
                         "these nodes wait for each other: %s'%s'",
                         used < sizeof list ? list : "... -> ", graph->nodes[again].name);
}

/* Appends the node after all that it reads. */
static enum status visit(struct ordering *ordering, uint32_t start)
{
    struct graphdef *graph = ordering->graph;
    size_t depth = 0;

    ordering->stack[depth++] = start;
    ordering->state[start] = OPEN;
    while (depth) {
        uint32_t index = ordering->stack[depth - 1];
        const struct graphdef_node *node = &graph->nodes[index];
        if (ordering->next[index] < edges_of(ordering, node)) {
            uint32_t input = node->inputs[ordering->next[index]++].node;
            if (ordering->state[input] == OPEN)
                return fail_cycle(ordering, depth, input);
            if (ordering->state[input] == UNSEEN) {
                ordering->state[input] = OPEN;
                ordering->stack[depth++] = input;
            }
            continue;
        }
        ordering->state[index] = DONE;
        ordering->order->nodes[ordering->order->count++] = index;
        depth--;
    }
    return STATUS_OK;
}

static enum status sort(struct ordering *ordering)
{
    struct graphdef *graph = ordering->graph;

    memcpy(ordering->wanted, ordering->order->is_output, graph->node_count);
    mark_needed(ordering, false);
    for (uint32_t i = 0; i < graph->node_count && !graph->status; i++) {
        if (ordering->wanted[i] && ordering->state[i] == UNSEEN && visit(ordering, i))
            break;
    }
    return graph->status;
}

/* ---- conditionals ---- */

static bool is_dead(const struct ordering *ordering, struct graphdef_edge edge)
{
    return ordering->dead[edge.node] || (is(&ordering->graph->nodes[edge.node], "Switch") &&
                                         ordering->dead_output[edge.node] == edge.output);
}

/* control_flow_ops.cc: Switch has outputs "false" and "true"; a node with a dead input is dead; a
 * Merge passes on the input that is not. */
static void settle(struct ordering *ordering, uint32_t index)
{
    const struct graphdef_node *node = &ordering->graph->nodes[index];
    uint32_t edges = edges_of(ordering, node), live = 0;
    double predicate;

    if (is(node, "Merge")) {
        for (uint32_t i = 0; i < node->input_count; i++) {
            if (is_dead(ordering, node->inputs[i]))
                continue;
            ordering->order->taken[index] = live++ ? GRAPHDEF_UNDECIDED : i;
        }
        ordering->dead[index] = !live;
        return;
    }
    for (uint32_t i = 0; i < edges && !ordering->dead[index]; i++)
        ordering->dead[index] = is_dead(ordering, node->inputs[i]);
    if (is(node, "Switch") && node->input_count == 2 &&
        graphdef_known_scalar(ordering->graph, node->inputs[1], &predicate))
        ordering->dead_output[index] = predicate == 0 ? 1 : 0;
}

/* Leaves out what no live output needs. */
static void prune(struct ordering *ordering)
{
    struct graphdef_order *order = ordering->order;
    size_t kept = 0;

    for (size_t i = 0; i < order->count; i++)
        settle(ordering, order->nodes[i]);
    for (size_t i = 0; i < ordering->graph->node_count; i++) {
        order->is_output[i] = order->is_output[i] && !ordering->dead[i];
        ordering->wanted[i] = order->is_output[i];
    }
    mark_needed(ordering, true);
    for (size_t i = 0; i < order->count; i++) {
        if (ordering->wanted[order->nodes[i]])
            order->nodes[kept++] = order->nodes[i];
    }
    order->count = kept;
}

static bool allocate(struct ordering *ordering)
{
    struct arena *arena = &ordering->graph->arena;
    struct graphdef_order *order = ordering->order;
    size_t count = ordering->graph->node_count;

    order->nodes = arena_alloc(arena, count, sizeof *order->nodes);
    order->taken = arena_alloc(arena, count, sizeof *order->taken);
    order->is_output = arena_alloc(arena, count, sizeof *order->is_output);
    ordering->readers = arena_alloc(arena, count, sizeof *ordering->readers);
    ordering->stack = arena_alloc(arena, count, sizeof *ordering->stack);
    ordering->next = arena_alloc(arena, count, sizeof *ordering->next);
    ordering->state = arena_alloc(arena, count, sizeof *ordering->state);
    ordering->wanted = arena_alloc(arena, count, sizeof *ordering->wanted);
    ordering->dead = arena_alloc(arena, count, sizeof *ordering->dead);
    ordering->dead_output = arena_alloc(arena, count, sizeof *ordering->dead_output);
    if (!order->nodes || !order->taken || !order->is_output || !ordering->readers ||
        !ordering->stack || !ordering->next || !ordering->state || !ordering->wanted ||
        !ordering->dead || !ordering->dead_output)
        return false;
    for (size_t i = 0; i < count; i++) {
        order->taken[i] = GRAPHDEF_UNDECIDED;
        ordering->dead_output[i] = NOT_DEAD;
    }
    return true;
}

enum status graphdef_order_find(struct graphdef *graph, struct graphdef_order *order)
{
    struct ordering ordering = {.graph = graph, .order = order};

    *order = (struct graphdef_order){.count = 0};
    if (!allocate(&ordering))
        return graph->status = arena_fail(&graph->arena, graph->error);
    find_outputs(&ordering);
    if (sort(&ordering))
        return graph->status;
    prune(&ordering);
    if (!order->count)
        graph->status =
            error_set(graph->error, STATUS_DATA,
                      "%s: the graph has no output: each of its nodes is read by another or is a "
                      "constant or a leftover of training",
                      graph->path);
    return graph->status;
}
