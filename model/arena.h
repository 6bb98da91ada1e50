/* arena: many small allocations that are freed together, with a ceiling on their sum.
 *
 * Owned by one thread at a time. Everything handed out is zeroed, aligned for any type and lives
 * until arena_free().
 */
#ifndef MODEL_ARENA_H
#define MODEL_ARENA_H

#include <stdbool.h>
#include <stddef.h>

#include "common/status.h"

struct arena_block;

struct arena {
    struct arena_block *blocks;
    size_t used, limit;
    bool refused; /* the ceiling said no */
};

/* Makes an empty arena that will hand out at most `limit` bytes. Allocates nothing. */
void arena_init(struct arena *arena, size_t limit);
void arena_free(struct arena *arena);

/* `count` zeroed elements of `size` bytes; count 0 gives a valid pointer. NULL when the ceiling or
 * memory is reached or the product overflows; arena_fail() then says which. */
void *arena_alloc(struct arena *arena, size_t count, size_t size);

/* A NUL-terminated copy of `size` bytes; NULL as above. */
char *arena_text(struct arena *arena, const char *text, size_t size);

/* The status and line for an allocation that gave NULL: STATUS_LIMIT or STATUS_MEMORY. */
enum status arena_fail(const struct arena *arena, struct error *error);

#endif
