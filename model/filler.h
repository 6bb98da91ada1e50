/* filler: weights that a network leaves to Caffe's fillers instead of a file. */
#ifndef MODEL_FILLER_H
#define MODEL_FILLER_H

#include "model/graph.h"

/* Gives the node, a Deconvolution whose parameters say `bilinear`, `count` weights of these shapes:
 * the same triangle in each plane of the first (filler.hpp, BilinearFiller), a bias of 0. They are
 * views of one plane in the graph's arena, however many channels there are. STATUS_DATA when the
 * kernel is not square. */
enum status filler_bilinear(struct graph *graph, struct node *node, const struct shape *shapes,
                            uint32_t count, struct error *error) MUST_CHECK;

#endif
