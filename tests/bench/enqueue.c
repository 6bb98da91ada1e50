/* enqueue: rows per second of store_enqueue beside `sqlite3 .import` into the same table and index.
 *
 *     build/tests/bench/enqueue [LINES [ROUNDS]]       1000000 lines, 3 rounds
 *
 * The lines are ImageNet's, generated and always the same. Both sides run in turn, in one process'
 * time, on new databases of the same schema with the same durability (WAL, synchronous=FULL). The
 * command also parses each line and adds a job, its two index entries and the accounting; .import
 * fills item alone, in one transaction, from a file that is split already. Then, on the filled
 * database: how long a start, a lease of 64 URLs and a commit of 64 results take.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "common/store/store.h"
#include "common/url.h"
#include "tests/lib/random.h"
#include "tests/lib/store_fixture.h"

enum { ROUNDS_MAX = 15, GROUP = 64 };

struct bench {
    char directory[64], list[96], split[96], database[96];
    unsigned lines, rounds;
};

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void check(enum status status, const struct error *error)
{
    if (status == STATUS_OK)
        return;
    fprintf(stderr, "enqueue: %s\n", error->text);
    exit(1);
}

static void run(const char *command)
{
    if (system(command) != 0) {
        fprintf(stderr, "enqueue: failed: %s\n", command);
        exit(1);
    }
}

static void generate(const struct bench *bench)
{
    uint64_t state = 1;
    FILE *list = fopen(bench->list, "w");
    FILE *split = fopen(bench->split, "w");
    if (!list || !split)
        exit(1);
    for (unsigned i = 0; i < bench->lines; i++) {
        char url[128];
        uint64_t a = random_next(&state), b = random_next(&state);
        snprintf(url, sizeof url, "http://farm%u.static.flickr.com/%u/%u_%010llx.jpg",
                 (unsigned)(a % 5), (unsigned)(a >> 8) % 4000, i, (unsigned long long)b >> 24);
        fprintf(list, "n02131653_%u\t%s\n", i, url);
        fprintf(split, "%u,1,%s,,0,1\n", i + 1, url);
    }
    fclose(list);
    fclose(split);
}

static void remove_database(const struct bench *bench)
{
    char command[512];
    snprintf(command, sizeof command, "rm -f '%s' '%s-wal' '%s-shm'", bench->database,
             bench->database, bench->database);
    run(command);
}

/* Reads, parses and adds each line of the list. */
static void add_list(struct store *store, const char *list)
{
    static struct url_line parsed;
    struct error error = {""};
    struct store_enqueue *enqueue;
    struct line_reader *reader;
    const char *line;
    size_t size;
    uint64_t number;
    bool too_long;
    int descriptor = open(list, O_RDONLY);
    check(line_reader_open(descriptor, &reader), &error);
    check(store_enqueue_begin(store, "bench", fixture_targets, 1, &enqueue, &error), &error);
    while (line_reader_next(reader, &line, &size, &number, &too_long) == STATUS_OK) {
        url_line_parse(line, size, &parsed);
        const struct store_entry entry = {parsed.url, parsed.wnid, NULL};
        check(store_enqueue_add(enqueue, &entry, &error), &error);
    }
    check(store_enqueue_flush(enqueue, NULL, &error), &error);
    store_enqueue_end(enqueue);
    line_reader_free(reader);
    close(descriptor);
}

static double time_ours(const struct bench *bench)
{
    struct store *store;
    struct error error = {""};
    remove_database(bench);
    double start = now_s();
    check(store_open(bench->database, STORE_CLIENT, &store, NULL, &error), &error);
    add_list(store, bench->list);
    store_close(store);
    return now_s() - start;
}

static double time_import(const struct bench *bench)
{
    char command[1024];
    struct store *store;
    struct error error = {""};
    struct store_enqueue *enqueue;
    remove_database(bench);
    check(store_open(bench->database, STORE_CLIENT, &store, NULL, &error), &error);
    check(store_enqueue_begin(store, "bench", fixture_targets, 1, &enqueue, &error), &error);
    store_enqueue_end(enqueue);
    store_close(store);
    /* An empty field is imported as a text, which the index of known pictures would hold, unlike
     * the NULL that enqueue writes. */
    snprintf(command, sizeof command,
             "printf '%%s\\n' 'PRAGMA synchronous=FULL;' 'DROP INDEX item_picture;' "
             "\"INSERT INTO expectation (id, wnid) VALUES (1, 'n02131653');\" '.mode csv' "
             "'.import %s item' | "
             "sqlite3 '%s' >/dev/null",
             bench->split, bench->database);
    double start = now_s();
    run(command);
    return now_s() - start;
}

