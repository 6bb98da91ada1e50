/* store: the durable queue and the results, behind one narrow door.
 *
 * With activity.h, import.h, row.h, summary.h and synset.h all that the rest of the project sees of
 * the database: no SQL and no SQLite type leaves this folder, so that a second implementation fits
 * behind the same functions.
 *
 * Promises. What store_enqueue_flush, store_lease, store_commit, store_retry acknowledged survives
 * SIGKILL and power loss (WAL, synchronous=FULL). Each (run, URL, target) has at most one accepted
 * result: a commit carries the job's fencing token (its attempt number), and a token that is no
 * longer the newest is refused and counted, never an error. At any instant enqueued = done + failed
 * + pending + leased.
 *
 * Threads: a `struct store` belongs to one thread at a time; open one per thread. Several processes
 * may open the same file; only one may open it with STORE_DAEMON (a lock file beside it, held by
 * the kernel, tells: it cannot go stale).
 *
 * Errors: STATUS_FULL (disk full) and STATUS_IO may pass and can be tried again, the store stays
 * usable; STATUS_UNAVAILABLE: another daemon has the file, or a writer held it longer than 30 s
 * (STORE_DAEMON, once opened: 5 s); STATUS_DATA: not our database, damaged, or written by a newer
 * version. Nothing half-done is ever left behind.
 */
#ifndef COMMON_STORE_STORE_H
#define COMMON_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/hash.h"
#include "common/image/image.h"
#include "common/reason.h"
#include "common/status.h"

struct store;
enum store_mode {
    STORE_READ,   /* must exist; nothing is changed */
    STORE_CLIENT, /* created when missing, migrated when older: the command */
    STORE_DAEMON  /* as CLIENT, exclusively among daemons; takes back every lease of a dead owner */
};

/* What a STORE_DAEMON open found. */
struct store_recovery {
    uint64_t released; /* leases taken back */
    bool unclean;      /* the last daemon did not close the store */
};

/* `recovery` may be NULL. Caller closes *out. */
enum status store_open(const char *path, enum store_mode mode, struct store **out,
                       struct store_recovery *recovery, struct error *error) MUST_CHECK;

/* Hands back leases (STORE_DAEMON), checkpoints, closes. NULL is fine. */
void store_close(struct store *store);

/* True after a sync to the disk failed. The kernel may have dropped what it could not write and
 * report the next sync as fine: a daemon ends then, and the next start recovers from the disk. */
bool store_sync_failed(const struct store *store);

/* ---- enqueue ----------------------------------------------------------------------------- */
/* backend is "auto", "carml" or "local". Strings are read during the call only. */
struct store_target {
    const char *model, *model_version, *framework, *framework_version, *backend;
};

struct store_entry {
    const char *url;         /* normalised, see common/url.h */
    const char *expect_wnid; /* NULL: none */
    const char *expect_text; /* NULL: none */
};

struct store_enqueue_counts {
    uint64_t added;     /* URLs of which at least one job is new */
    uint64_t duplicate; /* URLs that already had a job for every target */
    uint64_t jobs;      /* new jobs */
    uint64_t kept;      /* URLs that keep the other expectation they had */
};

struct store_enqueue;

/* Starts adding URLs to the run (created when missing) for the given targets (1 to 64). Memory does
 * not depend on how many are added: a transaction is committed for every 50000 URLs. */
enum status store_enqueue_begin(struct store *store, const char *run,
                                const struct store_target *targets, size_t target_count,
                                struct store_enqueue **out, struct error *error) MUST_CHECK;

/* Adds one URL. Acknowledged only by the next successful flush. */
enum status store_enqueue_add(struct store_enqueue *enqueue, const struct store_entry *entry,
                              struct error *error) MUST_CHECK;

/* Commits what was added so far; *counts (may be NULL) then holds the totals acknowledged. */
enum status store_enqueue_flush(struct store_enqueue *enqueue, struct store_enqueue_counts *counts,
                                struct error *error) MUST_CHECK;

/* Ends it; what was not flushed is dropped. NULL is fine. */
void store_enqueue_end(struct store_enqueue *enqueue);

/* ---- leases ------------------------------------------------------------------------------ */
/* One job under lease. */
struct store_job {
    int64_t item_id, target_id;
    uint32_t attempt; /* the fencing token, from 1; only ever grows */
    uint32_t tries;   /* counted attempts including this one, from 1; `retry` starts it again */
};

/* One URL of one run with those of its jobs that are due: they are leased together, so that the URL
 * is fetched once for all of its targets. */
struct store_item {
    int64_t id;
    const char *url;
    const char *image_sha256; /* of the picture an earlier target was asked about; NULL: none yet */
    size_t job_count;
    struct store_job *jobs;
};

struct store_batch {
    size_t count;
    struct store_item *items;
    void *memory; /* owned by the batch */
};

/* Leases up to `max_items` (at most 4096) URLs whose jobs are due at `now_ms` (Unix ms), oldest
 * first; those that waited for their time go before fresh ones, but leave them half of the batch.
 * Committed before it returns. Fewer, or none, is no error. Free with store_batch_free. A due time
 * more than the longest backoff, 24 h, away (a clock that jumped) counts as due. */
enum status store_lease(struct store *store, size_t max_items, int64_t now_ms,
                        struct store_batch *out, struct error *error) MUST_CHECK;
/* The same, but passes over jobs for these `count` targets. */
enum status store_lease_without(struct store *store, size_t max_items, int64_t now_ms,
                                const int64_t *targets, size_t count, struct store_batch *out,
                                struct error *error) MUST_CHECK;
