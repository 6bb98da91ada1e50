#include "model/format/caffe/caffe_reading.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_LAYERS = 16384, AXPY_NODES = 3, UPGRADE_MEMORY = 256 << 20 };

/* ---- the form of the file ---- */

static void find_form(struct caffe_reading *reading)
{
    const struct prototxt_field *old = prototxt_find(reading->root, "layers");
    const struct prototxt_field *current = prototxt_find(reading->root, "layer");
    const struct prototxt_field *field = old ? old : current;

    if (!field) {
        prototxt_fail(&reading->reader, reading->root, STATUS_DATA,
                      "holds no layers; is it a Caffe deploy.prototxt?");
        return;
    }
    if (old && current)
        prototxt_fail(&reading->reader, current, STATUS_DATA,
                      "'layer' and 'layers' cannot stand in one file");
    reading->v1 = old != NULL;
    reading->layer_name = field->name;
    for (; field; field = prototxt_find_next(field)) {
        if (field->kind != PROTOTXT_MESSAGE)
            prototxt_fail(&reading->reader, field, STATUS_DATA, "a layer must stand in braces");
    }
}

const char *caffe_layer_label(struct caffe_reading *reading, const struct prototxt_field *layer)
{
    return prototxt_string(&reading->reader, layer, "name", "");
}

/* The word of caffe.proto's V1LayerParameter.LayerType for its number, which protobuf's text format
 * takes as well; any other text is itself. */
static const char *v1_word(const char *text)
{
    static const char *const words[] = {"NONE",
                                        "ACCURACY",
                                        "BNLL",
                                        "CONCAT",
                                        "CONVOLUTION",
                                        "DATA",
                                        "DROPOUT",
                                        "EUCLIDEAN_LOSS",
                                        "FLATTEN",
                                        "HDF5_DATA",
                                        "HDF5_OUTPUT",
                                        "IM2COL",
                                        "IMAGE_DATA",
                                        "INFOGAIN_LOSS",
                                        "INNER_PRODUCT",
                                        "LRN",
                                        "MULTINOMIAL_LOGISTIC_LOSS",
                                        "POOLING",
                                        "RELU",
                                        "SIGMOID",
                                        "SOFTMAX",
                                        "SOFTMAX_LOSS",
                                        "SPLIT",
                                        "TANH",
                                        "WINDOW_DATA",
                                        "ELTWISE",
                                        "POWER",
                                        "SIGMOID_CROSS_ENTROPY_LOSS",
                                        "HINGE_LOSS",
                                        "MEMORY_DATA",
                                        "ARGMAX",
                                        "THRESHOLD",
                                        "DUMMY_DATA",
                                        "SLICE",
                                        "MVN",
                                        "ABSVAL",
                                        "SILENCE",
                                        "CONTRASTIVE_LOSS",
                                        "EXP",
                                        "DECONVOLUTION"};
    char *end;
    unsigned long number;

    if (*text < '0' || *text > '9')
        return text;
    number = strtoul(text, &end, 0);
    return *end || number >= sizeof words / sizeof *words ? text : words[number];
}

const char *caffe_layer_type(struct caffe_reading *reading, const struct prototxt_field *layer)
{
    const struct prototxt_field *type = prototxt_find(layer, "type");
    enum prototxt_kind kind = reading->v1 ? PROTOTXT_WORD : PROTOTXT_STRING;

    if (!type)
        prototxt_fail(&reading->reader, layer, STATUS_DATA, "layer '%s' has no type",
                      caffe_layer_label(reading, layer));
    else if (type->kind != kind)
        prototxt_fail(&reading->reader, type, STATUS_DATA,
                      reading->v1 ? "the type of a V1 layer is a word without quotes"
                                  : "the type of a layer is a text in quotes");
    if (reading->reader.status)
        return "";
    return reading->v1 ? v1_word(type->text) : type->text;
}

/* What a layer of a known type asks for that is not supported, or NULL: where the maxima of a
 * Pooling stood, for an Upsample to put them back (SegNet). */
static const char *asks_for(const struct prototxt_field *layer, const char *type,
                            const struct operator_info *op)
{
    if (op && op->kind == OPERATOR_POOLING && prototxt_count(layer, "top") > 1)
        return " with a mask";
    if (op && op->kind == OPERATOR_RESIZE && strcmp(type, "Interp") != 0 &&
        prototxt_count(layer, "bottom") > 1)
        return " with a mask";
    return NULL;
}

