/* plan: what runs in which order, with which packed weights, and where each value lies in memory.
 *
 * Immutable after plan_create(); shared by all sessions of an engine.
 */
#ifndef ENGINE_PLAN_H
#define ENGINE_PLAN_H

#include "engine/engine.h"
#include "engine/op.h"

struct plan {
    const struct graph *graph;
    struct arena arena;   /* owns what follows, except the packed weights */
    struct shape *shapes; /* per value of the graph */
    size_t *offsets;      /* per value: floats from the begin of the memory */
    struct step *steps;   /* per node, in execution order */
    size_t step_count;
    size_t pointer_count; /* inputs and outputs of all steps together */
    size_t memory;        /* floats for all values; scratch follows */
    size_t scratch;       /* floats for the step that needs most */
};

/* Infers shapes, prepares every step and lays out the memory: values whose lives do not meet share
 * it. Inputs and outputs of the network keep theirs (and every top with options->keep_all). Errors:
 * as engine_create(). The caller calls plan_free() in any case. */
enum status plan_create(struct plan *plan, const struct graph *graph,
                        const struct engine_options *options, const struct kernels *kernels,
                        struct error *error) MUST_CHECK;
void plan_free(struct plan *plan);

#endif
