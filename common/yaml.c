#include "common/yaml.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <yaml.h>

#include "common/buf.h"
#include "common/file.h"

/* MAX_ENTRIES bounds the search for a key given twice. */
enum { MAX_BYTES = 1 << 20, MAX_DEPTH = 32, MAX_NODES = 100000, MAX_ENTRIES = 4096 };

struct piece {
    struct piece *next;
    max_align_t bytes[];
};

struct yaml {
    char *name;
    struct piece *pieces; /* all nodes and texts */
    size_t nodes;
    struct yaml_node root;
};

/* A list or map whose end was not seen yet. */
struct level {
    struct yaml_node *node, *last; /* last: its newest child */
    const char *key;               /* read, waiting for its value */
    unsigned key_line, entries;
};

struct builder {
    struct yaml *yaml;
    struct error *error;
    yaml_parser_t parser;
    struct level levels[MAX_DEPTH];
    unsigned depth;
    bool done; /* the root is complete */
};

static void *allocate(struct yaml *yaml, size_t size)
{
    struct piece *piece = calloc(1, sizeof *piece + size);
    if (!piece)
        return NULL;
    piece->next = yaml->pieces;
    yaml->pieces = piece;
    return piece->bytes;
}

static enum status refuse(const struct builder *builder, enum status status, size_t line,
                          const char *text)
{
    return error_set(builder->error, status, "%s:%zu: %s", builder->yaml->name, line, text);
}

static enum status refuse_event(const struct builder *builder, const yaml_event_t *event,
                                enum status status, const char *text)
{
    return refuse(builder, status, event->start_mark.line + 1, text);
}

static enum status copy_text(struct builder *builder, const yaml_event_t *event, const char **text)
{
    const char *value = (const char *)event->data.scalar.value;
    size_t length = event->data.scalar.length;
    if (memchr(value, '\0', length))
        return refuse_event(builder, event, STATUS_DATA, "a text with a NUL character");
    char *copy = allocate(builder->yaml, length + 1);
    if (!copy)
        return refuse_event(builder, event, STATUS_MEMORY, "out of memory");
    memcpy(copy, value, length);
    *text = copy;
    return STATUS_OK;
}

static struct level *innermost(struct builder *builder)
{
    return builder->depth ? &builder->levels[builder->depth - 1] : NULL;
}

/* In a map, keys and values take turns. */
static bool expects_key(const struct level *level)
{
    return level && level->node->kind == YAML_MAP && !level->key;
}

static enum status read_key(struct builder *builder, const yaml_event_t *event)
{
    struct level *level = innermost(builder);
    const char *key;
    if (event->type != YAML_SCALAR_EVENT)
        return refuse_event(builder, event, STATUS_DATA, "expected a word as key");
    enum status status = copy_text(builder, event, &key);
    if (status)
        return status;
    if (yaml_get(level->node, key))
        return error_set(builder->error, STATUS_DATA, "%s:%zu: %s: given twice in the same map",
                         builder->yaml->name, event->start_mark.line + 1, key);
    if (++level->entries > MAX_ENTRIES)
        return refuse_event(builder, event, STATUS_LIMIT, "too many entries in one map");
    level->key = key;
    level->key_line = (unsigned)event->start_mark.line + 1;
    return STATUS_OK;
}

/* Makes the node and hangs it into the innermost list or map. */
static enum status add_node(struct builder *builder, const yaml_event_t *event,
                            struct yaml_node **out)
{
    struct level *level = innermost(builder);
    if (++builder->yaml->nodes > MAX_NODES)
        return refuse_event(builder, event, STATUS_LIMIT, "too many values in one document");
    struct yaml_node *node = level ? allocate(builder->yaml, sizeof *node) : &builder->yaml->root;
    if (!node)
        return refuse_event(builder, event, STATUS_MEMORY, "out of memory");
    node->line = (unsigned)event->start_mark.line + 1;
    if (level && level->key) {
        node->key = level->key;
        node->line = level->key_line;
        level->key = NULL;
    }
    if (level && level->last)
        level->last->next = node;
    else if (level)
        level->node->first = node;
    if (level)
        level->last = node;
    *out = node;
    return STATUS_OK;
}

