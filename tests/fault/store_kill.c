/* store_kill: what the store acknowledged survives SIGKILL.
 *
 *     build/tests/fault/store_kill [KILLS [SEED]]      60 kills
 *
 * A child opens one database as the daemon again and again, enqueues, leases and commits, and
 * writes a line into a log, with fsync, after each acknowledgement. The parent kills it after 1 to
 * 120 ms, opens the database itself and checks: every URL and every result of the log is there,
 * nothing has two results, and fsck finds nothing. Then the next child goes on with the same
 * database.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/store/store.h"
#include "tests/lib/random.h"
#include "tests/lib/store_fixture.h"

enum { URLS_MAX = 1 << 20, GROUP = 16, ADD = 25 };

struct run {
    char directory[64], database[96], log[96];
    uint64_t random;
    unsigned kills, passed, failed;
    unsigned char *seen; /* results counted by URL number */
};

/* ---- the child ------------------------------------------------------------------------------ */

static void child_must(enum status status, const struct error *error)
{
    if (status == STATUS_OK)
        return;
    fprintf(stderr, "child: %s\n", error->text);
    _exit(1);
}

static void log_line(int log, char what, unsigned number)
{
    char line[32];
    int size = snprintf(line, sizeof line, "%c%u\n", what, number);
    if (write(log, line, (size_t)size) != size)
        _exit(1);
}

static void add_some(struct store *store, int log, unsigned first)
{
    struct error error = {""};
    struct store_enqueue *enqueue;
    child_must(store_enqueue_begin(store, "r", fixture_targets, 1, &enqueue, &error), &error);
    for (unsigned i = first; i < first + ADD; i++) {
        char url[64];
        snprintf(url, sizeof url, "http://host.example/%u.jpg", i);
        const struct store_entry entry = {url, NULL, "bear"};
        child_must(store_enqueue_add(enqueue, &entry, &error), &error);
    }
    child_must(store_enqueue_flush(enqueue, NULL, &error), &error);
    store_enqueue_end(enqueue);
    for (unsigned i = first; i < first + ADD; i++)
        log_line(log, 'e', i);
    if (fsync(log) != 0)
        _exit(1);
}

static unsigned number_of(const char *url)
{
    return (unsigned)strtoul(url + strlen("http://host.example/"), NULL, 10);
}

static void end_some(struct store *store, int log, uint64_t *state)
{
    struct error error = {""};
    struct store_batch batch;
    struct store_outcome outcomes[GROUP];
    char sha256[GROUP][65];
    uint64_t stale = 0;
    child_must(store_lease(store, GROUP, 2000, &batch, &error), &error);
    for (size_t i = 0; i < batch.count; i++) {
        const struct store_job *job = &batch.items[i].jobs[0];
        uint32_t dice = random_below(state, 10);
        unsigned number = number_of(batch.items[i].url);
        if (dice < 7)
            outcomes[i] = fixture_done(job, fixture_sha256(number % 500, sha256[i]));
        else if (dice < 9)
            outcomes[i] = fixture_failed(job, OUTCOME_FAILED, REASON_html);
        else
            outcomes[i] = fixture_failed(job, OUTCOME_RETRY, REASON_dns_failed);
        outcomes[i].due_ms = 1500;
    }
    child_must(store_commit(store, outcomes, batch.count, &stale, &error), &error);
    if (stale)
        _exit(1);
    for (size_t i = 0; i < batch.count; i++)
        if (outcomes[i].kind != OUTCOME_RETRY)
            log_line(log, outcomes[i].kind == OUTCOME_DONE ? 'd' : 'f',
                     number_of(batch.items[i].url));
    if (fsync(log) != 0)
        _exit(1);
    store_batch_free(&batch);
}

static void child(const struct run *run, unsigned first, uint64_t state)
{
    struct error error = {""};
    struct store *store;
    int log = open(run->log, O_WRONLY | O_APPEND | O_CREAT, 0600);
    if (log < 0)
        _exit(1);
    child_must(store_open(run->database, STORE_DAEMON, &store, NULL, &error), &error);
    for (unsigned round = 0;; round++) {
        add_some(store, log, first + round * ADD);
        end_some(store, log, &state);
        if (random_below(&state, 8) == 0)
            child_must(store_count_crash(store, 1 + random_below(&state, 50), NULL, &error),
                       &error);
    }
}

