/* Layers that the Caffe writer adds by itself. */
#include "model/format/caffe/caffe_writer.h"

enum { SLICE_PARAM = 126 };

float *caffe_out_constant(struct caffe_writer *writer, struct caffe_layer_out *layer,
                          const struct shape *shape)
{
    struct weight *weight = caffe_pool_alloc(&writer->pool, 1, sizeof *weight);
    float *values;
    size_t count = 1;

    for (unsigned i = 0; i < shape->dims; i++)
        count *= (size_t)shape->dim[i];
    values = caffe_pool_alloc(&writer->pool, count, sizeof *values);
    if (!weight || !values)
        return NULL;
    *weight = weight_make(shape, values);
    layer->weights = weight;
    layer->weight_count = 1;
    return values;
}

static bool cuts(const struct caffe_cut *cut)
{
    return cut->keep != cut->total;
}

bool caffe_cut_needed(const struct caffe_cut both[2])
{
    return cuts(&both[0]) || cuts(&both[1]);
}

static void cut_axis(struct caffe_writer *writer, const struct node *node, const char *bottom,
                     int axis, const struct caffe_cut *cut, const char *top)
{
    bool before = cut->skip > 0, after = cut->skip + cut->keep < cut->total;
    struct caffe_layer_out *slice =
        caffe_out_aux(writer, node, "Slice", "Slice", bottom, 1U + before + after);
    struct caffe_message *m = caffe_put_message(&slice->parameters, "slice_param", SLICE_PARAM);

    if (before)
        caffe_put_int(m, "slice_point", 2, cut->skip);
    if (after)
        caffe_put_int(m, "slice_point", 2, cut->skip + cut->keep);
    caffe_put_int_unless(m, "axis", 3, axis, 1);
    for (uint32_t i = 0; i < slice->top_count; i++)
        slice->tops[i] = i == before ? top : caffe_out_between(writer, node, "Rest");
    for (uint32_t i = 0; i < slice->top_count; i++) {
        if (i != before)
            caffe_out_aux(writer, node, "Silence", "Silence", slice->tops[i], 0);
    }
}

void caffe_out_cut(struct caffe_writer *writer, const struct node *node, const char *bottom,
                   const struct caffe_cut both[2], const char *top)
{
    if (cuts(&both[0])) {
        const char *rows = cuts(&both[1]) ? caffe_out_between(writer, node, "Rows") : top;
        cut_axis(writer, node, bottom, 2, &both[0], rows);
        bottom = rows;
    }
    if (cuts(&both[1]))
        cut_axis(writer, node, bottom, 3, &both[1], top);
}
