/* The weights in a caffemodel: NetParameter in protobuf's binary encoding. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/checked.h"
#include "model/format/caffe/caffe.h"
#include "model/format/wire.h"
#include "model/shape.h"

/* Field numbers in caffe.proto. */
enum { NET_NAME = 1, NET_V1_LAYERS = 2, NET_LAYER = 100 };
enum { LAYER_NAME = 1, LAYER_BLOBS = 7 };
enum { V1_V0_LAYER = 1, V1_NAME = 4, V1_BLOBS = 6 };
enum { V0_NAME = 1, V0_BLOBS = 50 };
enum { BLOB_NUM = 1, BLOB_WIDTH = 4, BLOB_DATA = 5, BLOB_SHAPE = 7, BLOB_DOUBLE_DATA = 8 };
enum { SHAPE_DIM = 1 };

enum { MAX_LAYERS = 32768 };

struct loading {
    struct graph *graph;
    const char *file;
    struct error *error;
    size_t layers;     /* with weights, so far */
    const char *layer; /* name, for errors; not NUL-terminated */
    int layer_size;
    const struct node *almost; /* has a name of another case: */
    const char *almost_layer;
    int almost_size;
};

/* What the fields of a BlobProto said, before they are put together. */
struct blob {
    struct shape shape; /* of BlobShape */
    int64_t legacy[4];  /* num, channels, height, width */
    bool has_shape, has_legacy;
    size_t count;                /* of data or double_data */
    size_t pieces;               /* fields it came in */
    const unsigned char *packed; /* of the last packed field of floats */
    bool loose, doubles;         /* some element stood alone; there is double_data */
};

static enum status fail(const struct loading *loading, const char *what)
{
    return error_set(loading->error, STATUS_DATA, "%s: layer '%.*s': %s", loading->file,
                     loading->layer_size, loading->layer, what);
}

/* ---- shape ---- */

static enum status read_dim(const struct loading *loading, struct blob *blob, uint64_t value)
{
    if (blob->shape.dims == SHAPE_MAX_DIMS)
        return fail(loading, "a blob has more than 8 dimensions");
    if (value > INT32_MAX)
        return fail(loading, "a blob has a dimension that is negative or above 2147483647");
    blob->shape.dim[blob->shape.dims++] = (int64_t)value;
    return STATUS_OK;
}

static enum status read_shape(const struct loading *loading, const struct wire *outer,
                              const struct wire_field *field, struct blob *blob)
{
    struct wire wire = wire_enter(outer, field);
    enum status status = STATUS_OK;
    struct wire_field dim;
    uint64_t value;

    blob->has_shape = true;
    while (!status && wire_next(&wire, &dim)) {
        if (dim.number != SHAPE_DIM)
            continue;
        if (dim.type == WIRE_VARINT) {
            status = read_dim(loading, blob, dim.value);
            continue;
        }
        struct wire packed = wire_enter(&wire, &dim);
        while (!status && wire_varint(&packed, &value))
            status = read_dim(loading, blob, value);
        if (!status)
            status = wire_status(&packed, loading->error);
    }
    return status ? status : wire_status(&wire, loading->error);
}

static enum status read_legacy(const struct loading *loading, const struct wire_field *field,
                               struct blob *blob)
{
    if (field->type != WIRE_VARINT || field->value > INT32_MAX)
        return fail(loading, "a blob has a dimension that is negative or above 2147483647");
    blob->has_legacy = true;
    blob->legacy[field->number - BLOB_NUM] = (int64_t)field->value;
    return STATUS_OK;
}

/* blob.cpp, FromProto(): any of the four older fields makes the shape four-dimensional. */
static void settle_shape(struct blob *blob)
{
    if (!blob->has_legacy)
        return;
    blob->shape = (struct shape){.dims = 4};
    memcpy(blob->shape.dim, blob->legacy, sizeof blob->legacy);
}

/* ---- numbers ---- */

static enum status count_data(const struct loading *loading, const struct wire_field *field,
                              struct blob *blob)
{
    bool doubles = field->number == BLOB_DOUBLE_DATA;
    size_t width = doubles ? 8 : 4, count = 1;

