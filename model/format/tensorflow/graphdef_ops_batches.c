/* Dilated convolutions spelled SpaceToBatchND, convolution, BatchToSpaceND. */
#include <inttypes.h>
#include <string.h>

#include "model/format/tensorflow/graphdef_ops.h"
#include "model/format/tensorflow/graphdef_tensor.h"

void graphdef_pair_batches(struct graphdef_reading *reading, const uint32_t *nodes, size_t count)
{
    enum { MAX_STEPS = 16 };
    const struct graphdef *graph = &reading->graph;

    for (size_t i = 0; i < count; i++) {
        const struct graphdef_node *node = &graph->nodes[nodes[i]];
        if (strcmp(node->op, "BatchToSpaceND") != 0)
            continue;
        for (unsigned j = 0; j < MAX_STEPS && node->input_count; j++) {
            uint32_t before = node->inputs[0].node;
            node = &graph->nodes[before];
            if (!strcmp(node->op, "SpaceToBatchND")) {
                reading->crops[before] = nodes[i] + 1;
                break;
            }
        }
    }
}

static enum status read_pads(struct graphdef_reading *reading, const struct operand *x,
                             const char *what, int64_t begin[2], int64_t end[2])
{
    int64_t list[4];
    size_t count;
    enum status status = import_read_integers(&reading->importer, x, what, list, 4, &count);

    if (status)
        return status;
    for (size_t i = 0; i < count; i++) {
        if (list[i] < 0 || list[i] > INT32_MAX)
            return importer_fail(&reading->importer, STATUS_DATA, "%s hold %" PRId64, what,
                                 list[i]);
    }
    if (count != 4)
        return importer_fail(&reading->importer, STATUS_UNSUPPORTED,
                             "%s are not for height and width alone", what);
    for (unsigned i = 0; i < 2; i++) {
        begin[i] = list[2 * i];
        end[i] = list[2 * i + 1];
    }
    return STATUS_OK;
}

static enum status read_block(struct graphdef_reading *reading, int64_t block[2])
{
    size_t count;
    enum status status =
        import_read_integers(&reading->importer, reading->inputs[1], "the block", block, 2, &count);

    if (!status && (count != 2 || block[0] < 1 || block[1] < 1 || block[0] > INT32_MAX ||
                    block[1] > INT32_MAX))
        status = importer_fail(&reading->importer, STATUS_UNSUPPORTED,
                               "the block must be a height and a width");
    return status;
}

static struct graphdef_batches **batches_of(struct graphdef_reading *reading,
                                            const struct graphdef_node *node)
{
    return &reading->batches[node - reading->graph.nodes];
}

/* What the BatchToSpaceND behind this node will cut away, if it says so by a constant. */
static enum status read_crops(struct graphdef_reading *reading, struct graphdef_batches *batches)
{
    uint32_t behind = reading->crops[reading->node - reading->graph.nodes];
    const struct graphdef_node *node;
    struct operand crops;
    enum status status;

    if (!behind || reading->graph.nodes[behind - 1].input_count != 3)
        return STATUS_OK;
    node = &reading->graph.nodes[reading->graph.nodes[behind - 1].inputs[2].node];
    if (strcmp(node->op, "Const") != 0)
        return STATUS_OK;
    status = graphdef_tensor_read(&reading->graph, node, "value", &reading->importer, &crops);
    return status ? status
                  : read_pads(reading, &crops, "the crops", batches->crop, batches->crop_end);
}

enum status graphdef_read_space_to_batch(struct graphdef_reading *reading)
{
    struct graphdef_batches *batches = arena_alloc(&reading->graph.arena, 1, sizeof *batches);
    enum status status;

    if (!batches)
        return importer_fail(&reading->importer, STATUS_MEMORY, "out of memory");
    status = graphdef_need_planes(reading, reading->inputs[0], "the tensor");
    if (!status)
        status = read_block(reading, batches->block);
    if (!status)
        status =
            read_pads(reading, reading->inputs[2], "the paddings", batches->pad, batches->pad_end);
    if (!status)
        status = read_crops(reading, batches);
    if (status)
        return status;
    reading->outputs[0] = *reading->inputs[0];
    *batches_of(reading, reading->node) = batches;
    return STATUS_OK;
}

enum status graphdef_read_batch_to_space(struct graphdef_reading *reading)
{
    const struct graphdef_node *before = &reading->graph.nodes[reading->node->inputs[0].node];
    const struct graphdef_batches *batches = *batches_of(reading, before);
    int64_t block[2], crop[2], crop_end[2];
    enum status status;

