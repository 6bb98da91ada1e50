#include "common/store/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/lib/store_fixture.h"

static void counts_are(struct store *store, uint64_t pending, uint64_t leased, uint64_t done,
                       uint64_t failed)
{
    struct store_fsck totals;
    assert_int_equal(fixture_fsck(store, &totals), 0);
    assert_int_equal(totals.pending, pending);
    assert_int_equal(totals.leased, leased);
    assert_int_equal(totals.done, done);
    assert_int_equal(totals.failed, failed);
    assert_int_equal(totals.jobs, pending + leased + done + failed);
}

/* ---- enqueue -------------------------------------------------------------------------------- */

static void enqueue_counts_new_urls_and_duplicates(void **state)
{
    struct store_fixture *fixture = *state;
    struct store_enqueue_counts counts = fixture_enqueue(fixture->store, "r", 0, 100, 1);
    assert_int_equal(counts.added, 100);
    assert_int_equal(counts.duplicate, 0);
    counts = fixture_enqueue(fixture->store, "r", 50, 100, 1);
    assert_int_equal(counts.added, 50);
    assert_int_equal(counts.duplicate, 50);
    assert_int_equal(counts.jobs, 50);
    counts = fixture_enqueue(fixture->store, "r", 0, 150, 2);
    assert_int_equal(counts.added, 150);
    assert_int_equal(counts.jobs, 150);
    counts = fixture_enqueue(fixture->store, "other", 0, 10, 2);
    assert_int_equal(counts.jobs, 20);
    counts_are(fixture->store, 320, 0, 0, 0);
}

static void enqueue_works_across_chunks(void **state)
{
    struct store_fixture *fixture = *state;
    struct store_enqueue_counts counts = fixture_enqueue(fixture->store, "r", 0, 50001, 1);
    assert_int_equal(counts.added, 50001);
    counts_are(fixture->store, 50001, 0, 0, 0);
}

static void unflushed_urls_are_dropped(void **state)
{
    struct store_fixture *fixture = *state;
    struct store_enqueue *enqueue;
    const struct store_entry entry = {"http://a/", NULL, NULL};
    struct error error;
    assert_int_equal(store_enqueue_begin(fixture->store, "r", fixture_targets, 1, &enqueue, &error),
                     STATUS_OK);
    assert_int_equal(store_enqueue_add(enqueue, &entry, &error), STATUS_OK);
    store_enqueue_end(enqueue);
    counts_are(fixture->store, 0, 0, 0, 0);
}

static void bad_requests_to_enqueue_are_refused(void **state)
{
    struct store_fixture *fixture = *state;
    struct store_enqueue *enqueue;
    struct error error;
    const struct store_target unnamed = {"", NULL, "caffe", NULL, "auto"};
    assert_int_equal(store_enqueue_begin(fixture->store, "", fixture_targets, 1, &enqueue, &error),
                     STATUS_USAGE);
    assert_int_equal(store_enqueue_begin(fixture->store, "r", fixture_targets, 0, &enqueue, &error),
                     STATUS_USAGE);
    assert_int_equal(
        store_enqueue_begin(fixture->store, "r", fixture_targets, 65, &enqueue, &error),
        STATUS_USAGE);
    assert_int_equal(store_enqueue_begin(fixture->store, "r", &unnamed, 1, &enqueue, &error),
                     STATUS_USAGE);
    assert_int_equal(store_enqueue_begin(fixture->store, "r", fixture_targets, 1, &enqueue, &error),
                     STATUS_OK);
    const struct store_entry entry = {"", NULL, NULL};
    assert_int_equal(store_enqueue_add(enqueue, &entry, &error), STATUS_DATA);
    store_enqueue_end(enqueue);
}

/* ---- leases --------------------------------------------------------------------------------- */

