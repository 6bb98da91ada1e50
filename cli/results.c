/* carmlbench results: the public view `results`, one row for each answered job. */
#include "cli/command.h"
#include "cli/emit.h"

/* What fits a terminal; the other formats carry every column. */
static const char *const table_columns[] = {"url",    "model",        "framework", "backend",
                                            "label1", "probability1", "label2",    "probability2",
                                            "label3", "probability3", NULL};

enum status results_command(struct cli *cli, int argc, char **argv, struct error *error)
{
    static const struct option table[] = {{"run", required_argument, NULL, 'r'},
                                          {"format", required_argument, NULL, 'f'},
                                          CLI_COMMON_OPTIONS};
    const char *run = NULL;
    enum emit_format format = EMIT_TABLE;
    for (int value; (value = cli_next_option(cli, argc, argv, table, error)) != CLI_END;) {
        if (value == CLI_HELP)
            return STATUS_OK;
        if (value == CLI_ERROR)
            return STATUS_USAGE;
        if (value == 'r')
            run = optarg;
        else if (emit_parse(optarg, &format))
            return cli_usage(cli, error, "--format %s: expected table, csv or jsonl", optarg);
    }
    struct emitter *emitter = NULL;
    enum status status = cli_arguments(cli, argc - optind, 0, 0, error);
    if (!status)
        status = cli_open_store(cli, STORE_READ, error);
    if (status)
        return status;
    if (cli->json)
        format = EMIT_JSON;
    status = emitter_create(stdout, format, format == EMIT_TABLE ? table_columns : NULL, &emitter);
    if (!status)
        status = store_rows(cli->store, "results", run, emitter_row, emitter, error);
    if (!status && emitter_end(emitter) == 0 && format == EMIT_CSV)
        status = store_columns(cli->store, "results", emitter_row, emitter, error);
    emitter_free(emitter);
    return status;
}
