/* tensorflow_emit: a graph of TensorFlow's operators as the bytes of a GraphDef. */
#ifndef MODEL_FORMAT_TENSORFLOW_EMIT_H
#define MODEL_FORMAT_TENSORFLOW_EMIT_H

#include "model/format/tensorflow_graph.h"

/* Creates `path` and streams the graph and its weights. An error leaves no file behind unless it
 * says that the file existed before. */
enum status tf_emit_graph(const struct tf_graph *tf, const char *path,
                          struct error *error) MUST_CHECK;

#endif
