#include "model/format/tensorflow.h"

enum status tensorflow_load(const char *path, struct mapping **file,
                            const struct model_options *options, struct graph **out,
                            struct error *error)
{
    (void)options;
    (void)out;
    (void)file;
    return error_set(error, STATUS_UNSUPPORTED, "%s: TensorFlow graphs cannot be read", path);
}
