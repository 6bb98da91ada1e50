#include "model/format/numpy/numpy.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "model/format/numpy/graph_json.h"
#include "model/format/numpy/npz.h"
#include "model/format/output.h"
#include "model/shape.h"

/* ---- reading ---- */

struct archive {
    const char *path;
    struct npz *npz;
    struct weight *weights; /* by index in the archive; bytes NULL: not asked for yet */
};

/* The numbers where they lie, if they are floats; else as floats in the arena. */
static enum status take_numbers(const struct archive *archive, struct graph *graph,
                                const char *array, const struct npy_view *view,
                                struct weight *weight, struct error *error)
{
    float *values;

    if (view->type == NPY_F4) {
        weight->bytes = view->data;
        return STATUS_OK;
    }
    if (view->type != NPY_F8 && view->type != NPY_F2)
        return error_set(error, STATUS_UNSUPPORTED,
                         "%s: '%s' does not hold floating-point numbers; save float32",
                         archive->path, array);
    values = arena_alloc(&graph->arena, view->count, sizeof *values);
    if (!values)
        return arena_fail(&graph->arena, error);
    for (size_t i = 0; i < view->count; i++)
        values[i] = npy_number(view->type, view->data, i);
    weight->bytes = (const unsigned char *)values;
    return STATUS_OK;
}

static enum status look(const struct archive *archive, struct graph *graph, const char *array,
                        size_t index, struct weight *weight, struct error *error)
{
    struct npy_view view;
    enum status status = npz_look(archive->npz, index, &view, error);

    if (status)
        return status;
    weight->shape.dims = view.dims;
    memcpy(weight->shape.dim, view.shape, sizeof view.shape);
    if (!shape_count(&weight->shape, &weight->count))
        return error_set(error, STATUS_LIMIT, "%s: '%s' has more than 2147483647 elements",
                         archive->path, array);
    if (view.fortran && weight->count) {
        int64_t stride = 1;
        weight->dims = view.dims;
        for (unsigned i = 0; i < view.dims; stride *= view.shape[i++]) {
            weight->dim[i] = view.shape[i];
            weight->stride[i] = stride;
        }
    }
    return take_numbers(archive, graph, array, &view, weight, error);
}

static enum status find_weight(void *context, struct graph *graph, const char *array,
                               const struct shape *shape, struct weight *out, struct error *error)
{
    struct archive *archive = context;
    int64_t index = npz_index(archive->npz, array);
    char expected[SHAPE_TEXT], found[SHAPE_TEXT];
    enum status status = STATUS_OK;
    struct weight *weight;

    if (index < 0)
        return error_set(error, STATUS_DATA,
                         "%s: holds no array called '%s', which %s asks for; are they a pair?",
                         archive->path, array, graph->source);
    weight = &archive->weights[index];
    if (!weight->bytes)
        status = look(archive, graph, array, (size_t)index, weight, error);
    if (status)
        return status;
    if (!shape_equal(&weight->shape, shape))
        return error_set(error, STATUS_DATA, "%s: '%s' is %s, but %s says %s", archive->path, array,
                         shape_text(&weight->shape, found), graph->source,
                         shape_text(shape, expected));
    *out = *weight;
    return STATUS_OK;
}

static enum status load(struct archive *archive, const char *json_path, struct graph **out,
                        struct error *error)
{
    struct graph_json_source source = {.find = find_weight, .context = archive};
    struct mapping *json = NULL;
    enum status status = mapping_open(json_path, &json, error);

    if (status)
        return error_prefix(error, status, "%s: needs the .json written with it", archive->path);
    status = graph_json_read(json_path, json->bytes, json->size, &source, out, error);
    mapping_close(json);
    if (!status)
        status = graph_keep(*out, npz_mapping(archive->npz), error);
    if (status) {
        graph_free(*out);
        *out = NULL;
    }
    return status;
}

enum status numpy_load(const char *npz_path, const char *json_path, struct graph **out,
                       struct error *error)
{
    struct archive archive = {.path = npz_path};
    enum status status;

    *out = NULL;
    status = npz_open(npz_path, &archive.npz, error);
    if (status)
        return status;
    archive.weights = calloc(npz_count(archive.npz) + 1, sizeof *archive.weights);
    if (archive.weights)
        status = load(&archive, json_path, out, error);
    else
        status = error_set(error, STATUS_MEMORY, "%s: out of memory", npz_path);
    free(archive.weights);
    npz_close(archive.npz);
    return status;
}

/* ---- writing ---- */

static enum status write_weights(const struct graph *graph, const struct names *names,
                                 struct npz_writer *writer, struct error *error)
{
    enum status status = STATUS_OK;

    for (size_t i = 0; i < graph->node_count && !status; i++) {
        for (uint32_t j = 0; j < graph->nodes[i].weight_count && !status; j++) {
            char *name = graph_json_weight(graph, names, i, j);
            if (name)
                status = npz_write_weight(writer, name, &graph->nodes[i].weights[j], error);
            else
                status = error_set(error, STATUS_MEMORY, "%s: out of memory", graph->source);
            free(name);
        }
    }
    return status;
}

static enum status write_graph(const struct graph *graph, const struct names *names,
                               const char *path, struct output *output, struct error *error)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    enum status status = STATUS_OK;

    if (stream)
        graph_json_write(graph, names, stream);
    if (!stream || ferror(stream))
        status = STATUS_MEMORY;
    if (stream && fclose(stream))
        status = STATUS_MEMORY;
    if (!status && size > GRAPH_JSON_MAX)
        status = error_set(error, STATUS_LIMIT, "%s: would be larger than %d bytes", path,
                           GRAPH_JSON_MAX);
    else if (!status)
        output_write(output, text, size);
    else
        error_set(error, status, "%s: out of memory", path);
    free(text);
    return status;
}

static enum status write_both(const struct graph *graph, const struct names *names,
                              const char *npz_path, const char *json_path, struct error *error)
{
    struct npz_writer *writer = NULL;
    struct output *output = NULL;
    enum status status = npz_write_create(npz_path, &writer, error);

    if (!status)
        status = output_create(json_path, &output, error);
    if (!status)
        status = write_graph(graph, names, json_path, output, error);
    if (!status)
        status = write_weights(graph, names, writer, error);
    if (status) {
        npz_write_cancel(writer);
        output_discard(output);
        return status;
    }
    status = npz_write_finish(writer, error);
    if (status) {
        output_discard(output);
        return status;
    }
    status = output_close(output, error);
    if (status)
        unlink(npz_path);
    return status;
}

enum status numpy_write(const struct graph *graph, const char *npz_path, const char *json_path,
                        struct error *error)
{
    struct names *names = NULL;
    enum status status = graph_json_check(graph, error);

    if (!status)
        status = names_create(graph, &names, error);
    if (!status)
        status = write_both(graph, names, npz_path, json_path, error);
    names_free(names);
    return status;
}
