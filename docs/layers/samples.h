/* samples: one-layer networks, at least one for each operator, whose written forms show how each
 * format says a layer. */
#ifndef DOCS_LAYERS_SAMPLES_H
#define DOCS_LAYERS_SAMPLES_H

#include "model/graph.h"

enum { SAMPLE_INPUTS = 4 };

struct sample {
    enum operator_kind kind;
    const char *what; /* in a word or two; "" when there is one of the kind */
    union parameters parameters;
    size_t input_count;                 /* 0: one image of 1 x 4 x 9 x 9 */
    struct shape inputs[SAMPLE_INPUTS]; /* dims 0: the image */
    size_t output_count;                /* 0: one */
};

/* In the order of OPERATOR_MAP. */
extern const struct sample samples[];
extern const size_t sample_count;

/* The network: Input nodes and the layer, whose weights are all 1. The caller frees *out. */
enum status sample_graph(const struct sample *sample, struct graph **out,
                         struct error *error) MUST_CHECK;

#endif
