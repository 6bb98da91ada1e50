#include "common/store/store.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "tests/lib/store_fixture.h"

/* Runs SQL on the file as a user with the sqlite3 shell would; returns the first column of the
 * first row as text ("" when there is none). */
static const char *ask(struct store_fixture *fixture, const char *text)
{
    static char answer[512];
    sqlite3 *db;
    sqlite3_stmt *stmt;
    assert_int_equal(sqlite3_open(fixture->path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 10000);
    if (sqlite3_prepare_v2(db, text, -1, &stmt, NULL) != SQLITE_OK)
        fail_msg("%s: %s", text, sqlite3_errmsg(db));
    int rc = sqlite3_step(stmt);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        fail_msg("%s: %s", text, sqlite3_errmsg(db));
    const char *value = rc == SQLITE_ROW ? (const char *)sqlite3_column_text(stmt, 0) : "";
    snprintf(answer, sizeof answer, "%s", value ? value : "NULL");
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    return answer;
}

static double ask_number(struct store_fixture *fixture, const char *text)
{
    return strtod(ask(fixture, text), NULL);
}

/* Only a commit that writes something reaches the disk, and with it the chunks before it. */
static void every_acknowledgement_of_an_enqueue_writes(void **state)
{
    struct store_fixture *fixture = *state;
    fixture_enqueue(fixture->store, "r", 0, 10000, 1);
    assert_string_equal(ask(fixture, "SELECT flushes FROM run"), "1");
    struct store_enqueue_counts counts = fixture_enqueue(fixture->store, "r", 0, 10000, 1);
    assert_int_equal(counts.duplicate, 10000);
    assert_string_equal(ask(fixture, "SELECT flushes FROM run"), "2");
}

/* Ends every leasable job of the first `targets` as done, each URL with a picture of its own. */
static void do_all(struct store *store, unsigned first_picture)
{
    struct store_batch batch = fixture_lease(store, 1000);
    for (size_t i = 0; i < batch.count; i++)
        for (size_t j = 0; j < batch.items[i].job_count; j++) {
            char sha256[65];
            struct store_outcome done = fixture_done(
                &batch.items[i].jobs[j], fixture_sha256(first_picture + (unsigned)i, sha256));
            done.predict_ms = (double)(i + 1);
            assert_int_equal(fixture_commit(store, &done), 0);
        }
    store_batch_free(&batch);
}

static void columns_are_those_that_are_published(void **state)
{
    struct store_fixture *fixture = *state;
    static const struct {
        const char *view, *columns;
    } views[] = {
        {"results",
         "run,url,model,model_version,framework,framework_version,backend,requested_backend,label1,"
         "wnid1,probability1,label2,wnid2,probability2,label3,wnid3,probability3,image_sha256,"
         "sent_as,http_status,width,height,placeholder,fetch_ms,predict_ms,attempts,completed_at"},
        {"failures", "run,url,model,framework,backend,stage,reason,detail,attempts,failed_at"},
        {"progress", "run,model,framework,backend,enqueued,pending,leased,done,failed"},
        {"accuracy",
         "run,model,framework,backend,scoring,images,correct,accuracy,accuracy_low,accuracy_high,"
         "mean_probability,placeholders,duplicates,model_version,framework_version,"
         "requested_backend,unnamed,unknown"},
        {"comparison",
         "run,model,framework_a,framework_b,images,both,only_a,only_b,neither,difference,low,high,"
         "p_value,max_abs_probability_difference,scoring,same_first,backend_a,backend_b,p_holm,"
         "same_three,mean_abs_probability_difference,model_a,model_b,model_version_a,"
         "model_version_b,framework_version_a,framework_version_b,requested_backend_a,"
         "requested_backend_b"},
        {"agreement",
         "run,model_a,model_version_a,framework_a,framework_version_a,backend_a,model_b,"
         "model_version_b,framework_b,framework_version_b,backend_b,images,same_first,same_three,"
         "mean_abs_probability_difference,max_abs_probability_difference,placeholders,duplicates,"
         "requested_backend_a,requested_backend_b"},
        {"calibration",
         "run,model,framework,backend,scoring,bin_low,bin_high,images,correct,mean_confidence,"
         "accuracy,ece,unusable,model_version,framework_version,requested_backend"},
        {"disagreements",
         "run,url,image_sha256,kind,model_a,model_b,framework_a,framework_b,backend_a,backend_b,"
         "label_a,wnid_a,probability_a,label_b,wnid_b,probability_b,same_first,apart,"
         "expected_wnid,expected_text"},
        {"scores",
         "run,url,model,model_version,framework,framework_version,backend,requested_backend,"
         "scoring,left_out,correct,probability,confidence,expected_wnid,expected_text"},
        {"pictures", "run,image_sha256,kind,bytes,width,height,urls,placeholder,first_url"},
        {"unmet", "run,scoring,expected_wnid,expected_text,urls,known,unnamed,labels"},
        {"collection", "run,pictures,placeholders,duplicates"},
        {"pace", "run,last_minute,per_second"},
        {"timeline", "run,started_at,started_s,done,failed"},
        {"activity", "name,state,in_flight,ceiling,detail,updated_at"},
        {"latency", "run,backend,model,stage,count,p50_ms,p90_ms,p99_ms,max_ms"},
        {"reasons", "run,state,stage,reason,count"},
    };
    for (size_t i = 0; i < sizeof views / sizeof views[0]; i++) {
        char text[256];
        snprintf(text, sizeof text, "SELECT group_concat(name) FROM pragma_table_info('%s')",
                 views[i].view);
        assert_string_equal(ask(fixture, text), views[i].columns);
    }
}

static int join_row(void *context, size_t columns, const char *const *names,
                    const struct store_value *values)
{
    char *line = context;
    for (size_t i = 0; i < columns; i++) {
        size_t used = strlen(line);
        const struct store_value *value = &values[i];
        if (strcmp(names[i], "completed_at") == 0 || strcmp(names[i], "failed_at") == 0)
            assert_int_equal(strlen(value->text), strlen("2026-01-02T03:04:05.678Z"));
        else if (value->kind == VALUE_TEXT)
            snprintf(line + used, 2048 - used, "%s|", value->text);
        else if (value->kind == VALUE_INTEGER)
            snprintf(line + used, 2048 - used, "%lld|", (long long)value->integer);
        else if (value->kind == VALUE_REAL)
            snprintf(line + used, 2048 - used, "%g|", value->real);
        else
            snprintf(line + used, 2048 - used, "NULL|");
    }
    return 0;
}

static void rows_are(struct store *store, const char *view, const char *run, const char *expected)
{
    char line[2048] = "";
    struct error error = {""};
    if (store_rows(store, view, run, join_row, line, &error))
        fail_msg("%s", error.text);
    assert_string_equal(line, expected);
}

static void a_result_is_shown_with_all_it_came_from(void **state)
{
    struct store_fixture *fixture = *state;
    fixture_enqueue(fixture->store, "r", 7, 1, 1);
    do_all(fixture->store, 0xabc);
    rows_are(fixture->store, "results", "r",
             "r|http://host.example/7.jpg|alexnet|1.0|caffe|1.0|local|auto|"
             "brown bear, bruin, Ursus arctos|n02132136|0.7|American black bear|n02133161|0.2|"
             "ice bear, polar bear|n02134084|0.1|"
             "0000000000000000000000000000000000000000000000000000000000000abc|local|200|500|375|"
             "0|12.5|1|1|");
    assert_string_equal(ask(fixture, "SELECT detail FROM provenance"),
                        "engine 1, reference kernels");
}

static void missing_predictions_and_labels_without_synset_are_null(void **state)
{
    struct store_fixture *fixture = *state;
    char sha256[65];
    fixture_enqueue(fixture->store, "r", 7, 1, 1);
    struct store_batch batch = fixture_lease(fixture->store, 1);
    struct store_outcome done = fixture_done(&batch.items[0].jobs[0], fixture_sha256(1, sha256));
    done.prediction_count = 1;
    done.predictions[0].label = "circle";
    fixture_commit(fixture->store, &done);
    store_batch_free(&batch);
    assert_string_equal(
        ask(fixture, "SELECT label1 || coalesce(wnid1, '-') || coalesce(label2, '-') FROM results"),
        "circle--");
}

static void failures_and_reasons_tell_the_last_reason(void **state)
{
    struct store_fixture *fixture = *state;
    fixture_enqueue(fixture->store, "r", 0, 3, 1);
    struct store_batch batch = fixture_lease(fixture->store, 3);
    struct store_outcome failed =
        fixture_failed(&batch.items[0].jobs[0], OUTCOME_FAILED, REASON_http_not_found);
    fixture_commit(fixture->store, &failed);
    failed.job = batch.items[1].jobs[0];
    fixture_commit(fixture->store, &failed);
    failed = fixture_failed(&batch.items[2].jobs[0], OUTCOME_RETRY, REASON_bad_answer);
    fixture_commit(fixture->store, &failed);
    store_batch_free(&batch);
    rows_are(fixture->store, "failures", NULL,
             "r|http://host.example/0.jpg|alexnet|caffe|auto|fetch|http_not_found|"
             "as the test wants it|1|"
             "r|http://host.example/1.jpg|alexnet|caffe|auto|fetch|http_not_found|"
             "as the test wants it|1|");
    rows_are(fixture->store, "reasons", "r",
             "r|pending|predict|bad_answer|1|r|failed|fetch|http_not_found|2|");
    rows_are(fixture->store, "progress", "r", "r|alexnet|caffe|auto|3|1|0|0|2|");
}

static void a_reason_goes_when_the_job_is_done(void **state)
{
    struct store_fixture *fixture = *state;
    struct error error;
    fixture_enqueue(fixture->store, "r", 0, 1, 1);
    struct store_batch batch = fixture_lease(fixture->store, 1);
    struct store_outcome retry =
        fixture_failed(&batch.items[0].jobs[0], OUTCOME_RETRY, REASON_bad_answer);
    fixture_commit(fixture->store, &retry);
    store_batch_free(&batch);
    assert_int_equal(store_lease(fixture->store, 1, 9000, &batch, &error), STATUS_OK);
    char sha256[65];
    struct store_outcome done = fixture_done(&batch.items[0].jobs[0], fixture_sha256(1, sha256));
    fixture_commit(fixture->store, &done);
    store_batch_free(&batch);
    rows_are(fixture->store, "reasons", NULL, "");
    assert_string_equal(ask(fixture, "SELECT attempts FROM results"), "2");
    assert_int_equal(fixture_fsck(fixture->store, NULL), 0);
}

static void many_urls_with_one_picture_make_it_a_placeholder(void **state)
{
    struct store_fixture *fixture = *state;
    fixture_enqueue(fixture->store, "r", 0, 9, 2);
    struct store_batch batch;
    for (unsigned i = 0; i < 10; i++) {
        char sha256[65];
        batch = fixture_lease(fixture->store, 1);
        if (i == 9) {
            store_batch_free(&batch);
            fixture_enqueue(fixture->store, "r", 9, 1, 2);
            assert_string_equal(ask(fixture, "SELECT sum(placeholder) FROM results"), "0");
            assert_string_equal(ask(fixture, "SELECT DISTINCT images || '+' || duplicates "
                                             "FROM accuracy WHERE scoring <> 'seed'"),
                                "1+8");
            batch = fixture_lease(fixture->store, 1);
        }
        for (size_t j = 0; j < batch.items[0].job_count; j++) {
            struct store_outcome done =
                fixture_done(&batch.items[0].jobs[j], fixture_sha256(5, sha256));
            fixture_commit(fixture->store, &done);
        }
        store_batch_free(&batch);
    }
    assert_string_equal(ask(fixture, "SELECT sum(placeholder) FROM results"), "20");
    assert_string_equal(ask(fixture, "SELECT sum(images) FROM accuracy WHERE scoring = 'isa'"),
                        "0");
    ask(fixture, "UPDATE setting SET value = 11 WHERE name = 'placeholder_urls'");
    assert_string_equal(ask(fixture, "SELECT sum(placeholder) FROM results"), "0");
    assert_int_equal(fixture_fsck(fixture->store, NULL), 0);
}

static void a_listed_picture_is_a_placeholder(void **state)
{
    struct store_fixture *fixture = *state;
    char sha256[65];
    fixture_enqueue(fixture->store, "r", 0, 1, 1);
    struct store_batch batch = fixture_lease(fixture->store, 1);
    struct store_outcome done = fixture_done(&batch.items[0].jobs[0], fixture_sha256(1, sha256));
    done.picture.placeholder = true;
    fixture_commit(fixture->store, &done);
    store_batch_free(&batch);
    assert_string_equal(ask(fixture, "SELECT placeholder FROM results"), "1");
    assert_string_equal(ask(fixture, "SELECT images || ',' || placeholders FROM accuracy LIMIT 1"),
                        "0,1");
}

/* 10 pictures: 8 say brown bear first, 2 say "teddy, teddy bear" behind "mop". */
static void score_ten(struct store_fixture *fixture)
{
    fixture_enqueue(fixture->store, "r", 0, 10, 1);
    struct store_batch batch = fixture_lease(fixture->store, 10);
    for (unsigned i = 0; i < 10; i++) {
        char sha256[65];
        struct store_outcome done =
            fixture_done(&batch.items[i].jobs[0], fixture_sha256(i, sha256));
        if (i >= 8) {
            done.predictions[0] = (struct store_prediction){840, 0.6, "n04367480 mop"};
            done.predictions[1] = (struct store_prediction){850, 0.3, "n04399382 Teddy BEAR"};
        }
        assert_int_equal(fixture_commit(fixture->store, &done), 0);
    }
    store_batch_free(&batch);
}

static void accuracy_is_scored_with_wilson_intervals(void **state)
{
    struct store_fixture *fixture = *state;
    score_ten(fixture);
    assert_string_equal(ask(fixture, "SELECT images || '/' || correct || '/' || accuracy "
                                     "FROM accuracy WHERE scoring = 'substring'"),
                        "10/8/0.8");
    /* Wilson 1927 for 8 of 10: 0.490162 to 0.943318 (as R's binom.confint gives). */
    double low = ask_number(fixture, "SELECT accuracy_low FROM accuracy WHERE scoring='substring'");
    double high =
        ask_number(fixture, "SELECT accuracy_high FROM accuracy WHERE scoring='substring'");
    assert_true(fabs(low - 0.4901625) < 1e-6);
    assert_true(fabs(high - 0.9433178) < 1e-6);
    double mean =
        ask_number(fixture, "SELECT mean_probability FROM accuracy WHERE scoring='substring'");
    assert_true(fabs(mean - (8 * 0.7 + 2 * 0.3) / 10) < 1e-9);
}

static void accuracy_by_synset_follows_wordnet(void **state)
{
    struct store_fixture *fixture = *state;
    score_ten(fixture);
    const char *correct = "SELECT correct FROM accuracy WHERE scoring = 'isa'";
    assert_string_equal(ask(fixture, correct), "8");
    ask(fixture, "DELETE FROM isa");
    assert_string_equal(ask(fixture, correct), "0");
    ask(fixture, "INSERT INTO isa (child, parent) VALUES ('n02131654', 'n02131653')");
    ask(fixture, "INSERT INTO isa (child, parent) VALUES ('n02132136', 'n02131654')");
    assert_string_equal(ask(fixture, correct), "8");
    ask(fixture, "DELETE FROM isa");
    ask(fixture, "UPDATE expectation SET wnid = 'n04367480'");
    assert_string_equal(ask(fixture, correct), "2");
    double mean = ask_number(fixture, "SELECT mean_probability FROM accuracy WHERE scoring='isa'");
    assert_true(fabs(mean - (8 * 0.7 + 2 * 0.6) / 10) < 1e-9);
}

/* Two targets on `count` URLs; which of them are right is told by the URL's number. */
static void answer_pairs(struct store_fixture *fixture, unsigned both, unsigned only_a,
                         unsigned only_b)
{
    unsigned count = both + only_a + only_b;
    fixture_enqueue(fixture->store, "r", 0, count, 2);
    struct store_batch batch = fixture_lease(fixture->store, count);
    for (unsigned i = 0; i < count; i++)
        for (size_t j = 0; j < 2; j++) {
            char sha256[65];
            struct store_outcome done =
                fixture_done(&batch.items[i].jobs[j], fixture_sha256(i, sha256));
            bool right = i < both || (i < both + only_a) == (j == 0);
            if (!right)
                done.predictions[0] = (struct store_prediction){840, 0.6, "n04367480 mop"};
            assert_int_equal(fixture_commit(fixture->store, &done), 0);
        }
    store_batch_free(&batch);
}

static void frameworks_are_compared_on_the_same_bytes(void **state)
{
    struct store_fixture *fixture = *state;
    answer_pairs(fixture, 36, 12, 2);
    assert_string_equal(
        ask(fixture, "SELECT framework_a || framework_b || images || '/' || both || '/' || only_a "
                     "|| '/' || only_b || '/' || neither || '/' || same_first "
                     "FROM comparison WHERE scoring = 'substring'"),
        "caffetensorflow50/36/12/2/0/36");
    /* R. G. Newcombe 1998 gives 0.0569 and 0.3404 for these pairs, R's binom.test 0.01294. */
#define ONE(column) "SELECT " column " FROM comparison WHERE scoring = 'substring'"
    assert_true(fabs(ask_number(fixture, ONE("difference")) - 0.2) < 1e-12);
    assert_true(fabs(ask_number(fixture, ONE("low")) - 0.0569296) < 1e-6);
    assert_true(fabs(ask_number(fixture, ONE("high")) - 0.3404276) < 1e-6);
    assert_true(fabs(ask_number(fixture, ONE("p_value")) - 0.012939453125) < 1e-9);
    assert_true(fabs(ask_number(fixture, ONE("max_abs_probability_difference")) - 0.6) < 1e-12);
#undef ONE
}

static void pairs_without_an_expectation_are_compared_too(void **state)
{
    struct store_fixture *fixture = *state;
    answer_pairs(fixture, 3, 0, 0);
    ask(fixture, "UPDATE item SET expectation_id = NULL");
    assert_string_equal(ask(fixture, "SELECT scoring || images || same_first || (both + only_a + "
                                     "only_b + neither) || coalesce(p_value, '-') FROM comparison"),
                        "none330-");
}

static void other_bytes_and_placeholders_are_no_pairs(void **state)
{
    struct store_fixture *fixture = *state;
    const char *pairs = "SELECT sum(images) FROM comparison WHERE scoring = 'isa'";
    answer_pairs(fixture, 4, 0, 0);
    ask(fixture, "UPDATE result SET image_id = (SELECT max(id) FROM image) "
                 "WHERE item_id = (SELECT min(id) FROM item) AND "
                 "target_id = (SELECT max(id) FROM target)");
    assert_string_equal(ask(fixture, pairs), "3");
    ask(fixture, "UPDATE image SET listed = 1 WHERE id = (SELECT max(id) FROM image)");
    assert_string_equal(ask(fixture, pairs), "2");
}

static void the_fallback_does_not_hide_among_carml_s_results(void **state)
{
    struct store_fixture *fixture = *state;
    fixture_enqueue(fixture->store, "r", 0, 2, 1);
    struct store_batch batch = fixture_lease(fixture->store, 2);
    for (unsigned i = 0; i < 2; i++) {
        char sha256[65];
        struct store_outcome done =
            fixture_done(&batch.items[i].jobs[0], fixture_sha256(i, sha256));
        done.producer.backend = i ? "carml" : "local";
        assert_int_equal(fixture_commit(fixture->store, &done), 0);
    }
    store_batch_free(&batch);
    assert_string_equal(
        ask(fixture, "SELECT group_concat(backend || images) FROM "
                     "(SELECT * FROM accuracy WHERE scoring = 'substring' ORDER BY backend)"),
        "carml1,local1");
    assert_string_equal(ask(fixture, "SELECT count(DISTINCT backend) FROM latency"), "2");
}

static void percentiles_are_nearest_ranks(void **state)
{
    struct store_fixture *fixture = *state;
    fixture_enqueue(fixture->store, "r", 0, 200, 1);
    do_all(fixture->store, 1);
    assert_string_equal(
        ask(fixture, "SELECT count || ' ' || p50_ms || ' ' || p90_ms || ' ' || p99_ms || ' ' || "
                     "max_ms FROM latency WHERE stage = 'predict'"),
        "200 100.0 180.0 198.0 200.0");
    assert_string_equal(ask(fixture, "SELECT group_concat(stage) FROM latency"),
                        "fetch,validate,predict");
}

/* What stands in the table is `seconds` old. */
static void put_throughput(struct store_fixture *fixture, int seconds, int done)
{
    char text[160];
    snprintf(text, sizeof text,
             "INSERT INTO throughput VALUES (1, unixepoch() - %d, %d, 1); SELECT 1", seconds, done);
    sqlite3 *db;
    assert_int_equal(sqlite3_open(fixture->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void the_pace_is_of_the_time_since_work_began(void **state)
{
    struct store_fixture *fixture = *state;
    fixture_enqueue(fixture->store, "r", 0, 2, 1);
    assert_string_equal(ask(fixture, "SELECT last_minute || ' ' || per_second FROM pace"), "0 0.0");
    put_throughput(fixture, 300, 100000);
    assert_string_equal(ask(fixture, "SELECT last_minute || ' ' || per_second FROM pace"), "0 0.0");
    put_throughput(fixture, 4, 1000);
    assert_string_equal(ask(fixture, "SELECT last_minute FROM pace"), "1001");
    assert_string_equal(ask(fixture, "SELECT per_second > 20 AND per_second <= 250 FROM pace"),
                        "1");
}

static void one_outcome_is_no_pace(void **state)
{
    struct store_fixture *fixture = *state;
    fixture_enqueue(fixture->store, "r", 0, 1, 1);
    do_all(fixture->store, 1);
    assert_string_equal(ask(fixture, "SELECT last_minute || ' ' || per_second FROM pace"), "1 0.0");
}

static void ten_seconds_begin_with_an_outcome(void **state)
{
    struct store_fixture *fixture = *state;
    fixture_enqueue(fixture->store, "r", 0, 2, 1);
    put_throughput(fixture, 10, 5);
    int64_t before = fixture_ask(fixture, "SELECT unixepoch()");
    do_all(fixture->store, 1);
    assert_true(fixture_ask(fixture, "SELECT max(started_s) FROM throughput") >= before);
    assert_string_equal(ask(fixture, "SELECT count(*) FROM timeline"), "2");
}

static void ten_seconds_are_one_row(void **state)
{
    struct store_fixture *fixture = *state;
    fixture_enqueue(fixture->store, "r", 0, 1, 1);
    put_throughput(fixture, 1, 5);
    do_all(fixture->store, 1);
    assert_string_equal(ask(fixture, "SELECT done FROM timeline"), "6");
    assert_string_equal(ask(fixture, "SELECT count(*) FROM timeline"), "1");
}

static int stop_at_second(void *context, size_t columns, const char *const *names,
                          const struct store_value *values)
{
    (void)columns, (void)names, (void)values;
    return ++*(int *)context == 2;
}

static void rows_stop_when_the_callback_says_so(void **state)
{
    struct store_fixture *fixture = *state;
    struct error error;
    int seen = 0;
    fixture_enqueue(fixture->store, "r", 0, 5, 1);
    do_all(fixture->store, 1);
    assert_int_equal(store_rows(fixture->store, "results", NULL, stop_at_second, &seen, &error),
                     STATUS_OK);
    assert_int_equal(seen, 2);
}

static void unknown_views_and_runs_are_told(void **state)
{
    struct store_fixture *fixture = *state;
    struct error error;
    int seen = 0;
    assert_int_equal(store_rows(fixture->store, "job", NULL, stop_at_second, &seen, &error),
                     STATUS_USAGE);
    assert_int_equal(
        store_rows(fixture->store, "results; DROP TABLE job", NULL, stop_at_second, &seen, &error),
        STATUS_USAGE);
    assert_int_equal(
        store_rows(fixture->store, "results", "no such run", stop_at_second, &seen, &error),
        STATUS_NO);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(every_acknowledgement_of_an_enqueue_writes),
        TEST(columns_are_those_that_are_published),
        TEST(the_pace_is_of_the_time_since_work_began),
        TEST(one_outcome_is_no_pace),
        TEST(ten_seconds_begin_with_an_outcome),
        TEST(ten_seconds_are_one_row),
        TEST(a_result_is_shown_with_all_it_came_from),
        TEST(missing_predictions_and_labels_without_synset_are_null),
        TEST(failures_and_reasons_tell_the_last_reason),
        TEST(a_reason_goes_when_the_job_is_done),
        TEST(many_urls_with_one_picture_make_it_a_placeholder),
        TEST(a_listed_picture_is_a_placeholder),
        TEST(accuracy_is_scored_with_wilson_intervals),
        TEST(accuracy_by_synset_follows_wordnet),
        TEST(frameworks_are_compared_on_the_same_bytes),
        TEST(pairs_without_an_expectation_are_compared_too),
        TEST(other_bytes_and_placeholders_are_no_pairs),
        TEST(the_fallback_does_not_hide_among_carml_s_results),
        TEST(percentiles_are_nearest_ranks),
        TEST(rows_stop_when_the_callback_says_so),
        TEST(unknown_views_and_runs_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
