/* Caffe's V0 form of 2013: `layers { layer { name: "conv1" type: "conv" ... } bottom: top: }`. */
#include <string.h>

#include "model/format/caffe/caffe_reading.h"

enum { MAX_LAYERS = 4096, MAX_FIELDS = 256 };

/* upgrade_proto.cpp, UpgradeV0LayerType(). */
static const struct {
    const char *v0, *v1;
} types[] = {{"accuracy", "ACCURACY"},
             {"bnll", "BNLL"},
             {"concat", "CONCAT"},
             {"conv", "CONVOLUTION"},
             {"data", "DATA"},
             {"dropout", "DROPOUT"},
             {"eltwise", "ELTWISE"},
             {"euclidean_loss", "EUCLIDEAN_LOSS"},
             {"flatten", "FLATTEN"},
             {"hdf5_data", "HDF5_DATA"},
             {"hdf5_output", "HDF5_OUTPUT"},
             {"images", "IMAGE_DATA"},
             {"infogain_loss", "INFOGAIN_LOSS"},
             {"innerproduct", "INNER_PRODUCT"},
             {"lrn", "LRN"},
             {"multinomial_logistic_loss", "MULTINOMIAL_LOGISTIC_LOSS"},
             {"pool", "POOLING"},
             {"relu", "RELU"},
             {"sigmoid", "SIGMOID"},
             {"softmax", "SOFTMAX"},
             {"softmax_loss", "SOFTMAX_LOSS"},
             {"split", "SPLIT"},
             {"tanh", "TANH"},
             {"window_data", "WINDOW_DATA"}};

/* UpgradeV0LayerParameter(): where a field of V0 goes. No type: of any layer. No message: what only
 * training needs, left out. */
static const struct move {
    const char *field, *type, *message, *name;
} moves[] = {{"num_output", "conv", "convolution_param", "num_output"},
             {"num_output", "innerproduct", "inner_product_param", "num_output"},
             {"biasterm", "conv", "convolution_param", "bias_term"},
             {"biasterm", "innerproduct", "inner_product_param", "bias_term"},
             {"pad", "conv", "convolution_param", "pad"},
             {"pad", "pool", "pooling_param", "pad"},
             {"pad", "padding", "padding_param", "pad"},
             {"kernelsize", "conv", "convolution_param", "kernel_size"},
             {"kernelsize", "pool", "pooling_param", "kernel_size"},
             {"group", "conv", "convolution_param", "group"},
             {"stride", "conv", "convolution_param", "stride"},
             {"stride", "pool", "pooling_param", "stride"},
             {"pool", "pool", "pooling_param", "pool"},
             {"dropout_ratio", "dropout", "dropout_param", "dropout_ratio"},
             {"local_size", "lrn", "lrn_param", "local_size"},
             {"alpha", "lrn", "lrn_param", "alpha"},
             {"beta", "lrn", "lrn_param", "beta"},
             {"k", "lrn", "lrn_param", "k"},
             {"concat_dim", "concat", "concat_param", "concat_dim"},
             {"new_height", "images", "image_data_param", "new_height"},
             {"new_width", "images", "image_data_param", "new_width"},
             {"cropsize", NULL, "transform_param", "crop_size"},
             {"weight_filler", NULL, NULL, NULL},
             {"bias_filler", NULL, NULL, NULL},
             {"blobs_lr", NULL, NULL, NULL},
             {"weight_decay", NULL, NULL, NULL},
             {"source", NULL, NULL, NULL},
             {"scale", NULL, NULL, NULL},
             {"meanfile", NULL, NULL, NULL},
             {"mirror", NULL, NULL, NULL},
             {"batchsize", NULL, NULL, NULL},
             {"rand_skip", NULL, NULL, NULL},
             {"shuffle_images", NULL, NULL, NULL},
             {"det_fg_threshold", NULL, NULL, NULL},
             {"det_bg_threshold", NULL, NULL, NULL},
             {"det_fg_fraction", NULL, NULL, NULL},
             {"det_context_pad", NULL, NULL, NULL},
             {"det_crop_mode", NULL, NULL, NULL},
             {"hdf5_output_param", NULL, NULL, NULL}};

