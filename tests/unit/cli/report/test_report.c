#include "cli/report/narrow.h"
#include "cli/report/report.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "tests/lib/store_fixture.h"

/* The report of a reader of its own, as the command has it; caller frees it. */
static struct report *read_report(struct store_fixture *fixture, struct report_options options)
{
    struct store *store;
    struct report *report = NULL;
    struct error error = {""};
    options.database = fixture->path;
    if (store_open(fixture->path, STORE_READ, &store, NULL, &error) ||
        report_read(store, &options, &report, &error))
        fail_msg("%s", error.text);
    store_close(store);
    return report;
}

/* Brown bear, as all of them say; `same` pictures are one and the same for every URL. */
static void answer_all(struct store *store, unsigned urls, bool same)
{
    struct store_batch batch = fixture_lease(store, urls);
    for (unsigned i = 0; i < urls; i++)
        for (size_t j = 0; j < batch.items[i].job_count; j++) {
            char sha256[65];
            struct store_outcome done =
                fixture_done(&batch.items[i].jobs[j], fixture_sha256(same ? 1 : i + 1, sha256));
            assert_int_equal(fixture_commit(store, &done), 0);
        }
    store_batch_free(&batch);
}

/* Adds http://host.example/0.jpg and the following to the run "r". */
static void enqueue_for(struct store *store, const struct store_target *targets, size_t count,
                        unsigned urls)
{
    struct error error;
    struct store_enqueue *enqueue;
    assert_int_equal(store_enqueue_begin(store, "r", targets, count, &enqueue, &error), STATUS_OK);
    for (unsigned i = 0; i < urls; i++) {
        char url[64];
        const struct store_entry entry = {.url = url, .expect_wnid = "n02131653"};
        snprintf(url, sizeof url, "http://host.example/%u.jpg", i);
        assert_int_equal(store_enqueue_add(enqueue, &entry, &error), STATUS_OK);
    }
    assert_int_equal(store_enqueue_flush(enqueue, NULL, &error), STATUS_OK);
    store_enqueue_end(enqueue);
}

static void two_targets_have_two_accuracies_and_a_pair(void **state)
{
    struct store_fixture *fixture = *state;
    fixture_enqueue(fixture->store, "r", 0, 3, 2);
    answer_all(fixture->store, 3, false);
    struct report *report = read_report(fixture, (struct report_options){.run = "r"});
    assert_int_equal(report->run_count, 1);
    assert_string_equal(report->runs[0].run, "r");
    assert_int_equal(report->runs[0].done, 6);
    assert_int_equal(report->accuracy_count, 2);
    assert_string_equal(report->accuracy[0].subject.framework, "caffe");
    assert_string_equal(report->accuracy[1].subject.framework, "tensorflow");
    assert_string_equal(report->accuracy[1].subject.model_version, "1.0");
    assert_int_equal(report->accuracy[0].images, 3);
    assert_int_equal(report->pair_count, 1);
    assert_string_equal(report->pairs[0].framework_b, "tensorflow");
    assert_true(report->pairs[0].scored);
    assert_int_equal(report->pairs[0].same_three, 3);
    assert_true(report->pairs[0].p_value == 1.0);
    report_free(report);
}

/* A teddy is no bear, and the seed's script did not know capitals. */
static void scoring_decides_what_is_right(void **state)
{
    static const char *const first[] = {"n04399382 teddy, teddy bear",
                                        "n04399382 teddy, teddy bear", "n02132136 Brown Bear",
                                        "n02132136 brown bear"};
    static const unsigned correct[] = {[REPORT_ISA] = 2, [REPORT_SUBSTRING] = 4, [REPORT_SEED] = 3};
    struct store_fixture *fixture = *state;
    fixture_enqueue(fixture->store, "r", 0, 4, 2);
    struct store_batch batch = fixture_lease(fixture->store, 4);
    for (unsigned i = 0; i < 4; i++)
        for (size_t j = 0; j < 2; j++) {
            char sha256[65];
            struct store_outcome done =
                fixture_done(&batch.items[i].jobs[j], fixture_sha256(i, sha256));
            done.predictions[0].label = first[i];
            fixture_commit(fixture->store, &done);
        }
    store_batch_free(&batch);
    for (enum report_scoring scoring = REPORT_ISA; scoring <= REPORT_SEED; scoring++) {
        struct report *report = read_report(fixture, (struct report_options){.scoring = scoring});
        assert_int_equal(report->accuracy_count, 2);
        assert_int_equal(report->accuracy[0].correct, correct[scoring]);
        assert_int_equal(report->pairs[0].both, scoring == REPORT_ISA ? 2 : 4);
        assert_string_equal(report->pairs[0].scoring, scoring == REPORT_ISA ? "isa" : "substring");
        report_free(report);
    }
}

