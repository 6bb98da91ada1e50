/* caffe: reads Caffe's networks: a deploy prototxt and the caffemodel with its weights.
 *
 * Read are the current form (`layer`, types in quotes), V1 (`layers`, types as enum words) and V0
 * (`layers { layer { } }`). Layers are chosen as Caffe's net.cpp does for phase TEST, level 0 and
 * the stages of the file's `state`; what only training needs is left out (caffe_reading.h). Weights
 * are matched to layers by name, as Net::CopyTrainedLayersFrom does. Field numbers and defaults:
 * src/caffe/proto/caffe.proto of BVLC Caffe 1.0. Any thread.
 */
#ifndef MODEL_FORMAT_CAFFE_CAFFE_H
#define MODEL_FORMAT_CAFFE_CAFFE_H

#include "model/format/mapping.h"
#include "model/format/caffe/prototxt.h"
#include "model/model.h"

/* Builds the graph without weights; graph_finish() is still to come. The caller frees *out. Errors
 * name the file, the line or the layer. */
enum status caffe_read_graph(const char *path, const struct mapping *prototxt,
                             const struct model_options *options, struct graph **out,
                             struct error *error) MUST_CHECK;

/* Gives each node the blobs of the layer of its name in the caffemodel. Keeps *weights as
 * graph_keep() does. */
enum status caffe_attach_weights(struct graph *graph, const char *path, struct mapping **weights,
                                 struct error *error) MUST_CHECK;

/* True when the file's fields are those of a caffemodel. A damaged file may pass. */
bool caffe_is_model(const struct mapping *mapping);

/* ---- between the parts of this reader ---- */

/* A layer whose parameters are read into `node`. */
struct caffe_layer {
    struct prototxt_reader *reader;
    const struct prototxt_field *layer;
    struct graph *graph; /* its arena holds lists */
    struct node *node;
};

/* Reads the parameters of the node's operator; errors stick in the reader. */
void caffe_read_parameters(const struct caffe_layer *layer);

/* Reads a message with `dim` fields. */
void caffe_read_shape(struct prototxt_reader *reader, const struct prototxt_field *message,
                      struct shape *shape);

#endif
