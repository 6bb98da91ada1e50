/* A TensorFlow.js graph model: model.json with the GraphDef as proto3 JSON, whose Const nodes have
 * no values, and the values one behind the other in shards. Form: what tensorflowjs_converter 4
 * writes (tfjs-converter/python/tensorflowjs/converters/tf_saved_model_conversion_v2.py and
 * write_weights.py). */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/json.h"
#include "model/format/output.h"
#include "model/format/tensorflow/tensorflow.h"
#include "model/format/tensorflow/tensorflow_emit.h"
#include "model/format/tensorflow/tensorflow_write.h"

/* The converter's size of a shard; browsers cache files of that size. */
enum { SHARD_FLOATS = 1 << 20, CHUNK_FLOATS = 1 << 16 };

struct tfjs {
    const char *folder;
    struct tf_graph *tf;
    struct error *error;
    uint64_t count;        /* 4-byte elements of all constants */
    size_t shards, shard;  /* of them the one being written, from 1 */
    size_t room;           /* elements that it still takes */
    struct output *output; /* NULL: none is open */
    float *chunk;          /* CHUNK_FLOATS */
    FILE *json;
};

/* ---- shards ---- */

static const struct tf_tensor *tensor_of(const struct tf_node *node)
{
    if (strcmp(node->op, "Const") != 0)
        return NULL;
    for (const struct tf_attr *attr = node->attrs; attr; attr = attr->next) {
        if (attr->field == TF_ATTR_TENSOR)
            return attr->tensor;
    }
    return NULL;
}

static size_t tensor_count(const struct tf_tensor *tensor)
{
    return tensor->type == TF_TYPE_FLOAT ? tensor->floats.count : tensor->count;
}

static char *path_of(const struct tfjs *tfjs, size_t shard)
{
    char *path;
    int size =
        shard ? asprintf(&path, "%s/group1-shard%zuof%zu.bin", tfjs->folder, shard, tfjs->shards)
              : asprintf(&path, "%s/model.json", tfjs->folder);

    return size < 0 ? NULL : path;
}

static enum status next_shard(struct tfjs *tfjs)
{
    enum status status = output_close(tfjs->output, tfjs->error);
    char *path;

    tfjs->output = NULL;
    if (status)
        return status;
    path = path_of(tfjs, ++tfjs->shard);
    if (!path)
        return error_set(tfjs->error, STATUS_MEMORY, "%s: out of memory", tfjs->folder);
    status = output_create(path, &tfjs->output, tfjs->error);
    free(path);
    tfjs->room = SHARD_FLOATS;
    return status;
}

/* Elements [first, first + count) of a constant. */
static void write_part(struct tfjs *tfjs, const struct tf_tensor *tensor, size_t first,
                       size_t count)
{
    const struct weight *floats = &tensor->floats;

    if (tensor->type != TF_TYPE_FLOAT) {
        output_write(tfjs->output, tensor->ints + first, count * sizeof *tensor->ints);
    } else if (weight_is_contiguous(floats)) {
        output_write(tfjs->output, floats->bytes + first * sizeof(float), count * sizeof(float));
    } else {
        weight_read(floats, first, count, tfjs->chunk);
        output_write(tfjs->output, tfjs->chunk, count * sizeof(float));
    }
}

static enum status write_tensor(struct tfjs *tfjs, const struct tf_tensor *tensor)
{
    size_t count = tensor_count(tensor), part;
    enum status status = STATUS_OK;

    for (size_t done = 0; done < count && !status; done += part) {
        part = 0;
        if (!tfjs->room)
            status = next_shard(tfjs);
        if (status)
            break;
        part = count - done < tfjs->room ? count - done : tfjs->room;
        part = part < CHUNK_FLOATS ? part : CHUNK_FLOATS;
        write_part(tfjs, tensor, done, part);
        tfjs->room -= part;
    }
    return status;
}

static enum status write_shards(struct tfjs *tfjs)
{
    enum status status = STATUS_OK, closed;

    tfjs->chunk = malloc(CHUNK_FLOATS * sizeof *tfjs->chunk);
    if (!tfjs->chunk)
        return error_set(tfjs->error, STATUS_MEMORY, "%s: out of memory", tfjs->folder);
    for (const struct tf_node *node = tfjs->tf->nodes; node && !status; node = node->next) {
        const struct tf_tensor *tensor = tensor_of(node);
        if (tensor)
            status = write_tensor(tfjs, tensor);
    }
    closed = output_close(tfjs->output, status ? NULL : tfjs->error);
    tfjs->output = NULL;
    free(tfjs->chunk);
    return status ? status : closed;
}

