#include "demo/trainer/caffemodel.h"

#include <string.h>

enum { PIECE_LIMIT = 1 << 20 };

/* Field numbers of caffe.proto (BVLC/caffe, src/caffe/proto/caffe.proto). */
enum { NET_NAME = 1, NET_LAYER = 100 };
enum { LAYER_NAME = 1, LAYER_TYPE = 2, LAYER_BOTTOM = 3, LAYER_TOP = 4, LAYER_BLOBS = 7 };
enum { BLOB_DATA = 5, BLOB_SHAPE = 7, SHAPE_DIM = 1 };

static const char *layer_type(const struct layer_spec *spec)
{
    if (spec->kind == LAYER_CONVOLUTION)
        return "Convolution";
    return spec->kind == LAYER_INNER_PRODUCT ? "InnerProduct" : "Pooling";
}

static enum status text_head(struct buf *out, const char *name, const char *type,
                             const char *bottom, const char *top)
{
    return buf_printf(out,
                      "layer {\n  name: \"%s\"\n  type: \"%s\"\n  bottom: \"%s\"\n  top: \"%s\"\n",
                      name, type, bottom, top);
}

static enum status text_optional(struct buf *out, const char *key, size_t value, size_t standard)
{
    return value == standard ? STATUS_OK : buf_printf(out, "    %s: %zu\n", key, value);
}

static enum status text_parameters(const struct layer_spec *spec, struct buf *out)
{
    enum status status = STATUS_OK;

    if (spec->kind == LAYER_INNER_PRODUCT)
        return buf_printf(out, "  inner_product_param {\n    num_output: %zu\n  }\n}\n",
                          spec->outputs);
    if (spec->kind == LAYER_CONVOLUTION)
        status = buf_printf(out, "  convolution_param {\n    num_output: %zu\n", spec->outputs);
    else
        status = buf_append_text(out, "  pooling_param {\n    pool: MAX\n");
    if (!status)
        status = text_optional(out, "pad", spec->pad, 0);
    if (!status)
        status = text_optional(out, "kernel_size", spec->kernel, 0);
    if (!status)
        status = text_optional(out, "stride", spec->stride, 1);
    return status ? status : buf_append_text(out, "  }\n}\n");
}

static enum status text_layer(const struct layer_spec *spec, const char *bottom, struct buf *out)
{
    enum status status = text_head(out, spec->name, layer_type(spec), bottom, spec->name);

    if (!status)
        status = text_parameters(spec, out);
    if (status || !spec->relu)
        return status;
    return buf_printf(out,
                      "layer {\n  name: \"%s_relu\"\n  type: \"ReLU\"\n  bottom: \"%s\"\n"
                      "  top: \"%s\"\n}\n",
                      spec->name, spec->name, spec->name);
}

enum status caffemodel_write_text(const char *name, struct buf *out)
{
    const char *bottom = "data";
    enum status status =
        buf_printf(out,
                   "name: \"%s\"\nlayer {\n  name: \"data\"\n  type: \"Input\"\n  top: \"data\"\n"
                   "  input_param {\n    shape { dim: 1 dim: %d dim: %d dim: %d }\n  }\n}\n",
                   name, NET_CHANNELS, NET_SIDE, NET_SIDE);

    for (size_t i = 0; !status && i < NET_LAYERS; i++) {
        status = text_layer(&net_specs[i], bottom, out);
        bottom = net_specs[i].name;
    }
    if (!status)
        status = text_head(out, "prob", "Softmax", bottom, "prob");
    return status ? status : buf_append_text(out, "}\n");
}

static enum status put_varint(struct buf *out, uint64_t value)
{
    unsigned char bytes[10];
    size_t count = 0;

    for (; value > 127; value >>= 7)
        bytes[count++] = (unsigned char)(value | 128);
    bytes[count++] = (unsigned char)value;
    return buf_append(out, bytes, count);
}

/* Tag and length of a field of wire type 2, then its bytes. */
static enum status put_bytes(struct buf *out, unsigned field, const void *bytes, size_t size)
{
    enum status status = put_varint(out, field << 3 | 2);

    if (!status)
        status = put_varint(out, size);
    return status ? status : buf_append(out, bytes, size);
}

