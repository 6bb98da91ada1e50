/* graph_fixture: builds graphs node by node with random weights, for tests of readers and writers.
 *
 * Every function ends the test with the error line if it fails. Numbers come from the seed alone.
 */
#ifndef TESTS_LIB_GRAPH_FIXTURE_H
#define TESTS_LIB_GRAPH_FIXTURE_H

#include "model/graph.h"

enum { MAKER_BATCH = 2, MAKER_CHANNELS = 4, MAKER_SIDE = 9 };

struct maker {
    struct graph *graph; /* the caller frees it */
    uint64_t random;
    size_t made; /* nodes so far: names have a number */
};

struct maker maker_create(uint64_t seed);

/* Uniform: in 0 ... count - 1; in low ... high; true or false; in 0.1 ... 3. */
int64_t maker_below(struct maker *maker, uint32_t count);
int64_t maker_between(struct maker *maker, int64_t low, int64_t high);
bool maker_coin(struct maker *maker);
float maker_number(struct maker *maker);

/* A new input of the graph; its value. The image is 2 x 4 x 9 x 9. */
uint32_t maker_input(struct maker *maker, struct shape shape);
uint32_t maker_image(struct maker *maker);

/* Appends a node with new outputs and random weights of the shapes that its rule wants. */
struct node *maker_add(struct maker *maker, enum operator_kind kind,
                       const union parameters *parameters, const uint32_t *inputs, size_t count,
                       size_t outputs);

/* The same with one output, on an image of its own. */
struct node *maker_add_to_image(struct maker *maker, enum operator_kind kind,
                                const union parameters *parameters);

#endif
