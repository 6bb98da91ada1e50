/* imported_fixture: runs what the importer builds and compares it with a formula, for tests. */
#ifndef TESTS_LIB_IMPORTED_FIXTURE_H
#define TESTS_LIB_IMPORTED_FIXTURE_H

#include "model/import/importer.h"

enum { IMPORTED_INPUTS = 2 };

struct imported {
    struct importer importer;
    struct error error;
    struct operand x[IMPORTED_INPUTS];
    float *data[IMPORTED_INPUTS]; /* in the source's order of axes, for two pictures */
    size_t input_count;
    struct graph *graph; /* after imported_run() */
    bool fixed_batch;    /* do not try two pictures */
};

/* An empty importer; tensors of four axes are N,H,W,C if `channels_last`. */
void imported_open(struct imported *imported, bool channels_last);
void imported_close(struct imported *imported);

/* Appends an input called "x" or "y" of random numbers from -2 to 2. */
void imported_input(struct imported *imported, unsigned dims, const int64_t *extents);

/* Numbers from -1 to 1 for weights, no two neighbours alike. */
void imported_numbers(float *numbers, int count);

/* A constant of these numbers. */
struct operand imported_floats(struct imported *imported, unsigned dims, const int64_t *extents,
                               const float *numbers);
struct operand imported_integers(struct imported *imported, unsigned dims, const int64_t *extents,
                                 const int64_t *numbers);

/* Element (index) of an input. */
float imported_at(const struct imported *imported, size_t input, const int64_t *index);

/* The first picture's pixel of the first input, which is N,H,W,C; 0 outside. */
float imported_pixel(const struct imported *imported, int64_t y, int64_t x, int64_t channel);

/* The element of the result at `index`, in the source's axes. */
typedef float imported_formula(const struct imported *imported, const int64_t *index);

/* Makes `result` the output "out", finishes, runs and compares shape and numbers; then with a batch
 * of two. What is wrong fails the test. */
void imported_check(struct imported *imported, const struct operand *result, const char *shape,
                    imported_formula *formula);

/* Fails the test with the importer's line unless `status` is STATUS_OK. */
void imported_works(const struct imported *imported, enum status status);

/* How many nodes of that kind the graph has. */
size_t imported_nodes(const struct imported *imported, enum operator_kind kind);

#endif
