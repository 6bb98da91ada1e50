#include "model/format/onnx/onnx_put.h"

#include <stdio.h>
#include <string.h>

#include "model/format/onnx/onnx_proto.h"
#include "model/shape.h"

/* ---- the layer ---- */

const char *onnx_input(const struct onnx_put *put, uint32_t index)
{
    return names_value(put->writer->names, put->node->inputs[index]);
}

const struct shape *onnx_input_shape(const struct onnx_put *put, uint32_t index)
{
    return &put->writer->graph->values[put->node->inputs[index]].shape;
}

const struct shape *onnx_output_shape(const struct onnx_put *put, uint32_t index)
{
    return &put->writer->graph->values[put->node->outputs[index]].shape;
}

unsigned onnx_axis(const struct onnx_put *put, int64_t axis)
{
    unsigned index = 0;

    return shape_axis(onnx_input_shape(put, 0), axis, &index) ? index : 0;
}

void onnx_refuse(struct onnx_put *put, enum limit limit)
{
    struct onnx_writer *writer = put->writer;
    size_t left = sizeof writer->refused - writer->refused_size;
    int wrote;

    writer->refused_count++;
    if (left <= 1)
        return;
    wrote = snprintf(writer->refused + writer->refused_size, left, "%s'%s' (%s: %s)",
                     writer->refused_count > 1 ? ", " : "", put->node->name, put->node->op->name,
                     limit_info(limit)->why);
    if (wrote > 0)
        writer->refused_size += (size_t)wrote < left ? (size_t)wrote : left - 1;
}

/* ---- names ---- */

void onnx_no_memory(struct onnx_put *put)
{
    struct onnx_writer *writer = put->writer;

    if (!writer->status)
        writer->status = arena_fail(&writer->arena, writer->error);
}

/* How often the layer has used this word before. A layer with more words than fit would number the
 * last of them together, which is as good. */
static unsigned count_word(struct onnx_put *put, const char *word)
{
    size_t i = 0;

    while (i < ONNX_PUT_WORDS - 1 && put->words[i].word && strcmp(put->words[i].word, word) != 0)
        i++;
    put->words[i].word = word;
    return put->words[i].count++;
}

/* "BASE/WORD", "BASE/WORD_1" and so on. Words hold no '/' and do not end in '_', so that two layers
 * never meet; a value of the graph that has the name already is stepped around. */
static const char *make_name(struct onnx_put *put, const char *base, const char *word,
                             unsigned number)
{
    struct onnx_writer *writer = put->writer;
    size_t size = strlen(base) + strlen(word) + 32, used;
    char *text = arena_alloc(&writer->arena, size, 1);

    if (!text) {
        onnx_no_memory(put);
        return "";
    }
    if (number)
        used = (size_t)snprintf(text, size, "%s/%s_%u", base, word, number);
    else
        used = (size_t)snprintf(text, size, "%s/%s", base, word);
    while (names_find(writer->names, text) >= 0 && used + 1 < size)
        text[used++] = '_';
    return text;
}

static const char *new_name(struct onnx_put *put, const char *word)
{
    return make_name(put, put->base, word, count_word(put, word));
}

/* ---- nodes ---- */

static void flush(struct onnx_put *put, const char *name)
{
    wire_put_text(&put->message, ONNX_NODE_NAME, name);
    wire_put_message(&put->writer->graph_message, ONNX_GRAPH_NODE, &put->message);
    put->pending = false;
}

static void put_second_output(struct onnx_put *put)
{
    if (put->pending_second)
        wire_put_text(&put->message, ONNX_NODE_OUTPUT, put->pending_second);
    put->pending_second = NULL;
}

static void flush_step(struct onnx_put *put)
{
    if (!put->pending)
        return;
    wire_put_text(&put->message, ONNX_NODE_OUTPUT, put->pending_output);
    put_second_output(put);
    flush(put, put->pending_name);
}

const char *onnx_step_list(struct onnx_put *put, const char *type, const char *const *inputs,
                           size_t count)
{
    unsigned number = count_word(put, type);

    flush_step(put);
    for (size_t i = 0; i < count; i++)
        wire_put_text(&put->message, ONNX_NODE_INPUT, inputs[i]);
    wire_put_text(&put->message, ONNX_NODE_OP_TYPE, type);
    put->pending = true;
    put->pending_output = make_name(put, put->base, type, number);
    put->pending_name = make_name(put, put->name, type, number);
    return put->pending_output;
}

const char *onnx_step(struct onnx_put *put, const char *type, const char *a, const char *b,
                      const char *c)
{
    const char *inputs[] = {a, b, c};

    return onnx_step_list(put, type, inputs, c ? 3 : b ? 2 : 1);
}

const char *onnx_cast_to_float(struct onnx_put *put, const char *value)
{
    const char *cast = onnx_step(put, "Cast", value, NULL, NULL);

    onnx_put_int(put, "to", ONNX_FLOAT);
    return cast;
}

const char *onnx_second_output(struct onnx_put *put, const char *word)
{
    put->pending_second = new_name(put, word);
    return put->pending_second;
}

void onnx_our_domain(struct onnx_put *put)
{
    wire_put_text(&put->message, ONNX_NODE_DOMAIN, ONNX_OUR_DOMAIN);
    put->writer->our_domain = true;
}