/* Names every layer whose type is unknown, so that one look tells what a net would need. */
static void check_types(struct caffe_reading *reading)
{
    const struct prototxt_field *layer = NULL, *first = NULL;
    char list[512] = "";
    size_t used = 0, unknown = 0;

    while ((layer = caffe_next_layer(reading, layer))) {
        const char *type = caffe_layer_type(reading, layer);
        const struct operator_info *op = operator_find_caffe(type, reading->v1);
        const char *more = asks_for(layer, type, op);
        if (reading->reader.status || (op && !more) ||
            caffe_role_of(reading, layer, type) != CAFFE_LAYER)
            continue;
        first = first ? first : layer;
        if (used < sizeof list) {
            int wrote =
                snprintf(list + used, sizeof list - used, "%s'%s' (%s%s)", unknown ? ", " : "",
                         caffe_layer_label(reading, layer), type, more ? more : "");
            used += wrote > 0 ? (size_t)wrote : 0;
        }
        unknown++;
    }
    if (unknown)
        prototxt_fail(&reading->reader, first, STATUS_UNSUPPORTED,
                      "%zu layer%s of a type that is not supported: %s%s", unknown,
                      unknown == 1 ? "" : "s", list, used >= sizeof list ? " ..." : "");
}

/* ---- layers ---- */

static size_t read_names(struct caffe_reading *reading, const struct prototxt_field *layer,
                         const char *field_name, const char **names, size_t most)
{
    const struct prototxt_field *field = prototxt_find(layer, field_name);
    size_t count = 0;

    for (; field && !reading->reader.status; field = prototxt_find_next(field)) {
        if (count == most)
            prototxt_fail(&reading->reader, field, STATUS_LIMIT, "more than %zu of '%s'", most,
                          field_name);
        else
            names[count++] = prototxt_field_string(&reading->reader, field);
    }
    return count;
}

/* ---- layers that only training has ---- */

static bool is_left_out(const struct caffe_reading *reading, const char *name)
{
    /* A top that was made after all, by a layer in place or of another phase, is there. */
    if (graph_top(reading->graph, name) >= 0)
        return false;
    for (size_t i = 0; i < reading->left_out_count; i++) {
        if (!strcmp(reading->left_out[i], name))
            return true;
    }
    return false;
}

/* Whatever its place among the tops, what weights work on is no label. */
static bool has_weights(enum operator_kind kind, size_t bottoms)
{
    return kind == OPERATOR_CONVOLUTION || kind == OPERATOR_DECONVOLUTION ||
           kind == OPERATOR_INNER_PRODUCT || kind == OPERATOR_PRELU || kind == OPERATOR_NORMALIZE ||
           kind == OPERATOR_BATCH_NORM ||
           ((kind == OPERATOR_SCALE || kind == OPERATOR_BIAS) && bottoms == 1);
}

/* Takes the bottoms that only training has out of a Silence, and leaves out a layer that has no
 * others. True when the layer stays; check_bottoms() then says what it lacks. */
static bool drop_labels(struct caffe_reading *reading, enum operator_kind kind,
                        const char **bottoms, size_t *count)
{
    size_t kept = 0, given = *count;

    for (size_t i = 0; i < given; i++) {
        if (!is_left_out(reading, bottoms[i]))
            kept++;
    }
    if (kept == given || (kept && kind != OPERATOR_SILENCE) || has_weights(kind, given))
        return true;
    for (size_t i = kept = 0; i < given; i++) {
        if (!is_left_out(reading, bottoms[i]))
            bottoms[kept++] = bottoms[i];
    }
    *count = kept;
    return kept > 0;
}

static void leave_out_tops(struct caffe_reading *reading, const struct prototxt_field *layer)
{
    const struct prototxt_field *top = prototxt_find(layer, "top");

    for (; top && !reading->reader.status; top = prototxt_find_next(top))
        caffe_leave_out(reading, prototxt_field_string(&reading->reader, top));
}

/* Any layer of phase TEST that makes `name`, or NULL. */
static const struct prototxt_field *maker_of(struct caffe_reading *reading, const char *name)
{
    const struct prototxt_field *layer = NULL, *top;

    while ((layer = caffe_next_layer(reading, layer))) {
        for (top = prototxt_find(layer, "top"); top; top = prototxt_find_next(top)) {
            if (top->kind == PROTOTXT_STRING && !strcmp(top->text, name))
                return layer;
        }
    }
    return NULL;
}

