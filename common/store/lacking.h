/* lacking: which expected texts are in no label, for the files of this folder only.
 *
 * The view lacking tries each text with each label; here all texts are looked for at once, so that
 * time depends on the bytes of the labels and on how many different lengths the texts have.
 */
#ifndef COMMON_STORE_LACKING_H
#define COMMON_STORE_LACKING_H

#include "common/status.h"

struct store;

/* Puts the rows of the view under the scoring substring into the temporary table computed
 * (expectation_id, scoring). STATUS_LIMIT, and nothing was added: more than 2^20 texts or 64 MiB of
 * them. */
enum status lacking_rows(struct store *store, struct error *error) MUST_CHECK;

#endif
