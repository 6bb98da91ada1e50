#include "model/format/numpy/pickle_machine.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { BLOCK_VALUES = 64 };

void pickle_fail(struct pickle *pickle, enum status status, const char *format, ...)
{
    char text[512];
    va_list arguments;

    if (pickle->status)
        return;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    pickle->status = error_set(pickle->error, status, "%s: byte %zu: %s", pickle->path,
                               pickle->offset + pickle->begin, text);
}

void pickle_fail_memory(struct pickle *pickle)
{
    if (!pickle->status)
        pickle->status = error_prefix(pickle->error, arena_fail(&pickle->arena, pickle->error),
                                      "%s", pickle->path);
}

unsigned char *pickle_keep(struct pickle *pickle, size_t size)
{
    unsigned char *bytes = size <= pickle->keepable ? arena_alloc(pickle->kept, size, 1) : NULL;

    if (bytes)
        pickle->keepable -= size;
    else
        pickle_fail(pickle, STATUS_LIMIT, "the pickle takes more memory than its size");
    return bytes;
}

struct pickle_value *pickle_at(const struct pickle *pickle, uint32_t index)
{
    return &pickle->blocks[index / BLOCK_VALUES][index % BLOCK_VALUES];
}

static bool add_block(struct pickle *pickle)
{
    size_t used = pickle->value_count / BLOCK_VALUES;

    if (used == pickle->block_capacity) {
        size_t capacity = used ? 2 * used : 16;
        struct pickle_value **blocks = arena_alloc(&pickle->arena, capacity, sizeof *blocks);
        if (!blocks)
            return false;
        if (used)
            memcpy(blocks, pickle->blocks, used * sizeof *blocks);
        pickle->blocks = blocks;
        pickle->block_capacity = capacity;
    }
    pickle->blocks[used] = arena_alloc(&pickle->arena, BLOCK_VALUES, sizeof **pickle->blocks);
    return pickle->blocks[used] != NULL;
}

struct pickle_value *pickle_make(struct pickle *pickle, enum pickle_kind kind, uint32_t *index)
{
    struct pickle_value *value;

    if (pickle->status)
        return NULL;
    if (pickle->value_count % BLOCK_VALUES == 0 && !add_block(pickle)) {
        pickle_fail_memory(pickle);
        return NULL;
    }
    *index = (uint32_t)pickle->value_count++;
    value = pickle_at(pickle, *index);
    value->kind = kind;
    return value;
}

void pickle_add(struct pickle *pickle, struct pickle_items *items, uint32_t index)
{
    if (pickle->status)
        return;
    if (items->count == items->capacity) {
        size_t capacity = items->capacity ? 2 * items->capacity : 4;
        uint32_t *at = arena_alloc(&pickle->arena, capacity, sizeof *at);
        if (!at) {
            pickle_fail_memory(pickle);
            return;
        }
        if (items->count)
            memcpy(at, items->at, items->count * sizeof *at);
        items->at = at;
        items->capacity = capacity;
    }
    items->at[items->count++] = index;
}

void pickle_push(struct pickle *pickle, uint32_t index)
{
    pickle_add(pickle, &pickle->stack, index);
}

struct pickle_value *pickle_push_new(struct pickle *pickle, enum pickle_kind kind)
{
    uint32_t index = 0;
    struct pickle_value *value = pickle_make(pickle, kind, &index);

    pickle_push(pickle, index);
    return value;
}

uint32_t pickle_pop(struct pickle *pickle)
{
    if (!pickle->stack.count ||
        pickle_at(pickle, pickle->stack.at[pickle->stack.count - 1])->kind == PICKLE_MARK) {
        pickle_fail(pickle, STATUS_DATA, "is not a pickle: its stack is empty");
        return 0;
    }
    return pickle->stack.at[--pickle->stack.count];
}

const struct pickle_value *pickle_part(const struct pickle *pickle,
                                       const struct pickle_value *value, size_t index)
{
    bool holds = value && (value->kind == PICKLE_TUPLE || value->kind == PICKLE_LIST ||
                           value->kind == PICKLE_DICT);

    return holds && index < value->items.count ? pickle_at(pickle, value->items.at[index]) : NULL;
}

void pickle_push_text(struct pickle *pickle, enum pickle_kind kind, const unsigned char *bytes,
                      size_t size)
{
    struct pickle_value *value = bytes ? pickle_push_new(pickle, kind) : NULL;

    if (!value)
        return;
    value->text.bytes = bytes;
    value->text.size = size;
}

/* ---- arguments ---- */

const unsigned char *pickle_take(struct pickle *pickle, uint64_t size)
{
    const unsigned char *bytes = pickle->bytes + pickle->at;

    if (pickle->status || size > pickle->size - pickle->at) {
        pickle_fail(pickle, STATUS_DATA, "the pickle is cut or damaged: it ends too early");
        return NULL;
    }
    pickle->at += size;
    return bytes;
}

/* Little-endian. */
uint64_t pickle_take_number(struct pickle *pickle, unsigned width)
{
    const unsigned char *bytes = pickle_take(pickle, width);
    uint64_t number = 0;

    for (unsigned i = 0; bytes && i < width; i++)
        number |= (uint64_t)bytes[i] << 8 * i;
    return number;
}

/* Up to a line feed, which is not counted. */
const unsigned char *pickle_take_line(struct pickle *pickle, size_t *size)
{
    const unsigned char *line = pickle->bytes + pickle->at;
    const unsigned char *end = memchr(line, '\n', pickle->size - pickle->at);

    *size = end ? (size_t)(end - line) : 0;
    return pickle_take(pickle, end ? *size + 1 : UINT64_MAX) ? line : NULL;
}
