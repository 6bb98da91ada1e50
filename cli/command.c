#include "cli/command.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/labels.h"
#include "common/store/synset.h"
#include "common/utf8.h"

static void print_help(const struct command *command)
{
    printf("usage: carmlbench [--config FILE] [--db FILE] %s %s\n\n%s\n", command->name,
           command->arguments, command->summary);
    if (command->details)
        printf("\n%s", command->details);
}

static enum status usage_error(const struct cli *cli, struct error *error, const char *what)
{
    return error_set(error, STATUS_USAGE, "%s: %s; see carmlbench %s --help", cli->command->name,
                     what, cli->command->name);
}

enum status cli_usage(const struct cli *cli, struct error *error, const char *format, ...)
{
    char what[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    return usage_error(cli, error, what);
}

static int option_error(const struct cli *cli, char **argv, int value, struct error *error)
{
    cli_usage(cli, error, "%s: %s", argv[optind - 1],
              value == ':' ? "the option needs a value" : "there is no such option");
    return CLI_ERROR;
}

int cli_next_option(struct cli *cli, int argc, char **argv, const struct option *table,
                    struct error *error)
{
    const char *letters = ":";

    /* -o is what compilers have taught everybody for the output. */
    for (const struct option *option = table; option->name; option++)
        letters = option->val == 'o' ? ":o:" : letters;
    opterr = 0;
    for (;;) {
        int value = getopt_long(argc, argv, letters, table, NULL);
        switch (value) {
        case CLI_OPTION_CONFIG:
            cli->config_path = optarg;
            continue;
        case CLI_OPTION_DB:
            cli->database = optarg;
            continue;
        case CLI_OPTION_JSON:
            cli->json = true;
            continue;
        case CLI_OPTION_HELP:
            print_help(cli->command);
            return CLI_HELP;
        case '?':
        case ':':
            return option_error(cli, argv, value, error);
        default:
            return value;
        }
    }
}

enum status cli_arguments(const struct cli *cli, int left, int least, int most, struct error *error)
{
    if (left < least)
        return cli_usage(cli, error, "%s is missing", cli->command->arguments);
    if (most >= 0 && left > most)
        return cli_usage(cli, error, "%d argument%s too many", left - most,
                         left - most == 1 ? "" : "s");
    return STATUS_OK;
}

enum status cli_open_config(struct cli *cli, struct error *error)
{
    if (cli->config)
        return STATUS_OK;
    enum status status = config_read(cli->config_path, &cli->config, error);
    if (!status && cli->database)
        status = config_set(cli->config, "database", cli->database, error);
    return status;
}

enum status cli_open_store(struct cli *cli, enum store_mode mode, struct error *error)
{
    if (cli->store)
        return STATUS_OK;
    enum status status = cli_open_config(cli, error);
    if (!status)
        status = store_open(cli->config->database, mode, &cli->store, NULL, error);
    return status;
}

enum status cli_open_catalogue(struct cli *cli, struct error *error)
{
    if (cli->catalogue)
        return STATUS_OK;
    enum status status = cli_open_config(cli, error);
    if (status)
        return status;
    char *paths = config_models_path(cli->config);
    if (!paths)
        return error_set(error, STATUS_MEMORY, "models: out of memory");
    status = catalogue_open(paths, &cli->catalogue, error);
    free(paths);
    return status;
}

void cli_close(struct cli *cli)
{
    store_close(cli->store);
    catalogue_free(cli->catalogue);
    config_free(cli->config);
}

enum status cli_flush(struct error *error)
{
    if (fflush(stdout) != 0 || ferror(stdout))
        return error_set(error, STATUS_IO, "standard output: %s; the output is not complete",
                         strerror(errno));
    return STATUS_OK;
}

bool cli_is_path(const char *model)
{
    size_t n = strlen(model);
    return strchr(model, '/') || (n > 4 && strcmp(model + n - 4, ".yml") == 0) ||
           (n > 5 && strcmp(model + n - 5, ".yaml") == 0);
}

/* "NAME[:VERSION][@FRAMEWORK[:VERSION]]"; NULL where a part is not there. Changes `text`. */
struct model_name {
    const char *name, *version, *framework, *framework_version;
};

static struct model_name split_name(char *text)
{
    struct model_name name = {.name = text};
    char *framework = strchr(text, '@'), *version;

