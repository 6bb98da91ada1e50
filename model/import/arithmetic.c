/* Arithmetic between tensors: with constants as Power, Scale and Bias, between values as Eltwise,
 * or as Scale and Bias of two inputs where one is broadcast. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "model/import/constant.h"

enum status import_broadcast_shape(struct importer *importer, const struct shape *a,
                                   const struct shape *b, struct shape *out)
{
    struct shape result = {.dims = a->dims > b->dims ? a->dims : b->dims};
    char left[SHAPE_TEXT], right[SHAPE_TEXT];

    for (unsigned i = 0; i < result.dims; i++) {
        int64_t x = i < a->dims ? a->dim[a->dims - 1 - i] : 1;
        int64_t y = i < b->dims ? b->dim[b->dims - 1 - i] : 1;
        if (x != y && x != 1 && y != 1)
            return importer_fail(importer, STATUS_DATA, "%s and %s do not go together",
                                 shape_text(a, left), shape_text(b, right));
        result.dim[result.dims - 1 - i] = x == 1 ? y : x;
    }
    *out = result;
    return STATUS_OK;
}

static enum status raise_rank(struct importer *importer, const char *name, const struct operand *x,
                              unsigned dims, struct operand *out)
{
    int64_t extents[SHAPE_MAX_DIMS];

    for (unsigned i = 0; i < dims; i++)
        extents[i] = i + x->shape.dims < dims ? 1 : x->shape.dim[i + x->shape.dims - dims];
    return import_reshape(importer, name, x, extents, dims, out);
}

static enum status tile_axis(struct importer *importer, const char *name, unsigned axis,
                             int64_t tiles, bool last, struct operand *x)
{
    union parameters tile = {.tile = {.axis = x->order[axis], .tiles = tiles}};
    enum status status = last ? STATUS_OK : build_name(importer, name, "Tile", &name);

    return status ? status : build_simple(importer, name, OPERATOR_TILE, &tile, x, x);
}

enum status import_tile(struct importer *importer, const char *name, const struct operand *x,
                        const int64_t *repeats, struct operand *out)
{
    struct operand result = *x;
    unsigned last = 0;
    enum status status = STATUS_OK;

    for (unsigned i = 0; i < x->shape.dims; i++) {
        if (repeats[i] < 1 || repeats[i] > INT32_MAX)
            return importer_fail(importer, STATUS_DATA, "%" PRId64 " repeats are not possible",
                                 repeats[i]);
        last = repeats[i] > 1 ? i : last;
    }
    for (unsigned i = 0; i < x->shape.dims && !status; i++) {
        const struct operand *copies[64];
        struct operand part = result;
        if (repeats[i] == 1)
            continue;
        if (x->kind == OPERAND_VALUE) {
            status = tile_axis(importer, name, i, repeats[i], i == last, &result);
            continue;
        }
        if (repeats[i] > 64)
            return importer_fail(importer, STATUS_UNSUPPORTED,
                                 "a constant repeated %" PRId64 " times is not folded", repeats[i]);
        for (int64_t j = 0; j < repeats[i]; j++)
            copies[j] = &part;
        status = constant_concat(importer, copies, (size_t)repeats[i], i, &result);
    }
    *out = result;
    return status;
}

enum status import_broadcast(struct importer *importer, const char *name, const struct operand *x,
                             const struct shape *shape, struct operand *out)
{
    int64_t repeats[SHAPE_MAX_DIMS];
    struct operand raised;
    struct shape result;
    const char *helper;
    enum status status = import_broadcast_shape(importer, &x->shape, shape, &result);
    char from[SHAPE_TEXT], to[SHAPE_TEXT];

    if (!status && !shape_equal(&result, shape))
        return importer_fail(importer, STATUS_DATA, "%s cannot be broadcast to %s",
                             shape_text(&x->shape, from), shape_text(shape, to));
    if (status)
        return status;
    if (operand_is_constant(x))
        return constant_stretch(importer, x, shape, out);
    if (shape_product(&x->shape, 0, x->shape.dims) == shape_product(shape, 0, shape->dims))
        return raise_rank(importer, name, x, shape->dims, out);
    status = build_name(importer, name, "Reshape", &helper);
    if (!status)
        status = raise_rank(importer, helper, x, shape->dims, &raised);
    for (unsigned i = 0; i < shape->dims && !status; i++)
        repeats[i] = raised.shape.dim[i] == shape->dim[i] ? 1 : shape->dim[i];
    return status ? status : import_tile(importer, name, &raised, repeats, out);
}

/* ---- a value and a constant ---- */

