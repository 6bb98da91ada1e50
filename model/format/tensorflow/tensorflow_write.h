/* tensorflow_write: what the writers of GraphDefs and of TensorFlow.js models share. */
#ifndef MODEL_FORMAT_TENSORFLOW_TENSORFLOW_WRITE_H
#define MODEL_FORMAT_TENSORFLOW_TENSORFLOW_WRITE_H

#include "model/format/tensorflow/tensorflow_graph.h"

/* Turns all layers into TensorFlow's operators. `tf` is fresh from tf_graph_init(); `path` is for
 * error lines. STATUS_UNSUPPORTED names every layer that TensorFlow cannot say. */
enum status tf_graph_build(struct tf_graph *tf, const char *path, struct error *error) MUST_CHECK;

#endif
