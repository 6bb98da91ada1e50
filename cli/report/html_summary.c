/* The page's beginning: key figures, what came out in a few sentences, and what to know first. */
#include <math.h>

#include "cli/report/html_page.h"

static const double SIGNIFICANT = 0.05;

static void put_tile(struct html *html, uint64_t value, const char *label)
{
    html_put(html,
             "<div class=\"tile\"><dt class=\"label\">%s</dt><dd class=\"value\">%s</dd></div>\n",
             label, number_count(value).text);
}

static struct report_run total_of(const struct report *report)
{
    struct report_run total = {0};
    for (size_t i = 0; i < report->run_count; i++) {
        const struct report_run *run = &report->runs[i];
        total.enqueued += run->enqueued;
        total.pending += run->pending;
        total.leased += run->leased;
        total.done += run->done;
        total.failed += run->failed;
        total.pictures += run->pictures;
        total.placeholders += run->placeholders;
        total.duplicates += run->duplicates;
    }
    return total;
}

static void put_tiles(struct page *page, const struct report_run *total)
{
    struct html *html = &page->html;
    html_markup(html, "<dl class=\"tiles\">\n");
    put_tile(html, total->enqueued, "jobs: a URL for a model and framework");
    put_tile(html, total->done, "answered");
    put_tile(html, total->failed, "failed");
    if (total->pending + total->leased)
        put_tile(html, total->pending + total->leased, "still to do");
    if (total->pictures) { /* none are known of results recorded elsewhere */
        put_tile(html, total->pictures, "different pictures");
        put_tile(html, total->placeholders, "URLs with a placeholder");
        put_tile(html, total->duplicates, "URLs with a picture seen before");
    }
    html_markup(html, "</dl>\n");
}

static void put_extreme(struct page *page, const char *words, const struct report_accuracy *row)
{
    html_put(&page->html, "%s ", words);
    page_model(page, row->subject.model, row->subject.model_version);
    html_markup(&page->html, " by ");
    page_framework(page, &row->subject);
    html_put(&page->html, ", <strong>%s</strong> <span class=\"interval\">%s</span>",
             number_fixed(row->accuracy, 3).text, number_range(row->low, row->high, 3).text);
}

static void put_accuracy(struct page *page)
{
    const struct report *report = page->report;
    const struct report_accuracy *best = NULL, *worst = NULL;

    for (size_t i = 0; i < report->accuracy_count; i++) {
        const struct report_accuracy *row = &report->accuracy[i];
        if (!isfinite(row->accuracy))
            continue;
        if (!best || row->accuracy > best->accuracy)
            best = row;
        if (!worst || row->accuracy < worst->accuracy)
            worst = row;
    }
    if (!best)
        return;
    html_markup(&page->html, "<li>");
    put_extreme(page, best == worst ? "Accuracy:" : "Highest accuracy:", best);
    if (best != worst && best->accuracy > worst->accuracy)
        put_extreme(page, "; lowest:", worst);
    html_markup(&page->html, ".</li>\n");
}

static bool is_conversion(const struct report_pair *pair)
{
    return page_same(pair->model_a, pair->model_b) &&
           !page_same(pair->framework_a, pair->framework_b);
}

static void put_pairs(struct page *page)
{
    const struct report *report = page->report;
    size_t count = 0, differ = 0, discordant = 0;
    uint64_t pictures = 0;
    double apart = 0;

    for (size_t i = 0; i < report->pair_count; i++) {
        const struct report_pair *pair = &report->pairs[i];
        if (!is_conversion(pair))
            continue;
        count++;
        pictures += pair->images;
        differ += pair->scored && pair->p_holm < SIGNIFICANT;
        discordant += pair->only_a + pair->only_b > 0 || pair->same_first < pair->images;
        if (pair->max_difference > apart)
            apart = pair->max_difference;
    }
    if (!pictures)
        return;
    html_put(&page->html, "<li>Two frameworks about the same bytes: of %zu %s, ", count,
             count == 1 ? "pair" : "pairs");
    if (!discordant)
        html_put(&page->html, "none ever named another first class; ");
    else
        html_put(&page->html,
                 "<strong>%zu</strong> %s in accuracy beyond chance (Holm p &lt; 0.05); ", differ,
                 differ == 1 ? "differs" : "differ");
    if (apart > 0)
        html_put(&page->html, "probabilities are at most %s apart.</li>\n",
                 number_small(apart).text);
    else
        html_markup(&page->html, "their probabilities are the same.</li>\n");
}