static void what_is_left_out_counts_on_request(void **state)
{
    struct store_fixture *fixture = *state;
    fixture_enqueue(fixture->store, "few", 0, 4, 2);
    answer_all(fixture->store, 4, true);
    fixture_enqueue(fixture->store, "many", 0, 12, 2);
    answer_all(fixture->store, 12, true);
    struct report *report = read_report(fixture, (struct report_options){.scoring = 0});
    assert_int_equal(report->accuracy_count, 4);
    assert_int_equal(report->accuracy[0].images, 1);
    assert_int_equal(report->accuracy[0].duplicates, 3);
    assert_int_equal(report->accuracy[2].images, 0);
    assert_int_equal(report->accuracy[2].placeholders, 12);
    assert_true(isnan(report->accuracy[2].accuracy));
    assert_int_equal(report->pair_count, 1);
    assert_int_equal(report->pairs[0].images, 1);
    report_free(report);
    report = read_report(
        fixture, (struct report_options){.include_placeholders = true, .include_duplicates = true});
    assert_int_equal(report->accuracy[0].images, 4);
    assert_int_equal(report->accuracy[3].images, 12);
    assert_int_equal(report->pair_count, 2);
    assert_int_equal(report->pairs[1].images, 12);
    report_free(report);
}

static void only_the_run_that_is_asked_for_is_reported(void **state)
{
    struct store_fixture *fixture = *state;
    fixture_enqueue(fixture->store, "one", 0, 2, 2);
    fixture_enqueue(fixture->store, "two", 0, 3, 2);
    struct store_batch batch = fixture_lease(fixture->store, 5);
    for (unsigned i = 0; i < 5; i++) {
        struct store_outcome failed = fixture_failed(&batch.items[i].jobs[i % 2], OUTCOME_FAILED,
                                                     i ? REASON_http_not_found : REASON_bad_answer);
        fixture_commit(fixture->store, &failed);
    }
    store_batch_free(&batch);
    struct report *report = read_report(fixture, (struct report_options){.run = "two"});
    assert_int_equal(report->run_count, 1);
    assert_string_equal(report->runs[0].run, "two");
    assert_int_equal(report->reason_count, 1);
    assert_int_equal(report->reasons[0].count, 3);
    report_free(report);
    report = read_report(fixture, (struct report_options){.run = NULL});
    assert_int_equal(report->run_count, 2);
    assert_int_equal(report->reason_count, 3);
    report_free(report);
}

static void details_come_on_request(void **state)
{
    struct store_fixture *fixture = *state;
    fixture_enqueue(fixture->store, "r", 0, 5, 2);
    answer_all(fixture->store, 5, false);
    struct report *report = read_report(fixture, (struct report_options){.run = "r"});
    assert_true(!isnan(report->accuracy[0].ece));
    assert_int_equal(report->latency_count + report->moment_count, 0);
    report_free(report);
    report = read_report(
        fixture,
        (struct report_options){.scoring = REPORT_SUBSTRING, .details = true, .disagreements = 4});
    assert_int_equal(report->bin_count, 2);
    assert_int_equal(report->bins[1].subject, 1);
    assert_true(report->bins[1].low == 0.7 && report->bins[1].high == 0.8);
    assert_int_equal(report->bins[1].correct, 5);
    assert_true(fabs(report->accuracy[1].ece - 0.3) < 1e-9);
    assert_int_equal(report->latency_count, 3);
    assert_int_equal(report->latency[0].count, 10);
    assert_int_equal(report->runs[0].pictures, 5);
    assert_int_equal(report->moment_seconds, 10);
    assert_int_equal(report->disagreement_count, 0);
    report_free(report);
}

