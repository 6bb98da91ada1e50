#include "daemon/backends/blame.h"

void blame_init(struct blame *blame)
{
    *blame = (struct blame){0};
}

void blame_answered(struct blame *blame)
{
    blame->answers++;
}

uint64_t blame_mark(const struct blame *blame)
{
    return blame->answers;
}

static struct blame_suspect *find(struct blame *blame, int64_t item, const void *target)
{
    for (size_t i = 0; i < BLAME_SUSPECTS; i++) {
        struct blame_suspect *suspect = &blame->suspects[i];
        if (suspect->strikes > 0 && suspect->item == item && suspect->target == target)
            return suspect;
    }
    return NULL;
}

static struct blame_suspect *accuse(struct blame *blame, int64_t item, const void *target)
{
    struct blame_suspect *suspect = &blame->suspects[blame->next];
    blame->next = (blame->next + 1) % BLAME_SUSPECTS;
    *suspect = (struct blame_suspect){.item = item, .target = target};
    return suspect;
}

bool blame_picture(struct blame *blame, enum blame_kind kind, int64_t item, const void *target,
                   uint64_t mark)
{
    struct blame_suspect *suspect = find(blame, item, target);
    bool before = suspect != NULL;
    if (!suspect)
        suspect = accuse(blame, item, target);
    bool guilty = ++suspect->strikes >= BLAME_STRIKES;
    if (kind == BLAME_STANDS)
        guilty = guilty || blame->answers != mark;
    else
        guilty = guilty || (before && blame->answers != suspect->answers);
    suspect->answers = blame->answers;
    if (guilty)
        suspect->strikes = 0;
    return guilty;
}

void blame_clear(struct blame *blame, int64_t item, const void *target)
{
    struct blame_suspect *suspect = find(blame, item, target);
    if (suspect)
        suspect->strikes = 0;
}
