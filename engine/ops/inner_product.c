/* InnerProduct as a matrix product of the inputs (rows) and the weights (columns: outputs). */
#include "engine/op.h"
#include "model/shape.h"

struct sizes {
    size_t rows, depth, columns, panels;
};

static struct sizes measure(const struct step *step)
{
    const struct inner_product_parameters *p = &step->node->parameters.inner_product;
    const struct shape *out = &step->outputs[0];
    struct sizes sizes = {.columns = (size_t)p->outputs};

    sizes.rows = shape_product(out, 0, out->dims - 1);
    sizes.depth = step_count(&step->inputs[0]) / sizes.rows;
    sizes.panels = (sizes.columns + step->kernels->tile_columns - 1) / step->kernels->tile_columns;
    return sizes;
}

static enum status prepare(struct step *step, struct error *error)
{
    const struct inner_product_parameters *p = &step->node->parameters.inner_product;
    const struct weight *weights = step->node->weights;
    size_t tile = step->kernels->tile_columns;
    struct sizes sizes = measure(step);
    enum status status = step_pack(step, sizes.panels * tile * (sizes.depth + 1), error);
    struct weight matrix = weights[0];
    float *bias;

    if (status)
        return status;
    if (p->transpose && !weight_permute(&matrix, (const uint8_t[]){1, 0}))
        return graph_error(step->graph, step->node, error, STATUS_UNSUPPORTED,
                           "its weights cannot be transposed");
    step->scratch = sizes.depth * step->kernels->tile_rows;
    bias = step->packed + sizes.panels * tile * sizes.depth;
    for (size_t column = 0; column < sizes.columns; column++) {
        float *at = step->packed + column / tile * tile * sizes.depth + column % tile;
        step_pack_row(&matrix, column * sizes.depth, sizes.depth, tile, at);
    }
    if (p->bias)
        weight_copy(&weights[1], bias);
    return STATUS_OK;
}

/* Brings up to tile_rows rows into the order of gemm_tile(); missing rows are 0. */
static void pack_rows(const struct kernels *kernels, const float *in, size_t rows, size_t depth,
                      float *out)
{
    for (size_t k = 0; k < depth; k++) {
        for (size_t i = 0; i < kernels->tile_rows; i++)
            out[k * kernels->tile_rows + i] = i < rows ? in[i * depth + k] : 0;
    }
}

static void run_rows(const struct call *call, const struct sizes *sizes, size_t rows, float *out)
{
    const struct kernels *kernels = call->kernels;
    size_t width = kernels->tile_columns;
    const float *bias = call->step->packed + sizes->panels * width * sizes->depth;
    float tile[KERNEL_MAX_TILE];

    for (size_t panel = 0; panel < sizes->panels; panel++) {
        size_t first = panel * width;
        kernels->gemm_tile(sizes->depth, call->scratch, call->step->packed + first * sizes->depth,
                           tile);
        for (size_t i = 0; i < rows; i++) {
            for (size_t j = 0; j < width && first + j < sizes->columns; j++)
                out[i * sizes->columns + first + j] = tile[i * width + j] + bias[first + j];
        }
    }
}

static void run(const struct call *call)
{
    struct sizes sizes = measure(call->step);
    size_t tile = call->kernels->tile_rows;

    for (size_t row = 0; row < sizes.rows; row += tile) {
        size_t rows = sizes.rows - row < tile ? sizes.rows - row : tile;
        pack_rows(call->kernels, call->inputs[0] + row * sizes.depth, rows, sizes.depth,
                  call->scratch);
        run_rows(call, &sizes, rows, call->outputs[0] + row * sizes.columns);
    }
}

const struct operation operation_inner_product = {.prepare = prepare, .run = run};
