/* pen: writes a line of a terminal that never gets wider than it may, whatever the text. */
#ifndef CLI_PEN_H
#define CLI_PEN_H

#include <stdbool.h>

#include "common/buf.h"

enum pen_color { PEN_PLAIN = 0, PEN_RED = 31, PEN_GREEN = 32, PEN_YELLOW = 33 };

struct pen {
    struct buf *out;
    unsigned left, used; /* columns of the line */
    bool utf8, color;    /* as in struct board_shape */
    enum status status;  /* of the first write that failed */
};

/* Writes as much of `text` as fits. What a terminal must not be given (terminal.h) becomes '?', and
 * so does what is not ASCII unless `utf8`. */
void pen_text(struct pen *pen, const char *text);
void pen_print(struct pen *pen, const char *format, ...) PRINTF_LIKE(2, 3);

/* Writes `text` in exactly `columns`: filled up with blanks, or cut with an ellipsis. */
void pen_field(struct pen *pen, const char *text, unsigned columns);

/* The columns that `text` takes. */
unsigned pen_width(const struct pen *pen, const char *text);

/* The colour of what follows; nothing where colours are not wanted. */
void pen_color(struct pen *pen, enum pen_color color);

/* "…", or "..." where only ASCII may be written. */
const char *pen_ellipsis(const struct pen *pen);

#endif
