#include "common/store/import.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/store_fixture.h"

static const struct store_import_source source = {
    .run = "r",
    .target = {"alexnet", "", "caffe", "", "import"},
    .producer = {.backend = "import", .detail = "imported from a test"},
    .expect_wnid = "n02131653",
    .expect_text = "bear",
};

static void must(enum status status, const struct error *error)
{
    if (status)
        fail_msg("%s: %s", status_text(status), error->text);
}

static struct store_import *begin(struct store_fixture *fixture,
                                  const struct store_import_source *from)
{
    struct error error = {""};
    struct store_import *import;
    must(store_import_begin(fixture->store, from, &import, &error), &error);
    return import;
}

static void add(struct store_import *import, const char *url, double probability)
{
    struct error error = {""};
    const struct store_answer answer = {
        .url = url,
        .count = 2,
        .entries = {{"n02132136 brown bear", probability}, {"teddy", 0.1}},
    };
    must(store_import_add(import, &answer, &error), &error);
}

static struct store_import_counts end(struct store_import *import)
{
    struct error error = {""};
    struct store_import_counts counts;
    must(store_import_flush(import, &counts, &error), &error);
    store_import_end(import);
    return counts;
}

/* `count` answers, each another, for the URLs from `first` on. */
static struct store_import_counts import_some(struct store_fixture *fixture,
                                              const struct store_import_source *from,
                                              unsigned first, unsigned count)
{
    struct store_import *import = begin(fixture, from);
    for (unsigned i = first; i < first + count; i++) {
        char url[64];
        snprintf(url, sizeof url, "http://host.example/%u.jpg", i);
        add(import, url, 0.5 + i * 1e-6);
    }
    return end(import);
}

static void what_is_imported_is_done_and_the_books_balance(void **state)
{
    struct store_fixture *fixture = *state;
    struct store_fsck totals;
    struct store_import_counts counts = import_some(fixture, &source, 0, 5);
    assert_int_equal(counts.added, 5);
    assert_int_equal(counts.duplicate, 0);
    assert_int_equal(fixture_fsck(fixture->store, &totals), 0);
    assert_int_equal(totals.done, 5);
    assert_int_equal(totals.jobs, 5);
    assert_int_equal(fixture_ask(fixture,
                                 "SELECT count(*) FROM results WHERE backend = 'import' AND "
                                 "requested_backend = 'import' AND image_sha256 IS NULL AND "
                                 "width IS NULL AND fetch_ms IS NULL AND sent_as IS NULL AND "
                                 "label2 = 'teddy' AND wnid2 IS NULL AND label3 IS NULL"),
                     5);
    assert_int_equal(fixture_ask(fixture, "SELECT images FROM accuracy WHERE scoring = 'isa'"), 5);
    assert_int_equal(
        fixture_ask(fixture, "SELECT correct FROM accuracy WHERE scoring = 'substring'"), 5);
    assert_int_equal(fixture_ask(fixture, "SELECT min(class1) FROM result"), -1);
}

static void importing_twice_adds_nothing(void **state)
{
    struct store_fixture *fixture = *state;
    import_some(fixture, &source, 0, 5);
    struct store_import_counts counts = import_some(fixture, &source, 3, 5);
    assert_int_equal(counts.added, 3);
    assert_int_equal(counts.duplicate, 2);
    assert_int_equal(fixture_ask(fixture, "SELECT count(*) FROM result"), 8);
    assert_int_equal(fixture_fsck(fixture->store, NULL), 0);
}

static void a_url_twice_in_one_chunk_is_a_duplicate(void **state)
{
    struct store_fixture *fixture = *state;
    struct store_import *import = begin(fixture, &source);
    add(import, "http://host.example/a", 0.7);
    add(import, "http://host.example/a", 0.6);
    struct store_import_counts counts = end(import);
    assert_int_equal(counts.added, 1);
    assert_int_equal(counts.duplicate, 1);
    assert_int_equal(fixture_ask(fixture, "SELECT count(*) FROM result WHERE probability1 = 0.7"),
                     1);
    assert_int_equal(fixture_fsck(fixture->store, NULL), 0);
}

static void every_acknowledgement_of_an_import_writes(void **state)
{
    struct store_fixture *fixture = *state;
    import_some(fixture, &source, 0, 5);
    assert_int_equal(fixture_ask(fixture, "SELECT flushes FROM run"), 1);
    import_some(fixture, &source, 0, 5);
    assert_int_equal(fixture_ask(fixture, "SELECT flushes FROM run"), 2);
}

