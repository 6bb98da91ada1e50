#include "common/store/store.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "common/store/import.h"
#include "common/store/sql.h"
#include "common/store/statement.h"
#include "tests/lib/store_fixture.h"

/* A database with jobs 1/1 done, 2/1 failed, 3/1 pending, 4/1 leased and a second target. */
static int setup(void **state)
{
    static struct store_fixture fixture;
    char sha256[65];
    fixture_open(&fixture, STORE_DAEMON);
    fixture_enqueue(fixture.store, "r", 1, 4, 2);
    struct store_batch batch = fixture_lease(fixture.store, 4);
    assert_int_equal(batch.count, 4);
    struct store_outcome outcomes[3] = {
        fixture_done(&batch.items[0].jobs[0], fixture_sha256(1, sha256)),
        fixture_failed(&batch.items[1].jobs[0], OUTCOME_FAILED, REASON_html),
        {.job = batch.items[2].jobs[0], .kind = OUTCOME_RELEASE},
    };
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(fixture_commit(fixture.store, &outcomes[i]), 0);
    store_batch_free(&batch);
    assert_int_equal(fixture_fsck(fixture.store, NULL), 0);
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    fixture_close(*state);
    return 0;
}

/* Changes the file behind the store's back, against all its rules. */
static void damage(struct store_fixture *fixture, const char *text)
{
    sqlite3 *db;
    char *message = NULL;
    assert_int_equal(sqlite3_open(fixture->path, &db), SQLITE_OK);
    sqlite3_exec(db, "PRAGMA ignore_check_constraints = ON", NULL, NULL, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 0, NULL);
    if (sqlite3_exec(db, text, NULL, NULL, &message) != SQLITE_OK)
        fail_msg("%s", message);
    sqlite3_close(db);
}

static void find(void *context, const char *line)
{
    char *lines = context;
    size_t used = strlen(lines);
    snprintf(lines + used, 4096 - used, "%s\n", line);
}

static void damage_is_found(void **state, const char *text, const char *expected)
{
    struct store_fixture *fixture = *state;
    char lines[4096] = "";
    struct store_fsck totals;
    struct error error = {""};
    damage(fixture, text);
    if (store_fsck(fixture->store, find, lines, &totals, &error))
        fail_msg("%s", error.text);
    assert_true(totals.problems > 0);
    if (!strstr(lines, expected))
        fail_msg("no \"%s\" in: %s", expected, lines);
}

static void an_accounting_that_does_not_balance_is_found(void **state)
{
    damage_is_found(state, "UPDATE tally SET done = done + 1",
                    "run 1 target 1: 4 enqueued is not 1 pending + 1 leased + 2 done + 1 failed");
}

static void reasons_that_differ_from_a_recount_are_found(void **state)
{
    damage_is_found(
        state, "UPDATE blame SET jobs = 7, waiting = 2",
        "run 1 target 1 reason html: 7 failed and 2 waiting, but a recount finds 1 and 0");
}

static void reasons_without_accounting_are_found(void **state)
{
    damage_is_found(state, "DELETE FROM blame",
                    "run 1 target 1 reason html: failures without accounting");
}

static void an_accounting_that_differs_from_a_recount_is_found(void **state)
{
    damage_is_found(state, "UPDATE tally SET done = done + 1, enqueued = enqueued + 1",
                    "run 1 target 1: the accounting differs from a recount");
}

static void jobs_without_accounting_are_found(void **state)
{
    damage_is_found(state, "DELETE FROM tally", "run 1 target 1: jobs without accounting");
}

static void a_state_that_does_not_exist_is_found(void **state)
{
    damage_is_found(state, "UPDATE job SET state = 7 WHERE item_id = 3 AND target_id = 1",
                    "job 3/1: state 7 is none of the four");
}

static void a_job_without_url_is_found(void **state)
{
    damage_is_found(state, "DELETE FROM item WHERE id = 3",
                    "job 3/1: its URL or target is missing");
}

