#include "model/import/importer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/import/build.h"
#include "model/simplify.h"

const struct import_axes import_nchw = {.channel = 1, .spatial = {2, 3}};
const struct import_axes import_nhwc = {.channel = 3, .spatial = {1, 2}};

/* Open addressing; `capacity` is a power of two and more than half of it is free. */
struct entry {
    const char *name;        /* NULL: free */
    struct operand *operand; /* NULL: only reserved */
};

struct importer_names {
    size_t count, capacity;
    struct entry *entries;
};

enum status importer_open(struct importer *importer, const char *source, bool channels_last,
                          size_t budget, struct error *error)
{
    *importer = (struct importer){.error = error, .channels_last = channels_last, .budget = budget};
    importer->names = calloc(1, sizeof *importer->names);
    if (!importer->names)
        return error_set(error, STATUS_MEMORY, "%s: out of memory", source);
    return graph_create(source, 64, 64, &importer->graph, error);
}

enum status importer_finish(struct importer *importer, struct graph **out)
{
    enum status status;

    *out = NULL;
    importer_at(importer, NULL, NULL);
    if (!importer->graph->output_count)
        return importer_fail(importer, STATUS_DATA, "the network has no output");
    status = graph_simplify(importer->graph, importer->budget, importer->error);
    if (!status)
        status = graph_finish(importer->graph, importer->error);
    if (status)
        return status;
    *out = importer->graph;
    importer->graph = NULL;
    return STATUS_OK;
}

void importer_close(struct importer *importer)
{
    graph_free(importer->graph);
    if (importer->names)
        free(importer->names->entries);
    free(importer->names);
    *importer = (struct importer){.graph = NULL};
}

void importer_at(struct importer *importer, const char *node, const char *type)
{
    importer->node = node;
    importer->type = type;
}

enum status importer_fail(const struct importer *importer, enum status status, const char *format,
                          ...)
{
    char text[768];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (!importer->node)
        return error_set(importer->error, status, "%s: %s", importer->graph->source, text);
    return error_set(importer->error, status, "%s: node '%s' (%s): %s", importer->graph->source,
                     importer->node, importer->type, text);
}

/* FNV-1a */
static size_t hash(const char *name)
{
    uint64_t value = 0xcbf29ce484222325U;

    for (; *name; name++)
        value = (value ^ (unsigned char)*name) * 0x100000001b3U;
    return (size_t)(value ^ value >> 32);
}

/* The entry of that name, or the free one where it belongs; NULL in an empty table. */
static struct entry *look_up(const struct importer_names *names, const char *name)
{
    size_t mask = names->capacity - 1;

    if (!names->capacity)
        return NULL;
    for (size_t at = hash(name) & mask;; at = (at + 1) & mask) {
        if (!names->entries[at].name || !strcmp(names->entries[at].name, name))
            return &names->entries[at];
    }
}

static bool make_room(struct importer_names *names)
{
    struct importer_names larger = {.capacity = names->capacity ? names->capacity * 2 : 256};

    if (names->count * 2 < names->capacity)
        return true;
    larger.entries = calloc(larger.capacity, sizeof *larger.entries);
    if (!larger.entries)
        return false;
    for (size_t i = 0; i < names->capacity; i++) {
        if (names->entries[i].name)
            *look_up(&larger, names->entries[i].name) = names->entries[i];
    }
    free(names->entries);
    names->entries = larger.entries;
    names->capacity = larger.capacity;
    return true;
}

static enum status enter(struct importer *importer, const char *name, struct entry **out)
{
    if (!make_room(importer->names))
        return importer_fail(importer, STATUS_MEMORY, "out of memory");
    *out = look_up(importer->names, name);
    if ((*out)->name)
        return STATUS_OK;
    (*out)->name = arena_text(&importer->graph->arena, name, strlen(name));
    if (!(*out)->name)
        return arena_fail(&importer->graph->arena, importer->error);
    importer->names->count++;
    return STATUS_OK;
}

