/* Deconvolution (deconv_layer.cpp): the product of the turned weights (rows: output channel, kernel
 * row, kernel column) and the image (columns: its pixels) is the column matrix that a convolution
 * of the output would have made; it is added back to where that takes its columns from. */
#include "engine/op.h"
#include "model/shape.h"

/* Bytes of the image block: half of a common second-level cache. */
enum { BLOCK_BYTES = 256 * 1024 };

/* All sizes of one group. */
struct sizes {
    size_t groups, channels, rows, depth, columns;
    size_t block_columns; /* a multiple of tile_columns */
    size_t packed;        /* floats per group */
};

static size_t round_up(size_t value, size_t unit)
{
    return (value + unit - 1) / unit * unit;
}

static struct sizes measure(const struct step *step)
{
    const struct convolution_parameters *p = &step->node->parameters.deconvolution;
    const struct kernels *kernels = step->kernels;
    const struct shape *in = &step->inputs[0];
    struct sizes sizes = {.groups = (size_t)p->group};
    size_t panels;

    sizes.channels = (size_t)(p->outputs / p->group);
    sizes.rows = sizes.channels * (size_t)(p->window.kernel[0] * p->window.kernel[1]);
    sizes.depth = (size_t)(in->dim[1] / p->group);
    sizes.columns = (size_t)(in->dim[2] * in->dim[3]);
    panels = BLOCK_BYTES / sizeof(float) / kernels->tile_columns / sizes.depth;
    sizes.block_columns = (panels ? panels : 1) * kernels->tile_columns;
    if (sizes.block_columns > sizes.columns)
        sizes.block_columns = round_up(sizes.columns, kernels->tile_columns);
    sizes.packed = round_up(sizes.rows, kernels->tile_rows) * sizes.depth;
    return sizes;
}

/* Row blocks of the group's turned weights, each depth x tile_rows. */
static void pack_group(const struct step *step, const struct sizes *sizes, size_t group, float *out)
{
    size_t tile = step->kernels->tile_rows;

    for (size_t k = 0; k < sizes->depth; k++) {
        size_t first = (group * sizes->depth + k) * sizes->rows;
        for (size_t row = 0; row < sizes->rows; row += tile) {
            size_t rows = sizes->rows - row < tile ? sizes->rows - row : tile;
            weight_read(&step->node->weights[0], first + row, rows,
                        out + row * sizes->depth + k * tile);
        }
    }
}

static enum status prepare(struct step *step, struct error *error)
{
    const struct node *node = step->node;
    struct sizes sizes = measure(step);
    size_t outputs = sizes.groups * sizes.channels, bias = sizes.groups * sizes.packed;
    enum status status = step_pack(step, bias + outputs, error);

    /* Weight and image counts are below 2^31, so none of these products overflows 64 bits. */
    step->scratch = sizes.depth * sizes.block_columns;
    for (size_t group = 0; group < sizes.groups && !status; group++)
        pack_group(step, &sizes, group, step->packed + group * sizes.packed);
    if (!status && node->weight_count > 1)
        weight_copy(&node->weights[1], step->packed + bias);
    return status;
}

/* Columns [first, first + count), already packed, for all rows of a group. */
static void run_block(const struct call *call, const struct sizes *sizes,
                      const struct plane_geometry *geometry, const float *packed, size_t first,
                      size_t count, float *out)
{
    const struct kernels *kernels = call->kernels;
    float tile[KERNEL_MAX_TILE];

    for (size_t row = 0; row < sizes->rows; row += kernels->tile_rows) {
        size_t rows =
            sizes->rows - row < kernels->tile_rows ? sizes->rows - row : kernels->tile_rows;
        for (size_t column = 0; column < count; column += kernels->tile_columns) {
            size_t columns =
                count - column < kernels->tile_columns ? count - column : kernels->tile_columns;
            kernels->gemm_tile(sizes->depth, packed + row * sizes->depth,
                               call->scratch + column * sizes->depth, tile);
            kernels->add_columns(geometry, row, rows, first + column, columns, tile, out);
        }
    }
}

static void run_group(const struct call *call, const struct sizes *sizes, const float *packed,
                      const float *in, float *out)
{
    const struct window *window = &call->step->node->parameters.deconvolution.window;
    struct plane_geometry geometry = step_geometry(call->step, window, (int64_t)sizes->depth);
    struct plane_geometry pixels = geometry;
    size_t count = sizes->channels * (size_t)(geometry.out_height * geometry.out_width);

    pixels.out_height = geometry.height;
    pixels.out_width = geometry.width;
    pixels.window = (struct window){.kernel = {1, 1}, .stride = {1, 1}, .dilation = {1, 1}};
    memset(out, 0, count * sizeof *out);
    for (size_t first = 0; first < sizes->columns; first += sizes->block_columns) {
        size_t columns = sizes->columns - first < sizes->block_columns ? sizes->columns - first
                                                                       : sizes->block_columns;
        call->kernels->pack_columns(&pixels, in, first, columns, call->scratch);
        run_block(call, sizes, &geometry, packed, first, columns, out);
    }
}

static void run(const struct call *call)
{
    const struct step *step = call->step;
    const struct shape *in = &step->inputs[0], *out = &step->outputs[0];
    struct sizes sizes = measure(step);
    const float *bias = step->packed + sizes.groups * sizes.packed, *input = call->inputs[0];
    size_t plane = shape_product(out, 2, 4), planes = shape_product(out, 0, 2);
    float *output = call->outputs[0];

    for (size_t n = 0; n < (size_t)in->dim[0] * sizes.groups; n++) {
        run_group(call, &sizes, step->packed + n % sizes.groups * sizes.packed, input, output);
        input += sizes.depth * sizes.columns;
        output += sizes.channels * plane;
    }
    output = call->outputs[0];
    for (size_t i = 0; i < planes && step->node->weight_count > 1; i++, output += plane)
        call->kernels->scale_shift(plane, 1, bias[i % (size_t)out->dim[1]], output, output);
}

const struct operation operation_deconvolution = {.prepare = prepare, .run = run};
