/* Two answers about the same bytes: differences of accuracy around zero, and all numbers of the
 * comparison. */
#include <math.h>
#include <stdlib.h>

#include "cli/report/html_page.h"

enum { DRAWN = 40, SIDES = 2 };

/* What the two of a pair differ in. */
enum kind {
    KIND_FRAMEWORK,
    KIND_VERSION,
    KIND_BACKEND,
    KIND_MODEL,
    KIND_MODEL_VERSION,
    KIND_COUNT
};

static const struct {
    const char *title, *words;
} kinds[KIND_COUNT] = {
    {"One model, two frameworks.",
     "The difference of the accuracies, first minus second, on the same bytes, with its 95 % "
     "interval "
     "(Newcombe). Where the line crosses zero, the pictures do not tell the two apart."},
    {"One model, two versions of a framework.",
     "The difference of the accuracies, first minus second, on the same bytes, with its 95 % "
     "interval "
     "(Newcombe)."},
    {"One model and framework, two ways to answer.",
     "The difference of the accuracies, first minus second, on the same bytes, with its 95 % "
     "interval "
     "(Newcombe)."},
    {"Two models, one framework.", "The difference of the accuracies, first minus second, on the "
                                   "same bytes, with its 95 % interval "
                                   "(Newcombe); the clearest differences first."},
    {"Two versions of a model, one framework.",
     "The difference of the accuracies, first minus second, on the same bytes, with its 95 % "
     "interval "
     "(Newcombe)."}};

static enum kind kind_of(const struct report_pair *pair)
{
    if (!page_same(pair->model_a, pair->model_b))
        return KIND_MODEL;
    if (!page_same(pair->framework_a, pair->framework_b))
        return KIND_FRAMEWORK;
    if (!page_same(pair->model_version_a, pair->model_version_b))
        return KIND_MODEL_VERSION;
    return page_same(pair->framework_version_a, pair->framework_version_b) ? KIND_BACKEND
                                                                           : KIND_VERSION;
}

static void put_side(struct page *page, const struct report_pair *pair, int second)
{
    page_model(page, second ? pair->framework_b : pair->framework_a,
               second ? pair->framework_version_b : pair->framework_version_a);
    if (page->many_backends || !page_same(pair->backend_a, pair->backend_b))
        html_put(&page->html, " <span class=\"muted\">by <bdi>%s</bdi></span>",
                 second ? pair->backend_b : pair->backend_a);
}

static bool is_of_two_models(const struct report_pair *pair)
{
    return kind_of(pair) == KIND_MODEL || kind_of(pair) == KIND_MODEL_VERSION;
}

/* "AlexNet", or both models of a pair that differs in them. */
static void put_models(struct page *page, const struct report_pair *pair)
{
    page_model(page, pair->model_a, pair->model_version_a);
    if (!page_same(pair->model_a, pair->model_b) ||
        !page_same(pair->model_version_a, pair->model_version_b)) {
        html_markup(&page->html, " \u2212 ");
        page_model(page, pair->model_b, pair->model_version_b);
    }
}

static void put_frameworks(struct page *page, const struct report_pair *pair)
{
    put_side(page, pair, 0);
    if (is_of_two_models(pair))
        return;
    html_markup(&page->html, " \u2212 ");
    put_side(page, pair, 1);
}

/* ---- the plot ------------------------------------------------------------------------------- */

static struct number tick_text(const struct svg_scale *scale, double value)
{
    return number_signed(value, scale->digits);
}

static void put_difference(struct page *page, const struct report_pair *pair)
{
    page_estimate(page, number_signed(pair->difference, 3),
                  number_signed_range(pair->low, pair->high, 3));
}

static void put_row(struct page *page, const struct report_pair *pair,
                    const struct svg_scale *scale)
{
    struct html *html = &page->html;
    page_row(page);
    put_models(page, pair);
    html_markup(html, "<span class=\"sub\">");
    put_frameworks(page, pair);
    html_markup(html, "</span>");
    page_row_drawing(page);
    svg_begin(html, SIDES * SVG_LINE, pair->model_a);
    svg_grid(html, scale, 0);
    svg_interval(html, scale, SVG_LINE, pair->low, pair->high, 0);
    svg_mark(html, scale, SVG_LINE, pair->difference, 0);
    svg_end(html);
    page_row_values(page);
    html_markup(html, "<div class=\"plot-value from-left\">");
    put_difference(page, pair);
    html_put(
        html,
        "</div><div class=\"plot-value\"><span class=\"muted\">alone right %s : %s, p\u00a0%s%s, "
        "Holm\u00a0%s</span></div>",
        number_count(pair->only_a).text, number_count(pair->only_b).text,
        pair->p_value < 0.0001 ? "" : "=\u00a0", number_p(pair->p_value).text,
        number_p(pair->p_holm).text);
    page_row_end(page);
}

