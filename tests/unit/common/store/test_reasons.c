#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "common/store/sql.h"
#include "common/store/store.h"
#include "tests/lib/store_fixture.h"

/* Rows of the view, as "run|state|stage|reason|count|", and what they add up to. */
struct sum {
    uint64_t rows, jobs;
    char text[1024];
};

static int add_row(void *context, size_t columns, const char *const *names,
                   const struct store_value *values)
{
    struct sum *sum = context;
    (void)names;
    assert_int_equal(columns, 5);
    sum->rows++;
    sum->jobs += (uint64_t)values[4].integer;
    size_t used = strlen(sum->text);
    snprintf(sum->text + used, sizeof sum->text - used, "%s|%s|%s|%s|%lld|", values[0].text,
             values[1].text, values[2].text, values[3].text, (long long)values[4].integer);
    return 0;
}

static void reasons_are(struct store *store, const char *expected)
{
    struct sum sum = {0};
    struct error error;
    if (store_rows(store, "reasons", NULL, add_row, &sum, &error))
        fail_msg("%s", error.text);
    assert_string_equal(sum.text, expected);
}

/* Each way that a job with a reason can go, and what the view says on it. */
static void a_reason_follows_its_job(void **state)
{
    struct store_fixture *fixture = *state;
    struct store *store = fixture->store;
    struct error error;
    uint64_t count;
    fixture_enqueue(store, "r", 0, 1, 1);
    struct store_batch batch = fixture_lease(store, 1);
    struct store_outcome outcome =
        fixture_failed(&batch.items[0].jobs[0], OUTCOME_RETRY, REASON_bad_answer);
    outcome.due_ms = 0; /* tried again at once, and no less waiting */
    fixture_commit(store, &outcome);
    store_batch_free(&batch);
    reasons_are(store, "r|pending|predict|bad_answer|1|");
    batch = fixture_lease(store, 1);
    reasons_are(store, "r|leased|predict|bad_answer|1|");
    outcome = (struct store_outcome){.job = batch.items[0].jobs[0], .kind = OUTCOME_RELEASE};
    fixture_commit(store, &outcome);
    store_batch_free(&batch);
    reasons_are(store, "r|pending|predict|bad_answer|1|");
    batch = fixture_lease(store, 1);
    outcome = fixture_failed(&batch.items[0].jobs[0], OUTCOME_RETRY, REASON_dns_failed);
    fixture_commit(store, &outcome);
    store_batch_free(&batch);
    reasons_are(store, "r|pending|fetch|dns_failed|1|");
    assert_int_equal(store_lease(store, 1, 9000, &batch, &error), STATUS_OK);
    store_batch_free(&batch);
    fixture_reopen(fixture, STORE_DAEMON); /* takes the lease back */
    store = fixture->store;
    reasons_are(store, "r|pending|fetch|dns_failed|1|");
    assert_int_equal(store_lease(store, 1, 9000, &batch, &error), STATUS_OK);
    outcome = fixture_failed(&batch.items[0].jobs[0], OUTCOME_FAILED, REASON_dns_failed);
    fixture_commit(store, &outcome);
    store_batch_free(&batch);
    reasons_are(store, "r|failed|fetch|dns_failed|1|");
    assert_int_equal(fixture_fsck(store, NULL), 0);
    assert_int_equal(store_retry(store, NULL, NULL, 0, &count, &error), STATUS_OK);
    reasons_are(store, "");
    assert_int_equal(fixture_fsck(store, NULL), 0);
}

static void a_picture_set_aside_takes_its_reason_along(void **state)
{
    struct store_fixture *fixture = *state;
    struct error error;
    fixture_enqueue(fixture->store, "r", 0, 1, 2);
    struct store_batch batch = fixture_lease(fixture->store, 1);
    struct store_outcome retry =
        fixture_failed(&batch.items[0].jobs[1], OUTCOME_RETRY, REASON_bad_answer);
    fixture_commit(fixture->store, &retry);
    for (int i = 0; i < 3; i++)
        assert_int_equal(store_count_crash(fixture->store, batch.items[0].id, NULL, &error),
                         STATUS_OK);
    store_batch_free(&batch);
    reasons_are(fixture->store, "r|failed|validate|crashed|2|");
    assert_int_equal(fixture_fsck(fixture->store, NULL), 0);
}