/* ---- building fields ---- */

/* Each field of the new tree is one of these, so that it can be changed and grow. */
struct growing {
    struct prototxt_field field;
    struct growing *last; /* of the message */
};

static struct growing *growing(const struct prototxt_field *field)
{
    return (struct growing *)(uintptr_t)field;
}

/* A copy of `like` under another name; appended to `message` unless that is NULL. */
static struct growing *put(struct caffe_reading *reading, struct growing *message, const char *name,
                           const struct prototxt_field *like)
{
    struct growing *field = arena_alloc(&reading->arena, 1, sizeof *field);

    if (!field) {
        if (!reading->reader.status)
            reading->reader.status = arena_fail(&reading->arena, reading->reader.error);
        return NULL;
    }
    field->field = *like;
    field->field.name = name;
    field->field.next = NULL;
    if (!message)
        return field;
    if (message->last)
        message->last->field.next = &field->field;
    else
        message->field.first = &field->field;
    message->last = field;
    return field;
}

static struct growing *put_message(struct caffe_reading *reading, struct growing *message,
                                   const char *name, unsigned line)
{
    const struct prototxt_field *old = prototxt_find(&message->field, name);

    if (old)
        return growing(old);
    return put(reading, message, name,
               &(struct prototxt_field){.kind = PROTOTXT_MESSAGE, .line = line});
}

/* ---- one layer ---- */

static const struct move *find_move(const char *field, const char *type)
{
    for (size_t i = 0; i < sizeof moves / sizeof *moves; i++) {
        if (!strcmp(moves[i].field, field) && (!moves[i].type || !strcmp(moves[i].type, type)))
            return &moves[i];
    }
    return NULL;
}

static void move_field(struct caffe_reading *reading, struct growing *layer, const char *type,
                       const struct prototxt_field *field)
{
    const struct move *move = find_move(field->name, type);
    struct growing *message;

    if (!move) {
        prototxt_fail(&reading->reader, field, STATUS_UNSUPPORTED,
                      "'%s' is not a field of a V0 layer of type '%s' that this program knows",
                      field->name, type);
        return;
    }
    if (!move->message)
        return;
    message = put_message(reading, layer, move->message, field->line);
    if (message)
        put(reading, message, move->name, field);
}

static const char *v1_type(const char *type)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (!strcmp(types[i].v0, type))
            return types[i].v1;
    }
    return type;
}

static void upgrade_layer(struct caffe_reading *reading, const struct prototxt_field *old,
                          struct growing *layer)
{
    const struct prototxt_field *inner = prototxt_message(&reading->reader, old, "layer");
    const char *type = prototxt_string(&reading->reader, inner, "type", "");
    const struct prototxt_field *field = old->first;
    size_t fields = 0;

    for (; field && !reading->reader.status; field = field->next) {
        if (strcmp(field->name, "layer") != 0)
            put(reading, layer, field->name, field);
    }
    for (field = inner ? inner->first : NULL; field && !reading->reader.status;
         field = field->next) {
        if (++fields > MAX_FIELDS)
            prototxt_fail(&reading->reader, field, STATUS_LIMIT,
                          "a V0 layer of more than %d fields", MAX_FIELDS);
        else if (!strcmp(field->name, "name"))
            put(reading, layer, "name", field);
        else if (!strcmp(field->name, "type"))
            put(reading, layer, "type",
                &(struct prototxt_field){
                    .kind = PROTOTXT_WORD, .text = v1_type(type), .line = field->line});
        else
            move_field(reading, layer, type, field);
    }
}

/* ---- padding layers ---- */

static bool has_type(const struct prototxt_field *layer, const char *wanted)
{
    const struct prototxt_field *type = prototxt_find(layer, "type");

    return type && type->text && !strcmp(type->text, wanted);
}

static bool makes(const struct prototxt_field *layer, const char *name)
{
    const struct prototxt_field *top = prototxt_find(layer, "top");

    while (top && (top->kind != PROTOTXT_STRING || strcmp(top->text, name) != 0))
        top = prototxt_find_next(top);
    return top != NULL;
}

