/* graph_json: a graph as a JSON text; its weights are named and stand elsewhere.
 *
 *     {"format": "carmlbench graph", "version": 1, "producer": "carmlbench 0.1.0",
 *      "inputs": [{"name": VALUE, "shape": [...], "batch_axis": 0}, ...],
 *      "nodes": [{"name": ..., "type": ..., "inputs": [VALUE, ...], "outputs": [VALUE, ...],
 *                 "parameters": {...}, "weights": [{"array": ..., "shape": [...]}, ...]}, ...],
 *      "outputs": [{"name": VALUE, "shape": [...]}, ...]}
 *
 * VALUE is the unique name of model/names.h; nodes stand in execution order and each makes new
 * values. "type" is that of operator_info(); "parameters" holds every field of model/fields.h under
 * its name, infinite floats as "inf" and "-inf". Shapes are in Caffe's order of axes. The extent of
 * an input's batch axis is what the source said; any other may be fed.
 *
 * Floats are written with the fewest digits that give back the same bits. Names that are not UTF-8
 * and parameters that are NaN or out of range cannot be said. Any thread.
 */
#ifndef MODEL_FORMAT_NUMPY_GRAPH_JSON_H
#define MODEL_FORMAT_NUMPY_GRAPH_JSON_H

#include <stdio.h>

#include "model/names.h"

enum { GRAPH_JSON_VERSION = 1 };

/* The largest text that is read; the largest published nets need 1 MB. */
enum { GRAPH_JSON_MAX = 64 << 20 };

/* STATUS_UNSUPPORTED, naming all such layers, when something cannot be said in JSON. */
enum status graph_json_check(const struct graph *graph, struct error *error) MUST_CHECK;

/* Writes a graph that graph_json_check() allows. `out` keeps errors of its own. */
void graph_json_write(const struct graph *graph, const struct names *names, FILE *out);

/* The unique name of a weight: "NODE/WORD" with names_node() and weight_name(). The caller frees
 * it; NULL when memory is out. */
char *graph_json_weight(const struct graph *graph, const struct names *names, size_t node,
                        uint32_t index);

/* Where graph_json_read() gets weights from: fills *out with the array of that name and shape,
 * whose bytes live as long as the graph. */
struct graph_json_source {
    enum status (*find)(void *context, struct graph *graph, const char *array,
                        const struct shape *shape, struct weight *out, struct error *error);
    void *context;
};

/* Builds and finishes the graph. `path` is for error lines. STATUS_UNSUPPORTED names every layer
 * whose type is unknown. The caller frees *out with graph_free(). */
enum status graph_json_read(const char *path, const void *text, size_t size,
                            const struct graph_json_source *source, struct graph **out,
                            struct error *error) MUST_CHECK;

#endif