    if (field->type == WIRE_BYTES) {
        if (field->size % width)
            return fail(loading, "the weights do not end at a whole number; is the file damaged?");
        count = field->size / width;
        blob->packed = field->bytes;
    } else if (field->type == (doubles ? WIRE_FIXED64 : WIRE_FIXED32)) {
        blob->loose = true;
    } else {
        return fail(loading, "the weights are not numbers; is this a caffemodel?");
    }
    if (blob->pieces && blob->doubles != doubles)
        return fail(loading, "a blob has both data and double_data");
    blob->doubles = doubles;
    blob->pieces++;
    blob->count += count;
    return STATUS_OK;
}

static float number_at(const unsigned char *bytes, bool doubles)
{
    double wide;
    float narrow;

    if (doubles) {
        memcpy(&wide, bytes, sizeof wide);
        return (float)wide;
    }
    memcpy(&narrow, bytes, sizeof narrow);
    return narrow;
}

static float number_of(const struct wire_field *field)
{
    union {
        uint64_t bits;
        double value;
    } wide = {.bits = field->value};
    union {
        uint32_t bits;
        float value;
    } narrow = {.bits = (uint32_t)field->value};

    return field->type == WIRE_FIXED64 ? (float)wide.value : narrow.value;
}

/* Gathers elements that stand alone, come in several pieces or are doubles into the graph's arena.
 */
static enum status gather(const struct loading *loading, struct wire wire, const struct blob *blob,
                          const unsigned char **out)
{
    float *values = arena_alloc(&loading->graph->arena, blob->count, sizeof *values), *at = values;
    struct wire_field field;

    if (!values)
        return arena_fail(&loading->graph->arena, loading->error);
    while (wire_next(&wire, &field)) {
        if (field.number != BLOB_DATA && field.number != BLOB_DOUBLE_DATA)
            continue;
        if (field.type != WIRE_BYTES)
            *at++ = number_of(&field);
        for (size_t i = 0; i < field.size; i += blob->doubles ? 8 : 4)
            *at++ = number_at(field.bytes + i, blob->doubles);
    }
    *out = (const unsigned char *)values;
    return wire_status(&wire, loading->error);
}

static enum status read_blob(const struct loading *loading, const struct wire *outer,
                             const struct wire_field *blob_field, struct weight *weight)
{
    struct wire start = wire_enter(outer, blob_field), wire = start;
    enum status status = STATUS_OK;
    struct blob blob = {.count = 0};
    struct wire_field field;
    size_t expected;

    while (!status && wire_next(&wire, &field)) {
        if (field.number >= BLOB_NUM && field.number <= BLOB_WIDTH)
            status = read_legacy(loading, &field, &blob);
        else if (field.number == BLOB_SHAPE)
            status = read_shape(loading, &wire, &field, &blob);
        else if (field.number == BLOB_DATA || field.number == BLOB_DOUBLE_DATA)
            status = count_data(loading, &field, &blob);
    }
    if (!status)
        status = wire_status(&wire, loading->error);
    if (status)
        return status;
    settle_shape(&blob);
    if (!shape_count(&blob.shape, &expected))
        return fail(loading, "a blob's shape has more than 2147483647 elements");
    if (expected != blob.count)
        return error_set(loading->error, STATUS_DATA,
                         "%s: layer '%.*s': a blob's shape has %zu elements but the file holds %zu",
                         loading->file, loading->layer_size, loading->layer, expected, blob.count);
    *weight = (struct weight){.shape = blob.shape, .count = blob.count, .bytes = blob.packed};
    if (blob.pieces == 1 && !blob.loose && !blob.doubles)
        return STATUS_OK;
    return gather(loading, start, &blob, &weight->bytes);
}

/* ---- layers ---- */

static struct node *find_node(struct loading *loading)
{
    struct graph *graph = loading->graph;
    size_t size = (size_t)loading->layer_size;

    for (size_t i = 0; i < graph->node_count; i++) {
        const char *name = graph->nodes[i].name;
        if (strlen(name) != size || strncasecmp(name, loading->layer, size) != 0)
            continue;
        if (!memcmp(name, loading->layer, size))
            return &graph->nodes[i];
        loading->almost = &graph->nodes[i];
        loading->almost_layer = loading->layer;
        loading->almost_size = loading->layer_size;
    }
    return NULL;
}

