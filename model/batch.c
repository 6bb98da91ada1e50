#include "model/batch.h"

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
