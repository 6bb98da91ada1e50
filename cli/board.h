/* board: where a run stands, as lines for a terminal: targets with bars, reasons, what the daemon
 * is doing.
 *
 * Pure text: neither terminal nor database is touched here, so that a board of any shape can be
 * tested. Names come from lists and databases of strangers: what is no printable character becomes
 * '?', and a line is never wider than its shape.
 */
#ifndef CLI_BOARD_H
#define CLI_BOARD_H

#include <stdbool.h>

#include "cli/progress.h"
#include "common/buf.h"
#include "common/status.h"

struct board_target {
    char *model, *framework, *backend;
    struct progress counts;
};

struct board_reason {
    char *stage, *reason;
    uint64_t failed, waiting; /* jobs; waiting: to be tried again, or being tried */
};

/* A part of the daemon, as the view `activity` tells it. */
struct board_stage {
    char *name, *state, *detail;
    uint64_t in_flight, ceiling;
};

struct board {
    struct progress total;
    struct buf targets; /* of struct board_target, as are the others of theirs */
    struct buf reasons;
    struct buf stages;
    bool idle; /* no daemon works on the database; stages are stale then and not shown */
};

/* An empty board. Every list of it has a ceiling of 16 MiB. */
void board_init(struct board *board);
void board_free(struct board *board);

/* Adds counts to the target, the reason; the texts are copied. A NULL text counts as "". */
enum status board_add_target(struct board *board, const char *model, const char *framework,
                             const char *backend, const struct progress *counts) MUST_CHECK;
enum status board_add_reason(struct board *board, const char *stage, const char *reason,
                             uint64_t failed, uint64_t waiting) MUST_CHECK;
enum status board_add_stage(struct board *board, const char *name, const char *state,
                            const char *detail, uint64_t in_flight, uint64_t ceiling) MUST_CHECK;

/* The most frequent reasons first, so that what a low terminal leaves out matters least. */
void board_sort(struct board *board);

/* Whether jobs are left that no daemon works on. */
bool board_is_abandoned(const struct board *board);

size_t board_targets(const struct board *board, const struct board_target **targets);
size_t board_reasons(const struct board *board, const struct board_reason **reasons);
size_t board_stages(const struct board *board, const struct board_stage **stages);

enum { BOARD_ROWS = 200 };

/* utf8: text may be UTF-8; otherwise it is ASCII. */
struct board_shape {
    unsigned columns, rows; /* what may be used; at least 1, and at most BOARD_ROWS rows */
    bool utf8, color;
};

struct board_lines {
    struct buf text; /* the lines, each ended by '\n' */
    size_t count;
    unsigned widths[BOARD_ROWS]; /* in columns */
};

/* Fills `lines`, whose buffer the caller has made. What does not fit is left out: "…and 3 more". */
enum status board_draw(const struct board *board, const struct board_shape *shape,
                       struct board_lines *lines) MUST_CHECK;

#endif