/* ---- model.json ---- */

static void put_base64(FILE *out, const char *text)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t size = strlen(text);

    putc('"', out);
    for (size_t i = 0; i < size; i += 3) {
        uint32_t bits = 0;
        for (size_t j = 0; j < 3; j++)
            bits = bits << 8 | (i + j < size ? (unsigned char)text[i + j] : 0);
        for (size_t j = 0; j < 4; j++)
            putc(i + j > size ? '=' : digits[bits >> (18 - 6 * j) & 63], out);
    }
    putc('"', out);
}

static void put_shape(FILE *out, const struct shape *shape)
{
    fputs("{\"dim\":[", out);
    for (unsigned i = 0; i < shape->dims; i++)
        fprintf(out, "%s{\"size\":\"%" PRId64 "\"}", i ? "," : "", shape->dim[i]);
    fputs("]}", out);
}

static const char *type_name(enum tf_type type)
{
    return type == TF_TYPE_FLOAT ? "DT_FLOAT" : type == TF_TYPE_BOOL ? "DT_BOOL" : "DT_INT32";
}

static void put_attr(FILE *out, const struct tf_attr *attr)
{
    switch (attr->field) {
    case TF_ATTR_S:
        fputs("\"s\":", out);
        put_base64(out, attr->text);
        break;
    case TF_ATTR_I:
        fprintf(out, "\"i\":\"%" PRId64 "\"", attr->i);
        break;
    case TF_ATTR_F:
        fputs("\"f\":", out);
        json_write_real(out, (double)attr->f);
        break;
    case TF_ATTR_B:
        fprintf(out, "\"b\":%s", attr->b ? "true" : "false");
        break;
    case TF_ATTR_TYPE:
        fprintf(out, "\"type\":\"%s\"", type_name(attr->type));
        break;
    case TF_ATTR_SHAPE:
        fputs("\"shape\":", out);
        put_shape(out, attr->shape);
        break;
    default:
        fputs("\"list\":{\"i\":[", out);
        for (size_t i = 0; i < attr->list.count; i++)
            fprintf(out, "%s\"%" PRId64 "\"", i ? "," : "", attr->list.ints[i]);
        fputs("]}", out);
    }
}

static void put_node(FILE *out, const struct tf_node *node)
{
    const char *comma = "";

    fputs("{\"name\":", out);
    json_write_text(out, node->name);
    fputs(",\"op\":", out);
    json_write_text(out, node->op);
    if (*node->inputs)
        fputs(",\"input\":[", out);
    for (const char **input = node->inputs; *input; input++) {
        fputs(input == node->inputs ? "" : ",", out);
        json_write_text(out, *input);
    }
    fputs(*node->inputs ? "],\"attr\":{" : ",\"attr\":{", out);
    for (const struct tf_attr *attr = node->attrs; attr; attr = attr->next) {
        if (attr->field == TF_ATTR_TENSOR)
            continue;
        fputs(comma, out);
        json_write_text(out, attr->key);
        fputs(":{", out);
        put_attr(out, attr);
        putc('}', out);
        comma = ",";
    }
    fputs("}}", out);
}

/* The inputs or outputs of the network under their names. */
static void put_signature(const struct tfjs *tfjs, const char *key, const uint32_t *values,
                          size_t count)
{
    const struct tf_graph *tf = tfjs->tf;
    FILE *out = tfjs->json;

    fprintf(out, "\"%s\":{", key);
    for (size_t i = 0; i < count; i++) {
        const struct tf_value *value = &tf->values[values[i]];
        const struct shape *shape = &tf->graph->values[values[i]].shape;
        struct shape tensor = value->plain ? *shape : tf_turn_shape(shape);
        if (tensor.dims && !tf->fixed_batch)
            tensor.dim[0] = -1;
        fputs(i ? "," : "", out);
        json_write_text(out, value->name);
        fprintf(out, ":{\"name\":\"%s:0\",\"dtype\":\"DT_FLOAT\",\"tensorShape\":", value->name);
        put_shape(out, &tensor);
        putc('}', out);
    }
    putc('}', out);
}

static void put_topology(const struct tfjs *tfjs)
{
    FILE *out = tfjs->json;

    fputs("\"modelTopology\":{\"node\":[\n", out);
    for (const struct tf_node *node = tfjs->tf->nodes; node; node = node->next) {
        put_node(out, node);
        fputs(node->next ? ",\n" : "\n", out);
    }
    fprintf(out, "],\"library\":{},\"versions\":{\"producer\":%d,\"minConsumer\":0}}",
            TF_GRAPH_VERSION);
}

