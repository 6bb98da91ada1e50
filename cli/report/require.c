#include "cli/report/require.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/report/subject.h"
#include "cli/terminal.h"
#include "common/json.h"
#include "common/word.h"

/* ---- metrics ----------------------------------------------------------------------------- */

enum scope { SCOPE_ACCURACY, SCOPE_PAIR, SCOPE_RUN };

struct require_metric {
    const char *name, *meaning;
    enum scope scope;
    double (*value)(const struct requirement_row *row);
};

static double accuracy(const struct requirement_row *row)
{
    return row->accuracy->accuracy;
}

static double accuracy_low(const struct requirement_row *row)
{
    return row->accuracy->low;
}

static double accuracy_high(const struct requirement_row *row)
{
    return row->accuracy->high;
}

static double mean_probability(const struct requirement_row *row)
{
    return row->accuracy->mean_probability;
}

static double images(const struct requirement_row *row)
{
    return (double)row->accuracy->images;
}

static double ece(const struct requirement_row *row)
{
    return row->accuracy->ece;
}

/* What a pair without an expectation cannot say. */
static double scored(const struct requirement_row *row, double value)
{
    return row->pair->scored ? value : NAN;
}

static double discordant(const struct requirement_row *row)
{
    return scored(row, (double)(row->pair->only_a + row->pair->only_b));
}

static double difference(const struct requirement_row *row)
{
    return scored(row, fabs(row->pair->difference));
}

static double p_value(const struct requirement_row *row)
{
    return scored(row, row->pair->p_value);
}

static double p_holm(const struct requirement_row *row)
{
    return scored(row, row->pair->p_holm);
}

static double max_difference(const struct requirement_row *row)
{
    return row->pair->max_difference;
}

static double same_first(const struct requirement_row *row)
{
    return row->pair->images ? (double)row->pair->same_first / (double)row->pair->images : NAN;
}

static double failed(const struct requirement_row *row)
{
    return row->run->enqueued ? (double)row->run->failed / (double)row->run->enqueued : NAN;
}

static const struct require_metric metrics[] = {
    {"accuracy", "share of the pictures whose first answer is right", SCOPE_ACCURACY, accuracy},
    {"accuracy_low", "lower end of its 95 % interval", SCOPE_ACCURACY, accuracy_low},
    {"accuracy_high", "upper end of its 95 % interval", SCOPE_ACCURACY, accuracy_high},
    {"mean_probability", "mean probability, as the scoring defines it", SCOPE_ACCURACY,
     mean_probability},
    {"images", "pictures scored", SCOPE_ACCURACY, images},
    {"ece", "expected calibration error", SCOPE_ACCURACY, ece},
    {"discordant", "pictures that only one of two got right", SCOPE_PAIR, discordant},
    {"difference", "difference of the accuracies of two, absolute", SCOPE_PAIR, difference},
    {"p_value", "of the exact McNemar test of two", SCOPE_PAIR, p_value},
    {"p_holm", "the same, corrected for all comparisons", SCOPE_PAIR, p_holm},
    {"max_abs_probability_difference", "largest difference of probability of two", SCOPE_PAIR,
     max_difference},
    {"same_first", "share of pictures to which two give one first label", SCOPE_PAIR, same_first},
    {"failed", "share of the run's jobs that failed", SCOPE_RUN, failed},
};
enum { METRIC_COUNT = sizeof metrics / sizeof metrics[0] };

const char *require_metric_name(size_t i, const char **meaning)
{
    if (i >= METRIC_COUNT)
        return NULL;
    *meaning = metrics[i].meaning;
    return metrics[i].name;
}

/* ---- expressions ------------------------------------------------------------------------- */

/* Longer ones first: ">=" begins with ">". */
static const struct {
    const char *text;
    enum require_relation relation;
} operators[] = {{">=", REQUIRE_GE},
                 {"<=", REQUIRE_LE},
                 {"==", REQUIRE_EQ},
                 {">", REQUIRE_GT},
                 {"<", REQUIRE_LT}};

static enum status find_metric(const char *name, size_t length, struct requirement *requirement,
                               struct error *error)
{
    char word[REQUIRE_SIZE];
    const struct require_metric *best = &metrics[0];
    while (length > 0 && name[length - 1] == ' ')
        length--;
    snprintf(word, sizeof word, "%.*s", (int)length, name);
    for (size_t i = 0; i < METRIC_COUNT; i++) {
        if (strcmp(metrics[i].name, word) == 0) {
            requirement->metric = &metrics[i];
            return STATUS_OK;
        }
        if (word_distance(word, metrics[i].name) < word_distance(word, best->name))
            best = &metrics[i];
    }
    return error_set(error, STATUS_USAGE,
                     "--require %s: there is no metric '%s'; did you mean %s? (carmlbench report "
                     "--help lists them)",
                     requirement->expression, word, best->name);
}

/* A finite number and nothing else, or one with a percent sign. */
static bool read_number(const char *text, double *number)
{
    char *end;
    *number = strtod(text, &end);
    bool any = end > text;
    while (*end == ' ')
        end++;
    if (*end == '%') {
        *number /= 100;
        end++;
    }
    return any && *end == '\0' && isfinite(*number);
}

