#include "tests/lib/net.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "model/model.h"
#include "model/shape.h"
#include "tests/lib/protobuf.h"

enum { NET_LAYER = 100, LAYER_NAME = 1, LAYER_BLOBS = 7, PATH_SIZE = 32 };

void net_weights(struct buf *caffemodel, const char *layer, size_t count,
                 const struct shape *shapes, const float *data)
{
    struct buf message;

    buf_init(&message, (size_t)1 << 30);
    protobuf_text(&message, LAYER_NAME, layer);
    for (size_t i = 0; i < count; i++) {
        protobuf_blob(&message, LAYER_BLOBS, shapes[i].dims, shapes[i].dim, data);
        data += shape_product(&shapes[i], 0, shapes[i].dims);
    }
    protobuf_message(caffemodel, NET_LAYER, &message);
    buf_free(&message);
}

void net_temporary(const void *bytes, size_t size, char *path)
{
    int file;

    snprintf(path, PATH_SIZE, "/tmp/carmlbench-test-XXXXXX");
    file = mkstemp(path);
    if (file < 0 || (size && write(file, bytes, size) != (ssize_t)size) || close(file))
        abort();
}

enum status net_load(const char *prototxt, const struct buf *caffemodel, struct graph **out,
                     struct error *error)
{
    char graph[PATH_SIZE], weights[PATH_SIZE], spec[2 * PATH_SIZE + 1];
    enum status status;

    net_temporary(prototxt, strlen(prototxt), graph);
    snprintf(spec, sizeof spec, "%s", graph);
    if (caffemodel) {
        net_temporary(caffemodel->data, caffemodel->size, weights);
        snprintf(spec, sizeof spec, "%s,%s", graph, weights);
    }
    status = model_load(spec, NULL, out, error);
    unlink(graph);
    if (caffemodel)
        unlink(weights);
    return status;
}