static void the_most_telling_disagreements_come_first(void **state)
{
    struct store_fixture *fixture = *state;
    fixture_enqueue(fixture->store, "r", 0, 9, 2);
    struct store_batch batch = fixture_lease(fixture->store, 9);
    for (unsigned i = 0; i < 9; i++)
        for (size_t j = 0; j < 2; j++) {
            char sha256[65];
            struct store_outcome done =
                fixture_done(&batch.items[i].jobs[j], fixture_sha256(i, sha256));
            done.predictions[0].probability = j ? 0.5 : 0.5 + 0.05 * (double)((i * 4) % 9);
            fixture_commit(fixture->store, &done);
        }
    store_batch_free(&batch);
    struct report *report =
        read_report(fixture, (struct report_options){.details = true, .disagreements = 3});
    static const char *const urls[] = {"http://host.example/2.jpg", "http://host.example/4.jpg",
                                       "http://host.example/6.jpg"};
    assert_int_equal(report->disagreement_count, 3);
    for (int i = 0; i < 3; i++) {
        assert_string_equal(report->disagreements[i].url, urls[i]);
        assert_true(fabs(report->disagreements[i].apart - 0.05 * (8 - i)) < 1e-9);
        assert_true(report->disagreements[i].same_first);
    }
    report_free(report);
}

/* The first framework is the furthest from the others, which differ less. */
static void what_is_asked_for_is_chosen_before_the_most_telling(void **state)
{
    struct store_fixture *fixture = *state;
    static const struct report_narrowing alexnet = {.models = {"AlexNet"},
                                                    .model_count = 1,
                                                    .frameworks = {"tensorflow", "mxnet:2"},
                                                    .framework_count = 2};
    const struct store_target targets[] = {{"alexnet", "", "caffe", "", "auto"},
                                           {"alexnet", "", "mxnet", "2", "auto"},
                                           {"alexnet", "", "tensorflow", "", "auto"}};
    enqueue_for(fixture->store, targets, 3, 9);
    struct store_batch batch = fixture_lease(fixture->store, 9);
    for (unsigned i = 0; i < 9; i++)
        for (size_t j = 0; j < 3; j++) {
            char sha256[65];
            struct store_outcome done =
                fixture_done(&batch.items[i].jobs[j], fixture_sha256(i, sha256));
            done.predictions[0].probability = j == 0 ? 0.1 : j == 1 ? 0.7 : 0.7 + 0.01 * (double)i;
            fixture_commit(fixture->store, &done);
        }
    store_batch_free(&batch);
    struct report *report = read_report(
        fixture,
        (struct report_options){.details = true, .disagreements = 3, .narrowing = &alexnet});
    assert_int_equal(report->disagreement_count, 3);
    for (int i = 0; i < 3; i++) {
        assert_string_equal(report->disagreements[i].framework_a, "mxnet");
        assert_string_equal(report->disagreements[i].framework_b, "tensorflow");
        assert_true(fabs(report->disagreements[i].apart - 0.01 * (8 - i)) < 1e-9);
    }
    assert_int_equal(report->accuracy_count, 2);
    assert_int_equal(report->pair_count, 1);
    assert_int_equal(report->latency_count, 3);
    assert_int_equal(report->latency[0].count, 18);
    report_free(report);
}

/* A week in tens of seconds. */
static void moments_grow_until_a_run_has_256_at_most(void **state)
{
    struct store_fixture *fixture = *state;
    sqlite3 *db;
    uint64_t done = 0;
    fixture_enqueue(fixture->store, "r", 0, 1, 1);
    fixture_enqueue(fixture->store, "s", 0, 1, 1);
    assert_int_equal(sqlite3_open(fixture->path, &db), SQLITE_OK);
    sqlite3_exec(db,
                 "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 60479) "
                 "INSERT INTO throughput SELECT 1 + i % 2, 1700000000 + 10 * i, 3, 1 FROM n",
                 NULL, NULL, NULL);
    sqlite3_close(db);
    struct report *report = read_report(fixture, (struct report_options){.details = true});
    assert_int_equal(report->moment_seconds, 2560);
    assert_in_range(report->moment_count, 400, 512);
    for (size_t i = 0; i < report->moment_count; i++) {
        const struct report_moment *moment = &report->moments[i];
        assert_int_equal(moment->started_s % 2560, 0);
        assert_int_equal(moment->done, 3 * moment->failed);
        if (i && strcmp(moment[-1].run, moment->run) == 0)
            assert_true(moment[-1].started_s < moment->started_s);
        done += moment->done;
    }
    assert_int_equal(done, 3 * 60480);
    report_free(report);
}

