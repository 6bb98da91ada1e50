/* carmlbench report: accuracy per model and framework, then what failed and why. */
#include <string.h>

#include "cli/command.h"
#include "cli/emit.h"
#include "common/json.h"

static const char *const accuracy_columns[] = {
    "run",     "model",    "framework",    "backend",       "scoring",          "images",
    "correct", "accuracy", "accuracy_low", "accuracy_high", "mean_probability", NULL};
static const char *const comparison_columns[] = {
    "run",  "model",  "framework_a", "framework_b", "images",
    "both", "only_a", "only_b",      "neither",     "difference",
    "low",  "high",   "p_value",     "same_first",  "max_abs_probability_difference",
    NULL};
static const char *const failure_columns[] = {"run", "stage", "reason", "count", NULL};

struct filter {
    struct emitter *emitter;
    const char *column, *wanted; /* rows whose column holds another text are left out */
};

static int pass_row(void *context, size_t columns, const char *const *names,
                    const struct store_value *values)
{
    const struct filter *filter = context;
    for (size_t i = 0; filter->wanted && i < columns; i++)
        if (strcmp(names[i], filter->column) == 0 &&
            (values[i].kind != VALUE_TEXT || strcmp(values[i].text, filter->wanted) != 0))
            return 0;
    return emitter_row(filter->emitter, columns, names, values);
}

static enum status section(struct cli *cli, const char *view, const char *run,
                           const char *const *columns, const char *column, const char *wanted,
                           uint64_t *rows, struct error *error)
{
    struct filter filter = {.column = column, .wanted = wanted};
    enum status status =
        emitter_create(stdout, cli->json ? EMIT_JSON : EMIT_TABLE, columns, &filter.emitter);
    if (!status)
        status = store_rows(cli->store, view, run, pass_row, &filter, error);
    if (!status)
        *rows = emitter_end(filter.emitter);
    emitter_free(filter.emitter);
    return status;
}

struct count {
    uint64_t rows;
};

static int count_row(void *context, size_t columns, const char *const *names,
                     const struct store_value *values)
{
    (void)columns;
    (void)names;
    (void)values;
    ((struct count *)context)->rows++;
    return 1; /* one is enough to know */
}

/* Left out of the text when no two targets of a model answered about the same picture. */
static enum status print_comparison(struct cli *cli, const char *run, const char *score,
                                    struct error *error)
{
    struct count count = {0};
    uint64_t rows;
    enum status status = store_rows(cli->store, "comparison", run, count_row, &count, error);

    if (status || (!cli->json && !count.rows))
        return status;
    if (!cli->json)
        puts("\nTwo answers about the same bytes (difference of the accuracies with its 95 % "
             "interval;\np_value: exact McNemar; same_first: pairs with one first label)\n");
    return section(cli, "comparison", run, comparison_columns, "scoring", score, &rows, error);
}

static enum status print_accuracy(struct cli *cli, const char *run, const char *score,
                                  struct error *error)
{
    uint64_t rows = 0;
    enum status status;

    if (!cli->json)
        puts("Accuracy (95 % Wilson interval; placeholders left out)\n");
    status = section(cli, "accuracy", run, accuracy_columns, "scoring", score, &rows, error);
    if (status || cli->json)
        return status;
    if (rows == 0)
        puts(
            "Nothing to score: no answered URL has an expectation (--synset, --expect, or ImageNet "
            "ids in the list).");
    else if (!score || strcmp(score, "isa") == 0)
        puts("\nisa: the answer is the expected synset itself. Synsets below it count once the "
             "table isa\n"
             "holds WordNet's hypernyms; this version does not import them.");
    return STATUS_OK;
}

static enum status print_failures(struct cli *cli, const char *run, struct error *error)
{
    uint64_t rows = 0;
    enum status status;

    if (!cli->json)
        puts("\nFailures by reason\n");
    status = section(cli, "reasons", run, failure_columns, "state", "failed", &rows, error);
    if (!status && !cli->json && rows == 0)
        puts("none");
    return status;
}

/* The parts of the JSON object stand under their names. */
static enum status print_report(struct cli *cli, const char *run, const char *score,
                                struct error *error)
{
    fputs(cli->json ? "{\"accuracy\":" : "", stdout);
    enum status status = print_accuracy(cli, run, score, error);
    if (!status) {
        fputs(cli->json ? ",\"comparison\":" : "", stdout);
        status = print_comparison(cli, run, score, error);
    }
    if (!status) {
        fputs(cli->json ? ",\"failures\":" : "", stdout);
        status = print_failures(cli, run, error);
    }
    if (!status)
        fputs(cli->json ? "}\n" : "", stdout);
    return status;
}

enum status report_command(struct cli *cli, int argc, char **argv, struct error *error)
{
    static const struct option table[] = {{"run", required_argument, NULL, 'r'},
                                          {"score", required_argument, NULL, 's'},
                                          CLI_COMMON_OPTIONS};
    const char *run = NULL, *score = NULL;
    for (int value; (value = cli_next_option(cli, argc, argv, table, error)) != CLI_END;) {
        if (value == CLI_HELP)
            return STATUS_OK;
        if (value == CLI_ERROR)
            return STATUS_USAGE;
        if (value == 'r')
            run = optarg;
        else
            score = optarg;
    }
    if (score && strcmp(score, "isa") != 0 && strcmp(score, "substring") != 0)
        return cli_usage(cli, error, "--score %s: this version scores by isa or substring", score);
    enum status status = cli_arguments(cli, argc - optind, 0, 0, error);
    if (!status)
        status = cli_open_store(cli, STORE_READ, error);
    if (!status)
        status = print_report(cli, run, score, error);
    return status;
}
