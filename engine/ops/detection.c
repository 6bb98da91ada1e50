#include "engine/op.h"

const struct operation operation_prior_box = {.run = NULL};
const struct operation operation_detection_output = {.run = NULL};
