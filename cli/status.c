/* carmlbench status: where a run stands; with --watch until it is through. */
#include <inttypes.h>
#include <stdio.h>

#include "cli/command.h"
#include "cli/emit.h"
#include "cli/watch.h"
#include "common/json.h"
#include "common/store/summary.h"

static const char *const progress_columns[] = {"run",      "model",   "framework", "backend",
                                               "enqueued", "pending", "leased",    "done",
                                               "failed",   NULL};
static const char *const activity_columns[] = {"name",   "state",      "in_flight", "ceiling",
                                               "detail", "updated_at", NULL};
static const char *const reason_columns[] = {"run", "state", "stage", "reason", "count", NULL};

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

static void print_total(const struct progress *sum)
{
    char left[32];
    printf("%" PRIu64 " jobs: %" PRIu64 " pending, %" PRIu64 " leased, %" PRIu64 " done, %" PRIu64
           " failed",
           sum->enqueued, sum->pending, sum->leased, sum->done, sum->failed);
    if (sum->rate > 0)
        printf("; %.1f/s in the last minute", sum->rate);
    progress_duration(progress_seconds_left(sum), left, sizeof left);
    if (progress_seconds_left(sum) > 0)
        printf(", about %s left", left);
    putchar('\n');
}

/* Over all runs that are asked for. */
static void print_targets(const struct board *board)
{
    const struct board_target *targets;
    size_t count = board_targets(board, &targets);
    putchar('[');
    for (size_t i = 0; i < count; i++) {
        fputs(i ? ",\n {\"model\":" : "{\"model\":", stdout);
        json_write_text(stdout, targets[i].model);
        fputs(",\"framework\":", stdout);
        json_write_text(stdout, targets[i].framework);
        fputs(",\"backend\":", stdout);
        json_write_text(stdout, targets[i].backend);
        putchar(',');
        watch_print_counts(&targets[i].counts);
        putchar('}');
    }
    putchar(']');
}

/* Each view as one array, and what they add up to. */
static enum status print_json(struct cli *cli, const char *run, const struct board *board,
                              struct error *error)
{
    uint64_t rows = 0;
    fputs("{\"progress\":", stdout);
    enum status status = section(cli, "progress", run, progress_columns, &rows, error);
    if (!status) {
        fputs(",\"reasons\":", stdout);
        status = section(cli, "reasons", run, reason_columns, &rows, error);
    }
    if (!status) {
        fputs(",\"activity\":", stdout);
        status = section(cli, "activity", NULL, NULL, &rows, error);
    }
    if (status)
        return status;
    fputs(",\"targets\":", stdout);
    print_targets(board);
    fputs("\n,\"total\":", stdout);
    watch_print_total(&board->total);
    printf(",\"daemon\":%s}\n", board->idle ? "false" : "true");
    return STATUS_OK;
}

static enum status print_tables(struct cli *cli, const char *run, const struct board *board,
                                struct error *error)
{
    uint64_t rows = 0;
    enum status status = section(cli, "progress", run, progress_columns, &rows, error);
    if (status)
        return status;
    putchar('\n');
    status = section(cli, "reasons", run, reason_columns, &rows, error);
    if (status)
        return status;
    fputs(rows > 0 ? "\n" : "", stdout);
    rows = 0;
    if (!board->idle)
        status = section(cli, "activity", NULL, activity_columns, &rows, error);
    if (status)
        return status;
    fputs(rows > 0 ? "\n" : "", stdout);
    print_total(&board->total);
    if (board_is_abandoned(board))
        puts("no daemon is working on this database");
    return STATUS_OK;
}

static enum status print_status(struct cli *cli, const char *run, struct error *error)
{
    struct board board;
    board_init(&board);
    /* All views at one moment, or rows and total would be of two. */
    enum status status = store_freeze(&cli->store, 1, error);
    if (!status)
        status = watch_read(cli, run, &board, error);
    if (!status)
        status =
            cli->json ? print_json(cli, run, &board, error) : print_tables(cli, run, &board, error);
    board_free(&board);
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
