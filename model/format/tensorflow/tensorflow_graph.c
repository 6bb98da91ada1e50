#include "model/format/tensorflow/tensorflow_graph.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Names and small constants; weights stay where they are. */
static const size_t graph_memory = (size_t)256 << 20;

/* The names of the nodes: open addressing, at most half full. */
struct tf_names {
    const char **slots;
    size_t size, used; /* size is a power of two */
};

/* ---- names ---- */

/* FNV-1a (Fowler, Noll, Vo). */
static size_t slot_of(const struct tf_names *names, const char *name)
{
    uint64_t hash = 0xcbf29ce484222325u;
    size_t slot;

    for (const char *c = name; *c; c++)
        hash = (hash ^ (unsigned char)*c) * 0x100000001b3u;
    slot = (size_t)(hash ^ hash >> 32) & (names->size - 1);
    while (names->slots[slot] && strcmp(names->slots[slot], name) != 0)
        slot = (slot + 1) & (names->size - 1);
    return slot;
}

static bool grow(struct tf_names *names)
{
    struct tf_names larger = {.size = names->size ? 2 * names->size : 1024, .used = names->used};

    larger.slots = calloc(larger.size, sizeof *larger.slots);
    if (!larger.slots)
        return false;
    for (size_t i = 0; i < names->size; i++) {
        if (names->slots[i])
            larger.slots[slot_of(&larger, names->slots[i])] = names->slots[i];
    }
    free(names->slots);
    *names = larger;
    return true;
}

static bool taken(const struct tf_names *names, const char *name)
{
    return names->size && names->slots[slot_of(names, name)];
}

static void take(struct tf_graph *tf, const char *name)
{
    if (2 * tf->taken->used >= tf->taken->size && !grow(tf->taken)) {
        tf->status = STATUS_MEMORY;
        return;
    }
    tf->taken->slots[slot_of(tf->taken, name)] = name;
    tf->taken->used++;
}

