#include "cli/report/section.h"

#include <inttypes.h>

#include "cli/report/figure.h"

enum { WORDY = 8 /* comparisons that get a sentence each */ };

/* ---- comparison -------------------------------------------------------------------------- */

static enum status write_right_or_wrong(const struct section *section, size_t *scored)
{
    char name[SUBJECT_SIZE], text[FIGURE_SIZE];
    const struct report *report = section->report;
    struct columns *columns = columns_create();
    if (!columns)
        return STATUS_MEMORY;
    columns_add(columns, COLUMN_LABEL, NULL, "a | b");
    static const char *const titles[] = {"both",  "only a",        "only b", "neither",
                                         "a - b", "95 % interval", "p",      "p Holm"};
    for (size_t i = 0; i < sizeof titles / sizeof titles[0]; i++)
        columns_add(columns, COLUMN_NUMBER, NULL, titles[i]);
    for (size_t i = 0; i < report->pair_count; i++) {
        const struct report_pair *pair = &report->pairs[i];
        if (!section_here(section, pair->run) || !pair->scored)
            continue;
        columns_cell(columns, subject_pair(&section->naming, pair, name));
        columns_cell(columns, figure_count(pair->both, text));
        columns_cell(columns, figure_count(pair->only_a, text));
        columns_cell(columns, figure_count(pair->only_b, text));
        columns_cell(columns, figure_count(pair->neither, text));
        columns_cell(columns, figure_signed(pair->difference, 3, text));
        columns_cell(columns, figure_interval(pair->low, pair->high, 3, text));
        columns_cell(columns, figure_p(pair->p_value, text));
        columns_cell(columns, figure_p(pair->p_holm, text));
    }
    *scored = columns_rows(columns);
    return section_finish(section, columns);
}

/* What a table of zeros means, in words. */
static void tell_concordant(const struct section *section, size_t scored)
{
    const struct report *report = section->report;
    size_t concordant = 0;
    char name[SUBJECT_SIZE], text[SUBJECT_SIZE + 128];
    for (size_t i = 0; i < report->pair_count; i++) {
        const struct report_pair *pair = &report->pairs[i];
        concordant +=
            section_here(section, pair->run) && pair->scored && pair->only_a + pair->only_b == 0;
    }
    if (concordant == 0)
        return;
    fputc('\n', section->out);
    if (concordant == scored && scored > 1) {
        snprintf(text, sizeof text,
                 "No discordant pictures in any of the %zu comparisons: whatever one got right, "
                 "the other did, too.",
                 scored);
        section_say(section, text);
        return;
    }
    for (size_t i = 0, told = 0; i < report->pair_count && told <= WORDY; i++) {
        const struct report_pair *pair = &report->pairs[i];
        if (!section_here(section, pair->run) || !pair->scored || pair->only_a + pair->only_b > 0)
            continue;
        snprintf(text, sizeof text,
                 "%s: no discordant pictures: whatever one got right, the other did, too.",
                 subject_pair(&section->naming, pair, name));
        if (told++ == WORDY)
            snprintf(text, sizeof text, "The same holds for %zu more.", concordant - WORDY);
        section_say(section, text);
    }
}

static enum status write_agreement(const struct section *section)
{
    char name[SUBJECT_SIZE], text[FIGURE_SIZE];
    const struct report *report = section->report;
    struct columns *columns = columns_create();
    if (!columns)
        return STATUS_MEMORY;
    columns_add(columns, COLUMN_LABEL, NULL, "a | b");
    static const char *const titles[] = {"pairs", "same first", "same three", "mean |dp|",
                                         "max |dp|"};
    for (size_t i = 0; i < sizeof titles / sizeof titles[0]; i++)
        columns_add(columns, COLUMN_NUMBER, NULL, titles[i]);
    for (size_t i = 0; i < report->pair_count; i++) {
        const struct report_pair *pair = &report->pairs[i];
        if (!section_here(section, pair->run))
            continue;
        columns_cell(columns, subject_pair(&section->naming, pair, name));
        columns_cell(columns, figure_count(pair->images, text));
        columns_cell(columns, figure_share(pair->same_first, pair->images, text));
        columns_cell(columns, figure_share(pair->same_three, pair->images, text));
        columns_cell(columns, figure_small(pair->mean_difference, text));
        columns_cell(columns, figure_small(pair->max_difference, text));
    }
    return section_finish(section, columns);
}

static enum status write_pairs(const struct section *section)
{
    size_t scored = 0;
    enum status status = write_right_or_wrong(section, &scored);
    if (status)
        return status;
    if (scored) {
        tell_concordant(section, scored);
        section_explain(
            section,
            "Pictures that both, only one or neither got right. a - b: difference of the "
            "accuracies, with its 95 % interval (Newcombe). p: how likely so unequal an \"only a\" "
            "and \"only b\" is by chance (exact McNemar). p Holm: the same, corrected for all "
            "comparisons of the run.");
    } else
        section_say(section, "No pair can be scored; only how far they agree is known.");
    fputc('\n', section->out);
    status = write_agreement(section);
    if (!status)
        section_explain(
            section, "pairs: pictures that both answered about. same first: the first labels are "
                     "the same; same three: the sets of three. |dp|: how far the probabilities of "
                     "either's first label are apart.");
    return status;
}

static uint64_t pairs_left_out(const struct section *section)
{
    const struct report *report = section->report;
    uint64_t left_out = 0;
    for (size_t i = 0; i < report->run_count; i++)
        if (section_here(section, report->runs[i].run))
            left_out += report->runs[i].pairs_left_out;
    return left_out;
}

enum status section_comparison(const struct section *section)
{
    char text[200];
    const struct report *report = section->report;
    uint64_t left_out = pairs_left_out(section);
    size_t pairs = 0, targets = 0;
    for (size_t i = 0; i < report->pair_count; i++)
        pairs += section_here(section, report->pairs[i].run);
    for (size_t i = 0; i < report->accuracy_count; i++)
        targets += section_here(section, report->accuracy[i].subject.run);
    if (pairs == 0 && targets < 2 && left_out == 0)
        return STATUS_OK;
    section_heading(section,
                    report->options.scoring == REPORT_SEED
                        ? "Comparison of two answers about the same bytes (scored by substring)"
                        : "Comparison of two answers about the same bytes");
    if (pairs > 0)
        return write_pairs(section);
    if (left_out)
        snprintf(text, sizeof text,
                 "All %" PRIu64 " pairs of answers about the same bytes are about placeholders or "
                 "duplicates: --include placeholders --include duplicates shows them.",
                 left_out);
    section_say(section, left_out ? text
                                  : "No two that differ in one thing answered about the same "
                                    "bytes.");
    return STATUS_OK;
}
