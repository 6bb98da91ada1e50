/* graphdef: a GraphDef as nodes, edges by index and attributes, seen where they lie.
 *
 * Bounded by the file: names are copied, everything else points into it, and attributes are looked
 * up when they are asked for. What is read here is well-formed afterwards: every input is made by a
 * node, names are unique, each attribute's message is whole. The first error sticks (`status`, one
 * line in `error`) and everything after it answers with its fallback. Owned by one thread.
 */
#ifndef MODEL_FORMAT_TENSORFLOW_GRAPHDEF_H
#define MODEL_FORMAT_TENSORFLOW_GRAPHDEF_H

#include "model/arena.h"
#include "model/format/mapping.h"
#include "model/format/tensorflow/tensorflow_fields.h"
#include "model/format/wire.h"
#include "model/parameters.h"

enum { GRAPHDEF_MAX_NODES = 1 << 20 };

/* Which of whose outputs an input reads: "node" or "node:1". */
struct graphdef_edge {
    uint32_t node, output;
};

struct graphdef_node {
    const char *name, *op;      /* NUL-terminated */
    const unsigned char *bytes; /* the NodeDef */
    size_t size;
    struct graphdef_edge *inputs; /* behind them those that only order ("^node") */
    uint32_t input_count, control_count;
};

struct graphdef {
    const char *path;
    const unsigned char *bytes; /* of the file */
    size_t size, node_count, edge_count;
    struct graphdef_node *nodes; /* as they stand in the file */
    struct graphdef_edge *edges;
    uint32_t *slots; /* names, hashed: index of the node + 1; 0: free */
    size_t slot_count;
    int64_t producer; /* its version of GraphDef (versions.proto); 0: unknown */
    struct arena arena;
    enum status status;
    struct error *error;
};

/* Reads the whole file. The caller frees *graph with graphdef_free(), also after an error. `path`
 * and `file` must live as long. */
enum status graphdef_read(const char *path, const struct mapping *file, struct graphdef *graph,
                          struct error *error) MUST_CHECK;
void graphdef_free(struct graphdef *graph);

/* "FILE: byte N: node 'NAME' (OP): TEXT", unless an earlier error sticks. Returns the status that
 * sticks. */
enum status graphdef_fail(struct graphdef *graph, const struct graphdef_node *node,
                          enum status status, const char *format, ...) PRINTF_LIKE(4, 5);

/* Starts on the fields of the NodeDef. */
struct wire graphdef_node_wire(const struct graphdef *graph, const struct graphdef_node *node);

/* ---- attributes ----
 * Each gives `fallback` where the node has no such attribute, and an error where it is of another
 * kind. */

bool graphdef_has(const struct graphdef *graph, const struct graphdef_node *node, const char *key);
int64_t graphdef_int(struct graphdef *graph, const struct graphdef_node *node, const char *key,
                     int64_t fallback);
float graphdef_float(struct graphdef *graph, const struct graphdef_node *node, const char *key,
                     float fallback);
bool graphdef_bool(struct graphdef *graph, const struct graphdef_node *node, const char *key,
                   bool fallback);
enum tf_type graphdef_type(struct graphdef *graph, const struct graphdef_node *node,
                           const char *key, enum tf_type fallback);

/* A text, copied into the graph's arena. */
const char *graphdef_text(struct graphdef *graph, const struct graphdef_node *node, const char *key,
                          const char *fallback);

/* A list of numbers, at most `most`; returns how many there are. */
size_t graphdef_ints(struct graphdef *graph, const struct graphdef_node *node, const char *key,
                     int64_t *values, size_t most);

/* False where the node has no such shape or its rank is not known. Extents that are not known are
 * -1. */
bool graphdef_shape(struct graphdef *graph, const struct graphdef_node *node, const char *key,
                    struct shape *shape) MUST_CHECK;

/* The message in the attribute; false where there is none. */
bool graphdef_tensor_message(struct graphdef *graph, const struct graphdef_node *node,
                             const char *key, struct wire *message) MUST_CHECK;

/* Reads a TensorShapeProto; false when the rank is not known. */
bool graphdef_shape_message(struct graphdef *graph, const struct graphdef_node *node,
                            struct wire *message, struct shape *shape) MUST_CHECK;

#endif