static enum status refuse(struct importer *importer, const char *what)
{
    return importer_fail(importer, STATUS_UNSUPPORTED, "%s is not supported", what);
}

/* x OPERATION number, or number OPERATION x if `reversed`. */
static enum status with_number(struct importer *importer, const char *name,
                               enum import_binary operation, const struct operand *x, float number,
                               bool reversed, struct operand *out)
{
    struct power_parameters power = {.power = 1, .scale = 1, .shift = 0};

    switch (operation) {
    case IMPORT_ADD:
        power.shift = number;
        break;
    case IMPORT_SUBTRACT:
        power.scale = reversed ? -1 : 1;
        power.shift = reversed ? number : -number;
        break;
    case IMPORT_SQUARED_DIFFERENCE:
        power.power = 2;
        power.shift = -number;
        break;
    case IMPORT_MULTIPLY:
        power.scale = number;
        break;
    case IMPORT_DIVIDE:
        if (number == 0)
            return refuse(importer, "a division by or of the constant 0");
        power.scale = 1 / number;
        power.power = reversed ? -1 : 1;
        break;
    case IMPORT_MAXIMUM:
        return import_clip(importer, name, x, number, INFINITY, out);
    case IMPORT_MINIMUM:
        return import_clip(importer, name, x, -INFINITY, number, out);
    default: /* POWER */
        if (reversed && !(number > 0))
            return refuse(importer, "a power of a base that is not positive");
        if (reversed)
            return build_simple(importer, name, OPERATOR_EXP,
                                &(union parameters){.exp = {.base = number, .scale = 1}}, x, out);
        power.power = number;
    }
    return build_power(importer, name, x, power, out);
}

/* The constant as a weight along the axes [*place, ...) of the value x, as few as vary. */
static enum status along_value(struct importer *importer, const struct operand *x,
                               const struct operand *constant, unsigned *place,
                               struct operand *weight)
{
    unsigned skipped = x->shape.dims - constant->shape.dims, first = SHAPE_MAX_DIMS, end = 0;
    struct pick picks[SHAPE_MAX_DIMS];
    struct shape shape = {.dims = 0};

    for (unsigned i = 0; i < constant->shape.dims; i++) {
        unsigned at = x->order[skipped + i];
        if (constant->shape.dim[i] == 1)
            continue;
        first = at < first ? at : first;
        end = at + 1 > end ? at + 1 : end;
    }
    for (unsigned at = first; at < end; at++)
        picks[at - first] = (struct pick){.axis = -1};
    for (unsigned i = 0; i < x->shape.dims; i++) {
        unsigned at = x->order[i];
        if (at < first || at >= end)
            continue;
        shape.dim[at - first] = x->shape.dim[i];
        shape.dims = end - first;
        if (i >= skipped && constant->shape.dim[i - skipped] != 1)
            picks[at - first] = (struct pick){.axis = (int)(i - skipped), .step = 1};
    }
    *place = first;
    return constant_pick(importer, constant, &shape, picks, weight);
}

/* Scale or Bias by a map; `before` is done to x first. */
static enum status by_map(struct importer *importer, const char *name,
                          const struct power_parameters *before, bool scale,
                          const struct operand *x, const struct operand *map, struct operand *out)
{
    struct operand first = *x, along;
    struct weight weight;
    const char *helper;
    unsigned place;
    enum status status = STATUS_OK;

    if (before->power != 1 || before->scale != 1) {
        status = build_name(importer, name, "Power", &helper);
        if (!status)
            status = build_power(importer, helper, x, *before, &first);
    }
    if (!status)
        status = along_value(importer, &first, map, &place, &along);
    if (!status)
        status = constant_weight(importer, &along, "its constant", &weight);
    if (status)
        return status;
    return build_scale(importer, name, &first, place, scale ? &weight : NULL,
                       scale ? NULL : &weight, out);
}

static enum status with_map(struct importer *importer, const char *name,
                            enum import_binary operation, const struct operand *x,
                            const struct operand *map, bool reversed, struct operand *out)
{
    struct power_parameters before = {.power = 1, .scale = 1, .shift = 0};
    struct operand changed = *map;
    enum status status = STATUS_OK;

    switch (operation) {
    case IMPORT_ADD:
    case IMPORT_MULTIPLY:
        break;
    case IMPORT_SUBTRACT:
    case IMPORT_SQUARED_DIFFERENCE:
        if (reversed)
            before.scale = -1;
        else
            status = constant_unary(importer, IMPORT_NEGATE, 0, 0, map, &changed);
        break;
    case IMPORT_DIVIDE:
        if (reversed)
            before.power = -1;
        else
            status = constant_unary(importer, IMPORT_RECIPROCAL, 0, 0, map, &changed);
        break;
    default:
        return refuse(importer, "a maximum, minimum or power with a constant of many numbers");
    }
    if (status)
        return status;
    if (operation != IMPORT_SQUARED_DIFFERENCE)
        return by_map(importer, name, &before,
                      operation == IMPORT_MULTIPLY || operation == IMPORT_DIVIDE, x, &changed, out);
    const char *helper;
    struct operand difference;
    status = build_name(importer, name, "Difference", &helper);
    if (!status)
        status = by_map(importer, helper, &before, false, x, &changed, &difference);
    return status ? status : import_unary(importer, name, IMPORT_SQUARE, 0, 0, &difference, out);
}

