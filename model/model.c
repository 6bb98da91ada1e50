#include "model/model.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/log.h"
#include "model/batch.h"
#include "model/format/caffe/caffe.h"
#include "model/format/mapping.h"
#include "model/format/numpy/numpy.h"
#include "model/format/onnx/onnx.h"
#include "model/format/tensorflow/tensorflow.h"
#include "model/format/wire.h"

#define FREEZE                                                                                     \
    ", whose weights lie in other files; freeze it into one GraphDef first (freeze_graph, or "     \
    "convert_variables_to_constants_v2 of TensorFlow 2)"

enum kind {
    KIND_NONE, /* no file */
    KIND_UNKNOWN,
    KIND_EMPTY,
    KIND_PROTOTXT,
    KIND_CAFFEMODEL,
    KIND_NPZ,
    KIND_NPY,
    KIND_JSON,
    KIND_ONNX,
    KIND_TENSORFLOW,
    KIND_SAVED_MODEL,
    KIND_META_GRAPH,
    KIND_HDF5,
    KIND_PYTORCH,
    KIND_WEB_PAGE,
    KIND_LFS_POINTER
};

static const char *const kind_names[] = {[KIND_NONE] = "missing",
                                         [KIND_UNKNOWN] = "of an unknown kind",
                                         [KIND_EMPTY] = "empty",
                                         [KIND_PROTOTXT] = "a prototxt",
                                         [KIND_CAFFEMODEL] = "a caffemodel",
                                         [KIND_NPZ] = "an .npz archive",
                                         [KIND_NPY] = "an .npy file",
                                         [KIND_JSON] = "a JSON file",
                                         [KIND_ONNX] = "an ONNX model",
                                         [KIND_TENSORFLOW] = "a TensorFlow graph",
                                         [KIND_SAVED_MODEL] = "a TensorFlow SavedModel",
                                         [KIND_META_GRAPH] = "a TensorFlow MetaGraph",
                                         [KIND_HDF5] = "an HDF5 file",
                                         [KIND_PYTORCH] = "a PyTorch checkpoint",
                                         [KIND_WEB_PAGE] = "a web page",
                                         [KIND_LFS_POINTER] = "a git-lfs pointer"};

/* What is no model that could be read, whatever stands beside it, and how to come by one. */
static const struct {
    enum kind kind;
    enum status status;
    const char *remedy; /* behind its name */
} foreign[] = {
    {KIND_SAVED_MODEL, STATUS_UNSUPPORTED, FREEZE},
    {KIND_META_GRAPH, STATUS_UNSUPPORTED, FREEZE},
    {KIND_PYTORCH, STATUS_UNSUPPORTED, "; export the model to ONNX with torch.onnx.export"},
    {KIND_WEB_PAGE, STATUS_DATA,
     " instead of the file; download the file itself, not the page about it"},
    {KIND_LFS_POINTER, STATUS_DATA, " instead of the file; fetch that with 'git lfs pull'"},
};

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

/* How often a protobuf file has each field (the last: all others), and its first message. */
struct fields {
    size_t numbers[9], messages[9], first_size;
    const unsigned char *first;
};

static void count_fields(const struct mapping *mapping, struct fields *fields)
{
    struct wire wire = wire_open("", mapping->bytes, mapping->size);
    struct wire_field field = {.number = 0};

    *fields = (struct fields){.first = NULL};
    while (wire_next(&wire, &field)) {
        size_t slot = field.number < 8 ? field.number : 8;
        if (field.type == WIRE_BYTES && !fields->first) {
            fields->first = field.bytes;
            fields->first_size = field.size;
        }
        (*(field.type == WIRE_BYTES ? &fields->messages[slot] : &fields->numbers[slot]))++;
    }
    /* A file that is cut inside a field still has it. */
    if (wire.problem && field.type == WIRE_BYTES && field.number < 8)
        fields->messages[field.number]++;
}

