#include "tests/lib/carml_ids.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { SLOTS = 1 << 17, MAX_IDS = SLOTS / 2 };

struct id {
    char uuid[UUID_SIZE]; /* "": free slot */
    enum id_state state;
    struct agent_model *model;
};

struct ids {
    struct id *slots; /* open addressing; a UUID's random digits are its hash */
    size_t used, open;
};

enum status ids_create(struct ids **out)
{
    struct ids *ids = calloc(1, sizeof *ids);
    if (ids)
        ids->slots = calloc(SLOTS, sizeof *ids->slots);
    if (!ids || !ids->slots) {
        free(ids);
        return STATUS_MEMORY;
    }
    *out = ids;
    return STATUS_OK;
}

void ids_free(struct ids *ids)
{
    if (ids)
        free(ids->slots);
    free(ids);
}

/* The slot of that id, or the free one where it would stand. */
static struct id *slot_of(const struct ids *ids, const char *uuid)
{
    char digits[9];
    strncpy(digits, uuid, 8);
    digits[8] = '\0';
    size_t at = strtoul(digits, NULL, 16) % SLOTS;
    while (ids->slots[at].uuid[0] && strcmp(ids->slots[at].uuid, uuid))
        at = (at + 1) % SLOTS;
    return &ids->slots[at];
}

enum status ids_open(struct ids *ids, struct agent_model *model, char uuid[UUID_SIZE])
{
    if (ids->used == MAX_IDS)
        return STATUS_LIMIT;
    wire_uuid(uuid);
    struct id *id = slot_of(ids, uuid);
    memcpy(id->uuid, uuid, UUID_SIZE);
    id->state = ID_OPEN;
    id->model = model;
    ids->used++;
    ids->open++;
    return STATUS_OK;
}

enum id_state ids_find(const struct ids *ids, const char *uuid, struct agent_model **model)
{
    const struct id *id = slot_of(ids, uuid);
    if (!*uuid || !id->uuid[0])
        return ID_UNKNOWN;
    *model = id->model;
    return id->state;
}

void ids_set(struct ids *ids, const char *uuid, enum id_state state)
{
    struct id *id = slot_of(ids, uuid);
    if (!*uuid || !id->uuid[0])
        return;
    ids->open -= id->state == ID_OPEN;
    ids->open += state == ID_OPEN;
    id->state = state;
}

size_t ids_count_open(const struct ids *ids)
{
    return ids->open;
}
