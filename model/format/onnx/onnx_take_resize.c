/* Upsample and Resize (Resize-10, 11, 13, 18, 19; Upsample-7, 9). Of the many ways in which ONNX
 * finds the pixels, those are taken that the graph can say exactly. */
#include <math.h>

#include "model/format/onnx/onnx_read.h"
#include "model/import/constant.h"

enum coordinates {
    HALF_PIXEL,
    PYTORCH_HALF_PIXEL,
    ALIGN_CORNERS,
    ASYMMETRIC,
    HALF_PIXEL_SYMMETRIC,
    TF_HALF_PIXEL_FOR_NN
};

/* The pixels of an axis are looked at one by one. */
enum { EXTENT_MAX = 1 << 24 };

enum rounding { PREFER_FLOOR, PREFER_CEIL, FLOOR, CEIL };

/* One axis: `scale` is what ONNX computes coordinates with. */
struct axis {
    int64_t in, out;
    double scale;
};

struct resize {
    unsigned interpolation; /* NEAREST 0, LINEAR 1 */
    unsigned coordinates, rounding;
    struct axis axes[2];
};

/* ---- extents ---- */

static enum status read_scales(const struct onnx_node *node, float scales[SHAPE_MAX_DIMS],
                               size_t *count)
{
    bool older = node->reader->opset < 11;
    const struct operand *given = onnx_operand(node, older ? 1 : 2);
    struct weight weight;
    enum status status;

    *count = 0;
    if (node->reader->opset < 9)
        return onnx_floats_of(node, "scales", scales, SHAPE_MAX_DIMS, count);
    if (!given || (operand_is_constant(given) && given->shape.dims && !given->shape.dim[0]))
        return STATUS_OK;
    status = constant_weight(node->importer, given, "scales", &weight);
    if (status)
        return status;
    if (weight.count > SHAPE_MAX_DIMS)
        return onnx_fail(node, STATUS_DATA, "it has more than %d scales", SHAPE_MAX_DIMS);
    weight_copy(&weight, scales);
    *count = weight.count;
    return STATUS_OK;
}

/* Which axes the lists are about: all, or those of `axes` (opset 18). */
static enum status read_axes(const struct onnx_node *node, size_t given, unsigned dims,
                             unsigned axes[SHAPE_MAX_DIMS])
{
    int64_t listed[SHAPE_MAX_DIMS];
    size_t count;
    enum status status = onnx_ints(node, "axes", listed, SHAPE_MAX_DIMS, &count);

    if (status)
        return status;
    for (unsigned i = 0; !count && i < dims; i++)
        axes[i] = i;
    for (size_t i = 0; i < count && !status; i++)
        status = build_axis(node->importer, listed[i], dims, &axes[i]);
    if (!status && given != (count ? count : dims))
        status = onnx_fail(node, STATUS_DATA, "it has scales or sizes for %zu of %zu axes", given,
                           count ? count : (size_t)dims);
    return status;
}

static enum status set_axis(const struct onnx_node *node, struct resize *resize, unsigned axis,
                            double extent, double scale)
{
    if (!(extent >= 1 && extent <= EXTENT_MAX))
        return onnx_fail(node, STATUS_DATA, "a scale or size is absurd");
    if (axis < 2)
        return extent == (double)onnx_operand(node, 0)->shape.dim[axis]
                   ? STATUS_OK
                   : onnx_fail(node, STATUS_UNSUPPORTED,
                               "it resizes the batch or the channels; only height and width can "
                               "be");
    resize->axes[axis - 2].out = (int64_t)extent;
    resize->axes[axis - 2].scale = scale;
    return STATUS_OK;
}

static enum status find_extents(const struct onnx_node *node, struct resize *resize)
{
    const struct operand *x = onnx_operand(node, 0), *sizes = onnx_operand(node, 3);
    float scales[SHAPE_MAX_DIMS];
    int64_t extents[SHAPE_MAX_DIMS];
    unsigned axes[SHAPE_MAX_DIMS];
    size_t count, size_count = 0;
    enum status status = read_scales(node, scales, &count);

