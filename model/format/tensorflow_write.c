#include "model/format/tensorflow.h"

enum status tensorflow_write(const struct graph *graph, bool explicit_padding, const char *path,
                             struct error *error)
{
    (void)graph;
    (void)explicit_padding;
    return error_set(error, STATUS_UNSUPPORTED, "%s: TensorFlow graphs cannot be written", path);
}

enum status tfjs_write(const struct graph *graph, const char *path, struct error *error)
{
    (void)graph;
    return error_set(error, STATUS_UNSUPPORTED, "%s: TensorFlow.js models cannot be written", path);
}
