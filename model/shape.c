#include "model/shape.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "model/fields.h"

typedef enum status shape_rule(struct inference *inference, struct error *error);

static shape_rule *const rules[OPERATOR_COUNT] = {
#define X(kind, suffix, ...) shape_##suffix,
    OPERATOR_MAP(X)
#undef X
};

bool shape_count(const struct shape *shape, size_t *count)
{
    int64_t product = 1;

    for (unsigned i = 0; i < shape->dims; i++) {
        if (shape->dim[i] < 0 || __builtin_mul_overflow(product, shape->dim[i], &product) ||
            product > SHAPE_MAX_COUNT)
            return false;
    }
    *count = (size_t)product;
    return true;
}

size_t shape_product(const struct shape *shape, unsigned from, unsigned to)
{
    size_t product = 1;

    for (unsigned i = from; i < to; i++)
        product *= (size_t)shape->dim[i];
    return product;
}

bool shape_axis(const struct shape *shape, int64_t axis, unsigned *index)
{
    if (axis < 0)
        axis += shape->dims;
    if (axis < 0 || axis >= shape->dims)
        return false;
    *index = (unsigned)axis;
    return true;
}

bool shape_equal(const struct shape *a, const struct shape *b)
{
    return a->dims == b->dims && !memcmp(a->dim, b->dim, a->dims * sizeof *a->dim);
}

const char *shape_text(const struct shape *shape, char text[SHAPE_TEXT])
{
    size_t used = 0;

    snprintf(text, SHAPE_TEXT, "scalar");
    for (unsigned i = 0; i < shape->dims; i++)
        used += (size_t)snprintf(text + used, SHAPE_TEXT - used, "%s%" PRId64, i ? "x" : "",
                                 shape->dim[i]);
    return text;
}

enum status shape_infer(struct inference *inference, struct error *error)
{
    const struct node *node = inference->node;
    char text[SHAPE_TEXT];
    enum status status;
    size_t count;

    inference->weight_count = 0;
    status = fields_check_values(inference->graph, node, error);
    if (!status)
        status = rules[node->op->kind](inference, error);
    if (status)
        return status;
    for (uint32_t i = 0; i < node->output_count; i++) {
        const struct shape *shape = &inference->outputs[i];
        bool fits = shape_count(shape, &count);
        if (!fits || !count)
            return graph_error(inference->graph, node, error, STATUS_DATA,
                               "its output would be %s, which is %s", shape_text(shape, text),
                               fits ? "empty" : "more than 2147483647 elements");
    }
    for (uint32_t i = 0; i < inference->weight_count; i++) {
        if (!shape_count(&inference->weights[i], &count))
            return graph_error(inference->graph, node, error, STATUS_DATA,
                               "its weights would be %s, which is more than 2147483647 elements",
                               shape_text(&inference->weights[i], text));
    }
    return STATUS_OK;
}
