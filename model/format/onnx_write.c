#include "model/format/onnx.h"

enum status onnx_write(const struct graph *graph, const char *path, struct error *error)
{
    (void)graph;
    return error_set(error, STATUS_UNSUPPORTED, "%s: ONNX models cannot be written", path);
}
