/* A host is on exactly one list:
 *
 *   ready    has entries, runs fewer than `cap`, and its delay has passed: may start
 *   delayed  its delay has not passed yet (with or without entries)
 *   (none)   runs `cap` fetches, or has no entries but still runs some
 *
 * and is freed when it has no entries, runs nothing and its delay has passed. All delays are equal,
 * so `delayed` is ordered by time when hosts are appended; after hosts_limit shortened the delay
 * the order may be off by the old delay, which only makes some starts a little late.
 */
#include "daemon/host.h"

#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 1024 };

enum list_name { LIST_NONE, LIST_READY, LIST_DELAYED };

struct host {
    struct host *hash_next;
    struct host *next, *previous; /* in its list */
    enum list_name list;
    struct host_entry *first, *last;
    int64_t running;
    int64_t free_at_ms; /* its delay passes */
    int64_t waiting;    /* entries queued */
    double took_ms;     /* from pop to release, recent mean; 0: not known */
    char name[];
};

struct list {
    struct host *first, *last;
};

struct hosts {
    int64_t cap, delay_ms;
    size_t queued;
    struct list ready, delayed;
    struct host *buckets[BUCKETS];
};

enum status hosts_create(int64_t cap, int64_t delay_ms, struct hosts **out)
{
    *out = calloc(1, sizeof **out);
    if (!*out)
        return STATUS_MEMORY;
    hosts_limit(*out, cap, delay_ms);
    return STATUS_OK;
}

void hosts_free(struct hosts *hosts)
{
    for (size_t i = 0; hosts && i < BUCKETS; i++)
        for (struct host *host = hosts->buckets[i], *next; host; host = next) {
            next = host->hash_next;
            free(host);
        }
    free(hosts);
}

void hosts_limit(struct hosts *hosts, int64_t cap, int64_t delay_ms)
{
    hosts->cap = cap > 0 ? cap : 1;
    hosts->delay_ms = delay_ms > 0 ? delay_ms : 0;
}

static struct list *list_of(struct hosts *hosts, enum list_name name)
{
    return name == LIST_READY ? &hosts->ready : name == LIST_DELAYED ? &hosts->delayed : NULL;
}

static void unlist(struct hosts *hosts, struct host *host)
{
    struct list *list = list_of(hosts, host->list);
    if (!list)
        return;
    *(host->previous ? &host->previous->next : &list->first) = host->next;
    *(host->next ? &host->next->previous : &list->last) = host->previous;
    host->list = LIST_NONE;
}

static void enlist(struct hosts *hosts, struct host *host, enum list_name name)
{
    struct list *list = list_of(hosts, name);
    host->list = name;
    host->next = NULL;
    host->previous = list->last;
    *(list->last ? &list->last->next : &list->first) = host;
    list->last = host;
}

static struct host **bucket(struct hosts *hosts, const char *name)
{
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (; *name; name++)
        hash = (hash ^ (unsigned char)*name) * 16777619u;
    return &hosts->buckets[hash % BUCKETS];
}

static void forget(struct hosts *hosts, struct host *host)
{
    struct host **link = bucket(hosts, host->name);
    while (*link != host)
        link = &(*link)->hash_next;
    *link = host->hash_next;
    free(host);
}

/* Puts the host on the list where it belongs now, or frees it. A host that stays ready keeps its
 * turn. */
static void place(struct hosts *hosts, struct host *host, int64_t now_ms)
{
    enum list_name name = LIST_NONE;
    if (host->free_at_ms > now_ms)
        name = LIST_DELAYED;
    else if (host->first && host->running < hosts->cap)
        name = LIST_READY;
    if (name != host->list || name == LIST_NONE) {
        unlist(hosts, host);
        if (name != LIST_NONE)
            enlist(hosts, host, name);
    }
    if (name == LIST_NONE && !host->first && host->running == 0)
        forget(hosts, host);
}