/* onnx.proto: ModelProto has ir_version = 1 (a number) and graph = 7. TensorFlow's graph.proto:
 * GraphDef has node = 1 (messages). */
static enum kind protobuf_kind(const struct mapping *mapping)
{
    struct fields fields;

    count_fields(mapping, &fields);
    if (fields.numbers[1] && fields.messages[7])
        return KIND_ONNX;
    return fields.messages[1] > 1 ? KIND_TENSORFLOW : KIND_UNKNOWN;
}

/* What holds a GraphDef without being one, and looks like a caffemodel of one layer but for the
 * first message, which is no text (a caffemodel's name, an ONNX file's producer). SavedModel has a
 * version = 1 (a number) and meta_graphs = 2; MetaGraphDef one meta_info_def = 1 and one
 * graph_def = 2. */
static enum kind container_kind(const struct mapping *mapping)
{
    struct fields fields;
    bool text = true;

    count_fields(mapping, &fields);
    for (size_t i = 0; i < fields.first_size; i++)
        text = text && fields.first[i] >= 0x20;
    if (text)
        return KIND_NONE;
    if (fields.numbers[1] == 1 && fields.messages[2] && !fields.messages[7])
        return KIND_SAVED_MODEL;
    if (fields.messages[1] == 1 && fields.messages[2] == 1)
        return KIND_META_GRAPH;
    return KIND_NONE;
}

/* torch.save() makes a zip file that has a member FOLDER/data.pkl, before its tensors; TorchScript
 * has that behind them. So the name stands near the beginning or in the directory at the end.
 * Before PyTorch 1.6 a checkpoint was a pickle of its MAGIC_NUMBER (torch/serialization.py) and
 * others. */
static bool is_pytorch(const struct mapping *mapping)
{
    static const char member[] = "/data.pkl";
    static const char magic[] = "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";
    size_t look = mapping->size < 64 << 10 ? mapping->size : 64 << 10;

    if (!starts_with(mapping, "PK", 2))
        return starts_with(mapping, magic, sizeof magic - 1);
    return memmem(mapping->bytes, look, member, sizeof member - 1) ||
           memmem(mapping->bytes + mapping->size - look, look, member, sizeof member - 1);
}

/* HTML, or the XML that stores of files answer with; no text of a model begins with a tag. */
static bool is_web_page(const struct mapping *mapping)
{
    size_t at = starts_with(mapping, "\xef\xbb\xbf", 3) ? 3 : 0;

    while (at < mapping->size && isspace(mapping->bytes[at]))
        at++;
    return mapping->size - at > 1 && mapping->bytes[at] == '<' &&
           (isalpha(mapping->bytes[at + 1]) || mapping->bytes[at + 1] == '!' ||
            mapping->bytes[at + 1] == '?');
}

static enum kind text_kind(const struct mapping *mapping)
{
    static const char pointer[] = "version https://git-lfs.github.com/spec/";

    if (is_web_page(mapping))
        return KIND_WEB_PAGE;
    return starts_with(mapping, pointer, sizeof pointer - 1) ? KIND_LFS_POINTER : KIND_PROTOTXT;
}

static enum kind kind_of(const struct mapping *mapping)
{
    if (!mapping->size)
        return KIND_EMPTY;
    if (is_pytorch(mapping))
        return KIND_PYTORCH;
    /* A zip file starts with its first member or, when there is none, with its directory's end. */
    if (starts_with(mapping, "PK\3\4", 4) || starts_with(mapping, "PK\5\6", 4))
        return KIND_NPZ;
    if (starts_with(mapping, "\x93NUMPY", 6))
        return KIND_NPY;
    if (starts_with(mapping, "{", 1))
        return KIND_JSON;
    if (starts_with(mapping, "\x89HDF\r\n", 6))
        return KIND_HDF5;
    if (is_text(mapping))
        return text_kind(mapping);
    if (container_kind(mapping))
        return container_kind(mapping);
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
    if (status)
        return status;
    part->kind = kind_of(part->mapping);
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++) {
        if (part->kind == foreign[i].kind)
            return error_set(error, foreign[i].status, "%s: is %s%s", part->path,
                             kind_names[part->kind], foreign[i].remedy);
    }
    return STATUS_OK;
}

