#include "model/format/caffe/caffe_write.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "model/format/caffe/caffe_writer.h"

/* Field numbers in caffe.proto. */
enum { NET_NAME = 1, NET_LAYER = 100 };
enum { LAYER_NAME = 1, LAYER_TYPE = 2, LAYER_BOTTOM = 3, LAYER_TOP = 4, LAYER_BLOBS = 7 };
enum { BLOB_DATA = 5, BLOB_SHAPE = 7, SHAPE_DIM = 1 };

/* Structure, and constants made for layers that Caffe says with several. */
static const size_t memory_limit = (size_t)1 << 30;
static const size_t text_limit = (size_t)64 << 20;

typedef void write_rule(struct caffe_writer *writer, const struct node *node);

static write_rule *const rules[OPERATOR_COUNT] = {
#define X(kind, suffix, ...) caffe_write_##suffix,
    OPERATOR_MAP(X)
#undef X
};

/* ---- layers ---- */

static struct caffe_layer_out *append(struct caffe_writer *writer, const char *name,
                                      const char *type, size_t bottoms, size_t tops)
{
    struct caffe_layer_out *layer = caffe_pool_alloc(&writer->pool, 1, sizeof *layer);
    const char **texts = caffe_pool_alloc(&writer->pool, bottoms + tops, sizeof *texts);

    if (!layer || !texts) {
        writer->nowhere.parameters.pool = &writer->pool;
        return &writer->nowhere;
    }
    *layer = (struct caffe_layer_out){.name = name,
                                      .type = type,
                                      .bottom_count = (uint32_t)bottoms,
                                      .top_count = (uint32_t)tops,
                                      .bottoms = texts,
                                      .tops = texts + bottoms,
                                      .parameters = {.pool = &writer->pool}};
    *writer->tail = layer;
    writer->tail = &layer->next;
    return layer;
}

struct caffe_layer_out *caffe_out_node(struct caffe_writer *writer, const struct node *node,
                                       const char *type)
{
    size_t index = (size_t)(node - writer->graph->nodes);
    struct caffe_layer_out *layer = append(writer, names_node(writer->names, index), type,
                                           node->input_count, node->output_count);

    for (uint32_t i = 0; i < layer->bottom_count; i++)
        layer->bottoms[i] = caffe_out_input(writer, node, i);
    for (uint32_t i = 0; i < layer->top_count; i++)
        layer->tops[i] = caffe_out_output(writer, node, i);
    layer->weight_count = node->weight_count;
    layer->weights = node->weights;
    return layer;
}

static bool layer_name_taken(const struct caffe_writer *writer, const char *name)
{
    for (size_t i = 0; i < writer->graph->node_count; i++) {
        if (!strcmp(names_node(writer->names, i), name))
            return true;
    }
    for (const struct caffe_layer_out *layer = writer->first; layer; layer = layer->next) {
        if (!strcmp(layer->name, name))
            return true;
    }
    return false;
}

struct caffe_layer_out *caffe_out_aux(struct caffe_writer *writer, const struct node *node,
                                      const char *suffix, const char *type, const char *bottom,
                                      uint32_t top_count)
{
    const char *stem = names_node(writer->names, (size_t)(node - writer->graph->nodes));
    const char *name = caffe_pool_printf(&writer->pool, "%s/%s", stem, suffix);
    struct caffe_layer_out *layer;

    for (unsigned i = 1; !writer->pool.failed && layer_name_taken(writer, name); i++)
        name = caffe_pool_printf(&writer->pool, "%s/%s_%u", stem, suffix, i);
    layer = append(writer, name, type, 1, top_count);
    if (layer->bottom_count)
        layer->bottoms[0] = bottom;
    return layer;
}

static bool value_name_taken(const struct caffe_writer *writer, const char *name)
{
    if (names_find(writer->names, name) >= 0)
        return true;
    for (const struct caffe_layer_out *layer = writer->first; layer; layer = layer->next) {
        for (uint32_t i = 0; i < layer->top_count; i++) {
            if (layer->tops[i] && !strcmp(layer->tops[i], name))
                return true;
        }
    }
    return false;
}

