#include "cli/report/svg.h"

#include <math.h>

enum { AXIS_HEIGHT = 22 };

/* The largest of 1, 2, 5 times a power of ten that is not above `value`, times 1 to 2.5: the
 * distance of ticks that reads best (P. S. Heckbert, "Nice numbers for graph labels", in Graphics
 * Gems, 1990). */
static double nice_step(double value)
{
    double power = pow(10, floor(log10(value)));
    double fraction = value / power;
    return power * (fraction < 1.5 ? 1 : fraction < 3.5 ? 2 : fraction < 7.5 ? 5 : 10);
}

struct svg_scale svg_linear(double low, double high, size_t ticks)
{
    struct svg_scale scale = {0};
    if (!isfinite(low) || !isfinite(high) || fabs(low) > 1e15 || fabs(high) > 1e15)
        low = 0, high = 1;
    if (low > high) {
        double swap = low;
        low = high, high = swap;
    }
    if (high - low < 1e-9 * fmax(1, fabs(high)))
        low -= 0.5 * fmax(1e-3, fabs(low)), high += 0.5 * fmax(1e-3, fabs(high));
    double step = nice_step((high - low) / (double)(ticks > 1 ? ticks : 2));
    while ((ceil(high / step) - floor(low / step)) >= SVG_TICKS)
        step = nice_step(step * 2);
    double first = floor(low / step + 1e-9), last = ceil(high / step - 1e-9);
    scale.low = first * step;
    scale.high = last * step;
    for (double i = first; i <= last && scale.tick_count < SVG_TICKS; i++)
        scale.ticks[scale.tick_count++] = i * step;
    scale.digits = (int)fmin(9, fmax(0, -floor(log10(step) + 1e-9)));
    return scale;
}

struct svg_scale svg_logarithmic(double low, double high)
{
    static const double parts[] = {1, 2, 5};
    struct svg_scale scale = {.logarithmic = true};
    low = isfinite(low) ? fmin(fmax(low, 1e-6), 1e12) : 1e-6;
    high = isfinite(high) ? fmin(fmax(high, low * 2), 1e15) : low * 2;
    int from = (int)floor(log10(low)), to = (int)ceil(log10(high));
    int every = (to - from) / 6 + 1; /* decades between ticks */
    for (int decade = from; decade <= to; decade++)
        for (size_t i = 0; i < 3; i++) {
            double tick = parts[i] * pow(10, decade), next = tick * (i == 1 ? 2.5 : 2);
            if (next <= low * (1 + 1e-9) || scale.high >= high)
                continue;
            if (scale.tick_count == 0 && scale.high == 0)
                scale.low = tick;
            scale.high = tick;
            bool named = to - from <= 2 || (i == 0 && (decade - from) % every == 0);
            if (named && scale.tick_count < SVG_TICKS)
                scale.ticks[scale.tick_count++] = tick;
        }
    return scale;
}

double svg_at(const struct svg_scale *scale, double value)
{
    if (!(value > scale->low))
        return 0;
    if (value >= scale->high)
        return 100;
    if (scale->logarithmic)
        return 100 * log(value / scale->low) / log(scale->high / scale->low);
    return 100 * (value - scale->low) / (scale->high - scale->low);
}

void svg_shapes(struct html *html)
{
    static const char *const paths[SVG_SHAPES] = {
        "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0 -10 0z",                       /* circle */
        "M-4.5-4.5h9v9h-9z",                                           /* square */
        "M0-5.8L5.6 4.4H-5.6z",                                        /* triangle */
        "M0-6.2L6.2 0L0 6.2L-6.2 0z",                                  /* diamond */
        "M-1.7-5.5h3.4v3.8h3.8v3.4h-3.8v3.8h-3.4v-3.8h-3.8v-3.4h3.8z", /* cross */
        "M0 5.8L5.6-4.4H-5.6z"                                         /* triangle, down */
    };
    html_markup(html, "<svg class=\"shapes\" width=\"0\" height=\"0\" aria-hidden=\"true\">"
                      "<title>Shapes of marks</title><defs>");
    for (unsigned i = 0; i < SVG_SHAPES; i++)
        html_put(html, "<path id=\"mark-%u\" d=\"%s\"/>", i + 1, paths[i]);
    html_markup(html, "</defs></svg>\n");
}

void svg_begin(struct html *html, int height, const char *title)
{
    html_put(html,
             "<svg class=\"strip\" width=\"100%%\" height=\"%d\" aria-hidden=\"true\">"
             "<title>%s</title>",
             height, title);
}

void svg_begin_wide(struct html *html, int width, int height, const char *title)
{
    html_put(html,
             "<svg class=\"strip\" width=\"%d\" height=\"%d\" aria-hidden=\"true\">"
             "<title>%s</title>",
             width, height, title);
}

void svg_end(struct html *html)
{
    html_markup(html, "</svg>");
}

void svg_grid(struct html *html, const struct svg_scale *scale, double zero)
{
    for (size_t i = 0; i < scale->tick_count; i++) {
        double x = svg_at(scale, scale->ticks[i]);
        html_put(html, "<line class=\"%s\" x1=\"%.2f%%\" x2=\"%.2f%%\" y1=\"0\" y2=\"100%%\"/>",
                 fabs(scale->ticks[i] - zero) < 1e-12 ? "axis" : "grid", x, x);
    }
}

static unsigned colour_of(size_t series)
{
    return (unsigned)(series % SVG_COLOURS) + 1;
}

/* Shifted by one with each round of colours, so that 36 series differ. */
static unsigned shape_of(size_t series)
{
    return (unsigned)((series + series / SVG_COLOURS) % SVG_SHAPES) + 1;
}

void svg_interval(struct html *html, const struct svg_scale *scale, double y, double low,
                  double high, size_t series)
{
    if (isfinite(low) && isfinite(high))
        html_put(html,
                 "<line class=\"range series-%u\" x1=\"%.2f%%\" x2=\"%.2f%%\" y1=\"%.1f\" "
                 "y2=\"%.1f\"/>",
                 colour_of(series), svg_at(scale, low), svg_at(scale, high), y, y);
}

void svg_mark(struct html *html, const struct svg_scale *scale, double y, double value,
              size_t series)
{
    if (isfinite(value))
        html_put(html, "<use href=\"#mark-%u\" class=\"mark series-%u\" x=\"%.2f%%\" y=\"%.1f\"/>",
                 shape_of(series), colour_of(series), svg_at(scale, value), y);
}

void svg_glyph(struct html *html, size_t series, const char *name)
{
    html_put(
        html,
        "<svg class=\"glyph\" width=\"14\" height=\"14\" aria-hidden=\"true\"><title>%s</title>"
        "<use href=\"#mark-%u\" class=\"mark series-%u\" x=\"7\" y=\"7\"/></svg>",
        name, shape_of(series), colour_of(series));
}

void svg_axis(struct html *html, const struct svg_scale *scale, svg_tick_fn *text)
{
    svg_begin(html, AXIS_HEIGHT, "Axis");
    for (size_t i = 0; i < scale->tick_count; i++) {
        double x = svg_at(scale, scale->ticks[i]);
        html_put(html,
                 "<line class=\"axis\" x1=\"%.2f%%\" x2=\"%.2f%%\" y1=\"0\" y2=\"5\"/>"
                 "<text class=\"label\" x=\"%.2f%%\" y=\"17\" text-anchor=\"middle\">%s</text>",
                 x, x, x, text(scale, scale->ticks[i]).text);
    }
    svg_end(html);
}
