#include "engine/kernel/kernel.h"

#include <stdlib.h>
#include <string.h>

#include "engine/kernel/ref/ref.h"

static const struct kernels reference = {
    .name = "ref",
    .tile_rows = REF_TILE_ROWS,
    .tile_columns = REF_TILE_COLUMNS,
    .gemm_tile = ref_gemm_tile,
    .pack_columns = ref_pack_columns,
    .add_columns = ref_add_columns,
    .convolve_plane = ref_convolve_plane,
    .pool_max = ref_pool_max,
    .pool_average = ref_pool_average,
    .pool_stochastic = ref_pool_stochastic,
    .relu = ref_relu,
    .elu = ref_elu,
    .sigmoid = ref_sigmoid,
    .swish = ref_swish,
    .tanh = ref_tanh,
    .absolute = ref_absolute,
    .power = ref_power,
    .exponential = ref_exponential,
    .logarithm = ref_logarithm,
    .softplus = ref_softplus,
    .threshold = ref_threshold,
    .clip = ref_clip,
    .scale_shift = ref_scale_shift,
    .normalize = ref_normalize,
    .sum = ref_sum,
    .sum_magnitudes = ref_sum_magnitudes,
    .sum_squares = ref_sum_squares,
    .normalize_pixels = ref_normalize_pixels,
    .multiply = ref_multiply,
    .add_scaled = ref_add_scaled,
    .maximum = ref_maximum,
    .lrn_across = ref_lrn_across,
    .lrn_within = ref_lrn_within,
    .softmax = ref_softmax,
    .log_softmax = ref_log_softmax,
};

/* What this machine can run, best first. */
static const struct kernels *const tables[] = {&reference};

const struct kernels *kernels_reference(void)
{
    return &reference;
}

enum status kernels_choose(const struct kernels **out, struct error *error)
{
    const char *wanted = getenv("CARMLBENCH_KERNEL");

    *out = tables[0];
    if (!wanted || !*wanted)
        return STATUS_OK;
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        *out = tables[i];
        if (!strcmp(tables[i]->name, wanted))
            return STATUS_OK;
    }
    return error_set(error, STATUS_CONFIG,
                     "CARMLBENCH_KERNEL: '%s' is no kernel that runs here; unset it or set it to "
                     "'%s'",
                     wanted, reference.name);
}
