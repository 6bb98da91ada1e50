#include <string.h>

#include "model/format/onnx/onnx_proto.h"
#include "model/format/onnx/onnx_read.h"

static const struct onnx_operator *find(const struct onnx_operator *table, const char *type)
{
    for (; table->type; table++) {
        if (!strcmp(table->type, type))
            return table;
    }
    return NULL;
}

const struct onnx_operator *onnx_operator_find(const char *domain, const char *type)
{
    static const struct onnx_operator *const tables[] = {
        onnx_window_operators, onnx_arithmetic_operators, onnx_statistics_operators,
        onnx_layout_operators, onnx_constant_operators,   onnx_resize_operators,
        onnx_branch_operators};
    const struct onnx_operator *found = NULL;

    if (!strcmp(domain, ONNX_OUR_DOMAIN))
        return find(onnx_our_operators, type);
    if (*domain && strcmp(domain, "ai.onnx") != 0)
        return NULL;
    for (size_t i = 0; i < sizeof tables / sizeof *tables && !found; i++)
        found = find(tables[i], type);
    return found;
}
