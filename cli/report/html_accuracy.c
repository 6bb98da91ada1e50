/* Accuracy by model and framework: the table with models down and frameworks across, and the same
 * as a plot with intervals. */
#include <math.h>

#include "cli/report/html_page.h"

static const struct report_accuracy *find(const struct page *page,
                                          const struct report_subject *model, size_t column)
{
    const struct report *report = page->report;
    for (size_t i = 0; i < report->accuracy_count; i++) {
        const struct report_subject *subject = &report->accuracy[i].subject;
        if (page->column_of[i] == column && page_same(subject->run, model->run) &&
            page_same(subject->model, model->model) &&
            page_same(subject->model_version, model->model_version))
            return &report->accuracy[i];
    }
    return NULL;
}

static bool run_has_column(const struct page *page, const char *run, size_t column)
{
    for (size_t i = 0; i < page->report->accuracy_count; i++)
        if (page->column_of[i] == column && page_same(page->report->accuracy[i].subject.run, run))
            return true;
    return false;
}

/* Rows of the run, and of these the ones with a picture that was scored. */
static size_t rows_of(const struct page *page, const char *run, size_t *scored)
{
    size_t rows = 0;
    *scored = 0;
    for (size_t i = 0; i < page->report->accuracy_count; i++) {
        const struct report_accuracy *row = &page->report->accuracy[i];
        rows += page_same(row->subject.run, run);
        *scored += page_same(row->subject.run, run) && isfinite(row->accuracy);
    }
    return rows;
}

static void put_head(struct page *page, const char *run)
{
    struct html *html = &page->html;
    html_markup(html, "<thead><tr><th scope=\"col\" rowspan=\"2\">Model</th>");
    for (size_t column = 0; column < page->column_count; column++) {
        if (!run_has_column(page, run, column))
            continue;
        html_markup(html, "<th scope=\"colgroup\" colspan=\"3\" class=\"group\">");
        svg_glyph(html, column, page->columns[column]->framework);
        page_framework(page, page->columns[column]);
        html_markup(html, "</th>");
    }
    html_markup(html, "</tr>\n<tr>");
    for (size_t column = 0; column < page->column_count; column++)
        if (run_has_column(page, run, column))
            html_markup(html, "<th scope=\"col\" class=\"number group\">n</th>"
                              "<th scope=\"col\" class=\"number\">accuracy, 95 %</th>"
                              "<th scope=\"col\" class=\"number\">mean p</th>");
    html_markup(html, "</tr></thead>\n");
}

static void put_estimate(struct page *page, const struct report_accuracy *row)
{
    page_estimate(page, number_fixed(row->accuracy, 3), number_range(row->low, row->high, 3));
}

static void put_cells(struct page *page, const struct report_accuracy *row)
{
    struct html *html = &page->html;
    if (!row) {
        html_markup(html, "<td colspan=\"3\" class=\"number group muted\">not asked</td>");
        return;
    }
    html_put(html, "<td class=\"number group\">%s</td><td class=\"number\">",
             number_count(row->images).text);
    put_estimate(page, row);
    html_put(html, "</td><td class=\"number\">%s</td>",
             number_fixed(row->mean_probability, 3).text);
}

static void put_table(struct page *page, const char *run)
{
    const struct report *report = page->report;
    page_table(page,
               "Accuracy of the first answer with its 95 % interval, and the mean probability. "
               "n: pictures scored.");
    put_head(page, run);
    html_markup(&page->html, "<tbody>\n");
    for (size_t i = 0; i < report->accuracy_count; i++) {
        const struct report_subject *subject = &report->accuracy[i].subject;
        if (!page_same(subject->run, run) || !page_is_first_of_model(report, i))
            continue;
        html_markup(&page->html, "<tr><th scope=\"row\" class=\"name\">");
        page_model(page, subject->model, subject->model_version);
        html_markup(&page->html, "</th>");
        for (size_t column = 0; column < page->column_count; column++)
            if (run_has_column(page, run, column))
                put_cells(page, find(page, subject, column));
        html_markup(&page->html, "</tr>\n");
    }
    html_markup(&page->html, "</tbody>");
    page_table_end(page);
}

