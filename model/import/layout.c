/* Reshapes and transposes: what changes how a tensor is seen. */
#include <inttypes.h>
#include <string.h>

#include "model/import/constant.h"

enum status import_identity(struct importer *importer, const char *name, const struct operand *x,
                            struct operand *out)
{
    struct layer layer = {.kind = OPERATOR_SPLIT};

    if (x->kind == OPERAND_VALUE)
        return build_on(importer, name, x, &layer, out);
    *out = *x;
    return STATUS_OK;
}

static enum status check_order(struct importer *importer, unsigned dims, const int64_t *order,
                               size_t count, uint8_t *out)
{
    bool seen[SHAPE_MAX_DIMS] = {false};

    if (count != dims)
        return importer_fail(importer, STATUS_DATA, "its order has %zu axes and its input %u",
                             count, dims);
    for (unsigned i = 0; i < dims; i++) {
        unsigned axis;
        enum status status = build_axis(importer, order[i], dims, &axis);
        if (status)
            return status;
        if (seen[axis])
            return importer_fail(importer, STATUS_DATA, "its order names axis %u twice", axis);
        seen[axis] = true;
        out[i] = (uint8_t)axis;
    }
    return STATUS_OK;
}

/* Remembers that `name` means a Permute from the value's axes to the natural order. */
static enum status remember_name(struct importer *importer, const char *name, struct operand *x)
{
    uint8_t natural[SHAPE_MAX_DIMS];

    if (x->turned_name)
        return STATUS_OK;
    build_natural_order(importer, x->shape.dims, natural);
    for (unsigned i = 0; i < x->shape.dims; i++)
        x->turned_as[natural[i]] = x->order[i];
    x->turned_name = arena_text(&importer->graph->arena, name, strlen(name));
    return x->turned_name ? STATUS_OK : arena_fail(&importer->graph->arena, importer->error);
}

enum status import_transpose(struct importer *importer, const char *name, const struct operand *x,
                             const int64_t *order, size_t count, struct operand *out)
{
    struct operand turned = *x;
    uint8_t axes[SHAPE_MAX_DIMS];
    enum status status = check_order(importer, x->shape.dims, order, count, axes);

    if (status)
        return status;
    if (x->kind != OPERAND_VALUE)
        return constant_transpose(importer, x, axes, out);
    for (unsigned i = 0; i < x->shape.dims; i++) {
        turned.order[i] = x->order[axes[i]];
        turned.shape.dim[i] = x->shape.dim[axes[i]];
    }
    status = remember_name(importer, name, &turned);
    *out = turned;
    return status;
}

/* ---- reshape ---- */

/* A run of the source's axes and the run of target axes that holds the same elements. */
struct group {
    unsigned from, from_end, to, to_end;
    int first; /* where it begins in the value; -1: only extents of 1 */
};

struct regrouping {
    const struct operand *x;
    const struct shape *target;
    unsigned count;
    struct group groups[2 * SHAPE_MAX_DIMS];
};

/* The shortest groups. The counts of both shapes are equal and not 0. */
static void find_groups(struct regrouping *regrouping)
{
    const struct shape *from = &regrouping->x->shape, *to = regrouping->target;
    unsigned i = 0, j = 0;

    while (i < from->dims && j < to->dims) {
        struct group *group = &regrouping->groups[regrouping->count++];
        int64_t a = from->dim[i], b = to->dim[j];
        *group = (struct group){.from = i++, .to = j++};
        while (a != b) {
            if (a < b)
                a *= from->dim[i++];
            else
                b *= to->dim[j++];
        }
        group->from_end = i;
        group->to_end = j;
    }
    if (!regrouping->count)
        regrouping->groups[regrouping->count++] = (struct group){.from = 0};
    regrouping->groups[regrouping->count - 1].from_end = from->dims; /* ones that are left */
    regrouping->groups[regrouping->count - 1].to_end = to->dims;
}

/* Axes of extent 1 may stand anywhere, but for the batch, which may be more than 1 one day. */
static bool is_free(int64_t extent, unsigned place)
{
    return extent == 1 && place != 0;
}