void onnx_finish(struct onnx_put *put)
{
    if (!put->pending)
        onnx_step(put, "Identity", onnx_input(put, 0), NULL, NULL);
    for (uint32_t i = 0; i < put->node->output_count; i++)
        wire_put_text(&put->message, ONNX_NODE_OUTPUT,
                      names_value(put->writer->names, put->outputs[i]));
    put_second_output(put);
    flush(put, put->name);
}

void onnx_finish_copies(struct onnx_put *put)
{
    for (uint32_t i = 0; i < put->node->output_count; i++) {
        onnx_step(put, "Identity", onnx_input(put, 0), NULL, NULL);
        wire_put_text(&put->message, ONNX_NODE_OUTPUT,
                      names_value(put->writer->names, put->outputs[i]));
        flush(put, i ? put->pending_name : put->name);
    }
}

void onnx_take_in(struct onnx_put *put, const struct node *node)
{
    put->writer->done[node - put->writer->graph->nodes] = true;
    put->outputs = node->outputs;
    put->base = names_value(put->writer->names, node->outputs[0]);
}

/* ---- attributes ---- */

static void put_attribute(struct onnx_put *put, struct wire_message *attribute, const char *name,
                          enum onnx_attribute_type type)
{
    wire_put_text(attribute, ONNX_ATTRIBUTE_NAME, name);
    wire_put_int(attribute, ONNX_ATTRIBUTE_TYPE, type);
    wire_put_message(&put->message, ONNX_NODE_ATTRIBUTE, attribute);
    wire_free(attribute);
}

void onnx_put_int(struct onnx_put *put, const char *name, int64_t value)
{
    struct wire_message attribute;

    wire_init(&attribute);
    wire_put_int(&attribute, ONNX_ATTRIBUTE_I, value);
    put_attribute(put, &attribute, name, ONNX_TYPE_INT);
}

void onnx_put_float(struct onnx_put *put, const char *name, float value)
{
    struct wire_message attribute;

    wire_init(&attribute);
    wire_put_float(&attribute, ONNX_ATTRIBUTE_F, value);
    put_attribute(put, &attribute, name, ONNX_TYPE_FLOAT);
}

void onnx_put_text(struct onnx_put *put, const char *name, const char *text)
{
    struct wire_message attribute;

    wire_init(&attribute);
    wire_put_text(&attribute, ONNX_ATTRIBUTE_S, text);
    put_attribute(put, &attribute, name, ONNX_TYPE_STRING);
}

void onnx_put_ints(struct onnx_put *put, const char *name, const int64_t *values, size_t count)
{
    struct wire_message attribute;

    wire_init(&attribute);
    wire_put_ints(&attribute, ONNX_ATTRIBUTE_INTS, values, count);
    put_attribute(put, &attribute, name, ONNX_TYPE_INTS);
}

void onnx_put_floats(struct onnx_put *put, const char *name, const float *values, size_t count)
{
    struct wire_message attribute;

    wire_init(&attribute);
    wire_put_floats(&attribute, ONNX_ATTRIBUTE_FLOATS, values, count);
    put_attribute(put, &attribute, name, ONNX_TYPE_FLOATS);
}

/* ---- constants ---- */

static const char *put_tensor(struct onnx_put *put, struct wire_message *tensor, const char *word,
                              const int64_t *dims, size_t dim_count, enum onnx_data_type type)
{
    const char *name = new_name(put, word);

    wire_put_ints(tensor, ONNX_TENSOR_DIMS, dims, dim_count);
    wire_put_int(tensor, ONNX_TENSOR_DATA_TYPE, type);
    wire_put_text(tensor, ONNX_TENSOR_NAME, name);
    wire_put_message(&put->writer->initializers, ONNX_GRAPH_INITIALIZER, tensor);
    wire_free(tensor);
    return name;
}

const char *onnx_scalar(struct onnx_put *put, const char *word, float value)
{
    struct wire_message tensor;

    wire_init(&tensor);
    wire_put_bytes(&tensor, ONNX_TENSOR_RAW_DATA, &value, sizeof value);
    return put_tensor(put, &tensor, word, NULL, 0, ONNX_FLOAT);
}

const char *onnx_int_list(struct onnx_put *put, const char *word, const int64_t *values,
                          size_t count)
{
    struct wire_message tensor;
    int64_t dim = (int64_t)count;

    wire_init(&tensor);
    wire_put_bytes(&tensor, ONNX_TENSOR_RAW_DATA, values, count * sizeof *values);
    return put_tensor(put, &tensor, word, &dim, 1, ONNX_INT64);
}

const char *onnx_weight(struct onnx_put *put, const char *word, const struct weight *weight)
{
    struct wire_message tensor;

    wire_init(&tensor);
    wire_put_weight(&tensor, ONNX_TENSOR_RAW_DATA, weight);
    return put_tensor(put, &tensor, word, weight->shape.dim, weight->shape.dims, ONNX_FLOAT);
}

float *onnx_floats(struct onnx_put *put, size_t count)
{
    float *floats = arena_alloc(&put->writer->arena, count, sizeof *floats);

    if (!floats)
        onnx_no_memory(put);
    return floats;
}