static enum status open_level(struct builder *builder, const yaml_event_t *event)
{
    struct yaml_node *node;
    if (builder->depth == MAX_DEPTH)
        return refuse_event(builder, event, STATUS_LIMIT, "nested too deeply");
    enum status status = add_node(builder, event, &node);
    if (status)
        return status;
    node->kind = event->type == YAML_MAPPING_START_EVENT ? YAML_MAP : YAML_LIST;
    builder->levels[builder->depth++] = (struct level){.node = node};
    return STATUS_OK;
}

static enum status add_scalar(struct builder *builder, const yaml_event_t *event)
{
    struct yaml_node *node;
    enum status status = add_node(builder, event, &node);
    if (status)
        return status;
    node->kind = YAML_SCALAR;
    node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    return copy_text(builder, event, &node->text);
}

static enum status take_event(struct builder *builder, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_ALIAS_EVENT:
        return refuse_event(builder, event, STATUS_DATA,
                            "aliases (*name) are not taken; write the value out");
    case YAML_DOCUMENT_START_EVENT:
        if (builder->done)
            return refuse_event(builder, event, STATUS_DATA,
                                "a second document; one file holds one");
        return STATUS_OK;
    case YAML_DOCUMENT_END_EVENT:
        builder->done = true;
        return STATUS_OK;
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        builder->depth--;
        return STATUS_OK;
    case YAML_SEQUENCE_START_EVENT:
    case YAML_MAPPING_START_EVENT:
        if (expects_key(innermost(builder)))
            return read_key(builder, event);
        return open_level(builder, event);
    case YAML_SCALAR_EVENT:
        if (expects_key(innermost(builder)))
            return read_key(builder, event);
        return add_scalar(builder, event);
    default:
        return STATUS_OK;
    }
}

static enum status build(struct builder *builder)
{
    yaml_event_t event;
    enum status status = STATUS_OK;
    bool more = true;
    while (!status && more) {
        yaml_parser_t *parser = &builder->parser;
        if (!yaml_parser_parse(parser, &event)) {
            if (parser->error == YAML_MEMORY_ERROR)
                return refuse(builder, STATUS_MEMORY, 1, "out of memory");
            return refuse(builder, STATUS_DATA, parser->problem_mark.line + 1,
                          parser->problem ? parser->problem : "not YAML");
        }
        status = take_event(builder, &event);
        more = event.type != YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
    }
    return status;
}

static enum status parse(struct yaml *yaml, const char *text, size_t size, struct error *error)
{
    struct builder builder = {.yaml = yaml, .error = error};
    yaml->root = (struct yaml_node){.kind = YAML_MAP, .line = 1};
    if (!yaml_parser_initialize(&builder.parser))
        return error_set(error, STATUS_MEMORY, "%s: out of memory", yaml->name);
    yaml_parser_set_input_string(&builder.parser, (const unsigned char *)text, size);
    enum status status = build(&builder);
    yaml_parser_delete(&builder.parser);
    /* A document of nothing but comments is one empty plain scalar or none. */
    const struct yaml_node *root = &yaml->root;
    if (!status && root->kind == YAML_SCALAR && !root->quoted && !*root->text)
        yaml->root = (struct yaml_node){.kind = YAML_MAP, .line = 1};
    return status;
}

enum status yaml_read_text(const char *name, const char *text, size_t size, struct yaml **out,
                           struct error *error)
{
    *out = NULL;
    if (size > MAX_BYTES)
        return error_set(error, STATUS_LIMIT, "%s: larger than the %d bytes that are allowed", name,
                         MAX_BYTES);
    struct yaml *yaml = calloc(1, sizeof *yaml);
    if (yaml)
        yaml->name = strdup(name);
    enum status status = STATUS_MEMORY;
    if (yaml && yaml->name)
        status = parse(yaml, text, size, error);
    else
        error_set(error, status, "%s: out of memory", name);
    if (status)
        yaml_close(yaml);
    else
        *out = yaml;
    return status;
}

