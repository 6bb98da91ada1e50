/* wordnet: the nouns of WordNet and what they are kinds of, from its file data.noun.
 *
 * The format is that of wndb(5WN). ImageNet's synset ids are "n" and the byte offset of the synset
 * in the data.noun of WordNet 3.0; another version has other offsets, or worse, the same with
 * another meaning.
 */
#ifndef COMMON_WORDNET_H
#define COMMON_WORDNET_H

#include <stddef.h>
#include <stdint.h>

#include "common/labels.h"
#include "common/status.h"

struct wordnet_synset {
    char wnid[WNID_SIZE];
    const char *name; /* the first of its words, with blanks, UTF-8 */
    const uint32_t *parents;
    size_t parent_count; /* hypernyms and instance hypernyms, by place in the array of synsets */
};

struct wordnet; /* immutable after reading; any number of threads may read it */

/* Reads `path`, a data.noun (at most 64 MiB) or a folder that has one. What it returns is whole:
 * each line stands where it says it stands, each pointer to a noun leads to one, and nothing is
 * above itself. STATUS_DATA names the line that is not so; STATUS_IO, STATUS_LIMIT, STATUS_MEMORY.
 * Caller frees *out. */
enum status wordnet_read(const char *path, struct wordnet **out, struct error *error) MUST_CHECK;
void wordnet_free(struct wordnet *wordnet);

/* STATUS_DATA unless it is version 3.0, told by the bears: ImageNet's ids mean that one. */
enum status wordnet_check_version(const struct wordnet *wordnet, struct error *error) MUST_CHECK;

/* All of them, by ascending id; they live as long as `wordnet`. */
const struct wordnet_synset *wordnet_synsets(const struct wordnet *wordnet, size_t *count);

/* How many "is a" there are between them. */
size_t wordnet_edges(const struct wordnet *wordnet);

/* NULL when there is none. */
const struct wordnet_synset *wordnet_find(const struct wordnet *wordnet, const char *wnid);

#endif
