/* The worked queries of docs/SQL.md: each runs, and has something to say about a run in which
 * everything happened that they ask for. */
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/store/sql.h"
#include "tests/lib/store_fixture.h"

enum { URLS = 40, PLACEHOLDERS = 12, DUPLICATES = 2, MOPS = 27, TEDDY, FAILED };

/* What target `framework` says about URL `i`. */
static struct store_outcome answer(const struct store_job *job, unsigned i, size_t framework,
                                   char sha256[65])
{
    unsigned picture = i < PLACEHOLDERS ? 1000 : i < PLACEHOLDERS + DUPLICATES ? 2000 : i;
    struct store_outcome done = fixture_done(job, fixture_sha256(picture, sha256));
    if (i >= FAILED)
        return fixture_failed(job, OUTCOME_FAILED, REASON_http_not_found);
    if (i == TEDDY)
        done.predictions[0] = (struct store_prediction){850, 0.9, "n04399382 teddy, teddy bear"};
    else if (i > 20 && i <= MOPS && framework == 0)
        done.predictions[0] = (struct store_prediction){840, 0.6, "n04367480 mop"};
    return done;
}

/* What the whole run needs is less than a quarter of this for any query; one that looks at all rows
 * for each row needs several times as much. */
enum { STEPS = 1000, STEPS_MOST = 400 };

/* True stops the statement. */
static int count_steps(void *context)
{
    int *thousands = context;
    return ++*thousands > STEPS_MOST;
}

/* Runs one or more statements as a user with the sqlite3 shell would; *rows: of all of them. */
static void execute(const struct store_fixture *fixture, const char *text, int *rows)
{
    int thousands = 0;
    sqlite3 *db;
    sqlite3_stmt *stmt;
    assert_int_equal(sqlite3_open(fixture->path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 10000);
    sqlite3_progress_handler(db, STEPS, count_steps, &thousands);
    for (*rows = 0; *text;) {
        if (sqlite3_prepare_v2(db, text, -1, &stmt, &text) != SQLITE_OK)
            fail_msg("%s: %s", text, sqlite3_errmsg(db));
        int rc;
        while ((rc = sqlite3_step(stmt)) == SQLITE_ROW)
            ++*rows;
        if (rc != SQLITE_DONE)
            fail_msg("%s: %s", sqlite3_sql(stmt), sqlite3_errmsg(db));
        sqlite3_finalize(stmt);
        while (*text == '\n')
            text++;
    }
    sqlite3_close(db);
}

static int setup(void **state)
{
    static struct store_fixture fixture;
    int rows;
    fixture_open(&fixture, STORE_DAEMON);
    fixture_enqueue(fixture.store, "default", 0, URLS, 2);
    struct store_batch batch = fixture_lease(fixture.store, URLS);
    for (unsigned i = 0; i < URLS; i++)
        for (size_t j = 0; j < 2; j++) {
            char sha256[65];
            struct store_outcome outcome = answer(&batch.items[i].jobs[j], i, j, sha256);
            assert_int_equal(fixture_commit(fixture.store, &outcome), 0);
        }
    store_batch_free(&batch);
    execute(&fixture, "INSERT OR IGNORE INTO isa (child, parent) VALUES ('n02132136', 'n02131653')",
            &rows);
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    fixture_close(*state);
    return 0;
}

/* The next query of the manual into `query`; false at the end. */
static bool next_query(FILE *manual, char *query, size_t size)
{
    char line[512];
    bool inside = false;
    query[0] = '\0';
    while (fgets(line, sizeof line, manual)) {
        bool fence = strncmp(line, "```", 3) == 0;
        if (fence && inside)
            return true;
        if (fence)
            inside = strncmp(line, "```sql", 6) == 0;
        else if (inside)
            strncat(query, line, size - strlen(query) - 1);
    }
    return false;
}

static void every_query_of_the_manual_has_an_answer(void **state)
{
    char query[4096];
    int queries = 0, rows;
    FILE *manual = fopen("docs/SQL.md", "r");
    assert_non_null(manual);
    for (; next_query(manual, query, sizeof query); queries++) {
        execute(*state, query, &rows);
        if (rows == 0)
            fail_msg("no rows: %s", query);
    }
    fclose(manual);
    assert_true(queries >= 12);
}

/* The query that derives the interval by hand gives what the view gives. */
static void the_interval_by_hand_is_that_of_the_view(void **state)
{
    const struct store_fixture *fixture = *state;
    char query[4096], text[8192];
    int rows;
    FILE *manual = fopen("docs/SQL.md", "r");
    assert_non_null(manual);
    while (next_query(manual, query, sizeof query) && !strstr(query, "1.959963984540054 AS z"))
        ;
    fclose(manual);
    query[strcspn(query, ";")] = '\0';
    snprintf(text, sizeof text,
             "SELECT 1 FROM (%s) AS hand JOIN accuracy USING (model, framework) "
             "WHERE scoring = 'isa' AND hand.n = images AND abs(hand.p - accuracy) < 1e-12 "
             "AND abs(hand.low - accuracy_low) < 1e-12 AND abs(hand.high - accuracy_high) < 1e-12",
             query);
    execute(fixture, text, &rows);
    assert_int_equal(rows, 2);
}

/* In bold, or in the first column of the table of building blocks. */
static void every_view_is_in_the_manual(void **state)
{
    static char text[65536];
    char bold[80], cell[80];
    (void)state;
    FILE *manual = fopen("docs/SQL.md", "r");
    assert_non_null(manual);
    size_t size = fread(text, 1, sizeof text - 1, manual);
    fclose(manual);
    text[size] = '\0';
    for (size_t i = 0; i < sql_views_count; i++) {
        snprintf(bold, sizeof bold, "\n**%s**", sql_views[i].name);
        snprintf(cell, sizeof cell, "\n| %s |", sql_views[i].name);
        if (!strstr(text, bold) && !strstr(text, cell))
            fail_msg("docs/SQL.md does not describe the view %s", sql_views[i].name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_query_of_the_manual_has_an_answer),
        cmocka_unit_test(the_interval_by_hand_is_that_of_the_view),
        cmocka_unit_test(every_view_is_in_the_manual),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
