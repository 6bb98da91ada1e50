/* carmlbench report: accuracy per model and framework, how far two agree, what failed and why. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/command.h"
#include "cli/report/html.h"
#include "cli/report/json.h"
#include "cli/report/narrow.h"
#include "cli/report/report.h"
#include "cli/report/require.h"
#include "cli/report/table.h"
#include "cli/terminal.h"

enum { DISAGREEMENTS = 24 };

struct request {
    struct report_options options;
    bool scoring_given;
    struct report_narrowing narrowing;
    struct requirement requirements[REQUIRE_MOST];
    size_t requirement_count;
    const char *html;
};

/* The report, and beside one scored as the seed was, the honest ones. */
struct reports {
    struct report *report, *substring, *isa;
};

/* ---- options ------------------------------------------------------------------------------- */

static void print_metrics(void)
{
    const char *name, *meaning;
    puts("\nMetrics of --require, in the rows of the report that have them:");
    for (size_t i = 0; (name = require_metric_name(i, &meaning)); i++)
        printf("  %-30s %s\n", name, meaning);
}

static enum status add_word(const struct cli *cli, const char **words, size_t *count,
                            const char *option, struct error *error)
{
    if (*count == NARROW_MOST)
        return cli_usage(cli, error, "%s: more than %d", option, NARROW_MOST);
    words[(*count)++] = optarg;
    return STATUS_OK;
}

static enum status take_include(const struct cli *cli, struct request *request, struct error *error)
{
    if (strcmp(optarg, "placeholders") == 0)
        request->options.include_placeholders = true;
    else if (strcmp(optarg, "duplicates") == 0)
        request->options.include_duplicates = true;
    else
        return cli_usage(cli, error, "--include %s: expected placeholders or duplicates", optarg);
    return STATUS_OK;
}

static enum status take_score(const struct cli *cli, struct request *request, struct error *error)
{
    request->scoring_given = true;
    if (report_scoring_parse(optarg, &request->options.scoring))
        return cli_usage(cli, error, "--score %s: expected isa, substring or seed", optarg);
    return STATUS_OK;
}

static enum status take_require(struct request *request, struct error *error)
{
    enum status status =
        requirement_parse(optarg, request->requirements, &request->requirement_count, error);
    return status ? error_prefix(error, status, "report") : STATUS_OK;
}

static enum status take(const struct cli *cli, int option, struct request *request,
                        struct error *error)
{
    struct report_narrowing *narrowing = &request->narrowing;
    switch (option) {
    case 'r':
        request->options.run = optarg;
        return STATUS_OK;
    case 'm':
        return add_word(cli, narrowing->models, &narrowing->model_count, "--model", error);
    case 'f':
        return add_word(cli, narrowing->frameworks, &narrowing->framework_count, "--framework",
                        error);
    case 's':
        return take_score(cli, request, error);
    case 'i':
        return take_include(cli, request, error);
    case 'q':
        return take_require(request, error);
    default:
        request->html = optarg;
        return STATUS_OK;
    }
}

/* ---- reading ------------------------------------------------------------------------------- */

/* A store is good for one report. */
static enum status read_one(struct cli *cli, const struct request *request,
                            enum report_scoring scoring, bool details, struct report **out,
                            struct error *error)
{
    struct report_options options = request->options;
    options.scoring = scoring;
    options.details = details;
    options.database = cli->config->database;
    options.disagreements = DISAGREEMENTS;
    options.narrowing = &request->narrowing;
    enum status status = cli_open_store(cli, STORE_READ, error);
    if (!status)
        status = report_read(cli->store, &options, out, error);
    store_close(cli->store);
    cli->store = NULL;
    return status;
}

/* Whether nothing is scored although pictures were answered. */
static bool unscored(const struct report *report)
{
    uint64_t done = 0;
    for (size_t i = 0; i < report->run_count; i++)
        done += report->runs[i].done;
    return done > 0 && !report->scored;
}

/* Without --score, by isa; where that scores nothing, but substring does, by that. */
static enum status read_main(struct cli *cli, const struct request *request, bool details,
                             struct reports *reports, struct error *error)
{
    struct report *other = NULL;
    enum status status =
        read_one(cli, request, request->options.scoring, details, &reports->report, error);
    if (status || request->scoring_given || !unscored(reports->report))
        return status;
    status = read_one(cli, request, REPORT_SUBSTRING, details, &other, error);
    if (status)
        return status;
    if (!other->scored) {
        report_free(other);
        return STATUS_OK;
    }
    report_free(reports->report);
    reports->report = other;
    fputs("note: no answered URL has an expected synset; scored by substring\n", stderr);
    return STATUS_OK;
}

/* A misspelt name is not to look like a model without answers. */
static void note_unmatched(const struct report *report)
{
    if (!report->unmatched)
        return;
    fprintf(stderr, "note: %s ", report->unmatched_option);
    terminal_write(stderr, report->unmatched);
    fputs(": nothing that it answered was scored or compared\n", stderr);
}

