#include "tests/lib/tally.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAMES = 64, NAME_SIZE = 64, URLS = 1 << 20 };

struct counter {
    char name[NAME_SIZE];
    unsigned long long count;
    long long now, max;
};

struct url_count {
    uint64_t hash; /* 0: free */
    uint32_t count;
};

struct tally {
    struct counter counters[NAMES], levels[NAMES];
    unsigned counters_used, levels_used;
    uint32_t distinct, max;
    unsigned long long total;
    struct url_count *urls; /* open addressing; touched pages only cost memory */
};

enum status tally_create(struct tally **out)
{
    struct tally *tally = calloc(1, sizeof *tally);
    struct url_count *urls = calloc(URLS, sizeof *urls);
    if (!tally || !urls) {
        free(tally);
        free(urls);
        return STATUS_MEMORY;
    }
    tally->urls = urls;
    *out = tally;
    return STATUS_OK;
}

void tally_free(struct tally *tally)
{
    if (tally)
        free(tally->urls);
    free(tally);
}

/* The counter of that name, made when `used` is given; NULL when there is none or no room. */
static struct counter *find(struct counter *counters, unsigned *used, unsigned count,
                            const char *name)
{
    for (unsigned i = 0; i < count; i++)
        if (!strncmp(counters[i].name, name, NAME_SIZE - 1))
            return &counters[i];
    if (!used || count == NAMES)
        return NULL;
    snprintf(counters[count].name, NAME_SIZE, "%s", name);
    return &counters[(*used)++];
}

void tally_count(struct tally *tally, const char *name)
{
    struct counter *counter =
        find(tally->counters, &tally->counters_used, tally->counters_used, name);
    if (counter)
        counter->count++;
}

unsigned long long tally_value(const struct tally *tally, const char *name)
{
    struct counter *counter =
        find((struct counter *)(uintptr_t)tally->counters, NULL, tally->counters_used, name);
    return counter ? counter->count : 0;
}

void tally_level(struct tally *tally, const char *name, int step)
{
    struct counter *level = find(tally->levels, &tally->levels_used, tally->levels_used, name);
    if (!level)
        return;
    level->now += step;
    if (level->now > level->max)
        level->max = level->now;
}

/* FNV-1a, 64 bit (draft-eastlake-fnv); 0 is kept for "free". */
static uint64_t hash_text(const char *text)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * 0x100000001b3u;
    return hash ? hash : 1;
}

static struct url_count *find_url(const struct tally *tally, uint64_t hash)
{
    size_t at = (size_t)(hash % URLS);
    for (unsigned probes = 0; probes < URLS; probes++, at = (at + 1) % URLS)
        if (tally->urls[at].hash == hash || !tally->urls[at].hash)
            return &tally->urls[at];
    return NULL;
}

uint32_t tally_url(struct tally *tally, const char *url)
{
    uint64_t hash = hash_text(url);
    struct url_count *entry = find_url(tally, hash);
    tally->total++;
    if (!entry || (!entry->hash && tally->distinct >= URLS / 2))
        return 1;
    if (!entry->hash) {
        entry->hash = hash;
        tally->distinct++;
    }
    if (++entry->count > tally->max)
        tally->max = entry->count;
    return entry->count;
}

uint32_t tally_url_value(const struct tally *tally, const char *url)
{
    const struct url_count *entry = find_url(tally, hash_text(url));
    return entry ? entry->count : 0;
}

void tally_write_counters(const struct tally *tally, struct text *out)
{
    for (unsigned i = 0; i < tally->counters_used; i++) {
        text_add(out, i ? "," : "");
        text_json(out, tally->counters[i].name, false);
        text_printf(out, ":%llu", tally->counters[i].count);
    }
}

void tally_write_levels(const struct tally *tally, struct text *out)
{
    for (unsigned i = 0; i < tally->levels_used; i++) {
        text_add(out, i ? "," : "");
        text_json(out, tally->levels[i].name, false);
        text_printf(out, ":{\"now\":%lld,\"max\":%lld}", tally->levels[i].now,
                    tally->levels[i].max);
    }
}

void tally_write_urls(const struct tally *tally, struct text *out)
{
    text_printf(out, "{\"distinct\":%u,\"total\":%llu,\"max\":%u}", tally->distinct, tally->total,
                tally->max);
}