/* The last layer of another phase or stage that makes `name`, or NULL: files have what trains
 * before what validates. */
static const struct prototxt_field *elsewhere(struct caffe_reading *reading, const char *name)
{
    const struct prototxt_field *layer = prototxt_find(reading->root, reading->layer_name), *top;
    const struct prototxt_field *last = NULL;

    for (; layer; layer = prototxt_find_next(layer)) {
        for (top = prototxt_find(layer, "top"); top; top = prototxt_find_next(top)) {
            if (top->kind == PROTOTXT_STRING && !strcmp(top->text, name))
                last = layer;
        }
    }
    return last;
}

static void fail_left_out(struct caffe_reading *reading, const struct prototxt_field *layer,
                          const char *bottom, const struct prototxt_field *maker)
{
    const char *type = caffe_layer_type(reading, maker);
    char remedy[320] = "";

    if (caffe_role_of(reading, maker, type) == CAFFE_DATA)
        snprintf(remedy, sizeof remedy,
                 "; only the first top of a data layer becomes an input: put input: \"%.128s\" and "
                 "its input_shape into the file in place of that layer",
                 bottom);
    prototxt_fail(&reading->reader, layer, STATUS_DATA,
                  "layer '%s': bottom '%s' is made by layer '%s' in line %u, which only training "
                  "needs and which is left out%s",
                  caffe_layer_label(reading, layer), bottom, caffe_layer_label(reading, maker),
                  maker->line, remedy);
}

/* Says more about a bottom that does not exist than the graph could. */
static void check_bottoms(struct caffe_reading *reading, const struct prototxt_field *layer,
                          const char *const *bottoms, size_t count)
{
    const char *label = caffe_layer_label(reading, layer);

    for (size_t i = 0; i < count && !reading->reader.status; i++) {
        const struct prototxt_field *maker;
        if (graph_top(reading->graph, bottoms[i]) >= 0)
            continue;
        maker = maker_of(reading, bottoms[i]);
        if (reading->reader.status)
            return;
        if (!maker) {
            maker = elsewhere(reading, bottoms[i]);
            if (maker)
                caffe_fail_filtered(reading, layer, bottoms[i], maker);
        } else if (is_left_out(reading, bottoms[i]))
            fail_left_out(reading, layer, bottoms[i], maker);
        else
            prototxt_fail(&reading->reader, layer, STATUS_DATA,
                          "layer '%s': bottom '%s' is made by layer '%s' in line %u; a layer must "
                          "stand behind those that it reads",
                          label, bottoms[i], caffe_layer_label(reading, maker), maker->line);
    }
}

/* ---- the graph ---- */

/* Names under which layers share weights: `param { name: "..." }`, in V1 `param: "..."`. */
static void read_shared(struct caffe_reading *reading, const struct prototxt_field *layer,
                        struct node *node)
{
    struct arena *arena = &reading->graph->arena;
    const struct prototxt_field *param = prototxt_find(layer, "param");
    size_t count = prototxt_count(layer, "param");

    if (!param || count > OPERATOR_MAX_WEIGHTS)
        return;
    node->shared = arena_alloc(arena, count, sizeof *node->shared);
    for (; param && node->shared && !reading->reader.status; param = prototxt_find_next(param)) {
        const char *name = param->kind == PROTOTXT_MESSAGE
                               ? prototxt_string(&reading->reader, param, "name", "")
                               : prototxt_field_string(&reading->reader, param);
        node->shared[node->shared_count] = arena_text(arena, name, strlen(name));
        if (!node->shared[node->shared_count++])
            node->shared = NULL;
    }
    if (!node->shared && !reading->reader.status)
        reading->reader.status = arena_fail(arena, reading->reader.error);
}

static void add_node(struct caffe_reading *reading, const struct prototxt_field *layer,
                     const struct operator_info *op, const char *const *bottoms,
                     size_t bottom_count, const char *const *tops, size_t top_count)
{
    struct prototxt_reader *reader = &reading->reader;
    struct node *node;

    check_bottoms(reading, layer, bottoms, bottom_count);
    if (reader->status)
        return;
    reader->status = graph_add(reading->graph, op, caffe_layer_label(reading, layer), bottoms,
                               bottom_count, tops, top_count, layer->line, &node, reader->error);
    if (reader->status)
        return;
    read_shared(reading, layer, node);
    caffe_read_parameters(&(struct caffe_layer){
        .reader = reader, .layer = layer, .graph = reading->graph, .node = node});
}