/* Gives the convolution or pooling the padding and the bottom of the layer before it. */
static void merge_padding(struct caffe_reading *reading, struct growing *layer,
                          struct prototxt_field *bottom, const struct prototxt_field *padding)
{
    const struct prototxt_field *from = prototxt_find(padding, "bottom");
    const struct prototxt_field *pad =
        prototxt_find(prototxt_find(padding, "padding_param"), "pad");
    bool pool = has_type(&layer->field, "POOLING");
    struct growing *message;

    if (!pool && !has_type(&layer->field, "CONVOLUTION")) {
        prototxt_fail(&reading->reader, &layer->field, STATUS_UNSUPPORTED,
                      "layer '%s' reads a padding layer, but only a convolution or a pooling can",
                      caffe_layer_label(reading, &layer->field));
        return;
    }
    if (prototxt_count(&layer->field, "bottom") != 1 || prototxt_count(padding, "bottom") != 1 ||
        prototxt_count(padding, "top") != 1) {
        prototxt_fail(&reading->reader, padding, STATUS_DATA,
                      "a padding layer and the layer that reads it have one bottom each");
        return;
    }
    message = put_message(reading, layer, pool ? "pooling_param" : "convolution_param",
                          layer->field.line);
    if (message && pad) {
        const struct prototxt_field *own = prototxt_find(&message->field, "pad");
        if (own)
            growing(own)->field.text = pad->text;
        else
            put(reading, message, "pad", pad);
    }
    bottom->text = from->text;
}

/* UpgradeV0PaddingLayers(). `layers` are those before this one. */
static void find_padding(struct caffe_reading *reading, struct growing *const *layers, size_t count,
                         struct growing *layer)
{
    const struct prototxt_field *bottom = prototxt_find(&layer->field, "bottom");

    for (; bottom && !reading->reader.status; bottom = prototxt_find_next(bottom)) {
        size_t i = bottom->kind == PROTOTXT_STRING ? count : 0;
        while (i > 0 && !makes(&layers[i - 1]->field, bottom->text))
            i--;
        if (i > 0 && has_type(&layers[i - 1]->field, "padding"))
            merge_padding(reading, layer, &growing(bottom)->field, &layers[i - 1]->field);
    }
}

static bool is_v0(const struct prototxt_field *root)
{
    const struct prototxt_field *layer = prototxt_find(root, "layers");

    while (layer && !prototxt_find(layer, "layer"))
        layer = prototxt_find_next(layer);
    return layer != NULL;
}

/* Copies the tree's first level to `root`; layers are upgraded, padding layers go. */
static void copy_root(struct caffe_reading *reading, struct growing *root, struct growing **layers)
{
    const struct prototxt_field *old = reading->root->first;
    size_t count = 0;

    for (; old && !reading->reader.status; old = old->next) {
        struct prototxt_field empty = {.kind = old->kind, .line = old->line};
        struct growing *layer;
        if (strcmp(old->name, "layers") != 0) {
            put(reading, root, old->name, old);
            continue;
        }
        layer = put(reading, NULL, old->name, &empty);
        if (!layer)
            return;
        upgrade_layer(reading, old, layer);
        find_padding(reading, layers, count, layer);
        layers[count++] = layer;
        if (has_type(&layer->field, "padding"))
            continue;
        if (root->last)
            root->last->field.next = &layer->field;
        else
            root->field.first = &layer->field;
        root->last = layer;
    }
}

void caffe_upgrade(struct caffe_reading *reading)
{
    size_t count = prototxt_count(reading->root, "layers");
    struct growing *root, **layers;

    if (!is_v0(reading->root))
        return;
    if (count > MAX_LAYERS) {
        prototxt_fail(&reading->reader, reading->root, STATUS_LIMIT, "more than %d layers",
                      MAX_LAYERS);
        return;
    }
    layers = arena_alloc(&reading->arena, count, sizeof *layers);
    root = put(reading, NULL, "",
               &(struct prototxt_field){.kind = PROTOTXT_MESSAGE, .line = reading->root->line});
    if (!layers && !reading->reader.status)
        reading->reader.status = arena_fail(&reading->arena, reading->reader.error);
    if (reading->reader.status)
        return;
    copy_root(reading, root, layers);
    reading->root = &root->field;
}