/* ---- the parent ----------------------------------------------------------------------------- */

static int note_result(void *context, size_t columns, const char *const *names,
                       const struct store_value *values)
{
    struct run *run = context;
    (void)columns, (void)names;
    unsigned number = number_of(values[1].text);
    if (number < URLS_MAX)
        run->seen[number]++;
    return 0;
}

static void print_problem(void *context, const char *line)
{
    (void)context;
    fprintf(stderr, "fsck: %s\n", line);
}

/* Number of acknowledged outcomes that are missing or there twice. A last line without its end is
 * one that was not written to its end, so never acknowledged. */
static unsigned compare_log(const struct run *run, unsigned *enqueued, unsigned *ended)
{
    char line[64];
    unsigned wrong = 0;
    FILE *log = fopen(run->log, "r");
    if (!log)
        return 0;
    while (fgets(line, sizeof line, log) && strchr(line, '\n')) {
        unsigned number = (unsigned)strtoul(line + 1, NULL, 10);
        if (line[0] == 'e')
            ++*enqueued;
        else
            ++*ended;
        if (line[0] != 'e' && run->seen[number] != 1)
            wrong++;
    }
    fclose(log);
    return wrong;
}

static void verify(struct run *run, unsigned kill)
{
    struct error error = {""};
    struct store *store;
    struct store_fsck totals = {0};
    unsigned enqueued = 0, ended = 0;
    memset(run->seen, 0, URLS_MAX);
    enum status status = store_open(run->database, STORE_CLIENT, &store, NULL, &error);
    if (!status)
        status = store_fsck(store, print_problem, NULL, &totals, &error);
    if (!status && totals.urls)
        status = store_rows(store, "results", NULL, note_result, run, &error);
    if (!status && totals.urls)
        status = store_rows(store, "failures", NULL, note_result, run, &error);
    store_close(store);
    unsigned wrong = compare_log(run, &enqueued, &ended);
    if (status || totals.problems || wrong || totals.urls < enqueued ||
        totals.done + totals.failed < ended) {
        fprintf(stderr,
                "kill %u: %s %llu problems, %u outcomes lost or doubled; %u URLs "
                "acknowledged, %llu there\n",
                kill, error.text, (unsigned long long)totals.problems, wrong, enqueued,
                (unsigned long long)totals.urls);
        run->failed++;
    } else {
        run->passed++;
    }
    if (kill + 1 == run->kills)
        fprintf(stderr, "%u kills: %u URLs and %u outcomes acknowledged, all there\n", run->kills,
                enqueued, ended);
}

static void sleep_ms(uint32_t ms)
{
    struct timespec left = {ms / 1000, (long)(ms % 1000) * 1000000};
    while (nanosleep(&left, &left) != 0 && errno == EINTR)
        continue;
}

/* The numbers of each child are its own, so that "there twice" can be told. */
static void kill_once(struct run *run, unsigned number)
{
    int status;
    uint64_t seed = random_next(&run->random);
    pid_t pid = fork();
    if (pid < 0)
        exit(1);
    if (pid == 0)
        child(run, number * (URLS_MAX / run->kills), seed);
    sleep_ms(1 + random_below(&run->random, 120));
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    if (!WIFSIGNALED(status)) {
        fprintf(stderr, "the child ended by itself\n");
        run->failed++;
    }
    verify(run, number);
}

int main(int argc, char **argv)
{
    struct run run = {.directory = "/tmp/carmlbench-kill-XXXXXX"};
    char command[128];
    run.kills = argc > 1 ? (unsigned)atoi(argv[1]) : 60;
    run.random = argc > 2 ? (uint64_t)atoll(argv[2]) : 1;
    run.seen = malloc(URLS_MAX);
    if (run.kills == 0 || !run.seen || !mkdtemp(run.directory))
        return 2;
    snprintf(run.database, sizeof run.database, "%s/kill.db", run.directory);
    snprintf(run.log, sizeof run.log, "%s/acknowledged", run.directory);
    for (unsigned i = 0; i < run.kills; i++)
        kill_once(&run, i);
    snprintf(command, sizeof command, "rm -rf '%s'", run.directory);
    if (run.failed == 0 && system(command) != 0)
        fprintf(stderr, "%s is left\n", run.directory);
    free(run.seen);
    printf("%u passed, %u failed\n", run.passed, run.failed);
    return run.failed ? 1 : 0;
}
