#include "model/format/limits.h"

static const struct limit_info limits[] = {
#define X(name, format, kind, why) {MODEL_##format, OPERATOR_##kind, why},
    LIMIT_MAP(X)
#undef X
};

const struct limit_info *limit_info(enum limit limit)
{
    return &limits[limit];
}