static enum status read_blobs(struct loading *loading, struct wire wire, uint32_t blobs_field,
                              uint32_t count)
{
    struct node *node = find_node(loading);
    enum status status = STATUS_OK;
    struct wire_field field;

    if (loading->layers > MAX_LAYERS)
        return error_set(loading->error, STATUS_LIMIT, "%s: more than %d layers with weights",
                         loading->file, MAX_LAYERS);
    /* Layers that only training has are left out, as Caffe does. */
    if (!node)
        return STATUS_OK;
    if (node->weight_count)
        return fail(loading, "the file has weights for it twice");
    if (count > OPERATOR_MAX_WEIGHTS)
        return fail(loading, "the file has more than 4 weight blobs for it");
    node->weights = arena_alloc(&loading->graph->arena, count, sizeof *node->weights);
    if (!node->weights)
        return arena_fail(&loading->graph->arena, loading->error);
    while (!status && wire_next(&wire, &field)) {
        if (field.number == blobs_field)
            status = read_blob(loading, &wire, &field, &node->weights[node->weight_count++]);
    }
    return status ? status : wire_status(&wire, loading->error);
}

/* Where a form of the file keeps what is needed. */
struct layer_fields {
    uint32_t name, blobs;
};

static enum status read_fields(struct loading *loading, struct wire start,
                               const struct layer_fields *fields)
{
    struct wire wire = start;
    struct wire_field field;
    enum status status;
    uint32_t count = 0;

    loading->layer = "";
    loading->layer_size = 0;
    while (wire_next(&wire, &field)) {
        if (field.number == fields->name && field.type == WIRE_BYTES) {
            loading->layer = (const char *)field.bytes;
            loading->layer_size = field.size > 1024 ? 1024 : (int)field.size;
        }
        count += field.number == fields->blobs;
    }
    status = wire_status(&wire, loading->error);
    loading->layers += count > 0;
    return status || !count ? status : read_blobs(loading, start, fields->blobs, count);
}

/* The message that has name and blobs: of V0 it stands inside a V1 layer (upgrade_proto.cpp,
 * UpgradeV0LayerParameter). */
static enum status read_layer(struct loading *loading, const struct wire *outer,
                              const struct wire_field *layer)
{
    static const struct layer_fields current = {LAYER_NAME, LAYER_BLOBS}, v1 = {V1_NAME, V1_BLOBS},
                                     v0 = {V0_NAME, V0_BLOBS};
    struct wire start = wire_enter(outer, layer), wire = start;
    struct wire_field field;

    if (layer->number == NET_LAYER)
        return read_fields(loading, start, &current);
    while (wire_next(&wire, &field)) {
        if (field.number == V1_V0_LAYER)
            return read_fields(loading, wire_enter(&wire, &field), &v0);
    }
    return read_fields(loading, start, &v1);
}

/* Names that differ by case only are other names to Caffe; here that would end as missing weights.
 */
static enum status check_case(const struct loading *loading)
{
    if (!loading->almost || loading->almost->weight_count)
        return STATUS_OK;
    return graph_error(loading->graph, loading->almost, loading->error, STATUS_DATA,
                       "%s has weights for '%.*s' instead; rename one of them", loading->file,
                       loading->almost_size, loading->almost_layer);
}

static enum status check_names(const struct graph *graph, struct error *error)
{
    for (size_t i = 0; i < graph->node_count; i++) {
        for (size_t j = 0; j < i && graph->nodes[i].weight_count == 0; j++) {
            if (graph->nodes[j].weight_count &&
                !strcmp(graph->nodes[i].name, graph->nodes[j].name) &&
                graph->nodes[i].op == graph->nodes[j].op)
                return graph_error(graph, &graph->nodes[i], error, STATUS_DATA,
                                   "has the name of the layer in line %u, so its weights cannot "
                                   "be told apart; rename one",
                                   graph->nodes[j].line);
        }
    }
    return STATUS_OK;
}

/* ---- shared weights ---- */

/* A weight with a name. */
struct share {
    const char *name;
    uint32_t node, weight;
};

static int by_name_and_place(const void *first, const void *second)
{
    const struct share *a = first, *b = second;
    int order = strcmp(a->name, b->name);

    return order ? order : (a->node > b->node) - (a->node < b->node);
}

static size_t count_shares(const struct graph *graph)
{
    size_t count = 0;

    for (size_t i = 0; i < graph->node_count; i++)
        count += graph->nodes[i].shared_count;
    return count;
}

