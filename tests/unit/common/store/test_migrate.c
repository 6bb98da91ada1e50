/* A database of an earlier schema is brought up to date and keeps what it knew. */
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "common/store/sql.h"
#include "tests/lib/store_fixture.h"

static void execute(sqlite3 *db, const char *text)
{
    char *message = NULL;
    if (sqlite3_exec(db, text, NULL, NULL, &message) != SQLITE_OK)
        fail_msg("%s: %s", message, text);
}

/* First column of the first row. */
static void answers(const struct store_fixture *fixture, const char *text, const char *expected)
{
    sqlite3 *db;
    sqlite3_stmt *stmt;
    assert_int_equal(sqlite3_open(fixture->path, &db), SQLITE_OK);
    if (sqlite3_prepare_v2(db, text, -1, &stmt, NULL) != SQLITE_OK)
        fail_msg("%s: %s", text, sqlite3_errmsg(db));
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    assert_string_equal((const char *)sqlite3_column_text(stmt, 0), expected);
    sqlite3_finalize(stmt);
    sqlite3_close(db);
}

/* Three answered URLs that expect a synset, a text and both, one that expects nothing and failed.
 * Two labels name one class. */
static const char rows[] =
    "INSERT INTO run (id, name, created_ms) VALUES (1, 'r', 0);"
    "INSERT INTO target VALUES (1, 'alexnet', '', 'caffe', '', 'auto');"
    "INSERT INTO image VALUES (1, 1, hex(zeroblob(32)), 'jpeg', 1, 1, 1, 3, 0);"
    "INSERT INTO item VALUES (1, 1, 'http://a/1', 'n02131653', NULL, 1, 0),"
    " (2, 1, 'http://a/2', NULL, 'bear', 1, 0), (3, 1, 'http://a/3', 'n02131653', 'bear', 1, 0),"
    " (4, 1, 'http://a/4', NULL, NULL, NULL, 0);"
    "INSERT INTO label VALUES (1, 'n02131653 bear', 'n02131653', 'bear'),"
    " (2, 'n02131653 a bear', 'n02131653', 'a bear'), (3, 'mop', NULL, 'mop');"
    "INSERT INTO producer VALUES (1, 'local', '', '', '', '');"
    "INSERT INTO job VALUES (1, 1, 2, 1, 1, 0, NULL), (2, 1, 2, 1, 1, 0, NULL),"
    " (3, 1, 2, 1, 1, 0, NULL), (4, 1, 3, 1, 1, 0, NULL);"
    "INSERT INTO result (item_id, target_id, attempt, producer_id, image_id, sent_as, fetch_ms,"
    " validate_ms, predict_ms, completed_ms, class1, label1, probability1)"
    " VALUES (1, 1, 1, 1, 1, 'local', 1, 1, 1, 1, 0, 1, 0.5),"
    " (2, 1, 1, 1, 1, 'local', 1, 1, 1, 1, 0, 2, 0.5),"
    " (3, 1, 1, 1, 1, 'local', 1, 1, 1, 1, 0, 3, 0.5);"
    "INSERT INTO failure (item_id, target_id, stage, reason, failed_ms)"
    " VALUES (4, 1, 'fetch', 'http_not_found', 1);"
    "INSERT INTO tally VALUES (1, 1, 4, 0, 0, 3, 1);"
    "INSERT INTO isa VALUES ('n02132136', 'n02131653');"
    "CREATE VIEW accuracy AS SELECT expect_wnid FROM item;"
    "CREATE VIEW comparison AS SELECT expect_text, child FROM item, isa;";

static int setup(void **state)
{
    static struct store_fixture fixture;
    sqlite3 *db;
    fixture_directory(&fixture);
    assert_int_equal(sqlite3_open(fixture.path, &db), SQLITE_OK);
    execute(db, sql_migrations[0].text);
    execute(db, "PRAGMA user_version = 1");
    execute(db, rows);
    sqlite3_close(db);
    fixture_reopen(&fixture, STORE_CLIENT);
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    fixture_close(*state);
    return 0;
}

static void expectations_are_kept_each_once(void **state)
{
    answers(*state,
            "SELECT group_concat(ifnull(wnid, '-') || '/' || ifnull(text, '-'), ' ') "
            "FROM (SELECT wnid, text FROM item LEFT JOIN expectation "
            "ON expectation.id = expectation_id ORDER BY item.id)",
            "n02131653/- -/bear n02131653/bear -/-");
    answers(*state, "SELECT count(*) FROM expectation", "3");
}

static void labels_of_one_synset_become_one_class(void **state)
{
    answers(*state, "SELECT group_concat(class_id) FROM (SELECT class_id FROM label ORDER BY id)",
            "1,1,3");
}

static void failures_are_counted_by_reason(void **state)
{
    answers(*state, "SELECT group_concat(stage || reason || jobs) FROM blame",
            "fetchhttp_not_found1");
}

static void hypernyms_stay_and_scores_follow(void **state)
{
    answers(*state, "SELECT parent FROM isa WHERE child = 'n02132136'", "n02131653");
    answers(*state,
            "SELECT group_concat(correct) FROM (SELECT correct FROM scores "
            "WHERE scoring = 'isa' ORDER BY url)",
            "1,0");
}

static void the_books_balance(void **state)
{
    const struct store_fixture *fixture = *state;
    assert_int_equal(fixture_fsck(fixture->store, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(expectations_are_kept_each_once),
        cmocka_unit_test(labels_of_one_synset_become_one_class),
        cmocka_unit_test(failures_are_counted_by_reason),
        cmocka_unit_test(hypernyms_stay_and_scores_follow),
        cmocka_unit_test(the_books_balance),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
