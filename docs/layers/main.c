/* layers: prints docs/SUPPORTED-LAYERS.md. `make layers` writes it.
 *
 * Everything in it comes from the tables that the program itself runs on, and from one-layer
 * networks that every writer really writes here.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "docs/layers/samples.h"
#include "docs/layers/written.h"
#include "model/fields.h"
#include "model/format/tensorflow/graphdef_ops.h"
#include "model/format/limits.h"
#include "model/format/onnx/onnx_read.h"

static const enum model_format formats[] = {MODEL_CAFFE, MODEL_TENSORFLOW, MODEL_ONNX};
enum { FORMATS = sizeof formats / sizeof *formats, LINE = 100 };

static const char head[] =
    "# Supported layers\n"
    "\n"
    "Made by `make layers` from the program's own tables; tests/gates compares. Each operator of "
    "the\n"
    "graph (model/operator.h) with the types of Caffe that mean it (those of forks, too), the\n"
    "parameters it has in the `.json` of the NumPy form, and what it becomes in the other formats: "
    "for\n"
    "that, one-layer networks are written in each of them and read with nothing but the wire "
    "format.\n"
    "Constants and inputs are not shown. A dash: the format cannot say it, and `convert` names "
    "the\n"
    "layer instead of writing. A dagger (†): written, but our own reader does not take it, so "
    "that\n"
    "nothing can be proved: `convert` writes it with `--unverified` only. NumPy says every "
    "operator by\n"
    "its own name.\n";

/* ---- one operator ---- */

/* "`A`, `B`" of a list with blanks. */
static void print_words(const char *words)
{
    for (bool first = true; *words; first = false) {
        size_t length = strcspn(words, " ");
        printf("%s`%.*s`", first ? "" : ", ", (int)length, words);
        words += length;
        words += strspn(words, " ");
    }
}

static void print_count(unsigned low, unsigned high, const char *word)
{
    if (low == high)
        printf("%u %s%s", low, word, low == 1 ? "" : "s");
    else if (high > 8)
        printf("%u or more %ss", low, word);
    else
        printf("%u to %u %ss", low, high, word);
}

static void print_field(const struct field *field)
{
    static const char *const types[] = {[FIELD_INT] = "integer",
                                        [FIELD_BYTE] = "integer",
                                        [FIELD_FLOAT] = "number",
                                        [FIELD_BOOL] = "true or false",
                                        [FIELD_WORD] = "word"};
    static const char *const forms[] = {[FIELD_ONE] = "",
                                        [FIELD_PAIR] = " for height and width",
                                        [FIELD_AXES] = " per axis",
                                        [FIELD_LIST] = ", any number of them",
                                        [FIELD_PER_INPUT] = " per input, or none"};

    printf("`%s` (", field->name);
    for (size_t i = 0; field->words && field->words[i]; i++)
        printf("%s%s", i ? ", " : "", field->words[i]);
    if (!field->words)
        fputs(types[field->type], stdout);
    printf("%s)", forms[field->form]);
}

static void print_parameters(enum operator_kind kind)
{
    const struct field *fields = fields_of(kind);

    if (!fields->name)
        return;
    fputs("Parameters: ", stdout);
    for (const struct field *field = fields; field->name; field++) {
        fputs(field == fields ? "" : ", ", stdout);
        print_field(field);
    }
    puts(".\n");
}

/* Those of the first sample, which has all of them. */
static void print_weights(const struct graph *graph)
{
    const struct node *node = graph->node_count > 1 ? &graph->nodes[1] : graph->nodes;
    char name[WEIGHT_NAME_SIZE];

    for (uint32_t i = 0; i < node->weight_count; i++)
        printf("%s`%s`", i ? ", " : " Weights: ", weight_name(node, i, name));
    fputs(node->weight_count ? "." : "", stdout);
}

static void print_summary(const struct operator_info *op, const struct graph *graph)
{
    printf("\n## %s\n\n", op->name);
    if (*op->caffe_types) {
        fputs("Caffe: ", stdout);
        print_words(op->caffe_types);
        if (*op->v1_types) {
            fputs("; V1: ", stdout);
            print_words(op->v1_types);
        }
        fputs(". ", stdout);
    }
    print_count(op->input_min, op->input_max, "input");
    fputs(", ", stdout);
    print_count(op->output_min, op->output_max, "output");
    fputs(".", stdout);
    print_weights(graph);
    puts("\n");
    print_parameters(op->kind);
    puts("| | Caffe | TensorFlow | ONNX |\n| --- | --- | --- | --- |");
}

