/* The weights in the pickled dictionaries of caffe-tensorflow and MMdnn.
 *
 * Both map the name of a layer to its arrays: to a dictionary of names, or (older files, and layers
 * that MMdnn does not know) to the list of Caffe's blobs. What they store, by kaffe/core.py and
 * kaffe/transformers.py of caffe-tensorflow and mmdnn/conversion/caffe/transformer.py of MMdnn:
 *
 * - names: '/' of a layer's name may have become '_'; MMdnn calls InnerProduct NAME "NAME_1".
 * - Convolution, Deconvolution: axes (2, 3, 1, 0) of Caffe's, i.e. height, width, in, out. Axes of
 *   extent 1 may be missing (blobs were squeezed).
 * - InnerProduct: (in, out) instead of (out, in); where the layer reads planes (height or width
 *   above 1), its rows stand in the order height, width, channel.
 * - BatchNorm: mean and variance divided by Caffe's scale factor already, and the scale and offset
 *   of the Scale layer that follows it alone.
 *
 * MMdnn writes Caffe's own order when its target is Caffe. Which of both orders a file has is told
 * by the shapes: the order that fits some layer holds for all of its layers; should every layer fit
 * both (all kernels square in all axes), the file is taken to be in the order above, which is what
 * both programs write for TensorFlow. If one layer fits only the one order and another only the
 * other, the file is refused.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/format/numpy/numpy.h"
#include "model/format/numpy/pickle.h"
#include "model/shape.h"

/* The words for weight `index` of a kind; of BatchNorm, 3 and 4 are those of the Scale after it. */
enum { SCALE_OF_NORM = 3, OFFSET_OF_NORM = 4, WORDS_MAX = 5 };

/* So that no look through them takes long. */
enum { LAYERS_MAX = 32768, ARRAYS_MAX = 16 };

static const char *const words[OPERATOR_COUNT][WORDS_MAX] = {
    [OPERATOR_CONVOLUTION] = {"weights", "biases bias"},
    [OPERATOR_DECONVOLUTION] = {"weights", "biases bias"},
    [OPERATOR_INNER_PRODUCT] = {"weights", "biases bias"},
    [OPERATOR_BATCH_NORM] = {"mean", "variance var", "scale_factor", "scale gamma",
                             "offset bias beta"},
    [OPERATOR_SCALE] = {"scale gamma", "offset bias beta"},
    [OPERATOR_BIAS] = {"bias biases offset"},
    [OPERATOR_PRELU] = {"alpha gamma negslope slope"},
    [OPERATOR_NORMALIZE] = {"scale"},
};

/* What the rules and the dictionary say about one node. */
struct layer {
    const struct pickle_value *entry; /* NULL: none */
    struct shape expected[OPERATOR_MAX_WEIGHTS], input;
    uint32_t weight_count;
};

struct attaching {
    struct graph *graph;
    const char *path;
    struct error *error;
    const struct pickle *pickle;
    const struct pickle_value *dict;
    struct layer *layers; /* one per node */
    const struct node *only_caffe, *only_turned;
    bool turned; /* the file has TensorFlow's order */
};

static enum status fail(const struct attaching *attaching, const struct node *node,
                        const char *what)
{
    return error_set(attaching->error, STATUS_DATA, "%s: layer '%s': %s", attaching->path,
                     node->name, what);
}

/* ---- finding ---- */

/* The last entry of that key, as Python has it. */
static const struct pickle_value *look_up(const struct pickle *pickle,
                                          const struct pickle_value *dict, const char *key)
{
    for (size_t i = dict->items.count; i >= 2; i -= 2) {
        if (pickle_is(pickle_item(pickle, &dict->items, i - 2), key))
            return pickle_item(pickle, &dict->items, i - 1);
    }
    return NULL;
}

static bool is_layer(const struct graph *graph, const char *name)
{
    for (size_t i = 0; i < graph->node_count; i++) {
        if (!strcmp(graph->nodes[i].name, name))
            return true;
    }
    return false;
}