static enum status put_text(struct buf *out, unsigned field, const char *text)
{
    return put_bytes(out, field, text, strlen(text));
}

/* Little-endian whatever the machine. */
static enum status put_float(struct buf *out, float value)
{
    unsigned char bytes[4];
    uint32_t bits;

    memcpy(&bits, &value, sizeof bits);
    for (int i = 0; i < 4; i++)
        bytes[i] = (unsigned char)(bits >> 8 * i);
    return buf_append(out, bytes, sizeof bytes);
}

/* A BlobProto: shape { dim … packed } and `data`, packed floats in little-endian. */
static enum status put_blob(struct buf *out, const size_t *dims, size_t dim_count,
                            const struct buf *data)
{
    struct buf shape, list, blob;
    enum status status = STATUS_OK;

    buf_init(&shape, PIECE_LIMIT);
    buf_init(&list, PIECE_LIMIT);
    buf_init(&blob, PIECE_LIMIT);
    for (size_t i = 0; !status && i < dim_count; i++)
        status = put_varint(&list, dims[i]);
    if (!status)
        status = put_bytes(&shape, SHAPE_DIM, list.data, list.size);
    if (!status)
        status = put_bytes(&blob, BLOB_DATA, data->data, data->size);
    if (!status)
        status = put_bytes(&blob, BLOB_SHAPE, shape.data, shape.size);
    if (!status)
        status = put_bytes(out, LAYER_BLOBS, blob.data, blob.size);
    buf_free(&shape);
    buf_free(&list);
    buf_free(&blob);
    return status;
}

/* From [ky][kx][in][out] to Caffe's [out][in][ky][kx]. */
static enum status put_weights(const struct layer *layer, struct buf *out)
{
    size_t area = layer->spec->kernel * layer->spec->kernel;
    size_t convolution[] = {layer->channels, layer->in_channels, layer->spec->kernel,
                            layer->spec->kernel};
    size_t product[] = {layer->channels, layer->patch};
    bool is_product = layer->spec->kind == LAYER_INNER_PRODUCT;
    enum status status = STATUS_OK;
    struct buf data;

    buf_init(&data, PIECE_LIMIT);
    for (size_t i = 0; !status && i < layer->weight_count; i++) {
        size_t output = i / layer->patch, in = i % layer->patch / area, tap = i % area;
        size_t from = (tap * layer->in_channels + in) * layer->channels + output;
        status = put_float(&data, layer->weights[from]);
    }
    if (!status)
        status = put_blob(out, is_product ? product : convolution, is_product ? 2 : 4, &data);
    buf_free(&data);
    return status;
}

static enum status put_bias(const struct layer *layer, struct buf *out)
{
    enum status status = STATUS_OK;
    struct buf data;

    buf_init(&data, PIECE_LIMIT);
    for (size_t i = 0; !status && i < layer->channels; i++)
        status = put_float(&data, layer->bias[i]);
    if (!status)
        status = put_blob(out, &layer->channels, 1, &data);
    buf_free(&data);
    return status;
}

static enum status put_layer(const struct layer *layer, const char *bottom, struct buf *out)
{
    struct buf message;
    enum status status;

    buf_init(&message, PIECE_LIMIT);
    status = put_text(&message, LAYER_NAME, layer->spec->name);
    if (!status)
        status = put_text(&message, LAYER_TYPE, layer_type(layer->spec));
    if (!status)
        status = put_text(&message, LAYER_BOTTOM, bottom);
    if (!status)
        status = put_text(&message, LAYER_TOP, layer->spec->name);
    if (!status && layer->weight_count)
        status = put_weights(layer, &message);
    if (!status && layer->weight_count)
        status = put_bias(layer, &message);
    if (!status)
        status = put_bytes(out, NET_LAYER, message.data, message.size);
    buf_free(&message);
    return status;
}

enum status caffemodel_write_weights(const char *name, const struct net *net, struct buf *out)
{
    enum status status = put_text(out, NET_NAME, name);
    const char *bottom = "data";

    for (size_t i = 0; !status && i < NET_LAYERS; i++) {
        status = put_layer(&net->layers[i], bottom, out);
        bottom = net->layers[i].spec->name;
    }
    return status;
}
