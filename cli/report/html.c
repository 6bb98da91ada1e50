#include "cli/report/html.h"

#include <stdlib.h>
#include <string.h>

#include "cli/report/html_page.h"
#include "common/file.h"
#include "common/page/page.h"

/* The sections behind the summary, in their order. */
static const struct {
    const char *id, *name; /* its anchor, and what leads there */
    void (*put)(struct page *page);
} sections[] = {{"accuracy", "Accuracy", page_accuracy},
                {"comparison", "Pairs", page_pairs},
                {"calibration", "Calibration", page_calibration},
                {"failures", "Failures", page_failures},
                {"times", "Times", page_times},
                {"disagreements", "Disagreements", page_gallery},
                {"again", "Queries", page_queries}};
enum { SECTIONS = sizeof sections / sizeof sections[0] };

/* The one that the page is about; NULL: several, or none. */
static const char *single_run(const struct report *report)
{
    return report->run_count == 1 ? report->runs[0].run : report->options.run;
}

static void put_head(struct page *page)
{
    struct html *html = &page->html;
    const char *run = single_run(page->report);
    html_markup(
        html,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
        "'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<meta name=\"color-scheme\" content=\"light dark\">\n"
        "<meta name=\"referrer\" content=\"no-referrer\">\n"
        "<meta name=\"generator\" content=\"carmlbench " CARMLBENCH_VERSION "\">\n");
    html_put(html, "<title>%s%s \u2013 carmlbench report</title>\n<style>\n",
             run ? "Run " : "All runs", run ? run : "");
    html_markup(html, page_style());
    html_markup(html, "</style>\n</head>\n");
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static void put_navigation(struct html *html)
{
    html_markup(html, "<nav class=\"sections no-print\" aria-label=\"Sections\"><ul>\n");
    for (size_t i = 0; i < SECTIONS; i++)
        html_put(html, "<li><a href=\"#%s\">%s</a></li>\n", sections[i].id, sections[i].name);
    html_markup(html, "</ul></nav>\n");
}

static void put_header(struct page *page)
{
    struct html *html = &page->html;
    const struct report_options *options = &page->report->options;
    const char *run = single_run(page->report);
    html_markup(
        html,
        "<body class=\"report\">\n<a class=\"skip\" href=\"#main\">Skip to the numbers</a>\n");
    svg_shapes(html);
    html_markup(html, "<header>\n<h1>");
    if (run)
        html_put(html, "Run <bdi>%s</bdi>", run);
    else
        html_markup(html, "All runs");
    html_put(html,
             "</h1>\n<p class=\"muted\">carmlbench report of <time>%s UTC</time>, from "
             "<bdi>%s</bdi>, scored by <strong>%s</strong></p>\n",
             number_time(page->options->now_s).text,
             options->database ? base_name(options->database) : "a database",
             report_scoring_name(options->scoring));
    if (page->report->run_count)
        put_navigation(html);
    html_markup(html, "</header>\n<main id=\"main\" tabindex=\"-1\">\n");
}

static void put_footer(struct page *page)
{
    html_markup(
        &page->html,
        "</main>\n<footer><p>Made by carmlbench " CARMLBENCH_VERSION
        ". This file needs nothing from elsewhere. Intervals: Wilson (1927), Newcombe (1998, "
        "method 10). Tests: McNemar (1947), exact; Holm (1979).</p></footer>\n</body>\n"
        "</html>\n");
}

/* The different columns of all runs, and which of them each row of accuracy has. */
static enum status find_columns(struct page *page)
{
    const struct report *report = page->report;
    page->columns = calloc(report->accuracy_count + 1, sizeof *page->columns);
    page->column_of = calloc(report->accuracy_count + 1, sizeof *page->column_of);
    if (!page->columns || !page->column_of)
        return STATUS_MEMORY;
    for (size_t i = 0; i < report->accuracy_count; i++) {
        const struct report_subject *subject = &report->accuracy[i].subject;
        size_t column = 0;
        while (column < page->column_count && !page_same_column(page->columns[column], subject))
            column++;
        if (column == page->column_count)
            page->columns[page->column_count++] = subject;
        page->column_of[i] = column;
    }
    return STATUS_OK;
}

/* Also of answers that nothing scores. */
static bool has_many_backends(const struct report *report)
{
    for (size_t i = 1; i < report->accuracy_count; i++)
        if (!page_same(report->accuracy[i].subject.backend, report->accuracy[0].subject.backend))
            return true;
    for (size_t i = 0; i < report->pair_count; i++)
        if (!page_same(report->pairs[i].backend_a, report->pairs[0].backend_a) ||
            !page_same(report->pairs[i].backend_b, report->pairs[0].backend_a))
            return true;
    return false;
}

static void put_page(struct page *page)
{
    put_head(page);
    put_header(page);
    page_summary(page);
    for (size_t i = 0; i < SECTIONS && page->report->run_count; i++)
        sections[i].put(page);
    put_footer(page);
}

enum status report_html(const struct report *report, const struct html_options *options,
                        struct buf *out, struct error *error)
{
    struct page page = {.html = {.out = out}, .report = report, .options = options};

    page.many_backends = has_many_backends(report);
    page.html.status = find_columns(&page);
    if (!page.html.status)
        put_page(&page);
    free(page.columns);
    free(page.column_of);
    if (page.html.status == STATUS_LIMIT)
        return error_set(error, STATUS_LIMIT,
                         "the page would be larger than %zu bytes; choose one run (--run)",
                         out->limit);
    return page.html.status ? error_set(error, page.html.status, "out of memory") : STATUS_OK;
}

enum status report_print_html(const struct report *report, const struct html_options *options,
                              FILE *out, struct error *error)
{
    struct buf page;
    buf_init(&page, HTML_LIMIT);
    enum status status = report_html(report, options, &page, error);
    if (!status)
        fwrite(page.data, 1, page.size, out);
    buf_free(&page);
    return status;
}

enum status report_write_html(const struct report *report, const struct html_options *options,
                              const char *path, struct error *error)
{
    struct buf page;
    buf_init(&page, HTML_LIMIT);
    enum status status = report_html(report, options, &page, error);
    if (status)
        error_prefix(error, status, "%s", path);
    else
        status = file_write(path, page.data, page.size, error);
    buf_free(&page);
    return status;
}
