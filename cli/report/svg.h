/* svg: pieces of charts that take the width they are given and leave their text as large as it is.
 *
 * Nothing here scales with a viewBox: positions across are percentages of the drawing's width,
 * those down are pixels, and a drawing may be 300 pixels wide or 1000. Colours are the classes of
 * common/page/style.css (grid, axis, label, series-1 ...), so that dark and paper follow.
 */
#ifndef CLI_REPORT_SVG_H
#define CLI_REPORT_SVG_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/report/html_writer.h"
#include "cli/report/number.h"

enum { SVG_TICKS = 12, SVG_SHAPES = 6, SVG_COLOURS = 6, SVG_LINE = 22 /* pixels of a row */ };

/* Values to percentages of a width. */
struct svg_scale {
    double low, high; /* finite, low < high */
    bool logarithmic; /* then both are positive */
    size_t tick_count;
    double ticks[SVG_TICKS];
    int digits; /* that tell the ticks apart; not of a logarithmic scale */
};

/* A scale whose ends are multiples of 1, 2 or 5 times a power of ten, around the values from low to
 * high (swapped or equal ones and NAN are mended), with about `ticks` ticks. */
struct svg_scale svg_linear(double low, double high, size_t ticks);

/* A logarithmic scale that begins and ends at a 1, 2 or 5 of a decade; ticks stand there, or at the
 * decades when those are many. Values that are not positive are moved to its low end. */
struct svg_scale svg_logarithmic(double low, double high);

/* 0 to 100; values outside, and NAN, are at the nearer end. */
double svg_at(const struct svg_scale *scale, double value);

/* The shapes of marks; once in a page, before the first mark. */
void svg_shapes(struct html *html);

/* Opens a drawing over the whole width, `height` pixels high, with a title for who points at it;
 * end it by svg_end. Charts are told in words and tables beside them, so it is hidden from those
 * who listen. */
void svg_begin(struct html *html, int height, const char *title);
/* The same, `width` pixels wide. */
void svg_begin_wide(struct html *html, int width, int height, const char *title);
void svg_end(struct html *html);

/* Lines down at each tick; one at `zero` stands out (NAN: none does). */
void svg_grid(struct html *html, const struct svg_scale *scale, double zero);

/* A line from low to high and a mark on it, at `y` pixels. Series from 0; each has a colour and a
 * shape of its own (36 pairs of them). What is not finite is left out. */
void svg_interval(struct html *html, const struct svg_scale *scale, double y, double low,
                  double high, size_t series);
void svg_mark(struct html *html, const struct svg_scale *scale, double y, double value,
              size_t series);

/* The mark of a series alone, to stand beside its name, which is its title, too. */
void svg_glyph(struct html *html, size_t series, const char *name);

/* A row of numbers under the ticks. `text` makes the words of a tick. */
typedef struct number svg_tick_fn(const struct svg_scale *scale, double value);
void svg_axis(struct html *html, const struct svg_scale *scale, svg_tick_fn *text);

#endif
