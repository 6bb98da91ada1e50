#include <inttypes.h>
#include <stdlib.h>

#include "common/json.h"
#include "common/utf8.h"
#include "model/fields.h"
#include "model/format/numpy/graph_json.h"
#include "model/format/numpy/parameters_json.h"

/* ---- what JSON cannot say ---- */

static bool is_sayable(const struct graph *graph, const struct node *node)
{
    for (uint32_t i = 0; i < node->output_count; i++) {
        if (!utf8_valid(graph->values[node->outputs[i]].name))
            return false;
    }
    return utf8_valid(node->name) && parameters_json_sayable(node);
}

enum status graph_json_check(const struct graph *graph, struct error *error)
{
    char list[512] = "";
    size_t used = 0, bad = 0;

    for (size_t i = 0; i < graph->node_count; i++) {
        const struct node *node = &graph->nodes[i];
        if (is_sayable(graph, node))
            continue;
        if (used < sizeof list) {
            int wrote = snprintf(list + used, sizeof list - used, "%s'%s' (%s)", bad ? ", " : "",
                                 node->name, node->op->name);
            used += wrote > 0 ? (size_t)wrote : 0;
        }
        bad++;
    }
    if (!bad)
        return STATUS_OK;
    return error_set(
        error, STATUS_UNSUPPORTED,
        "%s: %zu layer%s whose name is not UTF-8, or with a parameter that is NaN or out "
        "of range, which the .json cannot say: %s%s",
        graph->source, bad, bad == 1 ? "" : "s", list, used >= sizeof list ? " ..." : "");
}

/* ---- nodes ---- */

static void write_shape(FILE *out, const struct shape *shape)
{
    fputs("\"shape\": [", out);
    for (unsigned i = 0; i < shape->dims; i++)
        fprintf(out, "%s%" PRId64, i ? ", " : "", shape->dim[i]);
    fputc(']', out);
}

static void write_values(FILE *out, const char *key, const struct names *names,
                         const uint32_t *values, uint32_t count)
{
    fprintf(out, "\"%s\": [", key);
    for (uint32_t i = 0; i < count; i++) {
        fputs(i ? ", " : "", out);
        json_write_text(out, names_value(names, values[i]));
    }
    fputs("], ", out);
}

char *graph_json_weight(const struct graph *graph, const struct names *names, size_t node,
                        uint32_t index)
{
    char word[WEIGHT_NAME_SIZE], *name = NULL;

    weight_name(&graph->nodes[node], index, word);
    return asprintf(&name, "%s/%s", names_node(names, node), word) < 0 ? NULL : name;
}

static void write_weight(FILE *out, const struct graph *graph, const struct names *names,
                         size_t node, uint32_t index)
{
    char *name = graph_json_weight(graph, names, node, index);

    fprintf(out, "%s{\"array\": ", index ? ", " : "");
    json_write_text(out, name ? name : "");
    fputs(", ", out);
    write_shape(out, &graph->nodes[node].weights[index].shape);
    fputc('}', out);
    free(name);
}

static void write_node(FILE *out, const struct graph *graph, const struct names *names,
                       size_t index)
{
    const struct node *node = &graph->nodes[index];

    fputs("    {\"name\": ", out);
    json_write_text(out, names_node(names, index));
    fprintf(out, ", \"type\": \"%s\", ", node->op->name);
    write_values(out, "inputs", names, node->inputs, node->input_count);
    write_values(out, "outputs", names, node->outputs, node->output_count);
    fputs("\"parameters\": {", out);
    parameters_json_write(node, out);
    fputs("}, \"weights\": [", out);
    for (uint32_t i = 0; i < node->weight_count; i++)
        write_weight(out, graph, names, index, i);
    fprintf(out, "]}%s\n", index + 1 < graph->node_count ? "," : "");
}

static void write_ends(FILE *out, const struct graph *graph, const struct names *names,
                       const uint32_t *values, size_t count, const char *note)
{
    for (size_t i = 0; i < count; i++) {
        const struct shape *shape = &graph->values[values[i]].shape;
        fputs("    {\"name\": ", out);
        json_write_text(out, names_value(names, values[i]));
        fputs(", ", out);
        write_shape(out, shape);
        fprintf(out, "%s}%s\n", shape->dims ? note : "", i + 1 < count ? "," : "");
    }
}

void graph_json_write(const struct graph *graph, const struct names *names, FILE *out)
{
    fprintf(out,
            "{\n  \"format\": \"carmlbench graph\",\n  \"version\": %d,\n"
            "  \"producer\": \"carmlbench " CARMLBENCH_VERSION "\",\n  \"inputs\": [\n",
            GRAPH_JSON_VERSION);
    write_ends(out, graph, names, graph->inputs, graph->input_count, ", \"batch_axis\": 0");
    fputs("  ],\n  \"nodes\": [\n", out);
    for (size_t i = 0; i < graph->node_count; i++)
        write_node(out, graph, names, i);
    fputs("  ],\n  \"outputs\": [\n", out);
    write_ends(out, graph, names, graph->outputs, graph->output_count, "");
    fputs("  ]\n}\n", out);
}