/* By the layer's name, or by what the converters made of it if no other layer is called that. */
static enum status find_entry(const struct attaching *attaching, const struct node *node,
                              const struct pickle_value **out)
{
    size_t size = strlen(node->name);
    char *name = NULL;

    *out = look_up(attaching->pickle, attaching->dict, node->name);
    if (*out)
        return STATUS_OK;
    if (asprintf(&name, "%s_1", node->name) < 0)
        return error_set(attaching->error, STATUS_MEMORY, "%s: out of memory", attaching->path);
    if (node->op->kind == OPERATOR_INNER_PRODUCT && !is_layer(attaching->graph, name))
        *out = look_up(attaching->pickle, attaching->dict, name);
    for (size_t i = 0; i < size; i++)
        name[i] = name[i] == '/' ? '_' : name[i];
    if (!*out && node->op->kind == OPERATOR_INNER_PRODUCT && !is_layer(attaching->graph, name))
        *out = look_up(attaching->pickle, attaching->dict, name);
    name[size] = '\0';
    if (!*out && !is_layer(attaching->graph, name))
        *out = look_up(attaching->pickle, attaching->dict, name);
    free(name);
    return STATUS_OK;
}

/* Whether one of the words, which are separated by blanks, is the text. */
static bool names_word(const char *list, const struct pickle_value *text)
{
    char word[16];

    while (list && *list) {
        size_t size = strcspn(list, " ");
        snprintf(word, sizeof word, "%.*s", (int)size, list);
        if (pickle_is(text, word))
            return true;
        list += size + (list[size] == ' ');
    }
    return false;
}

/* Of a list of blobs: where the converters put the four of a fused BatchNorm. */
static size_t list_index(const struct node *node, size_t index, size_t count)
{
    if (node->op->kind == OPERATOR_BATCH_NORM && count == 4 && index >= 2)
        return index + 1;
    return index;
}

/* The array for weight `index` of the node, or NULL. */
static const struct pickle_value *find_array(const struct attaching *attaching,
                                             const struct node *node,
                                             const struct pickle_value *entry, size_t index)
{
    const struct pickle_items *items = &entry->items;

    if (entry->kind == PICKLE_DICT) {
        for (size_t i = items->count; i >= 2; i -= 2) {
            if (names_word(words[node->op->kind][index],
                           pickle_item(attaching->pickle, items, i - 2)))
                return pickle_item(attaching->pickle, items, i - 1);
        }
        return NULL;
    }
    for (size_t i = 0; i < items->count; i++) {
        if (list_index(node, i, items->count) == index)
            return pickle_item(attaching->pickle, items, i);
    }
    return NULL;
}

static enum status refuse_word(const struct attaching *attaching, const struct node *node,
                               const struct pickle_value *key)
{
    bool text = key->kind == PICKLE_TEXT || key->kind == PICKLE_BYTES;
    size_t size = !text ? 0 : key->text.size < 64 ? key->text.size : 64;

    return error_set(attaching->error, STATUS_UNSUPPORTED,
                     "%s: layer '%s': its entry has an array '%.*s', which %s does not take",
                     attaching->path, node->name, (int)size,
                     text ? (const char *)key->text.bytes : "", node->op->name);
}

static bool is_known(const struct node *node, const struct pickle_value *key)
{
    for (size_t i = 0; i < WORDS_MAX; i++) {
        if (names_word(words[node->op->kind][i], key))
            return true;
    }
    return false;
}

