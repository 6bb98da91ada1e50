/* graph: a network as data. Never executes anything.
 *
 * Values are in SSA form: each has one producer. A Caffe layer that works in place makes a new
 * value of the same name, and `tops` says which value a name means after the whole pass. Nodes
 * stand in execution order. A finished graph is immutable and may be read by any number of threads.
 */
#ifndef MODEL_GRAPH_H
#define MODEL_GRAPH_H

#include "common/status.h"
#include "model/arena.h"
#include "model/operator.h"
#include "model/weight.h"

struct mapping; /* model/format/mapping.h */

struct value {
    const char *name; /* as in the source; in-place layers repeat it */
    struct shape shape;
    uint32_t producer, output;     /* node index and which of its outputs */
    bool declared;                 /* an output by graph_declare_output() */
    bool turned;                   /* the source's axes stand in another order: */
    uint8_t order[SHAPE_MAX_DIMS]; /* its axis i is axis order[i] of `shape` */
    bool implied; /* of a Permute: the source has no transpose there, only another layout */
};

struct node {
    const char *name; /* of the layer; not necessarily unique */
    const struct operator_info *op;
    uint32_t input_count, output_count;
    uint32_t *inputs, *outputs; /* indices into graph.values */
    uint32_t weight_count;
    struct weight *weights;
    const char **shared; /* a name for each of the first shared_count weights, "" for none; nodes */
    uint32_t shared_count; /* that say the same name have that weight in common (Caffe) */
    union parameters parameters;
    unsigned line; /* in the source file; 0: not known */
};

/* A name of the source and the value it stands for at the end. */
struct top {
    const char *name;
    uint32_t value;
};

struct graph_mapping {
    struct mapping *mapping;
    struct graph_mapping *next;
};

struct graph {
    const char *source; /* file name for error lines */
    const char *format; /* it came from: as model_format_name(); NULL: none */
    size_t value_count, node_count, top_count, input_count, output_count;
    size_t node_capacity, value_capacity;
    size_t free_inputs; /* those whose batch the source leaves open */
    bool fixed_batch;   /* the source computes with the number of images (model/batch.h) */
    struct value *values;
    struct node *nodes;
    struct top *tops;               /* in order of first appearance */
    uint32_t *top_slots;            /* their names, hashed: index + 1; 0: free */
    size_t top_slot_count;          /* a power of two; 0: `tops` has changed, look one by one */
    uint32_t *inputs, *outputs;     /* values: of the Input nodes; declared, or unread tops */
    struct arena arena;             /* owns all of the above */
    struct graph_mapping *mappings; /* what weight.bytes point into */
};

/* Takes over *mapping, sets it to NULL and keeps it as long as the graph lives. */
enum status graph_keep(struct graph *graph, struct mapping **mapping,
                       struct error *error) MUST_CHECK;

/* Frees the graph and everything in it. NULL is fine. */
void graph_free(struct graph *graph);

/* The value that `name` stands for at the end, or -1. */
int64_t graph_top(const struct graph *graph, const char *name);

/* Computes the shape of each value into `shapes` (value_count of them) for inputs whose first
 * dimension is `batch` (0: as the graph says). STATUS_DATA names the layer that does not fit, by
 * its input or its weights. */
enum status graph_infer(const struct graph *graph, int64_t batch, struct shape *shapes,
                        struct error *error) MUST_CHECK;

/* ---- building: used by the readers in model/format ---- */

/* An empty graph whose capacities are fixed: that many nodes, values and names at most. */
enum status graph_create(const char *source, size_t nodes, size_t values, struct graph **out,
                         struct error *error) MUST_CHECK;

/* Appends a node that reads the values that the names in `inputs` stand for now and makes one value
 * per name in `outputs`. Texts are copied. The caller fills weights afterwards through *out.
 * STATUS_DATA: an unknown input, an output name that another layer has made already (unless it
 * works in place), a count that the operator does not take. */
enum status graph_add(struct graph *graph, const struct operator_info *op, const char *name,
                      const char *const *inputs, size_t input_count, const char *const *outputs,
                      size_t output_count, unsigned line, struct node **out,
                      struct error *error) MUST_CHECK;

/* The same with inputs given as values, for sources that name tensors in another way than Caffe.
 * The names in `outputs` must be new. */
enum status graph_append(struct graph *graph, const struct operator_info *op, const char *name,
                         const uint32_t *inputs, size_t input_count, const char *const *outputs,
                         size_t output_count, unsigned line, struct node **out,
                         struct error *error) MUST_CHECK;

/* Makes room for that many more nodes and values. Pointers to nodes and values end. */
enum status graph_reserve(struct graph *graph, size_t nodes, size_t values,
                          struct error *error) MUST_CHECK;

/* Makes a value an output of the network, whoever else reads it. Once there is one, tops that
 * nobody reads are none. Declared twice it is still one. */
void graph_declare_output(struct graph *graph, uint32_t value);

/* Computes the shapes of the outputs of the node that was added last, whose parameters are filled,
 * into graph.values, and the shapes its weights must have into `weights` (may be NULL). */
enum status graph_infer_last(struct graph *graph, struct shape weights[OPERATOR_MAX_WEIGHTS],
                             struct error *error) MUST_CHECK;

/* Finds the outputs, infers all shapes and holds each node's weights against them (older files'
 * four-dimensional shapes are brought into the current form). */
enum status graph_finish(struct graph *graph, struct error *error) MUST_CHECK;

/* Sets "SOURCE: layer 'NAME': LINE-TEXT" (with the line number where known). Returns `status`. */
enum status graph_error(const struct graph *graph, const struct node *node, struct error *error,
                        enum status status, const char *format, ...) PRINTF_LIKE(5, 6);

#endif
