#include "cli/report/json.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "cli/report/forms.h"
#include "common/json.h"

/* A comma before all but the first; `open` is what stands before the first. */
static void separate(FILE *out, bool *first, const char *open)
{
    fputs(*first ? open : ",\n ", out);
    *first = false;
}

static void write_text(FILE *out, const char *text)
{
    if (text)
        json_write_text(out, text);
    else
        fputs("null", out);
}

static void write_key(FILE *out, const char *key)
{
    fputc(',', out);
    json_write_text(out, key);
    fputc(':', out);
}

static void write_field(FILE *out, const struct field *field, const char *row)
{
    const void *at = row + field->offset;
    switch (field->kind) {
    case FIELD_TEXT:
        write_text(out, *(const char *const *)at);
        break;
    case FIELD_COUNT:
        fprintf(out, "%" PRIu64, *(const uint64_t *)at);
        break;
    case FIELD_SIGNED:
        fprintf(out, "%" PRId64, *(const int64_t *)at);
        break;
    case FIELD_REAL:
        json_write_real(out, *(const double *)at);
        break;
    case FIELD_FLAG: /* SQL's */
        fputs(*(const bool *)at ? "1" : "0", out);
        break;
    }
}

/* The fields of a row, between braces of which the closing one is the caller's to write. */
static void open_row(FILE *out, const struct rows_form *form, const void *row, bool *first)
{
    separate(out, first, "\n ");
    for (const struct field *field = form->fields; field->column; field++) {
        fputc(field == form->fields ? '{' : ',', out);
        json_write_text(out, field->column);
        fputc(':', out);
        write_field(out, field, row);
    }
}

static void write_rows(FILE *out, const char *key, const struct rows_form *form, const void *rows,
                       size_t count)
{
    bool first = true;
    write_key(out, key);
    fputc('[', out);
    for (size_t i = 0; i < count; i++) {
        open_row(out, form, (const char *)rows + i * form->size, &first);
        fputc('}', out);
    }
    fputc(']', out);
}

/* ---- the arrays -------------------------------------------------------------------------- */

static void write_runs(FILE *out, const struct report *report)
{
    bool first = true;
    write_key(out, "runs");
    fputc('[', out);
    for (size_t i = 0; i < report->run_count; i++) {
        const struct report_run *run = &report->runs[i];
        open_row(out, &report_run_form, run, &first);
        fprintf(out, ",\"pictures\":%" PRIu64 ",\"placeholders\":%" PRIu64, run->pictures,
                run->placeholders);
        fprintf(out, ",\"duplicates\":%" PRIu64 "}", run->duplicates);
    }
    fputc(']', out);
}

static void write_accuracies(FILE *out, const struct report *report, bool *first)
{
    for (size_t i = 0; report && i < report->accuracy_count; i++) {
        const struct report_accuracy *row = &report->accuracy[i];
        open_row(out, &report_accuracy_form, row, first);
        write_key(out, "scoring");
        write_text(out, report_scoring_name(report->options.scoring));
        write_key(out, "ece");
        json_write_real(out, row->ece);
        fprintf(out, ",\"unusable\":%" PRIu64 ",\"impossible\":%d}", row->unusable,
                row->impossible);
    }
}

static void write_accuracy(FILE *out, const struct report_json *json)
{
    bool first = true;
    write_key(out, "accuracy");
    fputc('[', out);
    write_accuracies(out, json->report, &first);
    fputc(']', out);
    first = true;
    write_key(out, "beside");
    fputc('[', out);
    write_accuracies(out, json->substring, &first);
    write_accuracies(out, json->isa, &first);
    fputc(']', out);
}

/* The column `model` of the view: one name, or both. */
static void write_pairs(FILE *out, const struct report *report)
{
    bool first = true;
    char both[1024];
    write_key(out, "comparison");
    fputc('[', out);
    for (size_t i = 0; i < report->comparison_count; i++) {
        const struct report_pair *pair = &report->comparison[i];
        open_row(out, &report_pair_form, pair, &first);
        write_key(out, "model");
        if (strcmp(pair->model_a, pair->model_b) == 0)
            write_text(out, pair->model_a);
        else {
            snprintf(both, sizeof both, "%s | %s", pair->model_a, pair->model_b);
            write_text(out, both);
        }
        fputc('}', out);
    }
    fputc(']', out);
}

static void write_calibration(FILE *out, const struct report *report)
{
    bool first = true;
    write_key(out, "calibration");
    fputc('[', out);
    for (size_t i = 0; i < report->bin_count; i++) {
        const struct report_accuracy *accuracy = &report->accuracy[report->bins[i].subject];
        const struct report_calibration row = {.subject = accuracy->subject,
                                               .bin = report->bins[i],
                                               .ece = accuracy->ece,
                                               .unusable = accuracy->unusable};
        open_row(out, &report_calibration_form, &row, &first);
        write_key(out, "scoring");
        write_text(out, report_scoring_name(report->options.scoring));
        fputc('}', out);
    }
    fputc(']', out);
}