static void a_done_job_without_result_is_found(void **state)
{
    damage_is_found(state, "DELETE FROM result", "job 1/1: done without a result");
}

static void a_result_of_a_job_that_is_not_done_is_found(void **state)
{
    damage_is_found(state, "UPDATE job SET state = 0 WHERE item_id = 1 AND target_id = 1",
                    "result 1/1: its job is pending");
}

static void a_result_without_a_job_is_found(void **state)
{
    damage_is_found(state, "DELETE FROM job WHERE item_id = 1 AND target_id = 1",
                    "result 1/1: its job is missing");
}

static void a_failed_job_without_reason_is_found(void **state)
{
    damage_is_found(state, "DELETE FROM failure", "job 2/1: failed without a reason");
}

static void a_reason_of_a_done_job_is_found(void **state)
{
    damage_is_found(state, "UPDATE failure SET item_id = 1", "failure 1/1: its job is done");
}

static void a_lease_of_nobody_is_found(void **state)
{
    damage_is_found(state, "UPDATE job SET owner = NULL WHERE item_id = 4 AND target_id = 1",
                    "job 4/1: leased by nobody");
}

static void a_token_that_is_too_small_is_found(void **state)
{
    damage_is_found(state, "UPDATE job SET attempt = 0 WHERE item_id = 4 AND target_id = 1",
                    "job 4/1: token 0 is too small");
}

static void a_result_with_an_old_token_is_found(void **state)
{
    damage_is_found(state, "UPDATE job SET attempt = 5 WHERE item_id = 1 AND target_id = 1",
                    "result 1/1: token 1 is not the job's newest, 5");
}

static void a_result_without_producer_is_found(void **state)
{
    damage_is_found(state, "UPDATE producer SET backend = ''",
                    "result 1/1: does not say what produced it");
}

static void a_result_without_picture_is_found(void **state)
{
    damage_is_found(state, "UPDATE image SET sha256 = 'x'",
                    "result 1/1: does not name its picture");
}

static void a_result_about_other_bytes_is_found(void **state)
{
    damage_is_found(state,
                    "INSERT INTO image (run_id, sha256, bytes, width, height) "
                    "SELECT 1, printf('%064d', 77), 1, 1, 1; UPDATE result SET image_id = 2",
                    "result 1/1: is about other bytes");
}

/* Two more URLs, 5 and 6, with an answer each that was recorded elsewhere, by target 3. */
static void import_two(struct store_fixture *fixture)
{
    static const struct store_import_source source = {
        .run = "r",
        .target = {"alexnet", "", "caffe", "", "import"},
        .producer = {.backend = "import", .detail = "imported from a test"},
    };
    struct store_import *import;
    assert_int_equal(store_import_begin(fixture->store, &source, &import, NULL), STATUS_OK);
    for (int i = 0; i < 2; i++) {
        const struct store_answer answer = {
            .url = i ? "x:6" : "x:5", .count = 1, .entries = {{"brown bear", 0.5}}};
        assert_int_equal(store_import_add(import, &answer, NULL), STATUS_OK);
    }
    assert_int_equal(store_import_flush(import, NULL, NULL), STATUS_OK);
    store_import_end(import);
    assert_int_equal(fixture_fsck(fixture->store, NULL), 0);
}

static void what_is_imported_and_names_a_picture_is_found(void **state)
{
    import_two(*state);
    damage_is_found(state, "UPDATE result SET image_id = 1 WHERE item_id = 5",
                    "result 5/3: was recorded elsewhere, but names a picture");
}

static void an_answer_in_the_place_of_a_picture_is_found(void **state)
{
    damage_is_found(state, "UPDATE image SET kind = 'answer'",
                    "result 1/1: an answer stands in the place of its picture");
}

static void a_wrong_number_of_equal_answers_is_found(void **state)
{
    import_two(*state);
    damage_is_found(state, "UPDATE image SET urls = 3 WHERE kind = 'answer'",
                    "3 URLs noted, 2 counted");
}

