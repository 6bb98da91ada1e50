/* graphdef_fixture: tensors as TensorFlow has them (N,H,W,C), and graphs that are run on them. */
#ifndef TESTS_LIB_GRAPHDEF_FIXTURE_H
#define TESTS_LIB_GRAPHDEF_FIXTURE_H

#include "tests/lib/graphdef_draft.h"

enum { PICTURE_MOST = 4096 };

struct picture {
    struct shape shape;
    float values[PICTURE_MOST];
};

#define SHAPE(...)                                                                                 \
    ((struct shape){.dims = sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t),                    \
                    .dim = {__VA_ARGS__}})
#define INTS(draft, name, ...)                                                                     \
    draft_numbers(draft, name, sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t),                 \
                  (int64_t[]){__VA_ARGS__})
#define LIST(draft, key, ...)                                                                      \
    draft_ints(draft, key, sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t),                     \
               (int64_t[]){__VA_ARGS__})

/* Numbers between low and high; the same seed gives the same ones. */
struct picture picture_draw(struct shape shape, uint64_t seed, float low, float high);

/* A Const of those numbers. */
void picture_constant(struct draft *draft, const char *name, const struct picture *picture);

/* A graph with the input "x" of that shape, and numbers to feed to it. */
void picture_begin(struct draft *draft, struct picture *x, struct shape shape);

/* The attributes strides and padding. */
void picture_window(struct draft *draft, int64_t stride, const char *padding);

/* Loads the graph, feeds `input` to its only input and holds the value `name` against `expected`.
 */
void picture_gives(struct draft *draft, const struct picture *input, const char *name,
                   const struct picture *expected);

#endif
