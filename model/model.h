/* model: from what a user names on the command line to a graph. */
#ifndef MODEL_MODEL_H
#define MODEL_MODEL_H

#include "common/status.h"
#include "model/graph.h"

/* Loads a network. `spec` is "X.prototxt,X.caffemodel"; which is which is told by content, not by
 * name. STATUS_UNSUPPORTED for kinds that this version cannot read and for layer types it does not
 * know; STATUS_DATA names file, line and layer; STATUS_IO a file that cannot be opened. The caller
 * frees *out with graph_free(). Weights stay in the mapped file, which must not change meanwhile.
 */
enum status model_load(const char *spec, struct graph **out, struct error *error) MUST_CHECK;

#endif
