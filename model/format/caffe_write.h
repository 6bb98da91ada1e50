/* caffe_write: writes a network as a deploy prototxt and a caffemodel, both in the current form. */
#ifndef MODEL_FORMAT_CAFFE_WRITE_H
#define MODEL_FORMAT_CAFFE_WRITE_H

#include "model/graph.h"

/* As model_write(). Neither path must exist. */
enum status caffe_write(const struct graph *graph, const char *prototxt_path,
                        const char *caffemodel_path, struct error *error) MUST_CHECK;

#endif