static enum status with_constant(struct importer *importer, const char *name,
                                 enum import_binary operation, const struct operand *x,
                                 const struct operand *constant, bool reversed, struct operand *out)
{
    struct operand first = *x;
    struct shape shape;
    float number;
    enum status status = import_broadcast_shape(importer, &x->shape, &constant->shape, &shape);

    if (!status && !shape_equal(&shape, &x->shape)) {
        const char *helper;
        status = build_name(importer, name, "Tile", &helper);
        if (!status)
            status = import_broadcast(importer, helper, x, &shape, &first);
    }
    if (status)
        return status;
    if (!shape_product(&constant->shape, 0, constant->shape.dims))
        return importer_fail(importer, STATUS_DATA, "its constant is empty");
    number = constant->kind == OPERAND_FLOATS ? weight_at(&constant->weight, 0)
                                              : (float)constant->integers[0];
    if (constant_is_all(constant, number))
        return with_number(importer, name, operation, &first, number, reversed, out);
    return with_map(importer, name, operation, &first, constant, reversed, out);
}

/* ---- two values ---- */

static enum status helper_power(struct importer *importer, const char *name, float power,
                                float scale, const struct operand *x, struct operand *out)
{
    const char *helper;
    enum status status = build_name(importer, name, "Power", &helper);

    return status ? status
                  : build_power(importer, helper, x,
                                (struct power_parameters){.power = power, .scale = scale}, out);
}

/* Eltwise of values of one shape, all brought into the order of the first that has the natural one.
 */
static enum status eltwise(struct importer *importer, const char *name,
                           enum eltwise_operation operation, const float *coefficients,
                           const struct operand *operands, size_t count, struct operand *out)
{
    struct layer layer = {.kind = OPERATOR_ELTWISE, .input_count = count};
    uint8_t natural[SHAPE_MAX_DIMS];
    const struct operand *model = &operands[0];
    uint32_t *inputs = arena_alloc(&importer->graph->arena, count, sizeof *inputs);
    float *kept = arena_alloc(&importer->graph->arena, count, sizeof *kept);
    struct operand turned;
    enum status status = STATUS_OK;

    if (!inputs || !kept)
        return arena_fail(&importer->graph->arena, importer->error);
    build_natural_order(importer, operands[0].shape.dims, natural);
    for (size_t i = count; i-- > 0;) {
        if (!memcmp(operands[i].order, natural, operands[i].shape.dims))
            model = &operands[i];
    }
    for (size_t i = 0; i < count && !status; i++) {
        status = build_turned(importer, name, &operands[i], model->order, &turned);
        inputs[i] = turned.value;
    }
    if (status)
        return status;
    if (coefficients)
        memcpy(kept, coefficients, count * sizeof *kept);
    layer.inputs = inputs;
    layer.parameters.eltwise = (struct eltwise_parameters){
        .operation = operation, .coefficients = coefficients ? kept : NULL};
    return build_on(importer, name, model, &layer, out);
}

/* a and b have one shape. */
static enum status alike(struct importer *importer, const char *name, enum import_binary operation,
                         const struct operand *a, const struct operand *b, struct operand *out)
{
    static const float difference[] = {1, -1};
    struct operand operands[] = {*a, *b};
    const char *helper = name;
    enum status status = STATUS_OK;

    switch (operation) {
    case IMPORT_ADD:
        return eltwise(importer, name, ELTWISE_SUM, NULL, operands, 2, out);
    case IMPORT_SUBTRACT:
        return eltwise(importer, name, ELTWISE_SUM, difference, operands, 2, out);
    case IMPORT_MULTIPLY:
        return eltwise(importer, name, ELTWISE_PRODUCT, NULL, operands, 2, out);
    case IMPORT_MAXIMUM:
        return eltwise(importer, name, ELTWISE_MAX, NULL, operands, 2, out);
    case IMPORT_DIVIDE:
        status = helper_power(importer, name, -1, 1, b, &operands[1]);
        return status ? status : eltwise(importer, name, ELTWISE_PRODUCT, NULL, operands, 2, out);
    case IMPORT_MINIMUM: /* -max(-a, -b) */
        status = helper_power(importer, name, 1, -1, a, &operands[0]);
        if (!status)
            status = helper_power(importer, name, 1, -1, b, &operands[1]);
        if (!status)
            status = build_name(importer, name, "Max", &helper);
        if (!status)
            status = eltwise(importer, helper, ELTWISE_MAX, NULL, operands, 2, out);
        return status ? status : import_unary(importer, name, IMPORT_NEGATE, 0, 0, out, out);
    default: /* POWER */
        return refuse(importer, "a power whose base and exponent the network computes");
    }
}

