#include "model/filler.h"

#include <math.h>

#include "model/shape.h"

/* Enlarges by 1024; a hostile file shall not make us fill more. */
enum { KERNEL_MAX = 2048 };

/* The centre is that of Caffe's pull request 5713. Caffe 1.0 itself is off it for kernels whose
 * half, rounded up, is odd, and for odd kernels (3 and 6, but not 4, 8, 16 and 64). */
static void fill_plane(int64_t size, float *plane)
{
    double half = (double)((size + 1) / 2), centre = (double)(size - 1) / (2 * half);

    for (int64_t y = 0; y < size; y++) {
        double row = 1 - fabs((double)y / half - centre);
        for (int64_t x = 0; x < size; x++)
            *plane++ = (float)(row * (1 - fabs((double)x / half - centre)));
    }
}

/* `times` repetitions of `count` numbers, under `shape`. */
static struct weight repeat(const struct shape *shape, const float *numbers, size_t times,
                            size_t count)
{
    struct weight weight = weight_make(shape, numbers);

    weight.dims = 2;
    weight.dim[0] = (int64_t)times;
    weight.dim[1] = (int64_t)count;
    weight.stride[0] = 0;
    weight.stride[1] = 1;
    return weight;
}

enum status filler_bilinear(struct graph *graph, struct node *node, const struct shape *shapes,
                            uint32_t count, struct error *error)
{
    int64_t height = shapes[0].dim[2], width = shapes[0].dim[3];
    size_t plane = (size_t)(height * width), all;
    float *numbers;

    if (height != width)
        return graph_error(graph, node, error, STATUS_DATA,
                           "a bilinear weight_filler needs a square kernel");
    if (width > KERNEL_MAX || !shape_count(&shapes[0], &all))
        return graph_error(graph, node, error, STATUS_LIMIT,
                           "a bilinear weight_filler goes up to kernels of %d", KERNEL_MAX);
    node->weights = arena_alloc(&graph->arena, count, sizeof *node->weights);
    numbers = arena_alloc(&graph->arena, plane + 1, sizeof *numbers);
    if (!node->weights || !numbers)
        return arena_fail(&graph->arena, error);
    fill_plane(width, numbers);
    node->weights[0] = repeat(&shapes[0], numbers, all / plane, plane);
    if (count > 1)
        node->weights[1] = repeat(&shapes[1], numbers + plane, (size_t)shapes[1].dim[0], 1);
    node->weight_count = count;
    return STATUS_OK;
}