static struct number tick_text(const struct svg_scale *scale, double value)
{
    return number_fixed(value, scale->digits);
}

static void put_value(struct page *page, const struct report_accuracy *row, size_t column)
{
    html_markup(&page->html, "<div class=\"plot-value\"><span class=\"who\">");
    svg_glyph(&page->html, column, row->subject.framework);
    page_framework(page, &row->subject);
    html_markup(&page->html, "</span><span class=\"figure\">");
    put_estimate(page, row);
    html_markup(&page->html, "</span></div>");
}

/* All frameworks of a model, one under the other. */
static void put_row(struct page *page, const struct report_subject *model,
                    const struct svg_scale *scale)
{
    int count = 0, line = 0;
    for (size_t column = 0; column < page->column_count; column++)
        count += find(page, model, column) != NULL;
    page_row(page);
    page_model(page, model->model, model->model_version);
    page_row_drawing(page);
    svg_begin(&page->html, count * SVG_LINE, model->model);
    svg_grid(&page->html, scale, NAN);
    for (size_t column = 0; column < page->column_count; column++) {
        const struct report_accuracy *row = find(page, model, column);
        if (!row)
            continue;
        double y = (line++ + 0.5) * SVG_LINE;
        svg_interval(&page->html, scale, y, row->low, row->high, column);
        svg_mark(&page->html, scale, y, row->accuracy, column);
    }
    svg_end(&page->html);
    page_row_values(page);
    for (size_t column = 0; column < page->column_count; column++) {
        const struct report_accuracy *row = find(page, model, column);
        if (row)
            put_value(page, row, column);
    }
    page_row_end(page);
}

/* One scale for all runs, over all intervals. */
static struct svg_scale scale_of(const struct report *report)
{
    double low = INFINITY, high = -INFINITY;
    for (size_t i = 0; i < report->accuracy_count; i++) {
        low = fmin(low, report->accuracy[i].low);
        high = fmax(high, report->accuracy[i].high);
    }
    return svg_linear(low, high, 4);
}

static void put_figure(struct page *page, const char *run)
{
    const struct report *report = page->report;
    struct svg_scale scale = scale_of(report);
    size_t rows = 0;

    page_figure(
        page, "Accuracy by model and framework.",
        scale.low > 0
            ? "A mark is the share of pictures whose first answer is right, the line through "
              "it the 95 % interval of Wilson. The scale does not begin at zero. The numbers "
              "are those of the table above."
            : "A mark is the share of pictures whose first answer is right, the line through "
              "it the 95 % interval of Wilson. The numbers are those of the table above.");
    page_plot(page);
    for (size_t i = 0; i < report->accuracy_count; i++)
        if (page_same(report->accuracy[i].subject.run, run) && page_is_first_of_model(report, i)) {
            if (rows++ % 16 == 0 && rows > 1)
                page_row_axis(page, &scale, tick_text, "accuracy");
            put_row(page, &report->accuracy[i].subject, &scale);
        }
    page_row_axis(page, &scale, tick_text, "accuracy");
    page_plot_end(page);
    page_figure_end(page);
}

/* What stands behind the table, one line for each target. */
static void put_details(struct page *page, const char *run)
{
    const struct report *report = page->report;
    page_details(page, "What was counted and what was left out");
    page_table(page, "Pictures of each model and framework.");
    html_markup(&page->html,
                "<thead><tr><th scope=\"col\">Model</th><th scope=\"col\">Framework</th>"
                "<th scope=\"col\" class=\"number\">scored</th><th scope=\"col\" class=\"number\">"
                "right</th><th scope=\"col\" class=\"number\">placeholders left out</th><th "
                "scope=\"col\" class=\"number\">duplicates left out</th><th scope=\"col\" "
                "class=\"number\">without a probability</th></tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < report->accuracy_count; i++) {
        const struct report_accuracy *row = &report->accuracy[i];
        if (!page_same(row->subject.run, run))
            continue;
        html_markup(&page->html, "<tr><th scope=\"row\" class=\"name\">");
        page_model(page, row->subject.model, row->subject.model_version);
        html_markup(&page->html, "</th><td>");
        page_framework(page, &row->subject);
        html_put(
            &page->html,
            "</td><td class=\"number\">%s</td><td class=\"number\">%s</td><td class=\"number\">"
            "%s</td><td class=\"number\">%s</td><td class=\"number\">%s</td></tr>\n",
            number_count(row->images).text, number_count(row->correct).text,
            number_count(row->placeholders).text, number_count(row->duplicates).text,
            number_count(row->unusable).text);
    }
    html_markup(&page->html, "</tbody>");
    page_table_end(page);
    page_details_end(page);
}

