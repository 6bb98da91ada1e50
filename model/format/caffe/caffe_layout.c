/* Caffe's parameters of layers that move values. Names and defaults: caffe.proto; the rules
 * among them: LayerSetUp() of <name>_layer.cpp. */
#include <string.h>

#include "model/format/caffe/caffe_parameters.h"

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

/* slice_layer.cpp: as many points as outputs but one, or none. */
static const int64_t *read_points(const struct caffe_layer *layer,
                                  const struct prototxt_field *message, size_t count)
{
    const struct prototxt_field *field = prototxt_find(message, "slice_point");
    int64_t *points;

    if (count != layer->node->output_count - 1) {
        caffe_fail(layer, STATUS_DATA, "Slice takes one slice_point less than it has tops");
        return NULL;
    }
    points = arena_alloc(&layer->graph->arena, count, sizeof *points);
    if (!points)
        prototxt_fail(layer->reader, layer->layer, STATUS_MEMORY, "out of memory");
    for (size_t i = 0; points && i < count; i++, field = prototxt_find_next(field))
        points[i] = prototxt_field_int(layer->reader, field, 0, UINT32_MAX);
    return points;
}

void caffe_read_slice(const struct caffe_layer *layer, union parameters *out)
{
    const struct prototxt_field *message =
        caffe_parameters(layer, "slice_param", "axis slice_point slice_dim");
    int64_t older = prototxt_int(layer->reader, message, "slice_dim", 0, SHAPE_MAX_DIMS, 1);

    if (prototxt_find(message, "axis") && prototxt_find(message, "slice_dim"))
        caffe_fail(layer, STATUS_DATA, "axis and slice_dim exclude each other");
    out->slice.axis =
        prototxt_int(layer->reader, message, "axis", -SHAPE_MAX_DIMS, SHAPE_MAX_DIMS, older);
    out->slice.point_count = prototxt_count(message, "slice_point");
    if (out->slice.point_count)
        out->slice.points = read_points(layer, message, out->slice.point_count);
}

void caffe_read_silence(const struct caffe_layer *layer, union parameters *out)
{
    (void)layer;
    (void)out;
}

void caffe_read_crop(const struct caffe_layer *layer, union parameters *out)
{
    const struct prototxt_field *message = caffe_parameters(layer, "crop_param", "axis offset");
    const struct prototxt_field *offset = prototxt_find(message, "offset");

    out->crop.axis =
        prototxt_int(layer->reader, message, "axis", -SHAPE_MAX_DIMS, SHAPE_MAX_DIMS, 2);
    if (prototxt_count(message, "offset") > SHAPE_MAX_DIMS) {
        caffe_fail(layer, STATUS_DATA, "Crop takes one offset, or one per axis from `axis` on");
        return;
    }
    for (; offset; offset = prototxt_find_next(offset))
        out->crop.offsets[out->crop.offset_count++] =
            prototxt_field_int(layer->reader, offset, 0, UINT32_MAX);
}

void caffe_read_reshape(const struct caffe_layer *layer, union parameters *out)
{
    struct reshape_parameters *p = &out->reshape;
    const struct prototxt_field *message =
        caffe_parameters(layer, "reshape_param", "shape axis num_axes");
    const struct prototxt_field *shape = prototxt_message(layer->reader, message, "shape");
    const struct prototxt_field *dim = prototxt_find(shape, "dim");

    prototxt_known(layer->reader, shape, "dim");
    p->axis = prototxt_int(layer->reader, message, "axis", -SHAPE_MAX_DIMS - 1, SHAPE_MAX_DIMS, 0);
    p->num_axes = prototxt_int(layer->reader, message, "num_axes", -1, SHAPE_MAX_DIMS, -1);
    if (prototxt_count(shape, "dim") > SHAPE_MAX_DIMS) {
        prototxt_fail(layer->reader, shape, STATUS_LIMIT, "a shape has more than %d dimensions",
                      SHAPE_MAX_DIMS);
        return;
    }
    for (; dim; dim = prototxt_find_next(dim))
        p->shape.dim[p->shape.dims++] = prototxt_field_int(layer->reader, dim, -1, INT32_MAX);
}

/* permute_layer.cpp of weiliu89/caffe: axes that `order` does not name follow as they stand. */
void caffe_read_permute(const struct caffe_layer *layer, union parameters *out)
{
    struct permute_parameters *p = &out->permute;
    const struct prototxt_field *message = caffe_parameters(layer, "permute_param", "order");
    const struct prototxt_field *order = prototxt_find(message, "order");
    unsigned named = 0, filled;

    if (prototxt_count(message, "order") > SHAPE_MAX_DIMS) {
        caffe_fail(layer, STATUS_DATA, "`order` names more axes than a tensor can have");
        return;
    }
    for (; order; order = prototxt_find_next(order)) {
        p->order[p->dims] =
            (uint8_t)prototxt_field_int(layer->reader, order, 0, SHAPE_MAX_DIMS - 1);
        named |= 1U << p->order[p->dims++];
    }
    filled = p->dims;
    for (uint8_t axis = 0; axis < SHAPE_MAX_DIMS && filled < SHAPE_MAX_DIMS; axis++) {
        if (!(named >> axis & 1))
            p->order[filled++] = axis;
    }
}

void caffe_read_tile(const struct caffe_layer *layer, union parameters *out)
{
    const struct prototxt_field *message = caffe_parameters(layer, "tile_param", "axis tiles");

    out->tile.axis =
        prototxt_int(layer->reader, message, "axis", -SHAPE_MAX_DIMS, SHAPE_MAX_DIMS, 1);
    out->tile.tiles = prototxt_int(layer->reader, message, "tiles", 1, INT32_MAX, 0);
    if (!out->tile.tiles)
        caffe_fail(layer, STATUS_DATA, "tiles is missing");
}

/* shuffle_channel_layer.cpp of farmingyard/ShuffleNet; its caffe.proto has group 1 as default. */
void caffe_read_shuffle_channel(const struct caffe_layer *layer, union parameters *out)
{
    const struct prototxt_field *message =
        caffe_parameters(layer, "shuffle_channel_param", "group");

    out->shuffle_channel.group = prototxt_int(layer->reader, message, "group", 1, INT32_MAX, 1);
}
