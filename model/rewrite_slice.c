/* Rewrites several layers that each cut one part out of a value into one Slice. */
#include <string.h>

#include "model/rewrite.h"

/* Part `index` of a Slice along its axis: [*begin, *end). */
static void part_of(const struct rewriting *rewriting, const struct node *node, uint32_t index,
                    int64_t *begin, int64_t *end)
{
    const struct graph *graph = rewriting->graph;
    int64_t axis = node->parameters.slice.axis;

    *begin = 0;
    for (uint32_t i = 0; i < index; i++)
        *begin += graph->values[node->outputs[i]].shape.dim[axis];
    *end = *begin + graph->values[node->outputs[index]].shape.dim[axis];
}

static bool is_used(const struct rewriting *rewriting, uint32_t value)
{
    return rewriting->readers[value] || rewriting->kept[value];
}

static struct node *find_other(const struct rewriting *rewriting, struct node *last)
{
    struct graph *graph = rewriting->graph;
    uint32_t value = last->inputs[0];

    if (rewriting->readers[value] < 2 || last->parameters.slice.axis < 0)
        return NULL;
    for (struct node *node = last; node-- > graph->nodes + graph->values[value].producer;) {
        if (node->op->kind == OPERATOR_SLICE && node->inputs[0] == value &&
            node->parameters.slice.axis == last->parameters.slice.axis &&
            !rewriting->removed[node - graph->nodes])
            return node;
    }
    return NULL;
}

/* The parts of the one Slice, in order. */
struct joint {
    uint32_t values[OPERATOR_MAX_OUTPUTS];
    int64_t ends[OPERATOR_MAX_OUTPUTS];
    uint32_t count, used; /* parts that somebody reads */
};

/* Appends the shortest part of either that begins where the last one ended; of equals the one that
 * is read. False if there is none. */
static bool next_part(const struct rewriting *rewriting, const struct node *const *nodes,
                      int64_t from, struct joint *joint)
{
    int64_t best = INT64_MAX;
    uint32_t value = 0;

    for (int n = 0; n < 2; n++) {
        for (uint32_t i = 0; i < nodes[n]->output_count; i++) {
            int64_t begin, end;
            part_of(rewriting, nodes[n], i, &begin, &end);
            if (begin != from || end > best ||
                (end == best && !is_used(rewriting, nodes[n]->outputs[i])))
                continue;
            best = end;
            value = nodes[n]->outputs[i];
        }
    }
    if (best == INT64_MAX || joint->count == OPERATOR_MAX_OUTPUTS)
        return false;
    joint->values[joint->count] = value;
    joint->ends[joint->count++] = best;
    joint->used += is_used(rewriting, value);
    return true;
}

/* The parts of both as one sequence; false if parts that are read overlap. */
static bool join(const struct rewriting *rewriting, const struct node *const *nodes,
                 struct joint *joint)
{
    const struct graph *graph = rewriting->graph;
    int64_t whole = graph->values[nodes[0]->inputs[0]].shape.dim[nodes[0]->parameters.slice.axis];
    uint32_t used = 0;

    for (int64_t at = 0; at < whole; at = joint->ends[joint->count - 1]) {
        if (!next_part(rewriting, nodes, at, joint))
            return false;
    }
    for (int n = 0; n < 2; n++) {
        for (uint32_t i = 0; i < nodes[n]->output_count; i++)
            used += is_used(rewriting, nodes[n]->outputs[i]);
    }
    return used == joint->used;
}

bool rewrite_slices(struct rewriting *rewriting, struct node *last, enum status *status)
{
    struct graph *graph = rewriting->graph;
    struct node *first = find_other(rewriting, last);
    const struct node *nodes[] = {first, last};
    struct joint joint = {.count = 0};
    int64_t *points;
    uint32_t *outputs;

    if (!first || first->output_count + last->output_count > 64 || !join(rewriting, nodes, &joint))
        return false;
    points = arena_alloc(&graph->arena, joint.count, sizeof *points);
    outputs = arena_alloc(&graph->arena, joint.count, sizeof *outputs);
    if (!points || !outputs) {
        *status = arena_fail(&graph->arena, rewriting->error);
        return false;
    }
    memcpy(points, joint.ends, joint.count * sizeof *points);
    memcpy(outputs, joint.values, joint.count * sizeof *outputs);
    /* Values that are left over go with the node that is removed. */
    for (uint32_t i = 0; i < first->output_count; i++)
        graph->values[first->outputs[i]].producer = (uint32_t)(last - graph->nodes);
    for (uint32_t i = 0; i < joint.count; i++) {
        graph->values[outputs[i]].producer = (uint32_t)(first - graph->nodes);
        graph->values[outputs[i]].output = i;
    }
    first->outputs = outputs;
    first->output_count = joint.count;
    first->parameters.slice.points = points;
    first->parameters.slice.point_count = joint.count - 1;
    rewrite_remove(rewriting, last);
    return true;
}
