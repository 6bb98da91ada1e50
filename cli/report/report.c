#include "cli/report/report.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "cli/report/forms.h"
#include "cli/report/narrow.h"
#include "cli/report/notes.h"
#include "cli/report/reader.h"
#include "common/store/summary.h"

enum { TEXT_MAX = 64 << 20 };

/* Accuracy, comparison and, in detail, times: about as much work each. */
enum { READERS = 3 };

/* Of each reader. */
struct memory {
    struct arena arenas[READERS];
};

static const char *const scorings[] = {"isa", "substring", "seed"};

enum status report_scoring_parse(const char *word, enum report_scoring *scoring)
{
    for (size_t i = 0; i < sizeof scorings / sizeof scorings[0]; i++)
        if (strcmp(word, scorings[i]) == 0) {
            *scoring = (enum report_scoring)i;
            return STATUS_OK;
        }
    return STATUS_USAGE;
}

const char *report_scoring_name(enum report_scoring scoring)
{
    return scorings[scoring];
}

static enum status summarize(struct reader *reader, unsigned parts)
{
    const struct report_options *options = &reader->report->options;
    const struct store_summary_options summary = {
        .run = options->run,
        .scoring = report_scoring_name(options->scoring),
        .include_placeholders = options->include_placeholders,
        .include_duplicates = options->include_duplicates,
        .takes = report_is_narrowed(options->narrowing) ? report_takes : NULL,
        .takes_context = options->narrowing,
        .parts = parts,
        .disagreements = options->details ? options->disagreements : 0,
    };
    return store_summarize(reader->store, &summary, &reader->error);
}

/* ---- the readers ---------------------------------------------------------------------------- */

/* The view progress has a row for each target. */
static void merge_runs(struct report *report)
{
    size_t kept = 0;
    for (size_t i = 0; i < report->run_count; i++) {
        const struct report_run *row = &report->runs[i];
        struct report_run *last = kept ? &report->runs[kept - 1] : NULL;
        if (!last || strcmp(last->run, row->run) != 0) {
            report->runs[kept++] = *row;
            continue;
        }
        last->enqueued += row->enqueued;
        last->pending += row->pending;
        last->leased += row->leased;
        last->done += row->done;
        last->failed += row->failed;
    }
    report->run_count = kept;
}

static void *read_accuracy(void *context)
{
    struct reader *reader = context;
    struct report *report = reader->report;
    reader->status = summarize(reader, STORE_SUMMARY_ACCURACY);
    report->accuracy = reader_rows(reader, &report_accuracy_form, &report->accuracy_count);
    report->reasons = reader_rows(reader, &report_reason_form, &report->reason_count);
    notes_read(reader);
    for (size_t i = 0; i < report->accuracy_count; i++)
        report->accuracy[i].ece = (double)NAN;
    reader_calibration(reader);
    return NULL;
}

static void put_scores(struct report_pair *pair, const struct report_pair *row)
{
    pair->scoring = row->scoring;
    pair->scored = row->scored;
    pair->both = row->both;
    pair->only_a = row->only_a;
    pair->only_b = row->only_b;
    pair->neither = row->neither;
    pair->difference = row->difference;
    pair->low = row->low;
    pair->high = row->high;
    pair->p_value = row->p_value;
    pair->p_holm = row->p_holm;
}

/* What is known of the two beyond their agreement, if anything. Pairs and rows of the view stand in
 * the same order; *next: the first row that is not of an earlier pair. */
static void find_scores(const struct report *report, struct report_pair *pair, size_t *next)
{
    static const struct report_pair nothing = {.scoring = "none",
                                               .difference = (double)NAN,
                                               .low = (double)NAN,
                                               .high = (double)NAN,
                                               .p_value = (double)NAN,
                                               .p_holm = (double)NAN};
    const struct report_pair *rows = report->comparison;
    put_scores(pair, &nothing);
    for (; *next < report->comparison_count; ++*next) {
        int order = forms_compare_pairs(&rows[*next], pair);
        if (order > 0)
            return;
        if (order == 0 && rows[*next].scored)
            put_scores(pair, &rows[*next]);
    }
}

/* Two of which every answer is left out are no pair; a run that has no others says how many. */
static void merge_pairs(struct report *report)
{
    size_t kept = 0, next = 0;
    for (size_t i = 0; i < report->comparison_count; i++)
        report->comparison[i].scored = strcmp(report->comparison[i].scoring, "none") != 0;
    for (size_t i = 0; i < report->run_count; i++) {
        struct report_run *run = &report->runs[i];
        uint64_t images = 0, left_out = 0;
        for (size_t j = 0; j < report->pair_count; j++) {
            const struct report_pair *pair = &report->pairs[j];
            bool here = strcmp(pair->run, run->run) == 0;
            images += here ? pair->images : 0;
            left_out += here ? pair->placeholders + pair->duplicates : 0;
        }
        run->pairs_left_out = images == 0 ? left_out : 0;
    }
    for (size_t i = 0; i < report->pair_count; i++) {
        if (report->pairs[i].images == 0)
            continue;
        report->pairs[kept] = report->pairs[i];
        find_scores(report, &report->pairs[kept++], &next);
    }
    report->pair_count = kept;
}

