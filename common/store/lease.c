#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/store/connection.h"
#include "common/store/tally.h"
#include "common/url.h"

enum { BATCH_MAX = 4096 };

/* No backoff is longer than a day. A job that is due later was put there by a clock that has been
 * set back since, and must not wait for it. */
#define LONGEST_BACKOFF_MS ((int64_t)24 * 3600 * 1000)

/* What a batch is made in. Until it is complete, offsets stand where pointers will: the buffers may
 * move while they grow. */
struct lease_memory {
    struct buf text, jobs;
    struct buf without; /* the targets to pass over as a JSON array; empty: none */
    size_t count, capacity;
    struct {
        int64_t id, run_id;
        size_t url, sha256, jobs, job_count; /* sha256: 0 for none */
    } * found;
    struct store_item *items;
};

static void memory_free(struct lease_memory *memory)
{
    if (!memory)
        return;
    buf_free(&memory->text);
    buf_free(&memory->jobs);
    buf_free(&memory->without);
    free(memory->found);
    free(memory->items);
    free(memory);
}

static struct lease_memory *memory_new(size_t capacity)
{
    struct lease_memory *memory = calloc(1, sizeof *memory);
    if (!memory)
        return NULL;
    buf_init(&memory->text, capacity * (URL_MAX + 128));
    buf_init(&memory->jobs, (size_t)1 << 28);
    buf_init(&memory->without, (size_t)1 << 20);
    memory->capacity = capacity;
    memory->found = calloc(capacity, sizeof *memory->found);
    memory->items = calloc(capacity, sizeof *memory->items);
    if (memory->found && memory->items)
        return memory;
    memory_free(memory);
    return NULL;
}

/* From the end, because the jobs of an item mostly stand side by side. */
static bool is_found(const struct lease_memory *memory, int64_t item_id)
{
    for (size_t i = memory->count; i-- > 0;)
        if (memory->found[i].id == item_id)
            return true;
    return false;
}

static struct bind without(const struct lease_memory *memory)
{
    return memory->without.size ? TEXT(memory->without.data) : NOTHING;
}

/* Adds the items with jobs due from `low` to `high`, oldest first, while there are fewer than
 * `limit`. */
static enum status find_due(struct store *store, struct lease_memory *memory, size_t limit,
                            int64_t low, int64_t high, struct error *error)
{
    sqlite3_stmt *stmt;
    if (memory->count >= limit || low > high)
        return STATUS_OK;
    enum status status =
        statement_bind(store, STATEMENT_job_due,
                       BINDS(INTEGER(low), INTEGER(high), without(memory)), &stmt, error);
    while (!status && memory->count < limit) {
        status = statement_step(store, stmt, error);
        int64_t item_id = status ? 0 : sqlite3_column_int64(stmt, 0);
        if (!status && !is_found(memory, item_id))
            memory->found[memory->count++].id = item_id;
    }
    if (!status)
        sqlite3_reset(stmt);
    return status == STATUS_NO ? STATUS_OK : status;
}

static enum status read_item(struct store *store, struct lease_memory *memory, size_t index,
                             struct error *error)
{
    sqlite3_stmt *stmt;
    enum status status = statement_bind(store, STATEMENT_item_get,
                                        BINDS(INTEGER(memory->found[index].id)), &stmt, error);
    if (!status)
        status = statement_step(store, stmt, error);
    if (status == STATUS_NO)
        return error_set(error, STATUS_DATA, "%s: job of item %lld has no URL; run fsck",
                         store->path, (long long)memory->found[index].id);
    if (status)
        return status;
    memory->found[index].run_id = sqlite3_column_int64(stmt, 0);
    memory->found[index].url = memory->text.size;
    const char *sha256 = statement_text(stmt, 2);
    status = buf_append(&memory->text, statement_text(stmt, 1),
                        (size_t)sqlite3_column_bytes(stmt, 1) + 1);
    if (!status && sha256) {
        memory->found[index].sha256 = memory->text.size;
        status = buf_append(&memory->text, sha256, strlen(sha256) + 1);
    }
    sqlite3_reset(stmt);
    return status;
}

/* Leases all due jobs of one item. */
static enum status lease_item(struct store *store, struct lease_memory *memory, size_t index,
                              int64_t now_ms, int64_t far_ms, struct tally *tally,
                              struct error *error)
{
    sqlite3_stmt *stmt;
    int64_t id = memory->found[index].id;
    enum status status = read_item(store, memory, index, error);
    memory->found[index].jobs = memory->jobs.size;
    if (!status)
        status = statement_bind(store, STATEMENT_job_lease,
                                BINDS(INTEGER(id), INTEGER(store->session), INTEGER(now_ms),
                                      INTEGER(far_ms), without(memory)),
                                &stmt, error);
    while (!status) {
        status = statement_step(store, stmt, error);
        if (status)
            break;
        struct store_job job = {.item_id = id,
                                .target_id = sqlite3_column_int64(stmt, 0),
                                .attempt = (uint32_t)sqlite3_column_int64(stmt, 1),
                                .tries = (uint32_t)sqlite3_column_int64(stmt, 2) + 1};
        memory->found[index].job_count++;
        status = buf_append(&memory->jobs, &job, sizeof job);
        if (!status)
            status = tally_move(store, tally, memory->found[index].run_id, job.target_id,
                                JOB_PENDING, JOB_LEASED, 1, error);
        if (status)
            sqlite3_reset(stmt);
    }
    return status == STATUS_NO ? STATUS_OK : status;
}

