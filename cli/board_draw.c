#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/board.h"
#include "cli/pen.h"

enum { NAME_MIN = 16, NAME_MAX = 40, BAR_MIN = 5, BAR_MAX = 30 };

/* Groups of lines below the total, in the order of their weight. */
enum group { TARGETS, FAILED, WAITING, STAGES, GROUP_COUNT };

/* A line: an entry of a group, or how many more there are. */
struct row {
    enum { TOTAL, IDLE, ENTRY, MORE } kind;
    enum group group;
    size_t index; /* MORE: how many */
};

struct plan {
    size_t sizes[GROUP_COUNT], shown[GROUP_COUNT];
    size_t count;
    struct row rows[BOARD_ROWS];
};

struct easel {
    const struct board *board;
    struct pen pen;
    unsigned columns;
    unsigned name, stage;           /* columns of a target's and a stage's name */
    int done, failed, open, leased; /* digits of the targets' largest counts */
    int jobs;                       /* of the reasons' */
};

static uint64_t jobs_of(const struct board_reason *reason, enum group group)
{
    return group == FAILED ? reason->failed : reason->waiting;
}

/* Returns how many reasons have jobs of this kind; *found: the one of this index. */
static size_t find_reason(const struct board *board, enum group group, size_t index,
                          const struct board_reason **found)
{
    const struct board_reason *reasons;
    size_t all = board_reasons(board, &reasons), count = 0;
    for (size_t i = 0; i < all; i++)
        if (jobs_of(&reasons[i], group) && count++ == index)
            *found = &reasons[i];
    return count;
}

/* ---- which lines ---------------------------------------------------------------------------- */

static void add_row(struct plan *plan, struct row row)
{
    if (plan->count < BOARD_ROWS)
        plan->rows[plan->count++] = row;
}

/* Lines of all groups, with the one that says how many are left out. */
static size_t group_lines(const struct plan *plan)
{
    size_t lines = 0;
    for (size_t g = 0; g < GROUP_COUNT; g++)
        lines += plan->shown[g] + (plan->shown[g] < plan->sizes[g]);
    return lines;
}

/* Shortens the longest group again and again until all fit into `room`; false when even one entry
 * of each is too much. */
static bool shorten(struct plan *plan, size_t room)
{
    while (group_lines(plan) > room) {
        size_t longest = 0;
        for (size_t g = 1; g < GROUP_COUNT; g++)
            if (plan->shown[g] > plan->shown[longest])
                longest = g;
        if (plan->shown[longest] <= 1)
            return false;
        plan->shown[longest]--;
    }
    return true;
}

static void add_groups(struct plan *plan)
{
    for (size_t g = 0; g < GROUP_COUNT; g++) {
        for (size_t i = 0; i < plan->shown[g]; i++)
            add_row(plan, (struct row){ENTRY, (enum group)g, i});
        if (plan->shown[g] < plan->sizes[g])
            add_row(plan, (struct row){MORE, (enum group)g, plan->sizes[g] - plan->shown[g]});
    }
}

/* The first entry of each group while there is room, and a last line for all that is left out. */
static void add_heads(struct plan *plan, size_t room)
{
    size_t left = 0;
    for (size_t g = 0; g < GROUP_COUNT; g++)
        left += plan->sizes[g];
    for (size_t g = 0; g < GROUP_COUNT && room > 1; g++)
        if (plan->sizes[g]) {
            add_row(plan, (struct row){ENTRY, (enum group)g, 0});
            left--;
            room--;
        }
    if (room)
        add_row(plan, (struct row){MORE, TARGETS, left});
}

static void make_plan(struct plan *plan, const struct board *board, size_t rows)
{
    const struct board_reason *reason;
    const struct board_target *targets;
    const struct board_stage *stages;
    plan->count = 0;
    plan->sizes[TARGETS] = board_targets(board, &targets);
    plan->sizes[FAILED] = find_reason(board, FAILED, 0, &reason);
    plan->sizes[WAITING] = find_reason(board, WAITING, 0, &reason);
    plan->sizes[STAGES] = board->idle ? 0 : board_stages(board, &stages);
    for (size_t g = 0; g < GROUP_COUNT; g++)
        plan->shown[g] = plan->sizes[g] < rows ? plan->sizes[g] : rows;
    add_row(plan, (struct row){.kind = TOTAL});
    if (board_is_abandoned(board) && rows > 1)
        add_row(plan, (struct row){.kind = IDLE});
    if (shorten(plan, rows - plan->count))
        add_groups(plan);
    else
        add_heads(plan, rows - plan->count);
}

/* ---- lines ---------------------------------------------------------------------------------- */

