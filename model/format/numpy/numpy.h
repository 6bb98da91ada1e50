/* numpy: a network as an .npz of plain arrays and a .json that says the graph; and the weights in
 * the pickled dictionaries of caffe-tensorflow and MMdnn, read without executing anything.
 *
 * The archive holds one float32 array per weight, in Caffe's order of axes and C order, loadable
 * with numpy.load(allow_pickle=False): "LAYER/weights" and "LAYER/biases" of convolutions and
 * matrix products, "LAYER/mean", "LAYER/variance" and "LAYER/scale_factor" of BatchNorm, and so on
 * (see weight_name() in model/fields.h). LAYER is the layer's name, with a number behind it where
 * an earlier layer has the same. The graph and the names of its arrays stand in the .json
 * (model/format/numpy/graph_json.h).
 *
 * Any thread.
 */
#ifndef MODEL_FORMAT_NUMPY_NUMPY_H
#define MODEL_FORMAT_NUMPY_NUMPY_H

#include "model/format/mapping.h"
#include "model/model.h"

/* Builds the graph from both files. The weights stay in the mapped archive; those that were saved
 * again as float64 or float16 are turned into the graph's arena. Checksums of all weights are
 * checked. */
enum status numpy_load(const char *npz_path, const char *json_path, struct graph **out,
                       struct error *error) MUST_CHECK;

/* As model_write(). Neither path must exist. */
enum status numpy_write(const struct graph *graph, const char *npz_path, const char *json_path,
                        struct error *error) MUST_CHECK;

/* Gives each node of a graph that is not finished the arrays of its name in a pickled dictionary,
 * turned into Caffe's order (model/format/numpy/pickle.h, numpy_attach.c say how). Keeps *file as
 * graph_keep() does. */
enum status numpy_attach_pickle(struct graph *graph, const char *path, struct mapping **file,
                                struct error *error) MUST_CHECK;

#endif