static const struct report_accuracy *same_target(const struct report *other,
                                                 const struct report_subject *subject)
{
    for (size_t i = 0; other && i < other->accuracy_count; i++) {
        const struct report_subject *theirs = &other->accuracy[i].subject;
        if (page_same(theirs->run, subject->run) && page_same(theirs->model, subject->model) &&
            page_same(theirs->model_version, subject->model_version) &&
            page_same_column(theirs, subject))
            return &other->accuracy[i];
    }
    return NULL;
}

static void put_scoring(struct page *page, const struct report_accuracy *row)
{
    html_markup(&page->html, "<td class=\"number\">");
    if (row)
        put_estimate(page, row);
    else
        html_markup(&page->html, "<span class=\"muted\">not scored</span>");
    html_markup(&page->html, "</td>");
}

/* The honest values beside those of the report of 2017. */
static void put_scorings(struct page *page, const char *run)
{
    const struct report *report = page->report;
    page_table(page, "Accuracy of the same answers under each scoring, with its 95 % interval.");
    html_put(
        &page->html,
        "<thead><tr><th scope=\"col\">Model</th><th scope=\"col\">Framework</th><th "
        "scope=\"col\" class=\"number\">%s</th><th scope=\"col\" class=\"number\">substring</th>"
        "<th scope=\"col\" class=\"number\">isa</th></tr></thead>\n<tbody>\n",
        report_scoring_name(report->options.scoring));
    for (size_t i = 0; i < report->accuracy_count; i++) {
        const struct report_accuracy *row = &report->accuracy[i];
        if (!page_same(row->subject.run, run))
            continue;
        html_markup(&page->html, "<tr><th scope=\"row\" class=\"name\">");
        page_model(page, row->subject.model, row->subject.model_version);
        html_markup(&page->html, "</th><td>");
        page_framework(page, &row->subject);
        html_markup(&page->html, "</td>");
        put_scoring(page, row);
        put_scoring(page, same_target(page->options->substring, &row->subject));
        put_scoring(page, same_target(page->options->isa, &row->subject));
        html_markup(&page->html, "</tr>\n");
    }
    html_markup(&page->html, "</tbody>");
    page_table_end(page);
}

static void put_run(struct page *page, const char *run)
{
    size_t scored, rows = rows_of(page, run, &scored);

    page_run_heading(page, run);
    if (!rows) {
        html_markup(
            &page->html,
            "<p class=\"notice\">Nothing to score: no answered URL has an expectation that "
            "this scoring can use (<code>enqueue --synset</code>, <code>--expect</code>, or "
            "ImageNet ids in the list).</p>\n");
        return;
    }
    put_table(page, run);
    if (scored)
        put_figure(page, run);
    else
        html_markup(&page->html,
                    "<p class=\"notice\">No picture was scored: all that were answered "
                    "were left out.</p>\n");
    if (page->options->substring || page->options->isa)
        put_scorings(page, run);
    put_details(page, run);
}

void page_accuracy(struct page *page)
{
    page_section(page, "accuracy", "Accuracy");
    html_put(&page->html, "<p>%s</p>\n", page_scoring_text(page->report->options.scoring));
    for (size_t i = 0; i < page->report->run_count; i++)
        put_run(page, page->report->runs[i].run);
    page_section_end(page);
}
