#include "engine/op.h"

const struct operation operation_pad = {.run = NULL};
