#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "model/format/numpy/graph_json.h"
#include "model/format/numpy/parameters_json.h"
#include "model/shape.h"

enum { MAX_NODES = 32768 };

/* The first problem sticks; then every function does nothing. */
struct reading {
    const char *path;
    struct error *error;
    enum status status;
    const struct graph_json_source *source;
    struct graph *graph;
    json_t *values; /* the index of each value by its name: a hash table */
    size_t index;   /* of the node that is read */
    const char *names[OPERATOR_MAX_OUTPUTS];
    uint32_t inputs[OPERATOR_MAX_INPUTS];
};

static void fail(struct reading *reading, enum status status, const char *format, ...)
    PRINTF_LIKE(3, 4);

static void fail(struct reading *reading, enum status status, const char *format, ...)
{
    char text[512];
    va_list arguments;

    if (reading->status)
        return;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    reading->status = error_set(reading->error, status, "%s: %s", reading->path, text);
}

/* ---- pieces of JSON ---- */

/* The member `key` of an object, which must be of `type`. */
static const json_t *member(struct reading *reading, const json_t *object, const char *key,
                            json_type type)
{
    static const char *const types[] = {
        [JSON_OBJECT] = "an object",    [JSON_ARRAY] = "a list",  [JSON_STRING] = "a text",
        [JSON_INTEGER] = "a number",    [JSON_REAL] = "a number", [JSON_TRUE] = "true or false",
        [JSON_FALSE] = "true or false", [JSON_NULL] = "nothing"};
    const json_t *value = json_object_get(object, key);

    if (value && json_typeof(value) == type)
        return value;
    fail(reading, STATUS_DATA, "node %zu: '%s' must be %s", reading->index, key, types[type]);
    return NULL;
}

static const char *text_of(struct reading *reading, const json_t *object, const char *key)
{
    const json_t *value = member(reading, object, key, JSON_STRING);

    return value ? json_string_value(value) : "";
}

static void read_shape(struct reading *reading, const json_t *object, struct shape *shape)
{
    const json_t *list = member(reading, object, "shape", JSON_ARRAY);

    shape->dims = 0;
    if (json_array_size(list) > SHAPE_MAX_DIMS)
        fail(reading, STATUS_LIMIT, "node %zu: a shape has more than %d dimensions", reading->index,
             SHAPE_MAX_DIMS);
    for (size_t i = 0; i < json_array_size(list) && !reading->status; i++) {
        const json_t *extent = json_array_get(list, i);
        if (!json_is_integer(extent) || json_integer_value(extent) < 0 ||
            json_integer_value(extent) > INT32_MAX)
            fail(reading, STATUS_DATA, "node %zu: an extent must be from 0 to 2147483647",
                 reading->index);
        shape->dim[shape->dims++] = json_integer_value(extent);
    }
}

/* ---- nodes ---- */

static void read_weights(struct reading *reading, struct node *node, const json_t *list)
{
    size_t count = json_array_size(list);

    if (count > OPERATOR_MAX_WEIGHTS)
        fail(reading, STATUS_DATA, "node %zu: more than %d weights", reading->index,
             OPERATOR_MAX_WEIGHTS);
    if (reading->status)
        return;
    node->weights = arena_alloc(&reading->graph->arena, count, sizeof *node->weights);
    if (!node->weights)
        reading->status = arena_fail(&reading->graph->arena, reading->error);
    for (size_t i = 0; i < count && !reading->status; i++) {
        const json_t *weight = json_array_get(list, i);
        const char *array = text_of(reading, weight, "array");
        struct shape shape;
        read_shape(reading, weight, &shape);
        if (reading->status)
            return;
        reading->status =
            reading->source->find(reading->source->context, reading->graph, array, &shape,
                                  &node->weights[node->weight_count++], reading->error);
    }
}

static size_t read_inputs(struct reading *reading, const json_t *list)
{
    size_t count = json_array_size(list);

    if (count > OPERATOR_MAX_INPUTS)
        fail(reading, STATUS_LIMIT, "node %zu: more than %d inputs", reading->index,
             OPERATOR_MAX_INPUTS);
    for (size_t i = 0; i < count && !reading->status; i++) {
        const char *name = json_string_value(json_array_get(list, i));
        const json_t *value = name ? json_object_get(reading->values, name) : NULL;
        if (!value)
            fail(reading, STATUS_DATA, "node %zu: input '%s' is made by no node before it",
                 reading->index, name ? name : "?");
        reading->inputs[i] = (uint32_t)json_integer_value(value);
    }
    return count;
}

