#include "tests/lib/store_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

const struct store_target fixture_targets[2] = {
    {"alexnet", "1.0", "caffe", "1.0", "auto"},
    {"alexnet", "1.0", "tensorflow", "1.4", "auto"},
};

static void must(enum status status, const struct error *error)
{
    if (status)
        fail_msg("%s: %s", status_text(status), error->text);
}

void fixture_directory(struct store_fixture *fixture)
{
    *fixture = (struct store_fixture){.directory = "/tmp/carmlbench-store-XXXXXX"};
    assert_non_null(mkdtemp(fixture->directory));
    snprintf(fixture->path, sizeof fixture->path, "%s/test.db", fixture->directory);
}

void fixture_open(struct store_fixture *fixture, enum store_mode mode)
{
    struct error error = {""};
    fixture_directory(fixture);
    must(store_open(fixture->path, mode, &fixture->store, NULL, &error), &error);
}

void fixture_reopen(struct store_fixture *fixture, enum store_mode mode)
{
    struct error error = {""};
    store_close(fixture->store);
    must(store_open(fixture->path, mode, &fixture->store, NULL, &error), &error);
}

void fixture_close(struct store_fixture *fixture)
{
    char command[128];
    store_close(fixture->store);
    snprintf(command, sizeof command, "rm -rf '%s'", fixture->directory);
    assert_int_equal(system(command), 0);
}

int fixture_setup(void **state)
{
    static struct store_fixture fixture;
    fixture_open(&fixture, STORE_DAEMON);
    *state = &fixture;
    return 0;
}

int fixture_teardown(void **state)
{
    fixture_close(*state);
    return 0;
}

int64_t fixture_ask(const struct store_fixture *fixture, const char *sql)
{
    sqlite3 *db;
    sqlite3_stmt *stmt;
    assert_int_equal(sqlite3_open(fixture->path, &db), SQLITE_OK);
    if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    int64_t value = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    return value;
}

struct store_enqueue_counts fixture_enqueue(struct store *store, const char *run, unsigned first,
                                            unsigned count, size_t targets)
{
    struct error error = {""};
    struct store_enqueue *enqueue;
    struct store_enqueue_counts counts;
    must(store_enqueue_begin(store, run, fixture_targets, targets, &enqueue, &error), &error);
    for (unsigned i = 0; i < count; i++) {
        char url[64];
        snprintf(url, sizeof url, "http://host.example/%u.jpg", first + i);
        const struct store_entry entry = {url, "n02131653", "bear"};
        must(store_enqueue_add(enqueue, &entry, &error), &error);
    }
    must(store_enqueue_flush(enqueue, &counts, &error), &error);
    store_enqueue_end(enqueue);
    return counts;
}

struct store_batch fixture_lease(struct store *store, size_t items)
{
    struct error error = {""};
    struct store_batch batch;
    must(store_lease(store, items, 1000, &batch, &error), &error);
    return batch;
}

const char *fixture_sha256(unsigned number, char text[65])
{
    snprintf(text, 65, "%064x", number);
    return text;
}

struct store_outcome fixture_done(const struct store_job *job, const char *sha256)
{
    return (struct store_outcome){
        .job = *job,
        .kind = OUTCOME_DONE,
        .picture = {.sha256 = sha256,
                    .kind = "jpeg",
                    .bytes = 4000,
                    .width = 500,
                    .height = 375,
                    .http_status = 200,
                    .fetch_ms = 12.5,
                    .validate_ms = 3.5},
        .producer = {.backend = "local",
                     .detail = "engine 1, reference kernels",
                     .manifest_sha256 = "m",
                     .model_sha256 = "w",
                     .preprocessing = "generation B"},
        .sent_as = "local",
        .predict_ms = 40.25,
        .prediction_count = 3,
        .predictions = {{294, 0.7, "n02132136 brown bear, bruin, Ursus arctos"},
                        {295, 0.2, "n02133161 American black bear"},
                        {296, 0.1, "n02134084 ice bear, polar bear"}},
    };
}

struct store_outcome fixture_failed(const struct store_job *job, enum store_outcome_kind kind,
                                    enum reason reason)
{
    return (struct store_outcome){.job = *job,
                                  .kind = kind,
                                  .picture = {.http_status = 404, .fetch_ms = 5.0},
                                  .reason = reason,
                                  .detail = "as the test wants it",
                                  .due_ms = 5000};
}

uint64_t fixture_commit(struct store *store, const struct store_outcome *outcome)
{
    struct error error = {""};
    uint64_t stale = 0;
    must(store_commit(store, outcome, 1, &stale, &error), &error);
    return stale;
}

static void print_problem(void *context, const char *line)
{
    (void)context;
    print_message("fsck: %s\n", line);
}

uint64_t fixture_fsck(struct store *store, struct store_fsck *totals)
{
    struct error error = {""};
    struct store_fsck local;
    struct store_fsck *out = totals ? totals : &local;
    must(store_fsck(store, print_problem, NULL, out, &error), &error);
    return out->problems;
}