static enum status lease_due(struct store *store, struct lease_memory *memory, int64_t now_ms,
                             struct error *error)
{
    struct tally tally = {0};
    int64_t far_ms =
        now_ms > INT64_MAX - LONGEST_BACKOFF_MS ? INT64_MAX - 1 : now_ms + LONGEST_BACKOFF_MS;
    /* Retries first: they belong to the oldest items, and behind a million fresh jobs (due_ms 0)
     * they would wait for all of those. But they may be many, given back for a while, and must not
     * stand before the fresh ones forever. */
    size_t all = memory->capacity, half = (all + 1) / 2;
    enum status status = find_due(store, memory, half, 1, now_ms, error);
    if (!status)
        status = find_due(store, memory, all, INT64_MIN, 0, error);
    if (!status)
        status = find_due(store, memory, all, 1, now_ms, error);
    if (!status)
        status = find_due(store, memory, all, far_ms + 1, INT64_MAX, error);
    for (size_t i = 0; !status && i < memory->count; i++)
        status = lease_item(store, memory, i, now_ms, far_ms, &tally, error);
    if (!status)
        status = tally_write(store, &tally, error);
    return status;
}

/* Turns offsets into pointers. */
static void hand_over(struct lease_memory *memory, struct store_batch *out)
{
    for (size_t i = 0; i < memory->count; i++) {
        size_t sha256 = memory->found[i].sha256;
        memory->items[i] = (struct store_item){
            .id = memory->found[i].id,
            .url = memory->text.data + memory->found[i].url,
            .image_sha256 = sha256 ? memory->text.data + sha256 : NULL,
            .job_count = memory->found[i].job_count,
            .jobs = (struct store_job *)(void *)(memory->jobs.data + memory->found[i].jobs),
        };
    }
    *out = (struct store_batch){.count = memory->count, .items = memory->items, .memory = memory};
}

static enum status list_targets(struct buf *json, const int64_t *targets, size_t count)
{
    enum status status = count ? buf_append_text(json, "[") : STATUS_OK;
    for (size_t i = 0; !status && i < count; i++)
        status = buf_printf(json, "%s%lld", i ? "," : "", (long long)targets[i]);
    return !status && count ? buf_append_text(json, "]") : status;
}

enum status store_lease(struct store *store, size_t max_items, int64_t now_ms,
                        struct store_batch *out, struct error *error)
{
    return store_lease_without(store, max_items, now_ms, NULL, 0, out, error);
}

enum status store_lease_without(struct store *store, size_t max_items, int64_t now_ms,
                                const int64_t *targets, size_t count, struct store_batch *out,
                                struct error *error)
{
    *out = (struct store_batch){0};
    if (!store->session)
        return error_set(error, STATUS_INTERNAL, "%s: only a daemon leases", store->path);
    if (max_items == 0)
        return STATUS_OK;
    struct lease_memory *memory = memory_new(max_items < BATCH_MAX ? max_items : BATCH_MAX);
    if (!memory || list_targets(&memory->without, targets, count)) {
        memory_free(memory);
        return error_set(error, STATUS_MEMORY, "%s: out of memory", store->path);
    }
    enum status status = transaction_begin(store, error);
    if (!status) {
        status = lease_due(store, memory, now_ms, error);
        status = transaction_end(store, status, error);
    }
    if (status)
        memory_free(memory);
    else
        hand_over(memory, out);
    return status;
}

void store_batch_free(struct store_batch *batch)
{
    memory_free(batch->memory);
    *batch = (struct store_batch){0};
}

enum status store_backlog(struct store *store, struct store_backlog *out, struct error *error)
{
    sqlite3_stmt *stmt;
    enum status status = statement_bind(store, STATEMENT_backlog, NULL, 0, &stmt, error);
    if (!status)
        status = statement_step(store, stmt, error);
    if (status)
        return status;
    out->pending = (uint64_t)sqlite3_column_int64(stmt, 0);
    out->leased = (uint64_t)sqlite3_column_int64(stmt, 1);
    sqlite3_reset(stmt);
    status = statement_integer(store, STATEMENT_job_next_due, NULL, 0, &out->next_due_ms, error);
    if (status == STATUS_NO) {
        out->next_due_ms = INT64_MAX;
        status = STATUS_OK;
    }
    return status;
}
