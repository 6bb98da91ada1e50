#include "engine/op.h"

const struct operation operation_deconvolution = {.run = NULL};
