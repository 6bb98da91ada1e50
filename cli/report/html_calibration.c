/* Whether probabilities mean what they say: a reliability diagram for each target. */
#include <math.h>

#include "cli/report/html_page.h"

/* Pixels of a diagram: the square, and the counts below it. */
enum { LEFT = 30, TOP = 8, SIDE = 200, GAP = 6, BARS = 26, WIDTH = 240, HEIGHT = 284, FIRST = 8 };

static double across(double share)
{
    return LEFT + SIDE * share;
}

static double down(double share)
{
    return TOP + SIDE * (1 - share);
}

/* The 95 % score interval (E. B. Wilson, JASA 22, 1927) of a bin, only to be drawn. */
static void wilson(const struct report_bin *bin, double *low, double *high)
{
    double n = (double)bin->images, p = (double)bin->correct / n, z2n = 3.841458820694124 / n;
    double half = sqrt(z2n * (p * (1 - p) + z2n / 4));
    *low = fmax(0, (p + z2n / 2 - half) / (1 + z2n));
    *high = fmin(1, (p + z2n / 2 + half) / (1 + z2n));
}

static void put_frame(struct html *html)
{
    static const double ticks[] = {0, 0.5, 1};
    for (size_t i = 0; i < 3; i++) {
        double x = across(ticks[i]), y = down(ticks[i]);
        html_put(html,
                 "<line class=\"grid\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\"/>"
                 "<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>"
                 "<text class=\"label\" x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%.1f</text>"
                 "<text class=\"label\" x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%.1f</text>",
                 x, x, TOP, TOP + SIDE, LEFT, LEFT + SIDE, y, y, LEFT - 5, y + 4, ticks[i], x,
                 TOP + SIDE + GAP + BARS + 15, ticks[i]);
    }
    html_put(
        html,
        "<line class=\"axis diagonal\" x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\"/>"
        "<text class=\"label\" x=\"%d\" y=\"%d\">accuracy</text>"
        "<text class=\"label\" x=\"%d\" y=\"%d\" text-anchor=\"middle\">mean probability</text>",
        LEFT, TOP + SIDE, LEFT + SIDE, TOP, LEFT + 5, TOP + 14, LEFT + SIDE / 2, HEIGHT - 7);
}

static void put_bin(struct html *html, const struct report_bin *bin, uint64_t most, size_t series)
{
    double low, high, bar = fmax(1, BARS * (double)bin->images / (double)most);
    struct svg_scale pixels = {.low = 0, .high = 100}; /* svg_mark gives percentages of WIDTH */
    if (!bin->images || !isfinite(bin->mean_confidence) || !isfinite(bin->accuracy))
        return;
    wilson(bin, &low, &high);
    double x = across(bin->mean_confidence), y = down(bin->accuracy);
    html_put(html, "<line class=\"whisker\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>", x,
             x, down(low), down(high));
    svg_mark(html, &pixels, y, 100 * x / WIDTH, series);
    html_put(html, "<rect class=\"count\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>",
             across(bin->low) + 1, TOP + SIDE + GAP + BARS - bar, SIDE * (bin->high - bin->low) - 2,
             bar);
}

static void put_diagram(struct page *page, size_t subject)
{
    const struct report *report = page->report;
    const struct report_accuracy *row = &report->accuracy[subject];
    uint64_t most = 1;

    for (size_t i = 0; i < report->bin_count; i++)
        if (report->bins[i].subject == subject && report->bins[i].images > most)
            most = report->bins[i].images;
    html_markup(&page->html, "<li class=\"panel\"><p>");
    page_model(page, row->subject.model, row->subject.model_version);
    html_markup(&page->html, "<span class=\"sub\">");
    svg_glyph(&page->html, page->column_of[subject], row->subject.framework);
    page_framework(page, &row->subject);
    html_put(&page->html, "</span>ECE <strong>%s</strong></p>\n", number_fixed(row->ece, 3).text);
    html_put(
        &page->html,
        "<svg class=\"panel-drawing\" role=\"img\" width=\"%d\" height=\"%d\"><title>%s, %s</title>"
        "<desc>Accuracy against mean probability in bins of a tenth; the expected calibration "
        "error is %s. The numbers are in the table below.</desc>",
        WIDTH, HEIGHT, row->subject.model, row->subject.framework, number_fixed(row->ece, 3).text);
    put_frame(&page->html);
    for (size_t i = 0; i < report->bin_count; i++)
        if (report->bins[i].subject == subject)
            put_bin(&page->html, &report->bins[i], most, page->column_of[subject]);
    html_markup(&page->html, "</svg></li>\n");
}

