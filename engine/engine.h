/* engine: runs a network on the CPU in float32.
 *
 * Life cycle: engine_create (immutable: graph, weights, plan) -> any number of sessions, each used
 * by one thread at a time (activations, scratch) -> fill the inputs, session_run, read the outputs.
 * A session allocates nothing while it runs. The same input gives the same bits for any number of
 * threads or sessions.
 */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/status.h"

struct graph; /* model/graph.h */
struct engine;
struct session;

enum { TENSOR_MAX_DIMS = 8 };

/* A view of float32 values, row-major, in the model's own layout (Caffe: N,C,H,W). */
struct tensor {
    const char *name;
    unsigned dims;
    int64_t shape[TENSOR_MAX_DIMS];
    size_t count; /* product of shape */
    float *data;
};

struct engine_options {
    unsigned threads; /* that one session_run may use; 0: one per CPU; "ref" kernels use one */
    int64_t batch;    /* replaces the first dimension of the inputs; 0: as the graph says */
    bool keep_all;    /* every top keeps the value it has at the end; more memory */
};

/* Builds the plan. `graph` must outlive the engine (weights are mapped, not copied). Errors:
 * STATUS_UNSUPPORTED names every layer that has no kernel, STATUS_DATA a layer whose shapes or
 * weights do not fit. Caller frees *out, after its sessions. */
enum status engine_create(const struct graph *graph, const struct engine_options *options,
                          struct engine **out, struct error *error) MUST_CHECK;
void engine_free(struct engine *engine);

/* STATUS_LIMIT when one pass would need more than 4 GB for values. Caller frees *out. */
enum status session_create(const struct engine *engine, struct session **out,
                           struct error *error) MUST_CHECK;
void session_free(struct session *session);

/* Inputs and outputs of the network; after session_run also any top by name when keep_all is set.
 * Pointers live as long as the session. NULL when there is no such tensor. */
size_t session_input_count(const struct session *session);
size_t session_output_count(const struct session *session);
const struct tensor *session_input(const struct session *session, size_t index);
const struct tensor *session_output(const struct session *session, size_t index);
const struct tensor *session_tensor(const struct session *session, const char *name);

/* All tops in execution order, for `infer --layers all`; needs keep_all. */
size_t session_tensor_count(const struct session *session);
const struct tensor *session_tensor_at(const struct session *session, size_t index);

/* One forward pass over the data in the input tensors. Tensors whose extents only the data tell
 * (detections) have them after it; before, the largest that they can have. STATUS_DATA for inputs
 * that a layer cannot work with (a region of an image that is not in the batch). */
enum status session_run(struct session *session, struct error *error) MUST_CHECK;

/* Sees each value as soon as it is computed, those of in-place layers too; `value` is its index in
 * the graph. The tensor's data may be overwritten by the next layer. */
typedef void session_observer(void *context, uint32_t value, const struct tensor *tensor);

/* Calls `observer` during every session_run() from now on; NULL: no more. */
void session_observe(struct session *session, session_observer *observer, void *context);

/* "ref", later the ISA that the kernel table was chosen for; recorded with results. */
const char *engine_kernel_name(const struct engine *engine);

#endif
