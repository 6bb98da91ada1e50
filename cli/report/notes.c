#include "cli/report/notes.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/report/forms.h"
#include "cli/report/narrow.h"
#include "cli/report/subject.h"
#include "common/utf8.h"

enum { NOTES_MAX = 64, NOTE_BYTES = 1024, NAMED_MAX = 3 };

struct writer {
    struct report *report;
    struct arena *arena;
    struct subject_naming naming;
    enum status status;
};

/* ---- what nothing meets --------------------------------------------------------------------- */

void notes_read(struct reader *reader)
{
    struct rows_form form = report_unmet_form;
    form.is = reader->report->options.scoring == REPORT_ISA ? "isa" : "substring";
    reader->unmet = reader_rows(reader, &form, &reader->unmet_count);
}

/* ---- writing -------------------------------------------------------------------------------- */

/* Beyond the ceiling nothing is added: these are sentences for a person. */
PRINTF_LIKE(2, 3)
static void note(struct writer *writer, const char *format, ...)
{
    char text[NOTE_BYTES];
    va_list arguments;
    struct report *report = writer->report;
    if (writer->status || report->note_count == NOTES_MAX)
        return;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    utf8_make_line(text); /* names may have been cut within a character */
    const char *copy = arena_text(writer->arena, text, strlen(text));
    if (!copy)
        writer->status = arena_fail(writer->arena, NULL);
    else
        report->notes[report->note_count++] = copy;
}

static const char *plural(uint64_t count)
{
    return count == 1 ? "" : "s";
}

static void note_runs(struct writer *writer)
{
    const struct report *report = writer->report;
    if (report->run_count == 0 && report->options.run)
        note(writer, "Run %s has no jobs yet: carmlbench enqueue adds some.", report->options.run);
    for (size_t i = 0; i < report->run_count; i++) {
        const struct report_run *run = &report->runs[i];
        if (run->enqueued && run->failed == run->enqueued)
            note(writer, "Run %s: every job failed; the reasons say why.", run->run);
        else if (run->pending + run->leased)
            note(writer, "Run %s: %" PRIu64 " of %" PRIu64 " jobs are still to be done.", run->run,
                 run->pending + run->leased, run->enqueued);
    }
}

/* Of imported answers the pictures are not known. */
static bool is_imported(const struct report_accuracy *row)
{
    return strcmp(row->subject.backend, "import") == 0;
}

static void note_placeholders(struct writer *writer)
{
    const struct report *report = writer->report;
    uint64_t pictures = 0, imported = 0;
    for (size_t i = 0; i < report->accuracy_count; i++) {
        const struct report_accuracy *row = &report->accuracy[i];
        *(is_imported(row) ? &imported : &pictures) += row->placeholders;
    }
    if (report->options.scoring == REPORT_SEED) {
        pictures += imported;
        if (pictures)
            note(writer,
                 "%" PRIu64 " answer%s that name%s an envelope are left out, as seed has it.",
                 pictures, plural(pictures), pictures == 1 ? "s" : "");
        return;
    }
    if (pictures)
        note(writer,
             "%" PRIu64 " answer%s about placeholders (pictures that hosts serve in place of a "
             "deleted one) are left out; --include placeholders counts them.",
             pictures, plural(pictures));
    if (imported)
        note(writer,
             "%" PRIu64 " equal imported answers, taken for a placeholder's, are left out; "
             "--include placeholders counts them.",
             imported);
}

static void note_left_out(struct writer *writer)
{
    const struct report *report = writer->report;
    uint64_t duplicates = 0, unusable = 0;
    for (size_t i = 0; i < report->accuracy_count; i++) {
        duplicates += report->accuracy[i].duplicates;
        unusable += report->accuracy[i].unusable;
    }
    note_placeholders(writer);
    if (duplicates)
        note(writer,
             "%" PRIu64 " answer%s about bytes that an earlier URL of the run had, too, are left "
             "out; --include duplicates counts them.",
             duplicates, plural(duplicates));
    if (unusable)
        note(writer,
             "%" PRIu64 " first probabilit%s not within 0 and 1: calibration leaves them out.",
             unusable, unusable == 1 ? "y is" : "ies are");
}

static void note_scoring(struct writer *writer)
{
    const struct report *report = writer->report;
    uint64_t done = 0;
    for (size_t i = 0; i < report->run_count; i++)
        done += report->runs[i].done;
    if (done == 0 || report->scored)
        return;
    if (report->options.scoring == REPORT_ISA)
        note(writer, "No answered URL has an expected synset (enqueue --synset, or ImageNet ids in "
                     "the list): isa has nothing to score.");
    else
        note(writer,
             "No answered URL has an expected text (enqueue --expect): %s has nothing to "
             "score.",
             report_scoring_name(report->options.scoring));
}