enum status yaml_read_file(const char *path, struct yaml **out, struct error *error)
{
    struct buf content;
    buf_init(&content, MAX_BYTES);
    *out = NULL;
    enum status status = file_read(path, &content, error);
    if (!status)
        status = yaml_read_text(path, content.data ? content.data : "", content.size, out, error);
    buf_free(&content);
    return status;
}

void yaml_close(struct yaml *yaml)
{
    if (!yaml)
        return;
    while (yaml->pieces) {
        struct piece *next = yaml->pieces->next;
        free(yaml->pieces);
        yaml->pieces = next;
    }
    free(yaml->name);
    free(yaml);
}

const struct yaml_node *yaml_root(const struct yaml *yaml)
{
    return &yaml->root;
}

const char *yaml_name(const struct yaml *yaml)
{
    return yaml->name;
}

const struct yaml_node *yaml_get(const struct yaml_node *node, const char *key)
{
    if (!node || node->kind != YAML_MAP)
        return NULL;
    for (const struct yaml_node *child = node->first; child; child = child->next)
        if (strcmp(child->key, key) == 0)
            return child;
    return NULL;
}

enum status yaml_error(const struct yaml *yaml, const struct yaml_node *node, enum status status,
                       struct error *error, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (!node)
        return error_set(error, status, "%s: %s", yaml->name, text);
    return error_set(error, status, "%s:%u: %s%s%s", yaml->name, node->line,
                     node->key ? node->key : "", node->key ? ": " : "", text);
}

static enum status expected(const struct yaml *yaml, const struct yaml_node *node,
                            struct error *error, const char *what)
{
    if (!node || node->kind != YAML_SCALAR)
        return yaml_error(yaml, node, STATUS_DATA, error, "expected %s", what);
    return yaml_error(yaml, node, STATUS_DATA, error, "expected %s, not '%.80s'", what, node->text);
}

static bool is_plain(const struct yaml_node *node)
{
    return node && node->kind == YAML_SCALAR && !node->quoted;
}

/* strtod would take "inf", "0x1p3" and leading blanks, too. */
enum status yaml_to_double(const struct yaml *yaml, const struct yaml_node *node, double *value,
                           struct error *error)
{
    char *end = NULL;
    if (is_plain(node) && *node->text &&
        strspn(node->text, "0123456789+-.eE") == strlen(node->text))
        *value = strtod(node->text, &end);
    if (!end || *end || end == node->text || !isfinite(*value))
        return expected(yaml, node, error, "a number");
    return STATUS_OK;
}

enum status yaml_to_int(const struct yaml *yaml, const struct yaml_node *node, int64_t *value,
                        struct error *error)
{
    char *end = NULL;
    long long number = 0;
    errno = 0;
    if (is_plain(node) && strspn(node->text, "0123456789+-") == strlen(node->text))
        number = strtoll(node->text, &end, 10);
    if (!end || *end || end == node->text || errno)
        return expected(yaml, node, error, "a whole number");
    *value = number;
    return STATUS_OK;
}

/* The words of YAML 1.1, which CarML's parser knows. */
enum status yaml_to_bool(const struct yaml *yaml, const struct yaml_node *node, bool *value,
                         struct error *error)
{
    static const struct {
        const char *word;
        bool value;
    } words[] = {{"true", true}, {"false", false}, {"yes", true},
                 {"no", false},  {"on", true},     {"off", false}};
    for (size_t i = 0; is_plain(node) && i < sizeof words / sizeof words[0]; i++)
        if (strcasecmp(node->text, words[i].word) == 0) {
            *value = words[i].value;
            return STATUS_OK;
        }
    return expected(yaml, node, error, "true or false");
}
