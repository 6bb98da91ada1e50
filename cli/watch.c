#include "cli/watch.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/screen.h"
#include "common/store/activity.h"
#include "common/store/row.h"

enum {
    WATCH_MS = 500,
    PLAIN_EVERY = 4, /* polls between two plain lines */
    PLAIN_COLUMNS = 120,
    LINES_MAX = 1 << 20
};

static uint64_t number(const struct store_row *row, const char *name)
{
    int64_t value = row_integer(row, name);
    return value > 0 ? (uint64_t)value : 0;
}

struct reading {
    struct board *board;
    enum status status; /* of the first row that could not be kept */
};

static int add_progress(void *context, size_t columns, const char *const *names,
                        const struct store_value *values)
{
    struct reading *reading = context;
    const struct store_row row = {columns, names, values};
    struct progress counts = {.enqueued = number(&row, "enqueued"),
                              .pending = number(&row, "pending"),
                              .leased = number(&row, "leased"),
                              .done = number(&row, "done"),
                              .failed = number(&row, "failed")};
    reading->status =
        board_add_target(reading->board, row_text(&row, "model"), row_text(&row, "framework"),
                         row_text(&row, "backend"), &counts);
    return reading->status != STATUS_OK;
}

static int add_reason(void *context, size_t columns, const char *const *names,
                      const struct store_value *values)
{
    struct reading *reading = context;
    const struct store_row row = {columns, names, values};
    uint64_t count = number(&row, "count");
    bool failed = strcmp(row_text(&row, "state"), "failed") == 0;
    reading->status =
        board_add_reason(reading->board, row_text(&row, "stage"), row_text(&row, "reason"),
                         failed ? count : 0, failed ? 0 : count);
    return reading->status != STATUS_OK;
}

static int add_stage(void *context, size_t columns, const char *const *names,
                     const struct store_value *values)
{
    struct reading *reading = context;
    const struct store_row row = {columns, names, values};
    reading->status = board_add_stage(reading->board, row_text(&row, "name"),
                                      row_text(&row, "state"), row_text(&row, "detail"),
                                      number(&row, "in_flight"), number(&row, "ceiling"));
    return reading->status != STATUS_OK;
}

/* The rate of the last minute, as the public view `pace` has it. */
static int add_pace(void *context, size_t columns, const char *const *names,
                    const struct store_value *values)
{
    struct reading *reading = context;
    const struct store_row row = {columns, names, values};
    reading->board->total.rate += row_real(&row, "per_second");
    return 0;
}

enum status watch_read(struct cli *cli, const char *run, struct board *board, struct error *error)
{
    static const struct {
        const char *view;
        bool of_run;
        store_row_fn *row;
    } views[] = {{"progress", true, add_progress},
                 {"pace", true, add_pace},
                 {"reasons", true, add_reason},
                 {"activity", false, add_stage}};
    struct reading reading = {.board = board};
    enum status status = STATUS_OK;
    for (size_t i = 0; !status && i < sizeof views / sizeof views[0]; i++) {
        status = store_rows(cli->store, views[i].view, views[i].of_run ? run : NULL, views[i].row,
                            &reading, error);
        if (!status && reading.status)
            status = error_set(error, reading.status, "view %s: more rows than can be shown",
                               views[i].view);
    }
    board_sort(board);
    board->idle = !store_daemon_alive(cli->store);
    return status;
}

void watch_print_counts(const struct progress *counts)
{
    printf("\"enqueued\":%" PRIu64 ",\"pending\":%" PRIu64 ",\"leased\":%" PRIu64
           ",\"done\":%" PRIu64 ",\"failed\":%" PRIu64,
           counts->enqueued, counts->pending, counts->leased, counts->done, counts->failed);
}

void watch_print_total(const struct progress *sum)
{
    double left = progress_seconds_left(sum);
    putchar('{');
    watch_print_counts(sum);
    printf(",\"rate\":%.3f,\"eta_seconds\":", sum->rate);
    if (left > 0)
        printf("%.0f}", left);
    else
        fputs("null}", stdout);
}

/* What goes on between two looks. */
struct vigil {
    struct cli *cli;
    struct screen screen;
    struct board_lines lines;
    unsigned looks;
    bool warned; /* that nobody is at work */
};

/* Lines that never change would not say why. */
static void warn_idle(struct vigil *vigil, const struct board *board)
{
    if (board->idle && !vigil->warned)
        fputs("note: no daemon is working on this database\n", stderr);
    vigil->warned = board->idle;
}

static enum status show(struct vigil *vigil, const struct board *board, bool over,
                        struct error *error)
{
    char line[512];
    struct board_shape shape = screen_shape(&vigil->screen);
    if (vigil->screen.redraws) {
        enum status status = board_draw(board, &shape, &vigil->lines);
        if (!status)
            status = screen_draw(&vigil->screen, &vigil->lines);
        return status ? error_set(error, status, "standard output: the terminal cannot be written")
                      : STATUS_OK;
    }
    if (!over && vigil->looks % PLAIN_EVERY != 0)
        return STATUS_OK;
    if (!over)
        warn_idle(vigil, board);
    if (vigil->cli->json) {
        watch_print_total(&board->total);
        putchar('\n');
    } else {
        progress_line(&board->total, isatty(STDOUT_FILENO) ? shape.columns : PLAIN_COLUMNS, line,
                      sizeof line);
        puts(line);
    }
    return cli_flush(error);
}

/* *over: nothing is left to do. */
static enum status look(struct vigil *vigil, const char *run, bool *over, struct error *error)
{
    struct board board;
    board_init(&board);
    enum status status = watch_read(vigil->cli, run, &board, error);
    if (!status) {
        *over = *over || board.total.pending + board.total.leased == 0;
        status = show(vigil, &board, *over, error);
    }
    vigil->looks++;
    board_free(&board);
    return status;
}

enum status watch(struct cli *cli, const char *run, struct error *error)
{
    struct vigil vigil = {.cli = cli};
    bool over = false;
    buf_init(&vigil.lines.text, LINES_MAX);
    screen_begin(&vigil.screen, !cli->json);
    enum status status = look(&vigil, run, &over, error);
    while (!status && !over) {
        over = !screen_wait(&vigil.screen, WATCH_MS);
        status = look(&vigil, run, &over, error);
    }
    screen_end(&vigil.screen);
    buf_free(&vigil.lines.text);
    return status;
}