static const char *part_name(struct caffe_reading *reading, const char *label, const char *part)
{
    size_t size = strlen(label) + strlen(part) + 2;
    char *name = arena_alloc(&reading->arena, size, 1);

    if (!name)
        reading->reader.status = arena_fail(&reading->arena, reading->reader.error);
    else
        snprintf(name, size, "%s/%s", label, part);
    return name;
}

/* Bottom 0, one number per channel, times bottom 1 plus bottom 2 (axpy_layer.cpp of SENet's fork):
 * a Scale along the first two axes and a sum. */
static void add_axpy(struct caffe_reading *reading, const struct prototxt_field *layer,
                     const char *const *bottoms, size_t bottom_count, const char *const *tops,
                     size_t top_count)
{
    struct prototxt_reader *reader = &reading->reader;
    const char *label = caffe_layer_label(reading, layer);
    const char *flat = part_name(reading, label, "Flatten");
    const char *scaled = part_name(reading, label, "Scale");
    const char *factors[2] = {bottoms[1], flat}, *terms[2] = {scaled, bottoms[2]};
    struct node *node;

    if (bottom_count != 3 || top_count != 1)
        prototxt_fail(reader, layer, STATUS_DATA, "layer '%s' (Axpy) needs 3 bottoms and 1 top",
                      label);
    check_bottoms(reading, layer, bottoms, bottom_count);
    if (reader->status)
        return;
    reader->status = graph_add(reading->graph, operator_info(OPERATOR_FLATTEN), flat, bottoms, 1,
                               &flat, 1, layer->line, &node, reader->error);
    if (reader->status)
        return;
    node->parameters.flatten = (struct flatten_parameters){.axis = 1, .end_axis = -1};
    reader->status = graph_add(reading->graph, operator_info(OPERATOR_SCALE), scaled, factors, 2,
                               &scaled, 1, layer->line, &node, reader->error);
    if (reader->status)
        return;
    node->parameters.scale = (struct scale_parameters){.axis = 0, .num_axes = 1};
    reader->status = graph_add(reading->graph, operator_info(OPERATOR_ELTWISE), label, terms, 2,
                               tops, 1, layer->line, &node, reader->error);
    if (!reader->status)
        node->parameters.eltwise = (struct eltwise_parameters){.operation = ELTWISE_SUM};
}

static bool is_softmax_of(struct caffe_reading *reading, const struct prototxt_field *layer,
                          const char *name)
{
    const struct operator_info *op =
        operator_find_caffe(caffe_layer_type(reading, layer), reading->v1);
    const struct prototxt_field *bottom = prototxt_find(layer, "bottom");

    return op && op->kind == OPERATOR_SOFTMAX && bottom && bottom->kind == PROTOTXT_STRING &&
           !strcmp(bottom->text, name);
}

/* The name that a deploy.prototxt gives the probabilities, if it is free and there is one such
 * layer; else the loss layer's own. */
static const char *softmax_name(struct caffe_reading *reading, const struct prototxt_field *layer)
{
    const char *own = caffe_layer_label(reading, layer);
    const struct prototxt_field *other = NULL;

    while ((other = caffe_next_layer(reading, other))) {
        const char *type = caffe_layer_type(reading, other);
        if (!strcmp(caffe_layer_label(reading, other), "prob") ||
            (other != layer && caffe_role_of(reading, other, type) == CAFFE_SOFTMAX_LOSS))
            return own;
    }
    return graph_top(reading->graph, "prob") < 0 && !maker_of(reading, "prob") ? "prob" : own;
}

/* A Softmax of what the loss reads first: the second top (softmax_loss_layer.cpp). Without a second
 * top nobody asks for it by name, and a Softmax that the net has already will do. */
static void add_softmax(struct caffe_reading *reading, const struct prototxt_field *layer,
                        const char *const *bottoms, size_t bottom_count, const char *top)
{
    const struct prototxt_field *other = NULL;

    if (!bottom_count) {
        prototxt_fail(&reading->reader, layer, STATUS_DATA, "layer '%s' has no bottom",
                      caffe_layer_label(reading, layer));
        return;
    }
    while (!top && (other = caffe_next_layer(reading, other))) {
        if (is_softmax_of(reading, other, bottoms[0]))
            return;
    }
    top = top ? top : softmax_name(reading, layer);
    add_node(reading, layer, operator_info(OPERATOR_SOFTMAX), bottoms, 1, &top, 1);
}

