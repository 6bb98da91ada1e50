#include "engine/plan.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/checked.h"
#include "engine/layout.h"

enum { ALIGN_FLOATS = 16 };

static const size_t plan_memory = (size_t)1 << 30;

/* Lives while the memory is being laid out. Values that share memory share a buffer. */
struct planning {
    struct plan *plan;
    struct extent *buffers;
    size_t buffer_count;
    size_t *buffer_of; /* per value */
    int64_t *last;     /* per value: the last step that reads it, INT64_MAX: kept */
    size_t *order;
    struct error *error;
};

static enum status fail_memory(const struct plan *plan, struct error *error)
{
    return error_set(error, STATUS_MEMORY, "%s: there is not enough memory to run the network",
                     plan->graph->source);
}

/* ---- steps ---- */

/* Names every layer without a kernel, so that one look tells what is missing. */
static enum status check_kernels(const struct plan *plan, struct error *error)
{
    const struct graph *graph = plan->graph;
    size_t used = 0, missing = 0;
    char list[512] = "";

    for (size_t i = 0; i < graph->node_count; i++) {
        const struct node *node = &graph->nodes[i];
        const struct operation *operation = operation_find(node->op->kind);
        if (operation->run || operation->alias)
            continue;
        if (used < sizeof list) {
            int wrote = snprintf(list + used, sizeof list - used, "%s'%s' (%s)",
                                 missing ? ", " : "", node->name, node->op->name);
            used += wrote > 0 ? (size_t)wrote : 0;
        }
        missing++;
    }
    if (!missing)
        return STATUS_OK;
    return error_set(error, STATUS_UNSUPPORTED, "%s: no kernel for %zu layer%s: %s%s",
                     graph->source, missing, missing == 1 ? "" : "s", list,
                     used >= sizeof list ? " ..." : "");
}

/* Shapes are settled before anything runs, so nothing can read a value that is trimmed then. */
static enum status check_trimmed(const struct plan *plan, const struct node *node,
                                 struct error *error)
{
    const struct graph *graph = plan->graph;

    for (uint32_t i = 0; i < node->input_count && node->op->kind != OPERATOR_SILENCE; i++) {
        const struct value *value = &graph->values[node->inputs[i]];
        if (operation_find(graph->nodes[value->producer].op->kind)->trims)
            return graph_error(graph, node, error, STATUS_UNSUPPORTED,
                               "it reads '%s', whose extents are known only after the run",
                               value->name);
    }
    return STATUS_OK;
}

static enum status add_step(struct plan *plan, const struct node *node,
                            const struct kernels *kernels, struct error *error)
{
    struct step *step = &plan->steps[plan->step_count];
    enum status status = check_trimmed(plan, node, error);

    if (status)
        return status;
    *step = (struct step){.graph = plan->graph,
                          .node = node,
                          .operation = operation_find(node->op->kind),
                          .kernels = kernels};
    step->inputs = arena_alloc(&plan->arena, node->input_count, sizeof *step->inputs);
    step->outputs = arena_alloc(&plan->arena, node->output_count, sizeof *step->outputs);
    if (!step->inputs || !step->outputs)
        return fail_memory(plan, error);
    plan->step_count++;
    plan->pointer_count += node->input_count + node->output_count;
    for (uint32_t i = 0; i < node->input_count; i++)
        step->inputs[i] = plan->shapes[node->inputs[i]];
    for (uint32_t i = 0; i < node->output_count; i++)
        step->outputs[i] = plan->shapes[node->outputs[i]];
    return step->operation->prepare ? step->operation->prepare(step, error) : STATUS_OK;
}

static enum status add_steps(struct plan *plan, const struct kernels *kernels, struct error *error)
{
    const struct graph *graph = plan->graph;
    enum status status = check_kernels(plan, error);

    plan->steps = arena_alloc(&plan->arena, graph->node_count, sizeof *plan->steps);
    if (!plan->steps)
        return fail_memory(plan, error);
    for (size_t i = 0; i < graph->node_count && !status; i++) {
        status = add_step(plan, &graph->nodes[i], kernels, error);
        if (plan->steps[i].scratch > plan->scratch)
            plan->scratch = plan->steps[i].scratch;
    }
    return status;
}

/* ---- memory ---- */