static void jobs_of_a_url_are_leased_together(void **state)
{
    struct store_fixture *fixture = *state;
    fixture_enqueue(fixture->store, "r", 0, 10, 2);
    struct store_batch batch = fixture_lease(fixture->store, 3);
    assert_int_equal(batch.count, 3);
    for (size_t i = 0; i < 3; i++) {
        char url[64];
        snprintf(url, sizeof url, "http://host.example/%zu.jpg", i);
        assert_string_equal(batch.items[i].url, url);
        assert_null(batch.items[i].image_sha256);
        assert_int_equal(batch.items[i].job_count, 2);
        assert_int_equal(batch.items[i].jobs[0].attempt, 1);
        assert_int_equal(batch.items[i].jobs[0].tries, 1);
        assert_int_equal(batch.items[i].jobs[1].item_id, batch.items[i].id);
        assert_true(batch.items[i].jobs[0].target_id != batch.items[i].jobs[1].target_id);
    }
    store_batch_free(&batch);
    counts_are(fixture->store, 14, 6, 0, 0);
    batch = fixture_lease(fixture->store, 100);
    assert_int_equal(batch.count, 7);
    store_batch_free(&batch);
    batch = fixture_lease(fixture->store, 100);
    assert_int_equal(batch.count, 0);
    store_batch_free(&batch);
}

static void only_a_daemon_leases(void **state)
{
    struct store_fixture *fixture = *state;
    struct store_batch batch;
    struct error error;
    fixture_reopen(fixture, STORE_CLIENT);
    assert_int_equal(store_lease(fixture->store, 1, 0, &batch, &error), STATUS_INTERNAL);
    store_batch_free(&batch);
}

static void targets_of_leased_jobs_are_told(void **state)
{
    struct store_fixture *fixture = *state;
    struct store_target first, again;
    struct error error;
    fixture_enqueue(fixture->store, "r", 0, 1, 2);
    struct store_batch batch = fixture_lease(fixture->store, 1);
    int64_t id = batch.items[0].jobs[1].target_id;
    assert_int_equal(store_target_get(fixture->store, id, &first, &error), STATUS_OK);
    assert_string_equal(first.framework, "tensorflow");
    assert_string_equal(first.framework_version, "1.4");
    assert_int_equal(store_target_get(fixture->store, id, &again, &error), STATUS_OK);
    assert_ptr_equal(first.model, again.model);
    assert_int_equal(store_target_get(fixture->store, 77, &again, &error), STATUS_DATA);
    store_batch_free(&batch);
}

static void a_retry_waits_until_it_is_due_and_then_goes_first(void **state)
{
    struct store_fixture *fixture = *state;
    struct store_batch batch;
    struct store_backlog backlog;
    struct error error;
    fixture_enqueue(fixture->store, "r", 0, 2, 1);
    batch = fixture_lease(fixture->store, 1);
    struct store_outcome retry =
        fixture_failed(&batch.items[0].jobs[0], OUTCOME_RETRY, REASON_dns_failed);
    int64_t item_id = batch.items[0].id;
    assert_int_equal(fixture_commit(fixture->store, &retry), 0);
    store_batch_free(&batch);

    assert_int_equal(store_lease(fixture->store, 1, 6000, &batch, &error), STATUS_OK);
    assert_int_equal(batch.count, 1);
    assert_int_equal(batch.items[0].id, item_id);
    assert_int_equal(batch.items[0].jobs[0].attempt, 2);
    assert_int_equal(batch.items[0].jobs[0].tries, 2);
    retry.job = batch.items[0].jobs[0];
    assert_int_equal(fixture_commit(fixture->store, &retry), 0);
    store_batch_free(&batch);

    assert_int_equal(store_lease(fixture->store, 9, 4999, &batch, &error), STATUS_OK);
    assert_int_equal(batch.count, 1);
    assert_true(batch.items[0].id != item_id);
    store_batch_free(&batch);
    assert_int_equal(store_backlog(fixture->store, &backlog, &error), STATUS_OK);
    assert_int_equal(backlog.pending, 1);
    assert_int_equal(backlog.leased, 1);
    assert_int_equal(backlog.next_due_ms, 5000);
}

static void a_due_time_beyond_any_backoff_counts_as_due(void **state)
{
    struct store_fixture *fixture = *state;
    fixture_enqueue(fixture->store, "r", 0, 1, 1);
    struct store_batch batch = fixture_lease(fixture->store, 1);
    struct store_outcome retry =
        fixture_failed(&batch.items[0].jobs[0], OUTCOME_RETRY, REASON_dns_failed);
    retry.due_ms = 1000 + 24 * 3600 * 1000 + 1;
    fixture_commit(fixture->store, &retry);
    store_batch_free(&batch);
    batch = fixture_lease(fixture->store, 1);
    assert_int_equal(batch.count, 1);
    assert_int_equal(batch.items[0].job_count, 1);
    store_batch_free(&batch);
}

