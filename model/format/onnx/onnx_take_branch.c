/* If: one of two graphs, of which the condition names one while the file is read. PyTorch writes it
 * where squeeze() asks how large an axis is. */
#include "model/format/onnx/onnx_proto.h"
#include "model/format/onnx/onnx_read.h"

enum { DEPTH_MAX = 8 };

/* Defines the node's outputs as those of the branch, in their order. */
static enum status define_outputs(struct onnx_node *node, struct wire branch)
{
    enum status status = STATUS_OK;
    struct wire_field field;
    const char *name;
    size_t count = 0;

    while (!status && wire_next(&branch, &field)) {
        struct operand out;
        const struct operand *made;
        if (field.number != ONNX_GRAPH_OUTPUT || count == node->output_count)
            continue;
        status = onnx_value_name(node->reader, wire_enter(&branch, &field), &name);
        if (status)
            return status;
        made = importer_find(node->importer, name);
        if (!made)
            return onnx_fail(node, STATUS_DATA, "its branch makes no '%s'", name);
        out = *made;
        if (!operand_is_constant(&out))
            status = import_identity(node->importer, node->outputs[count], &out, &out);
        if (!status)
            status = onnx_define(node, count++, &out);
    }
    if (!status && count < node->output_count)
        status = onnx_fail(node, STATUS_DATA, "its branch has %zu outputs, it has %zu", count,
                           node->output_count);
    return status;
}

static enum status take_if(struct onnx_node *node)
{
    struct onnx_reader *reader = node->reader;
    struct wire branch;
    float condition;
    enum status status =
        import_read_float(node->importer, onnx_operand(node, 0), "its condition", &condition);

    if (!status)
        status =
            onnx_graph_attribute(node, condition != 0 ? "then_branch" : "else_branch", &branch);
    if (!status && reader->depth == DEPTH_MAX)
        status = onnx_fail(node, STATUS_LIMIT, "branches in branches, %d deep, are not supported",
                           DEPTH_MAX);
    if (status)
        return status;
    reader->depth++;
    status = onnx_read_nodes(reader, branch);
    reader->depth--;
    importer_at(node->importer, node->name, node->type);
    return status ? status : define_outputs(node, branch);
}

const struct onnx_operator onnx_branch_operators[] = {{"If", 1, take_if}, {NULL, 0, NULL}};