static struct host *find_or_make(struct hosts *hosts, const char *name)
{
    struct host **link = bucket(hosts, name);
    for (struct host *host = *link; host; host = host->hash_next)
        if (strcmp(host->name, name) == 0)
            return host;
    size_t size = strlen(name) + 1;
    struct host *host = calloc(1, sizeof *host + size);
    if (!host)
        return NULL;
    memcpy(host->name, name, size);
    host->hash_next = *link;
    *link = host;
    return host;
}

enum status hosts_push(struct hosts *hosts, struct host_entry *entry, const char *name,
                       int64_t now_ms)
{
    struct host *host = find_or_make(hosts, name);
    if (!host)
        return STATUS_MEMORY;
    entry->host = host;
    entry->queued = true;
    entry->next = NULL;
    entry->previous = host->last;
    *(host->last ? &host->last->next : &host->first) = entry;
    host->last = entry;
    host->waiting++;
    hosts->queued++;
    place(hosts, host, now_ms);
    return STATUS_OK;
}

static void dequeue(struct hosts *hosts, struct host_entry *entry)
{
    struct host *host = entry->host;
    *(entry->previous ? &entry->previous->next : &host->first) = entry->next;
    *(entry->next ? &entry->next->previous : &host->last) = entry->previous;
    entry->queued = false;
    host->waiting--;
    hosts->queued--;
}

struct host_entry *hosts_pop(struct hosts *hosts, int64_t now_ms)
{
    while (hosts->delayed.first && hosts->delayed.first->free_at_ms <= now_ms)
        place(hosts, hosts->delayed.first, now_ms);
    struct host *host = hosts->ready.first;
    if (!host)
        return NULL;
    struct host_entry *entry = host->first;
    dequeue(hosts, entry);
    host->running++;
    entry->began_ms = now_ms;
    host->free_at_ms = now_ms + hosts->delay_ms;
    unlist(hosts, host); /* to the end of the line */
    place(hosts, host, now_ms);
    return entry;
}

void hosts_release(struct hosts *hosts, struct host_entry *entry, int64_t now_ms)
{
    struct host *host = entry->host;
    entry->host = NULL;
    host->running--;
    double took_ms = (double)(now_ms - entry->began_ms);
    host->took_ms += (took_ms - host->took_ms) * (host->took_ms > 0 ? 0.125 : 1);
    place(hosts, host, now_ms);
}

void hosts_restore(struct hosts *hosts, struct host_entry *entry, int64_t now_ms)
{
    struct host *host = entry->host;
    host->running--;
    host->free_at_ms = now_ms;
    entry->queued = true;
    entry->previous = NULL;
    entry->next = host->first;
    *(host->first ? &host->first->previous : &host->last) = entry;
    host->first = entry;
    host->waiting++;
    hosts->queued++;
    unlist(hosts, host);
    host->list = LIST_READY;
    host->previous = NULL;
    host->next = hosts->ready.first;
    *(host->next ? &host->next->previous : &hosts->ready.last) = host;
    hosts->ready.first = host;
}

struct host_entry *hosts_surplus(const struct hosts *hosts, int64_t horizon_ms, int64_t *turn_ms)
{
    for (size_t i = 0; i < BUCKETS; i++)
        for (const struct host *host = hosts->buckets[i]; host; host = host->hash_next) {
            double each_ms = host->took_ms / (double)hosts->cap;
            if (each_ms < (double)hosts->delay_ms)
                each_ms = (double)hosts->delay_ms;
            *turn_ms = (int64_t)((double)host->waiting * each_ms);
            if (*turn_ms > horizon_ms && host->waiting > 2 * hosts->cap)
                return host->last;
        }
    return NULL;
}

void hosts_remove(struct hosts *hosts, struct host_entry *entry, int64_t now_ms)
{
    struct host *host = entry->host;
    dequeue(hosts, entry);
    entry->host = NULL;
    place(hosts, host, now_ms);
}

size_t hosts_queued(const struct hosts *hosts)
{
    return hosts->queued;
}

int64_t hosts_next_ms(const struct hosts *hosts)
{
    for (const struct host *host = hosts->delayed.first; host; host = host->next)
        if (host->first && host->running < hosts->cap)
            return host->free_at_ms;
    return INT64_MAX;
}
