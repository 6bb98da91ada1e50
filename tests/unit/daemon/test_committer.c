#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "daemon/committer.h"

enum { URLS = 300 };

static bool sync_fails;
static enum status prepare_status;

/* Stands in for libc's: SQLite's syncs go through here. */
int fdatasync(int descriptor);
int fdatasync(int descriptor)
{
    if (sync_fails) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(SYS_fdatasync, descriptor);
}

static char folder[64], path[96];

struct fixture {
    uv_loop_t loop;
    struct committer *committer;
    bool opened, closed, failed;
    enum status status;
    struct store_recovery recovery;
    struct committer_lease *lease;
    size_t recorded;
    unsigned troubles, ends_of_trouble;
};

static struct fixture f;

static void on_opened(void *context, enum status status, const struct store_recovery *recovery,
                      const struct error *error)
{
    (void)context;
    (void)error;
    f.opened = true;
    f.status = status;
    f.recovery = *recovery;
}

static void on_leased(void *context, struct committer_lease *lease)
{
    (void)context;
    assert_null(f.lease);
    f.lease = lease;
}

static void on_recorded(void *context, struct outcome *list)
{
    (void)context;
    for (struct outcome *next; list; list = next) {
        next = list->next;
        f.recorded++;
        free(list);
    }
}

static void on_trouble(void *context, const char *text)
{
    (void)context;
    *(text ? &f.troubles : &f.ends_of_trouble) += 1;
}

static void on_failed(void *context, enum status status, const struct error *error)
{
    (void)context;
    (void)error;
    f.failed = true;
    f.status = status;
}

static enum status prepare(void *context, struct store *store, struct error *error)
{
    (void)context;
    assert_non_null(store);
    return prepare_status ? error_set(error, prepare_status, "not prepared") : STATUS_OK;
}

static const struct committer_events events = {on_opened,  on_leased, on_recorded,
                                               on_trouble, on_failed, prepare};

static void on_closed(void *context)
{
    (void)context;
    f.closed = true;
}

#define RUN_UNTIL(condition)                                                                       \
    while (!(condition))                                                                           \
    uv_run(&f.loop, UV_RUN_ONCE)

static void start(void)
{
    struct error error;
    memset(&f, 0, sizeof f);
    assert_int_equal(uv_loop_init(&f.loop), 0);
    assert_int_equal(committer_create(&f.loop, path, &events, NULL, &f.committer, &error),
                     STATUS_OK);
}

static void start_opened(void)
{
    start();
    RUN_UNTIL(f.opened);
    assert_int_equal(f.status, STATUS_OK);
}

static void stop(int64_t patience_ms)
{
    committer_close(f.committer, patience_ms, on_closed, NULL);
    RUN_UNTIL(f.closed);
    uv_run(&f.loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&f.loop), 0);
    committer_lease_free(f.lease);
    f.lease = NULL;
}

static void lease(size_t count)
{
    committer_lease_free(f.lease);
    f.lease = NULL;
    committer_lease(f.committer, count, NULL, 0);
    RUN_UNTIL(f.lease);
}

static void record_failure(const struct store_job *job)
{
    struct store_outcome record = {
        .job = *job, .kind = OUTCOME_FAILED, .reason = REASON_dns_failed, .detail = "gone"};
    struct outcome *outcome = outcome_copy(&record, NULL);
    assert_non_null(outcome);
    committer_record(f.committer, outcome);
}

static void record_all(void)
{
    for (size_t i = 0; i < f.lease->batch.count; i++)
        record_failure(&f.lease->batch.items[i].jobs[0]);
}

