#include "model/format/numpy.h"

enum status numpy_load(const char *path, const char *json_path, struct graph **out,
                       struct error *error)
{
    (void)out;
    (void)json_path;
    return error_set(error, STATUS_UNSUPPORTED, "%s: NumPy models cannot be read", path);
}

enum status numpy_write(const struct graph *graph, const char *path, const char *json_path,
                        struct error *error)
{
    (void)graph;
    (void)json_path;
    return error_set(error, STATUS_UNSUPPORTED, "%s: NumPy models cannot be written", path);
}

enum status numpy_attach_pickle(struct graph *graph, const char *path, struct mapping **file,
                                struct error *error)
{
    (void)graph;
    (void)file;
    return error_set(error, STATUS_UNSUPPORTED, "%s: pickled arrays cannot be read", path);
}
