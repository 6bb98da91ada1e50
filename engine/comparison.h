/* comparison: runs two networks on the same inputs and says value by value how far they differ.
 *
 * Values are paired by name if their extents agree and the axes stand in the same order; a value of
 * A without such a namesake is paired with a value of B that holds the same numbers on the first
 * input, if there is one. B may lack inputs of A that make no difference. Values of in-place layers
 * count each for itself. Belongs to one thread.
 */
#ifndef ENGINE_COMPARISON_H
#define ENGINE_COMPARISON_H

#include "engine/engine.h"
#include "model/graph.h"

/* What a conversion must keep: largest difference of a probability, and of any layer relative to
 * the layer's largest magnitude. */
#define COMPARISON_MAX_PROBABILITY 1e-5
#define COMPARISON_MAX_RELATIVE 1e-4

enum comparison_pairing { PAIRING_NONE, PAIRING_NAME, PAIRING_NUMBERS, PAIRING_OUTPUT };

/* One value of A, in execution order. */
struct comparison_layer {
    const char *name; /* unique, see model/names.h; lives as long as the comparison */
    const struct node *node;
    const struct shape *shape; /* of what is compared: for one image, if that can be */
    const char *other;         /* name in B; NULL without a pair */
    enum comparison_pairing pairing;
    double max_difference; /* max |a - b| over all inputs; infinite if one of them is not a number,
                              or if they are not equally many (rows of DetectionOutput) */
    double relative;       /* max of (max |a - b| / max |a|) */
    bool output, probability; /* of the network; made by Softmax */
    bool finite;              /* A had a finite number there on some input */
    bool inside;              /* an output of A whose pair is none of B's */
};

struct comparison_result {
    size_t input_count; /* inputs run so far */
    size_t layer_count;
    const struct comparison_layer *layers;
    size_t paired;
    double max_probability; /* largest |p_a - p_b| of the outputs that are probabilities, else 0 */
    double max_relative;    /* over all pairs */
    double output_relative; /* over the outputs */
    size_t same_top1, same_top3; /* inputs on which the first output's best class, or best three in
                                    order, agree */
    const struct comparison_layer *first_different; /* NULL: none */
    const char *hint; /* why such a layer commonly differs; NULL when there is none */
    const struct comparison_layer *undecided; /* an output of A that never was finite; NULL: none */
    bool same; /* within the two bounds above, and no output undecided */
};

struct comparison;

/* Both graphs must outlive *out. STATUS_DATA when the networks do not take the same inputs or give
 * the same outputs; else as engine_create(). Caller frees *out. */
enum status comparison_create(const struct graph *a, const struct graph *b, struct comparison **out,
                              struct error *error) MUST_CHECK;
void comparison_free(struct comparison *comparison);

/* A's input, to be filled before comparison_run(); N,C,H,W. For one image, or for as many
 * as a network is fixed to. */
const struct tensor *comparison_input(const struct comparison *comparison, size_t index);
size_t comparison_input_count(const struct comparison *comparison);

/* Runs both networks on what the inputs hold. */
enum status comparison_run(struct comparison *comparison, struct error *error) MUST_CHECK;

/* Fills and runs each probe (engine/probe.h). */
enum status comparison_run_probes(struct comparison *comparison, struct error *error) MUST_CHECK;

/* Valid until the next call. */
const struct comparison_result *comparison_result(struct comparison *comparison);

#endif
