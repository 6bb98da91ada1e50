#include "engine/kernel/ref/ref.h"

/* Adds one tap of the filter to one output row: out[i] += weight * in[i * stride]. */
static void add_tap(size_t count, float weight, size_t stride, const float *restrict in,
                    float *restrict out)
{
    if (stride == 1) {
        for (size_t i = 0; i < count; i++)
            out[i] += weight * in[i];
        return;
    }
    for (size_t i = 0; i < count; i++)
        out[i] += weight * in[i * stride];
}

/* The output columns [from, to) whose tap at `offset` from their window's begin lies in the image.
 */
static void reach(const struct plane_geometry *geometry, int64_t offset, int64_t *from, int64_t *to)
{
    int64_t stride = geometry->window.stride[1];

    *from = offset < 0 ? (-offset + stride - 1) / stride : 0;
    *to = geometry->width > offset ? (geometry->width - offset + stride - 1) / stride : 0;
    if (*to > geometry->out_width)
        *to = geometry->out_width;
}

static void add_kernel_row(const struct plane_geometry *geometry, const float *filter,
                           const float *in, float *out)
{
    const struct window *window = &geometry->window;

    for (int64_t kx = 0; kx < window->kernel[1]; kx++) {
        int64_t offset = kx * window->dilation[1] - window->pad[1], from, to;
        reach(geometry, offset, &from, &to);
        if (from < to)
            add_tap((size_t)(to - from), filter[kx], (size_t)window->stride[1],
                    in + from * window->stride[1] + offset, out + from);
    }
}

void ref_convolve_plane(const struct plane_geometry *geometry, const float *filter, float bias,
                        const float *in, float *out)
{
    const struct window *window = &geometry->window;
    int64_t width = geometry->out_width;

    for (int64_t oy = 0; oy < geometry->out_height; oy++, out += width) {
        for (int64_t ox = 0; ox < width; ox++)
            out[ox] = 0;
        for (int64_t ky = 0; ky < window->kernel[0]; ky++) {
            int64_t y = oy * window->stride[0] - window->pad[0] + ky * window->dilation[0];
            if (y >= 0 && y < geometry->height)
                add_kernel_row(geometry, filter + ky * window->kernel[1], in + y * geometry->width,
                               out);
        }
        for (int64_t ox = 0; ox < width; ox++)
            out[ox] += bias;
    }
}
