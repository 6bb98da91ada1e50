/* watch: status --watch, until nothing is pending. */
#ifndef CLI_WATCH_H
#define CLI_WATCH_H

#include "cli/board.h"
#include "cli/command.h"

/* Reads where the run (NULL: all runs) stands; `board` was made by board_init and is empty. */
enum status watch_read(struct cli *cli, const char *run, struct board *board,
                       struct error *error) MUST_CHECK;

/* Shows it until nothing is pending or a signal ends it: redrawn on a terminal, elsewhere a line
 * now and then, with --json an object on each. */
enum status watch(struct cli *cli, const char *run, struct error *error) MUST_CHECK;

/* "enqueued":...,"pending":...,"leased":...,"done":...,"failed":... on stdout, without braces. */
void watch_print_counts(const struct progress *counts);

/* {"enqueued":...,"pending":...,"rate":...,"eta_seconds":...} on stdout. */
void watch_print_total(const struct progress *sum);

#endif
