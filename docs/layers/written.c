#include "docs/layers/written.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/file.h"
#include "model/format/wire.h"

enum { FILE_MAX = 1 << 24 };

/* Where the types stand. caffe.proto: NetParameter.layer = 100, LayerParameter.type = 2;
 * graph.proto: GraphDef.node = 1, NodeDef.op = 2; onnx.proto: ModelProto.graph = 7, GraphProto.node
 * = 1, NodeProto.op_type = 4 and domain = 7. */
static const struct {
    size_t file; /* which of the format's files */
    uint32_t outer, node, type, domain;
    const char *ignored[2];
} places[] = {
    [MODEL_CAFFE] = {1, 0, 100, 2, 0, {"Input", NULL}},
    [MODEL_TENSORFLOW] = {0, 0, 1, 2, 0, {"Const", "Placeholder"}},
    [MODEL_ONNX] = {0, 7, 1, 4, 7, {NULL, NULL}},
};

static bool is_ignored(enum model_format format, const char *type)
{
    for (size_t i = 0; i < 2; i++)
        if (places[format].ignored[i] && !strcmp(places[format].ignored[i], type))
            return true;
    return false;
}

/* Adds "`TYPE`" unless it is there. */
static void note(char text[WRITTEN_TEXT], const char *domain, const char *type)
{
    char quoted[160];
    size_t used = strlen(text);

    snprintf(quoted, sizeof quoted, "`%s%s%s`", domain, *domain ? "." : "", type);
    if (!strstr(text, quoted))
        snprintf(text + used, WRITTEN_TEXT - used, "%s%s", used ? ", " : "", quoted);
}

static void copy_text(char *out, size_t size, const struct wire_field *field)
{
    snprintf(out, size, "%.*s", (int)field->size, (const char *)field->bytes);
}

static void read_nodes(struct wire *wire, enum model_format format, char text[WRITTEN_TEXT])
{
    struct wire_field field, part;

    while (wire_next(wire, &field)) {
        char type[64] = "", domain[64] = "";
        struct wire node;
        if (field.number != places[format].node || field.type != WIRE_BYTES)
            continue;
        node = wire_enter(wire, &field);
        while (wire_next(&node, &part)) {
            if (part.type == WIRE_BYTES && part.number == places[format].type)
                copy_text(type, sizeof type, &part);
            else if (part.type == WIRE_BYTES && part.number == places[format].domain)
                copy_text(domain, sizeof domain, &part);
        }
        if (*type && !is_ignored(format, type))
            note(text, domain, type);
    }
}

static enum status read_file(const char *path, enum model_format format, char text[WRITTEN_TEXT],
                             struct error *error)
{
    struct wire_field field;
    struct wire wire;
    struct buf bytes;
    enum status status;

    buf_init(&bytes, FILE_MAX);
    status = file_read(path, &bytes, error);
    if (!status) {
        wire = wire_open(path, (const unsigned char *)bytes.data, bytes.size);
        if (places[format].outer) {
            while (wire_next(&wire, &field) && field.number != places[format].outer) {
            }
            wire = wire_enter(&wire, &field);
        }
        read_nodes(&wire, format, text);
        status = wire_status(&wire, error);
    }
    buf_free(&bytes);
    return status;
}

static bool is_readable(enum model_format format, const char *stem)
{
    const struct model_files *files = model_files(format);
    struct graph *graph = NULL;
    struct error error;
    char spec[320];
    bool readable;

    snprintf(spec, sizeof spec, files->count > 1 ? "%s%s,%s%s" : "%s%s", stem, files->suffixes[0],
             stem, files->count > 1 ? files->suffixes[1] : "");
    readable = !model_load(spec, NULL, &graph, &error);
    graph_free(graph);
    return readable;
}

enum status written_operators(const struct graph *graph, enum model_format format,
                              const char *folder, char text[WRITTEN_TEXT], bool *readable,
                              struct error *error)
{
    const struct model_files *files = model_files(format);
    struct model_write_options options = {.format = format};
    char stem[128], path[160];
    enum status status;

    *text = '\0';
    snprintf(stem, sizeof stem, "%s/sample", folder);
    status = model_write(graph, &options, stem, error);
    if (status)
        return status;
    snprintf(path, sizeof path, "%s%s", stem, files->suffixes[places[format].file]);
    status = read_file(path, format, text, error);
    /* An input alone is no network. */
    *readable = graph->node_count == 1 || is_readable(format, stem);
    for (size_t i = 0; i < files->count; i++) {
        snprintf(path, sizeof path, "%s%s", stem, files->suffixes[i]);
        unlink(path);
    }
    return status;
}
