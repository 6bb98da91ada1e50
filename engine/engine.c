#include "engine/engine.h"

#include <stdlib.h>
#include <string.h>

#include "common/checked.h"
#include "engine/plan.h"

enum { MEMORY_ALIGN = 64 };

/* No model file makes a session take more than this: twice what VGG-16 needs for 64 images. */
static const size_t session_memory = (size_t)4 << 30;

_Static_assert((int)TENSOR_MAX_DIMS == (int)SHAPE_MAX_DIMS, "a tensor holds any shape");

struct engine {
    struct engine_options options;
    const struct kernels *kernels;
    struct plan plan;
};

struct session {
    const struct engine *engine;
    float *memory, *scratch;
    struct shape *shapes;   /* per value; those that operations trim are true after a run */
    float **pointers;       /* inputs and outputs of each step, in the order of the steps */
    struct tensor *tensors; /* inputs, outputs, then all tops if they are kept */
    size_t input_count, output_count, top_count;
    session_observer *observer; /* may be NULL */
    void *observer_context;
};

enum status engine_create(const struct graph *graph, const struct engine_options *options,
                          struct engine **out, struct error *error)
{
    struct engine *engine = calloc(1, sizeof *engine);
    enum status status;

    *out = NULL;
    if (!engine)
        return error_set(error, STATUS_MEMORY, "%s: out of memory", graph->source);
    engine->options = *options;
    status = kernels_choose(&engine->kernels, error);
    if (!status)
        status = plan_create(&engine->plan, graph, options, engine->kernels, error);
    if (status)
        engine_free(engine);
    else
        *out = engine;
    return status;
}

void engine_free(struct engine *engine)
{
    if (!engine)
        return;
    plan_free(&engine->plan);
    free(engine);
}

const char *engine_kernel_name(const struct engine *engine)
{
    return engine->kernels->name;
}

/* ---- sessions ---- */

static struct tensor view(const struct session *session, const char *name, uint32_t value)
{
    const struct plan *plan = &session->engine->plan;
    const struct shape *shape = &session->shapes[value];
    struct tensor tensor = {.name = name,
                            .dims = shape->dims,
                            .count = step_count(shape),
                            .data = session->memory + plan->offsets[value]};

    memcpy(tensor.shape, shape->dim, sizeof tensor.shape);
    return tensor;
}

static void fill_tensors(struct session *session)
{
    const struct graph *graph = session->engine->plan.graph;
    struct tensor *tensor = session->tensors;

    session->input_count = graph->input_count;
    session->output_count = graph->output_count;
    session->top_count = session->engine->options.keep_all ? graph->top_count : 0;
    for (size_t i = 0; i < session->input_count; i++)
        *tensor++ = view(session, graph->values[graph->inputs[i]].name, graph->inputs[i]);
    for (size_t i = 0; i < session->output_count; i++)
        *tensor++ = view(session, graph->values[graph->outputs[i]].name, graph->outputs[i]);
    for (size_t i = 0; i < session->top_count; i++)
        *tensor++ = view(session, graph->tops[i].name, graph->tops[i].value);
}

static void fill_pointers(struct session *session)
{
    const struct plan *plan = &session->engine->plan;
    float **pointer = session->pointers;

    for (size_t i = 0; i < plan->step_count; i++) {
        const struct node *node = plan->steps[i].node;
        for (uint32_t j = 0; j < node->input_count; j++)
            *pointer++ = session->memory + plan->offsets[node->inputs[j]];
        for (uint32_t j = 0; j < node->output_count; j++)
            *pointer++ = session->memory + plan->offsets[node->outputs[j]];
    }
}

static enum status fail_memory(const struct engine *engine, struct error *error)
{
    return error_set(error, STATUS_MEMORY, "%s: there is not enough memory to run the network",
                     engine->plan.graph->source);
}

/* Values, then scratch. Zeroed, so that an input nobody filled gives the same answer each time. */
static enum status allocate_memory(struct session *session, struct error *error)
{
    const struct plan *plan = &session->engine->plan;
    size_t bytes;