    if (!status && !count && sizes)
        status = import_read_integers(node->importer, sizes, "sizes", extents, SHAPE_MAX_DIMS,
                                      &size_count);
    if (!status)
        status = read_axes(node, count ? count : size_count, x->shape.dims, axes);
    for (size_t i = 0; i < count && !status; i++)
        status =
            set_axis(node, resize, axes[i],
                     floor((double)((float)x->shape.dim[axes[i]] * scales[i])), (double)scales[i]);
    for (size_t i = 0; i < size_count && !status; i++)
        status = set_axis(node, resize, axes[i], (double)extents[i],
                          (double)extents[i] / (double)x->shape.dim[axes[i]]);
    return status;
}

/* ---- pixels ---- */

static double coordinate(const struct resize *resize, const struct axis *axis, int64_t i)
{
    double half = ((double)i + 0.5) / axis->scale - 0.5, middle, adjustment;

    switch ((enum coordinates)resize->coordinates) {
    case HALF_PIXEL:
        return half;
    case PYTORCH_HALF_PIXEL:
        return axis->out > 1 ? half : 0;
    case ALIGN_CORNERS:
        return axis->out > 1 ? (double)(i * (axis->in - 1)) / (double)(axis->out - 1) : 0;
    case ASYMMETRIC:
        return (double)i / axis->scale;
    case TF_HALF_PIXEL_FOR_NN:
        return ((double)i + 0.5) / axis->scale;
    case HALF_PIXEL_SYMMETRIC:
        adjustment = (double)axis->out / (axis->scale * (double)axis->in);
        middle = (double)axis->in / 2;
        return middle * (1 - adjustment) + half;
    }
    return 0;
}

static int64_t pixel_of(const struct resize *resize, const struct axis *axis, int64_t i)
{
    double at = coordinate(resize, axis, i);
    int64_t pixel = (int64_t)floor(at);

    if (resize->rounding == PREFER_FLOOR)
        pixel = (int64_t)ceil(at - 0.5);
    else if (resize->rounding == PREFER_CEIL)
        pixel = (int64_t)floor(at + 0.5);
    else if (resize->rounding == CEIL)
        pixel = (int64_t)ceil(at);
    return pixel < 0 ? 0 : pixel < axis->in ? pixel : axis->in - 1;
}

/* What the graph's own rule takes (model/spatial_parameters.h). */
static int64_t own_pixel(enum resize_coordinates rule, const struct axis *axis, int64_t i)
{
    int64_t pixel = 0;

    if (rule == RESIZE_CORNERS)
        pixel = axis->out > 1 ? i * (axis->in - 1) / (axis->out - 1) : 0;
    else if (rule == RESIZE_HALF_PIXEL)
        pixel = (2 * i + 1) * axis->in / (2 * axis->out);
    else
        pixel = i * axis->in / axis->out;
    return pixel < axis->in ? pixel : axis->in - 1;
}

/* The nearest pixels are a table; a rule with the same table is the same. */
static bool same_pixels(const struct resize *resize, enum resize_coordinates rule)
{
    for (int axis = 0; axis < 2; axis++) {
        for (int64_t i = 0; i < resize->axes[axis].out; i++) {
            if (pixel_of(resize, &resize->axes[axis], i) != own_pixel(rule, &resize->axes[axis], i))
                return false;
        }
    }
    return true;
}

/* Whether the ratio of the extents is the scale that the coordinates are computed with. */
static bool exact_scale(const struct axis *axis)
{
    return fabs(axis->scale * (double)axis->in - (double)axis->out) <= 1e-6 * (double)axis->out;
}

