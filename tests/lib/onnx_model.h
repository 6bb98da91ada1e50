/* onnx_model: builds small ONNX models byte by byte and runs them, for tests.
 *
 * Field numbers: model/format/onnx/onnx_proto.h. Running out of memory ends the program.
 */
#ifndef TESTS_LIB_ONNX_MODEL_H
#define TESTS_LIB_ONNX_MODEL_H

#include "common/buf.h"
#include "model/model.h"

struct onnx_model {
    struct buf graph, attributes; /* attributes: of the node that comes next */
    struct buf bytes;             /* after onnx_model_end() */
    int64_t opset;
};

void onnx_model_begin(struct onnx_model *model, int64_t opset);

/* Extents 0 are free ("N"). */
void onnx_model_input(struct onnx_model *model, const char *name, unsigned dims,
                      const int64_t *dim);
void onnx_model_output(struct onnx_model *model, const char *name);

/* Initializers in raw data. */
void onnx_model_floats(struct onnx_model *model, const char *name, unsigned dims,
                       const int64_t *dim, const float *data);
void onnx_model_integers(struct onnx_model *model, const char *name, size_t count,
                         const int64_t *data);

/* A TensorProto that the caller made, as an initializer. */
void onnx_model_tensor(struct onnx_model *model, struct buf *tensor);

/* Attributes of the next node. */
void onnx_model_int(struct onnx_model *model, const char *name, int64_t value);
void onnx_model_float(struct onnx_model *model, const char *name, float value);
void onnx_model_text(struct onnx_model *model, const char *name, const char *text);
void onnx_model_ints(struct onnx_model *model, const char *name, size_t count,
                     const int64_t *values);

/* The nodes, initializers and outputs of `branch`, which is freed. */
void onnx_model_graph(struct onnx_model *model, const char *name, struct onnx_model *branch);

/* `inputs` and `outputs` are names separated by blanks; "-" stands for one that is left out. */
void onnx_model_node(struct onnx_model *model, const char *type, const char *inputs,
                     const char *outputs);

/* Fills model->bytes. */
void onnx_model_end(struct onnx_model *model);
void onnx_model_free(struct onnx_model *model);

/* Loads the bytes as a file. The caller frees *out. */
enum status onnx_model_load(const void *bytes, size_t size, struct graph **out,
                            struct error *error) MUST_CHECK;

#endif