static size_t read_outputs(struct reading *reading, const json_t *list)
{
    size_t count = json_array_size(list);

    if (count > OPERATOR_MAX_OUTPUTS)
        fail(reading, STATUS_LIMIT, "node %zu: more than %d outputs", reading->index,
             OPERATOR_MAX_OUTPUTS);
    for (size_t i = 0; i < count && !reading->status; i++) {
        reading->names[i] = json_string_value(json_array_get(list, i));
        if (!reading->names[i])
            fail(reading, STATUS_DATA, "node %zu: the name of an output must be a text",
                 reading->index);
    }
    return count;
}

static const struct operator_info *find_type(const char *type)
{
    for (int kind = 0; kind < OPERATOR_COUNT; kind++) {
        if (!strcmp(operator_info((enum operator_kind)kind)->name, type))
            return operator_info((enum operator_kind)kind);
    }
    return NULL;
}

static void read_node(struct reading *reading, const json_t *object)
{
    const char *name = text_of(reading, object, "name"), *type = text_of(reading, object, "type");
    const json_t *inputs = member(reading, object, "inputs", JSON_ARRAY),
                 *outputs = member(reading, object, "outputs", JSON_ARRAY),
                 *parameters = member(reading, object, "parameters", JSON_OBJECT),
                 *weights = member(reading, object, "weights", JSON_ARRAY);
    size_t input_count = read_inputs(reading, inputs),
           output_count = read_outputs(reading, outputs);
    struct node *node = NULL;

    if (reading->status)
        return;
    reading->status =
        graph_append(reading->graph, find_type(type), name, reading->inputs, input_count,
                     reading->names, output_count, 0, &node, reading->error);
    for (size_t i = 0; i < output_count && !reading->status; i++) {
        if (json_object_set_new(reading->values, reading->names[i], json_integer(node->outputs[i])))
            fail(reading, STATUS_MEMORY, "out of memory");
    }
    if (reading->status)
        return;
    reading->status = parameters_json_read(reading->graph, node, parameters, reading->error);
    read_weights(reading, node, weights);
}

/* Names every layer whose type is unknown. */
static void check_types(struct reading *reading, const json_t *nodes)
{
    char list[512] = "";
    size_t used = 0, unknown = 0;

    for (size_t i = 0; i < json_array_size(nodes); i++) {
        const json_t *node = json_array_get(nodes, i);
        const char *type = json_string_value(json_object_get(node, "type"));
        const char *name = json_string_value(json_object_get(node, "name"));
        if (!type || find_type(type))
            continue;
        if (used < sizeof list) {
            int wrote = snprintf(list + used, sizeof list - used, "%s'%s' (%s)",
                                 unknown ? ", " : "", name ? name : "", type);
            used += wrote > 0 ? (size_t)wrote : 0;
        }
        unknown++;
    }
    if (unknown)
        fail(reading, STATUS_UNSUPPORTED, "%zu layer%s of a type that is not supported: %s%s",
             unknown, unknown == 1 ? "" : "s", list, used >= sizeof list ? " ..." : "");
}

static size_t count_values(struct reading *reading, const json_t *nodes)
{
    size_t count = 0;

    for (size_t i = 0; i < json_array_size(nodes); i++)
        count += json_array_size(json_object_get(json_array_get(nodes, i), "outputs"));
    if (json_array_size(nodes) > MAX_NODES || count > MAX_NODES)
        fail(reading, STATUS_LIMIT, "more than %d nodes or values", MAX_NODES);
    return count;
}

static void read_head(struct reading *reading, const json_t *root)
{
    const char *format = json_string_value(json_object_get(root, "format"));
    json_int_t version = json_integer_value(json_object_get(root, "version"));

    if (!format || strcmp(format, "carmlbench graph") != 0)
        fail(reading, STATUS_DATA,
             "is not a graph: its \"format\" must be \"carmlbench graph\", as convert writes it");
    else if (version != GRAPH_JSON_VERSION)
        fail(reading, STATUS_UNSUPPORTED, "is of version %lld; this program reads version %d",
             (long long)version, GRAPH_JSON_VERSION);
}

/* ---- both ends ---- */

/* The value that element `index` of the list `key` names. */
static uint32_t end_value(struct reading *reading, const json_t *list, size_t index,
                          const char *key)
{
    const char *name = json_string_value(json_object_get(json_array_get(list, index), "name"));
    const json_t *value = name ? json_object_get(reading->values, name) : NULL;

    if (!value)
        fail(reading, STATUS_DATA, "\"%s\" names what no node makes", key);
    return (uint32_t)json_integer_value(value);
}

