/* model_add: a manifest of the user's becomes one of the catalogue. */
#ifndef CLI_MODEL_ADD_H
#define CLI_MODEL_ADD_H

#include "cli/command.h"

/* Checks that the manifest at `path` and its files belong together, copies it, its graph, weights
 * and labels and the certificate of a conversion into the folder of models beside the database, and
 * tries the copy before a catalogue can see it. Prints what it was added as. One of the same name,
 * version and framework is replaced. */
enum status model_add(struct cli *cli, const char *path, struct error *error) MUST_CHECK;

#endif