    if (!checked_add(plan->memory, plan->scratch, &bytes) ||
        !checked_mul(bytes, sizeof(float), &bytes) || !checked_add(bytes, MEMORY_ALIGN, &bytes) ||
        bytes > session_memory)
        return error_set(error, STATUS_LIMIT,
                         "%s: one pass needs more than %zu MB of memory; use a smaller batch",
                         plan->graph->source, session_memory >> 20);
    bytes = bytes / MEMORY_ALIGN * MEMORY_ALIGN;
    session->memory = aligned_alloc(MEMORY_ALIGN, bytes);
    if (!session->memory)
        return fail_memory(session->engine, error);
    memset(session->memory, 0, bytes);
    session->scratch = session->memory + plan->memory;
    return STATUS_OK;
}

enum status session_create(const struct engine *engine, struct session **out, struct error *error)
{
    const struct graph *graph = engine->plan.graph;
    struct session *session = calloc(1, sizeof *session);
    enum status status;

    *out = NULL;
    if (!session)
        return fail_memory(engine, error);
    session->engine = engine;
    session->shapes = calloc(graph->value_count, sizeof *session->shapes);
    session->pointers = calloc(engine->plan.pointer_count, sizeof *session->pointers);
    session->tensors = calloc(graph->input_count + graph->output_count + graph->top_count,
                              sizeof *session->tensors);
    if (session->shapes && session->pointers && session->tensors)
        status = allocate_memory(session, error);
    else
        status = fail_memory(engine, error);
    if (status) {
        session_free(session);
        return status;
    }
    memcpy(session->shapes, engine->plan.shapes, graph->value_count * sizeof *session->shapes);
    fill_tensors(session);
    fill_pointers(session);
    *out = session;
    return STATUS_OK;
}

void session_free(struct session *session)
{
    if (!session)
        return;
    free(session->memory);
    free(session->shapes);
    free(session->pointers);
    free(session->tensors);
    free(session);
}

size_t session_input_count(const struct session *session)
{
    return session->input_count;
}

size_t session_output_count(const struct session *session)
{
    return session->output_count;
}

size_t session_tensor_count(const struct session *session)
{
    return session->top_count;
}

const struct tensor *session_input(const struct session *session, size_t index)
{
    return index < session->input_count ? &session->tensors[index] : NULL;
}

const struct tensor *session_output(const struct session *session, size_t index)
{
    return index < session->output_count ? &session->tensors[session->input_count + index] : NULL;
}

const struct tensor *session_tensor_at(const struct session *session, size_t index)
{
    size_t first = session->input_count + session->output_count;

    return index < session->top_count ? &session->tensors[first + index] : NULL;
}

const struct tensor *session_tensor(const struct session *session, const char *name)
{
    size_t count = session->input_count + session->output_count + session->top_count;

    for (size_t i = 0; i < count; i++) {
        if (!strcmp(session->tensors[i].name, name))
            return &session->tensors[i];
    }
    return NULL;
}

void session_observe(struct session *session, session_observer *observer, void *context)
{
    session->observer = observer;
    session->observer_context = context;
}

static void show_outputs(const struct session *session, const struct node *node)
{
    const struct value *values = session->engine->plan.graph->values;

    for (uint32_t i = 0; i < node->output_count; i++) {
        uint32_t value = node->outputs[i];
        struct tensor tensor = view(session, values[value].name, value);
        session->observer(session->observer_context, value, &tensor);
    }
}

enum status session_run(struct session *session, struct error *error)
{
    const struct plan *plan = &session->engine->plan;
    struct failure failure = {.error = error};
    float **pointers = session->pointers;
    bool trimmed = false;

    for (size_t i = 0; i < plan->step_count && !failure.status; i++) {
        const struct step *step = &plan->steps[i];
        const struct node *node = step->node;
        struct call call = {.step = step,
                            .kernels = session->engine->kernels,
                            .inputs = (const float *const *)pointers,
                            .outputs = pointers + node->input_count,
                            .scratch = session->scratch,
                            .failure = &failure};
        if (step->operation->trims)
            call.trimmed = &session->shapes[node->outputs[0]];
        trimmed = trimmed || step->operation->trims;
        if (!step->operation->alias)
            step->operation->run(&call);
        if (session->observer && !failure.status)
            show_outputs(session, node);
        pointers += node->input_count + node->output_count;
    }
    if (trimmed)
        fill_tensors(session);
    return failure.status;
}
