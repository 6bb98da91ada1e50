#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/store/bulk.h"
#include "common/store/connection.h"
#include "common/store/expectation.h"
#include "common/store/tally.h"
#include "common/store/target.h"
#include "common/url.h"

/* A chunk dirties most pages of the unique index however large it is, so small ones multiply what
 * is written; large ones keep the daemon from writing for longer. 50000 take about a second. */
enum { CHUNK_URLS = 50000, CHUNK_BYTES = 16 << 20, EXPECT_MAX = 4096, TARGETS_MAX = 64 };

/* Offsets into the chunk's text; ABSENT stands for NULL. */
#define ABSENT ((size_t)-1)
struct entry {
    size_t url, expect_wnid, expect_text;
    int64_t expectation_id; /* 0: none; once the chunk is being written */
};

/* URLs wait in memory, not in an open transaction: whoever feeds us may be slow, and the daemon
 * must be able to write meanwhile. */
struct store_enqueue {
    struct store *store;
    int64_t run_id;
    size_t target_count;
    int64_t targets[TARGETS_MAX];
    struct store_enqueue_counts counts;
    bool unsynced; /* chunks were committed since the last flush */
    size_t used;
    struct buf text;
    struct entry entries[CHUNK_URLS];
    int64_t ids[CHUNK_URLS];     /* the items' */
    uint32_t by_url[CHUNK_URLS]; /* places of the entries, sorted */
};

static bool is_named(const char *text)
{
    return text && text[0] != '\0';
}

static enum status check_request(struct store *store, const char *run,
                                 const struct store_target *targets, size_t count,
                                 struct error *error)
{
    enum status status = bulk_check(store, run, error);
    if (status)
        return status;
    if (count < 1 || count > TARGETS_MAX)
        return error_set(error, STATUS_USAGE,
                         "targets: %zu combinations of models and frameworks; give 1 to %d", count,
                         TARGETS_MAX);
    for (size_t i = 0; i < count; i++)
        if (!is_named(targets[i].model) || !is_named(targets[i].framework) ||
            !is_named(targets[i].backend))
            return error_set(error, STATUS_USAGE,
                             "targets: each needs a model, a framework and a backend");
    return STATUS_OK;
}

/* Adds run, targets and their accounting, all at zero. */
static enum status prepare(struct store_enqueue *enqueue, const char *run,
                           const struct store_target *targets, size_t count, struct error *error)
{
    struct store *store = enqueue->store;
    enum status status = transaction_begin(store, error);
    if (status)
        return status;
    status = bulk_put_run(store, run, &enqueue->run_id, error);
    for (size_t i = 0; !status && i < count; i++) {
        int64_t id;
        bool known = false;
        status = target_put(store, &targets[i], &id, error);
        for (size_t j = 0; !status && j < enqueue->target_count; j++)
            known |= enqueue->targets[j] == id;
        if (status || known)
            continue;
        enqueue->targets[enqueue->target_count++] = id;
        status = statement_run(store, STATEMENT_tally_create,
                               BINDS(INTEGER(enqueue->run_id), INTEGER(id)), NULL, error);
    }
    return transaction_end(store, status, error);
}

enum status store_enqueue_begin(struct store *store, const char *run,
                                const struct store_target *targets, size_t target_count,
                                struct store_enqueue **out, struct error *error)
{
    *out = NULL;
    enum status status = check_request(store, run, targets, target_count, error);
    if (status)
        return status;
    struct store_enqueue *enqueue = calloc(1, sizeof *enqueue);
    if (!enqueue)
        return error_set(error, STATUS_MEMORY, "enqueue: out of memory");
    enqueue->store = store;
    buf_init(&enqueue->text, CHUNK_BYTES);
    status = prepare(enqueue, run, targets, target_count, error);
    if (!status)
        status = bulk_begin(store, error);
    if (status) {
        store_enqueue_end(enqueue);
        return status;
    }
    *out = enqueue;
    return STATUS_OK;
}

static const char *entry_text(const struct store_enqueue *enqueue, size_t offset)
{
    return offset == ABSENT ? NULL : enqueue->text.data + offset;
}

static bool same_text(const struct store_enqueue *enqueue, size_t a, size_t b)
{
    if (a == ABSENT || b == ABSENT)
        return a == b;
    return strcmp(entry_text(enqueue, a), entry_text(enqueue, b)) == 0;
}

/* In the order of the list, where neighbours mostly expect the same. */
static enum status find_expectations(struct store_enqueue *enqueue, struct error *error)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < enqueue->used && !status; i++) {
        struct entry *entry = &enqueue->entries[i];
        const struct entry *last = i ? entry - 1 : NULL;
        if (last && same_text(enqueue, entry->expect_wnid, last->expect_wnid) &&
            same_text(enqueue, entry->expect_text, last->expect_text))
            entry->expectation_id = last->expectation_id;
        else
            status = expectation_put(enqueue->store, entry_text(enqueue, entry->expect_wnid),
                                     entry_text(enqueue, entry->expect_text),
                                     &entry->expectation_id, error);
    }
    return status;
}

static int compare_urls(const void *a, const void *b, void *context)
{
    const struct store_enqueue *enqueue = context;
    uint32_t one = *(const uint32_t *)a, two = *(const uint32_t *)b;
    int order = strcmp(entry_text(enqueue, enqueue->entries[one].url),
                       entry_text(enqueue, enqueue->entries[two].url));
    /* What stands first in the list stays first. */
    return order ? order : one < two ? -1 : 1;
}

/* Ids follow the list, so that work does; but the rows are put in the order of the unique index,
 * whose pages then are read and changed once for each chunk instead of once for each URL. */
