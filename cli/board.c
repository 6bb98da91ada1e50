#include "cli/board.h"

#include <stdlib.h>
#include <string.h>

enum { LIST_MAX = 16 << 20 };

void board_init(struct board *board)
{
    *board = (struct board){0};
    buf_init(&board->targets, LIST_MAX);
    buf_init(&board->reasons, LIST_MAX);
    buf_init(&board->stages, LIST_MAX);
}

static struct board_target *targets_of(const struct board *board)
{
    return (struct board_target *)(void *)board->targets.data;
}

static struct board_reason *reasons_of(const struct board *board)
{
    return (struct board_reason *)(void *)board->reasons.data;
}

static struct board_stage *stages_of(const struct board *board)
{
    return (struct board_stage *)(void *)board->stages.data;
}

bool board_is_abandoned(const struct board *board)
{
    return board->idle && board->total.pending + board->total.leased > 0;
}

size_t board_targets(const struct board *board, const struct board_target **targets)
{
    *targets = targets_of(board);
    return board->targets.size / sizeof **targets;
}

size_t board_reasons(const struct board *board, const struct board_reason **reasons)
{
    *reasons = reasons_of(board);
    return board->reasons.size / sizeof **reasons;
}

size_t board_stages(const struct board *board, const struct board_stage **stages)
{
    *stages = stages_of(board);
    return board->stages.size / sizeof **stages;
}

/* `count` copies in one piece of memory, which the first one owns. */
static enum status copy_texts(const char *const *texts, char **copies, size_t count)
{
    size_t size = 0, lengths[3];
    for (size_t i = 0; i < count; i++) {
        lengths[i] = texts[i] ? strlen(texts[i]) : 0;
        size += lengths[i] + 1;
    }
    char *memory = malloc(size);
    if (!memory)
        return STATUS_MEMORY;
    for (size_t i = 0; i < count; i++) {
        memcpy(memory, texts[i] ? texts[i] : "", lengths[i] + 1);
        copies[i] = memory;
        memory += lengths[i] + 1;
    }
    return STATUS_OK;
}

static enum status keep(struct buf *list, const void *entry, size_t size, char *owned)
{
    enum status status = buf_append(list, entry, size);
    if (status)
        free(owned);
    return status;
}

static void add_counts(struct progress *sum, const struct progress *counts)
{
    sum->enqueued += counts->enqueued;
    sum->pending += counts->pending;
    sum->leased += counts->leased;
    sum->done += counts->done;
    sum->failed += counts->failed;
}

static bool same(const char *a, const char *b)
{
    return strcmp(a, b ? b : "") == 0;
}

enum status board_add_target(struct board *board, const char *model, const char *framework,
                             const char *backend, const struct progress *counts)
{
    struct board_target *targets = targets_of(board);
    add_counts(&board->total, counts);
    for (size_t i = 0; i < board->targets.size / sizeof *targets; i++)
        if (same(targets[i].model, model) && same(targets[i].framework, framework) &&
            same(targets[i].backend, backend)) {
            add_counts(&targets[i].counts, counts);
            return STATUS_OK;
        }
    char *copies[3];
    enum status status = copy_texts((const char *[]){model, framework, backend}, copies, 3);
    if (status)
        return status;
    struct board_target target = {copies[0], copies[1], copies[2], *counts};
    return keep(&board->targets, &target, sizeof target, copies[0]);
}

enum status board_add_reason(struct board *board, const char *stage, const char *reason,
                             uint64_t failed, uint64_t waiting)
{
    struct board_reason *reasons = reasons_of(board);
    for (size_t i = 0; i < board->reasons.size / sizeof *reasons; i++)
        if (same(reasons[i].stage, stage) && same(reasons[i].reason, reason)) {
            reasons[i].failed += failed;
            reasons[i].waiting += waiting;
            return STATUS_OK;
        }
    char *copies[2];
    enum status status = copy_texts((const char *[]){stage, reason}, copies, 2);
    if (status)
        return status;
    struct board_reason added = {copies[0], copies[1], failed, waiting};
    return keep(&board->reasons, &added, sizeof added, copies[0]);
}

static int compare_reasons(const void *a, const void *b)
{
    const struct board_reason *x = a, *y = b;
    uint64_t jobs_x = x->failed + x->waiting, jobs_y = y->failed + y->waiting;
    if (jobs_x != jobs_y)
        return jobs_x > jobs_y ? -1 : 1;
    int order = strcmp(x->stage, y->stage);
    return order ? order : strcmp(x->reason, y->reason);
}

void board_sort(struct board *board)
{
    size_t count = board->reasons.size / sizeof(struct board_reason);
    if (count)
        qsort(board->reasons.data, count, sizeof(struct board_reason), compare_reasons);
}

enum status board_add_stage(struct board *board, const char *name, const char *state,
                            const char *detail, uint64_t in_flight, uint64_t ceiling)
{
    char *copies[3];
    enum status status = copy_texts((const char *[]){name, state, detail}, copies, 3);
    if (status)
        return status;
    struct board_stage added = {copies[0], copies[1], copies[2], in_flight, ceiling};
    return keep(&board->stages, &added, sizeof added, copies[0]);
}

void board_free(struct board *board)
{
    for (size_t i = 0; i < board->targets.size / sizeof(struct board_target); i++)
        free(targets_of(board)[i].model);
    for (size_t i = 0; i < board->reasons.size / sizeof(struct board_reason); i++)
        free(reasons_of(board)[i].stage);
    for (size_t i = 0; i < board->stages.size / sizeof(struct board_stage); i++)
        free(stages_of(board)[i].name);
    buf_free(&board->targets);
    buf_free(&board->reasons);
    buf_free(&board->stages);
    *board = (struct board){0};
}