/* True when each group's axes stand side by side and in order in the value. */
static bool fits_memory(struct regrouping *regrouping)
{
    const struct operand *x = regrouping->x;
    int owner[SHAPE_MAX_DIMS], last = -1;

    for (unsigned i = 0; i < SHAPE_MAX_DIMS; i++)
        owner[i] = -1;
    for (unsigned g = 0; g < regrouping->count; g++) {
        struct group *group = &regrouping->groups[g];
        int before = -1;
        group->first = -1;
        for (unsigned i = group->from; i < group->from_end; i++) {
            if (is_free(x->shape.dim[i], x->order[i]))
                continue;
            if (x->order[i] < before)
                return false;
            before = x->order[i];
            group->first = group->first < 0 ? before : group->first;
            owner[before] = (int)g;
        }
    }
    for (unsigned i = 0; i < x->shape.dims; i++) {
        if (owner[i] < 0)
            continue;
        if (owner[i] != last && regrouping->groups[owner[i]].first != (int)i)
            return false; /* another group stands in between */
        last = owner[i];
    }
    return true;
}

/* Orders the target's axes as their groups stand in the value; groups of ones stay behind the group
 * before them. */
static void memory_order(const struct regrouping *regrouping, uint8_t *order)
{
    unsigned place = 0;

    for (int at = -1; at < SHAPE_MAX_DIMS; at++) {
        int key = -1;
        for (unsigned g = 0; g < regrouping->count; g++) {
            const struct group *group = &regrouping->groups[g];
            key = group->first < 0 ? key : group->first;
            for (unsigned i = group->to; key == at && i < group->to_end; i++)
                order[i] = (uint8_t)place++;
        }
    }
}

/* True when both orders put the axes that are not free into the same sequence. */
static bool same_memory(const struct shape *shape, const uint8_t *a, const uint8_t *b)
{
    for (unsigned i = 0; i < shape->dims; i++) {
        for (unsigned j = 0; j < i; j++) {
            if (!is_free(shape->dim[i], b[i]) && !is_free(shape->dim[j], b[j]) &&
                (a[i] < a[j]) != (b[i] < b[j]))
                return false;
        }
    }
    return true;
}

static void choose_order(const struct importer *importer, const struct regrouping *regrouping,
                         uint8_t *order)
{
    const struct shape *target = regrouping->target;
    uint8_t natural[SHAPE_MAX_DIMS];

    memory_order(regrouping, order);
    build_natural_order(importer, target->dims, natural);
    if (same_memory(target, natural, order)) {
        memcpy(order, natural, sizeof natural);
        return;
    }
    for (unsigned i = 0; i < SHAPE_MAX_DIMS; i++)
        natural[i] = (uint8_t)i;
    if (same_memory(target, natural, order))
        memcpy(order, natural, sizeof natural);
}

/* Where the source's axes must stand so that each group's stand together, the groups in the natural
 * order of what they become. */
static void group_order(const struct importer *importer, const struct regrouping *regrouping,
                        uint8_t *want)
{
    unsigned place = 0, dims = regrouping->target->dims;
    uint8_t natural[SHAPE_MAX_DIMS];

    build_natural_order(importer, dims, natural);
    for (unsigned at = 0; at < SHAPE_MAX_DIMS; at++) {
        for (unsigned g = 0; g < regrouping->count; g++) {
            const struct group *group = &regrouping->groups[g];
            unsigned key = group->to < dims ? natural[group->to] : SHAPE_MAX_DIMS - 1;
            for (unsigned i = group->from; key == at && i < group->from_end; i++)
                want[i] = (uint8_t)place++;
        }
    }
}

static enum status reshape_value(struct importer *importer, const char *name,
                                 const struct operand *x, const struct shape *target, int rest,
                                 struct operand *out)
{
    struct operand plain = *x;
    struct regrouping regrouping = {.x = &plain, .target = target};
    struct shape shape = {.dims = target->dims};
    uint8_t order[SHAPE_MAX_DIMS] = {0};
    enum status status = STATUS_OK;
    uint32_t value;

    find_groups(&regrouping);
    if (!fits_memory(&regrouping)) {
        uint8_t want[SHAPE_MAX_DIMS] = {0};
        group_order(importer, &regrouping, want);
        status = build_turned(importer, name, x, want, &plain);
        if (!status && !fits_memory(&regrouping))
            return importer_fail(importer, STATUS_INTERNAL, "cannot be reshaped");
    }
    if (status)
        return status;
    choose_order(importer, &regrouping, order);
    for (unsigned i = 0; i < target->dims; i++)
        shape.dim[order[i]] = target->dim[i];
    status = build_reshape(importer, name, plain.value, &shape,
                           rest >= 0 && order[rest] == 0 ? 0 : -1, &value);
    if (status)
        return status;
    if (value != plain.value) {
        *out = build_operand(importer, value, order);
        return STATUS_OK;
    }
    *out = plain;
    out->turned_name = NULL;
    out->shape = *target;
    memcpy(out->order, order, sizeof order);
    return STATUS_OK;
}

