#include "cli/report/section.h"

#include <math.h>
#include <string.h>

#include "cli/report/figure.h"

/* ---- accuracy ---------------------------------------------------------------------------- */

static const struct report_accuracy *find(const struct report *report,
                                          const struct report_subject *subject)
{
    for (size_t i = 0; report && i < report->accuracy_count; i++)
        if (subject_same(&report->accuracy[i].subject, subject))
            return &report->accuracy[i];
    return NULL;
}

static bool seed(const struct section *section)
{
    return section->report->options.scoring == REPORT_SEED;
}

static void add_metrics(const struct section *section, struct columns *columns, const char *group)
{
    columns_add(columns, COLUMN_NUMBER, group, "n");
    if (seed(section)) {
        columns_add(columns, COLUMN_NUMBER, group, "seed");
    } else {
        columns_add(columns, COLUMN_NUMBER, group, "accuracy");
        columns_add(columns, COLUMN_NUMBER, group, "95 % interval");
        columns_add(columns, COLUMN_NUMBER, group, "prob.");
    }
    if (section->substring)
        columns_add(columns, COLUMN_NUMBER, group, "substring");
    if (section->isa)
        columns_add(columns, COLUMN_NUMBER, group, "isa");
}

/* "0.820/0.677", as the seed report's Table 1 has them. */
static void put_both(struct columns *columns, const struct report_accuracy *row)
{
    char accuracy[FIGURE_SIZE], probability[FIGURE_SIZE], text[2 * FIGURE_SIZE + 1];
    figure_fixed(row ? row->accuracy : NAN, 3, accuracy);
    figure_fixed(row ? row->mean_probability : NAN, 3, probability);
    snprintf(text, sizeof text, "%s/%s", accuracy, probability);
    columns_cell(columns, strcmp(text, "-/-") == 0 ? "-" : text);
}

/* `row` NULL: empty cells. */
static void put_metrics(const struct section *section, struct columns *columns,
                        const struct report_accuracy *row)
{
    char text[FIGURE_SIZE];
    if (!row) {
        unsigned empty = (seed(section) ? 2u : 4u) + section->substring + section->isa;
        for (unsigned i = 0; i < empty; i++)
            columns_cell(columns, "");
        return;
    }
    columns_cell(columns, figure_count(row->images, text));
    if (seed(section)) {
        put_both(columns, row);
    } else {
        columns_cell(columns, figure_fixed(row->accuracy, 3, text));
        columns_cell(columns, figure_interval(row->low, row->high, 3, text));
        columns_cell(columns, figure_fixed(row->mean_probability, 3, text));
    }
    if (section->substring)
        put_both(columns, find(section->table->substring, &row->subject));
    if (section->isa)
        put_both(columns, find(section->table->isa, &row->subject));
}

/* The first row of this run with the same text as row `i`. */
static size_t first_with(const struct section *section, char (*names)[SUBJECT_SIZE], size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (section_here(section, section->report->accuracy[k].subject.run) &&
            strcmp(names[k], names[i]) == 0)
            return k;
    return i;
}

static const struct report_accuracy *cell_of(const struct section *section, size_t model,
                                             size_t framework)
{
    const struct report *report = section->report;
    for (size_t i = 0; i < report->accuracy_count; i++)
        if (section_here(section, report->accuracy[i].subject.run) &&
            strcmp(section->models[i], section->models[model]) == 0 &&
            strcmp(section->frameworks[i], section->frameworks[framework]) == 0)
            return &report->accuracy[i];
    return NULL;
}

/* Models down, frameworks across. */
static void fill_grid(const struct section *section, struct columns *columns)
{
    const struct report *report = section->report;
    size_t n = report->accuracy_count;
    columns_add(columns, COLUMN_LABEL, NULL, "model");
    for (size_t f = 0; f < n; f++)
        if (section_here(section, report->accuracy[f].subject.run) &&
            first_with(section, section->frameworks, f) == f)
            add_metrics(section, columns, section->frameworks[f]);
    for (size_t m = 0; m < n; m++) {
        if (!section_here(section, report->accuracy[m].subject.run) ||
            first_with(section, section->models, m) != m)
            continue;
        columns_cell(columns, section->models[m]);
        for (size_t f = 0; f < n; f++)
            if (section_here(section, report->accuracy[f].subject.run) &&
                first_with(section, section->frameworks, f) == f)
                put_metrics(section, columns, cell_of(section, m, f));
    }
}

static void fill_list(const struct section *section, struct columns *columns)
{
    const struct report *report = section->report;
    columns_add(columns, COLUMN_LABEL, NULL, "model");
    columns_add(columns, COLUMN_LABEL, NULL, "framework");
    add_metrics(section, columns, NULL);
    for (size_t i = 0; i < report->accuracy_count; i++) {
        if (!section_here(section, report->accuracy[i].subject.run))
            continue;
        columns_cell(columns, section->models[i]);
        columns_cell(columns, section->frameworks[i]);
        put_metrics(section, columns, &report->accuracy[i]);
    }
}

/* The grid where a line has room for it, else the list. */
static enum status write_accuracy_rows(const struct section *section)
{
    const struct report *report = section->report;
    size_t frameworks = 0;
    for (size_t i = 0; i < report->accuracy_count; i++)
        frameworks += section_here(section, report->accuracy[i].subject.run) &&
                      first_with(section, section->frameworks, i) == i;
    struct columns *columns = columns_create();
    if (!columns)
        return STATUS_MEMORY;
    if (frameworks * 5 < COLUMNS_MOST) {
        fill_grid(section, columns);
        if (columns_width(columns) <= section->table->columns)
            return section_finish(section, columns);
        columns_free(columns);
        columns = columns_create();
        if (!columns)
            return STATUS_MEMORY;
    }
    fill_list(section, columns);
    return section_finish(section, columns);
}