static void draw_cells(struct pen *pen, size_t cells, const char *utf8, const char *ascii,
                       enum pen_color color)
{
    if (cells == 0)
        return;
    if (color)
        pen_color(pen, color);
    for (size_t i = 0; i < cells; i++)
        pen_text(pen, pen->utf8 ? utf8 : ascii);
    if (color)
        pen_color(pen, PEN_PLAIN);
}

/* Done, failed, open, in `columns`. It is full only when nothing is open. */
static void draw_bar(struct pen *pen, const struct progress *counts, unsigned columns)
{
    unsigned cells = pen->utf8 ? columns : columns - 2;
    uint64_t all = counts->enqueued ? counts->enqueued : 1;
    uint64_t ended = counts->enqueued ? counts->done + counts->failed : 1;
    uint64_t filled = ended * cells / all, failed = counts->failed * cells / all;
    if (failed == 0 && counts->failed && filled)
        failed = 1; /* few are still some */
    if (!pen->utf8)
        pen_text(pen, "[");
    draw_cells(pen, (size_t)(filled - failed), "█", "#", PEN_GREEN);
    draw_cells(pen, (size_t)failed, "▓", "x", PEN_RED);
    draw_cells(pen, (size_t)(cells - filled), "░", "-", PEN_PLAIN);
    pen_text(pen, pen->utf8 ? " " : "] ");
}

/* Leaves out the last facts, which two blanks keep apart: half a number would be a wrong one. */
static void cut_facts(char *facts, unsigned columns)
{
    for (size_t i = strlen(facts); i-- > 4 && strlen(facts) > columns;)
        if (facts[i] == ' ' && facts[i - 1] == ' ')
            facts[i - 1] = '\0';
}

static void draw_total(struct easel *easel)
{
    char facts[160];
    const struct progress *total = &easel->board->total;
    progress_facts(total, facts, sizeof facts);
    cut_facts(facts, easel->columns);
    unsigned width = (unsigned)strlen(facts) + 3;
    unsigned room = easel->columns > width ? easel->columns - width : 0;
    if (room >= BAR_MIN)
        draw_bar(&easel->pen, total, room < BAR_MAX ? room : BAR_MAX);
    pen_text(&easel->pen, facts);
}

static void target_name(const struct board_target *target, char *text, size_t size)
{
    snprintf(text, size, "%s %s%s%s", target->model, target->framework,
             target->framework[0] ? " " : "", target->backend);
}

/* Form 0 is the longest. */
static void target_facts(const struct easel *easel, const struct progress *counts, int form,
                         char *text, size_t size)
{
    int used = snprintf(text, size, "%3u %%", progress_percent(counts));
    if (form < 2)
        used +=
            snprintf(text + used, size - (size_t)used, "  %*" PRIu64 " done  %*" PRIu64 " failed",
                     easel->done, counts->done, easel->failed, counts->failed);
    if (form < 1)
        snprintf(text + used, size - (size_t)used, "  %*" PRIu64 " pending  %*" PRIu64 " in flight",
                 easel->open, counts->pending, easel->leased, counts->leased);
}

/* The longest form that leaves a bar and a name some room; without a bar where none does. */
static void draw_target(struct easel *easel, const struct board_target *target)
{
    char name[256], facts[200];
    const struct progress *counts = &target->counts;
    unsigned least = easel->name < NAME_MIN ? easel->name : NAME_MIN;
    int form = 0;
    target_name(target, name, sizeof name);
    target_facts(easel, counts, form, facts, sizeof facts);
    while (form < 2 && strlen(facts) + least + BAR_MIN + 6 > easel->columns)
        target_facts(easel, counts, ++form, facts, sizeof facts);
    unsigned width = (unsigned)strlen(facts) + 2;
    unsigned room = easel->columns > width ? easel->columns - width : 0;
    unsigned field = room < easel->name ? room : easel->name;
    if (room < easel->name + BAR_MIN + 4 && room >= least + BAR_MIN + 4)
        field = room - BAR_MIN - 4;
    pen_field(&easel->pen, name, field);
    pen_text(&easel->pen, "  ");
    room -= field;
    if (room >= BAR_MIN + 4)
        draw_bar(&easel->pen, counts, room - 2 < BAR_MAX ? room - 2 : BAR_MAX);
    pen_text(&easel->pen, facts);
}

/* A text that ends the line. */
static void draw_end(struct pen *pen, const char *text)
{
    unsigned width = pen_width(pen, text);
    pen_field(pen, text, width < pen->left ? width : pen->left);
}

