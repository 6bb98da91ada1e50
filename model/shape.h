/* shape: extents of values, and the rule by which each operator makes them.
 *
 * Every product is checked; a value holds at most SHAPE_MAX_COUNT elements, Caffe's own ceiling
 * (blob.cpp: "blob size exceeds INT_MAX").
 */
#ifndef MODEL_SHAPE_H
#define MODEL_SHAPE_H

#include "model/graph.h"

#define SHAPE_MAX_COUNT ((int64_t)INT32_MAX)

/* What a shape rule reads and fills. */
struct inference {
    const struct graph *graph; /* for error lines */
    const struct node *node;
    const struct shape *inputs; /* node->input_count */
    struct shape *outputs;      /* node->output_count; filled */
    struct shape weights[OPERATOR_MAX_WEIGHTS];
    uint32_t weight_count; /* how many of `weights` the rule filled */
};

/* One rule per row of OPERATOR_MAP: fills `outputs`, `weights` and `weight_count`. STATUS_DATA when
 * the inputs do not fit the parameters. Sources: the Reshape() and LayerSetUp() of Caffe's
 * <name>_layer.cpp. */
#define X(kind, suffix, ...)                                                                       \
    enum status shape_##suffix(struct inference *inference, struct error *error) MUST_CHECK;
OPERATOR_MAP(X)
#undef X

/* Calls the rule of inference->node and checks that every extent is positive and no count too big.
 */
enum status shape_infer(struct inference *inference, struct error *error) MUST_CHECK;

/* The number of elements; false when it exceeds SHAPE_MAX_COUNT or an extent is negative. */
bool shape_count(const struct shape *shape, size_t *count) MUST_CHECK;

/* The product of the extents [from, to) of a shape whose count was checked. */
size_t shape_product(const struct shape *shape, unsigned from, unsigned to);

/* Turns an axis that may be negative into an index; false when it lies outside. */
bool shape_axis(const struct shape *shape, int64_t axis, unsigned *index) MUST_CHECK;

/* Where Crop begins to read along an axis of its first input, whose shape the rule has accepted. */
int64_t shape_crop_offset(const struct crop_parameters *crop, const struct shape *in,
                          unsigned axis);

/* How many windows of a pooling layer, not global, fit along height (0) or width (1) of `extent`;
 * 0 when there is none. pooling_layer.cpp, Reshape(): a last window that would start in the padding
 * on the far side is dropped; with padding on either axis, both are looked at. Rounding up lets one
 * window hang over an input that is smaller than it, by less than the stride. */
int64_t shape_pooled_extent(const struct pooling_parameters *p, int axis, int64_t extent);

bool shape_equal(const struct shape *a, const struct shape *b);

enum { SHAPE_TEXT = 192 };

/* "1x3x227x227"; "scalar" without extents. Returns `text`. */
const char *shape_text(const struct shape *shape, char text[SHAPE_TEXT]);

#endif
