#include "common/store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "common/store/summary.h"
#include "tests/lib/store_fixture.h"

/* A directory without a database. */
static int setup(void **state)
{
    static struct store_fixture fixture;
    fixture_directory(&fixture);
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    fixture_close(*state);
    return 0;
}

/* Opening fails with `expected`, one line that names the file, and no store. */
static void open_fails(const char *path, enum store_mode mode, enum status expected)
{
    struct error error = {""};
    struct store *store;
    enum status status = store_open(path, mode, &store, NULL, &error);
    if (status != expected)
        fail_msg("%s instead of %s: %s", status_text(status), status_text(expected), error.text);
    assert_null(store);
    assert_null(strchr(error.text, '\n'));
    assert_non_null(strstr(error.text, "/tmp/"));
    print_message("%s\n", error.text);
}

static void open_works(struct store_fixture *fixture, enum store_mode mode)
{
    struct error error = {""};
    assert_null(fixture->store);
    if (store_open(fixture->path, mode, &fixture->store, NULL, &error))
        fail_msg("%s", error.text);
}

static void shut(struct store_fixture *fixture)
{
    store_close(fixture->store);
    fixture->store = NULL;
}

/* Runs SQL on the file behind the store's back. */
static void sql(struct store_fixture *fixture, const char *text)
{
    sqlite3 *db;
    char *message = NULL;
    assert_int_equal(sqlite3_open(fixture->path, &db), SQLITE_OK);
    if (sqlite3_exec(db, text, NULL, NULL, &message) != SQLITE_OK)
        fail_msg("%s", message);
    sqlite3_close(db);
}

static void write_file(const char *path, const char *bytes, size_t size)
{
    int descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(descriptor >= 0);
    assert_int_equal(write(descriptor, bytes, size), size);
    close(descriptor);
}

/* ---- what is no database of ours ------------------------------------------------------------ */

static void a_missing_database_is_not_created_for_reading(void **state)
{
    struct store_fixture *fixture = *state;
    open_fails(fixture->path, STORE_READ, STATUS_IO);
    assert_int_equal(access(fixture->path, F_OK), -1);
}

static void a_missing_directory_is_told(void **state)
{
    (void)state;
    open_fails("/tmp/carmlbench-no-such-directory/x.db", STORE_CLIENT, STATUS_IO);
}

static void a_directory_is_no_database(void **state)
{
    struct store_fixture *fixture = *state;
    open_fails(fixture->directory, STORE_CLIENT, STATUS_IO);
}

static void what_is_not_sqlite_is_refused_and_left_alone(void **state)
{
    struct store_fixture *fixture = *state;
    static char text[20000];
    static const size_t sizes[] = {1, 50, 99, 100, 600, 4096, sizeof text};
    memset(text, 'x', sizeof text);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct stat info;
        write_file(fixture->path, text, sizes[i]);
        open_fails(fixture->path, STORE_CLIENT, STATUS_DATA);
        open_fails(fixture->path, STORE_READ, STATUS_DATA);
        assert_int_equal(stat(fixture->path, &info), 0);
        assert_int_equal(info.st_size, sizes[i]);
    }
}

static void a_database_of_another_program_is_refused(void **state)
{
    struct store_fixture *fixture = *state;
    sql(fixture, "CREATE TABLE theirs (x)");
    open_fails(fixture->path, STORE_CLIENT, STATUS_DATA);
    open_fails(fixture->path, STORE_DAEMON, STATUS_DATA);
    open_fails(fixture->path, STORE_READ, STATUS_DATA);
    sql(fixture, "DROP TABLE theirs; PRAGMA application_id = 77; PRAGMA user_version = 1");
    open_fails(fixture->path, STORE_CLIENT, STATUS_DATA);
}

static void an_empty_file_becomes_a_database(void **state)
{
    struct store_fixture *fixture = *state;
    write_file(fixture->path, "", 0);
    open_fails(fixture->path, STORE_READ, STATUS_DATA);
    open_works(fixture, STORE_CLIENT);
    assert_int_equal(fixture_fsck(fixture->store, NULL), 0);
}