static void draw_reason(struct easel *easel, enum group group, size_t index)
{
    const struct board_reason *reason = NULL;
    find_reason(easel->board, group, index, &reason);
    if (!reason)
        return;
    pen_color(&easel->pen, group == FAILED ? PEN_RED : PEN_YELLOW);
    pen_text(&easel->pen, group == FAILED ? "failed " : "waiting");
    pen_color(&easel->pen, PEN_PLAIN);
    pen_print(&easel->pen, "  %*" PRIu64 "  ", easel->jobs, jobs_of(reason, group));
    /* Where not both fit, the reason says more. */
    if (pen_width(&easel->pen, reason->stage) + 1 + pen_width(&easel->pen, reason->reason) <=
        easel->pen.left) {
        pen_text(&easel->pen, reason->stage);
        pen_text(&easel->pen, " ");
    }
    draw_end(&easel->pen, reason->reason);
}

static void draw_stage(struct easel *easel, const struct board_stage *stage)
{
    struct pen *pen = &easel->pen;
    pen_field(pen, stage->name, easel->stage);
    pen_text(pen, "  ");
    pen_text(pen, stage->state);
    if (stage->ceiling)
        pen_print(pen, "  %" PRIu64 "/%" PRIu64 " in flight", stage->in_flight, stage->ceiling);
    else
        pen_print(pen, "  %" PRIu64 " in flight", stage->in_flight);
    if (stage->detail[0]) {
        pen_text(pen, "  ");
        draw_end(pen, stage->detail);
    }
}

static void draw_row(struct easel *easel, const struct row *row)
{
    const struct board_target *targets;
    const struct board_stage *stages;
    board_targets(easel->board, &targets);
    board_stages(easel->board, &stages);
    if (row->kind == TOTAL)
        draw_total(easel);
    else if (row->kind == IDLE)
        draw_end(&easel->pen, "no daemon is working on this database");
    else if (row->kind == MORE)
        pen_print(&easel->pen, "%sand %zu more", pen_ellipsis(&easel->pen), row->index);
    else if (row->group == TARGETS)
        draw_target(easel, &targets[row->index]);
    else if (row->group == STAGES)
        draw_stage(easel, &stages[row->index]);
    else
        draw_reason(easel, row->group, row->index);
}

static int digits(uint64_t number)
{
    int count = 1;
    for (; number >= 10; number /= 10)
        count++;
    return count;
}

static void widen(int *digits_so_far, uint64_t number)
{
    if (digits(number) > *digits_so_far)
        *digits_so_far = digits(number);
}

/* What all lines of a kind share, so that they stand below each other. */
static void measure(struct easel *easel)
{
    const struct board_target *targets;
    const struct board_stage *stages;
    const struct board_reason *reasons;
    size_t count = board_targets(easel->board, &targets);
    for (size_t i = 0; i < count; i++) {
        char name[256];
        target_name(&targets[i], name, sizeof name);
        unsigned width = pen_width(&easel->pen, name);
        easel->name = width > easel->name ? width : easel->name;
        widen(&easel->done, targets[i].counts.done);
        widen(&easel->failed, targets[i].counts.failed);
        widen(&easel->open, targets[i].counts.pending);
        widen(&easel->leased, targets[i].counts.leased);
    }
    count = board_reasons(easel->board, &reasons);
    for (size_t i = 0; i < count; i++) {
        widen(&easel->jobs, reasons[i].failed);
        widen(&easel->jobs, reasons[i].waiting);
    }
    count = board_stages(easel->board, &stages);
    for (size_t i = 0; i < count; i++) {
        unsigned width = pen_width(&easel->pen, stages[i].name);
        easel->stage = width > easel->stage ? width : easel->stage;
    }
    easel->name = easel->name > NAME_MAX ? NAME_MAX : easel->name;
    easel->stage = easel->stage > NAME_MAX ? NAME_MAX : easel->stage;
}

enum status board_draw(const struct board *board, const struct board_shape *shape,
                       struct board_lines *lines)
{
    struct plan plan;
    struct pen pen = {.out = &lines->text, .utf8 = shape->utf8, .color = shape->color};
    struct easel easel = {.board = board, .pen = pen, .columns = shape->columns};
    size_t rows = shape->rows < BOARD_ROWS ? shape->rows : BOARD_ROWS;
    enum status status = STATUS_OK;
    buf_clear(&lines->text);
    lines->count = 0;
    make_plan(&plan, board, rows ? rows : 1);
    measure(&easel);
    for (size_t i = 0; !status && i < plan.count; i++) {
        easel.pen.used = 0;
        easel.pen.left = shape->columns;
        draw_row(&easel, &plan.rows[i]);
        lines->widths[lines->count++] = easel.pen.used;
        status = easel.pen.status ? easel.pen.status : buf_append_text(&lines->text, "\n");
    }
    return status;
}
