/* onnx: reads ONNX models, and writes opset 13.
 *
 * Field numbers: onnx.proto (ONNX 1.8). Tensors whose data lies in other files are read from the
 * model's folder and nowhere else. Any thread.
 */
#ifndef MODEL_FORMAT_ONNX_H
#define MODEL_FORMAT_ONNX_H

#include "model/format/mapping.h"
#include "model/model.h"

/* Builds the graph. Takes over *file (a mapping of `path`, set to NULL) in any case. */
enum status onnx_load(const char *path, struct mapping **file, const struct model_options *options,
                      struct graph **out, struct error *error) MUST_CHECK;

/* As model_write(). `path` must not exist. */
enum status onnx_write(const struct graph *graph, const char *path, struct error *error) MUST_CHECK;

#endif