static void a_newer_version_is_refused(void **state)
{
    struct store_fixture *fixture = *state;
    open_works(fixture, STORE_CLIENT);
    shut(fixture);
    sql(fixture, "PRAGMA user_version = 999");
    open_fails(fixture->path, STORE_CLIENT, STATUS_DATA);
    open_fails(fixture->path, STORE_DAEMON, STATUS_DATA);
    open_fails(fixture->path, STORE_READ, STATUS_DATA);
}

static void a_file_cut_short_is_told(void **state)
{
    struct store_fixture *fixture = *state;
    open_works(fixture, STORE_CLIENT);
    shut(fixture);
    assert_int_equal(truncate(fixture->path, 4096), 0);
    open_fails(fixture->path, STORE_CLIENT, STATUS_DATA);
}

/* ---- permissions ---------------------------------------------------------------------------- */

/* Runs `body` as a user without rights; skips where that is not possible. */
static void as_nobody(struct store_fixture *fixture, void (*body)(struct store_fixture *))
{
    if (geteuid() != 0) {
        print_message("needs root: skipped\n");
        skip();
    }
    assert_int_equal(seteuid(65534), 0);
    body(fixture);
    assert_int_equal(seteuid(0), 0);
}

static void open_as_client_fails(struct store_fixture *fixture)
{
    open_fails(fixture->path, STORE_CLIENT, STATUS_IO);
    open_fails(fixture->path, STORE_DAEMON, STATUS_IO);
}

static void an_unwritable_directory_is_told(void **state)
{
    struct store_fixture *fixture = *state;
    assert_int_equal(chmod(fixture->directory, 0755), 0);
    as_nobody(fixture, open_as_client_fails);
}

static void an_unwritable_database_is_told(void **state)
{
    struct store_fixture *fixture = *state;
    open_works(fixture, STORE_CLIENT);
    shut(fixture);
    assert_int_equal(chmod(fixture->directory, 0777), 0);
    assert_int_equal(chmod(fixture->path, 0644), 0);
    as_nobody(fixture, open_as_client_fails);
}

static mode_t mode_of(struct store_fixture *fixture, const char *suffix)
{
    char path[160];
    struct stat info;
    snprintf(path, sizeof path, "%s%s", fixture->path, suffix);
    if (stat(path, &info) != 0)
        fail_msg("%s: %s", path, strerror(errno));
    return info.st_mode & 0777;
}

static void modes_follow_the_umask(void **state)
{
    struct store_fixture *fixture = *state;
    mode_t before = umask(007);
    open_works(fixture, STORE_DAEMON);
    umask(before);
    fixture_enqueue(fixture->store, "r", 0, 1, 1);
    assert_int_equal(mode_of(fixture, ""), 0660);
    assert_int_equal(mode_of(fixture, "-wal"), 0660);
    assert_int_equal(mode_of(fixture, "-shm"), 0660);
    assert_int_equal(mode_of(fixture, ".lock"), 0660);
}

static void a_shared_directory_makes_a_shared_database(void **state)
{
    struct store_fixture *fixture = *state;
    assert_int_equal(chmod(fixture->directory, 02770), 0);
    mode_t before = umask(022);
    open_works(fixture, STORE_CLIENT);
    umask(before);
    assert_int_equal(mode_of(fixture, ""), 0660);
}

/* ---- one daemon ----------------------------------------------------------------------------- */

/* Opens in a child process, which tells that it has by a byte and then waits to be killed. */
static pid_t daemon_elsewhere(struct store_fixture *fixture, size_t lease)
{
    int ends[2];
    char byte;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct store *store;
        struct store_batch batch;
        if (store_open(fixture->path, STORE_DAEMON, &store, NULL, NULL) ||
            store_lease(store, lease, 1000, &batch, NULL) || write(ends[1], "x", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], &byte, 1), 1);
    close(ends[0]);
    return child;
}

static void kill_and_wait(pid_t child)
{
    int status;
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
}

