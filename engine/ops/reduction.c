#include "engine/op.h"

const struct operation operation_arg_max = {.run = NULL};
const struct operation operation_reduction = {.run = NULL};
const struct operation operation_mvn = {.run = NULL};
const struct operation operation_normalize = {.run = NULL};
