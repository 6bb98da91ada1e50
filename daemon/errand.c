#include "daemon/errand.h"

#include <stddef.h>

void errand_push(struct errand_list *list, struct errand *errand)
{
    errand->next = NULL;
    if (list->last)
        list->last->next = errand;
    else
        list->first = errand;
    list->last = errand;
}

struct errand *errand_shift(struct errand_list *list)
{
    struct errand *errand = list->first;
    if (!errand)
        return NULL;
    list->first = errand->next;
    if (!list->first)
        list->last = NULL;
    return errand;
}
