/* The shape rules of layers that resize planes or look for objects in them. */
#include <inttypes.h>

#include "model/shape_rule.h"

enum status shape_resize(struct inference *inference, struct error *error)
{
    return rule_fail(inference, error, "this layer is not supported");
}

enum status shape_roi_pooling(struct inference *inference, struct error *error)
{
    return rule_fail(inference, error, "this layer is not supported");
}

enum status shape_prior_box(struct inference *inference, struct error *error)
{
    return rule_fail(inference, error, "this layer is not supported");
}

enum status shape_detection_output(struct inference *inference, struct error *error)
{
    return rule_fail(inference, error, "this layer is not supported");
}
