#include "tests/lib/guarded.h"

#include <stdlib.h>
#include <string.h>

#include "tests/lib/random.h"

enum { SIDE = 64, ALIGN = 64 };

/* A quiet NaN with a payload of its own: an output that is never written shows too. */
static const uint32_t pattern = 0x7fc5a5a5;

struct guarded guarded_create(size_t count)
{
    size_t total = (count + 2 * SIDE + ALIGN - 1) / ALIGN * ALIGN;
    float *memory = aligned_alloc(ALIGN, total * sizeof *memory);

    if (!memory)
        abort();
    for (size_t i = 0; i < count + 2 * SIDE; i++)
        memcpy(&memory[i], &pattern, sizeof pattern);
    return (struct guarded){.data = memory + SIDE, .count = count};
}

void guarded_free(struct guarded *guarded)
{
    free(guarded->data - SIDE);
    guarded->data = NULL;
}

bool guarded_intact(const struct guarded *guarded)
{
    for (size_t i = 0; i < SIDE; i++) {
        if (memcmp(guarded->data - SIDE + i, &pattern, sizeof pattern) != 0 ||
            memcmp(guarded->data + guarded->count + i, &pattern, sizeof pattern) != 0)
            return false;
    }
    return true;
}

void guarded_fill(struct guarded *guarded, uint64_t *state, bool extremes)
{
    static const float special[] = {0.0F, -0.0F, 1e-40F, -1e-40F, 1e-20F, 1e15F, -1e15F, 1.0F};

    for (size_t i = 0; i < guarded->count; i++) {
        guarded->data[i] = (float)random_between(state, -1, 1);
        if (extremes && random_below(state, 8) == 0)
            guarded->data[i] = special[random_below(state, 8)];
    }
}
