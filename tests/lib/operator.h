/* operator: runs one operation by itself, between guarded buffers, for tests. */
#ifndef TESTS_LIB_OPERATOR_H
#define TESTS_LIB_OPERATOR_H

#include "engine/op.h"
#include "tests/lib/guarded.h"

enum { OPERATOR_TEST_INPUTS = 4 };

/* The caller sets kind, parameters, input_count and the inputs' shapes; operator_open() does the
 * rest. */
struct operator_test {
    enum operator_kind kind;
    union parameters parameters;
    uint32_t input_count;
    struct shape shapes[OPERATOR_TEST_INPUTS];
    /* filled */
    enum status status; /* of the run */
    struct guarded inputs[OPERATOR_TEST_INPUTS], weights[OPERATOR_MAX_WEIGHTS], output;
    struct shape output_shape;
    struct graph graph;
    struct node node;
    struct weight blobs[OPERATOR_MAX_WEIGHTS];
};

/* Infers the output, and fills inputs and weights with random numbers. False when the shapes do not
 * fit each other. */
bool operator_open(struct operator_test *test, uint64_t *random, bool extremes);

/* Prepares and runs the operation with the reference kernels; true when nothing outside the output
 * was written. With `in_place` the output takes the place of the first input. */
bool operator_run(struct operator_test *test, bool in_place);

void operator_close(struct operator_test *test);

#endif
