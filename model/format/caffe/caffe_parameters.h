/* caffe_parameters: what the readers of Caffe's parameter messages share. */
#ifndef MODEL_FORMAT_CAFFE_CAFFE_PARAMETERS_H
#define MODEL_FORMAT_CAFFE_CAFFE_PARAMETERS_H

#include "model/format/caffe/caffe.h"

/* The layer's parameter message, which may hold only the known names; NULL when there is none. */
const struct prototxt_field *caffe_parameters(const struct caffe_layer *layer, const char *name,
                                              const char *known);

/* The layer's type as the file has it: several may stand for one operator. */
const char *caffe_type(const struct caffe_layer *layer);

/* "FILE:LINE: layer 'NAME': WHAT"; sticks in the reader. */
void caffe_fail(const struct caffe_layer *layer, enum status status, const char *what);

/* One per row of OPERATOR_MAP: fills `out` from the layer. */
#define X(kind, suffix, ...)                                                                       \
    void caffe_read_##suffix(const struct caffe_layer *layer, union parameters *out);
OPERATOR_MAP(X)
#undef X

#endif
