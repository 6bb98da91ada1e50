/* Tensors whose bytes lie in a file beside the model. The model names that file, so the name is not
 * trusted: nothing outside the model's own folder is opened. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/format/onnx/onnx_read.h"

static bool leaves_folder(const char *location)
{
    if (*location == '/' || !*location)
        return true;
    while (*location) {
        size_t length = strcspn(location, "/");
        if (length == 2 && !memcmp(location, "..", 2))
            return true;
        location += length;
        location += strspn(location, "/");
    }
    return false;
}

/* The real path of the file; NULL when there is none, or it lies elsewhere by way of a link. The
 * caller frees it. */
static char *resolve(const char *model_path, const char *location)
{
    const char *slash = strrchr(model_path, '/');
    size_t size = slash ? (size_t)(slash - model_path) + 1 : 0;
    char *folder = size ? strndup(model_path, size) : strdup("."), *joined = NULL;
    char *real_folder = folder ? realpath(folder, NULL) : NULL, *real = NULL;

    if (real_folder && asprintf(&joined, "%s/%s", real_folder, location) >= 0) {
        real = realpath(joined, NULL);
        free(joined);
    }
    if (real) {
        size_t length = strlen(real_folder);
        bool root = length == 1; /* "/" holds everything */
        if (!root && (strncmp(real, real_folder, length) != 0 || real[length] != '/')) {
            free(real);
            real = NULL;
        }
    }
    free(real_folder);
    free(folder);
    return real;
}

static enum status open_external(struct onnx_reader *reader, const char *location,
                                 const struct mapping **out)
{
    struct arena *arena = &reader->importer.graph->arena;
    struct onnx_external *external = arena_alloc(arena, 1, sizeof *external);
    struct mapping *mapping = NULL;
    enum status status;
    char *path;

    if (!external)
        return arena_fail(arena, reader->error);
    external->location = arena_text(arena, location, strlen(location));
    if (!external->location)
        return arena_fail(arena, reader->error);
    path = resolve(reader->path, location);
    if (!path)
        return error_set(reader->error, STATUS_DATA,
                         "%s: its data file '%s' is not in the model's folder; put it there",
                         reader->path, location);
    status = mapping_open(path, &mapping, reader->error);
    free(path);
    if (status)
        return status;
    *out = external->mapping = mapping;
    status = graph_keep(reader->importer.graph, &mapping, reader->error);
    mapping_close(mapping);
    if (status)
        return status;
    reader->importer.budget += 2 * external->mapping->size;
    external->next = reader->externals;
    reader->externals = external;
    return STATUS_OK;
}

enum status onnx_external_find(struct onnx_reader *reader, const struct onnx_place *place,
                               size_t size, const unsigned char **bytes)
{
    const struct onnx_external *external = reader->externals;
    const struct mapping *mapping = NULL;
    enum status status;

    if (!place->location || leaves_folder(place->location))
        return error_set(reader->error, STATUS_DATA,
                         "%s: a tensor's data file is called '%s'; only files in the model's "
                         "folder are read",
                         reader->path, place->location ? place->location : "");
    while (external && strcmp(external->location, place->location) != 0)
        external = external->next;
    if (external)
        mapping = external->mapping;
    status = external ? STATUS_OK : open_external(reader, place->location, &mapping);
    if (status)
        return status;
    if (place->has_length && place->length != size)
        return error_set(reader->error, STATUS_DATA,
                         "%s: a tensor of %zu bytes has %" PRIu64 " bytes in '%s'", reader->path,
                         size, place->length, place->location);
    if (place->offset > mapping->size || size > mapping->size - place->offset)
        return error_set(reader->error, STATUS_DATA,
                         "%s: its data file '%s' ends before the %zu bytes at %" PRIu64
                         "; it is cut or belongs to another model",
                         reader->path, place->location, size, place->offset);
    *bytes = mapping->bytes + place->offset;
    return STATUS_OK;
}
