#include "tests/lib/onnx_model.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "model/format/onnx/onnx_proto.h"
#include "tests/lib/net.h"
#include "tests/lib/protobuf.h"

enum { BUF_LIMIT = 1 << 24, PATH_SIZE = 32 };

void onnx_model_begin(struct onnx_model *model, int64_t opset)
{
    buf_init(&model->graph, BUF_LIMIT);
    buf_init(&model->attributes, BUF_LIMIT);
    buf_init(&model->bytes, BUF_LIMIT);
    model->opset = opset;
}

void onnx_model_free(struct onnx_model *model)
{
    buf_free(&model->graph);
    buf_free(&model->attributes);
    buf_free(&model->bytes);
}

void onnx_model_input(struct onnx_model *model, const char *name, unsigned dims, const int64_t *dim)
{
    struct buf shape, extent, tensor, type, info;

    buf_init(&shape, BUF_LIMIT);
    buf_init(&extent, BUF_LIMIT);
    buf_init(&tensor, BUF_LIMIT);
    buf_init(&type, BUF_LIMIT);
    buf_init(&info, BUF_LIMIT);
    for (unsigned i = 0; i < dims; i++) {
        if (dim[i])
            protobuf_varint(&extent, ONNX_DIM_VALUE, (uint64_t)dim[i]);
        else
            protobuf_text(&extent, ONNX_DIM_PARAM, "N");
        protobuf_message(&shape, ONNX_SHAPE_DIM, &extent);
    }
    protobuf_varint(&tensor, ONNX_TENSOR_TYPE_ELEM, ONNX_FLOAT);
    protobuf_message(&tensor, ONNX_TENSOR_TYPE_SHAPE, &shape);
    protobuf_message(&type, ONNX_TYPE_TENSOR_TYPE, &tensor);
    protobuf_text(&info, ONNX_VALUE_NAME, name);
    protobuf_message(&info, ONNX_VALUE_TYPE, &type);
    protobuf_message(&model->graph, ONNX_GRAPH_INPUT, &info);
    buf_free(&shape);
    buf_free(&extent);
    buf_free(&tensor);
    buf_free(&type);
    buf_free(&info);
}

void onnx_model_output(struct onnx_model *model, const char *name)
{
    struct buf info;

    buf_init(&info, BUF_LIMIT);
    protobuf_text(&info, ONNX_VALUE_NAME, name);
    protobuf_message(&model->graph, ONNX_GRAPH_OUTPUT, &info);
    buf_free(&info);
}

void onnx_model_tensor(struct onnx_model *model, struct buf *tensor)
{
    protobuf_message(&model->graph, ONNX_GRAPH_INITIALIZER, tensor);
    buf_free(tensor);
}

void onnx_model_floats(struct onnx_model *model, const char *name, unsigned dims,
                       const int64_t *dim, const float *data)
{
    struct buf tensor;
    size_t count = 1;

    buf_init(&tensor, BUF_LIMIT);
    for (unsigned i = 0; i < dims; i++) {
        protobuf_varint(&tensor, ONNX_TENSOR_DIMS, (uint64_t)dim[i]);
        count *= (size_t)dim[i];
    }
    protobuf_varint(&tensor, ONNX_TENSOR_DATA_TYPE, ONNX_FLOAT);
    protobuf_text(&tensor, ONNX_TENSOR_NAME, name);
    protobuf_bytes(&tensor, ONNX_TENSOR_RAW_DATA, data, count * sizeof *data);
    onnx_model_tensor(model, &tensor);
}

void onnx_model_integers(struct onnx_model *model, const char *name, size_t count,
                         const int64_t *data)
{
    struct buf tensor;

    buf_init(&tensor, BUF_LIMIT);
    protobuf_varint(&tensor, ONNX_TENSOR_DIMS, count);
    protobuf_varint(&tensor, ONNX_TENSOR_DATA_TYPE, ONNX_INT64);
    protobuf_text(&tensor, ONNX_TENSOR_NAME, name);
    protobuf_bytes(&tensor, ONNX_TENSOR_RAW_DATA, data, count * sizeof *data);
    onnx_model_tensor(model, &tensor);
}