const char *caffe_out_between(struct caffe_writer *writer, const struct node *node,
                              const char *suffix)
{
    const char *stem = caffe_out_output(writer, node, 0);
    const char *name = caffe_pool_printf(&writer->pool, "%s/%s", stem, suffix);

    for (unsigned i = 1; !writer->pool.failed && value_name_taken(writer, name); i++)
        name = caffe_pool_printf(&writer->pool, "%s/%s_%u", stem, suffix, i);
    return name;
}

const char *caffe_out_input(const struct caffe_writer *writer, const struct node *node, uint32_t i)
{
    return names_value(writer->names, node->inputs[i]);
}

const char *caffe_out_output(const struct caffe_writer *writer, const struct node *node, uint32_t i)
{
    return names_value(writer->names, node->outputs[i]);
}

const struct shape *caffe_out_input_shape(const struct caffe_writer *writer,
                                          const struct node *node)
{
    return &writer->graph->values[node->inputs[0]].shape;
}

const struct shape *caffe_out_shape(const struct caffe_writer *writer, const struct node *node)
{
    return &writer->graph->values[node->outputs[0]].shape;
}

void caffe_out_refuse(struct caffe_writer *writer, const struct node *node, enum limit limit)
{
    size_t used = strlen(writer->refused), room = sizeof writer->refused - used;

    snprintf(writer->refused + used, room, "%s'%s' (%s: %s)", writer->refused_count ? ", " : "",
             node->name, node->op->name, limit_info(limit)->why);
    writer->refused_count++;
}

/* ---- the two files ---- */

static void describe(const struct caffe_layer_out *layer, struct caffe_message *message)
{
    caffe_put_text(message, "name", LAYER_NAME, layer->name);
    caffe_put_text(message, "type", LAYER_TYPE, layer->type);
    for (uint32_t i = 0; i < layer->bottom_count; i++)
        caffe_put_text(message, "bottom", LAYER_BOTTOM, layer->bottoms[i]);
    for (uint32_t i = 0; i < layer->top_count; i++)
        caffe_put_text(message, "top", LAYER_TOP, layer->tops[i]);
    caffe_put_fields(message, &layer->parameters);
}

static void put_blob(struct wire_message *layer, const struct weight *weight)
{
    struct wire_message blob, shape;

    wire_init(&blob);
    wire_init(&shape);
    wire_put_ints(&shape, SHAPE_DIM, weight->shape.dim, weight->shape.dims);
    wire_put_message(&blob, BLOB_SHAPE, &shape);
    wire_put_weight(&blob, BLOB_DATA, weight);
    wire_put_message(layer, LAYER_BLOBS, &blob);
    wire_free(&blob);
    wire_free(&shape);
}

static void put_layer(const struct caffe_layer_out *layer, const struct caffe_message *message,
                      struct wire_message *net)
{
    struct wire_message wire;

    wire_init(&wire);
    caffe_message_wire(message, &wire);
    for (uint32_t i = 0; i < layer->weight_count; i++)
        put_blob(&wire, &layer->weights[i]);
    wire_put_message(net, NET_LAYER, &wire);
    wire_free(&wire);
}

static bool in_bvlc_1_0(const char *type)
{
    static const char *const others[] = {
        "Clip",     "Swish",          "Normalize",  "Permute",  "Interp",
        "Upsample", "ShuffleChannel", "ROIPooling", "PriorBox", "DetectionOutput"};

    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        if (!strcmp(type, others[i]))
            return false;
    }
    return true;
}

static bool type_seen_before(const struct caffe_writer *writer, const struct caffe_layer_out *layer)
{
    const struct caffe_layer_out *other = writer->first;

    while (other != layer && strcmp(other->type, layer->type) != 0)
        other = other->next;
    return other != layer;
}

/* Says what BVLC Caffe 1.0 does not have. */
static enum status print_remark(const struct caffe_writer *writer, struct buf *text)
{
    enum status status = STATUS_OK;
    const char *before = "# Layer types that BVLC Caffe 1.0 does not have: ";

    for (const struct caffe_layer_out *layer = writer->first; layer && !status;
         layer = layer->next) {
        if (in_bvlc_1_0(layer->type) || type_seen_before(writer, layer))
            continue;
        status = buf_printf(text, "%s%s", before, layer->type);
        before = ", ";
    }
    if (text->size && !status)
        status = buf_append_text(text, "\n");
    if (writer->rounds_down && !status)
        status = buf_append_text(text, "# Pooling's round_mode is newer than BVLC Caffe 1.0; forks "
                                       "say ceil_mode: false\n");
    return status;
}

