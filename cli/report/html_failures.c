/* What failed, by reason, as a table with bars in it. */
#include "cli/report/html_page.h"

static uint64_t largest(const struct report *report, const char *run)
{
    uint64_t most = 1;
    for (size_t i = 0; i < report->reason_count; i++)
        if (page_same(report->reasons[i].run, run) && report->reasons[i].count > most)
            most = report->reasons[i].count;
    return most;
}

/* A name that this version does not know stands for itself. */
static const char *words_of(const char *name)
{
    enum reason reason;
    return reason_parse(name, &reason) == STATUS_OK ? reason_text(reason) : name;
}

static void put_line(struct html *html, const struct report_reason *row, uint64_t most,
                     uint64_t enqueued)
{
    html_put(html,
             "<tr><th scope=\"row\" class=\"reason\">%s <code>%s</code></th><td>%s</td><td "
             "class=\"number\">%s</td><td class=\"number\">%s</td><td class=\"bar\">",
             words_of(row->reason), row->reason, row->stage, number_count(row->count).text,
             number_share(row->count, enqueued).text);
    svg_begin(html, 14, row->reason);
    html_put(html, "<rect class=\"count\" y=\"1\" height=\"12\" width=\"%.2f%%\"/>",
             100.0 * (double)row->count / (double)most);
    svg_end(html);
    html_markup(html, "</td></tr>\n");
}

static void put_run(struct page *page, const struct report_run *run)
{
    const struct report *report = page->report;
    page_run_heading(page, run->run);
    if (!run->failed) {
        html_markup(&page->html, "<p class=\"notice\">Nothing failed.</p>\n");
        return;
    }
    uint64_t most = largest(report, run->run);
    page_table(page, "Failed jobs by reason; a job is one URL for one model and framework.");
    html_markup(&page->html,
                "<thead><tr><th scope=\"col\">Reason</th><th scope=\"col\">Stage</th><th "
                "scope=\"col\" class=\"number\">jobs</th><th scope=\"col\" class=\"number\">of all"
                "</th><td class=\"bar\"></td></tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < report->reason_count; i++)
        if (page_same(report->reasons[i].run, run->run))
            put_line(&page->html, &report->reasons[i], most, run->enqueued);
    html_markup(&page->html, "</tbody>");
    page_table_end(page);
}

void page_failures(struct page *page)
{
    page_section(page, "failures", "What failed, and why");
    for (size_t i = 0; i < page->report->run_count; i++)
        put_run(page, &page->report->runs[i]);
    page_section_end(page);
}
