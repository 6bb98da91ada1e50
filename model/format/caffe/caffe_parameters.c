#include "model/format/caffe/caffe_parameters.h"

const struct prototxt_field *caffe_parameters(const struct caffe_layer *layer, const char *name,
                                              const char *known)
{
    const struct prototxt_field *message = prototxt_message(layer->reader, layer->layer, name);

    prototxt_known(layer->reader, message, known);
    return message;
}

const char *caffe_type(const struct caffe_layer *layer)
{
    const struct prototxt_field *type = prototxt_find(layer->layer, "type");

    return type && type->kind != PROTOTXT_MESSAGE ? type->text : "";
}

void caffe_fail(const struct caffe_layer *layer, enum status status, const char *what)
{
    prototxt_fail(layer->reader, layer->layer, status, "layer '%s': %s", layer->node->name, what);
}

typedef void read_rule(const struct caffe_layer *layer, union parameters *out);

static read_rule *const rules[OPERATOR_COUNT] = {
#define X(kind, suffix, ...) caffe_read_##suffix,
    OPERATOR_MAP(X)
#undef X
};

void caffe_read_parameters(const struct caffe_layer *layer)
{
    rules[layer->node->op->kind](layer, &layer->node->parameters);
}
