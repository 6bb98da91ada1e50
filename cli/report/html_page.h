/* html_page: what the sections of a report's page share. Private to html*.c.
 *
 * Each section is one function that appends a <section> with its heading; where there is nothing to
 * show it says so in words. Failures stay in page->html.status.
 */
#ifndef CLI_REPORT_HTML_PAGE_H
#define CLI_REPORT_HTML_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/report/html.h"
#include "cli/report/html_writer.h"
#include "cli/report/number.h"
#include "cli/report/report.h"
#include "cli/report/svg.h"
#include "common/text_file.h"

/* The queries of sql/figures. */
extern const struct text_file sql_figures[];
extern const size_t sql_figures_count;

struct page {
    struct html html;
    const struct report *report;
    const struct html_options *options;
    /* Different (framework, version, backend asked and that answered) of the report, in order: a
     * column of a table, and the colour and shape of a mark throughout the page. */
    size_t column_count;
    const struct report_subject **columns;
    size_t *column_of;        /* of each row of report->accuracy */
    bool many_backends;       /* more than one answered: names say which */
    unsigned figures, tables; /* so far */
    unsigned numbered;        /* tables that are in sight */
    bool folded;              /* within details: tables have no number there */
};

void page_summary(struct page *page);
void page_accuracy(struct page *page);
void page_pairs(struct page *page);
void page_calibration(struct page *page);
void page_failures(struct page *page);
void page_times(struct page *page);
void page_gallery(struct page *page);
void page_queries(struct page *page);

/* The scoring in a sentence. */
const char *page_scoring_text(enum report_scoring scoring);

/* Opens a section under a heading of level 2; `id` is its anchor. Close by page_section_end. */
void page_section(struct page *page, const char *id, const char *heading);
void page_section_end(struct page *page);

/* With several runs, the name of this one as a heading of level 3. */
void page_run_heading(struct page *page, const char *run);

/* Opens a figure, "Figure N. TITLE" and behind it `words` as its caption. Close it by
 * page_figure_end. page_plot begins its drawing, one picture to those who listen; rows of
 * page_row stand within. Close by page_plot_end. */
void page_figure(struct page *page, const char *title, const char *words);
void page_figure_end(struct page *page);
void page_plot(struct page *page);
void page_plot_end(struct page *page);

/* A row of a plot has three cells: the caller writes a name, page_row_drawing, a strip (svg_begin,
 * ..., svg_end), page_row_values, words; then page_row_end. */
void page_row(struct page *page);
void page_row_drawing(struct page *page);
void page_row_values(struct page *page);
void page_row_end(struct page *page);

/* A row that has only the numbers under the ticks, and what they are. */
void page_row_axis(struct page *page, const struct svg_scale *scale, svg_tick_fn *text,
                   const char *what);

/* Opens a table in a region that scrolls by itself, with "Table N. CAPTION" (folded away:
 * without a number); the caller writes thead and tbody. */
void page_table(struct page *page, const char *caption);
void page_table_end(struct page *page);

/* Opens what is folded away, to be closed by page_details_end. */
void page_details(struct page *page, const char *summary);
void page_details_end(struct page *page);

/* Names as they are shown; strangers' ones within <bdi>. */
void page_model(struct page *page, const char *model, const char *version);
void page_framework(struct page *page, const struct report_subject *subject);

/* Whether two subjects stand in one column. */
bool page_same_column(const struct report_subject *a, const struct report_subject *b);

/* A figure and its interval beside it: nothing for the latter where there is none. */
void page_estimate(struct page *page, struct number value, struct number interval);

/* The first row of this model (and version) within its run. */
bool page_is_first_of_model(const struct report *report, size_t accuracy);

bool page_same(const char *a, const char *b);

#endif
