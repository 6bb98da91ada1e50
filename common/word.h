/* word: how much two words look alike, to name what was probably meant. */
#ifndef COMMON_WORD_H
#define COMMON_WORD_H

#include <stddef.h>

/* Letters to insert, remove or replace to make one of the other (V. I. Levenshtein, 1966); only
 * the first 64 bytes of each count. Any thread. */
size_t word_distance(const char *a, const char *b);

#endif