static enum status read_all(struct cli *cli, const struct request *request, struct reports *reports,
                            struct error *error)
{
    bool details = cli->json || request->html;
    enum status status = read_main(cli, request, details, reports, error);
    if (!status && request->options.scoring == REPORT_SEED)
        status = read_one(cli, request, REPORT_SUBSTRING, false, &reports->substring, error);
    if (!status && request->options.scoring == REPORT_SEED)
        status = read_one(cli, request, REPORT_ISA, false, &reports->isa, error);
    if (!status && reports->isa && report_note_beside(reports->report, reports->isa))
        status = error_set(error, STATUS_MEMORY, "report: out of memory");
    if (!status)
        note_unmatched(reports->report);
    return status;
}

/* ---- writing ------------------------------------------------------------------------------- */

static void write_json(const struct request *request, const struct reports *reports)
{
    const struct report_json json = {.report = reports->report,
                                     .substring = reports->substring,
                                     .isa = reports->isa,
                                     .narrowing = &request->narrowing,
                                     .requirements = request->requirements,
                                     .requirement_count = request->requirement_count};
    report_write_json(stdout, &json);
}

static enum status write_table(const struct request *request, const struct reports *reports,
                               struct error *error)
{
    const struct report_table table = {.report = reports->report,
                                       .substring = reports->substring,
                                       .isa = reports->isa,
                                       .narrowed = report_is_narrowed(&request->narrowing),
                                       .columns = terminal_columns(stdout),
                                       .styled = terminal_styled(stdout)};
    enum status status = report_write_table(stdout, &table);
    return status ? error_set(error, status, "report: %s", status_text(status)) : STATUS_OK;
}

static bool to_stdout(const struct request *request)
{
    return request->html && strcmp(request->html, "-") == 0;
}

static enum status write_page(const struct cli *cli, const struct request *request,
                              const struct reports *reports, struct error *error)
{
    const char *folder = cli->config->pictures.folder;
    const struct html_options options = {.pictures = *folder ? folder : NULL,
                                         .limits = image_default_limits(),
                                         .now_s = time(NULL),
                                         .narrowed = report_is_narrowed(&request->narrowing),
                                         .substring = reports->substring,
                                         .isa = reports->isa};
    if (to_stdout(request))
        return report_print_html(reports->report, &options, stdout, error);
    return report_write_html(reports->report, &options, request->html, error);
}

/* STATUS_NO, without a further line, when one does not hold. */
static enum status check(const struct request *request, const struct report *report)
{
    enum status worst = STATUS_OK;
    fflush(stdout);
    for (size_t i = 0; i < request->requirement_count; i++) {
        enum status status = requirement_tell(&request->requirements[i], report, stderr);
        worst = status ? status : worst;
    }
    return worst;
}

/* The page instead of the text; the object also beside the page. */
static enum status show(const struct cli *cli, const struct request *request,
                        const struct reports *reports, struct error *error)
{
    enum status status = STATUS_OK;
    if (request->html)
        status = write_page(cli, request, reports, error);
    if (!status && request->html && !to_stdout(request))
        fprintf(stderr, "wrote %s\n", request->html);
    if (!status && cli->json)
        write_json(request, reports);
    else if (!status && !request->html)
        status = write_table(request, reports, error);
    return status ? status : cli_flush(error);
}

static enum status answer(struct cli *cli, const struct request *request, struct error *error)
{
    struct reports reports = {0};
    enum status status = read_all(cli, request, &reports, error);
    if (!status)
        status = show(cli, request, &reports, error);
    if (!status)
        status = check(request, reports.report);
    report_free(reports.report);
    report_free(reports.substring);
    report_free(reports.isa);
    return status;
}

enum status report_command(struct cli *cli, int argc, char **argv, struct error *error)
{
    static const struct option table[] = {
        {"run", required_argument, NULL, 'r'},       {"model", required_argument, NULL, 'm'},
        {"framework", required_argument, NULL, 'f'}, {"score", required_argument, NULL, 's'},
        {"include", required_argument, NULL, 'i'},   {"require", required_argument, NULL, 'q'},
        {"html", required_argument, NULL, 'h'},      CLI_COMMON_OPTIONS};
    struct request request = {0};
    enum status status = STATUS_OK;
    for (int value;
         !status && (value = cli_next_option(cli, argc, argv, table, error)) != CLI_END;) {
        if (value == CLI_HELP) {
            print_metrics();
            return STATUS_OK;
        }
        if (value == CLI_ERROR)
            return STATUS_USAGE;
        status = take(cli, value, &request, error);
    }
    if (!status)
        status = cli_arguments(cli, argc - optind, 0, 0, error);
    if (!status && cli->json && to_stdout(&request))
        status =
            cli_usage(cli, error, "--html -: --json goes to standard output, too; name a file");
    if (!status)
        status = cli_open_config(cli, error);
    return status ? status : answer(cli, &request, error);
}
