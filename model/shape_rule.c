#include "model/shape_rule.h"

enum status rule_fail(const struct inference *inference, struct error *error, const char *what)
{
    char text[SHAPE_TEXT];

    return graph_error(inference->graph, inference->node, error, STATUS_DATA,
                       "%s (its input is %s)", what, shape_text(&inference->inputs[0], text));
}

void rule_weight(struct inference *inference, struct shape shape)
{
    inference->weights[inference->weight_count++] = shape;
}

struct shape rule_vector(int64_t count)
{
    return (struct shape){.dims = 1, .dim = {count}};
}

enum status rule_same(struct inference *inference)
{
    inference->outputs[0] = inference->inputs[0];
    return STATUS_OK;
}