static void end_attribute(struct onnx_model *model, struct buf *attribute, const char *name)
{
    protobuf_text(attribute, ONNX_ATTRIBUTE_NAME, name);
    protobuf_message(&model->attributes, ONNX_NODE_ATTRIBUTE, attribute);
    buf_free(attribute);
}

void onnx_model_int(struct onnx_model *model, const char *name, int64_t value)
{
    struct buf attribute;

    buf_init(&attribute, BUF_LIMIT);
    protobuf_varint(&attribute, ONNX_ATTRIBUTE_I, (uint64_t)value);
    end_attribute(model, &attribute, name);
}

void onnx_model_float(struct onnx_model *model, const char *name, float value)
{
    struct buf attribute;
    uint32_t bits;

    memcpy(&bits, &value, sizeof bits);
    buf_init(&attribute, BUF_LIMIT);
    protobuf_fixed32(&attribute, ONNX_ATTRIBUTE_F, bits);
    end_attribute(model, &attribute, name);
}

void onnx_model_text(struct onnx_model *model, const char *name, const char *text)
{
    struct buf attribute;

    buf_init(&attribute, BUF_LIMIT);
    protobuf_text(&attribute, ONNX_ATTRIBUTE_S, text);
    end_attribute(model, &attribute, name);
}

void onnx_model_graph(struct onnx_model *model, const char *name, struct onnx_model *branch)
{
    struct buf attribute;

    buf_init(&attribute, BUF_LIMIT);
    protobuf_message(&attribute, ONNX_ATTRIBUTE_G, &branch->graph);
    end_attribute(model, &attribute, name);
    onnx_model_free(branch);
}

/* One field per number, as protobuf's second version writes them. */
void onnx_model_ints(struct onnx_model *model, const char *name, size_t count,
                     const int64_t *values)
{
    struct buf attribute;

    buf_init(&attribute, BUF_LIMIT);
    for (size_t i = 0; i < count; i++)
        protobuf_varint(&attribute, ONNX_ATTRIBUTE_INTS, (uint64_t)values[i]);
    end_attribute(model, &attribute, name);
}

static void put_names(struct buf *node, uint32_t field, const char *names)
{
    while (*names) {
        size_t length = strcspn(names, " ");
        bool left_out = length == 1 && *names == '-';
        protobuf_bytes(node, field, names, left_out ? 0 : length);
        names += length;
        names += strspn(names, " ");
    }
}

void onnx_model_node(struct onnx_model *model, const char *type, const char *inputs,
                     const char *outputs)
{
    struct buf node;

    buf_init(&node, BUF_LIMIT);
    put_names(&node, ONNX_NODE_INPUT, inputs);
    put_names(&node, ONNX_NODE_OUTPUT, outputs);
    protobuf_text(&node, ONNX_NODE_OP_TYPE, type);
    if (model->attributes.size && buf_append(&node, model->attributes.data, model->attributes.size))
        abort();
    buf_clear(&model->attributes);
    protobuf_message(&model->graph, ONNX_GRAPH_NODE, &node);
    buf_free(&node);
}

void onnx_model_end(struct onnx_model *model)
{
    struct buf opset;

    buf_init(&opset, BUF_LIMIT);
    protobuf_varint(&model->bytes, ONNX_MODEL_IR_VERSION, 7);
    protobuf_varint(&opset, ONNX_OPSET_VERSION, (uint64_t)model->opset);
    protobuf_message(&model->bytes, ONNX_MODEL_OPSET_IMPORT, &opset);
    protobuf_message(&model->bytes, ONNX_MODEL_GRAPH, &model->graph);
    buf_free(&opset);
}

enum status onnx_model_load(const void *bytes, size_t size, struct graph **out, struct error *error)
{
    char path[PATH_SIZE];
    enum status status;

    net_temporary(bytes, size, path);
    status = model_load(path, NULL, out, error);
    unlink(path);
    return status;
}
