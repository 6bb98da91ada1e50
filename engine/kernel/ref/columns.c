#include <stdbool.h>
#include <string.h>

#include "engine/kernel/ref/ref.h"

/* The columns of one panel: where the window of each of them begins in the image. */
struct panel {
    size_t columns;
    int64_t y[REF_TILE_COLUMNS], x[REF_TILE_COLUMNS];
    bool run; /* the pixels lie side by side in one image row */
};

/* The columns are the pixels of a plane of this width. */
static void place(const struct plane_geometry *geometry, size_t width, size_t first, size_t columns,
                  struct panel *panel)
{
    const struct window *window = &geometry->window;

    panel->columns = columns;
    for (size_t i = 0; i < columns; i++) {
        panel->y[i] = (int64_t)((first + i) / width) * window->stride[0] - window->pad[0];
        panel->x[i] = (int64_t)((first + i) % width) * window->stride[1] - window->pad[1];
    }
    panel->run = columns == REF_TILE_COLUMNS && window->stride[1] == 1 &&
                 panel->y[0] == panel->y[columns - 1];
}

/* One row of the column matrix: the pixel (dy, dx) away from each window's begin. */
static void pick(const struct plane_geometry *geometry, const float *plane,
                 const struct panel *panel, int64_t dy, int64_t dx, float *out)
{
    int64_t height = geometry->height, width = geometry->width;

    if (panel->run && panel->y[0] + dy >= 0 && panel->y[0] + dy < height && panel->x[0] + dx >= 0 &&
        panel->x[0] + dx + REF_TILE_COLUMNS <= width) {
        memcpy(out, plane + (panel->y[0] + dy) * width + panel->x[0] + dx,
               REF_TILE_COLUMNS * sizeof *out);
        return;
    }
    for (size_t i = 0; i < REF_TILE_COLUMNS; i++)
        out[i] = 0;
    for (size_t i = 0; i < panel->columns; i++) {
        int64_t y = panel->y[i] + dy, x = panel->x[i] + dx;
        if (y >= 0 && y < height && x >= 0 && x < width)
            out[i] = plane[y * width + x];
    }
}

/* A 1x1 window without padding or stride: columns are pixels, whatever their rows. */
static void pack_pixels(const struct plane_geometry *geometry, const float *image, size_t first,
                        size_t columns, float *out)
{
    size_t plane = (size_t)(geometry->height * geometry->width);

    for (int64_t channel = 0; channel < geometry->channels; channel++) {
        memcpy(out, image + first, columns * sizeof *out);
        for (size_t i = columns; i < REF_TILE_COLUMNS; i++)
            out[i] = 0;
        image += plane;
        out += REF_TILE_COLUMNS;
    }
}

static void pack_windows(const struct plane_geometry *geometry, const float *image, size_t first,
                         size_t columns, float *out)
{
    const struct window *window = &geometry->window;
    struct panel panel;

    place(geometry, (size_t)geometry->out_width, first, columns, &panel);
    for (int64_t channel = 0; channel < geometry->channels; channel++) {
        for (int64_t ky = 0; ky < window->kernel[0]; ky++) {
            for (int64_t kx = 0; kx < window->kernel[1]; kx++) {
                pick(geometry, image, &panel, ky * window->dilation[0], kx * window->dilation[1],
                     out);
                out += REF_TILE_COLUMNS;
            }
        }
        image += geometry->height * geometry->width;
    }
}

void ref_pack_columns(const struct plane_geometry *geometry, const float *image, size_t first,
                      size_t count, float *panels)
{
    const struct window *window = &geometry->window;
    bool pixels = window->kernel[0] == 1 && window->kernel[1] == 1 && window->stride[0] == 1 &&
                  window->stride[1] == 1 && window->pad[0] == 0 && window->pad[1] == 0 &&
                  window->pad_end[0] == 0 && window->pad_end[1] == 0;
    size_t rows = (size_t)(geometry->channels * window->kernel[0] * window->kernel[1]);

    for (size_t i = 0; i < count; i += REF_TILE_COLUMNS) {
        size_t columns = count - i < REF_TILE_COLUMNS ? count - i : REF_TILE_COLUMNS;
        if (pixels)
            pack_pixels(geometry, image, first + i, columns, panels);
        else
            pack_windows(geometry, image, first + i, columns, panels);
        panels += rows * REF_TILE_COLUMNS;
    }
}

/* One row of the tile: the pixels (dy, dx) away from where each column's window begins. */
static void add_row(const struct plane_geometry *geometry, const struct panel *panel, int64_t dy,
                    int64_t dx, const float *row, float *plane)
{
    int64_t height = geometry->out_height, width = geometry->out_width;

    for (size_t i = 0; i < panel->columns; i++) {
        int64_t y = panel->y[i] + dy, x = panel->x[i] + dx;
        if (y >= 0 && y < height && x >= 0 && x < width)
            plane[y * width + x] += row[i];
    }
}

void ref_add_columns(const struct plane_geometry *geometry, size_t row, size_t rows, size_t column,
                     size_t columns, const float *tile, float *image)
{
    const struct window *window = &geometry->window;
    int64_t area = window->kernel[0] * window->kernel[1];
    struct panel panel;

    place(geometry, (size_t)geometry->width, column, columns, &panel);
    for (size_t i = 0; i < rows; i++) {
        int64_t channel = (int64_t)(row + i) / area, at = (int64_t)(row + i) % area;
        add_row(geometry, &panel, at / window->kernel[1] * window->dilation[0],
                at % window->kernel[1] * window->dilation[1], tile + i * REF_TILE_COLUMNS,
                image + channel * geometry->out_height * geometry->out_width);
    }
}
