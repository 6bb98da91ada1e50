#include "model/operator.h"

#include <string.h>

static const struct operator_info operators[] = {
#define X(kind, suffix, name, caffe, v1, in_min, in_max, out_min, out_max)                         \
    {OPERATOR_##kind, name, caffe, v1, in_min, in_max, out_min, out_max},
    OPERATOR_MAP(X)
#undef X
};

const struct operator_info *operator_info(enum operator_kind kind)
{
    return &operators[kind];
}

static bool list_has(const char *list, const char *word)
{
    size_t size = strlen(word);

    while (*list) {
        size_t length = strcspn(list, " ");
        if (length == size && !memcmp(list, word, size))
            return true;
        list += length;
        list += strspn(list, " ");
    }
    return false;
}

const struct operator_info *operator_find_caffe(const char *type, bool v1)
{
    for (size_t i = 0; i < OPERATOR_COUNT; i++) {
        const struct operator_info *op = &operators[i];
        if (list_has(v1 ? op->v1_types : op->caffe_types, type))
            return op;
    }
    return NULL;
}
