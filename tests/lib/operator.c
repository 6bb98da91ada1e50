#include "tests/lib/operator.h"

#include <stdlib.h>
#include <string.h>

#include "model/shape.h"

bool operator_open(struct operator_test *test, uint64_t *random, bool extremes)
{
    struct inference inference = {.graph = &test->graph,
                                  .node = &test->node,
                                  .inputs = test->shapes,
                                  .outputs = &test->output_shape};
    struct error error;

    test->graph = (struct graph){.source = "test"};
    test->node = (struct node){.name = "it",
                               .op = operator_info(test->kind),
                               .input_count = test->input_count,
                               .output_count = 1,
                               .weights = test->blobs,
                               .parameters = test->parameters};
    if (shape_infer(&inference, &error))
        return false;
    test->node.weight_count = inference.weight_count;
    for (uint32_t i = 0; i < test->input_count; i++) {
        test->inputs[i] = guarded_create(step_count(&test->shapes[i]));
        guarded_fill(&test->inputs[i], random, extremes);
    }
    for (uint32_t i = 0; i < inference.weight_count; i++) {
        test->weights[i] = guarded_create(step_count(&inference.weights[i]));
        guarded_fill(&test->weights[i], random, extremes);
        test->blobs[i] = (struct weight){.shape = inference.weights[i],
                                         .count = test->weights[i].count,
                                         .bytes = (const unsigned char *)test->weights[i].data};
    }
    test->output = guarded_create(step_count(&test->output_shape));
    return true;
}

bool operator_run(struct operator_test *test, bool in_place)
{
    struct step step = {.graph = &test->graph,
                        .node = &test->node,
                        .operation = operation_find(test->kind),
                        .kernels = kernels_reference(),
                        .inputs = test->shapes,
                        .outputs = &test->output_shape};
    const float *inputs[OPERATOR_TEST_INPUTS];
    float *output = test->output.data;
    struct guarded scratch;
    struct error error = {""};
    struct failure failure = {.error = &error};
    bool intact;

    test->node.weights = test->blobs; /* The caller may have moved the test. */
    if (step.operation->prepare && step.operation->prepare(&step, &error))
        abort();
    scratch = guarded_create(step.scratch);
    for (uint32_t i = 0; i < test->input_count; i++)
        inputs[i] = test->inputs[i].data;
    if (in_place) {
        memcpy(output, inputs[0], test->output.count * sizeof *output);
        inputs[0] = output;
    }
    step.operation->run(&(struct call){.step = &step,
                                       .kernels = step.kernels,
                                       .inputs = inputs,
                                       .outputs = &output,
                                       .scratch = scratch.data,
                                       .trimmed = &test->output_shape,
                                       .failure = &failure});
    test->status = failure.status;
    intact = guarded_intact(&test->output) && guarded_intact(&scratch);
    for (uint32_t i = 0; i < test->input_count; i++)
        intact = intact && guarded_intact(&test->inputs[i]);
    guarded_free(&scratch);
    free(step.packed);
    return intact;
}

void operator_close(struct operator_test *test)
{
    for (uint32_t i = 0; i < test->input_count; i++)
        guarded_free(&test->inputs[i]);
    for (uint32_t i = 0; i < test->node.weight_count; i++)
        guarded_free(&test->weights[i]);
    guarded_free(&test->output);
}
