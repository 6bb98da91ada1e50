#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "model/format/caffe/caffe_write.h"
#include "model/format/numpy/numpy.h"
#include "model/format/onnx/onnx.h"
#include "model/format/tensorflow/tensorflow.h"
#include "model/model.h"

static const struct {
    const char *name;
    struct model_files files;
} formats[] = {
    [MODEL_CAFFE] = {"caffe", {2, {".prototxt", ".caffemodel"}}},
    [MODEL_NUMPY] = {"numpy", {2, {".npz", ".json"}}},
    [MODEL_TENSORFLOW] = {"tensorflow", {1, {".pb"}}},
    [MODEL_ONNX] = {"onnx", {1, {".onnx"}}},
    [MODEL_TFJS] = {"tfjs", {1, {""}}},
};

const struct model_files *model_files(enum model_format format)
{
    return &formats[format].files;
}

const char *model_format_name(enum model_format format)
{
    return formats[format].name;
}

enum status model_format_parse(const char *word, enum model_format *format)
{
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        if (!strcmp(word, formats[i].name)) {
            *format = (enum model_format)i;
            return STATUS_OK;
        }
    }
    return STATUS_USAGE;
}

static enum status write_files(const struct graph *graph, const struct model_write_options *options,
                               char *const *paths, struct error *error)
{
    switch (options->format) {
    case MODEL_CAFFE:
        return caffe_write(graph, paths[0], paths[1], error);
    case MODEL_NUMPY:
        return numpy_write(graph, paths[0], paths[1], error);
    case MODEL_TENSORFLOW:
        return tensorflow_write(graph, options->explicit_padding, paths[0], error);
    case MODEL_ONNX:
        return onnx_write(graph, paths[0], error);
    case MODEL_TFJS:
        return tfjs_write(graph, options->explicit_padding, paths[0], error);
    }
    return error_set(error, STATUS_INTERNAL, "%s: unknown format", graph->source);
}

enum status model_write(const struct graph *graph, const struct model_write_options *options,
                        const char *stem, struct error *error)
{
    const struct model_files *files = model_files(options->format);
    char *paths[MODEL_MAX_FILES] = {NULL};
    enum status status = STATUS_OK;

    for (size_t i = 0; i < files->count && !status; i++) {
        if (asprintf(&paths[i], "%s%s", stem, files->suffixes[i]) < 0)
            status = error_set(error, STATUS_MEMORY, "%s: out of memory", stem);
    }
    if (!status)
        status = write_files(graph, options, paths, error);
    for (size_t i = 0; i < files->count; i++)
        free(paths[i]);
    return status;
}
