#include "model/format/caffe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_LAYERS = 16384 };

/* A layer, or an input given at the top of the file. */
struct reading {
    struct prototxt_reader reader;
    struct graph *graph;
    bool v1;
    const char *layer_name; /* field of the root: "layer" or "layers" */
    const struct prototxt_field *root;
    const char *names[OPERATOR_MAX_INPUTS + OPERATOR_MAX_OUTPUTS];
};

/* ---- which layers take part (net.cpp, FilterNet and StateMeetsRule) ---- */

static bool rule_met(struct reading *reading, const struct prototxt_field *rule)
{
    struct prototxt_reader *reader = &reading->reader;
    int phase = prototxt_enum(reader, rule, "phase", "TRAIN TEST", 1);
    int64_t low = prototxt_int(reader, rule, "min_level", INT32_MIN, INT32_MAX, 0);
    int64_t high = prototxt_int(reader, rule, "max_level", INT32_MIN, INT32_MAX, 0);

    /* Level is 0 and there are no stages: any `stage` fails, any `not_stage` holds. */
    return phase == 1 && low <= 0 && high >= 0 && !prototxt_find(rule, "stage");
}

static bool any_rule_met(struct reading *reading, const struct prototxt_field *layer,
                         const char *name)
{
    const struct prototxt_field *rule = prototxt_find(layer, name);

    for (; rule; rule = prototxt_find_next(rule)) {
        if (rule->kind != PROTOTXT_MESSAGE)
            prototxt_fail(&reading->reader, rule, STATUS_DATA, "'%s' must be a message in braces",
                          name);
        else if (rule_met(reading, rule))
            return true;
    }
    return false;
}

static bool takes_part(struct reading *reading, const struct prototxt_field *layer)
{
    bool include = prototxt_find(layer, "include") != NULL;

    if (include && prototxt_find(layer, "exclude"))
        prototxt_fail(&reading->reader, layer, STATUS_DATA,
                      "a layer may have include rules or exclude rules, not both");
    return include ? any_rule_met(reading, layer, "include")
                   : !any_rule_met(reading, layer, "exclude");
}

static const struct prototxt_field *next_layer(struct reading *reading,
                                               const struct prototxt_field *layer)
{
    layer = layer ? prototxt_find_next(layer) : prototxt_find(reading->root, reading->layer_name);
    while (layer && !reading->reader.status && !takes_part(reading, layer))
        layer = prototxt_find_next(layer);
    return reading->reader.status ? NULL : layer;
}

/* ---- the form of the file ---- */

static void find_form(struct reading *reading)
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
        else if (old && prototxt_find(field, "layer"))
            prototxt_fail(&reading->reader, field, STATUS_UNSUPPORTED,
                          "this is Caffe's V0 form of 2013; bring it up to date with Caffe's "
                          "upgrade_net_proto_text");
    }
}

static const char *layer_label(struct reading *reading, const struct prototxt_field *layer)
{
    return prototxt_string(&reading->reader, layer, "name", "");
}

static const char *layer_type(struct reading *reading, const struct prototxt_field *layer)
{
    const struct prototxt_field *type = prototxt_find(layer, "type");
    enum prototxt_kind kind = reading->v1 ? PROTOTXT_WORD : PROTOTXT_STRING;

    if (!type)
        prototxt_fail(&reading->reader, layer, STATUS_DATA, "layer '%s' has no type",
                      layer_label(reading, layer));
    else if (type->kind != kind)
        prototxt_fail(&reading->reader, type, STATUS_DATA,
                      reading->v1 ? "the type of a V1 layer is a word without quotes"
                                  : "the type of a layer is a text in quotes");
    return reading->reader.status ? "" : type->text;
}

