#include "model/format/tensorflow.h"

enum status tfjs_write(const struct graph *graph, const char *folder, struct error *error)
{
    (void)graph;
    return error_set(error, STATUS_UNSUPPORTED, "%s: TensorFlow.js models cannot be written",
                     folder);
}