void store_batch_free(struct store_batch *batch);

/* Jobs of all runs, pending (due or not) and leased; when the first pending one is due (Unix ms;
 * INT64_MAX: none is pending). */
struct store_backlog {
    uint64_t pending, leased;
    int64_t next_due_ms;
};
enum status store_backlog(struct store *store, struct store_backlog *out,
                          struct error *error) MUST_CHECK;

/* What to ask for when asking about it; strings live as long as the store. */
enum status store_target_get(struct store *store, int64_t target_id, struct store_target *out,
                             struct error *error) MUST_CHECK;

/* ---- outcomes ---------------------------------------------------------------------------- */
/* What produced an answer; deduplicated in the store. Strings may be NULL where unknown. */
struct store_producer {
    const char *backend;         /* that really answered: "carml", "local" */
    const char *detail;          /* base URL and generation, or engine version and kernel */
    const char *manifest_sha256; /* NULL for carml models without a local manifest */
    const char *model_sha256;
    const char *preprocessing; /* preprocessing_describe, or "server" */
};

struct store_picture {
    const char *sha256; /* of the bytes as received and as sent on; NULL: no bytes */
    const char *kind;   /* image_kind_name */
    uint64_t bytes;
    uint32_t width, height;
    long http_status; /* 0: no HTTP answer */
    double fetch_ms, validate_ms;
    const char *final_url; /* after redirects; NULL: the same */
    bool placeholder;      /* its SHA-256 is one of the configured placeholders */
};

struct store_prediction {
    uint32_t class_index;
    double probability;
    const char *label; /* the whole label line as answered */
};

enum store_outcome_kind {
    OUTCOME_DONE,
    OUTCOME_FAILED, /* for good */
    OUTCOME_RETRY,  /* back to pending, due at due_ms */
    OUTCOME_RELEASE /* back to pending, due at due_ms (0: at once), not counted as a try */
};

struct store_outcome {
    struct store_job job;
    enum store_outcome_kind kind;
    struct store_picture picture; /* DONE, FAILED and RETRY: as far as known */
    /* DONE */
    struct store_producer producer;
    const char *sent_as; /* "images", "upload", "url", "local" */
    double predict_ms;
    size_t prediction_count; /* 1 to 3, best first */
    struct store_prediction predictions[3];
    /* FAILED, RETRY */
    enum reason reason;
    const char *detail; /* one line; may be NULL */
    int64_t due_ms;     /* RETRY and RELEASE: Unix ms */
};

/* Records the outcomes in one transaction. A stale token (the job is not leased with this attempt
 * any more) changes nothing and adds one to *stale (may be NULL). The first picture that came with
 * a DONE or with a reason of stage predict pins the item's image_sha256. On error nothing of the
 * group is recorded. */
enum status store_commit(struct store *store, const struct store_outcome *outcomes, size_t count,
                         uint64_t *stale, struct error *error) MUST_CHECK;

/* Counts a crash of the process while it worked on the item's picture; at the third the item's open
 * jobs end as failed with reason `crashed`. *buried (may be NULL) says whether that happened.
 * STATUS_NO: there is no such item. */
enum status store_count_crash(struct store *store, int64_t item_id, bool *buried,
                              struct error *error) MUST_CHECK;

/* ---- the command's side -------------------------------------------------------------------- */
/* Failed jobs of the run (NULL: of all runs) back to pending; only those with one of the reasons
 * when reason_count > 0. Attempts and crashes start again from 0; the fencing token goes on
 * counting. */
enum status store_retry(struct store *store, const char *run, const enum reason *reasons,
                        size_t reason_count, uint64_t *count, struct error *error) MUST_CHECK;

enum store_value_kind { VALUE_NULL, VALUE_INTEGER, VALUE_REAL, VALUE_TEXT };
struct store_value {
    enum store_value_kind kind;
    int64_t integer;
    double real;
    const char *text; /* lives during the callback only */
};

/* One row: `names` and `values` have `columns` entries. Return non-zero to stop early. */
typedef int store_row_fn(void *context, size_t columns, const char *const *names,
                         const struct store_value *values);

/* Rows of a public view; docs/SQL.md says which there are, and their columns. Only those of `run`
 * unless NULL. Streams: memory does not depend on the number of rows. STATUS_USAGE for another
 * view, STATUS_NO when the run does not exist. */
enum status store_rows(struct store *store, const char *view, const char *run, store_row_fn *row,
                       void *context, struct error *error) MUST_CHECK;

/* The names of a public view's columns, also when it has no rows: one call of `row` with `values`
 * NULL. STATUS_USAGE for another view. */
enum status store_columns(struct store *store, const char *view, store_row_fn *row, void *context,
                          struct error *error) MUST_CHECK;

/* Proves the promises on a live database, in one read transaction: the accounting balances and
 * equals a recount, that of the reasons too, each job is in exactly one state, done jobs have
 * exactly one result and failed ones one reason, no result without a job, tokens are sound, results
 * name their producer and picture, the file's own integrity check. Calls `problem` with one line
 * for each violation found (at most 1000); *problems counts them. */
typedef void store_problem_fn(void *context, const char *line);
struct store_fsck {
    uint64_t runs, urls, jobs, pending, leased, done, failed, problems;
};
enum status store_fsck(struct store *store, store_problem_fn *problem, void *context,
                       struct store_fsck *out, struct error *error) MUST_CHECK;

#endif