static void put_manifest(const struct tfjs *tfjs)
{
    const char *comma = "";
    FILE *out = tfjs->json;

    fputs("\"weightsManifest\":[{\"paths\":[", out);
    for (size_t i = 1; i <= tfjs->shards; i++)
        fprintf(out, "%s\"group1-shard%zuof%zu.bin\"", i > 1 ? "," : "", i, tfjs->shards);
    fputs("],\"weights\":[\n", out);
    for (const struct tf_node *node = tfjs->tf->nodes; node; node = node->next) {
        const struct tf_tensor *tensor = tensor_of(node);
        if (!tensor)
            continue;
        bool floats = tensor->type == TF_TYPE_FLOAT;
        const struct shape *shape = floats ? &tensor->floats.shape : &tensor->shape;
        fprintf(out, "%s{\"name\":", comma);
        json_write_text(out, node->name);
        fputs(",\"shape\":[", out);
        for (unsigned i = 0; i < shape->dims; i++)
            fprintf(out, "%s%" PRId64, i ? "," : "", shape->dim[i]);
        fprintf(out, "],\"dtype\":\"%s\"}", floats ? "float32" : "int32");
        comma = ",\n";
    }
    fputs("]}]", out);
}

static enum status write_json(struct tfjs *tfjs)
{
    const struct graph *graph = tfjs->tf->graph;
    char *path = path_of(tfjs, 0);
    bool failed;

    tfjs->json = path ? fopen(path, "wxe") : NULL;
    free(path);
    if (!tfjs->json)
        return error_set(tfjs->error, STATUS_IO, "%s/model.json: cannot be created: %s",
                         tfjs->folder, strerror(errno));
    fputs("{\"format\":\"graph-model\",\"generatedBy\":\"carmlbench\",", tfjs->json);
    fputs("\"convertedBy\":\"carmlbench " CARMLBENCH_VERSION "\",\n\"signature\":{", tfjs->json);
    put_signature(tfjs, "inputs", graph->inputs, graph->input_count);
    putc(',', tfjs->json);
    put_signature(tfjs, "outputs", graph->outputs, graph->output_count);
    fputs("},\n", tfjs->json);
    put_topology(tfjs);
    fputs(",\n", tfjs->json);
    put_manifest(tfjs);
    fputs("}\n", tfjs->json);
    failed = ferror(tfjs->json);
    if (fclose(tfjs->json) || failed)
        return error_set(tfjs->error, errno == ENOSPC ? STATUS_FULL : STATUS_IO,
                         "%s/model.json: cannot be written: %s", tfjs->folder, strerror(errno));
    return STATUS_OK;
}

/* ---- the folder ---- */

static void count_shards(struct tfjs *tfjs)
{
    for (const struct tf_node *node = tfjs->tf->nodes; node; node = node->next) {
        const struct tf_tensor *tensor = tensor_of(node);
        tfjs->count += tensor ? tensor_count(tensor) : 0;
    }
    tfjs->shards = (size_t)((tfjs->count + SHARD_FLOATS - 1) / SHARD_FLOATS);
}

static void remove_files(const struct tfjs *tfjs)
{
    for (size_t i = 0; i <= tfjs->shard; i++) {
        char *path = path_of(tfjs, i);
        if (path)
            unlink(path);
        free(path);
    }
    rmdir(tfjs->folder);
}

static enum status write_folder(struct tf_graph *tf, const char *folder, struct error *error)
{
    struct tfjs tfjs = {.folder = folder, .tf = tf, .error = error};
    enum status status;

    if (mkdir(folder, 0777))
        return error_set(error, STATUS_IO, "%s: cannot be created: %s", folder, strerror(errno));
    count_shards(&tfjs);
    status = write_shards(&tfjs);
    if (!status)
        status = write_json(&tfjs);
    if (status)
        remove_files(&tfjs);
    return status;
}

enum status tfjs_write(const struct graph *graph, bool explicit_padding, const char *folder,
                       struct error *error)
{
    struct names *names;
    struct tf_graph tf;
    enum status status = names_create(graph, &names, error);

    if (status)
        return status;
    tf_graph_init(&tf, graph, names);
    tf.strict = true;
    tf.explicit_padding = explicit_padding;
    status = tf_graph_build(&tf, folder, error);
    if (!status)
        status = write_folder(&tf, folder, error);
    tf_graph_free(&tf);
    names_free(names);
    return status;
}
