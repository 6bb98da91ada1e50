/* layout: places buffers whose lives are known into one stretch of memory. */
#ifndef ENGINE_LAYOUT_H
#define ENGINE_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A buffer is in use from step `first` to step `last`, both included. */
struct extent {
    size_t size; /* in units of the caller's choice */
    int64_t first, last;
    size_t offset; /* filled */
};

/* Gives each extent an offset such that two that live at the same time do not overlap, largest
 * first into the smallest gap that fits (as XNNPACK's memory-planner.c does). `order` is scratch of
 * `count` entries. *total is the size needed; false when it overflows. Sizes are rounded up to
 * `align`. */
bool layout_place(struct extent *extents, size_t count, size_t align, size_t *order, size_t *total);

#endif