static void put_failures(struct page *page, const struct report_run *total)
{
    const struct report *report = page->report;
    const struct report_reason *most = NULL;
    enum reason reason;

    for (size_t i = 0; i < report->reason_count; i++)
        if (!most || report->reasons[i].count > most->count)
            most = &report->reasons[i];
    if (!total->enqueued)
        return;
    if (!total->failed) {
        html_markup(&page->html, "<li>No job failed.</li>\n");
        return;
    }
    html_put(&page->html, "<li>%s of the jobs failed",
             number_share(total->failed, total->enqueued).text);
    if (most && reason_parse(most->reason, &reason) == STATUS_OK)
        html_put(&page->html, ", most often: %s (%s)", reason_text(reason),
                 number_count(most->count).text);
    html_markup(&page->html, ".</li>\n");
}

static void put_runs(struct page *page)
{
    const struct report *report = page->report;
    page_table(page, "Runs.");
    html_markup(&page->html,
                "<thead><tr><th scope=\"col\">Run</th><th scope=\"col\" class=\"number\">jobs</th>"
                "<th scope=\"col\" class=\"number\">answered</th><th scope=\"col\" "
                "class=\"number\">failed</th><th scope=\"col\" class=\"number\">still to do</th>"
                "<th scope=\"col\" class=\"number\">pictures</th></tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < report->run_count; i++) {
        const struct report_run *run = &report->runs[i];
        html_put(
            &page->html,
            "<tr><th scope=\"row\" class=\"name\"><bdi>%s</bdi></th><td class=\"number\">%s</td>"
            "<td class=\"number\">%s</td><td class=\"number\">%s</td><td class=\"number\">%s"
            "</td><td class=\"number\">%s</td></tr>\n",
            run->run, number_count(run->enqueued).text, number_count(run->done).text,
            number_count(run->failed).text, number_count(run->pending + run->leased).text,
            number_count(run->pictures).text);
    }
    html_markup(&page->html, "</tbody>");
    page_table_end(page);
}

static void put_notes(struct page *page)
{
    const struct report *report = page->report;
    const struct report_options *options = &report->options;

    if (page->options->narrowed)
        html_markup(&page->html,
                    "<p class=\"notice\">Only some models and frameworks are shown, as "
                    "asked; jobs, failures, pictures and the course over time are of whole "
                    "runs.</p>\n");
    if (options->include_placeholders)
        html_markup(&page->html,
                    "<p class=\"notice\">Placeholders are counted in, as asked.</p>\n");
    if (options->include_duplicates)
        html_markup(&page->html, "<p class=\"notice\">Pictures under several URLs are counted each "
                                 "time, as asked.</p>\n");
    for (size_t i = 0; i < report->note_count; i++)
        html_put(&page->html, "<p class=\"notice\">%s</p>\n", report->notes[i]);
}

void page_summary(struct page *page)
{
    struct report_run total = total_of(page->report);

    page_section(page, "summary", "In short");
    if (total.enqueued) {
        html_markup(&page->html, "<ul class=\"short\">\n");
        put_accuracy(page);
        put_pairs(page);
        put_failures(page, &total);
        html_markup(&page->html, "</ul>\n");
    } else {
        html_put(&page->html, "<p class=\"notice\">%s</p>\n",
                 page->report->run_count ? "The run is empty: nothing was enqueued."
                                         : "There is no run in this database yet.");
    }
    put_tiles(page, &total);
    put_notes(page);
    if (page->report->run_count > 1)
        put_runs(page);
    page_section_end(page);
}
