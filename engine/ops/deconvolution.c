/* Deconvolution (deconv_layer.cpp): the product of the turned weights (rows: output channel, kernel
 * row, kernel column) and the image (columns: its pixels) is the column matrix that a convolution
 * of the output would have made; it is added back to where that takes its columns from. */
#include "engine/op.h"
#include "engine/product.h"
#include "model/shape.h"

/* All sizes of one group. */
struct sizes {
    struct product product;
    size_t groups, channels;
    size_t packed; /* floats per group */
};

static struct sizes measure(const struct step *step)
{
    const struct convolution_parameters *p = &step->node->parameters.deconvolution;
    const struct shape *in = &step->inputs[0];
    struct sizes sizes = {.groups = (size_t)p->group};

    sizes.channels = (size_t)(p->outputs / p->group);
    sizes.product = product_of(step->kernels,
                               sizes.channels * (size_t)(p->window.kernel[0] * p->window.kernel[1]),
                               (size_t)(in->dim[1] / p->group), (size_t)(in->dim[2] * in->dim[3]));
    sizes.packed = product_packed_rows(&sizes.product) * sizes.product.depth;
    return sizes;
}

/* Row blocks of the group's turned weights, each depth x tile_rows. */
static void pack_group(const struct step *step, const struct sizes *sizes, size_t group, float *out)
{
    const struct product *product = &sizes->product;
    size_t tile = step->kernels->tile_rows;

    for (size_t k = 0; k < product->depth; k++) {
        size_t first = (group * product->depth + k) * product->rows;
        for (size_t row = 0; row < product->rows; row += tile) {
            size_t rows = product->rows - row < tile ? product->rows - row : tile;
            weight_read(&step->node->weights[0], first + row, rows,
                        out + row * product->depth + k * tile);
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
    step->scratch = sizes.product.depth * sizes.product.block_columns;
    for (size_t group = 0; group < sizes.groups && !status; group++)
        pack_group(step, &sizes, group, step->packed + group * sizes.packed);
    if (!status && node->weight_count > 1)
        weight_copy(&node->weights[1], step->packed + bias);
    return status;
}

/* Where the tiles of a group go. */
struct target {
    const struct call *call;
    const struct plane_geometry *geometry;
    float *out;
};

static void add_tile(void *context, const float *tile, size_t row, size_t rows, size_t column,
                     size_t columns)
{
    const struct target *target = context;
    target->call->kernels->add_columns(target->geometry, row, rows, column, columns, tile,
                                       target->out);
}

static void run_group(const struct call *call, const struct sizes *sizes, const float *packed,
                      const float *in, float *out)
{
    const struct window *window = &call->step->node->parameters.deconvolution.window;
    const struct product *product = &sizes->product;
    struct plane_geometry geometry = step_geometry(call->step, window, (int64_t)product->depth);
    struct plane_geometry pixels = geometry;
    struct target target = {call, &geometry, out};
    size_t count = sizes->channels * (size_t)(geometry.out_height * geometry.out_width);

    pixels.out_height = geometry.height;
    pixels.out_width = geometry.width;
    pixels.window = (struct window){.kernel = {1, 1}, .stride = {1, 1}, .dilation = {1, 1}};
    memset(out, 0, count * sizeof *out);
    for (size_t first = 0; first < product->columns; first += product->block_columns) {
        size_t left = product->columns - first;
        size_t columns = left < product->block_columns ? left : product->block_columns;
        call->kernels->pack_columns(&pixels, in, first, columns, call->scratch);
        product_run(product, packed, call->scratch, first, columns, add_tile, &target);
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
        input += sizes.product.depth * sizes.product.columns;
        output += sizes.channels * plane;
    }
    output = call->outputs[0];
    for (size_t i = 0; i < planes && step->node->weight_count > 1; i++, output += plane)
        call->kernels->scale_shift(plane, 1, bias[i % (size_t)out->dim[1]], output, output);
}

const struct operation operation_deconvolution = {.prepare = prepare, .run = run};
