/* synset: what is a kind of what, for scoring by "is a"; beside store.h, whose promises hold here,
 * too. A new database knows the synsets of ILSVRC 2012 and those above them.
 */
#ifndef COMMON_STORE_SYNSET_H
#define COMMON_STORE_SYNSET_H

#include "common/store/store.h"
#include "common/wordnet.h"

/* Replaces all synsets and hypernyms by these, in one transaction. */
enum status store_synset_replace(struct store *store, const struct wordnet_synset *synsets,
                                 size_t count, struct error *error) MUST_CHECK;

/* STATUS_NO when the database does not know this synset. */
enum status store_synset_find(struct store *store, const char *wnid,
                              struct error *error) MUST_CHECK;

/* Calls `synset` for the synset (distance 0) and then for those above it, the nearest first;
 * *below: how many are below it. STATUS_NO as above. */
typedef void store_synset_fn(void *context, const char *wnid, const char *name, unsigned distance);
enum status store_synset_show(struct store *store, const char *wnid, store_synset_fn *synset,
                              void *context, uint64_t *below, struct error *error) MUST_CHECK;

#endif
