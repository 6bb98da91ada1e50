#include "model/format/tensorflow/tensorflow_emit.h"

#include <unistd.h>

#include "model/format/wire_writer.h"

static void put_shape(struct wire_message *out, uint32_t field, const struct shape *shape)
{
    struct wire_message message, dim;

    wire_init(&message);
    wire_init(&dim);
    for (unsigned i = 0; i < shape->dims; i++) {
        wire_put_int(&dim, TF_DIM_SIZE, shape->dim[i]);
        wire_put_message(&message, TF_SHAPE_DIM, &dim);
    }
    wire_put_message(out, field, &message);
    wire_free(&dim);
    wire_free(&message);
}

/* Single int32 stand in int_val, as TensorFlow's own make_tensor_proto() writes them: importers
 * look for axes there. */
static void put_tensor(struct wire_message *out, uint32_t field, const struct tf_tensor *tensor)
{
    struct wire_message message;

    wire_init(&message);
    wire_put_varint(&message, TF_TENSOR_DTYPE, tensor->type);
    if (tensor->type == TF_TYPE_FLOAT) {
        put_shape(&message, TF_TENSOR_SHAPE, &tensor->floats.shape);
        wire_put_weight(&message, TF_TENSOR_CONTENT, &tensor->floats);
    } else {
        put_shape(&message, TF_TENSOR_SHAPE, &tensor->shape);
        if (tensor->count == 1)
            wire_put_ints(&message, TF_TENSOR_INT, (const int64_t[]){*tensor->ints}, 1);
        else
            wire_put_bytes(&message, TF_TENSOR_CONTENT, tensor->ints,
                           tensor->count * sizeof *tensor->ints);
    }
    wire_put_message(out, field, &message);
    wire_free(&message);
}

static void put_value(struct wire_message *out, const struct tf_attr *attr)
{
    struct wire_message list;

    switch (attr->field) {
    case TF_ATTR_S:
        wire_put_text(out, TF_ATTR_S, attr->text);
        break;
    case TF_ATTR_I:
        wire_put_int(out, TF_ATTR_I, attr->i);
        break;
    case TF_ATTR_F:
        wire_put_float(out, TF_ATTR_F, attr->f);
        break;
    case TF_ATTR_B:
        wire_put_varint(out, TF_ATTR_B, attr->b);
        break;
    case TF_ATTR_TYPE:
        wire_put_varint(out, TF_ATTR_TYPE, attr->type);
        break;
    case TF_ATTR_SHAPE:
        put_shape(out, TF_ATTR_SHAPE, attr->shape);
        break;
    case TF_ATTR_TENSOR:
        put_tensor(out, TF_ATTR_TENSOR, attr->tensor);
        break;
    default:
        wire_init(&list);
        wire_put_ints(&list, TF_ATTR_I, attr->list.ints, attr->list.count);
        wire_put_message(out, TF_ATTR_LIST, &list);
        wire_free(&list);
    }
}

static void put_node(struct wire_message *out, const struct tf_node *node)
{
    struct wire_message message, entry, value;

    wire_init(&message);
    wire_init(&entry);
    wire_init(&value);
    wire_put_text(&message, TF_NODE_NAME, node->name);
    wire_put_text(&message, TF_NODE_OP, node->op);
    for (const char **input = node->inputs; *input; input++)
        wire_put_text(&message, TF_NODE_INPUT, *input);
    for (const struct tf_attr *attr = node->attrs; attr; attr = attr->next) {
        wire_put_text(&entry, TF_ENTRY_KEY, attr->key);
        put_value(&value, attr);
        wire_put_message(&entry, TF_ENTRY_VALUE, &value);
        wire_put_message(&message, TF_NODE_ATTR, &entry);
    }
    wire_put_message(out, TF_GRAPH_NODE, &message);
    wire_free(&value);
    wire_free(&entry);
    wire_free(&message);
}

static void put_graph(struct wire_message *out, const struct tf_graph *tf)
{
    struct wire_message versions;

    for (const struct tf_node *node = tf->nodes; node; node = node->next)
        put_node(out, node);
    wire_init(&versions);
    wire_put_varint(&versions, TF_VERSIONS_PRODUCER, TF_GRAPH_VERSION);
    wire_put_message(out, TF_GRAPH_VERSIONS, &versions);
    wire_free(&versions);
}

enum status tf_emit_graph(const struct tf_graph *tf, const char *path, struct error *error)
{
    struct wire_message message;
    struct output *output;
    enum status status, closed;

    status = output_create(path, &output, error);
    if (status)
        return status;
    wire_init(&message);
    put_graph(&message, tf);
    status = wire_write(&message, path, output, error);
    wire_free(&message);
    closed = output_close(output, status ? NULL : error);
    if (status)
        unlink(path);
    return status ? status : closed;
}
