/* simplify: rewrites a graph as it comes from sources that are finer than Caffe's.
 *
 * Runs before graph_finish(), on nodes whose shapes are inferred. Each rewrite is exact and is made
 * only if no value that it removes has another reader or is an output. Values that stay keep their
 * names.
 */
#ifndef MODEL_SIMPLIFY_H
#define MODEL_SIMPLIFY_H

#include "model/graph.h"

/* Applies all rewrites until none finds anything, or at most 16 times. Then, if outputs were
 * declared, removes what leads to none of them, unused inputs too; parts of a Slice or Split that
 * nobody reads go to a Silence. Weights that must be copied to be joined take `budget` bytes at
 * most; where it does not suffice the layers stay as they are. */
enum status graph_simplify(struct graph *graph, size_t budget, struct error *error) MUST_CHECK;

#endif