static void an_import_under_another_backend_is_found(void **state)
{
    import_two(*state);
    damage_is_found(state, "UPDATE target SET backend = 'local' WHERE id = 3",
                    "result 5/3: answered by import for a target of local");
}

static void a_missing_class_index_is_found(void **state)
{
    damage_is_found(state, "UPDATE result SET class2 = -1",
                    "result 1/1: class index 294, -1, 296 of an answer by local");
}

static void an_imported_job_that_waits_is_found(void **state)
{
    import_two(*state);
    damage_is_found(state, "UPDATE job SET state = 0 WHERE item_id = 5",
                    "job 5/3: waits for what was recorded elsewhere");
}

static void a_wrong_number_of_urls_of_a_picture_is_found(void **state)
{
    damage_is_found(state, "UPDATE image SET urls = 9", "9 URLs noted, 1 counted");
}

static void a_reference_to_nothing_is_found(void **state)
{
    damage_is_found(state, "UPDATE result SET label2 = 999",
                    "table result: a row refers to a row of label that is missing");
}

/* The page at which the index of the labels begins. */
static long index_page(const char *path)
{
    sqlite3 *db;
    sqlite3_stmt *stmt;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db,
                                        "SELECT rootpage FROM sqlite_schema "
                                        "WHERE name = 'sqlite_autoindex_label_1'",
                                        -1, &stmt, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    long page = (long)sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    return page;
}

static void a_damaged_file_is_found(void **state)
{
    struct store_fixture *fixture = *state;
    static const char zeros[4096];
    char lines[4096] = "";
    struct store_fsck totals;
    store_close(fixture->store);
    fixture->store = NULL;
    long page = index_page(fixture->path);
    int descriptor = open(fixture->path, O_RDWR);
    assert_int_equal(pwrite(descriptor, zeros, sizeof zeros, (page - 1) * 4096), sizeof zeros);
    close(descriptor);
    fixture_reopen(fixture, STORE_READ);
    assert_int_equal(store_fsck(fixture->store, find, lines, &totals, NULL), STATUS_OK);
    assert_true(totals.problems > 0);
    assert_non_null(strstr(lines, "file: "));
}

static void at_most_a_thousand_problems_are_told(void **state)
{
    struct store_fixture *fixture = *state;
    char lines[4096] = "";
    struct store_fsck totals;
    fixture_enqueue(fixture->store, "r", 100, 3000, 1);
    damage(fixture, "UPDATE job SET state = 7 WHERE item_id > 4");
    assert_int_equal(store_fsck(fixture->store, find, lines, &totals, NULL), STATUS_OK);
    assert_int_equal(totals.problems, 1000);
}

/* ---- statements ----------------------------------------------------------------------------- */

static bool is_declared(const char *name)
{
    for (int i = 0; i < STATEMENT_COUNT; i++)
        if (strcmp(statement_name((enum statement)i), name) == 0)
            return true;
    return strncmp(name, "fsck_", 5) == 0;
}

static void every_statement_is_used_and_every_used_one_exists(void **state)
{
    (void)state;
    size_t named = 0;
    for (size_t i = 0; i < sql_statements_count; i++) {
        if (!is_declared(sql_statements[i].name))
            fail_msg("%s.sql is not used", sql_statements[i].name);
        for (int j = 0; j < STATEMENT_COUNT; j++)
            named += strcmp(statement_name((enum statement)j), sql_statements[i].name) == 0;
    }
    assert_int_equal(named, STATEMENT_COUNT);
}

/* Reading from one end and stopping at the first row, a partial index that holds only what is
 * wanted, what is above or below one synset, tables with a row per run and target or per start of
 * the daemon, and fsck and summaries, whose purpose it is to read everything. */
