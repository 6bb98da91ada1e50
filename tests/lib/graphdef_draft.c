#include "tests/lib/graphdef_draft.h"

#include <string.h>
#include <unistd.h>

#include "model/shape.h"
#include "tests/lib/net.h"

void draft_init(struct draft *draft)
{
    wire_init(&draft->graph);
    wire_init(&draft->node);
    draft->open = false;
}

void draft_free(struct draft *draft)
{
    wire_free(&draft->graph);
    wire_free(&draft->node);
}

static void end_node(struct draft *draft)
{
    if (draft->open)
        wire_put_message(&draft->graph, TF_GRAPH_NODE, &draft->node);
    draft->open = false;
}

void draft_node(struct draft *draft, const char *name, const char *op, const char *inputs)
{
    end_node(draft);
    wire_put_text(&draft->node, TF_NODE_NAME, name);
    wire_put_text(&draft->node, TF_NODE_OP, op);
    while (*inputs) {
        size_t size = strcspn(inputs, " ");
        wire_put_bytes(&draft->node, TF_NODE_INPUT, inputs, size);
        inputs += size + (inputs[size] == ' ');
    }
    draft->open = true;
}

static void put_attr(struct draft *draft, const char *key, struct wire_message *value)
{
    struct wire_message entry;

    wire_init(&entry);
    wire_put_text(&entry, TF_ENTRY_KEY, key);
    wire_put_message(&entry, TF_ENTRY_VALUE, value);
    wire_put_message(&draft->node, TF_NODE_ATTR, &entry);
    wire_free(&entry);
    wire_free(value);
}

void draft_int(struct draft *draft, const char *key, int64_t number)
{
    struct wire_message value;

    wire_init(&value);
    wire_put_int(&value, TF_ATTR_I, number);
    put_attr(draft, key, &value);
}

void draft_float(struct draft *draft, const char *key, float number)
{
    struct wire_message value;

    wire_init(&value);
    wire_put_float(&value, TF_ATTR_F, number);
    put_attr(draft, key, &value);
}

void draft_bool(struct draft *draft, const char *key, bool number)
{
    struct wire_message value;

    wire_init(&value);
    wire_put_varint(&value, TF_ATTR_B, number);
    put_attr(draft, key, &value);
}

void draft_type(struct draft *draft, const char *key, enum tf_type type)
{
    struct wire_message value;

    wire_init(&value);
    wire_put_varint(&value, TF_ATTR_TYPE, type);
    put_attr(draft, key, &value);
}

void draft_text(struct draft *draft, const char *key, const char *text)
{
    struct wire_message value;

    wire_init(&value);
    wire_put_text(&value, TF_ATTR_S, text);
    put_attr(draft, key, &value);
}

void draft_ints(struct draft *draft, const char *key, size_t count, const int64_t *values)
{
    struct wire_message value, list;

    wire_init(&value);
    wire_init(&list);
    wire_put_ints(&list, TF_ATTR_I, values, count);
    wire_put_message(&value, TF_ATTR_LIST, &list);
    put_attr(draft, key, &value);
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

void draft_shape(struct draft *draft, const char *key, const struct shape *shape)
{
    struct wire_message value;

    wire_init(&value);
    put_shape(&value, TF_ATTR_SHAPE, shape);
    put_attr(draft, key, &value);
}

void draft_tensor(struct draft *draft, const char *key, struct wire_message *tensor)
{
    struct wire_message value;

    wire_init(&value);
    wire_put_message(&value, TF_ATTR_TENSOR, tensor);
    put_attr(draft, key, &value);
    wire_free(tensor);
}

void draft_begin_tensor(struct wire_message *tensor, enum tf_type type, const struct shape *shape)
{
    wire_init(tensor);
    wire_put_varint(tensor, TF_TENSOR_DTYPE, type);
    put_shape(tensor, TF_TENSOR_SHAPE, shape);
}

void draft_input(struct draft *draft, const char *name, const struct shape *shape)
{
    draft_node(draft, name, "Placeholder", "");
    draft_type(draft, "dtype", TF_TYPE_FLOAT);
    draft_shape(draft, "shape", shape);
}

void draft_floats(struct draft *draft, const char *name, const struct shape *shape,
                  const float *values)
{
    struct wire_message tensor;

    draft_begin_tensor(&tensor, TF_TYPE_FLOAT, shape);
    wire_put_bytes(&tensor, TF_TENSOR_CONTENT, values,
                   shape_product(shape, 0, shape->dims) * sizeof *values);
    draft_node(draft, name, "Const", "");
    draft_tensor(draft, "value", &tensor);
}

void draft_numbers(struct draft *draft, const char *name, size_t count, const int64_t *values)
{
    const struct shape shape = {.dims = 1, .dim = {(int64_t)count}};
    struct wire_message tensor;

    draft_begin_tensor(&tensor, TF_TYPE_INT32, &shape);
    wire_put_ints(&tensor, TF_TENSOR_INT, values, count);
    draft_node(draft, name, "Const", "");
    draft_tensor(draft, "value", &tensor);
}

void draft_number(struct draft *draft, const char *name, int64_t value)
{
    const struct shape scalar = {.dims = 0};
    struct wire_message tensor;

    draft_begin_tensor(&tensor, TF_TYPE_INT32, &scalar);
    wire_put_ints(&tensor, TF_TENSOR_INT, &value, 1);
    draft_node(draft, name, "Const", "");
    draft_tensor(draft, "value", &tensor);
}

struct buf draft_bytes(struct draft *draft)
{
    end_node(draft);
    return draft->graph.bytes;
}

enum status draft_load_bytes(const struct buf *bytes, const struct shape *input_shape,
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
