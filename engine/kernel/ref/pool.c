#include <float.h>

#include "engine/kernel/ref/ref.h"

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* An empty window, which ceiling mode makes when stride > kernel, gives -FLT_MAX as Caffe does. */
static float window_max(const float *in, int64_t width, const int64_t from[2], const int64_t to[2],
                        const int64_t dilation[2])
{
    float best = -FLT_MAX;

    for (int64_t y = from[0]; y < to[0]; y += dilation[0]) {
        for (int64_t x = from[1]; x < to[1]; x += dilation[1]) {
            float value = in[y * width + x];
            best = value > best ? value : best;
        }
    }
    return best;
}

/* The first place of a window that begins at `at` which lies in the image. */
static int64_t first_inside(int64_t at, int64_t dilation)
{
    return at < 0 ? (dilation - -at % dilation) % dilation : at;
}

/* Behind the last place of a window. */
static int64_t window_end(const struct window *window, int axis, int64_t at, int64_t extent)
{
    return smaller(at + window->dilation[axis] * (window->kernel[axis] - 1) + 1, extent);
}

void ref_pool_max(const struct plane_geometry *geometry, const float *in, float *out)
{
    const struct window *window = &geometry->window;
    int64_t from[2], to[2];

    for (int64_t channel = 0; channel < geometry->channels; channel++) {
        for (int64_t oy = 0; oy < geometry->out_height; oy++) {
            int64_t y = oy * window->stride[0] - window->pad[0];
            from[0] = first_inside(y, window->dilation[0]);
            to[0] = window_end(window, 0, y, geometry->height);
            for (int64_t ox = 0; ox < geometry->out_width; ox++) {
                int64_t x = ox * window->stride[1] - window->pad[1];
                from[1] = first_inside(x, window->dilation[1]);
                to[1] = window_end(window, 1, x, geometry->width);
                *out++ = window_max(in, geometry->width, from, to, window->dilation);
            }
        }
        in += geometry->height * geometry->width;
    }
}

/* In double, so that the average of equal numbers is that number: what a network then subtracts
 * from them and divides by the deviation is 0, as Caffe's MVN has it, and not rounding. */
static double window_sum(const float *in, int64_t width, const int64_t from[2], const int64_t to[2])
{
    double sum = 0;

    for (int64_t y = from[0]; y < to[0]; y++) {
        for (int64_t x = from[1]; x < to[1]; x++)
            sum += (double)in[y * width + x];
    }
    return sum;
}

/* The divisor counts padding but not what hangs over it: the window is cut to the padded image
 * before its area is taken and to the image afterwards. An empty window gives 0 / 0, as in Caffe.
 */
void ref_pool_average(const struct plane_geometry *geometry, bool exclude_pad, const float *in,
                      float *out)
{
    const struct window *window = &geometry->window;
    int64_t from[2], to[2];

    for (int64_t channel = 0; channel < geometry->channels; channel++) {
        for (int64_t oy = 0; oy < geometry->out_height; oy++) {
            int64_t y = oy * window->stride[0] - window->pad[0];
            int64_t bottom = smaller(y + window->kernel[0], geometry->height + window->pad_end[0]);
            from[0] = larger(y, 0);
            to[0] = smaller(bottom, geometry->height);
            for (int64_t ox = 0; ox < geometry->out_width; ox++) {
                int64_t x = ox * window->stride[1] - window->pad[1];
                int64_t right =
                    smaller(x + window->kernel[1], geometry->width + window->pad_end[1]);
                int64_t area = (bottom - y) * (right - x);
                from[1] = larger(x, 0);
                to[1] = smaller(right, geometry->width);
                if (exclude_pad)
                    area = larger(to[0] - from[0], 0) * larger(to[1] - from[1], 0);
                *out++ = (float)(window_sum(in, geometry->width, from, to) / (double)area);
            }
        }
        in += geometry->height * geometry->width;
    }
}

static float window_expectation(const float *in, int64_t width, const int64_t from[2],
                                const int64_t to[2])
{
    float sum = FLT_MIN, squares = 0;

    for (int64_t y = from[0]; y < to[0]; y++) {
        for (int64_t x = from[1]; x < to[1]; x++) {
            float value = in[y * width + x];
            sum += value;
            squares += value * value;
        }
    }
    return squares / sum;
}

void ref_pool_stochastic(const struct plane_geometry *geometry, const float *in, float *out)
{
    const struct window *window = &geometry->window;
    int64_t from[2], to[2];

    for (int64_t channel = 0; channel < geometry->channels; channel++) {
        for (int64_t oy = 0; oy < geometry->out_height; oy++) {
            from[0] = oy * window->stride[0];
            to[0] = smaller(from[0] + window->kernel[0], geometry->height);
            for (int64_t ox = 0; ox < geometry->out_width; ox++) {
                from[1] = ox * window->stride[1];
                to[1] = smaller(from[1] + window->kernel[1], geometry->width);
                *out++ = window_expectation(in, geometry->width, from, to);
            }
        }
        in += geometry->height * geometry->width;
    }
}
