#include "cli/report/section.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/report/figure.h"
#include "cli/terminal.h"
#include "common/reason.h"

bool section_here(const struct section *section, const char *run)
{
    return strcmp(section->run->run, run) == 0;
}

void section_say(const struct section *section, const char *text)
{
    size_t columns = section->table->columns;
    terminal_wrap(section->out, text, 0, columns < SECTION_WORDS ? columns : SECTION_WORDS);
}

void section_heading(const struct section *section, const char *text)
{
    bool styled = section->table->styled;
    fputs(styled ? "\n\033[1m" : "\n", section->out);
    section_say(section, text);
    fputs(styled ? "\033[0m\n" : "\n", section->out);
}

enum status section_finish(const struct section *section, struct columns *columns)
{
    enum status status =
        columns_write(columns, section->out, section->table->columns, section->table->styled);
    columns_free(columns);
    return status;
}

void section_explain(const struct section *section, const char *text)
{
    fputc('\n', section->out);
    section_say(section, text);
}

bool section_scored(const struct section *section, const struct report *report)
{
    for (size_t i = 0; report && i < report->accuracy_count; i++)
        if (section_here(section, report->accuracy[i].subject.run))
            return true;
    return false;
}

/* ---- failures ---------------------------------------------------------------------------- */

static enum status write_failures(const struct section *section)
{
    char text[FIGURE_SIZE];
    const struct report *report = section->report;
    struct columns *columns = columns_create();
    if (!columns)
        return STATUS_MEMORY;
    section_heading(section,
                    section->table->narrowed ? "Failed jobs (of the whole run)" : "Failed jobs");
    columns_add(columns, COLUMN_LABEL, NULL, "stage");
    columns_add(columns, COLUMN_LABEL, NULL, "reason");
    columns_add(columns, COLUMN_NUMBER, NULL, "jobs");
    columns_add(columns, COLUMN_NUMBER, NULL, "share");
    columns_add(columns, COLUMN_TEXT, NULL, "meaning");
    for (size_t i = 0; i < report->reason_count; i++) {
        const struct report_reason *row = &report->reasons[i];
        enum reason reason;
        if (!section_here(section, row->run))
            continue;
        columns_cell(columns, row->stage);
        columns_cell(columns, row->reason);
        columns_cell(columns, figure_count(row->count, text));
        columns_cell(columns, figure_share(row->count, section->run->enqueued, text));
        columns_cell(columns, reason_parse(row->reason, &reason) ? "" : reason_text(reason));
    }
    bool none = columns_rows(columns) == 0;
    enum status status = section_finish(section, columns);
    if (!status)
        none ? section_say(section, "None.")
             : section_explain(section, "share: of all jobs of the run.");
    return status;
}

/* ---- calibration, notes ------------------------------------------------------------------ */

static enum status write_calibration(const struct section *section)
{
    char text[FIGURE_SIZE];
    const struct report *report = section->report;
    struct columns *columns = columns_create();
    if (!columns)
        return STATUS_MEMORY;
    columns_add(columns, COLUMN_LABEL, NULL, "model");
    columns_add(columns, COLUMN_LABEL, NULL, "framework");
    columns_add(columns, COLUMN_NUMBER, NULL, "ECE");
    columns_add(columns, COLUMN_NUMBER, NULL, "unusable");
    for (size_t i = 0; i < report->accuracy_count; i++) {
        const struct report_accuracy *row = &report->accuracy[i];
        if (!section_here(section, row->subject.run) || (isnan(row->ece) && row->unusable == 0))
            continue;
        columns_cell(columns, section->models[i]);
        columns_cell(columns, section->frameworks[i]);
        columns_cell(columns, figure_fixed(row->ece, 3, text));
        columns_cell(columns, figure_count(row->unusable, text));
    }
    bool any = columns_rows(columns) > 0;
    if (any)
        section_heading(section, "Calibration");
    enum status status = section_finish(section, columns);
    if (any && !status)
        section_explain(section,
                        "ECE: expected calibration error: how far probability and accuracy are "
                        "apart, over ten bins. unusable: answers whose probability is not within 0 "
                        "and 1.");
    return status;
}

static enum status name_rows(struct section *section)
{
    const struct report *report = section->report;
    size_t n = report->accuracy_count + 1;
    section->models = calloc(n, sizeof *section->models);
    section->frameworks = calloc(n, sizeof *section->frameworks);
    if (!section->models || !section->frameworks)
        return STATUS_MEMORY;
    for (size_t i = 0; i < report->accuracy_count; i++) {
        const struct report_subject *subject = &report->accuracy[i].subject;
        subject_model(&section->naming, subject->model, subject->model_version, section->models[i]);
        subject_framework(&section->naming, subject->framework, subject->framework_version,
                          subject->backend, subject->requested_backend, section->frameworks[i]);
    }
    return STATUS_OK;
}

static enum status write_run(struct section *section)
{
    static enum status (*const parts[])(const struct section *) = {
        section_accuracy, section_left_out, write_failures, section_comparison, write_calibration};
    const struct report_run *run = section->run;
    enum status status = STATUS_OK;
    char text[1024];
    snprintf(text, sizeof text,
             "Run %.512s: %" PRIu64 " jobs (%" PRIu64 " answered, %" PRIu64 " failed, %" PRIu64
             " open)",
             run->run, run->enqueued, run->done, run->failed, run->pending + run->leased);
    section_say(section, text);
    section->substring = section_scored(section, section->table->substring);
    section->isa = section_scored(section, section->table->isa);
    for (size_t i = 0; !status && i < sizeof parts / sizeof parts[0]; i++)
        status = parts[i](section);
    return status;
}

static void write_notes(const struct section *section)
{
    size_t columns = section->table->columns;
    if (section->report->note_count)
        section_heading(section, "Notes");
    for (size_t i = 0; i < section->report->note_count; i++) {
        fputs("- ", section->out);
        terminal_wrap(section->out, section->report->notes[i], 2,
                      columns < SECTION_WORDS ? columns : SECTION_WORDS);
    }
}

enum status report_write_table(FILE *out, const struct report_table *table)
{
    struct section section = {.out = out, .table = table, .report = table->report};
    enum status status = subject_naming(table->report, &section.naming);
    if (!status)
        status = name_rows(&section);
    if (!status && table->report->run_count == 0)
        section_say(&section, "There is no run yet; carmlbench enqueue makes one.");
    for (size_t i = 0; !status && i < table->report->run_count; i++) {
        fputs(i ? "\n\n" : "", out);
        section.run = &table->report->runs[i];
        status = write_run(&section);
    }
    if (!status)
        write_notes(&section);
    free(section.models);
    free(section.frameworks);
    return status;
}
