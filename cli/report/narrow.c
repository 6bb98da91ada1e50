#include "cli/report/narrow.h"

#include <string.h>
#include <strings.h>

/* Names of models and frameworks are compared without case, as everywhere in the command. */
static bool names(const char *word, const char *name, const char *version)
{
    size_t length = strlen(name);
    if (strncasecmp(word, name, length) != 0)
        return false;
    if (word[length] == '\0')
        return true;
    return version && word[length] == ':' && strcmp(word + length + 1, version) == 0;
}

static bool among(const char *const *words, size_t count, const char *name, const char *version)
{
    for (size_t i = 0; i < count; i++)
        if (names(words[i], name, version))
            return true;
    return count == 0;
}

static bool wanted(const struct report_narrowing *narrowing, const char *model,
                   const char *model_version, const char *framework, const char *framework_version)
{
    return among(narrowing->models, narrowing->model_count, model, model_version) &&
           among(narrowing->frameworks, narrowing->framework_count, framework, framework_version);
}

static bool wanted_subject(const struct report_narrowing *narrowing,
                           const struct report_subject *subject)
{
    return wanted(narrowing, subject->model, subject->model_version, subject->framework,
                  subject->framework_version);
}

/* Bins refer to rows of accuracy by their place; this is where row `i` will be. */
static size_t place_after(const struct report *report, const struct report_narrowing *narrowing,
                          size_t i)
{
    size_t place = 0;
    while (i-- > 0)
        place += wanted_subject(narrowing, &report->accuracy[i].subject);
    return place;
}

static void narrow_accuracy(struct report *report, const struct report_narrowing *narrowing)
{
    size_t kept = 0;
    for (size_t b = 0; b < report->bin_count; b++) {
        struct report_bin bin = report->bins[b];
        if (!wanted_subject(narrowing, &report->accuracy[bin.subject].subject))
            continue;
        bin.subject = place_after(report, narrowing, bin.subject);
        report->bins[kept++] = bin;
    }
    report->bin_count = kept;
    kept = 0;
    for (size_t i = 0; i < report->accuracy_count; i++)
        if (wanted_subject(narrowing, &report->accuracy[i].subject))
            report->accuracy[kept++] = report->accuracy[i];
    report->accuracy_count = kept;
}

/* Returns how many remain. */
static size_t narrow_pairs(struct report_pair *pairs, size_t count,
                           const struct report_narrowing *narrowing)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        const struct report_pair *pair = &pairs[i];
        if (wanted(narrowing, pair->model_a, pair->model_version_a, pair->framework_a,
                   pair->framework_version_a) &&
            wanted(narrowing, pair->model_b, pair->model_version_b, pair->framework_b,
                   pair->framework_version_b))
            pairs[kept++] = *pair;
    }
    return kept;
}

bool report_is_narrowed(const struct report_narrowing *narrowing)
{
    return narrowing && narrowing->model_count + narrowing->framework_count > 0;
}

bool report_takes(const void *narrowing, const struct store_target *target)
{
    return wanted(narrowing, target->model, target->model_version, target->framework,
                  target->framework_version);
}

void report_narrow(struct report *report, const struct report_narrowing *narrowing)
{
    if (!report_is_narrowed(narrowing))
        return;
    narrow_accuracy(report, narrowing);
    report->pair_count = narrow_pairs(report->pairs, report->pair_count, narrowing);
    report->comparison_count =
        narrow_pairs(report->comparison, report->comparison_count, narrowing);
}

static bool answers(const struct report *report, const struct report_narrowing *word)
{
    for (size_t i = 0; i < report->accuracy_count; i++)
        if (wanted_subject(word, &report->accuracy[i].subject))
            return true;
    for (size_t i = 0; i < report->pair_count; i++) {
        const struct report_pair *pair = &report->pairs[i];
        if (wanted(word, pair->model_a, pair->model_version_a, pair->framework_a,
                   pair->framework_version_a) ||
            wanted(word, pair->model_b, pair->model_version_b, pair->framework_b,
                   pair->framework_version_b))
            return true;
    }
    return false;
}

const char *report_unmatched(const struct report *report, const struct report_narrowing *narrowing,
                             const char **option)
{
    for (size_t i = 0; i < narrowing->model_count; i++) {
        const struct report_narrowing one = {.models = {narrowing->models[i]}, .model_count = 1};
        *option = "--model";
        if (!answers(report, &one))
            return narrowing->models[i];
    }
    for (size_t i = 0; i < narrowing->framework_count; i++) {
        const struct report_narrowing one = {.frameworks = {narrowing->frameworks[i]},
                                             .framework_count = 1};
        *option = "--framework";
        if (!answers(report, &one))
            return narrowing->frameworks[i];
    }
    return NULL;
}
