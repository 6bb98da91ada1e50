/* How long things took, stage by stage, and how fast the run went. */
#include <math.h>
#include <string.h>

#include "cli/report/html_page.h"

/* Pixels of the drawing of a run over time. */
enum { HIGHEST = 130, LOWEST = 14, MARGIN = 16, TIME_TICKS = 6, DIGIT_WIDTH = 8 };

static const char *const stages[] = {"fetch", "validate", "predict"};
enum { STAGES = sizeof stages / sizeof stages[0] };

/* ---- latency -------------------------------------------------------------------------------- */

static bool same_group(const struct report_latency *a, const struct report_latency *b)
{
    return page_same(a->run, b->run) && page_same(a->backend, b->backend) &&
           page_same(a->model, b->model);
}

static bool is_first(const struct report *report, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (same_group(&report->latency[i], &report->latency[index]))
            return false;
    return true;
}

static const struct report_latency *find(const struct report *report,
                                         const struct report_latency *group, const char *stage)
{
    for (size_t i = 0; i < report->latency_count; i++)
        if (same_group(&report->latency[i], group) && page_same(report->latency[i].stage, stage))
            return &report->latency[i];
    return NULL;
}

static struct number tick_text(const struct svg_scale *scale, double value)
{
    struct number text = number_ms(value);
    char *zero = scale->logarithmic ? strstr(text.text, ".0") : NULL;
    if (zero) /* "1 s" */
        memmove(zero, zero + 2, strlen(zero + 2) + 1);
    return text;
}

static void put_stage(struct html *html, const struct svg_scale *scale, double y,
                      const struct report_latency *row)
{
    svg_interval(html, scale, y, row->p50_ms, row->p99_ms, 0);
    svg_mark(html, scale, y, row->p50_ms, 0);
    if (isfinite(row->p90_ms))
        html_put(html,
                 "<line class=\"range series-1\" x1=\"%.2f%%\" x2=\"%.2f%%\" y1=\"%.1f\" "
                 "y2=\"%.1f\"/>",
                 svg_at(scale, row->p90_ms), svg_at(scale, row->p90_ms), y - 5, y + 5);
}

static void put_row(struct page *page, const struct report_latency *group,
                    const struct svg_scale *scale)
{
    const struct report_latency *rows[STAGES];
    int count = 0;

    for (size_t i = 0; i < STAGES; i++)
        if ((rows[count] = find(page->report, group, stages[i])) != NULL)
            count++;
    page_row(page);
    html_put(&page->html, "<bdi>%s</bdi><span class=\"sub\">by <bdi>%s</bdi></span>", group->model,
             group->backend);
    page_row_drawing(page);
    svg_begin(&page->html, count * SVG_LINE, group->model);
    svg_grid(&page->html, scale, NAN);
    for (int i = 0; i < count; i++)
        put_stage(&page->html, scale, (i + 0.5) * SVG_LINE, rows[i]);
    svg_end(&page->html);
    page_row_values(page);
    for (int i = 0; i < count; i++)
        html_put(&page->html,
                 "<div class=\"plot-value\"><span class=\"who\">%s</span><span class=\"figure\">"
                 "<strong>%s</strong> <span class=\"interval\">%s, %s</span></span></div>",
                 rows[i]->stage, number_ms(rows[i]->p50_ms).text, number_ms(rows[i]->p90_ms).text,
                 number_ms(rows[i]->p99_ms).text);
    page_row_end(page);
}

static struct svg_scale latency_scale(const struct report *report)
{
    double low = INFINITY, high = 0;
    for (size_t i = 0; i < report->latency_count; i++) {
        const struct report_latency *row = &report->latency[i];
        if (row->p50_ms > 0)
            low = fmin(low, row->p50_ms);
        high = fmax(high, row->p99_ms);
    }
    low = fmax(0.01, low); /* the clock's finest step; also where nothing was above 0 */
    return high > 30 * low ? svg_logarithmic(isfinite(low) ? low : 0.01, high)
                           : svg_linear(0, fmax(high, 0.01), 5);
}