static void enqueue(void)
{
    struct error error;
    struct store *store;
    struct store_enqueue *enqueue;
    struct store_target target = {"m", "1.0", "Caffe", "1.0", "local"};
    assert_int_equal(store_open(path, STORE_CLIENT, &store, NULL, &error), STATUS_OK);
    assert_int_equal(store_enqueue_begin(store, "default", &target, 1, &enqueue, &error),
                     STATUS_OK);
    for (int i = 0; i < URLS; i++) {
        char url[64];
        snprintf(url, sizeof url, "http://example.org/%d.jpg", i);
        struct store_entry entry = {url, NULL, NULL};
        assert_int_equal(store_enqueue_add(enqueue, &entry, &error), STATUS_OK);
    }
    assert_int_equal(store_enqueue_flush(enqueue, NULL, &error), STATUS_OK);
    store_enqueue_end(enqueue);
    store_close(store);
}

static struct store_fsck count(void)
{
    struct error error;
    struct store *store;
    struct store_fsck fsck;
    assert_int_equal(store_open(path, STORE_READ, &store, NULL, &error), STATUS_OK);
    assert_int_equal(store_fsck(store, NULL, NULL, &fsck, &error), STATUS_OK);
    store_close(store);
    assert_int_equal(fsck.problems, 0);
    return fsck;
}

