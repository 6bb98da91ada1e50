#include "daemon/targets.h"

#include <stdlib.h>
#include <string.h>

struct known_target {
    int64_t id;
    struct store_target target;
};

/* Where the id is, or would have to be put. */
static size_t find_slot(const struct targets *targets, int64_t id)
{
    size_t low = 0, high = targets->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (targets->items[middle]->id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static enum status make_room(struct targets *targets, struct error *error)
{
    if (targets->count >= TARGETS_MAX)
        return error_set(error, STATUS_LIMIT, "more than %d targets", TARGETS_MAX);
    struct known_target **larger =
        realloc(targets->items, (targets->count + 1) * sizeof(struct known_target *));
    if (!larger)
        return error_set(error, STATUS_MEMORY, "out of memory");
    targets->items = larger;
    return STATUS_OK;
}

static enum status insert(struct targets *targets, struct store *store, size_t slot, int64_t id,
                          struct error *error)
{
    enum status status = make_room(targets, error);
    if (status)
        return status;
    struct known_target *known = calloc(1, sizeof *known);
    if (!known)
        return error_set(error, STATUS_MEMORY, "out of memory");
    known->id = id;
    status = store_target_get(store, id, &known->target, error);
    if (status) {
        free(known);
        return status;
    }
    memmove(targets->items + slot + 1, targets->items + slot,
            (targets->count - slot) * sizeof(struct known_target *));
    targets->items[slot] = known;
    targets->count++;
    return STATUS_OK;
}

enum status targets_find(struct targets *targets, struct store *store, int64_t id,
                         const struct store_target **out, struct error *error)
{
    size_t slot = find_slot(targets, id);
    if (slot == targets->count || targets->items[slot]->id != id) {
        enum status status = insert(targets, store, slot, id, error);
        if (status)
            return status;
    }
    *out = &targets->items[slot]->target;
    return STATUS_OK;
}

void targets_free(struct targets *targets)
{
    for (size_t i = 0; i < targets->count; i++)
        free(targets->items[i]);
    free(targets->items);
    *targets = (struct targets){NULL, 0};
}