static void print_limits(enum operator_kind kind)
{
    static const char *const names[] = {[MODEL_CAFFE] = "Caffe",
                                        [MODEL_NUMPY] = "NumPy",
                                        [MODEL_TENSORFLOW] = "TensorFlow",
                                        [MODEL_ONNX] = "ONNX",
                                        [MODEL_TFJS] = "TensorFlow.js"};
    bool first = true;

    for (unsigned i = 0; i < LIMIT_COUNT; i++) {
        const struct limit_info *limit = limit_info((enum limit)i);
        if (limit->kind != kind)
            continue;
        printf("%s* %s refuses: %s\n", first ? "\n" : "", names[limit->format], limit->why);
        first = false;
    }
}

#define NOTHING(kind) ((kind) == OPERATOR_INPUT ? "an input of the graph" : "nothing")

static enum status print_row(const struct sample *sample, const struct graph *graph,
                             const char *folder, struct error *error)
{
    printf("| %s |", sample->what);
    for (size_t i = 0; i < FORMATS; i++) {
        char text[WRITTEN_TEXT];
        bool readable = true;
        enum status status = written_operators(graph, formats[i], folder, text, &readable, error);
        if (status && status != STATUS_UNSUPPORTED)
            return status;
        printf(" %s%s |",
               status  ? "–"
               : *text ? text
                       : NOTHING(sample->kind),
               readable || status ? "" : " †");
    }
    puts("");
    return STATUS_OK;
}

static enum status print_operators(const char *folder, struct error *error)
{
    enum status status = STATUS_OK;
    size_t next = 0;

    for (unsigned kind = 0; kind < OPERATOR_COUNT && !status; kind++) {
        if (next == sample_count || samples[next].kind != kind)
            return error_set(error, STATUS_INTERNAL,
                             "docs/layers/samples.c: a sample of %s is missing there",
                             operator_info((enum operator_kind)kind)->name);
        for (bool first = true; next < sample_count && samples[next].kind == kind && !status;
             next++, first = false) {
            struct graph *graph = NULL;
            status = sample_graph(&samples[next], &graph, error);
            if (!status && first)
                print_summary(operator_info((enum operator_kind)kind), graph);
            if (!status)
                status = print_row(&samples[next], graph, folder, error);
            graph_free(graph);
        }
        print_limits((enum operator_kind)kind);
    }
    return status;
}

/* ---- what the readers take ---- */

struct list {
    size_t count, column;
};

static void add(struct list *list, const char *word)
{
    size_t length = strlen(word) + 4; /* quotes, a comma, a blank or the end of the line */
    bool wrap = list->column + length > LINE;

    if (list->count++)
        fputs(wrap ? ",\n" : ", ", stdout);
    printf("`%s`", word);
    list->column = length + (wrap ? 0 : list->column);
}

static void print_ops(const char *title, enum graphdef_role role)
{
    struct list list = {0};
    const struct graphdef_op *op;

    printf("\n%s:\n", title);
    for (size_t i = 0; (op = graphdef_op_at(i)); i++)
        if (op->role == role)
            add(&list, op->name);
    puts("");
}

static void print_tensorflow(void)
{
    puts("\n# Operators of TensorFlow that are read\n\n"
         "A frozen GraphDef of TensorFlow 1 or 2. Constant parts of it are computed while it is "
         "read.");
    print_ops("Layers", GRAPHDEF_LAYER);
    print_ops("Sources, shapes and conditions, all known before the network runs",
              GRAPHDEF_AUXILIARY);
    print_ops("Left out, with everything that only they read", GRAPHDEF_LEFTOVER);
}

static int by_type(const void *a, const void *b)
{
    const char *const *first = a, *const *second = b;
    return strcmp(*first, *second);
}

static void print_onnx(void)
{
    static const struct onnx_operator *const tables[] = {
        onnx_window_operators, onnx_arithmetic_operators, onnx_statistics_operators,
        onnx_layout_operators, onnx_constant_operators,   onnx_resize_operators};
    enum { TYPES = 512 };
    static const char *types[TYPES];
    struct list list = {0}, ours = {0};
    size_t count = 0;

    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        for (const struct onnx_operator *row = tables[i]; row->type && count < TYPES; row++)
            types[count++] = row->type;
    qsort(types, count, sizeof *types, by_type);
    puts("\n# Operators of ONNX that are read\n\nOf the standard domain:");
    for (size_t i = 0; i < count; i++)
        add(&list, types[i]);
    puts("\n\nOf our own domain, for what ONNX has no operator for:");
    for (const struct onnx_operator *row = onnx_our_operators; row->type; row++)
        add(&ours, row->type);
    puts("");
}

int main(void)
{
    char folder[] = "/tmp/carmlbench-layers-XXXXXX";
    struct error error = {""};
    enum status status;

    if (!mkdtemp(folder)) {
        perror(folder);
        return 74;
    }
    log_set_level(LOG_LEVEL_ERROR);
    fputs(head, stdout);
    status = print_operators(folder, &error);
    if (!status) {
        print_tensorflow();
        print_onnx();
    }
    rmdir(folder);
    if (status)
        fprintf(stderr, "layers: %s\n", error.text);
    return status_exit_code(status);
}
