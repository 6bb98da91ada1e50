/* tensorflow_graph: a graph of TensorFlow's operators that is being made out of a graph of layers.
 *
 * It holds names and views only, never weights. Everything lives until tf_graph_free(). The first
 * error sticks: after it the functions go on to hand out nodes that nobody reads, so that callers
 * need not check; tf_graph_status() tells in the end. One thread.
 *
 * Each value of the layers' graph has a node of its own name, which is the value's where TensorFlow
 * allows it (else TF_HINT_NAME keeps it); helpers are called "NAME/Something". Tensors of four axes
 * are N,H,W,C unless `plain` says that they stand in the order of the layers' graph, which the
 * outputs of the network never do.
 */
#ifndef MODEL_FORMAT_TENSORFLOW_TENSORFLOW_GRAPH_H
#define MODEL_FORMAT_TENSORFLOW_TENSORFLOW_GRAPH_H

#include "model/format/limits.h"
#include "model/format/tensorflow/tensorflow_fields.h"
#include "model/graph.h"
#include "model/names.h"

/* A constant: floats seen where they lie, or int32 in the arena. */
struct tf_tensor {
    enum tf_type type;
    struct weight floats;
    struct shape shape; /* of the ints */
    size_t count;
    const int32_t *ints;
};

/* What `field` of AttrValue it has says which member counts. */
struct tf_attr {
    struct tf_attr *next;
    const char *key;
    enum tf_attr_field field;
    union {
        const char *text;
        int64_t i;
        float f;
        bool b;
        enum tf_type type;
        const struct shape *shape; /* an extent of -1 is free */
        const struct tf_tensor *tensor;
        struct {
            const int64_t *ints;
            size_t count;
        } list;
    };
};

struct tf_node {
    struct tf_node *next;
    const char *name, *op;
    const char **inputs; /* ends with NULL */
    struct tf_attr *attrs;
};

struct tf_value {
    const char *name;           /* of its node */
    bool renamed;               /* the node could not have the value's name */
    bool plain;                 /* has four axes in the order of the layers' graph */
    bool nonnegative;           /* is never below zero */
    uint32_t readers;           /* how many inputs of layers it is */
    bool output;                /* of the network */
    const struct shape *turned; /* is a flattened N,H,W,C of this shape (given as N,C,H,W) */
};

struct tf_names;

struct tf_graph {
    const struct graph *graph;
    const struct names *names;
    bool explicit_padding;
    bool fixed_batch; /* the first extent of inputs and outputs is a number */
    struct arena arena;
    struct tf_names *taken;
    struct tf_value *values; /* graph->value_count */
    const bool *merged;      /* per node: written with the node behind it */
    struct tf_node *nodes, **end;
    size_t node_count;
    enum status status;
    bool strict;           /* no operators that TensorFlow lacks */
    bool foreign;          /* has operators that TensorFlow lacks */
    struct tf_node spare;  /* handed out after an error */
    char unsupported[768]; /* "'NAME' (TYPE: WHY), ..." */
    size_t unsupported_count;
};

/* A layer while its nodes are written. */
struct tf_layer {
    struct tf_graph *tf;
    const struct node *node;
    const char *name; /* of the node that makes its first output */
};

/* `graph` and `names` must outlive it. Names all values. */
void tf_graph_init(struct tf_graph *tf, const struct graph *graph, const struct names *names);
void tf_graph_free(struct tf_graph *tf);

/* STATUS_OK, or what went wrong with "PATH: ...". */
enum status tf_graph_status(const struct tf_graph *tf, const char *path,
                            struct error *error) MUST_CHECK;

/* Notes that this layer becomes an operator that only OpenCV's importer knows; refuses it when the
 * graph is strict. */
void tf_set_foreign(struct tf_layer *layer, enum limit limit);

/* Notes that TensorFlow cannot say this layer. */
void tf_refuse(struct tf_layer *layer, enum limit limit);

