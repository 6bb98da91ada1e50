/* graphdef_ops: what each op of TensorFlow becomes in the importer.
 *
 * Meanings and defaults of attributes: tensorflow/core/ops/{array,nn,math,image}_ops.cc; shapes of
 * windows: tensorflow/core/framework/common_shape_fns.cc. One thread.
 */
#ifndef MODEL_FORMAT_TENSORFLOW_GRAPHDEF_OPS_H
#define MODEL_FORMAT_TENSORFLOW_GRAPHDEF_OPS_H

#include "model/format/tensorflow/graphdef.h"
#include "model/import/importer.h"
#include "model/model.h"

enum graphdef_role {
    GRAPHDEF_LAYER,     /* a node that nobody reads is an output */
    GRAPHDEF_AUXILIARY, /* never an output: constants, shapes, conditions */
    GRAPHDEF_LEFTOVER   /* of training: what only such nodes read is not needed */
};

/* A dilated convolution spelled SpaceToBatchND, convolution, BatchToSpaceND: here the tensor stays
 * as it was, and the convolution gets this dilation and padding. */
struct graphdef_batches {
    int64_t block[2], pad[2], pad_end[2], crop[2], crop_end[2];
    bool convolved;
};

/* What the readers of ops share. */
struct graphdef_reading {
    struct graphdef graph;
    struct importer importer;
    const struct model_options *options;
    const uint32_t *taken; /* by node: which input a Merge passes on */
    uint32_t *crops; /* by node: of a SpaceToBatchND, the BatchToSpaceND behind it + 1; 0: none */
    struct operand **results;          /* by node; NULL: not needed, or not read yet */
    uint32_t *result_counts;           /* by node */
    struct graphdef_batches **batches; /* by node; NULL: its result is not in batches */
    const struct operand **inputs;     /* of the node, input_count of them */
    const struct graphdef_node *node;  /* that is being read */
    const struct graphdef_op *op;
    const char *name; /* of its value */
    struct operand *outputs;
    uint32_t output_count;
};

struct graphdef_op {
    const char *name;
    /* Reads inputs and attributes, fills outputs. NULL for a leftover. */
    enum status (*read)(struct graphdef_reading *reading);
    uint32_t input_min, input_max;
    enum graphdef_role role;
    int argument;   /* of `read`, for ops that share one */
    bool pointwise; /* works on each pixel by itself, whatever batch it stands in */
};

/* NULL for an op that is not known. */
const struct graphdef_op *graphdef_op_find(const char *name);

/* The row at a place of the table, which is sorted; NULL behind its end. */
const struct graphdef_op *graphdef_op_at(size_t index);

/* Why a graph with such an op cannot be read, and what to do; "" where there is nothing to add. */
const char *graphdef_op_advice(const char *name);

/* The name of the value that an output of the node makes: its own, or the one that the attribute
 * "_name" keeps. NULL without memory. */
const char *graphdef_value_name(struct graphdef_reading *reading, const struct graphdef_node *node,
                                uint32_t output);

/* Room for `count` results of the node being read; every op has one without asking. */
enum status graphdef_outputs(struct graphdef_reading *reading, uint32_t count) MUST_CHECK;

/* ---- graphdef_known.c: what can be told before anything is read ---- */

/* The number that the edge carries at inference, when that is a known scalar: constants, defaults
 * of placeholders, and placeholders that switch training off by their usual names. */
bool graphdef_known_scalar(struct graphdef *graph, struct graphdef_edge edge, double *number);

/* A node of switched-off dropout that is 1 whatever its random input is. */
bool graphdef_is_always_one(struct graphdef *graph, const struct graphdef_node *node);

/* A placeholder that pictures are fed to, whether or not it has a default. */
bool graphdef_is_input(struct graphdef *graph, const struct graphdef_node *node);

/* ---- tensorflow_ops_*.c ---- */

typedef enum status graphdef_read_function(struct graphdef_reading *reading);

graphdef_read_function graphdef_read_placeholder, graphdef_read_placeholder_with_default,
    graphdef_read_const, graphdef_read_identity, graphdef_read_identity_n, graphdef_read_switch,
    graphdef_read_merge, graphdef_read_fill, graphdef_read_range, graphdef_read_cast,
    graphdef_read_shape, graphdef_read_always_one;
graphdef_read_function graphdef_read_conv2d, graphdef_read_depthwise, graphdef_read_conv_transpose,
    graphdef_read_pool, graphdef_read_batch_norm, graphdef_read_old_batch_norm, graphdef_read_lrn,
    graphdef_read_space_to_batch, graphdef_read_batch_to_space, graphdef_read_resize;
graphdef_read_function graphdef_read_unary, graphdef_read_binary, graphdef_read_add_n,
    graphdef_read_bias_add, graphdef_read_matmul, graphdef_read_reduce, graphdef_read_softmax,
    graphdef_read_arg_max, graphdef_read_reverse, graphdef_read_top_k, graphdef_read_relu6,
    graphdef_read_leaky_relu, graphdef_read_elu, graphdef_read_selu, graphdef_read_select;
graphdef_read_function graphdef_read_reshape, graphdef_read_squeeze, graphdef_read_expand_dims,
    graphdef_read_transpose, graphdef_read_concat, graphdef_read_pack, graphdef_read_unpack,
    graphdef_read_split, graphdef_read_split_v, graphdef_read_slice, graphdef_read_strided_slice,
    graphdef_read_gather, graphdef_read_pad, graphdef_read_tile, graphdef_read_depth_to_space,
    graphdef_read_space_to_depth;
graphdef_read_function graphdef_read_roi_pooling, graphdef_read_prior_box,
    graphdef_read_detection_output;

/* ---- shared by them: tensorflow_read.c, graphdef_ops_window.c ---- */

/* The axes of attribute data_format. */
enum status graphdef_axes(struct graphdef_reading *reading,
                          const struct import_axes **axes) MUST_CHECK;

/* "NAME/SUFFIX" for a layer between: the names of values are unique. */
enum status graphdef_helper(struct graphdef_reading *reading, const char *name, const char *suffix,
                            const char **out) MUST_CHECK;

/* STATUS_DATA unless x has four axes. */
enum status graphdef_need_planes(struct graphdef_reading *reading, const struct operand *x,
                                 const char *what) MUST_CHECK;

/* Finds, before anything is read, the SpaceToBatchND that each BatchToSpaceND undoes. */
void graphdef_pair_batches(struct graphdef_reading *reading, const uint32_t *nodes, size_t count);

/* Turns a plain convolution of a tensor in batches into a dilated one of the whole; nothing for
 * other tensors. */
enum status graphdef_dilate(struct graphdef_reading *reading, struct window *window,
                            struct operand *x) MUST_CHECK;

/* Between SpaceToBatchND and BatchToSpaceND only what works on each pixel by itself may stand
 * beside the convolution. */
enum status graphdef_pass_batches(struct graphdef_reading *reading) MUST_CHECK;

/* STATUS_OK, or the error that sticks in the graph: after attributes were read. */
enum status graphdef_status(const struct graphdef_reading *reading);

#endif
