#include "tests/lib/graphdef_maker.h"

#include <string.h>
#include <unistd.h>

#include "model/shape.h"
#include "tests/lib/net.h"

void maker_init(struct maker *maker)
{
    wire_init(&maker->graph);
    wire_init(&maker->node);
    maker->open = false;
}

void maker_free(struct maker *maker)
{
    wire_free(&maker->graph);
    wire_free(&maker->node);
}

static void end_node(struct maker *maker)
{
    if (maker->open)
        wire_put_message(&maker->graph, TF_GRAPH_NODE, &maker->node);
    maker->open = false;
}

void maker_node(struct maker *maker, const char *name, const char *op, const char *inputs)
{
    end_node(maker);
    wire_put_text(&maker->node, TF_NODE_NAME, name);
    wire_put_text(&maker->node, TF_NODE_OP, op);
    while (*inputs) {
        size_t size = strcspn(inputs, " ");
        wire_put_bytes(&maker->node, TF_NODE_INPUT, inputs, size);
        inputs += size + (inputs[size] == ' ');
    }
    maker->open = true;
}

static void put_attr(struct maker *maker, const char *key, struct wire_message *value)
{
    struct wire_message entry;

    wire_init(&entry);
    wire_put_text(&entry, TF_ENTRY_KEY, key);
    wire_put_message(&entry, TF_ENTRY_VALUE, value);
    wire_put_message(&maker->node, TF_NODE_ATTR, &entry);
    wire_free(&entry);
    wire_free(value);
}

void maker_int(struct maker *maker, const char *key, int64_t number)
{
    struct wire_message value;

    wire_init(&value);
    wire_put_int(&value, TF_ATTR_I, number);
    put_attr(maker, key, &value);
}

void maker_float(struct maker *maker, const char *key, float number)
{
    struct wire_message value;

    wire_init(&value);
    wire_put_float(&value, TF_ATTR_F, number);
    put_attr(maker, key, &value);
}

void maker_bool(struct maker *maker, const char *key, bool number)
{
    struct wire_message value;

    wire_init(&value);
    wire_put_varint(&value, TF_ATTR_B, number);
    put_attr(maker, key, &value);
}

void maker_type(struct maker *maker, const char *key, enum tf_type type)
{
    struct wire_message value;

    wire_init(&value);
    wire_put_varint(&value, TF_ATTR_TYPE, type);
    put_attr(maker, key, &value);
}

void maker_text(struct maker *maker, const char *key, const char *text)
{
    struct wire_message value;

    wire_init(&value);
    wire_put_text(&value, TF_ATTR_S, text);
    put_attr(maker, key, &value);
}

void maker_ints(struct maker *maker, const char *key, size_t count, const int64_t *values)
{
    struct wire_message value, list;

    wire_init(&value);
    wire_init(&list);
    wire_put_ints(&list, TF_ATTR_I, values, count);
    wire_put_message(&value, TF_ATTR_LIST, &list);
    put_attr(maker, key, &value);
    wire_free(&list);
}

static void put_shape(struct wire_message *message, uint32_t field, const struct shape *shape)
{
    struct wire_message text, dim;

    wire_init(&text);
    wire_init(&dim);
    for (unsigned i = 0; i < shape->dims; i++) {
        wire_put_int(&dim, TF_DIM_SIZE, shape->dim[i]);
        wire_put_message(&text, TF_SHAPE_DIM, &dim);
    }
    wire_put_message(message, field, &text);
    wire_free(&text);
    wire_free(&dim);
}

void maker_shape(struct maker *maker, const char *key, const struct shape *shape)
{
    struct wire_message value;

    wire_init(&value);
    put_shape(&value, TF_ATTR_SHAPE, shape);
    put_attr(maker, key, &value);
}

void maker_tensor(struct maker *maker, const char *key, struct wire_message *tensor)
{
    struct wire_message value;

    wire_init(&value);
    wire_put_message(&value, TF_ATTR_TENSOR, tensor);
    put_attr(maker, key, &value);
    wire_free(tensor);
}

void maker_begin_tensor(struct wire_message *tensor, enum tf_type type, const struct shape *shape)
{
    wire_init(tensor);
    wire_put_varint(tensor, TF_TENSOR_DTYPE, type);
    put_shape(tensor, TF_TENSOR_SHAPE, shape);
}

void maker_input(struct maker *maker, const char *name, const struct shape *shape)
{
    maker_node(maker, name, "Placeholder", "");
    maker_type(maker, "dtype", TF_TYPE_FLOAT);
    maker_shape(maker, "shape", shape);
}

void maker_floats(struct maker *maker, const char *name, const struct shape *shape,
                  const float *values)
{
    struct wire_message tensor;

    maker_begin_tensor(&tensor, TF_TYPE_FLOAT, shape);
    wire_put_bytes(&tensor, TF_TENSOR_CONTENT, values,
                   shape_product(shape, 0, shape->dims) * sizeof *values);
    maker_node(maker, name, "Const", "");
    maker_tensor(maker, "value", &tensor);
}

void maker_numbers(struct maker *maker, const char *name, size_t count, const int64_t *values)
{
    const struct shape shape = {.dims = 1, .dim = {(int64_t)count}};
    struct wire_message tensor;

    maker_begin_tensor(&tensor, TF_TYPE_INT32, &shape);
    wire_put_ints(&tensor, TF_TENSOR_INT, values, count);
    maker_node(maker, name, "Const", "");
    maker_tensor(maker, "value", &tensor);
}

void maker_number(struct maker *maker, const char *name, int64_t value)
{
    const struct shape scalar = {.dims = 0};
    struct wire_message tensor;

    maker_begin_tensor(&tensor, TF_TYPE_INT32, &scalar);
    wire_put_ints(&tensor, TF_TENSOR_INT, &value, 1);
    maker_node(maker, name, "Const", "");
    maker_tensor(maker, "value", &tensor);
}

struct buf maker_bytes(struct maker *maker)
{
    end_node(maker);
    return maker->graph.bytes;
}

enum status maker_load_bytes(const struct buf *bytes, const struct shape *input_shape,
                             struct graph **out, struct error *error)
{
    struct model_options options = {.input_shape = {.dims = 0}};
    char path[32];
    enum status status;

    if (input_shape)
        options.input_shape = *input_shape;
    net_temporary(bytes->data, bytes->size, path);
    status = model_load(path, &options, out, error);
    unlink(path);
    return status;
}
