/* screen: lines that are drawn again and again in the same place of a terminal.
 *
 * No alternate screen: what stood before stays, and the last lines stay as well. A frame is one
 * write, so nothing flickers. One screen at a time, on standard output; it holds the signals that
 * end a program or change the terminal from screen_begin to screen_end, and lets them in during
 * screen_wait only.
 */
#ifndef CLI_SCREEN_H
#define CLI_SCREEN_H

#include "cli/board.h"

struct screen {
    bool redraws; /* a terminal that understands ECMA-48; otherwise only screen_wait is of use */
    struct buf frame; /* what is written next */
    size_t count;     /* lines that stand there */
    unsigned widths[BOARD_ROWS];
    unsigned columns; /* of the terminal when they were drawn */
};

/* Readies the terminal, when lines are `wanted` on it. What it can do is told by isatty, TERM
 * (unset, empty and "dumb" cannot redraw), NO_COLOR (no-color.org) and the locale. Sets LC_CTYPE as
 * the environment says. */
void screen_begin(struct screen *screen, bool wanted);

/* Restores signals and cursor and goes to the line below. */
void screen_end(struct screen *screen);

/* What may be drawn now. */
struct board_shape screen_shape(const struct screen *screen);

/* Replaces the last lines. STATUS_IO when the terminal has gone. */
enum status screen_draw(struct screen *screen, const struct board_lines *lines) MUST_CHECK;

/* Waits; a terminal that changes its size ends that at once, and so does SIGINT, SIGTERM, SIGHUP
 * or SIGQUIT: false then, and ever after. */
bool screen_wait(struct screen *screen, unsigned milliseconds);

#endif