static void add_layer(struct caffe_reading *reading, const struct prototxt_field *layer)
{
    const char *type = caffe_layer_type(reading, layer);
    const struct operator_info *op = operator_find_caffe(type, reading->v1);
    const char **bottoms = reading->names, **tops = reading->names + OPERATOR_MAX_INPUTS;
    size_t bottom_count = read_names(reading, layer, "bottom", bottoms, OPERATOR_MAX_INPUTS);
    size_t top_count = read_names(reading, layer, "top", tops, OPERATOR_MAX_OUTPUTS);

    if (reading->reader.status)
        return;
    switch (caffe_role_of(reading, layer, type)) {
    case CAFFE_DATA:
        caffe_add_data_layer(reading, layer);
        return;
    case CAFFE_AXPY:
        add_axpy(reading, layer, bottoms, bottom_count, tops, top_count);
        return;
    case CAFFE_SOFTMAX_LOSS:
        add_softmax(reading, layer, bottoms, bottom_count, top_count > 1 ? tops[1] : NULL);
        leave_out_tops(reading, layer);
        return;
    case CAFFE_LOSS:
        leave_out_tops(reading, layer);
        return;
    case CAFFE_LAYER:
        break;
    }
    if (op->kind == OPERATOR_INPUT)
        caffe_add_input_layer(reading, layer);
    else if (bottom_count && !drop_labels(reading, op->kind, bottoms, &bottom_count))
        leave_out_tops(reading, layer);
    else
        add_node(reading, layer, op, bottoms, bottom_count, tops, top_count);
}

static void count(struct caffe_reading *reading, size_t *nodes, size_t *values)
{
    const struct prototxt_field *layer = NULL;

    *nodes = *values = prototxt_count(reading->root, "input");
    while ((layer = caffe_next_layer(reading, layer))) {
        size_t tops = prototxt_count(layer, "top");
        const char *type = caffe_layer_type(reading, layer);
        size_t least = caffe_role_of(reading, layer, type) == CAFFE_AXPY ? AXPY_NODES : 1;
        *nodes += tops > least ? tops : least;
        *values += tops > least ? tops : least;
        if (*nodes > MAX_LAYERS || *values > MAX_LAYERS)
            prototxt_fail(&reading->reader, layer, STATUS_LIMIT, "more than %d layers or tops",
                          MAX_LAYERS);
    }
}

/* Fills reading->graph, which it makes. */
static enum status build(struct caffe_reading *reading)
{
    const struct prototxt_field *layer = NULL;
    size_t nodes = 0, values = 0;
    enum status status;

    caffe_upgrade(reading);
    if (!reading->reader.status)
        find_form(reading);
    if (!reading->reader.status)
        caffe_find_stages(reading);
    if (!reading->reader.status)
        caffe_find_python_losses(reading);
    if (!reading->reader.status)
        check_types(reading);
    if (!reading->reader.status)
        count(reading, &nodes, &values);
    if (reading->reader.status)
        return reading->reader.status;
    reading->left_out = arena_alloc(&reading->arena, values, sizeof *reading->left_out);
    if (!reading->left_out)
        return arena_fail(&reading->arena, reading->reader.error);
    status =
        graph_create(reading->reader.file, nodes, values, &reading->graph, reading->reader.error);
    if (status)
        return status;
    caffe_add_inputs(reading);
    while ((layer = caffe_next_layer(reading, layer)))
        add_layer(reading, layer);
    return reading->reader.status;
}

enum status caffe_read_graph(const char *path, const struct mapping *prototxt,
                             const struct model_options *options, struct graph **out,
                             struct error *error)
{
    struct caffe_reading *reading = calloc(1, sizeof *reading);
    struct prototxt *tree = NULL;
    enum status status;

    *out = NULL;
    if (!reading)
        return error_set(error, STATUS_MEMORY, "%s: out of memory", path);
    arena_init(&reading->arena, UPGRADE_MEMORY);
    reading->reader = (struct prototxt_reader){.file = path, .error = error};
    reading->input_shape = options->input_shape;
    status = prototxt_parse(path, prototxt->bytes, prototxt->size, &tree, error);
    if (!status) {
        reading->root = prototxt_root(tree);
        status = build(reading);
    }
    if (status)
        graph_free(reading->graph);
    else
        *out = reading->graph;
    prototxt_free(tree);
    arena_free(&reading->arena);
    free(reading);
    return status;
}
