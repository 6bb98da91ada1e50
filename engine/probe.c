#include "engine/probe.h"

enum { BLOCK = 16 };

const char *probe_name(enum probe probe)
{
    static const char *const names[] = {"noise", "blocks", "gradient"};

    return names[probe];
}

/* splitmix64 (Steele, Lea, Flood 2014). */
static uint64_t next(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static float draw(uint64_t *state)
{
    return (float)((double)(next(state) >> 40) * 0x1p-24 * 255 - 128);
}

/* A number that depends on the block's place only. */
static float block_value(uint64_t channel, uint64_t y, uint64_t x)
{
    uint64_t state = (channel << 40) + (y << 20) + x;

    return draw(&state);
}

/* Brighter to the right and below, in each channel with another slope. */
static float gradient_value(uint64_t channel, uint64_t y, uint64_t x, uint64_t height,
                            uint64_t width)
{
    float down = (float)y / (float)height, right = (float)x / (float)width;

    switch (channel % 3) {
    case 0:
        return 255 * right - 128;
    case 1:
        return 255 * down - 128;
    default:
        return 127 - 127.5F * (down + right);
    }
}

static void fill_plane_like(enum probe probe, size_t index, const struct tensor *input)
{
    size_t width = input->dims > 0 ? (size_t)input->shape[input->dims - 1] : 1;
    size_t height = input->dims > 1 ? (size_t)input->shape[input->dims - 2] : 1;
    uint64_t state = index + 1;

    for (size_t i = 0; i < input->count; i++) {
        size_t x = i % width, y = i / width % height, channel = i / width / height;
        if (probe == PROBE_NOISE)
            input->data[i] = draw(&state);
        else if (probe == PROBE_BLOCKS)
            input->data[i] = block_value(channel + (index << 16), y / BLOCK, x / BLOCK);
        else
            input->data[i] = gradient_value(channel, y, x, height, width);
    }
}

static bool holds_regions(const struct graph *graph, uint32_t value)
{
    for (size_t i = 0; i < graph->node_count; i++) {
        const struct node *node = &graph->nodes[i];
        if (node->op->kind == OPERATOR_ROI_POOLING && node->inputs[1] == value)
            return true;
    }
    return false;
}

/* Rows of batch index, x1, y1, x2, y2 (roi_pooling_layer.cpp) inside the first input. */
static void fill_regions(const struct graph *graph, const struct tensor *input)
{
    const struct shape *image = &graph->values[graph->inputs[0]].shape;
    int64_t height = image->dims == 4 ? image->dim[2] : 1,
            width = image->dims == 4 ? image->dim[3] : 1;
    uint64_t state = 5;

    for (size_t row = 0; row + 5 <= input->count; row += 5) {
        int64_t x = (int64_t)(next(&state) % (uint64_t)width);
        int64_t y = (int64_t)(next(&state) % (uint64_t)height);
        input->data[row] = 0;
        input->data[row + 1] = (float)x;
        input->data[row + 2] = (float)y;
        input->data[row + 3] = (float)(x + (int64_t)(next(&state) % (uint64_t)(width - x)));
        input->data[row + 4] = (float)(y + (int64_t)(next(&state) % (uint64_t)(height - y)));
    }
}

void probe_fill(enum probe probe, const struct graph *graph, size_t index,
                const struct tensor *input)
{
    if (index > 0 && holds_regions(graph, graph->inputs[index]))
        fill_regions(graph, input);
    else
        fill_plane_like(probe, index, input);
}
