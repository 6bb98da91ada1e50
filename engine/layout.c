#include "engine/layout.h"

#include <stdlib.h>

#include "common/checked.h"

static int larger_first(const void *a, const void *b, void *context)
{
    const struct extent *extents = context;
    const size_t *i = a, *j = b;

    if (extents[*i].size != extents[*j].size)
        return extents[*i].size < extents[*j].size ? 1 : -1;
    return (*i > *j) - (*i < *j);
}

static bool meet(const struct extent *a, const struct extent *b)
{
    return a->first <= b->last && b->first <= a->last;
}

/* Insertion into the placed ones, which `order` keeps sorted by offset. */
static void keep_sorted(const struct extent *extents, size_t *order, size_t placed)
{
    size_t moving = order[placed], i = placed;

    while (i > 0 && extents[order[i - 1]].offset > extents[moving].offset) {
        order[i] = order[i - 1];
        i--;
    }
    order[i] = moving;
}

/* The smallest gap between placed extents that live at the same time, or the place behind them. */
static bool find_gap(const struct extent *extents, const size_t *order, size_t placed,
                     struct extent *extent)
{
    size_t end = 0, best = SIZE_MAX, best_gap = SIZE_MAX;

    for (size_t i = 0; i < placed; i++) {
        const struct extent *other = &extents[order[i]];
        if (!meet(extent, other))
            continue;
        if (other->offset >= end && other->offset - end >= extent->size &&
            other->offset - end < best_gap) {
            best_gap = other->offset - end;
            best = end;
        }
        if (other->offset + other->size > end)
            end = other->offset + other->size;
    }
    extent->offset = best == SIZE_MAX ? end : best;
    return checked_add(extent->offset, extent->size, &end);
}

bool layout_place(struct extent *extents, size_t count, size_t align, size_t *order, size_t *total)
{
    *total = 0;
    for (size_t i = 0; i < count; i++) {
        if (!checked_add(extents[i].size, align - 1, &extents[i].size))
            return false;
        extents[i].size = extents[i].size / align * align;
        order[i] = i;
    }
    qsort_r(order, count, sizeof *order, larger_first, extents);
    for (size_t i = 0; i < count; i++) {
        struct extent *extent = &extents[order[i]];
        if (!find_gap(extents, order, i, extent))
            return false;
        if (extent->offset + extent->size > *total)
            *total = extent->offset + extent->size;
        keep_sorted(extents, order, i);
    }
    return true;
}
