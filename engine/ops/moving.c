#include "engine/op.h"

const struct operation operation_slice = {.run = NULL};
const struct operation operation_silence = {.run = NULL};
const struct operation operation_crop = {.run = NULL};
const struct operation operation_reshape = {.run = NULL};
const struct operation operation_permute = {.run = NULL};
const struct operation operation_tile = {.run = NULL};
const struct operation operation_shuffle_channel = {.run = NULL};
