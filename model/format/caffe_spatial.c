/* Caffe's parameters of layers that resize planes or look for objects in them. Names and defaults:
 * caffe.proto; the rules among them: LayerSetUp() of <name>_layer.cpp. */
#include <string.h>

#include "model/format/caffe_parameters.h"

void caffe_read_resize(const struct caffe_layer *layer, union parameters *out)
{
    (void)out;
    caffe_fail(layer, STATUS_UNSUPPORTED, "this layer is not supported");
}

void caffe_read_roi_pooling(const struct caffe_layer *layer, union parameters *out)
{
    (void)out;
    caffe_fail(layer, STATUS_UNSUPPORTED, "this layer is not supported");
}

void caffe_read_prior_box(const struct caffe_layer *layer, union parameters *out)
{
    (void)out;
    caffe_fail(layer, STATUS_UNSUPPORTED, "this layer is not supported");
}

void caffe_read_detection_output(const struct caffe_layer *layer, union parameters *out)
{
    (void)out;
    caffe_fail(layer, STATUS_UNSUPPORTED, "this layer is not supported");
}