/* Every array of an entry must be one that the layer has. */
static enum status check_entry(const struct attaching *attaching, const struct node *node,
                               const struct pickle_value *entry)
{
    bool dict = entry->kind == PICKLE_DICT;

    if (!dict && entry->kind != PICKLE_LIST && entry->kind != PICKLE_TUPLE)
        return fail(attaching, node, "its entry is neither a dictionary nor a list of arrays");
    if (entry->items.count > (dict ? 2 * ARRAYS_MAX : OPERATOR_MAX_WEIGHTS))
        return fail(attaching, node, "its entry has too many arrays");
    for (size_t i = 0; dict && i < entry->items.count; i += 2) {
        const struct pickle_value *key = pickle_item(attaching->pickle, &entry->items, i);
        if (!is_known(node, key))
            return refuse_word(attaching, node, key);
    }
    return STATUS_OK;
}

/* ---- arrays as weights ---- */

static enum status take_numbers(const struct attaching *attaching, const struct node *node,
                                const struct pickle_array *array, struct weight *weight)
{
    struct arena *arena = &attaching->graph->arena;
    enum npy_type type = array->type.size == 8 ? NPY_F8 : NPY_F2;
    float *values;

    if (array->type.letter != 'f' || array->type.order == '>' ||
        (array->type.size != 4 && array->type.size != 8 && array->type.size != 2))
        return error_set(attaching->error, STATUS_UNSUPPORTED,
                         "%s: layer '%s': an array holds '%c%c%zu' instead of little-endian "
                         "floating-point numbers",
                         attaching->path, node->name, array->type.order, array->type.letter,
                         array->type.size);
    if (array->type.size == 4) {
        weight->bytes = array->data;
        return STATUS_OK;
    }
    values = arena_alloc(arena, array->count, sizeof *values);
    if (!values)
        return arena_fail(arena, attaching->error);
    for (size_t i = 0; i < array->count; i++)
        values[i] = npy_number(type, array->data, i);
    weight->bytes = (const unsigned char *)values;
    return STATUS_OK;
}

static enum status make_weight(const struct attaching *attaching, const struct node *node,
                               const struct pickle_value *value, struct weight *weight)
{
    const struct pickle_array *array = value->kind == PICKLE_ARRAY ? value->array : NULL;
    int64_t stride = 1;

    *weight = (struct weight){.count = 0};
    if (!array || !array->data)
        return fail(attaching, node, "its entry holds something that is no array of numbers");
    weight->shape.dims = array->dims;
    memcpy(weight->shape.dim, array->shape, sizeof array->shape);
    if (!shape_count(&weight->shape, &weight->count))
        return fail(attaching, node, "an array has more than 2147483647 elements");
    if (array->fortran && weight->count) {
        weight->dims = array->dims;
        for (unsigned i = 0; i < array->dims; stride *= array->shape[i++]) {
            weight->dim[i] = array->shape[i];
            weight->stride[i] = stride;
        }
    }
    return take_numbers(attaching, node, array, weight);
}

/* ---- the order of axes ---- */

static bool same_but_for_ones(const struct shape *a, const struct shape *b)
{
    unsigned i = 0, j = 0;

    for (;; i++, j++) {
        while (i < a->dims && a->dim[i] == 1)
            i++;
        while (j < b->dims && b->dim[j] == 1)
            j++;
        if (i == a->dims || j == b->dims)
            return i == a->dims && j == b->dims;
        if (a->dim[i] != b->dim[j])
            return false;
    }
}

/* The shape in which TensorFlow's order has weights that Caffe has in `caffe`. */
static struct shape turned_shape(const struct shape *caffe)
{
    if (caffe->dims == 4)
        return (struct shape){.dims = 4,
                              .dim = {caffe->dim[2], caffe->dim[3], caffe->dim[1], caffe->dim[0]}};
    return (struct shape){.dims = 2, .dim = {caffe->dim[1], caffe->dim[0]}};
}

static bool has_order(const struct node *node)
{
    return node->op->kind == OPERATOR_CONVOLUTION || node->op->kind == OPERATOR_DECONVOLUTION ||
           node->op->kind == OPERATOR_INNER_PRODUCT;
}

