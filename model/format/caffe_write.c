#include "model/format/caffe_write.h"

enum status caffe_write(const struct graph *graph, const char *path, const char *caffemodel_path,
                        struct error *error)
{
    (void)graph;
    (void)caffemodel_path;
    return error_set(error, STATUS_UNSUPPORTED, "%s: Caffe models cannot be written", path);
}
