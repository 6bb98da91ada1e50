#include "cli/source.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "model/shape.h"

static bool ends_in(const char *text, const char *end)
{
    size_t size = strlen(text), length = strlen(end);

    return size > length && !strcmp(text + size - length, end);
}

/* A .yml is a manifest; so is the name of one in the catalogue, which is no file. */
static bool names_manifest(const char *model)
{
    if (ends_in(model, ".yml") || ends_in(model, ".yaml"))
        return true;
    return !strchr(model, ',') && !strchr(model, '/') && access(model, F_OK);
}

static enum status find_files(struct cli *cli, const char *model, struct source *source,
                              struct error *error)
{
    const struct manifest *manifest;
    enum status status = cli_open_config(cli, error);

    if (!status)
        status = cli_find_manifest(cli, model, &source->manifest, error);
    if (status)
        return status;
    manifest = source->manifest;
    if (asprintf(&source->spec, "%s%s%s", manifest->graph_path, manifest->weights_path ? "," : "",
                 manifest->weights_path ? manifest->weights_path : "") < 0) {
        source->spec = NULL;
        return error_set(error, STATUS_MEMORY, "%s: out of memory", model);
    }
    return STATUS_OK;
}

enum status source_open(struct cli *cli, const char *model, const struct model_options *options,
                        struct source *source, struct error *error)
{
    enum status status = STATUS_OK;

    *source = (struct source){.graph = NULL};
    if (names_manifest(model)) {
        status = find_files(cli, model, source, error);
    } else {
        source->spec = strdup(model);
        if (!source->spec)
            status = error_set(error, STATUS_MEMORY, "%s: out of memory", model);
    }
    return status ? status : model_load(source->spec, options, &source->graph, error);
}

void source_close(struct source *source)
{
    graph_free(source->graph);
    manifest_free(source->manifest);
    free(source->spec);
    *source = (struct source){.graph = NULL};
}

static bool is_at(const char *path, const struct stat *info)
{
    struct stat found;

    return path && !stat(path, &found) && found.st_dev == info->st_dev &&
           found.st_ino == info->st_ino;
}

bool source_reads(const struct source *source, const struct stat *info)
{
    const struct manifest *manifest = source->manifest;

    return model_reads(source->graph, source->spec, info) ||
           (manifest && (is_at(manifest->path, info) || is_at(manifest->labels_path, info)));
}

enum status source_parse_shape(const char *text, struct shape *shape)
{
    char *end;

    for (shape->dims = 0; shape->dims < SHAPE_MAX_DIMS; text = end + 1) {
        long long extent = strtoll(text, &end, 10);
        if (end == text || extent < 1 || extent > INT32_MAX)
            return STATUS_USAGE;
        shape->dim[shape->dims++] = extent;
        if (!*end)
            return STATUS_OK;
        if (*end != ',' && *end != 'x')
            return STATUS_USAGE;
    }
    return STATUS_USAGE;
}

/* Axis i of the result is axis order[i] of `shape`. */
static struct shape turned_shape(const struct shape *shape, const uint8_t *order)
{
    struct shape turned = {.dims = shape->dims};

    for (unsigned i = 0; i < shape->dims; i++)
        turned.dim[i] = shape->dim[order[i]];
    return turned;
}

/* Copies in the order of `to`, whose axis i is axis order[i] of `from`; with `back` the other way
 * round: `in` stands in the turned order. */
static void turn(const struct shape *shape, const uint8_t *order, const float *in, float *out,
                 bool back)
{
    struct shape turned = turned_shape(shape, order);
    size_t stride[SHAPE_MAX_DIMS], count = shape_product(shape, 0, shape->dims);
    int64_t index[SHAPE_MAX_DIMS] = {0};
    size_t offset = 0;

    for (unsigned i = 0; i < shape->dims; i++)
        stride[i] = shape_product(shape, order[i] + 1U, shape->dims);
    for (size_t i = 0; i < count; i++) {
        if (back)
            out[offset] = in[i];
        else
            out[i] = in[offset];
        for (unsigned axis = shape->dims; axis-- > 0;) {
            offset += stride[axis];
            if (++index[axis] < turned.dim[axis])
                break;
            offset -= stride[axis] * (size_t)turned.dim[axis];
            index[axis] = 0;
        }
    }
}

static const struct value *value_of_input(const struct graph *graph, const struct tensor *input)
{
    for (size_t i = 0; i < graph->input_count; i++) {
        const struct value *value = &graph->values[graph->inputs[i]];
        if (!strcmp(value->name, input->name))
            return value;
    }
    return &graph->values[graph->inputs[0]];
}

enum status source_read_tensor(const struct graph *graph, const struct tensor *input,
                               const char *path, bool *own, struct error *error)
{
    const struct value *value = value_of_input(graph, input);
    struct shape wanted = {.dims = input->dims}, given, turned;
    char found[SHAPE_TEXT], expected[SHAPE_TEXT];
    struct npy_array array;
    enum status status = npy_read(path, &array, error);

    if (!status)
        status = npy_to_float(&array, error);
    if (status) {
        npy_free(&array);
        return status;
    }
    memcpy(wanted.dim, input->shape, sizeof wanted.dim);
    given = (struct shape){.dims = array.dims};
    memcpy(given.dim, array.shape, sizeof given.dim);
    turned = value->turned ? turned_shape(&wanted, value->order) : wanted;
    *own = shape_equal(&given, &turned);
    if (*own && value->turned)
        turn(&wanted, value->order, array.data, input->data, true);
    else if (*own || shape_equal(&given, &wanted))
        memcpy(input->data, array.data, input->count * sizeof *input->data);
    else
        status =
            error_set(error, STATUS_DATA, "%s: the shape is %s, but the network's input '%s' is %s",
                      path, shape_text(&given, found), input->name, shape_text(&turned, expected));
    npy_free(&array);
    return status;
}

enum status source_write_tensor(struct npz_writer *writer, const struct graph *graph,
                                uint32_t value, const struct tensor *tensor, bool own,
                                struct error *error)
{
    const struct value *shown = &graph->values[value];
    struct shape shape = {.dims = tensor->dims}, turned;
    enum status status;
    float *copy;

    if (!own || !shown->turned)
        return npz_write_add(writer, tensor->name, tensor->dims, tensor->shape, tensor->data,
                             error);
    memcpy(shape.dim, tensor->shape, sizeof shape.dim);
    turned = turned_shape(&shape, shown->order);
    copy = malloc(tensor->count * sizeof *copy);
    if (!copy)
        return error_set(error, STATUS_MEMORY, "%s: out of memory", tensor->name);
    turn(&shape, shown->order, tensor->data, copy, false);
    status = npz_write_add(writer, tensor->name, turned.dims, turned.dim, copy, error);
    free(copy);
    return status;
}