/* Names every layer whose type is unknown, so that one look tells what a net would need. */
static void check_types(struct reading *reading)
{
    const struct prototxt_field *layer = NULL, *first = NULL;
    char list[512] = "";
    size_t used = 0, unknown = 0;

    while ((layer = next_layer(reading, layer))) {
        const char *type = layer_type(reading, layer);
        if (reading->reader.status || operator_find_caffe(type, reading->v1))
            continue;
        first = first ? first : layer;
        if (used < sizeof list) {
            int wrote = snprintf(list + used, sizeof list - used, "%s'%s' (%s)",
                                 unknown ? ", " : "", layer_label(reading, layer), type);
            used += wrote > 0 ? (size_t)wrote : 0;
        }
        unknown++;
    }
    if (unknown)
        prototxt_fail(&reading->reader, first, STATUS_UNSUPPORTED,
                      "%zu layer%s of a type that is not supported: %s%s", unknown,
                      unknown == 1 ? "" : "s", list, used >= sizeof list ? " ..." : "");
}

/* ---- inputs ---- */

void caffe_read_shape(struct prototxt_reader *reader, const struct prototxt_field *message,
                      struct shape *shape)
{
    const struct prototxt_field *dim = prototxt_find(message, "dim");

    shape->dims = 0;
    for (; dim && !reader->status; dim = prototxt_find_next(dim)) {
        if (shape->dims == SHAPE_MAX_DIMS)
            prototxt_fail(reader, dim, STATUS_LIMIT, "a shape has more than %d dimensions",
                          SHAPE_MAX_DIMS);
        else
            shape->dim[shape->dims++] = prototxt_field_int(reader, dim, 1, INT32_MAX);
    }
    if (!shape->dims && message)
        prototxt_fail(reader, message, STATUS_DATA, "the shape of the input is missing");
}

static void add_input(struct reading *reading, const char *name, const char *top,
                      const struct shape *shape, unsigned line)
{
    struct node *node;

    if (reading->reader.status)
        return;
    reading->reader.status = graph_add(reading->graph, operator_info(OPERATOR_INPUT), name, NULL, 0,
                                       &top, 1, line, &node, reading->reader.error);
    if (!reading->reader.status)
        node->parameters.input.shape = *shape;
}

/* Four `input_dim` fields per input, counted from `index`. */
static void read_input_dims(struct reading *reading, const struct prototxt_field *input,
                            size_t index, struct shape *shape)
{
    const struct prototxt_field *dim = prototxt_find(reading->root, "input_dim");

    for (size_t i = 0; i < 4 * index && dim; i++)
        dim = prototxt_find_next(dim);
    for (shape->dims = 0; shape->dims < 4 && dim; dim = prototxt_find_next(dim))
        shape->dim[shape->dims++] = prototxt_field_int(&reading->reader, dim, 1, INT32_MAX);
    if (shape->dims < 4)
        prototxt_fail(&reading->reader, input, STATUS_DATA,
                      "input '%s' has no shape; add input_shape { dim: ... }", input->text);
}

/* `input` at the top of the file, with input_shape or input_dim (upgrade_proto.cpp,
 * UpgradeNetInput). */
static void add_inputs(struct reading *reading)
{
    const struct prototxt_field *input = prototxt_find(reading->root, "input");
    const struct prototxt_field *message = prototxt_find(reading->root, "input_shape");
    struct shape shape;
    bool dims = message == NULL;

    for (size_t i = 0; input && !reading->reader.status; i++) {
        const char *name = prototxt_field_string(&reading->reader, input);
        if (dims)
            read_input_dims(reading, input, i, &shape);
        else if (message && message->kind == PROTOTXT_MESSAGE)
            caffe_read_shape(&reading->reader, message, &shape);
        else
            prototxt_fail(&reading->reader, input, STATUS_DATA, "input '%s' has no input_shape",
                          name);
        add_input(reading, name, name, &shape, input->line);
        message = message ? prototxt_find_next(message) : NULL;
        input = prototxt_find_next(input);
    }
}

