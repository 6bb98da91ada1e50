#include "model/batch.h"

#include <stdlib.h>
#include <string.h>

#include "model/fields.h"
#include "model/shape.h"

/* Whether a layer's outputs, and not just its input, depend on how many images there are. */
static bool cuts_batch(const struct graph *graph, const struct node *node)
{
    unsigned axis;

    return node->op->kind == OPERATOR_SLICE && (!shape_axis(&graph->values[node->inputs[0]].shape,
                                                            node->parameters.slice.axis, &axis) ||
                                                axis == 0);
}

static bool inputs_agree(const struct graph *graph)
{
    const struct shape *first = &graph->values[graph->inputs[0]].shape;

    for (size_t i = 0; i < graph->input_count; i++) {
        const struct shape *shape = &graph->values[graph->inputs[i]].shape;
        if (!shape->dims || shape->dim[0] != first->dim[0])
            return false;
    }
    return true;
}

enum status batch_look(const struct graph *graph, struct arena *arena, struct batch *out,
                       struct error *error)
{
    struct shape *shapes;
    struct error why;

    *out = (struct batch){.fixed = graph->fixed_batch};
    for (size_t i = 0; i < graph->node_count; i++)
        out->fixed |= cuts_batch(graph, &graph->nodes[i]);
    if (out->fixed || !inputs_agree(graph))
        return STATUS_OK;
    shapes = arena_alloc(arena, graph->value_count, sizeof *shapes);
    if (!shapes)
        return arena_fail(arena, error);
    out->fixed = graph_infer(graph, graph->values[graph->inputs[0]].shape.dim[0] + 1, shapes, &why);
    out->others = out->fixed ? NULL : shapes;
    return STATUS_OK;
}

/* ---- the same network at two batches ---- */

/* Input and Reshape say extents; those are compared as the shapes of values. */
static bool says_extents(const struct node *node)
{
    return node->op->kind == OPERATOR_INPUT || node->op->kind == OPERATOR_RESHAPE;
}

static bool same_parameters(const struct node *a, const struct node *b)
{
    const struct field *field = fields_of(a->op->kind);

    for (; field->name && !says_extents(a); field++) {
        size_t count = field_count(field, a);
        if (count != field_count(field, b) ||
            (count && memcmp(field_in(field, &a->parameters), field_in(field, &b->parameters),
                             count * field_size(field->type)) != 0))
            return false;
    }
    return true;
}

static bool same_node(const struct node *a, const struct node *b)
{
    return a->op == b->op && a->input_count == b->input_count &&
           a->output_count == b->output_count && a->weight_count == b->weight_count &&
           !memcmp(a->inputs, b->inputs, a->input_count * sizeof *a->inputs) &&
           same_parameters(a, b);
}

bool batch_makes_no_difference(const struct graph *graph, const struct graph *other, int64_t batch)
{
    struct shape *shapes = calloc(graph->value_count, sizeof *shapes);
    struct error why;
    bool same = shapes && graph->value_count == other->value_count &&
                graph->node_count == other->node_count && !graph_infer(graph, batch, shapes, &why);

    for (size_t i = 0; i < graph->node_count && same; i++)
        same = same_node(&graph->nodes[i], &other->nodes[i]);
    for (size_t i = 0; i < graph->value_count && same; i++)
        same = shape_equal(&shapes[i], &other->values[i].shape);
    free(shapes);
    return same;
}
