/* carmlbench fsck: the promises, proved on the live database. */
#include <inttypes.h>
#include <stdio.h>

#include "cli/command.h"
#include "common/json.h"

struct problems {
    bool json, any;
};

static void print_problem(void *context, const char *line)
{
    struct problems *problems = context;
    if (problems->json) {
        fputs(problems->any ? "," : "", stdout);
        json_write_text(stdout, line);
    } else {
        printf("problem: %s\n", line);
    }
    problems->any = true;
}

static void print_counts(const struct cli *cli, const struct store_fsck *found)
{
    static const char *const forms[] = {
        "runs %" PRIu64 "\nurls %" PRIu64 "\njobs %" PRIu64 "\npending %" PRIu64 "\nleased %" PRIu64
        "\ndone %" PRIu64 "\nfailed %" PRIu64 "\nproblems %" PRIu64 "\n",
        "],\"runs\":%" PRIu64 ",\"urls\":%" PRIu64 ",\"jobs\":%" PRIu64 ",\"pending\":%" PRIu64
        ",\"leased\":%" PRIu64 ",\"done\":%" PRIu64 ",\"failed\":%" PRIu64 ",\"problems\":%" PRIu64
        "}\n"};
    printf(forms[cli->json], found->runs, found->urls, found->jobs, found->pending, found->leased,
           found->done, found->failed, found->problems);
}

enum status fsck_command(struct cli *cli, int argc, char **argv, struct error *error)
{
    static const struct option table[] = {CLI_COMMON_OPTIONS};
    for (int value; (value = cli_next_option(cli, argc, argv, table, error)) != CLI_END;) {
        if (value == CLI_HELP)
            return STATUS_OK;
        return STATUS_USAGE;
    }
    struct store_fsck found;
    enum status status = cli_arguments(cli, argc - optind, 0, 0, error);
    if (!status)
        status = cli_open_store(cli, STORE_READ, error);
    if (status)
        return status;
    struct problems problems = {.json = cli->json};
    if (cli->json)
        fputs("{\"problem\":[", stdout);
    status = store_fsck(cli->store, print_problem, &problems, &found, error);
    if (status)
        return status;
    print_counts(cli, &found);
    if (found.problems)
        return error_set(error, STATUS_NO,
                         "%s: %" PRIu64 " problem%s found; keep the file and report them",
                         cli->config->database, found.problems, found.problems == 1 ? "" : "s");
    if (!cli->json)
        puts("ok: every job has exactly one state, every result exactly one job");
    return STATUS_OK;
}