static void two_daemons_do_not_share_a_database(void **state)
{
    struct store_fixture *fixture = *state;
    pid_t child = daemon_elsewhere(fixture, 0);
    open_fails(fixture->path, STORE_DAEMON, STATUS_UNAVAILABLE);
    open_works(fixture, STORE_CLIENT);
    fixture_enqueue(fixture->store, "r", 0, 1, 1);
    shut(fixture);
    kill_and_wait(child);
    open_works(fixture, STORE_DAEMON);
}

static void leases_of_a_killed_daemon_are_retaken_at_once(void **state)
{
    struct store_fixture *fixture = *state;
    struct store_recovery recovery;
    struct store_fsck totals;
    open_works(fixture, STORE_CLIENT);
    fixture_enqueue(fixture->store, "r", 0, 5, 2);
    shut(fixture);
    kill_and_wait(daemon_elsewhere(fixture, 3));
    assert_int_equal(store_open(fixture->path, STORE_DAEMON, &fixture->store, &recovery, NULL),
                     STATUS_OK);
    assert_true(recovery.unclean);
    assert_int_equal(recovery.released, 6);
    assert_int_equal(fixture_fsck(fixture->store, &totals), 0);
    assert_int_equal(totals.pending, 10);
    struct store_batch batch = fixture_lease(fixture->store, 1);
    assert_int_equal(batch.items[0].jobs[0].attempt, 2);
    store_batch_free(&batch);
}

/* So that it is made anew with the mode of the database. */
static void remove_log(const struct store_fixture *fixture)
{
    char name[160];
    snprintf(name, sizeof name, "%s-wal", fixture->path);
    unlink(name);
    snprintf(name, sizeof name, "%s-shm", fixture->path);
    unlink(name);
}

static void create_together(struct store_fixture *fixture)
{
    pid_t children[8];
    for (size_t i = 0; i < 8; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] == 0) {
            struct store *store;
            struct error error = {""};
            enum status status = store_open(fixture->path, STORE_CLIENT, &store, NULL, &error);
            if (status)
                fprintf(stderr, "%s\n", error.text);
            store_close(store);
            _exit(status ? 1 : 0);
        }
    }
    for (size_t i = 0; i < 8; i++) {
        int status;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
    open_works(fixture, STORE_READ);
    assert_int_equal(fixture_fsck(fixture->store, NULL), 0);
    shut(fixture);
}

static void many_processes_create_one_database(void **state)
{
    struct store_fixture *fixture = *state;
    for (int round = 0; round < 40; round++) {
        create_together(fixture);
        remove_log(fixture);
        assert_int_equal(unlink(fixture->path), 0);
    }
}

