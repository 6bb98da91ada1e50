/* Caffe's parameters of layers that move values. Names and defaults: caffe.proto; the rules
 * among them: LayerSetUp() of <name>_layer.cpp. */
#include <string.h>

#include "model/format/caffe_parameters.h"

void caffe_read_input(const struct caffe_layer *layer, union parameters *out)
{
    (void)layer;
    (void)out;
}

void caffe_read_concat(const struct caffe_layer *layer, union parameters *out)
{
    const struct prototxt_field *message =
        caffe_parameters(layer, "concat_param", "axis concat_dim");
    int64_t older = prototxt_int(layer->reader, message, "concat_dim", 0, SHAPE_MAX_DIMS, 1);

    if (prototxt_find(message, "axis") && prototxt_find(message, "concat_dim"))
        caffe_fail(layer, STATUS_DATA, "axis and concat_dim exclude each other");
    out->concat.axis =
        prototxt_int(layer->reader, message, "axis", -SHAPE_MAX_DIMS, SHAPE_MAX_DIMS, older);
}

void caffe_read_flatten(const struct caffe_layer *layer, union parameters *out)
{
    const struct prototxt_field *message =
        caffe_parameters(layer, "flatten_param", "axis end_axis");

    out->flatten.axis =
        prototxt_int(layer->reader, message, "axis", -SHAPE_MAX_DIMS, SHAPE_MAX_DIMS, 1);
    out->flatten.end_axis =
        prototxt_int(layer->reader, message, "end_axis", -SHAPE_MAX_DIMS, SHAPE_MAX_DIMS, -1);
}

void caffe_read_split(const struct caffe_layer *layer, union parameters *out)
{
    (void)layer;
    (void)out;
}

void caffe_read_slice(const struct caffe_layer *layer, union parameters *out)
{
    (void)out;
    caffe_fail(layer, STATUS_UNSUPPORTED, "this layer is not supported");
}

void caffe_read_silence(const struct caffe_layer *layer, union parameters *out)
{
    (void)out;
    caffe_fail(layer, STATUS_UNSUPPORTED, "this layer is not supported");
}

void caffe_read_crop(const struct caffe_layer *layer, union parameters *out)
{
    (void)out;
    caffe_fail(layer, STATUS_UNSUPPORTED, "this layer is not supported");
}

void caffe_read_reshape(const struct caffe_layer *layer, union parameters *out)
{
    (void)out;
    caffe_fail(layer, STATUS_UNSUPPORTED, "this layer is not supported");
}

void caffe_read_permute(const struct caffe_layer *layer, union parameters *out)
{
    (void)out;
    caffe_fail(layer, STATUS_UNSUPPORTED, "this layer is not supported");
}

void caffe_read_tile(const struct caffe_layer *layer, union parameters *out)
{
    (void)out;
    caffe_fail(layer, STATUS_UNSUPPORTED, "this layer is not supported");
}

void caffe_read_shuffle_channel(const struct caffe_layer *layer, union parameters *out)
{
    (void)out;
    caffe_fail(layer, STATUS_UNSUPPORTED, "this layer is not supported");
}