static void a_released_job_is_due_at_once_and_used_up_no_attempt(void **state)
{
    struct store_fixture *fixture = *state;
    fixture_enqueue(fixture->store, "r", 0, 1, 1);
    struct store_batch batch = fixture_lease(fixture->store, 1);
    struct store_outcome release = {.job = batch.items[0].jobs[0], .kind = OUTCOME_RELEASE};
    assert_int_equal(fixture_commit(fixture->store, &release), 0);
    store_batch_free(&batch);
    batch = fixture_lease(fixture->store, 1);
    assert_int_equal(batch.count, 1);
    assert_int_equal(batch.items[0].jobs[0].attempt, 2);
    assert_int_equal(batch.items[0].jobs[0].tries, 1);
    store_batch_free(&batch);
}

static void a_job_released_until_later_waits_for_its_time(void **state)
{
    struct store_fixture *fixture = *state;
    struct error error;
    fixture_enqueue(fixture->store, "r", 0, 1, 1);
    struct store_batch batch = fixture_lease(fixture->store, 1);
    struct store_outcome release = {
        .job = batch.items[0].jobs[0], .kind = OUTCOME_RELEASE, .due_ms = 5000};
    assert_int_equal(fixture_commit(fixture->store, &release), 0);
    store_batch_free(&batch);
    batch = fixture_lease(fixture->store, 1);
    assert_int_equal(batch.count, 0);
    store_batch_free(&batch);
    assert_int_equal(store_lease(fixture->store, 1, 5000, &batch, &error), STATUS_OK);
    assert_int_equal(batch.count, 1);
    assert_int_equal(batch.items[0].jobs[0].tries, 1);
    store_batch_free(&batch);
}

static void all_results_of_a_url_are_about_the_same_bytes(void **state)
{
    struct store_fixture *fixture = *state;
    char hash[65];
    fixture_enqueue(fixture->store, "r", 0, 1, 1);
    struct store_batch first = fixture_lease(fixture->store, 1);
    fixture_enqueue(fixture->store, "r", 0, 1, 2);
    struct store_batch second = fixture_lease(fixture->store, 1);
    assert_int_equal(second.count, 1);
    struct store_outcome done = fixture_done(&first.items[0].jobs[0], fixture_sha256(1, hash));
    assert_int_equal(fixture_commit(fixture->store, &done), 0);
    done = fixture_done(&second.items[0].jobs[0], fixture_sha256(2, hash));
    assert_int_equal(fixture_commit(fixture->store, &done), 0);
    counts_are(fixture->store, 1, 0, 1, 0);
    store_batch_free(&first);
    store_batch_free(&second);
    first = fixture_lease(fixture->store, 1);
    assert_string_equal(first.items[0].image_sha256, fixture_sha256(1, hash));
    assert_int_equal(first.items[0].jobs[0].tries, 2);
    store_batch_free(&first);
}

static void many_retries_leave_half_of_a_lease_to_fresh_urls(void **state)
{
    struct store_fixture *fixture = *state;
    struct error error;
    fixture_enqueue(fixture->store, "r", 0, 8, 1);
    struct store_batch batch = fixture_lease(fixture->store, 8);
    for (size_t i = 0; i < batch.count; i++) {
        struct store_outcome release = {
            .job = batch.items[i].jobs[0], .kind = OUTCOME_RELEASE, .due_ms = 2000};
        assert_int_equal(fixture_commit(fixture->store, &release), 0);
    }
    store_batch_free(&batch);
    fixture_enqueue(fixture->store, "r", 100, 3, 1);
    assert_int_equal(store_lease(fixture->store, 4, 3000, &batch, &error), STATUS_OK);
    assert_int_equal(batch.count, 4);
    assert_string_equal(batch.items[1].url, "http://host.example/1.jpg");
    assert_string_equal(batch.items[2].url, "http://host.example/100.jpg");
    store_batch_free(&batch);
    /* The half that fresh URLs do not need is for retries again. */
    assert_int_equal(store_lease(fixture->store, 6, 3000, &batch, &error), STATUS_OK);
    assert_int_equal(batch.count, 6);
    store_batch_free(&batch);
}

