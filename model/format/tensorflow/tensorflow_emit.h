/* tensorflow_emit: a graph of TensorFlow's operators as the bytes of a GraphDef. */
#ifndef MODEL_FORMAT_TENSORFLOW_TENSORFLOW_EMIT_H
#define MODEL_FORMAT_TENSORFLOW_TENSORFLOW_EMIT_H

#include "model/format/tensorflow/tensorflow_graph.h"

/* TensorFlow 1.8 to 1.14 call their graphs version 27 (tensorflow/core/public/version.h); later
 * ones take it, too, and no operator written here is refused in graphs of that version. */
enum { TF_GRAPH_VERSION = 27 };

/* Creates `path` and streams the graph and its weights. An error leaves no file behind unless it
 * says that the file existed before. */
enum status tf_emit_graph(const struct tf_graph *tf, const char *path,
                          struct error *error) MUST_CHECK;

#endif
