/* caffe_writer: what the parts of the Caffe writer share: the layers of the file to be.
 *
 * Each node becomes one layer, or several where Caffe has no single layer that says the same. The
 * one that has the node's weights then keeps its name, the others are called "NAME/Something"; the
 * last makes the node's value, and the values between are called "VALUE/Something". Field numbers:
 * caffe.proto of BVLC Caffe (its last revision, which has Clip, Swish and round_mode beyond 1.0).
 * Owned by one thread.
 */
#ifndef MODEL_FORMAT_CAFFE_CAFFE_WRITER_H
#define MODEL_FORMAT_CAFFE_CAFFE_WRITER_H

#include "model/format/caffe/caffe_message.h"
#include "model/format/limits.h"
#include "model/graph.h"
#include "model/names.h"

/* A layer of the file. */
struct caffe_layer_out {
    const char *name, *type;
    uint32_t bottom_count, top_count, weight_count;
    const char **bottoms, **tops;
    const struct weight *weights;
    struct caffe_message parameters; /* fields of LayerParameter: the layer's own messages */
    struct caffe_layer_out *next;
};

struct caffe_writer {
    const struct graph *graph;
    struct names *names;
    struct caffe_pool pool; /* layers, texts, constants made for them */
    struct caffe_layer_out *first, **tail;
    struct caffe_layer_out nowhere; /* takes what is put when memory is out */
    bool rounds_down;               /* some pooling does: a field newer than BVLC Caffe 1.0 */
    size_t refused_count;
    char refused[600]; /* the layers that Caffe cannot say, with the reason */
};

/* The layer of a node: its name, values and weights. Never NULL. */
struct caffe_layer_out *caffe_out_node(struct caffe_writer *writer, const struct node *node,
                                       const char *type);

/* A layer "NAME/SUFFIX" of its own beside `node`, from one value to `top_count` others, which the
 * caller names. Never NULL. */
struct caffe_layer_out *caffe_out_aux(struct caffe_writer *writer, const struct node *node,
                                      const char *suffix, const char *type, const char *bottom,
                                      uint32_t top_count);

/* "VALUE/SUFFIX" for a value between two layers of `node`, where VALUE is its first output; made
 * unique. */
const char *caffe_out_between(struct caffe_writer *writer, const struct node *node,
                              const char *suffix);

/* A weight of the pool for the caller to fill; NULL when memory is out. */
float *caffe_out_constant(struct caffe_writer *writer, struct caffe_layer_out *layer,
                          const struct shape *shape);

/* The part of an axis that is kept. */
struct caffe_cut {
    int64_t skip, keep, total;
};

/* Whether caffe_out_cut() would need a layer. */
bool caffe_cut_needed(const struct caffe_cut cuts[2]);

/* Slice (and Silence for the rest) layers that keep a part of the rows and columns of `bottom`; the
 * last makes `top`. */
void caffe_out_cut(struct caffe_writer *writer, const struct node *node, const char *bottom,
                   const struct caffe_cut cuts[2], const char *top);

/* Remembers that Caffe cannot say this node; all are named in one message at the end. */
void caffe_out_refuse(struct caffe_writer *writer, const struct node *node, enum limit limit);

/* The names and shapes of a node's values. */
const char *caffe_out_input(const struct caffe_writer *writer, const struct node *node, uint32_t i);
const char *caffe_out_output(const struct caffe_writer *writer, const struct node *node,
                             uint32_t i);
const struct shape *caffe_out_input_shape(const struct caffe_writer *writer,
                                          const struct node *node);
const struct shape *caffe_out_shape(const struct caffe_writer *writer, const struct node *node);

/* One per row of OPERATOR_MAP: appends the layers of the node. */
#define X(kind, suffix, ...)                                                                       \
    void caffe_write_##suffix(struct caffe_writer *writer, const struct node *node);
OPERATOR_MAP(X)
#undef X

#endif
