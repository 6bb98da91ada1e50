/* rewrite: what the rewrites of simplify share.
 *
 * A rewrite ends at the node `last`, whose outputs stay; nodes before it are removed. So the order
 * of execution holds.
 */
#ifndef MODEL_REWRITE_H
#define MODEL_REWRITE_H

#include "model/graph.h"

struct rewriting {
    struct graph *graph;
    uint32_t *readers; /* of each value, by how many inputs it is read */
    bool *kept;        /* of each value: it is an output */
    bool *removed;     /* of each node */
    size_t budget;     /* bytes that joined weights may still take */
    struct error *error;
};

/* One rewrite: returns whether it changed anything; *status only fails for want of memory. */
typedef bool rewrite_rule(struct rewriting *rewriting, struct node *last, enum status *status);

rewrite_rule rewrite_bias, rewrite_clip, rewrite_pad_order, rewrite_pad, rewrite_swish,
    rewrite_prelu, rewrite_shuffle, rewrite_groups, rewrite_flatten_order, rewrite_slices;

/* The node that makes input `index` of `node` if it is of that kind and nobody else reads what it
 * makes; else NULL. */
struct node *rewrite_before(const struct rewriting *rewriting, const struct node *node,
                            uint32_t index, enum operator_kind kind);

/* The same whoever else reads it. */
struct node *rewrite_producer(const struct rewriting *rewriting, const struct node *node,
                              uint32_t index, enum operator_kind kind);

/* `last` becomes a copy of `first` (operator, parameters, weights, inputs) and keeps its name and
 * outputs; `first` is removed. */
void rewrite_absorb(struct rewriting *rewriting, struct node *last, struct node *first);

/* Removes a node whose outputs nobody reads any more. */
void rewrite_remove(struct rewriting *rewriting, struct node *node);

/* `node` reads `value` as its input `index` from now on; what it read before loses a reader. */
void rewrite_connect(struct rewriting *rewriting, struct node *node, uint32_t index,
                     uint32_t value);

/* Makes `node` an operator of `count` inputs (its first ones) without weights. */
void rewrite_become(struct rewriting *rewriting, struct node *node, enum operator_kind kind,
                    uint32_t count);

/* Room for weights of a node; NULL sets *status. */
struct weight *rewrite_weights(struct rewriting *rewriting, struct node *node, uint32_t count,
                               enum status *status);

#endif
