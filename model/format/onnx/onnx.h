/* onnx: reads ONNX models of opsets 7 to 23, and writes opset 13.
 *
 * Field numbers: model/format/onnx/onnx_proto.h. Tensors whose data lies in other files are read
 * from the model's folder and nowhere else. The first axis of the inputs is the batch: written as
 * "N", read as 1 where it is free. Values keep their names (model/names.h); what a layer needs
 * beside them is called "VALUE/Something". SSD's PriorBox and DetectionOutput, for which ONNX has
 * no words, are written in a domain of our own, and a notice says so. Any thread.
 */
#ifndef MODEL_FORMAT_ONNX_ONNX_H
#define MODEL_FORMAT_ONNX_ONNX_H

#include "model/format/mapping.h"
#include "model/model.h"

/* Builds the graph. Takes over *file (a mapping of `path`, set to NULL) in any case. */
enum status onnx_load(const char *path, struct mapping **file, const struct model_options *options,
                      struct graph **out, struct error *error) MUST_CHECK;

/* As model_write(). `path` must not exist. */
enum status onnx_write(const struct graph *graph, const char *path, struct error *error) MUST_CHECK;

#endif