static int by_value(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

static double median(double *values, unsigned count)
{
    qsort(values, count, sizeof *values, by_value);
    return values[count / 2];
}

static void print_rate(const char *what, double *seconds, const struct bench *bench)
{
    double middle = median(seconds, bench->rounds);
    printf("%-16s %10.0f rows/s median  %10.0f slowest  %10.0f fastest\n", what,
           bench->lines / middle, bench->lines / seconds[bench->rounds - 1],
           bench->lines / seconds[0]);
}

static void commit_batch(struct store *store, const struct store_batch *batch, unsigned number)
{
    struct store_outcome outcomes[GROUP];
    char sha256[GROUP][65];
    struct error error = {""};
    for (unsigned i = 0; i < batch->count; i++)
        outcomes[i] =
            fixture_done(&batch->items[i].jobs[0], fixture_sha256(number * GROUP + i, sha256[i]));
    check(store_commit(store, outcomes, batch->count, NULL, &error), &error);
}

/* What a daemon does, with the whole list queued. */
static void time_daemon(const struct bench *bench)
{
    enum { TIMES = 101 };
    double leases[TIMES], commits[TIMES];
    struct store *store;
    struct error error = {""};
    double start = now_s();
    check(store_open(bench->database, STORE_DAEMON, &store, NULL, &error), &error);
    double opened = now_s() - start;
    for (unsigned i = 0; i < TIMES; i++) {
        struct store_batch batch;
        start = now_s();
        check(store_lease(store, GROUP, 1000, &batch, &error), &error);
        leases[i] = now_s() - start;
        start = now_s();
        commit_batch(store, &batch, i);
        commits[i] = now_s() - start;
        store_batch_free(&batch);
    }
    store_close(store);
    double lease = median(leases, TIMES), commit = median(commits, TIMES);
    printf("start %.1f ms; lease of %d: median %.2f ms, max %.2f; commit of %d: median %.2f ms, "
           "max %.2f\n",
           opened * 1e3, GROUP, lease * 1e3, leases[TIMES - 1] * 1e3, GROUP, commit * 1e3,
           commits[TIMES - 1] * 1e3);
}

int main(int argc, char **argv)
{
    struct bench bench = {.directory = "/tmp/carmlbench-bench-XXXXXX"};
    double ours[ROUNDS_MAX], import[ROUNDS_MAX];
    char command[128];
    struct rusage usage;
    bench.lines = argc > 1 ? (unsigned)atoi(argv[1]) : 1000000;
    bench.rounds = argc > 2 ? (unsigned)atoi(argv[2]) : 3;
    if (bench.lines == 0 || bench.rounds == 0 || bench.rounds > ROUNDS_MAX ||
        !mkdtemp(bench.directory))
        return 2;
    snprintf(bench.list, sizeof bench.list, "%s/list.txt", bench.directory);
    snprintf(bench.split, sizeof bench.split, "%s/items.csv", bench.directory);
    snprintf(bench.database, sizeof bench.database, "%s/bench.db", bench.directory);
    generate(&bench);
    for (unsigned i = 0; i < bench.rounds; i++) {
        import[i] = time_import(&bench);
        ours[i] = time_ours(&bench);
    }
    print_rate("store_enqueue", ours, &bench);
    print_rate("sqlite3 .import", import, &bench);
    printf("ratio of medians %.2f\n", median(import, bench.rounds) / median(ours, bench.rounds));
    time_daemon(&bench);
    getrusage(RUSAGE_SELF, &usage);
    printf("largest resident size %ld MiB\n", usage.ru_maxrss / 1024);
    snprintf(command, sizeof command, "rm -rf '%s'", bench.directory);
    run(command);
    return 0;
}