static enum status put_items(struct store_enqueue *enqueue, uint64_t *kept, struct error *error)
{
    int64_t last;
    enum status status =
        statement_integer(enqueue->store, STATEMENT_item_last, NULL, 0, &last, error);
    for (uint32_t i = 0; i < enqueue->used; i++) {
        enqueue->by_url[i] = i;
        enqueue->ids[i] = last + 1 + i;
    }
    qsort_r(enqueue->by_url, enqueue->used, sizeof enqueue->by_url[0], compare_urls, enqueue);
    for (size_t i = 0; !status && i < enqueue->used; i++) {
        uint32_t place = enqueue->by_url[i];
        const struct entry *entry = &enqueue->entries[place];
        status = bulk_put_item(enqueue->store, enqueue->run_id, entry_text(enqueue, entry->url),
                               entry->expectation_id, &enqueue->ids[place], kept, error);
    }
    return status;
}

static enum status put_jobs(struct store_enqueue *enqueue, int64_t item_id,
                            struct store_enqueue_counts *counts, int64_t *jobs, struct error *error)
{
    uint64_t before = counts->jobs;
    enum status status = STATUS_OK;
    for (size_t i = 0; !status && i < enqueue->target_count; i++) {
        int64_t changes = 0;
        status =
            statement_run(enqueue->store, STATEMENT_job_insert,
                          BINDS(INTEGER(item_id), INTEGER(enqueue->targets[i])), &changes, error);
        jobs[i] += changes;
        counts->jobs += (uint64_t)changes;
    }
    if (counts->jobs > before)
        counts->added++;
    else
        counts->duplicate++;
    return status;
}

/* What the chunk adds to. */
struct chunk {
    struct store_enqueue *enqueue;
    struct store_enqueue_counts counts;
};

static enum status put_chunk(void *context, struct error *error)
{
    struct chunk *chunk = context;
    struct store_enqueue *enqueue = chunk->enqueue;
    int64_t jobs[TARGETS_MAX] = {0};
    struct tally tally = {0};
    enum status status = find_expectations(enqueue, error);
    if (!status)
        status = put_items(enqueue, &chunk->counts.kept, error);
    for (size_t i = 0; !status && i < enqueue->used; i++)
        status = put_jobs(enqueue, enqueue->ids[i], &chunk->counts, jobs, error);
    for (size_t i = 0; !status && i < enqueue->target_count; i++)
        status = tally_move(enqueue->store, &tally, enqueue->run_id, enqueue->targets[i], JOB_NEW,
                            JOB_PENDING, jobs[i], error);
    return status ? status : tally_write(enqueue->store, &tally, error);
}

/* Commits the chunk. After an error it is still there and can be tried again. */
static enum status write_chunk(struct store_enqueue *enqueue, bool flush, struct error *error)
{
    struct chunk chunk = {enqueue, enqueue->counts};
    enum status status =
        bulk_commit(enqueue->store, enqueue->run_id, flush, put_chunk, &chunk, error);
    if (!status) {
        enqueue->counts = chunk.counts;
        enqueue->unsynced = !flush;
        enqueue->used = 0;
        buf_clear(&enqueue->text);
    }
    return status;
}

static enum status append(struct store_enqueue *enqueue, const char *text, size_t *offset)
{
    *offset = text ? enqueue->text.size : ABSENT;
    return text ? buf_append(&enqueue->text, text, strlen(text) + 1) : STATUS_OK;
}

static enum status append_entry(struct store_enqueue *enqueue, const struct store_entry *entry)
{
    struct entry *slot = &enqueue->entries[enqueue->used];
    size_t before = enqueue->text.size;
    enum status status = append(enqueue, entry->url, &slot->url);
    if (!status)
        status = append(enqueue, entry->expect_wnid, &slot->expect_wnid);
    if (!status)
        status = append(enqueue, entry->expect_text, &slot->expect_text);
    if (status)
        enqueue->text.size = before;
    else
        enqueue->used++;
    return status;
}

enum status store_enqueue_add(struct store_enqueue *enqueue, const struct store_entry *entry,
                              struct error *error)
{
    if (!is_named(entry->url) || strlen(entry->url) >= URL_MAX)
        return error_set(error, STATUS_DATA, "URL: empty or longer than %d bytes", URL_MAX - 1);
    if ((entry->expect_wnid && strlen(entry->expect_wnid) >= WNID_SIZE) ||
        (entry->expect_text && strlen(entry->expect_text) > EXPECT_MAX))
        return error_set(error, STATUS_DATA, "expectation: longer than %d bytes", EXPECT_MAX);
    enum status status = STATUS_OK;
    if (enqueue->used == CHUNK_URLS)
        status = write_chunk(enqueue, false, error);
    if (status)
        return status;
    status = append_entry(enqueue, entry);
    if (status == STATUS_LIMIT) {
        status = write_chunk(enqueue, false, error);
        if (!status)
            status = append_entry(enqueue, entry);
    }
    if (status == STATUS_MEMORY)
        (void)error_set(error, status, "enqueue: out of memory");
    return status;
}

enum status store_enqueue_flush(struct store_enqueue *enqueue, struct store_enqueue_counts *counts,
                                struct error *error)
{
    enum status status = STATUS_OK;
    if (enqueue->used || enqueue->unsynced)
        status = write_chunk(enqueue, true, error);
    if (!status && counts)
        *counts = enqueue->counts;
    return status;
}

void store_enqueue_end(struct store_enqueue *enqueue)
{
    if (!enqueue)
        return;
    bulk_end(enqueue->store);
    buf_free(&enqueue->text);
    free(enqueue);
}
