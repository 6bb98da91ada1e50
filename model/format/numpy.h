/* numpy: a network as an .npz of plain arrays and a .json that says the graph; and the weights in
 * the pickled dictionaries of caffe-tensorflow and MMdnn, read without executing anything.
 *
 * Any thread.
 */
#ifndef MODEL_FORMAT_NUMPY_H
#define MODEL_FORMAT_NUMPY_H

#include "model/format/mapping.h"
#include "model/model.h"

/* Builds the graph from both files. The weights stay in the mapped archive. */
enum status numpy_load(const char *npz_path, const char *json_path, struct graph **out,
                       struct error *error) MUST_CHECK;

/* As model_write(). Neither path must exist. */
enum status numpy_write(const struct graph *graph, const char *npz_path, const char *json_path,
                        struct error *error) MUST_CHECK;

/* Gives each node of a graph that is not finished the arrays of its name in a pickled dictionary,
 * turned into Caffe's order. Keeps *file as graph_keep() does. */
enum status numpy_attach_pickle(struct graph *graph, const char *path, struct mapping **file,
                                struct error *error) MUST_CHECK;

#endif
