/* parameters_json: the parameters of a node as members of a JSON object, by the table of
 * model/fields.h. Any thread.
 */
#ifndef MODEL_FORMAT_NUMPY_PARAMETERS_JSON_H
#define MODEL_FORMAT_NUMPY_PARAMETERS_JSON_H

#include <stdio.h>

#include <jansson.h>

#include "model/graph.h"

/* False when a parameter is NaN, which JSON lacks, or outside of what parameters_json_read() takes.
 */
bool parameters_json_sayable(const struct node *node);

/* Writes `"NAME": VALUE, ...` without braces. */
void parameters_json_write(const struct node *node, FILE *out);

/* Fills node->parameters; lists go to the graph's arena. Every field must be there, and no other:
 * STATUS_DATA names layer and parameter, STATUS_UNSUPPORTED says that one is not known. */
enum status parameters_json_read(struct graph *graph, struct node *node, const json_t *object,
                                 struct error *error) MUST_CHECK;

#endif
