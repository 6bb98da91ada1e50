/* graphdef_order: which nodes of a GraphDef are needed, and in what order they are read.
 *
 * Outputs are the nodes that nobody reads, without the leftovers of training. Of conditionals
 * (Switch and Merge) only the branch that inference takes is needed. Linear in nodes and edges; no
 * recursion.
 */
#ifndef MODEL_FORMAT_TENSORFLOW_GRAPHDEF_ORDER_H
#define MODEL_FORMAT_TENSORFLOW_GRAPHDEF_ORDER_H

#include "model/format/tensorflow/graphdef.h"

struct graphdef_order {
    uint32_t *nodes; /* each after the nodes it reads, else as they stand in the file */
    size_t count;
    bool *is_output;
    uint32_t *taken; /* of a Merge: the index of the input it passes on; GRAPHDEF_UNDECIDED */
};

#define GRAPHDEF_UNDECIDED UINT32_MAX

/* All arrays have one entry per node and live in the graph's arena. STATUS_DATA names the nodes of
 * a cycle, or says that there is no output. STATUS_UNSUPPORTED for loops. */
enum status graphdef_order_find(struct graphdef *graph, struct graphdef_order *order) MUST_CHECK;

#endif