static bool has_note(const struct report *report, const char *part)
{
    for (size_t i = 0; i < report->note_count; i++)
        if (strstr(report->notes[i], part))
            return true;
    return false;
}

static void notes_say_what_is_left_out_and_cannot_be_met(void **state)
{
    struct store_fixture *fixture = *state;
    struct error error;
    struct store_enqueue *enqueue;
    const struct store_entry entry = {"http://host.example/1.jpg", "n99999999", "unicorn"};
    struct report *report = read_report(fixture, (struct report_options){.run = NULL});
    assert_int_equal(report->note_count, 0);
    report_free(report);
    fixture_enqueue(fixture->store, "many", 0, 12, 2);
    answer_all(fixture->store, 12, true);
    report = read_report(fixture, (struct report_options){.run = "many"});
    assert_true(has_note(report, "24 answers about placeholders"));
    assert_false(has_note(report, "could meet"));
    assert_false(report->accuracy[0].impossible);
    report_free(report);
    assert_int_equal(
        store_enqueue_begin(fixture->store, "odd", fixture_targets, 1, &enqueue, &error), 0);
    assert_int_equal(store_enqueue_add(enqueue, &entry, &error), 0);
    struct store_enqueue_counts counts;
    assert_int_equal(store_enqueue_flush(enqueue, &counts, &error), 0);
    store_enqueue_end(enqueue);
    answer_all(fixture->store, 1, false);
    report = read_report(fixture, (struct report_options){.run = "odd"});
    assert_true(has_note(report, "expected as n99999999:"));
    assert_true(has_note(report, "WordNet does not know n99999999"));
    assert_true(has_note(report, "Only one target"));
    assert_true(report->accuracy[0].impossible);
    report_free(report);
    report =
        read_report(fixture, (struct report_options){.run = "odd", .scoring = REPORT_SUBSTRING});
    assert_true(has_note(report, "expected as unicorn:"));
    report_free(report);
}

static void a_run_that_does_not_exist_is_no(void **state)
{
    struct store_fixture *fixture = *state;
    struct store *store;
    struct report *report;
    struct error error = {""};
    const struct report_options options = {.run = "nope", .database = fixture->path};
    assert_int_equal(store_open(fixture->path, STORE_READ, &store, NULL, &error), STATUS_OK);
    assert_int_equal(report_read(store, &options, &report, &error), STATUS_NO);
    assert_null(report);
    assert_string_equal(error.text, "run nope: there is none of this name");
    store_close(store);
}

static void an_empty_database_has_an_empty_report(void **state)
{
    struct report *report = read_report(*state, (struct report_options){.run = NULL});
    assert_int_equal(report->run_count + report->accuracy_count + report->pair_count, 0);
    report_free(report);
}

static void scorings_have_names(void **state)
{
    enum report_scoring scoring = REPORT_ISA;
    (void)state;
    assert_int_equal(report_scoring_parse("seed", &scoring), STATUS_OK);
    assert_int_equal(scoring, REPORT_SEED);
    assert_string_equal(report_scoring_name(REPORT_SUBSTRING), "substring");
    assert_int_equal(report_scoring_parse("wordnet", &scoring), STATUS_USAGE);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(two_targets_have_two_accuracies_and_a_pair),
        TEST(scoring_decides_what_is_right),
        TEST(what_is_left_out_counts_on_request),
        TEST(only_the_run_that_is_asked_for_is_reported),
        TEST(details_come_on_request),
        TEST(the_most_telling_disagreements_come_first),
        TEST(what_is_asked_for_is_chosen_before_the_most_telling),
        TEST(moments_grow_until_a_run_has_256_at_most),
        TEST(notes_say_what_is_left_out_and_cannot_be_met),
        TEST(a_run_that_does_not_exist_is_no),
        TEST(an_empty_database_has_an_empty_report),
        cmocka_unit_test(scorings_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
