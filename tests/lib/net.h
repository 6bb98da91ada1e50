/* net: loads a network from texts in memory, for tests. */
#ifndef TESTS_LIB_NET_H
#define TESTS_LIB_NET_H

#include "common/buf.h"
#include "model/graph.h"

/* Appends a layer of the current form with `count` blobs to a NetParameter; their numbers stand one
 * after the other in `data`. */
void net_weights(struct buf *caffemodel, const char *layer, size_t count,
                 const struct shape *shapes, const float *data);

/* Writes both to temporary files and loads them with model_load(); `caffemodel` may be NULL. The
 * files are removed before it returns. The caller frees *out with graph_free(). */
enum status net_load(const char *prototxt, const struct buf *caffemodel, struct graph **out,
                     struct error *error) MUST_CHECK;

/* Writes `size` bytes to a new temporary file whose name goes to `path` (at least 32 bytes). */
void net_temporary(const void *bytes, size_t size, char *path);

#endif