static bool may_scan(const char *name, const char *step)
{
    static const struct {
        const char *name, *step;
    } allowed[] = {
        {"job_next_due", "SCAN job USING INDEX job_pending"},
        {"job_release", "SCAN job USING INDEX job_leased"},
        {"session_last", "SCAN session"},
        {"backlog", "SCAN tally"},
        {"synset_above", "SCAN CONSTANT ROW"},
        {"synset_above", "SCAN above"},
        {"synset_above", "USE TEMP B-TREE FOR GROUP BY"},
        {"synset_above", "USE TEMP B-TREE FOR ORDER BY"},
        {"synset_below", "SCAN below"},
        {"tally_release", "SCAN tally"},
        {"failure_find", "SCAN json_each VIRTUAL TABLE INDEX 1:"},
        {"job_due", "SCAN json_each VIRTUAL TABLE INDEX 1:"},
        {"job_lease", "SCAN json_each VIRTUAL TABLE INDEX 1:"},
    };
    for (size_t i = 0; i < sizeof allowed / sizeof allowed[0]; i++)
        if (strcmp(allowed[i].name, name) == 0 && strcmp(allowed[i].step, step) == 0)
            return true;
    return strncmp(name, "fsck_", 5) == 0 || strncmp(name, "summary_", 8) == 0;
}

static void plan_is_good(sqlite3 *db, const struct text_file *statement)
{
    sqlite3_stmt *stmt;
    char *text = sqlite3_mprintf("EXPLAIN QUERY PLAN %s", statement->text);
    if (sqlite3_prepare_v2(db, text, -1, &stmt, NULL) != SQLITE_OK)
        fail_msg("%s: %s", statement->name, sqlite3_errmsg(db));
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        const char *step = (const char *)sqlite3_column_text(stmt, 3);
        bool bad = strncmp(step, "SCAN", 4) == 0 || strstr(step, "TEMP B-TREE");
        if (bad && !may_scan(statement->name, step))
            fail_msg("%s: %s", statement->name, step);
    }
    sqlite3_finalize(stmt);
    sqlite3_free(text);
}

static void no_statement_scans_what_grows(void **state)
{
    struct store_fixture *fixture = *state;
    sqlite3 *db;
    assert_int_equal(sqlite3_open(fixture->path, &db), SQLITE_OK);
    for (size_t i = 0; i < sql_statements_count; i++)
        plan_is_good(db, &sql_statements[i]);
    sqlite3_close(db);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(an_accounting_that_does_not_balance_is_found),
        TEST(an_accounting_that_differs_from_a_recount_is_found),
        TEST(reasons_that_differ_from_a_recount_are_found),
        TEST(reasons_without_accounting_are_found),
        TEST(jobs_without_accounting_are_found),
        TEST(a_state_that_does_not_exist_is_found),
        TEST(a_job_without_url_is_found),
        TEST(a_done_job_without_result_is_found),
        TEST(a_result_of_a_job_that_is_not_done_is_found),
        TEST(a_result_without_a_job_is_found),
        TEST(a_failed_job_without_reason_is_found),
        TEST(a_reason_of_a_done_job_is_found),
        TEST(a_lease_of_nobody_is_found),
        TEST(a_token_that_is_too_small_is_found),
        TEST(a_result_with_an_old_token_is_found),
        TEST(a_result_without_producer_is_found),
        TEST(a_result_without_picture_is_found),
        TEST(a_result_about_other_bytes_is_found),
        TEST(a_wrong_number_of_urls_of_a_picture_is_found),
        TEST(what_is_imported_and_names_a_picture_is_found),
        TEST(an_answer_in_the_place_of_a_picture_is_found),
        TEST(a_wrong_number_of_equal_answers_is_found),
        TEST(an_import_under_another_backend_is_found),
        TEST(a_missing_class_index_is_found),
        TEST(an_imported_job_that_waits_is_found),
        TEST(a_reference_to_nothing_is_found),
        TEST(a_damaged_file_is_found),
        TEST(at_most_a_thousand_problems_are_told),
        TEST(every_statement_is_used_and_every_used_one_exists),
        TEST(no_statement_scans_what_grows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
