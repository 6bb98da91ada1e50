/* What numbers a layer's parameters may be, whatever file they came from. */
#include <math.h>

#include "model/fields.h"
#include "model/graph.h"
#include "model/prior_box.h"

static enum status refuse(const struct graph *graph, const struct node *node, struct error *error,
                          const char *what)
{
    return graph_error(graph, node, error, STATUS_DATA, "%s", what);
}

static enum status check_numbers(const struct graph *graph, const struct node *node,
                                 struct error *error)
{
    for (const struct field *field = fields_of(node->op->kind); field->name; field++) {
        const float *at = field_in(field, &node->parameters);
        if (field->type != FIELD_FLOAT)
            continue;
        for (size_t i = 0; i < field_count(field, node); i++) {
            if (isnan(at[i]))
                return graph_error(graph, node, error, STATUS_DATA,
                                   "parameter '%s' is not a number", field->name);
        }
    }
    return STATUS_OK;
}

/* exp_layer.cpp and log_layer.cpp */
static bool is_base(float base)
{
    return base == -1 || (base > 0 && base < INFINITY);
}

static bool all_positive(const float *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!(values[i] > 0 && values[i] <= (float)INT32_MAX))
            return false;
    }
    return true;
}

/* Both sides, or neither. */
static bool is_pair(const float pair[2])
{
    return (pair[0] == 0 && pair[1] == 0) || all_positive(pair, 2);
}

static bool is_positive(const struct prior_box_parameters *p)
{
    return all_positive(p->min_sizes, p->min_count) && all_positive(p->max_sizes, p->max_count) &&
           all_positive(p->ratios, p->ratio_count) &&
           all_positive(p->variances, p->variance_count) && is_pair(p->image) && is_pair(p->step);
}

/* prior_box_layer.cpp, LayerSetUp() */
static enum status check_prior_box(const struct graph *graph, const struct node *node,
                                   struct error *error)
{
    const struct prior_box_parameters *p = &node->parameters.prior_box;

    if (!p->min_count)
        return refuse(graph, node, error, "min_size is missing");
    if (p->min_count > PRIOR_BOX_MAX_LIST || p->ratio_count > PRIOR_BOX_MAX_LIST)
        return graph_error(graph, node, error, STATUS_LIMIT, "more than %d sizes or ratios",
                           PRIOR_BOX_MAX_LIST);
    if (p->max_count && p->max_count != p->min_count)
        return refuse(graph, node, error, "PriorBox takes one max_size per min_size, or none");
    if (p->variance_count > 1 && p->variance_count != 4)
        return refuse(graph, node, error, "PriorBox takes no variance, one or four");
    if (!is_positive(p))
        return refuse(graph, node, error,
                      "sizes, ratios, variances and steps of PriorBox must be positive");
    for (size_t i = 0; i < p->max_count; i++) {
        if (!(p->max_sizes[i] > p->min_sizes[i]))
            return refuse(graph, node, error, "max_size must be greater than min_size");
    }
    return STATUS_OK;
}

/* What one number cannot say alone. */
static enum status check_values(const struct graph *graph, const struct node *node,
                                struct error *error)
{
    const union parameters *p = &node->parameters;

    switch (node->op->kind) {
    case OPERATOR_EXP:
    case OPERATOR_LOG:
        if (!is_base(p->exp.base))
            return refuse(graph, node, error, "base must be positive, or -1 for e");
        if (node->op->kind == OPERATOR_LOG && p->log.base == 1)
            return refuse(graph, node, error, "there is no logarithm to the base 1");
        return STATUS_OK;
    case OPERATOR_CLIP:
        if (!(p->clip.low <= p->clip.high))
            return graph_error(graph, node, error, STATUS_DATA,
                               "its limits %g and %g make no range", (double)p->clip.low,
                               (double)p->clip.high);
        return STATUS_OK;
    case OPERATOR_PRIOR_BOX:
        return check_prior_box(graph, node, error);
    case OPERATOR_DETECTION_OUTPUT:
        if (!(p->detection_output.nms_threshold >= 0) ||
            !(p->detection_output.nms_eta > 0 && p->detection_output.nms_eta <= 1))
            return refuse(
                graph, node, error,
                "nms_threshold must not be negative, and eta lie above 0 and not above 1");
        return STATUS_OK;
    default:
        return STATUS_OK;
    }
}

enum status fields_check_values(const struct graph *graph, const struct node *node,
                                struct error *error)
{
    enum status status = check_values(graph, node, error);

    return status ? status : check_numbers(graph, node, error);
}