/* Which orders the weights of the node fit. */
static enum status weigh_evidence(struct attaching *attaching, size_t index)
{
    const struct node *node = &attaching->graph->nodes[index];
    const struct layer *layer = &attaching->layers[index];
    const struct pickle_value *value =
        layer->entry && has_order(node) ? find_array(attaching, node, layer->entry, 0) : NULL;
    char expected[SHAPE_TEXT], found[SHAPE_TEXT];
    struct shape turned;
    struct weight weight;
    enum status status;
    bool fits, fits_turned;

    if (!value)
        return STATUS_OK;
    status = make_weight(attaching, node, value, &weight);
    if (status)
        return status;
    turned = turned_shape(&layer->expected[0]);
    fits = same_but_for_ones(&weight.shape, &layer->expected[0]);
    fits_turned = same_but_for_ones(&weight.shape, &turned);
    if (!fits && !fits_turned)
        return error_set(attaching->error, STATUS_DATA,
                         "%s: layer '%s': its weights are %s but must be %s in Caffe's order",
                         attaching->path, node->name, shape_text(&weight.shape, found),
                         shape_text(&layer->expected[0], expected));
    if (fits && !fits_turned)
        attaching->only_caffe = node;
    if (fits_turned && !fits)
        attaching->only_turned = node;
    return STATUS_OK;
}

static enum status decide_order(struct attaching *attaching)
{
    enum status status = STATUS_OK;

    for (size_t i = 0; i < attaching->graph->node_count && !status; i++)
        status = weigh_evidence(attaching, i);
    if (status)
        return status;
    if (attaching->only_caffe && attaching->only_turned)
        return error_set(attaching->error, STATUS_DATA,
                         "%s: layer '%s' is in Caffe's order of axes and layer '%s' in "
                         "TensorFlow's; one file has one order",
                         attaching->path, attaching->only_caffe->name,
                         attaching->only_turned->name);
    attaching->turned = !attaching->only_caffe;
    return STATUS_OK;
}

/* A view that strides cannot say is copied and permuted then. */
static enum status permute(const struct attaching *attaching, struct weight *weight,
                           const uint8_t *order)
{
    struct arena *arena = &attaching->graph->arena;
    float *values;

    if (weight_permute(weight, order))
        return STATUS_OK;
    values = arena_alloc(arena, weight->count, sizeof *values);
    if (!values)
        return arena_fail(arena, attaching->error);
    weight_copy(weight, values);
    *weight = weight_make(&weight->shape, values);
    return weight_permute(weight, order)
               ? STATUS_OK
               : error_set(attaching->error, STATUS_DATA, "%s: an array is empty", attaching->path);
}

static bool reads_planes(const struct node *node, const struct shape *in, int64_t rows)
{
    return node->op->kind == OPERATOR_INNER_PRODUCT && in->dims == 4 &&
           (in->dim[2] > 1 || in->dim[3] > 1) && (int64_t)shape_product(in, 1, 4) == rows;
}

/* From TensorFlow's order to the expected shape, which is Caffe's. */
static enum status turn_back(const struct attaching *attaching, const struct node *node,
                             const struct layer *layer, struct weight *weight)
{
    static const uint8_t order4[] = {3, 2, 0, 1}, order2[] = {1, 0};
    const struct shape *expected = &layer->expected[0], *in = &layer->input;
    struct shape shape = turned_shape(expected);
    enum status status;

    if (reads_planes(node, in, shape.dim[0]))
        shape =
            (struct shape){.dims = 4, .dim = {in->dim[2], in->dim[3], in->dim[1], shape.dim[1]}};
    /* Neither program says what it would make of such a layer. */
    if (node->op->kind == OPERATOR_INNER_PRODUCT && node->parameters.inner_product.transpose &&
        reads_planes(node, in, expected->dim[0]))
        return fail(attaching, node,
                    "has `transpose` and reads planes; such weights are only read from a "
                    "caffemodel");
    weight_reshape(weight, &shape);
    status = permute(attaching, weight, shape.dims == 4 ? order4 : order2);
    weight_reshape(weight, expected);
    return status;
}

