#include "cli/pen.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/terminal.h"

static void put(struct pen *pen, const char *bytes, size_t size)
{
    if (!pen->status)
        pen->status = buf_append(pen->out, bytes, size);
}

/* The next character of the text: its bytes are shown as they are, or (*shown false) as '?'. */
static unsigned next(const struct pen *pen, const char *text, size_t *length, bool *shown)
{
    unsigned width;
    *length = terminal_character(text, &width, shown);
    if (pen->utf8 || *length == 1)
        return width;
    *shown = false;
    return 1;
}

/* Writes what fits into `columns`; returns how many it took. *rest: what did not fit. */
static unsigned write_some(struct pen *pen, const char *text, unsigned columns, const char **rest)
{
    unsigned used = 0;
    while (*text) {
        size_t length;
        bool shown;
        unsigned width = next(pen, text, &length, &shown);
        if (used + width > columns)
            break;
        put(pen, shown ? text : "?", shown ? length : 1);
        used += width;
        text += length;
    }
    *rest = text;
    pen->used += used;
    pen->left -= used;
    return used;
}

void pen_text(struct pen *pen, const char *text)
{
    const char *rest;
    write_some(pen, text, pen->left, &rest);
    if (*rest)
        pen->left = 0; /* what follows must not stand in the place of what was cut */
}

void pen_print(struct pen *pen, const char *format, ...)
{
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    pen_text(pen, text);
}

unsigned pen_width(const struct pen *pen, const char *text)
{
    unsigned width = 0;
    while (*text) {
        size_t length;
        bool shown;
        width += next(pen, text, &length, &shown);
        text += length;
    }
    return width;
}

void pen_field(struct pen *pen, const char *text, unsigned columns)
{
    const char *rest;
    unsigned dots = pen_width(pen, pen_ellipsis(pen)), used;
    if (columns > pen->left)
        columns = pen->left;
    if (pen_width(pen, text) <= columns) {
        used = write_some(pen, text, columns, &rest);
    } else {
        used = write_some(pen, text, columns > dots ? columns - dots : columns, &rest);
        if (columns > dots)
            used += write_some(pen, pen_ellipsis(pen), columns - used, &rest);
    }
    for (; used < columns; used++)
        write_some(pen, " ", 1, &rest);
}

void pen_color(struct pen *pen, enum pen_color color)
{
    char text[16];
    if (!pen->color)
        return;
    snprintf(text, sizeof text, "\033[%dm", (int)color);
    put(pen, text, strlen(text));
}

const char *pen_ellipsis(const struct pen *pen)
{
    return pen->utf8 ? "…" : "...";
}
