/* How each figure is had again: the queries of sql/figures, filled in, as lines for a shell. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/report/html_page.h"

enum { QUERY_LIMIT = 1 << 20 };

/* By the name of the file. */
static const struct {
    const char *name, *title;
} titles[] = {{"accuracy", "Accuracy"},
              {"comparison", "Pairs"},
              {"calibration", "Reliability diagrams"},
              {"failures", "Failures"},
              {"latency", "Time by stage"},
              {"timeline", "Outcomes over time"},
              {"disagreements", "Where the answers differ most"}};

/* 'text' as SQL writes it, and within a shell's double quotes. */
static enum status put_literal(struct buf *out, const char *text)
{
    enum status status = buf_append(out, "'", 1);
    for (; !status && *text; text++) {
        if (*text == '\'')
            status = buf_append(out, "'", 1);
        if (!status && strchr("\"\\$`", *text))
            status = buf_append(out, "\\", 1);
        if (!status)
            status = buf_append(out, text, 1);
    }
    return status ? status : buf_append(out, "'", 1);
}

static enum status put_runs(struct buf *out, const struct report *report)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; !status && i < report->run_count; i++) {
        status = buf_append_text(out, i ? ", " : "");
        if (!status)
            status = put_literal(out, report->runs[i].run);
    }
    return status;
}

/* What stands for the parameter whose name (behind the colon) has `length` bytes. */
static enum status put_parameter(struct buf *out, const struct report *report, const char *name,
                                 size_t length)
{
    enum report_scoring scoring = report->options.scoring;
    if (length == 4 && memcmp(name, "runs", 4) == 0)
        return put_runs(out, report);
    if (length == 7 && memcmp(name, "scoring", 7) == 0)
        return put_literal(out, report_scoring_name(scoring));
    if (length == 6 && memcmp(name, "paired", 6) == 0) /* pairs have no scoring seed */
        return put_literal(
            out, report_scoring_name(scoring == REPORT_SEED ? REPORT_SUBSTRING : scoring));
    return buf_printf(out, "%zu", report->options.disagreements);
}

/* The query on one line. */
static enum status put_query(struct buf *out, const struct report *report, const char *text)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz";
    enum status status = STATUS_OK;
    while (!status && *text) {
        size_t plain = strcspn(text, ":\n"), blanks, length;
        status = buf_append(out, text, plain);
        text += plain;
        if (status || !*text)
            break;
        if (*text == ':') {
            length = strspn(++text, letters);
            status = put_parameter(out, report, text, length);
            text += length;
            continue;
        }
        blanks = strspn(text, " \n");
        if (text[blanks])
            status = buf_append(out, " ", 1);
        text += blanks;
    }
    return status;
}

/* 'path' within a shell's single quotes where it needs them. */
static enum status put_path(struct buf *out, const char *path)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-";
    if (*path && *path != '-' && strspn(path, plain) == strlen(path))
        return buf_append_text(out, path);
    enum status status = buf_append(out, "'", 1);
    for (; !status && *path; path++)
        status = *path == '\'' ? buf_append_text(out, "'\\''") : buf_append(out, path, 1);
    return status ? status : buf_append(out, "'", 1);
}

static enum status put_line(struct buf *out, const struct report *report, const char *query)
{
    enum status status = buf_append_text(out, "sqlite3 -readonly -box ");
    if (!status)
        status = put_path(out, report->options.database ? report->options.database : "DATABASE");
    if (!status)
        status = buf_append_text(out, " \"");
    if (!status)
        status = put_query(out, report, query);
    return status ? status : buf_append_text(out, "\"");
}

static const char *find(const char *name)
{
    for (size_t i = 0; i < sql_figures_count; i++)
        if (strcmp(sql_figures[i].name, name) == 0)
            return sql_figures[i].text;
    return "";
}

void page_queries(struct page *page)
{
    struct buf line;
    buf_init(&line, QUERY_LIMIT);
    page_section(page, "again", "Each figure again, from the database");
    html_markup(&page->html, "<p>The views compute all of it; docs/SQL.md explains their "
                             "columns.</p>\n<dl class=\"queries\">\n");
    for (size_t i = 0; i < sizeof titles / sizeof titles[0]; i++) {
        buf_clear(&line);
        enum status status = put_line(&line, page->report, find(titles[i].name));
        if (status)
            page->html.status = status;
        else
            html_put(&page->html, "<dt>%s</dt><dd><code>%s</code></dd>\n", titles[i].title,
                     line.data);
    }
    html_markup(&page->html, "</dl>\n");
    page_section_end(page);
    buf_free(&line);
}
