#include "model/format/onnx.h"

enum status onnx_load(const char *path, struct mapping **file, const struct model_options *options,
                      struct graph **out, struct error *error)
{
    (void)options;
    (void)out;
    (void)file;
    return error_set(error, STATUS_UNSUPPORTED, "%s: ONNX models cannot be read", path);
}
