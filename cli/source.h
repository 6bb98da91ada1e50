/* source: the MODEL argument of a command, and tensors in files in the model's own layout. */
#ifndef CLI_SOURCE_H
#define CLI_SOURCE_H

#include "cli/command.h"
#include "engine/engine.h"
#include "model/format/numpy/npz.h"
#include "model/model.h"

struct source {
    struct graph *graph;
    struct manifest *manifest; /* NULL: the argument named files */
    char *spec;                /* as model_load() takes it */
};

/* Loads what `model` names: a manifest (a name of the catalogue, or a .yml) or files as
 * model_load() takes them. The caller calls source_close() in any case. */
enum status source_open(struct cli *cli, const char *model, const struct model_options *options,
                        struct source *source, struct error *error) MUST_CHECK;
void source_close(struct source *source);

/* Whether that is a file of the source: of its model, its manifest or the labels that this names.
 */
bool source_reads(const struct source *source, const struct stat *info);

/* "1,3,224,224" (or with x between); STATUS_USAGE for anything else. */
enum status source_parse_shape(const char *text, struct shape *shape) MUST_CHECK;

/* Reads an array into an input of the network. It may stand in the model's own layout (N,H,W,C of a
 * TensorFlow graph) or as N,C,H,W; *own tells which it was. STATUS_DATA when it fits neither. */
enum status source_read_tensor(const struct graph *graph, const struct tensor *input,
                               const char *path, bool *own, struct error *error) MUST_CHECK;

/* Adds a tensor, whose value is number `value` of the graph, in the model's own layout or as it
 * is. */
enum status source_write_tensor(struct npz_writer *writer, const struct graph *graph,
                                uint32_t value, const struct tensor *tensor, bool own,
                                struct error *error) MUST_CHECK;

#endif