static struct svg_scale scale_of(const struct report *report, const size_t *order, size_t count)
{
    double reach = 0.005;
    for (size_t i = 0; i < count; i++) {
        const struct report_pair *pair = &report->pairs[order[i]];
        if (isfinite(pair->low) && isfinite(pair->high))
            reach = fmax(reach, fmax(fabs(pair->low), fabs(pair->high)));
    }
    return svg_linear(-reach, reach, 3);
}

static bool is_drawn(const struct report_pair *pair)
{
    return pair->scored && isfinite(pair->difference);
}

static void put_figure(struct page *page, enum kind kind, const size_t *order, size_t count)
{
    const struct report *report = page->report;
    struct svg_scale scale = scale_of(report, order, count);
    size_t scored = 0;

    page_figure(page, kinds[kind].title, kinds[kind].words);
    page_plot(page);
    for (size_t i = 0; i < count; i++)
        if (is_drawn(&report->pairs[order[i]]) && scored++ < DRAWN)
            put_row(page, &report->pairs[order[i]], &scale);
    page_row_axis(page, &scale, tick_text, "difference of accuracies");
    page_plot_end(page);
    if (scored > DRAWN)
        html_put(&page->html, "<p class=\"muted small\">%d of %zu pairs are drawn.</p>\n", DRAWN,
                 scored);
    page_figure_end(page);
}

/* ---- the table ------------------------------------------------------------------------------ */

static void put_head(struct html *html)
{
    html_markup(html,
                "<thead><tr><th scope=\"col\" rowspan=\"2\">Model, first \u2212 second</th>"
                "<th scope=\"col\" rowspan=\"2\" class=\"number\">pictures</th>"
                "<th scope=\"colgroup\" colspan=\"4\" class=\"group\">right</th>"
                "<th scope=\"colgroup\" colspan=\"3\" class=\"group\">difference of accuracies</th>"
                "<th scope=\"colgroup\" colspan=\"2\" class=\"group\">|\u0394p| of first</th>"
                "<th scope=\"colgroup\" colspan=\"2\" class=\"group\">same</th></tr>\n<tr>"
                "<th scope=\"col\" class=\"number group\">both</th>"
                "<th scope=\"col\" class=\"number\">first</th>"
                "<th scope=\"col\" class=\"number\">second</th>"
                "<th scope=\"col\" class=\"number\">neither</th>"
                "<th scope=\"col\" class=\"number group\">with 95 %</th>"
                "<th scope=\"col\" class=\"number\">p</th>"
                "<th scope=\"col\" class=\"number\">Holm p</th>"
                "<th scope=\"col\" class=\"number group\">mean</th>"
                "<th scope=\"col\" class=\"number\">max</th>"
                "<th scope=\"col\" class=\"number group\">first</th>"
                "<th scope=\"col\" class=\"number\">all three</th></tr></thead>\n");
}

static void put_scores(struct page *page, const struct report_pair *pair)
{
    struct html *html = &page->html;
    if (!pair->scored) {
        html_markup(html, "<td colspan=\"7\" class=\"group muted\">cannot be scored: only the "
                          "agreement is known</td>");
        return;
    }
    html_put(html,
             "<td class=\"number group\">%s</td><td class=\"number\">%s</td><td class=\"number\">%s"
             "</td><td class=\"number\">%s</td>",
             number_count(pair->both).text, number_count(pair->only_a).text,
             number_count(pair->only_b).text, number_count(pair->neither).text);
    html_markup(html, "<td class=\"number group\">");
    put_difference(page, pair);
    html_put(html, "</td><td class=\"number\">%s</td><td class=\"number\">%s</td>",
             number_p(pair->p_value).text, number_p(pair->p_holm).text);
}