/* Brings the graph's inputs into the order of the list, which must name the same. */
static void order_inputs(struct reading *reading, const json_t *root)
{
    const json_t *list = json_object_get(root, "inputs");
    struct graph *graph = reading->graph;

    if (!json_is_array(list) || json_array_size(list) != graph->input_count)
        fail(reading, STATUS_DATA, "\"inputs\" must list the graph's %zu", graph->input_count);
    for (size_t i = 0; i < graph->input_count && !reading->status; i++) {
        uint32_t value = end_value(reading, list, i, "inputs");
        size_t at = i;
        while (at < graph->input_count && graph->inputs[at] != value)
            at++;
        if (at == graph->input_count)
            fail(reading, STATUS_DATA, "\"inputs\" does not name those of the graph");
        if (reading->status)
            return;
        graph->inputs[at] = graph->inputs[i];
        graph->inputs[i] = value;
    }
}

/* Declares the outputs in the order of the list: each value that no node reads, and any others. */
static void declare_outputs(struct reading *reading, const json_t *root)
{
    const json_t *list = json_object_get(root, "outputs");
    struct graph *graph = reading->graph;
    bool *declared = calloc(graph->value_count + 1, sizeof *declared);

    if (!declared)
        fail(reading, STATUS_MEMORY, "out of memory");
    if (!json_is_array(list))
        fail(reading, STATUS_DATA, "\"outputs\" must list the graph's");
    for (size_t i = 0; i < json_array_size(list) && !reading->status; i++) {
        uint32_t value = end_value(reading, list, i, "outputs");
        if (reading->status)
            break;
        if (declared[value])
            fail(reading, STATUS_DATA, "\"outputs\" names '%s' twice", graph->values[value].name);
        else
            graph_declare_output(graph, value);
        declared[value] = true;
    }
    for (size_t i = 0; i < graph->node_count && !reading->status; i++) {
        for (uint32_t j = 0; j < graph->nodes[i].input_count; j++)
            declared[graph->nodes[i].inputs[j]] = true;
    }
    for (size_t i = 0; i < graph->value_count && !reading->status; i++) {
        if (!declared[i])
            fail(reading, STATUS_DATA, "\"outputs\" does not name those of the graph: '%s'",
                 graph->values[i].name);
    }
    free(declared);
}

static void build(struct reading *reading, const json_t *root)
{
    const json_t *nodes = json_object_get(root, "nodes");
    size_t values;

    read_head(reading, root);
    check_types(reading, nodes);
    values = count_values(reading, nodes);
    reading->values = json_object();
    if (!reading->values)
        fail(reading, STATUS_MEMORY, "out of memory");
    if (reading->status)
        return;
    reading->status = graph_create(reading->path, json_array_size(nodes), values, &reading->graph,
                                   reading->error);
    for (size_t i = 0; i < json_array_size(nodes) && !reading->status; i++) {
        reading->index = i;
        read_node(reading, json_array_get(nodes, i));
    }
    if (!reading->status)
        declare_outputs(reading, root);
    if (!reading->status)
        order_inputs(reading, root);
    if (!reading->status)
        reading->status = graph_finish(reading->graph, reading->error);
}

enum status graph_json_read(const char *path, const void *text, size_t size,
                            const struct graph_json_source *source, struct graph **out,
                            struct error *error)
{
    struct reading *reading;
    json_error_t problem;
    json_t *root;
    enum status status;

    *out = NULL;
    if (size > GRAPH_JSON_MAX)
        return error_set(error, STATUS_LIMIT, "%s: is larger than %d bytes", path, GRAPH_JSON_MAX);
    root = json_loadb(text, size, JSON_REJECT_DUPLICATES, &problem);
    if (!root)
        return error_set(error, STATUS_DATA, "%s:%d: is not JSON: %s", path, problem.line,
                         problem.text);
    reading = calloc(1, sizeof *reading);
    if (reading) {
        reading->path = path;
        reading->error = error;
        reading->source = source;
        build(reading, root);
        status = reading->status;
        json_decref(reading->values);
        if (status)
            graph_free(reading->graph);
        else
            *out = reading->graph;
        free(reading);
    } else {
        status = error_set(error, STATUS_MEMORY, "%s: out of memory", path);
    }
    json_decref(root);
    return status;
}
