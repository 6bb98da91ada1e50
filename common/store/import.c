#include "common/store/import.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/store/bulk.h"
#include "common/store/connection.h"
#include "common/store/expectation.h"
#include "common/store/origin.h"
#include "common/store/target.h"
#include "common/url.h"

enum {
    CHUNK_ANSWERS = 20000,
    CHUNK_BYTES = 16 << 20,
    LABEL_BYTES = 64 * 1024,
    ENTRIES = 3,
    CLASS_UNKNOWN = -1
};

/* Texts are offsets into the chunk's text; expect_wnid is that of an empty one where the source
 * says it. */
struct entry {
    size_t url, expect_wnid, labels[ENTRIES], count;
    double probabilities[ENTRIES];
    char sha256[SHA256_HEX_SIZE];
    int64_t item_id, image_id;
};

struct store_import {
    struct store *store;
    const struct store_import_source *source;
    int64_t run_id, target_id;
    struct store_import_counts counts;
    bool unsynced; /* chunks were committed since the last flush */
    size_t used;
    struct buf text, form; /* form: the answer that is being hashed */
    struct entry entries[CHUNK_ANSWERS];
    uint32_t fresh[CHUNK_ANSWERS]; /* places of those that are no duplicates */
};

static const char *or_empty(const char *text)
{
    return text ? text : "";
}

/* ---- begin ---------------------------------------------------------------------------------- */

static enum status check_source(const struct store_import_source *source, struct error *error)
{
    const struct store_target *target = &source->target;
    if (!*or_empty(target->model) || !*or_empty(target->framework))
        return error_set(error, STATUS_USAGE, "import: a model and a framework must be named");
    if (strcmp(or_empty(target->backend), "import") != 0 ||
        strcmp(or_empty(source->producer.backend), "import") != 0)
        return error_set(error, STATUS_INTERNAL,
                         "import: the backend of what is imported is "
                         "\"import\"");
    return STATUS_OK;
}

/* Adds run, target and accounting, all at zero. */
static enum status prepare(struct store_import *import, struct error *error)
{
    struct store *store = import->store;
    enum status status = transaction_begin(store, error);
    if (status)
        return status;
    status = bulk_put_run(store, import->source->run, &import->run_id, error);
    if (!status)
        status = target_put(store, &import->source->target, &import->target_id, error);
    if (!status)
        status =
            statement_run(store, STATEMENT_tally_create,
                          BINDS(INTEGER(import->run_id), INTEGER(import->target_id)), NULL, error);
    return transaction_end(store, status, error);
}

enum status store_import_begin(struct store *store, const struct store_import_source *source,
                               struct store_import **out, struct error *error)
{
    *out = NULL;
    enum status status = bulk_check(store, source->run, error);
    if (!status)
        status = check_source(source, error);
    if (status)
        return status;
    struct store_import *import = calloc(1, sizeof *import);
    if (!import)
        return error_set(error, STATUS_MEMORY, "import: out of memory");
    import->store = store;
    import->source = source;
    buf_init(&import->text, CHUNK_BYTES);
    buf_init(&import->form, CHUNK_BYTES);
    status = prepare(import, error);
    if (!status)
        status = bulk_begin(store, error);
    if (status) {
        store_import_end(import);
        return status;
    }
    *out = import;
    return STATUS_OK;
}

/* ---- a chunk into the database -------------------------------------------------------------- */

static const char *entry_text(const struct store_import *import, size_t offset)
{
    return import->text.data + offset;
}

/* The URL and its job, in the order of the list. What had a result of this target keeps it. */
static enum status put_job(struct store_import *import, struct entry *entry, int64_t expectation_id,
                           uint64_t *kept, bool *fresh, struct error *error)
{
    struct store *store = import->store;
    int64_t changes = 0;
    enum status status = bulk_put_item(store, import->run_id, entry_text(import, entry->url),
                                       expectation_id, &entry->item_id, kept, error);
    if (!status)
        status = statement_run(store, STATEMENT_job_record,
                               BINDS(INTEGER(entry->item_id), INTEGER(import->target_id)), &changes,
                               error);
    *fresh = changes > 0;
    return status;
}

/* What this one expects; neighbours mostly expect the same. */
static enum status find_expectation(struct store_import *import, const struct entry *entry,
                                    const struct entry *last, int64_t *id, struct error *error)
{
    const struct store_import_source *source = import->source;
    const char *wnid = entry_text(import, entry->expect_wnid);
    if (last && strcmp(wnid, entry_text(import, last->expect_wnid)) == 0)
        return STATUS_OK;
    return expectation_put(import->store, *wnid ? wnid : source->expect_wnid, source->expect_text,
                           id, error);
}

