/* caffe_reading: what the parts of the prototxt reader share.
 *
 * A file of 2013 (V0) is first brought into V1 (caffe_upgrade.c). Then the layers of phase TEST are
 * taken one by one. Those that only training has become what a deploy.prototxt would have in their
 * place: a data layer an Input of its first top, SoftmaxWithLoss a Softmax (of its second top, if
 * it has one), other losses and accuracies nothing; layers without weights that read nothing else
 * than labels go with them.
 */
#ifndef MODEL_FORMAT_CAFFE_CAFFE_READING_H
#define MODEL_FORMAT_CAFFE_CAFFE_READING_H

#include "model/format/caffe/caffe.h"

enum { CAFFE_MAX_PYTHON_LOSSES = 16 };

struct caffe_reading {
    struct prototxt_reader reader;
    struct graph *graph;
    bool v1;
    const char *layer_name; /* field of the root: "layer" or "layers" */
    const struct prototxt_field *root;
    const struct prototxt_field *stages; /* of the file's state: the first */
    struct shape input_shape;            /* of the options; dims 0: not given */
    struct arena arena;                  /* fields that the upgrade makes, and the next two */
    const char **left_out;               /* tops that only training has */
    size_t left_out_count;
    const struct prototxt_field *python_losses[CAFFE_MAX_PYTHON_LOSSES];
    size_t python_loss_count;
    const char *names[OPERATOR_MAX_INPUTS + OPERATOR_MAX_OUTPUTS];
};

/* What becomes of a layer. */
enum caffe_role {
    CAFFE_LAYER,        /* itself */
    CAFFE_DATA,         /* an Input */
    CAFFE_AXPY,         /* three nodes that compute the same */
    CAFFE_SOFTMAX_LOSS, /* a Softmax */
    CAFFE_LOSS          /* nothing */
};

enum caffe_role caffe_role_of(const struct caffe_reading *reading,
                              const struct prototxt_field *layer, const char *type);

/* Finds the Python layers that are losses beyond doubt, among the first CAFFE_MAX_PYTHON_LOSSES.
 * The others stay layers, of a type that is not supported. */
void caffe_find_python_losses(struct caffe_reading *reading);

/* The layer after `layer` (NULL: the first) that takes part in phase TEST; NULL at the end or after
 * an error. */
const struct prototxt_field *caffe_next_layer(struct caffe_reading *reading,
                                              const struct prototxt_field *layer);

/* Fills reading->stages, by which caffe_next_layer() chooses. */
void caffe_find_stages(struct caffe_reading *reading);

/* The error that `layer` reads what only `maker` makes, which the rules keep out; names the stages
 * that would let it in. */
void caffe_fail_filtered(struct caffe_reading *reading, const struct prototxt_field *layer,
                         const char *bottom, const struct prototxt_field *maker);

/* The layer's name, "" without; its type, an error without. */
const char *caffe_layer_label(struct caffe_reading *reading, const struct prototxt_field *layer);
const char *caffe_layer_type(struct caffe_reading *reading, const struct prototxt_field *layer);

/* Adds Input nodes: for the `input` fields of the file, for an Input layer, for a data layer. */
void caffe_add_inputs(struct caffe_reading *reading);
void caffe_add_input_layer(struct caffe_reading *reading, const struct prototxt_field *layer);
void caffe_add_data_layer(struct caffe_reading *reading, const struct prototxt_field *layer);

/* Notes a top that only training has. */
void caffe_leave_out(struct caffe_reading *reading, const char *top);

/* Brings a V0 file into the V1 form (upgrade_proto.cpp, UpgradeV0Net): reading->root then is a new
 * tree whose fields keep the lines of the old. */
void caffe_upgrade(struct caffe_reading *reading);

#endif
