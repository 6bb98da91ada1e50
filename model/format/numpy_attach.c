#include "model/format/numpy.h"

enum status numpy_attach_pickle(struct graph *graph, const char *path, struct mapping **file,
                                struct error *error)
{
    (void)graph;
    (void)file;
    return error_set(error, STATUS_UNSUPPORTED, "%s: pickled arrays cannot be read", path);
}