/* Whether the axes in which `small` varies (of the rank of `large`) stand side by side in the value
 * `large`; then [*first, *end) is where. The batch counts as varying if both have one. */
static bool find_run(const struct operand *large, const struct operand *small, bool batch,
                     unsigned *first, unsigned *end)
{
    bool varies[SHAPE_MAX_DIMS] = {false};

    *first = SHAPE_MAX_DIMS;
    *end = 0;
    for (unsigned i = 0; i < large->shape.dims; i++) {
        unsigned at = large->order[i];
        varies[at] = small->shape.dim[i] != 1 || (batch && at == 0 && small->order[i] == 0);
        if (!varies[at])
            continue;
        *first = at < *first ? at : *first;
        *end = at + 1 > *end ? at + 1 : *end;
    }
    for (unsigned i = 0; i < large->shape.dims; i++) {
        unsigned at = large->order[i];
        if (at >= *first && at < *end && !varies[at] && large->shape.dim[i] != 1)
            return false;
    }
    return *first < *end;
}

/* Scale or Bias of two inputs; `small` has the same rank and fits. */
static enum status by_value(struct importer *importer, const char *name, bool scale,
                            const struct operand *large, const struct operand *small,
                            unsigned first, unsigned end, struct operand *out)
{
    struct layer layer = {.kind = scale ? OPERATOR_SCALE : OPERATOR_BIAS, .input_count = 2};
    struct shape shape = {.dims = end - first};
    struct operand turned;
    uint32_t inputs[2] = {large->value};
    const char *helper;
    enum status status = build_turned(importer, name, small, large->order, &turned);

    for (unsigned i = 0; i < large->shape.dims; i++) {
        if (large->order[i] >= first && large->order[i] < end)
            shape.dim[large->order[i] - first] = large->shape.dim[i];
    }
    if (!status)
        status = build_name(importer, name, "Reshape", &helper);
    if (!status)
        status = build_reshape(importer, helper, turned.value, &shape, -1, &inputs[1]);
    layer.inputs = inputs;
    layer.parameters.scale =
        (struct scale_parameters){.axis = first, .num_axes = shape.dims, .bias = false};
    return status ? status : build_on(importer, name, large, &layer, out);
}

/* Two values of which the small one is to be broadcast to the shape of the large one. */
struct pair {
    struct operand large, small;
    bool swapped; /* the small one stands on the left */
};

static enum status tile_small(struct importer *importer, const char *name,
                              enum import_binary operation, struct pair *pair, struct operand *out)
{
    struct operand *large = &pair->large, *small = &pair->small;
    const char *helper;
    enum status status = build_name(importer, name, "Tile", &helper);

    if (!status)
        status = import_broadcast(importer, helper, small, &large->shape, small);
    if (status)
        return status;
    return alike(importer, name, operation, pair->swapped ? small : large,
                 pair->swapped ? large : small, out);
}

static enum status broadcast_pair(struct importer *importer, const char *name,
                                  enum import_binary operation, const struct operand *a,
                                  const struct operand *b, bool batch, struct operand *out)
{
    bool swapped =
        shape_product(&b->shape, 0, b->shape.dims) > shape_product(&a->shape, 0, a->shape.dims);
    struct pair pair = {swapped ? *b : *a, swapped ? *a : *b, swapped};
    struct operand *right = swapped ? &pair.large : &pair.small;
    unsigned first, end;
    enum status status = STATUS_OK;

    if (operation == IMPORT_MAXIMUM || operation == IMPORT_MINIMUM || operation == IMPORT_POWER ||
        !find_run(&pair.large, &pair.small, batch, &first, &end))
        return tile_small(importer, name, operation, &pair, out);
    if (operation == IMPORT_SUBTRACT)
        status = helper_power(importer, name, 1, -1, right, right);
    else if (operation == IMPORT_DIVIDE)
        status = helper_power(importer, name, -1, 1, right, right);
    if (status)
        return status;
    return by_value(importer, name, operation == IMPORT_MULTIPLY || operation == IMPORT_DIVIDE,
                    &pair.large, &pair.small, first, end, out);
}

