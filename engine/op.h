/* op: what the engine needs of an operator: preparing its weights once and running it.
 *
 * One `struct operation` per row of OPERATOR_MAP, in engine/ops/. Preparing happens while the
 * engine is created; running is called by many sessions at once and only reads the step.
 */
#ifndef ENGINE_OP_H
#define ENGINE_OP_H

#include <string.h>

#include "engine/kernel/kernel.h"
#include "model/graph.h"

/* A node with the shapes it runs at. */
struct step {
    const struct graph *graph;
    const struct node *node;
    const struct operation *operation;
    const struct kernels *kernels;
    struct shape *inputs, *outputs; /* one per input and output of the node */
    float *packed;                  /* weights in the kernels' order, or NULL; owned by the plan */
    size_t scratch;                 /* floats that run() needs */
};

/* Why a run cannot go on; the first reason stays. */
struct failure {
    enum status status;
    struct error *error;
};

struct call {
    const struct step *step;
    const struct kernels *kernels;
    const float *const *inputs;
    float *const *outputs;
    float *scratch;
    struct shape *trimmed;   /* the first output's, for operations that trim it */
    struct failure *failure; /* see run_fail() */
};

struct operation {
    /* Fills step->packed (with step_pack()) and step->scratch. May be NULL. STATUS_UNSUPPORTED for
     * parameters that run() cannot do. */
    enum status (*prepare)(struct step *step, struct error *error);
    void (*run)(const struct call *call); /* NULL with !alias: there is no kernel */
    bool alias;    /* outputs are the first input, unchanged: nothing runs, memory is shared */
    bool in_place; /* run() may write its output over its first input */
    bool trims;    /* inference gives the largest extents that the first output can have, and run()
                      the true ones in call->trimmed. No layer can read such a value. */
};

#define X(kind, suffix, ...) extern const struct operation operation_##suffix;
OPERATOR_MAP(X)
#undef X

/* The operation of an operator; never NULL. */
const struct operation *operation_find(enum operator_kind kind);

/* Allocates step->packed: `count` zeroed floats, aligned for any kernel. */
enum status step_pack(struct step *step, size_t count, struct error *error) MUST_CHECK;

/* Copies `count` numbers of a weight from `first` on, `step` floats apart. */
void step_pack_row(const struct weight *weight, size_t first, size_t count, size_t step,
                   float *out);

/* For input that run() cannot work with: sets the error line, with the layer's name. */
void run_fail(const struct call *call, enum status status, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* The number of elements of a shape that inference has checked. */
size_t step_count(const struct shape *shape);

/* Geometry of a window that slides over the last two axes of the step's input. `channels` of it are
 * looked at together. */
struct plane_geometry step_geometry(const struct step *step, const struct window *window,
                                    int64_t channels);

#endif
