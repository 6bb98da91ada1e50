/* mutation: damages files the way disks, editors, and people with bad intent do, for tests.
 *
 * Deterministic: the same bytes and the same state of the random numbers give the same damage.
 */
#ifndef TESTS_LIB_MUTATION_H
#define TESTS_LIB_MUTATION_H

#include <stdint.h>

#include "common/buf.h"

enum mutation_kind {
    MUTATION_BYTES,    /* pickles, archives */
    MUTATION_PROTOBUF, /* fields, lengths and messages, too */
    MUTATION_TEXT      /* numbers, words, and blocks in braces, too */
};

/* Damages `file` once; `donor` is another file, of which a part may be taken. Running out of memory
 * ends the program. */
void mutation_apply(struct buf *file, const struct buf *donor, enum mutation_kind kind,
                    uint64_t *random);

#endif
