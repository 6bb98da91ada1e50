/* Convolution: a matrix product of weights (rows: output channels) and the column matrix of the
 * image, block of columns by block of columns so that a block stays in the cache. */
#include "engine/op.h"
#include "model/shape.h"

/* Bytes of the column block: half of a common second-level cache. */
enum { BLOCK_BYTES = 256 * 1024 };

/* All sizes of one group. */
struct sizes {
    size_t groups, rows, row_blocks, depth, columns;
    size_t block_columns; /* a multiple of tile_columns */
    size_t packed;        /* floats per group: row blocks, then the bias of each row */
};

static size_t round_up(size_t value, size_t unit)
{
    return (value + unit - 1) / unit * unit;
}

static struct sizes measure(const struct step *step)
{
    const struct convolution_parameters *p = &step->node->parameters.convolution;
    const struct kernels *kernels = step->kernels;
    const struct shape *weights = &step->node->weights[0].shape, *out = &step->outputs[0];
    struct sizes sizes = {.groups = (size_t)p->group};
    size_t panels;

    sizes.rows = (size_t)(p->outputs / p->group);
    sizes.row_blocks = round_up(sizes.rows, kernels->tile_rows) / kernels->tile_rows;
    sizes.depth = shape_product(weights, 1, 4);
    sizes.columns = (size_t)(out->dim[2] * out->dim[3]);
    panels = BLOCK_BYTES / sizeof(float) / kernels->tile_columns / sizes.depth;
    sizes.block_columns = (panels ? panels : 1) * kernels->tile_columns;
    if (sizes.block_columns > sizes.columns)
        sizes.block_columns = round_up(sizes.columns, kernels->tile_columns);
    sizes.packed = sizes.row_blocks * kernels->tile_rows * (sizes.depth + 1);
    return sizes;
}

static void pack_group(const struct step *step, const struct sizes *sizes, size_t group, float *out)
{
    const struct weight *weights = step->node->weights;
    size_t tile = step->kernels->tile_rows, first = group * sizes->rows;
    float *bias = out + sizes->row_blocks * tile * sizes->depth;

    for (size_t row = 0; row < sizes->rows; row++) {
        float *at = out + row / tile * tile * sizes->depth + row % tile;
        step_pack_row(&weights[0], (first + row) * sizes->depth, sizes->depth, tile, at);
    }
    if (step->node->weight_count > 1)
        weight_read(&weights[1], first, sizes->rows, bias);
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
    step->scratch = sizes.depth * sizes.block_columns;
    status = step_pack(step, sizes.groups * sizes.packed, error);
    for (size_t group = 0; group < sizes.groups && !status; group++)
        pack_group(step, &sizes, group, step->packed + group * sizes.packed);
    return status;
}

/* Adds the bias and drops what hangs over the matrix. */
static void store_tile(const struct kernels *kernels, const float *tile, const float *bias,
                       size_t rows, size_t columns, size_t stride, float *out)
{
    for (size_t i = 0; i < rows; i++) {
        for (size_t j = 0; j < columns; j++)
            out[i * stride + j] = tile[i * kernels->tile_columns + j] + bias[i];
    }
}

/* One block of columns, already packed, for all rows of a group. */
static void run_block(const struct call *call, const struct sizes *sizes, const float *packed,
                      size_t count, float *out)
{
    const struct kernels *kernels = call->kernels;
    const float *bias = packed + sizes->row_blocks * kernels->tile_rows * sizes->depth;
    float tile[KERNEL_MAX_TILE];

    for (size_t row = 0; row < sizes->rows; row += kernels->tile_rows) {
        size_t rows =
            sizes->rows - row < kernels->tile_rows ? sizes->rows - row : kernels->tile_rows;
        for (size_t column = 0; column < count; column += kernels->tile_columns) {
            size_t columns =
                count - column < kernels->tile_columns ? count - column : kernels->tile_columns;
            kernels->gemm_tile(sizes->depth, packed + row * sizes->depth,
                               call->scratch + column * sizes->depth, tile);
            store_tile(kernels, tile, bias + row, rows, columns, sizes->columns,
                       out + row * sizes->columns + column);
        }
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
        const float *packed = step->packed + n % sizes.groups * sizes.packed;
        for (size_t first = 0; first < sizes.columns; first += sizes.block_columns) {
            size_t count = sizes.columns - first < sizes.block_columns ? sizes.columns - first
                                                                       : sizes.block_columns;
            call->kernels->pack_columns(&geometry, input, first, count, call->scratch);
            run_block(call, &sizes, packed, count, output + first);
        }
        input += image;
        output += sizes.rows * sizes.columns;
    }
}

const struct operation operation_convolution = {.prepare = prepare, .run = run};
