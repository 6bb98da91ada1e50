/* probe: inputs on which two forms of a network are compared.
 *
 * Always the same numbers for a given shape, so that a certificate can be checked years later.
 */
#ifndef ENGINE_PROBE_H
#define ENGINE_PROBE_H

#include "engine/engine.h"
#include "model/graph.h"

/* Noise excites every weight, blocks of 16 x 16 pixels the deep layers, a gradient the borders. */
enum probe { PROBE_NOISE, PROBE_BLOCKS, PROBE_GRADIENT, PROBE_COUNT };

/* "noise", "blocks", "gradient". */
const char *probe_name(enum probe probe);

/* Fills input number `index` of the network with values in [-128, 127), the range of a picture
 * whose mean was subtracted; regions of interest (the second input of ROIPooling) with rectangles
 * inside the first input. */
void probe_fill(enum probe probe, const struct graph *graph, size_t index,
                const struct tensor *input);

#endif
