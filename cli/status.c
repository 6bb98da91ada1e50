/* carmlbench status: where a run stands; with --watch until it is through. */
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/emit.h"
#include "cli/progress.h"

enum { WATCH_MS = 500, PLAIN_EVERY = 4 /* polls between two plain lines */ };

static const char *const progress_columns[] = {"run",      "model",   "framework", "backend",
                                               "enqueued", "pending", "leased",    "done",
                                               "failed",   NULL};
static const char *const reason_columns[] = {"run", "state", "stage", "reason", "count", NULL};

static uint64_t column(const char *name, size_t columns, const char *const *names,
                       const struct store_value *values)
{
    for (size_t i = 0; i < columns; i++)
        if (strcmp(names[i], name) == 0 && values[i].kind == VALUE_INTEGER)
            return (uint64_t)values[i].integer;
    return 0;
}

static int add_progress(void *context, size_t columns, const char *const *names,
                        const struct store_value *values)
{
    struct progress *sum = context;
    sum->enqueued += column("enqueued", columns, names, values);
    sum->pending += column("pending", columns, names, values);
    sum->leased += column("leased", columns, names, values);
    sum->done += column("done", columns, names, values);
    sum->failed += column("failed", columns, names, values);
    return 0;
}

/* Outcomes of the last minute, as the public view `pace` counts them. */
static int add_pace(void *context, size_t columns, const char *const *names,
                    const struct store_value *values)
{
    *(uint64_t *)context += column("last_minute", columns, names, values);
    return 0;
}

static enum status read_progress(struct cli *cli, const char *run, struct progress *progress,
                                 struct error *error)
{
    uint64_t last_minute = 0;
    *progress = (struct progress){0};
    enum status status = store_rows(cli->store, "progress", run, add_progress, progress, error);
    if (!status)
        status = store_rows(cli->store, "pace", run, add_pace, &last_minute, error);
    progress->rate = (double)last_minute / 60;
    return status;
}

static enum status section(struct cli *cli, const char *view, const char *run,
                           const char *const *columns, uint64_t *rows, struct error *error)
{
    struct emitter *emitter = NULL;
    enum status status =
        emitter_create(stdout, cli->json ? EMIT_JSON : EMIT_TABLE, columns, &emitter);
    if (!status)
        status = store_rows(cli->store, view, run, emitter_row, emitter, error);
    if (!status)
        *rows = emitter_end(emitter);
    emitter_free(emitter);
    return status;
}

static double seconds_left(const struct progress *sum)
{
    uint64_t open = sum->pending + sum->leased;
    return sum->rate > 0 ? (double)open / sum->rate : 0;
}

static void print_json(const struct progress *sum)
{
    printf("{\"enqueued\":%" PRIu64 ",\"pending\":%" PRIu64 ",\"leased\":%" PRIu64
           ",\"done\":%" PRIu64 ",\"failed\":%" PRIu64 ",\"rate\":%.3f,\"eta_seconds\":",
           sum->enqueued, sum->pending, sum->leased, sum->done, sum->failed, sum->rate);
    if (seconds_left(sum) > 0)
        printf("%.0f}", seconds_left(sum));
    else
        fputs("null}", stdout);
}

static void print_total(const struct progress *sum)
{
    char left[32];
    printf("%" PRIu64 " jobs: %" PRIu64 " pending, %" PRIu64 " leased, %" PRIu64 " done, %" PRIu64
           " failed",
           sum->enqueued, sum->pending, sum->leased, sum->done, sum->failed);
    if (sum->rate > 0)
        printf("; %.1f/s in the last minute", sum->rate);
    progress_duration(seconds_left(sum), left, sizeof left);
    if (seconds_left(sum) > 0)
        printf(", about %s left", left);
    putchar('\n');
}

static enum status print_status(struct cli *cli, const char *run, struct error *error)
{
    uint64_t rows = 0;
    struct progress sum;
    enum status status = read_progress(cli, run, &sum, error);
    if (status)
        return status;
    if (cli->json)
        fputs("{\"progress\":", stdout);
    status = section(cli, "progress", run, progress_columns, &rows, error);
    if (status)
        return status;
    fputs(cli->json ? ",\"reasons\":" : "\n", stdout);
    status = section(cli, "reasons", run, reason_columns, &rows, error);
    if (status)
        return status;
    if (cli->json) {
        fputs(",\"total\":", stdout);
        print_json(&sum);
        puts("}");
    } else {
        fputs(rows > 0 ? "\n" : "", stdout);
        print_total(&sum);
    }
    return STATUS_OK;
}

static volatile sig_atomic_t interrupted;

static void interrupt(int signal_number)
{
    (void)signal_number;
    interrupted = 1;
}

static unsigned terminal_columns(void)
{
    struct winsize size;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 20)
        return size.ws_col - 1u;
    return 79;
}

static double now_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* The rate since watching began is fresher than the last minute's. */
static void measure_rate(struct progress *now, const struct progress *first, double elapsed)
{
    uint64_t ended = now->done + now->failed, before = first->done + first->failed;
    if (elapsed >= 2 && ended > before)
        now->rate = (double)(ended - before) / elapsed;
}

/* One look of `watch`: a line that replaces the last one on a terminal, else now and then a line of
 * its own; with --json an object. */
static void show(const struct cli *cli, const struct progress *now, unsigned polls, bool over)
{
    char line[512];
    bool terminal = isatty(STDOUT_FILENO), plain = !terminal || cli->json;
    if (plain && !over && polls % PLAIN_EVERY != 0)
        return;
    progress_line(now, terminal ? terminal_columns() : 120, line, sizeof line);
    if (cli->json)
        print_json(now);
    else
        printf("%s%s", plain ? "" : "\r\033[K", line);
    fputs(plain || over ? "\n" : "", stdout);
    fflush(stdout);
}

static enum status watch(struct cli *cli, const char *run, struct error *error)
{
    struct progress first, now;
    double start = now_seconds();
    enum status status = read_progress(cli, run, &first, error);
    struct sigaction action = {.sa_handler = interrupt};
    sigaction(SIGINT, &action, NULL);
    for (unsigned polls = 0; !status; polls++) {
        status = read_progress(cli, run, &now, error);
        if (status)
            break;
        measure_rate(&now, &first, now_seconds() - start);
        bool over = now.pending + now.leased == 0 || interrupted;
        show(cli, &now, polls, over);
        if (over || ferror(stdout))
            break;
        poll(NULL, 0, WATCH_MS);
    }
    return status;
}

enum status status_command(struct cli *cli, int argc, char **argv, struct error *error)
{
    static const struct option table[] = {{"run", required_argument, NULL, 'r'},
                                          {"watch", no_argument, NULL, 'w'},
                                          CLI_COMMON_OPTIONS};
    const char *run = NULL;
    bool watching = false;
    for (int value; (value = cli_next_option(cli, argc, argv, table, error)) != CLI_END;) {
        if (value == CLI_HELP)
            return STATUS_OK;
        if (value == CLI_ERROR)
            return STATUS_USAGE;
        if (value == 'r')
            run = optarg;
        else
            watching = true;
    }
    enum status status = cli_arguments(cli, argc - optind, 0, 0, error);
    if (!status)
        status = cli_open_store(cli, STORE_READ, error);
    if (!status)
        status = watching ? watch(cli, run, error) : print_status(cli, run, error);
    return status;
}
