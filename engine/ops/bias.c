#include "engine/op.h"

const struct operation operation_bias = {.run = NULL};