static int set_up(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/test-committer-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/bench.db", folder);
    enqueue();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    char command[96];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

/* Commits in the log: frames whose header says how large the database is after them
 * (SQLite file format, section 4.1). */
static size_t commits_in_log(void)
{
    char name[128];
    unsigned char header[32];
    snprintf(name, sizeof name, "%s-wal", path);
    FILE *file = fopen(name, "rb");
    if (!file)
        return 0;
    size_t commits = 0;
    assert_int_equal(fread(header, 1, 32, file), 32);
    long page = header[8] << 24 | header[9] << 16 | header[10] << 8 | header[11];
    while (fread(header, 1, 24, file) == 24 && fseek(file, page, SEEK_CUR) == 0)
        commits += header[4] || header[5] || header[6] || header[7];
    fclose(file);
    return commits;
}

static void outcomes_share_commits(void **state)
{
    (void)state;
    start_opened();
    lease(URLS);
    assert_true(f.lease->answered);
    assert_int_equal(f.lease->batch.count, URLS);
    assert_string_equal(f.lease->targets[URLS - 1]->model, "m");
    assert_ptr_equal(f.lease->targets[0], f.lease->targets[URLS - 1]);
    assert_int_equal(f.lease->backlog.leased, URLS);
    size_t before = commits_in_log();
    record_all();
    assert_int_equal(committer_pending(f.committer), URLS);
    RUN_UNTIL(f.recorded == URLS);
    assert_int_equal(committer_pending(f.committer), 0);
    size_t groups = commits_in_log() - before;
    assert_in_range(groups, URLS / COMMITTER_GROUP, URLS / 4);
    stop(0);
    assert_int_equal(count().failed, URLS);
}

static void closing_records_what_was_handed_over(void **state)
{
    (void)state;
    start_opened();
    lease(200);
    record_all();
    stop(0);
    struct store_fsck fsck = count();
    assert_int_equal(fsck.failed, 200);
    assert_int_equal(fsck.pending, 100);
    assert_int_equal(fsck.leased, 0);
}

static void leases_that_were_not_worked_on_go_back(void **state)
{
    (void)state;
    start_opened();
    lease(200);
    stop(0);
    assert_int_equal(count().pending, URLS);
}

/* No file may grow past `bytes`; RLIM_INFINITY: the end of that. */
static void limit_files(rlim_t bytes)
{
    struct rlimit limit;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void full_disk_keeps_outcomes_and_resumes(void **state)
{
    (void)state;
    start_opened();
    lease(100);
    fflush(NULL);
    limit_files(4096);
    record_all();
    RUN_UNTIL(f.troubles == 1);
    assert_int_equal(f.recorded, 0);
    lease(100); /* is answered, with nothing */
    assert_false(f.lease->answered);
    assert_int_equal(f.lease->batch.count, 0);
    uint64_t heartbeat = committer_heartbeat(f.committer);
    limit_files(RLIM_INFINITY);
    RUN_UNTIL(f.recorded == 100);
    RUN_UNTIL(f.ends_of_trouble == 1);
    assert_int_equal(f.troubles, 1); /* told once */
    assert_true(committer_heartbeat(f.committer) > heartbeat);
    lease(50);
    assert_true(f.lease->answered);
    assert_int_equal(f.lease->batch.count, 50);
    stop(0);
    assert_int_equal(count().failed, 100);
}

static void closing_with_a_full_disk_ends_and_loses_no_job(void **state)
{
    (void)state;
    start_opened();
    lease(100);
    fflush(NULL);
    limit_files(4096);
    record_all();
    RUN_UNTIL(f.troubles == 1);
    stop(1);
    limit_files(RLIM_INFINITY);
    start_opened();
    assert_int_equal(f.recovery.released, 100);
    stop(0);
    assert_int_equal(count().pending, URLS);
}

static void failed_sync_is_never_tried_again(void **state)
{
    (void)state;
    start_opened();
    lease(10);
    sync_fails = true;
    record_all();
    RUN_UNTIL(f.failed);
    assert_int_equal(f.status, STATUS_IO);
    assert_int_equal(f.recorded, 0);
    sync_fails = false;
    stop(0);
    struct store_fsck fsck = count();
    assert_int_equal(fsck.pending + fsck.failed + fsck.leased, URLS);
}

static void second_daemon_is_refused(void **state)
{
    (void)state;
    start_opened();
    struct committer *first = f.committer;
    struct error error;
    f.opened = false;
    assert_int_equal(committer_create(&f.loop, path, &events, NULL, &f.committer, &error),
                     STATUS_OK);
    RUN_UNTIL(f.opened);
    assert_int_equal(f.status, STATUS_UNAVAILABLE);
    committer_close(f.committer, 0, on_closed, NULL);
    RUN_UNTIL(f.closed);
    f.closed = false;
    f.committer = first;
    stop(0);
}

static void failed_preparation_fails_the_opening(void **state)
{
    (void)state;
    prepare_status = STATUS_IO;
    start();
    RUN_UNTIL(f.opened);
    assert_int_equal(f.status, STATUS_IO);
    stop(0);
    prepare_status = STATUS_OK;
}

struct counting {
    struct errand errand;
    bool ran, done;
    enum status status;
    struct store_backlog backlog;
};

static void run_counting(struct errand *errand, struct store *store)
{
    struct counting *counting = (struct counting *)(void *)errand;
    struct error error;
    counting->status = store_backlog(store, &counting->backlog, &error);
    counting->ran = true;
}

static void done_counting(struct errand *errand)
{
    ((struct counting *)(void *)errand)->done = true;
}

static void errands_come_back_with_what_the_store_says(void **state)
{
    (void)state;
    struct counting errands[3] = {{.done = false}};
    start_opened();
    for (size_t i = 0; i < 3; i++) {
        errands[i].errand = (struct errand){.run = run_counting, .done = done_counting};
        committer_run(f.committer, &errands[i].errand);
    }
    RUN_UNTIL(errands[0].done && errands[1].done && errands[2].done);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(errands[i].status, STATUS_OK);
        assert_int_equal(errands[i].backlog.pending, URLS);
    }
    stop(0);
}

static void the_store_closes_only_behind_an_errand(void **state)
{
    (void)state;
    struct counting last = {.errand = {.run = run_counting, .done = done_counting}};
    start_opened();
    committer_run(f.committer, &last.errand);
    stop(0);
    assert_true(last.ran && last.done);
    assert_int_equal(last.backlog.pending, URLS);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(errands_come_back_with_what_the_store_says),
        TEST(the_store_closes_only_behind_an_errand),
        TEST(outcomes_share_commits),
        TEST(closing_records_what_was_handed_over),
        TEST(leases_that_were_not_worked_on_go_back),
        TEST(full_disk_keeps_outcomes_and_resumes),
        TEST(closing_with_a_full_disk_ends_and_loses_no_job),
        TEST(failed_sync_is_never_tried_again),
        TEST(second_daemon_is_refused),
        TEST(failed_preparation_fails_the_opening),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
