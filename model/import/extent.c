/* Layers that change the extents of a tensor by padding and resizing. */
#include <inttypes.h>

#include "model/import/constant.h"

static bool is_pad(int64_t number)
{
    return number >= -INT32_MAX && number <= INT32_MAX;
}

/* Cuts what negative pads take away. */
static enum status cut_pads(struct importer *importer, const char *name, const struct operand *x,
                            const int64_t *begin, const int64_t *end, struct operand *out)
{
    int64_t from[SHAPE_MAX_DIMS], to[SHAPE_MAX_DIMS], step[SHAPE_MAX_DIMS];

    for (unsigned i = 0; i < x->shape.dims; i++) {
        from[i] = begin[i] < 0 ? -begin[i] : 0;
        to[i] = x->shape.dim[i] + (end[i] < 0 ? end[i] : 0);
        step[i] = 1;
        if (to[i] <= from[i])
            return importer_fail(importer, STATUS_DATA, "it cuts away all of axis %u", i);
    }
    return import_slice(importer, name, x, from, to, step, out);
}

/* Checks the pads, and tells whether some cut or add. */
static enum status check_pads(struct importer *importer, unsigned dims, const int64_t *begin,
                              const int64_t *end, bool *cuts, bool *adds)
{
    *cuts = *adds = false;
    for (unsigned i = 0; i < dims; i++) {
        if (!is_pad(begin[i]) || !is_pad(end[i]))
            return importer_fail(importer, STATUS_DATA,
                                 "pads of %" PRId64 " and %" PRId64 " are not possible", begin[i],
                                 end[i]);
        *cuts = *cuts || begin[i] < 0 || end[i] < 0;
        *adds = *adds || begin[i] > 0 || end[i] > 0;
    }
    return STATUS_OK;
}

static enum status append_pad(struct importer *importer, const char *name, const struct operand *x,
                              const int64_t *begin, const int64_t *end, float value,
                              struct operand *out)
{
    union parameters parameters = {.pad = {.dims = x->shape.dims, .value = value}};
    enum status status = build_check_value(importer, x);

    for (unsigned i = 0; i < x->shape.dims; i++) {
        parameters.pad.begin[x->order[i]] = begin[i] > 0 ? begin[i] : 0;
        parameters.pad.end[x->order[i]] = end[i] > 0 ? end[i] : 0;
    }
    return status ? status : build_simple(importer, name, OPERATOR_PAD, &parameters, x, out);
}

enum status import_pad(struct importer *importer, const char *name, const struct operand *x,
                       const int64_t *begin, const int64_t *end, float value, struct operand *out)
{
    const char *helper = name;
    struct operand cut = *x;
    bool cuts, adds;
    enum status status = check_pads(importer, x->shape.dims, begin, end, &cuts, &adds);

    if (!status && !cuts && !adds)
        return import_identity(importer, name, x, out);
    if (!status && cuts && adds)
        status = build_name(importer, name, "Slice", &helper);
    if (!status && cuts)
        status = cut_pads(importer, helper, x, begin, end, &cut);
    if (!status && adds)
        return append_pad(importer, name, &cut, begin, end, value, out);
    *out = cut;
    return status;
}

enum status import_resize(struct importer *importer, const char *name, const struct operand *x,
                          enum resize_interpolation interpolation,
                          enum resize_coordinates coordinates, const int64_t size[2],
                          const struct import_axes *axes, struct operand *out)
{
    union parameters parameters = {.resize = {.interpolation = interpolation,
                                              .coordinates = coordinates,
                                              .scale = {1, 1},
                                              .shrink = 1,
                                              .zoom = 1}};
    struct operand planes;
    enum status status = build_planes(importer, name, x, axes, &planes);

    if (status)
        return status;
    for (int i = 0; i < 2; i++) {
        if (size[i] < 1 || size[i] > INT32_MAX)
            return importer_fail(importer, STATUS_DATA, "a size of %" PRId64 " is not possible",
                                 size[i]);
        parameters.resize.size[i] = size[i];
    }
    if (size[0] == x->shape.dim[axes->spatial[0]] && size[1] == x->shape.dim[axes->spatial[1]])
        return import_identity(importer, name, x, out);
    if (interpolation == RESIZE_NEAREST && coordinates == RESIZE_CORNERS)
        return importer_fail(importer, STATUS_UNSUPPORTED,
                             "the nearest pixel with aligned corners is not supported");
    return build_simple(importer, name, OPERATOR_RESIZE, &parameters, &planes, out);
}