/* A member of no group reads in a child process; returns its exit status. */
static int read_as_nobody(const char *path)
{
    int status;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct store *store;
        struct store_fsck totals;
        struct error error = {""};
        if (setgid(65534) || setuid(65534))
            _exit(9);
        bool works = store_open(path, STORE_READ, &store, NULL, &error) == STATUS_OK &&
                     store_fsck(store, NULL, NULL, &totals, &error) == STATUS_OK;
        fputs(error.text, stderr);
        _exit(works && totals.jobs == 3 && totals.problems == 0 ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void who_may_only_read_reads_with_and_without_a_daemon(void **state)
{
    struct store_fixture *fixture = *state;
    if (geteuid() != 0) {
        print_message("skipped: needs root to become somebody else\n");
        skip();
    }
    assert_int_equal(chmod(fixture->directory, 0755), 0);
    mode_t before = umask(022);
    open_works(fixture, STORE_CLIENT);
    assert_int_equal(chmod(fixture->path, 0644), 0);
    shut(fixture);
    remove_log(fixture);
    open_works(fixture, STORE_DAEMON);
    umask(before);
    fixture_enqueue(fixture->store, "r", 0, 3, 1);
    assert_int_equal(read_as_nobody(fixture->path), 0);
    shut(fixture);
    assert_int_equal(read_as_nobody(fixture->path), 0);
}

static void a_reader_changes_nothing(void **state)
{
    struct store_fixture *fixture = *state;
    struct store_enqueue *enqueue;
    open_works(fixture, STORE_CLIENT);
    shut(fixture);
    open_works(fixture, STORE_READ);
    assert_int_equal(store_enqueue_begin(fixture->store, "r", fixture_targets, 1, &enqueue, NULL),
                     STATUS_INTERNAL);
}

/* ---- migrations ----------------------------------------------------------------------------- */

static int statements_left;

static int die_at_statement(unsigned kind, void *context, void *stmt, void *text)
{
    (void)kind, (void)context, (void)stmt, (void)text;
    if (statements_left-- == 0)
        kill(getpid(), SIGKILL);
    return 0;
}

/* SQLite calls this for every connection that is opened. */
static int watch_statements(sqlite3 *db, char **message, const struct sqlite3_api_routines *api)
{
    (void)message, (void)api;
    return sqlite3_trace_v2(db, SQLITE_TRACE_STMT, die_at_statement, NULL);
}

/* True when the child got to the end of opening before its n-th statement. */
static bool open_killed_at(struct store_fixture *fixture, int n)
{
    int status;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct store *store;
        statements_left = n;
        sqlite3_auto_extension((void (*)(void))watch_statements);
        _exit(store_open(fixture->path, STORE_DAEMON, &store, NULL, NULL) ? 1 : 0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFEXITED(status))
        assert_int_equal(WEXITSTATUS(status), 0);
    return WIFEXITED(status);
}

static void a_migration_killed_at_any_statement_is_completed_by_the_next_open(void **state)
{
    struct store_fixture *fixture = *state;
    int n = 0;
    for (bool complete = false; !complete; n++) {
        char suffixes[][5] = {"", "-wal", "-shm"};
        complete = open_killed_at(fixture, n);
        open_works(fixture, STORE_CLIENT);
        fixture_enqueue(fixture->store, "r", 0, 1, 1);
        assert_int_equal(fixture_fsck(fixture->store, NULL), 0);
        shut(fixture);
        for (size_t i = 0; i < 3; i++) {
            char path[160];
            snprintf(path, sizeof path, "%s%s", fixture->path, suffixes[i]);
            unlink(path);
        }
    }
    print_message("killed at each of %d statements\n", n - 1);
    assert_true(n > 40);
}

static size_t columns_seen;

static int count_columns(void *context, size_t columns, const char *const *names,
                         const struct store_value *values)
{
    (void)context, (void)names, (void)values;
    columns_seen = columns;
    return 0;
}

static void changed_views_are_made_anew(void **state)
{
    struct store_fixture *fixture = *state;
    open_works(fixture, STORE_CLIENT);
    shut(fixture);
    sql(fixture, "DROP VIEW latency; DROP VIEW progress; CREATE VIEW progress AS SELECT 1 AS x");
    open_works(fixture, STORE_CLIENT);
    shut(fixture);
    sql(fixture, "SELECT pending FROM progress; SELECT p50_ms FROM latency");
}

/* The database stays as it is: the reader may not change it. */
static void who_only_reads_sees_its_own_views(void **state)
{
    struct store_fixture *fixture = *state;
    struct error error = {""};
    open_works(fixture, STORE_CLIENT);
    shut(fixture);
    sql(fixture, "DROP VIEW cell; DROP VIEW pair_cell; DROP VIEW latency_cell;"
                 "DROP VIEW accuracy; CREATE VIEW accuracy AS SELECT 1 AS x");
    open_works(fixture, STORE_READ);
    assert_int_equal(store_rows(fixture->store, "accuracy", NULL, count_columns, NULL, &error),
                     STATUS_OK);
    assert_int_equal(store_columns(fixture->store, "accuracy", count_columns, NULL, &error),
                     STATUS_OK);
    assert_true(columns_seen > 1);
    struct store *const one[] = {fixture->store};
    const struct store_summary_options all = {
        .scoring = "isa",
        .parts = STORE_SUMMARY_ACCURACY | STORE_SUMMARY_COMPARISON | STORE_SUMMARY_LATENCY};
    if (store_freeze(one, 1, &error) || store_summarize(fixture->store, &all, &error))
        fail_msg("%s", error.text);
    shut(fixture);
    sql(fixture, "SELECT x FROM accuracy");
}

/* ---- full disk ------------------------------------------------------------------------------ */

/* Enqueues until the disk is full; *added: URLs acknowledged before. */
static enum status enqueue_until_failure(struct store *store, uint64_t *added)
{
    struct error error = {""};
    struct store_enqueue *enqueue;
    struct store_enqueue_counts counts = {0};
    *added = 0;
    if (store_enqueue_begin(store, "r", fixture_targets, 1, &enqueue, &error))
        return STATUS_INTERNAL;
    enum status status = STATUS_OK;
    for (unsigned i = 0; !status && i < 200000; i++) {
        char url[64];
        snprintf(url, sizeof url, "http://host.example/%u.jpg", i);
        const struct store_entry entry = {url, NULL, NULL};
        status = store_enqueue_add(enqueue, &entry, &error);
        if (!status && i % 500 == 499)
            status = store_enqueue_flush(enqueue, &counts, &error);
    }
    *added = counts.added;
    print_message("after %llu URLs: %s\n", (unsigned long long)*added, error.text);
    store_enqueue_end(enqueue);
    return status;
}

static void a_full_disk_is_told_and_work_resumes(void **state)
{
    struct store_fixture *fixture = *state;
    uint64_t added;
    struct store_fsck totals;
    if (mount("none", fixture->directory, "tmpfs", 0, "size=2m") != 0) {
        print_message("cannot mount a small file system: skipped\n");
        skip();
    }
    open_works(fixture, STORE_DAEMON);
    assert_int_equal(enqueue_until_failure(fixture->store, &added), STATUS_FULL);
    assert_true(added > 0);
    assert_int_equal(mount("none", fixture->directory, "tmpfs", MS_REMOUNT, "size=64m"), 0);
    assert_int_equal(fixture_fsck(fixture->store, &totals), 0);
    assert_int_equal(totals.urls, added);
    fixture_enqueue(fixture->store, "r", 0, (unsigned)added + 1000, 1);
    fixture_reopen(fixture, STORE_DAEMON);
    assert_int_equal(fixture_fsck(fixture->store, &totals), 0);
    assert_int_equal(totals.urls, added + 1000);
    shut(fixture);
    assert_int_equal(umount(fixture->directory), 0);
}

static void a_file_that_may_not_grow_is_told_and_work_resumes(void **state)
{
    struct store_fixture *fixture = *state;
    uint64_t added;
    struct store_fsck totals;
    struct rlimit before, small;
    open_works(fixture, STORE_DAEMON);
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 2 << 20;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    enum status status = enqueue_until_failure(fixture->store, &added);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, handler);
    assert_true(status == STATUS_IO || status == STATUS_FULL);
    assert_int_equal(fixture_fsck(fixture->store, &totals), 0);
    assert_int_equal(totals.urls, added);
    fixture_enqueue(fixture->store, "r", 0, (unsigned)added + 1000, 1);
    assert_int_equal(fixture_fsck(fixture->store, &totals), 0);
    assert_int_equal(totals.urls, added + 1000);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_missing_database_is_not_created_for_reading),
        TEST(a_missing_directory_is_told),
        TEST(a_directory_is_no_database),
        TEST(what_is_not_sqlite_is_refused_and_left_alone),
        TEST(a_database_of_another_program_is_refused),
        TEST(an_empty_file_becomes_a_database),
        TEST(a_newer_version_is_refused),
        TEST(a_file_cut_short_is_told),
        TEST(an_unwritable_directory_is_told),
        TEST(an_unwritable_database_is_told),
        TEST(modes_follow_the_umask),
        TEST(a_shared_directory_makes_a_shared_database),
        TEST(two_daemons_do_not_share_a_database),
        TEST(leases_of_a_killed_daemon_are_retaken_at_once),
        TEST(many_processes_create_one_database),
        TEST(who_may_only_read_reads_with_and_without_a_daemon),
        TEST(a_reader_changes_nothing),
        TEST(a_migration_killed_at_any_statement_is_completed_by_the_next_open),
        TEST(changed_views_are_made_anew),
        TEST(who_only_reads_sees_its_own_views),
        TEST(a_full_disk_is_told_and_work_resumes),
        TEST(a_file_that_may_not_grow_is_told_and_work_resumes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
