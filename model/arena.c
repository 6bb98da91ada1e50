#include "model/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/checked.h"

enum { ARENA_BLOCK = 64 * 1024, ARENA_ALIGN = alignof(max_align_t) };

struct arena_block {
    struct arena_block *next;
    size_t used, size;
    alignas(max_align_t) unsigned char bytes[];
};

void arena_init(struct arena *arena, size_t limit)
{
    *arena = (struct arena){.limit = limit};
}

void arena_free(struct arena *arena)
{
    struct arena_block *block = arena->blocks;

    while (block) {
        struct arena_block *next = block->next;
        free(block);
        block = next;
    }
    *arena = (struct arena){.limit = arena->limit};
}

static struct arena_block *block_add(struct arena *arena, size_t size)
{
    size_t room = size > ARENA_BLOCK ? size : ARENA_BLOCK;
    struct arena_block *block;

    if (room > SIZE_MAX - sizeof *block)
        return NULL;
    block = calloc(1, sizeof *block + room);
    if (!block)
        return NULL;
    block->size = room;
    /* A block made for one large piece goes behind the one that still has room. */
    if (size > ARENA_BLOCK / 4 && arena->blocks) {
        block->next = arena->blocks->next;
        arena->blocks->next = block;
    } else {
        block->next = arena->blocks;
        arena->blocks = block;
    }
    return block;
}

void *arena_alloc(struct arena *arena, size_t count, size_t size)
{
    struct arena_block *block = arena->blocks;
    size_t bytes;
    void *result;

    if (!checked_mul(count, size, &bytes) || !checked_add(bytes, ARENA_ALIGN - 1, &bytes))
        return NULL;
    bytes = bytes / ARENA_ALIGN * ARENA_ALIGN;
    if (bytes > arena->limit - arena->used) {
        arena->refused = true;
        return NULL;
    }
    if (!block || bytes > block->size - block->used) {
        block = block_add(arena, bytes);
        if (!block)
            return NULL;
    }
    result = block->bytes + block->used;
    block->used += bytes;
    arena->used += bytes;
    return result;
}

char *arena_text(struct arena *arena, const char *text, size_t size)
{
    char *copy = size < SIZE_MAX ? arena_alloc(arena, size + 1, 1) : NULL;

    if (copy && size)
        memcpy(copy, text, size);
    return copy;
}

enum status arena_fail(const struct arena *arena, struct error *error)
{
    if (arena->refused)
        return error_set(error, STATUS_LIMIT,
                         "needs more than %zu bytes of memory for its structure", arena->limit);
    return error_set(error, STATUS_MEMORY, "out of memory");
}
