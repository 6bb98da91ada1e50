#include "model/format/tensorflow/graphdef.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A node takes at least 8 bytes of the file and about 20 times that here. */
static const size_t parse_memory = (size_t)2 << 30;

enum status graphdef_fail(struct graphdef *graph, const struct graphdef_node *node,
                          enum status status, const char *format, ...)
{
    char text[768];
    va_list arguments;

    if (graph->status)
        return graph->status;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    graph->status = error_set(graph->error, status, "%s: byte %zu: node '%s' (%s): %s", graph->path,
                              (size_t)(node->bytes - graph->bytes), node->name, node->op, text);
    return graph->status;
}

static enum status fail_memory(struct graphdef *graph)
{
    if (!graph->status) {
        graph->status = arena_fail(&graph->arena, graph->error);
        error_prefix(graph->error, graph->status, "%s", graph->path);
    }
    return graph->status;
}

/* Takes over the error of a wire reader. */
static void check_wire(struct graphdef *graph, const struct wire *wire)
{
    if (!graph->status)
        graph->status = wire_status(wire, graph->error);
}

/* ---- names ---- */

/* FNV-1a (Fowler, Noll, Vo). */
static size_t slot_of(const struct graphdef *graph, const char *name, size_t size)
{
    uint64_t hash = 0xcbf29ce484222325u;
    size_t slot;

    for (size_t i = 0; i < size; i++)
        hash = (hash ^ (unsigned char)name[i]) * 0x100000001b3u;
    slot = (size_t)(hash ^ hash >> 32) & (graph->slot_count - 1);
    while (graph->slots[slot]) {
        const char *other = graph->nodes[graph->slots[slot] - 1].name;
        if (!strncmp(other, name, size) && !other[size])
            break;
        slot = (slot + 1) & (graph->slot_count - 1);
    }
    return slot;
}

static void enter_names(struct graphdef *graph)
{
    for (graph->slot_count = 16; graph->slot_count < 2 * graph->node_count;)
        graph->slot_count *= 2;
    graph->slots = arena_alloc(&graph->arena, graph->slot_count, sizeof *graph->slots);
    if (!graph->slots) {
        fail_memory(graph);
        return;
    }
    for (size_t i = 0; i < graph->node_count && !graph->status; i++) {
        const struct graphdef_node *node = &graph->nodes[i];
        size_t slot = slot_of(graph, node->name, strlen(node->name));
        if (graph->slots[slot])
            graphdef_fail(graph, node, STATUS_DATA, "another node has the same name");
        graph->slots[slot] = (uint32_t)i + 1;
    }
}

/* ---- edges ---- */

/* The decimal number behind the last colon, which also ends the name; -1: not a number. */
static int64_t output_index(const char *text, size_t *size)
{
    size_t digits = 0;
    int64_t index = 0, factor = 1;

    while (digits < *size && digits < 9 && text[*size - 1 - digits] >= '0' &&
           text[*size - 1 - digits] <= '9') {
        index += factor * (text[*size - 1 - digits] - '0');
        factor *= 10;
        digits++;
    }
    if (digits < *size && text[*size - 1 - digits] == ':') {
        *size -= digits + 1;
        return digits ? index : -1;
    }
    return memchr(text, ':', *size) ? -1 : 0;
}

static enum status fail_input(struct graphdef *graph, const struct graphdef_node *node,
                              const struct wire_field *field, const char *problem)
{
    return graphdef_fail(graph, node, STATUS_DATA, "its input '%.*s' %s",
                         (int)(field->size < 200 ? field->size : 200), (const char *)field->bytes,
                         problem);
}

static void connect(struct graphdef *graph, struct graphdef_node *node,
                    const struct wire_field *field)
{
    const char *text = (const char *)field->bytes;
    size_t size = field->size;
    bool control = size && text[0] == '^';
    int64_t output = control ? 0 : output_index(text, &size);
    uint32_t found;

    text += control;
    size -= control;
    found = graph->slots[slot_of(graph, text, size)];
    if (output < 0 || memchr(text, '\0', size))
        fail_input(graph, node, field, "is not NODE or NODE:OUTPUT");
    else if (!found)
        fail_input(graph, node, field, "is made by no node of the file");
    else if (node->control_count && !control)
        fail_input(graph, node, field, "stands behind a control input");
    if (graph->status)
        return;
    node->inputs[node->input_count + node->control_count] =
        (struct graphdef_edge){.node = found - 1, .output = (uint32_t)output};
    node->input_count += !control;
    node->control_count += control;
}

struct wire graphdef_node_wire(const struct graphdef *graph, const struct graphdef_node *node)
{
    struct wire wire = wire_open(graph->path, graph->bytes, graph->size);

    wire.at = node->bytes;
    wire.end = node->bytes + node->size;
    wire.depth = 1;
    return wire;
}

static void connect_all(struct graphdef *graph)
{
    struct graphdef_edge *next = graph->edges;

    for (size_t i = 0; i < graph->node_count && !graph->status; i++) {
        struct graphdef_node *node = &graph->nodes[i];
        struct wire wire = graphdef_node_wire(graph, node);
        struct wire_field field;
        node->inputs = next;
        while (!graph->status && wire_next(&wire, &field)) {
            if (field.number == TF_NODE_INPUT)
                connect(graph, node, &field);
        }
        next += node->input_count + node->control_count;
    }
}

