#include "tests/lib/onnx_fixture.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "engine/engine.h"

void onnx_expect(struct onnx_model *model, const float *in, unsigned dims, const int64_t *dim,
                 const float *want)
{
    const struct engine_options options = {.threads = 1};
    struct error error = {""};
    struct graph *graph = NULL;
    struct engine *engine = NULL;
    struct session *session = NULL;
    const struct tensor *tensor;

    onnx_model_output(model, "y");
    onnx_model_end(model);
    if (onnx_model_load(model->bytes.data, model->bytes.size, &graph, &error) ||
        engine_create(graph, &options, &engine, &error) || session_create(engine, &session, &error))
        fail_msg("%s", error.text);
    tensor = session_input(session, 0);
    memcpy(tensor->data, in, tensor->count * sizeof *in);
    if (session_run(session, &error))
        fail_msg("%s", error.text);
    tensor = session_output(session, 0);
    assert_string_equal(tensor->name, "y");
    assert_int_equal(tensor->dims, dims);
    assert_memory_equal(tensor->shape, dim, dims * sizeof *dim);
    for (size_t i = 0; i < tensor->count; i++) {
        if (!(fabsf(tensor->data[i] - want[i]) <= 1e-5F * (1 + fabsf(want[i]))))
            fail_msg("[%zu] is %g instead of %g", i, (double)tensor->data[i], (double)want[i]);
    }
    session_free(session);
    engine_free(engine);
    graph_free(graph);
    onnx_model_free(model);
}

void onnx_expect_refusal(struct onnx_model *model, enum status expected, const char *text)
{
    struct error error = {""};
    struct graph *graph;
    enum status status;

    onnx_model_output(model, "y");
    onnx_model_end(model);
    status = onnx_model_load(model->bytes.data, model->bytes.size, &graph, &error);
    if (status != expected || !strstr(error.text, text) || strchr(error.text, '\n'))
        fail_msg("status %d, '%s' instead of %d, '%s'", status, error.text, expected, text);
    assert_null(graph);
    onnx_model_free(model);
}

const float onnx_counting[ONNX_NUMBERS] = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12,
                                           13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25};

struct onnx_model onnx_plane(int64_t opset, int64_t height, int64_t width)
{
    struct onnx_model model;

    onnx_model_begin(&model, opset);
    onnx_model_input(&model, "x", 4, (const int64_t[]){0, 1, height, width});
    return model;
}

struct onnx_model onnx_vector(int64_t opset, int64_t size)
{
    struct onnx_model model;

    onnx_model_begin(&model, opset);
    onnx_model_input(&model, "x", 2, (const int64_t[]){0, size});
    return model;
}