static void a_long_import_goes_in_chunks(void **state)
{
    struct store_fixture *fixture = *state;
    struct store_import_counts counts = import_some(fixture, &source, 0, 40001);
    assert_int_equal(counts.added, 40001);
    counts = import_some(fixture, &source, 0, 40002);
    assert_int_equal(counts.added, 1);
    assert_int_equal(counts.duplicate, 40001);
    assert_int_equal(fixture_fsck(fixture->store, NULL), 0);
    assert_int_equal(fixture_ask(fixture,
                                 "SELECT count(*) = max(id) AND min(id) = 1 FROM item WHERE url = "
                                 "'http://host.example/' || (id - 1) || '.jpg'"),
                     1);
}

static void what_is_not_flushed_is_dropped(void **state)
{
    struct store_fixture *fixture = *state;
    struct store_import *import = begin(fixture, &source);
    add(import, "http://host.example/a", 0.7);
    store_import_end(import);
    assert_int_equal(fixture_ask(fixture, "SELECT count(*) FROM item"), 0);
    assert_int_equal(fixture_fsck(fixture->store, NULL), 0);
}

static void many_equal_answers_are_a_placeholder_and_never_duplicates(void **state)
{
    struct store_fixture *fixture = *state;
    struct store_import *import = begin(fixture, &source);
    for (int i = 0; i < 12; i++) {
        char url[64];
        snprintf(url, sizeof url, "seed-top3:0123#%d", i);
        add(import, url, i < 10 ? 0.9 : 0.4);
    }
    end(import);
    assert_int_equal(fixture_ask(fixture, "SELECT count(*) FROM results WHERE placeholder"), 10);
    assert_int_equal(fixture_ask(fixture, "SELECT images FROM accuracy WHERE scoring = 'isa'"), 2);
    assert_int_equal(
        fixture_ask(fixture, "SELECT placeholders FROM accuracy WHERE scoring = 'isa'"), 10);
    assert_int_equal(fixture_ask(fixture, "SELECT duplicates FROM accuracy WHERE scoring = 'isa'"),
                     0);
    assert_int_equal(fixture_fsck(fixture->store, NULL), 0);
}

static void how_a_label_was_prefixed_makes_no_other_answer(void **state)
{
    struct store_fixture *fixture = *state;
    static const char *const labels[] = {"<> n02132136 brown bear", "n02132136 brown bear"};
    struct store_import *import = begin(fixture, &source);
    for (size_t i = 0; i < 2; i++) {
        const struct store_answer answer = {
            .url = i ? "x:1" : "x:0", .count = 1, .entries = {{labels[i], 0.5}}};
        assert_int_equal(store_import_add(import, &answer, NULL), STATUS_OK);
    }
    end(import);
    assert_int_equal(fixture_ask(fixture, "SELECT count(*) FROM image WHERE urls = 2"), 1);
}

/* A URL that somebody else's result names may still be fetched, whatever its picture is. */
static void an_imported_url_is_free_for_the_daemon(void **state)
{
    struct store_fixture *fixture = *state;
    char sha256[65];
    import_some(fixture, &source, 0, 1);
    assert_int_equal(fixture_enqueue(fixture->store, "r", 0, 1, 2).jobs, 2);
    struct store_batch batch = fixture_lease(fixture->store, 10);
    assert_int_equal(batch.count, 1);
    assert_int_equal(batch.items[0].job_count, 2);
    assert_null(batch.items[0].image_sha256);
    for (size_t i = 0; i < 2; i++) {
        struct store_outcome done =
            fixture_done(&batch.items[0].jobs[i], fixture_sha256(1, sha256));
        assert_int_equal(fixture_commit(fixture->store, &done), 0);
    }
    store_batch_free(&batch);
    assert_int_equal(fixture_fsck(fixture->store, NULL), 0);
    assert_int_equal(fixture_ask(fixture, "SELECT count(*) FROM results"), 3);
    assert_int_equal(fixture_ask(fixture, "SELECT urls FROM pictures"), 1);
}

/* What an import says about a URL does not bind it to a picture, neither before nor after. */
static void a_failed_url_with_an_imported_result_is_free_after_a_retry(void **state)
{
    struct store_fixture *fixture = *state;
    char sha256[65];
    uint64_t count;
    import_some(fixture, &source, 0, 1);
    fixture_enqueue(fixture->store, "r", 0, 1, 1);
    struct store_batch batch = fixture_lease(fixture->store, 10);
    struct store_outcome failed =
        fixture_failed(&batch.items[0].jobs[0], OUTCOME_FAILED, REASON_model_unavailable);
    failed.picture.sha256 = fixture_sha256(7, sha256);
    assert_int_equal(fixture_commit(fixture->store, &failed), 0);
    store_batch_free(&batch);
    assert_int_equal(fixture_ask(fixture, "SELECT count(*) FROM item WHERE image_id IS NOT NULL"),
                     1);
    assert_int_equal(store_retry(fixture->store, NULL, NULL, 0, &count, NULL), STATUS_OK);
    assert_int_equal(count, 1);
    assert_int_equal(fixture_ask(fixture, "SELECT count(*) FROM item WHERE image_id IS NOT NULL"),
                     0);
    assert_int_equal(fixture_fsck(fixture->store, NULL), 0);
}