static void find_last_reads(struct planning *planning, bool keep_all)
{
    const struct graph *graph = planning->plan->graph;

    for (size_t i = 0; i < graph->node_count; i++) {
        const struct node *node = &graph->nodes[i];
        for (uint32_t j = 0; j < node->output_count; j++)
            planning->last[node->outputs[j]] = (int64_t)i;
        for (uint32_t j = 0; j < node->input_count; j++)
            planning->last[node->inputs[j]] = (int64_t)i;
    }
    for (size_t i = 0; i < graph->input_count; i++)
        planning->last[graph->inputs[i]] = INT64_MAX;
    for (size_t i = 0; i < graph->output_count; i++)
        planning->last[graph->outputs[i]] = INT64_MAX;
    for (size_t i = 0; i < graph->top_count && keep_all; i++)
        planning->last[graph->tops[i].value] = INT64_MAX;
}

/* Whether the node may write over its first input: nobody reads that memory later, and none of its
 * other inputs lies there. */
static bool may_overwrite(const struct planning *planning, size_t index)
{
    const struct node *node = &planning->plan->graph->nodes[index];
    size_t buffer = planning->buffer_of[node->inputs[0]];

    for (uint32_t i = 1; i < node->input_count; i++) {
        if (planning->buffer_of[node->inputs[i]] == buffer)
            return false;
    }
    return planning->buffers[buffer].last <= (int64_t)index;
}

static void place_output(struct planning *planning, size_t index, uint32_t output)
{
    const struct step *step = &planning->plan->steps[index];
    uint32_t value = step->node->outputs[output];
    bool shared = step->operation->alias ||
                  (step->operation->in_place && output == 0 && may_overwrite(planning, index));
    size_t buffer = shared ? planning->buffer_of[step->node->inputs[0]] : planning->buffer_count++;
    struct extent *extent = &planning->buffers[buffer];

    if (!shared)
        *extent = (struct extent){.size = step_count(&planning->plan->shapes[value]),
                                  .first = step->node->input_count ? (int64_t)index : -1,
                                  .last = planning->last[value]};
    else if (planning->last[value] > extent->last)
        extent->last = planning->last[value];
    planning->buffer_of[value] = buffer;
}

static enum status place_values(struct planning *planning, bool keep_all)
{
    struct plan *plan = planning->plan;
    size_t values = plan->graph->value_count;

    planning->buffers = calloc(values, sizeof *planning->buffers);
    planning->buffer_of = calloc(values, sizeof *planning->buffer_of);
    planning->last = calloc(values, sizeof *planning->last);
    planning->order = calloc(values, sizeof *planning->order);
    if (!planning->buffers || !planning->buffer_of || !planning->last || !planning->order)
        return fail_memory(plan, planning->error);
    find_last_reads(planning, keep_all);
    for (size_t i = 0; i < plan->step_count; i++) {
        for (uint32_t j = 0; j < plan->steps[i].node->output_count; j++)
            place_output(planning, i, j);
    }
    if (!layout_place(planning->buffers, planning->buffer_count, ALIGN_FLOATS, planning->order,
                      &plan->memory))
        return fail_memory(plan, planning->error);
    for (size_t i = 0; i < values; i++)
        plan->offsets[i] = planning->buffers[planning->buffer_of[i]].offset;
    return STATUS_OK;
}

static enum status lay_out(struct plan *plan, bool keep_all, struct error *error)
{
    struct planning planning = {.plan = plan, .error = error};
    enum status status = place_values(&planning, keep_all);

    free(planning.buffers);
    free(planning.buffer_of);
    free(planning.last);
    free(planning.order);
    return status;
}

enum status plan_create(struct plan *plan, const struct graph *graph,
                        const struct engine_options *options, const struct kernels *kernels,
                        struct error *error)
{
    enum status status;

    *plan = (struct plan){.graph = graph};
    arena_init(&plan->arena, plan_memory);
    plan->shapes = arena_alloc(&plan->arena, graph->value_count, sizeof *plan->shapes);
    plan->offsets = arena_alloc(&plan->arena, graph->value_count, sizeof *plan->offsets);
    if (!plan->shapes || !plan->offsets)
        return fail_memory(plan, error);
    status = graph_infer(graph, options->batch, plan->shapes, error);
    if (!status)
        status = add_steps(plan, kernels, error);
    return status ? status : lay_out(plan, options->keep_all, error);
}

void plan_free(struct plan *plan)
{
    for (size_t i = 0; i < plan->step_count; i++)
        free(plan->steps[i].packed);
    arena_free(&plan->arena);
    plan->step_count = 0;
}
