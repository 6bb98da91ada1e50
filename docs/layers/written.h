/* written: which operators a format has in a network that was really written in it. */
#ifndef DOCS_LAYERS_WRITTEN_H
#define DOCS_LAYERS_WRITTEN_H

#include "model/model.h"

enum { WRITTEN_TEXT = 512 };

/* Writes the graph below the folder and fills `text` with the types of its layers or nodes in
 * order, each once, with `, ` between; inputs and constants are left out. *readable: our own reader
 * takes what was written, which a proof needs. STATUS_UNSUPPORTED when the format cannot say it. */
enum status written_operators(const struct graph *graph, enum model_format format,
                              const char *folder, char text[WRITTEN_TEXT], bool *readable,
                              struct error *error) MUST_CHECK;

#endif