static bool find_linear_rule(const struct resize *resize, enum resize_coordinates *rule)
{
    const struct axis *axes = resize->axes;
    bool exact = exact_scale(&axes[0]) && exact_scale(&axes[1]);

    switch ((enum coordinates)resize->coordinates) {
    case ALIGN_CORNERS:
        *rule = RESIZE_CORNERS;
        return true;
    case ASYMMETRIC:
        *rule = RESIZE_ASYMMETRIC;
        return exact;
    case PYTORCH_HALF_PIXEL:
        *rule = RESIZE_HALF_PIXEL;
        return exact && (axes[0].out > 1 || axes[0].in == 1) &&
               (axes[1].out > 1 || axes[1].in == 1);
    case HALF_PIXEL:
    case HALF_PIXEL_SYMMETRIC:
        *rule = RESIZE_HALF_PIXEL;
        return exact;
    case TF_HALF_PIXEL_FOR_NN: /* as its name says */
        return false;
    }
    return false;
}

static bool find_rule(const struct resize *resize, enum resize_coordinates *rule)
{
    static const enum resize_coordinates rules[] = {RESIZE_ASYMMETRIC, RESIZE_HALF_PIXEL};

    if (resize->interpolation)
        return find_linear_rule(resize, rule);
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        *rule = rules[i];
        if (same_pixels(resize, rules[i]))
            return true;
    }
    return false;
}

/* ---- operators ---- */

static enum status resize_planes(struct onnx_node *node, struct resize *resize)
{
    const struct operand *x = onnx_operand(node, 0);
    enum resize_coordinates rule = RESIZE_ASYMMETRIC;
    struct operand out;
    enum status status;

    if (x->shape.dims != 4)
        return onnx_fail(node, STATUS_UNSUPPORTED, "only planes (N x C x H x W) can be resized");
    for (int axis = 0; axis < 2; axis++) {
        int64_t extent = x->shape.dim[2 + axis];
        resize->axes[axis] = (struct axis){.in = extent, .out = extent, .scale = 1};
    }
    status = find_extents(node, resize);
    if (status)
        return status;
    if (!find_rule(resize, &rule))
        return onnx_fail(node, STATUS_UNSUPPORTED,
                         "its %s have no equal among %shalf pixels and plain ratios",
                         resize->interpolation ? "coordinates" : "coordinates and rounding",
                         resize->interpolation ? "corners, " : "");
    status = import_resize(
        node->importer, node->outputs[0], x, resize->interpolation ? RESIZE_LINEAR : RESIZE_NEAREST,
        rule, (const int64_t[]){resize->axes[0].out, resize->axes[1].out}, &import_nchw, &out);
    return status ? status : onnx_define(node, 0, &out);
}

/* Without a word for it, coordinates are plain ratios and the pixel is the one before. */
static enum status take_upsample(struct onnx_node *node)
{
    struct resize resize = {.coordinates = ASYMMETRIC, .rounding = FLOOR};
    enum status status = onnx_word(node, "mode", "nearest linear bilinear", &resize.interpolation);

    return status ? status : resize_planes(node, &resize);
}

static enum status take_resize(struct onnx_node *node)
{
    struct resize resize = {.interpolation = 0};
    int64_t antialias = 0;
    unsigned policy;
    enum status status = onnx_word(node, "mode", "nearest linear", &resize.interpolation);

    if (node->reader->opset < 11) {
        resize.coordinates = ASYMMETRIC;
        resize.rounding = FLOOR;
        return status ? status : resize_planes(node, &resize);
    }
    if (!status)
        status = onnx_word(node, "coordinate_transformation_mode",
                           "half_pixel pytorch_half_pixel align_corners asymmetric "
                           "half_pixel_symmetric tf_half_pixel_for_nn",
                           &resize.coordinates);
    if (!status)
        status = onnx_word(node, "nearest_mode", "round_prefer_floor round_prefer_ceil floor ceil",
                           &resize.rounding);
    if (!status)
        status = onnx_word(node, "keep_aspect_ratio_policy", "stretch", &policy);
    if (!status)
        status = onnx_int(node, "antialias", 0, &antialias);
    if (!status && antialias)
        status = onnx_fail(node, STATUS_UNSUPPORTED, "antialias is not supported");
    return status ? status : resize_planes(node, &resize);
}

const struct onnx_operator onnx_resize_operators[] = {
    {"Upsample", 1, take_upsample}, {"Resize", 1, take_resize}, {NULL, 0, NULL}};
