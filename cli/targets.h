/* targets: from --model, --framework and --backend to the targets that a list of URLs is asked
 * about. */
#ifndef CLI_TARGETS_H
#define CLI_TARGETS_H

#include "cli/command.h"

enum { TARGETS_MAX = 64 };

struct targets {
    size_t count;
    struct store_target items[TARGETS_MAX];
    char *memory[TARGETS_MAX * 4]; /* owns the strings */
    size_t memory_count;
};

/* Every model with every framework (none: each model's own). A model of the catalogue gives the
 * missing versions; one that is only known to a CarML server must be named in full. STATUS_DATA for
 * an unknown model, STATUS_USAGE for an unknown backend or an incomplete name. Free with
 * targets_free in any case. */
enum status targets_resolve(struct cli *cli, const struct config_list *models,
                            const struct config_list *frameworks, const char *backend,
                            struct targets *out, struct error *error) MUST_CHECK;
/* One target as NAME[:VERSION] say, whether anybody knows it or not; a version that is not named is
 * empty. `backend` must outlive *out. STATUS_USAGE. Free as above. */
enum status targets_name(const struct cli *cli, const char *model, const char *framework,
                         const char *backend, struct targets *out, struct error *error) MUST_CHECK;
void targets_free(struct targets *targets);

#endif
