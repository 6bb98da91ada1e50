/* caffemodel: writes the trained network in Caffe's two files.
 *
 * Text (deploy.prototxt) and weights (NetParameter of caffe.proto with current LayerParameters,
 * BlobShape and packed floats, weights in Caffe's order: output, channel, y, x).
 */
#ifndef DEMO_TRAINER_CAFFEMODEL_H
#define DEMO_TRAINER_CAFFEMODEL_H

#include "common/buf.h"
#include "common/status.h"
#include "demo/trainer/net.h"

/* Appends the network's description as text; it depends on the table of layers alone. */
enum status caffemodel_write_text(const char *name, struct buf *out) MUST_CHECK;

/* Appends the weights. */
enum status caffemodel_write_weights(const char *name, const struct net *net,
                                     struct buf *out) MUST_CHECK;

#endif