static void put_latency_table(struct page *page, const char *run)
{
    const struct report *report = page->report;
    page_details(page, "Numbers of all stages");
    page_table(page, "Milliseconds of done jobs (nearest ranks).");
    html_markup(&page->html,
                "<thead><tr><th scope=\"col\">Model</th><th scope=\"col\">Backend</th><th "
                "scope=\"col\">Stage</th><th scope=\"col\" class=\"number\">jobs</th><th "
                "scope=\"col\" class=\"number\">p50</th><th scope=\"col\" class=\"number\">p90</th>"
                "<th scope=\"col\" class=\"number\">p99</th><th scope=\"col\" class=\"number\">max"
                "</th></tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < report->latency_count; i++) {
        const struct report_latency *row = &report->latency[i];
        if (!page_same(row->run, run))
            continue;
        html_put(&page->html,
                 "<tr><th scope=\"row\" class=\"name\"><bdi>%s</bdi></th><td><bdi>%s</bdi></td><td>"
                 "%s</td><td class=\"number\">%s</td><td class=\"number\">%s</td><td "
                 "class=\"number\">%s</td><td class=\"number\">%s</td><td class=\"number\">%s</td>"
                 "</tr>\n",
                 row->model, row->backend, row->stage, number_count(row->count).text,
                 number_fixed(row->p50_ms, 2).text, number_fixed(row->p90_ms, 2).text,
                 number_fixed(row->p99_ms, 2).text, number_fixed(row->max_ms, 2).text);
    }
    html_markup(&page->html, "</tbody>");
    page_table_end(page);
    page_details_end(page);
}

static void put_latency(struct page *page, const char *run)
{
    const struct report *report = page->report;
    struct svg_scale scale = latency_scale(report);
    size_t rows = 0;

    for (size_t i = 0; i < report->latency_count; i++)
        rows += page_same(report->latency[i].run, run);
    if (!rows) {
        html_markup(&page->html,
                    "<p class=\"notice\">No times: nothing was answered, or the results "
                    "were recorded elsewhere.</p>\n");
        return;
    }
    page_figure(page, "Time by stage.",
                scale.logarithmic
                    ? "The mark is the median (p50), the tick p90, the line ends at p99. Each step "
                      "of the scale multiplies."
                    : "The mark is the median (p50), the tick p90, the line ends at p99.");
    page_plot(page);
    for (size_t i = 0; i < report->latency_count; i++)
        if (page_same(report->latency[i].run, run) && is_first(report, i))
            put_row(page, &report->latency[i], &scale);
    page_row_axis(page, &scale, tick_text, "p50, p90, p99");
    page_plot_end(page);
    put_latency_table(page, run);
    page_figure_end(page);
}

/* ---- throughput ----------------------------------------------------------------------------- */

/* Of one run: what its moments span, and the highest of them. */
struct course {
    const char *run;
    int64_t from, to; /* Unix seconds */
    size_t moments;
    uint64_t most_done, most_failed, done, failed;
    double per_unit; /* outcomes of a moment times this: outcomes per `unit` */
    const char *unit;
};

static struct course course_of(const struct report *report, const char *run)
{
    struct course course = {.run = run, .from = INT64_MAX, .unit = "minute"};
    int64_t seconds = report->moment_seconds ? report->moment_seconds : 1;

    for (size_t i = 0; i < report->moment_count; i++) {
        const struct report_moment *moment = &report->moments[i];
        if (!page_same(moment->run, run))
            continue;
        course.moments++;
        course.from = moment->started_s < course.from ? moment->started_s : course.from;
        course.to =
            moment->started_s + seconds > course.to ? moment->started_s + seconds : course.to;
        course.most_done = moment->done > course.most_done ? moment->done : course.most_done;
        course.most_failed =
            moment->failed > course.most_failed ? moment->failed : course.most_failed;
        course.done += moment->done;
        course.failed += moment->failed;
    }
    course.per_unit = 60.0 / (double)seconds;
    if ((double)(course.most_done + course.most_failed) * course.per_unit > 1200) {
        course.per_unit = 1.0 / (double)seconds;
        course.unit = "second";
    }
    return course;
}