static enum status two_values(struct importer *importer, const char *name,
                              enum import_binary operation, const struct operand *a,
                              const struct operand *b, struct operand *out)
{
    struct operand left, right;
    struct shape shape;
    bool batch = a->shape.dims == b->shape.dims;
    const char *helper;
    enum status status = import_broadcast_shape(importer, &a->shape, &b->shape, &shape);

    if (status)
        return status;
    if (operation == IMPORT_SQUARED_DIFFERENCE) {
        status = build_name(importer, name, "Difference", &helper);
        if (!status)
            status = two_values(importer, helper, IMPORT_SUBTRACT, a, b, out);
        return status ? status : import_unary(importer, name, IMPORT_SQUARE, 0, 0, out, out);
    }
    if (shape_equal(&a->shape, &b->shape))
        return alike(importer, name, operation, a, b, out);
    status = build_name(importer, name, "Reshape", &helper);
    if (!status)
        status = raise_rank(importer, helper, a, shape.dims, &left);
    if (!status)
        status = raise_rank(importer, helper, b, shape.dims, &right);
    if (!status && !shape_equal(&left.shape, &shape) && !shape_equal(&right.shape, &shape))
        status = import_broadcast(importer, helper, &left, &shape, &left);
    return status ? status : broadcast_pair(importer, name, operation, &left, &right, batch, out);
}

/* Caffe's Threshold: 1 where x is above the one number `limit`, else 0. */
static enum status above(struct importer *importer, const char *name, const struct operand *x,
                         const struct operand *limit, struct operand *out)
{
    struct layer layer = {.kind = OPERATOR_THRESHOLD, .input_count = 1, .inputs = &x->value};
    enum status status =
        import_read_float(importer, limit, "the limit", &layer.parameters.threshold.threshold);

    return status ? status : build_on(importer, name, x, &layer, out);
}

enum status import_binary(struct importer *importer, const char *name, enum import_binary operation,
                          const struct operand *a, const struct operand *b, struct operand *out)
{
    if (operand_is_constant(a) && operand_is_constant(b))
        return constant_binary(importer, operation, a, b, out);
    if (operation == IMPORT_GREATER && operand_is_constant(b))
        return above(importer, name, a, b, out);
    if (operation == IMPORT_LESS && operand_is_constant(a))
        return above(importer, name, b, a, out);
    if (operation >= IMPORT_FLOOR_DIVIDE)
        return refuse(importer, "comparing or dividing to whole numbers what the network computes");
    if (operand_is_constant(b))
        return with_constant(importer, name, operation, a, b, false, out);
    if (operand_is_constant(a))
        return with_constant(importer, name, operation, b, a, true, out);
    return two_values(importer, name, operation, a, b, out);
}

/* One Eltwise, if all are values of one shape. */
static bool can_join(const struct operand *const *operands, size_t count,
                     enum import_binary operation)
{
    if (operation != IMPORT_ADD && operation != IMPORT_MULTIPLY && operation != IMPORT_MAXIMUM)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (operands[i]->kind != OPERAND_VALUE ||
            !shape_equal(&operands[i]->shape, &operands[0]->shape))
            return false;
    }
    return count > 1 && count <= OPERATOR_MAX_INPUTS;
}

enum status import_many(struct importer *importer, const char *name, enum import_binary operation,
                        const struct operand *const *operands, size_t count, struct operand *out)
{
    struct operand result, *all;
    enum status status = STATUS_OK;

    if (!count)
        return importer_fail(importer, STATUS_DATA, "it has no input");
    if (can_join(operands, count, operation)) {
        all = arena_alloc(&importer->graph->arena, count, sizeof *all);
        if (!all)
            return arena_fail(&importer->graph->arena, importer->error);
        for (size_t i = 0; i < count; i++)
            all[i] = *operands[i];
        return eltwise(importer, name,
                       operation == IMPORT_ADD        ? ELTWISE_SUM
                       : operation == IMPORT_MULTIPLY ? ELTWISE_PRODUCT
                                                      : ELTWISE_MAX,
                       NULL, all, count, out);
    }
    if (count == 1)
        return import_identity(importer, name, operands[0], out);
    result = *operands[0];
    for (size_t i = 1; i < count && !status; i++) {
        const char *part = name;
        if (i + 1 < count)
            status = build_name(importer, name, "Part", &part);
        if (!status)
            status = import_binary(importer, part, operation, &result, operands[i], &result);
    }
    *out = result;
    return status;
}
