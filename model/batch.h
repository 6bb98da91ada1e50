/* batch: whether a network takes another number of images than its inputs say.
 *
 * Caffe's networks do, unless a layer cuts, flattens or turns the axis of the images. The other
 * formats say it: "N" or -1 in place of a number.
 */
#ifndef MODEL_BATCH_H
#define MODEL_BATCH_H

#include "model/arena.h"
#include "model/graph.h"

struct batch {
    bool fixed;                 /* no other number of images works, or means the same */
    const struct shape *others; /* per value: its extents with one image more; NULL when the batch
                                   is fixed, or when inputs differ in their first extent */
};

/* What `arena` holds of it lives as long as the arena. STATUS_MEMORY. */
enum status batch_look(const struct graph *graph, struct arena *arena, struct batch *out,
                       struct error *error) MUST_CHECK;

/* Whether `other`, which is `graph` read with a batch of `batch` in the place of its own, is the
 * same network: the same layers with the same parameters, and the extents that `graph` would have.
 * False, too, when memory runs out. */
bool batch_makes_no_difference(const struct graph *graph, const struct graph *other, int64_t batch);

#endif