/* Room for weights of a layer that the file does not have. */
static enum status make_room(struct graph *graph, struct node *node, struct error *error)
{
    if (!node->weights)
        node->weights = arena_alloc(&graph->arena, node->shared_count, sizeof *node->weights);
    return node->weights ? STATUS_OK : arena_fail(&graph->arena, error);
}

/* Gives one group, of one name, the last weight that the file has: each that Net::
 * CopyTrainedLayersFrom copies replaces those before. */
static enum status share_group(struct graph *graph, const struct share *group, size_t count,
                               struct error *error)
{
    const struct weight *weight = NULL;
    enum status status = STATUS_OK;

    for (size_t i = count; i-- > 0 && !weight;) {
        const struct node *node = &graph->nodes[group[i].node];
        if (group[i].weight < node->weight_count)
            weight = &node->weights[group[i].weight];
    }
    for (size_t i = 0; i < count && weight && !status; i++) {
        struct node *node = &graph->nodes[group[i].node];
        if (!node->weight_count)
            status = make_room(graph, node, error);
        if (!status && (!node->weight_count || group[i].weight < node->weight_count))
            node->weights[group[i].weight] = *weight;
    }
    return status;
}

/* A layer that the file does not have has its weights when each was given by another. */
static void count_given(struct graph *graph)
{
    for (size_t i = 0; i < graph->node_count; i++) {
        struct node *node = &graph->nodes[i];
        uint32_t given = 0;
        while (!node->weight_count && node->weights && given < node->shared_count &&
               node->weights[given].bytes)
            given++;
        if (!node->weight_count && given == node->shared_count)
            node->weight_count = given;
    }
}

/* net.cpp, AppendParam and ShareWeights: weights of one name are one. */
static enum status share_weights(struct graph *graph, struct error *error)
{
    size_t count = count_shares(graph), used = 0;
    struct share *shares = count ? calloc(count, sizeof *shares) : NULL;
    enum status status = STATUS_OK;

    if (!count)
        return STATUS_OK;
    if (!shares)
        return error_set(error, STATUS_MEMORY, "%s: out of memory", graph->source);
    for (uint32_t i = 0; i < graph->node_count; i++) {
        const struct node *node = &graph->nodes[i];
        for (uint32_t j = 0; j < node->shared_count; j++) {
            if (*node->shared[j])
                shares[used++] = (struct share){node->shared[j], i, j};
        }
    }
    qsort(shares, used, sizeof *shares, by_name_and_place);
    for (size_t i = 0, end; i < used && !status; i = end) {
        for (end = i + 1; end < used && !strcmp(shares[end].name, shares[i].name);)
            end++;
        status = share_group(graph, shares + i, end - i, error);
    }
    free(shares);
    count_given(graph);
    return status;
}

enum status caffe_attach_weights(struct graph *graph, const char *path, struct mapping **weights,
                                 struct error *error)
{
    struct loading loading = {.graph = graph, .file = path, .error = error};
    struct wire wire = wire_open(path, (*weights)->bytes, (*weights)->size);
    enum status status = STATUS_OK;
    struct wire_field field;

    while (!status && wire_next(&wire, &field)) {
        if (field.number == NET_V1_LAYERS || field.number == NET_LAYER)
            status = read_layer(&loading, &wire, &field);
    }
    if (!status)
        status = wire_status(&wire, error);
    if (!status)
        status = check_case(&loading);
    if (!status)
        status = check_names(graph, error);
    if (!status)
        status = share_weights(graph, error);
    return status ? status : graph_keep(graph, weights, error);
}

bool caffe_is_model(const struct mapping *mapping)
{
    struct wire wire = wire_open("", mapping->bytes, mapping->size);
    size_t names = 0, v1 = 0, current = 0;
    struct wire_field field = {.number = 0};

    while (wire_next(&wire, &field)) {
        if (field.number == NET_NAME && field.type != WIRE_BYTES)
            return false; /* ONNX's ir_version */
        names += field.number == NET_NAME;
        v1 += field.number == NET_V1_LAYERS && field.type == WIRE_BYTES;
        current += field.number == NET_LAYER && field.type == WIRE_BYTES;
    }
    /* A file that is cut inside its first layer is still one. */
    if (wire.problem && field.type == WIRE_BYTES) {
        v1 += field.number == NET_V1_LAYERS;
        current += field.number == NET_LAYER;
    }
    /* TensorFlow's GraphDef uses 1 for its many nodes and 2 for its function library. */
    return current > 0 || (v1 > 0 && names <= 1);
}
