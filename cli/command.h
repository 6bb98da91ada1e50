/* command: what every subcommand of carmlbench has in common.
 *
 * A subcommand is one function in a file of its own. It reads its options, does its work, writes
 * data to stdout and talk to stderr, and returns a status; main prints the error line and turns the
 * status into the exit code. Configuration, store and catalogue are opened on first use and closed
 * by main.
 */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include <getopt.h>
#include <stdbool.h>

#include "common/config.h"
#include "common/status.h"
#include "common/store/store.h"
#include "model/catalogue.h"

struct cli {
    const char *config_path, *database; /* NULL: as configured */
    bool json;
    struct config *config;
    struct store *store;
    struct catalogue *catalogue;
    const struct command *command; /* that is running */
};

struct command {
    const char *name;
    const char *arguments; /* after the name, as usage shows it */
    const char *summary;   /* one line */
    const char *details;   /* further lines of --help */
    enum status (*run)(struct cli *cli, int argc, char **argv, struct error *error);
};

/* The table in main.c and its length. */
extern const struct command commands[];
extern const size_t command_count;

/* Options that every subcommand takes; ends a table of long options. */
#define CLI_COMMON_OPTIONS                                                                         \
    {"config", required_argument, NULL, CLI_OPTION_CONFIG},                                        \
        {"db", required_argument, NULL, CLI_OPTION_DB},                                            \
        {"json", no_argument, NULL, CLI_OPTION_JSON},                                              \
        {"help", no_argument, NULL, CLI_OPTION_HELP},                                              \
    {                                                                                              \
        NULL, 0, NULL, 0                                                                           \
    }

enum { CLI_OPTION_CONFIG = 1000, CLI_OPTION_DB, CLI_OPTION_JSON, CLI_OPTION_HELP };

enum cli_option { CLI_END = -1, CLI_ERROR = -2, CLI_HELP = -3 };

/* The next option of the subcommand: its value from `table`, CLI_END, CLI_ERROR (*error says which
 * option is wrong), or CLI_HELP (help was printed). The common options are dealt with inside. */
int cli_next_option(struct cli *cli, int argc, char **argv, const struct option *table,
                    struct error *error);

/* error_set(STATUS_USAGE) with the command's name in front and its usage behind. */
enum status cli_usage(const struct cli *cli, struct error *error, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* Checks how many arguments are left; `most` < 0: any number. */
enum status cli_arguments(const struct cli *cli, int left, int least, int most,
                          struct error *error) MUST_CHECK;

/* Opens what is not open yet; the pointers in `cli` are valid afterwards. */
enum status cli_open_config(struct cli *cli, struct error *error) MUST_CHECK;
enum status cli_open_store(struct cli *cli, enum store_mode mode, struct error *error) MUST_CHECK;
enum status cli_open_catalogue(struct cli *cli, struct error *error) MUST_CHECK;
void cli_close(struct cli *cli);

/* Reads the manifest that `model` names: a path (it contains a '/' or ends in .yml or .yaml) or a
 * name of the catalogue, NAME[:VERSION][@FRAMEWORK[:VERSION]]. Without a framework the original is
 * meant, and where there are others, stderr says so. Caller frees *out with manifest_free. */
enum status cli_find_manifest(struct cli *cli, const char *model, struct manifest **out,
                              struct error *error) MUST_CHECK;
bool cli_is_path(const char *model);

/* Whether all of stdout was written: STATUS_IO when not (disk full, closed pipe). */
enum status cli_flush(struct error *error) MUST_CHECK;

/* What is wrong with --run, --expect and --synset, the last two of which may be NULL. */
enum status cli_check_run(const struct cli *cli, const char *run, struct error *error) MUST_CHECK;
enum status cli_check_expectation(const struct cli *cli, const char *text, const char *synset,
                                  struct error *error) MUST_CHECK;

/* Says so on stderr when the database does not know the synset (NULL is fine): then only that very
 * id counts as right, which is no error. */
enum status cli_note_synset(const struct cli *cli, const char *synset,
                            struct error *error) MUST_CHECK;

/* Says so on stderr when URLs kept another expectation than the one they now came with. */
void cli_note_kept(uint64_t urls);

typedef enum status command_fn(struct cli *cli, int argc, char **argv, struct error *error);
command_fn enqueue_command, status_command, results_command, report_command, retry_command,
    fsck_command, import_command, labels_command, model_command, classify_command, infer_command,
    convert_command, verify_command;

#endif
