/* names: one name per value, for formats in which each tensor has a name of its own.
 *
 * Caffe's in-place layers make several values of one name. An input of the network keeps it, else
 * the last of them, because it is what the name means after the whole pass; another one is called
 * after its layer, if no other value has that name, else "TOP/TYPE", with a number behind it where
 * even that is taken.
 */
#ifndef MODEL_NAMES_H
#define MODEL_NAMES_H

#include "model/graph.h"

struct names;

/* The caller frees *out; it may outlive the graph. */
enum status names_create(const struct graph *graph, struct names **out,
                         struct error *error) MUST_CHECK;
void names_free(struct names *names);

/* The unique name of a value (an index into graph.values). */
const char *names_value(const struct names *names, uint32_t value);

/* The value of that name, or -1. */
int64_t names_find(const struct names *names, const char *name);

/* The unique name of a node: its own, with a number behind it where an earlier node has the same.
 */
const char *names_node(const struct names *names, size_t node);

#endif