static enum status put_jobs(struct store_import *import, size_t *count, uint64_t *kept,
                            struct error *error)
{
    int64_t last, expectation_id = 0;
    enum status status =
        statement_integer(import->store, STATEMENT_item_last, NULL, 0, &last, error);
    *count = 0;
    for (uint32_t i = 0; !status && i < import->used; i++) {
        bool fresh = false;
        struct entry *entry = &import->entries[i];
        entry->item_id = last + 1 + i;
        status = find_expectation(import, entry, i ? entry - 1 : NULL, &expectation_id, error);
        if (!status)
            status = put_job(import, entry, expectation_id, kept, &fresh, error);
        if (!status && fresh)
            import->fresh[(*count)++] = i;
    }
    return status;
}

static int compare_answers(const void *a, const void *b, void *context)
{
    const struct store_import *import = context;
    return strcmp(import->entries[*(const uint32_t *)a].sha256,
                  import->entries[*(const uint32_t *)b].sha256);
}

static struct entry *fresh_entry(struct store_import *import, size_t i)
{
    return &import->entries[import->fresh[i]];
}

/* In the order of the hashes, so that the pages of their index are changed once for each chunk, and
 * equal answers are one row. */
static enum status put_pictures(struct store_import *import, size_t count, struct error *error)
{
    enum status status = STATUS_OK;
    qsort_r(import->fresh, count, sizeof import->fresh[0], compare_answers, import);
    for (size_t i = 0, end; !status && i < count; i = end) {
        int64_t id;
        const char *sha256 = fresh_entry(import, i)->sha256;
        for (end = i + 1; end < count && strcmp(fresh_entry(import, end)->sha256, sha256) == 0;)
            end++;
        status = statement_integer(import->store, STATEMENT_image_answer,
                                   BINDS(INTEGER(import->run_id), TEXT(sha256), INTEGER(end - i)),
                                   &id, error);
        for (size_t k = i; !status && k < end; k++)
            fresh_entry(import, k)->image_id = id;
    }
    return status;
}

static enum status put_result(struct store_import *import, const struct entry *entry,
                              int64_t producer_id, int64_t now_ms, struct error *error)
{
    struct bind binds[21] = {INTEGER(entry->item_id),
                             INTEGER(import->target_id),
                             INTEGER(1),
                             INTEGER(producer_id),
                             INTEGER(entry->image_id),
                             TEXT(""),
                             NOTHING,
                             NOTHING,
                             REAL(0),
                             REAL(0),
                             REAL(0),
                             INTEGER(now_ms)};
    enum status status = STATUS_OK;
    for (size_t i = 0; !status && i < entry->count; i++) {
        int64_t label;
        status =
            origin_put_label(import->store, entry_text(import, entry->labels[i]), &label, error);
        binds[12 + 3 * i] = INTEGER(CLASS_UNKNOWN);
        binds[13 + 3 * i] = INTEGER(label);
        binds[14 + 3 * i] = REAL(entry->probabilities[i]);
    }
    return status ? status
                  : statement_run(import->store, STATEMENT_result_insert, binds, 21, NULL, error);
}

static enum status put_results(struct store_import *import, size_t count, struct error *error)
{
    int64_t producer_id, now_ms = connection_now_ms();
    enum status status =
        origin_put_producer(import->store, &import->source->producer, &producer_id, error);
    for (size_t i = 0; !status && i < count; i++)
        status = put_result(import, fresh_entry(import, i), producer_id, now_ms, error);
    return status;
}

/* Directly, not by tally_write: nothing was done now, so rates and times left do not hear of it. */
static enum status add_to_tally(struct store_import *import, size_t count, struct error *error)
{
    return statement_run(import->store, STATEMENT_tally_add,
                         BINDS(INTEGER(import->run_id), INTEGER(import->target_id), INTEGER(count),
                               INTEGER(0), INTEGER(0), INTEGER(count), INTEGER(0)),
                         NULL, error);
}

static int compare_places(const void *a, const void *b)
{
    uint32_t one = *(const uint32_t *)a, two = *(const uint32_t *)b;
    return one < two ? -1 : one > two;
}

/* What the chunk adds to. */
struct chunk {
    struct store_import *import;
    size_t fresh;
    uint64_t kept;
};

static enum status put_chunk(void *context, struct error *error)
{
    struct chunk *chunk = context;
    struct store_import *import = chunk->import;
    enum status status = put_jobs(import, &chunk->fresh, &chunk->kept, error);
    if (!status)
        status = put_pictures(import, chunk->fresh, error);
    qsort(import->fresh, chunk->fresh, sizeof import->fresh[0], compare_places);
    if (!status)
        status = put_results(import, chunk->fresh, error);
    return status ? status : add_to_tally(import, chunk->fresh, error);
}

