#include "engine/op.h"

const struct operation operation_resize = {.run = NULL};
const struct operation operation_roi_pooling = {.run = NULL};