static void targets_that_cannot_be_asked_are_passed_over(void **state)
{
    struct store_fixture *fixture = *state;
    struct error error;
    struct store_batch batch;
    fixture_enqueue(fixture->store, "r", 0, 3, 2);
    fixture_enqueue(fixture->store, "r", 3, 3, 1);
    const int64_t first[] = {1}, both[] = {1, 2};
    assert_int_equal(store_lease_without(fixture->store, 9, 1000, both, 2, &batch, &error),
                     STATUS_OK);
    assert_int_equal(batch.count, 0);
    store_batch_free(&batch);
    assert_int_equal(store_lease_without(fixture->store, 9, 1000, first, 1, &batch, &error),
                     STATUS_OK);
    assert_int_equal(batch.count, 3);
    assert_int_equal(batch.items[0].job_count, 1);
    assert_int_equal(batch.items[0].jobs[0].target_id, 2);
    store_batch_free(&batch);
    counts_are(fixture->store, 6, 3, 0, 0);
}

static void leases_of_a_dead_owner_are_retaken_at_once(void **state)
{
    struct store_fixture *fixture = *state;
    struct store_recovery recovery;
    struct error error;
    fixture_enqueue(fixture->store, "r", 0, 3, 2);
    /* Closing hands back. */
    struct store_batch batch = fixture_lease(fixture->store, 2);
    store_close(fixture->store);
    assert_int_equal(store_open(fixture->path, STORE_DAEMON, &fixture->store, &recovery, &error),
                     STATUS_OK);
    assert_int_equal(recovery.released, 0);
    assert_false(recovery.unclean);
    counts_are(fixture->store, 6, 0, 0, 0);
    store_batch_free(&batch);
}

/* ---- outcomes ------------------------------------------------------------------------------- */

static void a_stale_commit_is_refused_and_counted(void **state)
{
    struct store_fixture *fixture = *state;
    char sha256[65];
    fixture_enqueue(fixture->store, "r", 0, 1, 1);
    struct store_batch batch = fixture_lease(fixture->store, 1);
    struct store_outcome done = fixture_done(&batch.items[0].jobs[0], fixture_sha256(1, sha256));
    store_batch_free(&batch);
    fixture_reopen(fixture, STORE_DAEMON);

    assert_int_equal(fixture_commit(fixture->store, &done), 1);
    counts_are(fixture->store, 1, 0, 0, 0);
    batch = fixture_lease(fixture->store, 1);
    assert_int_equal(fixture_commit(fixture->store, &done), 1);
    done.job = batch.items[0].jobs[0];
    assert_int_equal(fixture_commit(fixture->store, &done), 0);
    assert_int_equal(fixture_commit(fixture->store, &done), 1);
    counts_are(fixture->store, 0, 0, 1, 0);
    store_batch_free(&batch);
}

static void a_bad_outcome_leaves_the_whole_group_unrecorded(void **state)
{
    struct store_fixture *fixture = *state;
    char sha256[65];
    struct error error;
    uint64_t stale = 0;
    fixture_enqueue(fixture->store, "r", 0, 2, 1);
    struct store_batch batch = fixture_lease(fixture->store, 2);
    struct store_outcome group[2] = {
        fixture_done(&batch.items[0].jobs[0], fixture_sha256(1, sha256)),
        fixture_done(&batch.items[1].jobs[0], sha256),
    };
    group[1].prediction_count = 0;
    assert_int_equal(store_commit(fixture->store, group, 2, &stale, &error), STATUS_INTERNAL);
    counts_are(fixture->store, 0, 2, 0, 0);
    group[1].prediction_count = 1;
    assert_int_equal(store_commit(fixture->store, group, 2, &stale, &error), STATUS_OK);
    counts_are(fixture->store, 0, 0, 2, 0);
    store_batch_free(&batch);
}