static enum status load_caffe(struct part *graph, struct part *weights,
                              const struct model_options *options, struct graph **out,
                              struct error *error)
{
    enum status status = caffe_read_graph(graph->path, graph->mapping, options, out, error);

    if (!status && weights->kind == KIND_CAFFEMODEL)
        status = caffe_attach_weights(*out, weights->path, &weights->mapping, error);
    if (!status && weights->kind == KIND_NPY)
        status = numpy_attach_pickle(*out, weights->path, &weights->mapping, error);
    return status ? status : graph_finish(*out, error);
}

/* X.json for X.npz; NULL without memory. The caller frees it. */
static char *json_beside(const char *npz)
{
    size_t size = strlen(npz);
    char *beside = malloc(size + sizeof ".json");

    if (size > 4 && !strcmp(npz + size - 4, ".npz"))
        size -= 4;
    if (!beside)
        return NULL;
    memcpy(beside, npz, size);
    memcpy(beside + size, ".json", sizeof ".json");
    return beside;
}

static enum status load_npz(const struct part *npz, const struct part *json, struct graph **out,
                            struct error *error)
{
    char *beside;
    enum status status;

    if (json->path)
        return numpy_load(npz->path, json->path, out, error);
    beside = json_beside(npz->path);
    if (!beside)
        return error_set(error, STATUS_MEMORY, "%s: out of memory", npz->path);
    status = numpy_load(npz->path, beside, out, error);
    free(beside);
    return status;
}

static bool are(const struct part *first, const struct part *second, enum kind a, enum kind b)
{
    return first->kind == a && second->kind == b;
}

/* The parts stand in the order graph, weights where there are two. */
static enum status load_parts(struct part *graph, struct part *weights,
                              const struct model_options *options, struct graph **out,
                              struct error *error)
{
    if (are(graph, weights, KIND_PROTOTXT, KIND_CAFFEMODEL) ||
        are(graph, weights, KIND_PROTOTXT, KIND_NPY) ||
        are(graph, weights, KIND_PROTOTXT, KIND_NONE))
        return load_caffe(graph, weights, options, out, error);
    if (are(graph, weights, KIND_JSON, KIND_NPZ))
        return load_npz(weights, graph, out, error);
    if (are(graph, weights, KIND_NPZ, KIND_NONE))
        return load_npz(graph, weights, out, error);
    if (are(graph, weights, KIND_TENSORFLOW, KIND_NONE))
        return tensorflow_load(graph->path, &graph->mapping, options, out, error);
    if (are(graph, weights, KIND_ONNX, KIND_NONE))
        return onnx_load(graph->path, &graph->mapping, options, out, error);
    if (are(graph, weights, KIND_CAFFEMODEL, KIND_NONE) || are(graph, weights, KIND_NPY, KIND_NONE))
        return error_set(error, STATUS_DATA,
                         "%s: is %s; its prototxt is needed too: give X.prototxt,%s", graph->path,
                         kind_names[graph->kind], graph->path);
    if (weights->kind == KIND_NONE)
        return error_set(error, STATUS_DATA,
                         "%s: is %s; expected X.prototxt,X.caffemodel, an .npz with its .json, a "
                         "frozen TensorFlow graph or an ONNX model",
                         graph->path, kind_names[graph->kind]);
    return error_set(error, STATUS_DATA,
                     "%s: is %s and %s is %s; these do not make a model: give "
                     "X.prototxt,X.caffemodel",
                     graph->path, kind_names[graph->kind], weights->path,
                     kind_names[weights->kind]);
}

