/* carmlbench retry: failed jobs back into the queue. */
#include <inttypes.h>
#include <stdio.h>

#include "cli/command.h"

static void print_reasons(void)
{
    puts("\nReasons:");
    for (unsigned i = 0; i < REASON_COUNT; i++)
        printf("  %-20s %s\n", reason_name((enum reason)i), reason_text((enum reason)i));
}

enum status retry_command(struct cli *cli, int argc, char **argv, struct error *error)
{
    static const struct option table[] = {{"run", required_argument, NULL, 'r'},
                                          {"reason", required_argument, NULL, 'x'},
                                          CLI_COMMON_OPTIONS};
    const char *run = NULL;
    enum reason reasons[REASON_COUNT];
    size_t reason_count = 0;
    for (int value; (value = cli_next_option(cli, argc, argv, table, error)) != CLI_END;) {
        if (value == CLI_HELP) {
            print_reasons();
            return STATUS_OK;
        }
        if (value == CLI_ERROR)
            return STATUS_USAGE;
        if (value == 'r')
            run = optarg;
        else if (reason_count == REASON_COUNT)
            return cli_usage(cli, error, "--reason: too many");
        else if (reason_parse(optarg, &reasons[reason_count++]))
            return cli_usage(cli, error,
                             "--reason %s: there is no such reason; carmlbench status lists those "
                             "that occurred",
                             optarg);
    }
    uint64_t count = 0;
    enum status status = cli_arguments(cli, argc - optind, 0, 0, error);
    if (!status)
        status = cli_open_store(cli, STORE_CLIENT, error);
    if (!status)
        status = store_retry(cli->store, run, reasons, reason_count, &count, error);
    if (!status)
        printf(cli->json ? "{\"retried\":%" PRIu64 "}\n" : "retried %" PRIu64 "\n", count);
    return status;
}