static bool has_bins(const struct report *report, size_t subject, const char *run)
{
    if (!page_same(report->accuracy[subject].subject.run, run))
        return false;
    for (size_t i = 0; i < report->bin_count; i++)
        if (report->bins[i].subject == subject && report->bins[i].images)
            return true;
    return false;
}

/* The diagrams of the run from number `from` up to `to`; returns how many there are in all. */
static size_t put_diagrams(struct page *page, const char *run, size_t from, size_t to)
{
    size_t number = 0;
    if (from < to)
        html_markup(&page->html, "<ul class=\"panels\">\n");
    for (size_t i = 0; i < page->report->accuracy_count; i++)
        if (has_bins(page->report, i, run)) {
            if (number >= from && number < to)
                put_diagram(page, i);
            number++;
        }
    if (from < to)
        html_markup(&page->html, "</ul>\n");
    return number;
}

static void put_line(struct page *page, const struct report_bin *bin)
{
    const struct report_subject *subject = &page->report->accuracy[bin->subject].subject;
    html_markup(&page->html, "<tr><th scope=\"row\" class=\"name\">");
    page_model(page, subject->model, subject->model_version);
    html_markup(&page->html, "</th><td>");
    page_framework(page, subject);
    html_put(&page->html,
             "</td><td class=\"number\">%s</td><td class=\"number\">%s</td><td class=\"number\">%s"
             "</td><td class=\"number\">%s</td></tr>\n",
             number_range(bin->low, bin->high, 1).text, number_count(bin->images).text,
             number_fixed(bin->mean_confidence, 3).text, number_fixed(bin->accuracy, 3).text);
}

static void put_table(struct page *page, const char *run)
{
    const struct report *report = page->report;
    page_details(page, "Numbers of all bins");
    page_table(page, "Pictures by the probability of their first answer.");
    html_markup(&page->html,
                "<thead><tr><th scope=\"col\">Model</th><th scope=\"col\">Framework</th><th "
                "scope=\"col\" class=\"number\">probability</th><th scope=\"col\" class=\"number\">"
                "pictures</th><th scope=\"col\" class=\"number\">mean probability</th><th "
                "scope=\"col\" class=\"number\">accuracy</th></tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < report->bin_count; i++)
        if (page_same(report->accuracy[report->bins[i].subject].subject.run, run))
            put_line(page, &report->bins[i]);
    html_markup(&page->html, "</tbody>");
    page_table_end(page);
    page_details_end(page);
}

static void put_run(struct page *page, const char *run)
{
    size_t count = put_diagrams(page, run, 0, 0);

    page_run_heading(page, run);
    if (!count) {
        html_put(
            &page->html, "<p class=\"notice\">%s</p>\n",
            page->report->options.scoring == REPORT_SEED
                ? "The scoring seed mixes the probabilities of several answers; calibration is "
                  "shown for isa and substring."
                : "No scored answer has a probability between 0 and 1.");
        return;
    }
    page_figure(
        page, "Reliability diagrams.",
        "Marks on the dashed diagonal are probabilities that mean what they say; below it a "
        "model is too sure of itself, above it not sure enough. Lines are 95 % intervals, the "
        "bars under a square say how many pictures a bin has. ECE: the distance from the "
        "diagonal, averaged over all pictures.");
    put_diagrams(page, run, 0, count < FIRST ? count : FIRST);
    if (count > FIRST) {
        page_details(page, "Further diagrams");
        put_diagrams(page, run, FIRST, count < HTML_PANELS ? count : HTML_PANELS);
        page_details_end(page);
    }
    if (count > HTML_PANELS)
        html_put(&page->html, "<p class=\"muted small\">%d of %zu diagrams are drawn.</p>\n",
                 HTML_PANELS, count);
    put_table(page, run);
    page_figure_end(page);
}

void page_calibration(struct page *page)
{
    page_section(page, "calibration", "Do the probabilities mean what they say?");
    for (size_t i = 0; i < page->report->run_count; i++)
        put_run(page, page->report->runs[i].run);
    page_section_end(page);
}