/* Commits the chunk. After an error it is still there and can be tried again. */
static enum status write_chunk(struct store_import *import, bool flush, struct error *error)
{
    struct chunk chunk = {.import = import};
    enum status status =
        bulk_commit(import->store, import->run_id, flush, put_chunk, &chunk, error);
    if (!status) {
        import->counts.added += chunk.fresh;
        import->counts.kept += chunk.kept;
        import->counts.duplicate += import->used - chunk.fresh;
        import->unsynced = !flush;
        import->used = 0;
        buf_clear(&import->text);
    }
    return status;
}

/* ---- add ------------------------------------------------------------------------------------ */

static enum status check_answer(const struct store_answer *answer, struct error *error)
{
    if (!*or_empty(answer->url) || strlen(answer->url) >= URL_MAX)
        return error_set(error, STATUS_DATA, "URL: empty or longer than %d bytes", URL_MAX - 1);
    if (strlen(or_empty(answer->expect_wnid)) >= WNID_SIZE)
        return error_set(error, STATUS_DATA, "expectation: no WordNet id");
    if (answer->count < 1 || answer->count > ENTRIES)
        return error_set(error, STATUS_DATA, "answer: %zu entries; 1 to 3 are recorded",
                         answer->count);
    for (size_t i = 0; i < answer->count; i++) {
        const char *label = or_empty(answer->entries[i].label);
        if (!*label || strlen(label) > LABEL_BYTES || !isfinite(answer->entries[i].probability))
            return error_set(error, STATUS_DATA,
                             "answer: an entry without a label or without a finite probability");
    }
    return STATUS_OK;
}

static enum status append(struct store_import *import, const char *text, size_t *offset)
{
    *offset = import->text.size;
    return buf_append(&import->text, text, strlen(text) + 1);
}

/* Prefixes of the label line ("<> ") make no other answer, and neither does how a number was
 * written. */
static enum status hash_answer(struct store_import *import, const struct store_answer *answer,
                               char sha256[SHA256_HEX_SIZE])
{
    const struct store_target *target = &import->source->target;
    struct buf *form = &import->form;
    buf_clear(form);
    enum status status =
        buf_printf(form, "%s\n%s\n%s\n%s\n", target->model, or_empty(target->model_version),
                   target->framework, or_empty(target->framework_version));
    for (size_t i = 0; !status && i < answer->count; i++) {
        char wnid[WNID_SIZE];
        const char *name;
        label_split(answer->entries[i].label, wnid, &name);
        status = buf_printf(form, "%s\t%s\t%.17g\n", wnid, name, answer->entries[i].probability);
    }
    return status ? status : hash_sha256(form->data, form->size, sha256);
}

static enum status append_answer(struct store_import *import, const struct store_answer *answer)
{
    struct entry *slot = &import->entries[import->used];
    size_t before = import->text.size;
    enum status status = append(import, answer->url, &slot->url);
    if (!status)
        status = append(import, or_empty(answer->expect_wnid), &slot->expect_wnid);
    for (size_t i = 0; !status && i < answer->count; i++) {
        slot->probabilities[i] = answer->entries[i].probability;
        status = append(import, answer->entries[i].label, &slot->labels[i]);
    }
    slot->count = answer->count;
    if (status)
        import->text.size = before;
    else
        status = hash_answer(import, answer, slot->sha256);
    import->used += !status;
    return status;
}

enum status store_import_add(struct store_import *import, const struct store_answer *answer,
                             struct error *error)
{
    enum status status = check_answer(answer, error);
    if (!status && import->used == CHUNK_ANSWERS)
        status = write_chunk(import, false, error);
    if (status)
        return status;
    status = append_answer(import, answer);
    if (status == STATUS_LIMIT) {
        status = write_chunk(import, false, error);
        if (!status)
            status = append_answer(import, answer);
    }
    if (status == STATUS_MEMORY)
        (void)error_set(error, status, "import: out of memory");
    return status;
}

enum status store_import_flush(struct store_import *import, struct store_import_counts *counts,
                               struct error *error)
{
    enum status status = STATUS_OK;
    if (import->used || import->unsynced)
        status = write_chunk(import, true, error);
    if (!status && counts)
        *counts = import->counts;
    return status;
}

void store_import_end(struct store_import *import)
{
    if (!import)
        return;
    bulk_end(import->store);
    buf_free(&import->text);
    buf_free(&import->form);
    free(import);
}
