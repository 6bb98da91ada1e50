/* catalogue: the manifests that a name on the command line can mean.
 *
 * A list of folders, searched in order; each `*.yml` in one is a manifest. Names compare as CarML
 * generation B does: lower case, blanks and '-' count as '_'.
 */
#ifndef MODEL_CATALOGUE_H
#define MODEL_CATALOGUE_H

#include <stdbool.h>
#include <stddef.h>

#include "model/manifest.h"

struct catalogue;

/* Reads the folders in `paths` (separated by ':'; missing folders are fine). A manifest that cannot
 * be read is left out and its error goes to the log as a warning. Caller frees *out. */
enum status catalogue_open(const char *paths, struct catalogue **out,
                           struct error *error) MUST_CHECK;
void catalogue_free(struct catalogue *catalogue);

size_t catalogue_count(const struct catalogue *catalogue);
const struct manifest *catalogue_at(const struct catalogue *catalogue, size_t index);

/* The first match, and an original before what was converted from one: without a framework, a
 * model means its own. NULL fields match anything. NULL when there is none. */
const struct manifest *catalogue_find(const struct catalogue *catalogue, const char *name,
                                      const char *version, const char *framework,
                                      const char *framework_version);

/* True when the two names mean the same to CarML generation B. */
bool catalogue_same_name(const char *a, const char *b);

#endif
