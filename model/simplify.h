/* simplify: rewrites a graph as it comes from sources that are finer than Caffe's.
 *
 * Runs before graph_finish(), on nodes whose shapes are inferred. Each rewrite is exact and is made
 * only if no value that it removes has another reader or is an output. Values that stay keep their
 * names.
 */
#ifndef MODEL_SIMPLIFY_H
#define MODEL_SIMPLIFY_H

#include "model/graph.h"

/* Applies all passes until none finds anything. STATUS_MEMORY, or what the graph says. */
enum status graph_simplify(struct graph *graph, struct error *error) MUST_CHECK;

#endif