/* input_layer.cpp: one shape for all tops, or one each. */
static void add_input_layer(struct reading *reading, const struct prototxt_field *layer)
{
    struct prototxt_reader *reader = &reading->reader;
    const struct prototxt_field *top = prototxt_find(layer, "top");
    const struct prototxt_field *parameters = prototxt_message(reader, layer, "input_param");
    const struct prototxt_field *message = prototxt_find(parameters, "shape");
    size_t shapes = prototxt_count(parameters, "shape");
    struct shape shape;

    if (shapes != 1 && shapes != prototxt_count(layer, "top"))
        prototxt_fail(reader, layer, STATUS_DATA,
                      "Input layer '%s' needs one shape, or one for each top",
                      layer_label(reading, layer));
    while (top && message && !reader->status) {
        caffe_read_shape(reader, message, &shape);
        add_input(reading, layer_label(reading, layer), prototxt_field_string(reader, top), &shape,
                  layer->line);
        top = prototxt_find_next(top);
        message = shapes == 1 ? message : prototxt_find_next(message);
    }
}

/* ---- layers ---- */

static size_t read_names(struct reading *reading, const struct prototxt_field *layer,
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

static void add_layer(struct reading *reading, const struct prototxt_field *layer)
{
    struct prototxt_reader *reader = &reading->reader;
    const struct operator_info *op = operator_find_caffe(layer_type(reading, layer), reading->v1);
    const char **bottoms = reading->names, **tops = reading->names + OPERATOR_MAX_INPUTS;
    size_t bottom_count = read_names(reading, layer, "bottom", bottoms, OPERATOR_MAX_INPUTS);
    size_t top_count = read_names(reading, layer, "top", tops, OPERATOR_MAX_OUTPUTS);
    struct node *node;

    if (reader->status)
        return;
    if (op->kind == OPERATOR_INPUT) {
        add_input_layer(reading, layer);
        return;
    }
    reader->status = graph_add(reading->graph, op, layer_label(reading, layer), bottoms,
                               bottom_count, tops, top_count, layer->line, &node, reader->error);
    if (reader->status)
        return;
    caffe_read_parameters(&(struct caffe_layer){
        .reader = reader, .layer = layer, .graph = reading->graph, .node = node});
}

static void count(struct reading *reading, size_t *nodes, size_t *values)
{
    const struct prototxt_field *layer = NULL;

    *nodes = *values = prototxt_count(reading->root, "input");
    while ((layer = next_layer(reading, layer))) {
        size_t tops = prototxt_count(layer, "top");
        *nodes += tops > 1 ? tops : 1;
        *values += tops;
        if (*nodes > MAX_LAYERS || *values > MAX_LAYERS)
            prototxt_fail(&reading->reader, layer, STATUS_LIMIT, "more than %d layers or tops",
                          MAX_LAYERS);
    }
}

static enum status build(const char *path, const struct prototxt *prototxt, struct graph **out,
                         struct error *error)
{
    struct reading *reading = calloc(1, sizeof *reading);
    const struct prototxt_field *layer = NULL;
    size_t nodes = 0, values = 0;
    enum status status;

    if (!reading)
        return error_set(error, STATUS_MEMORY, "%s: out of memory", path);
    reading->reader = (struct prototxt_reader){.file = path, .error = error};
    reading->root = prototxt_root(prototxt);
    find_form(reading);
    if (!reading->reader.status)
        check_types(reading);
    if (!reading->reader.status)
        count(reading, &nodes, &values);
    status = reading->reader.status;
    if (!status)
        status = graph_create(path, nodes, values, &reading->graph, error);
    if (!status) {
        add_inputs(reading);
        while ((layer = next_layer(reading, layer)))
            add_layer(reading, layer);
        status = reading->reader.status;
    }
    if (status)
        graph_free(reading->graph);
    else
        *out = reading->graph;
    free(reading);
    return status;
}

enum status caffe_read_graph(const char *path, const struct mapping *prototxt,
                             const struct model_options *options, struct graph **out,
                             struct error *error)
{
    struct prototxt *tree = NULL;
    enum status status;

    (void)options;
    *out = NULL;
    status = prototxt_parse(path, prototxt->bytes, prototxt->size, &tree, error);
    if (!status)
        status = build(path, tree, out, error);
    prototxt_free(tree);
    return status;
}
