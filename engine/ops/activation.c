#include "engine/op.h"

const struct operation operation_prelu = {.run = NULL};
const struct operation operation_elu = {.run = NULL};
const struct operation operation_sigmoid = {.run = NULL};
const struct operation operation_tanh = {.run = NULL};
const struct operation operation_abs_val = {.run = NULL};
const struct operation operation_power = {.run = NULL};
const struct operation operation_exp = {.run = NULL};
const struct operation operation_log = {.run = NULL};
const struct operation operation_bnll = {.run = NULL};
const struct operation operation_threshold = {.run = NULL};
const struct operation operation_clip = {.run = NULL};
const struct operation operation_swish = {.run = NULL};