static void explain_seed(const struct section *section)
{
    char text[1024];
    snprintf(text, sizeof text,
             "n: pictures that the seed report's script counted. In each cell accuracy / mean "
             "probability. seed: as that script computed them: the first label contains the "
             "expected text; probability of the first answer where any of the three contains "
             "it, else 0.%s%s",
             section->substring ? " substring: the same accuracy, but the probability of the best "
                                  "answer that contains the text, and placeholders and duplicates "
                                  "left out."
                                : "",
             section->isa ? " isa: the first answer is the expected synset or one below it in "
                            "WordNet; probability of the first answer."
                          : "");
    section_explain(section, text);
}

static void explain_accuracy(const struct section *section)
{
    bool isa = section->report->options.scoring == REPORT_ISA;
    char text[1024];
    snprintf(text, sizeof text,
             "n: pictures scored. accuracy: share of them whose first answer is right, with its "
             "95 %% interval (Wilson). prob.: mean probability of the %s. Right is %s.",
             isa ? "first answer"
                 : "best of the three answers that contains the text, 0 where none does",
             isa ? "the expected synset or one below it in WordNet (isa)"
                 : "a label that contains the expected text (substring)");
    section_explain(section, text);
}

static void explain_nothing(const struct section *section)
{
    bool isa = section->report->options.scoring == REPORT_ISA;
    if (section->run->done == 0)
        section_say(section, section->run->failed
                                 ? "Nothing to score: no picture was answered."
                                 : "Nothing to score: no picture was answered yet.");
    else if (section->table->narrowed)
        section_say(section,
                    "Nothing to score: no answer by what --model and --framework name has an "
                    "expectation.");
    else
        section_say(section,
                    isa ? "Nothing to score: no answered URL has an expected synset (--synset, or "
                          "ImageNet ids in the list)."
                        : "Nothing to score: no answered URL has an expected text (--expect).");
}

enum status section_accuracy(const struct section *section)
{
    char title[64];
    snprintf(title, sizeof title, "Accuracy (scored by %s)",
             report_scoring_name(section->report->options.scoring));
    section_heading(section, title);
    if (!section_scored(section, section->report)) {
        explain_nothing(section);
        return STATUS_OK;
    }
    enum status status = write_accuracy_rows(section);
    if (!status && seed(section))
        explain_seed(section);
    else if (!status)
        explain_accuracy(section);
    return status;
}

/* ---- left out ---------------------------------------------------------------------------- */

static enum status write_left_out_rows(const struct section *section)
{
    char text[FIGURE_SIZE];
    const struct report *report = section->report;
    struct columns *columns = columns_create();
    if (!columns)
        return STATUS_MEMORY;
    columns_add(columns, COLUMN_LABEL, NULL, "model");
    columns_add(columns, COLUMN_LABEL, NULL, "framework");
    columns_add(columns, COLUMN_NUMBER, NULL, seed(section) ? "envelopes" : "placeholders");
    if (!seed(section))
        columns_add(columns, COLUMN_NUMBER, NULL, "duplicates");
    for (size_t i = 0; i < report->accuracy_count; i++) {
        const struct report_accuracy *row = &report->accuracy[i];
        if (!section_here(section, row->subject.run) || row->placeholders + row->duplicates == 0)
            continue;
        columns_cell(columns, section->models[i]);
        columns_cell(columns, section->frameworks[i]);
        columns_cell(columns, figure_count(row->placeholders, text));
        if (!seed(section))
            columns_cell(columns, figure_count(row->duplicates, text));
    }
    return section_finish(section, columns);
}

static bool has_imports(const struct section *section)
{
    const struct report *report = section->report;
    for (size_t i = 0; i < report->accuracy_count; i++)
        if (section_here(section, report->accuracy[i].subject.run) &&
            strcmp(report->accuracy[i].subject.backend, "import") == 0)
            return true;
    return false;
}

static void explain_left_out(const struct section *section)
{
    const struct report_options *options = &section->report->options;
    char text[512];
    if (seed(section)) {
        section_say(section,
                    "envelope: one of the three labels contains that word, which is how the seed "
                    "report's script told the picture that Flickr serves in place of a deleted "
                    "one.");
        return;
    }
    const char *many =
        has_imports(section) ? "; many equal imported answers are taken for one" : "";
    snprintf(text, sizeof text, "%s%s%s%s",
             options->include_placeholders
                 ? "Placeholders count, as --include placeholders asks. "
                 : "placeholder: a picture that a host serves in place of a deleted one",
             options->include_placeholders ? "" : many,
             options->include_placeholders ? "" : " (--include placeholders counts them). ",
             options->include_duplicates
                 ? "Duplicates count, as --include duplicates asks."
                 : "duplicate: the same bytes under another URL, of which the first counts "
                   "(--include duplicates counts all).");
    section_say(section, text);
}

enum status section_left_out(const struct section *section)
{
    uint64_t left_out = 0;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < section->report->accuracy_count; i++) {
        const struct report_accuracy *row = &section->report->accuracy[i];
        left_out +=
            section_here(section, row->subject.run) ? row->placeholders + row->duplicates : 0;
    }
    if (!section_scored(section, section->report))
        return STATUS_OK;
    section_heading(section, "Left out of these numbers");
    if (left_out > 0)
        status = write_left_out_rows(section);
    else
        section_say(section, "Nothing was left out.");
    fputc('\n', section->out);
    if (!status)
        explain_left_out(section);
    return status;
}