/* ---- giving ---- */

static enum status give(const struct attaching *attaching, struct node *node, uint32_t index,
                        const struct layer *layer, const struct pickle_value *value)
{
    struct weight *weight = &node->weights[index];
    enum status status = make_weight(attaching, node, value, weight);

    if (status)
        return status;
    node->weight_count = index + 1;
    if (index == 0 && has_order(node) && attaching->turned)
        return turn_back(attaching, node, layer, weight);
    /* Extents of 1 were dropped or added; anything else graph_finish() refuses. */
    if (index < layer->weight_count && same_but_for_ones(&weight->shape, &layer->expected[index]))
        weight_reshape(weight, &layer->expected[index]);
    return STATUS_OK;
}

/* Mean and variance are stored divided already. */
static enum status give_factor(const struct attaching *attaching, struct node *node)
{
    float *one = arena_alloc(&attaching->graph->arena, 1, sizeof *one);

    if (!one)
        return arena_fail(&attaching->graph->arena, attaching->error);
    *one = 1;
    node->weights[2] = weight_make(&(struct shape){.dims = 1, .dim = {1}}, one);
    node->weight_count = 3;
    return STATUS_OK;
}

static enum status make_room(const struct attaching *attaching, struct node *node)
{
    node->weights =
        arena_alloc(&attaching->graph->arena, OPERATOR_MAX_WEIGHTS, sizeof *node->weights);
    return node->weights ? STATUS_OK : arena_fail(&attaching->graph->arena, attaching->error);
}

/* The Scale that alone reads what the node makes, and has no entry of its own; or the node count.
 */
static size_t find_scale(const struct attaching *attaching, const struct node *norm)
{
    const struct graph *graph = attaching->graph;
    size_t found = graph->node_count, readers = 0;

    for (size_t i = 0; i < graph->node_count; i++) {
        const struct node *node = &graph->nodes[i];
        for (uint32_t j = 0; j < node->input_count; j++) {
            if (node->inputs[j] != norm->outputs[0])
                continue;
            readers++;
            if (node->op->kind == OPERATOR_SCALE && node->input_count == 1 &&
                !attaching->layers[i].entry)
                found = i;
        }
    }
    return readers == 1 ? found : graph->node_count;
}

static enum status give_scale(const struct attaching *attaching, const struct node *norm,
                              const struct pickle_value *entry)
{
    const struct pickle_value *scale = find_array(attaching, norm, entry, SCALE_OF_NORM),
                              *offset = find_array(attaching, norm, entry, OFFSET_OF_NORM);
    size_t index = find_scale(attaching, norm);
    enum status status;
    struct node *node;

    if (!scale && !offset)
        return STATUS_OK;
    if (index == attaching->graph->node_count || !scale)
        return fail(attaching, norm,
                    "its entry has a scale or an offset, but no Scale layer alone follows it");
    node = &attaching->graph->nodes[index];
    status = make_room(attaching, node);
    if (!status)
        status = give(attaching, node, 0, &attaching->layers[index], scale);
    if (!status && offset)
        status = give(attaching, node, 1, &attaching->layers[index], offset);
    return status;
}

static enum status give_all(const struct attaching *attaching, size_t index)
{
    struct node *node = &attaching->graph->nodes[index];
    const struct layer *layer = &attaching->layers[index];
    enum status status;

    if (!layer->entry)
        return STATUS_OK;
    status = make_room(attaching, node);
    for (uint32_t i = 0; i < 3 && !status; i++) {
        const struct pickle_value *value = find_array(attaching, node, layer->entry, i);
        if (value && i != node->weight_count)
            return fail(attaching, node, "an array before the others is missing in its entry");
        if (value)
            status = give(attaching, node, i, layer, value);
    }
    if (status || node->op->kind != OPERATOR_BATCH_NORM)
        return status;
    if (node->weight_count == 2)
        status = give_factor(attaching, node);
    return status ? status : give_scale(attaching, node, layer->entry);
}

