/* statement: the prepared statements of a store, one for each file of sql/statements.
 *
 * Prepared at first use, kept until the connection closes. A statement is reset before control goes
 * back to the caller of statement_run; after a row of statement_step the caller does.
 */
#ifndef COMMON_STORE_STATEMENT_H
#define COMMON_STORE_STATEMENT_H

#include <sqlite3.h>
#include <stddef.h>
#include <stdint.h>

#include "common/status.h"

struct store;

/* The files of sql/statements that are used by name; those that begin with fsck_ and a number are
 * run by fsck.c as they come. */
#define STATEMENT_MAP(X)                                                                           \
    X(backlog)                                                                                     \
    X(blame_add)                                                                                   \
    X(blame_create)                                                                                \
    X(expectation_conflict)                                                                        \
    X(expectation_find)                                                                            \
    X(expectation_insert)                                                                          \
    X(expectation_join)                                                                            \
    X(failure_delete)                                                                              \
    X(failure_find)                                                                                \
    X(failure_put)                                                                                 \
    X(failure_reason)                                                                              \
    X(fsck_totals)                                                                                 \
    X(image_answer)                                                                                \
    X(image_count)                                                                                 \
    X(image_put)                                                                                   \
    X(image_uncount)                                                                               \
    X(isa_clear)                                                                                   \
    X(isa_insert)                                                                                  \
    X(item_absolve)                                                                                \
    X(item_crash)                                                                                  \
    X(item_expect)                                                                                 \
    X(item_find)                                                                                   \
    X(item_get)                                                                                    \
    X(item_insert)                                                                                 \
    X(item_last)                                                                                   \
    X(item_picture)                                                                                \
    X(item_pin)                                                                                    \
    X(item_unpin)                                                                                  \
    X(job_bury)                                                                                    \
    X(job_due)                                                                                     \
    X(job_finish)                                                                                  \
    X(job_insert)                                                                                  \
    X(job_lease)                                                                                   \
    X(job_next_due)                                                                                \
    X(job_open)                                                                                    \
    X(job_record)                                                                                  \
    X(job_release)                                                                                 \
    X(job_retry)                                                                                   \
    X(label_find)                                                                                  \
    X(label_found)                                                                                 \
    X(label_insert)                                                                                \
    X(live_clear)                                                                                  \
    X(live_insert)                                                                                 \
    X(producer_find)                                                                               \
    X(producer_insert)                                                                             \
    X(result_insert)                                                                               \
    X(run_find)                                                                                    \
    X(run_flush)                                                                                   \
    X(run_insert)                                                                                  \
    X(session_end)                                                                                 \
    X(session_last)                                                                                \
    X(session_start)                                                                               \
    X(summary_cell)                                                                                \
    X(summary_latency)                                                                             \
    X(summary_names)                                                                               \
    X(summary_pair)                                                                                \
    X(summary_targets)                                                                             \
    X(summary_texts)                                                                               \
    X(synset_above)                                                                                \
    X(synset_below)                                                                                \
    X(synset_clear)                                                                                \
    X(synset_find)                                                                                 \
    X(synset_insert)                                                                               \
    X(tally_add)                                                                                   \
    X(throughput_add)                                                                              \
    X(tally_create)                                                                                \
    X(tally_release)                                                                               \
    X(target_find)                                                                                 \
    X(target_get)                                                                                  \
    X(target_insert)

enum statement {
#define X(name) STATEMENT_##name,
    STATEMENT_MAP(X)
#undef X
        STATEMENT_COUNT
};

/* The file's name without ".sql". Any thread. */
const char *statement_name(enum statement statement);

/* One parameter. Text is read until the statement is reset and not copied; NULL text is SQL NULL.
 */
struct bind {
    enum { BIND_NULL, BIND_INTEGER, BIND_REAL, BIND_TEXT } kind;
    int64_t integer;
    double real;
    const char *text;
};
#define INTEGER(value) ((struct bind){.kind = BIND_INTEGER, .integer = (int64_t)(value)})
#define REAL(value) ((struct bind){.kind = BIND_REAL, .real = (value)})
#define TEXT(value) ((struct bind){.kind = BIND_TEXT, .text = (value)})
#define NOTHING ((struct bind){.kind = BIND_NULL})

/* The parameters ?1, ?2, ... of a call. */
#define BINDS(...)                                                                                 \
    (const struct bind[]){__VA_ARGS__},                                                            \
        sizeof((const struct bind[]){__VA_ARGS__}) / sizeof(struct bind)

/* Binds `count` parameters; *out is ready to be stepped. */
enum status statement_bind(struct store *store, enum statement statement, const struct bind *binds,
                           size_t count, sqlite3_stmt **out, struct error *error) MUST_CHECK;

/* Steps once: STATUS_OK with a row, STATUS_NO at the end (and resets then). */
enum status statement_step(struct store *store, sqlite3_stmt *stmt, struct error *error) MUST_CHECK;

/* Binds, runs to the end and resets. *changes (may be NULL): rows inserted, updated or deleted. */
enum status statement_run(struct store *store, enum statement statement, const struct bind *binds,
                          size_t count, int64_t *changes, struct error *error) MUST_CHECK;

/* Binds, reads the first column of the first row as an integer, resets. STATUS_NO without a row. */
enum status statement_integer(struct store *store, enum statement statement,
                              const struct bind *binds, size_t count, int64_t *value,
                              struct error *error) MUST_CHECK;

/* Text of a column; NULL for SQL NULL. Lives until the next step or reset. */
const char *statement_text(sqlite3_stmt *stmt, int column);

/* Finalizes all of them. */
void statement_free_all(struct store *store);

#endif