static void the_first_asked_picture_is_pinned(void **state)
{
    struct store_fixture *fixture = *state;
    char one[65], two[65];
    fixture_enqueue(fixture->store, "r", 0, 1, 2);
    struct store_batch batch = fixture_lease(fixture->store, 1);
    struct store_outcome first =
        fixture_failed(&batch.items[0].jobs[0], OUTCOME_RETRY, REASON_html);
    first.picture.sha256 = fixture_sha256(1, one);
    struct store_outcome second =
        fixture_failed(&batch.items[0].jobs[1], OUTCOME_RETRY, REASON_predict_timeout);
    second.picture.sha256 = fixture_sha256(2, two);
    second.picture.kind = "jpeg";
    fixture_commit(fixture->store, &first);
    fixture_commit(fixture->store, &second);
    store_batch_free(&batch);
    struct error error;
    assert_int_equal(store_lease(fixture->store, 1, 6000, &batch, &error), STATUS_OK);
    assert_string_equal(batch.items[0].image_sha256, two);
    assert_int_equal(batch.items[0].job_count, 2);
    store_batch_free(&batch);
}

static void the_third_crash_buries_the_open_jobs(void **state)
{
    struct store_fixture *fixture = *state;
    char sha256[65];
    struct error error;
    bool buried = true;
    fixture_enqueue(fixture->store, "r", 0, 2, 2);
    struct store_batch batch = fixture_lease(fixture->store, 1);
    int64_t item_id = batch.items[0].id;
    struct store_outcome done = fixture_done(&batch.items[0].jobs[0], fixture_sha256(1, sha256));
    fixture_commit(fixture->store, &done);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(store_count_crash(fixture->store, item_id, &buried, &error), STATUS_OK);
        assert_false(buried);
    }
    assert_int_equal(store_count_crash(fixture->store, item_id, &buried, &error), STATUS_OK);
    assert_true(buried);
    counts_are(fixture->store, 2, 0, 1, 1);
    done.job = batch.items[0].jobs[1];
    assert_int_equal(fixture_commit(fixture->store, &done), 1);
    assert_int_equal(store_count_crash(fixture->store, 12345, &buried, &error), STATUS_NO);
    store_batch_free(&batch);
}

/* ---- retry ---------------------------------------------------------------------------------- */

static void fail_all(struct store *store, enum reason reason)
{
    struct store_batch batch = fixture_lease(store, 1000);
    for (size_t i = 0; i < batch.count; i++)
        for (size_t j = 0; j < batch.items[i].job_count; j++) {
            struct store_outcome failed =
                fixture_failed(&batch.items[i].jobs[j], OUTCOME_FAILED, reason);
            assert_int_equal(fixture_commit(store, &failed), 0);
        }
    store_batch_free(&batch);
}

static int keep_detail(void *context, size_t columns, const char *const *names,
                       const struct store_value *values)
{
    for (size_t i = 0; i < columns; i++)
        if (strcmp(names[i], "detail") == 0)
            snprintf(context, 64, "%s", values[i].text);
    return 0;
}

static void texts_of_the_database_are_utf8(void **state)
{
    struct store_fixture *fixture = *state;
    char detail[64] = "";
    struct error error;
    fixture_enqueue(fixture->store, "r", 0, 1, 1);
    struct store_batch batch = fixture_lease(fixture->store, 1);
    struct store_outcome failed =
        fixture_failed(&batch.items[0].jobs[0], OUTCOME_FAILED, REASON_html);
    failed.detail = "Content-Type \"b\xe4r \xc3\xa4\"";
    assert_int_equal(fixture_commit(fixture->store, &failed), 0);
    store_batch_free(&batch);
    assert_int_equal(store_rows(fixture->store, "failures", NULL, keep_detail, detail, &error),
                     STATUS_OK);
    assert_string_equal(detail, "Content-Type \"b?r \xc3\xa4\"");
}

