#include "cli/report/html_page.h"

#include <math.h>
#include <string.h>

const char *page_scoring_text(enum report_scoring scoring)
{
    switch (scoring) {
    case REPORT_SUBSTRING:
        return "The first answer is right when its label contains the expected text, in capitals "
               "or "
               "not. The probability is that of the best of the three answers that contain it, and "
               "0 where none does.";
    case REPORT_SEED:
        return "Computed as the script of the report of 2017 did it, to reproduce its table: "
               "answers "
               "that name an envelope are left out, the first answer is right when its label "
               "contains the expected text, and the probability is that of the first answer where "
               "any of the three contains the text, else 0.";
    default:
        return "The first answer is right when its synset is the expected one or lies below it in "
               "WordNet. The probability is that of the first answer.";
    }
}

void page_section(struct page *page, const char *id, const char *heading)
{
    html_put(&page->html,
             "<section id=\"%s\" aria-labelledby=\"%s-heading\">\n<h2 id=\"%s-heading\">%s</h2>\n",
             id, id, id, heading);
}

void page_section_end(struct page *page)
{
    html_markup(&page->html, "</section>\n");
}

void page_run_heading(struct page *page, const char *run)
{
    if (page->report->run_count > 1)
        html_put(&page->html, "<h3>Run <bdi>%s</bdi></h3>\n", run);
}

void page_figure(struct page *page, const char *title, const char *words)
{
    unsigned number = ++page->figures;
    html_put(&page->html,
             "<figure aria-labelledby=\"figure-%u\">\n<figcaption><strong id=\"figure-%u\">Figure "
             "%u. %s</strong> <span id=\"figure-%u-words\">%s</span></figcaption>\n",
             number, number, number, title, number, words);
}

void page_figure_end(struct page *page)
{
    html_markup(&page->html, "</figure>\n");
}

void page_plot(struct page *page)
{
    html_put(&page->html,
             "<div class=\"plot\" role=\"img\" aria-labelledby=\"figure-%u\" "
             "aria-describedby=\"figure-%u-words\">\n",
             page->figures, page->figures);
}

void page_plot_end(struct page *page)
{
    html_markup(&page->html, "</div>\n");
}

void page_row(struct page *page)
{
    html_markup(&page->html, "<div class=\"plot-row\"><div class=\"plot-name\">");
}

void page_row_drawing(struct page *page)
{
    html_markup(&page->html, "</div>");
}

void page_row_values(struct page *page)
{
    html_markup(&page->html, "<div class=\"plot-values\">");
}

void page_row_end(struct page *page)
{
    html_markup(&page->html, "</div></div>\n");
}

void page_row_axis(struct page *page, const struct svg_scale *scale, svg_tick_fn *text,
                   const char *what)
{
    html_markup(&page->html, "<div class=\"plot-row plot-axis\"><div></div>");
    svg_axis(&page->html, scale, text);
    html_put(&page->html, "<div class=\"plot-what\">%s</div></div>\n", what);
}

void page_table(struct page *page, const char *caption)
{
    unsigned number = ++page->tables;
    html_put(&page->html,
             "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-labelledby=\"table-%u\">"
             "<table>\n<caption><span id=\"table-%u\">",
             number, number);
    if (!page->folded)
        html_put(&page->html, "<strong>Table %u.</strong> ", ++page->numbered);
    html_put(&page->html, "%s</span></caption>\n", caption);
}

void page_table_end(struct page *page)
{
    html_markup(&page->html, "</table></div>\n");
}

void page_details(struct page *page, const char *summary)
{
    page->folded = true;
    html_put(&page->html, "<details><summary>%s</summary>\n", summary);
}

void page_details_end(struct page *page)
{
    page->folded = false;
    html_markup(&page->html, "</details>\n");
}

void page_model(struct page *page, const char *model, const char *version)
{
    html_put(&page->html, "<bdi>%s</bdi>", model);
    if (version && *version)
        html_put(&page->html, " <span class=\"muted\"><bdi>%s</bdi></span>", version);
}

void page_framework(struct page *page, const struct report_subject *subject)
{
    page_model(page, subject->framework, subject->framework_version);
    if (page->many_backends)
        html_put(&page->html, " <span class=\"muted\">by <bdi>%s</bdi></span>", subject->backend);
    if (page->many_backends && !page_same(subject->requested_backend, subject->backend))
        html_put(&page->html, "<span class=\"muted\">, asked: <bdi>%s</bdi></span>",
                 subject->requested_backend);
}

void page_estimate(struct page *page, struct number value, struct number interval)
{
    html_put(&page->html, "<strong>%s</strong>", value.text);
    if (strcmp(interval.text, number_fixed(NAN, 0).text) != 0)
        html_put(&page->html, " <span class=\"interval\">%s</span>", interval.text);
}

bool page_same(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "") == 0;
}

bool page_same_column(const struct report_subject *a, const struct report_subject *b)
{
    return page_same(a->framework, b->framework) &&
           page_same(a->framework_version, b->framework_version) &&
           page_same(a->backend, b->backend) &&
           page_same(a->requested_backend, b->requested_backend);
}

bool page_is_first_of_model(const struct report *report, size_t accuracy)
{
    const struct report_subject *subject = &report->accuracy[accuracy].subject;
    for (size_t i = 0; i < accuracy; i++) {
        const struct report_subject *other = &report->accuracy[i].subject;
        if (page_same(other->run, subject->run) && page_same(other->model, subject->model) &&
            page_same(other->model_version, subject->model_version))
            return false;
    }
    return true;
}