static void note_pairs(struct writer *writer)
{
    const struct report *report = writer->report;
    for (size_t i = 0; i < report->run_count; i++)
        if (report->runs[i].pairs_left_out)
            return; /* the comparison says so itself */
    if (report->pair_count || report->accuracy_count == 0)
        return;
    if (report->accuracy_count > 1)
        note(writer, "No two targets that differ in one thing answered about the same bytes: there "
                     "is nothing to compare.");
    else
        note(writer, "Only one target %s: there is nothing to compare it with.",
             report_is_narrowed(report->options.narrowing) ? "is shown" : "has answered");
}

/* ---- expectations --------------------------------------------------------------------------- */

static const char *name_of(const struct report *report, const struct report_unmet *unmet)
{
    const char *name =
        report->options.scoring == REPORT_ISA ? unmet->expected_wnid : unmet->expected_text;
    return name ? name : "";
}

static size_t list_names(const struct report *report, const struct report_unmet *unmet,
                         size_t count, bool unknown_only, char *text, size_t size)
{
    size_t found = 0, used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        if (unknown_only && unmet[i].known)
            continue;
        if (found < NAMED_MAX && used < size)
            used += (size_t)snprintf(text + used, size - used, "%s%.60s", found ? ", " : "",
                                     name_of(report, &unmet[i]));
        found++;
    }
    if (found > NAMED_MAX && used < size)
        snprintf(text + used, size - used, " and %zu more", found - NAMED_MAX);
    return found;
}

static void note_expectations(struct writer *writer, const struct report_unmet *unmet, size_t count)
{
    const struct report *report = writer->report;
    char names[512];
    bool any_done = false;
    for (size_t i = 0; i < report->run_count; i++)
        any_done = any_done || report->runs[i].done;
    if (!any_done || count == 0)
        return;
    list_names(report, unmet, count, false, names, sizeof names);
    note(
        writer,
        "Nothing that was answered so far could meet what is expected as %s: wrong answers all, or "
        "no class of the models.",
        names);
    if (report->options.scoring != REPORT_ISA)
        return;
    if (list_names(report, unmet, count, true, names, sizeof names))
        note(writer,
             "The table of WordNet does not know %s: only the same synset id counts; carmlbench "
             "labels import DIR reads another WordNet.",
             names);
}

/* ---- answers that isa cannot judge ---------------------------------------------------------- */

/* How many answers are so, and what to do about it. */
static void note_unjudged(struct writer *writer, const struct report_accuracy *row, uint64_t count,
                          const char *what, const char *remedy)
{
    const struct report_subject *subject = &row->subject;
    const char *run = writer->report->run_count > 1 ? subject->run : "";
    char model[SUBJECT_SIZE], framework[SUBJECT_SIZE];
    subject_model(&writer->naming, subject->model, subject->model_version, model);
    subject_framework(&writer->naming, subject->framework, subject->framework_version,
                      subject->backend, subject->requested_backend, framework);
    if (count)
        note(writer,
             "%s%.100s%s%.200s by %.200s: answers %s, which isa takes for wrong: %" PRIu64
             " of %" PRIu64 "; %s.",
             *run ? "Run " : "", run, *run ? ", " : "", model, framework, what, count, row->images,
             remedy);
}

static void note_judging(struct writer *writer, const struct report *isa)
{
    for (size_t i = 0; i < isa->accuracy_count; i++) {
        const struct report_accuracy *row = &isa->accuracy[i];
        note_unjudged(writer, row, row->unknown, "whose synset the table of WordNet does not know",
                      "carmlbench labels import reads all of WordNet");
        note_unjudged(writer, row, row->unnamed, "without a synset id",
                      "--score substring goes by their names, where a text is expected (--expect)");
    }
}

enum status notes_beside(struct report *report, struct arena *arena, const struct report *isa)
{
    struct writer writer = {.report = report, .arena = arena};
    enum status status = subject_naming(isa, &writer.naming);
    if (!status)
        note_judging(&writer, isa);
    return status ? status : writer.status;
}

/* No expectation of the run was met by anything: what is wrong is probably what is expected. */
static void mark_impossible(struct report *report, const struct report_unmet *unmet, size_t count)
{
    for (size_t i = 0; i < report->accuracy_count; i++) {
        struct report_accuracy *row = &report->accuracy[i];
        uint64_t urls = 0, total = 0;
        for (size_t j = 0; j < count; j++)
            if (strcmp(unmet[j].run, row->subject.run) == 0)
                urls += unmet[j].urls;
        total = row->images + row->placeholders + row->duplicates;
        row->impossible = row->images && row->correct == 0 && urls >= total;
    }
}

enum status notes_write(const struct reader *reader)
{
    struct report *report = reader->report;
    struct writer writer = {.report = report, .arena = reader->arena};
    report->notes = calloc(NOTES_MAX, sizeof *report->notes);
    if (!report->notes)
        return STATUS_MEMORY;
    writer.status = subject_naming(report, &writer.naming);
    mark_impossible(report, reader->unmet, reader->unmet_count);
    note_runs(&writer);
    note_scoring(&writer);
    note_expectations(&writer, reader->unmet, reader->unmet_count);
    note_judging(&writer, report);
    note_left_out(&writer);
    note_pairs(&writer);
    return writer.status;
}
