/* Convolution: a matrix product of weights (rows: output channels) and the column matrix of the
 * image, block of columns by block of columns so that a block stays in the cache. */
#include "engine/op.h"
#include "engine/product.h"
#include "model/shape.h"

/* All sizes of one group. */
struct sizes {
    struct product product;
    size_t groups;
    size_t packed; /* floats per group: row blocks, then the bias of each row */
};

static struct sizes measure(const struct step *step)
{
    const struct convolution_parameters *p = &step->node->parameters.convolution;
    const struct shape *weights = &step->node->weights[0].shape, *out = &step->outputs[0];
    struct sizes sizes = {.groups = (size_t)p->group};

    sizes.product = product_of(step->kernels, (size_t)(p->outputs / p->group),
                               shape_product(weights, 1, 4), (size_t)(out->dim[2] * out->dim[3]));
    sizes.packed = product_packed_rows(&sizes.product) * (sizes.product.depth + 1);
    return sizes;
}

static void pack_group(const struct step *step, const struct sizes *sizes, size_t group, float *out)
{
    const struct weight *weights = step->node->weights;
    const struct product *product = &sizes->product;
    size_t tile = step->kernels->tile_rows, depth = product->depth, first = group * product->rows;
    float *bias = out + product_packed_rows(product) * depth;

    for (size_t row = 0; row < product->rows; row++) {
        float *at = out + row / tile * tile * depth + row % tile;
        step_pack_row(&weights[0], (first + row) * depth, depth, tile, at);
    }
    if (step->node->weight_count > 1)
        weight_read(&weights[1], first, product->rows, bias);
}

/* ---- filters of one channel each: the column matrix of a plane would have as many rows as the
 * filter has taps, each used once ---- */

static bool is_depthwise(const struct step *step)
{
    const struct convolution_parameters *p = &step->node->parameters.convolution;

    return step->inputs[0].dim[1] == p->group &&
           (size_t)(p->outputs / p->group) < step->kernels->tile_rows;
}

/* The filters as they are, then the bias of each. */
static enum status prepare_depthwise(struct step *step, struct error *error)
{
    const struct node *node = step->node;
    size_t outputs = (size_t)node->parameters.convolution.outputs;
    enum status status = step_pack(step, node->weights[0].count + outputs, error);

    if (!status)
        weight_copy(&node->weights[0], step->packed);
    if (!status && node->weight_count > 1)
        weight_copy(&node->weights[1], step->packed + node->weights[0].count);
    return status;
}

static void run_depthwise(const struct call *call)
{
    const struct step *step = call->step;
    const struct convolution_parameters *p = &step->node->parameters.convolution;
    const struct shape *in = &step->inputs[0], *out = &step->outputs[0];
    struct plane_geometry geometry = step_geometry(step, &p->window, 1);
    size_t outputs = (size_t)p->outputs, multiplier = outputs / (size_t)p->group;
    size_t taps = step->node->weights[0].count / outputs;
    size_t in_plane = shape_product(in, 2, 4), out_plane = shape_product(out, 2, 4);
    const float *bias = step->packed + outputs * taps;

    for (size_t i = 0; i < (size_t)in->dim[0] * outputs; i++)
        call->kernels->convolve_plane(
            &geometry, step->packed + i % outputs * taps, bias[i % outputs],
            call->inputs[0] + i / multiplier * in_plane, call->outputs[0] + i * out_plane);
}

/* ---- all others ---- */

static enum status prepare(struct step *step, struct error *error)
{
    struct sizes sizes = measure(step);
    enum status status;

    if (is_depthwise(step))
        return prepare_depthwise(step, error);
    /* Weight and image counts are below 2^31, so none of these products overflows 64 bits. */
    step->scratch = sizes.product.depth * sizes.product.block_columns;
    status = step_pack(step, sizes.groups * sizes.packed, error);
    for (size_t group = 0; group < sizes.groups && !status; group++)
        pack_group(step, &sizes, group, step->packed + group * sizes.packed);
    return status;
}

/* Where the tiles of a group go. */
struct target {
    const struct product *product;
    const float *bias;
    float *out;
};

/* Adds the bias and drops what hangs over the matrix. */
static void store_tile(void *context, const float *tile, size_t row, size_t rows, size_t column,
                       size_t columns)
{
    const struct target *target = context;
    size_t stride = target->product->columns, pitch = target->product->kernels->tile_columns;
    float *out = target->out + row * stride + column;

    for (size_t i = 0; i < rows; i++) {
        for (size_t j = 0; j < columns; j++)
            out[i * stride + j] = tile[i * pitch + j] + target->bias[row + i];
    }
}

static void run_group(const struct call *call, const struct product *product,
                      const struct plane_geometry *geometry, const float *packed,
                      const float *input, float *output)
{
    struct target target = {product, packed + product_packed_rows(product) * product->depth,
                            output};

    for (size_t first = 0; first < product->columns; first += product->block_columns) {
        size_t left = product->columns - first;
        size_t count = left < product->block_columns ? left : product->block_columns;
        call->kernels->pack_columns(geometry, input, first, count, call->scratch);
        product_run(product, packed, call->scratch, first, count, store_tile, &target);
    }
}

static void run(const struct call *call)
{
    const struct step *step = call->step;
    const struct convolution_parameters *p = &step->node->parameters.convolution;
    const struct shape *in = &step->inputs[0];
    struct sizes sizes = measure(step);
    struct plane_geometry geometry = step_geometry(step, &p->window, in->dim[1] / p->group);
    size_t image = (size_t)(geometry.channels * geometry.height * geometry.width);
    const float *input = call->inputs[0];
    float *output = call->outputs[0];

    if (is_depthwise(step)) {
        run_depthwise(call);
        return;
    }
    for (size_t n = 0; n < (size_t)in->dim[0] * sizes.groups; n++) {
        run_group(call, &sizes.product, &geometry, step->packed + n % sizes.groups * sizes.packed,
                  input, output);
        input += image;
        output += sizes.product.rows * sizes.product.columns;
    }
}

const struct operation operation_convolution = {.prepare = prepare, .run = run};