#define TF_INPUTS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* Appends a node "NAME/SUFFIX", or NAME itself when `suffix` is NULL, with attribute T float. Its
 * ->name is what others read. */
struct tf_node *tf_emit(struct tf_layer *layer, const char *op, const char *suffix,
                        const char *const *inputs);

/* The same with the name of output `index` of the layer. */
struct tf_node *tf_emit_output(struct tf_layer *layer, uint32_t index, const char *op,
                               const char *const *inputs);

void tf_set_int(struct tf_layer *layer, struct tf_node *node, const char *key, int64_t value);
void tf_set_float(struct tf_layer *layer, struct tf_node *node, const char *key, float value);
void tf_set_bool(struct tf_layer *layer, struct tf_node *node, const char *key, bool value);
void tf_set_type(struct tf_layer *layer, struct tf_node *node, const char *key, enum tf_type type);
void tf_set_text(struct tf_layer *layer, struct tf_node *node, const char *key, const char *text);
void tf_set_ints(struct tf_layer *layer, struct tf_node *node, const char *key,
                 const int64_t *values, size_t count);
void tf_set_shape(struct tf_layer *layer, struct tf_node *node, const char *key,
                  const struct shape *shape);
/* A vector of floats as a tensor. */
void tf_set_floats(struct tf_layer *layer, struct tf_node *node, const char *key,
                   const float *values, size_t count);

/* Constants; each gives the name of its node. */
const char *tf_weight(struct tf_layer *layer, const char *suffix, const struct weight *weight);
const char *tf_number(struct tf_layer *layer, const char *suffix, float value);
const char *tf_int(struct tf_layer *layer, const char *suffix, int64_t value);
const char *tf_ints(struct tf_layer *layer, const char *suffix, const int64_t *values,
                    size_t count);
/* rows x 2 */
const char *tf_pairs(struct tf_layer *layer, const char *suffix, const int64_t *values,
                     size_t rows);

/* Zeroed room for `count` floats that live as long as the graph; never NULL (the graph has an error
 * then, and the room is not to be read). `count` must be small beside the weights. */
float *tf_room(struct tf_layer *layer, size_t count);

/* "SUFFIX_NUMBER" and "SUFFIX/PART", which live as long as the graph. */
const char *tf_numbered(struct tf_layer *layer, const char *suffix, size_t number);
const char *tf_join(struct tf_layer *layer, const char *suffix, const char *part);

/* A Transpose of the tensor `name`: axis i of it becomes axis order[i] of `name`. */
const char *tf_transpose(struct tf_layer *layer, const char *name, const char *suffix,
                         const int64_t *order, size_t count);

/* The weight with its axes in another order; numbers that cannot be seen so are copied. */
struct weight tf_turn(struct tf_layer *layer, const struct weight *weight, const uint8_t *order);

/* ---- values ---- */

const struct shape *tf_shape(const struct tf_layer *layer, uint32_t input);
const struct shape *tf_output_shape(const struct tf_layer *layer);
struct tf_value *tf_input_value(const struct tf_layer *layer, uint32_t input);
struct tf_value *tf_output_value(const struct tf_layer *layer, uint32_t output);

/* The tensor of an input: with four axes as N,H,W,C (a Transpose is added where it is plain). */
const char *tf_input(struct tf_layer *layer, uint32_t input);

/* In the order of the layers' graph (a Transpose is added where it is N,H,W,C). */
const char *tf_input_plain(struct tf_layer *layer, uint32_t input);

/* As it is; the output then is declared to stand as this input does. */
const char *tf_input_as_is(struct tf_layer *layer, uint32_t input);

/* The axis of a tensor of `shape` that stands for `axis` (not negative) when it is N,H,W,C if it
 * has four. */
unsigned tf_axis(const struct shape *shape, unsigned axis);

/* A shape as a tensor's: N,H,W,C where it has four axes. */
struct shape tf_turn_shape(const struct shape *shape);

#endif
