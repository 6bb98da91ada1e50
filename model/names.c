#include "model/names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/checked.h"

/* Names in a hash table; open addressing, at most half full. */
struct table {
    const char **names;
    int64_t *values;
    unsigned *numbers; /* the last one that was put behind the name */
    size_t size;       /* a power of two */
};

struct names {
    struct arena arena;
    const char **values, **nodes;
    struct table value_table, node_table;
};

static const size_t names_memory = (size_t)64 << 20;

static bool table_init(struct arena *arena, struct table *table, size_t count)
{
    for (table->size = 16; table->size < 2 * count;)
        table->size *= 2;
    table->names = arena_alloc(arena, table->size, sizeof *table->names);
    table->values = arena_alloc(arena, table->size, sizeof *table->values);
    table->numbers = arena_alloc(arena, table->size, sizeof *table->numbers);
    return table->names && table->values && table->numbers;
}

/* FNV-1a (Fowler, Noll, Vo). */
static size_t slot_of(const struct table *table, const char *name)
{
    uint64_t hash = 0xcbf29ce484222325u;
    size_t slot;

    for (const char *c = name; *c; c++)
        hash = (hash ^ (unsigned char)*c) * 0x100000001b3u;
    slot = (size_t)(hash ^ hash >> 32) & (table->size - 1);
    while (table->names[slot] && strcmp(table->names[slot], name) != 0)
        slot = (slot + 1) & (table->size - 1);
    return slot;
}

static bool taken(const struct table *table, const char *name)
{
    return table->names[slot_of(table, name)] != NULL;
}

static void put(struct table *table, const char *name, int64_t value)
{
    size_t slot = slot_of(table, name);

    table->names[slot] = name;
    table->values[slot] = value;
}

/* `name` itself, or with the first number behind it that makes it new. */
static const char *make_unique(struct names *names, struct table *table, const char *name)
{
    size_t slot = slot_of(table, name), size = strlen(name) + 16;
    char *text;

    if (!table->names[slot])
        return arena_text(&names->arena, name, strlen(name));
    text = arena_alloc(&names->arena, size, 1);
    if (!text)
        return NULL;
    do
        snprintf(text, size, "%s_%u", name, ++table->numbers[slot]);
    while (taken(table, text));
    return text;
}

static bool put_value(struct names *names, const char *name, uint32_t value)
{
    const char *copy = arena_text(&names->arena, name, strlen(name));

    if (!copy)
        return false;
    names->values[value] = copy;
    put(&names->value_table, copy, value);
    return true;
}

/* The inputs and the last value of each top. Where a layer works in place on an input, the name is
 * the input's: whoever feeds the network asks for it. */
static bool name_first(struct names *names, const struct graph *graph)
{
    for (size_t i = 0; i < graph->input_count; i++) {
        const char *name = graph->values[graph->inputs[i]].name;
        if (!taken(&names->value_table, name) && !put_value(names, name, graph->inputs[i]))
            return false;
    }
    for (size_t i = 0; i < graph->top_count; i++) {
        const struct top *top = &graph->tops[i];
        if (!taken(&names->value_table, top->name) && !put_value(names, top->name, top->value))
            return false;
    }
    return true;
}

static const char *name_early_value(struct names *names, const struct graph *graph, uint32_t value)
{
    const struct node *node = &graph->nodes[graph->values[value].producer];
    const char *top = graph->values[value].name;
    size_t size = strlen(top) + strlen(node->op->name) + 2;
    char *text;

    if (*node->name && node->output_count == 1 && !taken(&names->value_table, node->name))
        return arena_text(&names->arena, node->name, strlen(node->name));
    text = arena_alloc(&names->arena, size, 1);
    if (!text)
        return NULL;
    snprintf(text, size, "%s/%s", top, node->op->name);
    return make_unique(names, &names->value_table, text);
}

static bool name_all(struct names *names, const struct graph *graph)
{
    if (!name_first(names, graph))
        return false;
    for (uint32_t i = 0; i < graph->value_count; i++) {
        if (names->values[i])
            continue;
        names->values[i] = name_early_value(names, graph, i);
        if (!names->values[i])
            return false;
        put(&names->value_table, names->values[i], i);
    }
    for (size_t i = 0; i < graph->node_count; i++) {
        names->nodes[i] = make_unique(names, &names->node_table, graph->nodes[i].name);
        if (!names->nodes[i])
            return false;
        put(&names->node_table, names->nodes[i], (int64_t)i);
    }
    return true;
}

enum status names_create(const struct graph *graph, struct names **out, struct error *error)
{
    struct names *names = calloc(1, sizeof *names);
    enum status status = STATUS_OK;

    *out = NULL;
    if (!names)
        return error_set(error, STATUS_MEMORY, "%s: out of memory", graph->source);
    arena_init(&names->arena, names_memory);
    names->values = arena_alloc(&names->arena, graph->value_count, sizeof *names->values);
    names->nodes = arena_alloc(&names->arena, graph->node_count, sizeof *names->nodes);
    if (!names->values || !names->nodes ||
        !table_init(&names->arena, &names->value_table, graph->value_count) ||
        !table_init(&names->arena, &names->node_table, graph->node_count) ||
        !name_all(names, graph)) {
        status = arena_fail(&names->arena, error);
        names_free(names);
        return status;
    }
    *out = names;
    return STATUS_OK;
}

void names_free(struct names *names)
{
    if (!names)
        return;
    arena_free(&names->arena);
    free(names);
}

const char *names_value(const struct names *names, uint32_t value)
{
    return names->values[value];
}

int64_t names_find(const struct names *names, const char *name)
{
    size_t slot = slot_of(&names->value_table, name);

    return names->value_table.names[slot] ? names->value_table.values[slot] : -1;
}

const char *names_node(const struct names *names, size_t node)
{
    return names->nodes[node];
}