    if (!batches || !batches->convolved)
        return importer_fail(&reading->importer, STATUS_UNSUPPORTED,
                             "not behind SpaceToBatchND and one convolution, which together are a "
                             "dilated convolution");
    status = read_block(reading, block);
    if (!status)
        status = read_pads(reading, reading->inputs[2], "the crops", crop, crop_end);
    for (unsigned i = 0; i < 2 && !status; i++) {
        if (block[i] != batches->block[i] || crop[i] != batches->crop[i] ||
            crop_end[i] != batches->crop_end[i])
            status = importer_fail(&reading->importer, STATUS_UNSUPPORTED,
                                   "its block or crops are not those that go with the "
                                   "SpaceToBatchND before it");
    }
    if (!status)
        status = import_identity(&reading->importer, reading->name, reading->inputs[0],
                                 reading->outputs);
    return status;
}

static enum status cut_planes(struct graphdef_reading *reading, const int64_t begin[4],
                              const int64_t end[4], struct operand *x)
{
    const char *name;
    enum status status = graphdef_helper(reading, reading->name, "Crop", &name);

    return status ? status : import_pad(&reading->importer, name, x, begin, end, 0, x);
}

/* A crop of the result is less padding, because the convolution has stride 1. */
enum status graphdef_dilate(struct graphdef_reading *reading, struct window *window,
                            struct operand *x)
{
    const struct graphdef_node *before = &reading->graph.nodes[reading->node->inputs[0].node];
    struct graphdef_batches *batches = *batches_of(reading, before), *result;
    int64_t begin[4] = {0}, end[4] = {0};
    bool cut = false;

    if (!batches)
        return STATUS_OK;
    result = arena_alloc(&reading->graph.arena, 1, sizeof *result);
    if (!result)
        return importer_fail(&reading->importer, STATUS_MEMORY, "out of memory");
    for (unsigned i = 0; i < 2; i++) {
        int64_t pads[2] = {batches->pad[i] - batches->crop[i],
                           batches->pad_end[i] - batches->crop_end[i]};
        if (batches->convolved || window->stride[i] != 1 || window->pad[i] || window->pad_end[i] ||
            window->dilation[i] != 1)
            return importer_fail(&reading->importer, STATUS_UNSUPPORTED,
                                 "between SpaceToBatchND and BatchToSpaceND stands more than one "
                                 "plain convolution with padding VALID");
        window->dilation[i] = batches->block[i];
        window->pad[i] = pads[0] > 0 ? pads[0] : 0;
        window->pad_end[i] = pads[1] > 0 ? pads[1] : 0;
        begin[1 + i] = pads[0] < 0 ? pads[0] : 0;
        end[1 + i] = pads[1] < 0 ? pads[1] : 0;
        cut |= pads[0] < 0 || pads[1] < 0;
    }
    *result = *batches;
    result->convolved = true;
    *batches_of(reading, reading->node) = result;
    return cut ? cut_planes(reading, begin, end, x) : STATUS_OK;
}

/* One number per channel, which is the last axis. */
static bool is_per_channel(const struct operand *x)
{
    for (unsigned i = 0; i + 1 < x->shape.dims; i++) {
        if (x->shape.dim[i] != 1)
            return false;
    }
    return true;
}

enum status graphdef_pass_batches(struct graphdef_reading *reading)
{
    const struct graphdef_node *node = reading->node;
    struct graphdef_batches *found = NULL;
    bool mixed = false;

    for (uint32_t i = 0; i < node->input_count; i++)
        found = found ? found : reading->batches[node->inputs[i].node];
    if (!found || reading->op->read == graphdef_read_conv2d ||
        reading->op->read == graphdef_read_depthwise ||
        reading->op->read == graphdef_read_batch_to_space)
        return STATUS_OK;
    for (uint32_t i = 0; i < node->input_count; i++) {
        const struct operand *x = reading->inputs[i];
        if (x->kind == OPERAND_VALUE)
            mixed |= reading->batches[node->inputs[i].node] != found;
        else
            mixed |= !is_per_channel(x);
    }
    if (!reading->op->pointwise || mixed)
        return importer_fail(&reading->importer, STATUS_UNSUPPORTED,
                             "stands between SpaceToBatchND and BatchToSpaceND, where only a "
                             "convolution and what works on single pixels can be read");
    reading->batches[node - reading->graph.nodes] = found;
    return STATUS_OK;
}