/* The name of the format that the parts are in, as model_format_name(). */
static const char *format_of(const struct part *graph)
{
    switch (graph->kind) {
    case KIND_NPZ:
    case KIND_JSON:
        return model_format_name(MODEL_NUMPY);
    case KIND_TENSORFLOW:
        return model_format_name(MODEL_TENSORFLOW);
    case KIND_ONNX:
        return model_format_name(MODEL_ONNX);
    default:
        return model_format_name(MODEL_CAFFE);
    }
}

static bool holds_weights(const struct part *part)
{
    return part->kind == KIND_CAFFEMODEL || part->kind == KIND_NPY || part->kind == KIND_NPZ;
}

static bool is_file(const char *text, size_t size)
{
    char *path = strndup(text, size);
    struct stat info;
    bool found = path && !stat(path, &info) && !S_ISDIR(info.st_mode);

    free(path);
    return found;
}

size_t model_split(const char *spec)
{
    size_t size = strlen(spec), first = strcspn(spec, ","), best = first;
    bool found = false;

    if (first == size || is_file(spec, size))
        return size;
    for (size_t at = first; at < size; at += 1 + strcspn(spec + at + 1, ",")) {
        if (!is_file(spec, at))
            continue;
        if (is_file(spec + at + 1, size - at - 1))
            return at;
        best = found ? best : at;
        found = true;
    }
    return best;
}

static enum status load(const char *spec, const struct model_options *options, struct graph **out,
                        struct error *error)
{
    size_t size = model_split(spec);
    const char *comma = spec[size] ? spec + size : NULL;
    struct part first = {.path = NULL}, second = {.path = NULL};
    enum status status;

    *out = NULL;
    status = open_part(spec, size, &first, error);
    if (!status && comma)
        status = open_part(comma + 1, strlen(comma + 1), &second, error);
    if (!status) {
        bool swap = comma && holds_weights(&first) && !holds_weights(&second);
        status = load_parts(swap ? &second : &first, swap ? &first : &second, options, out, error);
        if (!status)
            (*out)->format = format_of(swap ? &second : &first);
    }
    if (status) {
        graph_free(*out);
        *out = NULL;
    }
    mapping_close(first.mapping);
    mapping_close(second.mapping);
    free(first.path);
    free(second.path);
    return status;
}

/* A file that leaves the batch free may compute with it: shapes that are asked for and multiplied,
 * one image cut from many. Read for two images such a network is another one. */
static void check_batch(const char *spec, const struct model_options *options, struct graph *graph)
{
    struct model_options two = *options;
    struct graph *other = NULL;
    struct error why;

    two.batch = 2;
    graph->fixed_batch =
        load(spec, &two, &other, &why) || !batch_makes_no_difference(graph, other, two.batch);
    graph_free(other);
    if (graph->fixed_batch)
        log_notice("%s: computes with the number of images; it is taken as for one", graph->source);
}

enum status model_load(const char *spec, const struct model_options *options, struct graph **out,
                       struct error *error)
{
    static const struct model_options none = {.input_shape = {.dims = 0}};
    enum status status;

    options = options ? options : &none;
    status = load(spec, options, out, error);
    if (!status && !options->batch && (*out)->free_inputs &&
        (*out)->free_inputs == (*out)->input_count)
        check_batch(spec, options, *out);
    return status;
}

/* Frees `path`; NULL is no file. */
static bool is_at(char *path, const struct stat *info)
{
    struct stat found;
    bool same =
        path && !stat(path, &found) && found.st_dev == info->st_dev && found.st_ino == info->st_ino;

    free(path);
    return same;
}

bool model_reads(const struct graph *graph, const char *spec, const struct stat *info)
{
    size_t size = model_split(spec);

    for (const struct graph_mapping *kept = graph->mappings; kept; kept = kept->next) {
        if (kept->mapping->device == info->st_dev && kept->mapping->inode == info->st_ino)
            return true;
    }
    if (is_at(strndup(spec, size), info))
        return true;
    if (spec[size])
        return is_at(strdup(spec + size + 1), info);
    return !strcmp(graph->format, model_format_name(MODEL_NUMPY)) && is_at(json_beside(spec), info);
}
