#include "model/model.h"

#include <stdlib.h>
#include <string.h>

#include "model/format/caffe.h"
#include "model/format/mapping.h"
#include "model/format/wire.h"

enum kind {
    KIND_UNKNOWN,
    KIND_EMPTY,
    KIND_PROTOTXT,
    KIND_CAFFEMODEL,
    KIND_NUMPY,
    KIND_ONNX,
    KIND_TENSORFLOW,
    KIND_HDF5
};

static const char *const kind_names[] = {[KIND_UNKNOWN] = "of an unknown kind",
                                         [KIND_EMPTY] = "empty",
                                         [KIND_PROTOTXT] = "a prototxt",
                                         [KIND_CAFFEMODEL] = "a caffemodel",
                                         [KIND_NUMPY] = "a NumPy file",
                                         [KIND_ONNX] = "an ONNX model",
                                         [KIND_TENSORFLOW] = "a TensorFlow graph",
                                         [KIND_HDF5] = "an HDF5 file"};

static bool starts_with(const struct mapping *mapping, const char *magic, size_t size)
{
    return mapping->size >= size && !memcmp(mapping->bytes, magic, size);
}

/* Text has no control characters but white space; one look at the beginning is enough, because each
 * binary kind has some in its first fields. */
static bool is_text(const struct mapping *mapping)
{
    size_t size = mapping->size < 512 ? mapping->size : 512;

    for (size_t i = 0; i < size; i++) {
        unsigned char c = mapping->bytes[i];
        if ((c < 0x20 && (c < '\t' || c > '\r')) || c == 0x7f)
            return false;
    }
    /* A binary NetParameter starts with its name: 0x0a (a newline!), a length, the name. */
    return !caffe_is_model(mapping);
}

/* onnx.proto: ModelProto has ir_version = 1 (a number) and graph = 7. TensorFlow's graph.proto:
 * GraphDef has node = 1 (messages). */
static enum kind protobuf_kind(const struct mapping *mapping)
{
    struct wire wire = wire_open("", mapping->bytes, mapping->size);
    size_t version = 0, nodes = 0, graph = 0;
    struct wire_field field;

    while (wire_next(&wire, &field)) {
        version += field.number == 1 && field.type == WIRE_VARINT;
        nodes += field.number == 1 && field.type == WIRE_BYTES;
        graph += field.number == 7 && field.type == WIRE_BYTES;
    }
    if (version && graph)
        return KIND_ONNX;
    return nodes > 1 ? KIND_TENSORFLOW : KIND_UNKNOWN;
}

static enum kind kind_of(const struct mapping *mapping)
{
    if (!mapping->size)
        return KIND_EMPTY;
    if (starts_with(mapping, "PK\3\4", 4) || starts_with(mapping, "\x93NUMPY", 6))
        return KIND_NUMPY;
    if (starts_with(mapping, "\x89HDF\r\n", 6))
        return KIND_HDF5;
    if (is_text(mapping))
        return KIND_PROTOTXT;
    if (caffe_is_model(mapping))
        return KIND_CAFFEMODEL;
    return protobuf_kind(mapping);
}

/* One file of a spec. */
struct part {
    char *path;
    struct mapping *mapping;
    enum kind kind;
};

static enum status open_part(const char *text, size_t size, struct part *part, struct error *error)
{
    enum status status;

    part->path = strndup(text, size);
    if (!part->path)
        return error_set(error, STATUS_MEMORY, "%s: out of memory", text);
    status = mapping_open(part->path, &part->mapping, error);
    if (!status)
        part->kind = kind_of(part->mapping);
    return status;
}

static enum status check_parts(const struct part *graph, const struct part *weights,
                               struct error *error)
{
    const struct part *parts[] = {graph, weights};

    for (int i = 0; i < 2 && parts[i]->path; i++) {
        if (parts[i]->kind == KIND_UNKNOWN || parts[i]->kind == KIND_EMPTY)
            return error_set(error, STATUS_DATA,
                             "%s: is %s; expected a Caffe prototxt or caffemodel", parts[i]->path,
                             kind_names[parts[i]->kind]);
        if (parts[i]->kind != KIND_PROTOTXT && parts[i]->kind != KIND_CAFFEMODEL)
            return error_set(error, STATUS_UNSUPPORTED,
                             "%s: is %s, which cannot be loaded; give X.prototxt,X.caffemodel",
                             parts[i]->path, kind_names[parts[i]->kind]);
    }
    if (graph->kind != KIND_PROTOTXT)
        return error_set(error, STATUS_DATA,
                         "%s: is %s; its prototxt is needed too: give X.prototxt,X.caffemodel",
                         graph->path, kind_names[graph->kind]);
    if (weights->path && weights->kind != KIND_CAFFEMODEL)
        return error_set(error, STATUS_DATA,
                         "%s: is %s too; one of the two files must be a caffemodel", weights->path,
                         kind_names[weights->kind]);
    return STATUS_OK;
}

enum status model_load(const char *spec, struct graph **out, struct error *error)
{
    const char *comma = strchr(spec, ',');
    struct part first = {.path = NULL}, second = {.path = NULL};
    struct part *graph = &first, *weights = &second;
    enum status status;

    *out = NULL;
    status = open_part(spec, comma ? (size_t)(comma - spec) : strlen(spec), &first, error);
    if (!status && comma)
        status = open_part(comma + 1, strlen(comma + 1), &second, error);
    if (!status && first.kind == KIND_CAFFEMODEL && second.kind == KIND_PROTOTXT) {
        graph = &second;
        weights = &first;
    }
    if (!status)
        status = check_parts(graph, weights, error);
    if (!status)
        status =
            caffe_load(graph->path, graph->mapping, weights->path, &weights->mapping, out, error);
    mapping_close(first.mapping);
    mapping_close(second.mapping);
    free(first.path);
    free(second.path);
    return status;
}