/* ---- nodes ---- */

/* Proves that messages inside an attribute are whole, so that looking them up cannot fail. */
static void check_attr(struct graphdef *graph, const struct wire *outer,
                       const struct wire_field *entry)
{
    struct wire map = wire_enter(outer, entry);
    struct wire_field field, inner;

    while (wire_next(&map, &field)) {
        if (field.number != TF_ENTRY_VALUE)
            continue;
        struct wire value = wire_enter(&map, &field);
        while (wire_next(&value, &inner)) {
            if (inner.number != TF_ATTR_LIST && inner.number != TF_ATTR_SHAPE &&
                inner.number != TF_ATTR_TENSOR)
                continue;
            struct wire message = wire_enter(&value, &inner);
            struct wire_field ignored;
            while (wire_next(&message, &ignored))
                continue;
            check_wire(graph, &message);
        }
        check_wire(graph, &value);
    }
    check_wire(graph, &map);
}

static const char *copy_text(struct graphdef *graph, const struct wire *wire,
                             const struct wire_field *field, const char *what)
{
    const char *copy;

    if (field->type != WIRE_BYTES || !field->size || memchr(field->bytes, '\0', field->size)) {
        if (!graph->status)
            graph->status = error_set(graph->error, STATUS_DATA, "%s: byte %zu: %s is not a text",
                                      graph->path, (size_t)(wire->at - wire->begin), what);
        return "";
    }
    copy = arena_text(&graph->arena, (const char *)field->bytes, field->size);
    if (!copy)
        fail_memory(graph);
    return copy ? copy : "";
}

static void read_node(struct graphdef *graph, struct graphdef_node *node)
{
    struct wire wire = graphdef_node_wire(graph, node);
    struct wire_field field;

    while (!graph->status && wire_next(&wire, &field)) {
        if (field.number == TF_NODE_NAME)
            node->name = copy_text(graph, &wire, &field, "the name of a node");
        else if (field.number == TF_NODE_OP)
            node->op = copy_text(graph, &wire, &field, "the op of a node");
        else if (field.number == TF_NODE_ATTR)
            check_attr(graph, &wire, &field);
        else if (field.number == TF_NODE_INPUT && field.type != WIRE_BYTES)
            graphdef_fail(graph, node, STATUS_DATA, "an input is not a text");
        else
            graph->edge_count += field.number == TF_NODE_INPUT;
    }
    check_wire(graph, &wire);
    if (!graph->status && (!*node->name || !*node->op))
        graphdef_fail(graph, node, STATUS_DATA, "a node without %s; is this a GraphDef?",
                      *node->name ? "an op" : "a name");
}

static void read_versions(struct graphdef *graph, const struct wire *outer,
                          const struct wire_field *versions)
{
    struct wire wire = wire_enter(outer, versions);
    struct wire_field field;

    while (wire_next(&wire, &field)) {
        if (field.number == TF_VERSIONS_PRODUCER && field.value < INT32_MAX)
            graph->producer = (int64_t)field.value;
    }
    check_wire(graph, &wire);
}

/* Counts the nodes, or, once there is memory for them, notes where each lies. */
static void walk(struct graphdef *graph)
{
    struct wire wire = wire_open(graph->path, graph->bytes, graph->size);
    struct wire_field field;
    size_t count = 0;

    while (!graph->status && wire_next(&wire, &field)) {
        if (field.number == TF_GRAPH_VERSIONS && graph->nodes)
            read_versions(graph, &wire, &field);
        if (field.number != TF_GRAPH_NODE)
            continue;
        if (field.type != WIRE_BYTES)
            graph->status = error_set(graph->error, STATUS_DATA, "%s: byte %zu: not a node",
                                      graph->path, (size_t)(wire.at - wire.begin));
        else if (graph->nodes)
            graph->nodes[count] = (struct graphdef_node){
                .name = "", .op = "", .bytes = field.bytes, .size = field.size};
        count++;
    }
    check_wire(graph, &wire);
    graph->node_count = count;
}

enum status graphdef_read(const char *path, const struct mapping *file, struct graphdef *graph,
                          struct error *error)
{
    *graph =
        (struct graphdef){.path = path, .bytes = file->bytes, .size = file->size, .error = error};
    arena_init(&graph->arena, parse_memory);
    walk(graph);
    if (!graph->status && (!graph->node_count || graph->node_count > GRAPHDEF_MAX_NODES))
        graph->status = error_set(error, STATUS_DATA, "%s: holds %zu nodes; 1 to %d are expected",
                                  path, graph->node_count, GRAPHDEF_MAX_NODES);
    if (graph->status)
        return graph->status;
    graph->nodes = arena_alloc(&graph->arena, graph->node_count, sizeof *graph->nodes);
    if (!graph->nodes)
        return fail_memory(graph);
    walk(graph);
    for (size_t i = 0; i < graph->node_count && !graph->status; i++)
        read_node(graph, &graph->nodes[i]);
    if (!graph->status)
        enter_names(graph);
    if (graph->status)
        return graph->status;
    graph->edges = arena_alloc(&graph->arena, graph->edge_count, sizeof *graph->edges);
    if (!graph->edges)
        return fail_memory(graph);
    connect_all(graph);
    return graph->status;
}

void graphdef_free(struct graphdef *graph)
{
    arena_free(&graph->arena);
}
