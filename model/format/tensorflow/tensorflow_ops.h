/* tensorflow_ops: how each operator is said in TensorFlow's.
 *
 * Only operators that TensorFlow 1.13 and all later ones have, and constructs that TensorFlow.js
 * and OpenCV's importer read, too, wherever there is a choice.
 */
#ifndef MODEL_FORMAT_TENSORFLOW_TENSORFLOW_OPS_H
#define MODEL_FORMAT_TENSORFLOW_TENSORFLOW_OPS_H

#include "model/format/tensorflow/tensorflow_graph.h"

/* One writer per row of OPERATOR_MAP: emits the nodes of a layer, the last of them under
 * layer->name, or refuses it. */
#define X(kind, suffix, ...) void tf_write_##suffix(struct tf_layer *layer);
OPERATOR_MAP(X)
#undef X

/* ---- shared ---- */

/* NULL, which means the layer's own name, when no node follows this one. */
static inline const char *tf_last(bool last, const char *suffix)
{
    return last ? NULL : suffix;
}

/* x as [-1, extents...]: a Reshape to `shape` whose first axis is free. */
const char *tf_reshape(struct tf_layer *layer, const char *x, const char *suffix,
                       const struct shape *shape);

/* For layers whose result stands in the order of the layers' graph: the suffix of their last node,
 * and the end. Outputs of the network with four axes are N,H,W,C like all others. */
const char *tf_plain_suffix(const struct tf_layer *layer);
void tf_plain_end(struct tf_layer *layer, const char *x);

/* x with zeros (or `value`) before and behind the rows and columns of N,H,W,C; x itself when there
 * are none to add. */
const char *tf_pad_plane(struct tf_layer *layer, const char *x, const int64_t begin[2],
                         const int64_t end[2], float value);

/* An operator of one or two tensors. */
const char *tf_unary(struct tf_layer *layer, const char *op, const char *suffix, const char *x);
const char *tf_binary(struct tf_layer *layer, const char *op, const char *suffix, const char *x,
                      const char *y);

/* Mean, Sum or Max over `axes`, which stay as axes of extent 1 with `keep`. */
const char *tf_reduce(struct tf_layer *layer, const char *op, const char *suffix, const char *x,
                      const int64_t *axes, size_t count, bool keep);

/* One tensor out of several along `axis`; `names` has `count` of them. */
const char *tf_concat(struct tf_layer *layer, const char *suffix, const char *const *names,
                      size_t count, int64_t axis);

/* A Slice from `begin`; an extent of -1 takes the rest. */
const char *tf_slice(struct tf_layer *layer, const char *x, const char *suffix,
                     const int64_t *begin, const int64_t *size, size_t count);

/* Room for `count` names and the NULL behind them; NULL when memory is out. */
const char **tf_name_list(struct tf_layer *layer, size_t count);

/* Output `index` of a node. */
const char *tf_port(struct tf_layer *layer, const char *name, size_t index);

/* The BatchNorm that a Scale is written together with, or NULL. */
const struct node *tf_merged_norm(const struct tf_layer *layer);

#endif