/* Equal answers about one URL do not prove that both saw the same bytes. */
static void imported_results_are_never_paired(void **state)
{
    struct store_fixture *fixture = *state;
    struct store_import_source other = source;
    other.target.framework = "tensorflow";
    import_some(fixture, &source, 0, 20);
    import_some(fixture, &other, 0, 20);
    assert_int_equal(fixture_ask(fixture, "SELECT count(*) FROM results"), 40);
    assert_int_equal(fixture_ask(fixture, "SELECT count(*) FROM item"), 20);
    assert_int_equal(fixture_ask(fixture, "SELECT count(*) FROM comparison"), 0);
    assert_int_equal(fixture_fsck(fixture->store, NULL), 0);
}

static void daemon_retry_and_rates_leave_it_alone(void **state)
{
    struct store_fixture *fixture = *state;
    uint64_t count = 1;
    import_some(fixture, &source, 0, 3);
    struct store_batch batch = fixture_lease(fixture->store, 10);
    assert_int_equal(batch.count, 0);
    store_batch_free(&batch);
    assert_int_equal(store_retry(fixture->store, "r", NULL, 0, &count, NULL), STATUS_OK);
    assert_int_equal(count, 0);
    assert_int_equal(fixture_ask(fixture, "SELECT count(*) FROM throughput"), 0);
    assert_int_equal(fixture_ask(fixture, "SELECT count(*) FROM latency"), 0);
    fixture_reopen(fixture, STORE_DAEMON);
    assert_int_equal(fixture_ask(fixture, "SELECT done FROM progress"), 3);
}

static void an_expectation_completes_what_was_enqueued(void **state)
{
    struct store_fixture *fixture = *state;
    struct store_import_source silent = source;
    silent.expect_wnid = silent.expect_text = NULL;
    import_some(fixture, &silent, 0, 3);
    assert_int_equal(fixture_ask(fixture, "SELECT count(*) FROM accuracy"), 0);
    import_some(fixture, &source, 0, 3);
    assert_int_equal(fixture_ask(fixture, "SELECT images FROM accuracy WHERE scoring = 'isa'"), 3);
}

static void what_is_no_answer_is_refused(void **state)
{
    struct store_fixture *fixture = *state;
    const struct store_answer bad[] = {
        {.url = "x:1", .count = 0},
        {.url = "x:1", .count = 4},
        {.url = "", .count = 1, .entries = {{"a", 0.5}}},
        {.url = "x:1", .count = 1, .entries = {{"", 0.5}}},
        {.url = "x:1", .count = 1, .entries = {{NULL, 0.5}}},
        {.url = "x:1", .count = 1, .entries = {{"a", (double)NAN}}},
        {.url = "x:1", .count = 2, .entries = {{"a", 0.5}, {"b", (double)-INFINITY}}},
    };
    struct store_import *import = begin(fixture, &source);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(store_import_add(import, &bad[i], NULL), STATUS_DATA);
    assert_int_equal(end(import).added, 0);
}

static void an_import_is_of_the_backend_import(void **state)
{
    struct store_fixture *fixture = *state;
    struct store_import_source bad[3] = {source, source, source};
    struct store_import *import;
    bad[0].target.backend = "local";
    bad[1].producer.backend = "local";
    bad[2].target.framework = "";
    for (size_t i = 0; i < 3; i++)
        assert_true(store_import_begin(fixture->store, &bad[i], &import, NULL) != STATUS_OK);
    fixture_reopen(fixture, STORE_READ);
    assert_int_equal(store_import_begin(fixture->store, &source, &import, NULL), STATUS_INTERNAL);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        T(what_is_imported_is_done_and_the_books_balance),
        T(importing_twice_adds_nothing),
        T(a_url_twice_in_one_chunk_is_a_duplicate),
        T(every_acknowledgement_of_an_import_writes),
        T(a_long_import_goes_in_chunks),
        T(what_is_not_flushed_is_dropped),
        T(many_equal_answers_are_a_placeholder_and_never_duplicates),
        T(how_a_label_was_prefixed_makes_no_other_answer),
        T(an_imported_url_is_free_for_the_daemon),
        T(a_failed_url_with_an_imported_result_is_free_after_a_retry),
        T(imported_results_are_never_paired),
        T(daemon_retry_and_rates_leave_it_alone),
        T(an_expectation_completes_what_was_enqueued),
        T(what_is_no_answer_is_refused),
        T(an_import_is_of_the_backend_import),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
