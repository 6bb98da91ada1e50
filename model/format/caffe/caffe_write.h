/* caffe_write: writes a network as a deploy prototxt and a caffemodel, both in the current form.
 *
 * The caffemodel has the layers' parameters, too, for tools that read only that; but those of
 * layers that only forks of Caffe have (Permute, Interp, PriorBox ...) have no official numbers and
 * stand in the prototxt alone, whose first line names such layers. Each value is a top under its
 * unique name (model/names.h), so there are no in-place layers. What is a default in caffe.proto is
 * not written. Layers that Caffe cannot say are written as several that do the same: see
 * caffe_write_window.c and caffe_write_spatial.c.
 */
#ifndef MODEL_FORMAT_CAFFE_CAFFE_WRITE_H
#define MODEL_FORMAT_CAFFE_CAFFE_WRITE_H

#include "model/graph.h"

/* As model_write(). Neither path must exist; after an error both are as before. */
enum status caffe_write(const struct graph *graph, const char *prototxt_path,
                        const char *caffemodel_path, struct error *error) MUST_CHECK;

#endif