static void put_line(struct page *page, const struct report_pair *pair)
{
    struct html *html = &page->html;
    html_markup(html, "<tr><th scope=\"row\" class=\"name\">");
    put_models(page, pair);
    html_markup(html, "<span class=\"sub\">");
    put_frameworks(page, pair);
    html_put(html, "</span></th><td class=\"number\">%s</td>", number_count(pair->images).text);
    put_scores(page, pair);
    html_put(html,
             "<td class=\"number group\">%s</td><td class=\"number\">%s</td><td class=\"number "
             "group\">%s</td><td class=\"number\">%s</td></tr>\n",
             number_small(pair->mean_difference).text, number_small(pair->max_difference).text,
             number_share(pair->same_first, pair->images).text,
             number_share(pair->same_three, pair->images).text);
}

static void put_table(struct page *page, const size_t *order, size_t count)
{
    size_t listed = count < HTML_PAIRS ? count : HTML_PAIRS;
    page_table(page,
               "Pairs of answers about identical bytes. p: McNemar's exact test of those that "
               "only one had right; Holm p: corrected over all pairs of the run; |\u0394p|: how "
               "far apart the probabilities of the first answers are.");
    put_head(&page->html);
    html_markup(&page->html, "<tbody>\n");
    for (size_t i = 0; i < listed; i++)
        put_line(page, &page->report->pairs[order[i]]);
    html_markup(&page->html, "</tbody>");
    page_table_end(page);
    if (listed < count)
        html_put(&page->html,
                 "<p class=\"muted small\">%zu of %zu pairs are listed; the view "
                 "<code>comparison</code> has all.</p>\n",
                 listed, count);
}

/* ---- the order ------------------------------------------------------------------------------ */

static double or_last(double value)
{
    return isfinite(value) ? value : INFINITY;
}

/* By kind; two models: the least probable by chance first, then the largest difference. The others
 * as they come, which is by model. */
static int compare(const void *left, const void *right, void *context)
{
    const struct report *report = context;
    size_t i = *(const size_t *)left, k = *(const size_t *)right;
    const struct report_pair *a = &report->pairs[i], *b = &report->pairs[k];
    enum kind kind = kind_of(a);

    if (kind != kind_of(b))
        return kind < kind_of(b) ? -1 : 1;
    if (kind == KIND_MODEL && or_last(a->p_value) != or_last(b->p_value))
        return or_last(a->p_value) < or_last(b->p_value) ? -1 : 1;
    if (kind == KIND_MODEL && isfinite(a->difference) && isfinite(b->difference) &&
        fabs(a->difference) != fabs(b->difference))
        return fabs(a->difference) > fabs(b->difference) ? -1 : 1;
    return i < k ? -1 : i > k;
}

static void put_figures(struct page *page, const size_t *order, size_t count)
{
    for (size_t from = 0, to; from < count; from = to) {
        enum kind kind = kind_of(&page->report->pairs[order[from]]);
        bool scored = false;
        for (to = from; to < count && kind_of(&page->report->pairs[order[to]]) == kind; to++)
            scored |= is_drawn(&page->report->pairs[order[to]]);
        if (scored)
            put_figure(page, kind, order + from, to - from);
    }
}

static void put_run(struct page *page, const char *run, size_t *order)
{
    const struct report *report = page->report;
    size_t count = 0;

    page_run_heading(page, run);
    for (size_t i = 0; i < report->pair_count; i++)
        if (page_same(report->pairs[i].run, run))
            order[count++] = i;
    for (size_t i = 0; i < report->run_count && !count; i++)
        if (page_same(report->runs[i].run, run) && report->runs[i].pairs_left_out) {
            html_put(&page->html,
                     "<p class=\"notice\">All %s pairs of answers about the same bytes are about "
                     "placeholders or duplicates: <code>report --include placeholders --include "
                     "duplicates</code> shows them.</p>\n",
                     number_count(report->runs[i].pairs_left_out).text);
            return;
        }
    if (!count) {
        html_markup(&page->html,
                    "<p class=\"notice\">Nothing to compare: no two that differ in one thing "
                    "answered about the same bytes.</p>\n");
        return;
    }
    qsort_r(order, count, sizeof *order, compare, (void *)report);
    put_figures(page, order, count);
    put_table(page, order, count);
}

void page_pairs(struct page *page)
{
    const struct report *report = page->report;
    size_t *order = calloc(report->pair_count + 1, sizeof *order);

    page_section(page, "comparison", "The same pictures, compared in pairs");
    if (!order)
        page->html.status = STATUS_MEMORY;
    for (size_t i = 0; order && i < report->run_count; i++)
        put_run(page, report->runs[i].run, order);
    page_section_end(page);
    free(order);
}
