#include "cli/screen.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <unistd.h>

#include "cli/terminal.h"

enum { FRAME_MAX = 1 << 20, COLUMNS_LEAST = 4 };

static const char hide_cursor[] = "\033[?25l", show_cursor[] = "\033[?25h";

/* Signals have no other way to say that they came. */
static volatile sig_atomic_t ended, suspended;

static const int held[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGWINCH};
enum { HELD = sizeof held / sizeof held[0] };
static struct sigaction before[HELD];
static sigset_t mask_before;

static void note(int number)
{
    if (number == SIGTSTP)
        suspended = 1;
    else if (number != SIGWINCH)
        ended = 1;
}

/* What the caller ignores (nohup, a shell's background job) stays ignored. */
static void hold_signals(bool redraws)
{
    sigset_t mask;
    sigemptyset(&mask);
    for (size_t i = 0; i < HELD; i++) {
        struct sigaction action = {.sa_handler = note};
        sigaction(held[i], NULL, &before[i]);
        if (before[i].sa_handler == SIG_IGN || (held[i] == SIGTSTP && !redraws))
            continue;
        sigaction(held[i], &action, NULL);
        sigaddset(&mask, held[i]);
    }
    sigprocmask(SIG_BLOCK, &mask, &mask_before);
}

static void release_signals(void)
{
    for (size_t i = 0; i < HELD; i++)
        sigaction(held[i], &before[i], NULL);
    sigprocmask(SIG_SETMASK, &mask_before, NULL);
}

static enum status send(const char *bytes, size_t size)
{
    while (size) {
        ssize_t sent = write(STDOUT_FILENO, bytes, size);
        if (sent < 0 && errno != EINTR)
            return STATUS_IO;
        if (sent > 0) {
            bytes += sent;
            size -= (size_t)sent;
        }
    }
    return STATUS_OK;
}

static enum status send_text(const char *text)
{
    return send(text, strlen(text));
}

void screen_begin(struct screen *screen, bool wanted)
{
    *screen = (struct screen){0};
    setlocale(LC_CTYPE, "");
    fflush(stdout);
    screen->redraws = wanted && terminal_obeys(stdout);
    buf_init(&screen->frame, FRAME_MAX);
    ended = suspended = 0;
    hold_signals(screen->redraws);
    if (screen->redraws && send_text(hide_cursor))
        ended = 1;
}

void screen_end(struct screen *screen)
{
    enum status status = STATUS_OK;
    if (screen->redraws)
        status = send_text(screen->count ? "\n" : "");
    if (screen->redraws && !status)
        status = send_text(show_cursor);
    release_signals(); /* a failed write has no one left to tell */
    buf_free(&screen->frame);
}

/* One column stays free, because terminals differ in what they do behind the last one. */
struct board_shape screen_shape(const struct screen *screen)
{
    struct winsize size = {0};
    struct board_shape shape = {.columns = 79, .rows = 23};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col) {
        shape.columns = size.ws_col > COLUMNS_LEAST ? size.ws_col - 1u : COLUMNS_LEAST;
        shape.rows = size.ws_row > 1 ? size.ws_row - 1u : size.ws_row ? 1 : shape.rows;
    }
    shape.rows = shape.rows < BOARD_ROWS ? shape.rows : BOARD_ROWS;
    shape.utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    shape.color = screen->redraws && terminal_styled(stdout);
    return shape;
}

/* How many lines the last frame fills now: a terminal that has become narrower breaks lines. */
static unsigned standing(const struct screen *screen, const struct board_shape *shape)
{
    unsigned lines = 0, columns = shape->columns + 1;
    for (size_t i = 0; i < screen->count; i++)
        lines += screen->columns > columns && screen->widths[i] > columns
                     ? (screen->widths[i] + columns - 1) / columns
                     : 1;
    return lines < shape->rows + 1 ? lines : shape->rows + 1;
}

/* Up to the first of the old lines; each new one clears the rest of its own; what is left of the
 * old ones below is cleared; the cursor stays on the last new line. */
static enum status compose(struct buf *frame, const struct board_lines *lines, unsigned old)
{
    const char *text = lines->text.data;
    enum status status = buf_append_text(frame, "\r");
    if (!status && old > 1)
        status = buf_printf(frame, "\033[%uA", old - 1);
    for (size_t i = 0; !status && i < lines->count; i++) {
        size_t length = strcspn(text, "\n");
        status = buf_append(frame, text, length);
        if (!status)
            status = buf_append_text(frame, i + 1 < lines->count ? "\033[K\r\n" : "\033[K");
        text += length + 1;
    }
    unsigned below = old > lines->count ? old - (unsigned)lines->count : 0;
    for (unsigned i = 0; !status && i < below; i++)
        status = buf_append_text(frame, "\r\n\033[K");
    if (!status && below)
        status = buf_printf(frame, "\033[%uA", below);
    return status;
}

enum status screen_draw(struct screen *screen, const struct board_lines *lines)
{
    struct board_shape shape = screen_shape(screen);
    buf_clear(&screen->frame);
    enum status status = compose(&screen->frame, lines, standing(screen, &shape));
    if (status)
        return status;
    screen->columns = shape.columns + 1;
    screen->count = lines->count;
    memcpy(screen->widths, lines->widths, lines->count * sizeof lines->widths[0]);
    return send(screen->frame.data, screen->frame.size);
}

/* As the terminal's user asked for it: a shell's prompt stands below the lines meanwhile. */
static void suspend(struct screen *screen)
{
    suspended = 0;
    if (send_text("\n") || send_text(show_cursor))
        ended = 1;
    raise(SIGSTOP);
    screen->count = 0;
    if (send_text(hide_cursor))
        ended = 1;
}

bool screen_wait(struct screen *screen, unsigned milliseconds)
{
    struct timespec time = {milliseconds / 1000, (long)(milliseconds % 1000) * 1000000};
    if (!ended)
        pselect(0, NULL, NULL, NULL, &time, &mask_before);
    if (suspended)
        suspend(screen);
    return !ended;
}