/* ---- the whole ---- */

/* Asks the rule of each layer what its weights must be. */
static enum status survey(struct attaching *attaching, const struct shape *shapes)
{
    struct graph *graph = attaching->graph;
    struct shape *buffer = calloc(OPERATOR_MAX_INPUTS + OPERATOR_MAX_OUTPUTS, sizeof *buffer);
    enum status status = STATUS_OK;

    if (!buffer)
        return error_set(attaching->error, STATUS_MEMORY, "%s: out of memory", attaching->path);
    for (size_t i = 0; i < graph->node_count && !status; i++) {
        struct node *node = &graph->nodes[i];
        struct layer *layer = &attaching->layers[i];
        struct inference inference = {.graph = graph,
                                      .node = node,
                                      .inputs = buffer,
                                      .outputs = buffer + OPERATOR_MAX_INPUTS};
        for (uint32_t j = 0; j < node->input_count; j++)
            buffer[j] = shapes[node->inputs[j]];
        layer->input = buffer[0];
        status = shape_infer(&inference, attaching->error);
        memcpy(layer->expected, inference.weights, sizeof layer->expected);
        layer->weight_count = inference.weight_count;
        if (!status && inference.weight_count)
            status = find_entry(attaching, node, &layer->entry);
        if (!status && layer->entry)
            status = check_entry(attaching, node, layer->entry);
    }
    free(buffer);
    return status;
}

static enum status attach(struct attaching *attaching)
{
    size_t nodes = attaching->graph->node_count, values = attaching->graph->value_count;
    struct shape *shapes = calloc(values + 1, sizeof *shapes);
    enum status status;

    attaching->layers = calloc(nodes + 1, sizeof *attaching->layers);
    if (!shapes || !attaching->layers) {
        free(shapes);
        return error_set(attaching->error, STATUS_MEMORY, "%s: out of memory", attaching->path);
    }
    status = graph_infer(attaching->graph, 0, shapes, attaching->error);
    if (!status)
        status = survey(attaching, shapes);
    if (!status)
        status = decide_order(attaching);
    for (size_t i = 0; i < nodes && !status; i++)
        status = give_all(attaching, i);
    free(shapes);
    return status;
}

/* numpy.save() of a dictionary makes an array of one object around it. */
static const struct pickle_value *find_dict(const struct pickle *pickle)
{
    const struct pickle_value *root = pickle_root(pickle);

    if (root->kind == PICKLE_ARRAY && !root->array->data && root->array->items.count == 1)
        root = pickle_item(pickle, &root->array->items, 0);
    return root->kind == PICKLE_DICT && root->items.count <= 2 * LAYERS_MAX ? root : NULL;
}

enum status numpy_attach_pickle(struct graph *graph, const char *path, struct mapping **file,
                                struct error *error)
{
    struct attaching attaching = {.graph = graph, .path = path, .error = error};
    const unsigned char *bytes;
    struct pickle *pickle = NULL;
    enum status status = npy_look_objects(path, (*file)->bytes, (*file)->size, &bytes, error);
    size_t offset = status ? 0 : (size_t)(bytes - (*file)->bytes);

    if (!status)
        status =
            pickle_read(path, bytes, (*file)->size - offset, offset, &graph->arena, &pickle, error);
    if (status)
        return status;
    attaching.pickle = pickle;
    attaching.dict = find_dict(pickle);
    if (attaching.dict)
        status = attach(&attaching);
    else
        status = error_set(
            error, STATUS_DATA,
            "%s: holds no dictionary of at most 32768 layers, as caffe-tensorflow and MMdnn "
            "write it",
            path);
    free(attaching.layers);
    pickle_free(pickle);
    return status ? status : graph_keep(graph, file, error);
}
