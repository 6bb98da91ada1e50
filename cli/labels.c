/* carmlbench labels: what WordNet says about classes, for scoring by "is a". */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/terminal.h"
#include "common/json.h"
#include "common/store/synset.h"
#include "common/wordnet.h"

#define DEBIAN_WORDNET "/usr/share/wordnet"

static enum status replace(struct cli *cli, const struct wordnet *wordnet, struct error *error)
{
    size_t count, edges = wordnet_edges(wordnet);
    const struct wordnet_synset *synsets = wordnet_synsets(wordnet, &count);
    enum status status = wordnet_check_version(wordnet, error);
    if (!status)
        status = cli_open_store(cli, STORE_CLIENT, error);
    if (!status)
        status = store_synset_replace(cli->store, synsets, count, error);
    if (status)
        return status;
    printf(cli->json ? "{\"synsets\":%zu,\"hypernyms\":%zu}\n" : "synsets %zu\nhypernyms %zu\n",
           count, edges);
    return STATUS_OK;
}

/* `path` NULL: where Debian has it. */
static enum status import_wordnet(struct cli *cli, const char *path, struct error *error)
{
    struct wordnet *wordnet;
    if (!path && access(DEBIAN_WORDNET, F_OK) != 0)
        return error_set(error, STATUS_IO,
                         DEBIAN_WORDNET ": not there; install Debian's wordnet-base, or name the "
                                        "folder of WordNet 3.0's data.noun");
    enum status status = wordnet_read(path ? path : DEBIAN_WORDNET, &wordnet, error);
    if (!status)
        status = replace(cli, wordnet, error);
    wordnet_free(wordnet);
    return status;
}

static void print_synset(void *context, const char *wnid, const char *name, unsigned distance)
{
    const struct cli *cli = context;
    if (!cli->json) {
        terminal_write(stdout, wnid);
        printf("  %*s", (int)(2 * distance), "");
        terminal_write(stdout, name);
        putchar('\n');
        return;
    }
    fputs(distance ? ",{\"wnid\":" : "{\"synsets\":[{\"wnid\":", stdout);
    json_write_text(stdout, wnid);
    fputs(",\"name\":", stdout);
    json_write_text(stdout, name);
    printf(",\"distance\":%u}", distance);
}

/* The synset, what it is, step by step, and how many kinds of it there are. */
static enum status show(struct cli *cli, const char *wnid, struct error *error)
{
    uint64_t below;
    enum status status = cli_open_store(cli, STORE_READ, error);
    if (!status)
        status = store_synset_show(cli->store, wnid, print_synset, cli, &below, error);
    if (!status)
        printf(cli->json ? "],\"below\":%" PRIu64 "}\n" : "below %" PRIu64 "\n", below);
    return status;
}

enum status labels_command(struct cli *cli, int argc, char **argv, struct error *error)
{
    static const struct option table[] = {CLI_COMMON_OPTIONS};
    int value = cli_next_option(cli, argc, argv, table, error);
    if (value != CLI_END)
        return value == CLI_HELP ? STATUS_OK : STATUS_USAGE;
    char **words = argv + optind;
    int count = argc - optind;
    if ((count == 1 || count == 2) && strcmp(words[0], "import") == 0)
        return import_wordnet(cli, count == 2 ? words[1] : NULL, error);
    if (count == 2 && strcmp(words[0], "show") == 0)
        return show(cli, words[1], error);
    return cli_usage(cli, error, "expected import [DIR|FILE] or show WNID");
}