/* The distance of ticks, in seconds, that gives at most TIME_TICKS of them. */
static int64_t time_step(int64_t span)
{
    static const int64_t steps[] = {10,   30,   60,    120,   300,   600,   900,    1800,
                                    3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
        if (span / steps[i] < TIME_TICKS)
            return steps[i];
    return (span / TIME_TICKS / 604800 + 1) * 604800;
}

static void put_time_axis(struct html *html, const struct course *course, int y)
{
    int64_t step = time_step(course->to - course->from);
    double span = (double)(course->to - course->from);
    for (int64_t at = (course->from + step - 1) / step * step; at <= course->to; at += step) {
        double x = 100 * (double)(at - course->from) / span;
        struct number whole = number_time(at); /* "2026-11-23 07:58:06" */
        if (strlen(whole.text) < 19)
            continue;
        whole.text[step < 60 ? 19 : 16] = '\0';
        html_put(html,
                 "<line class=\"axis\" x1=\"%.2f%%\" x2=\"%.2f%%\" y1=\"%d\" y2=\"%d\"/>"
                 "<text class=\"label\" x=\"%.2f%%\" y=\"%d\" text-anchor=\"%s\">%s</text>",
                 x, x, y, y + 5, x, y + 17,
                 x < 6    ? "start"
                 : x > 94 ? "end"
                          : "middle",
                 step >= 86400 ? (whole.text[10] = '\0', whole.text) : whole.text + 11);
    }
}

/* Bars up for done, down for failed, on one scale. */
static void put_bars(struct page *page, const struct course *course, double zero, double pixels)
{
    const struct report *report = page->report;
    double span = (double)(course->to - course->from);
    double width = 100 * report->moment_seconds / span;

    for (size_t i = 0; i < report->moment_count; i++) {
        const struct report_moment *moment = &report->moments[i];
        if (!page_same(moment->run, course->run))
            continue;
        double x = 100 * (double)(moment->started_s - course->from) / span;
        double up = pixels * (double)moment->done, below = pixels * (double)moment->failed;
        if (moment->done)
            html_put(
                &page->html,
                "<rect class=\"done\" x=\"%.2f%%\" width=\"%.2f%%\" y=\"%.1f\" height=\"%.1f\"/>",
                x, width, zero - up, up);
        if (moment->failed)
            html_put(&page->html,
                     "<rect class=\"failed\" x=\"%.2f%%\" width=\"%.2f%%\" y=\"%.1f\" "
                     "height=\"%.1f\"/>",
                     x, width, zero, below);
    }
}

/* Where things are, in pixels from the top: bars stand on `zero`, up to `above` high. */
struct layout {
    struct svg_scale scale; /* of a unit's outcomes, up to the most of either kind */
    double pixels;          /* of one outcome in a moment */
    double zero;
    double reach; /* of the longest bars: upwards, or downwards below 0 */
    int bottom;   /* of the bars that hang down, and their word */
};

static struct layout layout_of(const struct course *course)
{
    double done = (double)course->most_done, failed = (double)course->most_failed;
    struct layout layout = {.scale = svg_linear(0, fmax(done, failed) * course->per_unit, 3)};
    layout.pixels = HIGHEST * course->per_unit / layout.scale.high;
    layout.zero = MARGIN + (done > 0 ? fmax(LOWEST, layout.pixels * done) : 0);
    layout.reach = layout.pixels * (done >= failed ? done : -failed);
    layout.bottom = (int)ceil(layout.zero + 4);
    if (failed > 0)
        layout.bottom = (int)ceil(layout.zero + fmax(LOWEST, layout.pixels * failed)) + MARGIN;
    return layout;
}

/* Pixels from the top of tick `i`. */
static double level(const struct layout *layout, size_t i)
{
    double height = layout->reach < 0 ? -HIGHEST : HIGHEST; /* of the whole scale */
    return layout->zero - height * layout->scale.ticks[i] / layout->scale.high;
}

/* How many ticks the longest bars reach; the first is 0. */
static size_t reached(const struct layout *layout)
{
    const struct svg_scale *scale = &layout->scale;
    size_t count = 1;
    while (count < scale->tick_count &&
           HIGHEST * scale->ticks[count] / scale->high <= fabs(layout->reach) + 1)
        count++;
    return count;
}

/* The numbers of the ticks, in a column of their own so that no bar lies under them. */
static void put_levels(struct html *html, const struct layout *layout, const char *run)
{
    const struct svg_scale *scale = &layout->scale;
    size_t count = reached(layout), longest = 0;

    for (size_t i = 0; i < count; i++) {
        size_t length = strlen(number_fixed(scale->ticks[i], scale->digits).text);
        longest = length > longest ? length : longest;
    }
    svg_begin_wide(html, (int)longest * DIGIT_WIDTH, layout->bottom + 22, run);
    for (size_t i = 0; i < count; i++)
        html_put(html, "<text class=\"label\" x=\"100%%\" y=\"%.1f\" text-anchor=\"end\">%s</text>",
                 level(layout, i) + 4, number_fixed(scale->ticks[i], scale->digits).text);
    svg_end(html);
}

/* What the bars on one side of zero count, at the right. */
static void put_side(struct html *html, int y, const char *what, const char *unit,
                     const char *arrow)
{
    html_put(html,
             "<text class=\"halo\" x=\"100%%\" y=\"%d\" text-anchor=\"end\">%s a %s %s</text>", y,
             what, unit, arrow);
}

static void put_drawing(struct page *page, const struct course *course)
{
    struct html *html = &page->html;
    struct layout layout = layout_of(course);

    html_markup(html, "<div class=\"plot-levels\">");
    put_levels(html, &layout, course->run);
    svg_begin(html, layout.bottom + 22, course->run);
    for (size_t i = 1; i < reached(&layout); i++)
        html_put(html, "<line class=\"grid\" x1=\"0\" x2=\"100%%\" y1=\"%.1f\" y2=\"%.1f\"/>",
                 level(&layout, i), level(&layout, i));
    put_bars(page, course, layout.zero, layout.pixels);
    html_put(html, "<line class=\"axis\" x1=\"0\" x2=\"100%%\" y1=\"%.1f\" y2=\"%.1f\"/>",
             layout.zero, layout.zero);
    if (course->most_done)
        put_side(html, 12, "answered", course->unit, "\u2191");
    if (course->most_failed)
        put_side(html, layout.bottom - 3, "failed", course->unit, "\u2193");
    put_time_axis(html, course, layout.bottom);
    svg_end(html);
    html_markup(html, "</div>");
}

static void put_course_table(struct page *page, const char *run)
{
    const struct report *report = page->report;
    page_details(page, "Numbers of all moments");
    page_table(page, "Outcomes by the time they came.");
    html_markup(&page->html, "<thead><tr><th scope=\"col\">from (UTC)</th><th scope=\"col\" "
                             "class=\"number\">answered</th><th scope=\"col\" class=\"number\">"
                             "failed</th></tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < report->moment_count; i++)
        if (page_same(report->moments[i].run, run))
            html_put(&page->html,
                     "<tr><th scope=\"row\">%s</th><td class=\"number\">%s</td><td "
                     "class=\"number\">%s</td></tr>\n",
                     number_time(report->moments[i].started_s).text,
                     number_count(report->moments[i].done).text,
                     number_count(report->moments[i].failed).text);
    html_markup(&page->html, "</tbody>");
    page_table_end(page);
    page_details_end(page);
}

static void put_course(struct page *page, const char *run)
{
    struct course course = course_of(page->report, run);
    if (!course.moments || !(course.most_done + course.most_failed)) {
        html_markup(
            &page->html,
            "<p class=\"notice\">No course over time: nothing has ended yet, or the results "
            "were recorded elsewhere.</p>\n");
        return;
    }
    page_figure(page, "Outcomes over time.",
                "Each bar is a moment of the run: answered above the line, failed below it, on one "
                "scale. Times are UTC.");
    page_plot(page);
    put_drawing(page, &course);
    page_plot_end(page);
    html_put(&page->html,
             "<p class=\"muted small\">%s to %s: %s answered and %s failed within %s; a bar is %s "
             "wide.</p>\n",
             number_time(course.from).text, number_time(course.to).text,
             number_count(course.done).text, number_count(course.failed).text,
             number_duration(course.to - course.from).text,
             number_duration(page->report->moment_seconds).text);
    put_course_table(page, run);
    page_figure_end(page);
}

void page_times(struct page *page)
{
    page_section(page, "times", "How long it took");
    for (size_t i = 0; i < page->report->run_count; i++) {
        page_run_heading(page, page->report->runs[i].run);
        put_latency(page, page->report->runs[i].run);
        put_course(page, page->report->runs[i].run);
    }
    page_section_end(page);
}