/* More pairs of target and reason than a transaction holds back. */
static void every_reason_is_counted(void **state)
{
    struct store_fixture *fixture = *state;
    struct error error;
    uint64_t count;
    struct store_outcome outcomes[2 * REASON_COUNT];
    fixture_enqueue(fixture->store, "r", 0, REASON_COUNT, 2);
    struct store_batch batch = fixture_lease(fixture->store, REASON_COUNT);
    assert_int_equal(batch.count, REASON_COUNT);
    for (size_t i = 0; i < REASON_COUNT; i++)
        for (size_t j = 0; j < 2; j++)
            outcomes[2 * i + j] =
                fixture_failed(&batch.items[i].jobs[j], OUTCOME_FAILED, (enum reason)i);
    assert_int_equal(
        store_commit(fixture->store, outcomes, (size_t)(2 * REASON_COUNT), NULL, &error),
        STATUS_OK);
    store_batch_free(&batch);
    struct sum sum = {0};
    assert_int_equal(store_rows(fixture->store, "reasons", "r", add_row, &sum, &error), STATUS_OK);
    assert_int_equal(sum.rows, REASON_COUNT);
    assert_int_equal(sum.jobs, 2 * REASON_COUNT);
    assert_int_equal(fixture_fsck(fixture->store, NULL), 0);
    assert_int_equal(store_retry(fixture->store, "r", NULL, 0, &count, &error), STATUS_OK);
    assert_int_equal(count, 2 * REASON_COUNT);
    reasons_are(fixture->store, "");
    assert_int_equal(fixture_fsck(fixture->store, NULL), 0);
}

/* A file of the first schema: one job failed, one waits, one waits no more. */
static void reasons_of_an_older_database_are_counted(void **state)
{
    struct store_fixture *fixture = *state;
    sqlite3 *db;
    char *message = NULL;
    static const char content[] =
        "INSERT INTO session VALUES (1, 1, 0, 0);"
        "INSERT INTO run (id, name, created_ms) VALUES (1, 'r', 0);"
        "INSERT INTO target VALUES (1, 'alexnet', '', 'caffe', '', 'auto');"
        "INSERT INTO item (id, run_id, url) VALUES (1, 1, 'a'), (2, 1, 'b'), (3, 1, 'c');"
        "INSERT INTO job VALUES (1, 1, 3, 1, 1, 0, NULL), (2, 1, 0, 1, 1, 0, NULL),"
        " (3, 1, 0, 0, 0, 0, NULL);"
        "INSERT INTO tally VALUES (1, 1, 3, 2, 0, 0, 1);"
        "INSERT INTO failure (item_id, target_id, stage, reason, failed_ms) VALUES"
        " (1, 1, 'validate', 'html', 0), (2, 1, 'fetch', 'dns_failed', 0);"
        "PRAGMA user_version = 1;";
    store_close(fixture->store);
    fixture->store = NULL;
    assert_int_equal(unlink(fixture->path), 0);
    assert_int_equal(sqlite3_open(fixture->path, &db), SQLITE_OK);
    const char *const parts[] = {sql_migrations[0].text, content};
    for (size_t i = 0; i < 2; i++)
        if (sqlite3_exec(db, parts[i], NULL, NULL, &message) != SQLITE_OK)
            fail_msg("%s", message);
    sqlite3_close(db);
    fixture_reopen(fixture, STORE_DAEMON);
    reasons_are(fixture->store, "r|pending|fetch|dns_failed|1|r|failed|validate|html|1|");
    assert_int_equal(fixture_fsck(fixture->store, NULL), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_reason_follows_its_job),
        TEST(a_picture_set_aside_takes_its_reason_along),
        TEST(every_reason_is_counted),
        TEST(reasons_of_an_older_database_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