/* Both files in memory, but for the weights. */
static enum status build(struct caffe_writer *writer, const char *name, struct buf *text,
                         struct wire_message *net)
{
    struct caffe_message title = {.pool = &writer->pool}, root = {.pool = &writer->pool};
    enum status status;

    caffe_put_text(&title, "name", NET_NAME, name);
    caffe_message_wire(&title, net);
    for (const struct caffe_layer_out *layer = writer->first; layer; layer = layer->next) {
        struct caffe_message *message = caffe_put_message(&root, "layer", NET_LAYER);
        describe(layer, message);
        put_layer(layer, message, net);
    }
    if (writer->pool.failed)
        return STATUS_OK;
    status = print_remark(writer, text);
    if (!status)
        status = caffe_message_text(&title, text);
    return status ? status : caffe_message_text(&root, text);
}

static enum status write_text(const char *path, const struct buf *text, bool *made,
                              struct error *error)
{
    struct output *output;
    enum status status = output_create(path, &output, error);

    if (status)
        return status;
    *made = true;
    output_write(output, text->data, text->size);
    return output_close(output, error);
}

static enum status write_net(const char *path, const struct wire_message *net, bool *made,
                             struct error *error)
{
    struct output *output;
    enum status status = output_create(path, &output, error), closed;

    if (status)
        return status;
    *made = true;
    status = wire_write(net, path, output, error);
    closed = output_close(output, status ? NULL : error);
    return status ? status : closed;
}

static enum status write_files(const char *prototxt_path, const struct buf *text,
                               const char *caffemodel_path, const struct wire_message *net,
                               struct error *error)
{
    bool made[2] = {false, false};
    enum status status = write_text(prototxt_path, text, &made[0], error);

    if (!status)
        status = write_net(caffemodel_path, net, &made[1], error);
    if (status && made[0])
        unlink(prototxt_path);
    if (status && made[1])
        unlink(caffemodel_path);
    return status;
}

/* The file's name without folder and ending. */
static const char *title_of(struct caffe_writer *writer, const char *path)
{
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
    size_t size = strlen(base);

    if (size > 9 && !strcmp(base + size - 9, ".prototxt"))
        size -= 9;
    return caffe_pool_printf(&writer->pool, "%.*s", (int)size, base);
}

static enum status write_all(struct caffe_writer *writer, const char *prototxt_path,
                             const char *caffemodel_path, struct error *error)
{
    struct wire_message net;
    enum status status;
    struct buf text;

    for (size_t i = 0; i < writer->graph->node_count; i++)
        rules[writer->graph->nodes[i].op->kind](writer, &writer->graph->nodes[i]);
    if (writer->refused_count)
        return error_set(error, STATUS_UNSUPPORTED,
                         "%s: Caffe has no layers that do the same as %zu layer%s: %s%s",
                         writer->graph->source, writer->refused_count,
                         writer->refused_count == 1 ? "" : "s", writer->refused,
                         strlen(writer->refused) + 1 == sizeof writer->refused ? " ..." : "");
    buf_init(&text, text_limit);
    wire_init(&net);
    status = build(writer, title_of(writer, prototxt_path), &text, &net);
    if (writer->pool.failed)
        status = arena_fail(&writer->pool.arena, error);
    else if (status)
        error_set(error, status, "%s: %s", prototxt_path, status_text(status));
    else
        status = write_files(prototxt_path, &text, caffemodel_path, &net, error);
    wire_free(&net);
    buf_free(&text);
    return status;
}

enum status caffe_write(const struct graph *graph, const char *prototxt_path,
                        const char *caffemodel_path, struct error *error)
{
    struct caffe_writer *writer = calloc(1, sizeof *writer);
    enum status status;

    if (!writer)
        return error_set(error, STATUS_MEMORY, "%s: out of memory", prototxt_path);
    writer->graph = graph;
    writer->tail = &writer->first;
    arena_init(&writer->pool.arena, memory_limit);
    status = names_create(graph, &writer->names, error);
    if (!status)
        status = write_all(writer, prototxt_path, caffemodel_path, error);
    names_free(writer->names);
    arena_free(&writer->pool.arena);
    free(writer);
    return status;
}
