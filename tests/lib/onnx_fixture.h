/* onnx_fixture: models built node by node, run and compared with numbers worked out by hand. */
#ifndef TESTS_LIB_ONNX_FIXTURE_H
#define TESTS_LIB_ONNX_FIXTURE_H

#include "tests/lib/onnx_model.h"

enum { ONNX_NUMBERS = 64 };

extern const float onnx_counting[ONNX_NUMBERS]; /* 0 to 25, then zeros */

/* One picture of one channel; the batch is free. */
struct onnx_model onnx_plane(int64_t opset, int64_t height, int64_t width);

/* N x size. */
struct onnx_model onnx_vector(int64_t opset, int64_t size);

/* Adds the output 'y', runs the model on `in` and compares. Frees the model. */
void onnx_expect(struct onnx_model *model, const float *in, unsigned dims, const int64_t *dim,
                 const float *want);

/* Adds the output 'y'; loading must fail so, with `text` in the line. Frees the model. */
void onnx_expect_refusal(struct onnx_model *model, enum status expected, const char *text);

#endif