static bool is_alphanumeric(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* node_def_util.cc of TensorFlow 1.15 wants [A-Za-z0-9.][A-Za-z0-9_./>-]*, older ones no '>'. */
static bool is_allowed(const char *name, size_t at)
{
    return is_alphanumeric(name[at]) || name[at] == '.' ||
           (at && (name[at] == '_' || name[at] == '-' || name[at] == '/'));
}

static bool is_valid(const char *name)
{
    for (size_t i = 0; name[i]; i++) {
        if (!is_allowed(name, i))
            return false;
    }
    return *name;
}

static const char *fail(struct tf_graph *tf)
{
    if (!tf->status)
        tf->status = tf->arena.refused ? STATUS_LIMIT : STATUS_MEMORY;
    return "";
}

/* "TEXT/SUFFIX", or with the first number behind it that makes it new; takes it. */
static const char *new_name(struct tf_graph *tf, const char *text, const char *suffix)
{
    size_t size = strlen(text) + (suffix ? strlen(suffix) + 1 : 0) + 16;
    char *name = arena_alloc(&tf->arena, size, 1);

    if (!name)
        return fail(tf);
    snprintf(name, size, "%s%s%s", text, suffix ? "/" : "", suffix ? suffix : "");
    for (unsigned i = 1; taken(tf->taken, name); i++)
        snprintf(name, size, "%s%s%s_%u", text, suffix ? "/" : "", suffix ? suffix : "", i);
    take(tf, name);
    return name;
}

static const char *mended_name(struct tf_graph *tf, const char *name)
{
    size_t size = strlen(name) + 3;
    char *text = arena_alloc(&tf->arena, size, 1);

    if (!text)
        return fail(tf);
    snprintf(text, size, "%s%s", *name && is_allowed(name, 0) ? "" : "n_", name);
    for (size_t i = 1; text[i]; i++) {
        if (!is_allowed(text, i))
            text[i] = '_';
    }
    return new_name(tf, text, NULL);
}

static void name_values(struct tf_graph *tf)
{
    for (uint32_t i = 0; i < tf->graph->value_count && !tf->status; i++) {
        const char *name = names_value(tf->names, i);
        tf->values[i].renamed = !is_valid(name);
        if (tf->values[i].renamed)
            continue;
        tf->values[i].name = name;
        take(tf, name);
    }
    for (uint32_t i = 0; i < tf->graph->value_count && !tf->status; i++) {
        if (tf->values[i].renamed)
            tf->values[i].name = mended_name(tf, names_value(tf->names, i));
    }
}

/* ---- life ---- */

void tf_graph_init(struct tf_graph *tf, const struct graph *graph, const struct names *names)
{
    *tf = (struct tf_graph){.graph = graph, .names = names, .spare = {.name = "", .op = ""}};
    tf->end = &tf->nodes;
    arena_init(&tf->arena, graph_memory);
    tf->values = arena_alloc(&tf->arena, graph->value_count, sizeof *tf->values);
    tf->taken = calloc(1, sizeof *tf->taken);
    if (!tf->values || !tf->taken)
        tf->status = STATUS_MEMORY;
    if (!tf->status)
        name_values(tf);
}

void tf_graph_free(struct tf_graph *tf)
{
    if (tf->taken)
        free(tf->taken->slots);
    free(tf->taken);
    arena_free(&tf->arena);
}

enum status tf_graph_status(const struct tf_graph *tf, const char *path, struct error *error)
{
    if (tf->status == STATUS_LIMIT)
        return error_set(error, STATUS_LIMIT, "%s: the network has too many layers to be written",
                         path);
    if (tf->status)
        return error_set(error, tf->status, "%s: out of memory", path);
    if (!tf->unsupported_count)
        return STATUS_OK;
    return error_set(error, STATUS_UNSUPPORTED, "%s: TensorFlow cannot say %zu layer%s: %s%s",
                     tf->graph->source, tf->unsupported_count,
                     tf->unsupported_count == 1 ? "" : "s", tf->unsupported,
                     strlen(tf->unsupported) + 1 == sizeof tf->unsupported ? " ..." : "");
}

void tf_refuse(struct tf_layer *layer, enum limit limit)
{
    struct tf_graph *tf = layer->tf;
    size_t used = strlen(tf->unsupported);

    snprintf(tf->unsupported + used, sizeof tf->unsupported - used, "%s'%s' (%s: %s)",
             tf->unsupported_count ? ", " : "", layer->node->name, layer->node->op->name,
             limit_info(limit)->why);
    tf->unsupported_count++;
}

void tf_set_foreign(struct tf_layer *layer, enum limit limit)
{
    layer->tf->foreign = true;
    if (layer->tf->strict)
        tf_refuse(layer, limit);
}

/* ---- nodes ---- */

static struct tf_node *add_node(struct tf_graph *tf, const char *name, const char *op,
                                const char *const *inputs)
{
    size_t count = 0;
    struct tf_node *node;

    while (inputs[count])
        count++;
    node = arena_alloc(&tf->arena, 1, sizeof *node);
    if (node)
        node->inputs = arena_alloc(&tf->arena, count + 1, sizeof *node->inputs);
    if (!node || !node->inputs) {
        fail(tf);
        return &tf->spare;
    }
    node->name = name;
    node->op = op;
    memcpy(node->inputs, inputs, count * sizeof *inputs);
    *tf->end = node;
    tf->end = &node->next;
    tf->node_count++;
    return node;
}

/* Most operators have an attribute T; one that they do not know makes TensorFlow refuse the file.
 */
static void set_default_type(struct tf_layer *layer, struct tf_node *node)
{
    static const char *const without[] = {"Cast",       "Placeholder",     "PriorBox",
                                          "ROIPooling", "DetectionOutput", "Const"};

    for (size_t i = 0; i < sizeof without / sizeof *without; i++) {
        if (!strcmp(node->op, without[i]))
            return;
    }
    tf_set_type(layer, node, "T", TF_TYPE_FLOAT);
}

struct tf_node *tf_emit_output(struct tf_layer *layer, uint32_t index, const char *op,
                               const char *const *inputs)
{
    const struct tf_value *value = tf_output_value(layer, index);
    struct tf_node *node = add_node(layer->tf, value->name, op, inputs);

    set_default_type(layer, node);
    if (value->renamed)
        tf_set_text(layer, node, TF_HINT_NAME,
                    names_value(layer->tf->names, layer->node->outputs[index]));
    return node;
}

static struct tf_node *add_helper(struct tf_layer *layer, const char *op, const char *suffix,
                                  const char *const *inputs)
{
    return add_node(layer->tf, new_name(layer->tf, layer->name, suffix), op, inputs);
}

struct tf_node *tf_emit(struct tf_layer *layer, const char *op, const char *suffix,
                        const char *const *inputs)
{
    struct tf_node *node;

    if (!suffix)
        return tf_emit_output(layer, 0, op, inputs);
    node = add_helper(layer, op, suffix, inputs);
    set_default_type(layer, node);
    return node;
}

/* ---- attributes ---- */

static struct tf_attr *set(struct tf_layer *layer, struct tf_node *node, const char *key,
                           enum tf_attr_field field)
{
    static struct tf_attr nowhere;
    struct tf_attr **at = &node->attrs;

    if (node == &layer->tf->spare)
        return &nowhere;
    while (*at && strcmp((*at)->key, key) != 0)
        at = &(*at)->next;
    if (!*at)
        *at = arena_alloc(&layer->tf->arena, 1, sizeof **at);
    if (!*at) {
        fail(layer->tf);
        return &nowhere;
    }
    (*at)->key = key;
    (*at)->field = field;
    return *at;
}

void tf_set_int(struct tf_layer *layer, struct tf_node *node, const char *key, int64_t value)
{
    set(layer, node, key, TF_ATTR_I)->i = value;
}

void tf_set_float(struct tf_layer *layer, struct tf_node *node, const char *key, float value)
{
    set(layer, node, key, TF_ATTR_F)->f = value;
}

void tf_set_bool(struct tf_layer *layer, struct tf_node *node, const char *key, bool value)
{
    set(layer, node, key, TF_ATTR_B)->b = value;
}

void tf_set_type(struct tf_layer *layer, struct tf_node *node, const char *key, enum tf_type type)
{
    set(layer, node, key, TF_ATTR_TYPE)->type = type;
}

void tf_set_text(struct tf_layer *layer, struct tf_node *node, const char *key, const char *text)
{
    set(layer, node, key, TF_ATTR_S)->text = text;
}

void tf_set_ints(struct tf_layer *layer, struct tf_node *node, const char *key,
                 const int64_t *values, size_t count)
{
    struct tf_attr *attr = set(layer, node, key, TF_ATTR_LIST);
    int64_t *copy = arena_alloc(&layer->tf->arena, count, sizeof *copy);

    if (!copy) {
        fail(layer->tf);
        return;
    }
    memcpy(copy, values, count * sizeof *copy);
    attr->list.ints = copy;
    attr->list.count = count;
}

void tf_set_shape(struct tf_layer *layer, struct tf_node *node, const char *key,
                  const struct shape *shape)
{
    struct tf_attr *attr = set(layer, node, key, TF_ATTR_SHAPE);
    struct shape *copy = arena_alloc(&layer->tf->arena, 1, sizeof *copy);

    if (!copy) {
        fail(layer->tf);
        return;
    }
    *copy = *shape;
    attr->shape = copy;
}

/* ---- constants ---- */

static struct tf_tensor *set_tensor(struct tf_layer *layer, struct tf_node *node, const char *key)
{
    static struct tf_tensor nothing;
    struct tf_attr *attr = set(layer, node, key, TF_ATTR_TENSOR);
    struct tf_tensor *tensor = arena_alloc(&layer->tf->arena, 1, sizeof *tensor);

    if (!tensor) {
        fail(layer->tf);
        return &nothing;
    }
    attr->tensor = tensor;
    return tensor;
}

static struct tf_tensor *add_constant(struct tf_layer *layer, const char *suffix, enum tf_type type,
                                      const char **name)
{
    struct tf_node *node = add_helper(layer, "Const", suffix, TF_INPUTS(NULL));
    struct tf_tensor *tensor = set_tensor(layer, node, "value");

    tf_set_type(layer, node, "dtype", type);
    tensor->type = type;
    *name = node->name;
    return tensor;
}

const char *tf_weight(struct tf_layer *layer, const char *suffix, const struct weight *weight)
{
    const char *name;

    add_constant(layer, suffix, TF_TYPE_FLOAT, &name)->floats = *weight;
    return name;
}

float *tf_room(struct tf_layer *layer, size_t count)
{
    float *room = arena_alloc(&layer->tf->arena, count, sizeof *room);

    if (!room)
        fail(layer->tf);
    return room;
}

const char *tf_number(struct tf_layer *layer, const char *suffix, float value)
{
    const struct shape scalar = {.dims = 0};
    float *room = tf_room(layer, 1);
    struct weight weight = weight_make(&scalar, room);

    if (room)
        *room = value;
    return tf_weight(layer, suffix, &weight);
}

void tf_set_floats(struct tf_layer *layer, struct tf_node *node, const char *key,
                   const float *values, size_t count)
{
    const struct shape vector = {.dims = 1, .dim = {(int64_t)count}};
    struct tf_tensor *tensor = set_tensor(layer, node, key);
    float *room = tf_room(layer, count);

    if (room && count)
        memcpy(room, values, count * sizeof *room);
    tensor->type = TF_TYPE_FLOAT;
    tensor->floats = weight_make(&vector, room);
}

static const char *add_ints(struct tf_layer *layer, const char *suffix, const struct shape *shape,
                            const int64_t *values, size_t count)
{
    int32_t *room = arena_alloc(&layer->tf->arena, count, sizeof *room);
    const char *name;
    struct tf_tensor *tensor = add_constant(layer, suffix, TF_TYPE_INT32, &name);

    if (!room)
        return fail(layer->tf);
    for (size_t i = 0; i < count; i++)
        room[i] = (int32_t)values[i];
    tensor->shape = *shape;
    tensor->ints = room;
    tensor->count = count;
    return name;
}

const char *tf_int(struct tf_layer *layer, const char *suffix, int64_t value)
{
    return add_ints(layer, suffix, &(struct shape){.dims = 0}, &value, 1);
}

const char *tf_ints(struct tf_layer *layer, const char *suffix, const int64_t *values, size_t count)
{
    return add_ints(layer, suffix, &(struct shape){.dims = 1, .dim = {(int64_t)count}}, values,
                    count);
}

const char *tf_pairs(struct tf_layer *layer, const char *suffix, const int64_t *values, size_t rows)
{
    return add_ints(layer, suffix, &(struct shape){.dims = 2, .dim = {(int64_t)rows, 2}}, values,
                    2 * rows);
}

const char *tf_numbered(struct tf_layer *layer, const char *suffix, size_t number)
{
    size_t size = strlen(suffix) + 24;
    char *text = arena_alloc(&layer->tf->arena, size, 1);

    if (!text)
        return fail(layer->tf);
    snprintf(text, size, "%s_%zu", suffix, number);
    return text;
}

const char *tf_join(struct tf_layer *layer, const char *suffix, const char *part)
{
    size_t size = strlen(suffix) + strlen(part) + 2;
    char *text = arena_alloc(&layer->tf->arena, size, 1);

    if (!text)
        return fail(layer->tf);
    snprintf(text, size, "%s/%s", suffix, part);
    return text;
}

struct weight tf_turn(struct tf_layer *layer, const struct weight *weight, const uint8_t *order)
{
    struct weight turned = *weight;
    float *copy;

    if (weight_permute(&turned, order))
        return turned;
    copy = tf_room(layer, weight->count);
    if (!copy)
        return *weight;
    weight_copy(weight, copy);
    turned = weight_make(&weight->shape, copy);
    if (!weight_permute(&turned, order))
        layer->tf->status = STATUS_INTERNAL;
    return turned;
}

/* ---- values ---- */

const struct shape *tf_shape(const struct tf_layer *layer, uint32_t input)
{
    return &layer->tf->graph->values[layer->node->inputs[input]].shape;
}

const struct shape *tf_output_shape(const struct tf_layer *layer)
{
    return &layer->tf->graph->values[layer->node->outputs[0]].shape;
}

struct tf_value *tf_input_value(const struct tf_layer *layer, uint32_t input)
{
    return &layer->tf->values[layer->node->inputs[input]];
}

struct tf_value *tf_output_value(const struct tf_layer *layer, uint32_t output)
{
    return &layer->tf->values[layer->node->outputs[output]];
}

const char *tf_transpose(struct tf_layer *layer, const char *name, const char *suffix,
                         const int64_t *order, size_t count)
{
    const char *perm =
        tf_ints(layer, tf_join(layer, suffix ? suffix : "Transpose", "perm"), order, count);
    struct tf_node *node = tf_emit(layer, "Transpose", suffix, TF_INPUTS(name, perm));

    tf_set_type(layer, node, "Tperm", TF_TYPE_INT32);
    return node->name;
}

const char *tf_input(struct tf_layer *layer, uint32_t input)
{
    const struct tf_value *value = tf_input_value(layer, input);

    if (!value->plain)
        return value->name;
    return tf_transpose(layer, value->name, "NHWC", (const int64_t[]){0, 2, 3, 1}, 4);
}

const char *tf_input_plain(struct tf_layer *layer, uint32_t input)
{
    const struct tf_value *value = tf_input_value(layer, input);

    if (value->plain || tf_shape(layer, input)->dims != 4)
        return value->name;
    return tf_transpose(layer, value->name, "NCHW", (const int64_t[]){0, 3, 1, 2}, 4);
}

const char *tf_input_as_is(struct tf_layer *layer, uint32_t input)
{
    const struct tf_value *value = tf_input_value(layer, input);

    for (uint32_t i = 0; i < layer->node->output_count; i++) {
        if (value->plain && tf_output_value(layer, i)->output)
            return tf_input(layer, input);
    }
    for (uint32_t i = 0; i < layer->node->output_count; i++) {
        tf_output_value(layer, i)->plain = value->plain;
        tf_output_value(layer, i)->turned = value->turned;
    }
    return value->name;
}

unsigned tf_axis(const struct shape *shape, unsigned axis)
{
    static const unsigned nhwc[] = {0, 3, 1, 2};

    return shape->dims == 4 ? nhwc[axis] : axis;
}

struct shape tf_turn_shape(const struct shape *shape)
{
    struct shape turned = *shape;

    for (unsigned i = 0; i < shape->dims; i++)
        turned.dim[tf_axis(shape, i)] = shape->dim[i];
    return turned;
}
