#include <string.h>

#include "model/format/tensorflow/graphdef_ops.h"
#include "model/format/tensorflow/graphdef_tensor.h"

enum { MAX_STEPS = 64 };

static bool is_any(const struct graphdef_node *node, const char *const *ops)
{
    for (; *ops; ops++) {
        if (!strcmp(node->op, *ops))
            return true;
    }
    return false;
}

/* Placeholders that have no default and still only one sensible value at inference. */
static bool known_by_name(struct graphdef *graph, const struct graphdef_node *node, double *number)
{
    static const char *const training[] = {"is_train", "phase_train", "learning_phase",
                                           "training", "train_mode",  "train_phase"};
    enum tf_type type = graphdef_type(graph, node, "dtype", TF_TYPE_INVALID);
    struct shape shape;

    if (graphdef_shape(graph, node, "shape", &shape) && shape.dims)
        return false;
    *number = 1;
    if (type == TF_TYPE_FLOAT && strstr(node->name, "keep_prob"))
        return true;
    *number = 0;
    for (size_t i = 0; i < sizeof training / sizeof *training && type == TF_TYPE_BOOL; i++) {
        if (strstr(node->name, training[i]))
            return true;
    }
    return false;
}

/* Follows nodes that change a scalar x to scale * x + offset at most. */
bool graphdef_known_scalar(struct graphdef *graph, struct graphdef_edge edge, double *number)
{
    static const char *const passing[] = {"Identity", "StopGradient", "PlaceholderWithDefault",
                                          "Switch",   "Cast",         "PreventGradient",
                                          NULL};
    double scale = 1, offset = 0, value;

    for (unsigned i = 0; i < MAX_STEPS; i++) {
        const struct graphdef_node *node = &graph->nodes[edge.node];
        bool found = false;
        if (!strcmp(node->op, "Const"))
            found = graphdef_tensor_scalar(graph, node, &value);
        else if (!strcmp(node->op, "Placeholder"))
            found = known_by_name(graph, node, &value);
        if (found) {
            *number = scale * value + offset;
            return true;
        }
        if (!node->input_count)
            return false;
        edge = node->inputs[0];
        if (!strcmp(node->op, "LogicalNot")) {
            offset += scale;
            scale = -scale;
        } else if (!strcmp(node->op, "Sub") && node->input_count == 2 &&
                   !strcmp(graph->nodes[edge.node].op, "Const") &&
                   graphdef_tensor_scalar(graph, &graph->nodes[edge.node], &value)) {
            offset += scale * value;
            scale = -scale;
            edge = node->inputs[1];
        } else if (!is_any(node, passing)) {
            return false;
        }
    }
    return false;
}

/* RandomUniform, also scaled to its range. */
static bool is_random(const struct graphdef *graph, struct graphdef_edge edge)
{
    static const char *const passing[] = {"Identity", "Mul", "Add", "AddV2", NULL};

    for (unsigned i = 0; i < 8; i++) {
        const struct graphdef_node *node = &graph->nodes[edge.node];
        if (!strcmp(node->op, "RandomUniform"))
            return true;
        if (!is_any(node, passing) || !node->input_count)
            return false;
        edge = node->inputs[0];
    }
    return false;
}

/* nn_ops.py: dropout keeps where floor(keep_prob + random) is 1, later where random >= rate. */
bool graphdef_is_always_one(struct graphdef *graph, const struct graphdef_node *node)
{
    static const char *const adds[] = {"Add", "AddV2", NULL};
    double number;

    if (!strcmp(node->op, "GreaterEqual") && node->input_count == 2)
        return is_random(graph, node->inputs[0]) &&
               graphdef_known_scalar(graph, node->inputs[1], &number) && number == 0;
    if (strcmp(node->op, "Floor") != 0 || node->input_count != 1)
        return false;
    node = &graph->nodes[node->inputs[0].node];
    if (!is_any(node, adds) || node->input_count != 2)
        return false;
    for (unsigned i = 0; i < 2; i++) {
        if (is_random(graph, node->inputs[1 - i]) &&
            graphdef_known_scalar(graph, node->inputs[i], &number) && number == 1)
            return true;
    }
    return false;
}

bool graphdef_is_input(struct graphdef *graph, const struct graphdef_node *node)
{
    struct shape shape;
    double ignored;

    if (!strcmp(node->op, "Placeholder"))
        return !known_by_name(graph, node, &ignored);
    return !strcmp(node->op, "PlaceholderWithDefault") &&
           graphdef_shape(graph, node, "shape", &shape) && shape.dims >= 2;
}