static enum status parse_one(struct requirement *requirement, struct error *error)
{
    const char *text = requirement->expression, *at = strpbrk(text, "<>=");
    size_t i = 0, count = sizeof operators / sizeof operators[0];
    if (text[0] == '\0')
        return error_set(error, STATUS_USAGE,
                         "--require: an empty requirement; give one such as accuracy>=0.8, and "
                         "none behind the last comma");
    while (at && i < count && strncmp(at, operators[i].text, strlen(operators[i].text)) != 0)
        i++;
    if (!at || i == count)
        return error_set(
            error, STATUS_USAGE,
            "--require %s: expected METRIC OP NUMBER with OP one of >= > <= < ==, such "
            "as accuracy>=0.8",
            text);
    requirement->relation = operators[i].relation;
    enum status status = find_metric(text, (size_t)(at - text), requirement, error);
    if (status)
        return status;
    if (!read_number(at + strlen(operators[i].text), &requirement->number))
        return error_set(error, STATUS_USAGE,
                         "--require %s: '%s' is no number; expected one such as 0.8 or 80%%", text,
                         at + strlen(operators[i].text));
    return STATUS_OK;
}

enum status requirement_parse(const char *list, struct requirement *requirements, size_t *count,
                              struct error *error)
{
    for (;;) {
        list += strspn(list, " ");
        size_t length = strcspn(list, ","), shown = length;
        while (shown > 0 && list[shown - 1] == ' ')
            shown--;
        if (*count == REQUIRE_MOST)
            return error_set(error, STATUS_USAGE, "--require: more than %d requirements",
                             REQUIRE_MOST);
        if (shown >= REQUIRE_SIZE)
            return error_set(error, STATUS_USAGE, "--require %.40s...: longer than %d characters",
                             list, REQUIRE_SIZE - 1);
        struct requirement *next = &requirements[*count];
        snprintf(next->expression, sizeof next->expression, "%.*s", (int)shown, list);
        enum status status = parse_one(next, error);
        if (status)
            return status;
        ++*count;
        if (list[length] == '\0')
            return STATUS_OK;
        list += length + 1;
    }
}

/* ---- checking ---------------------------------------------------------------------------- */

/* Nothing holds of NAN. */
static bool satisfies(const struct requirement *requirement, double value)
{
    switch (requirement->relation) {
    case REQUIRE_GE:
        return value >= requirement->number;
    case REQUIRE_GT:
        return value > requirement->number;
    case REQUIRE_LE:
        return value <= requirement->number;
    case REQUIRE_LT:
        return value < requirement->number;
    case REQUIRE_EQ:
        return value == requirement->number;
    }
    return false;
}

static size_t rows_in(const struct report *report, enum scope scope)
{
    return scope == SCOPE_ACCURACY ? report->accuracy_count
           : scope == SCOPE_PAIR   ? report->pair_count
                                   : report->run_count;
}

bool requirement_check(const struct requirement *requirement, const struct report *report,
                       requirement_row_fn *row, void *context)
{
    enum scope scope = requirement->metric->scope;
    size_t n = rows_in(report, scope), held = 0;
    for (size_t i = 0; i < n; i++) {
        struct requirement_row checked = {0};
        if (scope == SCOPE_ACCURACY)
            checked.accuracy = &report->accuracy[i];
        else if (scope == SCOPE_PAIR)
            checked.pair = &report->pairs[i];
        else
            checked.run = &report->runs[i];
        checked.value = requirement->metric->value(&checked);
        checked.holds = satisfies(requirement, checked.value);
        held += checked.holds;
        if (row)
            row(context, requirement, &checked);
    }
    return n > 0 && held == n;
}

struct teller {
    FILE *out;
    struct subject_naming naming;
    bool several_runs;
    size_t rows;
};

static void tell_row(void *context, const struct requirement *requirement,
                     const struct requirement_row *row)
{
    struct teller *teller = context;
    char name[SUBJECT_SIZE], number[40];
    const char *run = row->accuracy ? row->accuracy->subject.run
                      : row->pair   ? row->pair->run
                                    : row->run->run;
    teller->rows++;
    if (row->holds)
        return;
    if (row->accuracy)
        subject_name(&teller->naming, &row->accuracy->subject, name);
    else if (row->pair)
        subject_pair(&teller->naming, row->pair, name);
    else
        snprintf(name, sizeof name, "run %s", run);
    fprintf(teller->out, "carmlbench: report: %s does not hold: ", requirement->expression);
    if (teller->several_runs && !row->run) {
        fputs("run ", teller->out);
        terminal_write(teller->out, run);
        fputs(": ", teller->out);
    }
    terminal_write(teller->out, name);
    if (isnan(row->value)) {
        fprintf(teller->out, ": %s is not known\n", requirement->metric->name);
        return;
    }
    real_format(row->value, number, sizeof number);
    fprintf(teller->out, ": %s is %s\n", requirement->metric->name, number);
}

enum status requirement_tell(const struct requirement *requirement, const struct report *report,
                             FILE *out)
{
    struct teller teller = {.out = out, .several_runs = report->run_count > 1};
    enum status status = subject_naming(report, &teller.naming);
    if (status)
        return status;
    bool holds = requirement_check(requirement, report, tell_row, &teller);
    if (teller.rows == 0)
        fprintf(out, "carmlbench: report: %s does not hold: there is nothing to check\n",
                requirement->expression);
    return holds ? STATUS_OK : STATUS_NO;
}