/* As the view timeline has them, each with the seconds it stands for. */
static void write_timeline(FILE *out, const struct report *report)
{
    bool first = true;
    write_key(out, "timeline");
    fputc('[', out);
    for (size_t i = 0; i < report->moment_count; i++) {
        const struct report_moment *moment = &report->moments[i];
        time_t seconds = (time_t)moment->started_s;
        struct tm tm;
        char text[40] = "";
        if (gmtime_r(&seconds, &tm))
            strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm);
        separate(out, &first, "\n ");
        fputs("{\"run\":", out);
        write_text(out, moment->run);
        fprintf(out, ",\"started_at\":\"%s\",\"started_s\":%" PRId64 ",\"seconds\":%" PRIu32, text,
                moment->started_s, report->moment_seconds);
        fprintf(out, ",\"done\":%" PRIu64 ",\"failed\":%" PRIu64 "}", moment->done, moment->failed);
    }
    fputc(']', out);
}

static void write_notes(FILE *out, const struct report *report)
{
    bool first = true;
    write_key(out, "notes");
    fputc('[', out);
    for (size_t i = 0; i < report->note_count; i++) {
        separate(out, &first, "");
        write_text(out, report->notes[i]);
    }
    fputc(']', out);
}

/* ---- requirements ------------------------------------------------------------------------ */

struct checked {
    FILE *out;
    bool first;
};

static void write_checked(void *context, const struct requirement *requirement,
                          const struct requirement_row *row)
{
    struct checked *checked = context;
    FILE *out = checked->out;
    (void)requirement;
    if (row->accuracy)
        open_row(out, &report_accuracy_form, row->accuracy, &checked->first);
    else if (row->pair)
        open_row(out, &report_pair_form, row->pair, &checked->first);
    else
        open_row(out, &report_run_form, row->run, &checked->first);
    write_key(out, "value");
    json_write_real(out, row->value);
    write_key(out, "holds");
    fputs(row->holds ? "true}" : "false}", out);
}

static void write_requirements(FILE *out, const struct report_json *json)
{
    bool first = true;
    write_key(out, "requirements");
    fputc('[', out);
    for (size_t i = 0; i < json->requirement_count; i++) {
        const struct requirement *requirement = &json->requirements[i];
        struct checked checked = {out, true};
        separate(out, &first, "\n ");
        fputs("{\"expression\":", out);
        write_text(out, requirement->expression);
        fputs(",\"rows\":[", out);
        bool holds = requirement_check(requirement, json->report, write_checked, &checked);
        fprintf(out, "],\"holds\":%s}", holds ? "true" : "false");
    }
    fputc(']', out);
}

/* ---- the object -------------------------------------------------------------------------- */

static void write_words(FILE *out, const char *key, const char *const *words, size_t count)
{
    bool first = true;
    write_key(out, key);
    fputc('[', out);
    for (size_t i = 0; i < count; i++) {
        separate(out, &first, "");
        write_text(out, words[i]);
    }
    fputc(']', out);
}

static void write_options(FILE *out, const struct report_json *json)
{
    const struct report_options *options = &json->report->options;
    const struct report_narrowing *narrowing = json->narrowing;
    write_key(out, "options");
    fprintf(out, "{\"include_placeholders\":%s,\"include_duplicates\":%s",
            options->include_placeholders ? "true" : "false",
            options->include_duplicates ? "true" : "false");
    write_words(out, "models", narrowing->models, narrowing->model_count);
    write_words(out, "frameworks", narrowing->frameworks, narrowing->framework_count);
    fputc('}', out);
}

void report_write_json(FILE *out, const struct report_json *json)
{
    const struct report *report = json->report;
    fputs("{\"run\":", out);
    write_text(out, report->options.run);
    write_key(out, "scoring");
    write_text(out, report_scoring_name(report->options.scoring));
    write_options(out, json);
    write_runs(out, report);
    write_accuracy(out, json);
    write_pairs(out, report);
    write_rows(out, "agreement", &report_agreement_form, report->pairs, report->pair_count);
    write_rows(out, "failures", &report_reason_form, report->reasons, report->reason_count);
    write_calibration(out, report);
    write_rows(out, "latency", &report_latency_form, report->latency, report->latency_count);
    write_timeline(out, report);
    write_rows(out, "disagreements", &report_disagreement_form, report->disagreements,
               report->disagreement_count);
    write_notes(out, report);
    if (json->requirement_count)
        write_requirements(out, json);
    fputs("}\n", out);
}
