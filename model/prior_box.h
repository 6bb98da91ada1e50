/* prior_box: the boxes of SSD's PriorBox layer, which depend on nothing but shapes.
 *
 * Source: prior_box_layer.cpp of weiliu89/caffe, branch ssd. A format without such a layer can hold
 * them as a constant.
 */
#ifndef MODEL_PRIOR_BOX_H
#define MODEL_PRIOR_BOX_H

#include "model/parameters.h"

enum { PRIOR_BOX_MAX_LIST = 256 }; /* numbers in any list of the parameters */

/* Boxes at each cell of the plane; 0 when the lists do not fit each other. */
size_t prior_box_count(const struct prior_box_parameters *parameters);

/* Boxes [first, first + count) of the plane, in row-major order of the cells, as xmin, ymin, xmax,
 * ymax in parts of the image. `plane` is N x C x H x W of the layer that predicts, `image` of the
 * network's input. Writes 4 * count numbers. */
void prior_box_fill(const struct prior_box_parameters *parameters, const struct shape *plane,
                    const struct shape *image, size_t first, size_t count, float *out);

/* The variances of any box. */
void prior_box_variances(const struct prior_box_parameters *parameters, float variances[4]);

#endif
