/* guarded: float buffers with a pattern on both sides that tells whether somebody wrote past an
 * end.
 */
#ifndef TESTS_LIB_GUARDED_H
#define TESTS_LIB_GUARDED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct guarded {
    float *data; /* `count` floats, aligned to 64 bytes, filled with a pattern that is a NaN */
    size_t count;
};

/* Ends the program when memory is out. The caller frees it. */
struct guarded guarded_create(size_t count);
void guarded_free(struct guarded *guarded);

/* True while both sides are as they were. */
bool guarded_intact(const struct guarded *guarded);

/* Fills with numbers of [-1, 1) that include, with `extremes`, zeros of both signs, subnormal, tiny
 * and large ones. */
void guarded_fill(struct guarded *guarded, uint64_t *state, bool extremes);

#endif