    if (framework) {
        *framework++ = '\0';
        version = strchr(framework, ':');
        if (version)
            *version++ = '\0';
        name.framework = framework;
        name.framework_version = version;
    }
    version = strchr(text, ':');
    if (version)
        *version++ = '\0';
    name.version = version;
    return name;
}

/* Where a name could mean several, what it was taken for is not left to guessing. */
static void tell_others(const struct cli *cli, const struct manifest *found)
{
    bool others = false;

    for (size_t i = 0; i < catalogue_count(cli->catalogue); i++) {
        const struct manifest *other = catalogue_at(cli->catalogue, i);
        if (!catalogue_same_name(other->name, found->name) ||
            catalogue_same_name(other->framework_name, found->framework_name))
            continue;
        fprintf(stderr, "%s%s@%s", others ? ", " : "note: there is also ", other->name,
                other->framework_name);
        others = true;
    }
    if (others)
        fprintf(stderr, "; this is %s@%s\n", found->name, found->framework_name);
}

enum status cli_find_manifest(struct cli *cli, const char *model, struct manifest **out,
                              struct error *error)
{
    if (cli_is_path(model))
        return manifest_read(model, out, error);
    enum status status = cli_open_catalogue(cli, error);
    if (status)
        return status;
    char *text = strdup(model);
    if (!text)
        return error_set(error, STATUS_MEMORY, "%s: out of memory", model);
    struct model_name name = split_name(text);
    const struct manifest *found = catalogue_find(cli->catalogue, name.name, name.version,
                                                  name.framework, name.framework_version);
    if (found && !name.framework)
        tell_others(cli, found);
    free(text);
    if (!found)
        return error_set(
            error, STATUS_DATA,
            "%s: there is no such model; see carmlbench model list, or name a manifest "
            "file (FILE.yml)",
            model);
    return manifest_read(found->path, out, error);
}

enum status cli_check_run(const struct cli *cli, const char *run, struct error *error)
{
    if (!*run || strlen(run) > 200 || !utf8_valid(run))
        return cli_usage(cli, error, "--run: a name of 1 to 200 bytes of UTF-8 is expected");
    return STATUS_OK;
}

enum status cli_check_expectation(const struct cli *cli, const char *text, const char *synset,
                                  struct error *error)
{
    char wnid[WNID_SIZE];
    const char *rest;
    if (text && (!*text || !utf8_valid(text)))
        return cli_usage(cli, error, "--expect: a text in UTF-8 is expected");
    if (!synset)
        return STATUS_OK;
    label_split(synset, wnid, &rest);
    if (strcmp(wnid, synset) != 0)
        return cli_usage(cli, error, "--synset %s: expected a WordNet id such as n02131653",
                         synset);
    return STATUS_OK;
}

enum status cli_note_synset(const struct cli *cli, const char *synset, struct error *error)
{
    enum status status = synset ? store_synset_find(cli->store, synset, error) : STATUS_OK;
    if (status != STATUS_NO)
        return status;
    fprintf(stderr,
            "note: %s is no synset that the database knows, so nothing below it counts as right; "
            "see carmlbench labels --help\n",
            synset);
    return STATUS_OK;
}

void cli_note_kept(uint64_t urls)
{
    if (urls)
        fprintf(stderr,
                "note: %" PRIu64 " URL%s earlier expectation, which is another; a run of %s own "
                "(--run) would take this one\n",
                urls, urls == 1 ? " keeps its" : "s keep their", urls == 1 ? "its" : "their");
}
