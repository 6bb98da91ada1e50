/* build: what the files of the importer share: appending layers and turning operands. */
#ifndef MODEL_IMPORT_BUILD_H
#define MODEL_IMPORT_BUILD_H

#include "model/import/importer.h"
#include "model/shape.h"

/* A layer to be: inputs are values of the graph. */
struct layer {
    enum operator_kind kind;
    union parameters parameters;
    const uint32_t *inputs;
    size_t input_count;
    struct weight weights[OPERATOR_MAX_WEIGHTS];
    uint32_t weight_count;
};

/* Appends it with one output and infers its shape. */
enum status build_layer(struct importer *importer, const char *name, const struct layer *layer,
                        uint32_t *value) MUST_CHECK;

/* The same with several outputs. */
enum status build_layers(struct importer *importer, const char *const *names, size_t count,
                         const struct layer *layer, uint32_t *values) MUST_CHECK;

/* Appends a layer that reads x and whose output has its axes where x has them; extents may change.
 * `out` may be x. */
enum status build_on(struct importer *importer, const char *name, const struct operand *x,
                     const struct layer *layer, struct operand *out) MUST_CHECK;

/* "NAME/SUFFIX", with a number behind it if that is taken. */
enum status build_name(struct importer *importer, const char *name, const char *suffix,
                       const char **out) MUST_CHECK;

/* The value as an operand whose axis i is axis order[i] of it (NULL: i). */
struct operand build_operand(struct importer *importer, uint32_t value, const uint8_t *order);

/* The order in which tensors of that many axes are kept. */
void build_natural_order(const struct importer *importer, unsigned dims,
                         uint8_t order[SHAPE_MAX_DIMS]);

/* The same operand, seen through a value whose axis want[i] is axis i: appends a Permute if the
 * order differs (a Reshape, if only axes of extent 1 move). `name` is the node's that needs it.
 * `out` may be x. */
enum status build_turned(struct importer *importer, const char *name, const struct operand *x,
                         const uint8_t *want, struct operand *out) MUST_CHECK;

/* The same where the turned value itself, if one is made, is to be called `name`. */
enum status build_turned_as(struct importer *importer, const char *name, const struct operand *x,
                            const uint8_t *want, struct operand *out) MUST_CHECK;

/* The same with the axes in the source's order. */
enum status build_plain(struct importer *importer, const char *name, const struct operand *x,
                        struct operand *out) MUST_CHECK;

/* The same with axis `channel` as axis 1 of the value, where Caffe's layers want it. */
enum status build_channels(struct importer *importer, const char *name, const struct operand *x,
                           unsigned channel, struct operand *out) MUST_CHECK;

/* The same operand, of four axes, through a value whose axes are N,C,H,W. */
enum status build_planes(struct importer *importer, const char *name, const struct operand *x,
                         const struct import_axes *axes, struct operand *out) MUST_CHECK;

/* Scale (`factor`) and Bias (`offset`), each a weight along one axis of the value x, or NULL; the
 * one layer that says both. Nothing to say gives x. */
enum status build_scale(struct importer *importer, const char *name, const struct operand *x,
                        unsigned place, const struct weight *factor, const struct weight *offset,
                        struct operand *out) MUST_CHECK;

/* (shift + scale * x) ^ power; nothing when that is x. */
enum status build_power(struct importer *importer, const char *name, const struct operand *x,
                        struct power_parameters power, struct operand *out) MUST_CHECK;

/* STATUS_UNSUPPORTED for a constant, which no layer can make. */
enum status build_check_value(struct importer *importer, const struct operand *x) MUST_CHECK;

/* A layer of one input and these parameters that keeps the shape. */
enum status build_simple(struct importer *importer, const char *name, enum operator_kind kind,
                         const union parameters *parameters, const struct operand *x,
                         struct operand *out) MUST_CHECK;

/* A Reshape (or Flatten) of the value itself to `shape`; nothing if that is its shape. The first
 * extent is copied where it stays; else axis `rest` (-1: none) is what the others leave. */
enum status build_reshape(struct importer *importer, const char *name, uint32_t value,
                          const struct shape *shape, int rest, uint32_t *out) MUST_CHECK;

/* An index for an axis that may be negative; `dims` is that of the operand. */
enum status build_axis(struct importer *importer, int64_t axis, unsigned dims,
                       unsigned *index) MUST_CHECK;

#endif
