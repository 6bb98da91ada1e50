/* tensorflow: reads and writes frozen GraphDefs, and writes TensorFlow.js graph models.
 *
 * Tensors of four axes are N,H,W,C there and N,C,H,W here. Field numbers: graph.proto,
 * node_def.proto, attr_value.proto, tensor.proto of TensorFlow 1.15. Any thread.
 */
#ifndef MODEL_FORMAT_TENSORFLOW_TENSORFLOW_H
#define MODEL_FORMAT_TENSORFLOW_TENSORFLOW_H

#include "model/format/mapping.h"
#include "model/model.h"

/* Builds the graph. Takes over *file (a mapping of `path`, set to NULL) in any case. */
enum status tensorflow_load(const char *path, struct mapping **file,
                            const struct model_options *options, struct graph **out,
                            struct error *error) MUST_CHECK;

/* As model_write(). `path` must not exist. */
enum status tensorflow_write(const struct graph *graph, bool explicit_padding, const char *path,
                             struct error *error) MUST_CHECK;

/* `folder` must not exist. */
enum status tfjs_write(const struct graph *graph, bool explicit_padding, const char *folder,
                       struct error *error) MUST_CHECK;

#endif
