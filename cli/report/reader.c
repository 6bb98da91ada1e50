#include "cli/report/reader.h"

#include <stdlib.h>
#include <string.h>

#include "cli/report/forms.h"
#include "cli/report/subject.h"
#include "common/store/row.h"

enum { MOMENT_SECONDS = 10, MOMENTS_PER_RUN = 256, MOMENTS_MAX = 65536 };

void *reader_rows(struct reader *reader, const struct rows_form *form, size_t *count)
{
    void *rows = NULL;
    if (!reader->status)
        reader->status = rows_read(reader->store, form, reader->report->options.run, reader->arena,
                                   &rows, count, &reader->error);
    return rows;
}

/* ---- calibration ---------------------------------------------------------------------------- */

/* Rows of one subject stand together; `from` is where the last one was found. */
static size_t find_subject(const struct report *report, const struct report_subject *subject,
                           size_t from)
{
    for (size_t i = 0; i < report->accuracy_count; i++) {
        size_t at = (from + i) % report->accuracy_count;
        if (subject_same(&report->accuracy[at].subject, subject))
            return at;
    }
    return report->accuracy_count;
}

static void put_bins(struct report *report, const struct report_calibration *rows, size_t count)
{
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        at = find_subject(report, &rows[i].subject, at);
        if (at == report->accuracy_count) {
            at = 0;
            continue;
        }
        report->accuracy[at].ece = rows[i].ece;
        report->accuracy[at].unusable = rows[i].unusable;
        /* The row of what has no bin has no borders. */
        if (rows[i].bin.low >= 0) {
            report->bins[report->bin_count] = rows[i].bin;
            report->bins[report->bin_count++].subject = at;
        }
    }
}

void reader_calibration(struct reader *reader)
{
    struct report *report = reader->report;
    size_t count = 0;
    struct report_calibration *rows = reader_rows(reader, &report_calibration_form, &count);
    if (count)
        report->bins = calloc(count, sizeof *report->bins);
    if (count && !report->bins)
        reader->status = STATUS_MEMORY;
    else
        put_bins(report, rows, count);
    free(rows);
}

/* ---- moments -------------------------------------------------------------------------------- */

static int compare_moments(const void *a, const void *b)
{
    const struct report_moment *x = a, *y = b;
    int order = strcmp(x->run, y->run);
    return order ? order : (x->started_s > y->started_s) - (x->started_s < y->started_s);
}

/* Brings moments of the same time together; *longest: how many the run with the most has. */
static void merge_moments(struct report *report, size_t *longest)
{
    size_t kept = 0, of_run = 0;
    *longest = 0;
    if (report->moment_count)
        qsort(report->moments, report->moment_count, sizeof *report->moments, compare_moments);
    for (size_t i = 0; i < report->moment_count; i++) {
        struct report_moment moment = report->moments[i];
        struct report_moment *last = kept ? &report->moments[kept - 1] : NULL;
        bool same_run = last && strcmp(last->run, moment.run) == 0;
        moment.started_s -= moment.started_s % (int64_t)report->moment_seconds;
        if (same_run && last->started_s == moment.started_s) {
            last->done += moment.done;
            last->failed += moment.failed;
            continue;
        }
        report->moments[kept++] = moment;
        of_run = same_run ? of_run + 1 : 1;
        *longest = of_run > *longest ? of_run : *longest;
    }
    report->moment_count = kept;
}

static void lengthen_moments(struct report *report, size_t *longest)
{
    report->moment_seconds *= 2;
    merge_moments(report, longest);
}

static const char *same_text(struct reader *reader, const char *text)
{
    const struct report *report = reader->report;
    const char *last = report->moment_count ? report->moments[report->moment_count - 1].run : "";
    return strcmp(last, text) == 0 ? last : arena_text(reader->arena, text, strlen(text));
}

static int take_moment(void *context, size_t columns, const char *const *names,
                       const struct store_value *values)
{
    struct reader *reader = context;
    struct report *report = reader->report;
    struct report_moment *moment = &report->moments[report->moment_count];
    const struct store_row row = {columns, names, values};
    size_t longest = 2;
    moment->run = same_text(reader, row_text(&row, "run"));
    moment->started_s = row_integer(&row, "started_s");
    moment->done = (uint64_t)row_integer(&row, "done");
    moment->failed = (uint64_t)row_integer(&row, "failed");
    if (!moment->run) {
        reader->status = arena_fail(reader->arena, &reader->error);
        return 1;
    }
    report->moment_count++;
    while (report->moment_count == MOMENTS_MAX && longest > 1)
        lengthen_moments(report, &longest);
    if (report->moment_count == MOMENTS_MAX)
        reader->status = error_set(&reader->error, STATUS_LIMIT,
                                   "report: more than %d runs; name one with --run", MOMENTS_MAX);
    return reader->status != STATUS_OK;
}

void reader_moments(struct reader *reader)
{
    struct report *report = reader->report;
    size_t longest;
    if (reader->status)
        return;
    report->moment_seconds = MOMENT_SECONDS;
    report->moments = calloc(MOMENTS_MAX, sizeof *report->moments);
    if (!report->moments) {
        reader->status = STATUS_MEMORY;
        return;
    }
    enum status status = store_rows(reader->store, "timeline", report->options.run, take_moment,
                                    reader, &reader->error);
    reader->status = reader->status ? reader->status : status;
    for (merge_moments(report, &longest); longest > MOMENTS_PER_RUN;)
        lengthen_moments(report, &longest);
}

/* ---- pictures ------------------------------------------------------------------------------- */

void reader_collection(struct reader *reader)
{
    struct report *report = reader->report;
    size_t count = 0;
    struct report_run *rows = reader_rows(reader, &report_collection_form, &count);
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < report->run_count; j++)
            if (strcmp(report->runs[j].run, rows[i].run) == 0) {
                report->runs[j].pictures = rows[i].pictures;
                report->runs[j].placeholders = rows[i].placeholders;
                report->runs[j].duplicates = rows[i].duplicates;
            }
    free(rows);
}