/* Fills the extent that was -1; *rest is its axis. */
static enum status resolve(struct importer *importer, const struct shape *from,
                           const int64_t *extents, size_t count, struct shape *to, int *rest)
{
    size_t wanted, known = 1;
    char text[SHAPE_TEXT];

    *rest = -1;
    *to = (struct shape){.dims = (unsigned)count};
    if (count > SHAPE_MAX_DIMS)
        return importer_fail(importer, STATUS_UNSUPPORTED, "%zu axes are more than %d", count,
                             SHAPE_MAX_DIMS);
    for (unsigned i = 0; i < count; i++) {
        to->dim[i] = extents[i] == -1 ? 1 : extents[i];
        if (extents[i] == -1 && *rest >= 0)
            return importer_fail(importer, STATUS_DATA, "more than one extent is -1");
        *rest = extents[i] == -1 ? (int)i : *rest;
    }
    if (!shape_count(from, &wanted) || !shape_count(to, &known) || !known ||
        (*rest < 0 ? wanted != known : wanted % known != 0))
        return importer_fail(importer, STATUS_DATA,
                             "%zu elements cannot take the shape %s; give --input-shape if the "
                             "network was made for inputs of another size",
                             wanted, shape_text(to, text));
    if (*rest >= 0)
        to->dim[*rest] = (int64_t)(wanted / known);
    return STATUS_OK;
}

enum status import_reshape(struct importer *importer, const char *name, const struct operand *x,
                           const int64_t *extents, size_t count, struct operand *out)
{
    struct shape target;
    int rest;
    enum status status = resolve(importer, &x->shape, extents, count, &target, &rest);

    if (status)
        return status;
    if (x->kind == OPERAND_VALUE && !shape_equal(&x->shape, &target))
        return reshape_value(importer, name, x, &target, rest, out);
    *out = *x;
    out->shape = target;
    weight_reshape(&out->weight, &target);
    return STATUS_OK;
}

enum status import_flatten(struct importer *importer, const char *name, const struct operand *x,
                           int64_t axis, struct operand *out)
{
    int64_t wanted = axis < 0 ? axis + x->shape.dims : axis;
    int64_t extents[2];

    if (wanted < 0 || wanted > x->shape.dims)
        return importer_fail(importer, STATUS_DATA,
                             "axis %" PRId64 " lies outside its input of %u axes", axis,
                             x->shape.dims);
    extents[0] = (int64_t)shape_product(&x->shape, 0, (unsigned)wanted);
    extents[1] = (int64_t)shape_product(&x->shape, (unsigned)wanted, x->shape.dims);
    return import_reshape(importer, name, x, extents, 2, out);
}

enum status import_squeeze(struct importer *importer, const char *name, const struct operand *x,
                           const int64_t *axes, size_t count, struct operand *out)
{
    int64_t extents[SHAPE_MAX_DIMS];
    bool drop[SHAPE_MAX_DIMS] = {false};
    size_t kept = 0;

    for (size_t i = 0; i < count; i++) {
        unsigned axis;
        enum status status = build_axis(importer, axes[i], x->shape.dims, &axis);
        if (status)
            return status;
        if (x->shape.dim[axis] != 1)
            return importer_fail(importer, STATUS_DATA, "axis %u is %" PRId64 " long, not 1", axis,
                                 x->shape.dim[axis]);
        drop[axis] = true;
    }
    for (unsigned i = 0; i < x->shape.dims; i++) {
        if (count ? !drop[i] : x->shape.dim[i] != 1 || (i == 0 && x->kind == OPERAND_VALUE))
            extents[kept++] = x->shape.dim[i];
    }
    return import_reshape(importer, name, x, extents, kept, out);
}

enum status import_unsqueeze(struct importer *importer, const char *name, const struct operand *x,
                             const int64_t *axes, size_t count, struct operand *out)
{
    size_t dims = x->shape.dims + count;
    int64_t extents[SHAPE_MAX_DIMS] = {0};
    unsigned axis, from = 0;

    if (dims > SHAPE_MAX_DIMS)
        return importer_fail(importer, STATUS_UNSUPPORTED, "%zu axes are more than %d", dims,
                             SHAPE_MAX_DIMS);
    for (size_t i = 0; i < count; i++) {
        enum status status = build_axis(importer, axes[i], (unsigned)dims, &axis);
        if (status)
            return status;
        if (extents[axis])
            return importer_fail(importer, STATUS_DATA, "axis %u is inserted twice", axis);
        extents[axis] = 1;
    }
    for (size_t i = 0; i < dims; i++)
        extents[i] = extents[i] ? 1 : x->shape.dim[from++];
    return import_reshape(importer, name, x, extents, dims, out);
}