static void retry_takes_back_what_was_asked_for(void **state)
{
    struct store_fixture *fixture = *state;
    struct store *store = fixture->store;
    struct error error;
    uint64_t count;
    fixture_enqueue(store, "a", 0, 3, 2);
    fail_all(store, REASON_dns_failed);
    fixture_enqueue(store, "a", 3, 1, 1);
    fail_all(store, REASON_html);
    fixture_enqueue(store, "b", 0, 5, 1);
    fail_all(store, REASON_html);
    counts_are(store, 0, 0, 0, 12);

    const enum reason html = REASON_html;
    assert_int_equal(store_retry(store, "a", &html, 1, &count, &error), STATUS_OK);
    assert_int_equal(count, 1);
    assert_int_equal(store_retry(store, "a", NULL, 0, &count, &error), STATUS_OK);
    assert_int_equal(count, 6);
    assert_int_equal(store_retry(store, NULL, NULL, 0, &count, &error), STATUS_OK);
    assert_int_equal(count, 5);
    assert_int_equal(store_retry(store, "c", NULL, 0, &count, &error), STATUS_NO);
    counts_are(store, 12, 0, 0, 0);
    struct store_batch batch = fixture_lease(store, 1);
    assert_int_equal(batch.items[0].jobs[0].attempt, 2);
    assert_int_equal(batch.items[0].jobs[0].tries, 1);
    store_batch_free(&batch);
}

static void crashes_start_again_after_a_retry(void **state)
{
    struct store_fixture *fixture = *state;
    struct error error;
    bool buried = false;
    uint64_t count;
    fixture_enqueue(fixture->store, "a", 0, 1, 1);
    for (int i = 0; i < 3; i++)
        assert_int_equal(store_count_crash(fixture->store, 1, &buried, &error), STATUS_OK);
    assert_true(buried);
    assert_int_equal(store_retry(fixture->store, "a", NULL, 0, &count, &error), STATUS_OK);
    assert_int_equal(count, 1);
    assert_int_equal(store_count_crash(fixture->store, 1, &buried, &error), STATUS_OK);
    assert_false(buried);
}

static void a_retry_without_any_result_forgets_the_picture(void **state)
{
    struct store_fixture *fixture = *state;
    struct error error;
    uint64_t count;
    char first[65];
    fixture_enqueue(fixture->store, "a", 0, 2, 1);
    struct store_batch batch = fixture_lease(fixture->store, 2);
    struct store_outcome failed =
        fixture_failed(&batch.items[0].jobs[0], OUTCOME_FAILED, REASON_rejected);
    failed.picture.sha256 = fixture_sha256(1, first);
    fixture_commit(fixture->store, &failed);
    store_batch_free(&batch);
    assert_int_equal(store_retry(fixture->store, "a", NULL, 0, &count, &error), STATUS_OK);
    assert_int_equal(count, 1);
    batch = fixture_lease(fixture->store, 2);
    assert_int_equal(batch.count, 1);
    assert_null(batch.items[0].image_sha256);
    store_batch_free(&batch);
    assert_int_equal(fixture_fsck(fixture->store, NULL), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(enqueue_counts_new_urls_and_duplicates),
        TEST(enqueue_works_across_chunks),
        TEST(unflushed_urls_are_dropped),
        TEST(bad_requests_to_enqueue_are_refused),
        TEST(jobs_of_a_url_are_leased_together),
        TEST(only_a_daemon_leases),
        TEST(targets_of_leased_jobs_are_told),
        TEST(a_retry_waits_until_it_is_due_and_then_goes_first),
        TEST(a_due_time_beyond_any_backoff_counts_as_due),
        TEST(a_released_job_is_due_at_once_and_used_up_no_attempt),
        TEST(a_job_released_until_later_waits_for_its_time),
        TEST(all_results_of_a_url_are_about_the_same_bytes),
        TEST(many_retries_leave_half_of_a_lease_to_fresh_urls),
        TEST(targets_that_cannot_be_asked_are_passed_over),
        TEST(leases_of_a_dead_owner_are_retaken_at_once),
        TEST(a_stale_commit_is_refused_and_counted),
        TEST(a_bad_outcome_leaves_the_whole_group_unrecorded),
        TEST(the_first_asked_picture_is_pinned),
        TEST(the_third_crash_buries_the_open_jobs),
        TEST(texts_of_the_database_are_utf8),
        TEST(retry_takes_back_what_was_asked_for),
        TEST(crashes_start_again_after_a_retry),
        TEST(a_retry_without_any_result_forgets_the_picture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
