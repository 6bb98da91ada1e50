#include "model/import/importer.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const struct import_axes import_nchw = {.channel = 1, .spatial = {2, 3}};
const struct import_axes import_nhwc = {.channel = 3, .spatial = {1, 2}};

void importer_close(struct importer *importer)
{
    graph_free(importer->graph);
    importer->graph = NULL;
}

void importer_at(struct importer *importer, const char *node, const char *type)
{
    importer->node = node;
    importer->type = type;
}

enum status importer_fail(const struct importer *importer, enum status status, const char *format,
                          ...)
{
    char text[768];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (!importer->node)
        return error_set(importer->error, status, "%s: %s", importer->graph->source, text);
    return error_set(importer->error, status, "%s: node '%s' (%s): %s", importer->graph->source,
                     importer->node, importer->type, text);
}

const struct operand *importer_find(const struct importer *importer, const char *name)
{
    (void)importer;
    (void)name;
    return NULL;
}

struct operand operand_view(const struct weight *weight)
{
    return (struct operand){.kind = OPERAND_FLOATS, .shape = weight->shape, .weight = *weight};
}

bool operand_is_constant(const struct operand *operand)
{
    return operand->kind == OPERAND_FLOATS || operand->kind == OPERAND_INTEGERS;
}