enum status importer_reserve(struct importer *importer, const char *name)
{
    struct entry *entry;

    return enter(importer, name, &entry);
}

enum status importer_define(struct importer *importer, const char *name,
                            const struct operand *operand)
{
    struct entry *entry;
    enum status status = enter(importer, name, &entry);

    if (status)
        return status;
    if (entry->operand)
        return importer_fail(importer, STATUS_DATA,
                             "'%s' is made by another node already; rename one of them", name);
    entry->operand = arena_alloc(&importer->graph->arena, 1, sizeof *entry->operand);
    if (!entry->operand)
        return arena_fail(&importer->graph->arena, importer->error);
    *entry->operand = *operand;
    return STATUS_OK;
}

const struct operand *importer_find(const struct importer *importer, const char *name)
{
    const struct entry *entry = look_up(importer->names, name);

    return entry ? entry->operand : NULL;
}

enum status build_name(struct importer *importer, const char *name, const char *suffix,
                       const char **out)
{
    size_t size = strlen(name) + strlen(suffix) + 32;
    char *text = arena_alloc(&importer->graph->arena, size, 1);
    const struct entry *entry;

    *out = text;
    if (!text)
        return arena_fail(&importer->graph->arena, importer->error);
    snprintf(text, size, "%s/%s", name, suffix);
    for (unsigned i = 1;; i++) {
        entry = look_up(importer->names, text);
        if (!entry || !entry->name)
            return importer_reserve(importer, text);
        snprintf(text, size, "%s/%s_%u", name, suffix, i);
    }
}

enum status import_input(struct importer *importer, const char *name, const struct shape *shape,
                         struct operand *out)
{
    struct layer layer = {.kind = OPERATOR_INPUT};
    struct shape *extents = &layer.parameters.input.shape;
    uint8_t order[SHAPE_MAX_DIMS];
    enum status status;
    uint32_t value;

    if (!shape->dims)
        return importer_fail(importer, STATUS_UNSUPPORTED,
                             "an input without axes is not supported; give it a batch axis");
    build_natural_order(importer, shape->dims, order);
    extents->dims = shape->dims;
    for (unsigned i = 0; i < shape->dims; i++)
        extents->dim[order[i]] = shape->dim[i];
    status = build_layer(importer, name, &layer, &value);
    if (!status)
        *out = build_operand(importer, value, order);
    return status;
}

/* A value of the output's name whose axes stand otherwise than an output's gets a helper's name. */
static enum status free_name(struct importer *importer, const char *name)
{
    struct graph *graph = importer->graph;
    int64_t value = graph_top(graph, name);
    const char *helper;
    enum status status;

    if (value < 0)
        return STATUS_OK;
    status = build_name(importer, name, "Turned", &helper);
    for (size_t i = 0; i < graph->top_count && !status; i++) {
        if (graph->tops[i].value == value)
            graph->tops[i].name = graph->values[value].name = helper;
    }
    graph->top_slot_count = 0;
    return status;
}

enum status import_output(struct importer *importer, const char *name, const struct operand *x)
{
    struct layer layer = {.kind = OPERATOR_SPLIT};
    uint8_t order[SHAPE_MAX_DIMS];
    struct operand out;
    enum status status;

    if (x->kind != OPERAND_VALUE)
        return importer_fail(importer, STATUS_UNSUPPORTED,
                             "the output '%s' is a constant, which needs no network", name);
    build_natural_order(importer, x->shape.dims, order);
    if (memcmp(order, x->order, x->shape.dims) != 0) {
        status = free_name(importer, name);
        if (status)
            return status;
    }
    status = build_turned_as(importer, name, x, order, &out);
    if (!status && strcmp(importer->graph->values[out.value].name, name))
        status = build_on(importer, name, &out, &layer, &out);
    if (!status)
        graph_declare_output(importer->graph, out.value);
    return status;
}