static void *read_comparison(void *context)
{
    struct reader *reader = context;
    struct report *report = reader->report;
    reader->status = summarize(reader, STORE_SUMMARY_COMPARISON);
    report->comparison = reader_rows(reader, &report_pair_form, &report->comparison_count);
    report->pairs = reader_rows(reader, &report_agreement_form, &report->pair_count);
    report->runs = reader_rows(reader, &report_run_form, &report->run_count);
    merge_runs(report);
    merge_pairs(report);
    if (report->options.details) {
        report->disagreements =
            reader_rows(reader, &report_disagreement_form, &report->disagreement_count);
        reader_collection(reader);
    }
    return NULL;
}

static void *read_times(void *context)
{
    struct reader *reader = context;
    struct report *report = reader->report;
    reader->status = summarize(reader, STORE_SUMMARY_LATENCY);
    reader_moments(reader);
    report->latency = reader_rows(reader, &report_latency_form, &report->latency_count);
    return NULL;
}

/* The first reads in this thread; so do others that get none of their own. */
static void read_at_once(struct reader *readers, size_t count)
{
    static void *(*const parts[READERS])(void *) = {read_accuracy, read_comparison, read_times};
    pthread_t threads[READERS];
    bool threaded[READERS] = {false};

    for (size_t i = 1; i < count; i++)
        threaded[i] = pthread_create(&threads[i], NULL, parts[i], &readers[i]) == 0;
    for (size_t i = 0; i < count; i++)
        if (!threaded[i])
            parts[i](&readers[i]);
    for (size_t i = 1; i < count; i++)
        if (threaded[i])
            pthread_join(threads[i], NULL);
}

/* At one moment of the database. */
static enum status read_parts(struct reader *readers, size_t count, struct error *error)
{
    struct store *stores[READERS];

    for (size_t i = 0; i < count; i++)
        stores[i] = readers[i].store;
    enum status status = store_freeze(stores, count, error);
    if (status)
        return status;
    read_at_once(readers, count);
    for (size_t i = 0; i < count; i++)
        if (readers[i].status) {
            *error = readers[i].error;
            return readers[i].status;
        }
    return STATUS_OK;
}

static enum status create(const struct report_options *options, struct report **out)
{
    struct report *report = calloc(1, sizeof *report);
    struct memory *memory = calloc(1, sizeof *memory);
    if (!report || !memory) {
        free(report);
        free(memory);
        return STATUS_MEMORY;
    }
    for (size_t i = 0; i < READERS; i++)
        arena_init(&memory->arenas[i], TEXT_MAX);
    report->memory = memory;
    report->options = *options;
    *out = report;
    return STATUS_OK;
}

/* Before the notes, which are about what is shown. */
static void narrow(struct report *report)
{
    const struct report_narrowing *narrowing = report->options.narrowing;
    report->scored = report->accuracy_count > 0;
    if (!report_is_narrowed(narrowing))
        return;
    report->unmatched = report_unmatched(report, narrowing, &report->unmatched_option);
    report_narrow(report, narrowing);
}

enum status report_read(struct store *store, const struct report_options *options,
                        struct report **out, struct error *error)
{
    struct report *report = NULL;
    struct reader readers[READERS] = {{.store = store}};
    size_t count = options->details ? READERS : READERS - 1;
    *out = NULL;
    enum status status = create(options, &report);
    for (size_t i = 1; !status && i < count; i++)
        status = store_open(options->database, STORE_READ, &readers[i].store, NULL, error);
    for (size_t i = 0; !status && i < count; i++) {
        struct memory *memory = report->memory;
        readers[i].report = report;
        readers[i].arena = &memory->arenas[i];
    }
    if (!status)
        status = read_parts(readers, count, error);
    if (!status)
        narrow(report);
    if (!status)
        status = notes_write(&readers[0]);
    free(readers[0].unmet);
    for (size_t i = 1; i < count; i++)
        store_close(readers[i].store);
    if (status)
        report_free(report);
    else
        *out = report;
    return status;
}

enum status report_note_beside(struct report *report, const struct report *isa)
{
    struct memory *memory = report->memory;
    return notes_beside(report, &memory->arenas[0], isa);
}

void report_free(struct report *report)
{
    if (!report)
        return;
    struct memory *memory = report->memory;
    for (size_t i = 0; i < READERS; i++)
        arena_free(&memory->arenas[i]);
    free(memory);
    free(report->runs);
    free(report->accuracy);
    free(report->pairs);
    free(report->comparison);
    free(report->reasons);
    free(report->bins);
    free(report->latency);
    free(report->moments);
    free(report->disagreements);
    free(report->notes);
    free(report);
}
